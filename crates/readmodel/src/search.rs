//! Records by the words in them, lately changed first.
//!
//! A word that stands in every second record matches thousands, of which people see twenty. To look up every match only to
//! learn when it was changed costs more than all the rest together. So where a query matches many records, they are not
//! sorted: the records of each kind are walked from the latest backwards, which an index gives, until enough of them match.
//! Where few match, or the walk turns out long because those that match lie far back, they are sorted after all. The answer
//! is the same either way.

use rusqlite::{Connection, params};
use store::StoreError;

use crate::ask::{LIST_ROWS_MAX, ROW, Row, row};
use crate::words;

/// So many matches are sorted without looking for a shorter way: under two milliseconds.
const FEW: usize = 500;

/// How many records may be walked past for each match before the matches are sorted instead: a step of the walk costs a small part
/// of a look-up.
const STEPS_PER_MATCH: usize = 2;

/// Records of any kind in which every word of `text` occurs, lately changed first, `limit` at most; void ones are left
/// out. A word of one or two Chinese characters is found inside a sentence; other words match from their beginning.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn search(conn: &Connection, text: &str, limit: u32) -> Result<Vec<Row>, StoreError> {
    let Some(query) = words::query(text) else {
        return Ok(Vec::new());
    };
    let limit = limit.min(LIST_ROWS_MAX);
    let matches = matches(conn, &query)?;
    if matches.len() > FEW
        && let Some(latest) = latest(conn, &matches, limit as usize)?
    {
        return looked_up(conn, latest, limit as usize);
    }
    sorted(conn, &query, limit)
}

/// The rows that match, ascending; void ones among them.
fn matches(conn: &Connection, query: &str) -> Result<Vec<i64>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT rowid FROM view_search WHERE view_search MATCH ?1 ORDER BY rowid")?;
    Ok(statement.query_map([query], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The `limit` rows of `matches` that were changed last, and all that were changed in the same millisecond as the last of them;
/// each with that time. `None` when that takes too many steps.
fn latest(conn: &Connection, matches: &[i64], limit: usize) -> Result<Option<Vec<(i64, i64)>>, StoreError> {
    let kinds: Vec<String> = conn
        .prepare_cached("SELECT DISTINCT kind FROM view_count WHERE void = 0 AND n > 0")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let walk = "SELECT updated_at_ms, n FROM view_record WHERE kind = ?1 AND void = 0 ORDER BY updated_at_ms DESC";
    let mut statements = kinds.iter().map(|_| conn.prepare_cached(walk)).collect::<Result<Vec<_>, _>>()?;
    // One walk for each kind, and where it stands.
    let mut walks = Vec::with_capacity(kinds.len());
    for (statement, kind) in statements.iter_mut().zip(&kinds) {
        let mut rows = statement.query([kind])?;
        let next = step(&mut rows)?;
        walks.push((next, rows));
    }
    let mut found: Vec<(i64, i64)> = Vec::with_capacity(limit);
    for _ in 0..matches.len().saturating_mul(STEPS_PER_MATCH) {
        let Some((next, rows)) = walks.iter_mut().max_by_key(|(next, _)| *next) else { return Ok(Some(found)) };
        let Some((updated_at_ms, n)) = *next else { return Ok(Some(found)) };
        let is_enough = found.len() >= limit && found.last().is_none_or(|(last, _)| updated_at_ms < *last);
        if is_enough {
            return Ok(Some(found));
        }
        if matches.binary_search(&n).is_ok() {
            found.push((updated_at_ms, n));
        }
        *next = step(rows)?;
    }
    Ok(None)
}

fn step(rows: &mut rusqlite::Rows<'_>) -> Result<Option<(i64, i64)>, StoreError> {
    Ok(rows.next()?.map(|row| Ok::<_, rusqlite::Error>((row.get(0)?, row.get(1)?))).transpose()?)
}

/// The first `limit` of these rows, in the order of [`sorted`].
fn looked_up(conn: &Connection, latest: Vec<(i64, i64)>, limit: usize) -> Result<Vec<Row>, StoreError> {
    let mut statement = conn.prepare_cached(&format!("SELECT {ROW} FROM view_record WHERE n = ?1"))?;
    let mut found = Vec::with_capacity(latest.len());
    for (updated_at_ms, n) in latest {
        found.push((updated_at_ms, statement.query_row([n], row)?));
    }
    found.sort_by(|(a_at, a), (b_at, b)| (b_at, a.id.as_str(), a.doc).cmp(&(a_at, b.id.as_str(), b.doc)));
    found.truncate(limit);
    Ok(found.into_iter().map(|(_, row)| row).collect())
}

fn sorted(conn: &Connection, query: &str, limit: u32) -> Result<Vec<Row>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {ROW} FROM view_search JOIN view_record ON view_record.n = view_search.rowid
         WHERE view_search MATCH ?1 AND void = 0 ORDER BY updated_at_ms DESC, id, doc LIMIT ?2"
    ))?;
    Ok(statement.query_map(params![query, limit], row)?.collect::<Result<_, _>>()?)
}
