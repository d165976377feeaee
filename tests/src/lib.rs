//! Real processes, simulation, browser and benches: everything that needs more than one crate.

pub mod browser;
pub mod generate;
pub mod process;
pub mod sim;
