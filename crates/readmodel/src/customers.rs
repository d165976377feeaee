//! Customers with what their dossiers add up to: the list a supervisor begins with.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, params_from_iter};
use store::StoreError;
use vocab::Timestamp;

use crate::ask::{LIST_ROWS_MAX, Page, ROW, Row, row};
use crate::words;

/// Which customers to list. What is absent does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// Words that occur in the customer or in any record of the dossier, as [`crate::search`] takes them.
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
    /// The latest change or event anywhere in the dossier, by authored time.
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
    restrict("view_record.grade = ?", filter.grade.as_deref());
    restrict("json_extract(view_record.json, '$.channel') = ?", filter.channel.as_deref());
    if let Some(text) = &filter.text {
        let Some(query) = words::query(text) else {
            return Ok(Customers { rows: Vec::new(), total: 0 });
        };
        let clause = "view_document.doc IN (SELECT found.doc FROM view_search JOIN view_record AS found
                                            ON found.n = view_search.rowid WHERE view_search MATCH ?)";
        restrict(clause, Some(&query));
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
    let rows = conn
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
        .collect::<Result<_, _>>()?;
    Ok(Customers { rows, total: total.unsigned_abs() })
}
