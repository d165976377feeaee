//! Claims about large documents in a catch-up.

use std::collections::BTreeSet;

use vocab::{Cursor, Owed, Position};

use super::world::{Chance, add_branch, add_device, change_bytes, doc, hash, ok, push, pushed};
use crate::{FeedAsk, FeedBatch, FeedForm, OWED_MAX, Pushed, RelayStore};

/// A device's side of a catch-up.
#[derive(Default)]
struct State {
    cursor: Cursor,
    owed: Vec<Owed>,
    /// The hashes it was sent, in order.
    sent: Vec<u64>,
}

impl State {
    fn read(
        &self,
        store: &impl RelayStore,
        branch: vocab::BranchId,
        bytes_max: usize,
        large_bytes: usize,
    ) -> FeedBatch {
        let skip = BTreeSet::new();
        let ask = FeedAsk { after: self.cursor, owed: &self.owed, bytes_max, large_bytes, skip: &skip };
        ok(store.changed_documents(branch, &ask))
    }

    fn take_in(&mut self, batch: FeedBatch) -> usize {
        let mut bytes_total = 0;
        for one in batch.documents {
            let FeedForm::Changes(changes) = one.form else { panic!("nothing was saved") };
            for (position, bytes) in changes {
                bytes_total += bytes.len();
                self.sent.push(position.get());
            }
        }
        (self.cursor, self.owed) = (batch.cursor, batch.owed);
        bytes_total
    }
}

/// A chain of changes of one document, each of `bytes` bytes or so.
fn chain(doc_n: u64, first_hash: u64, from: u64, count: u64, bytes: usize) -> Vec<Pushed> {
    (0..count)
        .map(|n| {
            let mut change = pushed(first_hash + n, doc_n, 1, from + n, first_hash + n, &[]);
            change.bytes = change_bytes(hash(first_hash + n), bytes);
            change
        })
        .collect()
}

pub(super) fn large_documents_wait_for_small_ones_and_come_in_pieces(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    push(store, branch, 1, chain(1, 1, 1, 10, 1_000));
    push(store, branch, 1, (2..=9).map(|n| pushed(100 + n, n, 1, 1, 100 + n, &[])).collect());
    let mut device = State::default();
    let first = device.read(store, branch, 2_000, 5_000);
    assert_eq!(first.documents.len(), 9, "eight small ones, and what still fits of the large one");
    assert_eq!(first.documents[0].doc, doc(2));
    assert_eq!(first.cursor, Cursor { base: Position::START, through: Position::new(18) });
    assert_eq!(first.owed, [Owed { doc: doc(1), within: Position::new(1) }]);
    assert!(first.more && first.sum.is_none());
    device.take_in(first);
    let mut batches = 0;
    loop {
        // Every second batch is lost on the way: what was asked for is asked for again.
        let lost = device.read(store, branch, 2_000, 5_000);
        let batch = device.read(store, branch, 2_000, 5_000);
        assert_eq!(batch, lost);
        let more = batch.more;
        assert!(device.take_in(batch) <= 2_100, "a cut costs a batch at most");
        batches += 1;
        if !more {
            break;
        }
    }
    assert_eq!(batches, 9);
    assert_eq!(device.cursor, Cursor::at(Position::new(18)));
    let in_order: Vec<_> = (11..=18).chain(1..=10).collect();
    assert_eq!(device.sent, in_order, "everything once, the large one in feed order");

    let control = State::default().read(store, branch, 2_000, usize::MAX);
    assert_eq!(control.documents[0].doc, doc(1), "the control: where nothing is large it comes in its turn, whole");
    assert!(control.owed.is_empty());
}

pub(super) fn an_edit_meanwhile_does_not_send_a_large_document_again(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    push(store, branch, 1, chain(1, 1, 1, 5, 1_000));
    push(store, branch, 1, chain(2, 11, 1, 5, 1_000));
    let mut device = State::default();
    while device.sent.len() < 7 {
        let batch = device.read(store, branch, 1_100, 3_000);
        device.take_in(batch);
    }
    assert_eq!(device.owed.len(), 2, "one is held whole, the other is not");
    push(store, branch, 1, chain(1, 21, 6, 1, 1_000));
    loop {
        let batch = device.read(store, branch, 1_100, 3_000);
        let more = batch.more;
        device.take_in(batch);
        if !more {
            break;
        }
    }
    device.sent.sort_unstable();
    assert_eq!(device.sent, (1..=11).collect::<Vec<_>>(), "everything once");
}

pub(super) fn more_large_documents_than_may_be_owed_make_room(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    let count = OWED_MAX as u64 + 6;
    for n in 0..count {
        push(store, branch, 1, chain(n, n * 3, 1, 3, 300));
    }
    push(store, branch, 1, vec![pushed(999, 999, 1, 1, 9_999, &[])]);
    let mut device = State::default();
    let mut was_full = false;
    loop {
        let batch = device.read(store, branch, 500, 600);
        assert!(batch.owed.len() <= OWED_MAX);
        was_full |= batch.owed.len() == OWED_MAX;
        let more = batch.more;
        device.take_in(batch);
        if !more {
            break;
        }
    }
    assert!(was_full);
    device.sent.sort_unstable();
    assert_eq!(device.sent, (1..=count * 3 + 1).collect::<Vec<_>>(), "everything once");
}

pub(super) fn whatever_a_device_says_it_is_owed_it_ends_at_the_head(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    push(store, branch, 1, chain(1, 1, 1, 4, 500));
    push(store, branch, 1, chain(2, 11, 1, 4, 500));
    let mut chance = Chance(7);
    for _ in 0..200 {
        let position = |chance: &mut Chance| Position::new(chance.below(12));
        let (base, through) = (position(&mut chance), position(&mut chance));
        let owed = (0..chance.below(90)).map(|_| Owed { doc: doc(chance.below(4)), within: position(&mut chance) });
        let mut device = State { owed: owed.collect(), ..State::default() };
        device.cursor = Cursor { base: base.min(through), through };
        let mut batches = 0;
        loop {
            let batch = device.read(store, branch, chance.below(1_500) as usize, chance.below(1_500) as usize);
            let more = batch.more;
            device.take_in(batch);
            batches += 1;
            assert!(batches < 50, "a catch-up goes on for ever");
            if !more {
                break;
            }
        }
        assert_eq!(device.cursor, Cursor::at(Position::new(8)));
    }
}
