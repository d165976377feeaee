//! The device's end of a connection, as a state machine.
//!
//! It pushes the outbox and takes what the feed brings, both at once; before that it reconciles, when the relay's plan says
//! so. It never advances its cursor past what it was given, checks that every frame continues exactly where the last one
//! ended, and asks the driver to commit data and cursor together. When both sides hold the same stretch of the feed it
//! compares their sums. A relay that misbehaves costs the connection, nothing else.

mod effect;
mod exchange;
mod ranges;
mod reconcile;
mod restoring;

use std::collections::VecDeque;

use vocab::{Book, Cursor, DocId, Position, Sum};

pub use effect::{
    AdoptReason, Arrival, DeviceConfig, DeviceEffect, EnrolmentRequest, Form, Mode, OutboxBatch, OutboxEntry, Outcome,
    Start,
};

use crate::limits::{FRAME_BYTES_WANTED_MAX, FRAME_BYTES_WANTED_MIN, HANDSHAKE_MS_MAX, HEARTBEAT_MS, IDLE_MS_MAX};
use crate::wire::{Challenge, DICTIONARY_LATEST, Frame, Inflow, Item, Outflow, Packing, Signed, VERSION, Welcome};
use crate::{Claim, Code, DeviceSecret, EnrolRequest, Known, Plan, Report, Tick, Wanted};
use exchange::{Exchange, Place};
use reconcile::Reconciling;

/// Frames of an outbox that may be pushed while documents come.
const PUSHED_MEANWHILE_FRAMES: u64 = 2;

/// How many frames may wait while the driver looks up what the relay has seen.
const HELD_FRAMES_MAX: usize = 64;

/// The device's end of one connection. See the crate's documentation for the loop that drives it.
#[derive(Debug)]
pub struct DeviceSession {
    config: DeviceConfig,
    secret: DeviceSecret,
    state: State,
    line: Line,
}

#[derive(Debug)]
enum State {
    /// The relay speaks first.
    AwaitingChallenge(Errand),
    AwaitingWelcome {
        start: Box<Start>,
        asked: Tick,
    },
    AwaitingEnrolled,
    /// The driver looks up whether this store is an old copy; frames wait.
    Recalling {
        start: Box<Start>,
        welcome: Box<Welcome>,
        held: Vec<Frame>,
    },
    Reconciling(Box<Reconciling>),
    Exchanging(Box<Exchange>),
    Over,
}

#[derive(Debug)]
enum Errand {
    Sync(Box<Start>),
    Enrol(EnrolmentRequest),
}

/// What every state needs: the way to the driver, the counters and the times.
#[derive(Debug)]
struct Line {
    effects: VecDeque<DeviceEffect>,
    report: Report,
    packing: Packing,
    window: Inflow,
    ledger: Ledger,
    opened: Tick,
    sent: Tick,
    heard: Tick,
}

/// What the store holds once it has performed every effect, as far as the driver has said.
#[derive(Debug)]
struct Ledger {
    /// What the acknowledged changes come to, as the driver said last.
    sum: Sum,
    /// The highest position at which the relay is known to hold something counted in `sum`.
    ahead: Position,
    /// Commits and settlements that the driver has not answered.
    open: u32,
}

impl Line {
    /// An effect that changes the sum, and is answered.
    fn change(&mut self, effect: DeviceEffect) {
        self.ledger.open += 1;
        self.effects.push_back(effect);
    }

    fn send(&mut self, frame: &Frame, now: Tick) {
        self.send_in(frame, None, now);
    }

    /// Sends a frame that may be a part of a window.
    fn send_in(&mut self, frame: &Frame, window: Option<&mut Outflow>, now: Tick) {
        let bytes = frame.encode_in(self.packing, window);
        self.report.bytes_up += bytes.len() as u64;
        self.sent = now;
        self.effects.push_back(DeviceEffect::Send(bytes));
    }

    fn ask(&mut self, frame: &Frame, now: Tick) {
        self.report.round_trips += 1;
        self.send(frame, now);
    }
}

impl Start {
    /// A small outbox is pushed while documents come; documents changed on both sides may then be sent twice.
    fn pushes_first(&self) -> bool {
        self.outbox_bytes > PUSHED_MEANWHILE_FRAMES * u64::from(self.frame_bytes)
    }
}

impl DeviceSession {
    /// A session that exchanges what both sides lack. The connection has just opened.
    #[must_use]
    pub fn sync(config: DeviceConfig, secret: DeviceSecret, start: Start, now: Tick) -> Self {
        DeviceSession::new(config, secret, Errand::Sync(Box::new(start)), now)
    }

    /// A session that joins a branch and ends. The connection has just opened.
    #[must_use]
    pub fn enrol(config: DeviceConfig, secret: DeviceSecret, request: EnrolmentRequest, now: Tick) -> Self {
        DeviceSession::new(config, secret, Errand::Enrol(request), now)
    }

    fn new(config: DeviceConfig, secret: DeviceSecret, errand: Errand, now: Tick) -> Self {
        let (report, ledger) = match &errand {
            Errand::Sync(start) => (
                Report { cursor: start.cursor, outbox: start.outbox, ..Report::default() },
                Ledger { sum: start.sum, ahead: start.ahead, open: 0 },
            ),
            Errand::Enrol(_) => (Report::default(), Ledger { sum: Sum::ZERO, ahead: Position::START, open: 0 }),
        };
        let (effects, packing) = (VecDeque::new(), Packing::PLAIN);
        let window = Inflow::default();
        let line = Line { effects, report, packing, window, ledger, opened: now, sent: now, heard: now };
        DeviceSession { config, secret, state: State::AwaitingChallenge(errand), line }
    }

    /// A binary message arrived.
    pub fn handle_frame(&mut self, bytes: &[u8], now: Tick) {
        if self.is_over() {
            return;
        }
        self.line.heard = now;
        self.line.report.bytes_down += bytes.len() as u64;
        match Frame::decode_in(bytes, self.line.packing, &mut self.line.window) {
            Ok(frame) => self.take(frame, now),
            Err(error) => self.break_off(error.code(), now),
        }
    }

    fn take(&mut self, frame: Frame, now: Tick) {
        match (&mut self.state, frame) {
            (_, Frame::Refused(reason) | Frame::Goodbye(reason)) => {
                self.end(Outcome::Refused { code: reason.code, text: reason.text });
            }
            (State::AwaitingChallenge(_), Frame::Challenge(challenge)) => self.answer(&challenge, now),
            (State::AwaitingEnrolled, Frame::Enrolled { membership, time }) => {
                self.line.send(&Frame::Goodbye(Code::Done.into()), now);
                self.end(Outcome::Enrolled { membership, relay_time: time });
            }
            (State::AwaitingWelcome { .. }, Frame::Welcome(welcome)) => self.welcome(welcome, now),
            (State::Recalling { held, .. }, frame) => {
                if held.len() >= HELD_FRAMES_MAX {
                    self.break_off(Code::Limit, now);
                } else {
                    held.push(frame);
                }
            }
            (State::Reconciling(reconciling), frame) => {
                let taken = reconciling.take(frame, &mut self.line, now);
                self.went(taken, now);
            }
            (State::Exchanging(exchange), frame) => {
                let taken = exchange.take(frame, &mut self.line, now);
                self.went(taken, now);
            }
            _ => self.break_off(Code::Unexpected, now),
        }
    }

    fn answer(&mut self, challenge: &Challenge, now: Tick) {
        if !challenge.versions.contains(&VERSION) {
            return self.break_off(Code::Version, now);
        }
        let state = std::mem::replace(&mut self.state, State::Over);
        let State::AwaitingChallenge(errand) = state else { return };
        match errand {
            Errand::Enrol(request) => {
                let request = EnrolRequest {
                    invite: request.invite,
                    key: self.secret.key(),
                    name: request.name,
                    app: self.config.app.clone(),
                    code: request.code,
                };
                self.line.ask(&Frame::Enrol(Signed::enrol(&self.secret, &challenge.nonce, &request)), now);
                self.state = State::AwaitingEnrolled;
            }
            Errand::Sync(start) => {
                let claim = Claim {
                    key: self.secret.key(),
                    actor: start.actor,
                    branch: start.branch,
                    epoch: start.epoch,
                    cursor: start.cursor,
                    settled: start.settled,
                    outbox: start.outbox,
                    app: self.config.app.clone(),
                    time: start.time,
                    follows: self.config.mode == Mode::Follow,
                    sum: start.sum,
                    ahead: start.ahead,
                    suspect: start.suspect,
                    owed: start.owed.clone(),
                    frame_bytes: start.frame_bytes.clamp(FRAME_BYTES_WANTED_MIN, FRAME_BYTES_WANTED_MAX),
                    dictionary: DICTIONARY_LATEST,
                    pushes_first: start.pushes_first(),
                };
                self.line.ask(&Frame::Hello(Signed::claim(&self.secret, &challenge.nonce, &claim)), now);
                self.state = State::AwaitingWelcome { start, asked: now };
            }
        }
    }

    fn welcome(&mut self, welcome: Welcome, now: Tick) {
        let state = std::mem::replace(&mut self.state, State::Over);
        let State::AwaitingWelcome { start, asked } = state else { return };
        if welcome.membership.branch != start.branch {
            return self.break_off(Code::WrongBranch, now);
        }
        let reach = start.cursor.through.max(start.ahead);
        let same_feed = start.epoch == Some(welcome.epoch) && reach <= welcome.head;
        if welcome.dictionary > DICTIONARY_LATEST || (welcome.plan == Plan::Continue && !same_feed) {
            return self.break_off(Code::Unexpected, now);
        }
        self.line.packing = Packing { dictionary: welcome.dictionary };
        self.line
            .effects
            .push_back(DeviceEffect::LearnTime { relay_time: welcome.time, round_trip_ms: now.since(asked) });
        self.line.effects.push_back(DeviceEffect::Admitted(welcome.membership.clone()));
        match welcome.seen {
            Some(seen) => {
                self.line.effects.push_back(DeviceEffect::Recall(seen));
                self.state = State::Recalling { start, welcome: Box::new(welcome), held: Vec::new() };
            }
            None => self.proceed(&start, &welcome, now),
        }
    }

    /// The driver's answer to [`DeviceEffect::Recall`]: whether the store holds the change.
    pub fn handle_recalled(&mut self, held_by_store: bool, now: Tick) {
        let state = std::mem::replace(&mut self.state, State::Over);
        let State::Recalling { start, welcome, held } = state else {
            self.state = state;
            return;
        };
        if let (false, Some(seen)) = (held_by_store, welcome.seen) {
            self.line.send(&Frame::Goodbye(Code::Restored.into()), now);
            return self.end(Outcome::Restored { seen });
        }
        self.proceed(&start, &welcome, now);
        for frame in held {
            if !self.is_over() {
                self.take(frame, now);
            }
        }
    }

    /// Goes on as the relay planned.
    fn proceed(&mut self, start: &Start, welcome: &Welcome, now: Tick) {
        let frame_bytes = start.frame_bytes.clamp(FRAME_BYTES_WANTED_MIN, FRAME_BYTES_WANTED_MAX) as usize;
        self.line.report.head = welcome.head;
        let (cursor, owed) = match welcome.plan {
            Plan::Continue => {
                self.settle_taken(welcome);
                (start.cursor, start.owed.clone())
            }
            Plan::FromStart => {
                self.start_over(start, welcome);
                (Cursor::default(), Vec::new())
            }
            Plan::Reconcile => {
                let reconciling = Reconciling::new(frame_bytes, start.outbox, welcome, &mut self.line);
                self.state = State::Reconciling(Box::new(reconciling));
                return;
            }
        };
        let caught_up = cursor == Cursor::at(welcome.head) && owed.is_empty();
        let place = Place { cursor, owed, caught_up };
        let mut exchange = Exchange::new(frame_bytes, start.outbox, place);
        exchange.pushes_first(start.pushes_first());
        if welcome.window {
            exchange.may_open_a_window(welcome.dictionary);
        }
        self.exchange(exchange, now);
    }

    /// What the relay took before the last connection was lost is not pushed again, and not sent back.
    fn settle_taken(&mut self, welcome: &Welcome) {
        let Some(seen) = welcome.seen.filter(|_| !welcome.taken.is_empty()) else { return };
        self.line.report.pushed += welcome.taken.len() as u64;
        // It stands no later than there.
        self.line.ledger.ahead = self.line.ledger.ahead.max(welcome.head);
        let (through, taken, ahead) = (seen.seq, welcome.taken.clone(), self.line.ledger.ahead);
        self.line.change(DeviceEffect::SettleTaken { through, taken, ahead });
    }

    fn start_over(&mut self, start: &Start, welcome: &Welcome) {
        let why = match start.epoch {
            None => AdoptReason::First,
            Some(epoch) if epoch != welcome.epoch => AdoptReason::NewEpoch,
            Some(_) => AdoptReason::FellBehind,
        };
        let (epoch, cursor, ahead) = (welcome.epoch, Cursor::default(), Position::START);
        self.line.report.started_over = why != AdoptReason::First;
        self.line.report.cursor = cursor;
        self.line.ledger.ahead = ahead;
        self.line.effects.push_back(DeviceEffect::AdoptFeed { epoch, cursor, ahead, why });
    }

    fn exchange(&mut self, mut exchange: Exchange, now: Tick) {
        exchange.pump(&mut self.line, now);
        self.state = State::Exchanging(Box::new(exchange));
        self.settle_down(now);
    }

    /// After a step of reconciling or of the exchange.
    fn went(&mut self, step: Result<(), Code>, now: Tick) {
        match step {
            Ok(()) => self.settle_down(now),
            Err(code) => self.break_off(code, now),
        }
    }

    /// The driver's answer to [`DeviceEffect::ReadBook`].
    pub fn handle_book(&mut self, book: Book, now: Tick) {
        if let State::Reconciling(reconciling) = &mut self.state {
            reconciling.book(book, &mut self.line, now);
            self.settle_down(now);
        }
    }

    /// The driver's answer to [`DeviceEffect::ReadHashes`].
    pub fn handle_hashes(&mut self, known: Vec<(DocId, Known)>, now: Tick) {
        if let State::Reconciling(reconciling) = &mut self.state {
            let taken = reconciling.hashes(known, &mut self.line, now);
            self.went(taken, now);
        }
    }

    /// The driver's answer to [`DeviceEffect::ReadRestore`]: what was read, and what of the question is left.
    pub fn handle_restore(&mut self, items: Vec<Item>, left: Vec<(DocId, Wanted)>, now: Tick) {
        if let State::Reconciling(reconciling) = &mut self.state {
            let taken = reconciling.restore(items, left, &mut self.line, now);
            self.went(taken, now);
        }
    }

    /// The driver's answer to [`DeviceEffect::ReadOutbox`].
    pub fn handle_outbox(&mut self, batch: OutboxBatch, now: Tick) {
        if let State::Exchanging(exchange) = &mut self.state {
            exchange.outbox(batch, &mut self.line, now);
            self.settle_down(now);
        }
    }

    /// The outbox has new entries. May be called at any time, and once too often.
    pub fn handle_outbox_grew(&mut self, now: Tick) {
        if let State::Exchanging(exchange) = &mut self.state {
            exchange.outbox_grew(&mut self.line, now);
        }
    }

    /// The driver's answer to [`DeviceEffect::Commit`]: it is durable and changed this many documents; the acknowledged
    /// changes then come to `sum`.
    pub fn handle_committed(&mut self, documents_changed: u64, sum: Sum, now: Tick) {
        self.line.report.documents_changed += documents_changed;
        self.changed(sum, now);
    }

    /// The driver's answer to [`DeviceEffect::Settle`] or [`DeviceEffect::SettleRestored`]: it is durable; the acknowledged
    /// changes then come to `sum`.
    pub fn handle_settled(&mut self, sum: Sum, now: Tick) {
        self.changed(sum, now);
    }

    fn changed(&mut self, sum: Sum, now: Tick) {
        self.line.ledger.sum = sum;
        self.line.ledger.open = self.line.ledger.open.saturating_sub(1);
        self.settle_down(now);
    }

    /// The time of [`DeviceSession::poll_timeout`] has come. Calling it early does nothing.
    pub fn handle_timeout(&mut self, now: Tick) {
        match &self.state {
            State::Over => {}
            State::AwaitingChallenge(_) | State::AwaitingWelcome { .. } | State::AwaitingEnrolled => {
                if now.since(self.line.opened) >= HANDSHAKE_MS_MAX {
                    self.break_off(Code::Idle, now);
                }
            }
            State::Recalling { .. } | State::Reconciling(_) | State::Exchanging(_) => {
                if now.since(self.line.heard) >= IDLE_MS_MAX {
                    self.break_off(Code::Idle, now);
                } else if now.since(self.line.sent) >= HEARTBEAT_MS {
                    self.line.send(&Frame::Ping(now.millis()), now);
                }
            }
        }
    }

    /// The person or the program wants to stop. What was committed stays; what is under way is done again next time.
    pub fn handle_leave(&mut self, now: Tick) {
        if self.is_over() {
            return;
        }
        if let State::Exchanging(exchange) = &mut self.state {
            exchange.tell_progress(&mut self.line, now);
        }
        self.line.send(&Frame::Goodbye(Code::Done.into()), now);
        self.end(Outcome::Done);
    }

    /// The connection is gone.
    pub fn handle_closed(&mut self, _now: Tick) {
        if !self.is_over() {
            self.end(Outcome::Lost { head: self.line.report.head });
        }
    }

    /// What the driver is to do next. `None`: wait for a frame, the timeout, or news of the outbox.
    pub fn poll_effect(&mut self) -> Option<DeviceEffect> {
        self.line.effects.pop_front()
    }

    /// When to call [`DeviceSession::handle_timeout`]; `None` once the session is over.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Tick> {
        match &self.state {
            State::Over => None,
            State::AwaitingChallenge(_) | State::AwaitingWelcome { .. } | State::AwaitingEnrolled => {
                Some(self.line.opened.plus_millis(HANDSHAKE_MS_MAX))
            }
            State::Recalling { .. } | State::Reconciling(_) | State::Exchanging(_) => {
                Some(self.line.heard.plus_millis(IDLE_MS_MAX).min(self.line.sent.plus_millis(HEARTBEAT_MS)))
            }
        }
    }

    /// The counters so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.line.report
    }

    /// How far the device holds the feed once every effect polled so far is performed, and the feed's head.
    #[must_use]
    pub fn position(&self) -> (Cursor, Position) {
        (self.line.report.cursor, self.line.report.head)
    }

    /// Whether the session has reached the feed's head and the relay has answered everything pushed.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        matches!(&self.state, State::Exchanging(exchange) if exchange.is_idle(&self.line))
    }

    /// How much is done and how much there is to do, as far as is known, in changes and documents: for a bar, not for sums.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        match &self.state {
            State::Reconciling(reconciling) => reconciling.progress(),
            State::Exchanging(exchange) => exchange.progress(&self.line),
            _ => (0, 0),
        }
    }

    /// Whether the session is over; its last effect is [`DeviceEffect::End`].
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// After anything that may have finished reconciling or the exchange.
    fn settle_down(&mut self, now: Tick) {
        if let State::Reconciling(reconciling) = &mut self.state {
            let Some(exchange) = reconciling.finish(&mut self.line, now) else { return };
            return self.exchange(exchange, now);
        }
        let State::Exchanging(exchange) = &mut self.state else { return };
        if !exchange.is_idle(&self.line) {
            return;
        }
        exchange.tell_progress(&mut self.line, now);
        if let Some((at, relay)) = exchange.unequal(&self.line) {
            self.line.send(&Frame::Goodbye(Code::Unequal.into()), now);
            return self.end(Outcome::Unequal { at, here: self.line.ledger.sum, relay });
        }
        if self.config.mode == Mode::Once {
            self.line.send(&Frame::Goodbye(Code::Done.into()), now);
            self.end(Outcome::Done);
        }
    }

    fn break_off(&mut self, code: Code, now: Tick) {
        self.line.send(&Frame::Goodbye(code.into()), now);
        self.end(Outcome::Broken(code));
    }

    fn end(&mut self, outcome: Outcome) {
        self.line.effects.push_back(DeviceEffect::End(outcome));
        self.state = State::Over;
    }
}
