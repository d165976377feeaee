//! Counting those who are here, in all and from each address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::address::Neighbourhood;

/// Those who are here. What it remembers of an address goes with the last one from there.
pub(crate) struct Crowd {
    total_max: usize,
    per_address_max: usize,
    here: Mutex<Here>,
    emptied: Notify,
}

#[derive(Default)]
struct Here {
    total: usize,
    by_address: HashMap<Neighbourhood, usize>,
}

/// Being here; ends when dropped.
pub(crate) struct Presence {
    crowd: Arc<Crowd>,
    neighbourhood: Neighbourhood,
}

/// Why one more may not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// As many are here as may be.
    Everywhere,
    /// As many are here from this address as may be.
    AtThisAddress,
}

impl Crowd {
    pub(crate) fn new(total_max: usize, per_address_max: usize) -> Self {
        Crowd { total_max, per_address_max, here: Mutex::default(), emptied: Notify::new() }
    }

    /// Lets one more in.
    pub(crate) fn enter(self: &Arc<Self>, neighbourhood: Neighbourhood) -> Result<Presence, Crowded> {
        let mut here = self.lock();
        let neighbours = here.by_address.get(&neighbourhood).copied().unwrap_or_default();
        if neighbours >= self.per_address_max {
            return Err(Crowded::AtThisAddress);
        }
        if here.total >= self.total_max {
            return Err(Crowded::Everywhere);
        }
        here.total += 1;
        here.by_address.insert(neighbourhood, neighbours + 1);
        Ok(Presence { crowd: Arc::clone(self), neighbourhood })
    }

    /// How many are here.
    pub(crate) fn len(&self) -> usize {
        self.lock().total
    }

    /// Resolves when nobody is here.
    pub(crate) async fn empty(&self) {
        let mut emptied = std::pin::pin!(self.emptied.notified());
        // Listening begins before looking, so that the last one to leave in between is not missed.
        emptied.as_mut().enable();
        while self.len() > 0 {
            emptied.as_mut().await;
            emptied.set(self.emptied.notified());
            emptied.as_mut().enable();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Here> {
        // Every critical section leaves the counts consistent, so a poisoned lock means nothing here.
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut here = self.crowd.lock();
        here.total = here.total.saturating_sub(1);
        if here.total == 0 {
            self.crowd.emptied.notify_waiters();
        }
        if let Some(neighbours) = here.by_address.get_mut(&self.neighbourhood) {
            *neighbours = neighbours.saturating_sub(1);
            if *neighbours == 0 {
                here.by_address.remove(&self.neighbourhood);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[test]
    fn a_crowd_has_a_bound_by_address_and_in_all_and_places_are_given_back() {
        let address = |last: u8| Neighbourhood::from(IpAddr::from([10, 0, 0, last]));
        let crowd = Arc::new(Crowd::new(5, 3));
        let first: Vec<_> = (0..3).map(|_| crowd.enter(address(1)).unwrap()).collect();
        assert_eq!(crowd.enter(address(1)).err(), Some(Crowded::AtThisAddress));
        let others: Vec<_> = (0..2).map(|_| crowd.enter(address(2)).unwrap()).collect();
        assert_eq!(crowd.enter(address(3)).err(), Some(Crowded::Everywhere));
        drop(first);
        assert!(crowd.enter(address(1)).is_ok());
        drop(others);
        assert_eq!((crowd.len(), crowd.lock().by_address.len()), (0, 0));
    }
}
