//! What is read of one document: the form in which a device gets what it lacks of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, Transaction};
use vocab::{DocId, Position};

use super::place;
use crate::StoreError;
use crate::columns::Columns;
use crate::packing::unpack;
use crate::relay::FeedForm;

/// A document's row.
#[derive(Debug, Clone)]
pub(super) struct Changed {
    pub(super) branch: i64,
    pub(super) id: i64,
    pub(super) doc: DocId,
    pub(super) first: Position,
    pub(super) last: Position,
    pub(super) saved_through: Position,
    pub(super) saved_bytes: usize,
    pub(super) change_bytes: usize,
    pub(super) is_erased: bool,
}

/// What a device lacks of a document.
pub(super) enum Lacked {
    Nothing,
    /// This, of so many bytes.
    Form(FeedForm, usize),
    /// More than was to be read.
    TooLarge,
}

/// Some of the changes of a document, in feed order.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) changes: Vec<(Position, Arc<[u8]>)>,
    pub(super) bytes: usize,
    /// How many of the positions that were asked for it covers.
    pub(super) covered: usize,
}

impl Changed {
    /// What a query for [`Changed::read`] selects.
    pub(super) const COLUMNS: &'static str = "id, doc, first, last, saved_through, saved_bytes, change_bytes, erased";

    pub(super) fn read(branch: i64, row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Changed {
            branch,
            id: row.get(0)?,
            doc: row.doc(1)?,
            first: row.position(2)?,
            last: row.position(3)?,
            saved_through: row.position(4)?,
            saved_bytes: usize::try_from(row.number(5)?).unwrap_or(usize::MAX),
            change_bytes: usize::try_from(row.number(6)?).unwrap_or(usize::MAX),
            is_erased: row.position(7)? > Position::START,
        })
    }

    /// The row of one document of the branch with the row id `branch`.
    pub(super) fn find(tx: &Transaction<'_>, branch: i64, doc: DocId) -> Result<Option<Self>, StoreError> {
        let found = tx
            .prepare_cached(&format!("SELECT {} FROM document WHERE branch = ?1 AND doc = ?2", Changed::COLUMNS))?
            .query_row(rusqlite::params![branch, doc.as_bytes()], |row| Changed::read(branch, row))
            .optional()?;
        Ok(found)
    }

    fn has_saved(&self) -> bool {
        self.saved_through > Position::START
    }

    /// What a device that holds everything up to `base`, and what is in `skip`, lacks of the document, unless that is more
    /// than `large_bytes`: then no more of it is read than it takes to see that.
    pub(super) fn lacked(
        &self,
        tx: &Transaction<'_>,
        base: Position,
        skip: &BTreeSet<Position>,
        large_bytes: usize,
    ) -> Result<Lacked, StoreError> {
        let is_new = self.first > base && !skip.contains(&self.first);
        let mut changes = Vec::new();
        // Bytes of the changes the device lacks, and of those among them that the saved form lacks as well.
        let (mut lacked_bytes, mut unsaved_bytes) = (0_usize, 0_usize);
        let mut position = self.last;
        let mut chain = Chain::new(tx, self.branch)?;
        let whole_wins = |lacked_bytes: usize, unsaved_bytes: usize| {
            self.has_saved() && (is_new || lacked_bytes > unsaved_bytes.saturating_add(self.saved_bytes))
        };
        while position > base {
            if position <= self.saved_through && whole_wins(lacked_bytes, unsaved_bytes) {
                break;
            }
            let saved_fits = self.has_saved() && unsaved_bytes.saturating_add(self.saved_bytes) <= large_bytes;
            if lacked_bytes > large_bytes && !saved_fits {
                return Ok(Lacked::TooLarge);
            }
            let (prev, bytes) = chain.read(position)?;
            let is_skipped = skip.contains(&position);
            if !is_skipped {
                lacked_bytes = lacked_bytes.saturating_add(bytes.len());
            }
            if position > self.saved_through {
                unsaved_bytes = unsaved_bytes.saturating_add(bytes.len());
            }
            changes.push((position, bytes, is_skipped));
            position = prev;
        }
        changes.reverse();
        if !is_new && changes.iter().all(|(_, _, is_skipped)| *is_skipped) {
            return Ok(Lacked::Nothing);
        }
        let whole = whole_wins(lacked_bytes, unsaved_bytes);
        let size = if whole { unsaved_bytes.saturating_add(self.saved_bytes) } else { lacked_bytes };
        if size > large_bytes {
            return Ok(Lacked::TooLarge);
        }
        let form = if whole {
            let mut bytes = self.saved(tx)?;
            for (position, change, _) in &changes {
                if *position > self.saved_through {
                    bytes.extend_from_slice(change);
                }
            }
            FeedForm::Saved(bytes.into())
        } else {
            let lacked = changes.into_iter().filter(|(_, _, is_skipped)| !is_skipped);
            FeedForm::Changes(lacked.map(|(position, bytes, _)| (position, bytes)).collect())
        };
        Ok(Lacked::Form(form, size))
    }

    /// Where the document's changes after `after` stand, in feed order. Reads an index only, however large they are.
    pub(super) fn positions(&self, tx: &Transaction<'_>, after: Position) -> Result<Vec<Position>, StoreError> {
        let start = place(self.branch, Position::START)?;
        let mut statement =
            tx.prepare_cached("SELECT place FROM feed INDEXED BY feed_hash WHERE document = ?1 AND place > ?2")?;
        let mut positions = statement
            .query_map([self.id, place(self.branch, after)?], |row| {
                Ok(Position::new((row.get::<_, i64>(0)? - start).unsigned_abs()))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        positions.sort_unstable();
        Ok(positions)
    }

    /// The first of the changes at `positions` that fit into `bytes_max`, without those in `skip`, which cost nothing.
    pub(super) fn piece(
        &self,
        tx: &Transaction<'_>,
        positions: &[Position],
        skip: &BTreeSet<Position>,
        bytes_max: usize,
        least: Least,
    ) -> Result<Piece, StoreError> {
        let mut piece = Piece::default();
        let mut chain = Chain::new(tx, self.branch)?;
        for position in positions {
            if !skip.contains(position) {
                let (_, bytes) = chain.read(*position)?;
                let is_least = matches!(least, Least::One) && piece.changes.is_empty();
                if piece.bytes.saturating_add(bytes.len()) > bytes_max && !is_least {
                    break;
                }
                piece.bytes = piece.bytes.saturating_add(bytes.len());
                piece.changes.push((*position, bytes));
            }
            piece.covered += 1;
        }
        Ok(piece)
    }

    /// The saved form alone, unpacked.
    fn saved(&self, tx: &Transaction<'_>) -> Result<Vec<u8>, StoreError> {
        let packed: Vec<u8> = tx
            .prepare_cached("SELECT bytes FROM saved WHERE document = ?1")?
            .query_row([self.id], |row| row.get(0))
            .optional()?
            .ok_or_else(|| StoreError::corrupt(format!("{} lacks its saved form", self.doc)))?;
        Ok(unpack(&packed)?.into_owned())
    }

    /// All of the document: its saved form, if there is one, and every change after that.
    pub(super) fn whole(&self, tx: &Transaction<'_>) -> Result<Vec<u8>, StoreError> {
        let mut bytes = if self.has_saved() { self.saved(tx)? } else { Vec::new() };
        let mut later = Vec::new();
        let mut position = self.last;
        let mut chain = Chain::new(tx, self.branch)?;
        while position > self.saved_through {
            let (prev, change) = chain.read(position)?;
            later.push(change);
            position = prev;
        }
        later.iter().rev().for_each(|change| bytes.extend_from_slice(change));
        Ok(bytes)
    }

    /// All of the document, if it has a saved form and comes to less than its changes and to `bytes_max` at most.
    pub(super) fn small_whole(&self, tx: &Transaction<'_>, bytes_max: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let bound = self.change_bytes.min(bytes_max);
        if !self.has_saved() || self.saved_bytes > bound {
            return Ok(None);
        }
        Ok(Some(self.whole(tx)?).filter(|whole| whole.len() <= bound))
    }
}

/// How little a [`Changed::piece`] may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Least {
    /// Nothing, when nothing fits.
    Nothing,
    /// One change, however large.
    One,
}

/// Reads rows of a feed by position.
struct Chain<'a> {
    branch: i64,
    statement: rusqlite::CachedStatement<'a>,
}

impl<'a> Chain<'a> {
    fn new(tx: &'a Transaction<'_>, branch: i64) -> Result<Self, StoreError> {
        Ok(Chain { branch, statement: tx.prepare_cached("SELECT prev, bytes FROM feed WHERE place = ?1")? })
    }

    /// The position of the same document's change before the one at `position`, and that one's bytes.
    fn read(&mut self, position: Position) -> Result<(Position, Arc<[u8]>), StoreError> {
        let (prev, bytes) =
            self.statement.query_row([place(self.branch, position)?], |row| Ok((row.position(0)?, row.get(1)?)))?;
        if prev >= position {
            return Err(StoreError::corrupt(format!("the feed turns back at position {position}")));
        }
        Ok((prev, bytes))
    }
}
