//! What a device may rely on from its store.

#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests do: by panicking")]

use std::path::Path;

use store::{DeviceStore, Identity, LastSync, Membership, OutboxSeq, SecretKey, StoreError, StoreErrorKind};
use vocab::{
    BranchId, ChangeHash, Cursor, DeviceCode, DeviceKey, DocId, Epoch, Generation, HybridClock, Position, Refusal,
    Role, Sum, Timestamp, Verdict,
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

fn doc(n: u8) -> DocId {
    DocId::from_random([n; 16])
}

fn hash(n: u8) -> ChangeHash {
    ChangeHash::from_bytes([n; 32])
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// 100,000 bytes that do not compress.
fn noise(seed: u8) -> Vec<u8> {
    let mut state = u64::from(seed) + 1;
    let step = |state: &mut u64| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 56) as u8
    };
    (0..100_000).map(|_| step(&mut state)).collect()
}

fn failure(result: Result<DeviceStore, StoreError>) -> StoreErrorKind {
    result.map(|_| ()).unwrap_err().kind()
}

/// Whether the modes of files and directories bind this process; they do not bind root.
fn modes_bind(directory: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let probe = directory.join("mode-probe");
    std::fs::write(&probe, "x").unwrap();
    std::fs::set_permissions(&probe, std::fs::Permissions::from_mode(0o000)).unwrap();
    let bind = std::fs::read(&probe).is_err();
    std::fs::remove_file(&probe).unwrap();
    bind
}

#[test]
fn what_one_process_commits_the_next_reads() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    let membership = Membership {
        relay: "ws://relay.example/sync".to_owned(),
        branch: BranchId::from_bytes([2; 16]),
        branch_name: "上海网点".to_owned(),
        epoch: Some(Epoch::from_bytes([3; 16])),
        cursor: Cursor::default(),
        owed: Vec::new(),
        suspect: false,
        frame_bytes: store::FRAME_BYTES_FIRST,
        ahead: vocab::Position::START,
        acknowledged: None,
    };
    let report = LastSync { at: at(5), report: serde_json::json!({"pushed": 1}) };
    let cursor = Cursor { base: Position::new(4), through: Position::new(9) };
    {
        let mut store = DeviceStore::create(&home, &identity()).unwrap();
        store
            .write(|tx| {
                tx.set_membership(&membership)?;
                tx.set_cursor(cursor)?;
                tx.set_clock(&HybridClock::new(at(77), -3))?;
                tx.set_last_sync(&report)?;
                tx.put_snapshot(doc(1), b"saved", &[hash(1)], Sum::ZERO)?;
                tx.append_change(doc(1), hash(2), b"+two", &[hash(2)])?;
                tx.append_change(doc(2), hash(3), b"begins", &[hash(3)])?;
                tx.push_outbox(doc(1), hash(2), b"+two")?;
                tx.note_invalid(doc(3), "unreadable", b"junk", at(6))?;
                assert_eq!((tx.next("CUST")?, tx.next("CUST")?, tx.next("event")?), (1, 2, 1));
                tx.count_past("CUST", 40)?;
                tx.count_past("event", 0)
            })
            .unwrap();
    }
    let mut store = DeviceStore::open(&home).unwrap();
    store
        .read(|tx| {
            assert_eq!(tx.identity()?, identity());
            assert_eq!(tx.membership()?, Some(Membership { cursor, ..membership }));
            assert_eq!(tx.clock()?, HybridClock::new(at(77), -3));
            assert_eq!(tx.last_sync()?, Some(report));
            assert_eq!((tx.counter("CUST")?, tx.counter("event")?, tx.counter("FB")?), (40, 1, 0));
            assert_eq!(tx.document_count()?, 2);
            let one = tx.document(doc(1))?.unwrap();
            assert_eq!((one.bytes, one.heads), (b"saved+two".to_vec(), vec![hash(2)]));
            assert_eq!(tx.document(doc(2))?.unwrap().bytes, b"begins");
            assert_eq!(tx.document(doc(4))?, None);
            assert_eq!(tx.invalid(10)?.len(), 1);
            assert_eq!(tx.outbox(OutboxSeq::START, 0)?.len(), 1);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert!(store.check().unwrap().is_empty());
}

#[test]
fn nothing_of_a_failed_transaction_remains() {
    let mut store = DeviceStore::in_memory(&identity()).unwrap();
    let failed: Result<(), StoreError> = store.write(|tx| {
        tx.next("CUST")?;
        tx.put_snapshot(doc(1), b"saved", &[], Sum::ZERO)?;
        tx.push_outbox(doc(1), hash(1), b"saved")?;
        Err(StoreError::Full)
    });
    assert!(failed.is_err());
    store
        .read(|tx| {
            assert_eq!((tx.counter("CUST")?, tx.document_count()?, tx.outbox_counts()?.waiting), (0, 0, 0));
            assert_eq!(tx.outbox_last()?, OutboxSeq::START);
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn the_home_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("deep/home");
    let mut store = DeviceStore::create(&home, &identity()).unwrap();
    store.write(|tx| tx.next("CUST")).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home), 0o700);
    for entry in std::fs::read_dir(&home).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    assert_eq!(format!("{:?}", identity().secret), "SecretKey(..)");
}

#[test]
fn absent_existing_and_half_made_stores_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    assert_eq!(failure(DeviceStore::open(home)), StoreErrorKind::Absent);
    // What a process leaves that dies between making the file and its first commit.
    std::fs::write(home.join(store::STORE_FILE), b"").unwrap();
    assert_eq!(failure(DeviceStore::open(home)), StoreErrorKind::Absent);
    DeviceStore::create(home, &identity()).unwrap();
    assert_eq!(failure(DeviceStore::create(home, &identity())), StoreErrorKind::Exists);
    assert!(DeviceStore::open(home).is_ok());
}

#[test]
fn files_that_are_not_a_store_are_corrupt_and_stay_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(store::STORE_FILE);
    std::fs::write(&path, "not a database, only a text that somebody put here".repeat(100)).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert_eq!(failure(DeviceStore::open(directory.path())), StoreErrorKind::Corrupt);
    assert_eq!(std::fs::read(&path).unwrap(), before);

    std::fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE mine (x); PRAGMA user_version = 1").unwrap();
    drop(other);
    assert_eq!(failure(DeviceStore::open(directory.path())), StoreErrorKind::Corrupt);
}

#[test]
fn a_store_damaged_in_the_middle_is_corrupt() {
    let directory = tempfile::tempdir().unwrap();
    {
        let mut store = DeviceStore::create(directory.path(), &identity()).unwrap();
        store
            .write(|tx| (0..200).try_for_each(|n| tx.put_snapshot(doc(n), &[n; 900], &[], Sum::ZERO).map(|_| ())))
            .unwrap();
        store.backup(&directory.path().join("copy")).unwrap();
    }
    let home = directory.path().join("damaged");
    std::fs::create_dir(&home).unwrap();
    let mut bytes = std::fs::read(directory.path().join("copy")).unwrap();
    std::fs::write(home.join(store::STORE_FILE), &bytes).unwrap();
    let all = |home: &Path| DeviceStore::open(home)?.read(|tx| tx.each_document(|_, _| Ok::<_, StoreError>(())));
    assert!(all(&home).is_ok(), "the control: the copy reads before it is damaged");
    let middle = bytes.len() / 2;
    bytes[middle - 20_000..middle + 20_000].fill(0xee);
    std::fs::write(home.join(store::STORE_FILE), &bytes).unwrap();
    assert_eq!(all(&home).unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    drop(DeviceStore::create(directory.path(), &identity()).unwrap());
    let path = directory.path().join(store::STORE_FILE);
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    match DeviceStore::open(directory.path()) {
        Err(StoreError::Newer { found: 99, known }) => assert!(known < 99),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_wal_stays_short_though_no_process_lives_to_empty_it() {
    let directory = tempfile::tempdir().unwrap();
    drop(DeviceStore::create(directory.path(), &identity()).unwrap());
    let wal = directory.path().join(format!("{}-wal", store::STORE_FILE));
    let mut longest = 0;
    for n in 0..60 {
        // Each turn is a process of its own as far as SQLite can tell: it opens, commits once and is gone.
        let mut store = DeviceStore::open(directory.path()).unwrap();
        store.write(|tx| tx.put_snapshot(doc(n), &noise(n), &[], Sum::ZERO)).unwrap();
        longest = longest.max(std::fs::metadata(&wal).unwrap().len());
    }
    assert!((100_000..1_500_000).contains(&longest), "{longest} bytes");
    let mut reader = DeviceStore::open(directory.path()).unwrap();
    let mut writer = DeviceStore::open(directory.path()).unwrap();
    reader
        .read(|tx| {
            assert_eq!(tx.document_count()?, 60);
            (0..30).try_for_each(|n| writer.write(|tx| tx.put_snapshot(doc(100 + n), &noise(n), &[], Sum::ZERO)))?;
            assert_eq!(tx.document_count()?, 60, "a reader keeps its view, and nobody waits for it");
            Ok::<_, StoreError>(())
        })
        .unwrap();
    writer.write(|tx| tx.next("CUST")).unwrap();
    assert!(std::fs::metadata(&wal).unwrap().len() < 1_500_000, "the first commit after the reader empties it");
}

#[test]
fn a_full_disk_is_full_and_what_was_saved_stays() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = DeviceStore::create(directory.path(), &identity()).unwrap();
    store.write(|tx| tx.put_snapshot(doc(1), &[1; 100], &[], Sum::ZERO)).unwrap();
    let fill = |store: &mut DeviceStore| {
        store.write(|tx| {
            tx.connection().execute_batch("PRAGMA max_page_count = 40")?;
            (0..250).try_for_each(|n| tx.put_snapshot(doc(n), &[n; 900], &[], Sum::ZERO).map(|_| ()))
        })
    };
    assert_eq!(fill(&mut store).unwrap_err().kind(), StoreErrorKind::Full);
    drop(store);
    let mut store = DeviceStore::open(directory.path()).unwrap();
    store
        .read(|tx| {
            assert_eq!(tx.document_count()?, 1);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    store.write(|tx| tx.put_snapshot(doc(2), &[2; 100], &[], Sum::ZERO)).unwrap();
}

#[test]
fn a_store_that_may_not_be_written_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let mut store = DeviceStore::create(directory.path(), &identity()).unwrap();
    let refused = store.write(|tx| {
        tx.connection().execute_batch("PRAGMA query_only = ON")?;
        tx.next("CUST")
    });
    assert_eq!(refused.unwrap_err().kind(), StoreErrorKind::ReadOnly);
    drop(store);

    if modes_bind(directory.path()) {
        let path = directory.path().join(store::STORE_FILE);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(failure(DeviceStore::open(directory.path())), StoreErrorKind::ReadOnly);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
        assert_eq!(failure(DeviceStore::open(directory.path())), StoreErrorKind::Unreadable);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    // A directory in the file's place cannot be opened by anybody, root included.
    let home = directory.path().join("odd");
    std::fs::create_dir_all(home.join(store::STORE_FILE)).unwrap();
    assert_eq!(failure(DeviceStore::open(&home)), StoreErrorKind::Unreadable);
    // Nor can a home be made below a file.
    assert_eq!(
        failure(DeviceStore::create(&directory.path().join(store::STORE_FILE).join("home"), &identity())),
        StoreErrorKind::Unreadable
    );
}

#[test]
fn another_connection_waits_its_turn_and_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = DeviceStore::create(directory.path(), &identity()).unwrap();
    let mut second = DeviceStore::open(directory.path()).unwrap();
    let before = first.data_version().unwrap();
    assert_eq!(first.data_version().unwrap(), before);

    let (holding, held) = std::sync::mpsc::channel();
    let home = directory.path().to_path_buf();
    let other = std::thread::spawn(move || {
        let mut third = DeviceStore::open(&home).unwrap();
        third
            .write(|tx| {
                holding.send(()).unwrap();
                (0..2_000).try_for_each(|_| tx.next("CUST").map(|_| ()))
            })
            .unwrap();
    });
    held.recv().unwrap();
    let next = second.write(|tx| tx.next("CUST")).unwrap();
    other.join().unwrap();
    assert_eq!(next, 2_001);
    assert_ne!(first.data_version().unwrap(), before);
    let own = first.data_version().unwrap();
    first.write(|tx| tx.next("CUST")).unwrap();
    assert_eq!(first.data_version().unwrap(), own, "a connection's own commits do not wake it");
}

#[test]
fn the_outbox_keeps_its_order_and_what_was_refused() {
    let mut store = DeviceStore::in_memory(&identity()).unwrap();
    store
        .write(|tx| {
            tx.set_membership(&Membership {
                relay: String::new(),
                branch: BranchId::from_bytes([2; 16]),
                branch_name: String::new(),
                epoch: Some(Epoch::from_bytes([3; 16])),
                cursor: Cursor::default(),
                owed: Vec::new(),
                suspect: false,
                frame_bytes: store::FRAME_BYTES_FIRST,
                ahead: vocab::Position::START,
                acknowledged: None,
            })?;
            for n in 1..=5 {
                tx.push_outbox(doc(n), hash(n), &[n; 10])?;
            }
            let seqs = |after, bytes_max| -> Result<Vec<u64>, StoreError> {
                Ok(tx.outbox(OutboxSeq::new(after), bytes_max)?.iter().map(|entry| entry.seq.get()).collect())
            };
            assert_eq!(seqs(0, 30)?, [1, 2, 3]);
            assert_eq!(seqs(3, 30)?, [4, 5]);
            assert_eq!(seqs(1, 0)?, [2], "one that is larger than the batch still goes");

            let had = Verdict::Had(Position::new(8));
            let accepted = Verdict::Accepted(Position::new(9));
            let refused = Verdict::Refused(Refusal::MissingDependency);
            let verdicts = [(3, had), (1, accepted), (2, refused), (9, accepted)];
            let verdicts: Vec<_> = verdicts.iter().map(|(seq, verdict)| (OutboxSeq::new(*seq), *verdict)).collect();
            tx.settle(&verdicts, at(70))?;
            assert_eq!(seqs(0, 1_000)?, [4, 5]);
            let acknowledged = tx.membership()?.unwrap().acknowledged.unwrap();
            assert_eq!((acknowledged.seq.get(), acknowledged.hash), (3, hash(3)));
            tx.settle(&verdicts, at(71))?;
            assert_eq!(tx.membership()?.unwrap().acknowledged, Some(acknowledged));

            let counts = tx.outbox_counts()?;
            assert_eq!((counts.waiting, counts.waiting_bytes, counts.refused), (2, 20, 1));
            let listed = tx.refused(10)?;
            assert_eq!((listed[0].seq.get(), listed[0].reason), (2, Refusal::MissingDependency));
            assert_eq!((tx.refused_since(at(71))?, tx.refused_since(at(72))?), (1, 0));
            assert!(!tx.retry_refused(OutboxSeq::new(4))?, "it was not refused");
            assert!(tx.retry_refused(OutboxSeq::new(2))?);
            assert_eq!(seqs(0, 1_000)?, [2, 4, 5]);
            assert_eq!((tx.outbox_hash(OutboxSeq::new(4))?, tx.outbox_hash(OutboxSeq::new(3))?), (Some(hash(4)), None));
            assert_eq!(tx.outbox_last()?.get(), 5);
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn numbers_of_the_outbox_are_never_given_twice() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = DeviceStore::create(directory.path(), &identity()).unwrap();
    let seq = store.write(|tx| tx.push_outbox(doc(1), hash(1), b"x")).unwrap();
    store.write(|tx| tx.settle(&[(seq, Verdict::Accepted(Position::new(1)))], at(1))).unwrap();
    drop(store);
    let mut store = DeviceStore::open(directory.path()).unwrap();
    assert_eq!(store.write(|tx| tx.push_outbox(doc(1), hash(2), b"y")).unwrap().get(), seq.get() + 1);
}

#[test]
fn a_long_tail_asks_to_be_folded_and_a_snapshot_replaces_it() {
    let mut store = DeviceStore::in_memory(&identity()).unwrap();
    store
        .write(|tx| {
            tx.put_snapshot(doc(1), &[1; 600], &[hash(1)], Sum::ZERO)?;
            let mut tail = tx.append_change(doc(1), hash(2), &[2; 100], &[hash(2)])?;
            assert!(!tail.wants_compaction());
            assert!(tx.surely_holds(doc(1), hash(2))?);
            for n in 3..=34 {
                tail = tx.append_change(doc(1), hash(n), &[n; 100], &[hash(n)])?;
            }
            assert!(tail.wants_compaction());
            assert!(tx.surely_holds(doc(1), hash(3))?);
            assert!(!tx.surely_holds(doc(1), hash(99))? && !tx.surely_holds(doc(2), hash(3))?);
            let whole = tx.document(doc(1))?.unwrap();
            assert_eq!(whole.bytes.len(), 600 + 33 * 100);
            tx.compact(doc(1), &whole.bytes, &whole.heads)?;
            let folded = tx.document(doc(1))?.unwrap();
            assert_eq!((folded.bytes, folded.tail.changes), (whole.bytes, 0));
            assert!(!tx.append_change(doc(1), hash(35), &[35; 100], &[hash(35)])?.wants_compaction());
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn a_backup_taken_while_another_writes_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = DeviceStore::create(directory.path(), &identity()).unwrap();
    writer.write(|tx| tx.put_snapshot(doc(1), b"saved", &[], Sum::ZERO)).unwrap();
    let reader = DeviceStore::open(directory.path()).unwrap();
    let home = directory.path().join("restored");
    std::fs::create_dir(&home).unwrap();
    let copy = home.join(store::STORE_FILE);
    writer
        .write(|tx| {
            tx.put_snapshot(doc(2), b"not yet", &[], Sum::ZERO)?;
            reader.backup(&copy)
        })
        .unwrap();
    let mut restored = DeviceStore::open(&home).unwrap();
    assert_eq!(restored.read(|tx| tx.document_count()).unwrap(), 1);
    assert_eq!(reader.backup(&copy).unwrap_err().kind(), StoreErrorKind::Exists);
}

#[test]
fn a_commit_waits_for_the_disk() {
    // No test can cut the power, and a killed process leaves what it wrote with the system: so I1 rests on this setting.
    const FULL: i64 = 2;
    let home = tempfile::tempdir().unwrap();
    let setting = |store: &mut DeviceStore, name: &str| -> String {
        store
            .read(|tx| {
                let value: rusqlite::types::Value =
                    tx.connection().pragma_query_value(None, name, |row| row.get(0)).map_err(StoreError::from)?;
                Ok::<_, StoreError>(format!("{value:?}"))
            })
            .unwrap()
    };
    let mut made = DeviceStore::create(home.path(), &identity()).unwrap();
    let mut opened = DeviceStore::open(home.path()).unwrap();
    for store in [&mut made, &mut opened] {
        assert_eq!(setting(store, "synchronous"), format!("Integer({FULL})"));
        assert_eq!(setting(store, "journal_mode"), "Text(\"wal\")");
    }
}

#[test]
fn what_is_set_aside_is_added_to_and_never_replaced() {
    let mut store = DeviceStore::in_memory(&identity()).unwrap();
    for bytes in [b"\0first\xff\0".as_slice(), b"\0\xfesecond"] {
        store.write(|tx| tx.note_invalid(doc(3), "unreadable", bytes, at(6))).unwrap();
    }
    let kept: Vec<u8> = store
        .read(|tx| {
            let kept = tx.connection().query_row("SELECT bytes FROM invalid", [], |row| row.get(0));
            kept.map_err(StoreError::from)
        })
        .unwrap();
    assert_eq!(kept, b"\0first\xff\0\0\xfesecond");
}

#[test]
fn a_copy_in_memory_is_the_store_as_it_was() {
    let mut store = DeviceStore::in_memory(&identity()).unwrap();
    let numbered = |store: &mut DeviceStore| store.write(|tx| tx.next("CUST")).unwrap();
    assert_eq!(numbered(&mut store), 1);
    let mut copy = store.copy_in_memory().unwrap();
    assert_eq!(numbered(&mut store), 2);
    assert_eq!(numbered(&mut copy), 2, "the copy goes on from where it was made");
    assert_eq!(numbered(&mut store), 3, "and the store without it");
}

#[test]
fn nothing_of_a_commit_that_the_disk_refuses_remains() {
    let mut store = DeviceStore::in_memory(&identity()).unwrap();
    store.connection_mut().commit_hook(Some(|| true)).unwrap();
    assert!(store.write(|tx| tx.next("CUST")).is_err());
    store.connection_mut().commit_hook(None::<fn() -> bool>).unwrap();
    assert_eq!(store.write(|tx| tx.next("CUST")).unwrap(), 1);
}
