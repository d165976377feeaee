//! Saved forms, and what is behind.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use vocab::{BranchId, DocId, Position};

use super::read::Changed;
use super::{SqliteRelayStore, branch_row, place};
use crate::StoreError;
use crate::columns::{Columns, integer, join_hashes};
use crate::packing::pack;
use crate::relay::{Behind, BranchCounts, Documents, Materialized, Quarantined, RelayDocument};

fn changed(branch: i64, row: &Row<'_>) -> rusqlite::Result<Changed> {
    Ok(Changed {
        branch,
        id: row.get(0)?,
        doc: row.doc(1)?,
        first: row.position(2)?,
        last: row.position(3)?,
        saved_through: row.position(4)?,
        saved_bytes: usize::try_from(row.number(5)?).unwrap_or(usize::MAX),
    })
}

fn document_id(tx: &Transaction<'_>, branch: i64, doc: DocId) -> Result<Option<(i64, Position)>, StoreError> {
    let found = tx
        .prepare_cached("SELECT id, last FROM document WHERE branch = ?1 AND doc = ?2")?
        .query_row(params![branch, doc.as_bytes()], |row| Ok((row.get(0)?, row.position(1)?)))
        .optional()?;
    Ok(found)
}

impl Documents for SqliteRelayStore {
    fn behind(&self, branch: BranchId, limit: u32) -> Result<Vec<Behind>, StoreError> {
        let tx = self.begin_read()?;
        let Some((branch, _)) = branch_row(&tx, branch)? else {
            return Ok(Vec::new());
        };
        let mut statement = tx.prepare_cached(
            "SELECT id, doc, first, last, saved_through, saved_bytes FROM document INDEXED BY document_behind
             WHERE branch = ?1 AND tried < last ORDER BY last LIMIT ?2",
        )?;
        let rows = statement.query_map(params![branch, limit], |row| changed(branch, row))?;
        rows.map(|row| {
            let row = row?;
            Ok(Behind { doc: row.doc, last: row.last, bytes: row.whole(&tx)? })
        })
        .collect()
    }

    fn put_materialized(&mut self, branch: BranchId, documents: &[Materialized]) -> Result<(), StoreError> {
        let tx = self.begin_write()?;
        let Some((branch, _)) = branch_row(&tx, branch)? else {
            return Ok(());
        };
        {
            let mut save =
                tx.prepare_cached("INSERT OR REPLACE INTO saved (document, heads, bytes) VALUES (?1, ?2, ?3)")?;
            let mut note = tx
                .prepare_cached("UPDATE document SET tried = ?2, saved_through = ?2, saved_bytes = ?3 WHERE id = ?1")?;
            let mut release = tx.prepare_cached("DELETE FROM quarantine WHERE document = ?1")?;
            for document in documents {
                let Some((id, last)) = document_id(&tx, branch, document.doc)? else {
                    continue;
                };
                let through = integer(document.through.min(last).get());
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
        let Some((branch, _)) = branch_row(&tx, branch)? else {
            return Ok(());
        };
        if let Some((id, last)) = document_id(&tx, branch, document.doc)? {
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

    fn quarantined(&self, branch: BranchId, limit: u32) -> Result<Vec<Quarantined>, StoreError> {
        let tx = self.begin_read()?;
        let Some((branch, _)) = branch_row(&tx, branch)? else {
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
        let Some((branch, _)) = branch_row(&tx, branch)? else {
            return Ok(None);
        };
        let found = tx
            .prepare_cached(
                "SELECT id, doc, first, last, saved_through, saved_bytes FROM document WHERE branch = ?1 AND doc = ?2",
            )?
            .query_row(params![branch, doc.as_bytes()], |row| changed(branch, row))
            .optional()?;
        found.map(|row| Ok(RelayDocument { doc, last: row.last, bytes: row.whole(&tx)? })).transpose()
    }

    fn documents(&self, branch: BranchId, after: Option<DocId>, limit: u32) -> Result<Vec<RelayDocument>, StoreError> {
        let tx = self.begin_read()?;
        let Some((branch, _)) = branch_row(&tx, branch)? else {
            return Ok(Vec::new());
        };
        let after = after.map(|doc| doc.as_bytes().to_vec()).unwrap_or_default();
        let mut statement = tx.prepare_cached(
            "SELECT id, doc, first, last, saved_through, saved_bytes FROM document
             WHERE branch = ?1 AND doc > ?2 ORDER BY doc LIMIT ?3",
        )?;
        let rows = statement.query_map(params![branch, after, limit], |row| changed(branch, row))?;
        rows.map(|row| {
            let row = row?;
            Ok(RelayDocument { doc: row.doc, last: row.last, bytes: row.whole(&tx)? })
        })
        .collect()
    }

    fn counts(&self, branch: BranchId) -> Result<BranchCounts, StoreError> {
        let tx = self.begin_read()?;
        let Some((id, head)) = branch_row(&tx, branch)? else {
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
                "SELECT documents, changes, change_bytes, (SELECT count(*) FROM quarantine WHERE quarantine.branch = ?1)
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
                })
            })?;
        Ok(counts)
    }
}
