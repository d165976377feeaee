//! Customers with what their dossiers add up to: the list a supervisor begins with.
//!
//! Customers that were merged are one, listed under the id they lead to, with what waits in all of their dossiers. Grade, channel
//! and the order of the list go by the dossier of that id.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use store::StoreError;
use vocab::{RecordId, Timestamp};

use crate::ask::{LIST_ROWS_MAX, Page, ROW, Row, id_at, row};
use crate::merged::{Leads, leads};
use crate::words;

/// Which customers to list. What is absent does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// Words that occur in the customer or in any record of the dossiers, as [`crate::search`] takes them.
    pub text: Option<String>,
    /// The grade.
    pub grade: Option<String>,
    /// The type of channel.
    pub channel: Option<String>,
}

/// A customer and what the dossier adds up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerRow {
    /// The customer.
    pub row: Row,
    /// Tasks that wait for somebody: assigned, in progress or delayed.
    pub open_tasks: u64,
    /// Open disagreements.
    pub conflicts: u64,
    /// The latest change or event anywhere in the dossier of this id, by authored time.
    pub changed_at: Timestamp,
}

/// A page of customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customers {
    /// The rows of the page.
    pub rows: Vec<CustomerRow>,
    /// How many the whole list has.
    pub total: u64,
}

/// The customers that pass `filter`, those whose dossiers changed last first; void ones are left out.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn customers(conn: &Connection, filter: &CustomerFilter, page: Page) -> Result<Customers, StoreError> {
    let mut wheres = vec!["view_record.kind = 'customer' AND view_record.void = 0"];
    let mut values: Vec<SqlValue> = Vec::new();
    let mut restrict = |clause, value: Option<&str>| {
        if let Some(value) = value {
            wheres.push(clause);
            values.push(value.to_owned().into());
        }
    };
    let leads = leads(conn)?;
    let moved = ids(leads.moved());
    restrict(
        "view_record.id NOT IN (SELECT value FROM json_each(?))",
        Some(moved.as_str()).filter(|_| !leads.is_empty()),
    );
    restrict("view_record.grade = ?", filter.grade.as_deref());
    restrict("json_extract(view_record.json, '$.channel') = ?", filter.channel.as_deref());
    if let Some(text) = &filter.text {
        let Some(query) = words::query(text) else {
            return Ok(Customers { rows: Vec::new(), total: 0 });
        };
        let clause = "view_document.doc IN (SELECT found.doc FROM view_search JOIN view_record AS found
                                            ON found.n = view_search.rowid WHERE view_search MATCH ?)";
        if leads.is_empty() {
            restrict(clause, Some(&query));
        } else {
            let others = led_to(conn, &leads, &moved, &query)?;
            wheres.push(
                "(view_document.doc IN (SELECT found.doc FROM view_search JOIN view_record AS found
                                                ON found.n = view_search.rowid WHERE view_search MATCH ?)
                          OR view_record.id IN (SELECT value FROM json_each(?)))",
            );
            values.extend([query.into(), others.into()]);
        }
    }
    let from = format!(
        "FROM view_document JOIN view_record ON view_record.id = view_document.customer
                                            AND view_record.doc = view_document.doc
         WHERE {}",
        wheres.join(" AND ")
    );
    let total: i64 = conn
        .prepare_cached(&format!("SELECT count(*) {from}"))?
        .query_row(params_from_iter(&values), |row| row.get(0))?;
    values.push(i64::from(page.limit.min(LIST_ROWS_MAX)).into());
    values.push(i64::from(page.offset).into());
    let mut rows = conn
        .prepare_cached(&format!(
            "SELECT {ROW}, view_document.changed_at_ms,
                    (SELECT count(*) FROM view_record AS task
                     WHERE task.doc = view_document.doc AND task.kind = 'task' AND task.void = 0
                       AND task.state IN ('assigned', 'in_progress', 'delayed')),
                    (SELECT count(*) FROM view_conflict WHERE view_conflict.doc = view_document.doc)
             {from} ORDER BY view_document.changed_at_ms DESC, view_record.id, view_record.doc LIMIT ? OFFSET ?"
        ))?
        .query_map(params_from_iter(&values), |found| {
            let (changed, open_tasks, conflicts): (i64, i64, i64) = (found.get(6)?, found.get(7)?, found.get(8)?);
            Ok(CustomerRow {
                row: row(found)?,
                open_tasks: open_tasks.unsigned_abs(),
                conflicts: conflicts.unsigned_abs(),
                changed_at: Timestamp::from_millis(changed),
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for customer in &mut rows {
        for other in leads.group(&customer.row.id).iter().filter(|id| **id != customer.row.id) {
            let (open_tasks, conflicts) = waiting(conn, other)?;
            customer.open_tasks += open_tasks;
            customer.conflicts += conflicts;
        }
    }
    Ok(Customers { rows, total: total.unsigned_abs() })
}

fn ids<'a>(ids: impl Iterator<Item = &'a RecordId>) -> String {
    serde_json::Value::from(ids.map(RecordId::as_str).collect::<Vec<_>>()).to_string()
}

/// The customers that those lead to in whose dossiers the words occur.
fn led_to(conn: &Connection, leads: &Leads, moved: &str, query: &str) -> Result<String, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT found.customer FROM view_search JOIN view_record AS found ON found.n = view_search.rowid
         WHERE view_search MATCH ?1 AND found.customer IN (SELECT value FROM json_each(?2))",
    )?;
    let found = statement.query_map([query, moved], |row| id_at(row, 0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(ids(found.iter().map(|id| leads.lead(id))))
}

/// Open tasks and open disagreements in the dossier of a customer.
fn waiting(conn: &Connection, customer: &RecordId) -> Result<(u64, u64), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT (SELECT count(*) FROM view_record AS task WHERE task.doc = own.doc AND task.kind = 'task' AND task.void = 0
                   AND task.state IN ('assigned', 'in_progress', 'delayed')),
                (SELECT count(*) FROM view_conflict WHERE view_conflict.doc = own.doc)
         FROM view_record AS own WHERE own.id = ?1",
    )?;
    let found = statement
        .query_row([customer.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    Ok(found.map_or((0, 0), |(tasks, conflicts)| (tasks.unsigned_abs(), conflicts.unsigned_abs())))
}
