//! What a relay needs to be told: where its data is and how devices reach it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::limits;
use crate::rate::Rate;

/// Where a relay listens unless told otherwise: this machine only, until somebody decides otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8787";

/// The settings of one relay.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The directory that holds everything the relay keeps; made when absent.
    pub data: PathBuf,
    /// The address people and devices use when it is not the one listened on (a proxy with TLS in front).
    pub url: Option<String>,
    /// Whether every connection comes through a proxy whose `X-Forwarded-For` is to be believed. Without a proxy anybody could
    /// claim any address there.
    pub trust_proxy: bool,
    /// How many may connect, and how fast.
    pub connections: ConnectionLimits,
}

/// What one peer, one address and everybody together may ask of the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at once in all; one more is answered 503.
    pub total_max: usize,
    /// Connections at once from one address; one more is answered 429. A network of 64 bits counts as one IPv6 address.
    pub per_address_max: usize,
    /// Connections at once of one device; with one more its oldest is told `replaced`.
    pub per_device_max: usize,
    /// Connections opened from one address, whatever becomes of them; one more is answered 429.
    pub openings_per_address: Rate,
    /// Frames of one connection; one more ends it with `rate`.
    pub frames: Rate,
    /// Bytes of one connection; beyond them it is read no faster than this.
    pub bytes: Rate,
    /// How long a connection may take nothing of what waits to be sent to it before it is given up.
    pub send_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        ConnectionLimits {
            total_max: limits::CONNECTIONS_MAX,
            per_address_max: limits::CONNECTIONS_PER_ADDRESS_MAX,
            per_device_max: limits::CONNECTIONS_PER_DEVICE_MAX,
            openings_per_address: limits::OPENINGS_PER_ADDRESS,
            frames: limits::FRAMES_PER_CONNECTION,
            bytes: limits::BYTES_PER_CONNECTION,
            send_timeout: limits::SEND_TIMEOUT,
        }
    }
}

impl Settings {
    /// Settings for the relay whose data is in `data`.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Settings { data: data.into(), url: None, trust_proxy: false, connections: ConnectionLimits::default() }
    }

    /// The database of feeds, documents and the registry: everything that cannot be derived.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        database_in(&self.data)
    }
}

/// The database inside a data directory.
#[must_use]
pub(crate) fn database_in(data: &Path) -> PathBuf {
    data.join("relay.db")
}

/// The data directory of this account: `$XDG_DATA_HOME/fieldbook-relay`, else `~/.local/share/fieldbook-relay`
/// (`%LOCALAPPDATA%\fieldbook-relay` on Windows). `None` when the environment names neither; then `--data` is needed.
///
/// `variable` reads the environment: it is an argument so that nothing else here does.
#[must_use]
pub fn default_data(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let named = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("XDG_DATA_HOME")
        .or_else(|| named("LOCALAPPDATA"))
        .or_else(|| named("HOME").map(|home| home.join(".local").join("share")))
        .map(|base| base.join("fieldbook-relay"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_directory_follows_the_environment() {
        let only = |name: &'static str, value: &'static str| {
            default_data(move |asked| (asked == name).then(|| OsString::from(value)))
        };
        assert_eq!(only("XDG_DATA_HOME", "/data"), Some(PathBuf::from("/data/fieldbook-relay")));
        assert_eq!(only("HOME", "/home/w"), Some(PathBuf::from("/home/w/.local/share/fieldbook-relay")));
        assert_eq!(only("HOME", ""), None);
    }
}
