//! Documents: as they arrive, as they are taken in, as they lie in a file.

use std::cell::RefCell;

use records::Dossier;
use store::{DeviceStore, Identity, SecretKey, StoreError};
use vocab::{DeviceCode, DocId, Generation, Role, Sum, Timestamp};

use super::bytes::Bytes;
use super::pool;

/// A saved document: as it came, as the contents of a chunk with a true checksum, and as damage to a true one.
pub(super) fn dossier(data: &[u8]) {
    looked_at(data);
    looked_at(&pool::chunk(0, data));
    let mut bytes = Bytes::new(data);
    let document = &pool::DOCUMENTS[bytes.below(4)];
    let mut damaged = pool::damaged(&document.saved, &mut bytes);
    if bytes.one_in(2) {
        damaged.extend(pool::damaged(&document.changes[1].1, &mut bytes));
    }
    looked_at(&damaged);
}

fn looked_at(bytes: &[u8]) {
    // Arriving bytes are received; stored ones are loaded.
    if let Ok((dossier, _)) = Dossier::receive(bytes) {
        all_views(&dossier);
    }
    if let Ok(dossier) = Dossier::load(bytes) {
        all_views(&dossier);
    }
}

fn all_views(dossier: &Dossier) {
    let view = dossier.read();
    for record in view.records.iter().take(4) {
        let _ = dossier.history(&record.id);
    }
    let _ = dossier.as_of(Timestamp::from_millis(1_740_000_000_000));
    let saved = dossier.save();
    let again = Dossier::load(&saved).expect("what was saved can be loaded");
    assert_eq!(again.heads(), dossier.heads());
}

/// Changes from elsewhere, some of them damaged, in any order: what is not taken in is handed back, and taking them in again
/// changes nothing.
pub(super) fn take(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let mut dossier = Dossier::create();
    let mut given = Vec::new();
    while !bytes.is_empty() && given.len() < 24 {
        given.push(pool::change(&mut bytes));
    }
    for batch in given.chunks(3) {
        let changes: Vec<&[u8]> = batch.iter().map(|change| &**change).collect();
        let _ = dossier.take(&changes);
    }
    all_views(&dossier);
    let heads = dossier.heads();
    let held: Vec<Vec<u8>> = dossier.changes_since(&[]);
    let again = dossier.take(&held.iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert!(again.is_unchanged() && dossier.heads() == heads);
}

thread_local! {
    static STORE: RefCell<Option<DeviceStore>> = const { RefCell::new(None) };
}

/// A store's file whose document bytes were changed by something else than the store.
pub(super) fn stored(data: &[u8]) {
    STORE.with_borrow_mut(|kept| {
        let store = kept.get_or_insert_with(|| held().expect("a store in memory"));
        let mut bytes = Bytes::new(data);
        let into = bytes.below(3);
        let rest = bytes.rest();
        let undone = store.write::<(), Undone>(|tx| {
            tx.put_snapshot(DOC, &pool::DOCUMENTS[0].saved, &[], Sum::ZERO)?;
            let sql = match into {
                0 => "UPDATE snapshot SET bytes = ?1",
                1 => "UPDATE snapshot SET bytes = x'28b52ffd' || ?1",
                _ => "UPDATE document SET heads = ?1",
            };
            tx.connection().execute(sql, [rest]).map_err(StoreError::from)?;
            // Unreadable is an answer; a panic is none.
            let _ = tx.document(DOC);
            let _ = tx.heads(DOC);
            Err(Undone)
        });
        assert!(undone.is_err());
    });
}

const DOC: DocId = DocId::from_bytes([3; 16]);

/// Every trial is undone.
#[derive(Debug)]
struct Undone;

impl From<StoreError> for Undone {
    fn from(_: StoreError) -> Self {
        Undone
    }
}

fn held() -> Result<DeviceStore, StoreError> {
    let key = pool::key();
    DeviceStore::in_memory(&Identity {
        secret: SecretKey::from_bytes(pool::SECRET),
        key,
        generation: Generation::from_bytes([9; 8]),
        code: DeviceCode::provisional(&key),
        staff: "王*".parse().expect("a name"),
        role: Role::Engineer,
        name: String::new(),
    })
}
