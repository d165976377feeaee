//! The relay's durable half: feeds, documents, registry.
//!
//! It stands behind one trait, [`RelayStore`], so that an organisation that outgrows one machine can put a replicated
//! engine in the place of [`SqliteRelayStore`]; [`crate::conformance`] is what every implementation must pass.
//!
//! - A change is in the feed, durable, before its verdict is given (I1). Pushing twice is harmless.
//! - The push path never looks at a document's saved form. Saved forms follow the feed: whoever materializes asks which
//!   documents are behind, and puts what it made of them.
//! - What a device asks for costs what changed since its cursor, whatever else the branch holds (I3).

mod documents;
mod feed;
mod registry;
mod sqlite;

use std::path::Path;

use crate::StoreError;

pub use documents::{Behind, BranchCounts, Documents, Materialized, Quarantined, RelayDocument};
pub use feed::{
    Appended, CHANGE_BYTES_MAX, DOCUMENTS_PER_BATCH_MAX, FeedBatch, FeedChange, FeedDocument, FeedForm, Feeds, Pushed,
    Seen, Submission,
};
pub use registry::{
    Branch, BranchDraft, DEFAULT_ZONE, Device, DeviceReport, Enrolment, Invite, InviteDigest, PageSession, Pruned,
    Registry, RegistryError, TokenDigest, User, UserDraft,
};
pub use sqlite::SqliteRelayStore;

/// Everything a relay must not lose. One thread owns a value; readers open values of their own.
pub trait RelayStore: Feeds + Documents + Registry + Send {
    /// Writes a consistent copy to the new file `path` while others go on writing.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is such a file; [`StoreError::Full`], ...
    fn backup(&self, path: &Path) -> Result<(), StoreError>;
}
