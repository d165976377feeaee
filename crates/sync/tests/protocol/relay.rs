//! The simplest store of a relay there is: a list in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sync::limits::{BATCH_BYTES, OWED_MAX};
use sync::wire::{Item, ItemForm, RestoreRefusal};
use sync::{
    Admission, Answer, Appended, Ask, Claim, Code, Compared, FeedBatch, FeedDocument, FeedForm, LiveBatch, LiveForm,
    RelayConfig, RelayEffect, RelaySession, Restoration, RestoreForm, Restored, Seen, Tick, Windows, answer_range,
    sign_tombstone, verify_tombstone,
};
use vocab::{Actor, Book, ChangeHash, Cursor, DocId, Owed, Position, Refusal, Sum, Timestamp, Tombstone, Verdict};

use crate::samples;
use crate::store::saved;

/// What stands at one position.
#[derive(Clone)]
pub(crate) enum Row {
    Change(Arc<[u8]>),
    /// A change of a document that was erased since.
    Emptied,
    Erased(Tombstone),
}

/// A relay's store.
#[derive(Clone)]
pub(crate) struct Relay {
    pub(crate) admission: Admission,
    pub(crate) feed: Vec<(DocId, Row)>,
    /// What the feed comes to before and after each row.
    pub(crate) sums: Vec<Sum>,
    pub(crate) documents: BTreeMap<DocId, Document>,
    /// Documents that are sent as their saved form.
    pub(crate) saves: BTreeSet<DocId>,
    pub(crate) refuses: BTreeSet<ChangeHash>,
    pub(crate) seen: BTreeMap<Actor, Seen>,
    /// What each actor pushed and where it stands.
    pub(crate) pushed: Vec<(Actor, Position, [u8; 16])>,
    /// The secret of its branch's key.
    pub(crate) secret: [u8; 32],
    /// It takes tombstones of other keys: its own were lost.
    pub(crate) recovering: bool,
    pub(crate) batch_bytes: usize,
    pub(crate) windows: Windows,
}

#[derive(Clone, Default)]
pub(crate) struct Document {
    /// Changes by position.
    pub(crate) changes: BTreeMap<u64, ChangeHash>,
    positions: BTreeMap<ChangeHash, u64>,
    pub(crate) sum: Sum,
    last: u64,
    erased: Option<Tombstone>,
}

impl Relay {
    pub(crate) fn new() -> Self {
        let admission = Admission { head: Position::START, seen: None, ..samples::admission() };
        Relay {
            admission,
            feed: Vec::new(),
            sums: vec![Sum::ZERO],
            documents: BTreeMap::new(),
            saves: BTreeSet::new(),
            refuses: BTreeSet::new(),
            seen: BTreeMap::new(),
            pushed: Vec::new(),
            secret: [5; 32],
            recovering: false,
            batch_bytes: BATCH_BYTES,
            windows: Windows::new(8),
        }
    }

    /// Somebody's change is in the feed.
    pub(crate) fn accept(&mut self, doc: DocId, hash: ChangeHash, bytes: Arc<[u8]>) {
        let position = self.feed.len() as u64 + 1;
        let document = self.documents.entry(doc).or_default();
        document.changes.insert(position, hash);
        document.positions.insert(hash, position);
        document.last = position;
        let sum = Sum::of_change(doc, hash);
        document.sum += sum;
        self.append(doc, Row::Change(bytes), self.sum() + sum);
    }

    fn append(&mut self, doc: DocId, row: Row, sum: Sum) {
        self.feed.push((doc, row));
        self.sums.push(sum);
        self.admission.head = Position::new(self.feed.len() as u64);
    }

    pub(crate) fn sum(&self) -> Sum {
        self.sums.last().copied().unwrap_or_default()
    }

    /// Erases a document, signed with the branch's key.
    pub(crate) fn erase(&mut self, doc: DocId, why: &str) -> Tombstone {
        let branch = self.admission.membership.branch;
        let tombstone = sign_tombstone(&self.secret, branch, doc, Timestamp::from_millis(1_000), why);
        self.bury(tombstone.clone());
        tombstone
    }

    fn bury(&mut self, tombstone: Tombstone) {
        let doc = tombstone.doc;
        let position = self.feed.len() as u64 + 1;
        let document = self.documents.entry(doc).or_default();
        let sum = Sum::of_tombstone(doc);
        let before = std::mem::replace(document, Document { sum, last: position, ..Document::default() });
        document.erased = Some(tombstone.clone());
        for position in before.changes.keys() {
            self.feed[*position as usize - 1].1 = Row::Emptied;
        }
        self.append(doc, Row::Erased(tombstone), self.sum() - before.sum + sum);
    }

    pub(crate) fn holds(&self, doc: DocId, hash: ChangeHash) -> bool {
        self.documents.get(&doc).is_some_and(|document| document.positions.contains_key(&hash))
    }

    pub(crate) fn book(&self) -> Book {
        let book = Book::new(self.documents.iter().map(|(doc, document)| (*doc, document.sum)).collect());
        assert_eq!(book.sum(), self.sum(), "the sum was kept as it should be");
        book
    }

    pub(crate) fn session(&self) -> RelaySession {
        let config = RelayConfig { batch_bytes: self.batch_bytes };
        RelaySession::new(config, samples::nonce(), Tick::default()).with_windows(&self.windows)
    }

    /// Performs one effect; a frame or the end comes back.
    pub(crate) fn perform(
        &mut self,
        effect: RelayEffect,
        session: &mut RelaySession,
    ) -> (Option<Arc<[u8]>>, Option<Code>) {
        let now = Tick::default();
        match effect {
            RelayEffect::Send(frame) => {
                session.handle_sent(now);
                return (Some(frame), None);
            }
            RelayEffect::Close(code) => return (None, Some(code)),
            RelayEffect::Authenticate(claim) => session.handle_admission(Ok(self.admit(&claim)), now),
            RelayEffect::Enrol(request) => {
                let known = request.invite == "K7QM-2XPD";
                let answer = (self.admission.membership.clone(), self.admission.time);
                session.handle_enrolment(if known { Ok(answer) } else { Err(Code::InviteUnknown) }, now);
            }
            RelayEffect::ReportProgress(_) => {}
            RelayEffect::Append { submissions, session_actor, .. } => {
                let before = self.feed.len();
                let mut verdicts = Vec::new();
                for submission in submissions {
                    let (doc, hash) = (submission.doc, submission.header.hash);
                    let verdict = self.take(doc, hash, submission.bytes);
                    if let Verdict::Accepted(position) = verdict {
                        self.pushed.push((session_actor, position, hash.short()));
                    }
                    if !matches!(verdict, Verdict::Refused(_)) {
                        self.seen.insert(session_actor, Seen { seq: submission.seq, doc, hash });
                    }
                    verdicts.push(verdict);
                }
                let sum = (self.feed.len() > before).then(|| self.sum());
                session.handle_appended(Appended { verdicts, sum }, now);
            }
            RelayEffect::ReadFeed { after, owed, large_bytes, bytes_max, skip, .. } => {
                session.handle_feed(self.read(after, owed, large_bytes, bytes_max, &skip), now);
            }
            RelayEffect::ReadRanges { queries, .. } => {
                let book = self.book();
                session.handle_ranges(queries.iter().map(|query| answer_range(&book, query)).collect(), now);
            }
            RelayEffect::Compare { asks, bytes_max, .. } => {
                session.handle_compared(self.compare(&asks, bytes_max), now);
            }
            RelayEffect::Restore { items, .. } => session.handle_restored(self.restore(items), now),
        }
        (None, None)
    }

    fn admit(&self, claim: &Claim) -> Admission {
        let position = usize::try_from(claim.cursor.base.get()).unwrap_or(usize::MAX);
        let sum = (claim.epoch == Some(self.admission.epoch)).then(|| self.sums.get(position).copied()).flatten();
        let later = |(actor, position, _): &&(Actor, Position, [u8; 16])| {
            sum.is_some() && *actor == claim.actor && *position > claim.cursor.base
        };
        let brought = self.pushed.iter().filter(later).map(|(_, position, hash)| (*position, *hash)).collect();
        Admission { sum, brought, seen: self.seen.get(&claim.actor).copied(), ..self.admission.clone() }
    }

    fn take(&mut self, doc: DocId, hash: ChangeHash, bytes: Arc<[u8]>) -> Verdict {
        let document = self.documents.get(&doc);
        if document.is_some_and(|document| document.erased.is_some()) {
            return Verdict::Refused(Refusal::Erased);
        }
        if let Some(position) = document.and_then(|document| document.positions.get(&hash)) {
            return Verdict::Had(Position::new(*position));
        }
        if self.refuses.contains(&hash) {
            return Verdict::Refused(Refusal::MissingDependency);
        }
        self.accept(doc, hash, bytes);
        Verdict::Accepted(self.admission.head)
    }

    fn restore(&mut self, items: Vec<Restoration>) -> Restored {
        let before = self.admission.head;
        let mut refused = Vec::new();
        let mut tombstones = Vec::new();
        for Restoration { doc, form } in items {
            match form {
                RestoreForm::Changes(changes) => {
                    for (header, bytes) in changes {
                        if let Verdict::Refused(refusal) = self.take(doc, header.hash, bytes) {
                            refused.push(RestoreRefusal { doc, hash: Some(header.hash), refusal });
                        }
                    }
                    tombstones.extend(self.documents.get(&doc).and_then(|document| document.erased.clone()));
                }
                RestoreForm::Erased(tombstone) => {
                    let branch = self.admission.membership.branch;
                    let own = ed25519_dalek::SigningKey::from_bytes(&self.secret).verifying_key().to_bytes();
                    let known = self.documents.get(&doc).is_some_and(|document| document.erased.is_some());
                    if known || (verify_tombstone(branch, &tombstone) && (tombstone.key == own || self.recovering)) {
                        if !known {
                            self.erase(doc, &tombstone.why);
                        }
                    } else {
                        refused.push(RestoreRefusal { doc, hash: None, refusal: Refusal::NotAuthorised });
                    }
                }
            }
        }
        let head = self.admission.head;
        Restored { refused, tombstones, span: (head > before).then_some((before, head)), head }
    }

    fn compare(&self, asks: &[Ask], bytes_max: usize) -> Compared {
        let mut answers = Vec::new();
        let mut room = bytes_max;
        for ask in asks {
            if room == 0 {
                break;
            }
            let answer = self.answer(ask, room);
            room = room.saturating_sub(answer.item.as_ref().map_or(1, |item| item.form.len()));
            answers.push(answer);
        }
        Compared { answers, head: self.admission.head }
    }

    fn answer(&self, ask: &Ask, bytes_max: usize) -> Answer {
        let doc = ask.doc;
        let document = self.documents.get(&doc).cloned().unwrap_or_default();
        if let Some(tombstone) = document.erased {
            let item = Some(Item { doc, form: ItemForm::Erased(tombstone) });
            return Answer { complete: true, item, wants: Vec::new() };
        }
        let short = |hash: &ChangeHash| -> [u8; 16] { hash.as_bytes()[..16].try_into().expect("16 bytes") };
        let stated: BTreeSet<[u8; 16]> = ask.hashes.iter().copied().collect();
        let held: BTreeSet<[u8; 16]> = document.changes.values().map(short).collect();
        let lacking: Vec<_> = document.changes.iter().filter(|(_, hash)| !stated.contains(&short(hash))).collect();
        let mut bytes = 0;
        let mut changes = Vec::new();
        for (position, _) in &lacking {
            let Row::Change(change) = &self.feed[**position as usize - 1].1 else { panic!("an emptied row") };
            if !changes.is_empty() && bytes + change.len() > bytes_max {
                break;
            }
            bytes += change.len();
            changes.push(change.clone());
        }
        let complete = changes.len() == lacking.len();
        let item = (!changes.is_empty()).then_some(Item { doc, form: ItemForm::Changes(changes) });
        let wants = ask.hashes.iter().enumerate().filter(|(_, hash)| complete && !held.contains(*hash));
        Answer { complete, item, wants: wants.map(|(index, _)| index as u32).collect() }
    }

    /// The changes of a document after `within`.
    fn changes(&self, doc: DocId, within: u64, skip: &BTreeSet<Position>) -> Vec<(Position, Arc<[u8]>)> {
        let positions = self.documents.get(&doc).into_iter().flat_map(|document| document.changes.keys());
        let positions = positions.filter(|position| **position > within && !skip.contains(&Position::new(**position)));
        let bytes = |position: &u64| match &self.feed[*position as usize - 1].1 {
            Row::Change(bytes) => bytes.clone(),
            Row::Emptied | Row::Erased(_) => panic!("a document's changes are in the feed"),
        };
        positions.map(|position| (Position::new(*position), bytes(position))).collect()
    }

    pub(crate) fn read(
        &self,
        after: Cursor,
        mut owed: Vec<Owed>,
        large_bytes: usize,
        bytes_max: usize,
        skip: &BTreeSet<Position>,
    ) -> FeedBatch {
        let head = self.admission.head;
        let mut order: Vec<(u64, DocId)> = self.documents.iter().map(|(doc, it)| (it.last, *doc)).collect();
        order.sort_unstable();
        order.retain(|(last, _)| *last > after.through.get());
        let (mut documents, mut bytes) = (Vec::new(), 0);
        let mut through = after.through;
        let mut all = true;
        for (last, doc) in order {
            // About so many, as the store reads them: what is read may fill more than one frame.
            if bytes >= bytes_max {
                all = false;
                break;
            }
            let erased = self.documents[&doc].erased.clone();
            if erased.is_none() && owed.iter().any(|owed| owed.doc == doc) {
                through = Position::new(last);
                continue;
            }
            owed.retain(|owed| owed.doc != doc);
            let changes = self.changes(doc, after.base.get(), skip);
            let lacking: usize = changes.iter().map(|(_, bytes)| bytes.len()).sum();
            let form = match erased {
                Some(tombstone) => FeedForm::Erased(tombstone),
                None if lacking > large_bytes && owed.len() < OWED_MAX => {
                    owed.push(Owed { doc, within: after.base });
                    through = Position::new(last);
                    continue;
                }
                None if self.saves.contains(&doc) => FeedForm::Saved(saved(changes.iter().map(|(_, bytes)| bytes))),
                None => FeedForm::Changes(changes),
            };
            bytes += lacking.max(1);
            through = Position::new(last);
            documents.push(FeedDocument { doc, last: Position::new(last), form });
        }
        if all && bytes == 0 && !owed.is_empty() {
            self.read_owed(&mut owed, bytes_max, skip, &mut documents);
        }
        let more = !all || !owed.is_empty();
        let cursor = if more { Cursor { base: after.base, through } } else { Cursor::at(head) };
        FeedBatch { documents, cursor, head, more, sum: (!more).then(|| self.sum()), owed }
    }

    fn read_owed(
        &self,
        owed: &mut Vec<Owed>,
        bytes_max: usize,
        skip: &BTreeSet<Position>,
        documents: &mut Vec<FeedDocument>,
    ) {
        let Owed { doc, within } = owed[0];
        let mut bytes = 0;
        let changes = self.changes(doc, within.get(), skip);
        let fits = |(_, change): &&(Position, Arc<[u8]>)| {
            let first = bytes == 0;
            bytes += change.len();
            first || bytes <= bytes_max
        };
        let read: Vec<_> = changes.iter().take_while(fits).cloned().collect();
        if read.len() == changes.len() {
            owed.remove(0);
        } else {
            owed[0].within = read.last().map_or(within, |(position, _)| *position);
        }
        let last = Position::new(self.documents[&doc].last);
        documents.push(FeedDocument { doc, last, form: FeedForm::Changes(read) });
    }

    /// The live batch of the feed after `from`.
    pub(crate) fn live(&self, from: Position) -> LiveBatch {
        let start = usize::try_from(from.get()).expect("a small feed");
        let entries = self.feed[start..].iter().map(|(doc, row)| match row {
            Row::Change(bytes) => (*doc, LiveForm::Change(bytes.clone())),
            Row::Erased(tombstone) => (*doc, LiveForm::Erased(tombstone.clone())),
            Row::Emptied => panic!("a live batch is made before anything of it is erased"),
        });
        LiveBatch::new(from, entries.collect(), self.sum())
    }
}
