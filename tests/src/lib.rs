//! Real processes, simulation, browser and benches: everything that needs more than one crate.

pub mod bench;
pub mod browser;
pub mod dictionary;
pub mod fuzz;
pub mod generate;
pub mod payload;
pub mod process;
pub mod sim;
pub mod visitor;
