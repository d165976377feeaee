//! What a device may rely on when it compares what it holds with the relay: sums, owed documents, what is set aside and
//! what was erased.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests do: by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;
use store::{DeviceStore, Identity, Membership, OutboxSeq, SecretKey, StoreError, WriteTx};
use vocab::{
    Book, BranchId, ChangeHash, Cursor, DeviceCode, DeviceKey, DocId, Epoch, Generation, Owed, Position, Refusal, Role,
    Sum, Timestamp, Tombstone, Verdict,
};

fn identity() -> Identity {
    let key = DeviceKey::from_bytes([7; 32]);
    Identity {
        secret: SecretKey::from_bytes([9; 32]),
        key,
        generation: Generation::from_bytes([1; 8]),
        code: DeviceCode::provisional(&key),
        staff: "王*".parse().unwrap(),
        role: Role::Engineer,
        name: "车载平板".to_owned(),
    }
}

fn membership() -> Membership {
    Membership {
        relay: "ws://relay.example/sync".to_owned(),
        branch: BranchId::from_bytes([2; 16]),
        branch_name: "上海网点".to_owned(),
        epoch: Some(Epoch::from_bytes([3; 16])),
        cursor: Cursor::default(),
        ahead: Position::START,
        owed: Vec::new(),
        suspect: false,
        frame_bytes: store::FRAME_BYTES_FIRST,
        acknowledged: None,
    }
}

fn doc(n: u8) -> DocId {
    DocId::from_random([n; 16])
}

fn hash(n: u8) -> ChangeHash {
    ChangeHash::from_bytes([n; 32])
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn tombstone(n: u8) -> Tombstone {
    Tombstone { doc: doc(n), at: at(9), why: "asked for".to_owned(), key: [4; 32], signature: [5; 64] }
}

/// What the store should hold, as plain sets.
#[derive(Debug, Clone, Default)]
struct Model {
    applied: BTreeMap<u8, BTreeSet<u8>>,
    aside: BTreeSet<(u8, u8)>,
    outbox: BTreeMap<u64, (u8, u8)>,
    erased: BTreeMap<u8, u64>,
}

impl Model {
    fn book(&self) -> BTreeMap<DocId, Sum> {
        let mut book: BTreeMap<DocId, Sum> = BTreeMap::new();
        let counts = |n: u8, change: u8| Sum::of_change(doc(n), hash(change));
        for (n, changes) in &self.applied {
            *book.entry(doc(*n)).or_default() += changes.iter().map(|change| counts(*n, *change)).sum();
        }
        for (n, change) in &self.aside {
            *book.entry(doc(*n)).or_default() += counts(*n, *change);
        }
        for (n, change) in self.outbox.values() {
            *book.entry(doc(*n)).or_default() -= counts(*n, *change);
        }
        book.retain(|_, sum| *sum != Sum::ZERO);
        book.extend(self.erased.keys().map(|n| (doc(*n), Sum::of_tombstone(doc(*n)))));
        book
    }

    fn sum_of(&self, n: u8) -> Sum {
        self.applied.get(&n).into_iter().flatten().map(|change| Sum::of_change(doc(n), hash(*change))).sum()
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// A change made here: applied and queued.
    Make(u8, u8),
    /// Changes that arrived, saved with the rest of the document.
    Arrive(u8, Vec<u8>),
    Compact(u8),
    SetAside(u8, u8),
    TakeBack(u8, u8),
    Settle(u64, bool),
    Refuse(u8, u8),
    Remove(u8, u8),
    Erase(u8),
    /// The same as the step before, but the transaction fails.
    Fail,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let doc = 0..5_u8;
    let change = 0..40_u8;
    let step = prop_oneof![
        4 => (doc.clone(), change.clone()).prop_map(|(n, change)| Step::Make(n, change)),
        3 => (doc.clone(), prop::collection::vec(change.clone(), 0..5)).prop_map(|(n, all)| Step::Arrive(n, all)),
        1 => doc.clone().prop_map(Step::Compact),
        2 => (doc.clone(), change.clone()).prop_map(|(n, change)| Step::SetAside(n, change)),
        1 => (doc.clone(), change.clone()).prop_map(|(n, change)| Step::TakeBack(n, change)),
        3 => (0..30_u64, any::<bool>()).prop_map(|(seq, taken)| Step::Settle(seq, taken)),
        1 => (doc.clone(), change.clone()).prop_map(|(n, change)| Step::Refuse(n, change)),
        1 => (doc.clone(), change).prop_map(|(n, change)| Step::Remove(n, change)),
        1 => doc.prop_map(Step::Erase),
        1 => Just(Step::Fail),
    ];
    prop::collection::vec(step, 1..60)
}

/// Does a step in the store and in the model.
fn perform(tx: &WriteTx<'_>, model: &mut Model, step: &Step) -> Result<(), StoreError> {
    let erased = |model: &Model, n: &u8| model.erased.contains_key(n);
    let is_erased = |done: Result<(), StoreError>| assert!(matches!(done, Err(StoreError::Erased { .. })), "{done:?}");
    match step {
        Step::Make(n, change) if erased(model, n) => {
            is_erased(tx.append_change(doc(*n), hash(*change), &[*change], &[]).map(|_| ()));
            is_erased(tx.push_outbox(doc(*n), hash(*change), &[*change]).map(|_| ()));
        }
        Step::Make(n, change) => {
            if model.applied.entry(*n).or_default().insert(*change) {
                tx.append_change(doc(*n), hash(*change), &[*change], &[])?;
                let seq = tx.push_outbox(doc(*n), hash(*change), &[*change])?;
                model.outbox.insert(seq.get(), (*n, *change));
            }
        }
        Step::Arrive(n, _) if erased(model, n) => is_erased(tx.put_snapshot(doc(*n), b"saved", &[], Sum::ZERO)),
        Step::Arrive(n, changes) => {
            model.applied.entry(*n).or_default().extend(changes);
            tx.put_snapshot(doc(*n), b"saved", &[], model.sum_of(*n))?;
        }
        Step::Compact(n) => tx.compact(doc(*n), b"saved", &[])?,
        Step::SetAside(n, change) if erased(model, n) => {
            is_erased(tx.set_aside(doc(*n), hash(*change), b"x", "odd", at(1)));
        }
        Step::SetAside(n, change) => {
            tx.set_aside(doc(*n), hash(*change), b"x", "odd", at(1))?;
            model.aside.insert((*n, *change));
        }
        Step::TakeBack(n, change) => {
            assert_eq!(tx.take_back(doc(*n), hash(*change))?, model.aside.remove(&(*n, *change)));
        }
        Step::Settle(seq, taken) => {
            let verdict = if *taken {
                model.outbox.remove(seq);
                Verdict::Accepted(Position::new(1))
            } else {
                Verdict::Refused(Refusal::MissingDependency)
            };
            tx.settle(&[(OutboxSeq::new(*seq), verdict)], at(3))?;
        }
        Step::Refuse(n, change) => {
            let held = model.applied.get(n).is_some_and(|changes| changes.contains(change));
            if held && !model.outbox.values().any(|one| *one == (*n, *change)) {
                tx.push_refused(doc(*n), hash(*change), b"x", Refusal::ReusedSequence, at(3))?;
                model.outbox.insert(tx.outbox_last()?.get(), (*n, *change));
            }
        }
        Step::Remove(n, change) => {
            let before = model.outbox.len();
            model.outbox.retain(|_, one| *one != (*n, *change));
            assert_eq!(tx.remove_outbox(doc(*n), hash(*change))?, model.outbox.len() < before);
        }
        Step::Erase(n) => {
            let gone = tx.erase(&tombstone(*n))?;
            assert_eq!(gone.is_none(), model.erased.contains_key(n));
            if let Some(gone) = gone {
                model.applied.remove(n);
                model.aside.retain(|(other, _)| other != n);
                let before = model.outbox.len();
                model.outbox.retain(|_, (other, _)| other != n);
                assert_eq!(gone.pending, (before - model.outbox.len()) as u64);
                model.erased.insert(*n, gone.pending);
            }
        }
        Step::Fail => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_acknowledged_is_what_is_held_without_what_waits(steps in steps(), reopen in 0..60_usize) {
        let home = tempfile::tempdir().unwrap();
        let mut store = DeviceStore::create(home.path(), &identity()).unwrap();
        let mut model = Model::default();
        let mut previous = Step::Make(1, 1);
        for (index, step) in steps.iter().enumerate() {
            if let Step::Fail = step {
                let failed: Result<(), StoreError> = store.write(|tx| {
                    perform(tx, &mut model.clone(), &previous)?;
                    Err(StoreError::Full)
                });
                prop_assert!(failed.is_err());
            } else {
                store.write(|tx| perform(tx, &mut model, step)).unwrap();
            }
            previous = step.clone();
            if index == reopen {
                drop(store);
                store = DeviceStore::open(home.path()).unwrap();
            }
            let (sum, book) = store.read(|tx| Ok::<_, StoreError>((tx.acknowledged_sum()?, tx.book()?))).unwrap();
            let expected = model.book();
            prop_assert_eq!(sum, expected.values().copied().sum::<Sum>(), "after {:?}", step);
            prop_assert_eq!(Book::new(book), Book::new(expected.into_iter().collect()));
        }
        let (aside, erased) = store.read(|tx| {
            assert!(tx.documents_without_sum(10)?.is_empty());
            Ok::<_, StoreError>((tx.all_set_aside(100)?, tx.erased(100)?))
        }).unwrap();
        prop_assert_eq!(aside.len(), model.aside.len());
        let pending: BTreeMap<_, _> = erased.iter().map(|one| (one.tombstone.doc, one.pending)).collect();
        prop_assert_eq!(pending, model.erased.iter().map(|(n, pending)| (doc(*n), *pending)).collect::<BTreeMap<_, _>>());
    }
}

#[test]
fn a_sum_counts_within_the_transaction_that_changes_it() {
    let mut store = DeviceStore::in_memory(&identity()).unwrap();
    store
        .write(|tx| {
            assert_eq!(tx.acknowledged_sum()?, Sum::ZERO);
            tx.append_change(doc(1), hash(1), b"one", &[])?;
            assert_eq!(tx.acknowledged_sum()?, Sum::of_change(doc(1), hash(1)));
            assert_eq!(tx.document(doc(1))?.unwrap().sum, Some(Sum::of_change(doc(1), hash(1))));
            tx.push_outbox(doc(1), hash(1), b"one")?;
            assert_eq!((tx.acknowledged_sum()?, tx.book()?), (Sum::ZERO, vec![]));
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn what_is_set_aside_is_kept_listed_and_taken_back() {
    let mut store = DeviceStore::in_memory(&identity()).unwrap();
    store
        .write(|tx| {
            tx.set_aside(doc(1), hash(2), b"two", "no such operation", at(5))?;
            tx.set_aside(doc(1), hash(1), b"one", "it rests on another", at(5))?;
            tx.set_aside(doc(2), hash(1), b"other", "odd", at(6))?;
            tx.set_aside(doc(1), hash(2), b"two", "still not", at(7))?;
            assert_eq!(tx.set_aside_count()?, 3);
            assert_eq!(tx.set_aside_of(doc(1))?, [(hash(1), b"one".to_vec()), (hash(2), b"two".to_vec())]);
            let listed = tx.all_set_aside(10)?;
            let again = listed.iter().find(|one| one.doc == doc(1) && one.hash == hash(2)).unwrap();
            assert_eq!((again.reason.as_str(), again.at), ("still not", at(7)));
            assert!(tx.take_back(doc(1), hash(2))? && !tx.take_back(doc(1), hash(2))?);
            assert_eq!(tx.set_aside_count()?, 2);
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn a_membership_keeps_what_is_owed_and_whether_it_is_trusted() {
    let home = tempfile::tempdir().unwrap();
    let mut store = DeviceStore::create(home.path(), &identity()).unwrap();
    let owed = vec![Owed { doc: doc(1), within: Position::new(4) }, Owed { doc: doc(2), within: Position::new(0) }];
    let cursor = Cursor { base: Position::new(1), through: Position::new(9) };
    store
        .write(|tx| {
            tx.set_membership(&membership())?;
            tx.set_cursor(cursor)?;
            tx.set_owed(&owed)?;
            tx.mark_suspect()?;
            tx.set_ahead(Position::new(12))?;
            tx.set_frame_bytes(2_048)
        })
        .unwrap();
    drop(store);
    let mut store = DeviceStore::open(home.path()).unwrap();
    let kept = store.read(|tx| tx.membership()).unwrap().unwrap();
    let ahead = Position::new(12);
    let expected = Membership { cursor, ahead, owed: owed.clone(), suspect: true, frame_bytes: 2_048, ..membership() };
    assert_eq!(kept, expected);
    store
        .write(|tx| {
            tx.clear_suspect()?;
            tx.erase(&tombstone(1))?;
            assert_eq!(tx.membership()?.unwrap().owed, owed[1..], "nothing is owed of what was erased");
            tx.set_owed(&[])
        })
        .unwrap();
    let kept = store.read(|tx| tx.membership()).unwrap().unwrap();
    assert_eq!((kept.owed.len(), kept.suspect), (0, false));
}

#[test]
fn a_restored_store_goes_on_under_another_generation() {
    let mut store = DeviceStore::in_memory(&identity()).unwrap();
    store
        .write(|tx| {
            tx.set_membership(&membership())?;
            let seq = tx.push_outbox(doc(1), hash(1), b"one")?;
            tx.push_outbox(doc(1), hash(2), b"two")?;
            tx.settle(&[(seq, Verdict::Accepted(Position::new(1)))], at(1))?;
            assert!(tx.membership()?.unwrap().acknowledged.is_some());
            let before = tx.identity()?.actor();
            tx.renew_generation(Generation::from_bytes([8; 8]))?;
            assert_ne!(tx.identity()?.actor(), before);
            assert!(tx.identity()?.actor().belongs_to(&identity().key));
            assert_eq!(tx.membership()?.unwrap().acknowledged, None);
            assert_eq!(tx.outbox_of(doc(1))?, [(hash(2), b"two".to_vec())], "what waits still waits");
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn what_the_relay_would_not_take_back_is_shown_and_may_wait_again() {
    let mut store = DeviceStore::in_memory(&identity()).unwrap();
    store
        .write(|tx| {
            tx.append_change(doc(1), hash(1), b"one", &[])?;
            tx.push_refused(doc(1), hash(1), b"one", Refusal::MissingDependency, at(4))?;
            tx.push_refused(doc(1), hash(1), b"one", Refusal::ReusedSequence, at(5))?;
            let listed = tx.refused(10)?;
            assert_eq!((listed.len(), listed[0].reason, listed[0].at), (1, Refusal::ReusedSequence, at(5)));
            assert!(tx.outbox(OutboxSeq::START, 100)?.is_empty());
            assert!(tx.retry_refused(listed[0].seq)?);
            assert_eq!(tx.outbox(OutboxSeq::START, 100)?[0].bytes, b"one");
            assert_eq!(tx.acknowledged_sum()?, Sum::ZERO);
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn somebody_is_told_once_of_what_was_erased() {
    let mut store = DeviceStore::in_memory(&identity()).unwrap();
    store
        .write(|tx| {
            tx.append_change(doc(1), hash(1), b"one", &[])?;
            tx.push_outbox(doc(1), hash(1), b"one")?;
            tx.note_invalid(doc(1), "odd", b"junk", at(1))?;
            tx.erase(&tombstone(1))?;
            tx.erase(&tombstone(2))?;
            let untold = tx.erased_untold(10)?;
            assert_eq!(
                untold.iter().map(|one| (one.tombstone.doc, one.pending)).collect::<Vec<_>>(),
                [(doc(1), 1), (doc(2), 0)]
            );
            tx.told_of_erased(&[doc(1)])?;
            assert_eq!(tx.erased_untold(10)?.len(), 1);
            assert_eq!(
                (tx.erased_count()?, tx.tombstone(doc(1))?, tx.tombstone(doc(3))?),
                (2, Some(tombstone(1)), None)
            );
            assert!(tx.document(doc(1))?.is_none() && tx.outbox_of(doc(1))?.is_empty() && tx.invalid(10)?.is_empty());
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

/// Whether `needle` stands anywhere in the files of a home.
fn is_in_files(home: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(home).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[test]
fn no_byte_of_an_erased_document_stays_in_the_home() {
    let home = tempfile::tempdir().unwrap();
    let mut store = DeviceStore::create(home.path(), &identity()).unwrap();
    let name = "黄小明的资料".as_bytes();
    // Enough neighbours that pages are split and their copies stay behind.
    for n in 1..=200_u8 {
        let bytes = if n == 100 { name.repeat(40) } else { vec![n; 600] };
        store
            .write(|tx| {
                tx.put_snapshot(doc(n), &bytes, &[], Sum::of_change(doc(n), hash(1)))?;
                tx.append_change(doc(n), hash(2), &bytes, &[])?;
                tx.push_outbox(doc(n), hash(2), &bytes)?;
                tx.set_aside(doc(n), hash(3), &bytes, "odd", at(1))?;
                tx.note_invalid(doc(n), "odd", &bytes, at(1))
            })
            .unwrap();
    }
    assert!(is_in_files(home.path(), name), "the control: the search finds what is there");
    assert!(!store.scrub().unwrap(), "nothing was erased");
    store.write(|tx| tx.erase(&tombstone(100))).unwrap();
    assert!(is_in_files(home.path(), name), "erased, and the file not yet rewritten");
    assert!(store.read(|tx| tx.wants_scrub()).unwrap());
    assert!(store.scrub().unwrap());
    assert!(!is_in_files(home.path(), name) && !store.read(|tx| tx.wants_scrub()).unwrap());
    assert!(store.check().unwrap().is_empty());
    drop(store);
    let mut store = DeviceStore::open(home.path()).unwrap();
    assert_eq!(store.read(|tx| tx.document_count()).unwrap(), 199);
    assert!(!is_in_files(home.path(), name) && !store.scrub().unwrap());
}
