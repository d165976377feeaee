//! What may happen in one step: an end performs an effect, a frame arrives, the relay commits, somebody edits.

use std::collections::VecDeque;

use store::FeedAsk;
use sync::{
    Code, DeviceEffect, LiveBatch, Mode, Nonce, Outcome, RelayConfig, RelayEffect, RelaySession, Report, Tick, Windows,
    backoff_ms,
};

use super::check;
use super::device::{Came, Exchange, Saved};
use super::link::Direction;
use super::relay::{self, Mail};
use super::world::{Connection, World};
use super::{Fallible, wrong};

/// Something that may happen.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    DeviceEffect(u64),
    RelayEffect(u64),
    RelaySent(u64),
    DeliverUp(u64),
    DeliverDown(u64),
    Mail(u64),
    DeviceNotices(u64),
    RelayNotices(u64),
    GroupCommit,
    Connect(usize),
    Edit,
    Materialize,
}

impl Action {
    /// For the trace: what, and of whom.
    const fn number(self) -> (u64, u64) {
        match self {
            Action::DeviceEffect(id) => (1, id),
            Action::RelayEffect(id) => (2, id),
            Action::DeliverUp(id) => (3, id),
            Action::DeliverDown(id) => (4, id),
            Action::Mail(id) => (5, id),
            Action::DeviceNotices(id) => (6, id),
            Action::RelayNotices(id) => (7, id),
            Action::GroupCommit => (8, 0),
            Action::Connect(number) => (9, number as u64),
            Action::Edit => (10, 0),
            Action::Materialize => (11, 0),
            Action::RelaySent(id) => (12, id),
        }
    }
}

impl World {
    pub(super) fn act(&mut self, action: Action) -> Fallible<()> {
        let (what, whom) = action.number();
        self.trace.count(self.now_ms << 8 | what);
        self.trace.count(whom);
        match action {
            Action::DeviceEffect(id) => self.device_effect(id),
            Action::RelayEffect(id) => self.relay_effect(id),
            Action::RelaySent(id) => self.relay_sent(id),
            Action::DeliverUp(id) => self.deliver(id, true),
            Action::DeliverDown(id) => self.deliver(id, false),
            Action::Mail(id) => self.read_mail(id),
            Action::DeviceNotices(id) => self.device_notices(id),
            Action::RelayNotices(id) => self.relay_notices(id),
            Action::GroupCommit => self.group_commit(),
            Action::Connect(number) => {
                let follows = !self.breaking || self.dice.chance(500);
                self.open(number, if follows { Mode::Follow } else { Mode::Once })
            }
            Action::Edit => self.edit(),
            Action::Materialize => {
                let done = self.relay.materialize(3);
                if self.relay.disk.is_broken() { Ok(()) } else { done }
            }
        }
    }

    pub(super) fn open(&mut self, number: usize, mode: Mode) -> Fallible<()> {
        self.summary.connections += 1;
        self.story.tell(|| format!("device {number} opens a connection, {mode:?}"));
        let now = Tick::from_millis(self.now_ms);
        let mut nonce = [0; 32];
        nonce[..8].copy_from_slice(&self.dice.next().to_be_bytes());
        let device = &mut self.devices[number];
        let exchange = match device.connect(mode, self.now_ms) {
            Ok(exchange) => exchange,
            Err(_) if device.disk.is_broken() => {
                self.try_again(number, false);
                return Ok(());
            }
            Err(error) => return Err(wrong(error)),
        };
        let connection = Connection {
            device: number,
            device_end: Some(exchange),
            relay_end: Some(
                RelaySession::new(RelayConfig::default(), Nonce::from_bytes(nonce), now).with_windows(&Windows::new(1)),
            ),
            up: Direction::default(),
            down: Direction::default(),
            device_ready: true,
            relay_ready: true,
            device_sends_until_ms: 0,
            relay_sent_ms: VecDeque::new(),
            mail: VecDeque::new(),
            cut: false,
            worn: false,
            stale: false,
        };
        self.connections.insert(self.next_connection, connection);
        self.next_connection += 1;
        Ok(())
    }

    fn device_effect(&mut self, id: u64) -> Fallible<()> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        let Some(exchange) = &mut connection.device_end else { return Ok(()) };
        let number = connection.device;
        let device = &mut self.devices[number];
        let Some(what) = exchange.next(&mut self.dice) else {
            connection.device_ready = false;
            return Ok(());
        };
        if !matches!(what.effect, DeviceEffect::Send(_)) {
            self.story.tell(|| format!("device {number}, connection {id}: {what:?}"));
        }
        self.summary.together += u64::from(what.count > 1);
        let came = match device.perform(what, exchange, self.now_ms, self.mutation, &mut self.dice) {
            Ok(came) => came,
            Err(error) if device.disk.is_broken() => {
                self.story.tell(|| format!("device {number}, connection {id}: {error:?}"));
                connection.device_end = None;
                self.try_again(number, false);
                return Ok(());
            }
            Err(error) => return Err(format!("device {number}: {error:?}")),
        };
        match came {
            Came::Done => {}
            Came::Frame(frame) if connection.cut || connection.worn => drop(frame),
            Came::Frame(frame) => {
                self.trace.note(&frame);
                connection.device_sends_until_ms =
                    connection.up.send(frame, self.now_ms, &mut self.dice, &self.weather.network);
                self.overflow(id, true);
            }
            Came::Acknowledged(_) if connection.stale => {}
            Came::Acknowledged(changes) => self.ledger.acknowledged(changes),
            Came::Committed => {
                if self.dice.chance(20) {
                    self.check_cursor(number)?;
                }
            }
            Came::Over(outcome, again) => {
                let report = exchange.session.report();
                connection.device_end = None;
                self.ended(number, outcome, report, again)?;
            }
        }
        Ok(())
    }

    /// A session of a device is over.
    fn ended(&mut self, number: usize, outcome: Outcome, report: Report, again: bool) -> Fallible<()> {
        if let Some(reconcile) = report.reconcile {
            self.summary.reconciles += 1;
            if !self.upset {
                return Err(format!("device {number} reconciled without a cause: {reconcile:?}"));
            }
        }
        let never = Code::Signature.number()..=Code::InviteExpired.number();
        match &outcome {
            Outcome::Restored { .. } if self.upset => self.summary.found_restored += 1,
            Outcome::Unequal { .. } if self.upset => self.summary.unequal += 1,
            Outcome::Restored { .. } | Outcome::Unequal { .. } => {
                return Err(format!("device {number} ended with {outcome:?}"));
            }
            // The relay was put back to a state before this device joined.
            Outcome::Refused { code: Code::NotEnrolled, .. } if self.upset => {
                self.devices[number].is_invited(self.incarnation);
            }
            Outcome::Refused { code, .. } if never.contains(&code.number()) => {
                return Err(format!("device {number} ended with {outcome:?}"));
            }
            _ => {}
        }
        let well = again || outcome == Outcome::Done;
        self.last_end = Some((outcome, report));
        self.try_again(number, well);
        Ok(())
    }

    /// No store's cursor promises what the store does not hold; a disk that fails cannot be asked.
    pub(super) fn check_cursor(&mut self, number: usize) -> Fallible<()> {
        if self.devices[number].disk.is_broken() || self.relay.disk.is_broken() {
            return Ok(());
        }
        let relay = (!self.rewound).then_some(&self.relay);
        check::cursor_is_true(number, &mut self.devices[number], relay, &mut self.library)
    }

    pub(super) fn try_again(&mut self, number: usize, well: bool) {
        let device = &mut self.devices[number];
        device.attempts = if well { 0 } else { device.attempts + 1 };
        device.next_attempt_ms = self.now_ms + backoff_ms(device.attempts, self.dice.next()) / 10;
    }

    /// Where bytes take no time, the frame that is one too many for the link is lost as it is sent.
    fn overflow(&mut self, id: u64, up: bool) {
        let Some(limit) = self.weather.network.cut_every_bytes else { return };
        if let Some(connection) = self.connections.get_mut(&id)
            && self.weather.network.bytes_per_s.is_none()
            && !connection.worn
            && connection.carried(self.now_ms) > limit
        {
            self.summary.cuts += 1;
            connection.worn = true;
            if up { connection.up.lose_last() } else { connection.down.lose_last() }
        }
    }

    fn relay_sent(&mut self, id: u64) -> Fallible<()> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        if let Some(session) = &mut connection.relay_end {
            connection.relay_sent_ms.pop_front();
            session.handle_sent(Tick::from_millis(self.now_ms));
            connection.relay_ready = true;
        }
        Ok(())
    }

    fn relay_effect(&mut self, id: u64) -> Fallible<()> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        let Some(session) = &mut connection.relay_end else { return Ok(()) };
        let now = Tick::from_millis(self.now_ms);
        let Some(effect) = session.poll_effect() else {
            connection.relay_ready = false;
            return Ok(());
        };
        let unavailable = self.relay.disk.is_broken();
        if !matches!(effect, RelayEffect::Send(_)) {
            self.story.tell(|| format!("relay, connection {id}: {effect:?}"));
        }
        match effect {
            RelayEffect::Send(frame) => {
                let mut sent_ms = self.now_ms;
                if !connection.cut && !connection.worn {
                    self.trace.note(&frame);
                    let network = &self.weather.network;
                    sent_ms = connection.down.send(frame.to_vec(), self.now_ms, &mut self.dice, network);
                }
                if sent_ms > self.now_ms {
                    connection.relay_sent_ms.push_back(sent_ms);
                } else {
                    session.handle_sent(now);
                }
                self.overflow(id, false);
            }
            RelayEffect::Authenticate(claim) => match self.relay.admit(&claim, self.now_ms) {
                Err(_) if unavailable => session.shut(Code::Unavailable, now),
                admission => session.handle_admission(admission?, now),
            },
            RelayEffect::Enrol(request) => match self.relay.enrol(&request, self.now_ms) {
                Err(_) if unavailable => session.shut(Code::Unavailable, now),
                enrolment => session.handle_enrolment(enrolment?, now),
            },
            RelayEffect::Append { branch, device, session_actor, submissions } => {
                let submission = relay::submission(branch, device, session_actor, submissions);
                connection.mail.extend(self.relay.submit(id, submission, self.mutation)?);
            }
            RelayEffect::Restore { device, items, .. } => match self.relay.bring_back(id, device, items, self.mutation)
            {
                Err(_) if unavailable => session.shut(Code::Unavailable, now),
                queued => queued?,
            },
            RelayEffect::ReadFeed { after, owed, large_bytes, bytes_max, skip, .. } => {
                let ask = FeedAsk { after, owed: &owed, bytes_max, large_bytes, skip: &skip };
                match self.relay.read_feed(&ask, self.mutation, &mut self.dice) {
                    Err(_) if unavailable => session.shut(Code::Unavailable, now),
                    batch => connection.mail.push_back(Mail::Feed(batch?)),
                }
            }
            RelayEffect::ReadRanges { queries, .. } => match self.relay.ranges(&queries, self.mutation) {
                Err(_) if unavailable => session.shut(Code::Unavailable, now),
                answers => connection.mail.push_back(Mail::Ranges(answers?)),
            },
            RelayEffect::Compare { asks, bytes_max, .. } => match self.relay.compare(asks, bytes_max, self.mutation) {
                Err(_) if unavailable => session.shut(Code::Unavailable, now),
                compared => connection.mail.push_back(Mail::Compared(compared?)),
            },
            RelayEffect::ReportProgress(_) => {}
            RelayEffect::Close(_) => connection.relay_end = None,
        }
        Ok(())
    }

    fn deliver(&mut self, id: u64, up: bool) -> Fallible<()> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        let direction = if up { &mut connection.up } else { &mut connection.down };
        let Some(frame) = direction.receive(self.now_ms) else { return Ok(()) };
        self.summary.frames += 1;
        let now = Tick::from_millis(self.now_ms);
        if up {
            if let Some(session) = &mut connection.relay_end {
                session.handle_frame(&frame, now);
                connection.relay_ready = true;
            }
        } else if let Some(Exchange { session, .. }) = &mut connection.device_end {
            session.handle_frame(&frame, now);
            connection.device_ready = true;
            // A device looks at whatever else has arrived before it commits any of it.
            while self.dice.chance(500)
                && let Some(frame) = connection.down.receive(self.now_ms)
            {
                self.summary.frames += 1;
                session.handle_frame(&frame, now);
            }
        }
        Ok(())
    }

    /// The relay's end reads its mail: in order, or a live batch before its turn.
    fn read_mail(&mut self, id: u64) -> Fallible<()> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        let Some(session) = &mut connection.relay_end else { return Ok(()) };
        let overtakes =
            connection.mail.len() > 1 && self.dice.chance(50) && matches!(connection.mail[1], Mail::Live(_));
        let mail = if overtakes { connection.mail.remove(1) } else { connection.mail.pop_front() };
        let now = Tick::from_millis(self.now_ms);
        match mail {
            Some(Mail::Appended(appended)) => session.handle_appended(appended, now),
            Some(Mail::Restored(restored)) => session.handle_restored(restored, now),
            Some(Mail::Ranges(answers)) => session.handle_ranges(answers, now),
            Some(Mail::Compared(compared)) => session.handle_compared(compared, now),
            Some(Mail::Live(batch)) => session.handle_live(&batch, now),
            Some(Mail::Feed(batch)) => session.handle_feed(batch, now),
            Some(Mail::StoreFailed) => session.shut(Code::Unavailable, now),
            None => {}
        }
        connection.relay_ready = true;
        Ok(())
    }

    fn group_commit(&mut self) -> Fallible<()> {
        for delivery in self.relay.group_commit(self.now_ms, self.mutation, &mut self.dice)? {
            match (delivery.connection, delivery.mail) {
                (Some(id), mail) => {
                    if let Some(connection) = self.connections.get_mut(&id) {
                        connection.mail.push_back(mail);
                    }
                }
                (None, Mail::Live(batch)) => self.publish(&batch),
                (None, _) => {}
            }
        }
        Ok(())
    }

    /// Everybody connected is told.
    pub(super) fn publish(&mut self, batch: &LiveBatch) {
        for connection in self.connections.values_mut() {
            connection.mail.push_back(Mail::Live(batch.clone()));
        }
    }

    fn device_notices(&mut self, id: u64) -> Fallible<()> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        if let Some(Exchange { session, .. }) = &mut connection.device_end {
            session.handle_closed(Tick::from_millis(self.now_ms));
            connection.device_ready = true;
        }
        Ok(())
    }

    fn relay_notices(&mut self, id: u64) -> Fallible<()> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        if let Some(session) = &mut connection.relay_end {
            session.handle_closed(Tick::from_millis(self.now_ms));
            connection.relay_ready = true;
        }
        Ok(())
    }

    fn edit(&mut self) -> Fallible<()> {
        let number = usize::try_from(self.dice.below(self.devices.len() as u64)).unwrap_or_default();
        self.edit_on(number)
    }

    /// Somebody edits on this device, a few times.
    pub(super) fn edit_on(&mut self, number: usize) -> Fallible<()> {
        for _ in 0..self.dice.between(1, 3) {
            let device = &mut self.devices[number];
            let mark = format!("#{}#", self.summary.edits);
            match device.edit(&mark, self.weather.style, self.now_ms, self.mutation, &mut self.dice) {
                Ok(saved) => {
                    self.summary.edits += 1;
                    for Saved { doc, hash } in saved {
                        self.trace.note(hash.as_bytes());
                        self.story.tell(|| format!("device {number} saves {mark}, {hash} of {doc}"));
                        self.ledger.saved(doc, hash, mark.clone());
                    }
                }
                // The command has told the person so.
                Err(_) if device.disk.is_broken() => break,
                Err(error) => return Err(error),
            }
        }
        let now = Tick::from_millis(self.now_ms);
        for connection in self.connections.values_mut().filter(|connection| connection.device == number) {
            if let Some(Exchange { session, .. }) = &mut connection.device_end {
                session.handle_outbox_grew(now);
                connection.device_ready = true;
            }
        }
        Ok(())
    }
}
