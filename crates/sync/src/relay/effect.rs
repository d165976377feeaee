//! What a relay session asks its driver to do, and what it is given.

use std::collections::BTreeSet;
use std::sync::Arc;

use vocab::{BranchId, ChangeHeader, Cursor, DeviceKey, DocId, Owed, Position, RangeQuery, Sum, Tombstone, Verdict};

use crate::wire::RestoreRefusal;
use crate::{Answer, Ask, Claim, Code, EnrolRequest, Progress};

/// How a session behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayConfig {
    /// How many bytes of the feed to ask for at a time and to put into one frame, unless the device wants less; at most
    /// [`crate::limits::BATCH_BYTES`].
    pub batch_bytes: usize,
}

impl Default for RelayConfig {
    fn default() -> Self {
        RelayConfig { batch_bytes: crate::limits::BATCH_BYTES }
    }
}

/// Something the driver does, in the order polled. When one fails, the driver calls `shut(Code::Unavailable)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayEffect {
    /// Send this frame as one binary message, then call `handle_sent`.
    Send(Arc<[u8]>),
    /// May this device in? The signature is verified already; key, revocation and branch are the registry's to check.
    /// Answer with `handle_admission`.
    Authenticate(Claim),
    /// Register this key. The signature is verified already. An invite used before by the same key is answered again in
    /// the same way: the first answer may have been lost. Answer with `handle_enrolment`.
    Enrol(EnrolRequest),
    /// Append to the feed, durably, in this order. Answer with `handle_appended`, oldest effect first.
    /// Checked already: well-formed, of this device, not too large. To be checked: dependencies, reused sequences, erasure.
    /// In the same transaction keep the submission with the highest `seq` that was accepted or had as the [`crate::Seen`] of
    /// `session_actor`.
    Append {
        /// The branch of the session.
        branch: BranchId,
        /// The device.
        device: DeviceKey,
        /// The actor that the session's claim named.
        session_actor: vocab::Actor,
        /// What to append; never empty.
        submissions: Vec<Submission>,
    },
    /// Read documents changed after the cursor, as `vocab::Cursor` describes, until `bytes_max` is reached (one change at
    /// least, if there is any), all from one state of the feed. Answer with `handle_feed`.
    ///
    /// A document of which the device lacks more than `large_bytes` (in its smaller form) is passed over: the cursor moves
    /// on, and it is appended to `owed`, its `within` at the cursor's base; those owed already are passed over too. Once
    /// nothing else is left, the first that is owed is read, as changes after its `within` in feed order; its `within` moves to
    /// the last position read, and it leaves the list at its end. Likewise when `owed` would exceed
    /// [`crate::limits::OWED_MAX`] otherwise: then the first of the list is read before more is passed over. The
    /// cursor becomes `Cursor::at(head)` once nothing is owed.
    ReadFeed {
        /// The branch of the session.
        branch: BranchId,
        /// Where to start.
        after: Cursor,
        /// The large documents passed over so far.
        owed: Vec<Owed>,
        /// What makes a document large.
        large_bytes: usize,
        /// Where to stop.
        bytes_max: usize,
        /// Positions this device pushed in this session: changes there may be left out, since it holds them.
        skip: BTreeSet<Position>,
    },
    /// Compare ranges of the branch's present book with the device's ([`crate::answer_range`] does it for one range). Answer
    /// with `handle_ranges`, one answer each.
    ReadRanges {
        /// The branch of the session.
        branch: BranchId,
        /// The questions.
        queries: Vec<RangeQuery>,
    },
    /// Find out what either side lacks of these documents, from one present state of the feed. Answer with
    /// `handle_compared`: the first questions, one at least, until the answers reach `bytes_max`. An item is the saved form,
    /// when that is smaller and no larger than `bytes_max`; the lacking changes in feed order; or the tombstone. One that
    /// exceeds `bytes_max` is cut after at least one change, and not complete.
    Compare {
        /// The branch of the session.
        branch: BranchId,
        /// The questions.
        asks: Vec<Ask>,
        /// Where to stop.
        bytes_max: usize,
    },
    /// Append what the relay lacks to the feed, durably, in this order; most of it is of other actors. Answer with
    /// `handle_restored`. Checked already: well-formed, not too large. To be checked: dependencies, reused sequences, erasure,
    /// and a tombstone's signature ([`crate::verify_tombstone`]). What the feed holds already is not an error.
    Restore {
        /// The branch of the session.
        branch: BranchId,
        /// The device that brings it.
        device: DeviceKey,
        /// What to append; never empty.
        items: Vec<Restoration>,
    },
    /// Note what the device says of itself. No answer.
    ReportProgress(Progress),
    /// Close the socket once what was sent has left. Always the last effect.
    Close(Code),
}

/// A pushed change that passed every check that needs no store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Its place in the device's outbox.
    pub seq: u64,
    /// Its document.
    pub doc: DocId,
    /// What it says of itself.
    pub header: ChangeHeader,
    /// The change, one automerge change chunk.
    pub bytes: Arc<[u8]>,
}

/// What became of appended changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// One verdict for each submission, in order.
    pub verdicts: Vec<Verdict>,
    /// What the feed comes to at the position of the last accepted one; none when none was accepted.
    pub sum: Option<Sum>,
}

/// Something of one document that a device brings back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoration {
    /// Its document.
    pub doc: DocId,
    /// What of it.
    pub form: RestoreForm,
}

/// What of a document is brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreForm {
    /// Changes in causal order, with what each says of itself.
    Changes(Vec<(ChangeHeader, Arc<[u8]>)>),
    /// The device holds that it was erased.
    Erased(Tombstone),
}

/// What became of what a device brought back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// What was refused.
    pub refused: Vec<RestoreRefusal>,
    /// The tombstones of documents that were refused because they were erased.
    pub tombstones: Vec<Tombstone>,
    /// The positions that it took, if any: after the first, up to the second.
    pub span: Option<(Position, Position)>,
    /// The position of the feed's latest change after it.
    pub head: Position,
}

/// The store's answer to questions about documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// To the first questions, in their order.
    pub answers: Vec<Answer>,
    /// The position of the feed's latest change when this was read.
    pub head: Position,
}

/// What the store read from a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedBatch {
    /// Documents in the order of their latest position.
    pub documents: Vec<FeedDocument>,
    /// The cursor of a device that holds these and what came before: `{base, through: last document's position}`, or
    /// `Cursor::at(head)` when there is no more.
    pub cursor: Cursor,
    /// The position of the feed's latest change when this was read.
    pub head: Position,
    /// Whether documents after these changed, or are owed.
    pub more: bool,
    /// The large documents owed after these; empty when there is no more.
    pub owed: Vec<Owed>,
    /// What the feed comes to at `head`, when there is no more.
    pub sum: Option<Sum>,
}

/// One document changed since a cursor's base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedDocument {
    /// Which.
    pub doc: DocId,
    /// The position of its latest change.
    pub last: Position,
    /// What the device needs.
    pub form: FeedForm,
}

/// In which form a document is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedForm {
    /// The whole document: a saved form, perhaps followed by changes, as automerge loads it. Never more than `large_bytes`, and
    /// nothing that the feed did not hold when it was read.
    Saved(Arc<[u8]>),
    /// Its changes after the base, or after what is held of a large one, in feed order.
    Changes(Vec<(Position, Arc<[u8]>)>),
    /// It was erased.
    Erased(Tombstone),
}

/// Counters of one relay session. Bytes are those of frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RelayCounters {
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Changes accepted or had.
    pub accepted: u64,
    /// Changes refused.
    pub refused: u64,
    /// Frames of documents sent, live ones included.
    pub document_frames: u64,
    /// Changes and tombstones brought back by the device.
    pub restored: u64,
}
