//! The one thread that writes to the relay's database.
//!
//! Pushes of many connections wait in one bounded queue. The thread takes all that wait, commits them in one transaction, and
//! only then hands the answers on: one flush of the disk acknowledges everybody (I1). Everything else that writes, such as enrolling a
//! device or signing in, takes its turn in the same queue.

use std::sync::Arc;
use std::thread::JoinHandle;

use store::{Appended, Feeds, Pushed, SqliteRelayStore, StoreError};
use sync::Submission;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use vocab::{Actor, BranchId, DeviceKey, DocId, Position, Verdict};

use crate::hub::SeatId;
use crate::metrics::Metrics;
use crate::{Error, limits, ticks};

/// What one session wants appended to its branch's feed.
pub(crate) struct Push {
    pub(crate) branch: BranchId,
    pub(crate) device: DeviceKey,
    pub(crate) session_actor: Actor,
    pub(crate) seat: SeatId,
    pub(crate) submissions: Vec<Submission>,
}

impl Push {
    fn bytes(&self) -> usize {
        self.submissions.iter().map(|submission| submission.bytes.len()).sum()
    }

    fn to_stored(&self) -> store::Submission {
        let changes = self.submissions.iter().map(|submission| Pushed {
            seq: submission.seq,
            doc: submission.doc,
            header: submission.header.clone(),
            bytes: Arc::clone(&submission.bytes),
        });
        store::Submission {
            branch: self.branch,
            device: self.device,
            actor: self.session_actor,
            changes: changes.collect(),
        }
    }
}

/// What became of a push, in the order of the feed.
pub(crate) struct Committed {
    pub(crate) branch: BranchId,
    pub(crate) seat: SeatId,
    /// One verdict per change, or nothing when the store failed.
    pub(crate) verdicts: Option<Vec<Verdict>>,
    /// The feed's head before it.
    pub(crate) after: Position,
    /// What was accepted: the changes at the positions after that one.
    pub(crate) accepted: Vec<(DocId, Arc<[u8]>)>,
}

/// Room in the queue that a push takes until its answer is on its way.
type Room = OwnedSemaphorePermit;

type Task = Box<dyn FnOnce(&mut SqliteRelayStore) + Send>;

enum Job {
    Push(Push, Room),
    Task(Task),
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
        let owner = Owner { store, metrics, committed };
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || owner.run(queue))
            .map_err(Error::Runtime)?;
        Ok((StoreThread { jobs, room: Arc::new(Semaphore::new(limits::STORE_QUEUE_BYTES_MAX)) }, thread))
    }

    /// Puts a push into the queue once there is room for its bytes; its answer goes to its seat.
    pub(crate) async fn push(&self, push: Push) -> Result<(), Error> {
        let bytes = u32::try_from(push.bytes().min(limits::STORE_QUEUE_BYTES_MAX)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await.map_err(|_| Error::Stopping)?;
        self.jobs.send(Job::Push(push, room)).await.map_err(|_| Error::Stopping)
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
}

impl Owner {
    fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut next = queue.blocking_recv();
        while let Some(job) = next.take() {
            match job {
                Job::Stop => return,
                Job::Task(task) => task(&mut self.store),
                Job::Push(push, room) => {
                    let mut bytes = push.bytes();
                    let (mut group, mut rooms) = (vec![push], vec![room]);
                    while group.len() < limits::GROUP_COMMIT_MAX && bytes < limits::GROUP_COMMIT_BYTES_MAX {
                        match queue.try_recv() {
                            Ok(Job::Push(push, room)) => {
                                bytes += push.bytes();
                                group.push(push);
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
    fn commit(&mut self, group: Vec<Push>) -> bool {
        let submissions: Vec<store::Submission> = group.iter().map(Push::to_stored).collect();
        let result = self.store.append(&submissions, ticks::wall());
        self.metrics.commits.add(1);
        if let Err(error) = &result {
            log_failure(error);
        }
        let mut appended = result.unwrap_or_default().into_iter();
        group.into_iter().all(|push| self.committed.send(self.outcome(push, appended.next())).is_ok())
    }

    fn outcome(&self, push: Push, appended: Option<Appended>) -> Committed {
        let Push { branch, seat, submissions, .. } = push;
        let Some(Appended { verdicts, after, .. }) = appended else {
            return Committed { branch, seat, verdicts: None, after: Position::START, accepted: Vec::new() };
        };
        verdicts.iter().for_each(|verdict| self.metrics.verdict(*verdict));
        let accepted = submissions
            .into_iter()
            .zip(&verdicts)
            .filter(|(_, verdict)| matches!(verdict, Verdict::Accepted(_)))
            .map(|(submission, _)| (submission.doc, submission.bytes))
            .collect();
        Committed { branch, seat, verdicts: Some(verdicts), after, accepted }
    }
}

fn log_failure(error: &StoreError) {
    tracing::error!(%error, hint = error.hint(), "pushes could not be committed; their devices keep them");
}
