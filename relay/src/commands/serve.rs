//! `serve`: the relay itself.

use std::io::IsTerminal;
use std::net::SocketAddr;

use clap::{Args, value_parser};
use serde::Serialize;
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;

use crate::commands::Context;
use crate::{ConnectionLimits, DEFAULT_LISTEN, Error, Rate, Relay, limits};

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_LISTEN)]
    listen: SocketAddr,
    /// Address by which devices and people reach this relay, when a proxy with TLS stands in front of it
    #[arg(long, value_name = "URL", env = "FIELDBOOK_RELAY_URL")]
    url: Option<String>,
    /// Believe the X-Forwarded-For of the proxy that every connection comes through; without one anybody could claim any address
    #[arg(long)]
    trust_proxy: bool,
    #[command(flatten)]
    limits: LimitArgs,
    /// What to log on stderr: off, error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", env = "FIELDBOOK_LOG", default_value_t = LevelFilter::INFO)]
    log: LevelFilter,
}

/// The bounds of connections. The defaults let 450 devices behind one address come back within a minute.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// Connections at once; one more is answered 503
    #[arg(long, value_name = "N", default_value_t = limits::CONNECTIONS_MAX, value_parser = at_least_one)]
    connections_max: usize,
    /// Connections at once from one address; one more is answered 429
    #[arg(long, value_name = "N", default_value_t = limits::CONNECTIONS_PER_ADDRESS_MAX, value_parser = at_least_one)]
    connections_per_address: usize,
    /// Connections at once of one device; with one more its oldest ends
    #[arg(long, value_name = "N", default_value_t = limits::CONNECTIONS_PER_DEVICE_MAX, value_parser = at_least_one)]
    connections_per_device: usize,
    /// Connections opened from one address per second, when it has not rested; one more is answered 429
    #[arg(long, value_name = "N", default_value_t = limits::OPENINGS_PER_ADDRESS.per_second, value_parser = value_parser!(u32).range(1..))]
    openings_per_second: u32,
    /// Connections opened from one address at once, when it has rested
    #[arg(long, value_name = "N", default_value_t = limits::OPENINGS_PER_ADDRESS.burst, value_parser = value_parser!(u32).range(1..))]
    openings_burst: u32,
    /// Frames of one connection per second, when it has not rested; one more ends it
    #[arg(long, value_name = "N", default_value_t = limits::FRAMES_PER_CONNECTION.per_second, value_parser = value_parser!(u32).range(1..))]
    frames_per_second: u32,
    /// Frames of one connection at once, when it has rested
    #[arg(long, value_name = "N", default_value_t = limits::FRAMES_PER_CONNECTION.burst, value_parser = value_parser!(u32).range(1..))]
    frames_burst: u32,
    /// Bytes of one connection per second, when it has not rested; more are read more slowly
    #[arg(long, value_name = "N", default_value_t = limits::BYTES_PER_CONNECTION.per_second, value_parser = value_parser!(u32).range(1..))]
    bytes_per_second: u32,
    /// Bytes of one connection at once, when it has rested
    #[arg(long, value_name = "N", default_value_t = limits::BYTES_PER_CONNECTION.burst, value_parser = value_parser!(u32).range(1..))]
    bytes_burst: u32,
}

impl LimitArgs {
    fn limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            total_max: self.connections_max,
            per_address_max: self.connections_per_address,
            per_device_max: self.connections_per_device,
            openings_per_address: Rate { per_second: self.openings_per_second, burst: self.openings_burst },
            frames: Rate { per_second: self.frames_per_second, burst: self.frames_burst },
            bytes: Rate { per_second: self.bytes_per_second, burst: self.bytes_burst },
            send_timeout: limits::SEND_TIMEOUT,
        }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| format!("`{text}` is not a number from 1 up"))
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
        settings.trust_proxy = args.trust_proxy;
        settings.connections = args.limits.limits();
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
