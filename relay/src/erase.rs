//! Erasing a dossier: everything that was ever written in it, wherever this relay keeps it.
//!
//! The tombstone and the end of the changes are one transaction; a relay that serves meanwhile notices and tells the devices
//! that are connected. The bytes leave the files here, before the caller is told that they have: the rows' file, then the
//! store's. A backup made earlier still holds them; when it is restored, devices bring the tombstone back.
//!
//! A branch's board and its policy are no dossiers, and are never erased.

use std::thread::sleep;
use std::time::Instant;

use serde::Serialize;
use store::{Branch, Documents, Erasure, Feeds, RelayStore, SqliteRelayStore, StoreErrorKind};
use sync::sign_tombstone;
use vocab::{DocId, Position, Timestamp, Tombstone};

use crate::views::{Views, shared_by_all};
use crate::{Error, Settings, limits, ticks};

/// A dossier that was erased, as `erase` and `erased` show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The name of its branch.
    pub branch: String,
    /// Its document.
    pub doc: DocId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
    /// Where its tombstone stands in the branch's feed, when that is known.
    pub position: Option<Position>,
}

impl Erased {
    pub(crate) fn of(branch: &Branch, tombstone: Tombstone, position: Option<Position>) -> Self {
        let Tombstone { doc, at, why, .. } = tombstone;
        Erased { branch: branch.name.clone(), doc, at, why, position }
    }
}

/// What `erase` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erasing {
    /// What is gone.
    #[serde(flatten)]
    pub erased: Erased,
    /// Whether it had been erased before; then that stands, with its own reason.
    pub before: bool,
    /// How many changes went now.
    pub changes: u64,
    /// Their bytes.
    pub change_bytes: u64,
}

/// Erases the dossier that `dossier` names: its document, the id of a record in it, or such an id on paper.
pub(crate) fn erase(
    store: &mut SqliteRelayStore,
    settings: &Settings,
    branches: Vec<Branch>,
    dossier: &str,
    why: &str,
) -> Result<Erasing, Error> {
    if why.trim().is_empty() || why.len() > limits::WHY_BYTES_MAX || why.chars().any(char::is_control) {
        return Err(Error::BadReason);
    }
    let (branch, doc) = find(store, settings, branches, dossier)?;
    if let Some(class) = shared_by_all(branch.id, doc) {
        return Err(Error::NotADossier { name: dossier.to_owned(), branch: branch.name, class });
    }
    let tombstone = sign_tombstone(branch.secret.as_bytes(), branch.id, doc, ticks::wall(), why);
    let erasing = match store.erase(branch.id, &tombstone)? {
        Erasure::Unknown => return Err(Error::NoDossier { name: dossier.to_owned() }),
        Erasure::Before(stands) => {
            let erased = Erased::of(&branch, stands, None);
            Erasing { erased, before: true, changes: 0, change_bytes: 0 }
        }
        Erasure::Erased { position, changes, change_bytes, .. } => {
            let erased = Erased::of(&branch, tombstone, Some(position));
            Erasing { erased, before: false, changes, change_bytes }
        }
    };
    let (views, head) = (Views::new(settings.clone()), store.head(branch.id)?);
    patiently(|| views.erase(branch.id, doc, branch.epoch, head))?;
    patiently(|| Ok(store.scrub()?))?;
    Ok(erasing)
}

/// Tries until nobody is in the way any more.
fn patiently<T>(mut work: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let began = Instant::now();
    loop {
        match work() {
            Err(Error::Store(error) | Error::Views { source: error, .. })
                if error.kind() == StoreErrorKind::Busy && began.elapsed() < limits::SCRUB_PATIENCE =>
            {
                sleep(limits::SCRUB_RETRY);
            }
            Err(Error::Store(error) | Error::Views { source: error, .. }) if error.kind() == StoreErrorKind::Busy => {
                return Err(Error::NotScrubbed);
            }
            done => return done,
        }
    }
}

/// The only dossier of these branches that has this name.
fn find(
    store: &SqliteRelayStore,
    settings: &Settings,
    branches: Vec<Branch>,
    name: &str,
) -> Result<(Branch, DocId), Error> {
    let mut found: Vec<(Branch, DocId)> = Vec::new();
    let mut unread = false;
    for branch in branches {
        let docs = match name.parse::<DocId>() {
            Ok(doc) => match store.document(branch.id, doc)?.is_some() || store.tombstone(branch.id, doc)?.is_some() {
                true => vec![doc],
                false => Vec::new(),
            },
            Err(_) => {
                let (docs, complete) = Views::new(settings.clone()).bearers(branch.id, name)?;
                unread |= !complete || store.counts(branch.id)?.behind > 0;
                docs
            }
        };
        found.extend(docs.into_iter().map(|doc| (branch.clone(), doc)));
    }
    match found.len() {
        0 if unread => Err(Error::RowsBehind { name: name.to_owned() }),
        0 => Err(Error::NoDossier { name: name.to_owned() }),
        1 => found.pop().ok_or_else(|| Error::NoDossier { name: name.to_owned() }),
        _ => {
            let shown = |(branch, doc): &(Branch, DocId)| format!("{} ({})", doc, branch.name);
            Err(Error::AmbiguousDossier { name: name.to_owned(), found: found.iter().map(shown).collect() })
        }
    }
}
