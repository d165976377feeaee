//! The frame of the way down: Documents, and how a batch of the feed is packed into frames.

use std::mem;
use std::sync::Arc;

use minicbor::Decoder;
use vocab::{Cursor, DocId, Position};

use super::cbor::{Fields, Map, array, bool, item, list, uint};
use super::{Frame, WireError, decode_cursor, encode_cursor, section};
use crate::limits::{DOCUMENT_BYTES_MAX, ITEMS_PER_FRAME_MAX};

/// Documents, and the cursor of a device that holds them and what came before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documents {
    /// Where the device must stand for `after` to follow.
    pub from: Cursor,
    /// Where it stands with these.
    pub after: Cursor,
    /// The position of the feed's latest change.
    pub head: Position,
    /// Whether more frames of a catch-up follow by themselves.
    pub more: bool,
    /// What arrives.
    pub items: Vec<Item>,
}

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
    /// 2: a part of a whole document that is too large for one frame. Its parts come one after the other.
    Part {
        /// The length of the whole, in bytes.
        total: u64,
        /// Where this part begins.
        offset: u64,
        /// The part.
        bytes: Arc<[u8]>,
    },
}

impl ItemForm {
    fn len(&self) -> usize {
        match self {
            ItemForm::Saved(bytes) | ItemForm::Part { bytes, .. } => bytes.len(),
            ItemForm::Changes(changes) => changes.iter().map(|bytes| bytes.len()).sum(),
        }
    }
}

impl Documents {
    pub(super) fn encode(&self) -> Map {
        let raw = item(|e| {
            e.array(self.items.len() as u64)?;
            self.items.iter().try_for_each(|Item { doc, form }| match form {
                ItemForm::Saved(bytes) => e.array(3)?.bytes(doc.as_bytes())?.u8(0)?.bytes(bytes)?.ok(),
                ItemForm::Changes(changes) => {
                    e.array(3)?.bytes(doc.as_bytes())?.u8(1)?.array(changes.len() as u64)?;
                    changes.iter().try_for_each(|bytes| e.bytes(bytes)?.ok())
                }
                ItemForm::Part { total, offset, bytes } => {
                    e.array(5)?.bytes(doc.as_bytes())?.u8(2)?.u64(*total)?.u64(*offset)?.bytes(bytes)?.ok()
                }
            })
        });
        Map::default()
            .uints(0, &encode_cursor(self.from))
            .uints(1, &encode_cursor(self.after))
            .uint(2, self.head.get())
            .bool(3, self.more)
            .raw(4, section::encode(&raw))
    }

    pub(super) fn decode(fields: &Fields<'_>) -> Result<Self, WireError> {
        let raw = fields.required(4, section::decode)?;
        Ok(Documents {
            from: fields.required(0, decode_cursor)?,
            after: fields.required(1, decode_cursor)?,
            head: Position::new(fields.required(2, uint)?),
            more: fields.required(3, bool)?,
            items: decode_items(&raw)?,
        })
    }
}

fn decode_items(raw: &[u8]) -> Result<Vec<Item>, WireError> {
    let max = ITEMS_PER_FRAME_MAX as u64;
    let mut decoder = Decoder::new(raw);
    let count = list(&mut decoder, "documents", max)?;
    let mut items = Vec::new();
    let mut left = max;
    for _ in 0..count {
        let len = decoder.array()?.ok_or(WireError::Indefinite)?;
        let doc = DocId::from_bytes(array(&mut decoder)?);
        let form = match (decoder.u8()?, len) {
            (0, 3) => ItemForm::Saved(decoder.bytes()?.into()),
            (1, 3) => {
                let count = list(&mut decoder, "changes", left)?;
                left -= count;
                let changes: Result<_, WireError> = (0..count).map(|_| Ok(decoder.bytes()?.into())).collect();
                ItemForm::Changes(changes?)
            }
            (2, 5) => {
                let (total, offset) = (decoder.u64()?, decoder.u64()?);
                let bytes: Arc<[u8]> = decoder.bytes()?.into();
                let end = offset.checked_add(bytes.len() as u64);
                if total > DOCUMENT_BYTES_MAX as u64 || end.is_none_or(|end| end > total) || bytes.is_empty() {
                    return Err(WireError::Value { expected: "a part within its document" });
                }
                ItemForm::Part { total, offset, bytes }
            }
            _ => return Err(WireError::Value { expected: "a known form of a document" }),
        };
        items.push(Item { doc, form });
    }
    if decoder.position() == raw.len() { Ok(items) } else { Err(WireError::Trailing) }
}

/// Packs documents into frames: as many to a frame as fit, a large one over several. The cursor moves past a document only
/// with the frame that completes it.
pub(crate) struct Packer {
    batch_bytes: usize,
    head: Position,
    from: Cursor,
    complete: Cursor,
    items: Vec<Item>,
    bytes: usize,
    changes: usize,
    frames: Vec<Arc<[u8]>>,
}

impl Packer {
    /// Frames for a device that stands at `from`.
    pub(crate) fn new(batch_bytes: usize, from: Cursor, head: Position) -> Self {
        Packer { batch_bytes, head, from, complete: from, items: Vec::new(), bytes: 0, changes: 0, frames: Vec::new() }
    }

    /// A whole document.
    pub(crate) fn saved(&mut self, doc: DocId, bytes: &Arc<[u8]>) {
        if bytes.len() <= self.batch_bytes {
            self.push(doc, ItemForm::Saved(bytes.clone()));
            return;
        }
        for (index, part) in bytes.chunks(self.batch_bytes.max(1)).enumerate() {
            let offset = (index * self.batch_bytes.max(1)) as u64;
            self.push(doc, ItemForm::Part { total: bytes.len() as u64, offset, bytes: part.into() });
        }
    }

    /// One change of a document, after its earlier ones.
    pub(crate) fn change(&mut self, doc: DocId, bytes: Arc<[u8]>) {
        if !self.fits(bytes.len()) {
            self.flush(self.complete, true);
        }
        self.changes += 1;
        self.bytes += bytes.len();
        match self.items.last_mut() {
            Some(Item { doc: last, form: ItemForm::Changes(changes) }) if *last == doc => changes.push(bytes),
            _ => self.items.push(Item { doc, form: ItemForm::Changes(vec![bytes]) }),
        }
    }

    /// Everything so far is complete up to `cursor`.
    pub(crate) fn complete(&mut self, cursor: Cursor) {
        self.complete = cursor;
    }

    /// The frames; the last one leads to `after`, and says whether more of the catch-up follows.
    pub(crate) fn finish(mut self, after: Cursor, more: bool) -> Vec<Arc<[u8]>> {
        self.flush(after, more);
        self.frames
    }

    fn push(&mut self, doc: DocId, form: ItemForm) {
        let len = form.len();
        if !self.fits(len) {
            self.flush(self.complete, true);
        }
        self.bytes += len;
        self.changes += 1;
        self.items.push(Item { doc, form });
    }

    fn fits(&self, len: usize) -> bool {
        self.items.is_empty() || (self.bytes + len <= self.batch_bytes && self.changes < ITEMS_PER_FRAME_MAX)
    }

    fn flush(&mut self, after: Cursor, more: bool) {
        let items = mem::take(&mut self.items);
        let frame = Frame::Documents(Documents { from: self.from, after, head: self.head, more, items });
        self.frames.push(frame.encode().into());
        self.from = after;
        self.bytes = 0;
        self.changes = 0;
    }
}
