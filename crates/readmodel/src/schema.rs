//! Making the tables, and throwing them away.

use rusqlite::{Connection, OptionalExtension, params};
use store::StoreError;

/// The version of the tables and of what is written to them. Anything that would make a row differ raises it.
const VERSION: u32 = 10;

const TABLES: &str = include_str!("0001_tables.sql");

const NAMES: [&str; 14] = [
    "view_search",
    "view_history",
    "view_merge",
    "view_bar",
    "view_need",
    "view_fact",
    "view_moment",
    "view_limit",
    "view_policy",
    "view_count",
    "view_conflict",
    "view_record",
    "view_document",
    "view_meta",
];

/// Whether the tables can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prepared {
    /// They show every document.
    Complete,
    /// They were made just now, or somebody did not finish filling them: apply every document, then call [`completed`].
    Incomplete,
}

/// Whether the tables are there, of this version and complete. Writes nothing.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn is_complete(conn: &Connection) -> Result<bool, StoreError> {
    Ok(found(conn)? == Some((VERSION, true)))
}

/// Makes sure that the tables are there and of this version. Costs one small read when they are.
///
/// # Errors
/// Any [`StoreError`] of reading or writing.
pub fn prepare(conn: &Connection) -> Result<Prepared, StoreError> {
    match found(conn)? {
        Some((VERSION, true)) => Ok(Prepared::Complete),
        Some((VERSION, false)) => Ok(Prepared::Incomplete),
        _ => {
            clear(conn)?;
            Ok(Prepared::Incomplete)
        }
    }
}

/// Says that every document has been applied since the tables were made.
///
/// # Errors
/// Any [`StoreError`] of writing.
pub fn completed(conn: &Connection) -> Result<(), StoreError> {
    conn.execute("UPDATE view_meta SET complete = 1", [])?;
    Ok(())
}

/// Throws all rows away and makes empty tables: what [`prepare`] then calls incomplete.
///
/// # Errors
/// Any [`StoreError`] of writing.
pub fn clear(conn: &Connection) -> Result<(), StoreError> {
    for name in NAMES {
        conn.execute_batch(&format!("DROP TABLE IF EXISTS {name}"))?;
    }
    conn.execute_batch(TABLES)?;
    conn.execute("INSERT INTO view_meta (id, version, complete) VALUES (1, ?1, 0)", params![VERSION])?;
    Ok(())
}

fn found(conn: &Connection) -> Result<Option<(u32, bool)>, StoreError> {
    let exists: bool = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'view_meta')")?
        .query_row([], |row| row.get(0))?;
    if !exists {
        return Ok(None);
    }
    let found = conn
        .prepare_cached("SELECT version, complete FROM view_meta")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found)
}
