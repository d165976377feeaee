//! The relay's durable half: feeds, documents, registry.
//!
//! It stands behind one trait, [`RelayStore`], so that an organisation that outgrows one machine can put a replicated
//! engine in the place of [`SqliteRelayStore`]; [`crate::conformance`] is what every implementation must pass.
//!
//! - A change is in the feed, durable, before its verdict is given (I1). Pushing twice is harmless.
//! - The push path never looks at a document's saved form. Saved forms follow the feed: whoever materializes asks which
//!   documents are behind, and puts what it made of them.
//! - What was erased is gone from the files after [`RelayStore::scrub`]; its tombstone stays for ever (I7).
//! - What a device asks for costs what changed since its cursor, whatever else the branch holds (I3).

mod books;
mod documents;
mod feed;
mod registry;
mod sqlite;

use std::path::Path;

use crate::StoreError;

pub use books::{Answer, Ask, Books, RANGE_LIST_MAX, RANGE_PARTS};
pub use documents::{
    Behind, BranchCounts, Content, DOCUMENTS_BYTES_MAX, Documents, Materialized, Quarantined, RelayDocument,
};
pub use feed::{
    Appended, BROUGHT_MAX, BROUGHT_REACH, CHANGE_BYTES_MAX, DOCUMENT_CHANGE_BYTES_MAX, DOCUMENTS_PER_BATCH_MAX,
    Erasure, FeedAsk, FeedBatch, FeedChange, FeedDocument, FeedForm, Feeds, Intake, Made, OWED_MAX, Pushed, Receipt,
    Restoration, Restoring, Seen, Submission, Writing,
};
pub use registry::{
    Branch, BranchDraft, DEFAULT_ZONE, Device, DeviceReport, Enrolment, INVITE_KEPT_MS, Invite, InviteDigest, Origin,
    PageSession, Pruned, RECOVERED_CODES_MIN, Registry, RegistryError, TokenDigest, User, UserDraft,
};
pub use sqlite::{BookCache, SqliteRelayStore};

/// Everything a relay must not lose. One thread owns a value; readers open values of their own.
pub trait RelayStore: Feeds + Documents + Books + Registry + Send {
    /// Writes a consistent copy to the new file `path` while others go on writing.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is such a file; [`StoreError::Full`], ...
    fn backup(&self, path: &Path) -> Result<(), StoreError>;

    /// Makes sure, if something was erased since that was last done, that no byte of it is left in the store's files. Says
    /// whether there was anything to do. May rewrite all there is, and others wait to write meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another still reads what there was before, [`StoreError::Full`], ...; then it stays to be
    /// done.
    fn scrub(&mut self) -> Result<bool, StoreError>;
}
