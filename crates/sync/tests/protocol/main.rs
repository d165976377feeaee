//! The protocol as a whole: its bytes, its conversations, and what a hostile peer can do.

mod bounds;
mod golden;
mod hostile;
mod liars;
mod pair;
mod pushes;
mod reconcile;
mod relay;
mod samples;
mod store;
mod stories;
mod windows;
mod world;
