//! Who is connected, and what they are told as it happens.
//!
//! Every session has a seat with a queue. The publisher puts each accepted batch into the queues of its branch, and the
//! answer to a push into the queue of the one who pushed, all in feed order: then no session needs to read what it was just told,
//! and nobody gets their own changes back. A batch is encoded once; the queues share its bytes.
//!
//! Queues are bounded. While a seat's queue is full only the latest batch is kept beside it: the session that takes it finds that
//! it does not follow on what it has, and reads the feed. Answers to pushes have room of their own: a session waits for
//! them before it pushes more, so they are few.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync::{Code, LiveBatch};
use tokio::sync::{mpsc, oneshot};
use vocab::{BranchId, DeviceKey, Verdict};

use crate::limits;

/// Places in a queue that live batches never take: one for each push a session may have under way.
const RESERVED: usize = sync::limits::PUSHES_IN_FLIGHT_MAX;

/// What a session is told from outside.
pub(crate) enum Delivery {
    /// A batch was accepted in its branch.
    Live(Arc<LiveBatch>),
    /// What became of its oldest push that was not answered; `Err` when the store failed.
    Appended(Result<Vec<Verdict>, Code>),
    /// It has to end.
    Shut(Code),
}

/// The names of seats: which connection is meant, for as long as the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SeatId(u64);

struct Place {
    device: DeviceKey,
    follows: bool,
    queue: mpsc::Sender<Delivery>,
    left_out: Arc<LeftOut>,
    shut: Option<oneshot::Sender<Code>>,
}

/// The latest batch that found no room in a queue.
#[derive(Default)]
struct LeftOut(Mutex<Option<Arc<LiveBatch>>>);

/// The seats of every branch.
#[derive(Default)]
pub(crate) struct Hub {
    next: AtomicU64,
    branches: Mutex<BTreeMap<BranchId, BTreeMap<SeatId, Place>>>,
}

/// One session's place; left when dropped.
pub(crate) struct Seat {
    hub: Arc<Hub>,
    branch: BranchId,
    id: SeatId,
    queue: mpsc::Receiver<Delivery>,
    left_out: Arc<LeftOut>,
    shut: oneshot::Receiver<Code>,
}

impl Hub {
    /// Takes a seat in `branch`. A session that follows replaces an older one of the same device that follows: that one is
    /// half-open, or a second watcher by mistake. A short exchange beside a watcher leaves it alone.
    pub(crate) fn join(self: &Arc<Self>, branch: BranchId, device: DeviceKey, follows: bool) -> Seat {
        let id = SeatId(self.next.fetch_add(1, Ordering::Relaxed));
        let (sender, queue) = mpsc::channel(limits::LIVE_BATCHES_MAX + RESERVED);
        let (shut, shut_receiver) = oneshot::channel();
        let left_out = Arc::new(LeftOut::default());
        let mut branches = self.branches();
        let places = branches.entry(branch).or_default();
        if follows {
            let older = places.values_mut().filter(|place| place.device == device && place.follows);
            older.for_each(|place| place.shut(Code::Replaced));
        }
        let place = Place { device, follows, queue: sender, left_out: Arc::clone(&left_out), shut: Some(shut) };
        places.insert(id, place);
        drop(branches);
        Seat { hub: Arc::clone(self), branch, id, queue, left_out, shut: shut_receiver }
    }

    /// The devices connected in a branch.
    pub(crate) fn devices(&self, branch: BranchId) -> BTreeSet<DeviceKey> {
        self.branches().get(&branch).into_iter().flat_map(BTreeMap::values).map(|place| place.device).collect()
    }

    /// Whether a batch pushed by `origin` has anybody else to go to.
    pub(crate) fn has_others(&self, branch: BranchId, origin: SeatId) -> bool {
        self.branches().get(&branch).is_some_and(|places| places.keys().any(|id| *id != origin))
    }

    /// Puts a batch into every queue of `branch` but its origin's. Returns how many sessions had no room for it.
    pub(crate) fn publish(&self, branch: BranchId, origin: SeatId, batch: &Arc<LiveBatch>) -> usize {
        let branches = self.branches();
        let others = branches.get(&branch).into_iter().flatten().filter(|(id, _)| **id != origin);
        others.filter(|(_, place)| !place.forward(batch)).count()
    }

    /// Answers the oldest push of `seat` that was not answered. A session that is gone needs no answer: its device asks again.
    pub(crate) fn answer(&self, branch: BranchId, seat: SeatId, verdicts: Result<Vec<Verdict>, Code>) {
        if let Some(place) = self.branches().get_mut(&branch).and_then(|places| places.get_mut(&seat))
            && place.queue.try_send(Delivery::Appended(verdicts)).is_err()
        {
            // More pushes under way than the protocol allows: the session must have let them through.
            place.shut(Code::Limit);
        }
    }

    /// Ends every session whose device `is_out`.
    pub(crate) fn shut(&self, code: Code, is_out: impl Fn(&DeviceKey) -> bool) {
        let mut branches = self.branches();
        let places = branches.values_mut().flat_map(BTreeMap::values_mut);
        places.filter(|place| is_out(&place.device)).for_each(|place| place.shut(code));
    }

    fn branches(&self) -> MutexGuard<'_, BTreeMap<BranchId, BTreeMap<SeatId, Place>>> {
        // Every critical section leaves the seats consistent, so a poisoned lock means nothing here.
        self.branches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Whether there was room for one more live batch.
    fn forward(&self, batch: &Arc<LiveBatch>) -> bool {
        let mut left_out = self.left_out.lock();
        // Only the holder of the hub's lock sends, so the room is not taken meanwhile.
        let room = left_out.is_none() && self.queue.capacity() > RESERVED;
        if room && self.queue.try_send(Delivery::Live(Arc::clone(batch))).is_ok() {
            return true;
        }
        *left_out = Some(Arc::clone(batch));
        false
    }

    fn shut(&mut self, code: Code) {
        if let Some(shut) = self.shut.take() {
            // A session that is gone is shut already.
            let _gone = shut.send(code);
        }
    }
}

impl LeftOut {
    fn lock(&self) -> MutexGuard<'_, Option<Arc<LiveBatch>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    pub(crate) fn id(&self) -> SeatId {
        self.id
    }

    pub(crate) fn branch(&self) -> BranchId {
        self.branch
    }

    /// What is next. Cancelling it loses nothing.
    pub(crate) async fn next(&mut self) -> Delivery {
        tokio::select! {
            biased;
            code = &mut self.shut, if !self.shut.is_terminated() => {
                Delivery::Shut(code.unwrap_or(Code::Unavailable))
            }
            delivery = Self::taken(&mut self.queue, &self.left_out) => delivery,
        }
    }

    async fn taken(queue: &mut mpsc::Receiver<Delivery>, left_out: &LeftOut) -> Delivery {
        if let Ok(delivery) = queue.try_recv() {
            return delivery;
        }
        // A batch is left out only while the queue is full, so whoever finds the queue empty and nothing left out is woken by
        // the queue.
        let batch = left_out.lock().take();
        if let Some(batch) = batch {
            return Delivery::Live(batch);
        }
        match queue.recv().await {
            Some(delivery) => delivery,
            // The hub holds the sender for as long as this seat exists.
            None => Delivery::Shut(Code::Unavailable),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut branches = self.hub.branches();
        if let Some(places) = branches.get_mut(&self.branch) {
            places.remove(&self.id);
            if places.is_empty() {
                branches.remove(&self.branch);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocab::{DocId, Position};

    const BRANCH: BranchId = BranchId::from_bytes([1; 16]);

    fn device(n: u8) -> DeviceKey {
        DeviceKey::from_bytes([n; 32])
    }

    fn batch(from: u64) -> Arc<LiveBatch> {
        let doc = DocId::from_random([7; 16]);
        Arc::new(LiveBatch::encode(Position::new(from), &[(doc, Arc::from(&b"a change"[..]))]))
    }

    async fn live_from(seat: &mut Seat) -> u64 {
        match seat.next().await {
            Delivery::Live(batch) => batch.from().get(),
            Delivery::Appended(_) | Delivery::Shut(_) => panic!("a live batch was expected"),
        }
    }

    #[tokio::test]
    async fn everybody_of_the_branch_but_the_origin_gets_the_same_bytes() {
        let hub = Arc::new(Hub::default());
        let mut origin = hub.join(BRANCH, device(1), true);
        assert!(!hub.has_others(BRANCH, origin.id()));
        let mut other = hub.join(BRANCH, device(2), true);
        let stranger = hub.join(BranchId::from_bytes([2; 16]), device(3), true);
        let sent = batch(0);
        assert_eq!(hub.publish(BRANCH, origin.id(), &sent), 0);
        hub.answer(BRANCH, origin.id(), Ok(Vec::new()));
        assert!(matches!(origin.next().await, Delivery::Appended(Ok(_))), "no echo before the answer");
        assert!(matches!(other.next().await, Delivery::Live(got) if Arc::ptr_eq(&got, &sent)));
        assert_eq!(Arc::strong_count(&sent), 1, "nobody else holds it");
        drop(stranger);
    }

    #[tokio::test]
    async fn a_session_that_does_not_keep_up_holds_a_bounded_queue_and_still_hears_of_the_latest() {
        let hub = Arc::new(Hub::default());
        let origin = hub.join(BRANCH, device(1), true);
        let mut slow = hub.join(BRANCH, device(2), true);
        let published = limits::LIVE_BATCHES_MAX as u64 + 20;
        let left_out: usize = (0..published).map(|n| hub.publish(BRANCH, origin.id(), &batch(n))).sum();
        assert_eq!(left_out, 20);
        hub.answer(BRANCH, slow.id(), Ok(Vec::new()));
        for n in 0..limits::LIVE_BATCHES_MAX as u64 {
            assert_eq!(live_from(&mut slow).await, n);
        }
        assert!(matches!(slow.next().await, Delivery::Appended(Ok(_))), "its own answers are never left out");
        assert_eq!(live_from(&mut slow).await, published - 1);
        hub.publish(BRANCH, origin.id(), &batch(published));
        assert_eq!(live_from(&mut slow).await, published);
    }

    #[tokio::test]
    async fn the_order_to_close_passes_everything_that_waits() {
        let hub = Arc::new(Hub::default());
        let origin = hub.join(BRANCH, device(1), true);
        let mut revoked = hub.join(BRANCH, device(2), true);
        for n in 0..100 {
            hub.publish(BRANCH, origin.id(), &batch(n));
        }
        hub.shut(Code::Revoked, |key| *key == device(2));
        assert!(matches!(revoked.next().await, Delivery::Shut(Code::Revoked)));
        assert_eq!(live_from(&mut revoked).await, 0, "asking on does not wait for an order that was given");
    }

    #[tokio::test]
    async fn a_second_follower_of_a_device_replaces_the_first_and_a_short_exchange_does_not() {
        let hub = Arc::new(Hub::default());
        let mut first = hub.join(BRANCH, device(1), true);
        let origin = hub.join(BRANCH, device(1), false);
        hub.publish(BRANCH, origin.id(), &batch(0));
        assert_eq!(live_from(&mut first).await, 0);
        let second = hub.join(BRANCH, device(1), true);
        assert!(matches!(first.next().await, Delivery::Shut(Code::Replaced)));
        drop(first);
        assert_eq!(hub.devices(BRANCH), BTreeSet::from([device(1)]));
        drop((origin, second));
        assert!(hub.devices(BRANCH).is_empty());
    }
}
