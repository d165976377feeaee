//! What a relay session asks its driver to do, and what it is given.

use std::collections::BTreeSet;
use std::sync::Arc;

use vocab::{BranchId, ChangeHeader, Cursor, DeviceKey, DocId, Position};

use crate::{Claim, Code, EnrolRequest, Progress};

/// How a session behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayConfig {
    /// How many bytes of the feed to ask for at a time and to put into one frame; at most [`crate::limits::BATCH_BYTES`].
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
    /// Append to the feed, durably, in this order. Answer with `handle_appended`, one verdict each, oldest effect first.
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
    /// Read documents changed after the cursor, as `vocab::Cursor` describes, until `bytes_max` is reached (one document at
    /// least, if there is any). Answer with `handle_feed`.
    ReadFeed {
        /// The branch of the session.
        branch: BranchId,
        /// Where to start.
        after: Cursor,
        /// Where to stop.
        bytes_max: usize,
        /// Positions this device pushed in this session: changes there may be left out, since it holds them.
        skip: BTreeSet<Position>,
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
    /// Whether documents after these changed.
    pub more: bool,
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
    /// The whole document: a saved form, perhaps followed by changes, as automerge loads it.
    Saved(Arc<[u8]>),
    /// Its changes after the base, in feed order.
    Changes(Vec<(Position, Arc<[u8]>)>),
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
}
