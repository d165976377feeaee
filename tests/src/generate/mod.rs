//! Branches full of plausible work, from a seed: the load of section 8 of the domain.
//!
//! A [`Branch`] is a function of its seed; dossier number `n` of it is drawn without drawing the others, so a hundred thousand
//! can be streamed. A [`Dossier`] can be had as operations in the order people did them ([`Dossier::operations`]), as the document these write ([`Pen`]), or as rows of
//! the four tables ([`forms`]), as they stand at the end of the year. [`Branch::operations`] adds what the forms do not hold:
//! visits, complaints and the like; [`Branch::board`] is what the branch's board says.
//!
//! What it does not do: clocks that are off, devices that are offline. Those belong to the simulation, not to the data.

mod branch;
mod dice;
mod documents;
mod dossier;
mod entries;
mod hours;
mod operations;
mod phrases;
mod rows;
mod service;

pub use branch::{Branch, Scale, YEAR_MS, YEAR_START};
pub use dice::Dice;
pub use documents::Pen;
pub use dossier::{Act, Assessment, Customer, Dossier, Entry, Feedback, Step, Task, Texts};
pub use operations::{Operation, Subject};
pub use rows::forms;
