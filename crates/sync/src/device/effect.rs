//! What a device session asks its driver to do, and what it is given.

use std::sync::Arc;

use vocab::{
    Actor, BranchId, ChangeHash, Cursor, DeviceCode, DocId, Epoch, Owed, Position, Refusal, Sum, Timestamp, Tombstone,
    Verdict,
};

use crate::{Code, Membership, Seen, Wanted};

/// How a session behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceConfig {
    /// One exchange, or stay and follow.
    pub mode: Mode,
    /// The version of the device's software, for the fleet's page.
    pub app: String,
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
    /// How many bytes these come to.
    pub outbox_bytes: u64,
    /// The wall clock, uncorrected.
    pub time: Timestamp,
    /// What the acknowledged changes come to: every change it holds, applied or set aside, without those in the outbox,
    /// waiting and refused alike; an erased document counts its tombstone. Zero when it holds nothing.
    pub sum: Sum,
    /// As the last [`DeviceEffect::AdoptFeed`], [`DeviceEffect::Commit`] or [`DeviceEffect::Settle`] stated it; the start of
    /// the feed before any.
    pub ahead: Position,
    /// Whether the last session ended with [`Outcome::Unequal`], and no reconcile ended well since.
    pub suspect: bool,
    /// Large documents that were passed over, as the last commit stated them.
    pub owed: Vec<Owed>,
    /// How many bytes of payload to put into one frame, in either direction: at least
    /// [`crate::limits::FRAME_BYTES_WANTED_MIN`], at most [`crate::limits::FRAME_BYTES_WANTED_MAX`]; less on poor links.
    pub frame_bytes: u32,
}

/// What an enrolling device asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentRequest {
    /// The invite, as the person typed it.
    pub invite: String,
    /// A name for the device or its owner; may be empty.
    pub name: String,
    /// The code that a relay gave this device before, if one did.
    pub code: Option<DeviceCode>,
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
    /// Keep this epoch, cursor and `ahead` in place of those before, owe nothing and suspect nothing, in one transaction.
    /// After [`AdoptReason::Reconciled`] also let outbox entries of this device's own actors wait again that were refused for a
    /// missing dependency, which the relay may hold now, or as erased, of which it may know nothing any more. No answer.
    AdoptFeed {
        /// The epoch of the relay's feed.
        epoch: Epoch,
        /// The start of the feed, or after reconciling the position up to which it is held.
        cursor: Cursor,
        /// See [`Start::ahead`].
        ahead: Position,
        /// Why.
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
    /// Apply what arrived and keep the cursor and `ahead`, in ONE transaction. Applying anything twice must change nothing.
    /// Whatever arrives and stands in the outbox, waiting or refused, leaves it: the relay holds it. Answer with
    /// `handle_committed`.
    Commit {
        /// What arrived, in order; a document may appear more than once.
        arrivals: Vec<Arrival>,
        /// The new cursor; none when it stays where it is.
        cursor: Option<Cursor>,
        /// Every large document that is owed now, in place of those before; none when they stay the same.
        owed: Option<Vec<Owed>>,
        /// See [`Start::ahead`].
        ahead: Position,
    },
    /// Keep what the relay said of pushed changes, `ahead`, and the cursor if there is one, in ONE transaction: accepted
    /// and had changes leave the outbox, refused ones stay with their reason. An entry that left the outbox meanwhile needs
    /// nothing. Answer with `handle_settled`.
    Settle {
        /// Outbox sequence and verdict.
        verdicts: Vec<(u64, Verdict)>,
        /// The new cursor, when nothing but this device's own changes lay between.
        cursor: Option<Cursor>,
        /// See [`Start::ahead`].
        ahead: Position,
    },
    /// The relay says that it took these changes, and had no chance to say so before: the entries of the outbox with a sequence
    /// of at most `through` whose hash begins with one of them leave it, and `ahead` is kept, in ONE transaction. A change that is
    /// the first of many documents leaves it with another of its document, or as the one with the sequence `through`. Comes
    /// before anything that arrives. Answer with `handle_settled`.
    SettleTaken {
        /// The highest sequence that the relay has seen.
        through: u64,
        /// The first 16 bytes of each hash.
        taken: Vec<[u8; 16]>,
        /// See [`Start::ahead`].
        ahead: Position,
    },
    /// Read what each document's acknowledged changes come to: its sum without its outbox entries. Documents that come to
    /// nothing are left out; an erased one comes to its tombstone. Answer with `handle_book`.
    ReadBook,
    /// Read what the store holds of these documents, until `hashes_max` hashes are reached (one document at least). Answer
    /// with `handle_hashes`, in the order asked, the documents that were not read left out.
    ReadHashes {
        /// Which.
        docs: Vec<DocId>,
        /// Where to stop.
        hashes_max: usize,
    },
    /// Read what the relay lacks, in causal order, without what stands in the outbox, until `bytes_max` bytes are reached (one
    /// change at least). An erased document is its tombstone. Answer with `handle_restore`: what was read, and what is left.
    ReadRestore {
        /// What the relay lacks.
        wants: Vec<(DocId, Wanted)>,
        /// Where to stop.
        bytes_max: usize,
    },
    /// Keep what the relay said of restored changes, in ONE transaction: refused ones become refused outbox entries, an erased
    /// document is dropped as an arriving tombstone drops it. Answer with `handle_settled`.
    SettleRestored {
        /// What was refused.
        refused: Vec<(DocId, ChangeHash, Refusal)>,
        /// The tombstones of documents that the relay had erased.
        tombstones: Vec<Tombstone>,
    },
    /// The session is over. Close the socket once what was sent has left. Always the last effect.
    End(Outcome),
}

/// Why a device takes up another feed, or another place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdoptReason {
    /// It held none.
    First,
    /// The relay began another feed: it was restored, or lost its disk.
    NewEpoch,
    /// The relay's feed is shorter than what this device already held of it.
    FellBehind,
    /// Both sides brought each other what they lacked.
    Reconciled,
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
    /// It was erased: drop everything of it, what stands in the outbox included, and keep the tombstone. Whatever arrives of
    /// it later is ignored.
    Erased(Tombstone),
    /// Nothing arrived: the relay said that it holds these changes. Those that stand in the outbox leave it.
    Held(Vec<ChangeHash>),
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
    /// Both sides hold the same feed up to the same position, and not the same changes. Keep that in the store as `suspect`
    /// and connect again: the next session reconciles. If the store's cursor is not there any more, another process moved it
    /// on while this session ended, and nothing is known; then only connect again.
    Unequal {
        /// The position.
        at: Position,
        /// What this device holds comes to.
        here: Sum,
        /// What the relay's feed comes to.
        relay: Sum,
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
