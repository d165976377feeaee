//! Who may connect, and how often somebody may guess an invite: the bounds that keep one peer from using up the relay.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::limits;

/// Counts connections and wrong invites by address.
#[derive(Default)]
pub(crate) struct Admission {
    counts: Mutex<Counts>,
    emptied: Notify,
}

#[derive(Default)]
struct Counts {
    connections: usize,
    by_address: HashMap<IpAddr, usize>,
    guesses: HashMap<IpAddr, Guesses>,
}

struct Guesses {
    since: Instant,
    wrong: u32,
}

/// The right to be connected; given back when dropped.
pub(crate) struct Permit {
    admission: Arc<Admission>,
    address: IpAddr,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.admission.counts();
        counts.connections = counts.connections.saturating_sub(1);
        if counts.connections == 0 {
            self.admission.emptied.notify_waiters();
        }
        if let Some(count) = counts.by_address.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.by_address.remove(&self.address);
            }
        }
    }
}

impl Admission {
    /// A permit for one more connection from `address`, unless the relay or the address has as many as it may.
    pub(crate) fn connect(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        let mut counts = self.counts();
        let here = counts.by_address.get(&address).copied().unwrap_or_default();
        if counts.connections >= limits::CONNECTIONS_MAX || here >= limits::CONNECTIONS_PER_ADDRESS_MAX {
            return None;
        }
        counts.connections += 1;
        counts.by_address.insert(address, here + 1);
        Some(Permit { admission: Arc::clone(self), address })
    }

    /// Connections that hold a permit.
    pub(crate) fn connections(&self) -> usize {
        self.counts().connections
    }

    /// Resolves when nobody is connected.
    pub(crate) async fn empty(&self) {
        let mut emptied = std::pin::pin!(self.emptied.notified());
        // Listening begins before looking, so that the last one to leave in between is not missed.
        emptied.as_mut().enable();
        while self.connections() > 0 {
            emptied.as_mut().await;
            emptied.set(self.emptied.notified());
            emptied.as_mut().enable();
        }
    }

    /// Whether `address` may try an invite now.
    pub(crate) fn may_guess(&self, address: IpAddr, now: Instant) -> bool {
        self.counts()
            .guesses
            .get(&address)
            .is_none_or(|guesses| guesses.wrong < limits::INVITE_GUESSES_PER_ADDRESS_MAX || expired(guesses, now))
    }

    /// Notes that `address` tried an invite that does not exist.
    pub(crate) fn wrong_guess(&self, address: IpAddr, now: Instant) {
        let mut counts = self.counts();
        if counts.guesses.len() >= limits::GUESSING_ADDRESSES_MAX && !counts.guesses.contains_key(&address) {
            counts.guesses.retain(|_, guesses| !expired(guesses, now));
            let oldest = counts.guesses.iter().min_by_key(|(_, guesses)| guesses.since).map(|(address, _)| *address);
            if let Some(oldest) = oldest.filter(|_| counts.guesses.len() >= limits::GUESSING_ADDRESSES_MAX) {
                counts.guesses.remove(&oldest);
            }
        }
        let guesses = counts.guesses.entry(address).or_insert(Guesses { since: now, wrong: 0 });
        if expired(guesses, now) {
            *guesses = Guesses { since: now, wrong: 0 };
        }
        guesses.wrong = guesses.wrong.saturating_add(1);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Every critical section leaves the counts consistent, so a poisoned lock means nothing here.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn expired(guesses: &Guesses, now: Instant) -> bool {
    now.saturating_duration_since(guesses.since) >= limits::INVITE_GUESS_WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn an_address_that_guesses_waits_for_the_window_and_others_do_not() {
        let admission = Admission::default();
        let start = Instant::now();
        for _ in 0..limits::INVITE_GUESSES_PER_ADDRESS_MAX {
            assert!(admission.may_guess(address(1), start));
            admission.wrong_guess(address(1), start);
        }
        assert!(!admission.may_guess(address(1), start));
        assert!(admission.may_guess(address(2), start));
        let later = start + limits::INVITE_GUESS_WINDOW;
        assert!(admission.may_guess(address(1), later));
        admission.wrong_guess(address(1), later);
        assert!(admission.may_guess(address(1), later));
    }

    #[test]
    fn remembered_guesses_have_a_bound() {
        let admission = Admission::default();
        let start = Instant::now();
        for n in 0..limits::GUESSING_ADDRESSES_MAX + 50 {
            let bytes = u32::try_from(n).unwrap().to_be_bytes();
            admission.wrong_guess(IpAddr::from(bytes), start);
        }
        assert_eq!(admission.counts().guesses.len(), limits::GUESSING_ADDRESSES_MAX);
    }

    #[test]
    fn connections_have_a_bound_and_give_their_place_back() {
        let admission = Arc::new(Admission::default());
        let permits: Vec<_> =
            (0..limits::CONNECTIONS_PER_ADDRESS_MAX).map(|_| admission.connect(address(1)).unwrap()).collect();
        assert!(admission.connect(address(1)).is_none());
        let other = admission.connect(address(2));
        assert!(other.is_some());
        drop(permits);
        assert!(admission.connect(address(1)).is_some());
        drop(other);
        assert_eq!(admission.connections(), 0);
        assert!(admission.counts().by_address.is_empty());
    }
}
