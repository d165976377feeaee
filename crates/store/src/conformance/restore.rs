//! Claims about what devices bring back (I4), and about the bound of a document.

use vocab::{Position, Refusal, Sum, Verdict};

use super::world::{actor, add_branch, add_device, at, change_bytes, doc, hash, key, ok, push, pushed};
use crate::{
    CHANGE_BYTES_MAX, DOCUMENT_CHANGE_BYTES_MAX, Intake, Pushed, RelayStore, Restoration, Restoring, Submission,
};

fn back(changes: Vec<Pushed>) -> Vec<Restoring> {
    changes
        .into_iter()
        .map(|change| Restoring::Change { doc: change.doc, header: change.header, bytes: change.bytes })
        .collect()
}

pub(super) fn a_device_brings_back_what_others_wrote(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    let refused = Verdict::Refused;
    let accepted = |position| Verdict::Accepted(Position::new(position));
    let pushed_by_one = push(store, branch, 1, vec![pushed(1, 1, 2, 1, 10, &[])]);
    assert_eq!(pushed_by_one, [refused(Refusal::ForeignActor)], "the control: a push may not");
    let items = back(vec![
        pushed(0, 1, 2, 1, 10, &[]),
        pushed(0, 1, 3, 1, 11, &[10]),
        pushed(0, 1, 2, 2, 12, &[11]),
        pushed(0, 1, 2, 2, 13, &[11]),
        pushed(0, 1, 2, 4, 14, &[12]),
        pushed(0, 1, 1, 1, 15, &[99]),
        pushed(0, 1, 2, 1, 10, &[]),
        pushed(0, 2, 3, 1, 20, &[]),
    ]);
    let restoration = Restoration { branch, device: key(1), items };
    let appended = ok(store.take(&[Intake::Restore(&restoration)], at(100))).remove(0);
    assert_eq!(
        appended.verdicts,
        [
            accepted(1),
            accepted(2),
            accepted(3),
            refused(Refusal::ReusedSequence),
            refused(Refusal::MissingDependency),
            refused(Refusal::MissingDependency),
            Verdict::Had(Position::new(1)),
            accepted(4),
        ]
    );
    let sum: Sum = [(1, 10), (1, 11), (1, 12), (2, 20)].map(|(d, h)| Sum::of_change(doc(d), hash(h))).into_iter().sum();
    assert_eq!((appended.after, appended.head, appended.sum), (Position::START, Position::new(4), sum));
    let changes = ok(store.changes(branch, Position::START, usize::MAX));
    let shown: Vec<_> = changes.iter().map(|one| (one.actor, one.device)).collect();
    assert_eq!(shown, [2, 3, 2, 3].map(|n| (actor(n), Some(key(1)))));
    assert_eq!(ok(store.seen(branch, actor(1))), None, "what is brought back has no number of an outbox");

    let stranger = Restoration { device: key(5), ..restoration.clone() };
    let appended = ok(store.take(&[Intake::Restore(&stranger)], at(100))).remove(0);
    assert_eq!(appended.verdicts, [refused(Refusal::NotAuthorised); 8]);
    ok(store.revoke(key(1), at(100)));
    let appended = ok(store.take(&[Intake::Restore(&restoration)], at(100))).remove(0);
    assert_eq!(appended.verdicts, [refused(Refusal::NotAuthorised); 8]);
}

pub(super) fn pushes_and_what_is_brought_back_share_a_group(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    add_device(store, 2, branch);
    let restoration = |n, changes| Restoration { branch, device: key(n), items: back(changes) };
    let first = restoration(1, vec![pushed(0, 1, 3, 1, 10, &[]), pushed(0, 2, 3, 1, 20, &[])]);
    let second = restoration(2, vec![pushed(0, 1, 3, 1, 10, &[]), pushed(0, 1, 3, 2, 11, &[10])]);
    let push = Submission { branch, device: key(2), actor: actor(2), changes: vec![pushed(1, 1, 2, 1, 12, &[11])] };
    let intakes = [Intake::Restore(&first), Intake::Restore(&second), Intake::Push(&push)];
    let appended = ok(store.take(&intakes, at(100)));
    let shown: Vec<_> = appended.iter().map(|one| (one.verdicts.clone(), one.after.get(), one.head.get())).collect();
    let accepted = |position| Verdict::Accepted(Position::new(position));
    assert_eq!(
        shown,
        [
            (vec![accepted(1), accepted(2)], 0, 2),
            (vec![Verdict::Had(Position::new(1)), accepted(3)], 2, 3),
            (vec![accepted(4)], 3, 4),
        ]
    );
    let again = ok(store.take(&intakes, at(100)));
    assert!(again.iter().flat_map(|one| &one.verdicts).all(|verdict| matches!(verdict, Verdict::Had(_))));
}

pub(super) fn a_document_has_a_bound(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    let count = DOCUMENT_CHANGE_BYTES_MAX / CHANGE_BYTES_MAX as u64;
    let chain = |n: u64, bytes: usize| {
        let mut change = pushed(n, 1, 1, n, n, &[]);
        change.bytes = change_bytes(hash(n), bytes - 37);
        change
    };
    let fill = (1..count).map(|n| chain(n, CHANGE_BYTES_MAX)).collect();
    assert!(push(store, branch, 1, fill).iter().all(|verdict| matches!(verdict, Verdict::Accepted(_))));
    let refused = Verdict::Refused(Refusal::TooLarge);
    assert_eq!(push(store, branch, 1, vec![chain(count, CHANGE_BYTES_MAX - 40), chain(count + 1, 41)])[1], refused);
    assert_eq!(
        push(store, branch, 1, vec![chain(count + 1, 40)]),
        [Verdict::Accepted(Position::new(count + 1))],
        "the control: to the last byte"
    );
    let further = pushed(0, 1, 3, 1, 900, &[]);
    let restoration = Restoration { branch, device: key(1), items: back(vec![further]) };
    assert_eq!(ok(store.take(&[Intake::Restore(&restoration)], at(100)))[0].verdicts, [refused]);
    assert!(matches!(push(store, branch, 1, vec![pushed(99, 2, 1, 1, 901, &[])])[0], Verdict::Accepted(_)));
}
