//! What one session cost and did, as `sync --json` prints it.

use vocab::{Cursor, Position};

/// Counters of one device session. Bytes are those of frames, without what websocket and TLS add.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// How often the session sent a question while no other was open: the times it had to wait for the link.
    pub round_trips: u32,
    /// Changes the relay took or had already.
    pub pushed: u64,
    /// Changes and whole documents received.
    pub pulled: u64,
    /// Changes the relay refused; they stay on the device, with their reason.
    pub refused: u64,
    /// Documents that the driver said were changed by what arrived.
    pub documents_changed: u64,
    /// How far the device holds the feed.
    pub cursor: Cursor,
    /// The feed's latest position the relay told of.
    pub head: Position,
    /// Changes still waiting in the outbox, as last read.
    pub outbox: u64,
    /// The feed was taken up from its start: the relay has a new epoch, or fell behind this device.
    pub started_over: bool,
    /// What reconciling found and did, when the session reconciled.
    pub reconcile: Option<ReconcileReport>,
}

/// What reconciling found and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReconcileReport {
    /// Questions about ranges of documents, each waited for.
    pub rounds: u32,
    /// Documents that were not the same on both sides.
    pub differing: u64,
    /// Of these, documents that both sides hold, compared change by change.
    pub compared: u64,
    /// Changes, whole documents and tombstones received.
    pub taken: u64,
    /// Changes and tombstones that the relay lacked and took.
    pub restored: u64,
    /// Changes and tombstones that the relay lacked and refused.
    pub refused: u64,
}
