//! What waits to be told to one session.
//!
//! A mailbox is bounded. When live batches arrive faster than the session takes them, all of them are dropped but the latest: the
//! session that takes that one finds that it does not follow on what it has, and reads the feed. So a slow device costs the relay
//! a few batches at most, which it shares with others anyway. Answers to pushes have room of their own: a session waits for
//! them before it pushes more, so they are few.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sync::{Appended, Code, LiveBatch, Restored};
use tokio::sync::Notify;

use crate::limits;

/// Answers that may wait: one for each push and each restoration that a session may have under way.
const ANSWERS_MAX: usize = sync::limits::PUSHES_IN_FLIGHT_MAX + sync::limits::ASKS_IN_FLIGHT_MAX;

/// What a session is told from outside.
pub(crate) enum Delivery {
    /// A batch was accepted in its branch.
    Live(LiveBatch),
    /// What became of what it brought.
    Answer(Answer),
    /// It has to end.
    Shut(Code),
}

/// What became of the oldest push or restoration of a session that was not answered.
pub(crate) enum Answer {
    Appended(Appended),
    Restored(Restored),
    /// The store failed.
    Failed(Code),
}

/// The mailbox of one session. One reads, anybody writes.
#[derive(Default)]
pub(crate) struct Mailbox {
    waiting: Mutex<Waiting>,
    filled: Notify,
}

#[derive(Default)]
struct Waiting {
    deliveries: VecDeque<Delivery>,
    live: usize,
    live_bytes: usize,
    answers: usize,
    shut: Shut,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Shut {
    #[default]
    Open,
    /// It has to end and has not been told.
    Ordered(Code),
    Told,
}

impl Mailbox {
    /// Puts a live batch in. `false`: there was no room, and what waited before it is left out.
    pub(crate) fn forward(&self, batch: &LiveBatch) -> bool {
        let mut waiting = self.lock();
        let bytes = batch.bytes();
        let has_room = waiting.live == 0
            || (waiting.live < limits::LIVE_BATCHES_MAX && waiting.live_bytes + bytes <= limits::LIVE_BYTES_MAX);
        if !has_room {
            waiting.deliveries.retain(|delivery| !matches!(delivery, Delivery::Live(_)));
            (waiting.live, waiting.live_bytes) = (0, 0);
        }
        waiting.deliveries.push_back(Delivery::Live(batch.clone()));
        waiting.live += 1;
        waiting.live_bytes += bytes;
        drop(waiting);
        self.filled.notify_one();
        has_room
    }

    /// Puts the answer to a push in.
    pub(crate) fn answer(&self, answer: Answer) {
        let mut waiting = self.lock();
        if waiting.answers < ANSWERS_MAX {
            waiting.answers += 1;
            waiting.deliveries.push_back(Delivery::Answer(answer));
        } else if waiting.shut == Shut::Open {
            // More pushes under way than the protocol allows: the session must have let them through.
            waiting.shut = Shut::Ordered(Code::Limit);
        }
        drop(waiting);
        self.filled.notify_one();
    }

    /// Orders the session to end. It hears that before all that waits; a second order changes nothing.
    pub(crate) fn shut(&self, code: Code) {
        let mut waiting = self.lock();
        if waiting.shut == Shut::Open {
            waiting.shut = Shut::Ordered(code);
        }
        drop(waiting);
        self.filled.notify_one();
    }

    /// Whether the session was ordered to end.
    pub(crate) fn is_shut(&self) -> bool {
        self.lock().shut != Shut::Open
    }

    /// What is next. Cancelling it loses nothing.
    pub(crate) async fn next(&self) -> Delivery {
        loop {
            if let Some(delivery) = self.lock().take() {
                return delivery;
            }
            self.filled.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Every critical section leaves the mailbox consistent, so a poisoned lock means nothing here.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn take(&mut self) -> Option<Delivery> {
        if let Shut::Ordered(code) = self.shut {
            self.shut = Shut::Told;
            return Some(Delivery::Shut(code));
        }
        let delivery = self.deliveries.pop_front()?;
        match &delivery {
            Delivery::Live(batch) => {
                self.live -= 1;
                self.live_bytes -= batch.bytes();
            }
            Delivery::Answer(_) => self.answers -= 1,
            Delivery::Shut(_) => {}
        }
        if self.deliveries.is_empty() {
            // Most sessions rest most of the time, and a queue keeps the room it once needed.
            self.deliveries = VecDeque::new();
        }
        Some(delivery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use sync::LiveForm;
    use vocab::{DocId, Position, Sum};

    fn batch(from: u64, bytes: usize) -> LiveBatch {
        let doc = DocId::from_random([7; 16]);
        let change = LiveForm::Change(vec![0; bytes].into());
        LiveBatch::new(Position::new(from), vec![(doc, change)], Sum::ZERO)
    }

    fn failed() -> Answer {
        Answer::Failed(Code::Unavailable)
    }

    async fn live_from(mailbox: &Mailbox) -> u64 {
        match mailbox.next().await {
            Delivery::Live(batch) => batch.from().get(),
            Delivery::Answer(_) | Delivery::Shut(_) => panic!("a live batch was expected"),
        }
    }

    #[tokio::test]
    async fn a_session_that_does_not_keep_up_holds_little_and_still_hears_of_the_latest() {
        let mailbox = Mailbox::default();
        let max = limits::LIVE_BATCHES_MAX as u64;
        assert!((0..max).all(|n| mailbox.forward(&batch(n, 10))), "so many it may be behind");
        mailbox.answer(failed());
        assert!(!mailbox.forward(&batch(max, 10)));
        assert!(mailbox.forward(&batch(max + 1, 10)));
        assert!(matches!(mailbox.next().await, Delivery::Answer(_)), "its own answers are never left out");
        assert_eq!(live_from(&mailbox).await, max);
        assert_eq!(live_from(&mailbox).await, max + 1);
    }

    #[tokio::test]
    async fn few_large_batches_fill_a_mailbox_too_and_one_alone_always_fits() {
        let mailbox = Mailbox::default();
        let large = limits::LIVE_BYTES_MAX / 2 + 1;
        assert!(mailbox.forward(&batch(0, large)));
        assert!(!mailbox.forward(&batch(1, large)));
        assert_eq!(live_from(&mailbox).await, 1);
        assert!(mailbox.forward(&batch(2, 2 * large)));
        assert_eq!(live_from(&mailbox).await, 2);
    }

    #[tokio::test]
    async fn more_answers_than_pushes_may_be_under_way_end_the_session() {
        let mailbox = Mailbox::default();
        (0..ANSWERS_MAX).for_each(|_| mailbox.answer(failed()));
        assert!(!mailbox.is_shut());
        mailbox.answer(failed());
        assert!(matches!(mailbox.next().await, Delivery::Shut(Code::Limit)));
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_by_each_kind_of_delivery() {
        let mailbox = Arc::new(Mailbox::default());
        let waits = |mailbox: Arc<Mailbox>| tokio::spawn(async move { mailbox.next().await });
        let waiting = waits(Arc::clone(&mailbox));
        mailbox.forward(&batch(0, 1));
        assert!(matches!(waiting.await.unwrap(), Delivery::Live(_)));
        let waiting = waits(Arc::clone(&mailbox));
        mailbox.answer(failed());
        assert!(matches!(waiting.await.unwrap(), Delivery::Answer(_)));
        let waiting = waits(Arc::clone(&mailbox));
        mailbox.shut(Code::Revoked);
        assert!(matches!(waiting.await.unwrap(), Delivery::Shut(Code::Revoked)));
    }
}
