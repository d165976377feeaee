//! Bringing a backup back.
//!
//! The restored feeds may lack what devices were told is safe, and may go on differently from here: each starts a new epoch, which
//! tells its devices to compare what they hold. The database appears under its name only when that is done.

use std::path::Path;

use store::{Registry, RelayStore, SqliteRelayStore, StoreError};
use vocab::Epoch;

use crate::admin::random;
use crate::serve::make_directory;
use crate::{Error, Settings};

/// Restores the backup at `backup` into an empty data directory; how many branches it holds.
///
/// # Errors
/// [`Error::File`]: the backup cannot be read. [`Error::Store`]: a relay is there already, the backup is corrupt or of a newer
/// version.
pub(crate) fn restore(settings: &Settings, backup: &Path) -> Result<usize, Error> {
    let database = settings.database();
    if database.exists() {
        return Err(StoreError::Exists { path: database }.into());
    }
    let unusable = |source| Error::File { path: backup.to_path_buf(), source };
    // Looked at first, so that nothing is left behind when it is not there.
    std::fs::File::open(backup).map_err(unusable)?;
    make_directory(&settings.data).map_err(|source| Error::Data { path: settings.data.clone(), source })?;
    // A directory of its own: a copy that a crash leaves behind, with what SQLite puts beside it, is in nobody's way.
    let scratch = settings.data.join("restoring");
    discard(&scratch)?;
    std::fs::create_dir(&scratch).map_err(|source| Error::Data { path: scratch.clone(), source })?;
    let copy = scratch.join("relay.db");
    std::fs::copy(backup, &copy).map_err(unusable)?;
    let mut store = SqliteRelayStore::open(&copy)?;
    let found = store.check()?;
    if !found.is_empty() {
        return Err(StoreError::Corrupt { what: found.join("; ") }.into());
    }
    let branches = store.branches()?;
    for branch in &branches {
        store.set_epoch(branch.id, Epoch::from_bytes(random()?))?;
    }
    store.backup(&database)?;
    drop(store);
    discard(&scratch)?;
    Ok(branches.len())
}

fn discard(scratch: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(scratch) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::Data { path: scratch.to_path_buf(), source })
        }
        _ => Ok(()),
    }
}
