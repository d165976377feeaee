//! Branches full of plausible work, from a seed: the load of section 8 of the domain.
//!
//! A [`Branch`] is a function of its seed; dossier number `n` of it is drawn without drawing the others, so a hundred thousand
//! can be streamed. A [`Dossier`] can be had as operations in the order people did them ([`Dossier::operations`]) or as rows of
//! the four tables ([`rows`]). Values are canonical texts (`2024-05-02`, `high`), as a person would give them to a command.
//!
//! What it does not do: clocks that are off, devices that are offline. Those belong to the simulation, not to the data.

mod branch;
mod dice;
mod dossier;
mod operations;
mod phrases;

pub use branch::{Branch, Scale, YEAR_MS, YEAR_START};
pub use dice::Dice;
pub use dossier::{Act, Assessment, Customer, Dossier, Entry, Feedback, Fields, Step, Task};
pub use operations::{Operation, Subject};
