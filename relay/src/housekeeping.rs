//! What has to be looked at from time to time: whether another process wrote to the database, what devices said of
//! themselves, and what has expired.
//!
//! `fieldbook-relay device revoke`, `erase` and their like run beside a serving relay, in a process of their own. SQLite counts
//! the commits of other connections (`PRAGMA data_version`); when that number moves, the registry is read again, what was
//! erased since is told to whoever is connected, and the store thread looks whether a command wrote to a feed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Instant;

use rusqlite::{Connection, OpenFlags};
use store::{Feeds, Registry, RelayStore, SqliteRelayStore, StoreError};
use sync::{Code, LiveBatch, LiveForm};
use tokio::sync::broadcast;
use vocab::{BranchId, DeviceKey, Position, Tombstone};

use crate::growth::Growth;
use crate::hub::Hub;
use crate::state::Reports;
use crate::store_thread::StoreThread;
use crate::{BranchChanged, Error, Settings, limits, ticks};

pub(crate) struct Housekeeping {
    watch: Connection,
    store: SqliteRelayStore,
    store_thread: StoreThread,
    hub: Arc<Hub>,
    reports: Arc<Reports>,
    growth: Arc<Growth>,
    changes: broadcast::Sender<BranchChanged>,
    known: Known,
    /// When to see whether the bytes of what was erased are gone from the store's files; whoever erased does that first.
    scrub_at: Option<Instant>,
}

/// The registry as it was when last read.
#[derive(Default, PartialEq)]
struct Known {
    version: i64,
    branches: BTreeSet<BranchId>,
    revoked: BTreeSet<DeviceKey>,
    devices: usize,
    /// The latest erasure of each branch that was told.
    erased: BTreeMap<BranchId, Position>,
}

impl Housekeeping {
    pub(crate) fn new(
        settings: &Settings,
        store_thread: StoreThread,
        hub: Arc<Hub>,
        reports: Arc<Reports>,
        growth: Arc<Growth>,
        changes: broadcast::Sender<BranchChanged>,
    ) -> Result<Self, Error> {
        let path = settings.database();
        let store = SqliteRelayStore::open(&path)?;
        let watch =
            Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
                .map_err(StoreError::from)?;
        let mut housekeeping = Housekeeping {
            watch,
            store,
            store_thread,
            hub,
            reports,
            growth,
            changes,
            known: Known::default(),
            scrub_at: Some(Instant::now()),
        };
        housekeeping.known = housekeeping.read()?;
        for branch in housekeeping.known.branches.clone() {
            while !housekeeping.erasures(branch)?.is_empty() {}
        }
        Ok(housekeeping)
    }

    /// Starts the thread; it ends when the sender of `stop` is dropped, having written what was noted.
    pub(crate) fn start(mut self, stop: Receiver<()>) -> Result<JoinHandle<()>, Error> {
        let run = move || {
            let (mut reported, mut pruned) = (Instant::now(), None::<Instant>);
            loop {
                let stopping = stop.recv_timeout(limits::REGISTRY_POLL) != Err(RecvTimeoutError::Timeout);
                if let Err(error) = self.look() {
                    tracing::error!(error = &error as &dyn std::error::Error, "the registry cannot be read");
                }
                if stopping || reported.elapsed() >= limits::REPORTS_PERIOD {
                    reported = Instant::now();
                    self.write_reports();
                }
                if stopping {
                    return;
                }
                if self.scrub_at.is_some_and(|at| at <= Instant::now()) {
                    self.scrub();
                }
                if pruned.is_none_or(|last| last.elapsed() >= limits::PRUNE_PERIOD) {
                    pruned = Some(Instant::now());
                    self.prune();
                }
            }
        };
        std::thread::Builder::new().name("housekeeping".to_owned()).spawn(run).map_err(Error::Runtime)
    }

    /// Acts on what other processes, or this one, did to the registry.
    fn look(&mut self) -> Result<(), Error> {
        if self.version()? == self.known.version {
            return Ok(());
        }
        let now = self.read()?;
        self.store_thread.look()?;
        // A device that connects just now was admitted before or after the revocation was written: if before, its seat
        // is there to be shut here; if after, it was refused.
        if !now.revoked.is_empty() {
            self.hub.shut(Code::Revoked, |device| now.revoked.contains(device));
        }
        for branch in now.branches.difference(&self.known.branches) {
            self.growth.mark(*branch);
        }
        if now.branches != self.known.branches || now.revoked != self.known.revoked || now.devices != self.known.devices
        {
            self.announce(now.branches.iter().copied());
        }
        let erased = std::mem::take(&mut self.known.erased);
        let version = now.version;
        self.known = Known { erased, version: self.known.version, ..now };
        for branch in self.known.branches.clone() {
            while self.tell_erasures(branch)? {}
        }
        // Last: what cannot be told now is told when this is tried again.
        self.known.version = version;
        Ok(())
    }

    /// The next erasures of `branch` that were not told, each once.
    fn erasures(&mut self, branch: BranchId) -> Result<Vec<(Position, Tombstone)>, Error> {
        let told = self.known.erased.entry(branch).or_default();
        let found = self.store.erasures(branch, *told, limits::ERASURES_AT_ONCE)?;
        if let Some((last, _)) = found.last() {
            *told = *last;
        }
        Ok(found)
    }

    /// Tells the sessions of `branch` of erasures; whether there may be more. A device that stands elsewhere reads the feed.
    fn tell_erasures(&mut self, branch: BranchId) -> Result<bool, Error> {
        let found = self.erasures(branch)?;
        for (position, tombstone) in &found {
            let Some(sum) = self.store.sum_at(branch, *position)? else { continue };
            tracing::info!(%branch, doc = %tombstone.doc, %position, "a document was erased");
            let before = Position::new(position.get().saturating_sub(1));
            let entry = (tombstone.doc, LiveForm::Erased(tombstone.clone()));
            self.hub.publish(branch, |_| true, &LiveBatch::new(before, vec![entry], sum));
        }
        if !found.is_empty() {
            self.growth.mark(branch);
            self.announce([branch]);
            self.scrub_at = Some(Instant::now() + limits::SCRUB_DELAY);
        }
        Ok(!found.is_empty())
    }

    fn read(&self) -> Result<Known, Error> {
        // The number first: what is written while this reads moves it again.
        let version = self.version()?;
        let devices = self.store.devices(None)?;
        Ok(Known {
            version,
            branches: self.store.branches()?.into_iter().map(|branch| branch.id).collect(),
            devices: devices.len(),
            revoked: devices
                .into_iter()
                .filter(|device| device.revoked_at.is_some())
                .map(|device| device.key)
                .collect(),
            erased: BTreeMap::new(),
        })
    }

    fn version(&self) -> Result<i64, Error> {
        let version = self.watch.pragma_query_value(None, "data_version", |row| row.get(0));
        Ok(version.map_err(StoreError::from)?)
    }

    fn write_reports(&self) {
        let noted = self.reports.take();
        if noted.is_empty() {
            return;
        }
        let branches: BTreeSet<BranchId> = noted.values().map(|(branch, _)| *branch).collect();
        let reports: Vec<_> = noted.into_iter().map(|(device, (_, report))| (device, report)).collect();
        match self.store_thread.write_blocking(move |store| Ok(store.report(&reports)?)) {
            Ok(()) => self.announce(branches),
            Err(error) => tracing::warn!(%error, "what devices reported is not kept"),
        }
    }

    fn scrub(&mut self) {
        self.scrub_at = match self.store_thread.write_blocking(|store| Ok(store.scrub()?)) {
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(%error, "the bytes of what was erased are not gone from the files yet");
                Some(Instant::now() + limits::SCRUB_DELAY)
            }
        };
    }

    fn prune(&self) {
        match self.store_thread.write_blocking(|store| Ok(store.prune(ticks::wall())?)) {
            Ok(pruned) => tracing::debug!(?pruned, "expired entries removed"),
            Err(error) => tracing::warn!(%error, "expired entries stay for now"),
        }
    }

    fn announce(&self, branches: impl IntoIterator<Item = BranchId>) {
        for branch in branches {
            // Nobody may be looking.
            let _nobody = self.changes.send(BranchChanged { branch });
        }
    }
}
