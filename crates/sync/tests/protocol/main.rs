//! The protocol as a whole: its bytes, its conversations, and what a hostile peer can do.

mod golden;
mod hostile;
mod pair;
mod samples;
mod stories;
