//! What arrives at a device of the simulation, and what it says of what it holds.

use std::collections::BTreeMap;

use records::{Dossier, Taken};
use store::{ReadTx, WriteTx};
use sync::wire::{Item, ItemForm};
use sync::{Arrival, Form, Known, Wanted};
use vocab::{ChangeHash, Cursor, DocId, Generation, Owed, Sum, Timestamp};

use super::device::Interrupted;

fn broken(error: impl std::fmt::Display) -> Interrupted {
    Interrupted(error.to_string())
}

/// Applies what arrived and moves the cursor, in one transaction.
pub(super) fn commit(
    tx: &WriteTx<'_>,
    arrivals: Vec<Arrival>,
    cursor: Option<Cursor>,
    owed: Option<Vec<Owed>>,
    wall: Timestamp,
    fresh: Generation,
) -> Result<u64, Interrupted> {
    let mut changed = 0;
    let mut by_doc: BTreeMap<DocId, Vec<Vec<u8>>> = BTreeMap::new();
    for Arrival { doc, form } in arrivals {
        match form {
            Form::Erased(tombstone) => {
                changed += u64::from(tx.erase(&tombstone)?.is_some());
                by_doc.remove(&doc);
            }
            Form::Saved(bytes) => by_doc.entry(doc).or_default().extend(changes_of(&bytes)?),
            Form::Changes(changes) => by_doc.entry(doc).or_default().extend(changes.iter().map(|bytes| bytes.to_vec())),
            Form::Held(hashes) => {
                for hash in hashes {
                    tx.remove_outbox(doc, hash)?;
                }
            }
        }
    }
    for (doc, arrived) in by_doc {
        if tx.tombstone(doc)?.is_none() {
            changed += u64::from(take(tx, doc, &arrived, wall, fresh)?);
        }
    }
    if let Some(cursor) = cursor {
        tx.set_cursor(cursor)?;
    }
    if let Some(owed) = owed {
        tx.set_owed(&owed)?;
    }
    Ok(changed)
}

fn changes_of(saved: &[u8]) -> Result<Vec<Vec<u8>>, Interrupted> {
    let (dossier, aside) = Dossier::receive(saved).map_err(broken)?;
    let mut changes = dossier.changes_since(&[]);
    changes.extend(aside.into_iter().map(|kept| kept.bytes));
    Ok(changes)
}

fn take(
    tx: &WriteTx<'_>,
    doc: DocId,
    arrived: &[Vec<u8>],
    wall: Timestamp,
    fresh: Generation,
) -> Result<bool, Interrupted> {
    let stored = tx.document(doc)?;
    let mut dossier = match &stored {
        Some(stored) => Dossier::load(&stored.bytes).map_err(broken)?,
        None => Dossier::create(),
    };
    let identity = tx.identity()?;
    for bytes in arrived {
        let header = sync::inspect(bytes).map_err(broken)?;
        if header.actor == identity.actor() && !dossier.holds(header.hash) {
            // Its own, and unknown: this store is an old copy.
            tx.renew_generation(fresh)?;
        }
        tx.remove_outbox(doc, header.hash)?;
    }
    let aside = tx.set_aside_of(doc)?;
    let given: Vec<&[u8]> =
        arrived.iter().map(Vec::as_slice).chain(aside.iter().map(|(_, bytes)| bytes.as_slice())).collect();
    let taken: Taken = dossier.take(&given);
    for (hash, _) in &aside {
        tx.take_back(doc, *hash)?;
    }
    for kept in &taken.set_aside {
        if !dossier.holds(kept.hash) {
            tx.set_aside(doc, kept.hash, &kept.bytes, kept.reason.code(), wall)?;
        }
    }
    if stored.is_some() && taken.is_unchanged() {
        return Ok(false);
    }
    for replaced in &taken.replaced {
        tx.remove_outbox(doc, replaced.old)?;
    }
    let sum: Sum = dossier.change_hashes().into_iter().map(|hash| Sum::of_change(doc, hash)).sum();
    tx.put_snapshot(doc, &dossier.save(), &dossier.heads(), sum)?;
    for authored in &taken.authored {
        tx.push_outbox(doc, authored.hash, &authored.bytes)?;
    }
    Ok(true)
}

/// Everything the store holds of a document, in causal order: applied, then set aside.
fn all_of(tx: &ReadTx<'_>, doc: DocId) -> Result<Vec<(ChangeHash, Vec<u8>)>, Interrupted> {
    let mut all = Vec::new();
    if let Some(stored) = tx.document(doc)? {
        for bytes in Dossier::load(&stored.bytes).map_err(broken)?.changes_since(&[]) {
            all.push((sync::inspect(&bytes).map_err(broken)?.hash, bytes));
        }
    }
    all.extend(tx.set_aside_of(doc)?);
    Ok(all)
}

/// What the store holds of documents.
pub(super) fn hashes(tx: &ReadTx<'_>, docs: &[DocId], hashes_max: usize) -> Result<Vec<(DocId, Known)>, Interrupted> {
    let mut known = Vec::new();
    let mut count = 0;
    for doc in docs {
        if count >= hashes_max {
            break;
        }
        known.push((
            *doc,
            match tx.tombstone(*doc)? {
                Some(tombstone) => Known::Erased(tombstone),
                None => Known::Changes(all_of(tx, *doc)?.into_iter().map(|(hash, _)| hash).collect()),
            },
        ));
        count += match known.last() {
            Some((_, Known::Changes(hashes))) => hashes.len(),
            _ => 1,
        };
    }
    Ok(known)
}

pub(super) fn bytes_of(tx: &ReadTx<'_>, doc: DocId, hash: ChangeHash) -> Result<Vec<u8>, Interrupted> {
    let found = all_of(tx, doc)?.into_iter().find(|(held, _)| *held == hash);
    Ok(found.map(|(_, bytes)| bytes).unwrap_or_default())
}

type Restoring = (Vec<Item>, Vec<(DocId, Wanted)>);

/// What the relay lacks, without what stands in the outbox.
pub(super) fn restoring(
    tx: &ReadTx<'_>,
    wants: Vec<(DocId, Wanted)>,
    bytes_max: usize,
) -> Result<Restoring, Interrupted> {
    let (mut items, mut left, mut bytes) = (Vec::new(), Vec::new(), 0);
    for (doc, wanted) in wants {
        if bytes >= bytes_max {
            left.push((doc, wanted));
            continue;
        }
        if let Some(tombstone) = tx.tombstone(doc)? {
            items.push(Item { doc, form: ItemForm::Erased(tombstone) });
            continue;
        }
        let outbox: Vec<ChangeHash> = tx.outbox_of(doc)?.into_iter().map(|(hash, _)| hash).collect();
        let mut lacking = all_of(tx, doc)?;
        lacking.retain(|(hash, _)| match &wanted {
            Wanted::All => !outbox.contains(hash),
            Wanted::These(hashes) => hashes.contains(hash) && !outbox.contains(hash),
        });
        let mut changes = Vec::new();
        let mut rest = Vec::new();
        for (hash, change) in lacking {
            if bytes >= bytes_max {
                rest.push(hash);
            } else {
                bytes += change.len();
                changes.push(change.into());
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
}
