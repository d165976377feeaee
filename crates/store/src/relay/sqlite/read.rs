//! Reading feeds: what changed after a cursor, at the cost of what changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{OptionalExtension, Transaction, params};
use vocab::{Actor, BranchId, Cursor, DocId, Position, Timestamp};

use super::{SqliteRelayStore, append, branch_row, place};
use crate::StoreError;
use crate::columns::{Columns, integer};
use crate::packing::unpack;
use crate::relay::{
    Appended, DOCUMENTS_PER_BATCH_MAX, FeedBatch, FeedChange, FeedDocument, FeedForm, Feeds, Seen, Submission,
};

impl Feeds for SqliteRelayStore {
    fn append(&mut self, submissions: &[Submission], at: Timestamp) -> Result<Vec<Appended>, StoreError> {
        let tx = self.begin_write()?;
        let appended = append::append(&tx, submissions, at)?;
        tx.commit()?;
        self.tidy();
        Ok(appended)
    }

    fn head(&self, branch: BranchId) -> Result<Position, StoreError> {
        Ok(branch_row(&self.conn, branch)?.map(|(_, head)| head).unwrap_or_default())
    }

    fn changed_documents(
        &self,
        branch: BranchId,
        after: Cursor,
        bytes_max: usize,
        skip: &BTreeSet<Position>,
    ) -> Result<FeedBatch, StoreError> {
        let tx = self.begin_read()?;
        let Some((branch, head)) = branch_row(&tx, branch)? else {
            let start = Position::START;
            return Ok(FeedBatch { documents: Vec::new(), cursor: Cursor::at(start), head: start, more: false });
        };
        let mut batch = FeedBatch { documents: Vec::new(), cursor: after, head, more: true };
        let mut bytes_total = 0_usize;
        let mut looked_at = 0_usize;
        let mut statement = tx.prepare_cached(
            "SELECT id, doc, first, last, saved_through, saved_bytes FROM document
             WHERE branch = ?1 AND last > ?2 ORDER BY last",
        )?;
        let mut rows = statement.query(params![branch, integer(after.through.get())])?;
        loop {
            let Some(row) = rows.next()? else {
                batch.cursor = Cursor::at(head);
                batch.more = false;
                return Ok(batch);
            };
            if bytes_total >= bytes_max && !batch.documents.is_empty() || looked_at >= DOCUMENTS_PER_BATCH_MAX {
                return Ok(batch);
            }
            looked_at += 1;
            let changed = Changed {
                branch,
                id: row.get(0)?,
                doc: row.doc(1)?,
                first: row.position(2)?,
                last: row.position(3)?,
                saved_through: row.position(4)?,
                saved_bytes: usize::try_from(row.number(5)?).unwrap_or(usize::MAX),
            };
            if let Some(document) = changed.read(&tx, after.base, skip)? {
                bytes_total = bytes_total.saturating_add(match &document.form {
                    FeedForm::Saved(bytes) => bytes.len(),
                    FeedForm::Changes(changes) => changes.iter().map(|(_, bytes)| bytes.len()).sum(),
                });
                batch.documents.push(document);
            }
            batch.cursor.through = changed.last;
        }
    }

    fn changes(&self, branch: BranchId, after: Position, bytes_max: usize) -> Result<Vec<FeedChange>, StoreError> {
        let tx = self.begin_read()?;
        let Some((branch, head)) = branch_row(&tx, branch)? else {
            return Ok(Vec::new());
        };
        let start = place(branch, Position::START)?;
        let mut statement = tx.prepare_cached(
            "SELECT feed.place, document.doc, feed.hash, actor.actor, feed.seq, device.key, feed.received_at_ms, feed.bytes
             FROM feed
             JOIN document ON document.id = feed.document
             JOIN actor ON actor.id = feed.actor
             JOIN device ON device.id = feed.device
             WHERE feed.place > ?1 AND feed.place <= ?2 ORDER BY feed.place",
        )?;
        let mut rows = statement.query([place(branch, after.min(head))?, place(branch, head)?])?;
        let mut changes = Vec::new();
        let mut bytes_total = 0_usize;
        while let Some(row) = rows.next()? {
            let bytes: Arc<[u8]> = row.get(7)?;
            bytes_total = bytes_total.saturating_add(bytes.len());
            if bytes_total > bytes_max && !changes.is_empty() {
                break;
            }
            changes.push(FeedChange {
                position: Position::new((row.get::<_, i64>(0)? - start).unsigned_abs()),
                doc: row.doc(1)?,
                hash: row.hash(2)?,
                actor: row.actor(3)?,
                seq: row.number(4)?,
                device: row.device_key(5)?,
                received_at: row.time(6)?,
                bytes,
            });
        }
        Ok(changes)
    }

    fn seen(&self, branch: BranchId, actor: Actor) -> Result<Option<Seen>, StoreError> {
        let seen = self
            .conn
            .prepare_cached(
                "SELECT seen.seq, seen.doc, seen.hash FROM seen
                 JOIN actor ON actor.id = seen.actor
                 JOIN branch ON branch.id = seen.branch
                 WHERE branch.branch = ?1 AND actor.actor = ?2",
            )?
            .query_row(params![branch.as_bytes(), actor.as_bytes()], |row| {
                Ok(Seen { seq: row.number(0)?, doc: row.doc(1)?, hash: row.hash(2)? })
            })
            .optional()?;
        Ok(seen)
    }
}

/// A document's row.
pub(super) struct Changed {
    pub(super) branch: i64,
    pub(super) id: i64,
    pub(super) doc: DocId,
    pub(super) first: Position,
    pub(super) last: Position,
    pub(super) saved_through: Position,
    pub(super) saved_bytes: usize,
}

impl Changed {
    /// What a device that holds everything up to `base`, and what is in `skip`, lacks of the document; nothing when it
    /// lacks nothing.
    fn read(
        &self,
        tx: &Transaction<'_>,
        base: Position,
        skip: &BTreeSet<Position>,
    ) -> Result<Option<FeedDocument>, StoreError> {
        let has_saved = self.saved_through > Position::START;
        let is_new = self.first > base && !skip.contains(&self.first);
        let mut changes = Vec::new();
        // Bytes of the changes the device lacks, and of those among them that the saved form lacks as well.
        let (mut lacked_bytes, mut unsaved_bytes) = (0_usize, 0_usize);
        let mut position = self.last;
        let mut read = tx.prepare_cached("SELECT prev, bytes FROM feed WHERE place = ?1")?;
        while position > base {
            if position <= self.saved_through
                && (is_new || lacked_bytes > unsaved_bytes.saturating_add(self.saved_bytes))
            {
                break;
            }
            let (prev, bytes): (Position, Arc<[u8]>) =
                read.query_row([place(self.branch, position)?], |row| Ok((row.position(0)?, row.get(1)?)))?;
            if prev >= position {
                return Err(StoreError::corrupt(format!("the feed turns back at position {position}")));
            }
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
            return Ok(None);
        }
        let whole = has_saved && (is_new || lacked_bytes > unsaved_bytes.saturating_add(self.saved_bytes));
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
        Ok(Some(FeedDocument { doc: self.doc, last: self.last, form }))
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
        let mut bytes = if self.saved_through > Position::START { self.saved(tx)? } else { Vec::new() };
        let mut later: Vec<Vec<u8>> = Vec::new();
        let mut position = self.last;
        let mut read = tx.prepare_cached("SELECT prev, bytes FROM feed WHERE place = ?1")?;
        while position > self.saved_through {
            let (prev, change) =
                read.query_row([place(self.branch, position)?], |row| Ok((row.position(0)?, row.get(1)?)))?;
            if prev >= position {
                return Err(StoreError::corrupt(format!("the feed turns back at position {position}")));
            }
            later.push(change);
            position = prev;
        }
        later.iter().rev().for_each(|change| bytes.extend_from_slice(change));
        Ok(bytes)
    }
}
