//! Document bytes: a snapshot and the changes that came after it.

use rusqlite::{OptionalExtension, params};
use vocab::{ChangeHash, DocId, Sum, Timestamp};

use super::{ReadTx, WriteTx};
use crate::StoreError;
use crate::columns::{Columns, integer, join_hashes};
use crate::packing::{pack, unpack};

/// A tail of this many changes is folded into a new snapshot: loading a change from the tail costs as much as loading a
/// dozen from a snapshot.
pub const COMPACT_TAIL_CHANGES_MAX: u32 = 32;
/// A tail that outgrows its snapshot is folded into a new one, but not before this many bytes: small documents would be
/// saved anew at every other edit.
pub const COMPACT_TAIL_BYTES_MIN: u64 = 4_096;

/// A document as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// Its snapshot followed by the changes of its tail: what automerge loads.
    pub bytes: Vec<u8>,
    /// Its heads, as whoever wrote it said.
    pub heads: Vec<ChangeHash>,
    /// The changes after the snapshot.
    pub tail: Tail,
    /// What its changes come to; not known when an older version stored it and nobody has counted it since.
    pub sum: Option<Sum>,
}

/// How much follows a document's snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// Changes.
    pub changes: u32,
    /// Their bytes.
    pub bytes: u64,
    /// The snapshot's bytes.
    pub snapshot_bytes: u64,
}

impl Tail {
    /// Whether the document should be saved anew, by [`WriteTx::put_snapshot`] in the same transaction.
    #[must_use]
    pub const fn wants_compaction(&self) -> bool {
        self.changes >= COMPACT_TAIL_CHANGES_MAX
            || (self.bytes >= COMPACT_TAIL_BYTES_MIN && self.bytes > self.snapshot_bytes)
    }
}

/// Something sent for a document that is not even a sequence of changes, or a stored document that no longer loads. A
/// change that merely does not apply is [set aside](super::SetAside) instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The document.
    pub doc: DocId,
    /// When it was found.
    pub at: Timestamp,
    /// What is wrong with it.
    pub reason: String,
}

impl ReadTx<'_> {
    /// A document's bytes, if it is held.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when they do not unpack; any other of reading.
    pub fn document(&self, doc: DocId) -> Result<Option<StoredDocument>, StoreError> {
        let found = self
            .tx
            .prepare_cached(
                "SELECT id, heads, snapshot_bytes, tail_bytes, tail_changes, sum FROM document WHERE doc = ?1",
            )?
            .query_row([doc.as_bytes()], |row| {
                let tail = Tail { changes: row.get(4)?, bytes: row.number(3)?, snapshot_bytes: row.number(2)? };
                Ok((row.get(0)?, row.hashes(1)?, tail, row.optional_sum(5)?))
            })
            .optional()?;
        let Some((id, heads, tail, sum)) = found else {
            return Ok(None);
        };
        Ok(Some(StoredDocument { bytes: self.document_bytes(id, tail)?, heads, tail, sum }))
    }

    fn document_bytes(&self, id: i64, tail: Tail) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        if tail.snapshot_bytes > 0 {
            let mut statement = self.tx.prepare_cached("SELECT bytes FROM snapshot WHERE document = ?1")?;
            let mut rows = statement.query([id])?;
            let row = rows.next()?.ok_or_else(|| StoreError::corrupt("a document lacks its snapshot"))?;
            bytes = unpack(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?.into_owned();
        }
        if tail.changes > 0 {
            let mut statement = self.tx.prepare_cached("SELECT bytes FROM tail WHERE document = ?1 ORDER BY n")?;
            let mut rows = statement.query([id])?;
            while let Some(row) = rows.next()? {
                bytes.extend_from_slice(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?);
            }
        }
        Ok(bytes)
    }

    /// A document's heads, if it is held.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn heads(&self, doc: DocId) -> Result<Option<Vec<ChangeHash>>, StoreError> {
        let heads = self
            .tx
            .prepare_cached("SELECT heads FROM document WHERE doc = ?1")?
            .query_row([doc.as_bytes()], |row| row.hashes(0))
            .optional()?;
        Ok(heads)
    }

    /// Whether a change is known to be held without loading the document: it is a head, or in the tail. `false` does not
    /// mean that it is missing; loading and applying tells.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn surely_holds(&self, doc: DocId, hash: ChangeHash) -> Result<bool, StoreError> {
        let found = self
            .tx
            .prepare_cached("SELECT id, heads FROM document WHERE doc = ?1")?
            .query_row([doc.as_bytes()], |row| Ok((row.get::<_, i64>(0)?, row.hashes(1)?)))
            .optional()?;
        let Some((id, heads)) = found else {
            return Ok(false);
        };
        if heads.contains(&hash) {
            return Ok(true);
        }
        let in_tail = self
            .tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM tail WHERE document = ?1 AND hash = ?2)")?
            .query_row(params![id, hash.as_bytes()], |row| row.get(0))?;
        Ok(in_tail)
    }

    /// How many documents are held.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn document_count(&self) -> Result<u64, StoreError> {
        Ok(self.tx.prepare_cached("SELECT count(*) FROM document")?.query_row([], |row| row.number(0))?)
    }

    /// Hands every document to `each`, in the order they were first stored, one at a time.
    ///
    /// # Errors
    /// The first of `each`; any [`StoreError`] of reading.
    pub fn each_document<E: From<StoreError>>(
        &self,
        mut each: impl FnMut(DocId, StoredDocument) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = StoreError::from;
        let mut statement = self
            .tx
            .prepare_cached(
                "SELECT id, doc, heads, snapshot_bytes, tail_bytes, tail_changes, sum FROM document ORDER BY id",
            )
            .map_err(sql)?;
        let mut rows = statement.query([]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            let read = || -> Result<(DocId, StoredDocument), StoreError> {
                let tail = Tail { changes: row.get(5)?, bytes: row.number(4)?, snapshot_bytes: row.number(3)? };
                let bytes = self.document_bytes(row.get(0)?, tail)?;
                Ok((row.doc(1)?, StoredDocument { bytes, heads: row.hashes(2)?, tail, sum: row.optional_sum(6)? }))
            };
            let (doc, stored) = read()?;
            each(doc, stored)?;
        }
        Ok(())
    }

    /// What could not be taken in, latest first, `limit` at most.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn invalid(&self, limit: u32) -> Result<Vec<Invalid>, StoreError> {
        let mut statement =
            self.tx.prepare_cached("SELECT doc, at_ms, reason FROM invalid ORDER BY at_ms DESC, doc LIMIT ?1")?;
        let invalid = statement
            .query_map([limit], |row| Ok(Invalid { doc: row.doc(0)?, at: row.time(1)?, reason: row.get(2)? }))?
            .collect::<Result<_, _>>()?;
        Ok(invalid)
    }
}

impl WriteTx<'_> {
    /// Stores a document's saved form, in place of whatever was held of it. `sum` is what its changes come to, without those
    /// that are set aside. Calling this for thousands of documents in one transaction is how a book is taken in.
    ///
    /// # Errors
    /// [`StoreError::Erased`]; any other of writing.
    pub fn put_snapshot(&self, doc: DocId, bytes: &[u8], heads: &[ChangeHash], sum: Sum) -> Result<(), StoreError> {
        let tx = &self.tx.tx;
        let length = integer(bytes.len() as u64);
        let held = tx
            .prepare_cached("SELECT id, tail_changes, sum FROM document WHERE doc = ?1")?
            .query_row([doc.as_bytes()], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.optional_sum(2)?.unwrap_or_default()))
            })
            .optional()?;
        let (id, before) = if let Some((id, tail_changes, before)) = held {
            if tail_changes > 0 {
                tx.prepare_cached("DELETE FROM tail WHERE document = ?1")?.execute([id])?;
            }
            tx.prepare_cached(
                "UPDATE document SET heads = ?2, snapshot_bytes = ?3, tail_bytes = 0, tail_changes = 0, sum = ?4
                 WHERE id = ?1",
            )?
            .execute(params![id, join_hashes(heads), length, sum.to_bytes()])?;
            (id, before)
        } else {
            self.refuse_erased(doc)?;
            tx.prepare_cached(
                "INSERT INTO document (doc, heads, snapshot_bytes, tail_bytes, tail_changes, sum)
                 VALUES (?1, ?2, ?3, 0, 0, ?4)",
            )?
            .execute(params![doc.as_bytes(), join_hashes(heads), length, sum.to_bytes()])?;
            (tx.last_insert_rowid(), Sum::ZERO)
        };
        tx.prepare_cached("INSERT OR REPLACE INTO snapshot (document, bytes) VALUES (?1, ?2)")?
            .execute(params![id, pack(bytes)?])?;
        self.count(sum - before);
        Ok(())
    }

    /// Folds a document's tail into a new snapshot of the same changes. Nothing happens without the document.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn compact(&self, doc: DocId, bytes: &[u8], heads: &[ChangeHash]) -> Result<(), StoreError> {
        let tx = &self.tx.tx;
        let folded = tx
            .prepare_cached(
                "UPDATE document SET heads = ?2, snapshot_bytes = ?3, tail_bytes = 0, tail_changes = 0 WHERE doc = ?1
                 RETURNING id",
            )?
            .query_row(params![doc.as_bytes(), join_hashes(heads), integer(bytes.len() as u64)], |row| {
                row.get::<_, i64>(0)
            })
            .optional()?;
        if let Some(id) = folded {
            tx.prepare_cached("DELETE FROM tail WHERE document = ?1")?.execute([id])?;
            tx.prepare_cached("INSERT OR REPLACE INTO snapshot (document, bytes) VALUES (?1, ?2)")?
                .execute(params![id, pack(bytes)?])?;
        }
        Ok(())
    }

    /// Appends a change to the tail of a document, which then has `heads` and counts the change in its sum. A document not
    /// held so far begins with it. The caller has applied the change, so it is new; whether a fresh snapshot is due, the
    /// answer says.
    ///
    /// # Errors
    /// [`StoreError::Erased`]; any other of writing.
    pub fn append_change(
        &self,
        doc: DocId,
        hash: ChangeHash,
        bytes: &[u8],
        heads: &[ChangeHash],
    ) -> Result<Tail, StoreError> {
        let tx = &self.tx.tx;
        let counts = Sum::of_change(doc, hash);
        let held = tx
            .prepare_cached(
                "UPDATE document SET heads = ?2, tail_bytes = tail_bytes + ?3, tail_changes = tail_changes + 1
                 WHERE doc = ?1 RETURNING id, tail_changes, tail_bytes, snapshot_bytes, sum",
            )?
            .query_row(params![doc.as_bytes(), join_hashes(heads), integer(bytes.len() as u64)], |row| {
                let tail = Tail { changes: row.get(1)?, bytes: row.number(2)?, snapshot_bytes: row.number(3)? };
                Ok((row.get::<_, i64>(0)?, tail, row.optional_sum(4)?))
            })
            .optional()?;
        let (id, tail) = if let Some((id, tail, sum)) = held {
            // A sum that is not known is counted whole, with this change, before the next exchange.
            if let Some(sum) = sum {
                tx.prepare_cached("UPDATE document SET sum = ?2 WHERE id = ?1")?
                    .execute(params![id, (sum + counts).to_bytes()])?;
                self.count(counts);
            }
            (id, tail)
        } else {
            self.refuse_erased(doc)?;
            tx.prepare_cached(
                "INSERT INTO document (doc, heads, snapshot_bytes, tail_bytes, tail_changes, sum)
                 VALUES (?1, ?2, 0, ?3, 1, ?4)",
            )?
            .execute(params![
                doc.as_bytes(),
                join_hashes(heads),
                integer(bytes.len() as u64),
                counts.to_bytes()
            ])?;
            self.count(counts);
            (tx.last_insert_rowid(), Tail { changes: 1, bytes: bytes.len() as u64, snapshot_bytes: 0 })
        };
        tx.prepare_cached("INSERT INTO tail (document, n, hash, bytes) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
            id,
            tail.changes,
            hash.as_bytes(),
            bytes
        ])?;
        Ok(tail)
    }

    /// Takes note that what arrived for `doc` could not be taken in, and adds its bytes to those kept before.
    ///
    /// # Errors
    /// [`StoreError::Erased`]; any other of writing.
    pub fn note_invalid(&self, doc: DocId, reason: &str, bytes: &[u8], at: Timestamp) -> Result<(), StoreError> {
        self.refuse_erased(doc)?;
        self.tx
            .tx
            .prepare_cached(
                "INSERT INTO invalid (doc, at_ms, reason, bytes) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (doc) DO UPDATE
                 SET at_ms = excluded.at_ms, reason = excluded.reason, bytes = CAST(bytes || excluded.bytes AS BLOB)",
            )?
            .execute(params![doc.as_bytes(), at.millis(), reason, bytes])?;
        Ok(())
    }
}
