//! Rows derived from documents, search, and every view as a query.
//!
//! The tables live wherever the caller's connection points: in a device's own store, so that rows commit together with the
//! document they show, and at the relay in one file per branch. They hold nothing that documents do not: [`prepare`] throws
//! them away when they are of another version, and applying every document again gives the same answers (I8). Equal
//! documents give equal bytes of [`export`], in whatever order they came (I2).
//!
//! Tables are named `view_*`; nobody else touches them. Functions take the connection, so the caller decides what commits
//! with what; none of them begins or ends a transaction.

mod apply;
mod ask;
mod conflicts;
mod customers;
mod export;
mod facts;
mod limits;
mod merged;
mod moments;
mod policies;
mod schema;
mod search;
mod twins;
pub mod views;
mod words;

pub use apply::{PERSON_FIELDS, apply, forget_words, remove};
pub use ask::{Counts, StateCount};
pub use ask::{
    Filter, LIST_ROWS_MAX, Listing, Order, Page, Row, Voided, bearers, by_legacy, counts, dossier, list, record,
    record_in,
};
pub use conflicts::{ConflictRow, conflict, conflicts, conflicts_of};
pub use customers::{CustomerFilter, CustomerRow, Customers, customers};
pub use export::export;
pub use merged::{Leads, lead, leads};
pub use policies::current as policies;
pub use schema::{Prepared, clear, completed, is_complete, prepare};
pub use search::search;
pub use words::{QUERY_CHARS_MAX, QUERY_WORDS_MAX};
