//! Claims about appending.

use vocab::{Actor, GENESIS_ACTOR, Generation, Position, Refusal, Verdict};

use super::world::{
    actor, add_branch, add_device, at, branch_id, change_bytes, doc, hash, key, ok, push, pushed, there,
};
use crate::{CHANGE_BYTES_MAX, Pushed, RelayStore, Submission};

fn accepted(position: u64) -> Verdict {
    Verdict::Accepted(Position::new(position))
}

fn had(position: u64) -> Verdict {
    Verdict::Had(Position::new(position))
}

pub(super) fn each_change_gets_the_verdict_it_deserves(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    add_device(store, 2, branch);
    let mut large = pushed(3, 1, 1, 2, 12, &[11]);
    large.bytes = change_bytes(large.header.hash, CHANGE_BYTES_MAX);
    let mut fits = pushed(4, 1, 1, 2, 12, &[11]);
    fits.bytes = change_bytes(fits.header.hash, CHANGE_BYTES_MAX - 37);
    assert_eq!(fits.bytes.len(), CHANGE_BYTES_MAX);
    let refused = Verdict::Refused;
    let cases = [
        ("the genesis change", pushed(1, 1, 0, 1, 10, &[]), accepted(1)),
        ("the first of its actor", pushed(2, 1, 1, 1, 11, &[10]), accepted(2)),
        ("one byte too large", large, refused(Refusal::TooLarge)),
        ("as large as may be", fits, accepted(3)),
        ("by another device", pushed(5, 1, 2, 1, 13, &[10]), refused(Refusal::ForeignActor)),
        ("the same number again", pushed(6, 1, 1, 2, 14, &[12]), refused(Refusal::ReusedSequence)),
        ("a number left out", pushed(7, 1, 1, 4, 15, &[12]), refused(Refusal::MissingDependency)),
        ("after what nobody has", pushed(8, 1, 1, 3, 16, &[12, 99]), refused(Refusal::MissingDependency)),
        ("after a change of another document", pushed(9, 2, 1, 1, 17, &[11]), refused(Refusal::MissingDependency)),
        ("what it should have been", pushed(10, 1, 1, 3, 16, &[12]), accepted(4)),
        ("the same change", pushed(11, 1, 1, 3, 16, &[12]), had(4)),
        ("another genesis change", pushed(12, 1, 0, 1, 18, &[]), refused(Refusal::ReusedSequence)),
        ("a further genesis change", pushed(13, 1, 0, 2, 19, &[16]), accepted(5)),
    ];
    let expected: Vec<_> = cases.iter().map(|(what, _, verdict)| (*what, *verdict)).collect();
    let given = push(store, branch, 1, cases.iter().map(|(_, change, _)| change.clone()).collect());
    let given: Vec<_> = cases.iter().map(|(what, ..)| *what).zip(given).collect();
    assert_eq!(given, expected);
    let head = ok(store.head(branch));
    assert_eq!(head, Position::new(5));

    let stranger = push(store, branch, 9, vec![pushed(1, 1, 9, 1, 30, &[10])]);
    assert_eq!(stranger, [refused(Refusal::NotAuthorised)]);
    ok(store.revoke(key(1), at(50)));
    let revoked = push(store, branch, 1, vec![pushed(14, 1, 1, 4, 20, &[16])]);
    assert_eq!(revoked, [refused(Refusal::NotAuthorised)]);
    assert_eq!(ok(store.head(branch)), head);
    let other = push(store, branch, 2, vec![pushed(1, 1, 2, 1, 21, &[16])]);
    assert_eq!(other, [accepted(6)], "the control: a device that was not revoked");
}

pub(super) fn a_refused_change_blocks_only_what_depends_on_it(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    let verdicts = push(
        store,
        branch,
        1,
        vec![
            pushed(1, 1, 1, 1, 10, &[]),
            pushed(2, 1, 1, 2, 11, &[99]),
            pushed(3, 1, 1, 3, 12, &[11]),
            pushed(4, 2, 1, 1, 13, &[]),
            pushed(5, 1, 1, 2, 14, &[10]),
        ],
    );
    let missing = Verdict::Refused(Refusal::MissingDependency);
    assert_eq!(verdicts, [accepted(1), missing, missing, accepted(2), accepted(3)]);
}

pub(super) fn pushing_twice_is_harmless(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    let batch: Vec<_> = (1..=20).map(|n| pushed(n, n % 3, 1, n.div_ceil(3), n, &[])).collect();
    let batch: Vec<_> = batch.into_iter().filter(|change| change.seq <= 18).collect();
    let first = push(store, branch, 1, batch.clone());
    let again = push(store, branch, 1, batch.iter().chain(&batch).cloned().collect());
    for (n, verdict) in first.iter().enumerate() {
        let Verdict::Accepted(position) = verdict else { panic!("{verdict:?} for change {n}") };
        assert_eq!((again[n], again[n + batch.len()]), (Verdict::Had(*position), Verdict::Had(*position)));
    }
    assert_eq!(ok(store.counts(branch)).changes, 18);
    let within = push(store, branch, 1, vec![pushed(30, 9, 1, 1, 90, &[]), pushed(30, 9, 1, 1, 90, &[])]);
    assert_eq!(within, [accepted(19), had(19)]);
}

pub(super) fn one_hash_in_two_documents_is_two_changes(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    let verdicts = push(store, branch, 1, (1..=3).map(|n| pushed(n, n, 0, 1, 10, &[])).collect());
    assert_eq!(verdicts, [accepted(1), accepted(2), accepted(3)]);
    let changes = ok(store.changes(branch, Position::START, usize::MAX));
    assert!(changes.iter().all(|change| change.hash == hash(10) && change.actor == GENESIS_ACTOR));
    assert_eq!(changes.iter().map(|change| change.doc).collect::<Vec<_>>(), [doc(1), doc(2), doc(3)]);
}

pub(super) fn submissions_of_one_group_follow_each_other(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    add_device(store, 2, branch);
    let submission = |n, changes| Submission { branch, device: key(n), actor: actor(n), changes };
    let appended = ok(store.append(
        &[
            submission(1, vec![pushed(1, 1, 1, 1, 10, &[]), pushed(2, 1, 1, 2, 11, &[10])]),
            submission(2, vec![pushed(1, 1, 2, 1, 20, &[11]), pushed(2, 1, 2, 2, 21, &[99])]),
            submission(9, vec![pushed(1, 1, 9, 1, 30, &[])]),
            submission(1, vec![pushed(1, 1, 1, 1, 10, &[]), pushed(3, 1, 1, 3, 12, &[20])]),
        ],
        at(100),
    ));
    let shown: Vec<_> = appended.iter().map(|one| (one.verdicts.clone(), one.after.get(), one.head.get())).collect();
    let missing = Verdict::Refused(Refusal::MissingDependency);
    assert_eq!(
        shown,
        [
            (vec![accepted(1), accepted(2)], 0, 2),
            (vec![accepted(3), missing], 2, 3),
            (vec![Verdict::Refused(Refusal::NotAuthorised)], 3, 3),
            (vec![had(1), accepted(4)], 3, 4),
        ]
    );
    let changes = ok(store.changes(branch, Position::new(1), usize::MAX));
    let shown: Vec<_> = changes.iter().map(|one| (one.position.get(), one.hash, one.device, one.seq)).collect();
    assert_eq!(shown, [(2, hash(11), Some(key(1)), 2), (3, hash(20), Some(key(2)), 1), (4, hash(12), Some(key(1)), 3)]);
    assert!(changes.iter().all(|change| change.received_at == at(100)));
    assert_eq!(ok(store.changes(branch, Position::START, 0)).len(), 1, "one goes however large it is");
    assert!(ok(store.changes(branch, Position::new(4), usize::MAX)).is_empty());
    assert!(ok(store.changes(branch, Position::new(400), usize::MAX)).is_empty());
    assert!(ok(store.append(&[], at(1))).is_empty());
}

pub(super) fn branches_do_not_mix(store: &mut impl RelayStore) {
    let (one, two) = (add_branch(store, 1), add_branch(store, 2));
    add_device(store, 1, one);
    add_device(store, 2, two);
    assert_eq!(push(store, one, 1, vec![pushed(1, 1, 1, 1, 10, &[])]), [accepted(1)]);
    assert_eq!(push(store, one, 2, vec![pushed(1, 1, 2, 1, 20, &[10])]), [Verdict::Refused(Refusal::NotAuthorised)]);
    assert_eq!(
        push(store, two, 2, vec![pushed(1, 1, 2, 1, 20, &[10])]),
        [Verdict::Refused(Refusal::MissingDependency)],
        "what one branch has is not a dependency met in another"
    );
    assert_eq!(push(store, two, 2, vec![pushed(1, 1, 2, 1, 20, &[])]), [accepted(1)]);
    assert_eq!(
        push(store, branch_id(3), 1, vec![pushed(1, 1, 1, 1, 10, &[])]),
        [Verdict::Refused(Refusal::NotAuthorised)]
    );
    assert_eq!(ok(store.head(branch_id(3))), Position::START);
    let held =
        |branch| ok(store.changes(branch, Position::START, usize::MAX)).iter().map(|one| one.hash).collect::<Vec<_>>();
    assert_eq!((held(one), held(two)), (vec![hash(10)], vec![hash(20)]));
}

pub(super) fn the_highest_outbox_number_of_an_actor_is_kept(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    assert_eq!(ok(store.seen(branch, actor(1))), None);
    let seen = |store: &dyn RelayStore| {
        let seen = there(ok(store.seen(branch, actor(1))));
        (seen.seq, seen.doc, seen.hash)
    };
    push(store, branch, 1, vec![pushed(7, 1, 1, 1, 10, &[]), pushed(3, 2, 1, 1, 11, &[])]);
    assert_eq!(seen(store), (7, doc(1), hash(10)));
    push(store, branch, 1, vec![pushed(9, 1, 1, 5, 12, &[])]);
    assert_eq!(seen(store), (7, doc(1), hash(10)), "a refused entry is not held");
    push(store, branch, 1, vec![pushed(8, 2, 1, 1, 11, &[])]);
    assert_eq!(seen(store), (8, doc(2), hash(11)), "one that was had is");
    assert_eq!(ok(store.seen(branch, actor(2))), None);
}

pub(super) fn what_a_device_brought_under_an_actor_is_known(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    add_device(store, 2, branch);
    let brought = |store: &dyn RelayStore, device: u8, after: u64| {
        let found = ok(store.brought(branch, key(device), actor(device), Position::new(after)));
        found.into_iter().map(|(position, hash)| (position.get(), hash)).collect::<Vec<_>>()
    };
    assert_eq!(brought(store, 1, 0), []);
    push(store, branch, 1, vec![pushed(1, 1, 1, 1, 10, &[]), pushed(2, 2, 1, 1, 11, &[])]);
    push(store, branch, 2, vec![pushed(1, 1, 2, 1, 20, &[10])]);
    push(store, branch, 1, vec![pushed(3, 1, 1, 2, 12, &[10])]);
    assert_eq!(brought(store, 1, 0), [(1, hash(10)), (2, hash(11)), (4, hash(12))]);
    assert_eq!(brought(store, 1, 2), [(4, hash(12))]);
    assert_eq!(brought(store, 1, 4), []);
    assert_eq!(brought(store, 2, 0), [(3, hash(20))]);
    let other = ok(store.brought(branch, key(1), actor(2), Position::START));
    assert_eq!(other, [], "another device's actor is not its own");
}

/// The store was restored and writes under a new actor; what it wrote before is of the same device, first changes too.
pub(super) fn first_changes_of_an_earlier_actor_are_not_brought_by_this_one(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    let later = Actor::new(&key(1), Generation::from_bytes([2; 8]));
    let by_later = |mut change: Pushed| {
        change.header.actor = later;
        change
    };
    let brought = |store: &dyn RelayStore, actor: Actor| {
        let found = ok(store.brought(branch, key(1), actor, Position::START));
        found.into_iter().map(|(position, _)| position.get()).collect::<Vec<_>>()
    };
    push(store, branch, 1, vec![pushed(1, 1, 0, 1, 10, &[]), pushed(2, 1, 1, 1, 11, &[10])]);
    assert_eq!(brought(store, actor(1)), [1, 2]);
    push(store, branch, 1, vec![pushed(3, 2, 0, 1, 10, &[])]);
    assert_eq!(brought(store, actor(1)), [1, 2, 3], "the one that went last");
    let changes = vec![pushed(1, 3, 0, 1, 10, &[]), by_later(pushed(2, 3, 1, 1, 12, &[10]))];
    ok(store.append(&[Submission { branch, device: key(1), actor: later, changes }], at(100)));
    assert_eq!(brought(store, later), [4, 5], "it may lack what the earlier one brought");
    assert_eq!(brought(store, actor(1)), [1, 2, 3], "which may lack what it brought");
}

pub(super) fn what_was_acknowledged_is_there_after_reopening<S: RelayStore>(open: &impl Fn(&str) -> S, name: &str) {
    let mut store = open(name);
    let branch = add_branch(&mut store, 1);
    add_device(&mut store, 1, branch);
    push(&mut store, branch, 1, (1..=50).map(|n| pushed(n, n % 7, 1, n.div_ceil(7), n, &[])).take(49).collect());
    let before = ok(store.changes(branch, Position::START, usize::MAX));
    assert_eq!(before.len(), 49);
    drop(store);
    let mut store = open(name);
    assert_eq!(ok(store.changes(branch, Position::START, usize::MAX)), before);
    assert_eq!(push(&mut store, branch, 1, vec![pushed(50, 0, 1, 8, 50, &[49])]), [accepted(50)]);
}
