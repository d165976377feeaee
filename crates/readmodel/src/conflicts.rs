//! Questions about disagreements.

use rusqlite::{Connection, Row as SqlRow};
use store::StoreError;
use vocab::{DocId, RecordId};

use crate::ask::{doc_at, id_at};

/// An open disagreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictRow {
    /// What `conflicts resolve` takes.
    pub id: String,
    /// The document.
    pub doc: DocId,
    /// The record.
    pub record: RecordId,
    /// All of it as one JSON object.
    pub json: String,
}

const ROW: &str = "id, doc, record, json";

fn row(row: &SqlRow<'_>) -> rusqlite::Result<ConflictRow> {
    Ok(ConflictRow { id: row.get(0)?, doc: doc_at(row, 1)?, record: id_at(row, 2)?, json: row.get(3)? })
}

/// Every disagreement, those that matter most first, then the oldest, `limit` at most.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn conflicts(conn: &Connection, limit: u32) -> Result<Vec<ConflictRow>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {ROW} FROM view_conflict ORDER BY severity DESC, since_ms, id, doc LIMIT ?1"
    ))?;
    Ok(statement.query_map([limit], row)?.collect::<Result<_, _>>()?)
}

/// The disagreements of one document.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn conflicts_of(conn: &Connection, doc: DocId) -> Result<Vec<ConflictRow>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {ROW} FROM view_conflict WHERE doc = ?1 ORDER BY severity DESC, since_ms, id"
    ))?;
    Ok(statement.query_map([doc.as_bytes()], row)?.collect::<Result<_, _>>()?)
}

/// The disagreements with this id: one, unless two documents hold a record with the same id.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn conflict(conn: &Connection, id: &str) -> Result<Vec<ConflictRow>, StoreError> {
    let mut statement = conn.prepare_cached(&format!("SELECT {ROW} FROM view_conflict WHERE id = ?1 ORDER BY doc"))?;
    Ok(statement.query_map([id], row)?.collect::<Result<_, _>>()?)
}
