//! The frames before the first change moves: Challenge, Hello, Enrol, Welcome, Enrolled.

use minicbor::Decoder;
use vocab::{Actor, BranchId, ChangeHash, DeviceCode, DeviceKey, DocId, Epoch, Position, Sum, Timestamp};

use super::cbor::{Fields, Map, array, bool, hashes16, item, list, text, tuple, uint};
use super::documents::{decode_owed, encode_owed};
use super::{VERSION, WireError, decode_cursor, decode_time, encode_cursor, encode_time};
use crate::limits::{FRAME_BYTES_WANTED_MAX, INVITE_BYTES_MAX, TAKEN_MAX, TEXT_BYTES_MAX};
use crate::sign::{self, Purpose};
use crate::{Claim, Code, DeviceSecret, EnrolRequest, Membership, Nonce, Plan, Seen};

/// Most versions a relay may offer.
const VERSIONS_MAX: u64 = 32;

/// The relay's first words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The versions of the protocol it speaks.
    pub versions: Vec<u16>,
    /// What the device is to sign.
    pub nonce: Nonce,
}

impl Challenge {
    pub(super) fn encode(&self) -> Map {
        let versions: Vec<u64> = self.versions.iter().map(|version| u64::from(*version)).collect();
        Map::default().uints(0, &versions).bytes(1, self.nonce.as_bytes())
    }

    pub(super) fn decode(fields: &Fields<'_>) -> Result<Self, WireError> {
        let versions = fields.required(0, |d| {
            let count = list(d, "versions", VERSIONS_MAX)?;
            (0..count).map(|_| Ok(d.u16()?)).collect::<Result<_, WireError>>()
        })?;
        Ok(Challenge { versions, nonce: Nonce::from_bytes(fields.required(1, array)?) })
    }
}

/// A body and the device's signature over it: the bytes that were signed are the bytes that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    body: Vec<u8>,
    signature: [u8; 64],
}

/// Longest signed body, in bytes: every field at its bound, and room for those of later versions.
const SIGNED_BYTES_MAX: usize = 4_096;

/// The relay's answer to a claim it accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// The relay's wall clock.
    pub time: Timestamp,
    /// Who the device is here.
    pub membership: Membership,
    /// The epoch of the branch's feed.
    pub epoch: Epoch,
    /// The position of the feed's latest change.
    pub head: Position,
    /// The latest outbox entry the relay holds from the claim's actor.
    pub seen: Option<Seen>,
    /// How the connection goes on.
    pub plan: Plan,
    /// The dictionary of every section after this frame, in both directions; 0 for none.
    pub dictionary: u8,
    /// Whether pushes may be parts of a window.
    pub window: bool,
    /// The first 16 bytes of the hash of each change that this device pushed after its `ahead` and the feed took: it may not
    /// have heard so. They are not sent back.
    pub taken: Vec<[u8; 16]>,
}

impl Signed {
    /// A Hello's payload.
    #[must_use]
    pub fn claim(secret: &DeviceSecret, nonce: &Nonce, claim: &Claim) -> Self {
        let mut map = Map::default()
            .uint(0, u64::from(VERSION))
            .bytes(1, claim.key.as_bytes())
            .bytes(2, claim.actor.as_bytes())
            .bytes(3, claim.branch.as_bytes());
        if let Some(epoch) = claim.epoch {
            map = map.bytes(4, epoch.as_bytes());
        }
        let mut map = map
            .uints(5, &encode_cursor(claim.cursor))
            .uint(6, claim.settled)
            .uint(7, claim.outbox)
            .text(8, clip(&claim.app))
            .uint(9, encode_time(claim.time))
            .bool(10, claim.follows)
            .bytes(11, &claim.sum.to_bytes());
        if claim.ahead > Position::START {
            map = map.uint(12, claim.ahead.get());
        }
        if claim.suspect {
            map = map.bool(13, true);
        }
        if !claim.owed.is_empty() {
            map = map.raw(14, encode_owed(&claim.owed));
        }
        if claim.frame_bytes != FRAME_BYTES_WANTED_MAX {
            map = map.uint(15, u64::from(claim.frame_bytes));
        }
        if claim.dictionary != 0 {
            map = map.uint(16, u64::from(claim.dictionary));
        }
        if claim.pushes_first {
            map = map.bool(17, true);
        }
        Signed::new(secret, Purpose::Hello, nonce, &map)
    }

    /// An Enrol's payload.
    #[must_use]
    pub fn enrol(secret: &DeviceSecret, nonce: &Nonce, request: &EnrolRequest) -> Self {
        let mut map = Map::default()
            .uint(0, u64::from(VERSION))
            .bytes(1, request.key.as_bytes())
            .text(2, clip(&request.invite))
            .text(3, clip(&request.name))
            .text(4, clip(&request.app));
        if let Some(code) = &request.code {
            map = map.text(5, code.as_str());
        }
        Signed::new(secret, Purpose::Enrol, nonce, &map)
    }

    fn new(secret: &DeviceSecret, purpose: Purpose, nonce: &Nonce, map: &Map) -> Self {
        let mut body = Vec::new();
        map.write(&mut body);
        let signature = secret.sign(purpose, nonce, &body);
        Signed { body, signature }
    }

    /// The claim of a Hello, its signature verified against the key it names.
    ///
    /// # Errors
    /// The code to refuse with: version, malformed, limit or signature.
    pub fn open_claim(&self, nonce: &Nonce) -> Result<Claim, Code> {
        let claim = self.read_claim().map_err(|error| error.code())?;
        self.verified(&claim.key, Purpose::Hello, nonce)?;
        Ok(claim)
    }

    /// The request of an Enrol, its signature verified against the key it names.
    ///
    /// # Errors
    /// The code to refuse with: version, malformed, limit or signature.
    pub fn open_enrol(&self, nonce: &Nonce) -> Result<EnrolRequest, Code> {
        let request = self.read_enrol().map_err(|error| error.code())?;
        self.verified(&request.key, Purpose::Enrol, nonce)?;
        Ok(request)
    }

    /// The version the body was written for, read before anything else of it.
    ///
    /// # Errors
    /// When the body is not a map that states one.
    pub fn version(&self) -> Result<u64, WireError> {
        Fields::read(&self.body)?.required(0, uint)
    }

    fn verified(&self, key: &DeviceKey, purpose: Purpose, nonce: &Nonce) -> Result<(), Code> {
        if sign::verify(key, purpose, nonce, &self.body, &self.signature) { Ok(()) } else { Err(Code::Signature) }
    }

    fn read_claim(&self) -> Result<Claim, WireError> {
        let fields = Fields::read(&self.body)?;
        Ok(Claim {
            key: DeviceKey::from_bytes(fields.required(1, array)?),
            actor: Actor::from_bytes(fields.required(2, array)?),
            branch: BranchId::from_bytes(fields.required(3, array)?),
            epoch: fields.optional(4, array)?.map(Epoch::from_bytes),
            cursor: fields.required(5, decode_cursor)?,
            settled: fields.required(6, uint)?,
            outbox: fields.required(7, uint)?,
            app: fields.required(8, text(TEXT_BYTES_MAX))?,
            time: fields.required(9, decode_time)?,
            follows: fields.required(10, bool)?,
            sum: Sum::from_bytes(fields.required(11, array)?),
            ahead: Position::new(fields.optional(12, uint)?.unwrap_or_default()),
            suspect: fields.optional(13, bool)?.unwrap_or_default(),
            owed: fields.optional(14, decode_owed)?.unwrap_or_default(),
            frame_bytes: fields.optional(15, |d| Ok(d.u32()?))?.unwrap_or(FRAME_BYTES_WANTED_MAX),
            dictionary: fields.optional(16, |d| Ok(d.u8()?))?.unwrap_or_default(),
            pushes_first: fields.optional(17, bool)?.unwrap_or_default(),
        })
    }

    fn read_enrol(&self) -> Result<EnrolRequest, WireError> {
        let fields = Fields::read(&self.body)?;
        let code = fields.optional(5, text(DeviceCode::CHARS_MAX))?;
        let code = code.map(|code| code.parse().map_err(|_| WireError::Value { expected: "a device code" }));
        Ok(EnrolRequest {
            key: DeviceKey::from_bytes(fields.required(1, array)?),
            invite: fields.required(2, text(INVITE_BYTES_MAX))?,
            name: fields.required(3, text(TEXT_BYTES_MAX))?,
            app: fields.required(4, text(TEXT_BYTES_MAX))?,
            code: code.transpose()?,
        })
    }

    pub(super) fn encode(&self) -> Map {
        Map::default().bytes(0, &self.body).bytes(1, &self.signature)
    }

    pub(super) fn decode(fields: &Fields<'_>) -> Result<Self, WireError> {
        let body = fields.required(0, |d| Ok(d.bytes()?.to_vec()))?;
        if body.len() > SIGNED_BYTES_MAX {
            return Err(WireError::TooMany {
                what: "signed bytes",
                count: body.len() as u64,
                max: SIGNED_BYTES_MAX as u64,
            });
        }
        Ok(Signed { body, signature: fields.required(1, array)? })
    }
}

impl Welcome {
    pub(super) fn encode(&self) -> Map {
        let mut map = membership(Map::default().uint(0, encode_time(self.time)), &self.membership)
            .bytes(6, self.epoch.as_bytes())
            .uint(7, self.head.get());
        if let Some(Seen { seq, doc, hash }) = self.seen {
            map = map.raw(8, item(|e| e.array(3)?.u64(seq)?.bytes(doc.as_bytes())?.bytes(hash.as_bytes())?.ok()));
        }
        let plan = match self.plan {
            Plan::Continue => 0,
            Plan::FromStart => 1,
            Plan::Reconcile => 2,
        };
        map = map.uint(9, plan);
        if self.dictionary != 0 {
            map = map.uint(10, u64::from(self.dictionary));
        }
        if self.window {
            map = map.bool(11, true);
        }
        if self.taken.is_empty() { map } else { map.bytes(12, self.taken.as_flattened()) }
    }

    pub(super) fn decode(fields: &Fields<'_>) -> Result<Self, WireError> {
        let (membership, time) = decode_enrolled(fields)?;
        Ok(Welcome {
            time,
            membership,
            epoch: Epoch::from_bytes(fields.required(6, array)?),
            head: Position::new(fields.required(7, uint)?),
            seen: fields.optional(8, decode_seen)?,
            plan: match fields.required(9, uint)? {
                0 => Plan::Continue,
                1 => Plan::FromStart,
                2 => Plan::Reconcile,
                _ => return Err(WireError::Value { expected: "a plan" }),
            },
            dictionary: fields.optional(10, |d| Ok(d.u8()?))?.unwrap_or_default(),
            window: fields.optional(11, bool)?.unwrap_or_default(),
            taken: fields.optional(12, hashes16("hashes of what was taken", TAKEN_MAX))?.unwrap_or_default(),
        })
    }
}

pub(super) fn encode_enrolled(member: &Membership, time: Timestamp) -> Map {
    membership(Map::default().uint(0, encode_time(time)), member)
}

pub(super) fn decode_enrolled(fields: &Fields<'_>) -> Result<(Membership, Timestamp), WireError> {
    let word = |key: u64| fields.required(key, text(TEXT_BYTES_MAX));
    let membership = Membership {
        branch: BranchId::from_bytes(fields.required(1, array)?),
        branch_name: word(2)?,
        code: word(3)?.parse().map_err(|_| WireError::Value { expected: "a device code" })?,
        staff: word(4)?.parse().map_err(|_| WireError::Value { expected: "a staff name" })?,
        role: word(5)?.parse().map_err(|_| WireError::Value { expected: "a role" })?,
    };
    Ok((membership, fields.required(0, decode_time)?))
}

fn membership(map: Map, member: &Membership) -> Map {
    map.bytes(1, member.branch.as_bytes())
        .text(2, clip(&member.branch_name))
        .text(3, member.code.as_str())
        .text(4, member.staff.as_str())
        .text(5, member.role.code())
}

fn decode_seen(decoder: &mut Decoder<'_>) -> Result<Seen, WireError> {
    tuple(decoder, 3)?;
    Ok(Seen {
        seq: uint(decoder)?,
        doc: DocId::from_bytes(array(decoder)?),
        hash: ChangeHash::from_bytes(array(decoder)?),
    })
}

/// The longest start of `text` within [`TEXT_BYTES_MAX`] that ends with a whole character.
pub(super) fn clip(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
