//! The files of rows derived from documents, one per branch: `views-<branch>.db`.
//!
//! The materializer writes them, pages read them. They may be deleted while the relay is stopped; it makes them again when it
//! starts, as it does when they are damaged, of another version, or know more than the store they were derived from.

pub(crate) mod kept;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use readmodel::Prepared;
use records::{ALL_KINDS, Class, View};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};
use store::{StoreError, StoreErrorKind};
use vocab::{BranchId, DocId, Epoch, Position, RecordId};

use crate::readers::Readers;
use crate::{Error, Settings, limits};

/// How long one connection waits for another that writes; that takes milliseconds.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// Which feed the rows were derived from, and up to where; what tells these rows from any that there were or will be; and whether
/// rows were removed since the file was last rewritten.
const ORIGIN: &str = "CREATE TABLE IF NOT EXISTS relay_origin (
    id INTEGER PRIMARY KEY CHECK (id = 1), epoch BLOB NOT NULL, head INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS relay_mark (id INTEGER PRIMARY KEY CHECK (id = 1), mark BLOB NOT NULL) STRICT;
    INSERT OR IGNORE INTO relay_mark (id, mark) VALUES (1, randomblob(16));
    CREATE TABLE IF NOT EXISTS relay_unscrubbed (id INTEGER PRIMARY KEY CHECK (id = 1)) STRICT";

/// The derived rows of every branch.
pub(crate) struct Views {
    settings: Settings,
    readers: Mutex<BTreeMap<BranchId, Arc<Readers<Connection>>>>,
}

/// One branch's rows, to be written. There is one writer.
pub(crate) struct Rows {
    connection: Connection,
    path: PathBuf,
    prepared: Prepared,
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
            Readers::new(limits::VIEW_READERS_MAX, move || {
                let mut connection = connect(&path, limits::VIEW_READER_CACHE_KIB)?;
                prepare(&mut connection, None).map_err(|error| failed(&path, error))?;
                Ok(connection)
            })
        });
        Arc::clone(opened)
    }

    /// The rows of `branch`, whose feed is `epoch` and has come to `head`. A file that cannot be used is made anew: it holds
    /// nothing that documents do not. To be called once per branch, before its readers.
    pub(crate) fn rows(&self, branch: BranchId, epoch: Epoch, head: Position) -> Result<Rows, Error> {
        let path = self.path(branch);
        match Rows::open(&path, epoch, head) {
            Err(Error::Views { source, .. }) if source.kind() == StoreErrorKind::Corrupt => {
                tracing::warn!(path = %path.display(), error = %source, "damaged rows are made anew");
                for suffix in ["", "-wal", "-shm"] {
                    let mut file = path.clone().into_os_string();
                    file.push(suffix);
                    match std::fs::remove_file(&file) {
                        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                            return Err(Error::File { path: file.into(), source });
                        }
                        _ => {}
                    }
                }
                Rows::open(&path, epoch, head)
            }
            opened => opened,
        }
    }

    /// Removes the rows of a document that was erased and every byte of them, if `branch` has rows at all.
    ///
    /// # Errors
    /// Those of [`Rows::scrub`].
    pub(crate) fn erase(&self, branch: BranchId, doc: DocId, epoch: Epoch, head: Position) -> Result<(), Error> {
        if !self.path(branch).exists() {
            return Ok(());
        }
        let mut rows = self.rows(branch, epoch, head)?;
        rows.remove(std::iter::once(doc))?;
        rows.scrub()
    }

    /// The documents of `branch` that hold a record of this id, here or on paper, each once; and whether the rows show every
    /// document.
    pub(crate) fn bearers(&self, branch: BranchId, name: &str) -> Result<(Vec<DocId>, bool), Error> {
        let path = self.path(branch);
        if !path.exists() {
            return Ok((Vec::new(), false));
        }
        let read = || -> Result<(Vec<DocId>, bool), StoreError> {
            let rows = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            rows.busy_timeout(BUSY)?;
            if !readmodel::is_complete(&rows)? {
                return Ok((Vec::new(), false));
            }
            let mut found = match name.to_uppercase().parse::<RecordId>().or_else(|_| name.parse()) {
                Ok(id) => readmodel::bearers(&rows, &id)?,
                Err(_) => Vec::new(),
            };
            // A board is nobody's dossier: what stands there must not lead to its being erased.
            for kind in ALL_KINDS.into_iter().filter(|kind| kind.class == Class::Dossier) {
                found.extend(readmodel::by_legacy(&rows, kind, name)?);
            }
            let mut docs: Vec<DocId> = found.into_iter().map(|row| row.doc).collect();
            docs.sort_unstable();
            docs.dedup();
            Ok((docs, true))
        };
        read().map_err(|source| failed(&path, source))
    }

    /// The file of the rows of `branch`.
    pub(crate) fn path(&self, branch: BranchId) -> PathBuf {
        self.settings.data.join(format!("views-{branch}.db"))
    }
}

/// What of the branch this document is, `board` or `policy`, if all of the branch write to it. Its id is worked out from the
/// branch's: once it was erased nobody there could write to another.
pub(crate) fn shared_by_all(branch: BranchId, doc: DocId) -> Option<&'static str> {
    [Class::Board, Class::Policy].into_iter().find(|class| class.document(branch) == Some(doc)).map(Class::code)
}

impl Rows {
    fn open(path: &Path, epoch: Epoch, head: Position) -> Result<Self, Error> {
        let mut connection = connect(path, limits::VIEW_WRITER_CACHE_KIB)?;
        let prepared = prepare(&mut connection, Some((epoch, head))).map_err(|error| failed(path, error))?;
        Ok(Rows { connection, path: path.to_path_buf(), prepared })
    }

    /// Whether they show every document the feed had when they were opened.
    pub(crate) fn are_complete(&self) -> bool {
        self.prepared == Prepared::Complete
    }

    /// Makes the rows of some documents what their views say, all at once. The latest change among them is at `head`.
    pub(crate) fn put<'a>(
        &mut self,
        views: impl Iterator<Item = (DocId, &'a View)>,
        head: Position,
    ) -> Result<(), Error> {
        self.write(|connection| {
            for (doc, view) in views {
                readmodel::apply(connection, doc, view)?;
            }
            connection
                .prepare_cached("UPDATE relay_origin SET head = ?1 WHERE head < ?1")?
                .execute([i64::try_from(head.get()).unwrap_or(i64::MAX)])?;
            Ok(())
        })
    }

    /// Removes the rows of documents that were erased. Their bytes leave the file with [`Rows::scrub`].
    pub(crate) fn remove(&mut self, docs: impl Iterator<Item = DocId>) -> Result<(), Error> {
        self.write(|connection| {
            for doc in docs {
                if !readmodel::dossier(connection, doc)?.is_empty() {
                    connection.execute("INSERT OR IGNORE INTO relay_unscrubbed (id) VALUES (1)", [])?;
                }
                readmodel::remove(connection, doc)?;
            }
            Ok(())
        })
    }

    /// Rewrites the file when rows were removed from it since that was last done: nothing of them is left in it or beside it.
    ///
    /// # Errors
    /// [`Error::Views`] with [`StoreErrorKind::Busy`] while somebody still reads what there was before; then it stays to be done.
    pub(crate) fn scrub(&mut self) -> Result<(), Error> {
        let path = &self.path;
        let connection = &self.connection;
        let scrubbed = || -> Result<(), StoreError> {
            let wanted: bool =
                connection.query_row("SELECT EXISTS (SELECT 1 FROM relay_unscrubbed)", [], |row| row.get(0))?;
            if !wanted {
                return Ok(());
            }
            readmodel::forget_words(connection)?;
            // Overwriting what is deleted does not reach the copies that pages left behind when they were split.
            connection.execute_batch("VACUUM")?;
            let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            if busy != 0 {
                return Err(StoreError::Busy);
            }
            connection.execute("DELETE FROM relay_unscrubbed", [])?;
            Ok(())
        };
        scrubbed().map_err(|error| failed(path, error))
    }

    /// Gives back what the writer keeps in memory: there may be many branches, of which few are written at a time.
    pub(crate) fn rest(&self) -> Result<(), Error> {
        let rested = self.connection.execute_batch("PRAGMA shrink_memory");
        rested.map_err(|error| failed(&self.path, error.into()))
    }

    /// Says that every document has been put.
    pub(crate) fn set_complete(&mut self) -> Result<(), Error> {
        self.write(readmodel::completed)?;
        self.prepared = Prepared::Complete;
        Ok(())
    }

    fn write(&mut self, write: impl FnOnce(&Connection) -> Result<(), StoreError>) -> Result<(), Error> {
        let path = &self.path;
        let written = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            write(&transaction)?;
            set_mark(&transaction)?;
            transaction.commit()?;
            Ok(())
        };
        written().map_err(|error| failed(path, error))
    }
}

/// What tells these rows from any that there were before or will be: whoever finds it unchanged finds the same rows.
pub(crate) fn mark(connection: &Connection) -> Result<Vec<u8>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT mark FROM relay_mark WHERE id = 1")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

fn set_mark(connection: &Connection) -> Result<(), StoreError> {
    connection.prepare_cached("UPDATE relay_mark SET mark = randomblob(16) WHERE id = 1")?.execute([])?;
    Ok(())
}

fn failed(path: &Path, source: StoreError) -> Error {
    Error::Views { path: path.to_path_buf(), source }
}

fn connect(path: &Path, cache_kib: i64) -> Result<Connection, Error> {
    let opened = || -> Result<Connection, StoreError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // What the store takes for done must not be missing here after a power cut.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "secure_delete", "ON")?;
        // A statement is planned once and not again for every value it is given: that would be nine tenths of looking for twins.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "cache_size", -cache_kib)?;
        // Views and their rows have some hundred statements between them.
        connection.set_prepared_statement_cache_capacity(128);
        Ok(connection)
    };
    opened().map_err(|error| failed(path, error))
}

/// Makes sure that the tables are there. With the `origin` they should have, rows of another one are thrown away.
fn prepare(connection: &mut Connection, origin: Option<(Epoch, Position)>) -> Result<Prepared, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(ORIGIN)?;
    if let Some((epoch, head)) = origin {
        let head = i64::try_from(head.get()).unwrap_or(i64::MAX);
        let same = transaction
            .query_row("SELECT epoch = ?1 AND head <= ?2 FROM relay_origin", params![epoch.as_bytes(), head], |row| {
                row.get::<_, bool>(0)
            })
            .optional()?;
        if same != Some(true) {
            readmodel::clear(&transaction)?;
            transaction.execute(
                "INSERT OR REPLACE INTO relay_origin (id, epoch, head) VALUES (1, ?1, 0)",
                [epoch.as_bytes()],
            )?;
        }
    }
    let prepared = readmodel::prepare(&transaction)?;
    if prepared == Prepared::Incomplete {
        set_mark(&transaction)?;
    }
    transaction.commit()?;
    Ok(prepared)
}
