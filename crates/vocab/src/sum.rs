//! Sums: what a set of changes comes to, kept by adding and taking away, and compared instead of the set.
//!
//! A document's sum is the sum of its changes, a book's the sum of its documents'. An erased document counts one number of
//! its own instead of its changes. So the sum of a whole book, of a range of its documents and of one document are one
//! notion, and a change that arrives is added to each without reading anything else.
//!
//! Equal sums mean equal sets, up to chance: SHA-256 makes 128 bits of each change, and different sets whose sums agree
//! would have to be searched for. Whoever could do that gains no more than that one reconcile passes them over.

use std::fmt;
use std::iter;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::identity::{hex, unhex};
use crate::{ChangeHash, DocId, ParseError, serde_as_text};

/// The sum of a set of changes: 128 bits, added without carry beyond them. Shown as 32 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sum(u128);

impl Sum {
    /// The sum of nothing.
    pub const ZERO: Sum = Sum(0);

    /// What one change of a document counts.
    #[must_use]
    pub fn of_change(doc: DocId, hash: ChangeHash) -> Self {
        Sum::digest(&[b"fieldbook/sum/change/1\0", doc.as_bytes(), hash.as_bytes()])
    }

    /// What a document counts once it is erased, in place of all its changes.
    #[must_use]
    pub fn of_tombstone(doc: DocId) -> Self {
        Sum::digest(&[b"fieldbook/sum/tombstone/1\0", doc.as_bytes()])
    }

    fn digest(parts: &[&[u8]]) -> Self {
        let digest = parts.iter().fold(Sha256::new(), |digest, part| digest.chain_update(part)).finalize();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        Sum(u128::from_be_bytes(first))
    }

    /// A sum as it stands in storage or on the wire.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Sum(u128::from_be_bytes(bytes))
    }

    /// The 16 bytes, the highest first.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl Add for Sum {
    type Output = Sum;

    fn add(self, other: Sum) -> Sum {
        Sum(self.0.wrapping_add(other.0))
    }
}

impl Sub for Sum {
    type Output = Sum;

    fn sub(self, other: Sum) -> Sum {
        Sum(self.0.wrapping_sub(other.0))
    }
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Sum) {
        *self = *self + other;
    }
}

impl SubAssign for Sum {
    fn sub_assign(&mut self, other: Sum) {
        *self = *self - other;
    }
}

impl iter::Sum for Sum {
    fn sum<I: Iterator<Item = Sum>>(sums: I) -> Sum {
        sums.fold(Sum::ZERO, Add::add)
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.to_bytes(), f)
    }
}

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sum {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        unhex(text).map(Sum::from_bytes).ok_or_else(|| ParseError::new(text, "a sum of 32 hexadecimal digits"))
    }
}

serde_as_text!(Sum);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn doc(n: u8) -> DocId {
        DocId::from_bytes([n; 16])
    }

    fn hash(n: u8) -> ChangeHash {
        ChangeHash::from_bytes([n; 32])
    }

    proptest! {
        #[test]
        fn a_sum_does_not_depend_on_the_order_and_forgets_what_is_taken_away(
            changes in prop::collection::vec((any::<[u8; 16]>(), any::<[u8; 32]>()), 0..40),
            cut in 0..40_usize,
        ) {
            let sums: Vec<_> = changes
                .iter()
                .map(|(doc, hash)| Sum::of_change(DocId::from_bytes(*doc), ChangeHash::from_bytes(*hash)))
                .collect();
            let all: Sum = sums.iter().copied().sum();
            prop_assert_eq!(sums.iter().rev().copied().sum::<Sum>(), all);
            let (first, rest) = sums.split_at(cut.min(sums.len()));
            prop_assert_eq!(all - first.iter().copied().sum(), rest.iter().copied().sum::<Sum>());
        }

        #[test]
        fn a_sum_reads_back_what_it_shows(bytes: [u8; 16]) {
            let sum = Sum::from_bytes(bytes);
            prop_assert_eq!(sum.to_bytes(), bytes);
            prop_assert_eq!(sum.to_string().parse::<Sum>().unwrap(), sum);
        }
    }

    #[test]
    fn what_a_change_counts_is_fixed_for_ever() {
        // printf 'fieldbook/sum/change/1\0<16 x 01><32 x 02>' | sha256sum, and the tombstone's likewise.
        assert_eq!(Sum::of_change(doc(1), hash(2)).to_string(), "7387188835b7db7309705b5cd7ef3b88");
        assert_eq!(Sum::of_tombstone(doc(1)).to_string(), "21d8d0a3045d610e3bd3151a291c3ca0");
    }

    #[test]
    fn the_same_hash_counts_differently_in_another_document() {
        assert_ne!(Sum::of_change(doc(1), hash(2)), Sum::of_change(doc(2), hash(2)));
        assert_ne!(Sum::of_change(doc(1), hash(2)), Sum::of_change(doc(1), hash(3)));
    }

    #[test]
    fn sums_wrap_around() {
        let most = Sum::from_bytes([0xff; 16]);
        assert_eq!(most + Sum::from_bytes(1_u128.to_be_bytes()), Sum::ZERO);
        assert_eq!(Sum::ZERO - Sum::from_bytes(1_u128.to_be_bytes()), most);
    }
}
