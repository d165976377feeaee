//! A device of the simulation: a real store, and the driver of a real session.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use store::{DeviceStore, Identity, Membership, OutboxSeq, SecretKey, StoreError};
use sync::{
    Arrival, DeviceConfig, DeviceEffect, DeviceSecret, DeviceSession, EnrolmentRequest, Form, Mode, OutboxBatch,
    OutboxEntry, Outcome, Start, Tick,
};
use vocab::{
    Author, BranchId, ChangeHash, Cursor, DeviceCode, DocId, Epoch, Generation, Position, Role, Timestamp, Verdict,
};

use super::disk::{Disk, Fault};
use super::document::{self, Held, Pen, Written};
use super::library::{Content, Library};
use super::{Fallible, Mutation, wrong};
use crate::generate::Dice;

/// One device. Everything but the store is lost in a crash.
pub(super) struct Device {
    pub(super) store: DeviceStore,
    secret: [u8; 32],
    invite: String,
    /// What this device's clock says more than the true time, in milliseconds.
    wall_offset_ms: i64,
    pub(super) disk: Disk,
    /// When a broken disk is mended.
    pub(super) mend_at_ms: Option<u64>,
    /// When it tries to connect again.
    pub(super) next_attempt_ms: u64,
    pub(super) attempts: u32,
    /// Its documents, for choosing one; kept beside the store, never instead of it.
    docs: BTreeSet<DocId>,
    /// What a faulty driver left for later.
    deferred: Option<Vec<Arrival>>,
}

/// What came of performing one effect.
pub(super) enum Performed {
    Nothing,
    Frame(Vec<u8>),
    /// These changes are acknowledged as far as this device is concerned.
    Acknowledged(Vec<(DocId, ChangeHash)>),
    Committed,
    Ended(Outcome),
}

/// The write that a failing disk interrupted.
#[derive(Debug)]
struct DiskFailure(String);

impl From<StoreError> for DiskFailure {
    fn from(error: StoreError) -> Self {
        DiskFailure(error.to_string())
    }
}

impl Device {
    pub(super) fn new(number: usize, dice: &mut Dice) -> Fallible<Self> {
        let mut secret = [0; 32];
        secret.iter_mut().for_each(|byte| *byte = u8::try_from(dice.below(256)).unwrap_or_default());
        let key = DeviceSecret::from_bytes(&secret).key();
        let identity = Identity {
            secret: SecretKey::from_bytes(secret),
            key,
            generation: Generation::from_bytes(dice.next().to_be_bytes()),
            code: DeviceCode::provisional(&key),
            staff: format!("主管{number}*").parse().map_err(wrong)?,
            role: Role::Supervisor,
            name: format!("device {number}"),
        };
        let mut store = DeviceStore::in_memory(&identity).map_err(wrong)?;
        let disk = Disk::under(store.connection_mut())?;
        Ok(Device {
            store,
            disk,
            mend_at_ms: None,
            secret,
            invite: format!("INVITE-{number}"),
            wall_offset_ms: 0,
            next_attempt_ms: dice.below(2_000),
            attempts: 0,
            docs: BTreeSet::new(),
            deferred: None,
        })
    }

    pub(super) fn invite(&self) -> &str {
        &self.invite
    }

    pub(super) fn wall(&self, now_ms: u64) -> Timestamp {
        let true_ms = 1_714_521_600_000 + i64::try_from(now_ms).unwrap_or_default();
        Timestamp::from_millis(true_ms + self.wall_offset_ms)
    }

    /// Sets the clock, at most `ms_max` off.
    pub(super) fn set_clock(&mut self, ms_max: u64, dice: &mut Dice) {
        let off = i64::try_from(dice.between(0, 2 * ms_max)).unwrap_or_default();
        self.wall_offset_ms = off - i64::try_from(ms_max).unwrap_or_default();
    }

    /// Breaks the disk until `until_ms`.
    pub(super) fn break_disk(&mut self, fault: Fault, until_ms: u64) -> Fallible<()> {
        self.mend_at_ms = Some(until_ms);
        self.disk.fail(fault, self.store.connection_mut())
    }

    pub(super) fn mend_disk(&mut self) -> Fallible<()> {
        self.mend_at_ms = None;
        self.disk.mend(self.store.connection_mut())
    }

    /// A session for a connection that has just opened.
    pub(super) fn connect(&mut self, mode: Mode, batch_bytes: usize, now_ms: u64) -> Fallible<DeviceSession> {
        let time = self.wall(now_ms);
        let (identity, membership, counts) = self
            .store
            .read(|tx| Ok::<_, StoreError>((tx.identity()?, tx.membership()?, tx.outbox_counts()?)))
            .map_err(wrong)?;
        let config = DeviceConfig { mode, app: "simulation".to_owned(), batch_bytes };
        let secret = DeviceSecret::from_bytes(&self.secret);
        let now = Tick::from_millis(now_ms);
        Ok(match membership {
            None => {
                let request = EnrolmentRequest { invite: self.invite.clone(), name: identity.name };
                DeviceSession::enrol(config, secret, request, now)
            }
            Some(membership) => {
                let start = Start {
                    actor: identity.actor(),
                    branch: membership.branch,
                    epoch: membership.epoch,
                    cursor: membership.cursor,
                    settled: membership.acknowledged.map_or(0, |acknowledged| acknowledged.seq.get()),
                    outbox: counts.waiting,
                    time,
                };
                DeviceSession::sync(config, secret, start, now)
            }
        })
    }

    /// Performs one effect. An error is a refusing disk or a violation; the driver drops the session.
    pub(super) fn perform(
        &mut self,
        effect: DeviceEffect,
        session: &mut DeviceSession,
        now_ms: u64,
        mutation: Option<Mutation>,
        dice: &mut Dice,
    ) -> Fallible<Performed> {
        let now = Tick::from_millis(now_ms);
        match effect {
            DeviceEffect::Send(frame) => return Ok(Performed::Frame(frame)),
            DeviceEffect::LearnTime { relay_time, .. } => {
                let wall = self.wall(now_ms);
                self.write(|tx| {
                    let mut clock = tx.clock()?;
                    clock.learn_offset(relay_time, wall);
                    tx.set_clock(&clock).map_err(DiskFailure::from)
                })?;
            }
            DeviceEffect::Admitted(_) => {}
            DeviceEffect::AdoptFeed { epoch, cursor, .. } => self.adopt(epoch, cursor)?,
            DeviceEffect::Recall(seen) => {
                let stored = self.store.read(|tx| tx.document(seen.doc)).map_err(wrong)?;
                let held = match stored {
                    Some(stored) => Held::load(&stored.bytes)?.holds(seen.hash),
                    None => false,
                };
                session.handle_recalled(held, now);
            }
            DeviceEffect::ReadOutbox { after, bytes_max } => {
                let batch = self.read_outbox(after, bytes_max)?;
                session.handle_outbox(batch, now);
            }
            DeviceEffect::Commit { mut arrivals, cursor } => {
                match mutation {
                    Some(Mutation::CursorBeforeData) => {
                        self.commit(Vec::new(), cursor)?;
                        self.deferred = Some(arrivals);
                        session.handle_committed(0, now);
                        return Ok(Performed::Committed);
                    }
                    Some(Mutation::ArrivalDropped) if dice.chance(200) => drop(arrivals.pop()),
                    _ => {}
                }
                let changed = self.commit(arrivals, cursor)?;
                session.handle_committed(changed, now);
                return Ok(Performed::Committed);
            }
            DeviceEffect::Settle { .. } if mutation == Some(Mutation::VerdictsLost) => {}
            DeviceEffect::Settle { verdicts, cursor } => return self.settle(&verdicts, cursor, now_ms),
            DeviceEffect::End(outcome) => {
                if let Outcome::Enrolled { membership, .. } = &outcome {
                    self.enrolled(membership.branch, &membership.branch_name)?;
                }
                return Ok(Performed::Ended(outcome));
            }
        }
        Ok(Performed::Nothing)
    }

    fn enrolled(&mut self, branch: BranchId, name: &str) -> Fallible<()> {
        let membership = Membership {
            relay: "ws://simulation".to_owned(),
            branch,
            branch_name: name.to_owned(),
            epoch: None,
            cursor: Cursor::default(),
            acknowledged: None,
        };
        self.write(|tx| tx.set_membership(&membership).map_err(DiskFailure::from))
    }

    fn adopt(&mut self, epoch: Epoch, cursor: Cursor) -> Fallible<()> {
        self.write(|tx| {
            let Some(membership) = tx.membership()? else { return Ok(()) };
            tx.set_membership(&Membership { epoch: Some(epoch), cursor, ..membership }).map_err(DiskFailure::from)
        })
    }

    fn read_outbox(&mut self, after: u64, bytes_max: usize) -> Fallible<OutboxBatch> {
        let read = |tx: &store::ReadTx<'_>| {
            let entries = tx.outbox(OutboxSeq::new(after), bytes_max)?;
            let last = entries.last().map_or(OutboxSeq::new(after), |entry| entry.seq);
            let more = !tx.outbox(last, 1)?.is_empty();
            Ok::<_, StoreError>((entries, more, tx.outbox_counts()?.waiting))
        };
        let (entries, more, waiting) = self.store.read(read).map_err(wrong)?;
        let entries = entries
            .into_iter()
            .map(|entry| OutboxEntry { seq: entry.seq.get(), doc: entry.doc, hash: entry.hash, bytes: entry.bytes })
            .collect();
        Ok(OutboxBatch { entries, more, waiting })
    }

    /// Applies what arrived and moves the cursor, in one transaction.
    fn commit(&mut self, arrivals: Vec<Arrival>, cursor: Option<Cursor>) -> Fallible<u64> {
        let mut by_doc: BTreeMap<DocId, Vec<Vec<u8>>> = BTreeMap::new();
        for Arrival { doc, form } in arrivals {
            let pieces = by_doc.entry(doc).or_default();
            match form {
                Form::Saved(bytes) => pieces.push(bytes.to_vec()),
                Form::Changes(changes) => {
                    for bytes in changes {
                        sync::inspect(&bytes).map_err(wrong)?;
                        pieces.push(bytes.to_vec());
                    }
                }
            }
        }
        let docs: Vec<DocId> = by_doc.keys().copied().collect();
        let changed = self.write(|tx| {
            let mut changed = 0;
            for (doc, pieces) in &by_doc {
                let held = tx.document(*doc)?;
                let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
                let merged =
                    document::merge(held.as_ref().map(|held| held.bytes.as_slice()), &pieces).map_err(DiskFailure)?;
                if merged.changed {
                    tx.put_snapshot(*doc, &merged.saved, &merged.heads)?;
                    changed += 1;
                }
            }
            if let Some(cursor) = cursor {
                tx.set_cursor(cursor)?;
            }
            Ok::<_, DiskFailure>(changed)
        })?;
        self.docs.extend(docs);
        Ok(changed)
    }

    /// Does what a faulty driver had put off.
    pub(super) fn catch_up_with_deferred(&mut self) -> Fallible<()> {
        match self.deferred.take() {
            Some(arrivals) => self.commit(arrivals, None).map(drop),
            None => Ok(()),
        }
    }

    /// Everything that was not committed is gone.
    pub(super) fn crash(&mut self) {
        self.deferred = None;
    }

    fn settle(&mut self, verdicts: &[(u64, Verdict)], cursor: Option<Cursor>, now_ms: u64) -> Fallible<Performed> {
        let at = self.wall(now_ms);
        let verdicts: Vec<(OutboxSeq, Verdict)> =
            verdicts.iter().map(|(seq, verdict)| (OutboxSeq::new(*seq), *verdict)).collect();
        let acknowledged = self.write(|tx| {
            let waiting = tx.outbox(OutboxSeq::START, usize::MAX)?;
            let mut acknowledged = Vec::new();
            for (seq, verdict) in &verdicts {
                if matches!(verdict, Verdict::Accepted(_) | Verdict::Had(_)) {
                    acknowledged.extend(waiting.iter().filter(|e| e.seq == *seq).map(|e| (e.doc, e.hash)));
                }
            }
            tx.settle(&verdicts, at)?;
            if let Some(cursor) = cursor {
                tx.set_cursor(cursor)?;
            }
            Ok::<_, DiskFailure>(acknowledged)
        })?;
        Ok(Performed::Acknowledged(acknowledged))
    }

    /// A person edits: a new document, or one of those held. Returns what was saved.
    pub(super) fn edit(
        &mut self,
        now_ms: u64,
        mutation: Option<Mutation>,
        dice: &mut Dice,
    ) -> Fallible<Vec<(DocId, ChangeHash)>> {
        let new = self.docs.is_empty() || dice.chance(150);
        let doc = if new {
            let mut random = [0; 16];
            random.iter_mut().for_each(|byte| *byte = u8::try_from(dice.below(256)).unwrap_or_default());
            DocId::from_random(random)
        } else {
            let index = usize::try_from(dice.below(self.docs.len() as u64)).unwrap_or_default();
            *self.docs.iter().nth(index).ok_or("no document")?
        };
        let forgets = mutation == Some(Mutation::OutboxForgotten) && dice.chance(100);
        let lies = mutation == Some(Mutation::SavedBeforeDurable) && dice.chance(100);
        let wall = self.wall(now_ms);
        let edited = self.store.write(|tx| {
            let mut written = Vec::new();
            let held = match tx.document(doc)? {
                Some(held) => held.bytes,
                None => {
                    let genesis = document::genesis().map_err(DiskFailure)?;
                    tx.append_change(doc, genesis.hash, &genesis.bytes, &[genesis.hash])?;
                    tx.push_outbox(doc, genesis.hash, &genesis.bytes)?;
                    let bytes = genesis.bytes.clone();
                    written.push(genesis);
                    bytes
                }
            };
            let mut clock = tx.clock()?;
            let stamp = clock.stamp(wall);
            tx.set_clock(&clock)?;
            let identity = tx.identity()?;
            let pen = Pen {
                author: Author { staff: identity.staff.clone(), role: identity.role },
                actor: identity.actor(),
                code: identity.code,
                stamp,
                number: tx.next("record")?,
            };
            let (change, heads) = document::edit(&held, &pen, dice).map_err(DiskFailure)?;
            let tail = tx.append_change(doc, change.hash, &change.bytes, &heads)?;
            if tail.wants_compaction() {
                let whole = tx.document(doc)?.map(|stored| stored.bytes).unwrap_or_default();
                let merged = document::merge(None, &[&whole]).map_err(DiskFailure)?;
                tx.put_snapshot(doc, &merged.saved, &merged.heads)?;
            }
            if !forgets {
                tx.push_outbox(doc, change.hash, &change.bytes)?;
            }
            written.push(change);
            if lies { Err(DiskFailure(String::new())) } else { Ok(written) }
        });
        match edited {
            Ok(written) => {
                self.docs.insert(doc);
                Ok(written.into_iter().map(|Written { hash, .. }| (doc, hash)).collect())
            }
            // The faulty driver has told the person already, and loses it.
            Err(_) if lies => Ok(vec![(doc, ChangeHash::from_bytes([0xee; 32]))]),
            Err(DiskFailure(error)) => Err(error),
        }
    }

    fn write<T>(&mut self, work: impl FnOnce(&store::WriteTx<'_>) -> Result<T, DiskFailure>) -> Fallible<T> {
        self.store.write(work).map_err(|DiskFailure(error)| error)
    }

    /// What the store holds.
    pub(super) fn documents(&mut self, library: &mut Library) -> Fallible<BTreeMap<DocId, Rc<Content>>> {
        let mut stored = Vec::new();
        self.store
            .read(|tx| {
                tx.each_document(|doc, document| {
                    stored.push((doc, document));
                    Ok::<_, StoreError>(())
                })
            })
            .map_err(wrong)?;
        let mut documents = BTreeMap::new();
        for (doc, mut stored) in stored {
            stored.heads.sort_unstable();
            let content = library.content(&stored.bytes)?;
            if content.heads != stored.heads {
                return Err(format!("the store's heads of {doc} are not the document's"));
            }
            documents.insert(doc, content);
        }
        Ok(documents)
    }

    /// The epoch and cursor that the store keeps.
    pub(super) fn cursor(&mut self) -> Fallible<Option<(Option<Epoch>, Cursor)>> {
        let membership = self.store.read(|tx| tx.membership()).map_err(wrong)?;
        Ok(membership.map(|membership| (membership.epoch, membership.cursor)))
    }

    /// How many changes wait, and how many were refused.
    pub(super) fn outbox(&mut self) -> Fallible<(u64, u64)> {
        let counts = self.store.read(|tx| tx.outbox_counts()).map_err(wrong)?;
        Ok((counts.waiting, counts.refused))
    }
}

/// Whether a cursor speaks of this position.
pub(super) fn covers(cursor: Cursor, position: Position, last_of_document: Position) -> bool {
    position <= cursor.base || last_of_document <= cursor.through
}
