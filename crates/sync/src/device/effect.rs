//! What a device session asks its driver to do, and what it is given.

use std::sync::Arc;

use vocab::{Actor, BranchId, ChangeHash, Cursor, DocId, Epoch, Position, Timestamp, Verdict};

use crate::{Code, Membership, Seen};

/// How a session behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceConfig {
    /// One exchange, or stay and follow.
    pub mode: Mode,
    /// The version of the device's software, for the fleet's page.
    pub app: String,
    /// How many bytes of changes go into one push; at most [`crate::limits::BATCH_BYTES`], less on poor links.
    pub batch_bytes: usize,
}

/// When a session ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// When everything is pushed and the feed's head is reached.
    Once,
    /// Never: it follows the feed until the driver leaves or the link breaks.
    Follow,
}

/// What a device's store knows when a session starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The actor of the store's present generation.
    pub actor: Actor,
    /// The branch it joined.
    pub branch: BranchId,
    /// The epoch of the feed it holds; none before the first contact.
    pub epoch: Option<Epoch>,
    /// How far it holds that feed.
    pub cursor: Cursor,
    /// The highest outbox sequence the relay has answered; 0 when none.
    pub settled: u64,
    /// How many changes wait in the outbox, those refused earlier left out.
    pub outbox: u64,
    /// The wall clock, uncorrected.
    pub time: Timestamp,
}

/// What an enrolling device asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentRequest {
    /// The invite, as the person typed it.
    pub invite: String,
    /// A name for the device or its owner; may be empty.
    pub name: String,
}

/// Something the driver does, in the order polled. When one fails, the driver drops the session and the socket; nothing
/// that was committed needs to be undone.
#[derive(Debug, Clone, PartialEq)]
pub enum DeviceEffect {
    /// Send this frame as one binary message.
    Send(Vec<u8>),
    /// Learn the clock's offset: the relay said `relay_time` about half of `round_trip_ms` ago. No answer.
    LearnTime {
        /// The relay's wall clock when it answered.
        relay_time: Timestamp,
        /// How long the question and its answer took.
        round_trip_ms: u64,
    },
    /// Keep who this device is: name, staff and role may have changed at the relay. No answer.
    Admitted(Membership),
    /// Keep this epoch and cursor in place of those before, in one transaction, and touch nothing else. No answer.
    AdoptFeed {
        /// The epoch of the relay's feed.
        epoch: Epoch,
        /// The start of the feed.
        cursor: Cursor,
        /// Why; anything but [`AdoptReason::First`] means that the relay may lack changes it once acknowledged.
        why: AdoptReason,
    },
    /// Does the store hold this change? Answer with `handle_recalled`. If not, the store is an old copy.
    Recall(Seen),
    /// Read entries after this sequence, in order, those refused earlier left out, until `bytes_max` bytes of changes are
    /// reached (one entry at least). Answer with `handle_outbox`.
    ReadOutbox {
        /// The last sequence already read in this session.
        after: u64,
        /// Where to stop.
        bytes_max: usize,
    },
    /// Apply what arrived and keep the cursor, in ONE transaction. Applying anything twice must change nothing. Answer with
    /// `handle_committed`.
    Commit {
        /// What arrived, in order; a document may appear more than once.
        arrivals: Vec<Arrival>,
        /// The new cursor; none while the parts of one large document are still arriving.
        cursor: Option<Cursor>,
    },
    /// Keep what the relay said of pushed changes, and the cursor if there is one, in ONE transaction: accepted and had
    /// changes leave the outbox, refused ones stay with their reason. No answer.
    Settle {
        /// Outbox sequence and verdict.
        verdicts: Vec<(u64, Verdict)>,
        /// The new cursor, when nothing but this device's own changes lay between.
        cursor: Option<Cursor>,
    },
    /// The session is over. Close the socket once what was sent has left. Always the last effect.
    End(Outcome),
}

/// Why a device takes up a feed from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdoptReason {
    /// It held none.
    First,
    /// The relay began another feed: it was restored, or lost its disk.
    NewEpoch,
    /// The relay's feed is shorter than what this device already held of it.
    FellBehind,
}

/// One piece of what arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its document.
    pub doc: DocId,
    /// What arrived of it.
    pub form: Form,
}

/// In which form a document arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// The whole document: a saved form, perhaps followed by changes, as automerge loads it.
    Saved(Arc<[u8]>),
    /// Changes, each one automerge change chunk, in causal order.
    Changes(Vec<Arc<[u8]>>),
}

/// What the store read from its outbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxBatch {
    /// Entries in the order of their sequence.
    pub entries: Vec<OutboxEntry>,
    /// Whether entries after these wait.
    pub more: bool,
    /// How many entries wait in all (these included), those refused earlier left out.
    pub waiting: u64,
}

/// A change that waits for the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its place in the outbox; never reused.
    pub seq: u64,
    /// Its document.
    pub doc: DocId,
    /// Its hash.
    pub hash: ChangeHash,
    /// The change, one uncompressed automerge change chunk.
    pub bytes: Vec<u8>,
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was exchanged (once), or the driver left (follow).
    Done,
    /// The device is enrolled. Keep the membership and start a session.
    Enrolled {
        /// Who the device is now.
        membership: Membership,
        /// The relay's wall clock.
        relay_time: Timestamp,
    },
    /// This store lacks a change that the relay has from its own actor: it is an old copy. Nothing was pushed. Writing on
    /// under this actor would damage documents everywhere; the store needs a new generation.
    Restored {
        /// What the relay holds.
        seen: Seen,
    },
    /// The relay refused, or ended the connection, for this reason.
    Refused {
        /// The reason.
        code: Code,
        /// The relay's own words, for codes this version does not know.
        text: String,
    },
    /// This side ended the connection: what came was not the protocol, or nothing came for too long.
    Broken(Code),
    /// The connection was lost. Everything committed stays; try again.
    Lost {
        /// The position reached.
        head: Position,
    },
}
