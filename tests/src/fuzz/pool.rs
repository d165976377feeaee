//! A few true documents, so that what is drawn from bytes can name them, cut them up and damage them.

use std::sync::{Arc, LazyLock};

use sha2::{Digest, Sha256};
use vocab::{Actor, ChangeHash, DeviceCode, DeviceKey, DocId};

use super::bytes::Bytes;
use crate::generate::{Branch, Pen};

/// The secret key of the one device in these stories.
pub(super) const SECRET: [u8; 32] = [7; 32];

/// A document and all of its changes.
pub(super) struct Document {
    pub(super) doc: DocId,
    pub(super) saved: Arc<[u8]>,
    pub(super) changes: Vec<(ChangeHash, Arc<[u8]>)>,
}

/// The first three are held by whoever is fed, the fourth is news, all of the device's own actor.
pub(super) static DOCUMENTS: LazyLock<Vec<Document>> = LazyLock::new(|| {
    let mut pen = Pen::new(actor(), DeviceCode::enrolled(7));
    let branch = Branch::of_customers(5, 4);
    let document = |(place, dossier)| {
        let (document, _) = pen.write(&dossier, 6).expect("a drawn dossier is in order");
        let changes = document.changes_since(&[]);
        let named = |bytes: Vec<u8>| (sync::inspect(&bytes).expect("a true change").hash, bytes.into());
        Document {
            doc: DocId::from_bytes([u8::try_from(place).unwrap_or_default() * 64 + 1; 16]),
            saved: document.save().into(),
            changes: changes.into_iter().map(named).collect(),
        }
    };
    (0_usize..).zip(branch.dossiers()).map(document).collect()
});

/// How many of [`DOCUMENTS`] are held.
pub(super) const HELD: usize = 3;

/// The key of [`SECRET`].
pub(super) fn key() -> DeviceKey {
    sync::DeviceSecret::from_bytes(&SECRET).key()
}

/// The device's actor: half of its key and a generation.
pub(super) fn actor() -> Actor {
    let mut bytes = [9; 16];
    bytes[..8].copy_from_slice(&key().as_bytes()[..8]);
    Actor::from_bytes(bytes)
}

/// One of the documents, or one that nobody has.
pub(super) fn doc(bytes: &mut Bytes<'_>) -> DocId {
    match bytes.below(6) {
        4 => DocId::from_bytes([bytes.byte(); 16]),
        5 => DocId::from_bytes(bytes.array()),
        place => DOCUMENTS[place].doc,
    }
}

/// A change of one of them, perhaps damaged, or bytes that are none.
pub(super) fn change(bytes: &mut Bytes<'_>) -> Arc<[u8]> {
    let document = &DOCUMENTS[bytes.below(4)];
    let place = bytes.below(document.changes.len());
    let true_one = &document.changes[place].1;
    match bytes.below(8) {
        6 => damaged(true_one, bytes).into(),
        7 => bytes.some().into(),
        _ => true_one.clone(),
    }
}

/// The hash of one of their changes, or of none.
pub(super) fn hash(bytes: &mut Bytes<'_>) -> ChangeHash {
    let document = &DOCUMENTS[bytes.below(4)];
    match bytes.below(4) {
        3 => bytes.hash(),
        _ => document.changes[bytes.below(document.changes.len())].0,
    }
}

/// Where an automerge chunk's contents begin at the latest: magic, checksum, type, length of up to three bytes.
const HEADER_BYTES: usize = 12;

/// A chunk with some of its bytes changed, and a checksum that is true all the same.
pub(super) fn damaged(chunk: &[u8], bytes: &mut Bytes<'_>) -> Vec<u8> {
    let mut chunk = chunk.to_vec();
    for _ in 0..=bytes.below(4) {
        let at = HEADER_BYTES + (usize::from(bytes.byte()) << 8 | usize::from(bytes.byte()));
        let to = bytes.byte();
        let at = at % chunk.len().max(1);
        if at >= HEADER_BYTES {
            chunk[at] = to;
        }
    }
    seal(&mut chunk);
    chunk
}

/// A chunk of this type (0 a document, 1 a change) with these contents and a true checksum.
pub(super) fn chunk(kind: u8, contents: &[u8]) -> Vec<u8> {
    let mut chunk = vec![0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0, kind];
    let mut len = contents.len();
    while len > 0x7f {
        chunk.push(u8::try_from(len & 0x7f).unwrap_or_default() | 0x80);
        len >>= 7;
    }
    chunk.push(u8::try_from(len).unwrap_or_default());
    chunk.extend_from_slice(contents);
    seal(&mut chunk);
    chunk
}

fn seal(chunk: &mut [u8]) {
    if chunk.len() > 8 {
        let hash = Sha256::digest(&chunk[8..]);
        chunk[4..8].copy_from_slice(&hash[..4]);
    }
}
