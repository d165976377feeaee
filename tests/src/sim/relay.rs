//! The relay of the simulation: a real store with group commit, and the drivers of real sessions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use store::{
    BranchDraft, Documents, Enrolment, Feeds, Invite, InviteDigest, Materialized, Pushed, Registry, SqliteRelayStore,
};
use sync::{Admission, Claim, Code, EnrolRequest, FeedBatch, FeedDocument, FeedForm, LiveBatch, Membership, Seen};
use vocab::{BranchId, ChangeHash, Cursor, DocId, Epoch, Position, Role, Timestamp, Verdict};

use super::disk::{Disk, Fault};
use super::document;
use super::library::{Content, Library};
use super::{Fallible, Mutation, wrong};
use crate::generate::Dice;

/// What the relay's store thread has for a connection.
pub(super) enum Mail {
    Appended(Vec<Verdict>),
    Live(LiveBatch),
    Feed(FeedBatch),
    StoreFailed,
}

/// A push that waits for the next group commit.
struct Waiting {
    connection: u64,
    submission: store::Submission,
    answered: bool,
}

/// The relay. Everything but the store is lost in a crash.
pub(super) struct Relay {
    pub(super) store: SqliteRelayStore,
    pub(super) branch: BranchId,
    waiting: VecDeque<Waiting>,
    pub(super) disk: Disk,
    /// When a broken disk is mended.
    pub(super) mend_at_ms: Option<u64>,
}

/// What a group commit has for the connections.
pub(super) struct Delivery {
    /// The connection; none for everybody.
    pub(super) connection: Option<u64>,
    pub(super) mail: Mail,
}

impl Relay {
    pub(super) fn new(dice: &mut Dice, invites: &[&str]) -> Fallible<Self> {
        let mut store = SqliteRelayStore::in_memory().map_err(wrong)?;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&dice.next().to_be_bytes());
        let mut epoch = [0; 16];
        epoch[..8].copy_from_slice(&dice.next().to_be_bytes());
        let branch = BranchId::from_bytes(id);
        let draft = BranchDraft {
            id: branch,
            name: "城东".to_owned(),
            epoch: Epoch::from_bytes(epoch),
            zone: store::DEFAULT_ZONE.to_owned(),
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
        let disk = Disk::under(store.connection_mut())?;
        Ok(Relay { store, branch, waiting: VecDeque::new(), disk, mend_at_ms: None })
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

    pub(super) fn wall(now_ms: u64) -> Timestamp {
        Timestamp::from_millis(i64::try_from(1_714_521_600_000 + now_ms).unwrap_or_default())
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
        Ok(Ok(Admission {
            time: Self::wall(now_ms),
            membership: self.membership(&device)?,
            epoch: branch.epoch,
            head: self.store.head(branch.id).map_err(wrong)?,
            seen: seen.map(|seen| Seen { seq: seen.seq, doc: seen.doc, hash: seen.hash }),
        }))
    }

    /// Puts a push into the queue of the store's thread.
    pub(super) fn submit(
        &mut self,
        connection: u64,
        submission: store::Submission,
        mutation: Option<Mutation>,
    ) -> Fallible<Option<Delivery>> {
        let answered = mutation == Some(Mutation::AckBeforeDurable);
        let mut delivery = None;
        if answered {
            let queued: usize = self.waiting.iter().map(|waiting| waiting.submission.changes.len()).sum();
            let head = self.store.head(self.branch).map_err(wrong)?.get() + queued as u64;
            let verdicts = (1..=submission.changes.len() as u64)
                .map(|offset| Verdict::Accepted(Position::new(head + offset)))
                .collect();
            delivery = Some(Delivery { connection: Some(connection), mail: Mail::Appended(verdicts) });
        }
        self.waiting.push_back(Waiting { connection, submission, answered });
        Ok(delivery)
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Commits some of what waits in one transaction, and says whom to tell what, in feed order.
    pub(super) fn group_commit(&mut self, now_ms: u64, dice: &mut Dice) -> Fallible<Vec<Delivery>> {
        let count = usize::try_from(dice.between(1, self.waiting.len() as u64)).unwrap_or(1);
        let group: Vec<Waiting> = self.waiting.drain(..count).collect();
        let submissions: Vec<store::Submission> = group.iter().map(|waiting| waiting.submission.clone()).collect();
        let appended = self.store.append(&submissions, Self::wall(now_ms));
        if appended.is_err() && self.disk.is_broken() {
            // Whoever waits in the queue behind them is told as well: its connection ends with those of the group.
            let connections: BTreeSet<u64> = group.iter().map(|waiting| waiting.connection).collect();
            self.waiting.retain(|waiting| !connections.contains(&waiting.connection));
            let told = connections.into_iter();
            return Ok(told.map(|c| Delivery { connection: Some(c), mail: Mail::StoreFailed }).collect());
        }
        let appended = appended.map_err(wrong)?;
        let mut deliveries = Vec::new();
        for (waiting, appended) in group.into_iter().zip(appended) {
            let accepted: Vec<(DocId, Arc<[u8]>)> = waiting
                .submission
                .changes
                .iter()
                .zip(&appended.verdicts)
                .filter(|(_, verdict)| matches!(verdict, Verdict::Accepted(_)))
                .map(|(change, _)| (change.doc, change.bytes.clone()))
                .collect();
            if !waiting.answered {
                let mail = Mail::Appended(appended.verdicts);
                deliveries.push(Delivery { connection: Some(waiting.connection), mail });
            }
            if !accepted.is_empty() {
                let live = LiveBatch::encode(appended.after, &accepted);
                deliveries.push(Delivery { connection: None, mail: Mail::Live(live) });
            }
        }
        Ok(deliveries)
    }

    pub(super) fn read_feed(
        &self,
        after: Cursor,
        bytes_max: usize,
        skip: &BTreeSet<Position>,
        mutation: Option<Mutation>,
        dice: &mut Dice,
    ) -> Fallible<FeedBatch> {
        let mut skip = skip.clone();
        if mutation == Some(Mutation::ForeignChangeSkipped) && dice.chance(100) {
            skip.insert(after.base.next());
        }
        let batch = self.store.changed_documents(self.branch, after, bytes_max, &skip).map_err(wrong)?;
        let mut documents: Vec<FeedDocument> = batch
            .documents
            .into_iter()
            .map(|document| FeedDocument {
                doc: document.doc,
                last: document.last,
                form: match document.form {
                    store::FeedForm::Saved(bytes) => FeedForm::Saved(bytes),
                    store::FeedForm::Changes(changes) => FeedForm::Changes(changes),
                },
            })
            .collect();
        if mutation == Some(Mutation::FeedSkipsDocument) && dice.chance(100) {
            documents.pop();
        }
        let mut cursor = batch.cursor;
        if mutation == Some(Mutation::CursorPastDocument) && batch.more {
            cursor.through = cursor.through.next();
        }
        Ok(FeedBatch { documents, cursor, head: batch.head, more: batch.more })
    }

    /// Brings some saved forms up to the feed.
    pub(super) fn materialize(&mut self, limit: u32) -> Fallible<()> {
        let mut materialized = Vec::new();
        for behind in self.store.behind(self.branch, limit).map_err(wrong)? {
            let merged = document::merge(None, &[&behind.bytes])?;
            materialized.push(Materialized {
                doc: behind.doc,
                through: behind.last,
                heads: merged.heads,
                bytes: merged.saved,
            });
        }
        self.store.put_materialized(self.branch, &materialized).map_err(wrong)
    }

    /// Everything that was not committed is gone.
    pub(super) fn crash(&mut self) {
        self.waiting.clear();
    }

    /// The feed: position, document, hash.
    pub(super) fn feed(&self) -> Fallible<Vec<(Position, DocId, ChangeHash)>> {
        let changes = self.store.changes(self.branch, Position::START, usize::MAX).map_err(wrong)?;
        Ok(changes.into_iter().map(|change| (change.position, change.doc, change.hash)).collect())
    }

    pub(super) fn epoch(&self) -> Fallible<Epoch> {
        Ok(self.store.branch(self.branch).map_err(wrong)?.ok_or("the branch is gone")?.epoch)
    }

    /// The documents.
    pub(super) fn documents(&self, library: &mut Library) -> Fallible<BTreeMap<DocId, Rc<Content>>> {
        let held = self.store.documents(self.branch, None, u32::MAX).map_err(wrong)?;
        held.into_iter().map(|held| Ok((held.doc, library.content(&held.bytes)?))).collect()
    }
}

/// A session's submissions as the store takes them.
pub(super) fn submission(
    branch: BranchId,
    device: vocab::DeviceKey,
    actor: vocab::Actor,
    submissions: Vec<sync::Submission>,
) -> store::Submission {
    let changes = submissions
        .into_iter()
        .map(|change| Pushed { seq: change.seq, doc: change.doc, header: change.header, bytes: change.bytes })
        .collect();
    store::Submission { branch, device, actor, changes }
}
