//! The frames of reconciling: Reconcile, Ranges, Compare, Missing, Restore, Restored, Reconciled.

use minicbor::{Decoder, Encoder, encode};
use vocab::{ChangeHash, DocId, Position, RangeAnswer, RangeQuery, Refusal, Subrange, Sum, Tombstone};

use super::cbor::{Fields, Map, array, bool, item, list, tuple, uint};
use super::items::{self, Item, null};
use super::{Packing, WireError, section};
use crate::limits::{
    ASK_HASHES_MAX, ASKS_PER_FRAME_MAX, ITEMS_PER_FRAME_MAX, RANGE_FANOUT, RANGES_PER_FRAME_MAX, RESTORE_ITEMS_MAX,
};
use crate::{Answer, Ask};

/// Bytes of a change's hash that a question names.
const ASK_HASH_BYTES: usize = 16;

/// Answers to the oldest unanswered Compare: to its first questions, one at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// In the order of the questions.
    pub answers: Vec<Answer>,
    /// The feed's latest position when they were read.
    pub head: Position,
}

/// What became of the oldest unanswered Restore; it is durable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoredFrame {
    /// What was refused; everything else the relay holds now.
    pub refused: Vec<RestoreRefusal>,
    /// The tombstones of documents that were refused because they were erased.
    pub tombstones: Vec<Tombstone>,
    /// The feed's latest position after it.
    pub head: Position,
}

/// Something that was brought back and refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoreRefusal {
    /// Its document.
    pub doc: DocId,
    /// The change; none for a tombstone, or for bytes that are no change.
    pub hash: Option<ChangeHash>,
    /// Why.
    pub refusal: Refusal,
}

type Encoded<W> = Result<(), encode::Error<<W as encode::Write>::Error>>;

pub(super) fn encode_queries(queries: &[RangeQuery], packing: Packing) -> Map {
    let raw = item(|e| {
        e.array(queries.len() as u64)?;
        queries.iter().try_for_each(|query| {
            e.array(4)?.bytes(bound(&query.lower))?;
            encode_upper(e, query.upper)?;
            e.u64(query.count)?.bytes(&query.sum.to_bytes())?.ok()
        })
    });
    Map::default().raw(0, section::encode(&raw, packing))
}

pub(super) fn decode_queries(fields: &Fields<'_>, packing: Packing) -> Result<Vec<RangeQuery>, WireError> {
    let raw = fields.required(0, |d| section::decode(d, packing))?;
    all(&raw, "ranges", RANGES_PER_FRAME_MAX, |d| {
        tuple(d, 4)?;
        let lower = decode_bound(d)?;
        let upper = decode_upper(d)?;
        if upper.is_some_and(|upper| upper <= lower) {
            return Err(WireError::Value { expected: "a range that ends after it starts" });
        }
        Ok(RangeQuery { lower, upper, count: uint(d)?, sum: Sum::from_bytes(array(d)?) })
    })
}

pub(super) fn encode_ranges(answers: &[RangeAnswer], packing: Packing) -> Map {
    let raw = item(|e| {
        e.array(answers.len() as u64)?;
        answers.iter().try_for_each(|answer| match answer {
            RangeAnswer::Equal => e.array(1)?.u8(0)?.ok(),
            RangeAnswer::Split(parts) => {
                e.array(2)?.u8(1)?.array(parts.len() as u64)?;
                parts.iter().try_for_each(|part| {
                    e.array(3)?;
                    encode_upper(e, part.upper)?;
                    e.u64(part.count)?.bytes(&part.sum.to_bytes())?.ok()
                })
            }
            RangeAnswer::List(documents) => {
                e.array(2)?.u8(2)?.array(documents.len() as u64)?;
                documents
                    .iter()
                    .try_for_each(|(doc, sum)| e.array(2)?.bytes(doc.as_bytes())?.bytes(&sum.to_bytes())?.ok())
            }
        })
    });
    Map::default().raw(0, section::encode(&raw, packing))
}

pub(super) fn decode_ranges(fields: &Fields<'_>, packing: Packing) -> Result<Vec<RangeAnswer>, WireError> {
    let raw = fields.required(0, |d| section::decode(d, packing))?;
    let fanout = RANGE_FANOUT as u64;
    all(&raw, "ranges", RANGES_PER_FRAME_MAX, |d| {
        let len = d.array()?.ok_or(WireError::Indefinite)?;
        match (d.u8()?, len) {
            (0, 1) => Ok(RangeAnswer::Equal),
            (1, 2) => {
                let count = list(d, "parts of a range", fanout)?;
                let mut parts = Vec::new();
                for _ in 0..count {
                    tuple(d, 3)?;
                    parts.push(Subrange { upper: decode_upper(d)?, count: uint(d)?, sum: Sum::from_bytes(array(d)?) });
                }
                Ok(RangeAnswer::Split(parts))
            }
            (2, 2) => {
                let count = list(d, "documents of a range", fanout)?;
                let mut documents = Vec::new();
                for _ in 0..count {
                    tuple(d, 2)?;
                    documents.push((DocId::from_bytes(array(d)?), Sum::from_bytes(array(d)?)));
                }
                Ok(RangeAnswer::List(documents))
            }
            _ => Err(WireError::Value { expected: "a kind of answer about a range" }),
        }
    })
}

pub(super) fn encode_asks(asks: &[Ask], packing: Packing) -> Map {
    let raw = item(|e| {
        e.array(asks.len() as u64)?;
        asks.iter().try_for_each(|ask| e.array(2)?.bytes(ask.doc.as_bytes())?.bytes(&ask.hashes.concat())?.ok())
    });
    Map::default().raw(0, section::encode(&raw, packing))
}

pub(super) fn decode_asks(fields: &Fields<'_>, packing: Packing) -> Result<Vec<Ask>, WireError> {
    let raw = fields.required(0, |d| section::decode(d, packing))?;
    all(&raw, "questions", ASKS_PER_FRAME_MAX, |d| {
        tuple(d, 2)?;
        let doc = DocId::from_bytes(array(d)?);
        let bytes = d.bytes()?;
        let (hashes, rest) = bytes.as_chunks::<ASK_HASH_BYTES>();
        if !rest.is_empty() {
            return Err(WireError::Value { expected: "hashes of 16 bytes each" });
        }
        if hashes.len() > ASK_HASHES_MAX {
            let (count, max) = (hashes.len() as u64, ASK_HASHES_MAX as u64);
            return Err(WireError::TooMany { what: "hashes", count, max });
        }
        Ok(Ask { doc, hashes: hashes.to_vec() })
    })
}

impl Missing {
    pub(super) fn encode(&self, packing: Packing) -> Map {
        let raw = item(|e| {
            e.array(self.answers.len() as u64)?;
            self.answers.iter().try_for_each(|answer| {
                e.array(3)?.bool(answer.complete)?;
                match &answer.item {
                    Some(item) => items::encode_item(e, item)?,
                    None => e.null()?.ok()?,
                }
                e.array(answer.wants.len() as u64)?;
                answer.wants.iter().try_for_each(|index| e.u32(*index)?.ok())
            })
        });
        Map::default().raw(0, section::encode(&raw, packing)).uint(1, self.head.get())
    }

    pub(super) fn decode(fields: &Fields<'_>, packing: Packing) -> Result<Self, WireError> {
        let raw = fields.required(0, |d| section::decode(d, packing))?;
        let mut changes_left = ITEMS_PER_FRAME_MAX as u64;
        let answers = all(&raw, "answers", ASKS_PER_FRAME_MAX, |d| {
            tuple(d, 3)?;
            let complete = bool(d)?;
            let item = if null(d)? { None } else { Some(items::decode_item(d, &mut changes_left)?) };
            let count = list(d, "wanted changes", ASK_HASHES_MAX as u64)?;
            let mut wants: Vec<u32> = Vec::new();
            for _ in 0..count {
                let index = d.u32()?;
                if wants.last().is_some_and(|last| *last >= index) {
                    return Err(WireError::Value { expected: "an ascending index" });
                }
                wants.push(index);
            }
            Ok(Answer { complete, item, wants })
        })?;
        Ok(Missing { answers, head: Position::new(fields.required(1, uint)?) })
    }
}

pub(super) fn encode_restore(items: &[Item], packing: Packing) -> Map {
    let raw = item(|e| items::encode_items(e, items));
    Map::default().raw(0, section::encode(&raw, packing))
}

pub(super) fn decode_restore(fields: &Fields<'_>, packing: Packing) -> Result<Vec<Item>, WireError> {
    let raw = fields.required(0, |d| section::decode(d, packing))?;
    let items = items::decode_items(&raw, RESTORE_ITEMS_MAX as u64, ITEMS_PER_FRAME_MAX as u64)?;
    let fits = |item: &Item| match &item.form {
        items::ItemForm::Saved(_) => false,
        items::ItemForm::Changes(changes) => !changes.is_empty(),
        items::ItemForm::Erased(_) => true,
    };
    if items.is_empty() || !items.iter().all(fits) {
        return Err(WireError::Value { expected: "changes or tombstones, one at least" });
    }
    Ok(items)
}

impl RestoredFrame {
    pub(super) fn encode(&self) -> Map {
        let refused = item(|e| {
            e.array(self.refused.len() as u64)?;
            self.refused.iter().try_for_each(|RestoreRefusal { doc, hash, refusal }| {
                e.array(3)?.bytes(doc.as_bytes())?;
                match hash {
                    Some(hash) => e.bytes(hash.as_bytes())?.ok()?,
                    None => e.null()?.ok()?,
                }
                e.u8(refusal.number())?.ok()
            })
        });
        let tombstones = item(|e| {
            e.array(self.tombstones.len() as u64)?;
            self.tombstones.iter().try_for_each(|tombstone| items::encode_tombstone(e, tombstone))
        });
        Map::default().raw(0, refused).raw(1, tombstones).uint(2, self.head.get())
    }

    pub(super) fn decode(fields: &Fields<'_>) -> Result<Self, WireError> {
        let refused = fields.required(0, |d| {
            let count = list(d, "refusals", ITEMS_PER_FRAME_MAX as u64)?;
            let mut refused = Vec::new();
            for _ in 0..count {
                tuple(d, 3)?;
                let doc = DocId::from_bytes(array(d)?);
                let hash = if null(d)? { None } else { Some(ChangeHash::from_bytes(array(d)?)) };
                // A reason of a later version is a refusal all the same.
                let refusal = Refusal::from_number(d.u8()?).unwrap_or(Refusal::NotAuthorised);
                refused.push(RestoreRefusal { doc, hash, refusal });
            }
            Ok(refused)
        })?;
        let tombstones = fields.required(1, |d| {
            let count = list(d, "tombstones", RESTORE_ITEMS_MAX as u64)?;
            (0..count).map(|_| items::decode_tombstone(d)).collect::<Result<_, WireError>>()
        })?;
        Ok(RestoredFrame { refused, tombstones, head: Position::new(fields.required(2, uint)?) })
    }
}

/// Reads a list of one item at least and at most `max`, which fills `raw`.
fn all<T>(
    raw: &[u8],
    what: &'static str,
    max: usize,
    mut read: impl FnMut(&mut Decoder<'_>) -> Result<T, WireError>,
) -> Result<Vec<T>, WireError> {
    let mut decoder = Decoder::new(raw);
    let count = list(&mut decoder, what, max as u64)?;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(read(&mut decoder)?);
    }
    if items.is_empty() {
        return Err(WireError::Value { expected: "a list of one item at least" });
    }
    if decoder.position() == raw.len() { Ok(items) } else { Err(WireError::Trailing) }
}

/// An id without the zero bytes at its end.
fn bound(id: &DocId) -> &[u8] {
    let bytes = id.as_bytes();
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}

fn decode_bound(decoder: &mut Decoder<'_>) -> Result<DocId, WireError> {
    let bytes = decoder.bytes()?;
    let mut id = [0; 16];
    id.get_mut(..bytes.len())
        .ok_or(WireError::Value { expected: "a bound of at most 16 bytes" })?
        .copy_from_slice(bytes);
    Ok(DocId::from_bytes(id))
}

fn encode_upper<W: encode::Write>(e: &mut Encoder<W>, upper: Option<DocId>) -> Encoded<W> {
    match upper {
        Some(upper) => e.bytes(bound(&upper))?.ok(),
        None => e.null()?.ok(),
    }
}

fn decode_upper(decoder: &mut Decoder<'_>) -> Result<Option<DocId>, WireError> {
    if null(decoder)? { Ok(None) } else { decode_bound(decoder).map(Some) }
}
