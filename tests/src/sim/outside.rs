//! The world outside a simulated device: its wall clock, which may be hours off, and its random source, which is the seed's.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use device::{DeviceError, Outside};
use vocab::Timestamp;

use crate::generate::Dice;

/// When every run begins, in milliseconds since 1970.
pub(super) const BEGINNING_MS: i64 = 1_714_521_600_000;

/// A clock and dice.
#[derive(Debug)]
pub(super) struct Weathered {
    now_ms: AtomicI64,
    dice: Mutex<Dice>,
}

impl Weathered {
    pub(super) fn new(dice: Dice) -> Arc<Weathered> {
        Arc::new(Weathered { now_ms: AtomicI64::new(BEGINNING_MS), dice: Mutex::new(dice) })
    }

    /// The clock shows this many milliseconds after the beginning.
    pub(super) fn show(&self, now_ms: i64) {
        self.now_ms.store(BEGINNING_MS + now_ms, Ordering::Relaxed);
    }
}

impl Outside for Weathered {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::Relaxed))
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), DeviceError> {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            *byte = dice.next().to_be_bytes()[0];
        }
        Ok(())
    }
}
