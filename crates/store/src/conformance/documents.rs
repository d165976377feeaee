//! Claims about saved forms.

use std::collections::BTreeSet;

use vocab::Position;

use super::world::{add_branch, add_device, at, doc, hash, ok, push, pushed, read_changes, saved_bytes, there, whole};
use crate::{Materialized, Quarantined, RelayStore};

pub(super) fn saved_forms_follow_the_feed(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    push(store, branch, 1, vec![pushed(1, 1, 1, 1, 10, &[]), pushed(2, 2, 1, 1, 20, &[])]);
    push(store, branch, 1, vec![pushed(3, 1, 1, 2, 11, &[10])]);
    let behind = ok(store.behind(branch, 10));
    let shown: Vec<_> = behind.iter().map(|one| (one.doc, one.last.get(), read_changes(whole(one)))).collect();
    assert_eq!(shown, [(doc(2), 2, vec![hash(20)]), (doc(1), 3, vec![hash(10), hash(11)])]);
    assert_eq!(ok(store.behind(branch, 1)).len(), 1);
    let counts = ok(store.counts(branch));
    assert_eq!((counts.documents, counts.changes, counts.head, counts.behind), (2, 3, Position::new(3), 2));
    assert_eq!(counts.behind_since, Some(at(100)));

    // Document 1 moves on while its saved form is made.
    push(store, branch, 1, vec![pushed(4, 1, 1, 3, 12, &[11])]);
    let made: Vec<_> = behind
        .iter()
        .map(|one| {
            let hashes: BTreeSet<_> = read_changes(whole(one)).into_iter().collect();
            let heads = hashes.iter().copied().collect();
            Materialized { doc: one.doc, through: one.last, heads, bytes: saved_bytes(&hashes) }
        })
        .chain([Materialized { doc: doc(77), through: Position::new(1), heads: vec![], bytes: vec![] }])
        .collect();
    ok(store.put_materialized(branch, &made));
    let behind = ok(store.behind(branch, 10));
    let shown: Vec<_> = behind.iter().map(|one| (one.doc, one.last.get(), read_changes(whole(one)).len())).collect();
    assert_eq!(shown, [(doc(1), 4, 3)]);
    assert!(whole(&behind[0]).starts_with(&made[1].bytes), "the saved form comes first");
    let document = there(ok(store.document(branch, doc(1))));
    assert_eq!((document.last.get(), &document.bytes[..]), (4, whole(&behind[0])));
    assert_eq!(ok(store.document(branch, doc(77))), None);
    let hashes = BTreeSet::from([hash(10), hash(11), hash(12)]);
    let last =
        Materialized { doc: doc(1), through: Position::new(4), heads: vec![hash(12)], bytes: saved_bytes(&hashes) };
    ok(store.put_materialized(branch, &[last]));
    assert!(ok(store.behind(branch, 10)).is_empty());
    let counts = ok(store.counts(branch));
    assert_eq!((counts.behind, counts.behind_since, counts.quarantined), (0, None, 0));
}

pub(super) fn what_cannot_be_made_is_set_aside_until_it_changes(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    push(store, branch, 1, vec![pushed(1, 1, 1, 1, 10, &[])]);
    let aside = Quarantined { doc: doc(1), through: Position::new(1), reason: "unreadable".to_owned(), at: at(7) };
    ok(store.quarantine(branch, &aside));
    assert_eq!(ok(store.quarantined(branch, 10)), [aside]);
    assert!(ok(store.behind(branch, 10)).is_empty());
    assert_eq!(ok(store.counts(branch)).quarantined, 1);
    assert_eq!(ok(store.changes(branch, Position::START, 1)).len(), 1, "its changes still reach devices");

    push(store, branch, 1, vec![pushed(2, 1, 1, 2, 11, &[10])]);
    let behind = ok(store.behind(branch, 10));
    assert_eq!(read_changes(whole(&behind[0])), [hash(10), hash(11)], "it is tried again with everything");
    let bytes = saved_bytes(&BTreeSet::from([hash(10), hash(11)]));
    ok(store.put_materialized(branch, &[Materialized { doc: doc(1), through: behind[0].last, heads: vec![], bytes }]));
    assert!(ok(store.quarantined(branch, 10)).is_empty() && ok(store.behind(branch, 10)).is_empty());
}

pub(super) fn pages_of_documents_cover_all_of_them(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    push(store, branch, 1, (1..=25).map(|n| pushed(n, n, 1, 1, n, &[])).collect());
    let mut met = Vec::new();
    loop {
        let page = ok(store.documents(branch, met.last().copied(), 10));
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 10);
        met.extend(page.iter().map(|one| one.doc));
    }
    let mut all: Vec<_> = (1..=25).map(doc).collect();
    all.sort_unstable();
    assert_eq!(met, all);
}
