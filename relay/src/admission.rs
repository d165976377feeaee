//! Who may connect, how often, and how often somebody may guess an invite: the bounds that keep one peer from using up the relay.
//!
//! They hold before a connection costs anything: what is turned away here was answered with an HTTP status and the time to
//! wait. A connection that has not said who it is holds its place only until others need it.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::address::Neighbourhood;
use crate::crowd::{Crowd, Crowded, Presence};
use crate::limits;
use crate::rate::Meter;
use crate::settings::ConnectionLimits;

/// Counts connections, openings and wrong invites by address.
pub(crate) struct Admission {
    limits: ConnectionLimits,
    crowd: Arc<Crowd>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    next: u64,
    openings: HashMap<Neighbourhood, Meter>,
    guesses: HashMap<Neighbourhood, Guesses>,
    /// Those who have not said who they are, in the order they came.
    strangers: BTreeMap<u64, oneshot::Sender<()>>,
}

struct Guesses {
    since: Instant,
    wrong: u32,
}

/// Why there is no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnedAway {
    /// The relay or the address has as many connections as it may.
    Crowded(Crowded),
    /// The address opens them too fast; it may again after this time.
    TooFast(Duration),
}

/// The right to be connected; given back when dropped.
pub(crate) struct Permit {
    admission: Arc<Admission>,
    _presence: Presence,
    id: u64,
    outbid: Option<oneshot::Receiver<()>>,
}

impl Permit {
    /// Its holder has proved who it is: its place is not taken for somebody else any more.
    pub(crate) fn introduce(&mut self) {
        self.outbid = None;
        self.admission.counts().strangers.remove(&self.id);
    }

    /// Resolves when the place of a holder that has not proved who it is is needed for somebody else. Cancelling it loses
    /// nothing.
    pub(crate) async fn outbid(&mut self) {
        if let Some(outbid) = &mut self.outbid {
            let told = outbid.await.is_ok();
            self.outbid = None;
            if told {
                return;
            }
        }
        std::future::pending().await
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.counts().strangers.remove(&self.id);
    }
}

impl Admission {
    pub(crate) fn new(limits: ConnectionLimits) -> Self {
        let crowd = Arc::new(Crowd::new(limits.total_max, limits.per_address_max));
        Admission { limits, crowd, counts: Mutex::default() }
    }

    /// A permit for one more connection from `address`.
    ///
    /// # Errors
    /// The relay or the address has as many as it may, or the address had too many of late.
    pub(crate) fn connect(self: &Arc<Self>, address: IpAddr, now: Instant) -> Result<Permit, TurnedAway> {
        let neighbourhood = Neighbourhood::from(address);
        let mut counts = self.counts();
        counts.open(neighbourhood, &self.limits, now).map_err(TurnedAway::TooFast)?;
        let presence = self.crowd.enter(neighbourhood).map_err(TurnedAway::Crowded)?;
        let id = counts.next;
        counts.next += 1;
        let (outbid, receiver) = oneshot::channel();
        counts.strangers.insert(id, outbid);
        if counts.strangers.len() > limits::STRANGERS_MAX
            && let Some((_, oldest)) = counts.strangers.pop_first()
        {
            // One that is going needs not be told.
            let _gone = oldest.send(());
        }
        Ok(Permit { admission: Arc::clone(self), _presence: presence, id, outbid: Some(receiver) })
    }

    /// Those who hold a permit.
    pub(crate) fn crowd(&self) -> &Crowd {
        &self.crowd
    }

    /// Whether `address` may try an invite now.
    pub(crate) fn may_guess(&self, address: IpAddr, now: Instant) -> bool {
        self.counts()
            .guesses
            .get(&address.into())
            .is_none_or(|guesses| guesses.wrong < limits::INVITE_GUESSES_PER_ADDRESS_MAX || expired(guesses, now))
    }

    /// Notes that `address` tried an invite that does not exist.
    pub(crate) fn wrong_guess(&self, address: IpAddr, now: Instant) {
        let address = Neighbourhood::from(address);
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

impl Counts {
    /// Notes that `neighbourhood` opens a connection; how long it should have waited, when it was too fast.
    fn open(&mut self, neighbourhood: Neighbourhood, limits: &ConnectionLimits, now: Instant) -> Result<(), Duration> {
        if self.openings.len() >= limits::OPENING_ADDRESSES_MAX && !self.openings.contains_key(&neighbourhood) {
            self.openings.retain(|_, meter| !meter.is_idle(now));
            let calmest = self.openings.iter().min_by_key(|(_, meter)| meter.worked_off_at()).map(|(key, _)| *key);
            if let Some(calmest) = calmest.filter(|_| self.openings.len() >= limits::OPENING_ADDRESSES_MAX) {
                self.openings.remove(&calmest);
            }
        }
        self.openings.entry(neighbourhood).or_insert_with(|| Meter::new(now)).take(limits.openings_per_address, 1, now)
    }
}

fn expired(guesses: &Guesses, now: Instant) -> bool {
    now.saturating_duration_since(guesses.since) >= limits::INVITE_GUESS_WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate::Rate;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    fn admission(limits: ConnectionLimits) -> Arc<Admission> {
        Arc::new(Admission::new(limits))
    }

    #[test]
    fn an_address_that_guesses_waits_for_the_window_and_others_do_not() {
        let admission = admission(ConnectionLimits::default());
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
    fn what_is_remembered_of_addresses_has_a_bound() {
        let admission = admission(ConnectionLimits::default());
        let start = Instant::now();
        for n in 0..limits::GUESSING_ADDRESSES_MAX.max(limits::OPENING_ADDRESSES_MAX) + 50 {
            let address = IpAddr::from(u32::try_from(n).unwrap().to_be_bytes());
            admission.wrong_guess(address, start);
            drop(admission.connect(address, start).unwrap());
        }
        assert_eq!(admission.counts().guesses.len(), limits::GUESSING_ADDRESSES_MAX);
        assert_eq!(admission.counts().openings.len(), limits::OPENING_ADDRESSES_MAX);
        assert!(admission.counts().strangers.is_empty());
    }

    #[test]
    fn four_hundred_and_fifty_devices_behind_one_address_come_back_twice_within_a_minute() {
        let admission = admission(ConnectionLimits::default());
        let start = Instant::now();
        for _ in 0..2 * 450 {
            drop(admission.connect(address(1), start).unwrap());
        }
        let together: Vec<_> =
            (0..450).map(|_| admission.connect(address(1), start + Duration::from_secs(50)).unwrap()).collect();
        assert_eq!(admission.crowd().len(), together.len());
    }

    #[test]
    fn an_address_that_opens_too_fast_is_told_how_long_to_wait_and_others_are_not_kept() {
        let rate = Rate { per_second: 2, burst: 10 };
        let admission = admission(ConnectionLimits { openings_per_address: rate, ..ConnectionLimits::default() });
        let start = Instant::now();
        for _ in 0..10 {
            drop(admission.connect(address(1), start).unwrap());
        }
        let wait = Duration::from_millis(500);
        assert_eq!(admission.connect(address(1), start).err(), Some(TurnedAway::TooFast(wait)));
        assert!(admission.connect(address(2), start).is_ok());
        assert!(admission.connect(address(1), start + wait).is_ok());
    }

    #[tokio::test]
    async fn the_oldest_stranger_makes_room_and_who_said_who_it_is_does_not() {
        let roomy = ConnectionLimits {
            total_max: usize::MAX,
            per_address_max: usize::MAX,
            openings_per_address: Rate { per_second: 1, burst: u32::MAX },
            ..ConnectionLimits::default()
        };
        let (admission, now) = (admission(roomy), Instant::now());
        let mut known = admission.connect(address(1), now).unwrap();
        known.introduce();
        let mut strangers: Vec<_> =
            (0..=limits::STRANGERS_MAX).map(|_| admission.connect(address(2), now).unwrap()).collect();
        strangers[0].outbid().await;
        let told = |permit: &mut Permit| permit.outbid.as_mut().is_some_and(|outbid| outbid.try_recv().is_ok());
        assert!(!told(&mut known) && !strangers[1..].iter_mut().any(told));
        drop((known, strangers));
        assert!(admission.counts().strangers.is_empty());
    }
}
