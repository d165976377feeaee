//! How often a sign-in may fail before it has to wait.
//!
//! Counted per key in a fixed window; a key is the address that asks, the name it tries, or both together. The table is
//! bounded: when it is full the older windows go first, so that somebody with many addresses cannot fill the memory.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use vocab::Timestamp;

/// Length of a window: five minutes, in milliseconds. Long enough to make guessing hopeless, short enough to wait out.
pub(super) const WINDOW_MS: i64 = 5 * 60 * 1_000;

/// Failures of one name from one address in a window.
pub(super) const FAILURES_NAME_AT_ADDRESS_MAX: u32 = 5;

/// Failures from one address in a window, whatever the names: a whole office may stand behind one address.
pub(super) const FAILURES_ADDRESS_MAX: u32 = 30;

/// Failures of one name in a window from anywhere: high, so that a stranger cannot easily lock somebody out.
pub(super) const FAILURES_NAME_MAX: u32 = 100;

/// Keys remembered at once, about 1 MB.
pub(super) const KEYS_MAX: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Address(IpAddr),
    Name(String),
    NameAtAddress(String, IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Timestamp,
    failures: u32,
}

/// The failures of the last minutes.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    windows: Mutex<BTreeMap<Key, Window>>,
}

impl Limiter {
    /// Seconds to wait before `name` may be tried from `address` again; `None` when it may be tried now.
    pub(crate) fn wait_s(&self, name: &str, address: IpAddr, now: Timestamp) -> Option<i64> {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        keys(name, address)
            .into_iter()
            .filter_map(|(key, failures_max)| {
                let window = windows.get(&key)?;
                let left_ms = window.began.millis() + WINDOW_MS - now.millis();
                (window.failures >= failures_max && left_ms > 0).then_some((left_ms + 999) / 1_000)
            })
            .max()
    }

    /// Counts one attempt. Counted before the password is looked at, so that attempts side by side do not slip through;
    /// [`Limiter::forgive`] takes it back.
    pub(crate) fn count(&self, name: &str, address: IpAddr, now: Timestamp) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _) in keys(name, address) {
            let window = windows.entry(key).or_insert(Window { began: now, failures: 0 });
            if now.millis() - window.began.millis() >= WINDOW_MS {
                *window = Window { began: now, failures: 0 };
            }
            window.failures += 1;
        }
        if windows.len() > KEYS_MAX {
            windows.retain(|_, window| now.millis() - window.began.millis() < WINDOW_MS);
        }
        if windows.len() > KEYS_MAX {
            // The older half at once, so that a full table does not make every further attempt search through it.
            let mut began: Vec<Timestamp> = windows.values().map(|window| window.began).collect();
            began.sort_unstable();
            let median = began[began.len() / 2];
            windows.retain(|_, window| window.began > median);
        }
    }

    /// Takes an attempt back that succeeded.
    pub(crate) fn forgive(&self, name: &str, address: IpAddr) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.remove(&Key::NameAtAddress(name.to_owned(), address));
        for key in [Key::Address(address), Key::Name(name.to_owned())] {
            if let Some(window) = windows.get_mut(&key) {
                window.failures = window.failures.saturating_sub(1);
            }
        }
    }
}

fn keys(name: &str, address: IpAddr) -> [(Key, u32); 3] {
    [
        (Key::NameAtAddress(name.to_owned(), address), FAILURES_NAME_AT_ADDRESS_MAX),
        (Key::Address(address), FAILURES_ADDRESS_MAX),
        (Key::Name(name.to_owned()), FAILURES_NAME_MAX),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn address(last: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn the_sixth_failure_of_a_name_from_an_address_has_to_wait() {
        let limiter = Limiter::default();
        for _ in 0..FAILURES_NAME_AT_ADDRESS_MAX {
            assert_eq!(limiter.wait_s("li", address(1), at(0)), None);
            limiter.count("li", address(1), at(0));
        }
        assert_eq!(limiter.wait_s("li", address(1), at(0)), Some(300));
        assert_eq!(limiter.wait_s("li", address(2), at(0)), None, "another address is not kept out");
        assert_eq!(limiter.wait_s("wang", address(1), at(0)), None, "another name is not kept out");
        assert_eq!(limiter.wait_s("li", address(1), at(WINDOW_MS)), None, "the window ends");
    }

    #[test]
    fn an_address_that_tries_many_names_has_to_wait() {
        let limiter = Limiter::default();
        for number in 0..FAILURES_ADDRESS_MAX {
            limiter.count(&format!("name{number}"), address(1), at(0));
        }
        assert!(limiter.wait_s("new", address(1), at(1)).is_some());
        assert!(limiter.wait_s("new", address(2), at(1)).is_none());
    }

    #[test]
    fn a_success_forgives() {
        let limiter = Limiter::default();
        for _ in 0..FAILURES_NAME_AT_ADDRESS_MAX {
            limiter.count("li", address(1), at(0));
        }
        limiter.forgive("li", address(1));
        assert_eq!(limiter.wait_s("li", address(1), at(0)), None);
    }

    #[test]
    fn the_table_never_grows_past_its_bound() {
        let limiter = Limiter::default();
        for number in 0..KEYS_MAX {
            limiter.count(&format!("name{number}"), address(1), at(number as i64 / 100));
            if number % 1_000 == 0 {
                assert!(limiter.windows.lock().unwrap().len() <= KEYS_MAX);
            }
        }
        assert!(limiter.windows.lock().unwrap().len() <= KEYS_MAX);
    }
}
