//! Which documents differ: ranges of document ids, compared with the relay's and split until every difference is named.
//!
//! A relay may answer anything. Every range it splits becomes smaller ones at most a fixed number of times, and there are
//! no more ranges in all than documents would need: so the questions end.

use vocab::{Book, DocId, RangeAnswer, RangeQuery, Subrange, Sum};

use crate::Code;
use crate::limits::{BOOK_DOCUMENTS_MAX, RANGE_DEPTH_MAX, RANGES_PER_FRAME_MAX};
use crate::reconcile::split;

/// About how many documents a range holds at first: one split makes lists of the parts that differ.
const DOCUMENTS_PER_RANGE: usize = 128;

/// Ranges allowed besides what the documents need: others may push while this goes on.
const RANGES_SPARE: u64 = 4_096;

/// The search for differences, between this device's book and the relay's.
#[derive(Debug)]
pub(super) struct Ranges {
    book: Book,
    /// Not asked yet; the last ones are asked first.
    due: Vec<Range>,
    /// Asked and not answered.
    asked: Vec<Range>,
    /// How many more ranges may come up.
    budget: u64,
    /// How many documents the relay may yet claim.
    claims: u64,
}

#[derive(Debug, Clone, Copy)]
struct Range {
    lower: DocId,
    upper: Option<DocId>,
    depth: u8,
}

/// A document that is not the same on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    /// The relay holds something of it; perhaps this device does, too.
    Differs(DocId),
    /// Only this device holds it.
    OnlyHere(DocId),
}

const LOWEST: DocId = DocId::from_bytes([0; 16]);

impl Ranges {
    pub(super) fn new(book: Book) -> Self {
        let parts = (book.len() / DOCUMENTS_PER_RANGE).clamp(1, RANGES_PER_FRAME_MAX);
        let mut lower = LOWEST;
        let mut due = Vec::new();
        for Subrange { upper, .. } in split(&book, LOWEST, None, parts) {
            due.push(Range { lower, upper, depth: 0 });
            lower = upper.unwrap_or(lower);
        }
        let budget = RANGES_SPARE + 2 * book.len() as u64;
        Ranges { book, due, asked: Vec::new(), budget, claims: BOOK_DOCUMENTS_MAX }
    }

    pub(super) fn is_waiting(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Whether every question was asked and answered.
    pub(super) fn is_done(&self) -> bool {
        self.due.is_empty() && self.asked.is_empty()
    }

    /// The next questions, at most `max`; none when none is due or some are not answered.
    pub(super) fn next(&mut self, max: usize) -> Option<Vec<RangeQuery>> {
        if self.is_waiting() || self.due.is_empty() {
            return None;
        }
        self.asked = self.due.split_off(self.due.len().saturating_sub(max));
        let query = |range: &Range| {
            let (count, sum) = self.book.range(range.lower, range.upper);
            RangeQuery { lower: range.lower, upper: range.upper, count, sum }
        };
        Some(self.asked.iter().map(query).collect())
    }

    /// The answers to the last questions. Returns the differences they name.
    ///
    /// # Errors
    /// [`Code::Unexpected`] when they do not fit the questions, [`Code::Limit`] when they would never end.
    pub(super) fn answered(&mut self, answers: Vec<RangeAnswer>) -> Result<Vec<Difference>, Code> {
        let asked = std::mem::take(&mut self.asked);
        if asked.is_empty() || asked.len() != answers.len() {
            return Err(Code::Unexpected);
        }
        let mut found = Vec::new();
        for (range, answer) in asked.into_iter().zip(answers) {
            match answer {
                RangeAnswer::Equal => {}
                RangeAnswer::Split(parts) => self.split(range, &parts, &mut found)?,
                RangeAnswer::List(documents) => self.listed(range, &documents, &mut found)?,
            }
        }
        Ok(found)
    }

    fn split(&mut self, range: Range, parts: &[Subrange], found: &mut Vec<Difference>) -> Result<(), Code> {
        let (Some((last, inner)), true) = (parts.split_last(), parts.len() > 1) else { return Err(Code::Unexpected) };
        let mut lower = range.lower;
        for part in inner {
            let within = |upper: DocId| upper > lower && range.upper.is_none_or(|end| upper < end);
            lower = part.upper.filter(|upper| within(*upper)).ok_or(Code::Unexpected)?;
        }
        if last.upper != range.upper {
            return Err(Code::Unexpected);
        }
        if range.depth == 0 {
            let claimed = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.count)).min(self.claims);
            self.claims -= claimed;
            self.budget = self.budget.saturating_add(2 * claimed);
        }
        let mut lower = range.lower;
        for part in parts {
            let next = Range { lower, upper: part.upper, depth: range.depth + 1 };
            lower = part.upper.unwrap_or(lower);
            if self.book.range(next.lower, next.upper) == (part.count, part.sum) {
                continue;
            }
            if part.count == 0 {
                let only_here = self.book.slice(next.lower, next.upper);
                found.extend(only_here.iter().map(|(doc, _)| Difference::OnlyHere(*doc)));
                continue;
            }
            if next.depth > RANGE_DEPTH_MAX || self.budget == 0 {
                return Err(Code::Limit);
            }
            self.budget -= 1;
            self.due.push(next);
        }
        Ok(())
    }

    /// Two sorted lists, merged.
    fn listed(&self, range: Range, theirs: &[(DocId, Sum)], found: &mut Vec<Difference>) -> Result<(), Code> {
        let outside = |doc: DocId| doc < range.lower || range.upper.is_some_and(|upper| doc >= upper);
        let unsorted = theirs.windows(2).any(|pair| pair[0].0 >= pair[1].0);
        if unsorted || theirs.iter().any(|(doc, _)| outside(*doc)) {
            return Err(Code::Unexpected);
        }
        let mut ours = self.book.slice(range.lower, range.upper).iter().peekable();
        for (doc, sum) in theirs {
            while let Some((only_here, _)) = ours.next_if(|(mine, _)| mine < doc) {
                found.push(Difference::OnlyHere(*only_here));
            }
            match ours.next_if(|(mine, _)| mine == doc) {
                Some((_, mine)) if mine == sum => {}
                _ => found.push(Difference::Differs(*doc)),
            }
        }
        found.extend(ours.map(|(doc, _)| Difference::OnlyHere(*doc)));
        Ok(())
    }
}
