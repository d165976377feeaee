//! Rows of moments: visits made, checks signed, and what a daily check looks at.

use records::View;
use records::limits::moments;
use rusqlite::{Connection, params};
use store::StoreError;
use vocab::{DocId, RecordId};

/// A row, its number aside: record, what, from, until, whose, customer.
type Row = (String, String, i64, Option<i64>, Option<String>, Option<String>);

/// Makes the rows of `doc` what `view` says; only rows that differ are written.
pub(crate) fn apply(conn: &Connection, doc: DocId, view: &View) -> Result<(), StoreError> {
    let customer = view.customer.as_ref().map(RecordId::as_str).map(str::to_owned);
    let mut after: Vec<Row> = moments(view)
        .into_iter()
        .map(|moment| {
            let (record, what) = (moment.record.to_string(), moment.what.code().to_owned());
            let end = moment.end.map(|end| end.millis());
            (record, what, moment.from.millis(), end, moment.staff.map(str::to_owned), customer.clone())
        })
        .collect();
    let mut statement = conn
        .prepare_cached("SELECT n, record, what, from_ms, end_ms, staff, customer FROM view_moment WHERE doc = ?1")?;
    let mut before: Vec<(Row, i64)> = statement
        .query_map([doc.as_bytes()], |row| {
            let moment = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?);
            Ok((moment, row.get(0)?))
        })?
        .collect::<Result<_, _>>()?;
    before.sort_unstable();
    after.sort_unstable();
    let mut before = before.into_iter().peekable();
    let mut delete = conn.prepare_cached("DELETE FROM view_moment WHERE n = ?1")?;
    let mut insert = conn.prepare_cached(
        "INSERT INTO view_moment (doc, record, what, from_ms, end_ms, staff, customer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for row in after {
        while let Some((_, n)) = before.next_if(|(old, _)| *old < row) {
            delete.execute([n])?;
        }
        if before.next_if(|(old, _)| *old == row).is_none() {
            let (record, what, from, end, staff, customer) = row;
            insert.execute(params![doc.as_bytes(), record, what, from, end, staff, customer])?;
        }
    }
    for (_, n) in before {
        delete.execute([n])?;
    }
    Ok(())
}
