//! Chance from a seed.
//!
//! Our own SplitMix64 (Steele, Lea and Flood, 2014) and not a crate: a data set must stay the same for years, byte for byte,
//! and random crates change how they draw from a range between versions.

/// A stream of draws that is a function of its seed.
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Dice {
    /// The stream number `stream` of `seed`: streams of one seed are independent of each other, so that item 7,000 can be
    /// drawn without drawing the 6,999 before it.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut mixer = Dice { state: seed };
        let seed = mixer.next();
        let mut dice = Dice { state: seed ^ stream.wrapping_mul(GOLDEN) };
        dice.state = dice.next();
        dice
    }

    /// The next 64 bits.
    #[expect(clippy::should_implement_trait, reason = "an endless stream; an Iterator's Option would say otherwise")]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number from 0 up to and without `bound`; 0 when `bound` is 0. The bias is below 2^-32 for the bounds used here.
    pub fn below(&mut self, bound: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(bound)) >> 64).unwrap_or_default()
    }

    /// A number from `low` to `high`, both possible.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in `per_mille` of a thousand draws.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of `items`, all alike likely.
    ///
    /// # Panics
    /// When there are none.
    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap_or_default()]
    }

    /// One of `items` by its share; the shares may have any sum.
    ///
    /// # Panics
    /// When there are none.
    pub fn weighted<T: Copy>(&mut self, items: &[(u64, T)]) -> T {
        let mut left = self.below(items.iter().map(|(share, _)| share).sum());
        for (share, item) in items {
            if left < *share {
                return *item;
            }
            left -= share;
        }
        items[items.len() - 1].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_draws_for_ever() {
        let mut dice = Dice::new(7, 3);
        let draws: Vec<_> = (0..6).map(|_| dice.below(1_000)).collect();
        assert_eq!(draws, [83, 358, 647, 150, 299, 320]);
    }

    #[test]
    fn streams_and_seeds_differ() {
        let first = |seed, stream| Dice::new(seed, stream).next();
        assert_eq!(first(1, 1), first(1, 1));
        assert_ne!(first(1, 1), first(1, 2));
        assert_ne!(first(1, 1), first(2, 1));
        assert_ne!(first(1, 2), first(2, 1));
    }

    #[test]
    fn shares_are_kept() {
        let mut dice = Dice::new(1, 0);
        let mut drawn = [0_u32; 3];
        for _ in 0..10_000 {
            drawn[dice.weighted(&[(20, 0), (50, 1), (30, 2)])] += 1;
        }
        for (count, share) in drawn.into_iter().zip([2_000_u32, 5_000, 3_000]) {
            assert!(count.abs_diff(share) < 200, "{drawn:?}");
        }
        assert!((0..1_000).all(|_| (3..=5).contains(&dice.between(3, 5))));
    }
}
