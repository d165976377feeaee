//! What one connection's accepted push becomes for all the others: encoded once, shared by reference.

use std::sync::{Arc, OnceLock};

use vocab::{Cursor, DocId, Position, Sum, Tombstone};

use crate::limits::BATCH_BYTES;
use crate::wire::{DICTIONARY_LATEST, Landing, Packer, Packing};

/// How many packings there are.
const PACKINGS: usize = DICTIONARY_LATEST as usize + 1;

/// A stretch of a branch's feed, for devices that stand exactly before it. Encoded once for each packing; cloning it copies
/// no bytes.
#[derive(Debug, Clone)]
pub struct LiveBatch(Arc<Stretch>);

#[derive(Debug)]
struct Stretch {
    from: Position,
    to: Position,
    entries: Vec<(DocId, LiveForm)>,
    sum: Sum,
    bytes: usize,
    frames: [OnceLock<Vec<Arc<[u8]>>>; PACKINGS],
}

/// What stands at one position of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveForm {
    /// A change.
    Change(Arc<[u8]>),
    /// The document was erased.
    Erased(Tombstone),
}

impl LiveBatch {
    /// What stands at the positions after `from`, one after the other, in the order of the feed, and what the feed comes to at
    /// the last of them.
    #[must_use]
    pub fn new(from: Position, entries: Vec<(DocId, LiveForm)>, sum: Sum) -> Self {
        let to = Position::new(from.get() + entries.len() as u64);
        let len = |form: &LiveForm| match form {
            LiveForm::Change(bytes) => bytes.len(),
            LiveForm::Erased(tombstone) => tombstone.why.len(),
        };
        let bytes = entries.iter().map(|(_, form)| len(form)).sum();
        let batch = LiveBatch(Arc::new(Stretch { from, to, entries, sum, bytes, frames: Default::default() }));
        // Most connections use the latest: whoever makes the batch compresses it, and not the first session to need it.
        batch.frames(Packing { dictionary: DICTIONARY_LATEST });
        batch
    }

    /// The position before the first change.
    #[must_use]
    pub fn from(&self) -> Position {
        self.0.from
    }

    /// The position of the last change.
    #[must_use]
    pub fn to(&self) -> Position {
        self.0.to
    }

    /// Bytes of all changes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.bytes
    }

    /// The frames for a connection with this packing; empty when there is no such packing.
    pub(crate) fn frames(&self, packing: Packing) -> &[Arc<[u8]>] {
        match self.0.frames.get(usize::from(packing.dictionary)) {
            Some(frames) => frames.get_or_init(|| self.encode(packing)),
            None => &[],
        }
    }

    fn encode(&self, packing: Packing) -> Vec<Arc<[u8]>> {
        let Stretch { from, to, entries, sum, .. } = &*self.0;
        let mut packer = Packer::new(BATCH_BYTES, packing, Cursor::at(*from), *to);
        for (index, (doc, form)) in entries.iter().enumerate() {
            match form {
                LiveForm::Change(bytes) => packer.change(*doc, bytes.clone()),
                LiveForm::Erased(tombstone) => packer.erased(tombstone.clone()),
            }
            packer.complete(Cursor::at(Position::new(from.get() + index as u64 + 1)));
        }
        packer.finish(Landing { after: Cursor::at(*to), more: false, owed: None, sum: Some(*sum) }).0
    }
}
