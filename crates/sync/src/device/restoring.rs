//! Bringing back what the relay lacks: read from the store a frame at a time, a few frames ahead of the answers.

use std::collections::VecDeque;

use vocab::DocId;

use crate::limits::{ASKS_IN_FLIGHT_MAX, ITEMS_PER_FRAME_MAX, RESTORE_ITEMS_MAX};
use crate::wire::{Item, ItemForm};
use crate::{Code, Wanted};

/// What the relay lacks, on its way there.
#[derive(Debug, Default)]
pub(super) struct Restoring {
    /// Not read yet.
    wanted: VecDeque<(DocId, Wanted)>,
    /// How many wants the driver is reading; none when it reads nothing.
    reading: Option<usize>,
    /// Frames not sent yet.
    due: VecDeque<Vec<Item>>,
    /// Changes and tombstones in each frame that waits for its answer, oldest first.
    asked: VecDeque<u64>,
    /// Documents wanted, and read.
    found: u64,
    done: u64,
}

impl Restoring {
    /// The relay lacks this.
    pub(super) fn want(&mut self, doc: DocId, wanted: Wanted) {
        self.found += 1;
        self.wanted.push_back((doc, wanted));
    }

    /// What the driver is to read next, if there is anything and room for it.
    pub(super) fn next_read(&mut self) -> Option<Vec<(DocId, Wanted)>> {
        let room = self.due.is_empty() && self.asked.len() < ASKS_IN_FLIGHT_MAX;
        if !room || self.reading.is_some() || self.wanted.is_empty() {
            return None;
        }
        let count = self.wanted.len().min(RESTORE_ITEMS_MAX);
        self.reading = Some(count);
        Some(self.wanted.drain(..count).collect())
    }

    /// The driver read this and left that.
    ///
    /// # Errors
    /// [`Code::Unavailable`] when it read nothing, again and again.
    pub(super) fn read(
        &mut self,
        items: Vec<Item>,
        left: Vec<(DocId, Wanted)>,
        frame_bytes: usize,
    ) -> Result<(), Code> {
        let Some(asked) = self.reading.take() else { return Ok(()) };
        if left.len() > asked || (items.is_empty() && left.len() == asked) {
            return Err(Code::Unavailable);
        }
        self.done += (asked - left.len()) as u64;
        for want in left.into_iter().rev() {
            self.wanted.push_front(want);
        }
        self.due.extend(frames(items, frame_bytes));
        Ok(())
    }

    /// The next frame, if there is one and it may be sent; it waits for its answer then.
    pub(super) fn next_frame(&mut self) -> Option<Vec<Item>> {
        if self.asked.len() >= ASKS_IN_FLIGHT_MAX {
            return None;
        }
        let items = self.due.pop_front()?;
        self.asked.push_back(items.iter().map(|item| item.form.count() as u64).sum());
        Some(items)
    }

    /// The relay answered the oldest frame. Returns how many changes and tombstones that had.
    pub(super) fn answered(&mut self) -> Result<u64, Code> {
        self.asked.pop_front().ok_or(Code::Unexpected)
    }

    /// Whether some frame is not answered.
    pub(super) fn is_waiting(&self) -> bool {
        !self.asked.is_empty()
    }

    pub(super) fn is_done(&self) -> bool {
        self.wanted.is_empty() && self.reading.is_none() && self.due.is_empty() && self.asked.is_empty()
    }

    /// Documents: read, and found to be wanted so far.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.done, self.found)
    }
}

/// What is brought back, cut into frames of about `frame_bytes` each. Whole documents and empty items are left out: a driver
/// gives neither.
fn frames(items: Vec<Item>, frame_bytes: usize) -> Vec<Vec<Item>> {
    let mut frames: Vec<Vec<Item>> = Vec::new();
    let (mut bytes, mut count) = (0, 0);
    let mut add = |doc: DocId, form: ItemForm| {
        let len = form.len();
        let room = bytes + len <= frame_bytes && count < ITEMS_PER_FRAME_MAX;
        match frames.last_mut().filter(|frame| room && frame.len() < RESTORE_ITEMS_MAX) {
            Some(frame) => match (frame.last_mut(), form) {
                (Some(Item { doc: last, form: ItemForm::Changes(changes) }), ItemForm::Changes(more))
                    if *last == doc =>
                {
                    changes.extend(more);
                }
                (_, form) => frame.push(Item { doc, form }),
            },
            None => {
                (bytes, count) = (0, 0);
                frames.push(vec![Item { doc, form }]);
            }
        }
        bytes += len;
        count += 1;
    };
    for Item { doc, form } in items {
        match form {
            ItemForm::Changes(changes) => {
                for bytes in changes {
                    add(doc, ItemForm::Changes(vec![bytes]));
                }
            }
            form @ ItemForm::Erased(_) => add(doc, form),
            ItemForm::Saved(_) => {}
        }
    }
    frames
}
