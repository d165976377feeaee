//! The frames of the way up: Push and Verdicts.

use minicbor::Decoder;
use vocab::{DocId, Position, Refusal, Sum, Verdict};

use super::cbor::{Fields, Map, array, bool, item, list, tuple, uint};
use super::{Inflow, Outflow, Packing, Verdicts, WireError, section};
use crate::limits::ITEMS_PER_FRAME_MAX;

/// Changes from a device's outbox, in the order of their sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The changes.
    pub changes: Vec<PushedChange>,
    /// Whether more of the outbox follows, and with it the window that this may be a part of.
    pub more: bool,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedChange {
    /// Its place in the outbox.
    pub seq: u64,
    /// Its document.
    pub doc: DocId,
    /// The bytes, whatever they are.
    pub bytes: Vec<u8>,
}

impl Push {
    pub(super) fn encode(&self, packing: Packing, window: Option<&mut Outflow>) -> Map {
        let raw = item(|e| {
            e.array(self.changes.len() as u64)?;
            self.changes.iter().try_for_each(|change| {
                e.array(3)?.u64(change.seq)?.bytes(change.doc.as_bytes())?.bytes(&change.bytes)?.ok()
            })
        });
        let section = match window {
            Some(window) => section::encode_part(&raw, packing, window),
            None => section::encode(&raw, packing),
        };
        let map = Map::default().raw(0, section);
        if self.more { map.bool(1, true) } else { map }
    }

    pub(super) fn decode(fields: &Fields<'_>, packing: Packing, window: &mut Inflow) -> Result<Self, WireError> {
        let raw = fields.required(0, |d| section::decode_part(d, packing, window))?;
        let more = fields.optional(1, bool)?.unwrap_or_default();
        if !more {
            window.close();
        }
        let mut decoder = Decoder::new(&raw);
        let count = list(&mut decoder, "changes", ITEMS_PER_FRAME_MAX as u64)?;
        let mut changes: Vec<PushedChange> = Vec::new();
        for _ in 0..count {
            tuple(&mut decoder, 3)?;
            let seq = uint(&mut decoder)?;
            if changes.last().is_some_and(|last| last.seq >= seq) {
                return Err(WireError::Value { expected: "an ascending outbox sequence" });
            }
            changes.push(PushedChange {
                seq,
                doc: DocId::from_bytes(array(&mut decoder)?),
                bytes: decoder.bytes()?.to_vec(),
            });
        }
        if changes.is_empty() {
            return Err(WireError::Value { expected: "a push of one change at least" });
        }
        if decoder.position() == raw.len() { Ok(Push { changes, more }) } else { Err(WireError::Trailing) }
    }
}

impl Verdicts {
    pub(super) fn encode(&self) -> Map {
        let list = item(|e| {
            e.array(self.verdicts.len() as u64)?;
            self.verdicts.iter().try_for_each(|(seq, verdict)| {
                let (kind, value) = match verdict {
                    Verdict::Accepted(position) => (0, position.get()),
                    Verdict::Had(position) => (1, position.get()),
                    Verdict::Refused(refusal) => (2, u64::from(refusal.number())),
                };
                e.array(3)?.u64(*seq)?.u8(kind)?.u64(value)?.ok()
            })
        });
        let mut map = Map::default().raw(0, list);
        if let Some((from, to)) = self.span {
            map = map.uints(1, &[from.get(), to.get()]);
        }
        match self.sum {
            Some(sum) => map.bytes(2, &sum.to_bytes()),
            None => map,
        }
    }

    pub(super) fn decode(fields: &Fields<'_>) -> Result<Self, WireError> {
        let verdicts = fields.required(0, |d| {
            let count = list(d, "verdicts", ITEMS_PER_FRAME_MAX as u64)?;
            let mut verdicts = Vec::new();
            for _ in 0..count {
                tuple(d, 3)?;
                verdicts.push((uint(d)?, decode_verdict(d)?));
            }
            Ok(verdicts)
        })?;
        let span = fields.optional(1, |d| {
            tuple(d, 2)?;
            Ok((Position::new(uint(d)?), Position::new(uint(d)?)))
        })?;
        Ok(Verdicts { verdicts, span, sum: fields.optional(2, array)?.map(Sum::from_bytes) })
    }
}

fn decode_verdict(decoder: &mut Decoder<'_>) -> Result<Verdict, WireError> {
    let kind = decoder.u8()?;
    let value = uint(decoder)?;
    match kind {
        0 => Ok(Verdict::Accepted(Position::new(value))),
        1 => Ok(Verdict::Had(Position::new(value))),
        // A reason of a later version is a refusal all the same: the change stays on the device.
        2 => {
            let known = u8::try_from(value).ok().and_then(Refusal::from_number);
            Ok(Verdict::Refused(known.unwrap_or(Refusal::NotAuthorised)))
        }
        _ => Err(WireError::Value { expected: "a kind of verdict" }),
    }
}
