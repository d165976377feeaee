//! A branch in a bottle: several devices and their relay, with the real sessions, the devices' real engine and the real SQLite
//! stores, on a clock and a network drawn from a seed.
//!
//! A run first breaks things (`weather.rs` says which): links are slow, cut, half-open or damage frames; processes die between
//! any two effects; disks end, or fail at any statement and at the commit; clocks are hours off; devices work on out of
//! reach; stores of devices and of the relay are put back to earlier copies of themselves, the relay's disk is lost,
//! dossiers are erased. Then everything heals, and [`run`] demands that every device and the relay hold the same changes
//! and show the same bytes, that sums are equal, that no outbox holds anything, that what was erased is gone, that no actor's
//! number stands for two changes, and that every edit a command reported as saved is there, as written or written anew,
//! unless no store held it any more (`ledger.rs`). While things break it demands that no store's cursor promises what the store
//! does not hold, and that nobody reconciles without a cause.
//!
//! A run is a function of its seed: a seed that fails fails again, and [`narrate`] tells what happened. [`Mutation`] puts a
//! deliberate fault in, to show that the checks notice it.

mod answers;
mod check;
mod device;
mod disk;
mod events;
mod holdings;
mod ledger;
mod library;
mod link;
mod mutation;
mod outside;
mod people;
pub mod poor;
mod relay;
mod sabotage;
mod summary;
mod trace;
mod trouble;
mod weather;
mod world;

use std::fmt;

use thiserror::Error;

pub use mutation::Mutation;
pub use summary::Summary;
pub use world::{narrate, run};

/// What a run found to be wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("seed {seed}, step {step}: {what} (replay: FIELDBOOK_SIM_SEED={seed} cargo test -p tests --test simulation)")]
pub struct Violation {
    /// The seed of the run.
    pub seed: u64,
    /// How many steps it had taken.
    pub step: u64,
    /// What was wrong.
    pub what: String,
}

/// An error of the simulation itself or of a store: a violation in any case.
pub(crate) type Fallible<T> = Result<T, String>;

/// Turns any error into the text of a violation.
pub(crate) fn wrong(error: impl fmt::Display) -> String {
    error.to_string()
}
