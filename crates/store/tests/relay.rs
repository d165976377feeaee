//! The embedded relay store: the suite every relay store passes, and what is its own.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests do: by panicking")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use store::{
    BookCache, Books, BranchDraft, Documents, Enrolment, Erasure, Feeds, Intake, Invite, InviteDigest, Materialized,
    Origin, Pushed, Registry, RelayStore, Restoration, Restoring, SecretKey, SqliteRelayStore, StoreError,
    StoreErrorKind, Submission,
};
use vocab::{
    Actor, BranchId, ChangeHash, ChangeHeader, DeviceKey, DocId, Epoch, Generation, Position, RangeAnswer, RangeQuery,
    Role, Sum, Timestamp, Tombstone, Verdict,
};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn branch() -> BranchId {
    BranchId::from_bytes([1; 16])
}

fn registered(path: &Path) -> SqliteRelayStore {
    let mut store = SqliteRelayStore::create(path).unwrap();
    let draft = BranchDraft {
        id: branch(),
        name: "上海网点".to_owned(),
        epoch: Epoch::from_bytes([2; 16]),
        zone: store::DEFAULT_ZONE.to_owned(),
        secret: SecretKey::from_bytes([5; 32]),
        origin: Origin::New,
        created_at: at(1),
    };
    store.add_branch(&draft).unwrap();
    let invite = InviteDigest::of("code");
    let role = Role::Engineer;
    let expires_at = at(100);
    store
        .add_invite(&Invite { digest: invite, branch: branch(), role, staff: None, created_at: at(1), expires_at })
        .unwrap();
    let (key, staff) = (DeviceKey::from_bytes([3; 32]), "王*".parse().unwrap());
    store
        .enrol(&Enrolment { invite, key, name: String::new(), staff, app: String::new(), code: None, at: at(2) })
        .unwrap();
    store
}

fn push(n: u8) -> Submission {
    let key = DeviceKey::from_bytes([3; 32]);
    let actor = Actor::new(&key, Generation::from_bytes([4; 8]));
    let header = ChangeHeader { hash: ChangeHash::from_bytes([n; 32]), actor, seq: 1, deps: vec![], time: at(5) };
    let pushed =
        Pushed { seq: n.into(), doc: DocId::from_random([n; 16]), header, bytes: Arc::from(vec![n; 100].as_slice()) };
    Submission { branch: branch(), device: key, actor, changes: vec![pushed] }
}

#[test]
fn the_embedded_store_is_a_relay_store() {
    let directory = tempfile::tempdir().unwrap();
    store::conformance::run(|name| {
        // The random histories commit thousands of times; they need no disk to be true.
        if name.starts_with("pull") {
            SqliteRelayStore::in_memory().unwrap()
        } else {
            SqliteRelayStore::open_or_create(&directory.path().join(name)).unwrap()
        }
    });
}

#[test]
fn a_store_in_memory_is_one_too_as_long_as_it_lives() {
    let mut store = SqliteRelayStore::in_memory().unwrap();
    assert_eq!(store.head(branch()).unwrap(), Position::START);
    assert!(store.append(&[push(1)], at(1)).is_ok());
}

#[test]
fn what_is_wrong_with_the_file_is_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data").join("relay.db");
    let failure = |result: Result<SqliteRelayStore, StoreError>| result.map(|_| ()).unwrap_err().kind();
    assert_eq!(failure(SqliteRelayStore::open(&path)), StoreErrorKind::Absent);
    drop(registered(&path));
    assert!(SqliteRelayStore::open(&path).is_ok());
    assert_eq!(failure(SqliteRelayStore::create(&path)), StoreErrorKind::Exists);
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    assert_eq!(failure(SqliteRelayStore::open_or_create(&path)), StoreErrorKind::Newer);
    let device = directory.path().join("device.db");
    rusqlite::Connection::open(&device)
        .unwrap()
        .execute_batch("PRAGMA application_id = 1178747990; PRAGMA user_version = 1; CREATE TABLE t (x)")
        .unwrap();
    assert_eq!(failure(SqliteRelayStore::open(&device)), StoreErrorKind::Corrupt, "a store of another kind");
}

#[test]
fn nothing_of_a_group_remains_when_it_does_not_fit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relay.db");
    let mut store = registered(&path);
    store.append(&[push(1)], at(9)).unwrap();
    store.limit_file(64 * 4_096).unwrap();
    let mut group: Vec<_> = (2..200).map(push).collect();
    for submission in &mut group {
        submission.changes[0].bytes = Arc::from(vec![7; 4_000].as_slice());
    }
    assert_eq!(store.append(&group, at(10)).unwrap_err().kind(), StoreErrorKind::Full);
    assert_eq!(store.head(branch()).unwrap(), Position::new(1));
    drop(store);
    let mut store = SqliteRelayStore::open(&path).unwrap();
    assert_eq!(store.append(&group, at(10)).unwrap().len(), 198, "the control: it fits when there is space");
    assert!(store.check().unwrap().is_empty());
}

#[test]
fn a_backup_taken_while_another_appends_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relay.db");
    let mut store = registered(&path);
    store.append(&[push(1)], at(9)).unwrap();
    let reader = SqliteRelayStore::open(&path).unwrap();
    let copy = directory.path().join("copy.db");
    let writer = std::thread::spawn(move || {
        for n in 2..100 {
            store.append(&[push(n)], at(9)).unwrap();
        }
    });
    reader.backup(&copy).unwrap();
    writer.join().unwrap();
    let restored = SqliteRelayStore::open(&copy).unwrap();
    let head = restored.head(branch()).unwrap().get();
    assert!((1..100).contains(&head));
    assert_eq!(restored.changes(branch(), Position::START, usize::MAX).unwrap().len() as u64, head);
    assert_eq!(reader.head(branch()).unwrap(), Position::new(99));
    assert_eq!(reader.backup(&copy).unwrap_err().kind(), StoreErrorKind::Exists);
}

const MARK: &[u8] = "黄小明的资料<".as_bytes();

/// A name that stands in one document only.
fn name(n: u8) -> Vec<u8> {
    [MARK, format!("{n}>").as_bytes()].concat()
}

/// Whose names stand anywhere in the store's files, whole or cut by the end of a page.
fn names_in_files(path: &Path) -> BTreeSet<String> {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let mut found = BTreeSet::new();
    for file in [path.as_os_str().to_owned(), wal] {
        let bytes = std::fs::read(file).unwrap_or_default();
        for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == MARK[0]) {
            if let Some(rest) = bytes[at..].strip_prefix(MARK) {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                found.insert(String::from_utf8_lossy(&rest[..digits]).into_owned());
            }
        }
    }
    found
}

#[test]
fn no_byte_of_an_erased_document_stays_in_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relay.db");
    let mut store = registered(&path);
    let doc = |n: u8| DocId::from_random([n; 16]);
    let saved = |n: u8, times: usize| Materialized {
        doc: doc(n),
        through: Position::new(n.into()),
        heads: vec![],
        bytes: [name(n), vec![b'.'; 90]].concat().repeat(times),
    };
    let mut group: Vec<_> = (1..=200).map(push).collect();
    for (submission, n) in group.iter_mut().zip(1..) {
        submission.changes[0].bytes = Arc::from(name(n).repeat(1 + usize::from(n) % 9));
    }
    store.append(&group, at(9)).unwrap();
    // Saved forms that come and grow in no order split pages, which leaves copies behind.
    for times in 1..=3 {
        let order: Vec<u8> = (0..200_u16).map(|n| 1 + (n * 77 % 200) as u8).collect();
        for some in order.chunks(20) {
            let some: Vec<_> = some.iter().map(|n| saved(*n, times + usize::from(*n) % 4)).collect();
            store.put_materialized(branch(), &some).unwrap();
        }
    }
    let erased: Vec<u8> = (1..=200).step_by(5).collect();
    let all: BTreeSet<_> = (1..=200).map(|n: u8| n.to_string()).collect();
    assert!(names_in_files(&path).is_superset(&all), "the control: the search finds what is there");
    for n in &erased {
        let tombstone =
            Tombstone { doc: doc(*n), at: at(10), why: "asked for".to_owned(), key: [1; 32], signature: [2; 64] };
        assert!(matches!(store.erase(branch(), &tombstone).unwrap(), Erasure::Erased { .. }));
        // What somebody made of it before it was erased comes too late.
        store.put_materialized(branch(), &[saved(*n, 2)]).unwrap();
    }
    assert!(store.scrub().unwrap());
    let left = names_in_files(&path);
    let wrong: Vec<_> = erased.iter().filter(|n| left.contains(&n.to_string())).collect();
    assert!(wrong.is_empty(), "something is left of {wrong:?}");
    assert!(left.contains("2"), "the control: what was not erased is still there");
    assert!(store.check().unwrap().is_empty());
    drop(store);
    let mut store = SqliteRelayStore::open(&path).unwrap();
    assert!(!store.scrub().unwrap());
    assert_eq!(store.counts(branch()).unwrap().documents, 160);
}

#[test]
fn who_wrote_in_a_document_is_forgotten_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relay.db");
    let mut store = registered(&path);
    store.append(&[push(1), push(2)], at(9)).unwrap();
    let doc = DocId::from_random([1; 16]);
    let tombstone = Tombstone { doc, at: at(10), why: String::new(), key: [1; 32], signature: [2; 64] };
    let mut again = push(1);
    again.changes[0].header = ChangeHeader {
        hash: ChangeHash::from_bytes([9; 32]),
        seq: 2,
        deps: vec![ChangeHash::from_bytes([1; 32])],
        ..again.changes[0].header.clone()
    };
    let device = again.device;
    let erasing = Restoration { branch: branch(), device, items: vec![Restoring::Erased(tombstone)] };
    let appended = store.take(&[Intake::Push(&again), Intake::Restore(&erasing)], at(11)).unwrap();
    assert!(appended.iter().all(|one| matches!(one.verdicts[..], [Verdict::Accepted(_)])));
    let authors = |doc: DocId| -> i64 {
        let query =
            "SELECT count(*) FROM author JOIN document ON document.id = author.document WHERE document.doc = ?1";
        rusqlite::Connection::open(&path).unwrap().query_row(query, [doc.as_bytes()], |row| row.get(0)).unwrap()
    };
    assert_eq!((authors(doc), authors(DocId::from_random([2; 16]))), (0, 1), "the control: another document");
}

#[test]
fn scrubbing_stays_to_be_done_while_somebody_reads_what_there_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relay.db");
    let mut store = registered(&path);
    store.append(&[push(1), push(2)], at(9)).unwrap();
    let tombstone = |n: u8| {
        let doc = DocId::from_random([n; 16]);
        Tombstone { doc, at: at(10), why: String::new(), key: [1; 32], signature: [2; 64] }
    };
    store.erase(branch(), &tombstone(1)).unwrap();
    let mut reader = rusqlite::Connection::open(&path).unwrap();
    let reading = reader.transaction().unwrap();
    let count: i64 = reading.query_row("SELECT count(*) FROM feed", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 3);
    assert_eq!(store.scrub().unwrap_err().kind(), StoreErrorKind::Busy);
    drop(reading);
    assert!(store.scrub().unwrap(), "the control: with nobody reading");
}

#[test]
fn connections_that_share_a_book_see_what_others_write() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relay.db");
    let mut writer = registered(&path);
    let books = BookCache::default();
    let readers: Vec<_> = (0..2).map(|_| SqliteRelayStore::open_sharing(&path, &books).unwrap()).collect();
    let everything = |count, sum| RangeQuery { lower: DocId::from_bytes([0; 16]), upper: None, count, sum };
    let mut sum = Sum::ZERO;
    for n in 1..=20 {
        writer.append(&[push(n)], at(9)).unwrap();
        sum += Sum::of_change(DocId::from_random([n; 16]), ChangeHash::from_bytes([n; 32]));
        for reader in &readers {
            let answers = reader.ranges(branch(), &[everything(n.into(), sum)]).unwrap();
            assert_eq!(answers, [RangeAnswer::Equal], "after {n} changes");
        }
    }
    // A relay that was restored goes back, under another epoch.
    let copy = directory.path().join("copy.db");
    writer.backup(&copy).unwrap();
    let mut restored = SqliteRelayStore::open_sharing(&copy, &books).unwrap();
    writer.append(&[push(21)], at(9)).unwrap();
    assert!(matches!(readers[0].ranges(branch(), &[everything(20, sum)]).unwrap()[0], RangeAnswer::Split(_)));
    restored.set_epoch(branch(), Epoch::from_bytes([9; 16])).unwrap();
    assert_eq!(restored.ranges(branch(), &[everything(20, sum)]).unwrap(), [RangeAnswer::Equal]);
}
