//! Changes that could not be applied, kept beside their documents.
//!
//! One change that does not apply never holds up the others of its document. It is kept and counted as held, since the
//! relay has it and need not send it again, and it is tried again when more of the document arrives. Bytes that are not even
//! a change stand in [`ReadTx::invalid`] instead, by document.

use rusqlite::{OptionalExtension, params};
use vocab::{ChangeHash, DocId, Sum, Timestamp};

use super::{ReadTx, WriteTx};
use crate::StoreError;
use crate::columns::Columns;

/// A change that could not be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Its document.
    pub doc: DocId,
    /// The change.
    pub hash: ChangeHash,
    /// When it was last tried.
    pub at: Timestamp,
    /// Why it could not be.
    pub reason: String,
}

impl ReadTx<'_> {
    /// The changes of a document that are set aside, with their bytes.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn set_aside_of(&self, doc: DocId) -> Result<Vec<(ChangeHash, Vec<u8>)>, StoreError> {
        let mut statement =
            self.tx.prepare_cached("SELECT hash, bytes FROM set_aside WHERE doc = ?1 ORDER BY at_ms, hash")?;
        let found =
            statement.query_map([doc.as_bytes()], |row| Ok((row.hash(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// What is set aside, by document, `limit` at most.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn all_set_aside(&self, limit: u32) -> Result<Vec<SetAside>, StoreError> {
        let mut statement =
            self.tx.prepare_cached("SELECT doc, hash, at_ms, reason FROM set_aside ORDER BY doc, hash LIMIT ?1")?;
        let found = statement
            .query_map([limit], |row| {
                Ok(SetAside { doc: row.doc(0)?, hash: row.hash(1)?, at: row.time(2)?, reason: row.get(3)? })
            })?
            .collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// How many changes are set aside.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn set_aside_count(&self) -> Result<u64, StoreError> {
        Ok(self.tx.prepare_cached("SELECT count(*) FROM set_aside")?.query_row([], |row| row.number(0))?)
    }
}

impl WriteTx<'_> {
    /// Keeps a change that could not be applied. Set aside again, its time and reason are the later ones.
    ///
    /// # Errors
    /// [`StoreError::Erased`]; any other of writing.
    pub fn set_aside(
        &self,
        doc: DocId,
        hash: ChangeHash,
        bytes: &[u8],
        reason: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.refuse_erased(doc)?;
        let tx = &self.tx.tx;
        let known = tx
            .prepare_cached("UPDATE set_aside SET at_ms = ?3, reason = ?4 WHERE doc = ?1 AND hash = ?2")?
            .execute(params![doc.as_bytes(), hash.as_bytes(), at.millis(), reason])?;
        if known == 0 {
            tx.prepare_cached("INSERT INTO set_aside (doc, hash, at_ms, reason, bytes) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![doc.as_bytes(), hash.as_bytes(), at.millis(), reason, bytes])?;
            self.count(Sum::of_change(doc, hash));
        }
        Ok(())
    }

    /// Takes a change back out of what is set aside: it was applied, and its document's sum counts it from now on. Says
    /// whether it was there.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn take_back(&self, doc: DocId, hash: ChangeHash) -> Result<bool, StoreError> {
        let removed = self
            .tx
            .tx
            .prepare_cached("DELETE FROM set_aside WHERE doc = ?1 AND hash = ?2 RETURNING 1")?
            .query_row(params![doc.as_bytes(), hash.as_bytes()], |_| Ok(()))
            .optional()?;
        if removed.is_some() {
            self.discount(Sum::of_change(doc, hash));
        }
        Ok(removed.is_some())
    }
}
