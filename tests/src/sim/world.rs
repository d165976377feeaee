//! The run: what may happen next is a list, the seed picks from it.

use std::collections::{BTreeMap, VecDeque};

use sync::{
    Code, DeviceSession, Mode, Nonce, Outcome, RelayConfig, RelayEffect, RelaySession, Report, Tick, backoff_ms,
};

use super::check::{self, Ledger};
use super::device::{Device, Performed};
use super::link::Direction;
use super::relay::{self, Mail, Relay};
use super::{Fallible, Mutation, Summary, Violation};
use crate::generate::Dice;

/// How many steps things break for.
const CHAOS_STEPS: u64 = 900;
/// How many steps may pass until everything is at rest; a run that needs more is stuck.
const HEALING_STEPS_MAX: u64 = 60_000;

/// One connection, as far as it still exists.
struct Connection {
    device: usize,
    /// The device's end; none once it crashed or ended.
    device_end: Option<DeviceSession>,
    /// The relay's end; none once it crashed or closed.
    relay_end: Option<RelaySession>,
    up: Direction,
    down: Direction,
    /// Effects may wait at this end.
    device_ready: bool,
    relay_ready: bool,
    mail: VecDeque<Mail>,
    /// The link is dead, and what is sent into it is lost.
    cut: bool,
}

/// Something that may happen.
#[derive(Debug, Clone, Copy)]
enum Action {
    DeviceEffect(u64),
    RelayEffect(u64),
    DeliverUp(u64),
    DeliverDown(u64),
    Mail(u64),
    DeviceNotices(u64),
    RelayNotices(u64),
    GroupCommit,
    Connect(usize),
    Edit,
    Materialize,
    Cut(u64),
    Damage(u64),
    CrashDevice,
    CrashRelay,
}

struct World {
    dice: Dice,
    mutation: Option<Mutation>,
    now_ms: u64,
    devices: Vec<Device>,
    relay: Relay,
    connections: BTreeMap<u64, Connection>,
    next_connection: u64,
    ledger: Ledger,
    breaking: bool,
    latency_ms_max: u64,
    batch_bytes: usize,
    per_mille_trouble: u64,
    /// How the session of a device that ended last has ended, and what it cost.
    last_end: Option<(Outcome, Report)>,
    summary: Summary,
}

/// Runs one seed.
///
/// # Errors
/// [`Violation`] when something that must hold does not.
pub fn run(seed: u64, mutation: Option<Mutation>) -> Result<Summary, Violation> {
    let mut world = World::new(seed, mutation).map_err(|what| Violation { seed, step: 0, what })?;
    world.play().map_err(|what| Violation { seed, step: world.summary.steps, what })?;
    Ok(world.summary)
}

impl World {
    fn new(seed: u64, mutation: Option<Mutation>) -> Fallible<Self> {
        let mut dice = Dice::new(seed, 0);
        let count = usize::try_from(dice.between(2, 6)).unwrap_or(2);
        let devices: Vec<Device> = (0..count).map(|number| Device::new(number, &mut dice)).collect::<Result<_, _>>()?;
        let invites: Vec<&str> = devices.iter().map(Device::invite).collect();
        let relay = Relay::new(&mut dice, &invites)?;
        Ok(World {
            latency_ms_max: dice.weighted(&[(2, 5), (2, 100), (1, 900)]),
            batch_bytes: dice.weighted(&[(2, 400), (2, 3_000), (1, 256 * 1024)]),
            per_mille_trouble: dice.weighted(&[(1, 0), (3, 15), (2, 60)]),
            dice,
            mutation,
            now_ms: 0,
            devices,
            relay,
            connections: BTreeMap::new(),
            next_connection: 0,
            ledger: Ledger::default(),
            last_end: None,
            breaking: true,
            summary: Summary::default(),
        })
    }

    fn play(&mut self) -> Fallible<()> {
        while self.summary.steps < CHAOS_STEPS {
            self.step()?;
        }
        self.breaking = false;
        let deadline = self.summary.steps + HEALING_STEPS_MAX;
        while !self.is_at_rest() {
            if self.summary.steps >= deadline {
                return Err("nothing comes to rest".to_owned());
            }
            self.step()?;
        }
        check::converged(&mut self.devices, &self.relay, &self.ledger)?;
        self.check_that_rest_is_cheap()?;
        let documents = self.relay.documents()?;
        self.summary.documents = documents.len() as u64;
        self.summary.changes = documents.values().map(|held| held.change_count() as u64).sum();
        self.summary.elapsed_ms = self.now_ms;
        Ok(())
    }

    /// A device that lacks nothing and has nothing to say pays one round trip and less than a kilobyte (I3).
    fn check_that_rest_is_cheap(&mut self) -> Fallible<()> {
        for number in 0..self.devices.len() {
            let (outcome, report) = self.exchange_alone(number)?;
            let cheap = report.round_trips == 1 && report.bytes_up + report.bytes_down < 1_000;
            if outcome != Outcome::Done || !cheap || report.pulled + report.pushed > 0 {
                return Err(format!("device {number} lacked nothing and had {outcome:?}, {report:?}"));
            }
        }
        Ok(())
    }

    /// One exchange with nobody else connected.
    fn exchange_alone(&mut self, number: usize) -> Fallible<(Outcome, Report)> {
        self.connections.clear();
        self.last_end = None;
        self.open(number, Mode::Once)?;
        let id = self.next_connection - 1;
        for _ in 0..1_000 {
            if let Some(end) = self.last_end.take() {
                return Ok(end);
            }
            let mut actions = Vec::new();
            self.connection_actions(id, &mut actions);
            match actions.first() {
                Some(action) => self.act(*action)?,
                None => self.wait(),
            }
        }
        Err(format!("device {number} does not finish"))
    }

    /// Nothing is under way, and every device follows the feed at its head.
    fn is_at_rest(&self) -> bool {
        let busy = |c: &Connection| {
            c.device_ready || c.relay_ready || !c.mail.is_empty() || !c.up.is_empty() || !c.down.is_empty() || c.cut
        };
        !self.relay.has_waiting()
            && !self.connections.values().any(busy)
            && (0..self.devices.len()).all(|number| {
                self.connections.values().any(|connection| {
                    connection.device == number
                        && connection.relay_end.is_some()
                        && connection.device_end.as_ref().is_some_and(DeviceSession::is_caught_up)
                })
            })
    }

    fn step(&mut self) -> Fallible<()> {
        self.summary.steps += 1;
        self.now_ms += self.dice.below(4);
        self.connections.retain(|_, c| c.device_end.is_some() || c.relay_end.is_some());
        let mut actions = Vec::new();
        for id in self.connections.keys().copied().collect::<Vec<_>>() {
            self.connection_actions(id, &mut actions);
        }
        if self.relay.has_waiting() {
            actions.push(Action::GroupCommit);
        }
        for (number, device) in self.devices.iter().enumerate() {
            let connected = self.connections.values().any(|c| c.device == number && c.device_end.is_some());
            if !connected && device.next_attempt_ms <= self.now_ms {
                actions.push(Action::Connect(number));
            }
        }
        if self.breaking {
            if self.dice.chance(80) {
                actions.push(Action::Edit);
            }
            if self.dice.chance(self.per_mille_trouble) {
                return self.trouble();
            }
        }
        if self.dice.chance(10) {
            return self.act(Action::Materialize);
        }
        match actions.len() {
            0 => {
                self.wait();
                Ok(())
            }
            count => {
                let index = usize::try_from(self.dice.below(count as u64)).unwrap_or_default();
                self.act(actions[index])
            }
        }
    }

    fn connection_actions(&self, id: u64, actions: &mut Vec<Action>) {
        let Some(connection) = self.connections.get(&id) else { return };
        let arrived = |direction: &Direction| direction.next_at().is_some_and(|at| at <= self.now_ms);
        if connection.device_ready && connection.device_end.is_some() {
            actions.push(Action::DeviceEffect(id));
        }
        if connection.relay_ready && connection.relay_end.is_some() {
            actions.push(Action::RelayEffect(id));
        }
        if !connection.mail.is_empty() && connection.relay_end.is_some() {
            actions.push(Action::Mail(id));
        }
        // A driver performs what is to be done before it reads on.
        if !connection.relay_ready && arrived(&connection.up) && connection.relay_end.is_some() {
            actions.push(Action::DeliverUp(id));
        }
        if !connection.device_ready && arrived(&connection.down) && connection.device_end.is_some() {
            actions.push(Action::DeliverDown(id));
        }
        let over = |gone: bool, direction: &Direction| connection.cut || (gone && direction.is_empty());
        if connection.device_end.is_some() && over(connection.relay_end.is_none(), &connection.down) {
            actions.push(Action::DeviceNotices(id));
        }
        if connection.relay_end.is_some() && over(connection.device_end.is_none(), &connection.up) {
            actions.push(Action::RelayNotices(id));
        }
    }

    fn trouble(&mut self) -> Fallible<()> {
        let ids: Vec<u64> = self.connections.keys().copied().collect();
        let action = match (self.dice.below(10), ids.is_empty()) {
            (0..=1, _) | (_, true) => Action::CrashDevice,
            (2, _) => Action::CrashRelay,
            (kind, _) => {
                let id = ids[usize::try_from(self.dice.below(ids.len() as u64)).unwrap_or_default()];
                if kind < 7 { Action::Cut(id) } else { Action::Damage(id) }
            }
        };
        self.act(action)
    }

    /// Nothing can happen now: the clock moves to whatever comes next.
    fn wait(&mut self) {
        let mut next = self.now_ms + 60_000;
        for device in &self.devices {
            if device.next_attempt_ms > self.now_ms {
                next = next.min(device.next_attempt_ms);
            }
        }
        for connection in self.connections.values() {
            let timers = [
                connection.device_end.as_ref().and_then(DeviceSession::poll_timeout),
                connection.relay_end.as_ref().and_then(RelaySession::poll_timeout),
            ];
            let arrivals = [connection.up.next_at(), connection.down.next_at()];
            let times = timers.into_iter().flatten().map(Tick::millis).chain(arrivals.into_iter().flatten());
            next = times.fold(next, u64::min);
        }
        self.now_ms = next.max(self.now_ms + 1);
        let now = Tick::from_millis(self.now_ms);
        for connection in self.connections.values_mut() {
            if let Some(session) = &mut connection.device_end {
                session.handle_timeout(now);
                connection.device_ready = true;
            }
            if let Some(session) = &mut connection.relay_end {
                session.handle_timeout(now);
                connection.relay_ready = true;
            }
        }
    }

    fn act(&mut self, action: Action) -> Fallible<()> {
        match action {
            Action::DeviceEffect(id) => self.device_effect(id),
            Action::RelayEffect(id) => self.relay_effect(id),
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
            Action::Materialize => self.relay.materialize(3),
            Action::Cut(id) => {
                self.summary.cuts += 1;
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.cut = true;
                    connection.up.lose();
                    connection.down.lose();
                }
                Ok(())
            }
            Action::Damage(id) => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    let direction = if self.dice.chance(500) { &mut connection.up } else { &mut connection.down };
                    self.summary.damaged += u64::from(direction.damage(&mut self.dice));
                }
                Ok(())
            }
            Action::CrashDevice => self.crash_device(),
            Action::CrashRelay => {
                self.summary.crashes += 1;
                self.relay.crash();
                for connection in self.connections.values_mut() {
                    connection.relay_end = None;
                    connection.mail.clear();
                    connection.up.lose();
                }
                check::acknowledged_is_durable(&self.ledger, &self.relay)
            }
        }
    }

    fn open(&mut self, number: usize, mode: Mode) -> Fallible<()> {
        self.summary.connections += 1;
        let now = Tick::from_millis(self.now_ms);
        let mut nonce = [0; 32];
        nonce[..8].copy_from_slice(&self.dice.next().to_be_bytes());
        let connection = Connection {
            device: number,
            device_end: Some(self.devices[number].connect(mode, self.batch_bytes, self.now_ms)?),
            relay_end: Some(RelaySession::new(
                RelayConfig { batch_bytes: self.batch_bytes },
                Nonce::from_bytes(nonce),
                now,
            )),
            up: Direction::default(),
            down: Direction::default(),
            device_ready: true,
            relay_ready: true,
            mail: VecDeque::new(),
            cut: false,
        };
        self.connections.insert(self.next_connection, connection);
        self.next_connection += 1;
        Ok(())
    }

    fn device_effect(&mut self, id: u64) -> Fallible<()> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        let Some(session) = &mut connection.device_end else { return Ok(()) };
        let number = connection.device;
        let device = &mut self.devices[number];
        device.catch_up_with_deferred()?;
        let Some(effect) = session.poll_effect() else {
            connection.device_ready = false;
            return Ok(());
        };
        if self.breaking && self.dice.chance(self.per_mille_trouble / 5) {
            self.summary.disk_failures += 1;
            device.fail_to_commit(&effect)?;
            connection.device_end = None;
            self.try_again(number, false);
            return check::cursor_is_true(number, &mut self.devices[number], &self.relay);
        }
        let performed = device.perform(effect, session, self.now_ms, self.mutation, &mut self.dice)?;
        match performed {
            Performed::Nothing => {}
            Performed::Frame(frame) if connection.cut => drop(frame),
            Performed::Frame(frame) => connection.up.send(frame, self.now_ms, &mut self.dice, self.latency_ms_max),
            Performed::Acknowledged(changes) => self.ledger.acknowledged.extend(changes),
            Performed::Committed => {
                if self.dice.chance(20) {
                    device.catch_up_with_deferred()?;
                    check::cursor_is_true(number, device, &self.relay)?;
                }
            }
            Performed::Ended(outcome) => {
                let never = Code::Signature.number()..=Code::InviteExpired.number();
                match &outcome {
                    Outcome::Restored { .. } => return Err(format!("device {number} ended with {outcome:?}")),
                    Outcome::Refused { code, .. } if never.contains(&code.number()) => {
                        return Err(format!("device {number} ended with {outcome:?}"));
                    }
                    _ => {}
                }
                let well = matches!(outcome, Outcome::Done | Outcome::Enrolled { .. });
                self.last_end = Some((outcome, session.report()));
                connection.device_end = None;
                self.try_again(number, well);
            }
        }
        Ok(())
    }

    fn try_again(&mut self, number: usize, well: bool) {
        let device = &mut self.devices[number];
        device.attempts = if well { 0 } else { device.attempts + 1 };
        device.next_attempt_ms = self.now_ms + backoff_ms(device.attempts, self.dice.next()) / 10;
    }

    fn relay_effect(&mut self, id: u64) -> Fallible<()> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        let Some(session) = &mut connection.relay_end else { return Ok(()) };
        let now = Tick::from_millis(self.now_ms);
        let Some(effect) = session.poll_effect() else {
            connection.relay_ready = false;
            return Ok(());
        };
        match effect {
            RelayEffect::Send(frame) => {
                if !connection.cut {
                    connection.down.send(frame.to_vec(), self.now_ms, &mut self.dice, self.latency_ms_max);
                }
                session.handle_sent(now);
            }
            RelayEffect::Authenticate(claim) => session.handle_admission(self.relay.admit(&claim, self.now_ms)?, now),
            RelayEffect::Enrol(request) => session.handle_enrolment(self.relay.enrol(&request, self.now_ms)?, now),
            RelayEffect::Append { branch, device, session_actor, submissions } => {
                let submission = relay::submission(branch, device, session_actor, submissions);
                if let Some(delivery) = self.relay.submit(id, submission, self.mutation)? {
                    connection.mail.push_back(delivery.mail);
                }
            }
            RelayEffect::ReadFeed { after, bytes_max, skip, .. } => {
                let batch = self.relay.read_feed(after, bytes_max, &skip, self.mutation, &mut self.dice)?;
                connection.mail.push_back(Mail::Feed(batch));
            }
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
        } else if let Some(session) = &mut connection.device_end {
            session.handle_frame(&frame, now);
            connection.device_ready = true;
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
            Some(Mail::Appended(verdicts)) => session.handle_appended(verdicts, now),
            Some(Mail::Live(batch)) => session.handle_live(&batch, now),
            Some(Mail::Feed(batch)) => session.handle_feed(batch, now),
            Some(Mail::StoreFailed) => session.shut(Code::Unavailable, now),
            None => {}
        }
        connection.relay_ready = true;
        Ok(())
    }

    fn group_commit(&mut self) -> Fallible<()> {
        let disk_fails = self.breaking && self.dice.chance(self.per_mille_trouble);
        self.summary.disk_failures += u64::from(disk_fails);
        for delivery in self.relay.group_commit(self.now_ms, disk_fails, &mut self.dice)? {
            match (delivery.connection, delivery.mail) {
                (Some(id), mail) => {
                    if let Some(connection) = self.connections.get_mut(&id) {
                        connection.mail.push_back(mail);
                    }
                }
                (None, Mail::Live(batch)) => {
                    for connection in self.connections.values_mut() {
                        connection.mail.push_back(Mail::Live(batch.clone()));
                    }
                }
                (None, _) => {}
            }
        }
        Ok(())
    }

    fn device_notices(&mut self, id: u64) -> Fallible<()> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        if let Some(session) = &mut connection.device_end {
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
        for _ in 0..self.dice.between(1, 3) {
            let device = &mut self.devices[number];
            device.catch_up_with_deferred()?;
            let saved = device.edit(self.now_ms, self.mutation, &mut self.dice)?;
            self.summary.edits += 1;
            self.ledger.saved.extend(saved);
        }
        let now = Tick::from_millis(self.now_ms);
        for connection in self.connections.values_mut().filter(|connection| connection.device == number) {
            if let Some(session) = &mut connection.device_end {
                session.handle_outbox_grew(now);
                connection.device_ready = true;
            }
        }
        Ok(())
    }

    fn crash_device(&mut self) -> Fallible<()> {
        self.summary.crashes += 1;
        let number = usize::try_from(self.dice.below(self.devices.len() as u64)).unwrap_or_default();
        self.devices[number].crash();
        for connection in self.connections.values_mut().filter(|connection| connection.device == number) {
            connection.device_end = None;
            connection.down.lose();
        }
        self.try_again(number, false);
        check::cursor_is_true(number, &mut self.devices[number], &self.relay)
    }
}
