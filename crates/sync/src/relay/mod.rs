//! The relay's end of a connection, as a state machine. It knows neither schema nor storage.
//!
//! Everything a device sends is bounded and checked before the driver hears of it. What goes down is asked for one batch at
//! a time, and only while the socket takes frames, so that a slow device holds a few frames of memory and no more.

mod effect;
mod own;
mod reconcile;
mod service;

use std::collections::VecDeque;
use std::sync::Arc;

use vocab::{RangeAnswer, Timestamp};

pub use effect::{
    Appended, Compared, FeedBatch, FeedDocument, FeedForm, RelayConfig, RelayCounters, RelayEffect, Restoration,
    RestoreForm, Restored, Submission,
};

use crate::limits::{HANDSHAKE_MS_MAX, IDLE_MS_MAX, TAKEN_MAX, WINDOW_FRAME_BYTES_MAX};
use crate::wire::{Challenge, DICTIONARY_LATEST, Frame, Inflow, Packing, Reason, Signed, VERSION, Welcome, Windows};
use crate::{Admission, Claim, Code, LiveBatch, Membership, Nonce, Plan, Tick};
use service::Service;

/// How many frames may wait for the socket in all; reached only by a device that asks without listening.
const FRAMES_WAITING_MAX: usize = 64;

/// The relay's end of one connection. See the crate's documentation for the loop that drives it.
#[derive(Debug)]
pub struct RelaySession {
    config: RelayConfig,
    windows: Option<Windows>,
    nonce: Nonce,
    state: State,
    line: Line,
}

#[derive(Debug)]
enum State {
    AwaitingHello,
    /// The driver asks the registry.
    Admitting(Claim),
    /// The driver registers a device.
    Enrolling,
    /// The device was enrolled and will leave.
    Enrolled,
    Serving(Box<Service>),
    Over,
}

/// What every state needs: the way to the driver, the counters and the times.
#[derive(Debug)]
struct Line {
    effects: VecDeque<RelayEffect>,
    counters: RelayCounters,
    packing: Packing,
    /// What the device pushes in parts of a window.
    window: Inflow,
    opened: Tick,
    heard: Tick,
    /// Frames handed to the driver and not yet by the driver to the socket.
    in_flight: usize,
}

impl Line {
    fn send(&mut self, frame: &Frame) {
        self.send_bytes(frame.encode(self.packing).into());
    }

    fn send_bytes(&mut self, bytes: Arc<[u8]>) {
        self.counters.bytes_out += bytes.len() as u64;
        self.in_flight += 1;
        self.effects.push_back(RelayEffect::Send(bytes));
    }
}

impl RelaySession {
    /// A session for a connection that has just opened. `nonce` is random and never used before.
    #[must_use]
    pub fn new(config: RelayConfig, nonce: Nonce, now: Tick) -> Self {
        let mut line = Line {
            effects: VecDeque::new(),
            counters: RelayCounters::default(),
            packing: Packing::PLAIN,
            window: Inflow::sealed(),
            opened: now,
            heard: now,
            in_flight: 0,
        };
        line.send(&Frame::Challenge(Challenge::from(nonce)));
        RelaySession { config, windows: None, nonce, state: State::AwaitingHello, line }
    }

    /// The same session, which may open a window of these when a device catches up over a poor link.
    #[must_use]
    pub fn with_windows(self, windows: &Windows) -> Self {
        RelaySession { windows: Some(windows.clone()), ..self }
    }

    /// A binary message arrived.
    pub fn handle_frame(&mut self, bytes: &[u8], now: Tick) {
        if self.is_over() {
            return;
        }
        self.line.heard = now;
        self.line.counters.bytes_in += bytes.len() as u64;
        match Frame::decode_in(bytes, self.line.packing, &mut self.line.window) {
            Ok(frame) => self.take(frame, now),
            Err(error) => self.end(Reason { code: error.code(), text: error.to_string() }),
        }
    }

    fn take(&mut self, frame: Frame, now: Tick) {
        match (&mut self.state, frame) {
            (_, Frame::Goodbye(reason)) => {
                self.line.effects.push_back(RelayEffect::Close(reason.code));
                self.state = State::Over;
            }
            (State::AwaitingHello, Frame::Hello(signed)) => self.hello(&signed),
            (State::AwaitingHello, Frame::Enrol(signed)) => self.enrol(&signed),
            (State::Serving(service), frame) => {
                if let Err(code) = service.take(frame, &mut self.line) {
                    self.shut(code, now);
                } else if self.line.in_flight > FRAMES_WAITING_MAX {
                    self.shut(Code::Limit, now);
                }
            }
            _ => self.shut(Code::Unexpected, now),
        }
    }

    fn hello(&mut self, signed: &Signed) {
        if let Err(code) = check_version(signed) {
            return self.refuse(code);
        }
        match signed.open_claim(&self.nonce) {
            Ok(claim) if !claim.actor.belongs_to(&claim.key) => self.refuse(Code::Signature),
            Ok(claim) => {
                self.line.effects.push_back(RelayEffect::Authenticate(claim.clone()));
                self.state = State::Admitting(claim);
            }
            Err(code) => self.refuse(code),
        }
    }

    fn enrol(&mut self, signed: &Signed) {
        if let Err(code) = check_version(signed) {
            return self.refuse(code);
        }
        match signed.open_enrol(&self.nonce) {
            Ok(request) => {
                self.line.effects.push_back(RelayEffect::Enrol(request));
                self.state = State::Enrolling;
            }
            Err(code) => self.refuse(code),
        }
    }

    /// The driver's answer to [`RelayEffect::Authenticate`].
    pub fn handle_admission(&mut self, answer: Result<Admission, Code>, now: Tick) {
        let state = std::mem::replace(&mut self.state, State::Over);
        let State::Admitting(claim) = state else {
            self.state = state;
            return;
        };
        match answer {
            Err(code) => self.refuse(code),
            Ok(admission) if admission.membership.branch != claim.branch => self.refuse(Code::WrongBranch),
            Ok(admission) => {
                self.line.heard = now;
                let plan = Plan::of(&claim, &admission);
                let packing = Packing::agreed(DICTIONARY_LATEST, claim.dictionary);
                let grants = claim.outbox > 0 && (claim.frame_bytes as usize) <= WINDOW_FRAME_BYTES_MAX;
                let granted = self.windows.as_ref().filter(|_| grants).and_then(|it| it.admit(packing.dictionary));
                // What it pushed itself is not to be sent back, in another session either.
                let mut brought = admission.brought;
                brought.retain(|_| plan == Plan::Continue);
                let mut taken = Vec::new();
                // What it neither heard of nor is told now is sent back.
                brought.retain(|(position, hash)| {
                    let is_heard = *position <= claim.ahead;
                    if !is_heard && taken.len() < TAKEN_MAX {
                        taken.push(*hash);
                        return true;
                    }
                    is_heard
                });
                let welcome = Welcome {
                    plan,
                    time: admission.time,
                    membership: admission.membership,
                    epoch: admission.epoch,
                    head: admission.head,
                    seen: admission.seen,
                    dictionary: packing.dictionary,
                    window: granted.is_some(),
                    taken,
                };
                let mut service = Service::new(self.config, self.windows.clone(), claim, &welcome);
                service.brought(brought.into_iter().map(|(position, _)| position));
                self.line.packing = packing;
                self.line.window = granted.unwrap_or_else(Inflow::sealed);
                self.line.send(&Frame::Welcome(welcome));
                service.pump(&mut self.line);
                self.state = State::Serving(Box::new(service));
            }
        }
    }

    /// The driver's answer to [`RelayEffect::Enrol`]: the device's membership and the relay's time, or why not.
    pub fn handle_enrolment(&mut self, answer: Result<(Membership, Timestamp), Code>, now: Tick) {
        if !matches!(self.state, State::Enrolling) {
            return;
        }
        match answer {
            Err(code) => self.refuse(code),
            Ok((membership, time)) => {
                self.line.heard = now;
                self.line.send(&Frame::Enrolled { membership, time });
                self.state = State::Enrolled;
            }
        }
    }

    /// The driver's answer to the oldest unanswered [`RelayEffect::Append`]: it is durable.
    pub fn handle_appended(&mut self, appended: Appended, now: Tick) {
        self.serve(now, |service, line| service.appended(appended, line));
    }

    /// The driver's answer to [`RelayEffect::ReadRanges`].
    pub fn handle_ranges(&mut self, answers: Vec<RangeAnswer>, now: Tick) {
        self.serve(now, |service, line| service.ranged(answers, line));
    }

    /// The driver's answer to [`RelayEffect::Compare`].
    pub fn handle_compared(&mut self, compared: Compared, now: Tick) {
        self.serve(now, |service, line| service.compared(compared, line));
    }

    /// The driver's answer to [`RelayEffect::Restore`]: it is durable.
    pub fn handle_restored(&mut self, restored: Restored, now: Tick) {
        self.serve(now, |service, line| service.restored(restored, line));
    }

    fn serve(&mut self, now: Tick, answer: impl FnOnce(&mut Service, &mut Line) -> Result<(), Code>) {
        if let State::Serving(service) = &mut self.state
            && let Err(code) = answer(service, &mut self.line)
        {
            self.shut(code, now);
        }
    }

    /// The driver's answer to [`RelayEffect::ReadFeed`].
    pub fn handle_feed(&mut self, batch: FeedBatch, _now: Tick) {
        if let State::Serving(service) = &mut self.state {
            service.feed(batch, &mut self.line);
        }
    }

    /// Somebody's push was accepted into this branch's feed. Best called in feed order, with `handle_appended` at its own
    /// place of that order; right in any order.
    pub fn handle_live(&mut self, batch: &LiveBatch, _now: Tick) {
        if let State::Serving(service) = &mut self.state {
            service.live(batch, &mut self.line);
        }
    }

    /// One frame was handed to the socket.
    pub fn handle_sent(&mut self, _now: Tick) {
        self.line.in_flight = self.line.in_flight.saturating_sub(1);
        if let State::Serving(service) = &mut self.state {
            service.pump(&mut self.line);
        }
    }

    /// The time of [`RelaySession::poll_timeout`] has come. Calling it early does nothing.
    pub fn handle_timeout(&mut self, now: Tick) {
        if self.poll_timeout().is_some_and(|due| now >= due) {
            self.shut(Code::Idle, now);
        }
    }

    /// The connection is gone.
    pub fn handle_closed(&mut self, _now: Tick) {
        if !self.is_over() {
            self.line.effects.push_back(RelayEffect::Close(Code::Done));
            self.state = State::Over;
        }
    }

    /// The relay ends this connection: it shuts down, its store failed, the device was revoked or came again.
    pub fn shut(&mut self, code: Code, _now: Tick) {
        if !self.is_over() {
            self.end(code.into());
        }
    }

    /// What the driver is to do next. `None`: wait for a frame, an answer, a live batch or the timeout.
    pub fn poll_effect(&mut self) -> Option<RelayEffect> {
        self.line.effects.pop_front()
    }

    /// When to call [`RelaySession::handle_timeout`]; `None` once the session is over.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Tick> {
        match &self.state {
            State::Over => None,
            State::Serving(_) => Some(self.line.heard.plus_millis(IDLE_MS_MAX)),
            State::AwaitingHello | State::Admitting(_) | State::Enrolling | State::Enrolled => {
                Some(self.line.opened.plus_millis(HANDSHAKE_MS_MAX))
            }
        }
    }

    /// The counters so far.
    #[must_use]
    pub fn counters(&self) -> RelayCounters {
        self.line.counters
    }

    /// Who is being served, once admitted.
    #[must_use]
    pub fn claim(&self) -> Option<&Claim> {
        match &self.state {
            State::Serving(service) => Some(service.claim()),
            _ => None,
        }
    }

    /// Whether the session is over; its last effect is [`RelayEffect::Close`].
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn refuse(&mut self, code: Code) {
        self.line.send(&Frame::Refused(code.into()));
        self.line.effects.push_back(RelayEffect::Close(code));
        self.state = State::Over;
    }

    fn end(&mut self, reason: Reason) {
        self.line.effects.retain(|effect| {
            matches!(effect, RelayEffect::Send(_) | RelayEffect::Append { .. } | RelayEffect::Restore { .. })
        });
        let code = reason.code;
        self.line.send(&Frame::Goodbye(reason));
        self.line.effects.push_back(RelayEffect::Close(code));
        self.state = State::Over;
    }
}

fn check_version(signed: &Signed) -> Result<(), Code> {
    match signed.version() {
        Ok(version) if version == u64::from(VERSION) => Ok(()),
        Ok(_) => Err(Code::Version),
        Err(error) => Err(error.code()),
    }
}
