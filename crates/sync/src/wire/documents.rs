//! The frame of the way down: Documents, and how a batch of the feed is packed into frames.

use std::mem;
use std::sync::Arc;

use minicbor::Decoder;
use vocab::{Cursor, DocId, Owed, Position, Sum, Tombstone};

use super::cbor::{Fields, Map, array, bool, item, list, tuple, uint};
use super::items::{self, Item, ItemForm};
use super::{Frame, Inflow, Outflow, Packing, WireError, decode_cursor, encode_cursor, section};
use crate::limits::{ITEMS_PER_FRAME_MAX, OWED_MAX};

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
    /// All large documents that are owed after this frame; none when they are those from before.
    pub owed: Option<Vec<Owed>>,
    /// What the feed comes to at `after`, when that is one position and nothing is owed.
    pub sum: Option<Sum>,
}

impl Documents {
    pub(super) fn encode(&self, packing: Packing, window: Option<&mut Outflow>) -> Map {
        let raw = item(|e| items::encode_items(e, &self.items));
        let section = match window {
            Some(window) => section::encode_part(&raw, packing, window),
            None => section::encode(&raw, packing),
        };
        let mut map = Map::default()
            .uints(0, &encode_cursor(self.from))
            .uints(1, &encode_cursor(self.after))
            .uint(2, self.head.get())
            .bool(3, self.more)
            .raw(4, section);
        if let Some(owed) = &self.owed {
            map = map.raw(5, encode_owed(owed));
        }
        match self.sum {
            Some(sum) => map.bytes(6, &sum.to_bytes()),
            None => map,
        }
    }

    pub(super) fn decode(fields: &Fields<'_>, packing: Packing, window: &mut Inflow) -> Result<Self, WireError> {
        let raw = fields.required(4, |d| section::decode_part(d, packing, window))?;
        let more = fields.required(3, bool)?;
        if !more {
            window.close();
        }
        let max = ITEMS_PER_FRAME_MAX as u64;
        Ok(Documents {
            from: fields.required(0, decode_cursor)?,
            after: fields.required(1, decode_cursor)?,
            head: Position::new(fields.required(2, uint)?),
            more,
            items: items::decode_items(&raw, max, max)?,
            owed: fields.optional(5, decode_owed)?,
            sum: fields.optional(6, array)?.map(Sum::from_bytes),
        })
    }
}

pub(super) fn encode_owed(owed: &[Owed]) -> Vec<u8> {
    item(|e| {
        e.array(owed.len() as u64)?;
        owed.iter().try_for_each(|owed| e.array(2)?.bytes(owed.doc.as_bytes())?.u64(owed.within.get())?.ok())
    })
}

pub(super) fn decode_owed(decoder: &mut Decoder<'_>) -> Result<Vec<Owed>, WireError> {
    let count = list(decoder, "owed documents", OWED_MAX as u64)?;
    let mut owed: Vec<Owed> = Vec::new();
    for _ in 0..count {
        tuple(decoder, 2)?;
        let next = Owed { doc: DocId::from_bytes(array(decoder)?), within: Position::new(uint(decoder)?) };
        if owed.iter().any(|other| other.doc == next.doc) {
            return Err(WireError::Value { expected: "a document owed once" });
        }
        owed.push(next);
    }
    Ok(owed)
}

/// Packs documents into frames, as many to a frame as fit. The cursor moves past a document only with the frame that
/// completes it.
pub(crate) struct Packer {
    batch_bytes: usize,
    packing: Packing,
    window: Option<Outflow>,
    head: Position,
    from: Cursor,
    complete: Cursor,
    items: Vec<Item>,
    bytes: usize,
    changes: usize,
    frames: Vec<Arc<[u8]>>,
}

/// Where the last frame of a batch leads.
pub(crate) struct Landing {
    /// The cursor of a device that has it.
    pub(crate) after: Cursor,
    /// Whether more of the catch-up follows.
    pub(crate) more: bool,
    /// What is owed then, when that changed.
    pub(crate) owed: Option<Vec<Owed>>,
    /// What the feed comes to there.
    pub(crate) sum: Option<Sum>,
}

impl Packer {
    /// Frames for a device that stands at `from`.
    pub(crate) fn new(batch_bytes: usize, packing: Packing, from: Cursor, head: Position) -> Self {
        Packer {
            batch_bytes,
            packing,
            window: None,
            head,
            from,
            complete: from,
            items: Vec::new(),
            bytes: 0,
            changes: 0,
            frames: Vec::new(),
        }
    }

    /// Frames that are parts of this window.
    pub(crate) fn within(self, window: Option<Outflow>) -> Self {
        Packer { window, ..self }
    }

    /// A whole document.
    pub(crate) fn saved(&mut self, doc: DocId, bytes: Arc<[u8]>) {
        self.push(Item { doc, form: ItemForm::Saved(bytes) });
    }

    /// A document that was erased.
    pub(crate) fn erased(&mut self, tombstone: Tombstone) {
        self.push(Item { doc: tombstone.doc, form: ItemForm::Erased(tombstone) });
    }

    /// One change of a document, after its earlier ones.
    pub(crate) fn change(&mut self, doc: DocId, bytes: Arc<[u8]>) {
        self.make_room(bytes.len());
        match self.items.last_mut() {
            Some(Item { doc: last, form: ItemForm::Changes(changes) }) if *last == doc => changes.push(bytes),
            _ => self.items.push(Item { doc, form: ItemForm::Changes(vec![bytes]) }),
        }
    }

    /// Everything so far is complete up to `cursor`.
    pub(crate) fn complete(&mut self, cursor: Cursor) {
        self.complete = cursor;
    }

    /// The frames; the last one leads to `landing`. And the window, while more of the catch-up follows.
    pub(crate) fn finish(mut self, landing: Landing) -> (Vec<Arc<[u8]>>, Option<Outflow>) {
        let more = landing.more;
        self.flush(landing);
        (self.frames, self.window.filter(|_| more))
    }

    fn push(&mut self, item: Item) {
        self.make_room(item.form.len());
        self.items.push(item);
    }

    fn make_room(&mut self, len: usize) {
        let fits = self.bytes + len <= self.batch_bytes && self.changes < ITEMS_PER_FRAME_MAX;
        if !self.items.is_empty() && !fits {
            self.flush(Landing { after: self.complete, more: true, owed: None, sum: None });
        }
        self.bytes += len;
        self.changes += 1;
    }

    fn flush(&mut self, landing: Landing) {
        let Landing { after, more, owed, sum } = landing;
        let items = mem::take(&mut self.items);
        let frame = Frame::Documents(Documents { from: self.from, after, head: self.head, more, items, owed, sum });
        self.frames.push(frame.encode_in(self.packing, self.window.as_mut()).into());
        self.from = after;
        self.bytes = 0;
        self.changes = 0;
    }
}
