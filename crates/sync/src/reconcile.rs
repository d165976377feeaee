//! What both sides say of one document or one range while they reconcile.

use vocab::{Book, ChangeHash, DocId, RangeAnswer, RangeQuery, Subrange, Tombstone};

use crate::limits::RANGE_FANOUT;
use crate::wire::Item;

/// What a device holds of a document: applied, set aside, or in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// These changes, in causal order; empty when it does not hold the document.
    Changes(Vec<ChangeHash>),
    /// It was erased.
    Erased(Tombstone),
}

/// What the relay lacks of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Everything: it does not hold the document.
    All,
    /// These changes.
    These(Vec<ChangeHash>),
}

/// A question about one document: what of it does the device lack, and what does the relay?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Which.
    pub doc: DocId,
    /// The first 16 bytes of the hash of every change that the device holds.
    pub hashes: Vec<[u8; 16]>,
}

/// The answer to an [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether that is all. If not, the device asks again once it holds this.
    pub complete: bool,
    /// What the device lacks; none when it lacks nothing. Its document is that of the question.
    pub item: Option<Item>,
    /// Which of the question's hashes the relay lacks, by their index, ascending; empty unless `complete`.
    pub wants: Vec<u32>,
}

/// Answers a question about a range from a book: equal, all there is when that is little, or parts of about as many documents
/// each, with bounds as short as they can be.
#[must_use]
pub fn answer_range(book: &Book, query: &RangeQuery) -> RangeAnswer {
    let documents = book.slice(query.lower, query.upper);
    let (count, sum) = book.range(query.lower, query.upper);
    if (count, sum) == (query.count, query.sum) {
        return RangeAnswer::Equal;
    }
    if documents.len() <= RANGE_FANOUT {
        return RangeAnswer::List(documents.to_vec());
    }
    RangeAnswer::Split(split(book, query.lower, query.upper, RANGE_FANOUT))
}

/// Cuts a range into at most `parts` parts of about as many of the book's documents each.
pub(crate) fn split(book: &Book, lower: DocId, upper: Option<DocId>, parts: usize) -> Vec<Subrange> {
    let documents = book.slice(lower, upper);
    let parts = parts.clamp(1, documents.len().max(1));
    let mut from = lower;
    let mut ranges = Vec::with_capacity(parts);
    for part in 1..=parts {
        let next = part * documents.len() / parts;
        let to = match (next.checked_sub(1).and_then(|last| documents.get(last)), documents.get(next)) {
            (Some((before, _)), Some((after, _))) => Some(boundary(*before, *after)),
            _ => upper,
        };
        let (count, sum) = book.range(from, to);
        ranges.push(Subrange { upper: to, count, sum });
        from = to.unwrap_or(from);
    }
    ranges
}

/// The id after `before` and not after `after` that ends in the most zero bytes, which the wire leaves out.
fn boundary(before: DocId, after: DocId) -> DocId {
    let (before, after) = (before.as_bytes(), after.as_bytes());
    let common = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    let mut bytes = [0; 16];
    let len = (common + 1).min(16);
    bytes[..len].copy_from_slice(&after[..len]);
    DocId::from_bytes(bytes)
}
