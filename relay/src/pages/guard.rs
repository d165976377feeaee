//! The bounds of the pages that hold across requests: failed sign-ins, hashes at once, open streams.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limiter::Limiter;
use super::password;
use super::problem::Problem;

/// Passwords hashed at once: each takes 19 MiB and a core for some 20 ms, and devices need the cores too.
const HASHES_MAX: usize = 2;

/// Open pages that hear of changes at once. 30 branches with ten people each who look at three pages are 900.
const STREAMS_MAX: usize = 1_000;

/// One value for all requests, cheap to clone.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) limiter: Arc<Limiter>,
    hashes: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

impl Guard {
    pub(super) fn new() -> Guard {
        Guard {
            limiter: Arc::default(),
            hashes: Arc::new(Semaphore::new(HASHES_MAX)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        }
    }

    /// [`password::verify`], where blocking is allowed and [`HASHES_MAX`] at a time.
    pub(super) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Problem> {
        let place = Arc::clone(&self.hashes).acquire_owned().await.map_err(|error| Problem::broken(&error))?;
        let task = tokio::task::spawn_blocking(move || {
            let right = password::verify(&password, stored.as_deref());
            drop(place);
            right
        });
        task.await.map_err(|error| Problem::broken(&error))
    }

    /// The right to one open stream; given back when dropped.
    pub(super) fn stream_place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.streams).try_acquire_owned().map_err(|_| Problem::TooMany { wait_s: 60 })
    }
}

impl<S: Sync> FromRequestParts<S> for Guard {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let shared = Extension::<Guard>::from_request_parts(parts, &state).await;
        // The router puts it there; a guard of one's own still guards this request.
        Ok(shared.map_or_else(|_| Guard::new(), |Extension(guard)| guard))
    }
}
