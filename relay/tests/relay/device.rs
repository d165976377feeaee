//! A device with a store in memory: `sync::DeviceSession` on a real websocket.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ROOT, ReadDoc};
use futures_util::{SinkExt, StreamExt};
use sync::wire::{Frame, Item, ItemForm, Packing};
use sync::{
    Arrival, Code, DeviceConfig, DeviceEffect, DeviceSecret, DeviceSession, EnrolmentRequest, Form, Known, Membership,
    Mode, OutboxBatch, OutboxEntry, Outcome, Report, Start, Tick, Wanted, inspect,
};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use vocab::{
    Actor, Book, BranchId, ChangeHash, Cursor, DocId, Epoch, Generation, Owed, Position, Sum, Timestamp, Tombstone,
    Verdict,
};

use crate::running::{PATIENCE, Reachable};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) struct Device {
    secret: DeviceSecret,
    pub(crate) actor: Actor,
    pub(crate) membership: Option<Membership>,
    epoch: Option<Epoch>,
    pub(crate) cursor: Cursor,
    ahead: Position,
    owed: Vec<Owed>,
    suspect: bool,
    settled: u64,
    next_seq: u64,
    pub(crate) outbox: BTreeMap<u64, (DocId, ChangeHash, Vec<u8>)>,
    pub(crate) refused: Vec<(u64, Verdict)>,
    /// What was refused and is still held.
    kept: BTreeSet<(DocId, ChangeHash)>,
    pub(crate) documents: BTreeMap<DocId, Automerge>,
    pub(crate) erased: BTreeMap<DocId, Tombstone>,
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
            ahead: Position::START,
            owed: Vec::new(),
            suspect: false,
            settled: 0,
            next_seq: 1,
            outbox: BTreeMap::new(),
            refused: Vec::new(),
            kept: BTreeSet::new(),
            documents: BTreeMap::new(),
            erased: BTreeMap::new(),
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
        DeviceConfig { mode, app: "test/1".to_owned() }
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

    /// Puts a change into its document, if it is not there, and into the outbox.
    pub(crate) fn queue(&mut self, doc: DocId, bytes: Vec<u8>) {
        let hash = inspect(&bytes).unwrap().hash;
        let change = automerge::Change::from_bytes(bytes.clone()).unwrap();
        self.documents.entry(doc).or_default().apply_changes([change]).unwrap();
        self.outbox.insert(self.next_seq, (doc, hash, bytes));
        self.next_seq += 1;
    }

    /// Puts a change into the outbox that this device does not hold.
    pub(crate) fn queue_only(&mut self, doc: DocId, bytes: Vec<u8>) {
        let hash = inspect(&bytes).unwrap().hash;
        self.outbox.insert(self.next_seq, (doc, hash, bytes));
        self.next_seq += 1;
    }

    pub(crate) fn read(&self, doc: DocId, key: &str) -> Option<String> {
        let (value, _) = self.documents.get(&doc)?.get(ROOT, key).unwrap()?;
        Some(value.as_str().unwrap().to_owned())
    }

    pub(crate) async fn enrol(&mut self, relay: &impl Reachable, invite: &str) -> Result<(), Code> {
        let code = self.membership.as_ref().map(|membership| membership.code.clone());
        let request = EnrolmentRequest { invite: invite.to_owned(), name: String::new(), code };
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

    /// One exchange, and another when the sums were found to differ.
    pub(crate) async fn try_sync(&mut self, relay: &impl Reachable) -> Outcome {
        let session = self.session(Mode::Once);
        match self.drive(session, &relay.url(), |_| false).await {
            Outcome::Unequal { .. } => {
                self.suspect = true;
                let session = self.session(Mode::Once);
                self.drive(session, &relay.url(), |_| false).await
            }
            outcome => outcome,
        }
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

    /// Lets it find its sum in doubt.
    pub(crate) fn suspect(&mut self) {
        self.suspect = true;
    }

    /// What it would say first on a connection of its own.
    pub(crate) async fn first_frame(&self, relay: &impl Reachable) -> Vec<u8> {
        self.greet(relay, Mode::Once).await.1
    }

    /// A connection on which it was welcomed and has said nothing more.
    pub(crate) async fn welcomed(&self, relay: &impl Reachable) -> Socket {
        self.welcomed_to(relay, Mode::Once).await
    }

    /// The same, where it said that it stays to follow.
    pub(crate) async fn welcomed_to(&self, relay: &impl Reachable, mode: Mode) -> Socket {
        let (mut socket, hello) = self.greet(relay, mode).await;
        socket.send(Message::Binary(hello.into())).await.unwrap();
        let welcome = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
        assert!(matches!(Frame::decode(&welcome.into_data(), Packing::PLAIN), Ok(Frame::Welcome(_))));
        socket
    }

    /// A connection that the relay has opened, and the answer to that.
    async fn greet(&self, relay: &impl Reachable, mode: Mode) -> (Socket, Vec<u8>) {
        let (mut socket, _) = connect_async(relay.url()).await.unwrap();
        let opening = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
        let mut session = self.session(mode);
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
            outbox_bytes: self.outbox.values().map(|(_, _, bytes)| bytes.len() as u64).sum(),
            time: Timestamp::from_millis(1_700_000_000_000),
            sum: self.sum(),
            ahead: self.ahead,
            suspect: self.suspect,
            owed: self.owed.clone(),
            frame_bytes: sync::limits::FRAME_BYTES_WANTED_MAX,
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
            DeviceEffect::AdoptFeed { epoch, cursor, ahead, .. } => {
                (self.epoch, self.cursor, self.ahead) = (Some(epoch), cursor, ahead);
                (self.owed, self.suspect) = (Vec::new(), false);
            }
            DeviceEffect::Recall(seen) => {
                let hash = automerge::ChangeHash(*seen.hash.as_bytes());
                let held = self.documents.get(&seen.doc).is_some_and(|doc| doc.get_change_by_hash(&hash).is_some());
                session.handle_recalled(held, now);
            }
            DeviceEffect::ReadOutbox { after, bytes_max } => {
                session.handle_outbox(self.outbox_after(after, bytes_max), now);
            }
            DeviceEffect::Commit { arrivals, cursor, owed, ahead } => {
                self.ahead = ahead;
                let changed: BTreeSet<DocId> = arrivals.iter().map(|arrival| arrival.doc).collect();
                arrivals.into_iter().for_each(|arrival| self.arrive(arrival));
                self.cursor = cursor.unwrap_or(self.cursor);
                self.owed = owed.unwrap_or_else(|| std::mem::take(&mut self.owed));
                session.handle_committed(changed.len() as u64, self.sum(), now);
            }
            DeviceEffect::Settle { verdicts, cursor, ahead } => {
                for (seq, verdict) in verdicts {
                    self.settled = self.settled.max(seq);
                    let entry = self.outbox.remove(&seq);
                    if let (Verdict::Refused(_), Some((doc, hash, _))) = (verdict, entry) {
                        self.refused.push((seq, verdict));
                        self.kept.insert((doc, hash));
                    }
                }
                (self.cursor, self.ahead) = (cursor.unwrap_or(self.cursor), ahead);
                session.handle_settled(self.sum(), now);
            }
            DeviceEffect::SettleTaken { through, taken, ahead } => {
                self.outbox.retain(|seq, (_, hash, _)| *seq > through || !taken.contains(&hash.short()));
                self.settled = self.settled.max(through);
                self.ahead = ahead;
                session.handle_settled(self.sum(), now);
            }
            DeviceEffect::ReadBook => {
                let held = self.sums();
                session.handle_book(Book::new(held.into_iter().filter(|(_, sum)| *sum != Sum::ZERO).collect()), now);
            }
            DeviceEffect::ReadHashes { docs, .. } => {
                let known = docs.into_iter().map(|doc| match self.erased.get(&doc) {
                    Some(tombstone) => (doc, Known::Erased(tombstone.clone())),
                    None => (doc, Known::Changes(self.changes(doc).into_iter().map(|(hash, _)| hash).collect())),
                });
                session.handle_hashes(known.collect(), now);
            }
            DeviceEffect::ReadRestore { wants, .. } => {
                let items = wants.into_iter().filter_map(|(doc, wanted)| self.wanted(doc, &wanted)).collect();
                session.handle_restore(items, Vec::new(), now);
            }
            DeviceEffect::SettleRestored { refused, tombstones } => {
                for (doc, hash, refusal) in refused {
                    self.refused.push((0, Verdict::Refused(refusal)));
                    self.kept.insert((doc, hash));
                }
                tombstones.into_iter().for_each(|tombstone| self.erase(tombstone));
                session.handle_settled(self.sum(), now);
            }
            DeviceEffect::End(_) => unreachable!("taken by the caller"),
        }
    }

    fn arrive(&mut self, Arrival { doc, form }: Arrival) {
        if self.erased.contains_key(&doc) {
            return;
        }
        let arrived: Vec<ChangeHash> = match form {
            Form::Saved(bytes) => {
                self.documents.entry(doc).or_default().load_incremental(&bytes).unwrap();
                hashes(&Automerge::load(&bytes).unwrap())
            }
            Form::Changes(changes) => {
                let changes = changes.iter().map(|bytes| automerge::Change::from_bytes(bytes.to_vec()).unwrap());
                let changes: Vec<_> = changes.collect();
                self.documents.entry(doc).or_default().apply_changes(changes.clone()).unwrap();
                changes.iter().map(|change| ChangeHash::from_bytes(change.hash().0)).collect()
            }
            Form::Held(hashes) => hashes,
            Form::Erased(tombstone) => return self.erase(tombstone),
        };
        for hash in arrived {
            self.outbox.retain(|_, entry| (entry.0, entry.1) != (doc, hash));
            self.kept.remove(&(doc, hash));
        }
    }

    fn erase(&mut self, tombstone: Tombstone) {
        self.documents.remove(&tombstone.doc);
        self.outbox.retain(|_, (doc, ..)| *doc != tombstone.doc);
        self.kept.retain(|(doc, _)| *doc != tombstone.doc);
        self.erased.insert(tombstone.doc, tombstone);
    }

    /// The changes of a document in causal order.
    fn changes(&self, doc: DocId) -> Vec<(ChangeHash, Vec<u8>)> {
        let changes = self.documents.get(&doc).map(|document| document.get_changes(&[])).unwrap_or_default();
        changes.iter().map(|change| (ChangeHash::from_bytes(change.hash().0), change.raw_bytes().to_vec())).collect()
    }

    /// What the relay is known to have of each document.
    fn sums(&self) -> Vec<(DocId, Sum)> {
        let waiting = |doc: DocId, hash: ChangeHash| {
            self.kept.contains(&(doc, hash)) || self.outbox.values().any(|entry| (entry.0, entry.1) == (doc, hash))
        };
        let held = self.documents.iter().map(|(doc, document)| {
            let acknowledged = hashes(document).into_iter().filter(|hash| !waiting(*doc, *hash));
            (*doc, acknowledged.map(|hash| Sum::of_change(*doc, hash)).sum())
        });
        held.chain(self.erased.keys().map(|doc| (*doc, Sum::of_tombstone(*doc)))).collect()
    }

    pub(crate) fn sum(&self) -> Sum {
        self.sums().into_iter().map(|(_, sum)| sum).sum()
    }

    fn wanted(&self, doc: DocId, wanted: &Wanted) -> Option<Item> {
        if let Some(tombstone) = self.erased.get(&doc) {
            return Some(Item { doc, form: ItemForm::Erased(tombstone.clone()) });
        }
        let is_wanted = |hash: &ChangeHash| match wanted {
            Wanted::All => true,
            Wanted::These(hashes) => hashes.contains(hash),
        };
        let waits = |hash: &ChangeHash| self.outbox.values().any(|entry| (entry.0, entry.1) == (doc, *hash));
        let changes = self.changes(doc).into_iter().filter(|(hash, _)| is_wanted(hash) && !waits(hash));
        let changes: Vec<_> = changes.map(|(_, bytes)| bytes.into()).collect();
        (!changes.is_empty()).then_some(Item { doc, form: ItemForm::Changes(changes) })
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

fn hashes(document: &Automerge) -> Vec<ChangeHash> {
    document.get_changes_meta(&[]).iter().map(|meta| ChangeHash::from_bytes(meta.hash.0)).collect()
}

/// A document nobody else has.
pub(crate) fn doc(number: u8) -> DocId {
    DocId::from_random([number; 16])
}

/// Letters that do not compress away.
pub(crate) fn noise(seed: u64, letters: usize) -> String {
    let mut state = seed;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(33 + ((state >> 33) % 90) as u8)
    };
    (0..letters).map(|_| letter()).collect()
}
