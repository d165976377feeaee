//! Every version that ever wrote a store has a fixture here that this version opens.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests do: by panicking")]

use std::path::Path;

use store::{
    Books, Content, DeviceStore, Documents, Enrolment, Feeds, InviteDigest, Origin, OutboxSeq, Registry, RelayStore,
    SqliteRelayStore, StoreError, TokenDigest,
};
use vocab::{
    Actor, Book, BranchId, ChangeHash, Cursor, DeviceKey, DocId, Epoch, Generation, Owed, Position, RangeAnswer,
    RangeQuery, Refusal, Sum, Timestamp,
};

fn lay(fixture: &str, path: &Path) {
    rusqlite::Connection::open(path).unwrap().execute_batch(fixture).unwrap();
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn doc(n: u8) -> DocId {
    DocId::from_random([n; 16])
}

fn hash(n: u8) -> ChangeHash {
    ChangeHash::from_bytes([n; 32])
}

#[test]
fn a_device_store_of_version_1_opens_with_everything_it_held() {
    opens_and_is_counted(include_str!("fixtures/device-v1.sql"));
}

#[test]
fn a_device_store_of_version_2_opens_with_everything_it_held() {
    opens_and_is_counted(include_str!("fixtures/device-v2.sql"));
}

/// Versions 1 and 2 hold the same; they knew no sums.
fn opens_and_is_counted(fixture: &str) {
    let home = tempfile::tempdir().unwrap();
    lay(fixture, &home.path().join(store::STORE_FILE));
    let mut store = DeviceStore::open(home.path()).unwrap();
    store
        .write(|tx| {
            let identity = tx.identity()?;
            assert_eq!((identity.name.as_str(), identity.secret.as_bytes()), ("车载平板", &[9; 32]));
            let membership = tx.membership()?.unwrap();
            assert_eq!(membership.cursor, Cursor { base: Position::new(4), through: Position::new(9) });
            assert_eq!(membership.epoch, Some(Epoch::from_bytes([3; 16])));
            assert_eq!(membership.acknowledged.unwrap().hash, hash(1));
            assert_eq!((tx.clock()?.last(), tx.clock()?.offset_ms()), (at(77), -3));
            assert_eq!(tx.last_sync()?.unwrap().report["pushed"], 1);
            assert_eq!(tx.document(doc(1))?.unwrap().bytes, b"saved+two");
            assert_eq!(tx.document(doc(2))?.unwrap().bytes, [b'x'; 3_000]);
            assert_eq!(tx.outbox(OutboxSeq::START, 1_000)?[0].seq.get(), 3);
            assert_eq!(tx.refused(10)?[0].reason, Refusal::TooLarge);
            assert_eq!(tx.invalid(10)?[0].reason, "unreadable");
            assert_eq!(tx.documents_without_sum(10)?, [doc(1), doc(2)]);
            let waiting = Sum::of_change(doc(1), hash(2)) + Sum::of_change(doc(1), hash(3));
            assert_eq!(tx.acknowledged_sum()?, Sum::ZERO - waiting);
            // The device counts what is in its documents; then what is acknowledged is told.
            tx.set_document_sum(doc(1), waiting + Sum::of_change(doc(1), hash(1)))?;
            tx.set_document_sum(doc(2), Sum::of_change(doc(2), hash(3)))?;
            let acknowledged = Sum::of_change(doc(1), hash(1)) + Sum::of_change(doc(2), hash(3));
            assert_eq!((tx.acknowledged_sum()?, tx.documents_without_sum(10)?), (acknowledged, vec![]));
            assert_eq!(tx.book()?.into_iter().map(|(_, sum)| sum).sum::<Sum>(), acknowledged);
            assert_eq!((membership.suspect, membership.owed.len()), (false, 0));
            assert_eq!(tx.next("CUST")?, 41);
            assert_eq!(tx.push_outbox(doc(1), hash(9), b"next")?.get(), 4);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert!(store.check().unwrap().is_empty());
}

#[test]
fn a_device_store_of_version_3_opens_with_everything_it_held() {
    let home = tempfile::tempdir().unwrap();
    lay(include_str!("fixtures/device-v3.sql"), &home.path().join(store::STORE_FILE));
    let mut store = DeviceStore::open(home.path()).unwrap();
    store
        .write(|tx| {
            let membership = tx.membership()?.unwrap();
            assert_eq!(membership.owed, [Owed { doc: doc(2), within: Position::new(4) }]);
            assert_eq!(
                (membership.suspect, membership.ahead, membership.frame_bytes),
                (true, Position::new(11), 4_096)
            );
            assert_eq!(tx.document(doc(1))?.unwrap().bytes, b"saved+two");
            assert_eq!(tx.set_aside_of(doc(2))?, [(hash(8), b"odd".to_vec())]);
            let erased = tx.erased_untold(10)?;
            assert_eq!((erased[0].pending, erased[0].tombstone.why.as_str()), (1, "asked for"));
            let counts = Sum::of_change(doc(2), hash(3)) + Sum::of_change(doc(2), hash(8)) + Sum::of_tombstone(doc(5));
            assert_eq!(tx.acknowledged_sum()?, counts);
            assert_eq!(tx.push_outbox(doc(1), hash(9), b"next")?.get(), 5);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert!(store.scrub().unwrap() && store.check().unwrap().is_empty());
}

#[test]
fn a_relay_store_of_version_2_opens_with_everything_it_held() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relay.db");
    lay(include_str!("fixtures/relay-v2.sql"), &path);
    let mut store = SqliteRelayStore::open(&path).unwrap();
    let branches = store.branches().unwrap();
    let shown: Vec<_> = branches.iter().map(|branch| (branch.origin, branch.secret.as_bytes()[0])).collect();
    assert_eq!(shown, [(Origin::New, 5), (Origin::Recovering, 6)]);
    let branch = branches[0].id;
    let changes = [(1, 1), (2, 2), (1, 3)].map(|(n, change)| Sum::of_change(doc(n), hash(change)));
    let sum = changes.into_iter().sum::<Sum>() + Sum::of_tombstone(doc(3));
    assert_eq!(store.sum_at(branch, Position::new(5)).unwrap(), Some(sum));
    assert_eq!(store.tombstone(branch, doc(3)).unwrap().unwrap().why, "asked for");
    assert_eq!(store.user_named("主管").unwrap().unwrap().staff, None);
    let counts = store.counts(branch).unwrap();
    assert_eq!((counts.documents, counts.changes, counts.erased), (2, 3, 1));
    assert!(store.behind(branch, 10).unwrap().iter().any(|behind| behind.content == Content::Erased));
    let (invite, key, staff) = (InviteDigest::of("open"), DeviceKey::from_bytes([8; 32]), "李*".parse().unwrap());
    let enrolment = Enrolment { invite, key, name: String::new(), staff, app: String::new(), code: None, at: at(50) };
    assert_eq!(store.enrol(&enrolment).unwrap().code.as_str(), "100", "a branch is being recovered");
    assert!(store.scrub().unwrap() && store.check().unwrap().is_empty());
}

#[test]
fn a_relay_store_of_version_3_opens_with_everything_it_held() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relay.db");
    lay(include_str!("fixtures/relay-v3.sql"), &path);
    let store = SqliteRelayStore::open(&path).unwrap();
    let user = store.user_named("主管").unwrap().unwrap();
    assert_eq!(user.staff.unwrap().as_str(), "李*");
    let branch = store.branches().unwrap()[0].id;
    assert_eq!(store.head(branch).unwrap(), Position::new(5));
    assert!(store.check().unwrap().is_empty());
}

#[test]
fn a_relay_store_of_version_1_opens_with_everything_it_held() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relay.db");
    lay(include_str!("fixtures/relay-v1.sql"), &path);
    let mut store = SqliteRelayStore::open(&path).unwrap();
    let (branch, key) = (BranchId::from_bytes([1; 16]), DeviceKey::from_bytes([7; 32]));
    assert_eq!(store.branch_named("上海网点").unwrap().unwrap().id, branch);
    let device = store.device(key).unwrap().unwrap();
    assert_eq!((device.code.as_str(), device.report.unwrap().clock_offset_ms), ("01", -2));
    let actor = Actor::new(&key, Generation::from_bytes([1; 8]));
    assert_eq!(store.seen(branch, actor).unwrap().unwrap().seq, 3);
    let hashes: Vec<_> =
        store.changes(branch, Position::START, usize::MAX).unwrap().iter().map(|change| change.hash).collect();
    assert_eq!(hashes, [hash(1), hash(2), hash(3)]);
    let [one, two, three] = [(1, 1), (2, 2), (1, 3)].map(|(n, change)| Sum::of_change(doc(n), hash(change)));
    let sums: Vec<_> = (0..=4).map(|n| store.sum_at(branch, Position::new(n)).unwrap()).collect();
    assert_eq!(sums, [Some(Sum::ZERO), Some(one), Some(one + two), Some(one + two + three), None]);
    let book = Book::new(vec![(doc(1), one + three), (doc(2), two)]);
    let lower = DocId::from_bytes([0; 16]);
    let query = RangeQuery { lower, upper: None, count: 2, sum: book.sum() };
    assert_eq!(store.ranges(branch, &[query]).unwrap(), [RangeAnswer::Equal]);
    let branches = store.branches().unwrap();
    assert_ne!(branches[0].secret.as_bytes(), &[0; 32], "a branch of before has a key of its own now");
    let behind = store.behind(branch, 10).unwrap();
    assert!(matches!(&behind[0].content, Content::Bytes(bytes) if bytes.len() == 25) && behind[0].doc == doc(1));
    assert_eq!(store.quarantined(branch, 10).unwrap()[0].doc, doc(2));
    let (_, user) = store.session(TokenDigest::of(b"token"), at(50)).unwrap().unwrap();
    assert_eq!(user.name, "主管");
    let (invite, key, staff) = (InviteDigest::of("open"), DeviceKey::from_bytes([8; 32]), "李*".parse().unwrap());
    let enrolment = Enrolment { invite, key, name: String::new(), staff, app: String::new(), code: None, at: at(50) };
    assert_eq!(store.enrol(&enrolment).unwrap().code.as_str(), "02", "codes go on where they were");
    assert!(store.check().unwrap().is_empty());
}
