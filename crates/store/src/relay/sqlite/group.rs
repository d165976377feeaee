//! What one group commit has read and will write.
//!
//! What the verdicts need of the store is read at most once per group and kept here until the group is written: a push of
//! a hundred changes to one document reads that document's row once. Rows of the feed are written as they are accepted.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use rusqlite::{OptionalExtension, Transaction, params};
use vocab::{Actor, BranchId, ChangeHash, DeviceKey, DocId, Position, Sum, Timestamp};

use super::place;
use crate::StoreError;
use crate::columns::{Columns, integer};

pub(super) struct BranchState {
    pub(super) id: i64,
    pub(super) head: Position,
    pub(super) sum: Sum,
    pub(super) documents: u64,
    pub(super) changes: u64,
    pub(super) change_bytes: u64,
}

pub(super) struct DeviceState {
    pub(super) id: i64,
    pub(super) branch: i64,
}

pub(super) struct DocState {
    pub(super) id: i64,
    /// Nothing of it was in the feed before this group.
    pub(super) is_new: bool,
    pub(super) changed: bool,
    pub(super) first: Position,
    pub(super) last: Position,
    pub(super) sum: Sum,
    pub(super) change_bytes: u64,
    /// Where its tombstone stands.
    pub(super) erased: Option<Position>,
    /// What this group added to it.
    pub(super) added: HashMap<ChangeHash, Position>,
}

/// Everything one group has read and will write.
pub(super) struct Group<'a> {
    pub(super) tx: &'a Transaction<'a>,
    pub(super) at: Timestamp,
    branches: HashMap<BranchId, Option<BranchState>>,
    devices: HashMap<DeviceKey, Option<DeviceState>>,
    actors: HashMap<Actor, i64>,
    docs: HashMap<(i64, DocId), DocState>,
    authors: HashMap<(i64, i64), u64>,
    changed_authors: HashSet<(i64, i64)>,
    next_document: i64,
}

impl<'a> Group<'a> {
    pub(super) fn begin(tx: &'a Transaction<'a>, at: Timestamp) -> Result<Self, StoreError> {
        let next_document =
            tx.prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM document")?.query_row([], |row| row.get(0))?;
        Ok(Group {
            tx,
            at,
            branches: HashMap::new(),
            devices: HashMap::new(),
            actors: HashMap::new(),
            docs: HashMap::new(),
            authors: HashMap::new(),
            changed_authors: HashSet::new(),
            next_document,
        })
    }

    /// The state of a branch, out of the map until it is [put back](Group::put_branch).
    pub(super) fn take_branch(&mut self, branch: BranchId) -> Result<Option<BranchState>, StoreError> {
        if let Some(known) = self.branches.get_mut(&branch) {
            return Ok(known.take());
        }
        let read = self
            .tx
            .prepare_cached("SELECT id, head, sum, documents, changes, change_bytes FROM branch WHERE branch = ?1")?
            .query_row([branch.as_bytes()], |row| {
                Ok(BranchState {
                    id: row.get(0)?,
                    head: row.position(1)?,
                    sum: row.sum(2)?,
                    documents: row.number(3)?,
                    changes: row.number(4)?,
                    change_bytes: row.number(5)?,
                })
            })
            .optional()?;
        Ok(read)
    }

    pub(super) fn put_branch(&mut self, id: BranchId, branch: BranchState) {
        self.branches.insert(id, Some(branch));
    }

    pub(super) fn device(&mut self, key: &DeviceKey) -> Result<Option<&DeviceState>, StoreError> {
        if let Entry::Vacant(vacant) = self.devices.entry(*key) {
            let read = self
                .tx
                .prepare_cached("SELECT id, branch FROM device WHERE key = ?1 AND revoked_at_ms IS NULL")?
                .query_row([key.as_bytes()], |row| Ok(DeviceState { id: row.get(0)?, branch: row.get(1)? }))
                .optional()?;
            vacant.insert(read);
        }
        Ok(self.devices.get(key).and_then(Option::as_ref))
    }

    pub(super) fn actor(&mut self, actor: Actor) -> Result<i64, StoreError> {
        if let Some(id) = self.actors.get(&actor) {
            return Ok(*id);
        }
        let found = self
            .tx
            .prepare_cached("SELECT id FROM actor WHERE actor = ?1")?
            .query_row([actor.as_bytes()], |row| row.get(0))
            .optional()?;
        let id = match found {
            Some(id) => id,
            None => {
                self.tx.prepare_cached("INSERT INTO actor (actor) VALUES (?1)")?.execute([actor.as_bytes()])?;
                self.tx.last_insert_rowid()
            }
        };
        self.actors.insert(actor, id);
        Ok(id)
    }

    /// The state of a document, out of the map until it is [put back](Group::put_document).
    pub(super) fn take_document(&mut self, branch: i64, doc: DocId) -> Result<DocState, StoreError> {
        if let Some(known) = self.docs.remove(&(branch, doc)) {
            return Ok(known);
        }
        let read = self
            .tx
            .prepare_cached(
                "SELECT id, first, last, sum, change_bytes, erased FROM document WHERE branch = ?1 AND doc = ?2",
            )?
            .query_row(params![branch, doc.as_bytes()], |row| {
                Ok(DocState {
                    id: row.get(0)?,
                    is_new: false,
                    changed: false,
                    first: row.position(1)?,
                    last: row.position(2)?,
                    sum: row.sum(3)?,
                    change_bytes: row.number(4)?,
                    erased: Some(row.position(5)?).filter(|position| *position > Position::START),
                    added: HashMap::new(),
                })
            })
            .optional()?;
        Ok(read.unwrap_or_else(|| {
            let id = self.next_document;
            self.next_document += 1;
            DocState {
                id,
                is_new: true,
                changed: false,
                first: Position::START,
                last: Position::START,
                sum: Sum::ZERO,
                change_bytes: 0,
                erased: None,
                added: HashMap::new(),
            }
        }))
    }

    pub(super) fn put_document(&mut self, branch: i64, doc: DocId, state: DocState) {
        self.docs.insert((branch, doc), state);
    }

    /// Where a change of `doc` stands in the feed.
    pub(super) fn position_of(
        &self,
        branch: i64,
        doc: &DocState,
        hash: ChangeHash,
    ) -> Result<Option<Position>, StoreError> {
        if let Some(position) = doc.added.get(&hash) {
            return Ok(Some(*position));
        }
        if doc.is_new {
            return Ok(None);
        }
        let found: Option<i64> = self
            .tx
            .prepare_cached("SELECT place FROM feed WHERE document = ?1 AND hash = ?2")?
            .query_row(params![doc.id, hash.as_bytes()], |row| row.get(0))
            .optional()?;
        let start = place(branch, Position::START)?;
        Ok(found.map(|found| Position::new((found - start).unsigned_abs())))
    }

    /// The last number `actor` used in `doc`.
    pub(super) fn last_seq(&mut self, doc: &DocState, actor: Actor) -> Result<u64, StoreError> {
        let actor = self.actor(actor)?;
        if let Some(seq) = self.authors.get(&(doc.id, actor)) {
            return Ok(*seq);
        }
        let mut seq = None;
        if !doc.is_new {
            seq = self
                .tx
                .prepare_cached("SELECT seq FROM author WHERE document = ?1 AND actor = ?2")?
                .query_row(params![doc.id, actor], |row| row.number(0))
                .optional()?;
        }
        let seq = seq.unwrap_or(0);
        self.authors.insert((doc.id, actor), seq);
        Ok(seq)
    }

    /// Takes note that the actor with the row id `actor` used `seq` in `doc`.
    pub(super) fn set_last_seq(&mut self, doc: &DocState, actor: i64, seq: u64) {
        self.authors.insert((doc.id, actor), seq);
        self.changed_authors.insert((doc.id, actor));
    }

    /// Forgets who wrote in `doc`.
    pub(super) fn forget_authors(&mut self, doc: &DocState) -> Result<(), StoreError> {
        self.authors.retain(|(document, _), _| *document != doc.id);
        self.changed_authors.retain(|(document, _)| *document != doc.id);
        self.tx.prepare_cached("DELETE FROM author WHERE document = ?1")?.execute([doc.id])?;
        Ok(())
    }

    /// Writes what was only noted so far: each row once, however many changes touched it.
    pub(super) fn write(self) -> Result<(), StoreError> {
        let mut document = self.tx.prepare_cached(
            "INSERT INTO document (id, branch, doc, first, last, sum, change_bytes, erased)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (id) DO UPDATE
             SET last = excluded.last, sum = excluded.sum, change_bytes = excluded.change_bytes, erased = excluded.erased",
        )?;
        let mut docs: Vec<_> = self.docs.into_iter().filter(|(_, doc)| doc.changed).collect();
        docs.sort_unstable_by_key(|(_, doc)| doc.id);
        for ((branch, id), doc) in docs {
            document.execute(params![
                doc.id,
                branch,
                id.as_bytes(),
                integer(doc.first.get()),
                integer(doc.last.get()),
                doc.sum.to_bytes(),
                integer(doc.change_bytes),
                integer(doc.erased.unwrap_or_default().get())
            ])?;
        }
        let mut author = self.tx.prepare_cached(
            "INSERT INTO author (document, actor, seq) VALUES (?1, ?2, ?3)
             ON CONFLICT (document, actor) DO UPDATE SET seq = excluded.seq",
        )?;
        let mut changed: Vec<_> = self.changed_authors.into_iter().collect();
        changed.sort_unstable();
        for key in changed {
            let seq = self.authors.get(&key).copied().unwrap_or_default();
            author.execute(params![key.0, key.1, integer(seq)])?;
        }
        let mut row = self.tx.prepare_cached(
            "UPDATE branch SET head = ?2, sum = ?3, documents = ?4, changes = ?5, change_bytes = ?6 WHERE id = ?1",
        )?;
        for branch in self.branches.into_values().flatten() {
            row.execute(params![
                branch.id,
                integer(branch.head.get()),
                branch.sum.to_bytes(),
                integer(branch.documents),
                integer(branch.changes),
                integer(branch.change_bytes)
            ])?;
        }
        Ok(())
    }
}
