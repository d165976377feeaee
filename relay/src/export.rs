//! The converged records of a branch, in the form every device exports.
//!
//! Read from the documents and not from the derived rows: it needs no serving relay, waits for no materializer, and so says what
//! the feed holds at this moment.

use std::io;

use records::Dossier;
use rusqlite::Connection;
use store::{Branch, Documents, SqliteRelayStore, StoreError};

use crate::Error;

/// Documents read at once.
const PAGE: u32 = 500;

/// Writes `{"branch":..,"records":[..]}` to `out`; how many records there were.
///
/// # Errors
/// [`Error::Store`] when the documents cannot be read or `out` fails.
pub(crate) fn export(store: &SqliteRelayStore, branch: &Branch, out: &mut dyn io::Write) -> Result<u64, Error> {
    // A database of its own, on disk only when it outgrows memory, and gone with the connection.
    let rows = Connection::open("").map_err(StoreError::from)?;
    readmodel::prepare(&rows)?;
    let mut after = None;
    loop {
        let documents = store.documents(branch.id, after, PAGE)?;
        let Some(last) = documents.last() else { break };
        after = Some(last.doc);
        let transaction = rows.unchecked_transaction().map_err(StoreError::from)?;
        for document in &documents {
            match Dossier::receive(&document.bytes) {
                Ok((dossier, _)) => readmodel::apply(&transaction, document.doc, &dossier.read())?,
                Err(error) => tracing::warn!(doc = %document.doc, %error, "left out of the export"),
            }
        }
        transaction.commit().map_err(StoreError::from)?;
    }
    Ok(readmodel::export(&rows, &branch.name, out)?)
}
