//! The relay: it keeps each branch's feed of changes, merges them, forwards them to every device of the branch, and shows
//! supervisors one converged view.
//!
//! A relay is a function of (settings, listener, shutdown): [`serve`]. `fieldbook-relay serve` calls it with what its command line
//! says, `fieldbook demo` and the tests call it in their own process.
//!
//! What runs inside, and what each part may not do:
//!
//! - One task per connection drives a `sync` session. It moves bytes and never knows what a record is.
//! - One thread owns the connection that writes. Pushes of many devices share a transaction, and nobody is answered before
//!   it is on disk.
//! - The hub hands every accepted batch, encoded once, to the sessions of its branch. Whoever cannot keep up reads the feed.
//! - The materializer follows the feeds behind everybody's back: it alone loads documents, and writes the rows that pages
//!   read. A document it cannot apply is set aside and delays nobody.
//! - Everything derived is in files of its own (`views-<branch>.db`) and may be deleted at any time.

mod access;
mod address;
mod admin;
mod admission;
mod api;
mod author;
pub mod commands;
mod crowd;
mod door;
mod erase;
mod error;
mod export;
mod feeds;
mod fleet;
mod growth;
mod housekeeping;
mod hub;
pub mod limits;
mod mailbox;
mod materializer;
mod metrics;
mod outgoing;
mod pages;
mod printer;
mod publisher;
mod rate;
mod readers;
mod resting;
mod restore;
mod serve;
mod settings;
mod socket;
mod state;
mod store_thread;
mod ticks;
mod views;
mod websocket;

pub use admin::{AddedUser, Admin, Issued};
pub use erase::{Erased, Erasing};
pub use error::Error;
pub use rate::Rate;
pub use serve::{Relay, serve};
pub use settings::{ConnectionLimits, DEFAULT_LISTEN, Settings, default_data};
pub use state::{AppState, BranchChanged};
