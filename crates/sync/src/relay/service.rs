//! What happens between the Welcome and the Goodbye: pushes come up, the feed goes down.

use std::collections::VecDeque;
use std::sync::Arc;

use vocab::{ChangeHeader, Cursor, GENESIS_ACTOR, Owed, Position, RangeAnswer, Refusal, Sum, Verdict};

use super::own::Own;
use super::reconcile::{Asker, Requests, refusal};
use super::{Appended, Compared, FeedBatch, FeedForm, Line, RelayConfig, RelayEffect, Restored, Submission};
use crate::limits::{
    BATCH_BYTES, FRAME_BYTES_WANTED_MAX, FRAME_BYTES_WANTED_MIN, FRAMES_IN_FLIGHT_MAX, LARGE_BYTES_MIN,
    PUSHES_IN_FLIGHT_MAX, WINDOW_FRAME_BYTES_MAX, payload_bytes,
};
use crate::wire::{Frame, Landing, Outflow, Packer, Packing, Push, PushedChange, Verdicts, Welcome, Windows};
use crate::{Claim, Code, LiveBatch, Plan, inspect};

#[derive(Debug)]
pub(super) struct Service {
    claim: Claim,
    asker: Asker,
    /// Both sides find out what differs; nothing else moves meanwhile.
    reconciling: Option<Requests>,
    down: Down,
    up: Up,
}

/// The feed's way down.
#[derive(Debug)]
struct Down {
    /// How many bytes of payload the device wants in a frame, to begin with.
    wanted: usize,
    /// The most that is put into one.
    batch_bytes: usize,
    packing: Packing,
    /// Where windows come from; none when the driver grants none.
    windows: Option<Windows>,
    /// Open while a catch-up in small frames lasts.
    window: Option<Outflow>,
    /// Where the device stands once it has every frame packed so far.
    sent: Cursor,
    /// The large documents it was told it is owed.
    owed: Vec<Owed>,
    /// The latest position known.
    head: Position,
    /// The device pushes its outbox first.
    waits: bool,
    /// The device has been told that there is no more, or needed nothing.
    caught_up: bool,
    /// From where the driver is reading a batch.
    reading: Option<Cursor>,
    /// Packed frames that wait until the socket takes more.
    pending: VecDeque<Arc<[u8]>>,
    /// What this device brought in this session.
    own: Own,
    /// The highest position at which the device was told that something of its own stands: it waits until its cursor is there.
    told: Position,
}

/// The pushes' way up.
#[derive(Debug)]
struct Up {
    last_seq: u64,
    unanswered: VecDeque<Unanswered>,
}

/// A push whose verdicts are not sent yet.
#[derive(Debug)]
struct Unanswered {
    /// The verdicts known without the store; `None` where the store decides.
    verdicts: Vec<(u64, Option<Verdict>)>,
    /// Whether the store is still to answer.
    appending: bool,
    /// What the feed comes to after the last accepted one.
    sum: Option<Sum>,
}

impl Service {
    pub(super) fn new(config: RelayConfig, windows: Option<Windows>, claim: Claim, welcome: &Welcome) -> Self {
        let wanted = claim.frame_bytes.clamp(FRAME_BYTES_WANTED_MIN, FRAME_BYTES_WANTED_MAX) as usize;
        let batch_bytes = config.batch_bytes.clamp(1, BATCH_BYTES);
        let wanted = batch_bytes.min(wanted);
        let (sent, owed) = match welcome.plan {
            Plan::Continue => (claim.cursor, claim.owed.clone()),
            Plan::FromStart => (Cursor::default(), Vec::new()),
            Plan::Reconcile => (Cursor::at(welcome.head), Vec::new()),
        };
        let caught_up = sent == Cursor::at(welcome.head) && owed.is_empty();
        Service {
            asker: Asker { branch: claim.branch, device: claim.key },
            reconciling: (welcome.plan == Plan::Reconcile).then(Requests::default),
            down: Down {
                wanted,
                batch_bytes,
                packing: Packing { dictionary: welcome.dictionary },
                windows,
                window: None,
                sent,
                owed,
                head: welcome.head,
                // A device that has reconciled lacks nothing, and may have nothing left to push.
                waits: claim.pushes_first && welcome.plan != Plan::Reconcile,
                caught_up,
                reading: None,
                pending: VecDeque::new(),
                own: Own::default(),
                told: if welcome.plan == Plan::Continue { claim.ahead } else { Position::START },
            },
            up: Up { last_seq: 0, unanswered: VecDeque::new() },
            claim,
        }
    }

    /// The device brought what stands at these positions, and holds it.
    pub(super) fn brought(&mut self, positions: impl Iterator<Item = Position>) {
        for position in positions {
            self.down.own.add(Position::new(position.get().saturating_sub(1)), position);
        }
    }

    pub(super) const fn claim(&self) -> &Claim {
        &self.claim
    }

    pub(super) fn take(&mut self, frame: Frame, line: &mut Line) -> Result<(), Code> {
        match (&mut self.reconciling, frame) {
            (_, Frame::Ping(ping)) => line.send(&Frame::Pong(ping)),
            (Some(requests), Frame::Reconcile(queries)) => requests.ask_ranges(queries)?,
            (Some(requests), Frame::Compare(asks)) => requests.compare(asks)?,
            (Some(requests), Frame::Restore(items)) => requests.restore(items)?,
            (Some(requests), Frame::Reconciled(at)) if requests.is_empty() && Cursor::at(at) == self.down.sent => {
                self.reconciling = None;
                // At least one more frame, for the sum.
                self.down.caught_up = false;
            }
            (None, Frame::Push(push)) => return self.push(push, line),
            (None, Frame::Progress(progress)) => {
                if progress.outbox == 0 {
                    line.window.close();
                }
                self.down.waits = false;
                line.effects.push_back(RelayEffect::ReportProgress(progress));
            }
            _ => return Err(Code::Unexpected),
        }
        self.pump(line);
        Ok(())
    }

    fn push(&mut self, push: Push, line: &mut Line) -> Result<(), Code> {
        if self.up.unanswered.len() >= PUSHES_IN_FLIGHT_MAX {
            return Err(Code::Limit);
        }
        self.down.waits &= push.more;
        let mut verdicts = Vec::with_capacity(push.changes.len());
        let mut submissions = Vec::new();
        for PushedChange { seq, doc, bytes } in push.changes {
            if seq <= self.up.last_seq {
                return Err(Code::Unexpected);
            }
            self.up.last_seq = seq;
            match self.examine(&bytes) {
                Err(refusal) => verdicts.push((seq, Some(Verdict::Refused(refusal)))),
                Ok(header) => {
                    verdicts.push((seq, None));
                    submissions.push(Submission { seq, doc, header, bytes: bytes.into() });
                }
            }
        }
        let appending = !submissions.is_empty();
        self.up.unanswered.push_back(Unanswered { verdicts, appending, sum: None });
        if appending {
            line.effects.push_back(RelayEffect::Append {
                branch: self.claim.branch,
                device: self.claim.key,
                session_actor: self.claim.actor,
                submissions,
            });
        }
        self.answer(line);
        self.pump(line);
        Ok(())
    }

    /// What can be said of a change without any store.
    fn examine(&self, bytes: &[u8]) -> Result<ChangeHeader, Refusal> {
        let header = inspect(bytes).map_err(|malformed| refusal(&malformed))?;
        let genesis = header.actor == GENESIS_ACTOR && header.seq == 1 && header.deps.is_empty();
        if genesis || header.actor.belongs_to(&self.claim.key) { Ok(header) } else { Err(Refusal::ForeignActor) }
    }

    pub(super) fn appended(&mut self, appended: Appended, line: &mut Line) -> Result<(), Code> {
        let Appended { verdicts, sum } = appended;
        let waiting = self.up.unanswered.iter_mut().find(|push| push.appending).ok_or(Code::Unavailable)?;
        let open = waiting.verdicts.iter().filter(|(_, verdict)| verdict.is_none()).count();
        if open != verdicts.len() {
            return Err(Code::Unavailable);
        }
        let mut answers = verdicts.into_iter();
        for (_, verdict) in &mut waiting.verdicts {
            *verdict = verdict.or_else(|| answers.next());
        }
        waiting.appending = false;
        waiting.sum = sum;
        self.answer(line);
        self.pump(line);
        Ok(())
    }

    /// Answers pushes in their order, as far as the store has answered.
    fn answer(&mut self, line: &mut Line) {
        while self.up.unanswered.front().is_some_and(|push| !push.appending)
            && let Some(push) = self.up.unanswered.pop_front()
        {
            let verdicts: Vec<(u64, Verdict)> =
                push.verdicts.into_iter().filter_map(|(seq, verdict)| Some((seq, verdict?))).collect();
            let refused = verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Refused(_))).count() as u64;
            line.counters.refused += refused;
            line.counters.accepted += verdicts.len() as u64 - refused;
            let span = self.down.accepted(&verdicts);
            let sum = push.sum.filter(|_| span.is_some());
            line.send(&Frame::Verdicts(Verdicts { verdicts, span, sum }));
        }
    }

    pub(super) fn ranged(&mut self, answers: Vec<RangeAnswer>, line: &mut Line) -> Result<(), Code> {
        self.reconciling.as_mut().ok_or(Code::Unavailable)?.ranged(answers, line)?;
        self.pump(line);
        Ok(())
    }

    pub(super) fn compared(&mut self, compared: Compared, line: &mut Line) -> Result<(), Code> {
        self.down.head = self.down.head.max(compared.head);
        self.down.told = self.down.told.max(compared.head);
        self.reconciling.as_mut().ok_or(Code::Unavailable)?.compared(compared, line)?;
        self.pump(line);
        Ok(())
    }

    pub(super) fn restored(&mut self, restored: Restored, line: &mut Line) -> Result<(), Code> {
        self.down.head = self.down.head.max(restored.head);
        self.down.told = self.down.told.max(restored.head);
        if let Some((before, last)) = restored.span {
            self.down.own.add(before, last);
        }
        self.reconciling.as_mut().ok_or(Code::Unavailable)?.restored(restored, line)?;
        self.pump(line);
        Ok(())
    }

    pub(super) fn feed(&mut self, batch: FeedBatch, line: &mut Line) {
        if let Some(asked) = self.down.reading.take() {
            self.down.pack(asked, batch, self.down.frame_bytes(line));
            self.pump(line);
        }
    }

    pub(super) fn live(&mut self, batch: &LiveBatch, line: &mut Line) {
        self.down.head = self.down.head.max(batch.to());
        let exactly_there = self.down.sent == Cursor::at(batch.from()) && self.down.is_quiet();
        let fits = batch.bytes() <= self.down.frame_bytes(line) && line.in_flight < FRAMES_IN_FLIGHT_MAX;
        if self.claim.follows && self.reconciling.is_none() && self.down.caught_up && exactly_there && fits {
            self.down.pending.extend(batch.frames(self.down.packing).iter().cloned());
            self.down.sent = Cursor::at(batch.to());
            // A frame after which nothing follows ends the device's window too.
            self.down.window = None;
        }
        self.pump(line);
    }

    /// Hands packed frames to the socket and asks the driver for what is next, as far as the socket keeps up.
    pub(super) fn pump(&mut self, line: &mut Line) {
        while line.in_flight < FRAMES_IN_FLIGHT_MAX
            && let Some(frame) = self.down.pending.pop_front()
        {
            line.counters.document_frames += 1;
            line.send_bytes(frame);
        }
        if let Some(requests) = &mut self.reconciling {
            return requests.pump(&self.asker, self.down.frame_bytes(line), line);
        }
        let behind = self.down.sent != Cursor::at(self.down.head);
        let wanted = !self.down.waits && (!self.down.caught_up || (self.claim.follows && behind));
        if wanted && self.down.is_quiet() && line.in_flight < FRAMES_IN_FLIGHT_MAX {
            let after = self.down.beyond_own();
            let bytes_max = self.down.frame_bytes(line);
            self.down.reading = Some(after);
            line.effects.push_back(RelayEffect::ReadFeed {
                branch: self.claim.branch,
                after,
                owed: self.down.owed.clone(),
                large_bytes: bytes_max.max(LARGE_BYTES_MIN),
                bytes_max,
                skip: self.down.own.named(),
            });
        }
    }
}

impl Down {
    /// How many bytes of payload go into the next frame.
    fn frame_bytes(&self, line: &Line) -> usize {
        payload_bytes(self.wanted, line.counters.bytes_in + line.counters.bytes_out).min(self.batch_bytes)
    }

    /// No frame waits and none is being read: what was sent is all there is up to `sent`.
    fn is_quiet(&self) -> bool {
        self.pending.is_empty() && self.reading.is_none()
    }

    /// Where to read on: what the device brought itself right after the place where it stands need not be looked at.
    fn beyond_own(&self) -> Cursor {
        if self.sent.base == self.sent.through && self.owed.is_empty() {
            Cursor::at(self.own.after(self.sent.base))
        } else {
            self.sent
        }
    }

    /// Packs what the driver read after `asked` into frames that lead on from `sent`.
    fn pack(&mut self, asked: Cursor, batch: FeedBatch, frame_bytes: usize) {
        let FeedBatch { documents, cursor, head, more, owed, sum } = batch;
        // A read that led nowhere settles what the head is: asking again would lead nowhere again.
        let led_on = cursor != asked || !documents.is_empty() || owed != self.owed;
        if led_on {
            self.head = self.head.max(head);
        } else {
            self.head = cursor.base;
            self.told = self.told.min(cursor.base);
            if self.caught_up && cursor == self.sent {
                return;
            }
        }
        if frame_bytes > WINDOW_FRAME_BYTES_MAX {
            self.window = None;
        } else if more && self.window.is_none() {
            self.window = self.windows.as_ref().and_then(|windows| windows.open(self.packing.dictionary));
        }
        let mut packer =
            Packer::new(frame_bytes, self.packing, self.sent, head.max(cursor.through)).within(self.window.take());
        // What was passed over is owed from the last frame on: no earlier one leads past it.
        let passes_over = owed.iter().any(|owed| self.owed.iter().all(|before| before.doc != owed.doc));
        for document in documents {
            let large = owed.iter().chain(&self.owed).any(|owed| owed.doc == document.doc);
            match document.form {
                FeedForm::Saved(bytes) => packer.saved(document.doc, bytes),
                FeedForm::Erased(tombstone) => packer.erased(tombstone),
                FeedForm::Changes(changes) => {
                    for (position, bytes) in changes {
                        if !self.own.contains(position) {
                            packer.change(document.doc, bytes);
                        }
                    }
                }
            }
            if !large && !passes_over {
                packer.complete(Cursor { base: asked.base, through: document.last.max(asked.through) });
            }
        }
        let whole = cursor.base == cursor.through && owed.is_empty();
        let landing = Landing {
            after: cursor,
            more,
            owed: (owed != self.owed).then(|| owed.clone()),
            sum: sum.filter(|_| whole && !more),
        };
        let (frames, window) = packer.finish(landing);
        self.pending.extend(frames);
        self.window = window;
        self.sent = cursor;
        self.owed = owed;
        if !more {
            self.caught_up = self.told <= cursor.base;
            self.own.forget(cursor.base);
        }
    }

    /// Takes note of what this device's push added to the feed. When that continues exactly where the device stands, the
    /// verdicts carry it past its own changes.
    fn accepted(&mut self, verdicts: &[(u64, Verdict)]) -> Option<(Position, Position)> {
        let place = |verdict: &Verdict| match verdict {
            Verdict::Accepted(position) => Some((*position, true)),
            Verdict::Had(position) => Some((*position, false)),
            Verdict::Refused(_) => None,
        };
        let places = || verdicts.iter().filter_map(|(_, verdict)| place(verdict));
        let told = places().map(|(position, _)| position).max()?;
        self.told = self.told.max(told);
        self.head = self.head.max(told);
        let added: Vec<Position> = places().filter(|(_, is_new)| *is_new).map(|(position, _)| position).collect();
        let before = |position: Position| Position::new(position.get().saturating_sub(1));
        let unbroken = added.windows(2).all(|pair| pair[0].next() == pair[1]);
        let continues = |from: Position| self.sent == Cursor::at(from) && self.owed.is_empty() && self.is_quiet();
        let span = added.first().copied().map(before).zip(added.last().copied());
        let span = span.filter(|(from, _)| unbroken && continues(*from));
        match span {
            Some((_, to)) => self.sent = Cursor::at(to),
            None => added.iter().for_each(|position| self.own.add(before(*position), *position)),
        }
        // A device that came for one exchange waits until its cursor covers what it was told.
        self.caught_up &= self.told <= self.sent.base;
        span
    }
}
