//! What every request and connection shares.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use readmodel::views::{Matrix, MatrixAsk};
use store::{BookCache, Branch, DeviceReport, SqliteRelayStore, StoreError};
use tokio::sync::{broadcast, watch};
use vocab::{BranchId, DeviceKey, Timestamp};

use crate::admission::Admission;
use crate::fleet::Fleet;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::readers::Readers;
use crate::store_thread::StoreThread;
use crate::views::Views;
use crate::views::kept::Kept;
use crate::{Error, Settings, limits};

/// Something about a branch changed: its documents, and the rows derived from them are up to date; or its devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BranchChanged {
    /// Which branch.
    pub branch: BranchId,
}

/// The relay as its handlers see it. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    settings: Settings,
    changes: broadcast::Sender<BranchChanged>,
    stop: watch::Sender<bool>,
    store_thread: StoreThread,
    feed_readers: Arc<Readers<SqliteRelayStore>>,
    page_readers: Arc<Readers<SqliteRelayStore>>,
    views: Arc<Views>,
    hub: Arc<Hub>,
    admission: Arc<Admission>,
    metrics: Arc<Metrics>,
    reports: Arc<Reports>,
    fleet: Arc<Fleet>,
    windows: sync::Windows,
    kept: Kept,
}

/// What devices said of themselves and the database does not know yet. Losing it costs a line on the fleet's page until the device
/// speaks again, so it is written together and later instead of flushing the disk for each.
#[derive(Default)]
pub(crate) struct Reports(Mutex<BTreeMap<DeviceKey, (BranchId, DeviceReport)>>);

/// The parts that a relay's threads share with its state.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) changes: broadcast::Sender<BranchChanged>,
    pub(crate) store_thread: StoreThread,
    pub(crate) views: Arc<Views>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) reports: Arc<Reports>,
}

impl AppState {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { settings, changes, store_thread, views, hub, metrics, reports } = parts;
        let books = BookCache::default();
        let readers = |readers_max| {
            let path = settings.database();
            let books = books.clone();
            Readers::new(readers_max, move || {
                let mut store = SqliteRelayStore::open_sharing(&path, &books)?;
                let cache = store.connection_mut().pragma_update(None, "cache_size", -limits::READER_CACHE_KIB);
                cache.map_err(StoreError::from)?;
                Ok(store)
            })
        };
        let (feed_readers, page_readers) = (readers(limits::FEED_READERS_MAX), readers(limits::PAGE_READERS_MAX));
        let admission = Arc::new(Admission::new(settings.connections));
        let stop = watch::Sender::new(false);
        AppState(Arc::new(Inner {
            settings,
            changes,
            stop,
            store_thread,
            feed_readers,
            page_readers,
            views,
            hub,
            admission,
            metrics,
            reports,
            fleet: Arc::default(),
            windows: sync::Windows::new(limits::WINDOWS_MAX),
            kept: Kept::default(),
        }))
    }

    /// The settings this relay was started with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// From now on, every change of every branch, once its rows are up to date. A receiver that lags loses the oldest and is
    /// told so: it then reads everything it shows again.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<BranchChanged> {
        self.0.changes.subscribe()
    }

    /// Resolves once the relay is asked to stop. Whatever holds a connection open (server-sent events, sockets) ends then.
    pub async fn stopping(&self) {
        let mut stop = self.0.stop.subscribe();
        // The sender lives in `self`, so the channel cannot close while this waits.
        let _closed = stop.wait_for(|stopping| *stopping).await;
    }

    /// Reads feeds, documents or the registry for a page, beside whoever writes.
    ///
    /// # Errors
    /// What `read` gives; [`Error::Store`] when the database cannot be opened.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&SqliteRelayStore) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.page_readers.read(move |store| read(store)).await
    }

    /// Writes to the registry in turn with everybody else who writes; durable when this resolves.
    ///
    /// # Errors
    /// What `write` gives; [`Error::Stopping`] when the relay is stopping.
    pub async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut SqliteRelayStore) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.store_thread.write(write).await
    }

    /// Reads the rows derived from the documents of `branch`, by the functions of `readmodel`. They may be a moment behind
    /// the feed; [`AppState::changes`] tells when they have caught up.
    ///
    /// # Errors
    /// What `read` gives; [`Error::Views`] when the rows' file cannot be opened.
    pub async fn views<T: Send + 'static>(
        &self,
        branch: BranchId,
        read: impl FnOnce(&rusqlite::Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.views.readers(branch).read(move |connection| read(connection)).await
    }

    /// How each step of the closed loop stands in a branch at an instant: what `readmodel::views::matrix` answers, worked out anew only
    /// when the rows changed or an instant came that something is due at.
    ///
    /// # Errors
    /// [`Error::Views`] when the rows' file cannot be opened; those of reading it.
    pub async fn matrix(&self, branch: &Branch, as_of: Timestamp) -> Result<Matrix, Error> {
        let (state, id) = (self.clone(), branch.id);
        let ask = MatrixAsk { as_of, branch: branch.name.clone(), unshared: BTreeSet::new() };
        self.views(id, move |rows| Ok(state.0.kept.matrix(id, rows, &ask)?)).await
    }

    /// The devices of `branch` that are connected now.
    #[must_use]
    pub fn connected(&self, branch: BranchId) -> BTreeSet<DeviceKey> {
        self.0.hub.devices(branch)
    }

    pub(crate) async fn read_feeds<T: Send + 'static>(
        &self,
        read: impl FnOnce(&SqliteRelayStore) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.feed_readers.read(move |store| read(store)).await
    }

    /// What all devices on poor links share while they catch up.
    pub(crate) fn windows(&self) -> &sync::Windows {
        &self.0.windows
    }

    /// Tells whoever shows `branch` that it changed.
    pub(crate) fn announce(&self, branch: BranchId) {
        // Nobody may be looking.
        let _nobody = self.0.changes.send(BranchChanged { branch });
    }

    /// Notes what a device of `branch` said of itself.
    pub(crate) fn note_report(&self, branch: BranchId, device: DeviceKey, report: DeviceReport) {
        self.0.reports.lock().insert(device, (branch, report));
    }

    pub(crate) fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    pub(crate) fn store_thread(&self) -> &StoreThread {
        &self.0.store_thread
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    pub(crate) fn admission(&self) -> &Arc<Admission> {
        &self.0.admission
    }

    pub(crate) fn fleet(&self) -> &Arc<Fleet> {
        &self.0.fleet
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }
}

impl Reports {
    /// Everything noted since this was last asked.
    pub(crate) fn take(&self) -> BTreeMap<DeviceKey, (BranchId, DeviceReport)> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceKey, (BranchId, DeviceReport)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
