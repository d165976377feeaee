//! The machine's clock and random source: the only place in the engine that reads either.

use std::time::Instant;

use sync::Tick;
use vocab::Timestamp;

use crate::DeviceError;

/// The wall clock, uncorrected.
pub(crate) fn now() -> Timestamp {
    Timestamp::from(chrono::Utc::now())
}

/// `N` bytes from the system's random source.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], DeviceError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| DeviceError::NoRandomness)?;
    Ok(bytes)
}

/// A clock that never goes backwards, for the sessions' timeouts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch {
    origin: Instant,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Stopwatch { origin: Instant::now() }
    }

    pub(crate) fn tick(&self) -> Tick {
        Tick::from_millis(u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// When `tick` comes, as tokio's timers name it.
    pub(crate) fn instant(&self, tick: Tick) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.origin + std::time::Duration::from_millis(tick.millis()))
    }
}
