//! Bytes in SQLite: documents, changes, outbox, feeds, registry, migrations.
//!
//! Two stores live here, and neither knows what a document means:
//!
//! - [`DeviceStore`], one file per device home. Whatever a command changes (document bytes, outbox, counters, clock and, by
//!   the same connection, the rows of the read model) is one `BEGIN IMMEDIATE` transaction, on the disk when it returns.
//! - the relay's, behind the trait [`RelayStore`]: feeds, documents, registry. A change is acknowledged when the feed has
//!   it; saved forms of documents follow. [`SqliteRelayStore`] is the embedded one; [`conformance`] is what any must pass.
//!
//! Nothing here reads a clock or draws a random number: times, ids and keys are arguments. Nothing here parses a change:
//! whoever calls brings its [`vocab::ChangeHeader`].

mod columns;
pub mod conformance;
mod device;
mod error;
mod file;
mod packing;
mod relay;

pub use device::{
    Acknowledged, COMPACT_TAIL_BYTES_MIN, COMPACT_TAIL_CHANGES_MAX, DeviceStore, Erased, FRAME_BYTES_FIRST, Identity,
    Invalid, LastSync, Membership, OutboxCounts, OutboxEntry, OutboxSeq, ReadTx, Refused, STORE_FILE, SecretKey,
    SetAside, StoredDocument, Tail, WriteTx,
};
pub use error::{StoreError, StoreErrorKind};
pub use file::BUSY_MS_MAX;
pub use packing::DOCUMENT_BYTES_MAX;
pub use relay::{
    Appended, Behind, Branch, BranchCounts, BranchDraft, CHANGE_BYTES_MAX, DEFAULT_ZONE, DOCUMENTS_PER_BATCH_MAX,
    Device, DeviceReport, Documents, Enrolment, FeedBatch, FeedChange, FeedDocument, FeedForm, Feeds, Invite,
    InviteDigest, Materialized, PageSession, Pruned, Pushed, Quarantined, Registry, RegistryError, RelayDocument,
    RelayStore, Seen, SqliteRelayStore, Submission, TokenDigest, User, UserDraft,
};
