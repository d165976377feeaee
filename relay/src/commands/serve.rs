//! `serve`: the relay itself.

use std::io::IsTerminal;
use std::net::SocketAddr;

use clap::Args;
use serde::Serialize;
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;

use crate::commands::Context;
use crate::{DEFAULT_LISTEN, Error, Relay};

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_LISTEN)]
    listen: SocketAddr,
    /// Address by which devices and people reach this relay, when a proxy with TLS stands in front of it
    #[arg(long, value_name = "URL", env = "FIELDBOOK_RELAY_URL")]
    url: Option<String>,
    /// What to log on stderr: off, error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", env = "FIELDBOOK_LOG", default_value_t = LevelFilter::INFO)]
    log: LevelFilter,
}

/// What `serve` says once it accepts connections.
#[derive(Serialize)]
struct Serving {
    listen: SocketAddr,
    url: String,
}

pub(super) fn cmd_serve(context: &Context, args: ServeArgs) -> Result<(), Error> {
    // A second initialisation (tests in one process) keeps the first.
    let _already = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(args.log)
        .try_init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Runtime)?;
    runtime.block_on(async {
        let shutdown = interrupted()?;
        let listener =
            TcpListener::bind(args.listen).await.map_err(|source| Error::Listen { address: args.listen, source })?;
        let listen = listener.local_addr().map_err(Error::Socket)?;
        let url = args.url.unwrap_or_else(|| format!("http://{listen}"));
        let mut settings = context.settings.clone();
        settings.url = Some(url.clone());
        let relay = Relay::open(settings)?;
        // One line, with --json or without: whoever starts a relay waits for it.
        context.printer.json(&Serving { listen, url })?;
        relay.run(listener, shutdown).await
    })
}

/// Resolves at the first SIGINT or SIGTERM.
#[cfg(unix)]
fn interrupted() -> Result<impl Future<Output = ()> + Send + 'static, Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Runtime)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Runtime)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
fn interrupted() -> Result<impl Future<Output = ()> + Send + 'static, Error> {
    Ok(async {
        // Without a console there is nobody to interrupt; then the process ends when it is ended.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
