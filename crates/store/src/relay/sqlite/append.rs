//! Appending: many pushes and restorations, one transaction, one verdict per change.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};
use vocab::{ChangeHeader, DeviceKey, DocId, GENESIS_ACTOR, Position, Refusal, Sum, Timestamp, Tombstone, Verdict};

use super::group::{BranchState, DocState, Group};
use super::{erase, place};
use crate::StoreError;
use crate::columns::integer;
use crate::relay::{
    Appended, CHANGE_BYTES_MAX, DOCUMENT_CHANGE_BYTES_MAX, Intake, Pushed, Restoration, Restoring, Submission, Writing,
};

/// Appends `intakes` within `tx`; the caller commits.
pub(super) fn append(tx: &Transaction<'_>, intakes: &[Intake<'_>], at: Timestamp) -> Result<Vec<Appended>, StoreError> {
    let mut group = Group::begin(tx, at)?;
    let appended = intakes.iter().map(|intake| group.take(*intake)).collect::<Result<_, _>>()?;
    group.write()?;
    Ok(appended)
}

/// A change to be judged.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    doc: DocId,
    header: &'a ChangeHeader,
    bytes: &'a [u8],
    authorship: Authorship,
}

/// Who may have written what is brought.
#[derive(Clone, Copy)]
enum Authorship {
    /// The device, or the branch, with this key, or nobody.
    Own(DeviceKey),
    /// Anybody: it was accepted once.
    Any,
}

/// The verdicts of one intake.
struct Judged {
    verdicts: Vec<Verdict>,
    tombstones: BTreeMap<DocId, Tombstone>,
}

impl Group<'_> {
    fn take(&mut self, intake: Intake<'_>) -> Result<Appended, StoreError> {
        let (id, device, count) = match intake {
            Intake::Push(push) => (push.branch, Some(push.device), push.changes.len()),
            Intake::Restore(restoration) => (restoration.branch, Some(restoration.device), restoration.items.len()),
            Intake::Write(writing) => (writing.branch, None, writing.changes.len()),
        };
        let refuse_all = |after, sum| Appended {
            verdicts: vec![Verdict::Refused(Refusal::NotAuthorised); count],
            tombstones: Vec::new(),
            after,
            head: after,
            sum,
        };
        let Some(mut branch) = self.take_branch(id)? else {
            return Ok(refuse_all(Position::START, Sum::ZERO));
        };
        let after = branch.head;
        let bearer = match device {
            Some(key) => self.device(&key)?.filter(|device| device.branch == branch.id).map(|device| device.id),
            None => Some(erase::NO_DEVICE),
        };
        let appended = match bearer {
            Some(device) => {
                let judged = match intake {
                    Intake::Push(push) => self.judge_push(&mut branch, device, push)?,
                    Intake::Restore(restoration) => self.judge_restoration(&mut branch, device, restoration)?,
                    Intake::Write(writing) => self.judge_writing(&mut branch, writing)?,
                };
                let tombstones = judged.tombstones.into_values().collect();
                Appended { verdicts: judged.verdicts, tombstones, after, head: branch.head, sum: branch.sum }
            }
            None => refuse_all(after, branch.sum),
        };
        self.put_branch(id, branch);
        Ok(appended)
    }

    fn judge_push(
        &mut self,
        branch: &mut BranchState,
        device: i64,
        submission: &Submission,
    ) -> Result<Judged, StoreError> {
        let mut judged = Judged { verdicts: Vec::with_capacity(submission.changes.len()), tombstones: BTreeMap::new() };
        let mut highest: Option<&Pushed> = None;
        for pushed in &submission.changes {
            let candidate = Candidate {
                doc: pushed.doc,
                header: &pushed.header,
                bytes: &pushed.bytes,
                authorship: Authorship::Own(submission.device),
            };
            let verdict = self.judge(branch, device, candidate, &mut judged.tombstones)?;
            if !matches!(verdict, Verdict::Refused(_)) && highest.is_none_or(|highest| highest.seq < pushed.seq) {
                highest = Some(pushed);
            }
            judged.verdicts.push(verdict);
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
        Ok(judged)
    }

    fn judge_restoration(
        &mut self,
        branch: &mut BranchState,
        device: i64,
        restoration: &Restoration,
    ) -> Result<Judged, StoreError> {
        let mut judged = Judged { verdicts: Vec::with_capacity(restoration.items.len()), tombstones: BTreeMap::new() };
        for item in &restoration.items {
            let verdict = match item {
                Restoring::Change { doc, header, bytes } => {
                    let candidate = Candidate { doc: *doc, header, bytes, authorship: Authorship::Any };
                    self.judge(branch, device, candidate, &mut judged.tombstones)?
                }
                Restoring::Erased(tombstone) => {
                    let mut doc = self.take_document(branch.id, tombstone.doc)?;
                    let verdict = match doc.erased {
                        Some(position) => Verdict::Had(position),
                        None => Verdict::Accepted(self.erase(branch, &mut doc, device, tombstone)?.position),
                    };
                    self.put_document(branch.id, tombstone.doc, doc);
                    verdict
                }
            };
            judged.verdicts.push(verdict);
        }
        Ok(judged)
    }

    fn judge_writing(&mut self, branch: &mut BranchState, writing: &Writing) -> Result<Judged, StoreError> {
        let mut judged = Judged { verdicts: Vec::with_capacity(writing.changes.len()), tombstones: BTreeMap::new() };
        for made in &writing.changes {
            let authorship = Authorship::Own(writing.key);
            let candidate = Candidate { doc: made.doc, header: &made.header, bytes: &made.bytes, authorship };
            judged.verdicts.push(self.judge(branch, erase::NO_DEVICE, candidate, &mut judged.tombstones)?);
        }
        Ok(judged)
    }

    fn judge(
        &mut self,
        branch: &mut BranchState,
        device: i64,
        candidate: Candidate<'_>,
        tombstones: &mut BTreeMap<DocId, Tombstone>,
    ) -> Result<Verdict, StoreError> {
        if candidate.bytes.len() > CHANGE_BYTES_MAX {
            return Ok(Verdict::Refused(Refusal::TooLarge));
        }
        let mut doc = self.take_document(branch.id, candidate.doc)?;
        let verdict = self.judge_change(branch.id, &doc, candidate)?.unwrap_or(Verdict::Accepted(branch.head.next()));
        match verdict {
            Verdict::Accepted(position) => self.accept(branch, device, &mut doc, position, candidate)?,
            Verdict::Refused(Refusal::Erased) if !tombstones.contains_key(&candidate.doc) => {
                tombstones
                    .extend(erase::tombstone(self.tx, doc.id, candidate.doc)?.map(|found| (candidate.doc, found)));
            }
            _ => {}
        }
        self.put_document(branch.id, candidate.doc, doc);
        Ok(verdict)
    }

    /// The verdict on a change that is not to be accepted.
    fn judge_change(
        &mut self,
        branch: i64,
        doc: &DocState,
        candidate: Candidate<'_>,
    ) -> Result<Option<Verdict>, StoreError> {
        let refused = |refusal| Ok(Some(Verdict::Refused(refusal)));
        let header = candidate.header;
        if doc.erased.is_some() {
            return refused(Refusal::Erased);
        }
        if let Some(position) = self.position_of(branch, doc, header.hash)? {
            return Ok(Some(Verdict::Had(position)));
        }
        if let Authorship::Own(key) = candidate.authorship
            && header.actor != GENESIS_ACTOR
            && !header.actor.belongs_to(&key)
        {
            return refused(Refusal::ForeignActor);
        }
        let used = self.last_seq(doc, header.actor)?;
        if header.seq <= used {
            return refused(Refusal::ReusedSequence);
        }
        if header.seq != used + 1 {
            return refused(Refusal::MissingDependency);
        }
        for dep in &header.deps {
            if self.position_of(branch, doc, *dep)?.is_none() {
                return refused(Refusal::MissingDependency);
            }
        }
        if doc.change_bytes + candidate.bytes.len() as u64 > DOCUMENT_CHANGE_BYTES_MAX {
            return refused(Refusal::TooLarge);
        }
        Ok(None)
    }

    fn accept(
        &mut self,
        branch: &mut BranchState,
        device: i64,
        doc: &mut DocState,
        position: Position,
        candidate: Candidate<'_>,
    ) -> Result<(), StoreError> {
        let header = candidate.header;
        let actor = self.actor(header.actor)?;
        let counts = Sum::of_change(candidate.doc, header.hash);
        branch.sum += counts;
        self.tx
            .prepare_cached(
                "INSERT INTO feed (place, document, hash, actor, seq, device, received_at_ms, prev, sum, bytes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
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
                branch.sum.to_bytes(),
                candidate.bytes,
            ])?;
        if doc.first == Position::START {
            doc.first = position;
            branch.documents += 1;
        }
        doc.last = position;
        doc.sum += counts;
        doc.change_bytes += candidate.bytes.len() as u64;
        doc.changed = true;
        doc.added.insert(header.hash, position);
        self.set_last_seq(doc, actor, header.seq);
        branch.head = position;
        branch.changes += 1;
        branch.change_bytes += candidate.bytes.len() as u64;
        Ok(())
    }
}
