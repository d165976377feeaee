//! What happens between the Welcome and the Goodbye: the outbox goes up, the feed comes down.

use std::collections::VecDeque;
use std::sync::Arc;

use vocab::{Cursor, DocId, Position, Refusal, Verdict};

use super::{Arrival, DeviceConfig, DeviceEffect, Form, Line, OutboxBatch, OutboxEntry, Start};
use crate::limits::{BATCH_BYTES, CHANGE_BYTES_MAX, ITEMS_PER_FRAME_MAX, PROGRESS_EVERY_FRAMES, PUSHES_IN_FLIGHT_MAX};
use crate::wire::{Documents, Frame, Item, ItemForm, Push, PushedChange, Verdicts};
use crate::{Code, Progress, Tick};

#[derive(Debug)]
pub(super) struct Exchange {
    batch_bytes: usize,
    down: Down,
    up: Up,
    told: Progress,
}

/// The feed's way down.
#[derive(Debug)]
struct Down {
    cursor: Cursor,
    caught_up: bool,
    part: Option<Assembly>,
    commits_open: u32,
    frames_untold: u32,
}

/// A document whose parts are arriving.
#[derive(Debug)]
struct Assembly {
    doc: DocId,
    total: u64,
    bytes: Vec<u8>,
}

/// The outbox's way up.
#[derive(Debug)]
struct Up {
    reading: Reading,
    /// The last sequence read from the store.
    after: u64,
    /// Read, and not yet sent.
    queue: VecDeque<OutboxEntry>,
    /// The sequences of each push that waits for its verdicts, oldest first.
    in_flight: VecDeque<Vec<u64>>,
    /// How many entries wait in the outbox once every effect polled so far is performed.
    waiting: u64,
    /// Entries settled since the driver was asked to read: it reads first and settles then.
    settled_since_asked: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Reading {
    /// The store may hold entries that were not read yet.
    Due,
    /// The driver reads.
    Asked,
    /// The driver reads, and meanwhile the outbox grew.
    AskedAndGrew,
    /// Everything was read.
    Exhausted,
}

impl Exchange {
    pub(super) fn new(config: &DeviceConfig, start: &Start, cursor: Cursor, head: Position) -> Self {
        Exchange {
            batch_bytes: config.batch_bytes.clamp(1, BATCH_BYTES),
            down: Down { cursor, caught_up: cursor == Cursor::at(head), part: None, commits_open: 0, frames_untold: 0 },
            up: Up {
                reading: Reading::Due,
                after: 0,
                queue: VecDeque::new(),
                in_flight: VecDeque::new(),
                waiting: start.outbox,
                settled_since_asked: 0,
            },
            told: Progress { cursor: start.cursor, outbox: start.outbox },
        }
    }

    pub(super) fn take(&mut self, frame: Frame, line: &mut Line, now: Tick) -> Result<(), Code> {
        match frame {
            Frame::Documents(documents) => self.documents(documents, line, now),
            Frame::Verdicts(verdicts) => {
                self.verdicts(verdicts, line)?;
                self.pump(line, now);
                Ok(())
            }
            Frame::Pong(_) => Ok(()),
            _ => Err(Code::Unexpected),
        }
    }

    fn documents(&mut self, documents: Documents, line: &mut Line, now: Tick) -> Result<(), Code> {
        let Documents { from, after, head, more, items } = documents;
        let backwards = after.base < from.base || after.through < from.through || after.through > head;
        if from != self.down.cursor || backwards {
            return Err(Code::Gap);
        }
        let mut arrivals = Vec::new();
        for Item { doc, form } in items {
            if let Some(arrival) = self.down.assemble(doc, form)? {
                line.report.pulled += match &arrival.form {
                    Form::Saved(_) => 1,
                    Form::Changes(changes) => changes.len() as u64,
                };
                arrivals.push(arrival);
            }
        }
        let moved = after != from;
        if moved && self.down.part.is_some() {
            return Err(Code::Gap);
        }
        self.down.cursor = after;
        self.down.caught_up = !more;
        line.report.cursor = after;
        line.report.head = head.max(line.report.head);
        if moved || !arrivals.is_empty() {
            self.down.commits_open += 1;
            self.down.frames_untold += 1;
            line.effects.push_back(DeviceEffect::Commit { arrivals, cursor: moved.then_some(after) });
        }
        if self.down.frames_untold >= PROGRESS_EVERY_FRAMES {
            self.tell_progress(line, now);
        }
        Ok(())
    }

    fn verdicts(&mut self, verdicts: Verdicts, line: &mut Line) -> Result<(), Code> {
        let Verdicts { verdicts, span } = verdicts;
        let pushed = self.up.in_flight.pop_front().ok_or(Code::Unexpected)?;
        if !pushed.iter().eq(verdicts.iter().map(|(seq, _)| seq)) {
            return Err(Code::Unexpected);
        }
        let refused = verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Refused(_))).count() as u64;
        line.report.refused += refused;
        line.report.pushed += verdicts.len() as u64 - refused;
        self.up.settled(verdicts.len() as u64, line);
        let cursor = match span {
            Some((from, to)) if self.down.cursor == Cursor::at(from) && to > from => {
                self.down.cursor = Cursor::at(to);
                line.report.cursor = self.down.cursor;
                line.report.head = to.max(line.report.head);
                Some(self.down.cursor)
            }
            _ => None,
        };
        line.effects.push_back(DeviceEffect::Settle { verdicts, cursor });
        Ok(())
    }

    pub(super) fn outbox(&mut self, batch: OutboxBatch, line: &mut Line, now: Tick) {
        self.up.reading = match self.up.reading {
            Reading::Asked if !batch.more => Reading::Exhausted,
            Reading::Asked | Reading::AskedAndGrew => Reading::Due,
            Reading::Due | Reading::Exhausted => return,
        };
        self.up.waiting = batch.waiting.saturating_sub(self.up.settled_since_asked);
        line.report.outbox = self.up.waiting;
        let mut refused = Vec::new();
        for entry in batch.entries {
            if entry.seq <= self.up.after {
                continue;
            }
            self.up.after = entry.seq;
            if entry.bytes.len() > CHANGE_BYTES_MAX {
                refused.push((entry.seq, Verdict::Refused(Refusal::TooLarge)));
            } else {
                self.up.queue.push_back(entry);
            }
        }
        if !refused.is_empty() {
            line.report.refused += refused.len() as u64;
            self.up.settled(refused.len() as u64, line);
            line.effects.push_back(DeviceEffect::Settle { verdicts: refused, cursor: None });
        }
        self.pump(line, now);
    }

    pub(super) fn outbox_grew(&mut self, line: &mut Line, now: Tick) {
        self.up.reading = match self.up.reading {
            Reading::Asked | Reading::AskedAndGrew => Reading::AskedAndGrew,
            Reading::Due | Reading::Exhausted => Reading::Due,
        };
        self.pump(line, now);
    }

    pub(super) fn committed(&mut self) {
        self.down.commits_open = self.down.commits_open.saturating_sub(1);
    }

    /// Sends what may be sent and reads what may be read.
    pub(super) fn pump(&mut self, line: &mut Line, now: Tick) {
        while !self.up.queue.is_empty() && self.up.in_flight.len() < PUSHES_IN_FLIGHT_MAX {
            let changes = self.up.next_push(self.batch_bytes);
            let seqs = changes.iter().map(|change| change.seq).collect();
            let frame = Frame::Push(Push { changes });
            if self.up.in_flight.is_empty() {
                line.ask(&frame, now);
            } else {
                line.send(&frame, now);
            }
            self.up.in_flight.push_back(seqs);
        }
        let room = self.up.queue.is_empty() && self.up.in_flight.len() < PUSHES_IN_FLIGHT_MAX;
        if room && self.up.reading == Reading::Due {
            self.up.reading = Reading::Asked;
            self.up.settled_since_asked = 0;
            line.effects.push_back(DeviceEffect::ReadOutbox { after: self.up.after, bytes_max: self.batch_bytes });
        }
    }

    /// Whether nothing is under way in either direction.
    pub(super) fn is_idle(&self) -> bool {
        self.down.caught_up
            && self.down.commits_open == 0
            && self.up.reading == Reading::Exhausted
            && self.up.queue.is_empty()
            && self.up.in_flight.is_empty()
    }

    /// Tells the relay how far this device is, unless it was told so already. The effects before this one are performed
    /// before the frame leaves, so what it says is committed.
    pub(super) fn tell_progress(&mut self, line: &mut Line, now: Tick) {
        let progress = Progress { cursor: self.down.cursor, outbox: self.up.waiting };
        self.down.frames_untold = 0;
        if progress != self.told {
            self.told = progress;
            line.send(&Frame::Progress(progress), now);
        }
    }
}

impl Down {
    fn assemble(&mut self, doc: DocId, form: ItemForm) -> Result<Option<Arrival>, Code> {
        let (total, offset, bytes) = match (form, &self.part) {
            (ItemForm::Part { total, offset, bytes }, _) => (total, offset, bytes),
            (_, Some(_)) => return Err(Code::Unexpected),
            (ItemForm::Saved(bytes), None) => return Ok(Some(Arrival { doc, form: Form::Saved(bytes) })),
            (ItemForm::Changes(changes), None) => return Ok(Some(Arrival { doc, form: Form::Changes(changes) })),
        };
        let mut part = match self.part.take() {
            None if offset == 0 => Assembly { doc, total, bytes: Vec::new() },
            Some(part) if part.doc == doc && part.total == total && part.bytes.len() as u64 == offset => part,
            _ => return Err(Code::Unexpected),
        };
        part.bytes.extend_from_slice(&bytes);
        if part.bytes.len() as u64 == total {
            let bytes: Arc<[u8]> = part.bytes.into();
            return Ok(Some(Arrival { doc, form: Form::Saved(bytes) }));
        }
        self.part = Some(part);
        Ok(None)
    }
}

impl Up {
    fn settled(&mut self, count: u64, line: &mut Line) {
        self.waiting = self.waiting.saturating_sub(count);
        self.settled_since_asked += count;
        line.report.outbox = self.waiting;
    }

    fn next_push(&mut self, batch_bytes: usize) -> Vec<PushedChange> {
        let mut changes: Vec<PushedChange> = Vec::new();
        let mut bytes = 0;
        while let Some(entry) = self.queue.pop_front() {
            let fits = bytes + entry.bytes.len() <= batch_bytes && changes.len() < ITEMS_PER_FRAME_MAX;
            if !changes.is_empty() && !fits {
                self.queue.push_front(entry);
                break;
            }
            bytes += entry.bytes.len();
            changes.push(PushedChange { seq: entry.seq, doc: entry.doc, bytes: entry.bytes });
        }
        changes
    }
}
