//! What arrives from the relay: loaded and read on every core, then committed with its rows and the cursor in one
//! transaction.
//!
//! Applying anything twice changes nothing. A document that does not load is set aside with its bytes and never holds up
//! the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use records::{Corrupt, Dossier, View};
use store::{ReadTx, StoredDocument};
use sync::{Arrival, Form};
use vocab::{ChangeHash, Cursor, DocId, Epoch, Timestamp};

use crate::error::WorkError;
use crate::exchange::move_cursor;
use crate::home::Device;
use crate::{DeviceError, rows, wall};

/// Everything that arrived of one document, and what the device held of it.
struct Incoming {
    doc: DocId,
    forms: Vec<Form>,
    stored: Option<StoredDocument>,
}

/// One document, ready to be written.
enum Prepared {
    /// Nothing new.
    Unchanged,
    /// The document as it stands after what arrived.
    Changed(Box<Changed>),
    /// Bytes that are not a document, and what is wrong with them.
    Invalid { doc: DocId, bytes: Vec<u8>, reason: String },
}

struct Changed {
    doc: DocId,
    bytes: Arc<[u8]>,
    heads: Vec<ChangeHash>,
    latest: Timestamp,
    view: View,
}

/// Commits `arrivals` and the cursor, a place in the feed `feed`. Returns how many documents they changed.
pub(crate) fn commit(
    device: &mut Device,
    arrivals: Vec<Arrival>,
    feed: Option<Epoch>,
    cursor: Option<Cursor>,
) -> Result<u64, DeviceError> {
    device.write(|tx| {
        let prepared = prepare_all(gather(tx, arrivals)?)?;
        let wall = wall::now();
        let mut clock = tx.clock()?;
        let mut changed = 0;
        for prepared in &prepared {
            match prepared {
                Prepared::Unchanged => {}
                Prepared::Changed(document) => {
                    clock.observe(document.latest, wall);
                    tx.put_snapshot(document.doc, &document.bytes, &document.heads)?;
                    changed += 1;
                }
                Prepared::Invalid { doc, bytes, reason } => tx.note_invalid(*doc, reason, bytes, wall)?,
            }
        }
        // After all the snapshots: whatever SQLite wraps into a savepoint makes the index of words write a segment.
        for prepared in &prepared {
            if let Prepared::Changed(document) = prepared {
                rows::write(tx, document.doc, &document.view)?;
            }
        }
        tx.set_clock(&clock)?;
        if let Some(cursor) = cursor {
            move_cursor(tx, feed, cursor)?;
        }
        Ok(changed)
    })
}

fn gather(tx: &ReadTx<'_>, arrivals: Vec<Arrival>) -> Result<Vec<Incoming>, WorkError> {
    let mut by_doc: BTreeMap<DocId, Vec<Form>> = BTreeMap::new();
    for arrival in arrivals {
        by_doc.entry(arrival.doc).or_default().push(arrival.form);
    }
    by_doc.into_iter().map(|(doc, forms)| Ok(Incoming { doc, forms, stored: tx.document(doc)? })).collect()
}

/// Loading and reading dominate a first join, and documents are independent: share them among the cores.
fn prepare_all(incoming: Vec<Incoming>) -> Result<Vec<Prepared>, WorkError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(incoming.len().div_ceil(16)).max(1);
    if threads == 1 {
        return Ok(incoming.into_iter().map(prepare).collect());
    }
    let share = incoming.len().div_ceil(threads);
    let mut rest = incoming;
    let mut shares = Vec::with_capacity(threads);
    while !rest.is_empty() {
        let tail = rest.split_off(share.min(rest.len()));
        shares.push(std::mem::replace(&mut rest, tail));
    }
    std::thread::scope(|scope| {
        let workers: Vec<_> = shares
            .into_iter()
            .map(|share| scope.spawn(move || share.into_iter().map(prepare).collect::<Vec<_>>()))
            .collect();
        let mut prepared = Vec::new();
        for worker in workers {
            prepared.extend(worker.join().map_err(|_| DeviceError::Interrupted)?);
        }
        Ok(prepared)
    })
}

fn prepare(incoming: Incoming) -> Prepared {
    let Incoming { doc, forms, stored } = incoming;
    match merged(&forms, stored.as_ref()) {
        Ok(None) => Prepared::Unchanged,
        Ok(Some((dossier, heads, bytes))) => {
            let view = dossier.read();
            let latest = view.records.iter().map(|record| record.updated.at).max().unwrap_or(Timestamp::EPOCH);
            let bytes = bytes.unwrap_or_else(|| dossier.save().into());
            Prepared::Changed(Box::new(Changed { doc, bytes, heads, latest, view }))
        }
        Err(corrupt) => Prepared::Invalid { doc, bytes: raw(forms), reason: corrupt.to_string() },
    }
}

/// The document after what arrived, and its heads; its saved form where that arrived as it is to be stored. Nothing when
/// the device held all of it.
type Merged = (Dossier, Vec<ChangeHash>, Option<Arc<[u8]>>);

fn merged(forms: &[Form], stored: Option<&StoredDocument>) -> Result<Option<Merged>, Corrupt> {
    if let (None, [Form::Saved(bytes)]) = (stored, forms) {
        let dossier = Dossier::load(bytes)?;
        let heads = dossier.heads();
        return Ok(Some((dossier, heads, Some(bytes.clone()))));
    }
    let mut dossier = match stored {
        Some(stored) => Dossier::load(&stored.bytes)?,
        None => Dossier::create(),
    };
    for form in forms {
        match form {
            Form::Saved(bytes) => {
                let arrived = Dossier::load(bytes)?.changes_since(&[]);
                dossier.apply(&arrived.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
            }
            Form::Changes(changes) => dossier.apply(&changes.iter().map(Arc::as_ref).collect::<Vec<_>>())?,
        }
    }
    let heads = dossier.heads();
    let unchanged = stored.is_some_and(|stored| stored.heads == heads) && dossier.missing().is_empty();
    Ok((!unchanged).then_some((dossier, heads, None)))
}

/// Everything that arrived of a document that does not load, to be kept.
fn raw(forms: Vec<Form>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for form in forms {
        match form {
            Form::Saved(saved) => bytes.extend_from_slice(&saved),
            Form::Changes(changes) => changes.iter().for_each(|change| bytes.extend_from_slice(change)),
        }
    }
    bytes
}
