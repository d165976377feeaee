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

mod check;
mod device;
mod disk;
mod document;
mod events;
mod library;
mod link;
mod relay;
mod trace;
mod trouble;
mod weather;
mod world;

use std::fmt;

use thiserror::Error;

pub use world::run;

/// A deliberate fault in one of the drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// A device commits the cursor in a transaction of its own, before the data it speaks for.
    CursorBeforeData,
    /// A device commits the cursor and leaves one document out.
    ArrivalDropped,
    /// A device throws the relay's verdicts away.
    VerdictsLost,
    /// A device says that an edit is saved, and saves it later.
    SavedBeforeDurable,
    /// A device saves an edit without putting it into the outbox.
    OutboxForgotten,
    /// The relay answers a push before the feed has it.
    AckBeforeDurable,
    /// The relay's reader leaves a document out.
    FeedSkipsDocument,
    /// The relay's reader counts a document as read before its latest change.
    CursorPastDocument,
    /// The relay's reader takes another device's change for the asking device's own and leaves it out.
    ForeignChangeSkipped,
}

impl Mutation {
    /// Every fault.
    pub const ALL: [Mutation; 9] = [
        Mutation::CursorBeforeData,
        Mutation::ArrivalDropped,
        Mutation::VerdictsLost,
        Mutation::SavedBeforeDurable,
        Mutation::OutboxForgotten,
        Mutation::AckBeforeDurable,
        Mutation::FeedSkipsDocument,
        Mutation::CursorPastDocument,
        Mutation::ForeignChangeSkipped,
    ];
}

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

/// What a run went through, to show that it went through something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Steps taken.
    pub steps: u64,
    /// Virtual time, in milliseconds.
    pub elapsed_ms: u64,
    /// Edits saved.
    pub edits: u64,
    /// Documents in the end.
    pub documents: u64,
    /// Changes in the feed in the end.
    pub changes: u64,
    /// Connections opened.
    pub connections: u64,
    /// Links cut.
    pub cuts: u64,
    /// Links that went silent.
    pub half_open: u64,
    /// Clocks set.
    pub clocks_set: u64,
    /// Everything that happened, as one number.
    pub trace: u64,
    /// Frames damaged, repeated or exchanged.
    pub damaged: u64,
    /// Crashes of devices and of the relay.
    pub crashes: u64,
    /// Disks that failed or were full for a while.
    pub disk_failures: u64,
    /// Frames delivered.
    pub frames: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} steps in {} virtual s: {} edits, {} documents, {} changes, {} connections, {} frames; {} cuts, {} half \
             open, {} damaged, {} crashes, {} disk failures, {} clocks set; trace {:016x}",
            self.steps,
            self.elapsed_ms / 1_000,
            self.edits,
            self.documents,
            self.changes,
            self.connections,
            self.frames,
            self.cuts,
            self.half_open,
            self.damaged,
            self.crashes,
            self.disk_failures,
            self.clocks_set,
            self.trace
        )
    }
}

/// An error of the simulation itself or of a store: a violation in any case.
pub(crate) type Fallible<T> = Result<T, String>;

/// Turns any error into the text of a violation.
pub(crate) fn wrong(error: impl fmt::Display) -> String {
    error.to_string()
}
