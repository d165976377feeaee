//! What a session asks of the store: the outbox, and while it reconciles, what is held of which document.

use std::collections::BTreeSet;
use std::sync::Arc;

use records::Dossier;
use store::{OutboxSeq, ReadTx};
use sync::wire::{Item, ItemForm};
use sync::{Known, OutboxBatch, OutboxEntry, Seen, Wanted};
use vocab::{ChangeHash, DocId, Refusal, Sum, Tombstone};

use crate::error::WorkError;
use crate::home::Device;
use crate::report::ErasedDossier;
use crate::{DeviceError, arrive};

/// Whether the store holds a change that the relay has seen from this actor, or once did: an erased document is no sign of
/// an old copy.
pub(crate) fn holds(device: &mut Device, seen: Seen) -> Result<bool, DeviceError> {
    device.read(|tx| {
        let outbox = tx.outbox_hash(OutboxSeq::new(seen.seq))? == Some(seen.hash);
        if outbox || tx.surely_holds(seen.doc, seen.hash)? || tx.tombstone(seen.doc)?.is_some() {
            return Ok(true);
        }
        Ok(hashes_of(tx, seen.doc)?.contains(&seen.hash))
    })
}

pub(crate) fn outbox(device: &mut Device, after: u64, bytes_max: usize) -> Result<OutboxBatch, DeviceError> {
    device.read(|tx| {
        let entries = tx.outbox(OutboxSeq::new(after), bytes_max)?;
        let waiting = tx.outbox_counts()?.waiting;
        let last = entries.last().map_or(OutboxSeq::new(after), |entry| entry.seq);
        let more = !tx.outbox(last, 1)?.is_empty();
        let entries = entries
            .into_iter()
            .map(|entry| OutboxEntry { seq: entry.seq.get(), doc: entry.doc, hash: entry.hash, bytes: entry.bytes })
            .collect();
        Ok(OutboxBatch { entries, more, waiting })
    })
}

/// Which of the entries that wait the relay named as taken, the last of them that with the number `last`. All dossiers begin with
/// one change, so that its name says nothing of the dossier: it is taken where another change of its dossier is, which the relay
/// would not have taken without it, and where it was the last.
pub(crate) fn taken(waiting: &[(OutboxSeq, DocId, ChangeHash)], named: &[[u8; 16]], last: OutboxSeq) -> Vec<OutboxSeq> {
    let named: BTreeSet<[u8; 16]> = named.iter().copied().collect();
    let genesis = Dossier::create().heads();
    let is_own = |hash: &ChangeHash| named.contains(&hash.short()) && !genesis.contains(hash);
    let begun: BTreeSet<DocId> = waiting.iter().filter(|(.., hash)| is_own(hash)).map(|(_, doc, _)| *doc).collect();
    let is_first = |hash: &ChangeHash| named.contains(&hash.short()) && genesis.contains(hash);
    let is_taken = |(seq, doc, hash): &&(OutboxSeq, DocId, ChangeHash)| {
        is_own(hash) || (is_first(hash) && (begun.contains(doc) || *seq == last))
    };
    waiting.iter().filter(is_taken).map(|(seq, ..)| *seq).collect()
}

/// Every change held of a document, in causal order, what is set aside last. What does not load holds nothing.
fn hashes_of(tx: &ReadTx<'_>, doc: DocId) -> Result<Vec<ChangeHash>, WorkError> {
    let mut hashes = match tx.document(doc)? {
        Some(stored) => Dossier::load(&stored.bytes).map(|dossier| dossier.change_hashes()).unwrap_or_default(),
        None => Vec::new(),
    };
    hashes.extend(tx.set_aside_of(doc)?.into_iter().map(|(hash, _)| hash));
    Ok(hashes)
}

/// What is held of each document, until `hashes_max` are told, of one document at least.
pub(crate) fn hashes(
    device: &mut Device,
    docs: &[DocId],
    hashes_max: usize,
) -> Result<Vec<(DocId, Known)>, DeviceError> {
    device.read(|tx| {
        let mut known = Vec::new();
        let mut told = 0;
        for doc in docs {
            if told >= hashes_max {
                break;
            }
            known.push((
                *doc,
                match tx.tombstone(*doc)? {
                    Some(tombstone) => Known::Erased(tombstone),
                    None => {
                        let hashes = hashes_of(tx, *doc)?;
                        told += hashes.len();
                        Known::Changes(hashes)
                    }
                },
            ));
        }
        Ok(known)
    })
}

/// What the relay lacks and this device holds, until `bytes_max` bytes are read, and what of the question is left.
type Restoring = (Vec<Item>, Vec<(DocId, Wanted)>);

pub(crate) fn restore(
    device: &mut Device,
    wants: Vec<(DocId, Wanted)>,
    bytes_max: usize,
) -> Result<Restoring, DeviceError> {
    device.read(|tx| {
        let mut items = Vec::new();
        let mut left = Vec::new();
        let mut bytes = 0;
        for (doc, wanted) in wants {
            if bytes >= bytes_max {
                left.push((doc, wanted));
                continue;
            }
            if let Some(tombstone) = tx.tombstone(doc)? {
                let form = ItemForm::Erased(tombstone);
                bytes += form.len();
                items.push(Item { doc, form });
                continue;
            }
            let mut changes = Vec::new();
            let mut rest = Vec::new();
            for (hash, change) in wanted_of(tx, doc, &wanted)? {
                if bytes < bytes_max {
                    bytes += change.len();
                    changes.push(Arc::from(change));
                } else {
                    rest.push(hash);
                }
            }
            if !changes.is_empty() {
                items.push(Item { doc, form: ItemForm::Changes(changes) });
            }
            if !rest.is_empty() {
                left.push((doc, Wanted::These(rest)));
            }
        }
        Ok((items, left))
    })
}

/// Those changes of a document that are wanted and held, in causal order, without what stands in the outbox.
fn wanted_of(tx: &ReadTx<'_>, doc: DocId, wanted: &Wanted) -> Result<Vec<(ChangeHash, Vec<u8>)>, WorkError> {
    let outbox: BTreeSet<ChangeHash> = tx.outbox_of(doc)?.into_iter().map(|(hash, _)| hash).collect();
    let dossier = match tx.document(doc)? {
        Some(stored) => Dossier::load(&stored.bytes).ok(),
        None => None,
    };
    let hashes = match wanted {
        Wanted::All => dossier.as_ref().map(Dossier::change_hashes).unwrap_or_default(),
        Wanted::These(hashes) => hashes.clone(),
    };
    let mut found = dossier.map(|dossier| dossier.changes(&hashes)).unwrap_or_default();
    let named: BTreeSet<&ChangeHash> = hashes.iter().collect();
    let aside = tx.set_aside_of(doc)?.into_iter();
    found.extend(aside.filter(|(hash, _)| *wanted == Wanted::All || named.contains(hash)));
    found.retain(|(hash, _)| !outbox.contains(hash));
    Ok(found)
}

/// Keeps what the relay said of restored changes.
pub(crate) fn settle_restored(
    device: &mut Device,
    refused: &[(DocId, ChangeHash, Refusal)],
    tombstones: &[Tombstone],
) -> Result<(Sum, Vec<ErasedDossier>), DeviceError> {
    let wall = device.outside().now();
    device.write(|tx| {
        let branch = tx.membership()?.map(|membership| membership.branch);
        for (doc, hash, reason) in refused {
            if tx.tombstone(*doc)?.is_some() {
                continue;
            }
            // One that was written anew meanwhile is not held any more.
            let held = wanted_of(tx, *doc, &Wanted::These(vec![*hash]))?;
            if let Some((hash, bytes)) = held.first() {
                tx.push_refused(*doc, *hash, bytes, *reason, wall)?;
            }
        }
        let mut erased = Vec::new();
        for tombstone in tombstones {
            if branch.is_some_and(|branch| sync::verify_tombstone(branch, tombstone)) {
                erased.extend(arrive::erase(tx, tombstone)?.map(ErasedDossier::from));
            }
        }
        if !erased.is_empty() {
            readmodel::forget_words(tx.connection())?;
        }
        Ok((tx.acknowledged_sum()?, erased))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dossier_s_first_change_is_taken_with_a_later_one_of_the_same_dossier_only() {
        let genesis = Dossier::create().heads()[0];
        let change = |number: u8| ChangeHash::from_bytes([number; 32]);
        let (lost, arrived) = (DocId::from_bytes([1; 16]), DocId::from_bytes([2; 16]));
        let entries =
            [(lost, genesis), (lost, change(1)), (arrived, genesis), (arrived, change(2)), (arrived, change(3))];
        let waiting: Vec<_> = (1..).zip(entries).map(|(seq, (doc, hash))| (OutboxSeq::new(seq), doc, hash)).collect();
        let taken_of = |hashes: &[ChangeHash]| -> Vec<u64> {
            let named: Vec<[u8; 16]> = hashes.iter().map(|hash| hash.short()).collect();
            taken(&waiting, &named, OutboxSeq::new(5)).into_iter().map(OutboxSeq::get).collect()
        };
        assert_eq!(taken_of(&[genesis, change(2)]), [3, 4]);
        assert_eq!(taken_of(&[genesis, change(1), genesis, change(2), change(3)]), [1, 2, 3, 4, 5]);
        // Pushed again, it is told to be there already.
        assert_eq!(taken_of(&[genesis]), [0_u64; 0]);
        let cut_short = taken(&waiting, &[genesis.short()], OutboxSeq::new(3));
        assert_eq!(cut_short, [OutboxSeq::new(3)], "the last that was taken is known by its number");
    }
}
