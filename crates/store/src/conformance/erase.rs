//! Claims about erasing (I7).

use std::collections::BTreeSet;

use vocab::{BranchId, Cursor, Position, Refusal, Sum, Verdict};

use super::world::{
    actor, add_branch, add_device, ask, at, branch_id, doc, hash, key, ok, push, pushed, saved_bytes, tombstone,
};
use crate::{
    Content, Erasure, FeedForm, Intake, Materialized, Quarantined, RelayStore, Restoration, Restoring, Submission,
};

fn erase(store: &mut impl RelayStore, branch: BranchId, doc_n: u64) -> Position {
    match ok(store.erase(branch, &tombstone(doc(doc_n), "asked for"))) {
        Erasure::Erased { position, .. } => position,
        other => panic!("{other:?}"),
    }
}

pub(super) fn nothing_is_left_of_an_erased_document(store: &mut impl RelayStore) {
    let (branch, other) = (add_branch(store, 1), add_branch(store, 2));
    add_device(store, 1, branch);
    add_device(store, 2, other);
    push(
        store,
        branch,
        1,
        vec![pushed(1, 1, 1, 1, 10, &[]), pushed(2, 2, 1, 1, 20, &[]), pushed(3, 1, 1, 2, 11, &[10])],
    );
    push(store, other, 2, vec![pushed(1, 1, 2, 1, 30, &[])]);
    let saved = Materialized {
        doc: doc(1),
        through: Position::new(3),
        heads: vec![hash(11)],
        bytes: saved_bytes(&BTreeSet::from([hash(10), hash(11)])),
    };
    ok(store.put_materialized(branch, std::slice::from_ref(&saved)));
    let before = ok(store.counts(branch));
    assert_eq!((before.documents, before.changes, before.erased), (2, 3, 0));

    let stone = tombstone(doc(1), "asked for");
    let sum = Sum::of_change(doc(2), hash(20)) + Sum::of_tombstone(doc(1));
    let bytes = 2 * 97;
    assert_eq!(
        ok(store.erase(branch, &stone)),
        Erasure::Erased { position: Position::new(4), sum, changes: 2, change_bytes: bytes }
    );
    assert_eq!(ok(store.erase(branch, &tombstone(doc(1), "again"))), Erasure::Before(stone.clone()));
    assert_eq!(ok(store.erase(branch, &tombstone(doc(9), "never here"))), Erasure::Unknown);
    assert_eq!(ok(store.erase(branch_id(7), &stone)), Erasure::Unknown);

    assert_eq!(ok(store.sum_at(branch, Position::new(4))), Some(sum));
    assert_eq!(ok(store.document(branch, doc(1))), None);
    assert_eq!(ok(store.documents(branch, None, 10)).iter().map(|one| one.doc).collect::<Vec<_>>(), [doc(2)]);
    assert_eq!(ok(store.tombstone(branch, doc(1))), Some(stone.clone()));
    assert_eq!((ok(store.tombstone(branch, doc(2))), ok(store.tombstone(other, doc(1)))), (None, None));
    assert_eq!(ok(store.erasures(branch, Position::new(3), 10)), [(Position::new(4), stone.clone())]);
    assert!(ok(store.erasures(branch, Position::new(4), 10)).is_empty());
    let changes = ok(store.changes(branch, Position::START, usize::MAX));
    assert_eq!(changes.iter().map(|one| one.hash).collect::<Vec<_>>(), [hash(20)]);
    let after = ok(store.counts(branch));
    assert_eq!((after.documents, after.changes, after.erased, after.head), (1, 1, 1, Position::new(4)));
    assert_eq!(before.change_bytes - after.change_bytes, bytes);

    let skip = BTreeSet::new();
    for through in [0, 3] {
        let batch = ok(store.changed_documents(branch, &ask(Cursor::at(Position::new(through)), 1_000, &skip)));
        let told: Vec<_> = batch.documents.iter().filter(|one| one.doc == doc(1)).collect();
        assert_eq!((told.len(), told[0].last, &told[0].form), (1, Position::new(4), &FeedForm::Erased(stone.clone())));
        assert_eq!(batch.sum, Some(sum));
    }
    assert!(ok(store.document(other, doc(1))).is_some(), "another branch's document of that id stays");
}

pub(super) fn what_was_derived_from_an_erased_document_follows(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    push(store, branch, 1, vec![pushed(1, 1, 1, 1, 10, &[]), pushed(2, 2, 1, 1, 20, &[])]);
    let aside = Quarantined { doc: doc(2), through: Position::new(2), reason: "unreadable".to_owned(), at: at(7) };
    ok(store.quarantine(branch, &aside));
    erase(store, branch, 1);
    erase(store, branch, 2);
    assert!(ok(store.quarantined(branch, 10)).is_empty());
    let behind = ok(store.behind(branch, 10));
    let shown: Vec<_> = behind.iter().map(|one| (one.doc, one.last.get(), &one.content)).collect();
    assert_eq!(shown, [(doc(1), 3, &Content::Erased), (doc(2), 4, &Content::Erased)]);

    // Somebody read document 1 before it was erased and comes too late.
    let late =
        |through, bytes: Vec<u8>| Materialized { doc: doc(1), through: Position::new(through), heads: vec![], bytes };
    ok(store.put_materialized(branch, &[late(1, saved_bytes(&BTreeSet::from([hash(10)])))]));
    ok(store.quarantine(branch, &Quarantined { doc: doc(1), ..aside }));
    assert_eq!((ok(store.behind(branch, 10)).len(), ok(store.document(branch, doc(1)))), (2, None));
    assert!(ok(store.quarantined(branch, 10)).is_empty());

    ok(store.put_materialized(branch, &[late(3, Vec::new())]));
    assert_eq!(ok(store.behind(branch, 10)).iter().map(|one| one.doc).collect::<Vec<_>>(), [doc(2)]);
    assert_eq!(ok(store.document(branch, doc(1))), None);
}

pub(super) fn erased_stays_erased(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    add_device(store, 2, branch);
    push(store, branch, 1, vec![pushed(1, 1, 1, 1, 10, &[]), pushed(2, 2, 1, 1, 20, &[])]);
    erase(store, branch, 1);
    let submission = Submission {
        branch,
        device: key(2),
        actor: actor(2),
        changes: vec![pushed(1, 1, 2, 1, 30, &[]), pushed(2, 1, 1, 1, 10, &[]), pushed(3, 2, 2, 1, 31, &[])],
    };
    let appended = ok(store.append(std::slice::from_ref(&submission), at(100))).remove(0);
    let refused = Verdict::Refused(Refusal::Erased);
    assert_eq!(
        appended.verdicts,
        [refused, refused, Verdict::Accepted(Position::new(4))],
        "the control: another document"
    );
    let stone = tombstone(doc(1), "asked for");
    assert_eq!(appended.tombstones, std::slice::from_ref(&stone), "once, however much was refused");

    let change = pushed(1, 1, 2, 1, 30, &[]);
    let items = vec![
        Restoring::Change { doc: doc(1), header: change.header, bytes: change.bytes },
        Restoring::Erased(tombstone(doc(1), "otherwise")),
    ];
    let restoration = Restoration { branch, device: key(2), items };
    let appended = ok(store.take(&[Intake::Restore(&restoration)], at(100))).remove(0);
    assert_eq!(appended.verdicts, [refused, Verdict::Had(Position::new(3))]);
    assert_eq!((appended.tombstones, ok(store.tombstone(branch, doc(1)))), (vec![stone.clone()], Some(stone)));
    assert_eq!(ok(store.document(branch, doc(1))), None);
}

pub(super) fn erasing_and_writing_share_a_group(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    push(store, branch, 1, vec![pushed(1, 1, 1, 1, 10, &[])]);
    let submission = |changes| Submission { branch, device: key(1), actor: actor(1), changes };
    let erasing =
        |doc_n| Restoration { branch, device: key(1), items: vec![Restoring::Erased(tombstone(doc(doc_n), "x"))] };
    let before = submission(vec![pushed(2, 1, 1, 2, 11, &[10]), pushed(3, 5, 1, 1, 50, &[])]);
    let after =
        submission(vec![pushed(4, 1, 1, 3, 12, &[11]), pushed(5, 5, 1, 2, 51, &[50]), pushed(6, 7, 1, 1, 70, &[])]);
    let (first, second, unknown) = (erasing(1), erasing(5), erasing(6));
    let intakes = [
        Intake::Push(&before),
        Intake::Restore(&first),
        Intake::Restore(&second),
        Intake::Restore(&unknown),
        Intake::Push(&after),
    ];
    let appended = ok(store.take(&intakes, at(100)));
    let refused = Verdict::Refused(Refusal::Erased);
    assert_eq!(appended[4].verdicts, [refused, refused, Verdict::Accepted(Position::new(7))]);
    let erased: Sum = [1, 5, 6].into_iter().map(|n| Sum::of_tombstone(doc(n))).sum();
    let sum = erased + Sum::of_change(doc(7), hash(70));
    assert_eq!((appended[4].sum, ok(store.sum_at(branch, Position::new(7)))), (sum, Some(sum)));
    let counts = ok(store.counts(branch));
    assert_eq!((counts.documents, counts.changes, counts.erased), (1, 1, 3));
    assert_eq!(push(store, branch, 1, vec![pushed(7, 5, 1, 3, 52, &[])]), [refused]);
}

pub(super) fn scrubbing_is_done_once_for_each_erasure(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    push(store, branch, 1, vec![pushed(1, 1, 1, 1, 10, &[]), pushed(2, 2, 1, 1, 20, &[])]);
    assert!(!ok(store.scrub()), "nothing was erased");
    erase(store, branch, 1);
    assert_eq!((ok(store.scrub()), ok(store.scrub())), (true, false));
    erase(store, branch, 2);
    assert_eq!((ok(store.scrub()), ok(store.scrub())), (true, false));
}
