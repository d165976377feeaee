//! Reconciling: what a device that cannot go on from a position asks, and what it is told.

use vocab::{BranchId, DocId, RangeAnswer, RangeQuery};

use super::FeedForm;
use crate::StoreError;

/// Into how many parts a range is split that differs.
pub const RANGE_PARTS: usize = 16;

/// A range that differs and holds this many documents at most is listed.
pub const RANGE_LIST_MAX: u64 = 16;

/// What a device holds of a document that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Which.
    pub doc: DocId,
    /// The first 16 bytes of the hash of each change it holds.
    pub held: Vec<[u8; 16]>,
}

/// What a device and the relay lack of each other's changes of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether the device lacks nothing more of it once it has `item`. Otherwise it asks again, and says that it holds that.
    pub complete: bool,
    /// What the device lacks: all of the document, if it has nothing and that is smaller than the changes; the first changes
    /// it lacks, in feed order; or that it was erased.
    pub item: Option<FeedForm>,
    /// Which of [`Ask::held`] the relay lacks, counted from 0; empty unless complete, and when the document was erased.
    pub wants: Vec<u32>,
}

/// The books of all branches, as reconciling asks for them. Answers come from what is there when they are given, so that a
/// reconcile needs no memory of its earlier questions.
pub trait Books {
    /// Compares ranges of a branch's documents, one answer per query, in order. A range that differs is listed when it holds
    /// [`RANGE_LIST_MAX`] documents at most, and split into [`RANGE_PARTS`] parts of about equal size otherwise, each
    /// smaller than the whole.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn ranges(&self, branch: BranchId, queries: &[RangeQuery]) -> Result<Vec<RangeAnswer>, StoreError>;

    /// Compares documents. The first of `asks` are answered, in order, until about `bytes_max` bytes are reached: one at
    /// least, with one change at least when the device lacks any.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn compare(&self, branch: BranchId, asks: &[Ask], bytes_max: usize) -> Result<Vec<Answer>, StoreError>;
}
