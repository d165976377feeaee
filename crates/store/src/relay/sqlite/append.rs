//! Appending: many submissions, one transaction, one verdict per change.
//!
//! What the verdicts need of the store is read at most once per group and kept here until the group is written: a push of
//! a hundred changes to one document reads that document's row once.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use rusqlite::{OptionalExtension, Transaction, params};
use vocab::{Actor, BranchId, ChangeHash, DeviceKey, DocId, GENESIS_ACTOR, Position, Refusal, Timestamp, Verdict};

use super::place;
use crate::StoreError;
use crate::columns::{Columns, integer};
use crate::relay::{Appended, CHANGE_BYTES_MAX, Pushed, Submission};

struct BranchState {
    id: i64,
    head: Position,
    documents: u64,
    changes: u64,
    change_bytes: u64,
}

struct DeviceState {
    id: i64,
    branch: i64,
}

struct DocState {
    id: i64,
    /// Nothing of it was in the feed before this group.
    is_new: bool,
    changed: bool,
    first: Position,
    last: Position,
    /// What this group added to it.
    added: HashMap<ChangeHash, Position>,
}

/// Everything one group has read and will write.
struct Group<'a> {
    tx: &'a Transaction<'a>,
    at: Timestamp,
    branches: HashMap<BranchId, Option<BranchState>>,
    devices: HashMap<DeviceKey, Option<DeviceState>>,
    actors: HashMap<Actor, i64>,
    docs: HashMap<(i64, DocId), DocState>,
    authors: HashMap<(i64, i64), u64>,
    changed_authors: HashSet<(i64, i64)>,
    next_document: i64,
}

/// Appends `submissions` within `tx`; the caller commits.
pub(super) fn append(
    tx: &Transaction<'_>,
    submissions: &[Submission],
    at: Timestamp,
) -> Result<Vec<Appended>, StoreError> {
    let next_document =
        tx.prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM document")?.query_row([], |row| row.get(0))?;
    let mut group = Group {
        tx,
        at,
        branches: HashMap::new(),
        devices: HashMap::new(),
        actors: HashMap::new(),
        docs: HashMap::new(),
        authors: HashMap::new(),
        changed_authors: HashSet::new(),
        next_document,
    };
    let appended = submissions.iter().map(|submission| group.submit(submission)).collect::<Result<_, _>>()?;
    group.write()?;
    Ok(appended)
}

impl Group<'_> {
    fn submit(&mut self, submission: &Submission) -> Result<Appended, StoreError> {
        let refuse_all = |after| Appended {
            verdicts: vec![Verdict::Refused(Refusal::NotAuthorised); submission.changes.len()],
            after,
            head: after,
        };
        let Some(mut branch) = self.take_branch(submission.branch)? else {
            return Ok(refuse_all(Position::START));
        };
        let after = branch.head;
        let appended = match self.device(&submission.device)? {
            Some(device) if device.branch == branch.id => {
                let device = device.id;
                self.judge_all(&mut branch, device, submission)?
            }
            _ => refuse_all(after),
        };
        self.branches.insert(submission.branch, Some(branch));
        Ok(appended)
    }

    fn judge_all(
        &mut self,
        branch: &mut BranchState,
        device: i64,
        submission: &Submission,
    ) -> Result<Appended, StoreError> {
        let after = branch.head;
        let mut verdicts = Vec::with_capacity(submission.changes.len());
        let mut highest: Option<&Pushed> = None;
        for pushed in &submission.changes {
            let verdict = self.judge(branch, device, &submission.device, pushed)?;
            if !matches!(verdict, Verdict::Refused(_)) && highest.is_none_or(|highest| highest.seq < pushed.seq) {
                highest = Some(pushed);
            }
            verdicts.push(verdict);
        }
        if let Some(pushed) = highest {
            let actor = self.actor(submission.actor)?;
            self.tx
                .prepare_cached(
                    "INSERT INTO seen (branch, actor, seq, doc, hash) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (branch, actor) DO UPDATE
                     SET seq = excluded.seq, doc = excluded.doc, hash = excluded.hash WHERE seq < excluded.seq",
                )?
                .execute(params![
                    branch.id,
                    actor,
                    integer(pushed.seq),
                    pushed.doc.as_bytes(),
                    pushed.header.hash.as_bytes()
                ])?;
        }
        Ok(Appended { verdicts, after, head: branch.head })
    }

    fn judge(
        &mut self,
        branch: &mut BranchState,
        device: i64,
        key: &DeviceKey,
        pushed: &Pushed,
    ) -> Result<Verdict, StoreError> {
        let header = &pushed.header;
        if pushed.bytes.len() > CHANGE_BYTES_MAX {
            return Ok(Verdict::Refused(Refusal::TooLarge));
        }
        let doc = self.document(branch.id, pushed.doc)?;
        if let Some(position) = self.position_of(branch.id, &doc, header.hash)? {
            self.docs.insert((branch.id, pushed.doc), doc);
            return Ok(Verdict::Had(position));
        }
        let verdict = match self.refusal(&doc, branch.id, key, pushed)? {
            Some(refusal) => Verdict::Refused(refusal),
            None => Verdict::Accepted(branch.head.next()),
        };
        let doc = match verdict {
            Verdict::Accepted(position) => self.accept(branch, device, doc, position, pushed)?,
            _ => doc,
        };
        self.docs.insert((branch.id, pushed.doc), doc);
        Ok(verdict)
    }

    fn refusal(
        &mut self,
        doc: &DocState,
        branch: i64,
        key: &DeviceKey,
        pushed: &Pushed,
    ) -> Result<Option<Refusal>, StoreError> {
        let header = &pushed.header;
        if header.actor != GENESIS_ACTOR && !header.actor.belongs_to(key) {
            return Ok(Some(Refusal::ForeignActor));
        }
        let used = self.last_seq(doc, header.actor)?;
        if header.seq <= used {
            return Ok(Some(Refusal::ReusedSequence));
        }
        if header.seq != used + 1 {
            return Ok(Some(Refusal::MissingDependency));
        }
        for dep in &header.deps {
            if self.position_of(branch, doc, *dep)?.is_none() {
                return Ok(Some(Refusal::MissingDependency));
            }
        }
        Ok(None)
    }

    fn accept(
        &mut self,
        branch: &mut BranchState,
        device: i64,
        mut doc: DocState,
        position: Position,
        pushed: &Pushed,
    ) -> Result<DocState, StoreError> {
        let header = &pushed.header;
        let actor = self.actor(header.actor)?;
        self.tx
            .prepare_cached(
                "INSERT INTO feed (place, document, hash, actor, seq, device, received_at_ms, prev, bytes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                place(branch.id, position)?,
                doc.id,
                header.hash.as_bytes(),
                actor,
                integer(header.seq),
                device,
                self.at.millis(),
                integer(doc.last.get()),
                &*pushed.bytes,
            ])?;
        if doc.first == Position::START {
            doc.first = position;
            branch.documents += 1;
        }
        doc.last = position;
        doc.changed = true;
        doc.added.insert(header.hash, position);
        self.authors.insert((doc.id, actor), header.seq);
        self.changed_authors.insert((doc.id, actor));
        branch.head = position;
        branch.changes += 1;
        branch.change_bytes += pushed.bytes.len() as u64;
        Ok(doc)
    }

    /// Where a change of `doc` stands in the feed.
    fn position_of(&self, branch: i64, doc: &DocState, hash: ChangeHash) -> Result<Option<Position>, StoreError> {
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

    fn last_seq(&mut self, doc: &DocState, actor: Actor) -> Result<u64, StoreError> {
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

    /// The state of a branch, out of the map while a submission is judged.
    fn take_branch(&mut self, branch: BranchId) -> Result<Option<BranchState>, StoreError> {
        if let Some(known) = self.branches.get_mut(&branch) {
            return Ok(known.take());
        }
        let read = self
            .tx
            .prepare_cached("SELECT id, head, documents, changes, change_bytes FROM branch WHERE branch = ?1")?
            .query_row([branch.as_bytes()], |row| {
                Ok(BranchState {
                    id: row.get(0)?,
                    head: row.position(1)?,
                    documents: row.number(2)?,
                    changes: row.number(3)?,
                    change_bytes: row.number(4)?,
                })
            })
            .optional()?;
        Ok(read)
    }

    fn device(&mut self, key: &DeviceKey) -> Result<Option<&DeviceState>, StoreError> {
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

    fn actor(&mut self, actor: Actor) -> Result<i64, StoreError> {
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

    /// The state of a document, out of the map while a change is judged.
    fn document(&mut self, branch: i64, doc: DocId) -> Result<DocState, StoreError> {
        if let Some(known) = self.docs.remove(&(branch, doc)) {
            return Ok(known);
        }
        let read = self
            .tx
            .prepare_cached("SELECT id, first, last FROM document WHERE branch = ?1 AND doc = ?2")?
            .query_row(params![branch, doc.as_bytes()], |row| {
                Ok(DocState {
                    id: row.get(0)?,
                    is_new: false,
                    changed: false,
                    first: row.position(1)?,
                    last: row.position(2)?,
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
                added: HashMap::new(),
            }
        }))
    }

    /// Writes what the judging only noted: each row once, however many changes touched it.
    fn write(self) -> Result<(), StoreError> {
        let mut document = self.tx.prepare_cached(
            "INSERT INTO document (id, branch, doc, first, last) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET last = excluded.last",
        )?;
        let mut docs: Vec<_> = self.docs.into_iter().filter(|(_, doc)| doc.changed).collect();
        docs.sort_unstable_by_key(|(_, doc)| doc.id);
        for ((branch, id), doc) in docs {
            document.execute(params![
                doc.id,
                branch,
                id.as_bytes(),
                integer(doc.first.get()),
                integer(doc.last.get())
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
            "UPDATE branch SET head = ?2, documents = ?3, changes = ?4, change_bytes = ?5 WHERE id = ?1",
        )?;
        for branch in self.branches.into_values().flatten() {
            row.execute(params![
                branch.id,
                integer(branch.head.get()),
                integer(branch.documents),
                integer(branch.changes),
                integer(branch.change_bytes)
            ])?;
        }
        Ok(())
    }
}
