//! What can be wrong with a store, told apart so that each answer can say what to do next.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;
use vocab::DocId;

/// Why a store could not be opened, read or written. Nothing of the transaction that failed remains.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no store in this place.
    #[error("there is no store at {path}")]
    Absent {
        /// The file that was looked for.
        path: PathBuf,
    },
    /// There is a store in this place already.
    #[error("there is a store at {path} already")]
    Exists {
        /// The file that was to be made.
        path: PathBuf,
    },
    /// The file is there and this process cannot open it.
    #[error("the store at {path} cannot be opened")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file, its directory or its file system does not let this process write.
    #[error("the store at {path} cannot be written to")]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a store of this kind, or its content contradicts itself.
    #[error("the store is damaged: {what}")]
    Corrupt {
        /// What was found.
        what: String,
    },
    /// The store was written by a later version of the program.
    #[error("the store is of version {found}; this program knows versions up to {known}")]
    Newer {
        /// The version of the store.
        found: u32,
        /// The latest version this program knows.
        known: u32,
    },
    /// Another process held the store for longer than [`crate::BUSY_MS_MAX`].
    #[error("the store is in use by another process")]
    Busy,
    /// The disk, or the quota, is full.
    #[error("there is no space left for the store")]
    Full,
    /// Reading or writing the disk failed.
    #[error("the disk failed under the store")]
    Disk {
        /// What SQLite or the system said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something was to be written to a document that was erased: a fault of this program, which asks first.
    #[error("{doc} was erased")]
    Erased {
        /// The document.
        doc: DocId,
    },
    /// SQLite refused a statement: a fault of this program.
    #[error("the store was asked something it cannot do")]
    Statement {
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
}

/// The kinds of [`StoreError`], for exit codes and for the catalogue of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreErrorKind {
    /// [`StoreError::Absent`].
    Absent,
    /// [`StoreError::Exists`].
    Exists,
    /// [`StoreError::Unreadable`].
    Unreadable,
    /// [`StoreError::ReadOnly`].
    ReadOnly,
    /// [`StoreError::Corrupt`].
    Corrupt,
    /// [`StoreError::Newer`].
    Newer,
    /// [`StoreError::Busy`].
    Busy,
    /// [`StoreError::Full`].
    Full,
    /// [`StoreError::Disk`].
    Disk,
    /// [`StoreError::Statement`] and [`StoreError::Erased`].
    Statement,
}

impl StoreErrorKind {
    /// The code, as the last part of a key in the catalogue of messages: `absent`, `read-only`, ...
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            StoreErrorKind::Absent => "absent",
            StoreErrorKind::Exists => "exists",
            StoreErrorKind::Unreadable => "unreadable",
            StoreErrorKind::ReadOnly => "read-only",
            StoreErrorKind::Corrupt => "corrupt",
            StoreErrorKind::Newer => "newer",
            StoreErrorKind::Busy => "busy",
            StoreErrorKind::Full => "full",
            StoreErrorKind::Disk => "disk",
            StoreErrorKind::Statement => "statement",
        }
    }
}

impl StoreError {
    /// Which of the answers this is.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        match self {
            StoreError::Absent { .. } => StoreErrorKind::Absent,
            StoreError::Exists { .. } => StoreErrorKind::Exists,
            StoreError::Unreadable { .. } => StoreErrorKind::Unreadable,
            StoreError::ReadOnly { .. } => StoreErrorKind::ReadOnly,
            StoreError::Corrupt { .. } => StoreErrorKind::Corrupt,
            StoreError::Newer { .. } => StoreErrorKind::Newer,
            StoreError::Busy => StoreErrorKind::Busy,
            StoreError::Full => StoreErrorKind::Full,
            StoreError::Disk { .. } => StoreErrorKind::Disk,
            StoreError::Statement { .. } | StoreError::Erased { .. } => StoreErrorKind::Statement,
        }
    }

    /// What to do next, in English.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self.kind() {
            StoreErrorKind::Absent => "make one first, or name the directory that holds it",
            StoreErrorKind::Exists => "use it as it is, or name another directory",
            StoreErrorKind::Unreadable => "check that the path is right and that its owner is the user of this process",
            StoreErrorKind::ReadOnly => "give the user of this process the right to write the directory and its files",
            StoreErrorKind::Corrupt => "keep the file, and restore a backup into another directory",
            StoreErrorKind::Newer => "use the newer program; the store was left as it is",
            StoreErrorKind::Busy => "wait for the other process to finish, then try again",
            StoreErrorKind::Full => "free some space, then try again; what was saved before is intact",
            StoreErrorKind::Disk => "check the disk; what was saved before is intact as far as the disk is",
            StoreErrorKind::Statement => "report this as a fault of the program",
        }
    }

    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        StoreError::Corrupt { what: what.into() }
    }

    /// What a failure of the file system about `path` is.
    pub(crate) fn from_io(path: &Path, source: std::io::Error) -> Self {
        use std::io::ErrorKind;
        let path = path.to_path_buf();
        match source.kind() {
            ErrorKind::NotFound => StoreError::Absent { path },
            ErrorKind::AlreadyExists => StoreError::Exists { path },
            ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { path },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
            _ => StoreError::Unreadable { path, source: Box::new(source) },
        }
    }

    /// What SQLite's answer means for the store at `path`.
    pub(crate) fn from_sql(path: &Path, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
                StoreError::Unreadable { path: path.to_path_buf(), source: Box::new(source) }
            }
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path: path.to_path_buf() },
            _ => StoreError::from(source),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::corrupt(source.to_string()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
                StoreError::Busy
            }
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path: PathBuf::new() },
            Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) => StoreError::Disk { source: Box::new(source) },
            Some(_) => StoreError::Statement { source },
            None => match source {
                // A column that does not hold what we wrote: the file was changed by something else.
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..) => StoreError::corrupt(source.to_string()),
                source => StoreError::Statement { source },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rusqlite::Connection;

    use super::*;

    #[test]
    fn a_store_that_stays_in_use_is_busy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let first = Connection::open(&path).unwrap();
        let second = Connection::open(&path).unwrap();
        second.busy_timeout(Duration::ZERO).unwrap();
        first.execute_batch("CREATE TABLE t (x); BEGIN IMMEDIATE").unwrap();
        let refused = second.execute_batch("BEGIN IMMEDIATE").unwrap_err();
        assert_eq!(StoreError::from(refused).kind(), StoreErrorKind::Busy);
        first.execute_batch("COMMIT").unwrap();
        assert!(second.execute_batch("BEGIN IMMEDIATE").is_ok());
    }

    #[test]
    fn a_column_that_holds_something_else_is_corrupt_and_a_wrong_statement_is_not() {
        let conn = Connection::open_in_memory().unwrap();
        let text = conn.query_row("SELECT 'seven'", [], |row| row.get::<_, i64>(0)).unwrap_err();
        assert_eq!(StoreError::from(text).kind(), StoreErrorKind::Corrupt);
        let statement = conn.execute_batch("SELECT nothing").unwrap_err();
        assert_eq!(StoreError::from(statement).kind(), StoreErrorKind::Statement);
    }

    #[test]
    fn what_the_file_system_says_is_told_apart() {
        let kind = |kind: std::io::ErrorKind| StoreError::from_io(Path::new("x"), kind.into()).kind();
        assert_eq!(kind(std::io::ErrorKind::NotFound), StoreErrorKind::Absent);
        assert_eq!(kind(std::io::ErrorKind::ReadOnlyFilesystem), StoreErrorKind::ReadOnly);
        assert_eq!(kind(std::io::ErrorKind::StorageFull), StoreErrorKind::Full);
        assert_eq!(kind(std::io::ErrorKind::PermissionDenied), StoreErrorKind::Unreadable);
    }
}
