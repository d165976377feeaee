//! Documents at the relay: saved forms that follow the feed.

use vocab::{BranchId, ChangeHash, DocId, Position, Sum, Timestamp, Tombstone};

use crate::StoreError;

/// A document whose saved form lacks changes that the feed has, or that was erased since it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// Which.
    pub doc: DocId,
    /// The position of its latest change, or of its tombstone.
    pub last: Position,
    /// What its changes come to. A saved form that comes to anything else is not this document.
    pub sum: Sum,
    /// What there is of it now.
    pub content: Content,
}

/// What there is of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// All of it, as automerge loads it: the saved form, if there is one, and every change after that, in feed order.
    Bytes(Vec<u8>),
    /// Nothing: it was erased, and whatever was derived from it has to go. To be answered by
    /// [`Documents::put_materialized`] with no bytes.
    Erased,
}

/// What a materializer made of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Materialized {
    /// Which.
    pub doc: DocId,
    /// The position of the latest change in it: [`Behind::last`].
    pub through: Position,
    /// Its heads.
    pub heads: Vec<ChangeHash>,
    /// Its saved form.
    pub bytes: Vec<u8>,
}

/// A document that could not be made out of its changes. Its changes stay in the feed and still reach devices; it is tried
/// again when another one arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Which.
    pub doc: DocId,
    /// The position of its latest change when it was tried.
    pub through: Position,
    /// What is wrong with it.
    pub reason: String,
    /// When it was tried.
    pub at: Timestamp,
}

/// A document as the relay holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayDocument {
    /// Which.
    pub doc: DocId,
    /// The position of its latest change.
    pub last: Position,
    /// All of it, as automerge loads it.
    pub bytes: Vec<u8>,
}

/// How much a branch holds, kept as changes arrive and not counted on request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BranchCounts {
    /// Documents, without those that were erased.
    pub documents: u64,
    /// Documents that were erased.
    pub erased: u64,
    /// Changes in the feed.
    pub changes: u64,
    /// Their bytes.
    pub change_bytes: u64,
    /// The feed's head.
    pub head: Position,
    /// Documents whose saved form is behind the feed.
    pub behind: u64,
    /// When the one of them that waits longest last changed: how old what is shown may be.
    pub behind_since: Option<Timestamp>,
    /// Documents that could not be made out of their changes.
    pub quarantined: u64,
}

/// How many bytes of documents one read returns before it stops early, one document at least: bounds what a page of them takes
/// in memory, however large they are.
pub const DOCUMENTS_BYTES_MAX: usize = 32 << 20;

/// The documents of all branches.
pub trait Documents {
    /// Documents whose saved form is behind the feed, those that waited longest first, `limit` and [`DOCUMENTS_BYTES_MAX`] at
    /// most.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn behind(&self, branch: BranchId, limit: u32) -> Result<Vec<Behind>, StoreError>;

    /// Keeps saved forms, in one transaction. A document that changed meanwhile stays behind; one that was quarantined no
    /// longer is. Of one that was erased, before or meanwhile, nothing is kept. Unknown documents are ignored.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing; then none was kept.
    fn put_materialized(&mut self, branch: BranchId, documents: &[Materialized]) -> Result<(), StoreError>;

    /// Takes note that a document could not be made out of its changes up to `through`; it is not behind until another
    /// change arrives.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    fn quarantine(&mut self, branch: BranchId, document: &Quarantined) -> Result<(), StoreError>;

    /// The tombstone of a document, if it was erased.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn tombstone(&self, branch: BranchId, doc: DocId) -> Result<Option<Tombstone>, StoreError>;

    /// What is quarantined, latest first, `limit` at most.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn quarantined(&self, branch: BranchId, limit: u32) -> Result<Vec<Quarantined>, StoreError>;

    /// One document, unless it was erased.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn document(&self, branch: BranchId, doc: DocId) -> Result<Option<RelayDocument>, StoreError>;

    /// The documents with ids after `after` that were not erased, in the order of their ids, `limit` and
    /// [`DOCUMENTS_BYTES_MAX`] at most: a page of all of them, to rebuild what is derived.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn documents(&self, branch: BranchId, after: Option<DocId>, limit: u32) -> Result<Vec<RelayDocument>, StoreError>;

    /// How much the branch holds.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn counts(&self, branch: BranchId) -> Result<BranchCounts, StoreError>;
}
