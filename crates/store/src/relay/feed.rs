//! Feeds: what a branch's devices pushed, in the order the relay took it.

use std::collections::BTreeSet;
use std::sync::Arc;

use vocab::{Actor, BranchId, ChangeHash, ChangeHeader, Cursor, DeviceKey, DocId, Position, Timestamp, Verdict};

use crate::StoreError;

/// The largest change a store takes, in bytes; the protocol's own limit is lower.
pub const CHANGE_BYTES_MAX: usize = 1 << 20;

/// How many documents one read of a feed looks at, whether it returns them or skips them: bounds the time one session can
/// hold the store.
pub const DOCUMENTS_PER_BATCH_MAX: usize = 4_096;

/// One device's push, one of several that are committed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The branch of the session.
    pub branch: BranchId,
    /// The device.
    pub device: DeviceKey,
    /// The actor the session's device named as its present one.
    pub actor: Actor,
    /// What it pushed, in its outbox's order.
    pub changes: Vec<Pushed>,
}

/// One pushed change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// Its number in the device's outbox.
    pub seq: u64,
    /// Its document.
    pub doc: DocId,
    /// What was read from its bytes.
    pub header: ChangeHeader,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// What became of one submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// One per change, in order.
    pub verdicts: Vec<Verdict>,
    /// The feed's head before it. What was accepted of it stands at the positions after this one, without a gap.
    pub after: Position,
    /// The feed's head with it.
    pub head: Position,
}

/// The highest entry of an actor's outbox that the feed holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub seq: u64,
    /// Its document.
    pub doc: DocId,
    /// Its change.
    pub hash: ChangeHash,
}

/// Documents changed after a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedBatch {
    /// In the order of their latest position.
    pub documents: Vec<FeedDocument>,
    /// The cursor of a device that holds these and what came before: `Cursor::at(head)` when there is no more.
    pub cursor: Cursor,
    /// The feed's head when this was read.
    pub head: Position,
    /// Whether documents after these changed.
    pub more: bool,
}

/// One document changed after a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedDocument {
    /// Which.
    pub doc: DocId,
    /// The position of its latest change.
    pub last: Position,
    /// What the device needs of it.
    pub form: FeedForm,
}

/// In which form a document is read from a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedForm {
    /// All of it: its saved form, followed by the changes that are not in it yet.
    Saved(Arc<[u8]>),
    /// Its changes after the cursor's base, in feed order.
    Changes(Vec<(Position, Arc<[u8]>)>),
}

/// One change as it stands in a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedChange {
    /// Where.
    pub position: Position,
    /// Its document.
    pub doc: DocId,
    /// The change.
    pub hash: ChangeHash,
    /// Who wrote it.
    pub actor: Actor,
    /// Its number among its actor's changes of the document.
    pub seq: u64,
    /// The device that brought it.
    pub device: DeviceKey,
    /// When the relay took it.
    pub received_at: Timestamp,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// The feeds of all branches. A branch that is not registered has an empty feed that takes nothing.
pub trait Feeds {
    /// Appends what several devices pushed, in this order, in ONE transaction, durable when this returns. Each change gets
    /// its own verdict, judged in this order:
    ///
    /// 1. the device is registered with the branch and not revoked, else `NotAuthorised`;
    /// 2. at most [`CHANGE_BYTES_MAX`], else `TooLarge`;
    /// 3. (branch, document, hash) is in the feed already: `Had`;
    /// 4. its actor is a generation of the device, or [`vocab::GENESIS_ACTOR`], else `ForeignActor`;
    /// 5. its actor's numbers go on without repeating, else `ReusedSequence`, and without a gap, else `MissingDependency`;
    /// 6. the changes it depends on are in the feed, of the same document, else `MissingDependency`.
    ///
    /// In the same transaction the highest number accepted or had becomes what [`Feeds::seen`] says of the session's actor.
    ///
    /// # Errors
    /// Nothing of any submission was appended: [`StoreError::Full`], [`StoreError::Busy`], ...
    fn append(&mut self, submissions: &[Submission], at: Timestamp) -> Result<Vec<Appended>, StoreError>;

    /// The position of the feed's latest change.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn head(&self, branch: BranchId) -> Result<Position, StoreError>;

    /// The documents changed after the cursor, as [`Cursor`] describes, until about `bytes_max` bytes are reached: one
    /// document at least, if there is any, and each at most once. Changes at the positions in `skip` are left out: the
    /// asking device holds them, since it brought them itself. A document is read as its saved form when it is new to the
    /// device or when that is smaller.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn changed_documents(
        &self,
        branch: BranchId,
        after: Cursor,
        bytes_max: usize,
        skip: &BTreeSet<Position>,
    ) -> Result<FeedBatch, StoreError>;

    /// The changes after `after` one by one, until `bytes_max` is reached, one at least if there is any.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn changes(&self, branch: BranchId, after: Position, bytes_max: usize) -> Result<Vec<FeedChange>, StoreError>;

    /// The highest entry of this actor's outbox that was ever accepted or had.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn seen(&self, branch: BranchId, actor: Actor) -> Result<Option<Seen>, StoreError>;
}
