//! The relay of the simulation: a real store with group commit, and what the drivers of real sessions ask of it.

use std::collections::{BTreeSet, VecDeque};

use records::Dossier;
use store::{
    Books, BranchDraft, Content, Documents, Enrolment, Erasure, FeedAsk, Feeds, Intake, Invite, InviteDigest,
    Materialized, Origin, Pushed, Registry, Restoring, SecretKey, SqliteRelayStore,
};
use sync::{
    Admission, Appended, Claim, Code, Compared, EnrolRequest, FeedBatch, LiveBatch, LiveForm, Membership, Restored,
    Seen,
};
use vocab::{
    BranchId, ChangeHash, DeviceKey, DocId, Epoch, Position, RangeAnswer, RangeQuery, Role, Sum, Timestamp, Verdict,
};

use super::disk::{Disk, Fault};
use super::holdings::Holdings;
use super::library::Library;
use super::mutation::Mutation;
use super::outside::BEGINNING_MS;
use super::{Fallible, answers, wrong};
use crate::generate::Dice;

/// How many earlier states of the relay are kept to be restored.
const SNAPSHOTS_MAX: usize = 4;

/// What the relay's store thread has for a connection.
pub(super) enum Mail {
    Appended(Appended),
    Restored(Restored),
    Live(LiveBatch),
    Feed(FeedBatch),
    Ranges(Vec<RangeAnswer>),
    Compared(Compared),
    StoreFailed,
}

/// What waits for the next group commit.
enum Intaken {
    Push(store::Submission),
    Restore(store::Restoration),
}

struct Waiting {
    connection: u64,
    intaken: Intaken,
    answered: bool,
}

/// The relay. Everything but the store is lost in a crash.
pub(super) struct Relay {
    pub(super) store: SqliteRelayStore,
    pub(super) branch: BranchId,
    pub(super) disk: Disk,
    /// When a broken disk is mended.
    pub(super) mend_at_ms: Option<u64>,
    waiting: VecDeque<Waiting>,
    /// Earlier states, oldest first.
    snapshots: Vec<SqliteRelayStore>,
    /// What a faulty disk goes back to in a crash.
    undurable: Option<SqliteRelayStore>,
}

/// What a group commit has for the connections.
pub(super) struct Delivery {
    /// The connection; none for everybody.
    pub(super) connection: Option<u64>,
    pub(super) mail: Mail,
}

fn random<const N: usize>(dice: &mut Dice) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.iter_mut().for_each(|byte| *byte = u8::try_from(dice.below(256)).unwrap_or_default());
    bytes
}

/// A store with one branch that knows these invites.
fn fresh(branch: BranchId, origin: Origin, dice: &mut Dice, invites: &[String]) -> Fallible<SqliteRelayStore> {
    let mut store = SqliteRelayStore::in_memory().map_err(wrong)?;
    let draft = BranchDraft {
        id: branch,
        name: "城东".to_owned(),
        epoch: Epoch::from_bytes(random(dice)),
        zone: store::DEFAULT_ZONE.to_owned(),
        secret: SecretKey::from_bytes(random(dice)),
        origin,
        created_at: Timestamp::EPOCH,
    };
    store.add_branch(&draft).map_err(wrong)?;
    for code in invites {
        let invite = Invite {
            digest: InviteDigest::of(code),
            branch,
            role: Role::Supervisor,
            staff: None,
            created_at: Timestamp::EPOCH,
            expires_at: Timestamp::MAX,
        };
        store.add_invite(&invite).map_err(wrong)?;
    }
    Ok(store)
}

impl Relay {
    pub(super) fn new(dice: &mut Dice, invites: &[String]) -> Fallible<Self> {
        let branch = BranchId::from_bytes(random(dice));
        let mut store = fresh(branch, Origin::New, dice, invites)?;
        let disk = Disk::under(store.connection_mut())?;
        Ok(Relay {
            store,
            branch,
            disk,
            mend_at_ms: None,
            waiting: VecDeque::new(),
            snapshots: Vec::new(),
            undurable: None,
        })
    }

    pub(super) fn wall(now_ms: u64) -> Timestamp {
        Timestamp::from_millis(BEGINNING_MS + i64::try_from(now_ms).unwrap_or_default())
    }

    /// Breaks the disk until `until_ms`.
    pub(super) fn break_disk(&mut self, fault: Fault, until_ms: u64) -> Fallible<()> {
        self.mend_at_ms = Some(until_ms);
        self.disk.fail(fault, self.store.connection_mut())
    }

    pub(super) fn mend_disk(&mut self) -> Fallible<()> {
        self.mend_at_ms = None;
        self.disk.mend(self.store.connection_mut())
    }

    /// Keeps a copy of the store as it is: a backup.
    pub(super) fn back_up(&mut self) -> Fallible<()> {
        if self.disk.is_broken() {
            return Ok(());
        }
        if self.snapshots.len() >= SNAPSHOTS_MAX {
            self.snapshots.remove(1);
        }
        self.snapshots.push(self.store.copy_in_memory().map_err(wrong)?);
        Ok(())
    }

    /// Puts a backup in the store's place; with a new epoch as the restore command does it, or as it is, as somebody does who
    /// copies files. Whether there was a backup.
    pub(super) fn restore(&mut self, renews: bool, dice: &mut Dice) -> Fallible<bool> {
        if self.snapshots.is_empty() {
            return Ok(false);
        }
        let index = usize::try_from(dice.below(self.snapshots.len() as u64)).unwrap_or_default();
        let mut store = self.snapshots[index].copy_in_memory().map_err(wrong)?;
        if renews {
            store.set_epoch(self.branch, Epoch::from_bytes(random(dice))).map_err(wrong)?;
        }
        self.replace(store)?;
        Ok(true)
    }

    /// The disk is gone, the backups with it: a new relay for the same branch, which the devices join again.
    pub(super) fn lose(&mut self, dice: &mut Dice, invites: &[String]) -> Fallible<()> {
        self.snapshots.clear();
        let store = fresh(self.branch, Origin::Recovering, dice, invites)?;
        self.replace(store)
    }

    fn replace(&mut self, mut store: SqliteRelayStore) -> Fallible<()> {
        self.crash();
        self.mend_at_ms = None;
        self.undurable = None;
        self.disk = Disk::under(store.connection_mut())?;
        self.store = store;
        Ok(())
    }

    /// A faulty disk loses what it said it had.
    pub(super) fn forget_undurable(&mut self) -> Fallible<()> {
        match self.undurable.take() {
            Some(store) => self.replace(store),
            None => Ok(()),
        }
    }

    /// Everything that was not committed is gone.
    pub(super) fn crash(&mut self) {
        self.waiting.clear();
    }

    pub(super) fn enrol(
        &mut self,
        request: &EnrolRequest,
        now_ms: u64,
    ) -> Fallible<Result<(Membership, Timestamp), Code>> {
        let at = Self::wall(now_ms);
        let enrolment = Enrolment {
            invite: InviteDigest::of(&request.invite),
            key: request.key,
            name: request.name.clone(),
            staff: "王*".parse().map_err(wrong)?,
            app: request.app.clone(),
            code: request.code.clone(),
            at,
        };
        let device = self.store.enrol(&enrolment).map_err(wrong)?;
        Ok(Ok((self.membership(&device)?, at)))
    }

    fn membership(&self, device: &store::Device) -> Fallible<Membership> {
        let branch = self.store.branch(device.branch).map_err(wrong)?.ok_or("the branch is gone")?;
        Ok(Membership {
            branch: branch.id,
            branch_name: branch.name,
            code: device.code.clone(),
            staff: device.staff.clone(),
            role: device.role,
        })
    }

    pub(super) fn admit(&self, claim: &Claim, now_ms: u64) -> Fallible<Result<Admission, Code>> {
        let Some(device) = self.store.device(claim.key).map_err(wrong)? else {
            return Ok(Err(Code::NotEnrolled));
        };
        let branch = self.store.branch(device.branch).map_err(wrong)?.ok_or("the branch is gone")?;
        let seen = self.store.seen(branch.id, claim.actor).map_err(wrong)?;
        let same_feed = claim.epoch == Some(branch.epoch);
        let sum = if same_feed { self.store.sum_at(branch.id, claim.cursor.base).map_err(wrong)? } else { None };
        let brought = if same_feed {
            self.store.brought(branch.id, claim.key, claim.actor, claim.cursor.base).map_err(wrong)?
        } else {
            Vec::new()
        };
        Ok(Ok(Admission {
            brought: brought.into_iter().map(|(position, hash)| (position, hash.short())).collect(),
            time: Self::wall(now_ms),
            membership: self.membership(&device)?,
            epoch: branch.epoch,
            head: self.store.head(branch.id).map_err(wrong)?,
            seen: seen.map(|seen| Seen { seq: seen.seq, doc: seen.doc, hash: seen.hash }),
            sum,
        }))
    }

    /// Puts a push into the queue of the store's thread.
    pub(super) fn submit(
        &mut self,
        connection: u64,
        submission: store::Submission,
        mutation: Option<Mutation>,
    ) -> Fallible<Option<Mail>> {
        let answered = mutation == Some(Mutation::AckBeforeDurable);
        let mut mail = None;
        if answered {
            let queued: usize = self.waiting.iter().map(|waiting| waiting.intaken.len()).sum();
            let head = self.store.head(self.branch).map_err(wrong)?.get() + queued as u64;
            let verdicts = (1..=submission.changes.len() as u64)
                .map(|offset| Verdict::Accepted(Position::new(head + offset)))
                .collect();
            mail = Some(Mail::Appended(Appended { verdicts, sum: None }));
        }
        self.waiting.push_back(Waiting { connection, intaken: Intaken::Push(submission), answered });
        Ok(mail)
    }

    /// Puts what a device brings back into the same queue.
    pub(super) fn bring_back(
        &mut self,
        connection: u64,
        device: DeviceKey,
        items: Vec<sync::Restoration>,
        mutation: Option<Mutation>,
    ) -> Fallible<()> {
        let branch = self.store.branch(self.branch).map_err(wrong)?.ok_or("the branch is gone")?;
        let mut items = answers::restoring(&branch, items, mutation);
        if mutation == Some(Mutation::ForeignNotRestored) {
            items.retain(|item| match item {
                Restoring::Change { header, .. } => {
                    header.actor.belongs_to(&device) || header.actor == vocab::GENESIS_ACTOR
                }
                Restoring::Erased(_) => true,
            });
        }
        let restoration = store::Restoration { branch: self.branch, device, items };
        self.waiting.push_back(Waiting { connection, intaken: Intaken::Restore(restoration), answered: false });
        Ok(())
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Commits some of what waits in one transaction, and says whom to tell what, in feed order.
    pub(super) fn group_commit(
        &mut self,
        now_ms: u64,
        mutation: Option<Mutation>,
        dice: &mut Dice,
    ) -> Fallible<Vec<Delivery>> {
        let count = usize::try_from(dice.between(1, self.waiting.len() as u64)).unwrap_or(1);
        let group: Vec<Waiting> = self.waiting.drain(..count).collect();
        if mutation == Some(Mutation::RelayCommitNotDurable) && !self.disk.is_broken() {
            self.undurable = Some(self.store.copy_in_memory().map_err(wrong)?);
        }
        let intakes: Vec<Intake<'_>> = group.iter().map(|waiting| waiting.intaken.as_intake()).collect();
        let taken = self.store.take(&intakes, Self::wall(now_ms));
        if taken.is_err() && self.disk.is_broken() {
            // Whoever waits in the queue behind them is told as well: its connection ends with those of the group.
            let connections: BTreeSet<u64> = group.iter().map(|waiting| waiting.connection).collect();
            self.waiting.retain(|waiting| !connections.contains(&waiting.connection));
            let told = connections.into_iter();
            return Ok(told.map(|c| Delivery { connection: Some(c), mail: Mail::StoreFailed }).collect());
        }
        let mut deliveries = Vec::new();
        for (waiting, appended) in group.into_iter().zip(taken.map_err(wrong)?) {
            let connection = Some(waiting.connection);
            let live = waiting.intaken.live(&appended);
            let mail = match &waiting.intaken {
                Intaken::Push(_) => Mail::Appended(answers::appended(&appended)),
                Intaken::Restore(restoration) => Mail::Restored(answers::restored(restoration, &appended)),
            };
            if !waiting.answered {
                deliveries.push(Delivery { connection, mail });
            }
            if let Some(live) = live {
                deliveries.push(Delivery { connection: None, mail: Mail::Live(live) });
            }
        }
        Ok(deliveries)
    }

    /// Erases a document: what everybody who is connected is told of it, unless it is not there.
    pub(super) fn erase(&mut self, doc: DocId, now_ms: u64, mutation: Option<Mutation>) -> Fallible<Option<LiveBatch>> {
        let branch = self.store.branch(self.branch).map_err(wrong)?.ok_or("the branch is gone")?;
        let tombstone =
            sync::sign_tombstone(branch.secret.as_bytes(), branch.id, doc, Self::wall(now_ms), "按客户要求删除");
        match self.store.erase(self.branch, &tombstone).map_err(wrong)? {
            Erasure::Erased { position, sum, .. } => {
                if mutation == Some(Mutation::TombstoneNotSent) {
                    return Ok(None);
                }
                let from = Position::new(position.get() - 1);
                Ok(Some(LiveBatch::new(from, vec![(doc, LiveForm::Erased(tombstone))], sum)))
            }
            Erasure::Before(_) | Erasure::Unknown => Ok(None),
        }
    }

    pub(super) fn read_feed(
        &self,
        ask: &FeedAsk<'_>,
        mutation: Option<Mutation>,
        dice: &mut Dice,
    ) -> Fallible<FeedBatch> {
        let mut skip = ask.skip.clone();
        if mutation == Some(Mutation::ForeignChangeSkipped) && dice.chance(100) {
            skip.insert(ask.after.base.next());
        }
        let batch = self.store.changed_documents(self.branch, &FeedAsk { skip: &skip, ..*ask }).map_err(wrong)?;
        Ok(answers::feed(batch, mutation, dice))
    }

    pub(super) fn ranges(&self, queries: &[RangeQuery], mutation: Option<Mutation>) -> Fallible<Vec<RangeAnswer>> {
        let mut found = self.store.ranges(self.branch, queries).map_err(wrong)?;
        if mutation == Some(Mutation::RangeSkipped)
            && let Some(differs) = found.iter_mut().find(|answer| !matches!(answer, RangeAnswer::Equal))
        {
            *differs = RangeAnswer::Equal;
        }
        Ok(found)
    }

    pub(super) fn compare(
        &self,
        asks: Vec<sync::Ask>,
        bytes_max: usize,
        mutation: Option<Mutation>,
    ) -> Fallible<Compared> {
        let asks: Vec<store::Ask> = asks.into_iter().map(|ask| store::Ask { doc: ask.doc, held: ask.hashes }).collect();
        let found = self.store.compare(self.branch, &asks, bytes_max).map_err(wrong)?;
        let head = self.store.head(self.branch).map_err(wrong)?;
        Ok(Compared { answers: answers::compared(&asks, found, mutation), head })
    }

    /// Brings some saved forms up to the feed.
    pub(super) fn materialize(&mut self, limit: u32) -> Fallible<()> {
        let mut materialized = Vec::new();
        for behind in self.store.behind(self.branch, limit).map_err(wrong)? {
            let (heads, bytes) = match behind.content {
                Content::Bytes(bytes) => {
                    let (dossier, aside) = Dossier::receive(&bytes).map_err(wrong)?;
                    if let Some(aside) = aside.first() {
                        let (hash, reason) = (aside.hash, aside.reason.code());
                        return Err(format!("the relay took {hash}, which cannot be applied: {reason}"));
                    }
                    (dossier.heads(), dossier.save())
                }
                Content::Erased => (Vec::new(), Vec::new()),
            };
            materialized.push(Materialized { doc: behind.doc, through: behind.last, heads, bytes });
        }
        self.store.put_materialized(self.branch, &materialized).map_err(wrong)
    }

    /// The feed: position, document, hash. Without what was erased.
    pub(super) fn feed(&self) -> Fallible<Vec<(Position, DocId, ChangeHash)>> {
        let changes = self.store.changes(self.branch, Position::START, usize::MAX).map_err(wrong)?;
        Ok(changes.into_iter().map(|change| (change.position, change.doc, change.hash)).collect())
    }

    /// The tombstones in the feed.
    pub(super) fn erasures(&self) -> Fallible<Vec<(Position, DocId)>> {
        let erasures = self.store.erasures(self.branch, Position::START, u32::MAX).map_err(wrong)?;
        Ok(erasures.into_iter().map(|(position, tombstone)| (position, tombstone.doc)).collect())
    }

    pub(super) fn epoch(&self) -> Fallible<Epoch> {
        Ok(self.store.branch(self.branch).map_err(wrong)?.ok_or("the branch is gone")?.epoch)
    }

    /// The feed's head, and the sum that it keeps there.
    pub(super) fn head(&self) -> Fallible<(Position, Sum)> {
        let head = self.store.head(self.branch).map_err(wrong)?;
        Ok((head, self.store.sum_at(self.branch, head).map_err(wrong)?.ok_or("no sum at the head")?))
    }

    /// Everything it shows: rows made of its documents, in the form that is the same wherever the same is held.
    pub(super) fn export(&self) -> Fallible<Vec<u8>> {
        let rows = rusqlite::Connection::open_in_memory().map_err(wrong)?;
        readmodel::prepare(&rows).map_err(wrong)?;
        for held in self.store.documents(self.branch, None, u32::MAX).map_err(wrong)? {
            let dossier = Dossier::load(&held.bytes).map_err(wrong)?;
            readmodel::apply(&rows, held.doc, &dossier.read()).map_err(wrong)?;
        }
        let branch = self.store.branch(self.branch).map_err(wrong)?.ok_or("the branch is gone")?;
        let mut bytes = Vec::new();
        readmodel::export(&rows, &branch.name, &mut bytes).map_err(wrong)?;
        Ok(bytes)
    }

    /// What the relay holds.
    pub(super) fn holdings(&self, library: &mut Library) -> Fallible<Holdings> {
        let mut holdings = Holdings::default();
        for held in self.store.documents(self.branch, None, u32::MAX).map_err(wrong)? {
            holdings.documents.insert(held.doc, library.content(&held.bytes)?);
        }
        holdings.erased = self.erasures()?.into_iter().map(|(_, doc)| (doc, 0)).collect();
        Ok(holdings)
    }
}

impl Intaken {
    fn as_intake(&self) -> Intake<'_> {
        match self {
            Intaken::Push(submission) => Intake::Push(submission),
            Intaken::Restore(restoration) => Intake::Restore(restoration),
        }
    }

    fn len(&self) -> usize {
        match self {
            Intaken::Push(submission) => submission.changes.len(),
            Intaken::Restore(restoration) => restoration.items.len(),
        }
    }

    /// What everybody else is told of it.
    fn live(&self, appended: &store::Appended) -> Option<LiveBatch> {
        let forms: Vec<(DocId, LiveForm)> = match self {
            Intaken::Push(submission) => {
                submission.changes.iter().map(|change| (change.doc, LiveForm::Change(change.bytes.clone()))).collect()
            }
            Intaken::Restore(restoration) => restoration.items.iter().map(live_form).collect(),
        };
        let accepted: Vec<(DocId, LiveForm)> = forms
            .into_iter()
            .zip(&appended.verdicts)
            .filter(|(_, verdict)| matches!(verdict, Verdict::Accepted(_)))
            .map(|(form, _)| form)
            .collect();
        (!accepted.is_empty()).then(|| LiveBatch::new(appended.after, accepted, appended.sum))
    }
}

fn live_form(item: &Restoring) -> (DocId, LiveForm) {
    match item {
        Restoring::Change { doc, bytes, .. } => (*doc, LiveForm::Change(bytes.clone())),
        Restoring::Erased(tombstone) => (tombstone.doc, LiveForm::Erased(tombstone.clone())),
    }
}

/// A session's submissions as the store takes them.
pub(super) fn submission(
    branch: BranchId,
    device: DeviceKey,
    actor: vocab::Actor,
    submissions: Vec<sync::Submission>,
) -> store::Submission {
    let changes = submissions
        .into_iter()
        .map(|change| Pushed { seq: change.seq, doc: change.doc, header: change.header, bytes: change.bytes })
        .collect();
    store::Submission { branch, device, actor, changes }
}
