//! What the relay is known to have, as one number: the device's acknowledged sum.
//!
//! It is the sum of every change held, applied or set aside, and of every tombstone, without the changes in the outbox. Each
//! write that adds or takes away one of them counts it, so a sync reads one row, however much is held (I3). Whoever gives a
//! document's sum says what its applied changes come to; what is set aside and what waits is counted here.

use std::collections::BTreeMap;
use std::ops::{Add, Sub};

use rusqlite::{Connection, OptionalExtension, params};
use vocab::{DocId, Sum};

use super::{ReadTx, WriteTx};
use crate::StoreError;
use crate::columns::Columns;

/// Counts what version 2 did not: an outbox whose changes are in their documents. The documents' own sums are left to who
/// can read them.
pub(super) fn count_outbox(conn: &Connection) -> Result<(), StoreError> {
    let mut statement = conn.prepare("SELECT doc, hash FROM outbox")?;
    let sums = statement.query_map([], |row| Ok(Sum::of_change(row.doc(0)?, row.hash(1)?)))?;
    let waiting: Sum = sums.collect::<Result<Vec<_>, _>>()?.into_iter().sum();
    conn.execute("UPDATE acknowledged SET sum = ?1", [(Sum::ZERO - waiting).to_bytes()])?;
    Ok(())
}

impl ReadTx<'_> {
    /// What the relay is known to have comes to this. True once no document is [without its
    /// sum](ReadTx::documents_without_sum).
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn acknowledged_sum(&self) -> Result<Sum, StoreError> {
        let kept = self.tx.prepare_cached("SELECT sum FROM acknowledged")?.query_row([], |row| row.sum(0))?;
        Ok(kept + self.uncounted.get())
    }

    /// The acknowledged sum of every document: what it comes to without its changes in the outbox. Documents of which the
    /// relay has nothing are left out, erased ones are there. The sum of them all is [`ReadTx::acknowledged_sum`]. In no
    /// particular order.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn book(&self) -> Result<Vec<(DocId, Sum)>, StoreError> {
        let mut apart: BTreeMap<DocId, Sum> = BTreeMap::new();
        let mut each = |query: &str, apply: fn(Sum, Sum) -> Sum| -> Result<(), StoreError> {
            let mut statement = self.tx.prepare_cached(query)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let doc = row.doc(0)?;
                let entry = apart.entry(doc).or_default();
                *entry = apply(*entry, Sum::of_change(doc, row.hash(1)?));
            }
            Ok(())
        };
        each("SELECT doc, hash FROM set_aside", Sum::add)?;
        each("SELECT doc, hash FROM outbox INDEXED BY outbox_change", Sum::sub)?;
        let mut statement = self.tx.prepare_cached("SELECT doc, sum FROM document")?;
        let documents = statement.query_map([], |row| Ok((row.doc(0)?, row.optional_sum(1)?.unwrap_or_default())))?;
        let mut book = Vec::new();
        for document in documents {
            let (doc, sum) = document?;
            let sum = if apart.is_empty() { sum } else { sum + apart.remove(&doc).unwrap_or_default() };
            book.push((doc, sum));
        }
        book.extend(apart);
        book.retain(|(_, sum)| *sum != Sum::ZERO);
        let mut statement = self.tx.prepare_cached("SELECT doc FROM erased")?;
        let erased = statement.query_map([], |row| row.doc(0))?;
        for doc in erased {
            let doc = doc?;
            book.push((doc, Sum::of_tombstone(doc)));
        }
        Ok(book)
    }

    /// Documents whose sum is not known, since an older version stored them: to be counted, by
    /// [`WriteTx::set_document_sum`], before the next exchange. `limit` at most.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn documents_without_sum(&self, limit: u32) -> Result<Vec<DocId>, StoreError> {
        let mut statement =
            self.tx.prepare_cached("SELECT doc FROM document WHERE sum IS NULL ORDER BY id LIMIT ?1")?;
        let docs = statement.query_map([limit], |row| row.doc(0))?.collect::<Result<_, _>>()?;
        Ok(docs)
    }
}

impl WriteTx<'_> {
    /// Says what a document's applied changes come to, in place of what was said before. Nothing happens without the
    /// document.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn set_document_sum(&self, doc: DocId, sum: Sum) -> Result<(), StoreError> {
        let held = self
            .tx
            .tx
            .prepare_cached("SELECT id, sum FROM document WHERE doc = ?1")?
            .query_row([doc.as_bytes()], |row| Ok((row.get::<_, i64>(0)?, row.optional_sum(1)?)))
            .optional()?;
        if let Some((id, before)) = held {
            self.tx
                .tx
                .prepare_cached("UPDATE document SET sum = ?2 WHERE id = ?1")?
                .execute(params![id, sum.to_bytes()])?;
            self.count(sum - before.unwrap_or_default());
        }
        Ok(())
    }

    /// Adds to the acknowledged sum. Written once, when the transaction commits.
    pub(super) fn count(&self, sum: Sum) {
        self.tx.uncounted.set(self.tx.uncounted.get() + sum);
    }

    /// Takes away from the acknowledged sum.
    pub(super) fn discount(&self, sum: Sum) {
        self.tx.uncounted.set(self.tx.uncounted.get() - sum);
    }

    /// Writes what was counted; the last thing a transaction does.
    pub(super) fn write_counted(&self) -> Result<(), StoreError> {
        if self.tx.uncounted.get() != Sum::ZERO {
            let sum = self.acknowledged_sum()?;
            self.tx.tx.prepare_cached("UPDATE acknowledged SET sum = ?1")?.execute([sum.to_bytes()])?;
        }
        Ok(())
    }
}
