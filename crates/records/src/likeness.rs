//! How alike two texts are, by the pairs of neighbouring letters that both hold: what finds a customer who was entered twice,
//! since a masked name alone says nothing.
//!
//! Letters of double width count as those they are, capitals as small ones; spaces and punctuation do not count. Alike in
//! percent is the number of pairs both hold times 100 over the number either holds (Jaccard), rounded down.

/// From how many percent on two histories make two customers probably one.
pub const ALIKE_PERCENT_MIN: u64 = 60;

/// The different pairs of neighbouring letters of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bigrams(Vec<[u8; Bigrams::BYTES]>);

impl Bigrams {
    /// What one pair takes in [`Bigrams::to_bytes`]: three bytes a letter.
    pub const BYTES: usize = 6;

    /// The pairs of a text, none where it has fewer than two letters and digits.
    #[must_use]
    pub fn of(text: &str) -> Bigrams {
        let letters: Vec<char> = text.chars().filter_map(letter).collect();
        let mut pairs: Vec<_> = letters.windows(2).map(|pair| of_pair(pair[0], pair[1])).collect();
        pairs.sort_unstable();
        pairs.dedup();
        Bigrams(pairs)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none: such a text is like no other.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pairs, sorted, none twice.
    #[must_use]
    pub fn pairs(&self) -> &[[u8; Bigrams::BYTES]] {
        &self.0
    }

    /// As they are kept beside a record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    /// What [`Bigrams::to_bytes`] made; nothing of other bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Bigrams> {
        let (pairs, rest) = bytes.as_chunks::<{ Bigrams::BYTES }>();
        (rest.is_empty() && pairs.is_sorted_by(|a, b| a < b)).then(|| Bigrams(pairs.to_vec()))
    }

    /// The sizes that others may have which are at least [`ALIKE_PERCENT_MIN`] percent alike, smallest and greatest.
    #[must_use]
    pub fn sizes_alike(&self) -> (usize, usize) {
        let (percent, size) = (ALIKE_PERCENT_MIN as usize, self.len());
        ((size * percent).div_ceil(100), size * 100 / percent)
    }

    /// How many of the pairs, however they are ordered, hold one that every text alike enough holds too.
    #[must_use]
    pub fn prefix_len(&self) -> usize {
        if self.is_empty() { 0 } else { self.len() - self.sizes_alike().0 + 1 }
    }

    /// How alike the two are, in percent; 0 when either is empty.
    #[must_use]
    pub fn alike_percent(&self, other: &Bigrams) -> u64 {
        let (mut both, mut mine, mut theirs) = (0_u64, self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(a), Some(b)) = (mine.peek(), theirs.peek()) {
            match a.cmp(b) {
                std::cmp::Ordering::Less => _ = mine.next(),
                std::cmp::Ordering::Greater => _ = theirs.next(),
                std::cmp::Ordering::Equal => {
                    both += 1;
                    mine.next();
                    theirs.next();
                }
            }
        }
        let either = (self.len() + other.len()) as u64 - both;
        (both * 100).checked_div(either).unwrap_or(0)
    }
}

fn letter(letter: char) -> Option<char> {
    let letter = match u32::from(letter) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xff01 + 0x21).unwrap_or(letter),
        _ => letter,
    };
    letter.is_alphanumeric().then(|| letter.to_lowercase().next().unwrap_or(letter))
}

fn of_pair(first: char, second: char) -> [u8; Bigrams::BYTES] {
    let [_, a, b, c] = u32::from(first).to_be_bytes();
    let [_, d, e, f] = u32::from(second).to_be_bytes();
    [a, b, c, d, e, f]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn percent(one: &str, other: &str) -> u64 {
        Bigrams::of(one).alike_percent(&Bigrams::of(other))
    }

    #[test]
    fn alike_is_what_both_hold_over_what_either_holds() {
        // 20 02 23 3年 年购 购买 买产 产品 品a beside the same with 买了 了产 in place of 买产: 8 of 11.
        assert_eq!(percent("2023年购买产品A", "2023年购买了产品A"), 72);
        // 20 02 年购 购买 买产 产品 of twelve: another purchase.
        assert_eq!(percent("2023年购买产品A", "2024年购买产品B"), 50);
        assert_eq!(percent("２０２３年，购买 产品Ａ", "2023年购买产品a"), 100);
        assert_eq!(percent("人", "人"), 0, "one letter has no neighbour");
        assert_eq!(percent("", ""), 0);
        assert_eq!(percent("哈哈哈哈", "哈哈"), 100);
    }

    proptest! {
        #[test]
        fn bounds_leave_nothing_out(one in "[甲乙丙丁ab]{0,12}", other in "[甲乙丙丁ab]{0,12}") {
            let (one, other) = (Bigrams::of(&one), Bigrams::of(&other));
            prop_assert_eq!(Bigrams::from_bytes(&one.to_bytes()), Some(one.clone()));
            prop_assert_eq!(one.alike_percent(&other), other.alike_percent(&one));
            if one.alike_percent(&other) >= ALIKE_PERCENT_MIN {
                let (least, most) = one.sizes_alike();
                prop_assert!((least..=most).contains(&other.len()));
                let first = &one.pairs()[..one.prefix_len()];
                prop_assert!(first.iter().any(|pair| other.pairs().contains(pair)));
            }
        }
    }

    #[test]
    fn bytes_of_something_else_are_no_pairs() {
        assert_eq!(Bigrams::from_bytes(&[1; 7]), None);
        assert_eq!(Bigrams::from_bytes(&[1; 12]), None, "one pair twice");
    }
}
