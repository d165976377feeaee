//! Which branch this device belongs to, how far it holds its feed, and how the last exchange went.

use rusqlite::{OptionalExtension, params};
use vocab::{BranchId, ChangeHash, Cursor, Epoch, Owed, Position, Timestamp};

use super::{OutboxSeq, ReadTx, WriteTx};
use crate::StoreError;
use crate::columns::{Columns, integer};

/// How large a frame a new member asks for, in bytes: little is lost when the link turns out to be poor, and a good one is
/// given more as it carries more.
pub const FRAME_BYTES_FIRST: u32 = 8 << 10;

/// The last entry of the outbox, in its order, that the relay has taken. The relay keeps the same pair per actor; when the
/// two disagree, this store is a restored copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// Its number.
    pub seq: OutboxSeq,
    /// Its change.
    pub hash: ChangeHash,
}

/// A device's place in a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The relay's URL.
    pub relay: String,
    /// The branch.
    pub branch: BranchId,
    /// Its name when last heard.
    pub branch_name: String,
    /// The feed that `cursor` is a place in; none before the first exchange.
    pub epoch: Option<Epoch>,
    /// How far the feed is held.
    pub cursor: Cursor,
    /// The highest position at which the relay is known to hold something that is acknowledged here; it may be past the
    /// cursor.
    pub ahead: Position,
    /// Large documents the cursor has passed that are not held whole.
    pub owed: Vec<Owed>,
    /// Whether what is held was found to differ from the feed: the next exchange reconciles.
    pub suspect: bool,
    /// How large a frame the link to the relay has been good for, in bytes; [`FRAME_BYTES_FIRST`] to begin with.
    pub frame_bytes: u32,
    /// The highest entry of the outbox that the relay has taken.
    pub acknowledged: Option<Acknowledged>,
}

/// How the last exchange with the relay went.
#[derive(Debug, Clone, PartialEq)]
pub struct LastSync {
    /// When it ended.
    pub at: Timestamp,
    /// What `sync --json` printed; the store does not look inside.
    pub report: serde_json::Value,
}

impl ReadTx<'_> {
    /// The branch this device has joined, if any.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn membership(&self) -> Result<Option<Membership>, StoreError> {
        let membership = self
            .tx
            .prepare_cached(
                "SELECT relay, branch, branch_name, epoch, base, through, acknowledged_seq, acknowledged_hash, suspect,
                        frame_bytes, ahead
                 FROM membership",
            )?
            .query_row([], |row| {
                let acknowledged = match row.optional_number(6)? {
                    Some(seq) => Some(Acknowledged { seq: OutboxSeq::new(seq), hash: row.hash(7)? }),
                    None => None,
                };
                Ok(Membership {
                    relay: row.get(0)?,
                    branch: row.branch_id(1)?,
                    branch_name: row.get(2)?,
                    epoch: row.optional_epoch(3)?,
                    cursor: Cursor { base: row.position(4)?, through: row.position(5)? },
                    ahead: row.position(10)?,
                    owed: Vec::new(),
                    suspect: row.get(8)?,
                    frame_bytes: row.get(9)?,
                    acknowledged,
                })
            })
            .optional()?;
        let Some(mut membership) = membership else {
            return Ok(None);
        };
        membership.owed = self
            .tx
            .prepare_cached("SELECT doc, within FROM owed ORDER BY doc")?
            .query_map([], |row| Ok(Owed { doc: row.doc(0)?, within: row.position(1)? }))?
            .collect::<Result<_, _>>()?;
        Ok(Some(membership))
    }

    /// How the last exchange went, if there was one.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn last_sync(&self) -> Result<Option<LastSync>, StoreError> {
        let row = self
            .tx
            .prepare_cached("SELECT at_ms, report FROM last_sync")?
            .query_row([], |row| Ok((row.time(0)?, row.get::<_, String>(1)?)))
            .optional()?;
        row.map(|(at, report)| {
            let report = serde_json::from_str(&report)
                .map_err(|error| StoreError::corrupt(format!("the report of the last exchange: {error}")))?;
            Ok(LastSync { at, report })
        })
        .transpose()
    }
}

impl WriteTx<'_> {
    /// Joins a branch, or replaces everything known of the membership.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn set_membership(&self, membership: &Membership) -> Result<(), StoreError> {
        self.tx
            .tx
            .prepare_cached(
                "INSERT OR REPLACE INTO membership
                 (id, relay, branch, branch_name, epoch, base, through, acknowledged_seq, acknowledged_hash, suspect,
                  frame_bytes, ahead)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                membership.relay,
                membership.branch.as_bytes(),
                membership.branch_name,
                membership.epoch.map(|epoch| *epoch.as_bytes()),
                integer(membership.cursor.base.get()),
                integer(membership.cursor.through.get()),
                membership.acknowledged.map(|acknowledged| integer(acknowledged.seq.get())),
                membership.acknowledged.map(|acknowledged| *acknowledged.hash.as_bytes()),
                membership.suspect,
                membership.frame_bytes,
                integer(membership.ahead.get()),
            ])?;
        self.set_owed(&membership.owed)
    }

    /// Replaces the list of what is owed, in the transaction that moves the cursor or takes in some of it.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn set_owed(&self, owed: &[Owed]) -> Result<(), StoreError> {
        let tx = &self.tx.tx;
        tx.prepare_cached("DELETE FROM owed")?.execute([])?;
        let mut insert = tx.prepare_cached("INSERT OR REPLACE INTO owed (doc, within) VALUES (?1, ?2)")?;
        for owed in owed {
            insert.execute(params![owed.doc.as_bytes(), integer(owed.within.get())])?;
        }
        Ok(())
    }

    /// Keeps the highest position at which the relay is known to hold something that is acknowledged here, in the
    /// transaction that settles it.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing. Without a membership nothing is written.
    pub fn set_ahead(&self, ahead: Position) -> Result<(), StoreError> {
        self.tx.tx.prepare_cached("UPDATE membership SET ahead = ?1")?.execute([integer(ahead.get())])?;
        Ok(())
    }

    /// Takes note that what is held differs from the feed.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing. Without a membership nothing is written.
    pub fn mark_suspect(&self) -> Result<(), StoreError> {
        self.tx.tx.prepare_cached("UPDATE membership SET suspect = 1")?.execute([])?;
        Ok(())
    }

    /// Takes note that what is held was reconciled with the feed.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing. Without a membership nothing is written.
    pub fn clear_suspect(&self) -> Result<(), StoreError> {
        self.tx.tx.prepare_cached("UPDATE membership SET suspect = 0")?.execute([])?;
        Ok(())
    }

    /// Keeps how large a frame the link is good for, in bytes.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing. Without a membership nothing is written.
    pub fn set_frame_bytes(&self, bytes: u32) -> Result<(), StoreError> {
        self.tx.tx.prepare_cached("UPDATE membership SET frame_bytes = ?1")?.execute([bytes])?;
        Ok(())
    }

    /// Moves the cursor, in the transaction that commits what it covers.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing. Without a membership nothing is written.
    pub fn set_cursor(&self, cursor: Cursor) -> Result<(), StoreError> {
        self.tx
            .tx
            .prepare_cached("UPDATE membership SET base = ?1, through = ?2")?
            .execute(params![integer(cursor.base.get()), integer(cursor.through.get())])?;
        Ok(())
    }

    /// Keeps how an exchange went.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn set_last_sync(&self, last: &LastSync) -> Result<(), StoreError> {
        self.tx
            .tx
            .prepare_cached("INSERT OR REPLACE INTO last_sync (id, at_ms, report) VALUES (1, ?1, ?2)")?
            .execute(params![last.at.millis(), last.report.to_string()])?;
        Ok(())
    }
}
