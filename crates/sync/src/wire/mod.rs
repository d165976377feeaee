//! Frames: one binary websocket message each: a number, an integer-keyed CBOR map, a checksum. PROTOCOL.md is the
//! specification.
//!
//! Decoding never panics and never allocates more than [`limits::SECTION_BYTES_MAX`](crate::limits::SECTION_BYTES_MAX)
//! and a bounded number of items, whatever the bytes. Maps may hold keys this version does not know: they are skipped, so
//! that a later version can add some. A frame number it does not know is an error.

mod cbor;
mod documents;
mod handshake;
mod items;
mod push;
mod reconcile;
mod section;
mod window;
mod zip;

use std::io;

use thiserror::Error;
use vocab::{Cursor, Position, RangeAnswer, RangeQuery, Sum, Timestamp, Verdict};

use crate::limits::{FRAME_BYTES_MAX, TEXT_BYTES_MAX};
use crate::{Ask, Code, Membership, Nonce, Progress};
use cbor::{Fields, Map, text, uint};

pub use documents::Documents;
pub(crate) use documents::{Landing, Packer};
pub use handshake::{Challenge, Signed, Welcome};
pub use items::{Item, ItemForm};
pub use push::{Push, PushedChange};
pub use reconcile::{Missing, RestoreRefusal, RestoredFrame};
pub use window::{Inflow, Outflow, Windows};

/// The version of the protocol that this crate speaks.
pub const VERSION: u16 = 1;

/// The latest dictionary for sections that this crate knows; 0 when none.
pub const DICTIONARY_LATEST: u8 = zip::LATEST;

/// How the sections of a connection are packed. Frames without a section do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Packing {
    /// The dictionary that zstd uses; 0 for none.
    pub dictionary: u8,
}

impl Packing {
    /// Without a dictionary: how every connection begins.
    pub const PLAIN: Packing = Packing { dictionary: 0 };

    /// With the latest dictionary.
    pub const LATEST: Packing = Packing { dictionary: DICTIONARY_LATEST };

    /// With the latest dictionary that both sides know, when each says which is its latest.
    #[must_use]
    pub fn agreed(here: u8, there: u8) -> Packing {
        Packing { dictionary: here.min(there) }
    }
}

/// The numbers of the frames. A number is never given to another frame.
mod number {
    pub(super) const CHALLENGE: u8 = 0;
    pub(super) const HELLO: u8 = 1;
    pub(super) const ENROL: u8 = 2;
    pub(super) const WELCOME: u8 = 3;
    pub(super) const ENROLLED: u8 = 4;
    pub(super) const REFUSED: u8 = 5;
    pub(super) const PUSH: u8 = 6;
    pub(super) const VERDICTS: u8 = 7;
    pub(super) const DOCUMENTS: u8 = 8;
    pub(super) const PROGRESS: u8 = 9;
    pub(super) const PING: u8 = 10;
    pub(super) const PONG: u8 = 11;
    pub(super) const GOODBYE: u8 = 12;
    pub(super) const RECONCILE: u8 = 13;
    pub(super) const RANGES: u8 = 14;
    pub(super) const COMPARE: u8 = 15;
    pub(super) const MISSING: u8 = 16;
    pub(super) const RESTORE: u8 = 17;
    pub(super) const RESTORED: u8 = 18;
    pub(super) const RECONCILED: u8 = 19;
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// 0, relay: the first frame of every connection.
    Challenge(Challenge),
    /// 1, device: who it is and how far it is; a signed [`crate::Claim`].
    Hello(Signed),
    /// 2, device: a wish to join a branch; a signed [`crate::EnrolRequest`].
    Enrol(Signed),
    /// 3, relay: the answer to a Hello.
    Welcome(Welcome),
    /// 4, relay: the answer to an Enrol.
    Enrolled {
        /// Who the device is now.
        membership: Membership,
        /// The relay's wall clock.
        time: Timestamp,
    },
    /// 5, relay: the other answer to a Hello or an Enrol. The connection ends.
    Refused(Reason),
    /// 6, device: changes from the outbox.
    Push(Push),
    /// 7, relay: what became of the changes of the oldest unanswered Push.
    Verdicts(Verdicts),
    /// 8, relay: documents, and the cursor they lead to.
    Documents(Documents),
    /// 9, device: how far it is.
    Progress(Progress),
    /// 10, device: are you there?
    Ping(u64),
    /// 11, relay: yes, with the number of the Ping.
    Pong(u64),
    /// 12, both: the connection ends.
    Goodbye(Reason),
    /// 13, device: does the relay hold the same in these ranges of documents?
    Reconcile(Vec<RangeQuery>),
    /// 14, relay: the answers, in the order of the questions.
    Ranges(Vec<RangeAnswer>),
    /// 15, device: what does either side lack of these documents?
    Compare(Vec<Ask>),
    /// 16, relay: answers to the first questions of the oldest unanswered Compare.
    Missing(Missing),
    /// 17, device: changes and tombstones that the relay lacks.
    Restore(Vec<Item>),
    /// 18, relay: what became of the oldest unanswered Restore.
    Restored(RestoredFrame),
    /// 19, device: it holds everything up to this position, the Welcome's head. The feed goes on from there.
    Reconciled(Position),
}

/// Why a connection ends, for machines and for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The code.
    pub code: Code,
    /// English words for whoever does not know the code; may be empty.
    pub text: String,
}

impl From<Code> for Reason {
    fn from(code: Code) -> Self {
        Reason { code, text: String::new() }
    }
}

/// What became of pushed changes, in the order of the push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdicts {
    /// Outbox sequence and verdict.
    pub verdicts: Vec<(u64, Verdict)>,
    /// When the feed between these two positions holds nothing but this push: a device that holds the feed up to the first
    /// now holds it up to the second.
    pub span: Option<(Position, Position)>,
    /// What the feed comes to at the end of the span.
    pub sum: Option<Sum>,
}

/// Bytes that are not a frame of this version of the protocol.
#[derive(Debug, Error)]
pub enum WireError {
    /// Nothing, or less than a number and a checksum.
    #[error("the frame is empty")]
    Empty,
    /// It was damaged on its way.
    #[error("the frame's checksum is wrong")]
    Checksum,
    /// More than [`FRAME_BYTES_MAX`].
    #[error("the frame has {len} bytes; at most {FRAME_BYTES_MAX} are allowed")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// Not a number of this version.
    #[error("frame number {number} is not known")]
    UnknownFrame {
        /// The number.
        number: u8,
    },
    /// Not CBOR of the stated shape.
    #[error("the frame is not the CBOR it should be")]
    Cbor {
        /// What the decoder found.
        #[from]
        source: minicbor::decode::Error,
    },
    /// An array or map without its length.
    #[error("arrays and maps must state their length")]
    Indefinite,
    /// Map keys out of order or given twice.
    #[error("key {key} is out of order or given twice")]
    KeyOrder {
        /// The key.
        key: u64,
    },
    /// Bytes after the end.
    #[error("there are bytes after the end")]
    Trailing,
    /// A required key is absent.
    #[error("key {key} is missing")]
    Missing {
        /// The key.
        key: u64,
    },
    /// A value outside its range.
    #[error("a value is not {expected}")]
    Value {
        /// What it should be.
        expected: &'static str,
    },
    /// More of something than the limits allow.
    #[error("{count} {what}; at most {max} are allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: u64,
        /// How many are allowed.
        max: u64,
    },
    /// A section that does not unpack.
    #[error("a section does not unpack")]
    Zstd {
        /// What zstd said.
        source: io::Error,
    },
    /// A section that is longer or shorter than it states.
    #[error("a section does not have the length it states")]
    SectionLength,
}

impl WireError {
    /// The code with which the connection ends.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            WireError::TooLong { .. } | WireError::TooMany { .. } => Code::Limit,
            WireError::UnknownFrame { .. } => Code::Unexpected,
            _ => Code::Malformed,
        }
    }
}

impl Frame {
    /// The bytes of this frame.
    #[must_use]
    pub fn encode(&self, packing: Packing) -> Vec<u8> {
        self.encode_in(packing, None)
    }

    /// As [`Frame::encode`]; documents or pushed changes become the next part of the window, if there is one.
    #[must_use]
    pub fn encode_in(&self, packing: Packing, window: Option<&mut Outflow>) -> Vec<u8> {
        let (number, map) = match self {
            Frame::Challenge(challenge) => (number::CHALLENGE, challenge.encode()),
            Frame::Hello(signed) => (number::HELLO, signed.encode()),
            Frame::Enrol(signed) => (number::ENROL, signed.encode()),
            Frame::Welcome(welcome) => (number::WELCOME, welcome.encode()),
            Frame::Enrolled { membership, time } => (number::ENROLLED, handshake::encode_enrolled(membership, *time)),
            Frame::Refused(reason) => (number::REFUSED, reason.encode()),
            Frame::Push(push) => (number::PUSH, push.encode(packing, window)),
            Frame::Verdicts(verdicts) => (number::VERDICTS, verdicts.encode()),
            Frame::Documents(documents) => (number::DOCUMENTS, documents.encode(packing, window)),
            Frame::Progress(progress) => {
                (number::PROGRESS, Map::default().uints(0, &encode_cursor(progress.cursor)).uint(1, progress.outbox))
            }
            Frame::Ping(ping) => (number::PING, Map::default().uint(0, *ping)),
            Frame::Pong(ping) => (number::PONG, Map::default().uint(0, *ping)),
            Frame::Goodbye(reason) => (number::GOODBYE, reason.encode()),
            Frame::Reconcile(queries) => (number::RECONCILE, reconcile::encode_queries(queries, packing)),
            Frame::Ranges(answers) => (number::RANGES, reconcile::encode_ranges(answers, packing)),
            Frame::Compare(asks) => (number::COMPARE, reconcile::encode_asks(asks, packing)),
            Frame::Missing(missing) => (number::MISSING, missing.encode(packing)),
            Frame::Restore(items) => (number::RESTORE, reconcile::encode_restore(items, packing)),
            Frame::Restored(restored) => (number::RESTORED, restored.encode()),
            Frame::Reconciled(head) => (number::RECONCILED, Map::default().uint(0, head.get())),
        };
        let mut bytes = vec![number];
        map.write(&mut bytes);
        bytes.extend_from_slice(&checksum(&bytes));
        bytes
    }

    /// The frame in these bytes, which it fills to their end.
    ///
    /// # Errors
    /// [`WireError`] when they are not a frame of this version, or one beyond its limits.
    pub fn decode(bytes: &[u8], packing: Packing) -> Result<Frame, WireError> {
        Frame::decode_in(bytes, packing, &mut Inflow::default())
    }

    /// As [`Frame::decode`]; documents or pushed changes may be the next part of the window.
    ///
    /// # Errors
    /// As [`Frame::decode`]. The window is then of no more use.
    pub fn decode_in(bytes: &[u8], packing: Packing, window: &mut Inflow) -> Result<Frame, WireError> {
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(WireError::TooLong { len: bytes.len() });
        }
        let (bytes, stated) = bytes.split_last_chunk().ok_or(WireError::Empty)?;
        let (number, body) = bytes.split_first().ok_or(WireError::Empty)?;
        if checksum(bytes) != *stated {
            return Err(WireError::Checksum);
        }
        if *number > number::RECONCILED {
            return Err(WireError::UnknownFrame { number: *number });
        }
        let fields = Fields::read(body)?;
        Ok(match *number {
            number::CHALLENGE => Frame::Challenge(Challenge::decode(&fields)?),
            number::HELLO => Frame::Hello(Signed::decode(&fields)?),
            number::ENROL => Frame::Enrol(Signed::decode(&fields)?),
            number::WELCOME => Frame::Welcome(Welcome::decode(&fields)?),
            number::ENROLLED => {
                let (membership, time) = handshake::decode_enrolled(&fields)?;
                Frame::Enrolled { membership, time }
            }
            number::REFUSED => Frame::Refused(Reason::decode(&fields)?),
            number::PUSH => Frame::Push(Push::decode(&fields, packing, window)?),
            number::VERDICTS => Frame::Verdicts(Verdicts::decode(&fields)?),
            number::DOCUMENTS => Frame::Documents(Documents::decode(&fields, packing, window)?),
            number::PROGRESS => Frame::Progress(Progress {
                cursor: fields.required(0, decode_cursor)?,
                outbox: fields.required(1, uint)?,
            }),
            number::PING => Frame::Ping(fields.required(0, uint)?),
            number::PONG => Frame::Pong(fields.required(0, uint)?),
            number::GOODBYE => Frame::Goodbye(Reason::decode(&fields)?),
            number::RECONCILE => Frame::Reconcile(reconcile::decode_queries(&fields, packing)?),
            number::RANGES => Frame::Ranges(reconcile::decode_ranges(&fields, packing)?),
            number::COMPARE => Frame::Compare(reconcile::decode_asks(&fields, packing)?),
            number::MISSING => Frame::Missing(Missing::decode(&fields, packing)?),
            number::RESTORE => Frame::Restore(reconcile::decode_restore(&fields, packing)?),
            number::RESTORED => Frame::Restored(RestoredFrame::decode(&fields)?),
            number::RECONCILED => Frame::Reconciled(Position::new(fields.required(0, uint)?)),
            number => return Err(WireError::UnknownFrame { number }),
        })
    }
}

/// CRC-32 of what comes before. It finds what a poor link or a faulty proxy did to a frame, which would otherwise look like
/// a malformed change and be refused for good; forgery is TLS's concern.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32fast::hash(bytes).to_be_bytes()
}

impl Reason {
    fn encode(&self) -> Map {
        let map = Map::default().uint(0, u64::from(self.code.number()));
        if self.text.is_empty() { map } else { map.text(1, handshake::clip(&self.text)) }
    }

    fn decode(fields: &Fields<'_>) -> Result<Self, WireError> {
        let number = fields.required(0, |d| Ok(d.u8()?))?;
        Ok(Reason {
            code: Code::from_number(number),
            text: fields.optional(1, text(TEXT_BYTES_MAX))?.unwrap_or_default(),
        })
    }
}

fn encode_cursor(cursor: Cursor) -> [u64; 2] {
    [cursor.base.get(), cursor.through.get()]
}

fn decode_cursor(decoder: &mut minicbor::Decoder<'_>) -> Result<Cursor, WireError> {
    cbor::tuple(decoder, 2)?;
    let cursor = Cursor { base: Position::new(uint(decoder)?), through: Position::new(uint(decoder)?) };
    if cursor.base > cursor.through {
        return Err(WireError::Value { expected: "a cursor whose base is not after its end" });
    }
    Ok(cursor)
}

fn decode_time(decoder: &mut minicbor::Decoder<'_>) -> Result<Timestamp, WireError> {
    let millis = decoder.u64()?;
    i64::try_from(millis)
        .ok()
        .filter(|millis| *millis <= Timestamp::MAX.millis())
        .map(Timestamp::from_millis)
        .ok_or(WireError::Value { expected: "a time before the year 10000" })
}

fn encode_time(time: Timestamp) -> u64 {
    time.millis().unsigned_abs()
}

impl From<Nonce> for Challenge {
    fn from(nonce: Nonce) -> Self {
        Challenge { versions: vec![VERSION], nonce }
    }
}
