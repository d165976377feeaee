//! What device, relay and both their stores say about changes on the way to and in a branch's feed.

use crate::{Actor, ChangeHash, DocId, Position, Timestamp};

/// What a change says of itself, read from its bytes without knowing any schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeHeader {
    /// SHA-256 of the change, computed from the bytes, never taken from a peer.
    pub hash: ChangeHash,
    /// Who wrote it.
    pub actor: Actor,
    /// Its number among the changes of `actor` in its document, counted from 1.
    pub seq: u64,
    /// The changes of the same document that its author had seen, minus those they imply.
    pub deps: Vec<ChangeHash>,
    /// When it was authored, by its author's corrected clock.
    pub time: Timestamp,
}

/// How far a device holds its branch's feed.
///
/// Documents arrive ordered by the position of their latest change, each with all its changes after `base`. So every
/// document whose latest change is at or before `through` is complete, and everything at or before `base` is held. When
/// the device has caught up the two are equal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    /// Every change at or before this position is held.
    pub base: Position,
    /// Every document last changed at or before this position is complete; never before `base`.
    pub through: Position,
}

impl Cursor {
    /// The cursor of a device that holds everything up to `position`.
    #[must_use]
    pub const fn at(position: Position) -> Self {
        Cursor { base: position, through: position }
    }
}

/// A document that a catch-up passed over because it is large, so that what is small does not wait for it. The cursor has
/// moved past it; what is lacking of it follows in feed order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Owed {
    /// Which.
    pub doc: DocId,
    /// Every change of it at or before this position is held. So is every one at or before the cursor's base.
    pub within: Position,
}

/// What stands in a feed for a document that was erased, and is kept for ever by everybody who holds the branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The document.
    pub doc: DocId,
    /// When it was erased.
    pub at: Timestamp,
    /// Why, in the words of whoever did it: at most [`Tombstone::WHY_BYTES_MAX`] bytes. Never what was erased.
    pub why: String,
    /// The public half of the branch's key at that time.
    pub key: [u8; 32],
    /// That key's Ed25519 signature over the branch and the fields above.
    pub signature: [u8; 64],
}

impl Tombstone {
    /// The longest [`Tombstone::why`], in bytes.
    pub const WHY_BYTES_MAX: usize = 400;
}

/// What the relay did with one pushed change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Durable in the feed at this new position.
    Accepted(Position),
    /// It was in the feed already, at this position.
    Had(Position),
    /// Not taken. The device keeps it and shows it.
    Refused(Refusal),
}

/// Why a relay does not take a change. The numbers are part of the protocol and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The bytes are not one well-formed automerge change.
    Malformed,
    /// A change it depends on is not in the feed (it may have been refused itself).
    MissingDependency,
    /// It was written by an actor that is not this device.
    ForeignActor,
    /// Its actor already used this sequence number for another change of the document: the store was restored or copied.
    ReusedSequence,
    /// It is larger than the relay takes.
    TooLarge,
    /// Its document was erased.
    Erased,
    /// This device may not write to this branch any more.
    NotAuthorised,
}

impl Refusal {
    /// Every reason.
    pub const ALL: [Refusal; 7] = [
        Refusal::Malformed,
        Refusal::MissingDependency,
        Refusal::ForeignActor,
        Refusal::ReusedSequence,
        Refusal::TooLarge,
        Refusal::Erased,
        Refusal::NotAuthorised,
    ];

    /// The number on the wire and in storage.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Refusal::Malformed => 1,
            Refusal::MissingDependency => 2,
            Refusal::ForeignActor => 3,
            Refusal::ReusedSequence => 4,
            Refusal::TooLarge => 5,
            Refusal::Erased => 6,
            Refusal::NotAuthorised => 7,
        }
    }

    /// The reason with this number, if this version knows it.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Refusal> {
        Refusal::ALL.into_iter().find(|refusal| refusal.number() == number)
    }

    /// The code in JSON and in the catalogue of messages.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Refusal::Malformed => "malformed",
            Refusal::MissingDependency => "missing_dependency",
            Refusal::ForeignActor => "foreign_actor",
            Refusal::ReusedSequence => "reused_sequence",
            Refusal::TooLarge => "too_large",
            Refusal::Erased => "erased",
            Refusal::NotAuthorised => "not_authorised",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_reads_back_its_number() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::from_number(refusal.number()), Some(refusal));
        }
        assert_eq!(Refusal::from_number(0), None);
    }
}
