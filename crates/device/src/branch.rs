//! The documents that a branch has one of: its board and its policy (design, section 1).
//!
//! - Every device works out their ids from the branch's id, so two that open the board apart write to the same document.
//! - A device that belongs to no branch keeps them under ids worked out from its own key.
//! - Joining a branch turns the board held so far into the branch's: the same changes, byte for byte, under the other id. All
//!   documents have one genesis and a change does not name its document, so nothing of it is written again, and what others
//!   wrote to that board merges with it like any two copies.
//! - Numbers that an actor gave in both documents (a device that changed branches and came back) are settled as everywhere:
//!   what the branch has keeps them, the other line is written again.
//! - A policy goes along only where the branch is the same one made again after its relay was lost: a device must not bring
//!   the rules of another branch.

use std::collections::BTreeSet;

use records::{Class, Dossier};
use store::{ReadTx, WriteTx};
use vocab::{BranchId, ChangeHash, DeviceKey, DocId, Sum, Timestamp};

use crate::error::WorkError;
use crate::rows;

/// The branch whose board this store writes: the one it belongs to, else one of its own that no relay knows.
pub(crate) fn own(tx: &ReadTx<'_>) -> Result<BranchId, WorkError> {
    Ok(match tx.membership()? {
        Some(membership) => membership.branch,
        None => alone(&tx.identity()?.key),
    })
}

/// The branch of a device that belongs to none: the first 16 bytes of its key, which no relay draws for a branch.
pub(crate) fn alone(key: &DeviceKey) -> BranchId {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&key.as_bytes()[..16]);
    BranchId::from_bytes(bytes)
}

/// Lets what was written on the board of `from` stand on the board of `to`.
pub(crate) fn carry(
    tx: &WriteTx<'_>,
    key: &DeviceKey,
    classes: &[Class],
    from: BranchId,
    to: BranchId,
    wall: Timestamp,
) -> Result<(), WorkError> {
    for class in classes {
        if let (Some(old), Some(new)) = (class.document(from), class.document(to))
            && old != new
        {
            carry_document(tx, key, old, new, wall)?;
        }
    }
    Ok(())
}

fn carry_document(tx: &WriteTx<'_>, key: &DeviceKey, old: DocId, new: DocId, wall: Timestamp) -> Result<(), WorkError> {
    // What does not load stays where it is, and `doctor` tells of it; what was erased for everybody stays erased.
    let Some(Ok(mut board)) = tx.document(old)?.map(|stored| Dossier::load(&stored.bytes)) else { return Ok(()) };
    if tx.tombstone(new)?.is_some() {
        return Ok(());
    }
    let there = match tx.document(new)?.map(|stored| Dossier::load(&stored.bytes)) {
        Some(Ok(there)) => Some(there),
        Some(Err(_)) => return Ok(()),
        None => None,
    };
    let known: BTreeSet<ChangeHash> = there.iter().flat_map(Dossier::change_hashes).collect();
    let waiting: BTreeSet<ChangeHash> = tx.outbox_of(old)?.into_iter().map(|(hash, _)| hash).collect();
    let given = there.map(|there| there.changes_since(&[])).unwrap_or_default();
    let taken = board.take(&given.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let aside = tx.set_aside_of(old)?;
    tx.let_go(old)?;
    readmodel::remove(tx.connection(), old)?;
    let hashes = board.change_hashes();
    let sum = hashes.iter().map(|hash| Sum::of_change(new, *hash)).sum();
    tx.put_snapshot(new, &board.save(), &board.heads(), sum)?;
    let authored: BTreeSet<ChangeHash> = taken.authored.iter().map(|authored| authored.hash).collect();
    for bytes in board.changes_since(&[]) {
        // What a relay has acknowledged is not sent again: where this one lacks it, reconciling brings it back, as of any
        // other document.
        let Ok(header) = sync::inspect(&bytes) else { continue };
        let own = authored.contains(&header.hash) && header.actor.belongs_to(key);
        if (own || waiting.contains(&header.hash)) && !known.contains(&header.hash) {
            tx.push_outbox(new, header.hash, &bytes)?;
        }
    }
    for (hash, bytes) in aside {
        tx.set_aside(new, hash, &bytes, records::Aside::Waiting.code(), wall)?;
    }
    for aside in taken.set_aside {
        tx.set_aside(new, aside.hash, &aside.bytes, aside.reason.code(), wall)?;
    }
    rows::write(tx, new, &board.read())
}
