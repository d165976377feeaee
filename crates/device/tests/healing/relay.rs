//! A relay in this process: a real store and real sessions, frame by frame and in turn.

use std::collections::VecDeque;

use device::{Device, DeviceError, Ending, Engine, Performed, SyncEvent};
use store::{
    Books, BranchDraft, Enrolment, Erasure, FeedAsk, Feeds, Intake, Invite, InviteDigest, Origin, Pushed, Registry,
    Restoring, SecretKey, SqliteRelayStore,
};
use sync::wire::{Item, ItemForm, RestoreRefusal};
use sync::{
    Admission, Appended, Compared, FeedBatch, FeedDocument, FeedForm, Membership, Mode, Nonce, Outcome, RelayConfig,
    RelayEffect, RelaySession, RestoreForm, Restored, Seen, Tick,
};
use vocab::{BranchId, DeviceKey, DocId, Epoch, Position, Role, Timestamp, Verdict};

/// Most sessions until both sides have nothing more to say.
const SESSIONS_MAX: usize = 8;

const BRANCH: BranchId = BranchId::from_bytes([2; 16]);

/// What the relay's clock says, always.
pub(crate) const RELAY_TIME_MS: i64 = 1_714_521_600_000;

const NOW: Tick = Tick::from_millis(1_000);

/// The relay.
pub(crate) struct Relay {
    store: SqliteRelayStore,
    branch: BranchId,
    /// How many bytes a connection carries before it is cut.
    pub(crate) cut_after: Option<usize>,
}

fn fresh(branch: BranchId, origin: Origin, number: u8) -> SqliteRelayStore {
    let mut store = SqliteRelayStore::in_memory().unwrap();
    let draft = BranchDraft {
        id: branch,
        name: "城东".to_owned(),
        epoch: Epoch::from_bytes([number; 16]),
        zone: store::DEFAULT_ZONE.to_owned(),
        secret: SecretKey::from_bytes([number; 32]),
        origin,
        created_at: Timestamp::EPOCH,
    };
    store.add_branch(&draft).unwrap();
    for n in 0..9 {
        let invite = Invite {
            digest: InviteDigest::of(&format!("INVITE-{n}")),
            branch,
            role: Role::Supervisor,
            staff: None,
            created_at: Timestamp::EPOCH,
            expires_at: Timestamp::MAX,
        };
        store.add_invite(&invite).unwrap();
    }
    store
}

impl Relay {
    pub(crate) fn new() -> Relay {
        Relay::of(BRANCH)
    }

    /// The disk is gone: a new one, for the same branch.
    pub(crate) fn lose(&mut self) {
        self.store = fresh(self.branch, Origin::Recovering, 9);
    }

    /// The disk is gone: a new one, and the branch made again under another id.
    pub(crate) fn begin_anew(&mut self) {
        self.branch = BranchId::from_bytes([5; 16]);
        self.store = fresh(self.branch, Origin::Recovering, 9);
    }

    /// A relay of another branch.
    pub(crate) fn of(branch: BranchId) -> Relay {
        Relay { store: fresh(branch, Origin::New, branch.as_bytes()[0]), branch, cut_after: None }
    }

    pub(crate) fn backup(&self) -> SqliteRelayStore {
        self.store.copy_in_memory().unwrap()
    }

    /// Somebody copied old files back: the same epoch, and less in it.
    pub(crate) fn put_back(&mut self, backup: SqliteRelayStore) {
        self.store = backup;
    }

    pub(crate) fn head(&self) -> Position {
        self.store.head(self.branch).unwrap()
    }

    pub(crate) fn erase(&mut self, doc: DocId, why: &str) {
        let branch = self.store.branch(self.branch).unwrap().unwrap();
        let tombstone =
            sync::sign_tombstone(branch.secret.as_bytes(), self.branch, doc, Timestamp::from_millis(9), why);
        assert!(matches!(self.store.erase(self.branch, &tombstone).unwrap(), Erasure::Erased { .. }));
    }

    /// Every actor that wrote something in the feed.
    pub(crate) fn actors(&self) -> Vec<(DocId, vocab::Actor, u64)> {
        let changes = self.store.changes(self.branch, Position::START, usize::MAX).unwrap();
        changes
            .iter()
            .filter_map(|change| sync::inspect(&change.bytes).ok().map(|header| (change.doc, header.actor, header.seq)))
            .collect()
    }

    pub(crate) fn enrol(&mut self, device: &mut Device, n: u8) {
        let session = Engine::enrol(device, &format!("INVITE-{n}"), "平板", NOW).unwrap();
        let mut outcome = None;
        let mut session = session;
        let mut relay = RelaySession::new(RelayConfig::default(), Nonce::from_bytes([n; 32]), NOW);
        let (mut up, mut down) = (VecDeque::new(), VecDeque::new());
        while outcome.is_none() {
            self.serve(&mut relay, &mut down);
            while let Some(frame) = down.pop_front() {
                session.handle_frame(&frame, NOW);
            }
            while let Some(effect) = session.poll_effect() {
                match effect {
                    sync::DeviceEffect::Send(frame) => up.push_back(frame),
                    sync::DeviceEffect::End(end) => outcome = Some(end),
                    _ => {}
                }
            }
            while let Some(frame) = up.pop_front() {
                relay.handle_frame(&frame, NOW);
            }
        }
        let Some(Outcome::Enrolled { membership, relay_time }) = outcome else { panic!("{outcome:?}") };
        device.join("ws://here", "平板", membership, relay_time).unwrap();
    }

    /// Exchanges until nothing is left to say; what was told.
    pub(crate) fn sync(&mut self, device: &mut Device) -> Vec<SyncEvent> {
        let mut told = Vec::new();
        for _ in 0..SESSIONS_MAX {
            match self.session(device, &mut told).unwrap() {
                Ending::Done => return told,
                Ending::Again(event) => told.push(event),
                Ending::Lost => {}
            }
        }
        panic!("{SESSIONS_MAX} sessions did not end it: {told:?}");
    }

    /// One session; it is cut once as many bytes went over it as a connection carries.
    pub(crate) fn session(&mut self, device: &mut Device, told: &mut Vec<SyncEvent>) -> Result<Ending, DeviceError> {
        let (mut engine, mut session) = Engine::begin(device, Mode::Once, NOW)?;
        let mut relay = RelaySession::new(RelayConfig::default(), Nonce::from_bytes([7; 32]), NOW);
        let (mut up, mut down) = (VecDeque::new(), VecDeque::new());
        let mut carried = 0;
        loop {
            self.serve(&mut relay, &mut down);
            if let Some(frame) = down.pop_front() {
                carried += frame.len();
                match self.cut_after {
                    Some(most) if carried > most => session.handle_closed(NOW),
                    _ => session.handle_frame(&frame, NOW),
                }
            }
            while let Some(effect) = session.poll_effect() {
                match engine.perform(device, effect, &mut session, NOW)? {
                    Performed::Send(frame) => up.push_back(frame),
                    Performed::Done(events) => told.extend(events),
                    Performed::Over(outcome) => return engine.end(device, outcome, &session.report()),
                }
            }
            while let Some(frame) = up.pop_front() {
                carried += frame.len();
                relay.handle_frame(&frame, NOW);
            }
        }
    }

    fn serve(&mut self, session: &mut RelaySession, down: &mut VecDeque<Vec<u8>>) {
        while let Some(effect) = session.poll_effect() {
            match effect {
                RelayEffect::Send(frame) => {
                    down.push_back(frame.to_vec());
                    session.handle_sent(NOW);
                }
                RelayEffect::Authenticate(claim) => {
                    let answer = match self.store.device(claim.key).unwrap() {
                        Some(device) => Ok(self.admission(&claim, &device)),
                        None => Err(sync::Code::NotEnrolled),
                    };
                    session.handle_admission(answer, NOW);
                }
                RelayEffect::Enrol(request) => {
                    let enrolment = Enrolment {
                        invite: InviteDigest::of(&request.invite),
                        key: request.key,
                        name: request.name,
                        staff: "主管*".parse().unwrap(),
                        app: request.app,
                        code: request.code,
                        at: Timestamp::EPOCH,
                    };
                    let device = self.store.enrol(&enrolment).unwrap();
                    let membership = self.membership(&device);
                    session.handle_enrolment(Ok((membership, Timestamp::from_millis(RELAY_TIME_MS))), NOW);
                }
                RelayEffect::Append { branch, device, session_actor, submissions } => {
                    let changes = submissions.into_iter().map(|one| Pushed {
                        seq: one.seq,
                        doc: one.doc,
                        header: one.header,
                        bytes: one.bytes,
                    });
                    let pushed = store::Submission { branch, device, actor: session_actor, changes: changes.collect() };
                    let taken = self.store.take(&[Intake::Push(&pushed)], Timestamp::EPOCH).unwrap().remove(0);
                    let accepted = taken.verdicts.iter().any(|verdict| matches!(verdict, Verdict::Accepted(_)));
                    let appended = Appended { sum: accepted.then_some(taken.sum), verdicts: taken.verdicts };
                    session.handle_appended(appended, NOW);
                }
                RelayEffect::Restore { branch, device, items } => {
                    let restored = self.restore(branch, device, items);
                    session.handle_restored(restored, NOW);
                }
                RelayEffect::ReadFeed { branch, after, owed, large_bytes, bytes_max, skip } => {
                    let ask = FeedAsk { after, owed: &owed, bytes_max, large_bytes, skip: &skip };
                    let batch = self.store.changed_documents(branch, &ask).unwrap();
                    let documents = batch
                        .documents
                        .into_iter()
                        .map(|document| FeedDocument {
                            doc: document.doc,
                            last: document.last,
                            form: match document.form {
                                store::FeedForm::Saved(bytes) => FeedForm::Saved(bytes),
                                store::FeedForm::Changes(changes) => FeedForm::Changes(changes),
                                store::FeedForm::Erased(tombstone) => FeedForm::Erased(tombstone),
                            },
                        })
                        .collect();
                    let (cursor, head, more) = (batch.cursor, batch.head, batch.more);
                    session.handle_feed(
                        FeedBatch { documents, cursor, head, more, owed: batch.owed, sum: batch.sum },
                        NOW,
                    );
                }
                RelayEffect::ReadRanges { branch, queries } => {
                    session.handle_ranges(self.store.ranges(branch, &queries).unwrap(), NOW);
                }
                RelayEffect::Compare { branch, asks, bytes_max } => {
                    let asks: Vec<store::Ask> =
                        asks.into_iter().map(|ask| store::Ask { doc: ask.doc, held: ask.hashes }).collect();
                    let found = self.store.compare(branch, &asks, bytes_max).unwrap();
                    let answers = asks.iter().zip(found).map(|(ask, answer)| {
                        let form = answer.item.map(|form| match form {
                            store::FeedForm::Saved(bytes) => ItemForm::Saved(bytes),
                            store::FeedForm::Changes(changes) => {
                                ItemForm::Changes(changes.into_iter().map(|(_, bytes)| bytes).collect())
                            }
                            store::FeedForm::Erased(tombstone) => ItemForm::Erased(tombstone),
                        });
                        let item = form.map(|form| Item { doc: ask.doc, form });
                        sync::Answer { complete: answer.complete, item, wants: answer.wants }
                    });
                    let compared = Compared { answers: answers.collect(), head: self.head() };
                    session.handle_compared(compared, NOW);
                }
                RelayEffect::ReportProgress(_) | RelayEffect::Close(_) => {}
            }
        }
    }

    fn admission(&self, claim: &sync::Claim, device: &store::Device) -> Admission {
        let branch = self.store.branch(self.branch).unwrap().unwrap();
        let seen = self.store.seen(self.branch, claim.actor).unwrap();
        let same = claim.epoch == Some(branch.epoch);
        Admission {
            time: Timestamp::from_millis(RELAY_TIME_MS),
            membership: self.membership(device),
            epoch: branch.epoch,
            head: self.head(),
            brought: Vec::new(),
            seen: seen.map(|seen| Seen { seq: seen.seq, doc: seen.doc, hash: seen.hash }),
            sum: if same { self.store.sum_at(self.branch, claim.cursor.base).unwrap() } else { None },
        }
    }

    fn membership(&self, device: &store::Device) -> Membership {
        Membership {
            branch: self.branch,
            branch_name: "城东".to_owned(),
            code: device.code.clone(),
            staff: device.staff.clone(),
            role: device.role,
        }
    }

    fn restore(&mut self, branch: BranchId, device: DeviceKey, items: Vec<sync::Restoration>) -> Restored {
        let secret = self.store.branch(self.branch).unwrap().unwrap().secret;
        let mut restoring = Vec::new();
        for sync::Restoration { doc, form } in items {
            match form {
                RestoreForm::Changes(changes) => restoring
                    .extend(changes.into_iter().map(|(header, bytes)| Restoring::Change { doc, header, bytes })),
                RestoreForm::Erased(old) => {
                    let anew = sync::sign_tombstone(secret.as_bytes(), branch, doc, old.at, &old.why);
                    restoring.push(Restoring::Erased(anew));
                }
            }
        }
        let restoration = store::Restoration { branch, device, items: restoring };
        let taken = self.store.take(&[Intake::Restore(&restoration)], Timestamp::EPOCH).unwrap().remove(0);
        let refused = restoration.items.iter().zip(&taken.verdicts).filter_map(|(item, verdict)| {
            let Verdict::Refused(refusal) = *verdict else { return None };
            let (doc, hash) = match item {
                Restoring::Change { doc, header, .. } => (*doc, Some(header.hash)),
                Restoring::Erased(tombstone) => (tombstone.doc, None),
            };
            Some(RestoreRefusal { doc, hash, refusal })
        });
        let accepted = taken.verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Accepted(_))).count() as u64;
        let last = Position::new(taken.after.get() + accepted);
        Restored {
            refused: refused.collect(),
            tombstones: taken.tombstones.clone(),
            span: (accepted > 0).then_some((taken.after, last)),
            head: taken.head,
        }
    }
}
