//! Claims about what the relay itself writes.

use vocab::{Actor, ChangeHeader, GENESIS_ACTOR, Generation, Position, Refusal, Sum, Verdict};

use super::world::{add_branch, add_device, at, change_bytes, doc, hash, key, ok, push, pushed, tombstone};
use crate::{Intake, Made, RelayStore, Writing};

/// A change of document `doc_n` by the relay, whose key in the branch has the number 77.
fn made(doc_n: u64, n: u8, seq: u64, hash_n: u64, deps: &[u64]) -> Made {
    let hash = hash(hash_n);
    let actor = match n {
        0 => GENESIS_ACTOR,
        n => Actor::new(&key(77), Generation::from_bytes([n; 8])),
    };
    let deps = deps.iter().map(|n| super::world::hash(*n)).collect();
    Made {
        doc: doc(doc_n),
        header: ChangeHeader { hash, actor, seq, deps, time: at(5) },
        bytes: change_bytes(hash, 60),
    }
}

pub(super) fn what_the_relay_writes_is_judged_as_a_push_is(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    push(store, branch, 1, vec![pushed(1, 1, 1, 1, 10, &[])]);
    let foreign = Made {
        header: ChangeHeader {
            actor: Actor::new(&key(1), Generation::from_bytes([9; 8])),
            ..made(1, 1, 1, 15, &[]).header
        },
        ..made(1, 1, 1, 15, &[])
    };
    let changes = vec![
        made(2, 0, 1, 20, &[]),
        made(2, 1, 1, 21, &[20]),
        made(1, 2, 1, 11, &[10]),
        made(1, 2, 1, 12, &[11]),
        made(1, 3, 1, 13, &[99]),
        made(2, 1, 1, 21, &[20]),
        foreign,
    ];
    let writing = Writing { branch, key: key(77), changes };
    let appended = ok(store.take(&[Intake::Write(&writing)], at(100))).remove(0);
    let refused = Verdict::Refused;
    let accepted = |n| Verdict::Accepted(Position::new(n));
    let expected = [
        accepted(2),
        accepted(3),
        accepted(4),
        refused(Refusal::ReusedSequence),
        refused(Refusal::MissingDependency),
        Verdict::Had(Position::new(3)),
        refused(Refusal::ForeignActor),
    ];
    assert_eq!(appended.verdicts, expected);
    let sum: Sum = [(1, 10), (2, 20), (2, 21), (1, 11)].map(|(d, h)| Sum::of_change(doc(d), hash(h))).into_iter().sum();
    assert_eq!((appended.after, appended.head, appended.sum), (Position::new(1), Position::new(4), sum));
    let changes = ok(store.changes(branch, Position::START, usize::MAX));
    let brought: Vec<_> = changes.iter().map(|change| change.device).collect();
    assert_eq!(brought, [Some(key(1)), None, None, None]);
    let receipts = ok(store.receipts(branch, doc(1)));
    let shown: Vec<_> =
        receipts.iter().map(|one| (one.hash, one.position.get(), one.device, one.received_at)).collect();
    assert_eq!(shown, [(hash(10), 1, Some(key(1)), at(100)), (hash(11), 4, None, at(100))]);
    // Devices go on from it.
    assert_eq!(push(store, branch, 1, vec![pushed(2, 1, 1, 2, 16, &[11])]), [accepted(5)]);

    ok(store.erase(branch, &tombstone(doc(2), "asked for")));
    let writing = Writing { branch, key: key(77), changes: vec![made(2, 4, 1, 22, &[21])] };
    let appended = ok(store.take(&[Intake::Write(&writing)], at(100))).remove(0);
    assert_eq!(appended.verdicts, [refused(Refusal::Erased)]);
    assert!(ok(store.receipts(branch, doc(2))).is_empty());
}
