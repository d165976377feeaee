//! What the two ends tell each other, as both drivers see it.

use vocab::{
    Actor, BranchId, ChangeHash, Cursor, DeviceCode, DeviceKey, DocId, Epoch, Owed, Position, Role, Staff, Sum,
    Timestamp,
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
    /// What the acknowledged changes it holds come to: everything it holds without what stands in its outbox.
    pub sum: Sum,
    /// The highest position at which the relay is known to hold something that this device counts in `sum`, besides what the
    /// cursor covers: its own changes, accepted there. While it lies beyond the cursor the sum is not that of the cursor.
    pub ahead: Position,
    /// Whether it found its sum to be another than the relay's and wants to reconcile.
    pub suspect: bool,
    /// The large documents that an earlier catch-up passed over and did not bring to their end; at most
    /// [`crate::limits::OWED_MAX`].
    pub owed: Vec<Owed>,
    /// How many bytes of payload it wants in one frame.
    pub frame_bytes: u32,
    /// The latest dictionary of [`crate::wire::Packing`] it knows; 0 when none.
    pub dictionary: u8,
    /// Whether the feed is to wait until its outbox is pushed: documents that both sides changed are then sent once.
    pub pushes_first: bool,
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
    /// The code that a relay gave this device before: the ids of its records hold it. The relay gives it again when it can.
    pub code: Option<DeviceCode>,
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
    /// What this device itself brought under the claim's actor, at positions after the claim's `cursor.base`: where it stands and
    /// the first 16 bytes of its hash, in feed order. What is left out is sent back to it, and pushed again if it did not hear
    /// that it was taken.
    pub brought: Vec<(Position, [u8; 16])>,
    /// What the feed comes to at the claim's `cursor.base`. None when the claim is of another epoch or that position lies
    /// beyond the head.
    pub sum: Option<Sum>,
}

/// How a connection goes on after the Welcome; the relay decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plan {
    /// The feed continues where the device's cursor stands.
    Continue,
    /// The feed comes from its start: the device holds nothing of it.
    FromStart,
    /// Both sides find out what differs and bring it to each other; the feed continues after that.
    Reconcile,
}

impl Plan {
    /// What is to be done for a device that says `claim`, where the feed is what `admission` says.
    #[must_use]
    pub fn of(claim: &Claim, admission: &Admission) -> Plan {
        let reach = claim.cursor.through.max(claim.ahead);
        let same_feed = claim.epoch == Some(admission.epoch) && reach <= admission.head;
        // In the middle of a catch-up, or ahead of the cursor, there is nothing to compare yet: the end of it will tell.
        let between =
            claim.cursor.base != claim.cursor.through || !claim.owed.is_empty() || claim.ahead > claim.cursor.base;
        if same_feed && !claim.suspect && (between || admission.sum == Some(claim.sum)) {
            Plan::Continue
        } else if claim.sum == Sum::ZERO {
            Plan::FromStart
        } else {
            Plan::Reconcile
        }
    }
}

/// What a device reports of itself while connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How far it holds the feed, committed.
    pub cursor: Cursor,
    /// How many changes wait in its outbox.
    pub outbox: u64,
}
