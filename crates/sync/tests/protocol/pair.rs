//! A device and a relay joined by hand, over the simplest stores there are: lists in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, AutoCommit, ROOT};
use sync::{
    Admission, Arrival, Code, DeviceConfig, DeviceEffect, DeviceSession, FeedBatch, FeedDocument, FeedForm, Form,
    LiveBatch, Mode, OutboxBatch, OutboxEntry, Outcome, RelayConfig, RelayEffect, RelaySession, Seen, Start, Tick,
    inspect,
};
use vocab::{Actor, ChangeHash, Cursor, DocId, Epoch, Position, Refusal, Verdict};

use crate::samples;

/// A device's store.
pub(crate) struct Device {
    pub(crate) start: Start,
    pub(crate) held: BTreeMap<DocId, BTreeSet<ChangeHash>>,
    pub(crate) saved: BTreeMap<DocId, Arc<[u8]>>,
    pub(crate) outbox: Vec<OutboxEntry>,
    pub(crate) refused: Vec<(u64, Refusal)>,
    pub(crate) adopted: Vec<(Epoch, sync::AdoptReason)>,
    pub(crate) batch_bytes: usize,
    next_seq: u64,
}

/// A relay's store.
pub(crate) struct Relay {
    pub(crate) admission: Admission,
    pub(crate) feed: Vec<(DocId, ChangeHash, Arc<[u8]>)>,
    /// Documents that are sent as their saved form.
    pub(crate) saved: BTreeMap<DocId, Arc<[u8]>>,
    pub(crate) refuses: BTreeSet<ChangeHash>,
}

/// A change of a document of its own: `actor` writes `value` as its change number `seq` of no particular document.
pub(crate) fn change(actor: Actor, seq: u64, value: &str) -> (ChangeHash, Vec<u8>) {
    let mut doc = AutoCommit::new().with_actor(ActorId::from(*actor.as_bytes()));
    for n in 1..=seq {
        doc.put(ROOT, "key", format!("{value} {n}")).expect("a register is put");
        doc.commit_with(CommitOptions::default().with_time(0));
    }
    let change = doc.get_last_local_change().expect("a change was made");
    (ChangeHash::from_bytes(change.hash().0), change.raw_bytes().to_vec())
}

impl Device {
    pub(crate) fn new() -> Self {
        let claim = samples::claim();
        let start = Start {
            actor: claim.actor,
            branch: claim.branch,
            epoch: Some(samples::admission().epoch),
            cursor: Cursor::default(),
            settled: 0,
            outbox: 0,
            time: claim.time,
        };
        Device {
            start,
            held: BTreeMap::new(),
            saved: BTreeMap::new(),
            outbox: Vec::new(),
            refused: Vec::new(),
            adopted: Vec::new(),
            batch_bytes: 4_000,
            next_seq: 1,
        }
    }

    pub(crate) fn edit(&mut self, doc: DocId, value: &str) -> ChangeHash {
        let (hash, bytes) = change(self.start.actor, 1, value);
        self.queue(doc, hash, bytes);
        hash
    }

    pub(crate) fn queue(&mut self, doc: DocId, hash: ChangeHash, bytes: Vec<u8>) {
        self.held.entry(doc).or_default().insert(hash);
        self.outbox.push(OutboxEntry { seq: self.next_seq, doc, hash, bytes });
        self.next_seq += 1;
        self.start.outbox = self.outbox.len() as u64;
    }

    pub(crate) fn session(&self, mode: Mode) -> DeviceSession {
        let config = DeviceConfig { mode, app: "test".to_owned(), batch_bytes: self.batch_bytes };
        DeviceSession::sync(config, samples::secret(), self.start.clone(), Tick::default())
    }

    /// Performs one effect; a frame or the outcome comes back.
    pub(crate) fn perform(
        &mut self,
        effect: DeviceEffect,
        session: &mut DeviceSession,
    ) -> (Option<Vec<u8>>, Option<Outcome>) {
        let now = Tick::default();
        match effect {
            DeviceEffect::Send(frame) => return (Some(frame), None),
            DeviceEffect::End(outcome) => return (None, Some(outcome)),
            DeviceEffect::LearnTime { .. } | DeviceEffect::Admitted(_) => {}
            DeviceEffect::AdoptFeed { epoch, cursor, why } => {
                self.adopted.push((epoch, why));
                self.start.epoch = Some(epoch);
                self.start.cursor = cursor;
            }
            DeviceEffect::Recall(seen) => {
                let held = self.held.get(&seen.doc).is_some_and(|held| held.contains(&seen.hash));
                session.handle_recalled(held, now);
            }
            DeviceEffect::ReadOutbox { after, bytes_max } => {
                let mut bytes = 0;
                let waiting: Vec<_> = self.outbox.iter().filter(|entry| entry.seq > after).cloned().collect();
                let entries: Vec<_> = waiting
                    .iter()
                    .take_while(|entry| {
                        let first = bytes == 0;
                        bytes += entry.bytes.len();
                        first || bytes <= bytes_max
                    })
                    .cloned()
                    .collect();
                let more = entries.len() < waiting.len();
                session.handle_outbox(OutboxBatch { entries, more, waiting: self.outbox.len() as u64 }, now);
            }
            DeviceEffect::Commit { arrivals, cursor } => {
                for Arrival { doc, form } in arrivals {
                    match form {
                        Form::Saved(bytes) => drop(self.saved.insert(doc, bytes)),
                        Form::Changes(changes) => {
                            let hashes = changes.iter().map(|bytes| inspect(bytes).expect("a change").hash);
                            self.held.entry(doc).or_default().extend(hashes);
                        }
                    }
                }
                self.start.cursor = cursor.unwrap_or(self.start.cursor);
                session.handle_committed(1, now);
            }
            DeviceEffect::Settle { verdicts, cursor } => {
                for (seq, verdict) in verdicts {
                    if let Verdict::Refused(refusal) = verdict {
                        self.refused.push((seq, refusal));
                    }
                    self.outbox.retain(|entry| entry.seq != seq);
                }
                self.start.cursor = cursor.unwrap_or(self.start.cursor);
            }
        }
        (None, None)
    }
}

impl Relay {
    pub(crate) fn new() -> Self {
        let admission = Admission { head: Position::START, seen: None, ..samples::admission() };
        Relay { admission, feed: Vec::new(), saved: BTreeMap::new(), refuses: BTreeSet::new() }
    }

    /// Somebody else's change is in the feed.
    pub(crate) fn accept(&mut self, doc: DocId, hash: ChangeHash, bytes: Vec<u8>) {
        self.feed.push((doc, hash, bytes.into()));
        self.admission.head = Position::new(self.feed.len() as u64);
    }

    pub(crate) fn session(&self) -> RelaySession {
        RelaySession::new(RelayConfig { batch_bytes: 4_000 }, samples::nonce(), Tick::default())
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
            RelayEffect::Authenticate(_) => session.handle_admission(Ok(self.admission.clone()), now),
            RelayEffect::Enrol(request) => {
                let known = request.invite == "K7QM-2XPD";
                let answer = (self.admission.membership.clone(), self.admission.time);
                session.handle_enrolment(if known { Ok(answer) } else { Err(Code::InviteUnknown) }, now);
            }
            RelayEffect::ReportProgress(_) => {}
            RelayEffect::Append { submissions, .. } => {
                let mut verdicts = Vec::new();
                for submission in submissions {
                    let hash = submission.header.hash;
                    let known = self.feed.iter().position(|(doc, held, _)| *doc == submission.doc && *held == hash);
                    verdicts.push(match known {
                        Some(index) => Verdict::Had(Position::new(index as u64 + 1)),
                        None if self.refuses.contains(&hash) => Verdict::Refused(Refusal::MissingDependency),
                        None => {
                            self.accept(submission.doc, hash, submission.bytes.to_vec());
                            self.admission.seen = Some(Seen { seq: submission.seq, doc: submission.doc, hash });
                            Verdict::Accepted(self.admission.head)
                        }
                    });
                }
                session.handle_appended(verdicts, now);
            }
            RelayEffect::ReadFeed { after, bytes_max, .. } => {
                let batch = self.read(after, bytes_max);
                session.handle_feed(batch, now);
            }
        }
        (None, None)
    }

    pub(crate) fn read(&self, after: Cursor, bytes_max: usize) -> FeedBatch {
        let mut last: BTreeMap<DocId, u64> = BTreeMap::new();
        for (index, (doc, _, _)) in self.feed.iter().enumerate() {
            last.insert(*doc, index as u64 + 1);
        }
        let mut order: Vec<(u64, DocId)> = last.into_iter().map(|(doc, last)| (last, doc)).collect();
        order.sort();
        order.retain(|(last, _)| *last > after.through.get());
        let head = self.admission.head;
        let (mut documents, mut bytes) = (Vec::new(), 0);
        for (last, doc) in &order {
            if bytes >= bytes_max {
                break;
            }
            let changes: Vec<_> = self
                .feed
                .iter()
                .enumerate()
                .filter(|(index, (other, _, _))| other == doc && *index as u64 >= after.base.get())
                .map(|(index, (_, _, bytes))| (Position::new(index as u64 + 1), bytes.clone()))
                .collect();
            bytes += changes.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
            let form = match self.saved.get(doc) {
                Some(saved) => FeedForm::Saved(saved.clone()),
                None => FeedForm::Changes(changes),
            };
            documents.push(FeedDocument { doc: *doc, last: Position::new(*last), form });
        }
        let more = documents.len() < order.len();
        let through = documents.last().map_or(after.through, |document| document.last);
        let cursor = if more { Cursor { base: after.base, through } } else { Cursor::at(head) };
        FeedBatch { documents, cursor, head, more }
    }

    /// The live batch of the feed after `from`.
    pub(crate) fn live(&self, from: Position) -> LiveBatch {
        let start = usize::try_from(from.get()).expect("a small feed");
        let changes: Vec<_> = self.feed[start..].iter().map(|(doc, _, bytes)| (*doc, bytes.clone())).collect();
        LiveBatch::encode(from, &changes)
    }
}

/// How a conversation ended, and what was said.
pub(crate) struct Conversation {
    pub(crate) device: DeviceSession,
    pub(crate) relay: RelaySession,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) closed: Option<Code>,
    /// Frames from the relay, in order.
    pub(crate) down: Vec<Arc<[u8]>>,
}

/// Lets both talk until nobody has anything to say.
pub(crate) fn converse(device: &mut Device, relay: &mut Relay, mode: Mode) -> Conversation {
    let (mine, theirs) = (device.session(mode), relay.session());
    let mut talk = Conversation { device: mine, relay: theirs, outcome: None, closed: None, down: Vec::new() };
    go_on(device, relay, &mut talk);
    talk
}

/// Goes on until nobody has anything to say.
pub(crate) fn go_on(device: &mut Device, relay: &mut Relay, talk: &mut Conversation) {
    let now = Tick::default();
    loop {
        if let Some(effect) = talk.relay.poll_effect() {
            let (frame, closed) = relay.perform(effect, &mut talk.relay);
            talk.closed = talk.closed.or(closed);
            if let Some(frame) = frame {
                talk.device.handle_frame(&frame, now);
                talk.down.push(frame);
            }
        } else if let Some(effect) = talk.device.poll_effect() {
            let (frame, outcome) = device.perform(effect, &mut talk.device);
            talk.outcome = talk.outcome.take().or(outcome);
            if let Some(frame) = frame {
                talk.relay.handle_frame(&frame, now);
            }
        } else {
            return;
        }
    }
}
