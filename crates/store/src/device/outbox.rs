//! Changes the relay has not yet taken, in the order they were made.

use std::collections::BTreeSet;
use std::fmt;

use rusqlite::{OptionalExtension, params};
use vocab::{ChangeHash, DocId, Refusal, Sum, Timestamp, Verdict};

use super::{ReadTx, WriteTx};
use crate::StoreError;
use crate::columns::{Columns, integer};

/// The number of an entry of the outbox, counted from 1 and never given twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutboxSeq(u64);

impl OutboxSeq {
    /// Before the first entry.
    pub const START: OutboxSeq = OutboxSeq(0);

    /// A number as it stands in storage or on the wire.
    #[must_use]
    pub const fn new(seq: u64) -> Self {
        OutboxSeq(seq)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for OutboxSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A change that waits for the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its number.
    pub seq: OutboxSeq,
    /// The document it belongs to.
    pub doc: DocId,
    /// The change.
    pub hash: ChangeHash,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A change the relay did not take. It stays in its document and here, for people to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its number.
    pub seq: OutboxSeq,
    /// The document it belongs to.
    pub doc: DocId,
    /// The change.
    pub hash: ChangeHash,
    /// Why.
    pub reason: Refusal,
    /// When the relay said so.
    pub at: Timestamp,
}

/// How much the outbox holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    /// Changes that wait.
    pub waiting: u64,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// Changes that were refused.
    pub refused: u64,
}

impl ReadTx<'_> {
    /// The entries up to `through` that wait, in order, without their bytes.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn outbox_hashes(&self, through: OutboxSeq) -> Result<Vec<(OutboxSeq, DocId, ChangeHash)>, StoreError> {
        let entries = self
            .tx
            .prepare_cached("SELECT seq, doc, hash FROM outbox WHERE seq <= ?1 AND refused IS NULL ORDER BY seq")?
            .query_map([integer(through.get())], |row| Ok((OutboxSeq(row.number(0)?), row.doc(1)?, row.hash(2)?)))?
            .collect::<Result<_, _>>()?;
        Ok(entries)
    }

    /// The entries after `after` that wait, in order: as many as fit into `bytes_max`, and one at least if there is any.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn outbox(&self, after: OutboxSeq, bytes_max: usize) -> Result<Vec<OutboxEntry>, StoreError> {
        let mut statement = self.tx.prepare_cached(
            "SELECT seq, doc, hash, bytes FROM outbox WHERE seq > ?1 AND refused IS NULL ORDER BY seq",
        )?;
        let mut rows = statement.query([integer(after.get())])?;
        let mut entries = Vec::new();
        let mut bytes_total = 0_usize;
        while let Some(row) = rows.next()? {
            let bytes: Vec<u8> = row.get(3)?;
            bytes_total = bytes_total.saturating_add(bytes.len());
            if bytes_total > bytes_max && !entries.is_empty() {
                break;
            }
            entries.push(OutboxEntry { seq: OutboxSeq(row.number(0)?), doc: row.doc(1)?, hash: row.hash(2)?, bytes });
        }
        Ok(entries)
    }

    /// How much the outbox holds.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn outbox_counts(&self) -> Result<OutboxCounts, StoreError> {
        let counts = self
            .tx
            .prepare_cached(
                "SELECT count(*), coalesce(sum(length(bytes)), 0),
                        (SELECT count(*) FROM outbox WHERE refused IS NOT NULL)
                 FROM outbox WHERE refused IS NULL",
            )?
            .query_row([], |row| {
                Ok(OutboxCounts { waiting: row.number(0)?, waiting_bytes: row.number(1)?, refused: row.number(2)? })
            })?;
        Ok(counts)
    }

    /// The highest number ever given, whether its entry still waits or not.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn outbox_last(&self) -> Result<OutboxSeq, StoreError> {
        let last = self
            .tx
            .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")?
            .query_row([], |row| row.number(0))
            .optional()?;
        Ok(OutboxSeq(last.unwrap_or(0)))
    }

    /// The changes of a document that are in the outbox, waiting or refused, in the order of their numbers.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn outbox_of(&self, doc: DocId) -> Result<Vec<(ChangeHash, Vec<u8>)>, StoreError> {
        let mut statement = self.tx.prepare_cached("SELECT hash, bytes FROM outbox WHERE doc = ?1 ORDER BY seq")?;
        let found =
            statement.query_map([doc.as_bytes()], |row| Ok((row.hash(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// The documents that have changes in the outbox, waiting or refused.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn outbox_documents(&self) -> Result<BTreeSet<DocId>, StoreError> {
        let mut statement = self.tx.prepare_cached("SELECT DISTINCT doc FROM outbox")?;
        Ok(statement.query_map([], |row| row.doc(0))?.collect::<Result<_, _>>()?)
    }

    /// The change that has the number `seq`, while its entry is in the outbox.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn outbox_hash(&self, seq: OutboxSeq) -> Result<Option<ChangeHash>, StoreError> {
        let hash = self
            .tx
            .prepare_cached("SELECT hash FROM outbox WHERE seq = ?1")?
            .query_row([integer(seq.0)], |row| row.hash(0))
            .optional()?;
        Ok(hash)
    }

    /// What the relay refused, oldest first, `limit` at most.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn refused(&self, limit: u32) -> Result<Vec<Refused>, StoreError> {
        let mut statement = self.tx.prepare_cached(
            "SELECT seq, doc, hash, refused, refused_at_ms FROM outbox WHERE refused IS NOT NULL ORDER BY seq LIMIT ?1",
        )?;
        let refused = statement
            .query_map([limit], |row| {
                Ok(Refused {
                    seq: OutboxSeq(row.number(0)?),
                    doc: row.doc(1)?,
                    hash: row.hash(2)?,
                    reason: row.refusal(3)?,
                    at: row.time(4)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(refused)
    }

    /// How many changes the relay refused at `at` or later that are still kept.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn refused_since(&self, at: Timestamp) -> Result<u64, StoreError> {
        let count = self
            .tx
            .prepare_cached("SELECT count(*) FROM outbox WHERE refused IS NOT NULL AND refused_at_ms >= ?1")?
            .query_row([at.millis()], |row| row.number(0))?;
        Ok(count)
    }
}

impl WriteTx<'_> {
    /// Puts a change made here at the end of the outbox. Its document holds it too, by the same transaction.
    ///
    /// # Errors
    /// [`StoreError::Erased`]; any other of writing.
    pub fn push_outbox(&self, doc: DocId, hash: ChangeHash, bytes: &[u8]) -> Result<OutboxSeq, StoreError> {
        self.insert_outbox(doc, hash, bytes, None)
    }

    /// Puts a change that is held, and that the relay would not take back from here, into the outbox as refused: it is kept
    /// and shown, and may wait again. One that is in the outbox already is only marked.
    ///
    /// # Errors
    /// [`StoreError::Erased`]; any other of writing.
    pub fn push_refused(
        &self,
        doc: DocId,
        hash: ChangeHash,
        bytes: &[u8],
        reason: Refusal,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let known = self
            .tx
            .tx
            .prepare_cached("UPDATE outbox SET refused = ?3, refused_at_ms = ?4 WHERE doc = ?1 AND hash = ?2")?
            .execute(params![doc.as_bytes(), hash.as_bytes(), reason.number(), at.millis()])?;
        if known == 0 {
            self.insert_outbox(doc, hash, bytes, Some((reason, at)))?;
        }
        Ok(())
    }

    fn insert_outbox(
        &self,
        doc: DocId,
        hash: ChangeHash,
        bytes: &[u8],
        refused: Option<(Refusal, Timestamp)>,
    ) -> Result<OutboxSeq, StoreError> {
        self.refuse_erased(doc)?;
        let tx = &self.tx.tx;
        tx.prepare_cached("INSERT INTO outbox (doc, hash, bytes, refused, refused_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![
                doc.as_bytes(),
                hash.as_bytes(),
                bytes,
                refused.map(|(reason, _)| reason.number()),
                refused.map(|(_, at)| at.millis())
            ])?;
        self.discount(Sum::of_change(doc, hash));
        Ok(OutboxSeq(tx.last_insert_rowid().unsigned_abs()))
    }

    /// Takes a change out of the outbox, since the relay is known to have it, or since it was made anew under another
    /// hash. Says whether it was there.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn remove_outbox(&self, doc: DocId, hash: ChangeHash) -> Result<bool, StoreError> {
        let removed = self
            .tx
            .tx
            .prepare_cached("DELETE FROM outbox WHERE doc = ?1 AND hash = ?2")?
            .execute(params![doc.as_bytes(), hash.as_bytes()])?;
        for _ in 0..removed {
            self.count(Sum::of_change(doc, hash));
        }
        Ok(removed > 0)
    }

    /// Takes note of the relay's verdicts at `at`: what it has is removed and becomes the highest acknowledged entry, what
    /// it refused is kept with the reason. Numbers that are not in the outbox (a verdict heard twice) change nothing.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn settle(&self, verdicts: &[(OutboxSeq, Verdict)], at: Timestamp) -> Result<(), StoreError> {
        let tx = &self.tx.tx;
        let mut remove = tx.prepare_cached("DELETE FROM outbox WHERE seq = ?1 RETURNING doc, hash")?;
        let mut keep = tx.prepare_cached("UPDATE outbox SET refused = ?2, refused_at_ms = ?3 WHERE seq = ?1")?;
        let mut acknowledged = None;
        for (seq, verdict) in verdicts {
            match verdict {
                Verdict::Accepted(_) | Verdict::Had(_) => {
                    let removed =
                        remove.query_row([integer(seq.0)], |row| Ok((row.doc(0)?, row.hash(1)?))).optional()?;
                    if let Some((doc, hash)) = removed {
                        self.count(Sum::of_change(doc, hash));
                        acknowledged = acknowledged.max(Some((*seq, hash)));
                    }
                }
                Verdict::Refused(reason) => {
                    keep.execute(params![integer(seq.0), reason.number(), at.millis()])?;
                }
            }
        }
        if let Some((seq, hash)) = acknowledged {
            tx.prepare_cached(
                "UPDATE membership SET acknowledged_seq = ?1, acknowledged_hash = ?2
                 WHERE acknowledged_seq IS NULL OR acknowledged_seq < ?1",
            )?
            .execute(params![integer(seq.0), hash.as_bytes()])?;
        }
        Ok(())
    }

    /// Puts an entry, waiting or refused, at the end of the outbox, under a new number. Whether there was one.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn push_again(&self, doc: DocId, hash: ChangeHash) -> Result<bool, StoreError> {
        let tx = &self.tx.tx;
        let bytes: Option<Vec<u8>> = tx
            .prepare_cached("DELETE FROM outbox WHERE doc = ?1 AND hash = ?2 RETURNING bytes")?
            .query_row(params![doc.as_bytes(), hash.as_bytes()], |row| row.get(0))
            .optional()?;
        let Some(bytes) = bytes else { return Ok(false) };
        // It waited before, so that no sum changes.
        tx.prepare_cached("INSERT INTO outbox (doc, hash, bytes) VALUES (?1, ?2, ?3)")?.execute(params![
            doc.as_bytes(),
            hash.as_bytes(),
            bytes
        ])?;
        Ok(true)
    }

    /// Lets a refused entry wait again, under the number it has: what was made after it still comes after it. Whether there
    /// was one.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn retry_refused(&self, seq: OutboxSeq) -> Result<bool, StoreError> {
        let retried = self
            .tx
            .tx
            .prepare_cached(
                "UPDATE outbox SET refused = NULL, refused_at_ms = NULL WHERE seq = ?1 AND refused IS NOT NULL",
            )?
            .execute([integer(seq.get())])?;
        Ok(retried > 0)
    }
}
