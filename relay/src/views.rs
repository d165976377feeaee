//! The files of rows derived from documents, one per branch: `views-<branch>.db`.
//!
//! The materializer writes them, pages read them. They may be deleted while the relay is stopped; it makes them again when it starts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use vocab::BranchId;

use crate::readers::Readers;
use crate::{Error, Settings, limits};

/// How long a reader waits for the file's writer, who holds it for milliseconds.
const BUSY: Duration = Duration::from_secs(5);

/// The derived rows of every branch.
pub(crate) struct Views {
    settings: Settings,
    readers: Mutex<BTreeMap<BranchId, Arc<Readers<Connection>>>>,
}

impl Views {
    pub(crate) fn new(settings: Settings) -> Self {
        Views { settings, readers: Mutex::new(BTreeMap::new()) }
    }

    /// Connections that read the rows of `branch`.
    pub(crate) fn readers(&self, branch: BranchId) -> Arc<Readers<Connection>> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = readers.entry(branch).or_insert_with(|| {
            let path = self.path(branch);
            Readers::new(limits::VIEW_READERS_MAX, move || open(&path))
        });
        Arc::clone(opened)
    }

    fn path(&self, branch: BranchId) -> PathBuf {
        self.settings.data.join(format!("views-{branch}.db"))
    }
}

fn open(path: &std::path::Path) -> Result<Connection, Error> {
    let opened = || {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    };
    opened().map_err(|source| Error::Views { path: path.to_path_buf(), source })
}
