//! Who is connected, and what they are told as it happens.
//!
//! Every session has a seat with a mailbox. The publisher puts each accepted batch into the mailboxes of its branch, and the
//! answer to a push into that of the one who pushed, all in feed order: then no session needs to read what it was just told,
//! and nobody gets their own changes back. A batch is encoded once; the mailboxes share its bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync::{Code, LiveBatch};
use vocab::{BranchId, DeviceKey};

use crate::mailbox::{Answer, Delivery, Mailbox};

/// The names of seats: which connection is meant, for as long as the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SeatId(u64);

struct Place {
    device: DeviceKey,
    follows: bool,
    mailbox: Arc<Mailbox>,
}

/// The seats of every branch.
pub(crate) struct Hub {
    per_device_max: usize,
    next: AtomicU64,
    branches: Mutex<BTreeMap<BranchId, BTreeMap<SeatId, Place>>>,
}

/// One session's place; left when dropped.
pub(crate) struct Seat {
    hub: Arc<Hub>,
    branch: BranchId,
    id: SeatId,
    mailbox: Arc<Mailbox>,
}

impl Hub {
    /// A hub where one device has at most `per_device_max` seats, at least one.
    pub(crate) fn new(per_device_max: usize) -> Self {
        Hub { per_device_max: per_device_max.max(1), next: AtomicU64::default(), branches: Mutex::default() }
    }

    /// Takes a seat in `branch`. A session that follows replaces an older one of the same device that follows: that one is
    /// half-open, or a second watcher by mistake. A short exchange beside a watcher leaves it alone, up to the number of seats a
    /// device may have: then the oldest has to go.
    pub(crate) fn join(self: &Arc<Self>, branch: BranchId, device: DeviceKey, follows: bool) -> Seat {
        let id = SeatId(self.next.fetch_add(1, Ordering::Relaxed));
        let mailbox = Arc::new(Mailbox::default());
        let mut branches = self.branches();
        let places = branches.entry(branch).or_default();
        // Those told to go already hold their place only until they have heard it.
        let own: Vec<&Place> =
            places.values().filter(|place| place.device == device && !place.mailbox.is_shut()).collect();
        let beyond = (own.len() + 1).saturating_sub(self.per_device_max);
        for (age, place) in own.into_iter().enumerate() {
            if age < beyond || (follows && place.follows) {
                place.mailbox.shut(Code::Replaced);
            }
        }
        places.insert(id, Place { device, follows, mailbox: Arc::clone(&mailbox) });
        drop(branches);
        Seat { hub: Arc::clone(self), branch, id, mailbox }
    }

    /// The devices connected in a branch.
    pub(crate) fn devices(&self, branch: BranchId) -> BTreeSet<DeviceKey> {
        self.branches().get(&branch).into_iter().flat_map(BTreeMap::values).map(|place| place.device).collect()
    }

    /// Whether any session of `branch` is one of those.
    pub(crate) fn has_any(&self, branch: BranchId, is_one: impl Fn(SeatId) -> bool) -> bool {
        self.branches().get(&branch).is_some_and(|places| places.keys().any(|id| is_one(*id)))
    }

    /// Puts a batch into the mailboxes of those sessions of `branch`: not of the one that pushed it. Returns how many had no room
    /// for it.
    pub(crate) fn publish(&self, branch: BranchId, to: impl Fn(SeatId) -> bool, batch: &LiveBatch) -> usize {
        let branches = self.branches();
        let places = branches.get(&branch).into_iter().flatten().filter(|(id, _)| to(**id));
        places.filter(|(_, place)| !place.mailbox.forward(batch)).count()
    }

    /// Answers `seat`. A session that is gone needs no answer: its device asks again.
    pub(crate) fn answer(&self, branch: BranchId, seat: SeatId, answer: Answer) {
        if let Some(place) = self.branches().get(&branch).and_then(|places| places.get(&seat)) {
            place.mailbox.answer(answer);
        }
    }

    /// Ends every session whose device `is_out`.
    pub(crate) fn shut(&self, code: Code, is_out: impl Fn(&DeviceKey) -> bool) {
        let branches = self.branches();
        let places = branches.values().flat_map(BTreeMap::values);
        places.filter(|place| is_out(&place.device)).for_each(|place| place.mailbox.shut(code));
    }

    fn branches(&self) -> MutexGuard<'_, BTreeMap<BranchId, BTreeMap<SeatId, Place>>> {
        // Every critical section leaves the seats consistent, so a poisoned lock means nothing here.
        self.branches.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.mailbox.next().await
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
    use sync::LiveForm;
    use vocab::{DocId, Position, Sum};

    const BRANCH: BranchId = BranchId::from_bytes([1; 16]);

    fn device(n: u8) -> DeviceKey {
        DeviceKey::from_bytes([n; 32])
    }

    fn batch(from: u64) -> LiveBatch {
        let doc = DocId::from_random([7; 16]);
        let change = LiveForm::Change(Arc::from(&b"a change"[..]));
        LiveBatch::new(Position::new(from), vec![(doc, change)], Sum::ZERO)
    }

    async fn live_from(seat: &mut Seat) -> u64 {
        match seat.next().await {
            Delivery::Live(batch) => batch.from().get(),
            Delivery::Answer(_) | Delivery::Shut(_) => panic!("a live batch was expected"),
        }
    }

    #[tokio::test]
    async fn everybody_of_the_branch_but_the_origin_gets_the_same_bytes() {
        let hub = Arc::new(Hub::new(3));
        let mut origin = hub.join(BRANCH, device(1), true);
        assert!(!hub.has_any(BRANCH, |seat| seat != origin.id()));
        let mut other = hub.join(BRANCH, device(2), true);
        let mut stranger = hub.join(BranchId::from_bytes([2; 16]), device(3), true);
        let sent = batch(5);
        assert_eq!(hub.publish(BRANCH, |seat| seat != origin.id(), &sent), 0);
        hub.answer(BRANCH, origin.id(), Answer::Failed(Code::Unavailable));
        assert!(matches!(origin.next().await, Delivery::Answer(_)), "no echo before the answer");
        assert_eq!(live_from(&mut other).await, 5);
        assert_eq!(hub.publish(BRANCH, |_| true, &sent), 0);
        assert_eq!((live_from(&mut origin).await, live_from(&mut other).await), (5, 5), "the relay's own go to all");
        let nothing = tokio::time::timeout(std::time::Duration::ZERO, stranger.next());
        assert!(nothing.await.is_err(), "another branch hears nothing");
    }

    #[tokio::test]
    async fn the_order_to_close_passes_everything_that_waits() {
        let hub = Arc::new(Hub::new(3));
        let origin = hub.join(BRANCH, device(1), true);
        let mut revoked = hub.join(BRANCH, device(2), true);
        for n in 0..5 {
            hub.publish(BRANCH, |seat| seat != origin.id(), &batch(n));
        }
        hub.shut(Code::Revoked, |key| *key == device(2));
        assert!(matches!(revoked.next().await, Delivery::Shut(Code::Revoked)));
        assert_eq!(live_from(&mut revoked).await, 0, "asking on does not wait for an order that was given");
    }

    #[tokio::test]
    async fn a_second_follower_of_a_device_replaces_the_first_and_a_short_exchange_does_not() {
        let hub = Arc::new(Hub::new(3));
        let mut first = hub.join(BRANCH, device(1), true);
        let origin = hub.join(BRANCH, device(1), false);
        hub.publish(BRANCH, |seat| seat != origin.id(), &batch(0));
        assert_eq!(live_from(&mut first).await, 0);
        let second = hub.join(BRANCH, device(1), true);
        assert!(matches!(first.next().await, Delivery::Shut(Code::Replaced)));
        drop(first);
        assert_eq!(hub.devices(BRANCH), BTreeSet::from([device(1)]));
        drop((origin, second));
        assert!(hub.devices(BRANCH).is_empty());
    }

    #[tokio::test]
    async fn with_one_connection_too_many_the_oldest_of_that_device_has_to_go() {
        let hub = Arc::new(Hub::new(2));
        let mut stranger = hub.join(BRANCH, device(9), false);
        let mut oldest = hub.join(BRANCH, device(1), false);
        let mut older = hub.join(BRANCH, device(1), false);
        let newest = hub.join(BRANCH, device(1), false);
        assert!(matches!(oldest.next().await, Delivery::Shut(Code::Replaced)));
        hub.publish(BRANCH, |seat| seat != newest.id(), &batch(0));
        assert_eq!((live_from(&mut older).await, live_from(&mut stranger).await), (0, 0));
        let _another = hub.join(BRANCH, device(1), false);
        assert!(matches!(older.next().await, Delivery::Shut(Code::Replaced)));
    }
}
