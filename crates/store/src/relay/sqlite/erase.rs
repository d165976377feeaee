//! Erasing a document: a tombstone at a new position, and nothing left of what it stands for.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use vocab::{BranchId, DocId, Position, Sum, Tombstone};

use super::group::{BranchState, DocState, Group};
use super::place;
use crate::StoreError;
use crate::columns::{Columns, integer};
use crate::file::Scrubbed;
use crate::relay::Erasure;

/// The device of what the relay itself wrote: a tombstone or a change.
pub(super) const NO_DEVICE: i64 = 0;

/// What one erasure did.
pub(super) struct Done {
    pub(super) position: Position,
    changes: u64,
    change_bytes: u64,
}

/// Erases a document within `tx`; the caller commits.
pub(super) fn erase(tx: &Transaction<'_>, branch: BranchId, tombstone: &Tombstone) -> Result<Erasure, StoreError> {
    let mut group = Group::begin(tx, tombstone.at)?;
    let Some(mut state) = group.take_branch(branch)? else {
        return Ok(Erasure::Unknown);
    };
    let mut doc = group.take_document(state.id, tombstone.doc)?;
    if doc.is_new {
        return Ok(Erasure::Unknown);
    }
    if doc.erased.is_some() {
        return Ok(self::tombstone(tx, doc.id, tombstone.doc)?.map_or(Erasure::Unknown, Erasure::Before));
    }
    let done = group.erase(&mut state, &mut doc, NO_DEVICE, tombstone)?;
    let erasure = Erasure::Erased {
        position: done.position,
        sum: state.sum,
        changes: done.changes,
        change_bytes: done.change_bytes,
    };
    group.put_document(state.id, tombstone.doc, doc);
    group.put_branch(branch, state);
    group.write()?;
    Ok(erasure)
}

impl Group<'_> {
    /// Erases a document that was not erased before, or that was never here.
    pub(super) fn erase(
        &mut self,
        branch: &mut BranchState,
        doc: &mut DocState,
        device: i64,
        tombstone: &Tombstone,
    ) -> Result<Done, StoreError> {
        let tx = self.tx;
        let changes = tx.prepare_cached("UPDATE feed SET bytes = X'' WHERE document = ?1")?.execute([doc.id])? as u64;
        tx.prepare_cached("DELETE FROM saved WHERE document = ?1")?.execute([doc.id])?;
        tx.prepare_cached("DELETE FROM quarantine WHERE document = ?1")?.execute([doc.id])?;
        tx.prepare_cached("UPDATE document SET saved_through = 0, saved_bytes = 0 WHERE id = ?1")?.execute([doc.id])?;
        self.forget_authors(doc)?;

        let done = Done { position: branch.head.next(), changes, change_bytes: doc.change_bytes };
        let counts = Sum::of_tombstone(tombstone.doc);
        branch.sum = branch.sum - doc.sum + counts;
        branch.head = done.position;
        branch.changes = branch.changes.saturating_sub(done.changes);
        branch.change_bytes = branch.change_bytes.saturating_sub(done.change_bytes);
        if doc.first == Position::START {
            doc.first = done.position;
        } else {
            branch.documents = branch.documents.saturating_sub(1);
        }
        doc.last = done.position;
        doc.sum = counts;
        doc.change_bytes = 0;
        doc.erased = Some(done.position);
        doc.changed = true;
        doc.added.clear();

        // The chain of the document's rows ends here: nobody follows it to what is empty.
        tx.prepare_cached(
            "INSERT INTO feed (place, document, hash, actor, seq, device, received_at_ms, prev, sum, bytes)
             VALUES (?1, ?2, zeroblob(32), 0, 0, ?3, ?4, 0, ?5, X'')",
        )?
        .execute(params![
            place(branch.id, done.position)?,
            doc.id,
            device,
            self.at.millis(),
            branch.sum.to_bytes()
        ])?;
        tx.prepare_cached(
            "INSERT INTO tombstone (document, branch, position, at_ms, why, key, signature)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            doc.id,
            branch.id,
            integer(done.position.get()),
            tombstone.at.millis(),
            tombstone.why,
            tombstone.key,
            tombstone.signature
        ])?;
        Ok(done)
    }
}

fn read(row: &Row<'_>, doc: DocId) -> rusqlite::Result<Tombstone> {
    Ok(Tombstone { doc, at: row.time(0)?, why: row.get(1)?, key: row.fixed(2)?, signature: row.fixed(3)? })
}

/// The tombstone of the document with the row id `id`, if it has one.
pub(super) fn tombstone(conn: &Connection, id: i64, doc: DocId) -> Result<Option<Tombstone>, StoreError> {
    let found = conn
        .prepare_cached("SELECT at_ms, why, key, signature FROM tombstone WHERE document = ?1")?
        .query_row([id], |row| read(row, doc))
        .optional()?;
    Ok(found)
}

/// The tombstones of the branch with the row id `branch` after `after`, in the order of the feed.
pub(super) fn tombstones(
    conn: &Connection,
    branch: i64,
    after: Position,
    limit: u32,
) -> Result<Vec<(Position, Tombstone)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT tombstone.at_ms, tombstone.why, tombstone.key, tombstone.signature, document.doc, tombstone.position
         FROM tombstone JOIN document ON document.id = tombstone.document
         WHERE tombstone.branch = ?1 AND tombstone.position > ?2 ORDER BY tombstone.position LIMIT ?3",
    )?;
    let found = statement
        .query_map(params![branch, integer(after.get()), limit], |row| Ok((row.position(5)?, read(row, row.doc(4)?)?)))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// What was erased, for [`crate::file::scrub`].
pub(super) const SCRUBBED: Scrubbed = Scrubbed { table: "tombstone", id: "document" };
