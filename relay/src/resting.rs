//! Documents that took long to read and rest before they are read again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use vocab::{BranchId, DocId};

use crate::limits;

/// Until when each of them rests.
#[derive(Default)]
pub(crate) struct Resting(BTreeMap<(BranchId, DocId), Instant>);

impl Resting {
    /// Notes that reading a document took so long.
    pub(crate) fn took(&mut self, branch: BranchId, doc: DocId, duration: Duration, now: Instant) {
        self.0.retain(|_, until| *until > now);
        if duration > limits::MATERIALIZE_LONG && self.0.len() < limits::MATERIALIZE_RESTING_MAX {
            let rest = duration.saturating_mul(limits::MATERIALIZE_REST).min(limits::MATERIALIZE_REST_MAX);
            self.0.insert((branch, doc), now + rest);
        }
    }

    /// Until when a document rests, if it does.
    pub(crate) fn until(&self, branch: BranchId, doc: DocId, now: Instant) -> Option<Instant> {
        self.0.get(&(branch, doc)).copied().filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRANCH: BranchId = BranchId::from_bytes([1; 16]);

    #[test]
    fn only_what_took_long_rests_and_not_for_ever() {
        let (quick, long) = (DocId::from_random([1; 16]), DocId::from_random([2; 16]));
        let now = Instant::now();
        let mut resting = Resting::default();
        resting.took(BRANCH, quick, limits::MATERIALIZE_LONG, now);
        resting.took(BRANCH, long, Duration::from_millis(200), now);
        assert_eq!(resting.until(BRANCH, quick, now), None);
        assert_eq!(resting.until(BRANCH, long, now), Some(now + Duration::from_secs(4)));
        assert_eq!(resting.until(BRANCH, long, now + Duration::from_secs(4)), None);
        resting.took(BRANCH, long, Duration::MAX, now);
        assert_eq!(resting.until(BRANCH, long, now), Some(now + limits::MATERIALIZE_REST_MAX));
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let now = Instant::now();
        let mut resting = Resting::default();
        for n in 0..limits::MATERIALIZE_RESTING_MAX + 10 {
            let doc = DocId::from_random((n as u128).to_be_bytes());
            resting.took(BRANCH, doc, Duration::from_secs(1), now);
        }
        assert_eq!(resting.0.len(), limits::MATERIALIZE_RESTING_MAX);
    }
}
