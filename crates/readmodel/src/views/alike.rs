//! All pairs of histories that are alike enough, without comparing all pairs.
//!
//! Of two sets of pairs of letters that are alike enough, any part of one that leaves out fewer than the share both must hold
//! meets the other. So each set is indexed by its rarest letters' pairs only, just enough of them, smaller sets first, and is
//! compared with what it meets there. Sets that are the same are one here.

use std::collections::HashMap;

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
    let sets = ranked(sets);
    let mut order: Vec<usize> = (0..sets.len()).collect();
    order.sort_by_key(|place| (sets[*place].ranks.len(), *place));
    let ranks = sets.iter().flat_map(|set| &set.ranks).max().map_or(0, |most| *most as usize + 1);
    let mut index: Vec<Vec<usize>> = vec![Vec::new(); ranks];
    // The last set that met each: so that it is compared with it once.
    let mut met_by: Vec<usize> = vec![usize::MAX; sets.len()];
    let mut pairs = Vec::new();
    let mut left = comparisons_max;
    for place in order {
        let set = &sets[place];
        let prefix = &set.ranks[..set.prefix];
        for rank in prefix {
            let held = &index[*rank as usize];
            // Smaller sets were indexed first: those too small stand at the beginning.
            let first = held.partition_point(|other| sets[*other].ranks.len() < set.least);
            for other in &held[first..] {
                if met_by[*other] == place {
                    continue;
                }
                met_by[*other] = place;
                let Some(rest) = left.checked_sub(1) else { return Found { pairs, is_whole: false } };
                left = rest;
                let percent = alike_percent(&set.ranks, &sets[*other].ranks);
                if percent >= ALIKE_PERCENT_MIN {
                    pairs.push(Alike { a: place.min(*other), b: place.max(*other), percent });
                }
            }
        }
        for rank in prefix {
            index[*rank as usize].push(place);
        }
    }
    Found { pairs, is_whole: true }
}

/// A set as numbers, the rarest first.
struct Ranked {
    ranks: Vec<u32>,
    /// How many of them meet every set that is alike enough.
    prefix: usize,
    /// The size of the smallest such set.
    least: usize,
}

/// The sets, each pair of letters as its rank among all: the fewer sets hold it, the smaller.
fn ranked(sets: &[Bigrams]) -> Vec<Ranked> {
    // A map with an order of its own only ever answers for one key here; numbers are given as pairs are met.
    let mut numbers: HashMap<&[u8; Bigrams::BYTES], u32> = HashMap::new();
    let mut counts: Vec<u32> = Vec::new();
    let mut numbered: Vec<Vec<u32>> = Vec::with_capacity(sets.len());
    for set in sets {
        let of_set = set.pairs().iter().map(|pair| {
            let next = u32::try_from(counts.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry(pair).or_insert(next);
            if number == next {
                counts.push(0);
            }
            counts[number as usize] += 1;
            number
        });
        numbered.push(of_set.collect());
    }
    let mut rarest: Vec<usize> = (0..counts.len()).collect();
    rarest.sort_by_key(|number| (counts[*number], *number));
    let mut rank_of = vec![0_u32; counts.len()];
    for (rank, number) in (0..).zip(rarest) {
        rank_of[number] = rank;
    }
    let shares = sets.iter().map(|set| (set.prefix_len(), set.sizes_alike().0));
    let ranked = |(mut ranks, (prefix, least)): (Vec<u32>, (usize, usize))| {
        ranks.iter_mut().for_each(|number| *number = rank_of[*number as usize]);
        ranks.sort_unstable();
        Ranked { ranks, prefix, least }
    };
    numbered.into_iter().zip(shares).map(ranked).collect()
}

/// As [`Bigrams::alike_percent`], of ranks.
fn alike_percent(one: &[u32], other: &[u32]) -> u64 {
    let (mut both, mut a, mut b) = (0_u64, 0, 0);
    while a < one.len() && b < other.len() {
        let (left, right) = (one[a], other[b]);
        both += u64::from(left == right);
        a += usize::from(left <= right);
        b += usize::from(right <= left);
    }
    let either = (one.len() + other.len()) as u64 - both;
    (both * 100).checked_div(either).unwrap_or(0)
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
