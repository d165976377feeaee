//! What every request and connection shares.

use std::sync::Arc;

use tokio::sync::{broadcast, watch};
use vocab::BranchId;

use crate::{Error, Settings, limits};

/// The documents of a branch changed and the rows derived from them are up to date.
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
}

impl AppState {
    pub(crate) fn open(settings: Settings) -> Result<Self, Error> {
        std::fs::create_dir_all(&settings.data)
            .map_err(|source| Error::Data { path: settings.data.clone(), source })?;
        let (changes, _) = broadcast::channel(limits::PAGE_SIGNALS_MAX);
        Ok(AppState(Arc::new(Inner { settings, changes, stop: watch::Sender::new(false) })))
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

    pub(crate) fn stop(&self) {
        self.0.stop.send_replace(true);
    }
}
