//! Feeds: what a branch's devices pushed, in the order the relay took it.

use std::collections::BTreeSet;
use std::sync::Arc;

use vocab::{
    Actor, BranchId, ChangeHash, ChangeHeader, Cursor, DeviceKey, DocId, Owed, Position, Sum, Timestamp, Tombstone,
    Verdict,
};

use crate::StoreError;

/// The largest change a store takes, in bytes; the protocol's own limit is lower.
pub const CHANGE_BYTES_MAX: usize = 1 << 20;

/// The most all changes of one document may come to, in bytes. Whoever opens the document loads all of it; a dossier-year
/// of a busy customer is about 100 KiB.
pub const DOCUMENT_CHANGE_BYTES_MAX: u64 = 16 << 20;

/// How many large documents one catch-up passes over at a time. A claim carries the whole list.
pub const OWED_MAX: usize = 64;

/// How many documents one read of a feed looks at, whether it returns them or skips them: bounds the time one session can
/// hold the store.
pub const DOCUMENTS_PER_BATCH_MAX: usize = 4_096;

/// How many changes [`Feeds::brought`] names.
pub const BROUGHT_MAX: u32 = 4_096;

/// How many positions [`Feeds::brought`] looks through: some milliseconds, for a device that was cut off while it pushed.
pub const BROUGHT_REACH: u32 = 16_384;

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

/// What one device brings back after the relay has lost it, one of several that are committed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoration {
    /// The branch of the session.
    pub branch: BranchId,
    /// The device that brings it.
    pub device: DeviceKey,
    /// What it brings, causes before their effects.
    pub items: Vec<Restoring>,
}

/// One thing brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restoring {
    /// A change, whoever wrote it.
    Change {
        /// Its document.
        doc: DocId,
        /// What was read from its bytes.
        header: ChangeHeader,
        /// Its bytes.
        bytes: Arc<[u8]>,
    },
    /// A tombstone. Whoever calls has checked that it is the branch's, or has signed it anew.
    Erased(Tombstone),
}

/// What the relay itself wrote in a branch, for somebody who is signed in there or sits at its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writing {
    /// The branch.
    pub branch: BranchId,
    /// The branch's public key: every actor of what was written begins with it, as those of a device do with the device's.
    pub key: DeviceKey,
    /// What was written, causes before their effects.
    pub changes: Vec<Made>,
}

/// One change that the relay made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its document.
    pub doc: DocId,
    /// What was read from its bytes.
    pub header: ChangeHeader,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// What is brought to a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intake<'a> {
    /// What a device made.
    Push(&'a Submission),
    /// What it brings back.
    Restore(&'a Restoration),
    /// What the relay itself wrote.
    Write(&'a Writing),
}

/// What became of one submission or restoration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// One per change or item, in order.
    pub verdicts: Vec<Verdict>,
    /// The tombstones of the documents for which something was refused as erased, each once.
    pub tombstones: Vec<Tombstone>,
    /// The feed's head before it. What was accepted of it stands at the positions after this one, without a gap.
    pub after: Position,
    /// The feed's head with it.
    pub head: Position,
    /// The feed's sum at that head.
    pub sum: Sum,
}

/// What became of an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erasure {
    /// The document is gone.
    Erased {
        /// Where the tombstone stands.
        position: Position,
        /// The feed's sum there.
        sum: Sum,
        /// How many changes went.
        changes: u64,
        /// Their bytes.
        change_bytes: u64,
    },
    /// It was erased before; that tombstone stands.
    Before(Tombstone),
    /// The branch has no such document.
    Unknown,
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

/// What a device that catches up asks of a feed.
#[derive(Debug, Clone, Copy)]
pub struct FeedAsk<'a> {
    /// How far it holds the feed.
    pub after: Cursor,
    /// The large documents the cursor has passed, and how far it holds each.
    pub owed: &'a [Owed],
    /// About how many bytes it wants.
    pub bytes_max: usize,
    /// A document of which it lacks more than this many bytes is passed over, until everything else is sent.
    pub large_bytes: usize,
    /// Changes it holds though they stand after the cursor: it brought them itself.
    pub skip: &'a BTreeSet<Position>,
}

/// Documents changed after a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedBatch {
    /// In the order of their latest position; then what was read of the documents that were owed.
    pub documents: Vec<FeedDocument>,
    /// The cursor of a device that holds these and what came before: `Cursor::at(head)` when there is no more.
    pub cursor: Cursor,
    /// What such a device is owed: the whole list, empty when there is no more.
    pub owed: Vec<Owed>,
    /// The feed's head when this was read.
    pub head: Position,
    /// The feed's sum at the head, when there is no more.
    pub sum: Option<Sum>,
    /// Whether documents after these changed, or some are owed.
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
    /// Its changes after the cursor's base, or the next ones of those owed, in feed order.
    Changes(Vec<(Position, Arc<[u8]>)>),
    /// It was erased.
    Erased(Tombstone),
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
    /// The device that brought it; none when the relay wrote it.
    pub device: Option<DeviceKey>,
    /// When the relay took it.
    pub received_at: Timestamp,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// When and through whom a change came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The change.
    pub hash: ChangeHash,
    /// Where it stands in the feed.
    pub position: Position,
    /// The device that brought it; none when the relay wrote it.
    pub device: Option<DeviceKey>,
    /// When the relay took it.
    pub received_at: Timestamp,
}

/// The feeds of all branches. A branch that is not registered has an empty feed that takes nothing.
///
/// Every position has the sum of what the feed held there: of every change, and of a tombstone in place of each erased
/// document's changes. A device that holds the same has the same sum.
pub trait Feeds {
    /// Appends what several devices, or the relay itself, bring, in this order, in ONE transaction, durable when this returns.
    /// Each change gets its own verdict, judged in this order:
    ///
    /// 1. the device is registered with the branch and not revoked, or the relay wrote it, else `NotAuthorised`;
    /// 2. at most [`CHANGE_BYTES_MAX`], else `TooLarge`;
    /// 3. its document was not erased, else `Erased`;
    /// 4. (branch, document, hash) is in the feed already: `Had`;
    /// 5. its actor is a generation of the device (or begins with the branch's key, when the relay wrote it), or
    ///    [`vocab::GENESIS_ACTOR`], or it is brought back, else `ForeignActor`;
    /// 6. its actor's numbers go on without repeating, else `ReusedSequence`, and without a gap, else `MissingDependency`;
    /// 7. the changes it depends on are in the feed, of the same document, else `MissingDependency`;
    /// 8. all of its document's changes come to [`DOCUMENT_CHANGE_BYTES_MAX`] at most, else `TooLarge`.
    ///
    /// A tombstone that is brought back erases its document, or is `Had` when that was erased before.
    ///
    /// In the same transaction the highest number of a push accepted or had becomes what [`Feeds::seen`] says of the
    /// session's actor.
    ///
    /// # Errors
    /// Nothing of any intake was appended: [`StoreError::Full`], [`StoreError::Busy`], ...
    fn take(&mut self, intakes: &[Intake<'_>], at: Timestamp) -> Result<Vec<Appended>, StoreError>;

    /// [`Feeds::take`] of pushes alone.
    ///
    /// # Errors
    /// Those of [`Feeds::take`].
    fn append(&mut self, submissions: &[Submission], at: Timestamp) -> Result<Vec<Appended>, StoreError> {
        self.take(&submissions.iter().map(Intake::Push).collect::<Vec<_>>(), at)
    }

    /// Puts a tombstone at a new position in the place of a document: its changes' bytes, its saved form and whatever was
    /// kept of it go, in one transaction. It is [behind](crate::Documents::behind) then, so that rows follow. The bytes
    /// leave the files with [`crate::RelayStore::scrub`].
    ///
    /// # Errors
    /// Any [`StoreError`] of writing; then nothing was erased.
    fn erase(&mut self, branch: BranchId, tombstone: &Tombstone) -> Result<Erasure, StoreError>;

    /// The erasures after `after`, in the order of the feed, `limit` at most.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn erasures(&self, branch: BranchId, after: Position, limit: u32)
    -> Result<Vec<(Position, Tombstone)>, StoreError>;

    /// The feed's sum at a position; none past its head.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn sum_at(&self, branch: BranchId, position: Position) -> Result<Option<Sum>, StoreError>;

    /// The position of the feed's latest change.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn head(&self, branch: BranchId) -> Result<Position, StoreError>;

    /// The documents changed after the cursor, as [`Cursor`] describes, until about `bytes_max` bytes are reached: one
    /// document at least, if there is any, and each at most once. A document is read as its saved form when it is new to the
    /// device or when that is smaller.
    ///
    /// A document of which the device lacks more than `large_bytes` is passed over and becomes owed; the cursor moves on.
    /// What is owed is read when nothing else is left, or when [`OWED_MAX`] are owed and a further one is met: its changes
    /// in feed order, as many as fit and one at least, whatever its saved form. The answer says how far each is held then.
    /// An owed document stays on the list, though it is held whole, until all of them are (or another one needs its
    /// place), so that a change made meanwhile does not send it again.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn changed_documents(&self, branch: BranchId, ask: &FeedAsk<'_>) -> Result<FeedBatch, StoreError>;

    /// The changes after `after` one by one, without those of erased documents, until `bytes_max` is reached, one at least if there is any.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn changes(&self, branch: BranchId, after: Position, bytes_max: usize) -> Result<Vec<FeedChange>, StoreError>;

    /// When and through whom each change of a document came, in the order of the feed; nothing of one that was erased.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn receipts(&self, branch: BranchId, doc: DocId) -> Result<Vec<Receipt>, StoreError>;

    /// The highest entry of this actor's outbox that was ever accepted or had.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn seen(&self, branch: BranchId, actor: Actor) -> Result<Option<Seen>, StoreError>;

    /// What `device` itself brought under `actor` at the positions after `after`, in feed order, without what was erased:
    /// [`BROUGHT_MAX`] at most. Of first changes, which name no actor, those of documents in which it wrote under this actor,
    /// and the one that [`Feeds::seen`] says: a copy of the store, or the store before it was restored, may have brought
    /// others. Nothing when what [`Feeds::seen`] says of the actor stands more than [`BROUGHT_REACH`] positions after `after`.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn brought(
        &self,
        branch: BranchId,
        device: DeviceKey,
        actor: Actor,
        after: Position,
    ) -> Result<Vec<(Position, ChangeHash)>, StoreError>;
}
