//! The read model as commands ask it: records by the ids people type, and rows written with their document.

use readmodel::Row;
use records::{Kind, View};
use rusqlite::Connection;
use serde_json::Value;
use store::ReadTx;
use vocab::{DocId, RecordId};

use crate::DeviceError;
use crate::error::WorkError;

/// Makes the rows of `doc` what `view` says.
pub(crate) fn write(tx: &ReadTx<'_>, doc: DocId, view: &View) -> Result<(), WorkError> {
    Ok(readmodel::apply(tx.connection(), doc, view)?)
}

/// The row of the record that people call `text`: its own id, or a number from paper that only one record carries.
pub(crate) fn row(tx: &ReadTx<'_>, text: &str) -> Result<Row, WorkError> {
    let text = text.trim();
    let conn = tx.connection();
    if let Ok(doc) = text.parse::<DocId>()
        && let Some(tombstone) = tx.tombstone(doc)?
    {
        return Err(DeviceError::Erased { doc, why: tombstone.why }.into());
    }
    if let Ok(id) = text.parse::<RecordId>()
        && let Some(row) = readmodel::record(conn, &id)?
    {
        return Ok(row);
    }
    let mut found = Vec::new();
    for kind in records::ALL_KINDS {
        found.extend(readmodel::by_legacy(conn, kind, text)?);
    }
    match found.len() {
        0 => Err(DeviceError::UnknownRecord { id: text.to_owned() }.into()),
        1 => Ok(found.remove(0)),
        count => Err(DeviceError::AmbiguousRecord { id: text.to_owned(), count }.into()),
    }
}

/// The record that people call `text`: its id as it stands in its document, and the document.
pub(crate) fn find(tx: &ReadTx<'_>, text: &str) -> Result<(RecordId, DocId), WorkError> {
    let row = row(tx, text)?;
    Ok((row.inner, row.doc))
}

/// What a number in a table names.
pub(crate) enum Named {
    /// No record.
    Nothing,
    /// This one.
    One(RecordId, DocId),
    /// One by its own id and another by its number on paper; only a person knows which is meant.
    Several,
}

/// The record of `kind` that a table calls `number`: its own id, or the first that carries the number. Void ones count where
/// no other does.
pub(crate) fn named(tx: &ReadTx<'_>, kind: &Kind, number: &str) -> Result<Named, WorkError> {
    let conn = tx.connection();
    let own = match number.parse::<RecordId>() {
        Ok(id) => readmodel::record(conn, &id)?.filter(|row| row.kind == kind),
        Err(_) => None,
    };
    let mut found: Vec<Row> = readmodel::by_legacy(conn, kind, number)?;
    found.retain(|row| own.as_ref().is_none_or(|own| own.id != row.id));
    let has_own = own.is_some();
    found.splice(0..0, own);
    let mut standing = Vec::new();
    for row in &found {
        if row.value()?["void"] != true {
            standing.push(row);
        }
    }
    let is_both = has_own && standing.len() > 1 && standing[0].id == found[0].id;
    Ok(match standing.first().copied().or(found.first()) {
        Some(_) if is_both => Named::Several,
        Some(row) => Named::One(row.inner.clone(), row.doc),
        None => Named::Nothing,
    })
}

/// The row of the record that stands as `id` in `doc`.
fn row_in(tx: &ReadTx<'_>, doc: DocId, id: &RecordId) -> Result<Option<Row>, WorkError> {
    Ok(readmodel::record_in(tx.connection(), doc, id)?)
}

/// The id under which the record `id` of `doc` is shown.
pub(crate) fn shown(tx: &ReadTx<'_>, doc: DocId, id: &RecordId) -> Result<String, WorkError> {
    Ok(row_in(tx, doc, id)?.map(|row| row.id.to_string()).unwrap_or_default())
}

/// The id of the customer in whose dossier `doc` the record `id` stands.
pub(crate) fn customer(tx: &ReadTx<'_>, doc: DocId, id: &RecordId) -> Result<String, WorkError> {
    Ok(row_in(tx, doc, id)?.map(|row| row.customer.to_string()).unwrap_or_default())
}

/// Whether the record of `kind` that is shown as `id` carries the number `number` from paper.
pub(crate) fn carries(tx: &ReadTx<'_>, kind: &Kind, id: &str, number: &str) -> Result<bool, WorkError> {
    Ok(readmodel::by_legacy(tx.connection(), kind, number)?.iter().any(|row| row.id.as_str() == id))
}

/// The id, as it is shown, of the record that `id` of `doc` belongs to.
pub(crate) fn parent(tx: &ReadTx<'_>, doc: DocId, id: &RecordId) -> Result<Option<String>, WorkError> {
    let json = record(tx, doc, id)?;
    let relation = records::kind_of_prefix(id.prefix()).and_then(|kind| kind.parent.as_ref());
    Ok(relation.and_then(|relation| json[relation.field].as_str()).map(str::to_owned))
}

/// The record that stands as `id` in `doc`, as `show --json` prints it.
pub(crate) fn record(tx: &ReadTx<'_>, doc: DocId, id: &RecordId) -> Result<Value, WorkError> {
    let row = row_in(tx, doc, id)?.ok_or_else(|| DeviceError::UnknownRecord { id: id.to_string() })?;
    Ok(row.value()?)
}

/// Everything the read model shows, byte for byte.
pub(crate) fn image(conn: &Connection) -> Result<Vec<u8>, WorkError> {
    let mut bytes = Vec::new();
    readmodel::export(conn, "", &mut bytes)?;
    for conflict in readmodel::conflicts(conn, u32::MAX)? {
        bytes.extend_from_slice(conflict.json.as_bytes());
        bytes.push(b'\n');
    }
    Ok(bytes)
}
