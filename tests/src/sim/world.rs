//! The run: what may happen next is a list, the seed picks from it.

use std::collections::{BTreeMap, VecDeque};

use sync::{Mode, Outcome, RelaySession, Report, Tick};

use super::check;
use super::device::{Device, Exchange, invite};
use super::events::Action;
use super::ledger::Ledger;
use super::library::Library;
use super::link::Direction;
use super::mutation::Mutation;
use super::relay::{Mail, Relay};
use super::trace::{Story, Trace};
use super::weather::Weather;
use super::{Fallible, Summary, Violation};
use crate::generate::Dice;

/// How many steps may pass until everything is at rest; a run that needs more is stuck. Nine devices on a link that is cut every
/// 16 KiB took 11,000.
const HEALING_STEPS_MAX: u64 = 40_000;
/// The same where somebody broke it on purpose and it is stuck more often than not.
const SABOTAGED_STEPS_MAX: u64 = 12_000;

/// One connection, as far as it still exists.
pub(super) struct Connection {
    pub(super) device: usize,
    /// The device's end; none once it crashed or ended.
    pub(super) device_end: Option<Exchange>,
    /// The relay's end; none once it crashed or closed.
    pub(super) relay_end: Option<RelaySession>,
    pub(super) up: Direction,
    pub(super) down: Direction,
    /// Effects may wait at this end.
    pub(super) device_ready: bool,
    pub(super) relay_ready: bool,
    /// Until when the device's end waits for the system to take what it sent.
    pub(super) device_sends_until_ms: u64,
    /// When the system has taken what the relay's end sent, frame by frame.
    pub(super) relay_sent_ms: VecDeque<u64>,
    pub(super) mail: VecDeque<Mail>,
    /// The link is dead, what is sent into it is lost, and both ends get to know.
    pub(super) cut: bool,
    /// It has carried all it will: what is on its way still arrives, then it is cut.
    pub(super) worn: bool,
    /// The relay it was opened to has been put back or lost since.
    pub(super) stale: bool,
}

impl Connection {
    /// Whether what is sent still arrives, both ways.
    fn carries(&self) -> bool {
        !self.cut && !self.worn && !self.up.silent && !self.down.silent
    }

    pub(super) fn cut(&mut self) {
        self.cut = true;
        self.up.lose();
        self.down.lose();
    }

    /// Bytes that have left either end by `at_ms`.
    pub(super) fn carried(&self, at_ms: u64) -> u64 {
        self.up.left(at_ms) + self.down.left(at_ms)
    }

    /// When it will have carried `limit` bytes of what was sent so far.
    fn wears_out_at(&self, limit: Option<u64>) -> Option<u64> {
        let limit = limit.filter(|_| !self.cut && !self.worn)?;
        let (mut before, mut at_ms) = (0, self.up.free_at_ms().max(self.down.free_at_ms()));
        if self.carried(at_ms) < limit {
            return None;
        }
        while before < at_ms {
            let middle = before.midpoint(at_ms);
            if self.carried(middle) < limit { before = middle + 1 } else { at_ms = middle }
        }
        Some(at_ms)
    }
}

pub(super) struct World {
    pub(super) dice: Dice,
    pub(super) mutation: Option<Mutation>,
    pub(super) weather: Weather,
    pub(super) now_ms: u64,
    pub(super) devices: Vec<Device>,
    pub(super) relay: Relay,
    pub(super) connections: BTreeMap<u64, Connection>,
    pub(super) next_connection: u64,
    pub(super) ledger: Ledger,
    pub(super) library: Library,
    pub(super) breaking: bool,
    /// How many disks the relay has had.
    pub(super) incarnation: u64,
    /// The relay or a device was put back to an earlier state: sums may differ, and reconciling has a cause.
    pub(super) upset: bool,
    /// The relay was put back under its old epoch: until they have met it, devices' cursors speak of another feed.
    pub(super) rewound: bool,
    /// How the session of a device that ended last has ended, and what it cost.
    pub(super) last_end: Option<(Outcome, Report)>,
    pub(super) summary: Summary,
    pub(super) trace: Trace,
    pub(super) story: Story,
}

/// Runs one seed.
///
/// # Errors
/// [`Violation`] when something that must hold does not.
pub fn run(seed: u64, mutation: Option<Mutation>) -> Result<Summary, Violation> {
    play(seed, mutation, Story::untold()).0
}

/// Runs one seed and tells what happened, in the order it happened.
pub fn narrate(seed: u64, mutation: Option<Mutation>) -> (Result<Summary, Violation>, Vec<String>) {
    play(seed, mutation, Story::told())
}

fn play(seed: u64, mutation: Option<Mutation>, story: Story) -> (Result<Summary, Violation>, Vec<String>) {
    let mut world = match World::new(seed, mutation) {
        Ok(world) => World { story, ..world },
        Err(what) => return (Err(Violation { seed, step: 0, what }), Vec::new()),
    };
    let played = world.play().map_err(|what| Violation { seed, step: world.summary.steps, what });
    world.summary.trace = world.trace.value();
    (played.map(|()| world.summary), world.story.into_lines())
}

impl World {
    fn new(seed: u64, mutation: Option<Mutation>) -> Fallible<Self> {
        let mut dice = Dice::new(seed, 0);
        let weather = Weather::draw(&mut dice);
        World::under(weather, dice, mutation)
    }

    /// A world that nothing has happened in.
    pub(super) fn under(weather: Weather, mut dice: Dice, mutation: Option<Mutation>) -> Fallible<Self> {
        let mut devices: Vec<Device> = (0..weather.devices)
            .map(|number| Device::new(number, weather.frame_bytes, &mut dice))
            .collect::<Result<_, _>>()?;
        devices.iter_mut().for_each(|device| device.set_clock(weather.clock_ms_max, &mut dice));
        let invites: Vec<String> = (0..weather.devices).map(|number| invite(number, 0)).collect();
        let relay = Relay::new(&mut dice, &invites)?;
        Ok(World {
            dice,
            mutation,
            weather,
            now_ms: 0,
            devices,
            relay,
            connections: BTreeMap::new(),
            next_connection: 0,
            ledger: Ledger::default(),
            library: Library::default(),
            last_end: None,
            breaking: true,
            incarnation: 0,
            upset: false,
            rewound: false,
            summary: Summary::default(),
            trace: Trace::new(),
            story: Story::untold(),
        })
    }

    fn play(&mut self) -> Fallible<()> {
        while self.summary.steps < self.weather.chaos_steps {
            self.step()?;
        }
        self.heal()?;
        let steps_max = if self.mutation.is_some() { SABOTAGED_STEPS_MAX } else { HEALING_STEPS_MAX };
        let deadline = self.summary.steps + steps_max;
        while !self.is_at_rest() {
            if self.summary.steps >= deadline {
                return Err("nothing comes to rest".to_owned());
            }
            self.step()?;
        }
        self.relay.materialize(u32::MAX)?;
        let kept = check::converged(&mut self.devices, &self.relay, &self.ledger, &mut self.library)?;
        self.check_that_rest_is_cheap()?;
        let held = self.relay.holdings(&mut self.library)?;
        self.summary.documents = held.documents.len() as u64;
        self.summary.changes = held.documents.values().map(|held| held.changes.len() as u64).sum();
        self.summary.kept = kept.as_written;
        self.summary.written_anew = kept.written_anew;
        self.summary.erased_edits = kept.erased;
        self.summary.void = self.ledger.void;
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
                None => self.wait()?,
            }
        }
        Err(format!("device {number} does not finish"))
    }

    /// Nothing is under way, and every device follows the feed at its head.
    fn is_at_rest(&self) -> bool {
        let busy = |c: &Connection| {
            let on_its_way = !c.up.is_empty() || !c.down.is_empty() || !c.mail.is_empty();
            c.device_ready || c.relay_ready || on_its_way || !c.carries()
        };
        !self.relay.has_waiting()
            && !self.connections.values().any(busy)
            && (0..self.devices.len()).all(|number| {
                self.connections.values().any(|connection| {
                    connection.device == number
                        && connection.relay_end.is_some()
                        && connection.device_end.as_ref().is_some_and(|exchange| exchange.session.is_caught_up())
                })
            })
    }

    fn step(&mut self) -> Fallible<()> {
        self.summary.steps += 1;
        self.story.at(self.summary.steps, self.now_ms);
        self.now_ms += self.dice.below(4);
        self.mend()?;
        self.connections.retain(|_, c| c.device_end.is_some() || c.relay_end.is_some());
        self.wear_out();
        if self.breaking {
            self.keep_copies()?;
        }
        if self.breaking && self.dice.chance(self.weather.per_mille_trouble) {
            return self.trouble();
        }
        if self.breaking && self.dice.chance(self.weather.per_mille_edit) {
            return self.act(Action::Edit);
        }
        if self.dice.chance(10) {
            return self.act(Action::Materialize);
        }
        let mut actions = Vec::new();
        for id in self.connections.keys().copied().collect::<Vec<_>>() {
            self.connection_actions(id, &mut actions);
        }
        if self.relay.has_waiting() {
            actions.push(Action::GroupCommit);
        }
        for (number, device) in self.devices.iter().enumerate() {
            let connected = self.connections.values().any(|c| c.device == number && c.device_end.is_some());
            if !connected && device.next_attempt_ms.max(device.away_until_ms) <= self.now_ms {
                actions.push(Action::Connect(number));
            }
        }
        match actions.len() {
            0 => self.wait(),
            count => {
                let index = usize::try_from(self.dice.below(count as u64)).unwrap_or_default();
                self.act(actions[index])
            }
        }
    }

    /// A bad network cuts a connection that has carried so much; what is under way still arrives, if it has left whole.
    pub(super) fn wear_out(&mut self) {
        for connection in self.connections.values_mut() {
            let limit = self.weather.network.cut_every_bytes;
            if let Some(at_ms) = connection.wears_out_at(limit).filter(|at_ms| *at_ms <= self.now_ms) {
                self.summary.cuts += 1;
                connection.worn = true;
                connection.up.cut(at_ms);
                connection.down.cut(at_ms);
            }
            if connection.worn && !connection.cut && connection.up.is_empty() && connection.down.is_empty() {
                connection.cut();
            }
        }
    }

    pub(super) fn connection_actions(&self, id: u64, actions: &mut Vec<Action>) {
        let Some(connection) = self.connections.get(&id) else { return };
        let arrived = |direction: &Direction| direction.next_at().is_some_and(|at| at <= self.now_ms);
        let device_waits = connection.device_sends_until_ms > self.now_ms;
        if connection.device_ready && !device_waits && connection.device_end.is_some() {
            actions.push(Action::DeviceEffect(id));
        }
        if connection.relay_ready && connection.relay_end.is_some() {
            actions.push(Action::RelayEffect(id));
        }
        if !connection.mail.is_empty() && connection.relay_end.is_some() {
            actions.push(Action::Mail(id));
        }
        if connection.relay_sent_ms.front().is_some_and(|at| *at <= self.now_ms) && connection.relay_end.is_some() {
            actions.push(Action::RelaySent(id));
        }
        // A driver performs what is to be done before it reads on.
        if !connection.relay_ready && arrived(&connection.up) && connection.relay_end.is_some() {
            actions.push(Action::DeliverUp(id));
        }
        if !connection.device_ready && arrived(&connection.down) && connection.device_end.is_some() {
            actions.push(Action::DeliverDown(id));
        }
        let over =
            |gone: bool, direction: &Direction| connection.cut || (gone && direction.is_empty() && !direction.silent);
        if connection.device_end.is_some() && over(connection.relay_end.is_none(), &connection.down) {
            actions.push(Action::DeviceNotices(id));
        }
        if connection.relay_end.is_some() && over(connection.device_end.is_none(), &connection.up) {
            actions.push(Action::RelayNotices(id));
        }
    }

    /// Nothing can happen now: the clock moves to whatever comes next.
    pub(super) fn wait(&mut self) -> Fallible<()> {
        let mut next = self.now_ms + 60_000;
        let mends = self.devices.iter().map(|device| device.mend_at_ms).chain([self.relay.mend_at_ms]).flatten();
        let attempts = self.devices.iter().map(|device| device.next_attempt_ms.max(device.away_until_ms));
        for at in attempts.chain(mends).filter(|at| *at > self.now_ms) {
            next = next.min(at);
        }
        for connection in self.connections.values() {
            let timers = [
                connection.device_end.as_ref().and_then(|exchange| exchange.session.poll_timeout()),
                connection.relay_end.as_ref().and_then(RelaySession::poll_timeout),
            ];
            let arrivals = [
                connection.up.next_at().filter(|_| connection.relay_end.is_some()),
                connection.down.next_at().filter(|_| connection.device_end.is_some()),
            ];
            let later = |at: &u64| *at > self.now_ms;
            let systems = [
                connection.wears_out_at(self.weather.network.cut_every_bytes),
                connection.relay_sent_ms.front().copied().filter(|_| connection.relay_end.is_some()),
                Some(connection.device_sends_until_ms).filter(|at| later(at) && connection.device_end.is_some()),
            ];
            let times = timers.into_iter().flatten().map(Tick::millis).chain(arrivals.into_iter().flatten());
            next = times.chain(systems.into_iter().flatten()).fold(next, u64::min);
        }
        self.now_ms = next.max(self.now_ms + 1);
        self.mend()?;
        let now = Tick::from_millis(self.now_ms);
        for connection in self.connections.values_mut() {
            if let Some(Exchange { session, .. }) = &mut connection.device_end
                && session.poll_timeout().is_some_and(|at| at <= now)
            {
                session.handle_timeout(now);
                connection.device_ready = true;
            }
            if let Some(session) = &mut connection.relay_end
                && session.poll_timeout().is_some_and(|at| at <= now)
            {
                session.handle_timeout(now);
                connection.relay_ready = true;
            }
        }
        Ok(())
    }
}
