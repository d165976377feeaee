//! Hands on what was committed: each batch, encoded once, to the sessions of its branch, and the answers to those who pushed.
//!
//! It is a thread of its own so that compressing one group overlaps with committing the next. The order is the feed's.
//!
//! Pushes that were committed while others were handed on go together, as one batch: when 450 devices come at once, each is
//! told of the 449 others, and 200,000 frames cost the relay more than what is in them. Only those who pushed hear of the
//! others one by one, since a batch with their own changes in it would bring those back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use sync::{LiveBatch, LiveForm};
use vocab::{BranchId, DocId};

use crate::Error;
use crate::hub::{Hub, SeatId};
use crate::metrics::Metrics;
use crate::store_thread::{Committed, Reply};

/// Changes that go together: so few that a frame holds them on any link but the poorest.
const GROUP_CHANGES_MAX: usize = 64;

/// Pushes that go together: each of those who made one is told of each other one.
const GROUP_PUSHES_MAX: usize = 32;

/// Starts the thread. It ends when the store thread does. `grew` is told of every branch whose feed has grown.
pub(crate) fn start(
    committed: Receiver<Committed>,
    hub: Arc<Hub>,
    metrics: Arc<Metrics>,
    grew: impl Fn(BranchId) + Send + 'static,
) -> Result<JoinHandle<()>, Error> {
    let publisher = Publisher { hub, metrics };
    let run = move || {
        let mut next = committed.recv().ok();
        while let Some(first) = next.take() {
            let branch = first.branch;
            let mut group = vec![first];
            while let Ok(more) = committed.try_recv() {
                if !fits(&group, &more) {
                    next = Some(more);
                    break;
                }
                group.push(more);
            }
            let grown = group.iter().any(|one| !one.entries.is_empty());
            publisher.publish(branch, group);
            if grown {
                grew(branch);
            }
            next = next.or_else(|| committed.recv().ok());
        }
    };
    std::thread::Builder::new().name("publisher".to_owned()).spawn(run).map_err(Error::Runtime)
}

/// Whether `more` goes on in the feed where the group ends, and is little enough to go with it.
fn fits(group: &[Committed], more: &Committed) -> bool {
    let changes: usize = group.iter().map(|one| one.entries.len()).sum();
    let Some(last) = group.last() else { return true };
    let goes_on = match group.iter().rev().find(|one| !one.entries.is_empty()) {
        Some(before) => before.after.get() + before.entries.len() as u64 == more.after.get(),
        None => true,
    };
    last.branch == more.branch
        && group.len() < GROUP_PUSHES_MAX
        && (more.entries.is_empty() || (goes_on && changes + more.entries.len() <= GROUP_CHANGES_MAX))
}

struct Publisher {
    hub: Arc<Hub>,
    metrics: Arc<Metrics>,
}

impl Publisher {
    /// Hands on what was committed in one branch, one after the other.
    fn publish(&self, branch: BranchId, group: Vec<Committed>) {
        let grown = || group.iter().filter(|one| !one.entries.is_empty());
        let origins: BTreeSet<SeatId> = grown().filter_map(|one| one.reply.seat()).collect();
        if grown().count() > 1 && self.hub.has_any(branch, |seat| !origins.contains(&seat)) {
            let entries: Vec<(DocId, LiveForm)> = grown().flat_map(|one| one.entries.iter().cloned()).collect();
            if let (Some(first), Some(last)) = (grown().next(), grown().next_back()) {
                let together = LiveBatch::new(first.after, entries, last.sum);
                self.forward(branch, &together, |seat| !origins.contains(&seat));
            }
            for one in group {
                self.tell(branch, one, |seat| origins.contains(&seat));
            }
        } else {
            for one in group {
                self.tell(branch, one, |_| true);
            }
        }
    }

    /// Hands one push on to those seats, and answers whoever made it.
    fn tell(&self, branch: BranchId, committed: Committed, to: impl Fn(SeatId) -> bool) {
        let Committed { reply, answer, after, entries, sum, .. } = committed;
        let origin = reply.seat();
        let to = |seat| Some(seat) != origin && to(seat);
        if !entries.is_empty() && self.hub.has_any(branch, to) {
            self.forward(branch, &LiveBatch::new(after, entries, sum), to);
        }
        match reply {
            Reply::Seat(seat) => self.hub.answer(branch, seat, answer),
            Reply::Caller(caller) => {
                // Whoever asked may have gone meanwhile; what was written stands all the same.
                let _gone = caller.send(answer);
            }
            Reply::Nobody => {}
        }
    }

    fn forward(&self, branch: BranchId, batch: &LiveBatch, to: impl Fn(SeatId) -> bool) {
        self.metrics.batches_encoded.add(1);
        let lagging = self.hub.publish(branch, to, batch);
        self.metrics.sessions_lagged.add(u64::try_from(lagging).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::Seat;
    use crate::mailbox::{Answer, Delivery};
    use std::sync::mpsc::sync_channel;
    use sync::Code;
    use vocab::{DeviceKey, Position, Sum};

    const BRANCH: BranchId = BranchId::from_bytes([1; 16]);

    fn pushed(seat: &Seat, after: u64, changes: usize) -> Committed {
        let entry = |n| (DocId::from_random([n as u8; 16]), LiveForm::Change(vec![0; 10].into()));
        Committed {
            branch: BRANCH,
            reply: Reply::Seat(seat.id()),
            answer: Answer::Failed(Code::Unavailable),
            after: Position::new(after),
            entries: (0..changes).map(entry).collect(),
            sum: Sum::ZERO,
        }
    }

    /// What a seat was told: stretches of the feed, and `(0, 0)` for the answer to its own push.
    async fn told(seat: &mut Seat) -> Vec<(u64, u64)> {
        let mut told = Vec::new();
        while let Ok(delivery) = tokio::time::timeout(std::time::Duration::ZERO, seat.next()).await {
            told.push(match delivery {
                Delivery::Live(batch) => (batch.from().get(), batch.to().get()),
                Delivery::Answer(_) => (0, 0),
                Delivery::Shut(code) => panic!("nobody shuts it: {code:?}"),
            });
        }
        told
    }

    /// Publishes what waits already when the thread starts.
    fn publish(hub: &Arc<Hub>, committed: Vec<Committed>) {
        let (sender, receiver) = sync_channel(committed.len());
        committed.into_iter().for_each(|one| sender.send(one).unwrap());
        drop(sender);
        start(receiver, Arc::clone(hub), Arc::default(), |_| {}).unwrap().join().unwrap();
    }

    #[tokio::test]
    async fn what_was_pushed_at_once_goes_together_to_those_who_pushed_nothing() {
        let hub = Arc::new(Hub::new(3));
        let mut seats: Vec<Seat> = (0..4).map(|n| hub.join(BRANCH, DeviceKey::from_bytes([n; 32]), true)).collect();
        let group = [(0, 0, 2), (1, 2, 1), (2, 3, 0), (0, 3, 3)];
        publish(&hub, group.map(|(seat, after, changes)| pushed(&seats[seat], after, changes)).into());
        assert_eq!(told(&mut seats[3]).await, [(0, 6)], "one batch of all");
        assert_eq!(told(&mut seats[2]).await, [(0, 6), (0, 0)], "whose push brought nothing new is told like others");
        assert_eq!(told(&mut seats[0]).await, [(0, 0), (2, 3), (0, 0)], "nothing of its own, and in the feed's order");
        assert_eq!(told(&mut seats[1]).await, [(0, 2), (0, 0), (3, 6)]);
    }

    #[tokio::test]
    async fn what_does_not_go_on_in_the_feed_or_is_too_much_goes_apart() {
        let hub = Arc::new(Hub::new(3));
        let origin = hub.join(BRANCH, DeviceKey::from_bytes([1; 32]), true);
        let mut other = hub.join(BRANCH, DeviceKey::from_bytes([2; 32]), true);
        let most = GROUP_CHANGES_MAX as u64;
        let group = [(0, 1), (5, 1), (6, GROUP_CHANGES_MAX), (6 + most, 1)];
        publish(&hub, group.map(|(after, changes)| pushed(&origin, after, changes)).into());
        assert_eq!(told(&mut other).await, [(0, 1), (5, 6), (6, 6 + most), (6 + most, 7 + most)]);
    }
}
