//! What happens between the Welcome and the Goodbye: the outbox goes up, the feed comes down.

use std::collections::VecDeque;

use vocab::{Cursor, Owed, Position, Refusal, Sum, Verdict};

use super::{Arrival, DeviceEffect, Form, Line, OutboxBatch, OutboxEntry};
use crate::limits::{
    CHANGE_BYTES_MAX, ITEMS_PER_FRAME_MAX, PROGRESS_EVERY_FRAMES, PUSHES_IN_FLIGHT_MAX, WINDOW_FRAME_BYTES_MAX,
    payload_bytes,
};
use crate::wire::{Documents, Frame, Item, ItemForm, Outflow, Push, PushedChange, Verdicts, Windows};
use crate::{Code, Progress, Tick};

#[derive(Debug)]
pub(super) struct Exchange {
    /// How many bytes of payload a frame takes, to begin with.
    wanted: usize,
    down: Down,
    up: Up,
    /// What the relay was told last, in the handshake at first.
    told: Progress,
    /// Where the cursor stood when the exchange began.
    began: Position,
}

/// Where a device stands in the feed when the exchange begins.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) cursor: Cursor,
    pub(super) owed: Vec<Owed>,
    /// Whether nothing is to come by itself.
    pub(super) caught_up: bool,
}

/// The feed's way down.
#[derive(Debug)]
struct Down {
    cursor: Cursor,
    owed: Vec<Owed>,
    caught_up: bool,
    frames_untold: u32,
    /// What the relay's feed comes to at a position, as it said last and this side has not compared yet.
    sum: Option<(Position, Sum)>,
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
    /// Entries settled in this exchange.
    settled: u64,
    window: Window,
    /// The relay sends no documents until it is told that everything is pushed.
    awaited: bool,
}

/// What pushes that go into small frames say once and not again.
#[derive(Debug)]
enum Window {
    /// The relay grants none, or it has ended.
    None,
    /// The relay grants one, of this dictionary.
    Granted(u8),
    Open(Outflow),
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
    pub(super) fn new(wanted: usize, waiting: u64, place: Place) -> Self {
        let Place { cursor, owed, caught_up } = place;
        Exchange {
            wanted,
            down: Down { cursor, owed, caught_up, frames_untold: 0, sum: None },
            up: Up {
                reading: Reading::Due,
                after: 0,
                queue: VecDeque::new(),
                in_flight: VecDeque::new(),
                waiting,
                settled_since_asked: 0,
                settled: 0,
                window: Window::None,
                awaited: false,
            },
            told: Progress { cursor, outbox: waiting },
            began: cursor.through,
        }
    }

    /// The relay takes pushes that are parts of a window.
    pub(super) fn may_open_a_window(&mut self, dictionary: u8) {
        self.up.window = Window::Granted(dictionary);
    }

    /// Whether the relay waits with the feed until everything is pushed.
    pub(super) fn pushes_first(&mut self, awaited: bool) {
        self.up.awaited = awaited;
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
        let Documents { from, after, head, more, items, owed, sum } = documents;
        let backwards = after.base < from.base || after.through < from.through || after.through > head;
        if from != self.down.cursor || backwards {
            return Err(Code::Gap);
        }
        let moved = after != from;
        let owed = owed.filter(|owed| *owed != self.down.owed);
        let whole = after.base == after.through && owed.as_ref().unwrap_or(&self.down.owed).is_empty();
        if !more && !whole {
            return Err(Code::Gap);
        }
        let idle_talk = more && !moved && items.is_empty() && owed.is_none();
        if idle_talk || (sum.is_some() && !whole) {
            return Err(Code::Unexpected);
        }
        let arrivals: Vec<Arrival> = items.into_iter().map(arrival).collect();
        line.report.pulled += arrivals.iter().map(Arrival::count).sum::<u64>();
        self.down.cursor = after;
        self.down.caught_up = !more;
        line.report.cursor = after;
        line.report.head = head.max(line.report.head);
        if let Some(owed) = &owed {
            self.down.owed.clone_from(owed);
        }
        if let Some(sum) = sum {
            self.down.sum = Some((after.base, sum));
        }
        if moved || owed.is_some() || !arrivals.is_empty() {
            self.down.frames_untold += 1;
            if !moved && !arrivals.is_empty() {
                // The first part of a document: it is held beyond what the cursor says.
                line.ledger.ahead = line.ledger.ahead.max(head);
            }
            let ahead = line.ledger.ahead;
            line.change(DeviceEffect::Commit { arrivals, cursor: moved.then_some(after), owed, ahead });
        }
        if self.down.frames_untold >= PROGRESS_EVERY_FRAMES {
            self.tell_progress(line, now);
        }
        Ok(())
    }

    fn verdicts(&mut self, verdicts: Verdicts, line: &mut Line) -> Result<(), Code> {
        let Verdicts { verdicts, span, sum } = verdicts;
        let pushed = self.up.in_flight.pop_front().ok_or(Code::Unexpected)?;
        if !pushed.iter().eq(verdicts.iter().map(|(seq, _)| seq)) {
            return Err(Code::Unexpected);
        }
        let refused = verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Refused(_))).count() as u64;
        line.report.refused += refused;
        line.report.pushed += verdicts.len() as u64 - refused;
        self.up.settled(verdicts.len() as u64, line);
        for (_, verdict) in &verdicts {
            if let Verdict::Accepted(position) | Verdict::Had(position) = verdict {
                line.ledger.ahead = line.ledger.ahead.max(*position);
            }
        }
        let cursor = match span {
            Some((from, to)) if self.down.cursor == Cursor::at(from) && self.down.owed.is_empty() && to > from => {
                self.down.cursor = Cursor::at(to);
                self.down.sum = sum.map(|sum| (to, sum)).or(self.down.sum);
                line.report.cursor = self.down.cursor;
                line.report.head = to.max(line.report.head);
                Some(self.down.cursor)
            }
            _ => None,
        };
        line.change(DeviceEffect::Settle { verdicts, cursor, ahead: line.ledger.ahead });
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
            line.change(DeviceEffect::Settle { verdicts: refused, cursor: None, ahead: line.ledger.ahead });
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

    /// Sends what may be sent and reads what may be read.
    pub(super) fn pump(&mut self, line: &mut Line, now: Tick) {
        let frame_bytes = payload_bytes(self.wanted, line.report.bytes_up + line.report.bytes_down);
        while !self.up.queue.is_empty() && self.up.in_flight.len() < PUSHES_IN_FLIGHT_MAX {
            let changes = self.up.next_push(frame_bytes);
            let seqs = changes.iter().map(|change| change.seq).collect();
            line.report.round_trips += u32::from(self.up.in_flight.is_empty());
            let follows = !self.up.queue.is_empty() || self.up.reading != Reading::Exhausted;
            match self.up.window(follows && frame_bytes <= WINDOW_FRAME_BYTES_MAX) {
                Window::Open(window) => {
                    line.send_in(&Frame::Push(Push { changes, more: follows }), Some(window), now);
                    if !follows {
                        self.up.window = Window::None;
                    }
                }
                Window::Granted(_) | Window::None => line.send(&Frame::Push(Push { changes, more: follows }), now),
            }
            self.up.awaited &= follows;
            self.up.in_flight.push_back(seqs);
        }
        let room = self.up.queue.is_empty() && self.up.in_flight.len() < PUSHES_IN_FLIGHT_MAX;
        if room && self.up.reading == Reading::Due {
            self.up.reading = Reading::Asked;
            self.up.settled_since_asked = 0;
            line.effects.push_back(DeviceEffect::ReadOutbox { after: self.up.after, bytes_max: frame_bytes });
        }
        if self.up.awaited && self.up.queue.is_empty() && self.up.reading == Reading::Exhausted {
            // There was less to push than it seemed.
            self.up.awaited = false;
            self.told.outbox = u64::MAX;
            self.tell_progress(line, now);
        }
    }

    /// Whether nothing is under way in either direction: the cursor covers what this device pushed, too.
    pub(super) fn is_idle(&self, line: &Line) -> bool {
        self.down.caught_up
            && line.ledger.open == 0
            && line.ledger.ahead <= self.down.cursor.base
            && self.up.reading == Reading::Exhausted
            && self.up.queue.is_empty()
            && self.up.in_flight.is_empty()
    }

    /// Compares the sums, when nothing is under way and the relay has said what its feed comes to where this device stands.
    /// Returns the position and the relay's sum when they differ.
    pub(super) fn unequal(&mut self, line: &Line) -> Option<(Position, Sum)> {
        let (at, sum) = self.down.sum.take_if(|(at, _)| self.down.cursor == Cursor::at(*at))?;
        (sum != line.ledger.sum).then_some((at, sum))
    }

    /// Tells the relay how far this device is, unless it was told so already. The effects before this one are performed
    /// before the frame leaves, so what it says is committed.
    pub(super) fn tell_progress(&mut self, line: &mut Line, now: Tick) {
        let progress = Progress { cursor: self.down.cursor, outbox: self.up.waiting };
        self.down.frames_untold = 0;
        if self.told != progress {
            self.told = progress;
            line.send(&Frame::Progress(progress), now);
        }
    }

    /// Positions of the feed and entries of the outbox: done, and in all.
    pub(super) fn progress(&self, line: &Line) -> (u64, u64) {
        let came = self.down.cursor.through.get().saturating_sub(self.began.get());
        let comes = line.report.head.get().saturating_sub(self.down.cursor.through.get());
        let done = came + self.up.settled;
        let total = done + comes + self.up.waiting;
        // What is owed has been counted when it was passed over.
        (done, if self.down.owed.is_empty() { total } else { total.max(done + self.down.owed.len() as u64) })
    }
}

/// What an item is to the store.
pub(super) fn arrival(Item { doc, form }: Item) -> Arrival {
    let form = match form {
        ItemForm::Saved(bytes) => Form::Saved(bytes),
        ItemForm::Changes(changes) => Form::Changes(changes),
        ItemForm::Erased(tombstone) => Form::Erased(tombstone),
    };
    Arrival { doc, form }
}

impl Arrival {
    /// Changes, whole documents and tombstones in it.
    pub(super) fn count(&self) -> u64 {
        match &self.form {
            Form::Saved(_) | Form::Erased(_) => 1,
            Form::Changes(changes) => changes.len() as u64,
            Form::Held(_) => 0,
        }
    }
}

impl Up {
    fn settled(&mut self, count: u64, line: &mut Line) {
        self.waiting = self.waiting.saturating_sub(count);
        self.settled_since_asked += count;
        self.settled += count;
        line.report.outbox = self.waiting;
    }

    /// The window, opened now if it is worth it.
    fn window(&mut self, worth_it: bool) -> &mut Window {
        if let Window::Granted(dictionary) = self.window {
            let opened = Some(dictionary).filter(|_| worth_it).and_then(|dictionary| Windows::new(1).open(dictionary));
            // A push that stands alone gives it back.
            self.window = opened.map_or(Window::None, Window::Open);
        }
        &mut self.window
    }

    fn next_push(&mut self, frame_bytes: usize) -> Vec<PushedChange> {
        let mut changes: Vec<PushedChange> = Vec::new();
        let mut bytes = 0;
        while let Some(entry) = self.queue.pop_front() {
            let fits = bytes + entry.bytes.len() <= frame_bytes && changes.len() < ITEMS_PER_FRAME_MAX;
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
