//! How much of something may happen in a time, without a timer and without a table: a bucket that fills by itself.

use std::time::Duration;

use tokio::time::Instant;

/// How much may happen: so much a second for ever, and so much at once after a rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How much a second; at least 1.
    pub per_second: u32,
    /// How much at once; at least 1.
    pub burst: u32,
}

impl Rate {
    fn time_for(self, count: u64) -> Duration {
        let nanos = u128::from(count) * 1_000_000_000 / u128::from(self.per_second.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What has happened lately, as the moment when all of it will have been worked off at the rate allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter {
    worked_off_at: Instant,
}

impl Meter {
    /// One to which nothing has happened.
    pub(crate) fn new(now: Instant) -> Self {
        Meter { worked_off_at: now }
    }

    /// Notes that `count` more happen now, if the rate allows them.
    ///
    /// # Errors
    /// How long until it would; then nothing is noted.
    pub(crate) fn take(&mut self, rate: Rate, count: u64, now: Instant) -> Result<(), Duration> {
        let before = *self;
        match self.note(rate, count, now) {
            Duration::ZERO => Ok(()),
            wait => {
                *self = before;
                Err(wait)
            }
        }
    }

    /// Notes that `count` more happened now; how long to rest until the rate is kept again.
    pub(crate) fn note(&mut self, rate: Rate, count: u64, now: Instant) -> Duration {
        let until = self.worked_off_at.max(now).checked_add(rate.time_for(count));
        // Further than a clock can say is for ever; what was noted before stands for it.
        self.worked_off_at = until.unwrap_or(self.worked_off_at);
        let owed = self.worked_off_at.saturating_duration_since(now);
        owed.saturating_sub(rate.time_for(u64::from(rate.burst)))
    }

    /// Whether all that happened is worked off.
    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        self.worked_off_at <= now
    }

    pub(crate) fn worked_off_at(&self) -> Instant {
        self.worked_off_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 10, burst: 5 };

    #[test]
    fn a_burst_passes_and_the_next_has_to_wait_for_exactly_one() {
        let now = Instant::now();
        let mut meter = Meter::new(now);
        for _ in 0..RATE.burst {
            assert_eq!(meter.take(RATE, 1, now), Ok(()));
        }
        assert_eq!(meter.take(RATE, 1, now), Err(Duration::from_millis(100)));
        assert_eq!(meter.take(RATE, 1, now + Duration::from_millis(99)), Err(Duration::from_millis(1)));
        assert_eq!(meter.take(RATE, 1, now + Duration::from_millis(100)), Ok(()));
    }

    #[test]
    fn over_any_time_no_more_passes_than_the_rate_and_one_burst() {
        let start = Instant::now();
        let mut meter = Meter::new(start);
        let passed = (0..10_000_u64).filter(|n| meter.take(RATE, 1, start + Duration::from_millis(*n)).is_ok()).count();
        assert_eq!(passed, 5 + 99, "a burst, then ten a second");
        assert!(!meter.is_idle(start + Duration::from_secs(10)));
        assert!(meter.is_idle(start + Duration::from_secs(11)));
    }

    #[test]
    fn what_happened_all_the_same_is_rested_off() {
        let now = Instant::now();
        let mut meter = Meter::new(now);
        assert_eq!(meter.note(RATE, 5, now), Duration::ZERO);
        assert_eq!(meter.note(RATE, 20, now), Duration::from_secs(2));
        assert_eq!(meter.note(RATE, 0, now + Duration::from_secs(2)), Duration::ZERO);
        assert!(meter.take(RATE, u64::MAX, now).is_err(), "more than time can hold never passes");
    }
}
