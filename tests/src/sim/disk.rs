//! Disks that end and disks that fail, under the real SQLite stores.
//!
//! A failing disk is one at which SQLite stops: in the middle of a statement, after a number of its virtual machine's
//! instructions, or at the commit. A full disk is one whose file may not grow. Either way SQLite rolls back and the store says
//! so; what was committed before stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::Connection;

use super::{Fallible, wrong};

/// How many instructions SQLite runs between two looks at the disk.
const LOOK_EVERY: i32 = 64;
/// What the switch says when all is well.
const WELL: i64 = i64::MAX;
/// What it says when the next commit fails.
const AT_COMMIT: i64 = -1;

/// How a disk is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Everything fails after this many looks.
    After(u32),
    /// What is written seems well until it is to be committed.
    AtCommit,
    /// The file may grow by this many pages and no more.
    Full(u32),
}

/// One disk. It goes with the store that it was put under.
#[derive(Debug, Default)]
pub(super) struct Disk {
    switch: Arc<AtomicI64>,
    broken: bool,
}

impl Disk {
    /// Puts a disk under a store.
    pub(super) fn under(conn: &mut Connection) -> Fallible<Disk> {
        let switch = Arc::new(AtomicI64::new(WELL));
        let looks = Arc::clone(&switch);
        let look = move || match looks.load(Ordering::Relaxed) {
            WELL | AT_COMMIT => false,
            0 => true,
            left => {
                looks.store(left - 1, Ordering::Relaxed);
                false
            }
        };
        conn.progress_handler(LOOK_EVERY, Some(look)).map_err(wrong)?;
        let commits = Arc::clone(&switch);
        conn.commit_hook(Some(move || commits.load(Ordering::Relaxed) == AT_COMMIT)).map_err(wrong)?;
        Ok(Disk { switch, broken: false })
    }

    /// Breaks it.
    pub(super) fn fail(&mut self, fault: Fault, conn: &Connection) -> Fallible<()> {
        self.broken = true;
        match fault {
            Fault::After(looks) => self.switch.store(i64::from(looks), Ordering::Relaxed),
            Fault::AtCommit => self.switch.store(AT_COMMIT, Ordering::Relaxed),
            Fault::Full(pages) => {
                let now: u32 = conn.pragma_query_value(None, "page_count", |row| row.get(0)).map_err(wrong)?;
                set_pages_max(conn, now + pages)?;
            }
        }
        Ok(())
    }

    /// Mends it.
    pub(super) fn mend(&mut self, conn: &Connection) -> Fallible<()> {
        self.broken = false;
        self.switch.store(WELL, Ordering::Relaxed);
        set_pages_max(conn, u32::MAX - 1)
    }

    /// Whether an error of the store may be this disk's.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }
}

fn set_pages_max(conn: &Connection, pages: u32) -> Fallible<()> {
    conn.query_row(&format!("PRAGMA max_page_count={pages}"), [], |_| Ok(())).map_err(wrong)
}
