//! Claims about what a device reads of a feed.

use std::collections::{BTreeMap, BTreeSet};

use vocab::{BranchId, Cursor, Position};

use super::history::{History, Link};
use super::world::{
    add_branch, add_device, ask, change_bytes, doc, hash, ok, push, pushed, read_changes, saved_bytes, whole,
};
use crate::{FeedBatch, FeedForm, Materialized, RelayStore};

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

/// Devices that push, bring back and pull at random, whose links break at random, while saved forms are made and documents
/// erased at random, hold after a last catch-up exactly what the feed holds, and come to its sum; the feed's sums are what
/// its changes come to at every position; nothing that was taken in is sent again.
pub(super) fn devices_end_with_exactly_what_the_feed_holds(store: &mut impl RelayStore, seed: u64) {
    let mut history = History::new(store, seed);
    for _ in 0..150 {
        if history.chance.below(3) > 0 {
            history.step();
            continue;
        }
        let which = history.which();
        for _ in 0..=history.chance.below(4) {
            // The link may break after any batch, and its next one may bear more or less.
            let bytes_max = history.chance.below(900) as usize;
            let large_bytes = 100 + history.chance.below(2_000) as usize;
            let link = if history.chance.below(4) == 0 { Link::Broken } else { Link::Holds };
            if !history.pull(which, bytes_max, large_bytes, link) {
                break;
            }
        }
    }
    history.check_sums();
    history.check_changes();
    for which in 0..history.devices.len() {
        while history.pull(which, 700, 600, Link::Holds) {}
        let device = &mut history.devices[which];
        device.held.retain(|_, hashes| !hashes.is_empty());
        let feed: BTreeMap<_, BTreeSet<_>> =
            history.model.documents.iter().map(|(doc, changes)| (*doc, changes.values().copied().collect())).collect();
        assert_eq!(device.held, feed, "seed {seed}: device {which} does not hold what the feed holds");
        assert_eq!(device.erased, history.model.erased, "seed {seed}");
        let head = ok(history.store.head(history.branch));
        assert_eq!(
            (device.cursor, Some(device.sum())),
            (Cursor::at(head), ok(history.store.sum_at(history.branch, head)))
        );
        assert!(!history.pull(which, 700, 600, Link::Holds), "nothing is left");
    }
}
