//! A book as reconciling sees it: which documents there are and what each comes to.

use crate::{DocId, Sum};

/// The documents of a branch, as one side holds them, each with its sum: sorted, with the running totals that answer for any
/// range of ids after two binary searches. 48 bytes a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    documents: Vec<(DocId, Sum)>,
    /// The sum of everything before each document, and then of all.
    before: Vec<Sum>,
}

impl Book {
    /// A book from its documents, in any order. Of several sums for one document the last one counts.
    #[must_use]
    pub fn new(mut documents: Vec<(DocId, Sum)>) -> Self {
        if !documents.is_sorted_by_key(|(doc, _)| *doc) {
            documents.sort_by_key(|(doc, _)| *doc);
        }
        // Keeps the later of two, which `dedup_by` gives as its first argument.
        documents.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = later.1;
            }
            same
        });
        let mut total = Sum::ZERO;
        let mut before = Vec::with_capacity(documents.len() + 1);
        before.push(total);
        for (_, sum) in &documents {
            total += *sum;
            before.push(total);
        }
        Book { documents, before }
    }

    /// How many documents there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether there is no document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The sum of the whole book.
    #[must_use]
    pub fn sum(&self) -> Sum {
        self.before.last().copied().unwrap_or_default()
    }

    /// What a document comes to, if it is here.
    #[must_use]
    pub fn get(&self, doc: DocId) -> Option<Sum> {
        let index = self.documents.binary_search_by_key(&doc, |(doc, _)| *doc).ok()?;
        self.documents.get(index).map(|(_, sum)| *sum)
    }

    /// How many documents stand in `[lower, upper)` (to the end, without an `upper`), and what they come to.
    #[must_use]
    pub fn range(&self, lower: DocId, upper: Option<DocId>) -> (u64, Sum) {
        let (start, end) = self.bounds(lower, upper);
        let at = |index: usize| self.before.get(index).copied().unwrap_or_default();
        ((end - start) as u64, at(end) - at(start))
    }

    /// The documents in `[lower, upper)`, in the order of their ids.
    #[must_use]
    pub fn slice(&self, lower: DocId, upper: Option<DocId>) -> &[(DocId, Sum)] {
        let (start, end) = self.bounds(lower, upper);
        self.documents.get(start..end).unwrap_or_default()
    }

    fn bounds(&self, lower: DocId, upper: Option<DocId>) -> (usize, usize) {
        let start = self.documents.partition_point(|(doc, _)| *doc < lower);
        let end = upper.map_or(self.documents.len(), |upper| self.documents.partition_point(|(doc, _)| *doc < upper));
        // A range that ends before it starts holds nothing.
        (start, end.max(start))
    }
}

/// A question of reconciling: does the other side hold the same in this range of document ids?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeQuery {
    /// The first id of the range.
    pub lower: DocId,
    /// The first id after it; none when it goes to the end.
    pub upper: Option<DocId>,
    /// How many documents the one who asks has in it.
    pub count: u64,
    /// What they come to.
    pub sum: Sum,
}

/// A part of a range, which starts where the part before it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subrange {
    /// The first id after it; none when it goes to the end.
    pub upper: Option<DocId>,
    /// How many documents the one who answers has in it.
    pub count: u64,
    /// What they come to.
    pub sum: Sum,
}

/// The answer to a [`RangeQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeAnswer {
    /// The same.
    Equal,
    /// Not the same. These parts cover the range, in order.
    Split(Vec<Subrange>),
    /// Not the same. This is all there is in the range.
    List(Vec<(DocId, Sum)>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_range_comes_to_what_its_documents_come_to(
            documents in prop::collection::vec((0..40_u8, any::<[u8; 16]>()), 0..60),
            lower in 0..40_u8,
            upper in prop::option::of(0..40_u8),
        ) {
            let doc = |n: u8| DocId::from_bytes([n; 16]);
            let listed: Vec<_> = documents.iter().map(|(n, sum)| (doc(*n), Sum::from_bytes(*sum))).collect();
            let held: std::collections::BTreeMap<_, _> = listed.iter().copied().collect();
            let book = Book::new(listed);
            let upper = upper.map(doc);
            let inside: Vec<_> = held
                .iter()
                .filter(|(id, _)| **id >= doc(lower) && upper.is_none_or(|upper| **id < upper))
                .map(|(id, sum)| (*id, *sum))
                .collect();
            prop_assert_eq!(book.slice(doc(lower), upper), &inside[..]);
            let sum = inside.iter().map(|(_, sum)| *sum).sum();
            prop_assert_eq!(book.range(doc(lower), upper), (inside.len() as u64, sum));
            prop_assert_eq!((book.len(), book.sum()), (held.len(), held.values().copied().sum()));
            prop_assert_eq!(book.get(doc(lower)), held.get(&doc(lower)).copied());
        }
    }
}
