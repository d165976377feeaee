//! A store that was found to be an old copy of itself (I5).
//!
//! Its actor's numbers were given before, by the life that was lost. So it goes on under a new generation, drawn at random:
//! two copies of one backup choose different ones. The feed brings back what the lost life had sent, and the counters of
//! records and events jump past whatever arrives under this device's own code.

use records::{ALL_KINDS, Dossier};
use store::WriteTx;
use vocab::{Actor, DeviceCode, Generation};

use crate::error::WorkError;
use crate::outside::{self, Outside};

/// The counter that numbers this device's events.
pub(crate) const EVENT_COUNTER: &str = "event";

/// Who this device is, as far as an arriving document shows it.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    pub(crate) actor: Actor,
    pub(crate) key: vocab::DeviceKey,
    code: DeviceCode,
}

impl Own {
    pub(crate) fn of(identity: &store::Identity) -> Own {
        Own { actor: identity.actor(), key: identity.key, code: identity.code.clone() }
    }

    /// The highest numbers that records and events of a dossier have under this device's code, by counter.
    pub(crate) fn numbers(&self, dossier: &Dossier) -> Vec<(&'static str, u64)> {
        let (records, events) = dossier.last_numbers(&self.key, &self.code);
        let mut numbers: Vec<(&'static str, u64)> = Vec::new();
        for (prefix, number) in records {
            if let Some(kind) = ALL_KINDS.into_iter().find(|kind| kind.prefix == prefix) {
                numbers.push((kind.prefix, number));
            }
        }
        if events > 0 {
            numbers.push((EVENT_COUNTER, events));
        }
        numbers
    }
}

/// Goes on under a new generation.
pub(crate) fn renew(tx: &WriteTx<'_>, outside: &dyn Outside) -> Result<(), WorkError> {
    let generation = Generation::from_bytes(outside::random(outside)?);
    Ok(tx.renew_generation(generation)?)
}

/// Lets the counters go on past these numbers.
pub(crate) fn count_past(tx: &WriteTx<'_>, numbers: &[(&'static str, u64)]) -> Result<(), WorkError> {
    for (name, number) in numbers {
        if tx.counter(name)? < *number {
            tx.count_past(name, *number)?;
        }
    }
    Ok(())
}
