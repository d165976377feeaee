//! The hybrid logical clock that stamps what a device writes.

use crate::Timestamp;

/// How far a stamp received from the future may drag the local clock along: five minutes, in milliseconds
/// (design, section 4). One device with a wrong year must not push everybody's stamps into that year.
pub const FORWARD_DRAG_MAX_MS: i64 = 5 * 60 * 1_000;

/// Stamps that never go backwards, corrected by the offset learnt from the relay.
///
/// The state is two numbers that the store keeps; the wall clock is an argument of every call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HybridClock {
    last: Timestamp,
    offset_ms: i64,
}

impl HybridClock {
    /// A clock that has given or seen `last`, on a device whose wall clock is `offset_ms` behind the relay's.
    #[must_use]
    pub const fn new(last: Timestamp, offset_ms: i64) -> Self {
        HybridClock { last, offset_ms }
    }

    /// The latest stamp given or taken over.
    #[must_use]
    pub const fn last(&self) -> Timestamp {
        self.last
    }

    /// The relay's time minus this device's wall clock, in milliseconds.
    #[must_use]
    pub const fn offset_ms(&self) -> i64 {
        self.offset_ms
    }

    /// `wall` corrected by the offset: the best guess at the true time, not a stamp.
    #[must_use]
    pub const fn corrected(&self, wall: Timestamp) -> Timestamp {
        wall.plus_millis(self.offset_ms)
    }

    /// The next stamp: the corrected time, and one millisecond after every earlier stamp at least.
    pub fn stamp(&mut self, wall: Timestamp) -> Timestamp {
        self.last = self.corrected(wall).max(self.last.plus_millis(1));
        self.last
    }

    /// Takes note of a stamp made elsewhere, so that what is written next sorts after it, by at most
    /// [`FORWARD_DRAG_MAX_MS`] past the corrected time.
    pub fn observe(&mut self, received: Timestamp, wall: Timestamp) {
        let limit = self.corrected(wall).plus_millis(FORWARD_DRAG_MAX_MS);
        self.last = self.last.max(received.min(limit));
    }

    /// Learns the offset from a relay that said `relay_time` when the wall clock stood at `wall`.
    pub fn learn_offset(&mut self, relay_time: Timestamp, wall: Timestamp) {
        self.offset_ms = relay_time.millis() - wall.millis();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    proptest! {
        #[test]
        fn stamps_never_go_backwards(steps in prop::collection::vec((0..10_000_000_i64, any::<bool>()), 1..50)) {
            let mut clock = HybridClock::new(Timestamp::EPOCH, 0);
            let mut last = Timestamp::EPOCH;
            for (wall, observes) in steps {
                if observes {
                    clock.observe(at(wall * 3), at(wall));
                } else {
                    let stamp = clock.stamp(at(wall));
                    prop_assert!(stamp > last);
                    last = stamp;
                }
            }
        }
    }

    #[test]
    fn a_stamp_from_the_future_drags_the_clock_by_five_minutes_at_most() {
        let mut clock = HybridClock::new(Timestamp::EPOCH, 0);
        clock.observe(at(1_000_000_000), at(1_000));
        assert_eq!(clock.stamp(at(1_000)), at(1_000 + FORWARD_DRAG_MAX_MS + 1));
        let mut near = HybridClock::new(Timestamp::EPOCH, 0);
        near.observe(at(2_000), at(1_000));
        assert_eq!(near.stamp(at(1_000)), at(2_001));
    }

    #[test]
    fn the_offset_learnt_from_the_relay_corrects_later_stamps() {
        let mut clock = HybridClock::new(Timestamp::EPOCH, 0);
        clock.learn_offset(at(3_600_000), at(0));
        assert_eq!(clock.stamp(at(10)), at(3_600_010));
    }
}
