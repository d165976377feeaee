//! Saved forms, and what is behind.

use rusqlite::{OptionalExtension, Transaction, params};
use vocab::{BranchId, DocId, Position, Tombstone};

use super::form::Changed;
use super::{BranchRow, SqliteRelayStore, branch_row, erase, place};
use crate::StoreError;
use crate::columns::{Columns, integer, join_hashes};
use crate::packing::pack;
use crate::relay::{
    Behind, BranchCounts, Content, DOCUMENTS_BYTES_MAX, Documents, Materialized, Quarantined, RelayDocument,
};

/// Where the sum stands behind [`Changed::COLUMNS`].
const SUM_COLUMN: usize = 8;

struct Known {
    id: i64,
    last: Position,
    is_erased: bool,
}

fn known(tx: &Transaction<'_>, branch: i64, doc: DocId) -> Result<Option<Known>, StoreError> {
    let found = tx
        .prepare_cached("SELECT id, last, erased FROM document WHERE branch = ?1 AND doc = ?2")?
        .query_row(params![branch, doc.as_bytes()], |row| {
            Ok(Known { id: row.get(0)?, last: row.position(1)?, is_erased: row.position(2)? > Position::START })
        })
        .optional()?;
    Ok(found)
}

impl Documents for SqliteRelayStore {
    fn behind(&self, branch: BranchId, limit: u32) -> Result<Vec<Behind>, StoreError> {
        let tx = self.begin_read()?;
        let Some(BranchRow { id: branch, .. }) = branch_row(&tx, branch)? else {
            return Ok(Vec::new());
        };
        let mut statement = tx.prepare_cached(&format!(
            "SELECT {}, sum FROM document INDEXED BY document_behind
             WHERE branch = ?1 AND tried < last ORDER BY last LIMIT ?2",
            Changed::COLUMNS
        ))?;
        let rows = statement
            .query_map(params![branch, limit], |row| Ok((Changed::read(branch, row)?, row.sum(SUM_COLUMN)?)))?;
        let mut behind = Vec::new();
        let mut bytes = 0_usize;
        for row in rows {
            let (row, sum) = row?;
            let content = if row.is_erased { Content::Erased } else { Content::Bytes(row.whole(&tx)?) };
            bytes += if let Content::Bytes(whole) = &content { whole.len() } else { 0 };
            behind.push(Behind { doc: row.doc, last: row.last, sum, content });
            if bytes >= DOCUMENTS_BYTES_MAX {
                break;
            }
        }
        Ok(behind)
    }

    fn put_materialized(&mut self, branch: BranchId, documents: &[Materialized]) -> Result<(), StoreError> {
        let tx = self.begin_write()?;
        let Some(BranchRow { id: branch, .. }) = branch_row(&tx, branch)? else {
            return Ok(());
        };
        {
            let mut save =
                tx.prepare_cached("INSERT OR REPLACE INTO saved (document, heads, bytes) VALUES (?1, ?2, ?3)")?;
            let mut note = tx
                .prepare_cached("UPDATE document SET tried = ?2, saved_through = ?2, saved_bytes = ?3 WHERE id = ?1")?;
            let mut pass = tx.prepare_cached("UPDATE document SET tried = max(tried, ?2) WHERE id = ?1")?;
            let mut release = tx.prepare_cached("DELETE FROM quarantine WHERE document = ?1")?;
            for document in documents {
                let Some(Known { id, last, is_erased }) = known(&tx, branch, document.doc)? else {
                    continue;
                };
                let through = integer(document.through.min(last).get());
                if is_erased {
                    // What was made of it before it was erased must not come back.
                    pass.execute([id, through])?;
                    continue;
                }
                save.execute(params![id, join_hashes(&document.heads), pack(&document.bytes)?])?;
                note.execute(params![id, through, integer(document.bytes.len() as u64)])?;
                release.execute([id])?;
            }
        }
        tx.commit()?;
        self.tidy();
        Ok(())
    }

    fn quarantine(&mut self, branch: BranchId, document: &Quarantined) -> Result<(), StoreError> {
        let tx = self.begin_write()?;
        let Some(BranchRow { id: branch, .. }) = branch_row(&tx, branch)? else {
            return Ok(());
        };
        if let Some(Known { id, last, is_erased: false }) = known(&tx, branch, document.doc)? {
            let through = integer(document.through.min(last).get());
            tx.prepare_cached("UPDATE document SET tried = ?2 WHERE id = ?1")?.execute([id, through])?;
            tx.prepare_cached(
                "INSERT OR REPLACE INTO quarantine (document, branch, through, at_ms, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![id, branch, through, document.at.millis(), document.reason])?;
        }
        tx.commit()?;
        self.tidy();
        Ok(())
    }

    fn tombstone(&self, branch: BranchId, doc: DocId) -> Result<Option<Tombstone>, StoreError> {
        let tx = self.begin_read()?;
        let Some(BranchRow { id: branch, .. }) = branch_row(&tx, branch)? else {
            return Ok(None);
        };
        match known(&tx, branch, doc)? {
            Some(Known { id, is_erased: true, .. }) => erase::tombstone(&tx, id, doc),
            _ => Ok(None),
        }
    }

    fn quarantined(&self, branch: BranchId, limit: u32) -> Result<Vec<Quarantined>, StoreError> {
        let tx = self.begin_read()?;
        let Some(BranchRow { id: branch, .. }) = branch_row(&tx, branch)? else {
            return Ok(Vec::new());
        };
        let mut statement = tx.prepare_cached(
            "SELECT document.doc, quarantine.through, quarantine.reason, quarantine.at_ms FROM quarantine
             JOIN document ON document.id = quarantine.document
             WHERE quarantine.branch = ?1 ORDER BY quarantine.at_ms DESC, quarantine.document LIMIT ?2",
        )?;
        let quarantined = statement
            .query_map(params![branch, limit], |row| {
                Ok(Quarantined { doc: row.doc(0)?, through: row.position(1)?, reason: row.get(2)?, at: row.time(3)? })
            })?
            .collect::<Result<_, _>>()?;
        Ok(quarantined)
    }

    fn document(&self, branch: BranchId, doc: DocId) -> Result<Option<RelayDocument>, StoreError> {
        let tx = self.begin_read()?;
        let Some(BranchRow { id: branch, .. }) = branch_row(&tx, branch)? else {
            return Ok(None);
        };
        let found = Changed::find(&tx, branch, doc)?.filter(|row| !row.is_erased);
        found.map(|row| Ok(RelayDocument { doc, last: row.last, bytes: row.whole(&tx)? })).transpose()
    }

    fn documents(&self, branch: BranchId, after: Option<DocId>, limit: u32) -> Result<Vec<RelayDocument>, StoreError> {
        let tx = self.begin_read()?;
        let Some(BranchRow { id: branch, .. }) = branch_row(&tx, branch)? else {
            return Ok(Vec::new());
        };
        let after = after.map(|doc| doc.as_bytes().to_vec()).unwrap_or_default();
        let mut statement = tx.prepare_cached(&format!(
            "SELECT {} FROM document WHERE branch = ?1 AND doc > ?2 AND erased = 0 ORDER BY doc LIMIT ?3",
            Changed::COLUMNS
        ))?;
        let rows = statement.query_map(params![branch, after, limit], |row| Changed::read(branch, row))?;
        let mut documents = Vec::new();
        let mut bytes_read = 0_usize;
        for row in rows {
            let row = row?;
            let bytes = row.whole(&tx)?;
            bytes_read += bytes.len();
            documents.push(RelayDocument { doc: row.doc, last: row.last, bytes });
            if bytes_read >= DOCUMENTS_BYTES_MAX {
                break;
            }
        }
        Ok(documents)
    }

    fn counts(&self, branch: BranchId) -> Result<BranchCounts, StoreError> {
        let tx = self.begin_read()?;
        let Some(BranchRow { id, head, .. }) = branch_row(&tx, branch)? else {
            return Ok(BranchCounts::default());
        };
        let behind = tx
            .prepare_cached(
                "SELECT count(*) FROM document INDEXED BY document_behind WHERE branch = ?1 AND tried < last",
            )?
            .query_row([id], |row| row.number(0))?;
        let waiting = tx
            .prepare_cached(
                "SELECT last FROM document INDEXED BY document_behind WHERE branch = ?1 AND tried < last
                 ORDER BY last LIMIT 1",
            )?
            .query_row([id], |row| row.position(0))
            .optional()?;
        let behind_since = match waiting {
            Some(position) => tx
                .prepare_cached("SELECT received_at_ms FROM feed WHERE place = ?1")?
                .query_row([place(id, position)?], |row| row.time(0))
                .optional()?,
            None => None,
        };
        let counts = tx
            .prepare_cached(
                "SELECT documents, changes, change_bytes, (SELECT count(*) FROM quarantine WHERE quarantine.branch = ?1),
                        (SELECT count(*) FROM tombstone WHERE tombstone.branch = ?1)
                 FROM branch WHERE id = ?1",
            )?
            .query_row([id], |row| {
                Ok(BranchCounts {
                    documents: row.number(0)?,
                    changes: row.number(1)?,
                    change_bytes: row.number(2)?,
                    head,
                    behind,
                    behind_since,
                    quarantined: row.number(3)?,
                    erased: row.number(4)?,
                })
            })?;
        Ok(counts)
    }
}
