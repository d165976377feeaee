//! The life of a relay: open everything, accept connections, stop without losing anybody's answer.

use std::fs::{DirBuilder, File, TryLockError};
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use axum::routing::get;
use axum::serve::ListenerExt;
use axum::{Router, middleware};
use store::SqliteRelayStore;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::time::{sleep, timeout};

use crate::address::believe_proxy;
use crate::door::Door;
use crate::growth::Growth;
use crate::housekeeping::Housekeeping;
use crate::hub::Hub;
use crate::materializer::Materializer;
use crate::metrics::Metrics;
use crate::state::{Parts, Reports};
use crate::store_thread::StoreThread;
use crate::views::Views;
use crate::{AppState, Error, Settings, api, limits, metrics, pages, publisher, socket};

/// The file whose lock says that the data directory is served.
const LOCK_FILE: &str = "serving.lock";

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
    threads: Threads,
    /// Held for as long as this relay serves: two that serve one directory would not hear of each other's changes.
    lock: File,
}

/// Makes the data directory, which only its owner may look into: rows and their indexes hold what documents do.
pub(crate) fn make_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Takes the data directory for this process; the system gives it back when the process ends, however it ends.
fn lock(settings: &Settings) -> Result<File, Error> {
    let path = settings.data.join(LOCK_FILE);
    let failed = |source| Error::Data { path: settings.data.clone(), source };
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Served { path: settings.data.clone() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// The threads beside the runtime, in the order they end.
struct Threads {
    housekeeping: (mpsc::Sender<()>, JoinHandle<()>),
    materializer: (Arc<Growth>, JoinHandle<()>),
    store: JoinHandle<()>,
    publisher: JoinHandle<()>,
}

impl Relay {
    /// Opens the data directory, migrates it when needed, and starts the relay's threads.
    ///
    /// # Errors
    /// See [`serve`].
    pub fn open(settings: Settings) -> Result<Self, Error> {
        make_directory(&settings.data).map_err(|source| Error::Data { path: settings.data.clone(), source })?;
        let lock = lock(&settings)?;
        let store = SqliteRelayStore::open_or_create(&settings.database())?;
        let (changes, _) = broadcast::channel(limits::PAGE_SIGNALS_MAX);
        let (metrics, hub, reports) = (
            Arc::new(Metrics::default()),
            Arc::new(Hub::new(settings.connections.per_device_max)),
            Arc::new(Reports::default()),
        );
        let growth = Arc::new(Growth::default());
        let views = Arc::new(Views::new(settings.clone()));

        let (committed, to_publish) = mpsc::sync_channel(limits::PUBLISH_QUEUE_MAX);
        let (store_thread, store) = StoreThread::start(store, Arc::clone(&metrics), committed)?;
        let grew = Arc::clone(&growth);
        let publisher =
            publisher::start(to_publish, Arc::clone(&hub), Arc::clone(&metrics), move |branch| grew.mark(branch))?;
        let housekeeping = Housekeeping::new(
            &settings,
            store_thread.clone(),
            Arc::clone(&hub),
            Arc::clone(&reports),
            Arc::clone(&growth),
            changes.clone(),
        )?;
        let materializer = Materializer::new(
            &settings,
            store_thread.clone(),
            Arc::clone(&views),
            Arc::clone(&growth),
            changes.clone(),
        )?;
        let (stop, stopped) = mpsc::channel();
        let threads = Threads {
            housekeeping: (stop, housekeeping.start(stopped)?),
            materializer: (growth, materializer.start()?),
            store,
            publisher,
        };
        let state = AppState::new(Parts { settings, changes, store_thread, views, hub, metrics, reports });
        Ok(Relay { state, threads, lock })
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
        let Relay { state, threads, lock } = self;
        let service = routes(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let door = Door::new(listener, state.settings()).tap_io(|visitor| visitor.set_nodelay());
        let stopper = state.clone();
        let server = axum::serve(door, service).with_graceful_shutdown(async move {
            shutdown.await;
            stopper.stop();
        });
        let late = async {
            state.stopping().await;
            sleep(limits::SHUTDOWN_GRACE).await;
        };
        let served = tokio::select! {
            result = server => result.map_err(Error::Socket),
            () = late => {
                tracing::warn!("stopping with requests still open");
                Ok(())
            }
        };
        // When the socket failed nobody was told yet.
        state.stop();
        if timeout(limits::SHUTDOWN_GRACE, state.admission().crowd().empty()).await.is_err() {
            tracing::warn!(connections = state.admission().crowd().len(), "stopping with connections still open");
        }
        threads.stop(&state).await;
        drop(lock);
        served
    }
}

impl Threads {
    /// Ends the threads, each once what it still has to do is done.
    async fn stop(self, state: &AppState) {
        let (stop, housekeeping) = self.housekeeping;
        drop(stop);
        join(housekeeping).await;
        let (growth, materializer) = self.materializer;
        growth.stop();
        join(materializer).await;
        state.store_thread().stop().await;
        join(self.store).await;
        join(self.publisher).await;
    }
}

async fn join(thread: JoinHandle<()>) {
    let name = thread.thread().name().unwrap_or_default().to_owned();
    let joined = tokio::task::spawn_blocking(move || thread.join()).await;
    if !matches!(joined, Ok(Ok(()))) {
        tracing::error!(thread = name, "a thread ended by a panic");
    }
}

fn routes(state: AppState) -> Router {
    let trust_proxy = state.settings().trust_proxy;
    let routes = Router::new()
        .route("/sync", get(socket::connect))
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics::show))
        .nest("/api/v1", api::router())
        .merge(pages::router())
        .with_state(state);
    if trust_proxy { routes.layer(middleware::from_fn(believe_proxy)) } else { routes }
}

async fn healthz() -> &'static str {
    "ok\n"
}
