//! All pairs of histories that are alike enough, without comparing all pairs.
//!
//! Of two sets of pairs of letters that are alike enough, any part of one that leaves out fewer than the share both must hold
//! meets the other. So each set is indexed by its rarest letters' pairs only, just enough of them, smaller sets first, and is
//! compared with what it meets there. Sets that are the same are one here.

use std::collections::{BTreeSet, HashMap};

use records::{ALIKE_PERCENT_MIN, Bigrams};

/// Most comparisons of two histories for one list: a book in which thousands of customers have all but the same history would
/// otherwise take minutes, and its list would help nobody. What is left out the list says.
const COMPARISONS_MAX: u64 = 2_000_000;

/// Two sets, by their places, and how alike they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alike {
    pub(crate) a: usize,
    pub(crate) b: usize,
    pub(crate) percent: u64,
}

/// The pairs found, and whether all were looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) pairs: Vec<Alike>,
    pub(crate) is_whole: bool,
}

/// Every two of `sets`, none of which is empty, that are at least [`ALIKE_PERCENT_MIN`] percent alike; `a` before `b`.
pub(crate) fn alike(sets: &[Bigrams]) -> Found {
    alike_within(sets, COMPARISONS_MAX)
}

fn alike_within(sets: &[Bigrams], comparisons_max: u64) -> Found {
    // A map with an order of its own only ever answers for one key here.
    let mut counts: HashMap<&[u8; Bigrams::BYTES], u32> = HashMap::new();
    for pair in sets.iter().flat_map(Bigrams::pairs) {
        *counts.entry(pair).or_default() += 1;
    }
    let mut order: Vec<usize> = (0..sets.len()).collect();
    order.sort_by_key(|place| (sets[*place].len(), *place));
    let mut index: HashMap<&[u8; Bigrams::BYTES], Vec<usize>> = HashMap::new();
    let mut pairs = Vec::new();
    let mut left = comparisons_max;
    for place in order {
        let set = &sets[place];
        let mut rarest: Vec<&[u8; Bigrams::BYTES]> = set.pairs().iter().collect();
        rarest.sort_by_key(|pair| (counts.get(pair).copied().unwrap_or_default(), **pair));
        rarest.truncate(set.prefix_len());
        let (least, _) = set.sizes_alike();
        let mut met: BTreeSet<usize> = BTreeSet::new();
        for pair in &rarest {
            let held = index.get(pair).map_or(&[][..], Vec::as_slice);
            // Smaller sets were indexed first: those too small stand at the beginning.
            let first = held.partition_point(|other| sets[*other].len() < least);
            met.extend(&held[first..]);
        }
        for other in met {
            let Some(rest) = left.checked_sub(1) else { return Found { pairs, is_whole: false } };
            left = rest;
            let percent = set.alike_percent(&sets[other]);
            if percent >= ALIKE_PERCENT_MIN {
                pairs.push(Alike { a: place.min(other), b: place.max(other), percent });
            }
        }
        for pair in rarest {
            index.entry(pair).or_default().push(place);
        }
    }
    Found { pairs, is_whole: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_hand(sets: &[Bigrams]) -> Vec<(usize, usize, u64)> {
        let mut all = Vec::new();
        for (b, other) in sets.iter().enumerate() {
            all.extend(sets[..b].iter().enumerate().map(|(a, set)| (a, b, set.alike_percent(other))));
        }
        all.retain(|(.., percent)| *percent >= ALIKE_PERCENT_MIN);
        all.sort_unstable();
        all
    }

    proptest! {
        #[test]
        fn no_pair_is_missed_and_none_made_up(texts in prop::collection::vec("[甲乙丙丁a]{2,9}", 0..60)) {
            let mut sets: Vec<Bigrams> = texts.iter().map(|text| Bigrams::of(text)).collect();
            sets.sort();
            sets.dedup();
            let found = alike(&sets);
            let mut pairs: Vec<_> = found.pairs.iter().map(|alike| (alike.a, alike.b, alike.percent)).collect();
            pairs.sort_unstable();
            prop_assert_eq!(pairs, by_hand(&sets));
            prop_assert!(found.is_whole);
        }
    }

    #[test]
    fn what_would_take_too_long_ends_and_says_so() {
        let sets: Vec<Bigrams> =
            (0..200).map(|n| Bigrams::of(&format!("每年购买产品并请求上门保养与检查编号{n:04}"))).collect();
        let found = alike_within(&sets, 10_000);
        assert!(!found.is_whole && !found.pairs.is_empty());
        assert_eq!(found, alike_within(&sets, 10_000), "the same every time");
        assert!(alike_within(&sets, 20_000).is_whole, "the control: 200 have 19,900 pairs");
    }
}
