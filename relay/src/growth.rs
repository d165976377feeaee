//! Which branches' feeds have grown: the materializer sleeps on it, everybody who accepts something wakes it.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vocab::BranchId;

/// A set of branches to look at. Marking one twice is marking it once, so it is bounded by the number of branches.
#[derive(Default)]
pub(crate) struct Growth {
    waiting: Mutex<Waiting>,
    woken: Condvar,
}

#[derive(Default)]
struct Waiting {
    branches: BTreeSet<BranchId>,
    stopping: bool,
}

impl Growth {
    /// Says that `branch` has something to be materialized.
    pub(crate) fn mark(&self, branch: BranchId) {
        self.lock().branches.insert(branch);
        self.woken.notify_one();
    }

    /// Ends whoever sleeps here, now and from now on.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.woken.notify_all();
    }

    /// The branches marked since this was last asked; sleeps while there are none, and for `duration_max` at most. `None` to
    /// stop.
    pub(crate) fn next(&self, duration_max: Duration) -> Option<BTreeSet<BranchId>> {
        let waiting = self.lock();
        let (mut waiting, _) = self
            .woken
            .wait_timeout_while(waiting, duration_max, |waiting| waiting.branches.is_empty() && !waiting.stopping)
            .unwrap_or_else(PoisonError::into_inner);
        (!waiting.stopping).then(|| std::mem::take(&mut waiting.branches))
    }

    /// Sleeps for `duration`, or less when told to stop.
    pub(crate) fn pause(&self, duration: Duration) {
        let waiting = self.lock();
        drop(self.woken.wait_timeout_while(waiting, duration, |waiting| !waiting.stopping));
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
