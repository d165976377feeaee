//! What one connection's accepted push becomes for all the others: encoded once, shared by reference.

use std::sync::Arc;

use vocab::{Cursor, DocId, Position};

use crate::limits::BATCH_BYTES;
use crate::wire::Packer;

/// A stretch of a branch's feed, encoded for devices that stand exactly before it. Cloning it copies no bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveBatch {
    from: Position,
    to: Position,
    frames: Arc<[Arc<[u8]>]>,
}

impl LiveBatch {
    /// The changes at the positions after `from`, one after the other, in the order of the feed.
    #[must_use]
    pub fn encode(from: Position, changes: &[(DocId, Arc<[u8]>)]) -> Self {
        let to = Position::new(from.get() + changes.len() as u64);
        let mut packer = Packer::new(BATCH_BYTES, Cursor::at(from), to);
        for (index, (doc, bytes)) in changes.iter().enumerate() {
            packer.change(*doc, bytes.clone());
            packer.complete(Cursor::at(Position::new(from.get() + index as u64 + 1)));
        }
        LiveBatch { from, to, frames: packer.finish(Cursor::at(to), false).into() }
    }

    /// The position before the first change.
    #[must_use]
    pub const fn from(&self) -> Position {
        self.from
    }

    /// The position of the last change.
    #[must_use]
    pub const fn to(&self) -> Position {
        self.to
    }

    /// Bytes of all frames: what each device that gets them live costs.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.frames.iter().map(|frame| frame.len()).sum()
    }

    pub(crate) fn frames(&self) -> &[Arc<[u8]>] {
        &self.frames
    }
}
