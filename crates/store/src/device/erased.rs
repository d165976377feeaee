//! Documents that were erased: their tombstones, and what went with them.

use rusqlite::{OptionalExtension, Row, params};
use vocab::{DocId, Sum, Tombstone};

use super::{DeviceStore, ReadTx, WriteTx};
use crate::StoreError;
use crate::columns::{Columns, integer};
use crate::file::Scrubbed;

/// An erased document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// What stands in its place.
    pub tombstone: Tombstone,
    /// How many changes the relay never had went with it.
    pub pending: u64,
}

const SCRUBBED: Scrubbed = Scrubbed { table: "erased", id: "id" };

const ERASED: &str = "SELECT doc, at_ms, why, key, signature, pending FROM erased";

fn erased(row: &Row<'_>) -> rusqlite::Result<Erased> {
    let tombstone = Tombstone {
        doc: row.doc(0)?,
        at: row.time(1)?,
        why: row.get(2)?,
        key: row.fixed(3)?,
        signature: row.fixed(4)?,
    };
    Ok(Erased { tombstone, pending: row.number(5)? })
}

impl ReadTx<'_> {
    /// The tombstone of a document, if it was erased.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn tombstone(&self, doc: DocId) -> Result<Option<Tombstone>, StoreError> {
        let found = self
            .tx
            .prepare_cached(&format!("{ERASED} WHERE doc = ?1"))?
            .query_row([doc.as_bytes()], erased)
            .optional()?;
        Ok(found.map(|erased| erased.tombstone))
    }

    /// What was erased, latest first, `limit` at most.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn erased(&self, limit: u32) -> Result<Vec<Erased>, StoreError> {
        let mut statement = self.tx.prepare_cached(&format!("{ERASED} ORDER BY id DESC LIMIT ?1"))?;
        Ok(statement.query_map([limit], erased)?.collect::<Result<_, _>>()?)
    }

    /// What was erased and nobody was told of yet, oldest first, `limit` at most.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn erased_untold(&self, limit: u32) -> Result<Vec<Erased>, StoreError> {
        let mut statement = self.tx.prepare_cached(&format!("{ERASED} WHERE told = 0 ORDER BY id LIMIT ?1"))?;
        Ok(statement.query_map([limit], erased)?.collect::<Result<_, _>>()?)
    }

    /// How many documents were erased.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn erased_count(&self) -> Result<u64, StoreError> {
        Ok(self.tx.prepare_cached("SELECT count(*) FROM erased")?.query_row([], |row| row.number(0))?)
    }

    /// Whether something was erased since the file was last [rewritten](DeviceStore::scrub).
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn wants_scrub(&self) -> Result<bool, StoreError> {
        let wants = self
            .tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM erased WHERE scrubbed < 2)")?
            .query_row([], |row| row.get(0))?;
        Ok(wants)
    }
}

impl WriteTx<'_> {
    /// Puts a tombstone in the place of a document: snapshot, tail, what was set aside or waited in the outbox, all of it
    /// goes. Its rows in the read model are the caller's, in the same transaction. Says what went with it; nothing when
    /// it had been erased before.
    ///
    /// The bytes leave the file with the next [`DeviceStore::scrub`].
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn erase(&self, tombstone: &Tombstone) -> Result<Option<Erased>, StoreError> {
        let doc = tombstone.doc;
        if self.tombstone(doc)?.is_some() {
            return Ok(None);
        }
        let pending = self.take_out(doc)?;
        let tx = &self.tx.tx;
        tx.prepare_cached(
            "INSERT INTO erased (doc, at_ms, why, key, signature, pending) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            doc.as_bytes(),
            tombstone.at.millis(),
            tombstone.why,
            tombstone.key,
            tombstone.signature,
            integer(pending)
        ])?;
        self.count(Sum::of_tombstone(doc));
        Ok(Some(Erased { tombstone: tombstone.clone(), pending }))
    }

    /// Lets go of a document that this store keeps under another id from now on: snapshot, tail, what was set aside or waited in
    /// the outbox. No tombstone takes its place. Its rows in the read model are the caller's, in the same transaction.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn let_go(&self, doc: DocId) -> Result<(), StoreError> {
        self.take_out(doc).map(drop)
    }

    /// Removes everything that is held of a document; how many of its changes waited in the outbox.
    fn take_out(&self, doc: DocId) -> Result<u64, StoreError> {
        let tx = &self.tx.tx;
        let held = tx
            .prepare_cached("DELETE FROM document WHERE doc = ?1 RETURNING id, sum")?
            .query_row([doc.as_bytes()], |row| Ok((row.get::<_, i64>(0)?, row.optional_sum(1)?)))
            .optional()?;
        if let Some((id, sum)) = held {
            tx.prepare_cached("DELETE FROM snapshot WHERE document = ?1")?.execute([id])?;
            tx.prepare_cached("DELETE FROM tail WHERE document = ?1")?.execute([id])?;
            self.discount(sum.unwrap_or_default());
        }
        let drop_all = |query: &str| -> Result<Vec<Sum>, StoreError> {
            let mut statement = tx.prepare_cached(query)?;
            let dropped = statement.query_map([doc.as_bytes()], |row| Ok(Sum::of_change(doc, row.hash(0)?)))?;
            Ok(dropped.collect::<Result<_, _>>()?)
        };
        let set_aside = drop_all("DELETE FROM set_aside WHERE doc = ?1 RETURNING hash")?;
        self.discount(set_aside.into_iter().sum());
        let waiting = drop_all("DELETE FROM outbox WHERE doc = ?1 RETURNING hash")?;
        let pending = waiting.len() as u64;
        self.count(waiting.into_iter().sum());
        tx.prepare_cached("DELETE FROM invalid WHERE doc = ?1")?.execute([doc.as_bytes()])?;
        tx.prepare_cached("DELETE FROM owed WHERE doc = ?1")?.execute([doc.as_bytes()])?;
        Ok(pending)
    }

    /// Takes note that a person was told of these.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn told_of_erased(&self, docs: &[DocId]) -> Result<(), StoreError> {
        let mut told = self.tx.tx.prepare_cached("UPDATE erased SET told = 1 WHERE doc = ?1")?;
        for doc in docs {
            told.execute([doc.as_bytes()])?;
        }
        Ok(())
    }

    /// Nothing may be written to a document that was erased.
    pub(super) fn refuse_erased(&self, doc: DocId) -> Result<(), StoreError> {
        let erased: bool = self
            .tx
            .tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM erased WHERE doc = ?1)")?
            .query_row([doc.as_bytes()], |row| row.get(0))?;
        if erased { Err(StoreError::Erased { doc }) } else { Ok(()) }
    }
}

impl DeviceStore {
    /// Rewrites the file, if something was erased since that was last done, so that no byte of it is left in the home. Says
    /// whether it did. A store of 10,000 documents takes some tenths of a second, in which other processes wait to write.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another process still reads what there was before, [`StoreError::Full`], ...; then it
    /// stays to be done.
    pub fn scrub(&mut self) -> Result<bool, StoreError> {
        crate::file::scrub(&self.conn, &SCRUBBED)
    }
}
