//! The book of a branch in memory, kept for all who reconcile.
//!
//! Reading 60,000 sums from the file for every question of every device would take seconds when all devices of a branch
//! reconcile at once, as after a restore. So the book is read once, and then only what changed since: small additions lie
//! over it, and are worked in when they are many. Connections of one process share it ([`BookCache`]).

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Transaction, params};
use vocab::{Book, BranchId, DocId, Epoch, Position, RangeAnswer, RangeQuery, Subrange, Sum};

use super::BranchRow;
use crate::StoreError;
use crate::columns::{Columns, integer};
use crate::relay::{RANGE_LIST_MAX, RANGE_PARTS};

/// This many documents may lie over a book before they are worked in, or a sixteenth of it.
const OVER_MIN: usize = 1_024;

/// Books that the connections of one process share: a clone shares what the original has. 48 bytes a document.
#[derive(Debug, Clone, Default)]
pub struct BookCache(Arc<Mutex<HashMap<BranchId, Slot>>>);

/// One branch's book; locked while it is brought up to date, so that it is read from the file once.
type Slot = Arc<Mutex<Option<Arc<Index>>>>;

#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    epoch: Option<Epoch>,
    head: Position,
    book: Arc<Book>,
    /// What changed since: what the book says, and what is so now.
    over: BTreeMap<DocId, (Option<Sum>, Sum)>,
}

impl BookCache {
    /// The book of a branch, as `tx` sees it or later.
    pub(super) fn index(
        &self,
        tx: &Transaction<'_>,
        id: BranchId,
        branch: &BranchRow,
    ) -> Result<Arc<Index>, StoreError> {
        let slot = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default());
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let mut index = slot.take().unwrap_or_default();
        if index.epoch != Some(branch.epoch) {
            index = Arc::new(Index { epoch: Some(branch.epoch), ..Index::default() });
        }
        if index.head < branch.head {
            Arc::make_mut(&mut index).advance(tx, branch)?;
        }
        *slot = Some(Arc::clone(&index));
        Ok(index)
    }
}

impl Index {
    /// Takes in what changed up to the branch's head.
    fn advance(&mut self, tx: &Transaction<'_>, branch: &BranchRow) -> Result<(), StoreError> {
        let mut statement = tx.prepare_cached("SELECT doc, sum FROM document WHERE branch = ?1 AND last > ?2")?;
        let changed = statement
            .query_map(params![branch.id, integer(self.head.get())], |row| Ok((row.doc(0)?, row.sum(1)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        let bound = OVER_MIN.max(self.book.len() / 16);
        if self.over.len() + changed.len() > bound {
            let held = self.book.slice(LOWEST, None).iter().copied();
            let over = std::mem::take(&mut self.over).into_iter().map(|(doc, (_, now))| (doc, now));
            self.book = Arc::new(Book::new(held.chain(over).chain(changed).collect()));
        } else {
            for (doc, now) in changed {
                self.over.entry(doc).or_insert_with(|| (self.book.get(doc), now)).1 = now;
            }
        }
        self.head = branch.head;
        Ok(())
    }

    /// What lies over the book in a range.
    fn over(&self, lower: DocId, upper: Option<DocId>) -> impl Iterator<Item = (DocId, Option<Sum>, Sum)> {
        let upper = upper.map_or(Bound::Unbounded, |upper| Bound::Excluded(upper.max(lower)));
        // A range that ends where it starts would be refused if both ends were excluded; this start is not.
        self.over.range((Bound::Included(lower), upper)).map(|(doc, (before, now))| (*doc, *before, *now))
    }

    fn range(&self, lower: DocId, upper: Option<DocId>) -> (u64, Sum) {
        let (mut count, mut sum) = self.book.range(lower, upper);
        for (_, before, now) in self.over(lower, upper) {
            count += u64::from(before.is_none());
            sum += now - before.unwrap_or_default();
        }
        (count, sum)
    }

    fn list(&self, lower: DocId, upper: Option<DocId>) -> Vec<(DocId, Sum)> {
        let mut listed: BTreeMap<DocId, Sum> = self.book.slice(lower, upper).iter().copied().collect();
        listed.extend(self.over(lower, upper).map(|(doc, _, now)| (doc, now)));
        listed.into_iter().collect()
    }

    pub(super) fn answer(&self, query: &RangeQuery) -> RangeAnswer {
        let (count, sum) = self.range(query.lower, query.upper);
        if (count, sum) == (query.count, query.sum) {
            return RangeAnswer::Equal;
        }
        if count <= RANGE_LIST_MAX {
            return RangeAnswer::List(self.list(query.lower, query.upper));
        }
        let slice = self.book.slice(query.lower, query.upper);
        // Where the book alone is large enough its parts are about equal, whatever lies over it.
        let bounds =
            if slice.len() >= 2 * RANGE_PARTS { bounds(slice) } else { bounds(&self.list(query.lower, query.upper)) };
        let mut lower = query.lower;
        let part = |upper: Option<DocId>| {
            let (count, sum) = self.range(lower, upper);
            lower = upper.unwrap_or(lower);
            Subrange { upper, count, sum }
        };
        RangeAnswer::Split(bounds.into_iter().map(Some).chain([query.upper]).map(part).collect())
    }
}

const LOWEST: DocId = DocId::from_bytes([0; 16]);

/// The ids at which the parts after the first begin.
fn bounds(documents: &[(DocId, Sum)]) -> Vec<DocId> {
    (1..RANGE_PARTS)
        .filter_map(|part| documents.get(part * documents.len() / RANGE_PARTS))
        .map(|(doc, _)| *doc)
        .collect()
}
