//! A branch in a bottle: several devices and their relay, with the real sessions and the real SQLite stores, on a clock and
//! a network drawn from a seed.
//!
//! A run first breaks things: connections overtake each other, links are cut at any frame, frames are damaged, devices and
//! the relay crash between any two effects and lose what they had not committed, disks refuse. Then everything heals, and
//! [`run`] demands that every device and the relay hold the same changes of every document, that nothing acknowledged or
//! saved is missing, and that no outbox holds anything. While things break it demands that no store's cursor promises what
//! the store does not hold.
//!
//! A run is a function of its seed: a seed that fails fails again. [`Mutation`] puts a deliberate fault into a driver, to
//! show that the checks notice it.

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
