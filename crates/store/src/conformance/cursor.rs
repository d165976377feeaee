//! Claims about what a device reads of a feed.

use std::collections::{BTreeMap, BTreeSet};

use vocab::{BranchId, ChangeHash, Cursor, DocId, Position, Verdict};

use super::world::{
    Chance, add_branch, add_device, ask, change_bytes, doc, hash, ok, push, pushed, read_changes, saved_bytes, whole,
};
use crate::{FeedBatch, FeedForm, Materialized, Pushed, RelayStore};

/// How many random histories are played.
pub(super) const SEEDS: u64 = 40;

fn read(store: &impl RelayStore, branch: BranchId, after: Cursor, bytes_max: usize) -> FeedBatch {
    ok(store.changed_documents(branch, &ask(after, bytes_max, &BTreeSet::new())))
}

fn save(store: &mut impl RelayStore, branch: BranchId, limit: u32) {
    let made: Vec<_> = ok(store.behind(branch, limit))
        .into_iter()
        .map(|one| {
            let hashes: BTreeSet<_> = read_changes(whole(&one)).into_iter().collect();
            Materialized { doc: one.doc, through: one.last, heads: vec![], bytes: saved_bytes(&hashes) }
        })
        .collect();
    ok(store.put_materialized(branch, &made));
}

pub(super) fn a_large_document_goes_alone_and_small_ones_together(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    let start = Cursor::default();
    let empty = read(store, branch, start, 100);
    assert_eq!((empty.documents.len(), empty.cursor, empty.more), (0, start, false));
    let mut large = pushed(3, 3, 1, 1, 30, &[]);
    large.bytes = change_bytes(large.header.hash, 5_000);
    push(store, branch, 1, vec![pushed(1, 1, 1, 1, 10, &[]), pushed(2, 2, 1, 1, 20, &[]), large]);
    let first = read(store, branch, start, 190);
    assert_eq!(first.documents.iter().map(|one| one.doc).collect::<Vec<_>>(), [doc(1), doc(2)]);
    assert_eq!(first.cursor, Cursor { base: Position::START, through: Position::new(2) });
    assert!(first.more && first.head == Position::new(3));
    let second = read(store, branch, first.cursor, 190);
    assert_eq!(
        second.documents.iter().map(|one| (one.doc, one.last)).collect::<Vec<_>>(),
        [(doc(3), Position::new(3))]
    );
    let last = read(store, branch, second.cursor, 190);
    assert!(last.documents.is_empty() && !last.more);
    assert_eq!(last.cursor, Cursor::at(Position::new(3)));
    let beyond = read(store, branch, Cursor::at(Position::new(9)), 190);
    assert_eq!((beyond.documents.len(), beyond.cursor), (0, Cursor::at(Position::new(3))));
}

pub(super) fn a_saved_form_goes_when_new_or_smaller(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    let chain = |seq: u64, actor_seq: u64, hash_n: u64| pushed(seq, 1, 1, actor_seq, hash_n, &[]);
    let forms = |store: &_, base: u64| {
        let batch = read(store, branch, Cursor::at(Position::new(base)), usize::MAX);
        let form = &batch.documents[0].form;
        match form {
            FeedForm::Saved(bytes) => ("saved", read_changes(bytes)),
            FeedForm::Changes(changes) => {
                ("changes", changes.iter().flat_map(|(_, bytes)| read_changes(bytes)).collect())
            }
            FeedForm::Erased(_) => panic!("nothing was erased"),
        }
    };
    push(store, branch, 1, (1..=3).map(|n| chain(n, n, n)).collect());
    assert_eq!(forms(store, 0), ("changes", vec![hash(1), hash(2), hash(3)]), "nothing is saved yet");
    save(store, branch, 10);
    assert_eq!(forms(store, 0).0, "saved");
    assert_eq!(forms(store, 2), ("changes", vec![hash(3)]), "one change is smaller than a saved form of three");
    push(store, branch, 1, (4..=30).map(|n| chain(n, n, n)).collect());
    let (form, hashes) = forms(store, 0);
    assert_eq!((form, hashes.len()), ("saved", 30), "what is not saved yet follows the saved form");
    assert_eq!(forms(store, 3).0, "changes", "the saved form holds nothing that this device lacks");
    save(store, branch, 10);
    assert_eq!(forms(store, 3).0, "saved", "one saved form is smaller than 27 changes");
    let (form, hashes) = forms(store, 29);
    assert_eq!((form, hashes), ("changes", vec![hash(30)]));
}

/// A device of the random histories.
struct Puller {
    n: u8,
    cursor: Cursor,
    /// Positions of its own changes that it pushed since it last caught up.
    own: BTreeSet<Position>,
    held: BTreeMap<DocId, BTreeSet<ChangeHash>>,
    outbox_seq: u64,
    next_seq: BTreeMap<DocId, u64>,
}

impl Puller {
    fn make_change(&mut self, chance: &mut Chance, fresh: &mut u64) -> Pushed {
        let doc_n = chance.below(12);
        *fresh += 1;
        self.outbox_seq += 1;
        let seq = self.next_seq.entry(doc(doc_n)).or_default();
        *seq += 1;
        // Depends on something the device holds, when it holds anything.
        let mut change = pushed(self.outbox_seq, doc_n, self.n, *seq, *fresh, &[]);
        let held = self.held.entry(doc(doc_n)).or_default();
        change.header.deps = held.iter().take(1).copied().collect();
        held.insert(change.header.hash);
        change.bytes = change_bytes(change.header.hash, chance.below(200) as usize);
        change
    }

    fn push(&mut self, store: &mut impl RelayStore, branch: BranchId, changes: Vec<Pushed>) {
        for verdict in push(store, branch, self.n, changes) {
            match verdict {
                Verdict::Accepted(position) | Verdict::Had(position) => self.own.insert(position),
                Verdict::Refused(reason) => panic!("refused: {reason:?}"),
            };
        }
    }

    /// Takes one batch in; says whether there is more.
    fn pull(&mut self, store: &impl RelayStore, branch: BranchId, bytes_max: usize, met: &mut BTreeSet<DocId>) -> bool {
        let batch = ok(store.changed_documents(branch, &ask(self.cursor, bytes_max, &self.own)));
        for one in batch.documents {
            assert!(met.insert(one.doc), "one catch-up sent {} twice", one.doc);
            assert!(one.last > self.cursor.through);
            let held = self.held.entry(one.doc).or_default();
            match one.form {
                FeedForm::Saved(bytes) => held.extend(read_changes(&bytes)),
                FeedForm::Changes(changes) => {
                    assert!(!changes.is_empty());
                    for (position, bytes) in changes {
                        assert!(position > self.cursor.base && position <= one.last);
                        assert!(!self.own.contains(&position), "sent back to the device that brought it");
                        held.extend(read_changes(&bytes));
                    }
                }
                FeedForm::Erased(_) => panic!("nothing was erased"),
            }
        }
        assert!(batch.cursor.through >= self.cursor.through && batch.cursor.base >= self.cursor.base);
        self.cursor = batch.cursor;
        if !batch.more {
            assert_eq!(batch.cursor, Cursor::at(batch.head));
            self.own.clear();
        }
        batch.more
    }
}

/// Devices that push and pull at random, while saved forms are made at random, hold after a last catch-up exactly what the
/// feed holds; a catch-up that nobody disturbs sends each document once; no verdict of "accepted" is ever lost.
pub(super) fn devices_end_with_exactly_what_the_feed_holds(store: &mut impl RelayStore, seed: u64) {
    let branch = add_branch(store, 1);
    let mut chance = Chance(seed);
    let mut fresh = 0;
    let mut devices: Vec<Puller> = (1..=3)
        .map(|n| {
            add_device(store, n, branch);
            let held = BTreeMap::new();
            Puller {
                n,
                cursor: Cursor::default(),
                own: BTreeSet::new(),
                held,
                outbox_seq: 0,
                next_seq: BTreeMap::new(),
            }
        })
        .collect();
    for _ in 0..120 {
        let which = chance.below(3) as usize;
        match chance.below(10) {
            0..5 => {
                let count = 1 + chance.below(6);
                let changes = (0..count).map(|_| devices[which].make_change(&mut chance, &mut fresh)).collect();
                devices[which].push(store, branch, changes);
            }
            5..8 => {
                // A part of a catch-up: the link may break after any batch.
                for _ in 0..=chance.below(3) {
                    let bytes_max = chance.below(900) as usize;
                    if !devices[which].pull(store, branch, bytes_max, &mut BTreeSet::new()) {
                        break;
                    }
                }
            }
            8 => save(store, branch, 1 + chance.below(12) as u32),
            _ => {
                // A new session no longer knows what an earlier one pushed; what comes back must do no harm.
                devices[which].own.clear();
            }
        }
    }
    let mut feed: BTreeMap<DocId, BTreeSet<ChangeHash>> = BTreeMap::new();
    for change in ok(store.changes(branch, Position::START, usize::MAX)) {
        assert!(
            feed.entry(change.doc).or_default().insert(change.hash),
            "seed {seed}: a change stands twice in the feed"
        );
    }
    for device in &mut devices {
        let mut met = BTreeSet::new();
        while device.pull(store, branch, 700, &mut met) {}
        device.held.retain(|_, hashes| !hashes.is_empty());
        assert_eq!(device.held, feed, "seed {seed}: device {} does not hold what the feed holds", device.n);
        assert_eq!(device.cursor, Cursor::at(ok(store.head(branch))));
        let idle = ok(store.changed_documents(branch, &ask(device.cursor, 700, &BTreeSet::new())));
        assert!(idle.documents.is_empty() && !idle.more);
    }
}
