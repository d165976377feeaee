//! What an exchange costs over a poor link: every byte that leaves either end, over as many connections as it takes.
//!
//! Nothing else goes wrong here: two devices and their relay, real sessions, engine and stores, virtual time. What is counted
//! are the frames, their websocket headers and the openings of the websocket; a frame that is cut counts as far as it left.

use device::{Filter, Order, Page};
use records::{CUSTOMER, Fields, Value};
use sync::{Mode, Outcome};

use super::check;
use super::events::Action;
use super::link::Network;
use super::weather::Weather;
use super::world::World;
use super::{Fallible, wrong};
use crate::bench::seed;
use crate::generate::{Branch, Dice};

/// Connections after which an exchange is taken to make no progress.
const CONNECTIONS_MAX: u32 = 500;
/// Steps after which a connection is taken to be stuck.
const STEPS_MAX: u32 = 2_000_000;
/// The book's seed, and that of what is edited and written later.
const BOOK: u64 = 1;
const NEWS: u64 = 2;
/// Operations of each dossier, genesis left out.
const CHANGES_EACH: usize = 7;
/// Who wrote the book, and whose exchange is measured.
const AUTHOR: usize = 0;
const READER: usize = 1;
/// A link on which nothing is measured.
const GOOD: Network = Network { latency_ms: (1, 1), bytes_per_s: None, cut_every_bytes: None };

/// A link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// How long a byte is under way, one way, in milliseconds.
    pub latency_ms: u64,
    /// What each direction carries, in bytes a second.
    pub bytes_per_s: u64,
    /// After how many bytes, both ways together, a connection is cut.
    pub cut_every_bytes: Option<u64>,
}

/// What is to be exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// A device joins a branch of so many dossiers.
    Join(u64),
    /// So many edits of a book that both sides hold, and a dossier of eight changes for every tenth of them, go up.
    Push(u64),
    /// As many come down.
    Pull(u64),
    /// As many go up while as many come down.
    Both(u64),
}

/// What it took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Bytes that left the device.
    pub bytes_up: u64,
    /// Bytes that left the relay.
    pub bytes_down: u64,
    /// Connections opened.
    pub connections: u32,
    /// Connections that brought nothing before they were cut.
    pub in_vain: u32,
    /// Virtual time, in milliseconds.
    pub elapsed_ms: u64,
}

impl Cost {
    /// Bytes both ways.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes_up + self.bytes_down
    }
}

/// Runs an errand over a link and demands that everybody holds the same in the end.
///
/// # Errors
/// What is wrong: no progress, or a difference.
pub fn exchange(errand: Errand, link: Link) -> Result<Cost, String> {
    let mut world = World::under(Weather::still(2, GOOD), Dice::new(BOOK, 0), None)?;
    world.breaking = false;
    world.join(AUTHOR)?;
    world.join(READER)?;
    let dossiers = match errand {
        Errand::Join(dossiers) => dossiers,
        Errand::Push(edits) | Errand::Pull(edits) | Errand::Both(edits) => edits,
    };
    world.write_book(AUTHOR, &Branch::of_customers(BOOK, dossiers), 0)?;
    world.sync(AUTHOR)?;
    if !matches!(errand, Errand::Join(_)) {
        world.sync(READER)?;
    }
    if matches!(errand, Errand::Push(_) | Errand::Both(_)) {
        world.write_news(READER, dossiers)?;
    }
    if matches!(errand, Errand::Pull(_) | Errand::Both(_)) {
        world.write_news(AUTHOR, dossiers)?;
        world.sync(AUTHOR)?;
    }
    world.relay.materialize(u32::MAX)?;
    world.weather.network = Network {
        latency_ms: (link.latency_ms, link.latency_ms),
        bytes_per_s: Some(link.bytes_per_s),
        cut_every_bytes: link.cut_every_bytes,
    };
    let cost = world.sync(READER)?;
    world.weather.network = GOOD;
    world.sync(AUTHOR)?;
    world.relay.materialize(u32::MAX)?;
    check::converged(&mut world.devices, &world.relay, &world.ledger, &mut world.library)?;
    Ok(cost)
}

impl World {
    fn join(&mut self, number: usize) -> Fallible<()> {
        match self.connect_once(number, &mut Cost::default())? {
            Outcome::Enrolled { .. } => Ok(()),
            outcome => Err(format!("device {number} is not enrolled: {outcome:?}")),
        }
    }

    /// Connects as often as it takes until everything is exchanged.
    fn sync(&mut self, number: usize) -> Fallible<Cost> {
        let (mut cost, begun_ms) = (Cost::default(), self.now_ms);
        while cost.connections < CONNECTIONS_MAX {
            match self.connect_once(number, &mut cost)? {
                Outcome::Done => {
                    cost.elapsed_ms = self.now_ms - begun_ms;
                    return Ok(cost);
                }
                Outcome::Lost { .. } => {}
                outcome => return Err(format!("device {number} ended with {outcome:?}")),
            }
        }
        Err(format!("device {number} is not done after {CONNECTIONS_MAX} connections: {cost:?}"))
    }

    /// One connection, until both ends know that it is over.
    fn connect_once(&mut self, number: usize, cost: &mut Cost) -> Fallible<Outcome> {
        self.connections.clear();
        self.last_end = None;
        // Two round trips for the socket and the websocket.
        self.now_ms += 4 * self.weather.network.latency_ms.0;
        self.open(number, Mode::Once)?;
        let id = self.next_connection - 1;
        for _ in 0..STEPS_MAX {
            self.now_ms += self.dice.below(4);
            self.wear_out();
            let mut actions = Vec::new();
            self.connection_actions(id, &mut actions);
            if self.relay.has_waiting() {
                actions.push(Action::GroupCommit);
            }
            match actions.len() {
                0 => match self.last_end.take() {
                    Some((outcome, report)) => {
                        cost.connections += 1;
                        cost.in_vain += u32::from(outcome != Outcome::Done && report.pulled + report.pushed == 0);
                        let over = self.connections.remove(&id).ok_or("the connection is gone")?;
                        cost.bytes_up += over.up.left(self.now_ms);
                        cost.bytes_down += over.down.left(self.now_ms);
                        return Ok(outcome);
                    }
                    None => self.wait()?,
                },
                count => {
                    let index = usize::try_from(self.dice.below(count as u64)).unwrap_or_default();
                    self.act(actions[index])?;
                }
            }
        }
        Err(format!("device {number} does not finish"))
    }

    /// Writes every dossier of `branch` on a device, documents numbered from `first` on.
    fn write_book(&mut self, number: usize, branch: &Branch, first: u64) -> Fallible<()> {
        let store = self.devices[number].device.store_mut().map_err(wrong)?;
        seed::fill_store(store, branch, first, CHANGES_EACH, |_, _| Ok(())).map_err(wrong)
    }

    /// Edits the first of its dossiers, each once, in the words of another branch; and writes a new one for every tenth.
    fn write_news(&mut self, number: usize, edits: u64) -> Fallible<()> {
        let news = Branch { number: 2 + u32::try_from(number).map_err(wrong)?, ..Branch::of_customers(NEWS, edits) };
        let device = &mut self.devices[number].device;
        let customers = device.list(&CUSTOMER, &Filter::default(), Order::default(), Page::default()).map_err(wrong)?;
        for (row, dossier) in customers.rows.iter().zip(news.dossiers()) {
            let said = &dossier.customer.entry.fields;
            let fields = said.iter().filter(|(name, _)| ["preference", "history"].contains(name));
            let fields: Fields = fields.map(|(name, text)| (*name, Value::from(text.as_str()))).collect();
            device.edit(row.id.as_str(), fields).map_err(wrong)?;
        }
        let first = 1_000_000 * (1 + number as u64);
        self.write_book(number, &Branch { customers: edits / 10, ..news }, first)
    }
}
