//! Why a connection ends. Every end has a stated code.

use std::fmt;

/// The reason for which a connection was refused or ended. The numbers are part of the protocol and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The device has what it came for.
    Done,
    /// The other side sent bytes that are not a frame of this protocol.
    Malformed,
    /// The other side sent a frame that does not belong here, such as a Push before the Welcome.
    Unexpected,
    /// A frame, section, batch or queue beyond the limits of the protocol.
    Limit,
    /// No protocol version in common.
    Version,
    /// The signature is not this device's over this nonce.
    Signature,
    /// The relay does not know this device.
    NotEnrolled,
    /// The device was revoked.
    Revoked,
    /// The device is not a member of the branch it asked for.
    WrongBranch,
    /// No such invite.
    InviteUnknown,
    /// The invite was used already.
    InviteUsed,
    /// The invite's time is over.
    InviteExpired,
    /// Nothing was heard for too long.
    Idle,
    /// The relay cannot serve now: it is shutting down, or its disk fails. Try again later.
    Unavailable,
    /// The device's store was restored from a copy and must not write under its actor any more.
    Restored,
    /// The relay skipped a part of the feed. The device reconnects and goes on from its cursor.
    Gap,
    /// The same device connected again; the older connection ends.
    Replaced,
    /// The sums of both sides differ: the device reconnects to reconcile.
    Unequal,
    /// The relay has as many connections as it takes. Try again later.
    Busy,
    /// Too many attempts in too short a time. Try again later.
    Rate,
    /// A code of a later version, with its number.
    Other(u8),
}

impl Code {
    /// Every code this version knows.
    pub const ALL: [Code; 20] = [
        Code::Done,
        Code::Malformed,
        Code::Unexpected,
        Code::Limit,
        Code::Version,
        Code::Signature,
        Code::NotEnrolled,
        Code::Revoked,
        Code::WrongBranch,
        Code::InviteUnknown,
        Code::InviteUsed,
        Code::InviteExpired,
        Code::Idle,
        Code::Unavailable,
        Code::Restored,
        Code::Gap,
        Code::Replaced,
        Code::Unequal,
        Code::Busy,
        Code::Rate,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Code::Done => 0,
            Code::Malformed => 1,
            Code::Unexpected => 2,
            Code::Limit => 3,
            Code::Version => 4,
            Code::Signature => 5,
            Code::NotEnrolled => 6,
            Code::Revoked => 7,
            Code::WrongBranch => 8,
            Code::InviteUnknown => 9,
            Code::InviteUsed => 10,
            Code::InviteExpired => 11,
            Code::Idle => 12,
            Code::Unavailable => 13,
            Code::Restored => 14,
            Code::Gap => 15,
            Code::Replaced => 16,
            Code::Unequal => 17,
            Code::Busy => 18,
            Code::Rate => 19,
            Code::Other(number) => number,
        }
    }

    /// The code with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Code {
        Code::ALL.into_iter().find(|code| code.number() == number).unwrap_or(Code::Other(number))
    }

    /// The code in JSON; with `refused-` before it the key in the catalogue of messages.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Code::Done => "done",
            Code::Malformed => "malformed",
            Code::Unexpected => "unexpected",
            Code::Limit => "limit",
            Code::Version => "version",
            Code::Signature => "signature",
            Code::NotEnrolled => "not_enrolled",
            Code::Revoked => "revoked",
            Code::WrongBranch => "wrong_branch",
            Code::InviteUnknown => "invite_unknown",
            Code::InviteUsed => "invite_used",
            Code::InviteExpired => "invite_expired",
            Code::Idle => "idle",
            Code::Unavailable => "unavailable",
            Code::Restored => "restored",
            Code::Gap => "gap",
            Code::Replaced => "replaced",
            Code::Unequal => "unequal",
            Code::Busy => "busy",
            Code::Rate => "rate",
            Code::Other(_) => "other",
        }
    }

    /// Whether trying again later, unchanged, can succeed.
    #[must_use]
    pub const fn may_retry(self) -> bool {
        match self {
            Code::Done
            | Code::Idle
            | Code::Unavailable
            | Code::Gap
            | Code::Limit
            | Code::Malformed
            | Code::Unexpected
            | Code::Unequal
            | Code::Busy
            | Code::Rate => true,
            Code::Version
            | Code::Signature
            | Code::NotEnrolled
            | Code::Revoked
            | Code::WrongBranch
            | Code::InviteUnknown
            | Code::InviteUsed
            | Code::InviteExpired
            | Code::Restored
            | Code::Replaced
            | Code::Other(_) => false,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_its_number() {
        for (index, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(code.number()), index);
            assert_eq!(Code::from_number(code.number()), code);
        }
        assert_eq!(Code::from_number(200), Code::Other(200));
    }
}
