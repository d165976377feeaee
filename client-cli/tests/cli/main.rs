//! The command line as people and scripts meet it: real processes in a hermetic environment.

mod demo;
mod environment;
mod healing;
mod kinds;
mod language;
mod life_cycle;
mod prompts;
mod service;
#[expect(clippy::unwrap_used, reason = "the relay that these tests run is test code too")]
mod sharing;
mod surroundings;
mod tables;
mod wrong_input;
