//! A device's store: one SQLite file that holds everything the device must not lose.
//!
//! - One command, one transaction: document bytes, outbox, counters, clock and read-model rows commit together or not at all.
//! - Several processes share one home and take turns; [`DeviceStore::data_version`] tells a watching process cheaply that
//!   another one has committed.
//! - What the relay is known to have is kept as one number, in the same transactions ([`ReadTx::acknowledged_sum`]).
//! - What was erased is gone from the file after [`DeviceStore::scrub`]; its tombstone stays for ever (I7).
//! - Bytes are opaque. Whether a change is well formed, what a document's heads are and when to save it anew is said by
//!   whoever holds the automerge document.

mod documents;
mod erased;
mod identity;
mod membership;
mod outbox;
mod set_aside;
mod sums;

use std::cell::Cell;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use vocab::Sum;

use crate::StoreError;
use crate::file::{Migration, Schema};

pub use documents::{COMPACT_TAIL_BYTES_MIN, COMPACT_TAIL_CHANGES_MAX, Invalid, StoredDocument, Tail};
pub use erased::Erased;
pub use identity::{Identity, SecretKey};
pub use membership::{Acknowledged, FRAME_BYTES_FIRST, LastSync, Membership};
pub use outbox::{OutboxCounts, OutboxEntry, OutboxSeq, Refused};
pub use set_aside::SetAside;

/// The store's file inside a device's home.
pub const STORE_FILE: &str = "book.sqlite";

const SCHEMA: Schema = Schema {
    application_id: 0x4642_4456,
    what: "a device's store",
    migrations: &[
        Migration::sql(include_str!("0001_first.sql")),
        Migration::sql(include_str!("0002_outbox_waiting.sql")),
        Migration { sql: include_str!("0003_sums.sql"), then: Some(sums::count_outbox) },
    ],
    // About fifteen commands between two checkpoints, and at most a millisecond for the next process to read back.
    wal_bytes_max: 1 << 20,
};

/// A device's store, open.
#[derive(Debug)]
pub struct DeviceStore {
    conn: Connection,
    path: PathBuf,
}

impl DeviceStore {
    /// Makes the store of a new device in the directory `home`, which is made (for its owner only) when absent.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is one already, [`StoreError::ReadOnly`], [`StoreError::Full`], ...
    pub fn create(home: &Path, identity: &Identity) -> Result<Self, StoreError> {
        let path = home.join(STORE_FILE);
        let conn = SCHEMA.create(&path, |conn| identity::insert(conn, identity))?;
        Ok(DeviceStore { conn, path })
    }

    /// Opens the store in `home` and brings it to this version.
    ///
    /// # Errors
    /// [`StoreError::Absent`], [`StoreError::Unreadable`], [`StoreError::ReadOnly`], [`StoreError::Corrupt`],
    /// [`StoreError::Newer`], [`StoreError::Busy`]. The file is left as it was.
    pub fn open(home: &Path) -> Result<Self, StoreError> {
        let path = home.join(STORE_FILE);
        Ok(DeviceStore { conn: SCHEMA.open(&path)?, path })
    }

    /// A store in memory, for tests and simulation.
    ///
    /// # Errors
    /// [`StoreError::Full`] when there is no memory.
    pub fn in_memory(identity: &Identity) -> Result<Self, StoreError> {
        let conn = SCHEMA.in_memory(|conn| identity::insert(conn, identity))?;
        Ok(DeviceStore { conn, path: PathBuf::from(":memory:") })
    }

    /// A copy of the store in memory, as of now: for tests and simulation.
    ///
    /// # Errors
    /// [`StoreError::Full`] when there is no memory.
    pub fn copy_in_memory(&self) -> Result<Self, StoreError> {
        Ok(DeviceStore { conn: Schema::copied(&self.conn)?, path: PathBuf::from(":memory:") })
    }

    /// The connection, for SQLite's own hooks and limits: a simulation lets the disk end or fail with them. What is in the
    /// file is read and written by transactions.
    #[must_use]
    pub fn connection_mut(&mut self) -> &mut Connection {
        &mut self.conn
    }

    /// The store's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in one transaction that no other process's can interleave with. What it wrote is on the disk when this
    /// returns `Ok`, and nothing of it remains when `work` or the commit fails.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError::Busy`], [`StoreError::Full`], ... of beginning and committing.
    pub fn write<T, E: From<StoreError>>(&mut self, work: impl FnOnce(&WriteTx<'_>) -> Result<T, E>) -> Result<T, E> {
        let done = {
            let tx = self
                .conn
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(|error| StoreError::from_sql(&self.path, error))?;
            let tx = WriteTx { tx: ReadTx { tx, uncounted: Cell::new(Sum::ZERO) } };
            let done = work(&tx)?;
            tx.write_counted()?;
            tx.tx.tx.commit().map_err(|error| StoreError::from_sql(&self.path, error))?;
            done
        };
        // What was committed is durable whether this succeeds or not; a disk that fails here fails the next commit.
        let _tidied = SCHEMA.tidy(&self.conn, &self.path);
        Ok(done)
    }

    /// Runs `work` on one unchanging view of the store.
    ///
    /// # Errors
    /// Those of `work`, and of beginning the transaction.
    pub fn read<T, E: From<StoreError>>(&mut self, work: impl FnOnce(&ReadTx<'_>) -> Result<T, E>) -> Result<T, E> {
        let tx = self.conn.transaction().map_err(|error| StoreError::from_sql(&self.path, error))?;
        work(&ReadTx { tx, uncounted: Cell::new(Sum::ZERO) })
    }

    /// A number that changes when another connection has committed since this one last asked. Costs no disk access.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Disk`], ...
    pub fn data_version(&self) -> Result<u64, StoreError> {
        let version: i64 = self.conn.pragma_query_value(None, "data_version", |row| row.get(0))?;
        Ok(version.unsigned_abs())
    }

    /// What SQLite finds wrong with the file's structure; empty when nothing. Reads the whole file.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is too damaged to be checked.
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        crate::file::check(&self.conn)
    }

    /// Writes a consistent copy of the store to the new file `path`, readable by its owner only, while other processes go on.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is such a file; [`StoreError::Full`], ...
    pub fn backup(&self, path: &Path) -> Result<(), StoreError> {
        crate::file::backup(&self.conn, path)
    }
}

/// One unchanging view of a device's store.
#[derive(Debug)]
pub struct ReadTx<'a> {
    tx: Transaction<'a>,
    /// What this transaction added to the acknowledged sum and has not written yet; nothing, while it only reads.
    uncounted: Cell<Sum>,
}

impl ReadTx<'_> {
    /// The connection, for the read model's tables, which live in the same file.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.tx
    }
}

/// One transaction on a device's store. Reads see what it has written so far.
#[derive(Debug)]
pub struct WriteTx<'a> {
    tx: ReadTx<'a>,
}

impl<'a> Deref for WriteTx<'a> {
    type Target = ReadTx<'a>;

    fn deref(&self) -> &ReadTx<'a> {
        &self.tx
    }
}
