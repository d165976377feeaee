//! What the simulated people write: automerge documents with a deterministic first change, as dossiers have.

use std::collections::BTreeSet;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, AutoCommit, ObjType, ROOT, ReadDoc};
use vocab::{Actor, ChangeHash, GENESIS_ACTOR};

use super::{Fallible, wrong};

/// One change as it goes into an outbox.
pub(super) struct Written {
    pub(super) hash: ChangeHash,
    pub(super) bytes: Vec<u8>,
}

/// The first change of every document.
pub(super) fn genesis() -> Fallible<Written> {
    let mut doc = AutoCommit::new().with_actor(ActorId::from(*GENESIS_ACTOR.as_bytes()));
    doc.put_object(ROOT, "records", ObjType::Map).map_err(wrong)?;
    doc.commit_with(CommitOptions::default().with_time(0));
    last_change(&mut doc)
}

/// Sets a key of a document. Returns the change, and the heads and saved form after it.
pub(super) fn edit(
    bytes: &[u8],
    actor: Actor,
    time_ms: i64,
    key: &str,
    value: &str,
) -> Fallible<(Written, Vec<ChangeHash>)> {
    let mut doc = load(bytes)?;
    doc.set_actor(ActorId::from(*actor.as_bytes()));
    let (_, records) = doc.get(ROOT, "records").map_err(wrong)?.ok_or("a document has no records")?;
    doc.put(&records, key, value).map_err(wrong)?;
    doc.commit_with(CommitOptions::default().with_time(time_ms));
    let written = last_change(&mut doc)?;
    Ok((written, heads_of(&mut doc)))
}

fn last_change(doc: &mut AutoCommit) -> Fallible<Written> {
    let change = doc.get_last_local_change().ok_or("an edit made no change")?;
    Ok(Written { hash: ChangeHash::from_bytes(change.hash().0), bytes: change.raw_bytes().to_vec() })
}

fn load(bytes: &[u8]) -> Fallible<AutoCommit> {
    AutoCommit::load(bytes).map_err(wrong)
}

fn heads_of(doc: &mut AutoCommit) -> Vec<ChangeHash> {
    doc.get_heads().into_iter().map(|head| ChangeHash::from_bytes(head.0)).collect()
}

/// A document that several pieces were put into.
pub(super) struct Merged {
    pub(super) saved: Vec<u8>,
    pub(super) heads: Vec<ChangeHash>,
    /// Whether anything was new.
    pub(super) changed: bool,
}

/// Puts what arrived, in any order and any number of times, into a document.
pub(super) fn merge(held: Option<&[u8]>, pieces: &[&[u8]]) -> Fallible<Merged> {
    let mut doc = match held {
        Some(bytes) => load(bytes)?,
        None => AutoCommit::new(),
    };
    let before = heads_of(&mut doc);
    for piece in pieces {
        doc.load_incremental(piece).map_err(wrong)?;
    }
    let missing = doc.get_missing_deps(&[]);
    if !missing.is_empty() {
        return Err(format!("a change arrived before what it depends on: {missing:?}"));
    }
    let heads = heads_of(&mut doc);
    Ok(Merged { saved: doc.save_nocompress(), changed: heads != before, heads })
}

/// What a document holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) changes: BTreeSet<ChangeHash>,
    pub(super) heads: Vec<ChangeHash>,
}

/// What the document in these bytes holds.
pub(super) fn contents(bytes: &[u8]) -> Fallible<Contents> {
    let mut doc = load(bytes)?;
    let changes = doc.get_changes(&[]).iter().map(|change| ChangeHash::from_bytes(change.hash().0)).collect();
    Ok(Contents { changes, heads: heads_of(&mut doc) })
}
