//! What the two ends tell each other, as both drivers see it.

use vocab::{
    Actor, BranchId, ChangeHash, Cursor, DeviceCode, DeviceKey, DocId, Epoch, Position, Role, Staff, Timestamp,
};

/// What a device says of itself when it connects; signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which device.
    pub key: DeviceKey,
    /// The actor of its store's present generation.
    pub actor: Actor,
    /// The branch it wants.
    pub branch: BranchId,
    /// The epoch of the feed it holds; none before the first contact.
    pub epoch: Option<Epoch>,
    /// How far it holds that feed.
    pub cursor: Cursor,
    /// The highest outbox sequence the relay has answered, as the device remembers; 0 when none.
    pub settled: u64,
    /// How many changes wait in its outbox.
    pub outbox: u64,
    /// The version of the device's software, for the fleet's page.
    pub app: String,
    /// The device's uncorrected wall clock.
    pub time: Timestamp,
    /// Whether it wants to stay and follow the feed live.
    pub follows: bool,
}

/// What a device asks when it joins a branch; signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolRequest {
    /// The invite, as the person typed it.
    pub invite: String,
    /// The key to register.
    pub key: DeviceKey,
    /// A name for the device or its owner, for the fleet's page; may be empty.
    pub name: String,
    /// The version of the device's software.
    pub app: String,
}

/// What an enrolled device is to its organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Its branch.
    pub branch: BranchId,
    /// The branch's name.
    pub branch_name: String,
    /// The short code in the ids its people read; never changes.
    pub code: DeviceCode,
    /// The person who uses it.
    pub staff: Staff,
    /// What that person may do.
    pub role: Role,
}

/// The latest outbox entry that the relay holds from one actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its outbox sequence.
    pub seq: u64,
    /// Its document.
    pub doc: DocId,
    /// Its hash.
    pub hash: ChangeHash,
}

/// The relay's answer to a [`Claim`] it accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// The relay's wall clock.
    pub time: Timestamp,
    /// Who the device is here.
    pub membership: Membership,
    /// The epoch of the branch's feed.
    pub epoch: Epoch,
    /// The position of the feed's latest change.
    pub head: Position,
    /// The highest outbox sequence ever accepted (or had) in a session of this actor, whoever wrote the change.
    pub seen: Option<Seen>,
}

/// What a device reports of itself while connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How far it holds the feed, committed.
    pub cursor: Cursor,
    /// How many changes wait in its outbox.
    pub outbox: u64,
}

/// Where a relay begins for a device that holds `cursor` of the feed `epoch`: at the start when that was another feed, or
/// one longer than the relay's. Both ends compute it from the same frames.
pub(crate) fn usable(cursor: Cursor, epoch: Option<Epoch>, feed: Epoch, head: Position) -> Cursor {
    if epoch == Some(feed) && cursor.through <= head { cursor } else { Cursor::default() }
}
