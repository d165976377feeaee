//! A device with a store in memory: `sync::DeviceSession` on a real websocket.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ROOT, ReadDoc};
use futures_util::{SinkExt, StreamExt};
use sync::wire::Frame;
use sync::{
    Code, DeviceConfig, DeviceEffect, DeviceSecret, DeviceSession, EnrolmentRequest, Form, Membership, Mode,
    OutboxBatch, OutboxEntry, Outcome, Report, Start, Tick, inspect,
};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use vocab::{Actor, BranchId, ChangeHash, Cursor, DocId, Epoch, Generation, Timestamp, Verdict};

use crate::running::{PATIENCE, Reachable};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) struct Device {
    secret: DeviceSecret,
    pub(crate) actor: Actor,
    pub(crate) membership: Option<Membership>,
    epoch: Option<Epoch>,
    pub(crate) cursor: Cursor,
    settled: u64,
    next_seq: u64,
    pub(crate) outbox: BTreeMap<u64, (DocId, ChangeHash, Vec<u8>)>,
    pub(crate) refused: Vec<(u64, Verdict)>,
    pub(crate) documents: BTreeMap<DocId, Automerge>,
    pub(crate) report: Report,
}

impl Device {
    pub(crate) fn new(seed: u8) -> Device {
        let secret = DeviceSecret::from_bytes(&[seed; 32]);
        let actor = Actor::new(&secret.key(), Generation::from_bytes([seed; 8]));
        Device {
            secret,
            actor,
            membership: None,
            epoch: None,
            cursor: Cursor::default(),
            settled: 0,
            next_seq: 1,
            outbox: BTreeMap::new(),
            refused: Vec::new(),
            documents: BTreeMap::new(),
            report: Report::default(),
        }
    }

    /// A device of `branch`, enrolled.
    pub(crate) async fn enrolled(seed: u8, relay: &impl Reachable, branch: &str) -> Device {
        let mut device = Device::new(seed);
        let code = relay.invite(branch);
        assert_eq!(device.enrol(relay, &code).await, Ok(()));
        device
    }

    fn config(mode: Mode) -> DeviceConfig {
        DeviceConfig { mode, app: "test/1".to_owned(), batch_bytes: sync::limits::BATCH_BYTES }
    }

    /// Writes `value` under `key` into a document: one change, in the outbox.
    pub(crate) fn write(&mut self, doc: DocId, key: &str, value: &str) {
        let document = self.documents.entry(doc).or_default();
        document.set_actor(ActorId::from(self.actor.as_bytes()));
        let mut transaction = document.transaction();
        transaction.put(ROOT, key, value).unwrap();
        let (hash, _) = transaction.commit_with(CommitOptions::default().with_time(1_700_000_000_000));
        let bytes = document.get_change_by_hash(&hash.unwrap()).unwrap().raw_bytes().to_vec();
        self.queue(doc, bytes);
    }

    /// Puts a change that is in the document already into the outbox.
    pub(crate) fn queue(&mut self, doc: DocId, bytes: Vec<u8>) {
        let hash = inspect(&bytes).unwrap().hash;
        self.outbox.insert(self.next_seq, (doc, hash, bytes));
        self.next_seq += 1;
    }

    pub(crate) fn read(&self, doc: DocId, key: &str) -> Option<String> {
        let (value, _) = self.documents.get(&doc)?.get(ROOT, key).unwrap()?;
        Some(value.as_str().unwrap().to_owned())
    }

    pub(crate) async fn enrol(&mut self, relay: &impl Reachable, invite: &str) -> Result<(), Code> {
        let request = EnrolmentRequest { invite: invite.to_owned(), name: String::new() };
        let session =
            DeviceSession::enrol(Device::config(Mode::Once), self.secret.clone(), request, Tick::from_millis(0));
        match self.drive(session, &relay.url(), |_| false).await {
            Outcome::Enrolled { membership, .. } => {
                self.membership = Some(membership);
                Ok(())
            }
            Outcome::Refused { code, .. } => Err(code),
            other => panic!("{other:?}"),
        }
    }

    /// One exchange that must succeed.
    pub(crate) async fn sync(&mut self, relay: &impl Reachable) {
        assert_eq!(self.try_sync(relay).await, Outcome::Done);
    }

    pub(crate) async fn try_sync(&mut self, relay: &impl Reachable) -> Outcome {
        let session = self.session(Mode::Once);
        self.drive(session, &relay.url(), |_| false).await
    }

    /// Stays connected until `until` says so, asked after everything that happens.
    pub(crate) async fn follow(&mut self, relay: &impl Reachable, until: impl FnMut(&Device) -> bool) -> Outcome {
        self.follow_at(&relay.url(), until).await
    }

    /// The same, with a relay that may stop meanwhile.
    pub(crate) async fn follow_at(&mut self, url: &str, until: impl FnMut(&Device) -> bool) -> Outcome {
        let session = self.session(Mode::Follow);
        self.drive(session, url, until).await
    }

    /// Whether a relay has welcomed it.
    pub(crate) fn cursor_known(&self) -> bool {
        self.epoch.is_some()
    }

    /// What it would say first on a connection of its own.
    pub(crate) async fn first_frame(&self, relay: &impl Reachable) -> Vec<u8> {
        self.greet(relay).await.1
    }

    /// A connection on which it was welcomed and has said nothing more.
    pub(crate) async fn welcomed(&self, relay: &impl Reachable) -> Socket {
        let (mut socket, hello) = self.greet(relay).await;
        socket.send(Message::Binary(hello.into())).await.unwrap();
        let welcome = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
        assert!(matches!(Frame::decode(&welcome.into_data()), Ok(Frame::Welcome(_))));
        socket
    }

    /// A connection that the relay has opened, and the answer to that.
    async fn greet(&self, relay: &impl Reachable) -> (Socket, Vec<u8>) {
        let (mut socket, _) = connect_async(relay.url()).await.unwrap();
        let opening = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
        let mut session = self.session(Mode::Once);
        session.handle_frame(&opening.into_data(), Tick::from_millis(0));
        loop {
            if let DeviceEffect::Send(frame) = session.poll_effect().expect("a device answers the opening") {
                return (socket, frame);
            }
        }
    }

    fn session(&self, mode: Mode) -> DeviceSession {
        let branch = self.membership.as_ref().map_or(BranchId::from_bytes([0; 16]), |membership| membership.branch);
        let start = Start {
            actor: self.actor,
            branch,
            epoch: self.epoch,
            cursor: self.cursor,
            settled: self.settled,
            outbox: self.outbox.len() as u64,
            time: Timestamp::from_millis(1_700_000_000_000),
        };
        DeviceSession::sync(Device::config(mode), self.secret.clone(), start, Tick::from_millis(0))
    }

    async fn drive(
        &mut self,
        mut session: DeviceSession,
        url: &str,
        mut until: impl FnMut(&Device) -> bool,
    ) -> Outcome {
        let (mut socket, _) = connect_async(url).await.unwrap();
        let start = Instant::now();
        let now = || Tick::from_millis(start.elapsed().as_millis() as u64);
        let mut left = false;
        loop {
            while let Some(effect) = session.poll_effect() {
                if let DeviceEffect::End(outcome) = effect {
                    self.report = session.report();
                    // The relay may have closed first.
                    let _closed = socket.close(None).await;
                    return outcome;
                }
                self.perform(effect, &mut session, &mut socket, now()).await;
            }
            if !left && until(self) {
                left = true;
                session.handle_leave(now());
                continue;
            }
            let due = session.poll_timeout().map(|tick| start + std::time::Duration::from_millis(tick.millis()));
            let due = due.unwrap_or_else(|| Instant::now() + PATIENCE);
            tokio::select! {
                frame = timeout(PATIENCE, socket.next()) => match frame.expect("the relay said nothing") {
                    Some(Ok(Message::Binary(bytes))) => session.handle_frame(&bytes, now()),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    _ => session.handle_closed(now()),
                },
                () = sleep_until(due.into()) => session.handle_timeout(now()),
            }
        }
    }

    async fn perform(&mut self, effect: DeviceEffect, session: &mut DeviceSession, socket: &mut Socket, now: Tick) {
        match effect {
            DeviceEffect::Send(frame) => {
                // A relay that refused has closed already; its reason is still to be read.
                let _gone = socket.send(Message::Binary(frame.into())).await;
            }
            DeviceEffect::LearnTime { .. } => {}
            DeviceEffect::Admitted(membership) => self.membership = Some(membership),
            DeviceEffect::AdoptFeed { epoch, cursor, .. } => (self.epoch, self.cursor) = (Some(epoch), cursor),
            DeviceEffect::Recall(seen) => {
                let hash = automerge::ChangeHash(*seen.hash.as_bytes());
                let held = self.documents.get(&seen.doc).is_some_and(|doc| doc.get_change_by_hash(&hash).is_some());
                session.handle_recalled(held, now);
            }
            DeviceEffect::ReadOutbox { after, bytes_max } => {
                session.handle_outbox(self.outbox_after(after, bytes_max), now);
            }
            DeviceEffect::Commit { arrivals, cursor } => {
                let mut changed = BTreeSet::new();
                for arrival in arrivals {
                    changed.insert(arrival.doc);
                    let document = self.documents.entry(arrival.doc).or_default();
                    match arrival.form {
                        Form::Saved(bytes) => {
                            document.load_incremental(&bytes).unwrap();
                        }
                        Form::Changes(changes) => {
                            for bytes in changes {
                                let change = automerge::Change::from_bytes(bytes.to_vec()).unwrap();
                                document.apply_changes([change]).unwrap();
                            }
                        }
                    }
                }
                self.cursor = cursor.unwrap_or(self.cursor);
                session.handle_committed(changed.len() as u64, now);
            }
            DeviceEffect::Settle { verdicts, cursor } => {
                for (seq, verdict) in verdicts {
                    self.settled = self.settled.max(seq);
                    self.outbox.remove(&seq);
                    if matches!(verdict, Verdict::Refused(_)) {
                        self.refused.push((seq, verdict));
                    }
                }
                self.cursor = cursor.unwrap_or(self.cursor);
            }
            DeviceEffect::End(_) => unreachable!("taken by the caller"),
        }
    }

    fn outbox_after(&self, after: u64, bytes_max: usize) -> OutboxBatch {
        let mut batch = OutboxBatch { waiting: self.outbox.len() as u64, ..OutboxBatch::default() };
        let mut bytes_in = 0;
        for (seq, (doc, hash, bytes)) in self.outbox.range(after + 1..) {
            if bytes_in > 0 && bytes_in + bytes.len() > bytes_max {
                batch.more = true;
                break;
            }
            bytes_in += bytes.len();
            batch.entries.push(OutboxEntry { seq: *seq, doc: *doc, hash: *hash, bytes: bytes.clone() });
        }
        batch
    }
}

/// A document nobody else has.
pub(crate) fn doc(number: u8) -> DocId {
    DocId::from_random([number; 16])
}
