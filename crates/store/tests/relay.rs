//! The embedded relay store: the suite every relay store passes, and what is its own.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests do: by panicking")]

use std::path::Path;
use std::sync::Arc;

use store::{
    BranchDraft, Enrolment, Feeds, Invite, InviteDigest, Origin, Pushed, Registry, RelayStore, SecretKey,
    SqliteRelayStore, StoreError, StoreErrorKind, Submission,
};
use vocab::{
    Actor, BranchId, ChangeHash, ChangeHeader, DeviceKey, DocId, Epoch, Generation, Position, Role, Timestamp,
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
