//! Feeds: appending to them, and reading them at the cost of what is read.

use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, params};
use vocab::{
    Actor, BranchId, ChangeHash, Cursor, DeviceKey, DocId, GENESIS_ACTOR, Position, Sum, Timestamp, Tombstone,
};

use super::{SqliteRelayStore, append, branch_row, catch_up, erase, place};
use crate::StoreError;
use crate::columns::Columns;
use crate::relay::{
    Appended, BROUGHT_MAX, BROUGHT_REACH, Erasure, FeedAsk, FeedBatch, FeedChange, Feeds, Intake, Receipt, Seen,
};

/// The device in a column that is empty where the relay wrote.
fn brought_by(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<DeviceKey>> {
    let key: Option<Vec<u8>> = row.get(column)?;
    key.map(|_| row.device_key(column)).transpose()
}

impl Feeds for SqliteRelayStore {
    fn take(&mut self, intakes: &[Intake<'_>], at: Timestamp) -> Result<Vec<Appended>, StoreError> {
        let tx = self.begin_write()?;
        let appended = append::append(&tx, intakes, at)?;
        tx.commit()?;
        self.tidy();
        Ok(appended)
    }

    fn erase(&mut self, branch: BranchId, tombstone: &Tombstone) -> Result<Erasure, StoreError> {
        let tx = self.begin_write()?;
        let erasure = erase::erase(&tx, branch, tombstone)?;
        tx.commit()?;
        self.tidy();
        Ok(erasure)
    }

    fn erasures(
        &self,
        branch: BranchId,
        after: Position,
        limit: u32,
    ) -> Result<Vec<(Position, Tombstone)>, StoreError> {
        let tx = self.begin_read()?;
        match branch_row(&tx, branch)? {
            Some(branch) => erase::tombstones(&tx, branch.id, after, limit),
            None => Ok(Vec::new()),
        }
    }

    fn head(&self, branch: BranchId) -> Result<Position, StoreError> {
        Ok(branch_row(&self.conn, branch)?.map(|branch| branch.head).unwrap_or_default())
    }

    fn sum_at(&self, branch: BranchId, position: Position) -> Result<Option<Sum>, StoreError> {
        if position == Position::START {
            return Ok(Some(Sum::ZERO));
        }
        let tx = self.begin_read()?;
        let Some(branch) = branch_row(&tx, branch)?.filter(|branch| position <= branch.head) else {
            return Ok(None);
        };
        let sum = tx
            .prepare_cached("SELECT sum FROM feed WHERE place = ?1")?
            .query_row([place(branch.id, position)?], |row| row.sum(0))
            .optional()?;
        Ok(sum)
    }

    fn changed_documents(&self, branch: BranchId, ask: &FeedAsk<'_>) -> Result<FeedBatch, StoreError> {
        let tx = self.begin_read()?;
        match branch_row(&tx, branch)? {
            Some(branch) => catch_up::read(&tx, &branch, ask),
            None => Ok(FeedBatch {
                documents: Vec::new(),
                cursor: Cursor::at(Position::START),
                owed: Vec::new(),
                head: Position::START,
                sum: Some(Sum::ZERO),
                more: false,
            }),
        }
    }

    fn changes(&self, branch: BranchId, after: Position, bytes_max: usize) -> Result<Vec<FeedChange>, StoreError> {
        let tx = self.begin_read()?;
        let Some(branch) = branch_row(&tx, branch)? else {
            return Ok(Vec::new());
        };
        let start = place(branch.id, Position::START)?;
        let mut statement = tx.prepare_cached(
            "SELECT feed.place, document.doc, feed.hash, actor.actor, feed.seq, device.key, feed.received_at_ms, feed.bytes
             FROM feed
             JOIN document ON document.id = feed.document
             JOIN actor ON actor.id = feed.actor
             LEFT JOIN device ON device.id = feed.device
             WHERE feed.place > ?1 AND feed.place <= ?2 AND document.erased = 0 ORDER BY feed.place",
        )?;
        let mut rows = statement.query([place(branch.id, after.min(branch.head))?, place(branch.id, branch.head)?])?;
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
                device: brought_by(row, 5)?,
                received_at: row.time(6)?,
                bytes,
            });
        }
        Ok(changes)
    }

    fn receipts(&self, branch: BranchId, doc: DocId) -> Result<Vec<Receipt>, StoreError> {
        let tx = self.begin_read()?;
        let Some(branch) = branch_row(&tx, branch)? else {
            return Ok(Vec::new());
        };
        let start = place(branch.id, Position::START)?;
        let mut statement = tx.prepare_cached(
            "SELECT feed.place, feed.hash, device.key, feed.received_at_ms FROM feed
             JOIN document ON document.id = feed.document
             LEFT JOIN device ON device.id = feed.device
             WHERE document.branch = ?1 AND document.doc = ?2 AND document.erased = 0 ORDER BY feed.place",
        )?;
        let receipts = statement
            .query_map(params![branch.id, doc.as_bytes()], |row| {
                Ok(Receipt {
                    position: Position::new((row.get::<_, i64>(0)? - start).unsigned_abs()),
                    hash: row.hash(1)?,
                    device: brought_by(row, 2)?,
                    received_at: row.time(3)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(receipts)
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

    fn brought(
        &self,
        branch: BranchId,
        device: DeviceKey,
        actor: Actor,
        after: Position,
    ) -> Result<Vec<(Position, ChangeHash)>, StoreError> {
        let tx = self.begin_read()?;
        let Some(branch) = branch_row(&tx, branch)? else { return Ok(Vec::new()) };
        // Where the latest of them stands: of most devices that connect, before what they have heard of.
        let latest: Option<(i64, i64)> = tx
            .prepare_cached(
                "SELECT feed.place, actor.id FROM seen
                 JOIN actor ON actor.id = seen.actor
                 JOIN document ON document.branch = seen.branch AND document.doc = seen.doc
                 JOIN feed ON feed.document = document.id AND feed.hash = seen.hash
                 WHERE seen.branch = ?1 AND actor.actor = ?2",
            )?
            .query_row(params![branch.id, actor.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (start, after) = (place(branch.id, Position::START)?, place(branch.id, after)?);
        let Some((latest, actor)) =
            latest.filter(|(latest, _)| (after + 1..=after + i64::from(BROUGHT_REACH)).contains(latest))
        else {
            return Ok(Vec::new());
        };
        // A first change names no actor: it counts only where this actor went on, or went last.
        let brought = tx
            .prepare_cached(
                "SELECT feed.place, feed.hash FROM feed
                 JOIN actor ON actor.id = feed.actor
                 JOIN device ON device.id = feed.device
                 JOIN document ON document.id = feed.document
                 WHERE feed.place > ?1 AND feed.place <= ?2 AND device.key = ?3 AND document.erased = 0
                   AND (feed.actor = ?4 OR actor.actor = ?5 AND (feed.place = ?2 OR EXISTS (
                     SELECT 1 FROM feed AS next
                     WHERE next.document = feed.document AND next.actor = ?4 AND next.place <= ?2)))
                 ORDER BY feed.place LIMIT ?6",
            )?
            .query_map(
                params![after, latest, device.as_bytes(), actor, GENESIS_ACTOR.as_bytes(), BROUGHT_MAX],
                |row| Ok((Position::new((row.get::<_, i64>(0)? - start).unsigned_abs()), row.hash(1)?)),
            )?
            .collect::<Result<_, _>>()?;
        Ok(brought)
    }
}
