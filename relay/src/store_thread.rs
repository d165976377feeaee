//! The one thread that writes to the relay's database.
//!
//! Pushes of many connections wait in one bounded queue. The thread takes all that wait, commits them in one transaction, and
//! only then hands the answers on: one flush of the disk acknowledges everybody (I1). What somebody writes on the pages goes the
//! same way. Everything else that writes, such as enrolling a device or signing in, takes its turn in the same queue.
//!
//! Commands in other processes may have appended to a feed as well. This thread alone knows how far it has told each feed, so
//! it is the one to [look](StoreThread::look) and to tell what they wrote, in its place among everything else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use store::{
    Appended, FeedChange, Feeds, Intake, Made, Pushed, Registry, Restoration, Restoring, SqliteRelayStore, StoreError,
    Submission, Writing,
};
use sync::wire::RestoreRefusal;
use sync::{Code, LiveForm, Restored};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use vocab::{BranchId, DocId, Position, Sum, Verdict};

use crate::hub::SeatId;
use crate::mailbox::Answer;
use crate::metrics::Metrics;
use crate::{Error, limits, ticks};

/// What one session, or somebody on the pages, brings to a branch's feed.
pub(crate) struct Brought {
    pub(crate) reply: Reply,
    pub(crate) load: Load,
}

/// Who is to be answered.
pub(crate) enum Reply {
    /// The session in this seat.
    Seat(SeatId),
    /// Whoever waits at the other end.
    Caller(oneshot::Sender<Answer>),
    /// Nobody: another process wrote it and has its answer.
    Nobody,
}

impl Reply {
    /// The seat that need not be told what it brought itself.
    pub(crate) fn seat(&self) -> Option<SeatId> {
        match self {
            Reply::Seat(seat) => Some(*seat),
            Reply::Caller(_) | Reply::Nobody => None,
        }
    }
}

pub(crate) enum Load {
    /// What its device made.
    Push(Submission),
    /// What its device brings back, and what of that was refused already.
    Restore(Restoration, Vec<RestoreRefusal>),
    /// What was written on the pages.
    Write(Writing),
}

impl Load {
    fn bytes(&self) -> usize {
        let restoring = |item: &Restoring| match item {
            Restoring::Change { bytes, .. } => bytes.len(),
            Restoring::Erased(tombstone) => tombstone.why.len(),
        };
        match self {
            Load::Push(submission) => submission.changes.iter().map(|pushed| pushed.bytes.len()).sum(),
            Load::Restore(restoration, _) => restoration.items.iter().map(restoring).sum(),
            Load::Write(writing) => writing.changes.iter().map(|made| made.bytes.len()).sum(),
        }
    }

    fn branch(&self) -> BranchId {
        match self {
            Load::Push(submission) => submission.branch,
            Load::Restore(restoration, _) => restoration.branch,
            Load::Write(writing) => writing.branch,
        }
    }

    fn intake(&self) -> Intake<'_> {
        match self {
            Load::Push(submission) => Intake::Push(submission),
            Load::Restore(restoration, _) => Intake::Restore(restoration),
            Load::Write(writing) => Intake::Write(writing),
        }
    }
}

/// What became of what was brought, in the order of the feed.
pub(crate) struct Committed {
    pub(crate) branch: BranchId,
    pub(crate) reply: Reply,
    pub(crate) answer: Answer,
    /// The feed's head before it.
    pub(crate) after: Position,
    /// What was accepted: what stands at the positions after that one.
    pub(crate) entries: Vec<(DocId, LiveForm)>,
    /// What the feed comes to at the last of them.
    pub(crate) sum: Sum,
}

/// Room in the queue that is taken until the answer is on its way.
type Room = OwnedSemaphorePermit;

type Task = Box<dyn FnOnce(&mut SqliteRelayStore) + Send>;

enum Job {
    Take(Brought, Room),
    Task(Task),
    Look,
    Stop,
}

/// The way to the store thread. Cheap to clone.
#[derive(Clone)]
pub(crate) struct StoreThread {
    jobs: mpsc::Sender<Job>,
    room: Arc<Semaphore>,
}

impl StoreThread {
    /// Starts the thread. What is committed goes to `committed`, whose bound slows the thread down and with it all pushers.
    pub(crate) fn start(
        store: SqliteRelayStore,
        metrics: Arc<Metrics>,
        committed: std::sync::mpsc::SyncSender<Committed>,
    ) -> Result<(Self, JoinHandle<()>), Error> {
        let (jobs, queue) = mpsc::channel(limits::STORE_QUEUE_MAX);
        let mut owner = Owner { store, metrics, committed, told: BTreeMap::new(), version: 0 };
        owner.version = owner.data_version()?;
        for branch in owner.store.branches()? {
            owner.told.insert(branch.id, owner.store.head(branch.id)?);
        }
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || owner.run(queue))
            .map_err(Error::Runtime)?;
        Ok((StoreThread { jobs, room: Arc::new(Semaphore::new(limits::STORE_QUEUE_BYTES_MAX)) }, thread))
    }

    /// Puts what a session brings into the queue once there is room for its bytes; the answer goes to its seat.
    pub(crate) async fn take(&self, brought: Brought) -> Result<(), Error> {
        let bytes = u32::try_from(brought.load.bytes().min(limits::STORE_QUEUE_BYTES_MAX)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await.map_err(|_| Error::Stopping)?;
        self.jobs.send(Job::Take(brought, room)).await.map_err(|_| Error::Stopping)
    }

    /// Appends what was written on the pages; what became of each change, once that is durable.
    pub(crate) async fn append(&self, writing: Writing) -> Result<Vec<Verdict>, Error> {
        let (answer, answered) = oneshot::channel();
        self.take(Brought { reply: Reply::Caller(answer), load: Load::Write(writing) }).await?;
        match answered.await.map_err(|_| Error::Stopping)? {
            Answer::Appended(appended) => Ok(appended.verdicts),
            Answer::Restored(_) | Answer::Failed(_) => Err(Error::Stopping),
        }
    }

    /// Asks the thread to see whether other processes appended to the feeds, and to tell what.
    pub(crate) fn look(&self) -> Result<(), Error> {
        self.jobs.blocking_send(Job::Look).map_err(|_| Error::Stopping)
    }

    /// Runs `write` on the thread.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut SqliteRelayStore) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::Task(task(write, answer))).await.map_err(|_| Error::Stopping)?;
        answered.await.map_err(|_| Error::Stopping)?
    }

    /// Runs `write` on the thread, for callers that are threads themselves.
    pub(crate) fn write_blocking<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut SqliteRelayStore) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.jobs.blocking_send(Job::Task(task(write, answer))).map_err(|_| Error::Stopping)?;
        answered.blocking_recv().map_err(|_| Error::Stopping)?
    }

    /// Ends the thread once everything before this is done.
    pub(crate) async fn stop(&self) {
        // A thread that is gone has stopped.
        let _gone = self.jobs.send(Job::Stop).await;
    }
}

fn task<T: Send + 'static>(
    write: impl FnOnce(&mut SqliteRelayStore) -> Result<T, Error> + Send + 'static,
    answer: oneshot::Sender<Result<T, Error>>,
) -> Task {
    Box::new(move |store| {
        // Whoever asked may have gone meanwhile; the write stands all the same.
        let _gone = answer.send(write(store));
    })
}

struct Owner {
    store: SqliteRelayStore,
    metrics: Arc<Metrics>,
    committed: std::sync::mpsc::SyncSender<Committed>,
    /// How far each feed was handed on.
    told: BTreeMap<BranchId, Position>,
    /// SQLite's count of what other connections committed, when the feeds were last looked at.
    version: i64,
}

impl Owner {
    fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut next = queue.blocking_recv();
        while let Some(job) = next.take() {
            match job {
                Job::Stop => return,
                Job::Task(task) => task(&mut self.store),
                Job::Look => match self.look() {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => tracing::error!(%error, "what another process wrote cannot be read yet"),
                },
                Job::Take(brought, room) => {
                    let mut bytes = brought.load.bytes();
                    let (mut group, mut rooms) = (vec![brought], vec![room]);
                    while group.len() < limits::GROUP_COMMIT_MAX && bytes < limits::GROUP_COMMIT_BYTES_MAX {
                        match queue.try_recv() {
                            Ok(Job::Take(brought, room)) => {
                                bytes += brought.load.bytes();
                                group.push(brought);
                                rooms.push(room);
                            }
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    if !self.commit(group) {
                        return;
                    }
                }
            }
            if next.is_none() {
                next = queue.blocking_recv();
            }
        }
    }

    /// Commits a group and hands its answers on; whether anybody still takes them.
    fn commit(&mut self, group: Vec<Brought>) -> bool {
        let intakes: Vec<Intake<'_>> = group.iter().map(|brought| brought.load.intake()).collect();
        let result = self.store.take(&intakes, ticks::wall());
        self.metrics.commits.add(1);
        for (brought, appended) in group.iter().zip(result.iter().flatten()) {
            self.told.insert(brought.load.branch(), appended.head);
        }
        if let Err(error) = &result {
            log_failure(error);
        }
        let mut appended = result.unwrap_or_default().into_iter();
        group.into_iter().all(|brought| self.committed.send(self.outcome(brought, appended.next())).is_ok())
    }

    fn outcome(&self, brought: Brought, appended: Option<Appended>) -> Committed {
        let (branch, reply) = (brought.load.branch(), brought.reply);
        let Some(appended) = appended else {
            let answer = Answer::Failed(Code::Unavailable);
            return Committed { branch, reply, answer, after: Position::START, entries: Vec::new(), sum: Sum::ZERO };
        };
        let (after, sum) = (appended.after, appended.sum);
        let (answer, entries) = match brought.load {
            Load::Push(submission) => self.pushed(submission, appended),
            Load::Restore(restoration, refused) => self.restored(restoration, refused, appended),
            Load::Write(writing) => {
                let changes = writing.changes.into_iter().map(|Made { doc, bytes, .. }| (doc, bytes));
                self.appended(changes, appended)
            }
        };
        Committed { branch, reply, answer, after, entries, sum }
    }

    /// Hands on what other processes appended since the feeds were last looked at; whether anybody still takes it.
    ///
    /// What stands alone in its place is handed on as it is. Of anything else (much, or with erasures in between) only the last
    /// change is: whoever stands elsewhere reads the feed.
    fn look(&mut self) -> Result<bool, Error> {
        let version = self.data_version()?;
        if version == self.version {
            return Ok(true);
        }
        for branch in self.store.branches()? {
            let told = self.told.get(&branch.id).copied().unwrap_or_default();
            let head = self.store.head(branch.id)?;
            if head <= told {
                continue;
            }
            let mut found = self.store.changes(branch.id, told, limits::LIVE_BYTES_MAX)?;
            let unbroken = u64::try_from(found.len()).is_ok_and(|count| told.get() + count == head.get());
            let after = if unbroken { told } else { Position::new(head.get() - 1) };
            if !unbroken {
                found = self.store.changes(branch.id, after, limits::LIVE_BYTES_MAX)?;
            }
            let entries = found.into_iter().map(|FeedChange { doc, bytes, .. }| (doc, LiveForm::Change(bytes)));
            let sum = self.store.sum_at(branch.id, head)?.unwrap_or_default();
            let answer = Answer::Failed(Code::Unavailable);
            let committed =
                Committed { branch: branch.id, reply: Reply::Nobody, answer, after, entries: entries.collect(), sum };
            tracing::info!(branch = %branch.id, after = %told, %head, "another process appended to a feed");
            if self.committed.send(committed).is_err() {
                return Ok(false);
            }
            self.told.insert(branch.id, head);
        }
        self.version = version;
        Ok(true)
    }

    /// Moves with every commit of another connection, not with those of this one.
    fn data_version(&mut self) -> Result<i64, Error> {
        let version = self.store.connection_mut().pragma_query_value(None, "data_version", |row| row.get(0));
        Ok(version.map_err(StoreError::from)?)
    }

    fn pushed(&self, submission: Submission, appended: Appended) -> (Answer, Vec<(DocId, LiveForm)>) {
        appended.verdicts.iter().for_each(|verdict| self.metrics.verdict(*verdict));
        let changes = submission.changes.into_iter().map(|Pushed { doc, bytes, .. }| (doc, bytes));
        self.appended(changes, appended)
    }

    fn appended(
        &self,
        changes: impl Iterator<Item = (DocId, Arc<[u8]>)>,
        appended: Appended,
    ) -> (Answer, Vec<(DocId, LiveForm)>) {
        let entries: Vec<_> = changes
            .zip(&appended.verdicts)
            .filter(|(_, verdict)| matches!(verdict, Verdict::Accepted(_)))
            .map(|((doc, bytes), _)| (doc, LiveForm::Change(bytes)))
            .collect();
        let sum = (!entries.is_empty()).then_some(appended.sum);
        (Answer::Appended(sync::Appended { verdicts: appended.verdicts, sum }), entries)
    }

    fn restored(
        &self,
        restoration: Restoration,
        mut refused: Vec<RestoreRefusal>,
        appended: Appended,
    ) -> (Answer, Vec<(DocId, LiveForm)>) {
        let mut entries = Vec::new();
        let mut foreign = 0_u64;
        for (item, verdict) in restoration.items.into_iter().zip(&appended.verdicts) {
            let (doc, hash, form) = match item {
                Restoring::Change { doc, header, bytes } => {
                    foreign += u64::from(!header.actor.belongs_to(&restoration.device));
                    (doc, Some(header.hash), LiveForm::Change(bytes))
                }
                Restoring::Erased(tombstone) => (tombstone.doc, None, LiveForm::Erased(tombstone)),
            };
            match verdict {
                Verdict::Accepted(_) => entries.push((doc, form)),
                Verdict::Had(_) => {}
                Verdict::Refused(refusal) => refused.push(RestoreRefusal { doc, hash, refusal: *refusal }),
            }
        }
        let taken = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        self.metrics.changes_restored.add(taken);
        if taken > 0 {
            // Changes of others in one device's name: to be found again by whoever asks how they came here.
            tracing::info!(
                branch = %restoration.branch, device = %restoration.device, taken, foreign, refused = refused.len(),
                after = %appended.after, "a device brought back what the relay lacked"
            );
        }
        let span = (taken > 0).then_some((appended.after, appended.head));
        let restored = Restored { refused, tombstones: appended.tombstones, span, head: appended.head };
        (Answer::Restored(restored), entries)
    }
}

fn log_failure(error: &StoreError) {
    tracing::error!(%error, hint = error.hint(), "pushes could not be committed; their devices keep them");
}
