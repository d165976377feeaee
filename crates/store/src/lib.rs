//! Bytes in SQLite: documents, changes, outbox, feeds, registry, migrations.
//!
//! Two stores live here, and neither knows what a document means:
//!
//! - [`DeviceStore`], one file per device home. Whatever a command changes (document bytes, outbox, counters, clock and, by
//!   the same connection, the rows of the read model) is one `BEGIN IMMEDIATE` transaction, on the disk when it returns.
//! - the relay's, behind the trait [`RelayStore`]: feeds, documents, registry. A change is acknowledged when the feed has
//!   it; saved forms of documents follow. [`SqliteRelayStore`] is the embedded one; [`conformance`] is what any must pass.
//!
//! Both keep [sums](vocab::Sum) of what they hold as it comes and goes, and [`Books`] compares ranges and documents by them.
//! Both rewrite their file after an erasure.
//!
//! Nothing here reads a clock or draws a random number: times, ids and keys are arguments (a migration lets SQLite draw the
//! keys of branches that had none). Nothing here parses a change: whoever calls brings its [`vocab::ChangeHeader`].

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
    Answer, Appended, Ask, BROUGHT_MAX, BROUGHT_REACH, Behind, BookCache, Books, Branch, BranchCounts, BranchDraft,
    CHANGE_BYTES_MAX, Content, DEFAULT_ZONE, DOCUMENT_CHANGE_BYTES_MAX, DOCUMENTS_BYTES_MAX, DOCUMENTS_PER_BATCH_MAX,
    Device, DeviceReport, Documents, Enrolment, Erasure, FeedAsk, FeedBatch, FeedChange, FeedDocument, FeedForm, Feeds,
    INVITE_KEPT_MS, Intake, Invite, InviteDigest, Made, Materialized, OWED_MAX, Origin, PageSession, Pruned, Pushed,
    Quarantined, RANGE_LIST_MAX, RANGE_PARTS, RECOVERED_CODES_MIN, Receipt, Registry, RegistryError, RelayDocument,
    RelayStore, Restoration, Restoring, Seen, SqliteRelayStore, Submission, TokenDigest, User, UserDraft, Writing,
};
