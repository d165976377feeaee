//! Everything that is shown, in one canonical form.

use std::io;

use rusqlite::Connection;
use store::StoreError;

/// Writes `{"branch":..,"records":[..]}` and a line end, records sorted by id (then document), keys sorted, no spaces: the
/// same bytes on every device and relay that holds the same heads. Returns how many records there were.
///
/// # Errors
/// Any [`StoreError`] of reading; [`StoreError::Disk`] when `out` fails.
pub fn export(conn: &Connection, branch: &str, out: &mut dyn io::Write) -> Result<u64, StoreError> {
    let failed = |error: io::Error| StoreError::Disk { source: error.into() };
    let mut statement = conn.prepare_cached("SELECT json FROM view_record ORDER BY id, doc")?;
    let mut rows = statement.query([])?;
    write!(out, "{{\"branch\":{},\"records\":[", serde_json::Value::from(branch)).map_err(failed)?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        if count > 0 {
            out.write_all(b",").map_err(failed)?;
        }
        let json = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        out.write_all(json.as_bytes()).map_err(failed)?;
        count += 1;
    }
    out.write_all(b"]}\n").map_err(failed)?;
    Ok(count)
}
