//! A device that holds no documents: a real session over a real socket, and of the book only what a sum needs. A thousand of
//! them fit into one process, so that a relay can be loaded by more devices than a machine could run.
//!
//! It keeps what it acknowledged as every device does, so the relay's sums are compared with its own. What it does not do:
//! reconcile, restore, forget what was erased.

use std::collections::{BTreeMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use sync::limits::{FRAME_BYTES_MAX, FRAME_BYTES_WANTED_MAX};
use sync::{
    Arrival, DeviceConfig, DeviceEffect, DeviceSecret, DeviceSession, EnrolmentRequest, Form, Membership, Mode,
    OutboxBatch, OutboxEntry, Outcome, Report, Start, Tick,
};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use vocab::{Actor, ChangeHash, Cursor, DocId, Epoch, Generation, Position, Sum, Timestamp, Verdict};

use super::Failed;

/// How much a socket reads at once, in bytes: thousands of them are open in one process.
const READ_BUFFER_BYTES: usize = 4 << 10;

/// Devices that come from one address.
const DEVICES_PER_ADDRESS: usize = 200;

/// A change of a document, as sums count it.
type Held = (DocId, ChangeHash);

/// A device.
#[derive(Debug, Clone)]
pub struct Light {
    secret: [u8; 32],
    actor: Actor,
    membership: Option<Membership>,
    epoch: Option<Epoch>,
    cursor: Cursor,
    ahead: Position,
    sum: Sum,
    /// What was held when the device was copied, shared by its copies, and what came since.
    base: Arc<HashSet<Held>>,
    since: HashSet<Held>,
    outbox: BTreeMap<u64, OutboxEntry>,
    written: u64,
    settled: u64,
}

/// What somebody asks of a device that follows.
#[derive(Debug)]
pub enum Order {
    /// Push this change.
    Push(DocId, Vec<u8>),
    /// Say goodbye.
    Leave,
}

/// What a device tells while it is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Everything is exchanged; said once.
    CaughtUp,
    /// So many changes arrived from others.
    Arrived(usize),
}

/// The socket of a device.
pub type Link = WebSocketStream<TcpStream>;

impl Light {
    /// Device number `number`, which holds nothing.
    #[must_use]
    pub fn new(number: u32) -> Light {
        let mut secret = [0x5a; 32];
        secret[..4].copy_from_slice(&number.to_be_bytes());
        let key = DeviceSecret::from_bytes(&secret).key();
        Light {
            secret,
            actor: Actor::new(&key, Generation::from_bytes([1; 8])),
            membership: None,
            epoch: None,
            cursor: Cursor::default(),
            ahead: Position::START,
            sum: Sum::ZERO,
            base: Arc::default(),
            since: HashSet::new(),
            outbox: BTreeMap::new(),
            written: 0,
            settled: 0,
        }
    }

    /// Lets another device hold what this one acknowledged, as if it had been connected just as long.
    #[must_use]
    pub fn as_far_as(self, other: &Light) -> Light {
        Light {
            epoch: other.epoch,
            cursor: other.cursor,
            ahead: other.ahead,
            sum: other.sum,
            base: Arc::clone(&other.base),
            since: other.since.clone(),
            ..self
        }
    }

    /// Makes what this device holds the part that its copies share.
    pub fn settle_down(&mut self) {
        let held = self.base.iter().chain(&self.since).copied().collect();
        self.base = Arc::new(held);
        self.since = HashSet::new();
    }

    /// Who writes this device's changes.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// The membership that enrolment gave.
    #[must_use]
    pub fn membership(&self) -> Option<&Membership> {
        self.membership.as_ref()
    }

    /// Changes that wait for the relay.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// Puts a change of this device's into its outbox.
    ///
    /// # Errors
    /// When it is none.
    pub fn write(&mut self, doc: DocId, bytes: Vec<u8>) -> Result<(), Failed> {
        let hash = sync::inspect(&bytes)?.hash;
        self.written += 1;
        self.outbox.insert(self.written, OutboxEntry { seq: self.written, doc, hash, bytes });
        Ok(())
    }

    /// Joins the branch of an invite, from one of this machine's own addresses.
    ///
    /// # Errors
    /// When the relay refuses.
    pub async fn enrol(&mut self, relay: &str, from: Ipv4Addr, invite: String) -> Result<(), Failed> {
        let request = EnrolmentRequest { invite, name: "light".to_owned(), code: None };
        let clock = Clock::start();
        let secret = DeviceSecret::from_bytes(&self.secret);
        let mut session = DeviceSession::enrol(config(Mode::Once), secret, request, clock.now());
        let mut link = connect(relay, from).await?;
        match self.drive(&mut session, &mut link, clock, None, &mut |_| {}).await? {
            Outcome::Enrolled { membership, .. } => self.membership = Some(membership),
            outcome => return Err(format!("not enrolled: {outcome:?}").into()),
        }
        Ok(())
    }

    /// One exchange.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn exchange(&mut self, link: &mut Link) -> Result<Report, Failed> {
        let clock = Clock::start();
        let mut session = self.session(Mode::Once, clock)?;
        match self.drive(&mut session, link, clock, None, &mut |_| {}).await? {
            Outcome::Done => Ok(session.report()),
            outcome => Err(format!("an exchange ended with {outcome:?}").into()),
        }
    }

    /// Stays connected until it is told to leave.
    ///
    /// # Errors
    /// When the session ends in any other way.
    pub async fn follow(
        &mut self,
        link: &mut Link,
        orders: &mut UnboundedReceiver<Order>,
        mut tell: impl FnMut(Told),
    ) -> Result<Report, Failed> {
        let clock = Clock::start();
        let mut session = self.session(Mode::Follow, clock)?;
        match self.drive(&mut session, link, clock, Some(orders), &mut tell).await? {
            Outcome::Done => Ok(session.report()),
            outcome => Err(format!("a session ended with {outcome:?}").into()),
        }
    }

    fn session(&self, mode: Mode, clock: Clock) -> Result<DeviceSession, Failed> {
        let membership = self.membership.as_ref().ok_or("an enrolled device")?;
        let start = Start {
            actor: self.actor,
            branch: membership.branch,
            epoch: self.epoch,
            cursor: self.cursor,
            settled: self.settled,
            outbox: self.outbox.len() as u64,
            outbox_bytes: self.outbox.values().map(|entry| entry.bytes.len() as u64).sum(),
            time: Timestamp::from_millis(i64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_millis())?),
            sum: self.sum,
            ahead: self.ahead,
            suspect: false,
            owed: Vec::new(),
            frame_bytes: FRAME_BYTES_WANTED_MAX,
        };
        Ok(DeviceSession::sync(config(mode), DeviceSecret::from_bytes(&self.secret), start, clock.now()))
    }

    async fn drive(
        &mut self,
        session: &mut DeviceSession,
        link: &mut Link,
        clock: Clock,
        mut orders: Option<&mut UnboundedReceiver<Order>>,
        tell: &mut impl FnMut(Told),
    ) -> Result<Outcome, Failed> {
        let mut caught_up = false;
        loop {
            while let Some(effect) = session.poll_effect() {
                match effect {
                    DeviceEffect::Send(frame) => link.send(Message::Binary(frame.into())).await?,
                    DeviceEffect::End(outcome) => {
                        // What was sent has left; nobody depends on the answer.
                        let _ = link.close(None).await;
                        return Ok(outcome);
                    }
                    effect => self.perform(effect, session, clock, tell)?,
                }
            }
            if !caught_up && session.is_caught_up() {
                caught_up = true;
                tell(Told::CaughtUp);
            }
            let timeout = session.poll_timeout().map(|tick| clock.instant(tick));
            tokio::select! {
                message = link.next() => match message {
                    Some(Ok(Message::Binary(frame))) => session.handle_frame(&frame, clock.now()),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    _ => session.handle_closed(clock.now()),
                },
                () = at(timeout) => session.handle_timeout(clock.now()),
                order = next(&mut orders) => match order {
                    Order::Push(doc, bytes) => {
                        self.write(doc, bytes)?;
                        session.handle_outbox_grew(clock.now());
                    }
                    Order::Leave => session.handle_leave(clock.now()),
                },
            }
        }
    }

    fn perform(
        &mut self,
        effect: DeviceEffect,
        session: &mut DeviceSession,
        clock: Clock,
        tell: &mut impl FnMut(Told),
    ) -> Result<(), Failed> {
        match effect {
            DeviceEffect::LearnTime { .. } => {}
            DeviceEffect::Admitted(membership) => self.membership = Some(membership),
            DeviceEffect::AdoptFeed { epoch, cursor, ahead, .. } => {
                (self.epoch, self.cursor, self.ahead) = (Some(epoch), cursor, ahead);
            }
            DeviceEffect::Recall(seen) => session.handle_recalled(self.holds((seen.doc, seen.hash)), clock.now()),
            DeviceEffect::ReadOutbox { after, bytes_max } => {
                session.handle_outbox(self.outbox_after(after, bytes_max), clock.now());
            }
            DeviceEffect::Commit { arrivals, cursor, ahead, .. } => {
                let mut arrived = 0;
                for arrival in arrivals {
                    arrived += self.arrive(arrival)?;
                }
                (self.cursor, self.ahead) = (cursor.unwrap_or(self.cursor), ahead);
                if arrived > 0 {
                    tell(Told::Arrived(arrived));
                }
                session.handle_committed(arrived as u64, self.sum, clock.now());
            }
            DeviceEffect::Settle { verdicts, cursor, ahead } => {
                for (seq, verdict) in verdicts {
                    if let Verdict::Refused(refusal) = verdict {
                        return Err(format!("a change was refused: {refusal:?}").into());
                    }
                    self.settled = self.settled.max(seq);
                    if let Some(entry) = self.outbox.remove(&seq) {
                        self.take((entry.doc, entry.hash));
                    }
                }
                self.cursor = cursor.unwrap_or(self.cursor);
                self.ahead = ahead;
                session.handle_settled(self.sum, clock.now());
            }
            DeviceEffect::SettleTaken { through, taken, ahead } => {
                let known = |entry: &OutboxEntry| taken.contains(&entry.hash.short());
                let seqs: Vec<u64> =
                    self.outbox.range(..=through).filter(|(_, entry)| known(entry)).map(|(seq, _)| *seq).collect();
                for seq in seqs {
                    self.settled = self.settled.max(seq);
                    if let Some(entry) = self.outbox.remove(&seq) {
                        self.take((entry.doc, entry.hash));
                    }
                }
                self.ahead = ahead;
                session.handle_settled(self.sum, clock.now());
            }
            effect => return Err(format!("a light device cannot do this: {effect:?}").into()),
        }
        Ok(())
    }

    fn outbox_after(&self, after: u64, bytes_max: usize) -> OutboxBatch {
        let mut entries: Vec<OutboxEntry> = Vec::new();
        let mut bytes = 0;
        let mut later = self.outbox.range(after + 1..).map(|(_, entry)| entry).peekable();
        while let Some(entry) = later.next_if(|entry| entries.is_empty() || bytes + entry.bytes.len() <= bytes_max) {
            bytes += entry.bytes.len();
            entries.push(entry.clone());
        }
        OutboxBatch { entries, more: later.peek().is_some(), waiting: self.outbox.len() as u64 }
    }

    /// How many changes of it were new.
    fn arrive(&mut self, Arrival { doc, form }: Arrival) -> Result<usize, Failed> {
        let hashes = match form {
            Form::Changes(changes) => {
                changes.iter().map(|change| Ok(sync::inspect(change)?.hash)).collect::<Result<Vec<_>, Failed>>()?
            }
            Form::Saved(bytes) => {
                let changes = records::Dossier::load(&bytes)?.changes_since(&[]);
                changes.iter().map(|change| Ok(sync::inspect(change)?.hash)).collect::<Result<Vec<_>, Failed>>()?
            }
            Form::Held(hashes) => hashes,
            Form::Erased(_) => return Err("a light device forgets nothing".into()),
        };
        let own: Vec<u64> = if self.outbox.is_empty() {
            Vec::new()
        } else {
            let held = |entry: &OutboxEntry| entry.doc == doc && hashes.contains(&entry.hash);
            self.outbox.values().filter(|entry| held(entry)).map(|entry| entry.seq).collect()
        };
        for seq in own {
            self.outbox.remove(&seq);
        }
        Ok(hashes.into_iter().filter(|hash| self.take((doc, *hash))).count())
    }

    fn holds(&self, change: Held) -> bool {
        self.base.contains(&change) || self.since.contains(&change)
    }

    fn take(&mut self, change: Held) -> bool {
        let new = !self.base.contains(&change) && self.since.insert(change);
        if new {
            self.sum += Sum::of_change(change.0, change.1);
        }
        new
    }
}

/// The address of the device at this place of a crowd: one for each branch's worth of devices, far below the relay's bounds.
#[must_use]
pub fn address(place: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 1, u8::try_from(1 + place / DEVICES_PER_ADDRESS % 250).unwrap_or(1))
}

/// Opens a websocket to the relay at `relay`, from one of this machine's own addresses.
///
/// # Errors
/// When the relay does not take it.
pub async fn connect(relay: &str, from: Ipv4Addr) -> Result<Link, Failed> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    let stream = socket.connect(relay.parse()?).await?;
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX))
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0);
    let opened = tokio_tungstenite::client_async_with_config(format!("ws://{relay}/sync"), stream, Some(config)).await;
    Ok(opened?.0)
}

fn config(mode: Mode) -> DeviceConfig {
    DeviceConfig { mode, app: "bench".to_owned() }
}

/// The time of one session.
#[derive(Debug, Clone, Copy)]
struct Clock(Instant);

impl Clock {
    fn start() -> Clock {
        Clock(Instant::now())
    }

    fn now(self) -> Tick {
        Tick::from_millis(u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn instant(self, tick: Tick) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.0 + Duration::from_millis(tick.millis()))
    }
}

async fn at(instant: Option<tokio::time::Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// The next order; pending for ever when there can be none.
async fn next(orders: &mut Option<&mut UnboundedReceiver<Order>>) -> Order {
    let order = match orders {
        Some(orders) => orders.recv().await,
        None => None,
    };
    match order {
        Some(order) => order,
        None => std::future::pending().await,
    }
}
