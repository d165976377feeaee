//! Making, opening and migrating a SQLite file: what the device's store and the relay's have in common.
//!
//! WAL, `synchronous=FULL`: a commit is on the disk when it returns (I1). The WAL is kept when a process ends, so that a
//! command does not pay for a checkpoint. SQLite's own checkpoints never shorten a WAL that only short-lived processes write
//! to: each reads all of it back and starts counting anew, and it grows for ever. So a commit that finds it longer than
//! [`Schema::wal_bytes_max`] empties it ([`Schema::tidy`]).

use std::fs::{DirBuilder, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags, TransactionBehavior};

use crate::StoreError;

/// How long a transaction waits for another process's, in milliseconds. Commands take milliseconds; ten seconds outlast an
/// import of 10,000 rows.
pub const BUSY_MS_MAX: u64 = 10_000;

/// What a migration does that SQL cannot compute.
pub(crate) type Then = fn(&Connection) -> Result<(), StoreError>;

/// One step from a version of a schema to the next.
pub(crate) struct Migration {
    /// The numbered file.
    pub(crate) sql: &'static str,
    /// Done after it, in the same transaction.
    pub(crate) then: Option<Then>,
}

impl Migration {
    /// A step that SQL alone makes.
    pub(crate) const fn sql(sql: &'static str) -> Self {
        Migration { sql, then: None }
    }
}

/// Kinds of store, each with its numbered migrations.
pub(crate) struct Schema {
    /// SQLite's `application_id`, which tells our files from others.
    pub(crate) application_id: i32,
    /// What is in the file, for messages.
    pub(crate) what: &'static str,
    /// Each brings the schema from version `index` to `index + 1`. Append only.
    pub(crate) migrations: &'static [Migration],
    /// Length of the WAL, in bytes, above which a commit copies it back into the file and empties it.
    pub(crate) wal_bytes_max: u64,
}

impl Schema {
    fn version(&self) -> u32 {
        u32::try_from(self.migrations.len()).unwrap_or(u32::MAX)
    }

    /// A connection to the existing store at `path`, migrated to this version.
    pub(crate) fn open(&self, path: &Path) -> Result<Connection, StoreError> {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.len() == 0 && metadata.is_file() => {
                // Made by a process that died before its first commit; nothing was ever saved here.
                return Err(StoreError::Absent { path: path.to_path_buf() });
            }
            Ok(_) => {}
            Err(error) => return Err(StoreError::from_io(path, error)),
        }
        let mut conn = connect(path)?;
        let opened = self.check(&mut conn, path);
        opened.map_err(|error| explain(path, error))?;
        Ok(conn)
    }

    fn check(&self, conn: &mut Connection, path: &Path) -> Result<(), StoreError> {
        if conn.is_readonly(MAIN_DB)? {
            return Err(StoreError::ReadOnly { path: path.to_path_buf() });
        }
        let sql = |error| StoreError::from_sql(path, error);
        let version = user_version(conn).map_err(sql)?;
        let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(sql)?;
        match (application == self.application_id, version) {
            (false, 0) if application == 0 && is_empty(conn)? => {
                return Err(StoreError::Absent { path: path.to_path_buf() });
            }
            (false, _) => return Err(StoreError::corrupt(format!("the file is not {}", self.what))),
            (true, found) if found > self.version() => {
                return Err(StoreError::Newer { found, known: self.version() });
            }
            (true, found) if found < self.version() => self.migrate(conn)?,
            (true, _) => {}
        }
        Schema::settle(conn)
    }

    /// Makes a store at `path`, whose directory is made when absent, and fills it by `first`, in one transaction: another
    /// process sees no store or a whole one.
    pub(crate) fn create(
        &self,
        path: &Path,
        first: impl FnOnce(&Connection) -> Result<(), StoreError>,
    ) -> Result<Connection, StoreError> {
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            make_private_directory(directory)?;
        }
        match private_file().open(path) {
            Ok(_) => {}
            // A store, or what a process left that died before its first commit: the transaction below decides.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(StoreError::ReadOnly { path: path.to_path_buf() });
            }
            Err(error) => return Err(StoreError::from_io(path, error)),
        }
        let made = || -> Result<Connection, StoreError> {
            let mut conn = connect(path)?;
            if conn.is_readonly(MAIN_DB)? {
                return Err(StoreError::ReadOnly { path: path.to_path_buf() });
            }
            conn.pragma_update(None, "journal_mode", "WAL").map_err(|error| StoreError::from_sql(path, error))?;
            self.initialise(&mut conn, path, first)?;
            Ok(conn)
        };
        made().map_err(|error| explain(path, error))
    }

    /// A store in memory, for tests and simulation.
    pub(crate) fn in_memory(
        &self,
        first: impl FnOnce(&Connection) -> Result<(), StoreError>,
    ) -> Result<Connection, StoreError> {
        let mut conn = Connection::open_in_memory()?;
        self.initialise(&mut conn, Path::new(":memory:"), first)?;
        Ok(conn)
    }

    /// A copy in memory of what is behind `conn`, as of now: for tests and simulation.
    pub(crate) fn copied(conn: &Connection) -> Result<Connection, StoreError> {
        let mut copy = Connection::open_in_memory()?;
        match Backup::new(conn, &mut copy)?.step(-1)? {
            StepResult::Done => {}
            _ => return Err(StoreError::Busy),
        }
        Schema::settle(&copy)?;
        Ok(copy)
    }

    fn initialise(
        &self,
        conn: &mut Connection,
        path: &Path,
        first: impl FnOnce(&Connection) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        Schema::settle(conn)?;
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !is_empty(&tx)? {
            return Err(StoreError::Exists { path: path.to_path_buf() });
        }
        tx.pragma_update(None, "application_id", self.application_id)?;
        self.run_migrations(&tx)?;
        first(&tx)?;
        tx.commit()?;
        Ok(())
    }

    fn migrate(&self, conn: &mut Connection) -> Result<(), StoreError> {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        self.run_migrations(&tx)?;
        tx.commit()?;
        Ok(())
    }

    fn run_migrations(&self, tx: &Connection) -> Result<(), StoreError> {
        // Read inside the transaction: another process may have migrated meanwhile.
        let found = user_version(tx)?;
        for migration in self.migrations.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
            tx.execute_batch(migration.sql)?;
            if let Some(then) = migration.then {
                then(tx)?;
            }
        }
        tx.pragma_update(None, "user_version", self.version())?;
        Ok(())
    }

    /// Empties the WAL when it has grown past its bound. To be called after a commit; nobody is waited for: while another
    /// connection reads, the WAL stays as it is and a later commit tries again.
    pub(crate) fn tidy(&self, conn: &Connection, path: &Path) -> Result<(), StoreError> {
        let mut wal = path.as_os_str().to_owned();
        wal.push("-wal");
        // In memory there is none.
        let Ok(metadata) = std::fs::metadata(&wal) else {
            return Ok(());
        };
        if metadata.len() <= self.wal_bytes_max {
            return Ok(());
        }
        conn.busy_timeout(Duration::ZERO)?;
        let emptied = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        conn.busy_timeout(Duration::from_millis(BUSY_MS_MAX))?;
        match emptied.map_err(StoreError::from) {
            Err(StoreError::Busy) => Ok(()),
            emptied => emptied,
        }
    }

    /// What belongs to a connection and not to the file.
    fn settle(conn: &Connection) -> Result<(), StoreError> {
        // At most 32 MiB of pages: the indexes of a large book are written in random order during a first join, and SQLite's
        // own 2 MiB would send most of them to the file and back.
        conn.execute_batch(
            "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-32768;",
        )?;
        conn.set_prepared_statement_cache_capacity(128);
        Ok(())
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(|error| StoreError::from_sql(path, error))?;
    conn.busy_timeout(Duration::from_millis(BUSY_MS_MAX))?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // A statement is planned once and not again for every value it is given.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(conn)
}

fn user_version(conn: &Connection) -> rusqlite::Result<u32> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn is_empty(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
}

/// SQLite says "cannot open" when it may not write the directory (it needs a WAL beside the file); tell that apart by
/// trying. The file itself is not touched: closing it would drop the locks of another connection of this process.
fn explain(path: &Path, error: StoreError) -> StoreError {
    if !matches!(error, StoreError::Unreadable { .. } | StoreError::Disk { .. }) || !path.is_file() {
        return error;
    }
    let mut probe = PathBuf::from(path);
    probe.set_extension(format!("probe-{}", std::process::id()));
    match private_file().open(&probe) {
        Ok(_) => {
            // A probe that stays behind is empty and harmless; the answer is the same.
            let _removed = std::fs::remove_file(&probe);
            error
        }
        Err(refused)
            if matches!(
                refused.kind(),
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            StoreError::ReadOnly { path: path.to_path_buf() }
        }
        Err(_) => error,
    }
}

/// Options that make a new file only its owner can read; SQLite gives its WAL the same mode.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_private_directory(directory: &Path) -> Result<(), StoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => StoreError::ReadOnly { path: directory.to_path_buf() },
        std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotADirectory => {
            StoreError::Unreadable { path: directory.to_path_buf(), source: Box::new(error) }
        }
        _ => StoreError::from_io(directory, error),
    })
}

/// Copies the store behind `conn`, as of one moment, to the new file `path`. In WAL mode nobody has to wait for it.
pub(crate) fn backup(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    private_file().open(path).map_err(|error| StoreError::from_io(path, error))?;
    let copy = || -> Result<(), StoreError> {
        let mut copy = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let backup = Backup::new(conn, &mut copy)?;
        // All pages in one step: a step that ends early would start over whenever another connection commits.
        match backup.step(-1)? {
            StepResult::Done => Ok(()),
            _ => Err(StoreError::Busy),
        }
    };
    copy().inspect_err(|_| {
        // Half a backup must not be taken for one; if it cannot be removed, the error says that it failed anyway.
        let _removed = std::fs::remove_file(path);
    })
}

/// What SQLite finds wrong with the structure of the file; empty when nothing.
pub(crate) fn check(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = conn.prepare("PRAGMA integrity_check")?;
    let lines = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

/// How long [`scrub`] waits for others to end their reads, in milliseconds; others wait to write meanwhile.
const SCRUB_WAIT_MS_MAX: u64 = 500;

/// Makes sure that nothing of what was erased is left in the file and its WAL, if `table` lists anything that was erased
/// since that was last done: its `id` names it, its `scrubbed` says what was done since, 0 nothing, 1 the file was
/// rewritten, 2 the WAL was emptied as well. Says whether there was anything to do.
///
/// `secure_delete` overwrites what a deletion frees, but not the copies that stay behind when a page is split; a file
/// written anew has none. Others may read meanwhile, and wait to write.
///
/// # Errors
/// [`StoreError::Busy`] while another connection still reads what there was before; [`StoreError::Full`]. What was not
/// done stays to be done.
pub(crate) fn scrub(conn: &Connection, table: &Scrubbed) -> Result<bool, StoreError> {
    let rewritten = table.ids(conn, 0)?;
    if !rewritten.is_empty() {
        conn.execute_batch("VACUUM")?;
        // One that is erased meanwhile is not among these.
        table.mark(conn, &rewritten, 1)?;
    }
    let emptied = table.ids(conn, 1)?;
    if emptied.is_empty() {
        return Ok(false);
    }
    conn.busy_timeout(Duration::from_millis(SCRUB_WAIT_MS_MAX))?;
    let busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    conn.busy_timeout(Duration::from_millis(BUSY_MS_MAX))?;
    if busy? != 0 {
        return Err(StoreError::Busy);
    }
    table.mark(conn, &emptied, 2)?;
    Ok(true)
}

/// A table of what was erased.
pub(crate) struct Scrubbed {
    /// The table.
    pub(crate) table: &'static str,
    /// Its key, an integer.
    pub(crate) id: &'static str,
}

impl Scrubbed {
    fn ids(&self, conn: &Connection, done: i64) -> Result<Vec<i64>, StoreError> {
        let Scrubbed { table, id } = self;
        let mut statement = conn.prepare(&format!("SELECT {id} FROM {table} WHERE scrubbed < 2 AND scrubbed = ?1"))?;
        Ok(statement.query_map([done], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    fn mark(&self, conn: &Connection, ids: &[i64], done: i64) -> Result<(), StoreError> {
        let Scrubbed { table, id } = self;
        let tx = conn.unchecked_transaction()?;
        for one in ids {
            tx.prepare_cached(&format!("UPDATE {table} SET scrubbed = max(scrubbed, ?2) WHERE {id} = ?1"))?
                .execute([*one, done])?;
        }
        tx.commit()?;
        Ok(())
    }
}
