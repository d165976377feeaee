//! The simplest store of a device there is: maps in memory, with the sums kept as a real store keeps them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sync::wire::{Item, ItemForm};
use sync::{
    AdoptReason, Arrival, DeviceConfig, DeviceEffect, DeviceSession, Form, Known, Mode, OutboxBatch, OutboxEntry,
    Outcome, Start, Tick, Wanted, inspect,
};
use vocab::{Actor, Book, ChangeHash, Cursor, DocId, Epoch, Position, Refusal, Sum, Tombstone, Verdict};

use crate::samples;

/// The changes of one document.
pub(crate) type Changes = BTreeMap<ChangeHash, Arc<[u8]>>;

/// A device's store.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) start: Start,
    pub(crate) held: BTreeMap<DocId, Changes>,
    pub(crate) erased: BTreeMap<DocId, Tombstone>,
    /// Entries that wait.
    pub(crate) outbox: Vec<OutboxEntry>,
    /// Entries that the relay refused.
    pub(crate) refused: Vec<(OutboxEntry, Refusal)>,
    pub(crate) adopted: Vec<(Epoch, AdoptReason)>,
    /// How many documents each commit brought.
    pub(crate) commits: Vec<Vec<DocId>>,
    next_seq: u64,
}

/// A saved form, as these stores write it: each change after its length.
pub(crate) fn saved<'c>(changes: impl IntoIterator<Item = &'c Arc<[u8]>>) -> Arc<[u8]> {
    let parts = changes.into_iter().map(|bytes| {
        let len = u32::try_from(bytes.len()).expect("a small change");
        [&len.to_be_bytes()[..], bytes].concat()
    });
    parts.collect::<Vec<_>>().concat().into()
}

fn unpacked(mut saved: &[u8]) -> Vec<Arc<[u8]>> {
    let mut changes = Vec::new();
    while let Some((len, rest)) = saved.split_first_chunk() {
        let (bytes, rest) = rest.split_at(u32::from_be_bytes(*len) as usize);
        changes.push(bytes.into());
        saved = rest;
    }
    changes
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
            outbox_bytes: 0,
            time: claim.time,
            sum: Sum::ZERO,
            ahead: Position::START,
            suspect: false,
            owed: Vec::new(),
            frame_bytes: 4_096,
        };
        Device {
            start,
            held: BTreeMap::new(),
            erased: BTreeMap::new(),
            outbox: Vec::new(),
            refused: Vec::new(),
            adopted: Vec::new(),
            commits: Vec::new(),
            next_seq: 1,
        }
    }

    /// Another store of the same device: it writes as another actor.
    pub(crate) fn another(generation: u8) -> Self {
        let mut device = Device::new();
        let generation = vocab::Generation::from_bytes([generation; 8]);
        device.start.actor = Actor::new(&samples::secret().key(), generation);
        device
    }

    /// A person edits: the change is held and waits in the outbox.
    pub(crate) fn edit(&mut self, doc: DocId, value: &str) -> ChangeHash {
        let (hash, bytes) = change(self.start.actor, 1, value);
        self.queue(doc, hash, bytes);
        hash
    }

    pub(crate) fn queue(&mut self, doc: DocId, hash: ChangeHash, bytes: Arc<[u8]>) {
        self.held.entry(doc).or_default().insert(hash, bytes.clone());
        self.outbox.push(OutboxEntry { seq: self.next_seq, doc, hash, bytes: bytes.to_vec() });
        self.next_seq += 1;
        self.start.outbox = self.outbox.len() as u64;
    }

    /// The relay is known to hold it.
    pub(crate) fn hold(&mut self, doc: DocId, hash: ChangeHash, bytes: Arc<[u8]>) {
        if self.erased.contains_key(&doc) {
            return;
        }
        let is_new = self.held.entry(doc).or_default().insert(hash, bytes).is_none();
        if is_new || self.leave_outbox(doc, hash) {
            self.start.sum += Sum::of_change(doc, hash);
        }
    }

    fn leave_outbox(&mut self, doc: DocId, hash: ChangeHash) -> bool {
        let before = self.outbox.len() + self.refused.len();
        self.outbox.retain(|entry| (entry.doc, entry.hash) != (doc, hash));
        self.refused.retain(|(entry, _)| (entry.doc, entry.hash) != (doc, hash));
        self.start.outbox = self.outbox.len() as u64;
        self.outbox.len() + self.refused.len() < before
    }

    pub(crate) fn erase(&mut self, tombstone: Tombstone) {
        let doc = tombstone.doc;
        if self.erased.contains_key(&doc) {
            return;
        }
        self.start.sum -= self.document_sum(doc);
        self.held.remove(&doc);
        self.outbox.retain(|entry| entry.doc != doc);
        self.refused.retain(|(entry, _)| entry.doc != doc);
        self.start.outbox = self.outbox.len() as u64;
        self.start.sum += Sum::of_tombstone(doc);
        self.erased.insert(doc, tombstone);
    }

    /// What the acknowledged changes of a document come to, counted anew.
    fn document_sum(&self, doc: DocId) -> Sum {
        if self.erased.contains_key(&doc) {
            return Sum::of_tombstone(doc);
        }
        let waiting = self.outbox.iter().chain(self.refused.iter().map(|(entry, _)| entry));
        let waiting: BTreeSet<_> = waiting.filter(|entry| entry.doc == doc).map(|entry| entry.hash).collect();
        let held = self.held.get(&doc).into_iter().flat_map(BTreeMap::keys);
        held.filter(|hash| !waiting.contains(hash)).map(|hash| Sum::of_change(doc, *hash)).sum()
    }

    pub(crate) fn book(&self) -> Book {
        let mut sums: BTreeMap<DocId, Sum> = BTreeMap::new();
        for (doc, changes) in &self.held {
            sums.insert(*doc, changes.keys().map(|hash| Sum::of_change(*doc, *hash)).sum());
        }
        for entry in self.outbox.iter().chain(self.refused.iter().map(|(entry, _)| entry)) {
            *sums.entry(entry.doc).or_default() -= Sum::of_change(entry.doc, entry.hash);
        }
        sums.extend(self.erased.keys().map(|doc| (*doc, Sum::of_tombstone(*doc))));
        let book = Book::new(sums.into_iter().filter(|(_, sum)| *sum != Sum::ZERO).collect());
        assert_eq!(book.sum(), self.start.sum, "the sum was kept as it should be");
        book
    }

    pub(crate) fn session(&self, mode: Mode) -> DeviceSession {
        let config = DeviceConfig { mode, app: "test".to_owned() };
        let outbox_bytes = self.outbox.iter().map(|entry| entry.bytes.len() as u64).sum();
        let start = Start { outbox_bytes, ..self.start.clone() };
        DeviceSession::sync(config, samples::secret(), start, Tick::default())
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
            DeviceEffect::End(outcome) => {
                self.start.suspect |= matches!(outcome, Outcome::Unequal { .. });
                return (None, Some(outcome));
            }
            DeviceEffect::LearnTime { .. } | DeviceEffect::Admitted(_) => {}
            DeviceEffect::AdoptFeed { epoch, cursor, ahead, why } => {
                self.adopted.push((epoch, why));
                let start = &mut self.start;
                (start.epoch, start.cursor, start.ahead) = (Some(epoch), cursor, ahead);
                (start.suspect, start.owed) = (false, Vec::new());
                if why == AdoptReason::Reconciled {
                    let key = samples::secret().key();
                    let own = |entry: &OutboxEntry| inspect(&entry.bytes).is_ok_and(|it| it.actor.belongs_to(&key));
                    let again = |(entry, refusal): &mut (OutboxEntry, Refusal)| {
                        matches!(refusal, Refusal::MissingDependency | Refusal::Erased) && own(entry)
                    };
                    self.outbox.extend(self.refused.extract_if(.., again).map(|(entry, _)| entry));
                    self.outbox.sort_by_key(|entry| entry.seq);
                    self.start.outbox = self.outbox.len() as u64;
                }
            }
            DeviceEffect::Recall(seen) => {
                let held = self.held.get(&seen.doc).is_some_and(|held| held.contains_key(&seen.hash));
                session.handle_recalled(held || self.erased.contains_key(&seen.doc), now);
            }
            DeviceEffect::ReadOutbox { after, bytes_max } => {
                session.handle_outbox(self.read_outbox(after, bytes_max), now);
            }
            DeviceEffect::Commit { arrivals, cursor, owed, ahead } => {
                self.start.ahead = ahead;
                self.commits.push(arrivals.iter().map(|arrival| arrival.doc).collect());
                let changed = arrivals.len() as u64;
                arrivals.into_iter().for_each(|arrival| self.arrive(arrival));
                self.start.cursor = cursor.unwrap_or(self.start.cursor);
                self.start.owed = owed.unwrap_or(std::mem::take(&mut self.start.owed));
                session.handle_committed(changed, self.start.sum, now);
            }
            DeviceEffect::Settle { verdicts, cursor, ahead } => {
                for (seq, verdict) in verdicts {
                    let Some(entry) = self.outbox.iter().find(|entry| entry.seq == seq).cloned() else { continue };
                    match verdict {
                        Verdict::Refused(refusal) => {
                            self.outbox.retain(|entry| entry.seq != seq);
                            self.refused.push((entry, refusal));
                        }
                        Verdict::Accepted(_) | Verdict::Had(_) => self.hold(entry.doc, entry.hash, entry.bytes.into()),
                    }
                }
                self.start.outbox = self.outbox.len() as u64;
                self.start.cursor = cursor.unwrap_or(self.start.cursor);
                self.start.ahead = ahead;
                session.handle_settled(self.start.sum, now);
            }
            DeviceEffect::SettleTaken { through, taken, ahead } => {
                for entry in self.outbox.clone().into_iter().filter(|entry| entry.seq <= through) {
                    if taken.contains(&entry.hash.short()) {
                        self.hold(entry.doc, entry.hash, entry.bytes.into());
                    }
                }
                self.start.outbox = self.outbox.len() as u64;
                self.start.ahead = ahead;
                session.handle_settled(self.start.sum, now);
            }
            DeviceEffect::ReadBook => session.handle_book(self.book(), now),
            DeviceEffect::ReadHashes { docs, hashes_max } => {
                let mut hashes = 0;
                let read = docs.into_iter().map(|doc| (doc, self.known(doc))).take_while(|(_, known)| {
                    let first = hashes == 0;
                    hashes += if let Known::Changes(changes) = known { changes.len().max(1) } else { 1 };
                    first || hashes <= hashes_max
                });
                let read = read.collect();
                session.handle_hashes(read, now);
            }
            DeviceEffect::ReadRestore { wants, bytes_max } => {
                let (items, left) = self.read_restore(wants, bytes_max);
                session.handle_restore(items, left, now);
            }
            DeviceEffect::SettleRestored { refused, tombstones } => {
                for (doc, hash, refusal) in refused {
                    let Some(bytes) = self.held.get(&doc).and_then(|held| held.get(&hash)) else { continue };
                    let entry = OutboxEntry { seq: self.next_seq, doc, hash, bytes: bytes.to_vec() };
                    self.next_seq += 1;
                    self.start.sum -= Sum::of_change(doc, hash);
                    self.refused.push((entry, refusal));
                }
                tombstones.into_iter().for_each(|tombstone| self.erase(tombstone));
                session.handle_settled(self.start.sum, now);
            }
        }
        (None, None)
    }

    fn arrive(&mut self, Arrival { doc, form }: Arrival) {
        let changes = match form {
            Form::Saved(bytes) => unpacked(&bytes),
            Form::Changes(changes) => changes,
            Form::Erased(tombstone) => return self.erase(tombstone),
            Form::Held(hashes) => {
                for hash in hashes {
                    if self.leave_outbox(doc, hash) {
                        self.start.sum += Sum::of_change(doc, hash);
                    }
                }
                return;
            }
        };
        for bytes in changes {
            self.hold(doc, inspect(&bytes).expect("a change").hash, bytes);
        }
    }

    fn read_outbox(&self, after: u64, bytes_max: usize) -> OutboxBatch {
        let mut bytes = 0;
        let waiting: Vec<_> = self.outbox.iter().filter(|entry| entry.seq > after).cloned().collect();
        let fits = |entry: &&OutboxEntry| {
            let first = bytes == 0;
            bytes += entry.bytes.len();
            first || bytes <= bytes_max
        };
        let entries: Vec<_> = waiting.iter().take_while(fits).cloned().collect();
        let more = entries.len() < waiting.len();
        OutboxBatch { entries, more, waiting: self.outbox.len() as u64 }
    }

    fn known(&self, doc: DocId) -> Known {
        match self.erased.get(&doc) {
            Some(tombstone) => Known::Erased(tombstone.clone()),
            None => Known::Changes(self.held.get(&doc).into_iter().flat_map(BTreeMap::keys).copied().collect()),
        }
    }

    fn read_restore(&self, wants: Vec<(DocId, Wanted)>, bytes_max: usize) -> (Vec<Item>, Vec<(DocId, Wanted)>) {
        let (mut items, mut left, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (doc, wanted) in wants {
            if bytes >= bytes_max {
                left.push((doc, wanted));
                continue;
            }
            if let Some(tombstone) = self.erased.get(&doc) {
                items.push(Item { doc, form: ItemForm::Erased(tombstone.clone()) });
                continue;
            }
            let waits = |hash: &ChangeHash| {
                let waiting = self.outbox.iter().chain(self.refused.iter().map(|(entry, _)| entry));
                waiting.into_iter().any(|entry| (entry.doc, entry.hash) == (doc, *hash))
            };
            let held = self.held.get(&doc).into_iter().flatten();
            let wanted = held.filter(|(hash, _)| match &wanted {
                Wanted::All => !waits(hash),
                Wanted::These(hashes) => hashes.contains(hash) && !waits(hash),
            });
            let changes: Vec<_> = wanted.map(|(_, bytes)| bytes.clone()).collect();
            bytes += changes.iter().map(|bytes| bytes.len()).sum::<usize>();
            items.push(Item { doc, form: ItemForm::Changes(changes) });
        }
        (items, left)
    }
}

/// A change of a document of its own: `actor` writes `value` as its change number `seq` of no particular document.
pub(crate) fn change(actor: Actor, seq: u64, value: &str) -> (ChangeHash, Arc<[u8]>) {
    use automerge::transaction::{CommitOptions, Transactable};
    let mut doc = automerge::AutoCommit::new().with_actor(automerge::ActorId::from(*actor.as_bytes()));
    for n in 1..=seq {
        doc.put(automerge::ROOT, "key", format!("{value} {n}")).expect("a register is put");
        doc.commit_with(CommitOptions::default().with_time(0));
    }
    let change = doc.get_last_local_change().expect("a change was made");
    (ChangeHash::from_bytes(change.hash().0), change.raw_bytes().into())
}
