//! Items: what one frame carries of a document, on the way down, on the way up, and in answers.

use std::sync::Arc;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder, encode};
use vocab::{DocId, Timestamp, Tombstone};

use super::WireError;
use super::cbor::{array, list, text, tuple};
use super::{decode_time, encode_time};

/// Something of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Which.
    pub doc: DocId,
    /// What of it.
    pub form: ItemForm,
}

/// What an item holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemForm {
    /// 0: the whole document.
    Saved(Arc<[u8]>),
    /// 1: changes in causal order.
    Changes(Vec<Arc<[u8]>>),
    /// 3: it was erased. The tombstone's document is the item's.
    Erased(Tombstone),
    // 2 was a part of a whole document, before large documents came as changes.
}

impl ItemForm {
    /// Bytes of payload, the frame around them left out.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            ItemForm::Saved(bytes) => bytes.len(),
            ItemForm::Changes(changes) => changes.iter().map(|bytes| bytes.len()).sum(),
            ItemForm::Erased(tombstone) => TOMBSTONE_BYTES + tombstone.why.len(),
        }
    }

    /// Changes in it; a whole document and a tombstone count as one.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            ItemForm::Saved(_) | ItemForm::Erased(_) => 1,
            ItemForm::Changes(changes) => changes.len(),
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a tombstone takes besides its reason, in bytes.
const TOMBSTONE_BYTES: usize = 112;

type Encoded<W> = Result<(), encode::Error<<W as encode::Write>::Error>>;

pub(super) fn encode_item<W: encode::Write>(e: &mut Encoder<W>, Item { doc, form }: &Item) -> Encoded<W> {
    match form {
        ItemForm::Saved(bytes) => e.array(3)?.bytes(doc.as_bytes())?.u8(0)?.bytes(bytes)?.ok(),
        ItemForm::Changes(changes) => {
            e.array(3)?.bytes(doc.as_bytes())?.u8(1)?.array(changes.len() as u64)?;
            changes.iter().try_for_each(|bytes| e.bytes(bytes)?.ok())
        }
        ItemForm::Erased(tombstone) => {
            e.array(6)?.bytes(doc.as_bytes())?.u8(3)?;
            encode_sealed(e, tombstone)
        }
    }
}

pub(super) fn encode_items<W: encode::Write>(e: &mut Encoder<W>, items: &[Item]) -> Encoded<W> {
    e.array(items.len() as u64)?;
    items.iter().try_for_each(|item| encode_item(e, item))
}

/// Reads an item with at most `changes_left` changes, which it counts down.
pub(super) fn decode_item(decoder: &mut Decoder<'_>, changes_left: &mut u64) -> Result<Item, WireError> {
    let len = decoder.array()?.ok_or(WireError::Indefinite)?;
    let doc = DocId::from_bytes(array(decoder)?);
    let form = match (decoder.u8()?, len) {
        (0, 3) => ItemForm::Saved(decoder.bytes()?.into()),
        (1, 3) => {
            let count = list(decoder, "changes", *changes_left)?;
            *changes_left -= count;
            let changes: Result<_, WireError> = (0..count).map(|_| Ok(decoder.bytes()?.into())).collect();
            ItemForm::Changes(changes?)
        }
        (3, 6) => ItemForm::Erased(decode_sealed(decoder, doc)?),
        _ => return Err(WireError::Value { expected: "a known form of a document" }),
    };
    Ok(Item { doc, form })
}

/// Reads a list of at most `items_max` items with at most `changes_max` changes, which fills `raw`.
pub(super) fn decode_items(raw: &[u8], items_max: u64, changes_max: u64) -> Result<Vec<Item>, WireError> {
    let mut decoder = Decoder::new(raw);
    let count = list(&mut decoder, "documents", items_max)?;
    let mut left = changes_max;
    let items: Result<Vec<_>, _> = (0..count).map(|_| decode_item(&mut decoder, &mut left)).collect();
    if decoder.position() == raw.len() { items } else { items.and(Err(WireError::Trailing)) }
}

/// A tombstone by itself: `[document, at, why, key, signature]`.
pub(super) fn encode_tombstone<W: encode::Write>(e: &mut Encoder<W>, tombstone: &Tombstone) -> Encoded<W> {
    e.array(5)?.bytes(tombstone.doc.as_bytes())?;
    encode_sealed(e, tombstone)
}

pub(super) fn decode_tombstone(decoder: &mut Decoder<'_>) -> Result<Tombstone, WireError> {
    tuple(decoder, 5)?;
    let doc = DocId::from_bytes(array(decoder)?);
    decode_sealed(decoder, doc)
}

fn encode_sealed<W: encode::Write>(e: &mut Encoder<W>, tombstone: &Tombstone) -> Encoded<W> {
    e.u64(encode_time(tombstone.at))?.str(&tombstone.why)?.bytes(&tombstone.key)?.bytes(&tombstone.signature)?.ok()
}

fn decode_sealed(decoder: &mut Decoder<'_>, doc: DocId) -> Result<Tombstone, WireError> {
    let at: Timestamp = decode_time(decoder)?;
    let why = text(Tombstone::WHY_BYTES_MAX)(decoder)?;
    Ok(Tombstone { doc, at, why, key: array(decoder)?, signature: array(decoder)? })
}

/// Whether a null comes next; it is passed over.
pub(super) fn null(decoder: &mut Decoder<'_>) -> Result<bool, WireError> {
    let is_null = decoder.datatype()? == Type::Null;
    if is_null {
        decoder.null()?;
    }
    Ok(is_null)
}
