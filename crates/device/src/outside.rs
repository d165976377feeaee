//! The machine's clock and random source, and the one place in the engine that reads either.
//!
//! An engine takes both from an [`Outside`], so that a simulation gives it a clock that is hours off and dice from a seed.

use std::fmt;
use std::time::Instant;

use sync::Tick;
use vocab::Timestamp;

use crate::DeviceError;

/// Where an engine has the time and its random bytes from.
pub trait Outside: fmt::Debug + Send + Sync {
    /// The wall clock, uncorrected.
    fn now(&self) -> Timestamp;

    /// Fills `bytes` from a random source.
    ///
    /// # Errors
    /// [`DeviceError::NoRandomness`].
    fn fill(&self, bytes: &mut [u8]) -> Result<(), DeviceError>;
}

/// The machine this runs on.
#[derive(Debug, Clone, Copy)]
pub struct Machine;

impl Outside for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::from(chrono::Utc::now())
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), DeviceError> {
        getrandom::fill(bytes).map_err(|_| DeviceError::NoRandomness)
    }
}

/// `N` random bytes.
pub(crate) fn random<const N: usize>(outside: &dyn Outside) -> Result<[u8; N], DeviceError> {
    let mut bytes = [0; N];
    outside.fill(&mut bytes)?;
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
