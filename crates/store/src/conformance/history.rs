//! Random histories: devices that push, bring back and pull, documents that are erased, and a model that says what the feed
//! holds at every position.

use std::collections::{BTreeMap, BTreeSet};

use vocab::{BranchId, ChangeHash, Cursor, DocId, Owed, Position, Refusal, Sum, Verdict};

use super::world::{
    Chance, actor, add_branch, add_device, at, change_bytes, doc, key, ok, pushed, read_changes, saved_bytes,
    tombstone, whole,
};
use crate::{
    Content, Erasure, FeedAsk, FeedBatch, FeedForm, Intake, Materialized, Pushed, RelayStore, Restoration, Restoring,
    Submission,
};

/// How many documents a history is about; few, so that devices meet in them.
const DOCUMENTS: u64 = 12;

/// Devices that are registered; one more writes changes that only ever come back by others.
const DEVICES: u8 = 3;
const LOST_DEVICE: u8 = 9;

/// What the feed holds, kept beside it.
#[derive(Default)]
pub(super) struct Model {
    /// Every live document's changes, by position.
    pub(super) documents: BTreeMap<DocId, BTreeMap<Position, ChangeHash>>,
    pub(super) erased: BTreeSet<DocId>,
    /// The sum at each position, from 0.
    sums: Vec<Sum>,
}

impl Model {
    /// What everything comes to, counted anew.
    fn sum(&self) -> Sum {
        let changes: Sum = self
            .documents
            .iter()
            .flat_map(|(doc, changes)| changes.values().map(|hash| Sum::of_change(*doc, *hash)))
            .sum();
        changes + self.erased.iter().map(|doc| Sum::of_tombstone(*doc)).sum()
    }

    fn head(&self) -> Position {
        Position::new(self.sums.len() as u64)
    }

    fn accept(&mut self, doc: DocId, position: Position, hash: ChangeHash) {
        assert_eq!(position, self.head().next(), "positions go on without a gap");
        self.documents.entry(doc).or_default().insert(position, hash);
        self.sums.push(self.sum());
    }

    fn erase(&mut self, doc: DocId, position: Position) {
        assert_eq!(position, self.head().next(), "positions go on without a gap");
        self.documents.remove(&doc);
        self.erased.insert(doc);
        self.sums.push(self.sum());
    }

    pub(super) fn sum_at(&self, position: Position) -> Sum {
        let index = (position.get() as usize).checked_sub(1);
        index.and_then(|index| self.sums.get(index)).copied().unwrap_or_default()
    }
}

/// A device: what it holds, and what it knows of the feed.
pub(super) struct Puller {
    n: u8,
    pub(super) cursor: Cursor,
    pub(super) owed: Vec<Owed>,
    /// Positions of its own changes that it pushed since it last caught up.
    own: BTreeSet<Position>,
    pub(super) held: BTreeMap<DocId, BTreeSet<ChangeHash>>,
    pub(super) erased: BTreeSet<DocId>,
    /// What was taken in since the feed last changed: nothing comes twice.
    taken: BTreeSet<(DocId, ChangeHash)>,
    outbox_seq: u64,
    next_seq: BTreeMap<DocId, u64>,
}

impl Puller {
    fn new(n: u8) -> Self {
        Puller {
            n,
            cursor: Cursor::default(),
            owed: Vec::new(),
            own: BTreeSet::new(),
            held: BTreeMap::new(),
            erased: BTreeSet::new(),
            taken: BTreeSet::new(),
            outbox_seq: 0,
            next_seq: BTreeMap::new(),
        }
    }

    fn make_change(&mut self, chance: &mut Chance, fresh: &mut u64) -> Pushed {
        let doc_n = chance.below(DOCUMENTS);
        *fresh += 1;
        self.outbox_seq += 1;
        let seq = self.next_seq.entry(doc(doc_n)).or_default();
        *seq += 1;
        // Depends on something the device holds, when it holds anything.
        let mut change = pushed(self.outbox_seq, doc_n, self.n, *seq, *fresh, &[]);
        let held = self.held.entry(doc(doc_n)).or_default();
        change.header.deps = held.iter().take(1).copied().collect();
        held.insert(change.header.hash);
        let padding = if chance.below(6) == 0 { 900 } else { 200 };
        change.bytes = change_bytes(change.header.hash, chance.below(padding) as usize);
        change
    }

    /// Drops a document, as whoever learns that it was erased does.
    fn drop_document(&mut self, doc: DocId) {
        self.held.remove(&doc);
        self.erased.insert(doc);
    }

    pub(super) fn sum(&self) -> Sum {
        let changes = self.held.iter().flat_map(|(doc, hashes)| hashes.iter().map(|hash| Sum::of_change(*doc, *hash)));
        let erased = self.erased.iter().map(|doc| Sum::of_tombstone(*doc));
        changes.chain(erased).sum()
    }
}

pub(super) struct History<'a, S> {
    pub(super) store: &'a mut S,
    pub(super) branch: BranchId,
    pub(super) chance: Chance,
    pub(super) model: Model,
    pub(super) devices: Vec<Puller>,
    lost: Puller,
    /// What the lost device wrote, in the order it did, and how far it was brought back.
    lost_changes: Vec<Pushed>,
    brought_back: usize,
    fresh: u64,
}

impl<'a, S: RelayStore> History<'a, S> {
    pub(super) fn new(store: &'a mut S, seed: u64) -> Self {
        let branch = add_branch(store, 1);
        let devices = (1..=DEVICES)
            .map(|n| {
                add_device(store, n, branch);
                Puller::new(n)
            })
            .collect();
        History {
            store,
            branch,
            chance: Chance(seed),
            model: Model::default(),
            devices,
            lost: Puller::new(LOST_DEVICE),
            lost_changes: Vec::new(),
            brought_back: 0,
            fresh: 0,
        }
    }

    /// One step of any kind but pulling.
    pub(super) fn step(&mut self) {
        match self.chance.below(12) {
            0..7 => self.write(),
            7 => self.save(),
            8 => self.erase(),
            9 => {
                // A new session no longer knows what an earlier one pushed; what comes back must do no harm.
                let which = self.which();
                self.devices[which].own.clear();
                self.devices[which].taken.clear();
            }
            _ => {
                let change = self.lost.make_change(&mut self.chance, &mut self.fresh);
                // It knows nobody else's changes, and nobody erased them for it.
                self.lost_changes.push(change);
            }
        }
    }

    pub(super) fn which(&mut self) -> usize {
        self.chance.below(u64::from(DEVICES)) as usize
    }

    /// A group of pushes and of what is brought back, committed together.
    fn write(&mut self) {
        let mut pushes = Vec::new();
        for _ in 0..=self.chance.below(2) {
            let which = self.which();
            let count = 1 + self.chance.below(6);
            let device = &mut self.devices[which];
            let changes = (0..count).map(|_| device.make_change(&mut self.chance, &mut self.fresh)).collect();
            pushes.push((
                which,
                Submission { branch: self.branch, device: key(device.n), actor: actor(device.n), changes },
            ));
        }
        let count = self.chance.below(4) as usize;
        let back = self.lost_changes.iter().skip(self.brought_back).take(count);
        let items = back.map(|change| Restoring::Change {
            doc: change.doc,
            header: change.header.clone(),
            bytes: change.bytes.clone(),
        });
        let restoration = Restoration { branch: self.branch, device: key(1), items: items.collect() };
        let mut intakes: Vec<_> = pushes.iter().map(|(_, push)| Intake::Push(push)).collect();
        intakes.push(Intake::Restore(&restoration));
        let appended = ok(self.store.take(&intakes, at(100)));
        assert_eq!(appended.len(), intakes.len());
        for (one, (which, push)) in appended.iter().zip(&pushes) {
            assert_eq!(one.after, self.model.head());
            for (verdict, change) in one.verdicts.iter().zip(&push.changes) {
                let device = &mut self.devices[*which];
                match verdict {
                    Verdict::Accepted(position) => {
                        self.model.accept(change.doc, *position, change.header.hash);
                        device.own.insert(*position);
                    }
                    Verdict::Refused(Refusal::Erased) => {
                        assert!(self.model.erased.contains(&change.doc));
                        assert!(one.tombstones.iter().any(|tombstone| tombstone.doc == change.doc));
                        device.drop_document(change.doc);
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!((one.head, one.sum), (self.model.head(), self.model.sum()));
        }
        if let Some(one) = appended.last() {
            for (verdict, change) in one.verdicts.iter().zip(self.lost_changes.iter().skip(self.brought_back)) {
                match verdict {
                    Verdict::Accepted(position) => self.model.accept(change.doc, *position, change.header.hash),
                    Verdict::Refused(Refusal::Erased) => assert!(self.model.erased.contains(&change.doc)),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!((one.head, one.sum), (self.model.head(), self.model.sum()));
            self.brought_back += one.verdicts.len();
        }
        self.feed_changed();
    }

    fn erase(&mut self) {
        let doc = doc(self.chance.below(DOCUMENTS));
        let tombstone = tombstone(doc, "asked for");
        // Some come back by a device, as after a loss.
        if self.chance.below(3) == 0 {
            let items = vec![Restoring::Erased(tombstone)];
            let restoration = Restoration { branch: self.branch, device: key(1), items };
            let appended = ok(self.store.take(&[Intake::Restore(&restoration)], at(100)));
            match appended[0].verdicts[0] {
                Verdict::Accepted(position) => self.model.erase(doc, position),
                Verdict::Had(_) => assert!(self.model.erased.contains(&doc)),
                other => panic!("{other:?}"),
            }
        } else {
            match ok(self.store.erase(self.branch, &tombstone)) {
                Erasure::Erased { position, sum, changes, .. } => {
                    assert_eq!(changes, self.model.documents[&doc].len() as u64);
                    self.model.erase(doc, position);
                    assert_eq!(sum, self.model.sum());
                }
                Erasure::Before(_) => assert!(self.model.erased.contains(&doc)),
                Erasure::Unknown => assert!(!self.model.documents.contains_key(&doc)),
            }
        }
        self.feed_changed();
    }

    fn feed_changed(&mut self) {
        for device in &mut self.devices {
            // What is owed is not sent again whatever happens to the feed.
            device.taken.retain(|(doc, _)| device.owed.iter().any(|owed| owed.doc == *doc));
        }
    }

    fn save(&mut self) {
        let limit = 1 + self.chance.below(DOCUMENTS) as u32;
        let made: Vec<_> = ok(self.store.behind(self.branch, limit))
            .into_iter()
            .map(|one| {
                let bytes = match &one.content {
                    Content::Bytes(_) => {
                        assert!(!self.model.erased.contains(&one.doc));
                        saved_bytes(&read_changes(whole(&one)).into_iter().collect())
                    }
                    Content::Erased => {
                        assert!(self.model.erased.contains(&one.doc));
                        Vec::new()
                    }
                };
                Materialized { doc: one.doc, through: one.last, heads: vec![], bytes }
            })
            .collect();
        ok(self.store.put_materialized(self.branch, &made));
    }

    /// Reads one batch for a device, which takes it in unless the link breaks. Says whether there is more.
    pub(super) fn pull(&mut self, which: usize, bytes_max: usize, large_bytes: usize, link: Link) -> bool {
        let device = &self.devices[which];
        let ask = FeedAsk { after: device.cursor, owed: &device.owed, bytes_max, large_bytes, skip: &device.own };
        let batch = ok(self.store.changed_documents(self.branch, &ask));
        let more = batch.more;
        match link {
            Link::Broken => {}
            Link::Holds => self.take_in(which, batch),
        }
        more
    }

    fn take_in(&mut self, which: usize, batch: FeedBatch) {
        let device = &mut self.devices[which];
        for one in batch.documents {
            let held = device.held.entry(one.doc).or_default();
            match one.form {
                FeedForm::Saved(bytes) => held.extend(read_changes(&bytes)),
                FeedForm::Changes(changes) => {
                    assert!(!changes.is_empty());
                    for (position, bytes) in changes {
                        assert!(position > device.cursor.base && position <= one.last);
                        assert!(!device.own.contains(&position), "sent back to the device that brought it");
                        assert!(!bytes.is_empty(), "an emptied row is no change");
                        for hash in read_changes(&bytes) {
                            assert!(device.taken.insert((one.doc, hash)), "{hash} of {} was sent twice", one.doc);
                            held.insert(hash);
                        }
                    }
                }
                FeedForm::Erased(tombstone) => {
                    assert_eq!(tombstone, super::world::tombstone(one.doc, "asked for"));
                    device.drop_document(one.doc);
                }
            }
        }
        assert!(batch.cursor.through >= device.cursor.through && batch.cursor.base >= device.cursor.base);
        device.cursor = batch.cursor;
        device.owed = batch.owed;
        if batch.more {
            assert_eq!(batch.sum, None);
        } else {
            assert_eq!((batch.cursor, device.owed.len()), (Cursor::at(batch.head), 0));
            assert_eq!(batch.sum, Some(self.model.sum_at(batch.head)));
            device.own.clear();
            device.taken.clear();
        }
        self.check_cursor(which);
    }

    /// A cursor never says that more is held than is.
    fn check_cursor(&self, which: usize) {
        let device = &self.devices[which];
        for (doc, changes) in &self.model.documents {
            let last = changes.keys().next_back().copied().unwrap_or_default();
            let owed = device.owed.iter().find(|owed| owed.doc == *doc);
            let through = match owed {
                Some(owed) => owed.within,
                None if last <= device.cursor.through => last,
                None => device.cursor.base,
            };
            for (position, hash) in changes.range(..=through) {
                let held = device.held.get(doc).is_some_and(|held| held.contains(hash));
                assert!(held, "device {} lacks position {position}, which {:?} covers", device.n, device.cursor);
            }
        }
    }

    /// The feed's sums are what its changes and tombstones come to, at every position.
    pub(super) fn check_sums(&self) {
        for position in 0..=self.model.head().get() {
            let position = Position::new(position);
            assert_eq!(
                ok(self.store.sum_at(self.branch, position)),
                Some(self.model.sum_at(position)),
                "at {position}"
            );
        }
        assert_eq!(ok(self.store.sum_at(self.branch, self.model.head().next())), None);
        let counts = ok(self.store.counts(self.branch));
        let changes: usize = self.model.documents.values().map(BTreeMap::len).sum();
        let (documents, erased) = (self.model.documents.len(), self.model.erased.len());
        assert_eq!(
            (counts.documents, counts.changes, counts.erased, counts.head),
            (documents as u64, changes as u64, erased as u64, self.model.head())
        );
    }

    /// What the feed lists is what it took, without the changes of what was erased since.
    pub(super) fn check_changes(&self) {
        let listed = ok(self.store.changes(self.branch, Position::START, usize::MAX));
        let listed: Vec<_> = listed.iter().map(|change| (change.position, change.doc, change.hash)).collect();
        let mut expected: Vec<_> = self
            .model
            .documents
            .iter()
            .flat_map(|(doc, changes)| changes.iter().map(|(position, hash)| (*position, *doc, *hash)))
            .collect();
        expected.sort_unstable();
        assert_eq!(listed, expected);
    }
}

/// Whether a batch reaches the device that asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Holds,
    Broken,
}
