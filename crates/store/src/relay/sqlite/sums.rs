//! Counting what version 1 did not: the sum after every row of the feeds, of every document and of every branch.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use vocab::Sum;

use super::POSITION_BITS;
use crate::StoreError;
use crate::columns::{Columns, integer};

/// How many rows are read before they are written: none is changed under a statement that still reads.
const ROWS_PER_STEP: i64 = 1_000;

struct Row {
    place: i64,
    document: i64,
    counts: Sum,
    bytes: u64,
}

/// Fills in the columns that the migration made. Nothing was erased in version 1.
pub(super) fn count_feeds(conn: &Connection) -> Result<(), StoreError> {
    let mut branches: BTreeMap<i64, Sum> = BTreeMap::new();
    let mut documents: BTreeMap<i64, (Sum, u64)> = BTreeMap::new();
    let mut write = conn.prepare("UPDATE feed SET sum = ?2 WHERE place = ?1")?;
    let mut after = 0;
    loop {
        let rows = rows_after(conn, after)?;
        let Some(last) = rows.last() else {
            break;
        };
        after = last.place;
        for row in rows {
            let branch = branches.entry(row.place >> POSITION_BITS).or_default();
            *branch += row.counts;
            write.execute(params![row.place, branch.to_bytes()])?;
            let (sum, bytes) = documents.entry(row.document).or_default();
            *sum += row.counts;
            *bytes += row.bytes;
        }
    }
    let mut document = conn.prepare("UPDATE document SET sum = ?2, change_bytes = ?3 WHERE id = ?1")?;
    for (id, (sum, bytes)) in documents {
        document.execute(params![id, sum.to_bytes(), integer(bytes)])?;
    }
    let mut branch = conn.prepare("UPDATE branch SET sum = ?2 WHERE id = ?1")?;
    for (id, sum) in branches {
        branch.execute(params![id, sum.to_bytes()])?;
    }
    Ok(())
}

fn rows_after(conn: &Connection, place: i64) -> Result<Vec<Row>, StoreError> {
    let mut read = conn.prepare_cached(
        "SELECT feed.place, feed.document, document.doc, feed.hash, length(feed.bytes) FROM feed
         JOIN document ON document.id = feed.document WHERE feed.place > ?1 ORDER BY feed.place LIMIT ?2",
    )?;
    let rows = read.query_map([place, ROWS_PER_STEP], |row| {
        let counts = Sum::of_change(row.doc(2)?, row.hash(3)?);
        Ok(Row { place: row.get(0)?, document: row.get(1)?, counts, bytes: row.number(4)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
