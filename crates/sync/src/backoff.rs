//! When to try again after a connection failed.

/// Shortest wait before another attempt, in milliseconds.
pub const BACKOFF_MS_MIN: u64 = 250;

/// Longest wait, in milliseconds: a device is back within a minute of its relay.
pub const BACKOFF_MS_MAX: u64 = 60_000;

/// How long to wait before attempt number `attempt` (0 is the first retry), in milliseconds.
///
/// The wait is drawn evenly between the minimum and a ceiling that doubles from one second, so that devices cut off at the
/// same moment do not come back at the same moment. `random` is 64 random bits; equal arguments give equal waits.
#[must_use]
pub fn backoff_ms(attempt: u32, random: u64) -> u64 {
    let ceiling = 1_000_u64.checked_shl(attempt.min(16)).unwrap_or(BACKOFF_MS_MAX).min(BACKOFF_MS_MAX);
    let span = ceiling - BACKOFF_MS_MIN + 1;
    BACKOFF_MS_MIN + random % span
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_wait_is_within_its_bounds_for_any_attempt(attempt: u32, random: u64) {
            let wait = backoff_ms(attempt, random);
            prop_assert!((BACKOFF_MS_MIN..=BACKOFF_MS_MAX).contains(&wait));
            prop_assert_eq!(wait, backoff_ms(attempt, random));
        }
    }

    #[test]
    fn the_ceiling_doubles_until_it_reaches_a_minute() {
        let ceiling = |attempt| (0..2_000).map(|n| backoff_ms(attempt, n * 37)).max().unwrap();
        assert!(ceiling(0) <= 1_000 && ceiling(0) > 900);
        assert!(ceiling(3) <= 8_000 && ceiling(3) > 7_000);
        assert!(ceiling(40) <= BACKOFF_MS_MAX && ceiling(40) > 50_000);
    }

    #[test]
    fn devices_cut_off_together_come_back_apart() {
        let waits: std::collections::BTreeSet<u64> =
            (0..100).map(|n| backoff_ms(5, u64::wrapping_mul(n, 0x9e37_79b9_7f4a_7c15))).collect();
        assert!(waits.len() > 90);
    }
}
