//! One read of what a device lacks: small documents first, then a part of what is owed.

use rusqlite::{Transaction, params};
use vocab::{Cursor, Owed, Position};

use super::form::{Changed, Lacked, Least};
use super::{BranchRow, erase};
use crate::StoreError;
use crate::columns::integer;
use crate::relay::{DOCUMENTS_PER_BATCH_MAX, FeedAsk, FeedBatch, FeedDocument, FeedForm, OWED_MAX};

/// What a tombstone counts in a batch, in bytes: about what it takes on the way.
const TOMBSTONE_BYTES: usize = 200;

/// A large document that the cursor has passed.
struct Debt {
    changed: Changed,
    within: Position,
}

impl Debt {
    fn is_paid(&self) -> bool {
        self.within >= self.changed.last
    }
}

/// Where the read of the documents after the cursor ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// There is none left.
    Head,
    /// The batch is full.
    Full,
    /// The next one is large, and as many are owed as may be.
    Crowded,
}

struct Reading<'a> {
    tx: &'a Transaction<'a>,
    branch: i64,
    ask: &'a FeedAsk<'a>,
    documents: Vec<FeedDocument>,
    bytes: usize,
    through: Position,
    debts: Vec<Debt>,
}

/// What [`crate::Feeds::changed_documents`] answers.
pub(super) fn read(tx: &Transaction<'_>, branch: &BranchRow, ask: &FeedAsk<'_>) -> Result<FeedBatch, StoreError> {
    let mut reading = Reading {
        tx,
        branch: branch.id,
        ask,
        documents: Vec::new(),
        bytes: 0,
        through: ask.after.through,
        debts: Vec::new(),
    };
    reading.know_debts()?;
    let end = reading.pass()?;
    if end != End::Full {
        reading.pay(end)?;
    }
    let Reading { documents, through, debts, .. } = reading;
    let more = end != End::Head || !debts.iter().all(Debt::is_paid);
    Ok(FeedBatch {
        documents,
        cursor: match (more, end) {
            (false, _) => Cursor::at(branch.head),
            (true, End::Head) => Cursor { base: ask.after.base, through: through.max(branch.head) },
            (true, _) => Cursor { base: ask.after.base, through },
        },
        owed: if more {
            debts.iter().map(|debt| Owed { doc: debt.changed.doc, within: debt.within }).collect()
        } else {
            Vec::new()
        },
        head: branch.head,
        sum: (!more).then_some(branch.sum),
        more,
    })
}

impl Reading<'_> {
    /// What is owed so far. A document that was erased since, or that is not here, is owed no more.
    fn know_debts(&mut self) -> Result<(), StoreError> {
        for owed in self.ask.owed.iter().take(OWED_MAX) {
            let known = self.debts.iter().any(|debt| debt.changed.doc == owed.doc);
            let found = Changed::find(self.tx, self.branch, owed.doc)?;
            if let Some(changed) = found.filter(|changed| !changed.is_erased && !known) {
                self.debts.push(Debt { changed, within: owed.within.max(self.ask.after.base) });
            }
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.bytes >= self.ask.bytes_max && !self.documents.is_empty()
    }

    fn push(&mut self, changed: &Changed, form: FeedForm, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.documents.push(FeedDocument { doc: changed.doc, last: changed.last, form });
    }

    /// Reads the documents after the cursor and passes over the large ones.
    fn pass(&mut self) -> Result<End, StoreError> {
        let tx = self.tx;
        let mut statement = tx.prepare_cached(&format!(
            "SELECT {} FROM document WHERE branch = ?1 AND last > ?2 ORDER BY last",
            Changed::COLUMNS
        ))?;
        let mut rows = statement.query(params![self.branch, integer(self.through.get())])?;
        let mut looked_at = 0_usize;
        while let Some(row) = rows.next()? {
            if self.is_full() || looked_at >= DOCUMENTS_PER_BATCH_MAX {
                return Ok(End::Full);
            }
            looked_at += 1;
            let changed = Changed::read(self.branch, row)?;
            let last = changed.last;
            if changed.is_erased {
                if let Some(tombstone) = erase::tombstone(tx, changed.id, changed.doc)? {
                    self.push(&changed, FeedForm::Erased(tombstone), TOMBSTONE_BYTES);
                }
            } else if !self.debts.iter().any(|debt| debt.changed.doc == changed.doc) {
                match changed.lacked(tx, self.ask.after.base, self.ask.skip, self.ask.large_bytes)? {
                    Lacked::Nothing => {}
                    Lacked::Form(form, bytes) => self.push(&changed, form, bytes),
                    Lacked::TooLarge if self.has_room() => {
                        self.debts.push(Debt { changed, within: self.ask.after.base });
                    }
                    Lacked::TooLarge => return Ok(End::Crowded),
                }
            }
            self.through = last;
        }
        Ok(End::Head)
    }

    /// Whether one more document may be owed; one that is held whole makes room.
    fn has_room(&mut self) -> bool {
        if self.debts.len() >= OWED_MAX {
            let paid = self.debts.iter().position(Debt::is_paid);
            paid.map(|index| self.debts.remove(index));
        }
        self.debts.len() < OWED_MAX
    }

    /// Reads what is owed while there is space: all of it, or, when it is only to make room, the first document.
    fn pay(&mut self, end: End) -> Result<(), StoreError> {
        let Some(from) = self.debts.iter().position(|debt| !debt.is_paid()) else {
            return Ok(());
        };
        for index in from..self.debts.len() {
            if self.is_full() {
                break;
            }
            self.pay_one(index)?;
            if end == End::Crowded {
                break;
            }
        }
        Ok(())
    }

    fn pay_one(&mut self, index: usize) -> Result<(), StoreError> {
        let Some(debt) = self.debts.get_mut(index).filter(|debt| !debt.is_paid()) else {
            return Ok(());
        };
        let positions = debt.changed.positions(self.tx, debt.within)?;
        let space = self.ask.bytes_max.saturating_sub(self.bytes);
        let least = if self.documents.is_empty() { Least::One } else { Least::Nothing };
        let piece = debt.changed.piece(self.tx, &positions, self.ask.skip, space, least)?;
        debt.within = if piece.covered == positions.len() {
            debt.changed.last
        } else {
            positions.get(piece.covered.wrapping_sub(1)).copied().unwrap_or(debt.within)
        };
        let changed = debt.changed.clone();
        if !piece.changes.is_empty() {
            self.push(&changed, FeedForm::Changes(piece.changes), piece.bytes);
        }
        Ok(())
    }
}
