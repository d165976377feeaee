//! The embedded relay store: one SQLite file.

mod append;
mod books;
mod catch_up;
mod documents;
mod erase;
mod form;
mod group;
mod index;
mod people;
mod read;
mod registry;
mod sums;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use vocab::{BranchId, Epoch, Position, Sum};

use super::RelayStore;
use crate::StoreError;
use crate::columns::Columns;
use crate::file::{Migration, Schema};

pub use index::BookCache;

const SCHEMA: Schema = Schema {
    application_id: 0x4642_5256,
    what: "a relay's store",
    migrations: &[
        Migration::sql(include_str!("0001_first.sql")),
        Migration { sql: include_str!("0002_sums.sql"), then: Some(sums::count_feeds) },
        Migration::sql(include_str!("0003_staff.sql")),
    ],
    // A checkpoint about every 10,000 changes; a relay starts rarely and reads this back in some 10 ms.
    wal_bytes_max: 16 << 20,
};

/// What SQLite keeps of the file in memory, in KiB: the upper levels of the feed's index for millions of changes.
const CACHE_KIB: u32 = 16_384;

/// A relay's store in one SQLite file. One thread owns a value; readers open values of their own on the same file, and
/// neither side waits for the other.
#[derive(Debug)]
pub struct SqliteRelayStore {
    conn: Connection,
    path: PathBuf,
    books: BookCache,
}

impl SqliteRelayStore {
    /// Makes the store of a new relay in the file `path`; its directory is made when absent.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::ReadOnly`], [`StoreError::Full`], ...
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        SqliteRelayStore::over(SCHEMA.create(path, |_| Ok(()))?, path)
    }

    /// Opens the store in the file `path` and brings it to this version.
    ///
    /// # Errors
    /// [`StoreError::Absent`], [`StoreError::Unreadable`], [`StoreError::ReadOnly`], [`StoreError::Corrupt`],
    /// [`StoreError::Newer`], [`StoreError::Busy`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        SqliteRelayStore::over(SCHEMA.open(path)?, path)
    }

    /// Opens the store in the file `path` as one of several connections that share what reconciling keeps in memory.
    ///
    /// # Errors
    /// Those of [`SqliteRelayStore::open`].
    pub fn open_sharing(path: &Path, books: &BookCache) -> Result<Self, StoreError> {
        let mut store = SqliteRelayStore::open(path)?;
        store.books = books.clone();
        Ok(store)
    }

    /// Opens the store in the file `path`, or makes it.
    ///
    /// # Errors
    /// Those of [`SqliteRelayStore::open`], except that it is absent.
    pub fn open_or_create(path: &Path) -> Result<Self, StoreError> {
        match SqliteRelayStore::open(path) {
            Err(StoreError::Absent { .. }) => match SqliteRelayStore::create(path) {
                // Another process was quicker.
                Err(StoreError::Exists { .. }) => SqliteRelayStore::open(path),
                made => made,
            },
            opened => opened,
        }
    }

    /// A store in memory, for tests and simulation.
    ///
    /// # Errors
    /// [`StoreError::Full`] when there is no memory.
    pub fn in_memory() -> Result<Self, StoreError> {
        SqliteRelayStore::over(SCHEMA.in_memory(|_| Ok(()))?, Path::new(":memory:"))
    }

    /// A copy of the store in memory, as of now: for tests and simulation.
    ///
    /// # Errors
    /// [`StoreError::Full`] when there is no memory.
    pub fn copy_in_memory(&self) -> Result<Self, StoreError> {
        SqliteRelayStore::over(Schema::copied(&self.conn)?, Path::new(":memory:"))
    }

    /// The connection, for SQLite's own hooks and limits: a simulation lets the disk end or fail with them. What is in the
    /// file is read and written by the traits' methods.
    #[must_use]
    pub fn connection_mut(&mut self) -> &mut Connection {
        &mut self.conn
    }

    fn over(conn: Connection, path: &Path) -> Result<Self, StoreError> {
        conn.execute_batch(&format!("PRAGMA cache_size=-{CACHE_KIB}"))?;
        Ok(SqliteRelayStore { conn, path: path.to_path_buf(), books: BookCache::default() })
    }

    /// The store's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What SQLite finds wrong with the file's structure; empty when nothing. Reads the whole file.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is too damaged to be checked.
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        crate::file::check(&self.conn)
    }

    /// Bounds the file for this connection: a write that would make it larger fails as [`StoreError::Full`] does when the
    /// disk ends.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn limit_file(&self, bytes_max: u64) -> Result<(), StoreError> {
        let page: u64 = self.conn.pragma_query_value(None, "page_size", |row| row.number(0))?;
        self.conn.execute_batch(&format!("PRAGMA max_page_count={}", bytes_max / page.max(1)))?;
        Ok(())
    }

    fn begin_write(&mut self) -> Result<Transaction<'_>, StoreError> {
        let path = &self.path;
        self.conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| StoreError::from_sql(path, error))
    }

    /// To be called after a commit of some size. What was committed is durable whether this succeeds or not; a disk that
    /// fails here fails the next commit.
    fn tidy(&self) {
        let _tidied = SCHEMA.tidy(&self.conn, &self.path);
    }

    /// One unchanging view for several reads.
    fn begin_read(&self) -> Result<Transaction<'_>, StoreError> {
        self.conn.unchecked_transaction().map_err(|error| StoreError::from_sql(&self.path, error))
    }
}

impl RelayStore for SqliteRelayStore {
    fn backup(&self, path: &Path) -> Result<(), StoreError> {
        crate::file::backup(&self.conn, path)
    }

    fn scrub(&mut self) -> Result<bool, StoreError> {
        crate::file::scrub(&self.conn, &erase::SCRUBBED)
    }
}

/// How many bits of a feed row's place are its position: 10^12 changes in a branch.
const POSITION_BITS: u32 = 40;

/// The place of a position in the feed of the branch with the row id `branch`.
fn place(branch: i64, position: Position) -> Result<i64, StoreError> {
    let low = i64::try_from(position.get()).ok().filter(|position| position >> POSITION_BITS == 0);
    let high = branch.checked_mul(1 << POSITION_BITS);
    match (high, low) {
        (Some(high), Some(low)) => Ok(high | low),
        _ => Err(StoreError::corrupt(format!("position {position} of branch {branch} is out of range"))),
    }
}

/// What is read of a branch before anything in it.
struct BranchRow {
    id: i64,
    head: Position,
    sum: Sum,
    epoch: Epoch,
}

fn branch_row(conn: &Connection, branch: BranchId) -> Result<Option<BranchRow>, StoreError> {
    let row = conn
        .prepare_cached("SELECT id, head, sum, epoch FROM branch WHERE branch = ?1")?
        .query_row([branch.as_bytes()], |row| {
            Ok(BranchRow { id: row.get(0)?, head: row.position(1)?, sum: row.sum(2)?, epoch: row.epoch(3)? })
        })
        .optional()?;
    Ok(row)
}
