//! The life of a relay: open everything, accept connections, stop without losing anybody's answer.

use std::future::Future;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::{AppState, Error, Settings, limits, pages};

/// Runs the relay described by `settings` on `listener` until `shutdown` resolves.
///
/// # Errors
/// When the data directory cannot be opened, was written by a newer version, or is not a relay's; when the socket fails.
pub async fn serve(
    settings: Settings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    Relay::open(settings)?.run(listener, shutdown).await
}

/// A relay whose data is open and whose threads run, not yet connected to a socket. Between [`Relay::open`] and [`Relay::run`] is
/// the moment to tell somebody that connections will be accepted.
pub struct Relay {
    state: AppState,
}

impl Relay {
    /// Opens the data directory, migrates it when needed, and starts the relay's threads.
    ///
    /// # Errors
    /// See [`serve`].
    pub fn open(settings: Settings) -> Result<Self, Error> {
        Ok(Relay { state: AppState::open(settings)? })
    }

    /// The state shared by this relay's handlers.
    #[must_use]
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Accepts connections until `shutdown` resolves; then tells everybody goodbye and waits for them up to
    /// [`limits::SHUTDOWN_GRACE`].
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn run(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let state = self.state;
        let service = routes(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let stopper = state.clone();
        let server = axum::serve(listener, service).with_graceful_shutdown(async move {
            shutdown.await;
            stopper.stop();
        });
        let late = async {
            state.stopping().await;
            tokio::time::sleep(limits::SHUTDOWN_GRACE).await;
        };
        tokio::select! {
            result = server => result.map_err(Error::Socket),
            () = late => {
                tracing::warn!("stopped with connections still open");
                Ok(())
            }
        }
    }
}

fn routes(state: AppState) -> Router {
    Router::new().route("/healthz", get(healthz)).merge(pages::router()).with_state(state)
}

async fn healthz() -> &'static str {
    "ok\n"
}
