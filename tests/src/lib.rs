//! Real processes, simulation, browser and benches: everything that needs more than one crate.

pub mod generate;
