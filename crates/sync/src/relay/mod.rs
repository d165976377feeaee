//! The relay's end.
mod effect;
pub use effect::{FeedBatch, FeedDocument, FeedForm, RelayConfig, RelayCounters, RelayEffect, Submission};
