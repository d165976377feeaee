//! A small world for the claims: ids from numbers, changes whose bytes say what they are, a generator with a seed.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use vocab::{
    Actor, BranchId, ChangeHash, ChangeHeader, Cursor, DeviceKey, DocId, Epoch, GENESIS_ACTOR, Generation, Position,
    Role, Timestamp, Tombstone, Verdict,
};

use crate::{
    Behind, BranchDraft, Content, DEFAULT_ZONE, Device, Enrolment, FeedAsk, Invite, InviteDigest, Origin, Pushed,
    RelayStore, SecretKey, Submission,
};

/// What `result` holds; a claim that did not expect an error fails with it.
pub(super) fn ok<T, E: Debug>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("the store failed: {error:?}"),
    }
}

/// What is there.
pub(super) fn there<T>(value: Option<T>) -> T {
    match value {
        Some(value) => value,
        None => panic!("the store lacks what it was given"),
    }
}

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(super) fn branch_id(n: u8) -> BranchId {
    BranchId::from_bytes([n; 16])
}

pub(super) fn epoch(n: u8) -> Epoch {
    Epoch::from_bytes([n; 16])
}

pub(super) fn key(n: u8) -> DeviceKey {
    DeviceKey::from_bytes([n; 32])
}

pub(super) fn actor(n: u8) -> Actor {
    Actor::new(&key(n), Generation::from_bytes([1; 8]))
}

pub(super) fn doc(n: u64) -> DocId {
    // Spread over the range as real ids are, so that their order is not the order of their making.
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    bytes[8..].copy_from_slice(&n.to_le_bytes());
    DocId::from_bytes(bytes)
}

pub(super) fn hash(n: u64) -> ChangeHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.wrapping_mul(0xd1b5_4a32_d192_ed03).to_le_bytes());
    bytes[24..].copy_from_slice(&n.to_le_bytes());
    ChangeHash::from_bytes(bytes)
}

pub(super) fn add_branch(store: &mut impl RelayStore, n: u8) -> BranchId {
    let draft = BranchDraft {
        id: branch_id(n),
        name: format!("branch {n}"),
        epoch: epoch(n),
        zone: DEFAULT_ZONE.to_owned(),
        secret: SecretKey::from_bytes([n; 32]),
        origin: Origin::New,
        created_at: at(1),
    };
    ok(store.add_branch(&draft)).id
}

pub(super) fn invite(store: &mut impl RelayStore, code: &str, branch: BranchId) -> InviteDigest {
    let digest = InviteDigest::of(code);
    let invite = Invite { digest, branch, role: Role::Engineer, staff: None, created_at: at(1), expires_at: at(1_000) };
    ok(store.add_invite(&invite));
    digest
}

pub(super) fn enrolment(invite: InviteDigest, key: DeviceKey) -> Enrolment {
    Enrolment {
        invite,
        key,
        name: "device".to_owned(),
        staff: ok("王*".parse()),
        app: "0.1.0".to_owned(),
        code: None,
        at: at(10),
    }
}

/// Registers the device with key number `n`.
pub(super) fn add_device(store: &mut impl RelayStore, n: u8, branch: BranchId) -> Device {
    let digest = invite(store, &format!("code {n}"), branch);
    ok(store.enrol(&enrolment(digest, key(n))))
}

const CHANGE: u8 = b'C';
const SAVED: u8 = b'S';

/// Bytes of a change: a mark, how much padding follows, its hash, padding.
pub(super) fn change_bytes(hash: ChangeHash, padding: usize) -> Arc<[u8]> {
    let mut bytes = vec![CHANGE];
    bytes.extend((padding as u32).to_le_bytes());
    bytes.extend(hash.as_bytes());
    bytes.resize(bytes.len() + padding, b'.');
    bytes.into()
}

/// A saved form: a mark, how many changes, their hashes.
pub(super) fn saved_bytes(hashes: &BTreeSet<ChangeHash>) -> Vec<u8> {
    let mut bytes = vec![SAVED];
    bytes.extend((hashes.len() as u32).to_le_bytes());
    hashes.iter().for_each(|hash| bytes.extend(hash.as_bytes()));
    bytes
}

/// The changes in bytes that concatenate saved forms and changes, in order.
pub(super) fn read_changes(mut bytes: &[u8]) -> Vec<ChangeHash> {
    let mut hashes = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<5>() {
        let count = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let (in_chunk, padding) = match head[0] {
            CHANGE => (1, count),
            SAVED => (count, 0),
            other => panic!("a chunk starts with {other}: the store returned other bytes than it was given"),
        };
        for chunk in rest[..in_chunk * 32].as_chunks::<32>().0 {
            hashes.push(ChangeHash::from_bytes(*chunk));
        }
        bytes = &rest[in_chunk * 32 + padding..];
    }
    assert!(bytes.is_empty(), "the store returned bytes that were cut");
    hashes
}

/// The bytes of a document that was not erased.
pub(super) fn whole(behind: &Behind) -> &[u8] {
    match &behind.content {
        Content::Bytes(bytes) => bytes,
        Content::Erased => panic!("{} was erased", behind.doc),
    }
}

/// A tombstone that nobody signed: the store does not look.
pub(super) fn tombstone(doc: DocId, why: &str) -> Tombstone {
    Tombstone { doc, at: at(90), why: why.to_owned(), key: [4; 32], signature: [5; 64] }
}

/// What a device at `after` asks that is owed nothing and takes documents of any size.
pub(super) fn ask(after: Cursor, bytes_max: usize, skip: &BTreeSet<Position>) -> FeedAsk<'_> {
    FeedAsk { after, owed: &[], bytes_max, large_bytes: usize::MAX, skip }
}

/// A change of document `doc_n` by the actor of device `n`.
pub(super) fn pushed(seq: u64, doc_n: u64, n: u8, actor_seq: u64, hash_n: u64, deps: &[u64]) -> Pushed {
    let hash = hash(hash_n);
    Pushed {
        seq,
        doc: doc(doc_n),
        header: ChangeHeader {
            hash,
            actor: if n == 0 { GENESIS_ACTOR } else { actor(n) },
            seq: actor_seq,
            deps: deps.iter().map(|n| self::hash(*n)).collect(),
            time: at(5),
        },
        bytes: change_bytes(hash, 60),
    }
}

pub(super) fn push(store: &mut impl RelayStore, branch: BranchId, n: u8, changes: Vec<Pushed>) -> Vec<Verdict> {
    let submission = Submission { branch, device: key(n), actor: actor(n), changes };
    ok(store.append(&[submission], at(100))).remove(0).verdicts
}

/// splitmix64: enough chance for a test, the same everywhere.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
