//! A device's engine: joins records, store, read model and sync; the socket and the clock live here.
//!
//! A [`Device`] is one home. What a person records ([`Device::create`], [`Device::edit`], [`Device::step`]) is one
//! transaction: the document's change, its outbox entry, the rows of the read model, the counters and the clock are on the
//! disk together when the call returns, or none of them is. [`Device::sync`] and [`Device::watch`] exchange with a relay,
//! [`Device::import`] takes whole tables, [`Device::doctor`] checks what is there.
//!
//! What holds here: I1 (what a call returned as saved survives a power cut), I3 (an exchange costs what changed), I5 (a
//! restored store is found before it writes under an old actor), I6 (what a peer sends is set aside when it does not load,
//! and holds up nothing), I8 (rows can be deleted and are made again from the documents).

mod answers;
mod arrive;
mod asked;
mod branch;
mod customer;
mod doctor;
mod engine;
mod enrol;
mod error;
mod exchange;
mod export;
mod home;
mod import;
mod link;
mod look;
mod merge;
mod outside;
mod references;
mod renew;
mod report;
mod rota;
mod rows;
mod together;
mod write;

pub use doctor::DoctorReport;
pub use engine::{Ending, Engine, Performed};
pub use enrol::Rejoin;
pub use error::{DeviceError, Failure};
pub use export::{TableFormat, export_blank_tables};
pub use home::{DEFAULT_STAFF, Device, Membership};
pub use import::{ImportCounts, ImportReport};
pub use look::{RefusedChange, Status};
pub use outside::{Machine, Outside};
pub use readmodel::views;
pub use readmodel::{Filter, Listing, Order, PERSON_FIELDS, Page, Row, Voided};
pub use report::{ErasedDossier, Reconcile, SyncEvent, SyncReport};
pub use store::Identity;
pub use together::{Effects, Together};
pub use write::Stored;
