//! The branch's policies, from the rows of their versions.
//!
//! A version may arrive before the dossiers it judges, after them, or out of order. Whenever the versions change, rows of
//! limits that began from then on are judged anew: what is written does not depend on who came first.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use records::{LimitCode, Policies, PolicyVersion, Value, View, Written};
use rusqlite::{Connection, Row as SqlRow, params};
use sha2::{Digest, Sha256};
use store::StoreError;
use vocab::{Actor, Author, DocId, RecordId, Timestamp};

use crate::ask::id_at;

/// How many branches' policies are kept as they were read; a relay of thirty branches reads each once.
const KEPT_MAX: usize = 64;

/// How many rows are judged anew at a time, to bound memory.
const REJUDGED_ROWS: i64 = 2_000;

/// Policies as they were read, by what tells their versions from others: a memory of a pure function of rows.
static KEPT: Mutex<VecDeque<(String, Arc<Policies>)>> = Mutex::new(VecDeque::new());

/// A version as it stands in a row.
#[derive(PartialEq, Eq)]
struct Row {
    written: Written,
    reason: String,
    body: String,
}

/// The policies of the branch.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn current(conn: &Connection) -> Result<Arc<Policies>, StoreError> {
    let mark: String =
        conn.prepare_cached("SELECT policies FROM view_meta WHERE id = 1")?.query_row([], |row| row.get(0))?;
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, policies)) = kept.iter().find(|(known, _)| *known == mark) {
        return Ok(Arc::clone(policies));
    }
    let policies = Arc::new(read(conn)?);
    kept.truncate(KEPT_MAX - 1);
    kept.push_front((mark, Arc::clone(&policies)));
    Ok(policies)
}

fn read(conn: &Connection) -> Result<Policies, StoreError> {
    let mut statement = conn.prepare_cached("SELECT record, at_ms, actor, author, reason, body FROM view_policy")?;
    let versions = statement.query_map([], |found| Ok((id_at(found, 0)?, row(found)?)))?;
    let versions = versions.collect::<Result<Vec<(RecordId, Row)>, _>>()?.into_iter();
    Ok(Policies::from_versions(
        versions.filter_map(|(id, row)| PolicyVersion::read(id, row.written, &row.reason, &row.body)),
    ))
}

fn row(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let author: Option<String> = row.get(3)?;
    let written = Written {
        at: Timestamp::from_millis(row.get(1)?),
        actor: Actor::from_bytes(row.get(2)?),
        author: author.and_then(|author| author.parse::<Author>().ok()),
    };
    Ok(Row { written, reason: row.get(4)?, body: row.get(5)? })
}

/// Makes the versions of `doc` what `view` says, and judges anew what that changes. Costs one small read for documents that
/// hold none.
pub(crate) fn apply(conn: &Connection, doc: DocId, view: &View) -> Result<(), StoreError> {
    let after: BTreeMap<&str, Row> = view
        .records
        .iter()
        .filter(|record| record.kind.code == records::POLICY.code && !record.is_void())
        .filter_map(|record| {
            let body = record.get("body").and_then(Value::as_text)?.to_owned();
            let reason = record.text("reason").unwrap_or_default().to_owned();
            Some((record.id.as_str(), Row { written: record.created.clone(), reason, body }))
        })
        .collect();
    let before: BTreeMap<String, Row> = conn
        .prepare_cached("SELECT record, at_ms, actor, author, reason, body FROM view_policy WHERE doc = ?1")?
        .query_map([doc.as_bytes()], |found| Ok((found.get(0)?, row(found)?)))?
        .collect::<Result<_, _>>()?;
    if before.iter().map(|(id, row)| (id.as_str(), row)).eq(after.iter().map(|(id, row)| (*id, row))) {
        return Ok(());
    }
    let held = current(conn)?;
    conn.prepare_cached("DELETE FROM view_policy WHERE doc = ?1")?.execute([doc.as_bytes()])?;
    let mut insert = conn.prepare_cached(
        "INSERT INTO view_policy (doc, record, at_ms, actor, author, reason, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (id, Row { written, reason, body }) in &after {
        let author = written.author.as_ref().map(ToString::to_string);
        insert.execute(params![
            doc.as_bytes(),
            id,
            written.at.millis(),
            written.actor.as_bytes(),
            author,
            reason,
            body
        ])?;
    }
    mark(conn)?;
    let policies = current(conn)?;
    match policies.differ_from(&held) {
        Some(since) => rejudge(conn, &policies, since),
        None => Ok(()),
    }
}

/// Writes down what tells these versions from any others.
fn mark(conn: &Connection) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT record, at_ms, actor, author, reason, body FROM view_policy ORDER BY record, at_ms, actor, doc",
    )?;
    let mut rows = statement.query([])?;
    let (mut hash, mut count) = (Sha256::new(), 0_u64);
    while let Some(found) = rows.next()? {
        let Row { written, reason, body } = row(found)?;
        let author = written.author.map(|author| author.to_string()).unwrap_or_default();
        let at = written.at.millis().to_string();
        for part in [found.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?, &at, &author, &reason, &body] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update(written.actor.as_bytes());
        count += 1;
    }
    let mark = match count {
        0 => String::new(),
        _ => hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    conn.prepare_cached("UPDATE view_meta SET policies = ?1 WHERE id = 1")?.execute([mark])?;
    Ok(())
}

/// Judges every limit anew that began at `since` or later.
fn rejudge(conn: &Connection, policies: &Policies, since: Timestamp) -> Result<(), StoreError> {
    let mut update =
        conn.prepare_cached("UPDATE view_limit SET soon_ms = ?2, due_ms = ?3, policy = ?4 WHERE n = ?1")?;
    let mut last = 0;
    loop {
        let mut statement = conn.prepare_cached(
            "SELECT n, code, part, from_ms, soon_ms, due_ms, policy,
                    CASE code WHEN 'L13' THEN (SELECT grade FROM view_record
                                               WHERE view_record.id = view_limit.customer
                                                 AND view_record.doc = view_limit.doc) END
             FROM view_limit WHERE n > ?1 ORDER BY n LIMIT ?2",
        )?;
        let mut rows = statement.query(params![last, REJUDGED_ROWS])?;
        let mut changed: Vec<(i64, i64, i64, Option<String>)> = Vec::new();
        let before = last;
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            let from = Timestamp::from_millis(row.get(3)?);
            if from < since {
                continue;
            }
            let text = |index| {
                row.get_ref(index)
                    .map_err(StoreError::from)?
                    .as_str_or_null()
                    .map_err(|error| StoreError::Corrupt { what: format!("a row of limits: {error}") })
            };
            let Some(code) = text(1)?.and_then(limit_code) else { continue };
            let Some(term) = policies.term(code, text(2)?, text(7)?, from) else { continue };
            let policy = term.policy.map(RecordId::as_str);
            let (soon, due): (i64, i64) = (row.get(4)?, row.get(5)?);
            if (soon, due) != (term.soon.millis(), term.due.millis()) || text(6)? != policy {
                changed.push((last, term.soon.millis(), term.due.millis(), policy.map(str::to_owned)));
            }
        }
        drop(rows);
        for (n, soon, due, policy) in changed {
            update.execute(params![n, soon, due, policy])?;
        }
        if last == before {
            return Ok(());
        }
    }
}

/// The limit with this code.
pub(crate) fn limit_code(code: &str) -> Option<LimitCode> {
    // They are numbered in their order: rows of a year are read by the hundred thousand.
    let number = code.strip_prefix('L').and_then(|number| number.parse::<usize>().ok());
    let numbered = number.and_then(|number| LimitCode::ALL.get(number.wrapping_sub(1)).copied());
    let is_it = |known: &LimitCode| known.code() == code;
    numbered.filter(is_it).or_else(|| LimitCode::ALL.into_iter().find(is_it))
}
