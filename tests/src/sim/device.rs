//! A device of the simulation: a real store on a disk of its own, and its clock.

use std::collections::BTreeSet;

use store::{DeviceStore, Identity, Membership, OutboxSeq, SecretKey, StoreError};
use sync::{
    DeviceConfig, DeviceEffect, DeviceSecret, DeviceSession, EnrolmentRequest, Known, Mode, OutboxBatch, OutboxEntry,
    Outcome, Start, Tick,
};
use vocab::{
    Book, ChangeHash, Cursor, DeviceCode, DocId, Epoch, Generation, Position, Refusal, Role, Timestamp, Tombstone,
    Verdict,
};

use super::arrive;
use super::disk::{Disk, Fault};
use super::document::{self, Pen, Saved};
use super::holdings::{self, Holdings, Standing};
use super::library::Library;
use super::{Fallible, wrong};
use crate::generate::Dice;

/// How many copies of a store are kept to be put in its place.
const COPIES_MAX: usize = 3;

/// One device. Everything but the store is lost in a crash.
pub(super) struct Device {
    pub(super) store: DeviceStore,
    number: usize,
    secret: [u8; 32],
    /// The relay's disk that this device was last invited to, and whether it has to join there.
    incarnation: u64,
    must_join: bool,
    /// What this device's clock says more than the true time, in milliseconds.
    wall_offset_ms: i64,
    pub(super) disk: Disk,
    /// When a broken disk is mended.
    pub(super) mend_at_ms: Option<u64>,
    /// When it tries to connect again.
    pub(super) next_attempt_ms: u64,
    pub(super) attempts: u32,
    /// Copies of the store that somebody kept, oldest first.
    copies: Vec<DeviceStore>,
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

/// The work that a failing disk interrupted.
#[derive(Debug)]
pub(super) struct Interrupted(pub(super) String);

impl From<StoreError> for Interrupted {
    fn from(error: StoreError) -> Self {
        Interrupted(format!("{error:?}"))
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
            number,
            disk,
            mend_at_ms: None,
            secret,
            incarnation: 0,
            must_join: true,
            wall_offset_ms: 0,
            next_attempt_ms: dice.below(2_000),
            attempts: 0,
            copies: Vec::new(),
        })
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

    /// Keeps a copy of the store as it is.
    pub(super) fn copy(&mut self) -> Fallible<()> {
        if self.disk.is_broken() {
            return Ok(());
        }
        if self.copies.len() >= COPIES_MAX {
            self.copies.remove(1);
        }
        self.copies.push(self.store.copy_in_memory().map_err(wrong)?);
        Ok(())
    }

    pub(super) fn has_copies(&self) -> bool {
        !self.copies.is_empty()
    }

    /// Puts a copy in the store's place.
    pub(super) fn restore(&mut self, dice: &mut Dice) -> Fallible<()> {
        let index = usize::try_from(dice.below(self.copies.len() as u64)).unwrap_or_default();
        let Some(copy) = self.copies.get(index) else { return Ok(()) };
        let mut store = copy.copy_in_memory().map_err(wrong)?;
        self.disk = Disk::under(store.connection_mut())?;
        self.mend_at_ms = None;
        self.store = store;
        Ok(())
    }

    /// The relay was lost with its list of devices, and has made an invite for this one.
    pub(super) fn is_invited(&mut self, incarnation: u64) {
        self.incarnation = incarnation;
        self.must_join = true;
    }

    /// A session for a connection that has just opened.
    pub(super) fn connect(&mut self, mode: Mode, batch_bytes: usize, now_ms: u64) -> Fallible<DeviceSession> {
        let time = self.wall(now_ms);
        let (identity, membership, counts, sum) = self
            .store
            .read(|tx| {
                Ok::<_, StoreError>((tx.identity()?, tx.membership()?, tx.outbox_counts()?, tx.acknowledged_sum()?))
            })
            .map_err(wrong)?;
        let config = DeviceConfig { mode, app: "simulation".to_owned() };
        let secret = DeviceSecret::from_bytes(&self.secret);
        let now = Tick::from_millis(now_ms);
        Ok(match membership {
            Some(membership) if !self.must_join => {
                let start = Start {
                    actor: identity.actor(),
                    branch: membership.branch,
                    epoch: membership.epoch,
                    cursor: membership.cursor,
                    settled: membership.acknowledged.map_or(0, |acknowledged| acknowledged.seq.get()),
                    outbox: counts.waiting,
                    time,
                    sum,
                    ahead: membership.ahead,
                    suspect: membership.suspect,
                    owed: membership.owed,
                    frame_bytes: u32::try_from(batch_bytes).unwrap_or(u32::MAX).min(membership.frame_bytes),
                };
                DeviceSession::sync(config, secret, start, now)
            }
            _ => {
                let invite = invite(self.number, self.incarnation);
                DeviceSession::enrol(config, secret, EnrolmentRequest { invite, name: identity.name }, now)
            }
        })
    }

    /// Performs one effect. An error is a refusing disk or a violation; the driver drops the session.
    pub(super) fn perform(
        &mut self,
        effect: DeviceEffect,
        session: &mut DeviceSession,
        now_ms: u64,
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
                    Ok(tx.set_clock(&clock)?)
                })?;
            }
            DeviceEffect::Admitted(_) => {}
            DeviceEffect::AdoptFeed { epoch, cursor, ahead, why } => {
                self.adopt(epoch, cursor, ahead, why == sync::AdoptReason::Reconciled)?;
            }
            DeviceEffect::Recall(seen) => {
                let held = self.holds(seen.doc, seen.hash)?;
                session.handle_recalled(held, now);
            }
            DeviceEffect::ReadOutbox { after, bytes_max } => {
                let batch = self.read_outbox(after, bytes_max)?;
                session.handle_outbox(batch, now);
            }
            DeviceEffect::Commit { arrivals, cursor, owed } => {
                let wall = self.wall(now_ms);
                let fresh = Generation::from_bytes(dice.next().to_be_bytes());
                let changed = self.write(|tx| arrive::commit(tx, arrivals, cursor, owed, wall, fresh))?;
                session.handle_committed(changed, self.sum()?, now);
                return Ok(Performed::Committed);
            }
            DeviceEffect::Settle { verdicts, cursor, ahead } => {
                let acknowledged = self.settle(&verdicts, cursor, ahead, now_ms)?;
                session.handle_settled(self.sum()?, now);
                return Ok(Performed::Acknowledged(acknowledged));
            }
            DeviceEffect::ReadBook => {
                let book = self.store.read(|tx| tx.book()).map_err(wrong)?;
                session.handle_book(Book::new(book), now);
            }
            DeviceEffect::ReadHashes { docs, hashes_max } => {
                let known =
                    self.store.read(|tx| arrive::hashes(tx, &docs, hashes_max)).map_err(|e: Interrupted| e.0)?;
                session.handle_hashes(known, now);
            }
            DeviceEffect::ReadRestore { wants, bytes_max } => {
                let read = self.store.read(|tx| arrive::restoring(tx, wants, bytes_max));
                let (items, left) = read.map_err(|error: Interrupted| error.0)?;
                session.handle_restore(items, left, now);
            }
            DeviceEffect::SettleRestored { refused, tombstones } => {
                self.settle_restored(&refused, &tombstones, now_ms)?;
                session.handle_settled(self.sum()?, now);
            }
            DeviceEffect::End(outcome) => {
                match &outcome {
                    Outcome::Enrolled { membership, .. } => self.enrolled(membership)?,
                    Outcome::Unequal { .. } => self.write(|tx| Ok(tx.mark_suspect()?))?,
                    Outcome::Restored { .. } => {
                        let fresh = Generation::from_bytes(dice.next().to_be_bytes());
                        self.write(|tx| Ok(tx.renew_generation(fresh)?))?;
                    }
                    _ => {}
                }
                return Ok(Performed::Ended(outcome));
            }
        }
        Ok(Performed::Nothing)
    }

    fn sum(&mut self) -> Fallible<vocab::Sum> {
        self.store.read(|tx| tx.acknowledged_sum()).map_err(wrong)
    }

    fn holds(&mut self, doc: DocId, hash: ChangeHash) -> Fallible<bool> {
        let known =
            self.store.read(|tx| arrive::hashes(tx, &[doc], usize::MAX)).map_err(|error: Interrupted| error.0)?;
        Ok(known.iter().any(|(_, known)| match known {
            Known::Changes(hashes) => hashes.contains(&hash),
            Known::Erased(_) => true,
        }))
    }

    fn enrolled(&mut self, given: &sync::Membership) -> Fallible<()> {
        self.write(|tx| {
            let mut identity = tx.identity()?;
            identity.code = given.code.clone();
            tx.set_identity(&identity)?;
            let membership = Membership {
                relay: "ws://simulation".to_owned(),
                branch: given.branch,
                branch_name: given.branch_name.clone(),
                epoch: None,
                cursor: Cursor::default(),
                ahead: Position::START,
                owed: Vec::new(),
                suspect: false,
                frame_bytes: store::FRAME_BYTES_FIRST,
                acknowledged: None,
            };
            Ok(tx.set_membership(&membership)?)
        })?;
        self.must_join = false;
        Ok(())
    }

    fn adopt(&mut self, epoch: Epoch, cursor: Cursor, ahead: Position, reconciled: bool) -> Fallible<()> {
        self.write(|tx| {
            let Some(membership) = tx.membership()? else { return Ok(()) };
            let membership =
                Membership { epoch: Some(epoch), cursor, ahead, owed: Vec::new(), suspect: false, ..membership };
            tx.set_membership(&membership)?;
            if reconciled {
                tx.retry_refused(Refusal::MissingDependency)?;
            }
            Ok(())
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

    fn settle(
        &mut self,
        verdicts: &[(u64, Verdict)],
        cursor: Option<Cursor>,
        ahead: Position,
        now_ms: u64,
    ) -> Fallible<Vec<(DocId, ChangeHash)>> {
        let at = self.wall(now_ms);
        let verdicts: Vec<(OutboxSeq, Verdict)> =
            verdicts.iter().map(|(seq, verdict)| (OutboxSeq::new(*seq), *verdict)).collect();
        self.write(|tx| {
            let waiting = tx.outbox(OutboxSeq::START, usize::MAX)?;
            let mut acknowledged = Vec::new();
            for (seq, verdict) in &verdicts {
                if matches!(verdict, Verdict::Accepted(_) | Verdict::Had(_)) {
                    acknowledged.extend(waiting.iter().filter(|e| e.seq == *seq).map(|e| (e.doc, e.hash)));
                }
            }
            tx.settle(&verdicts, at)?;
            tx.set_ahead(ahead)?;
            if let Some(cursor) = cursor {
                tx.set_cursor(cursor)?;
            }
            Ok(acknowledged)
        })
    }

    fn settle_restored(
        &mut self,
        refused: &[(DocId, ChangeHash, Refusal)],
        tombstones: &[Tombstone],
        now_ms: u64,
    ) -> Fallible<()> {
        let at = self.wall(now_ms);
        self.write(|tx| {
            for tombstone in tombstones {
                tx.erase(tombstone)?;
            }
            for (doc, hash, reason) in refused {
                if tx.tombstone(*doc)?.is_none() {
                    let bytes = arrive::bytes_of(tx, *doc, *hash)?;
                    tx.push_refused(*doc, *hash, &bytes, *reason, at)?;
                }
            }
            Ok(())
        })
    }

    /// A person edits: a new document, or one of those held. Returns what was saved.
    pub(super) fn edit(&mut self, mark: &str, now_ms: u64, dice: &mut Dice) -> Fallible<Vec<Saved>> {
        let wall = self.wall(now_ms);
        let random = [dice.next(), dice.next()];
        let mut own = Dice::new(dice.next(), 0);
        self.write(|tx| {
            let mut docs: BTreeSet<DocId> = BTreeSet::new();
            tx.each_document(|doc, _| {
                docs.insert(doc);
                Ok::<_, StoreError>(())
            })?;
            let new = docs.is_empty() || own.chance(200);
            let doc = if new {
                let mut bytes = [0; 16];
                bytes[..8].copy_from_slice(&random[0].to_be_bytes());
                bytes[8..].copy_from_slice(&random[1].to_be_bytes());
                DocId::from_random(bytes)
            } else {
                let index = usize::try_from(own.below(docs.len() as u64)).unwrap_or_default();
                docs.into_iter().nth(index).ok_or_else(|| Interrupted("no document".to_owned()))?
            };
            let mut clock = tx.clock()?;
            let stamp = clock.stamp(wall);
            tx.set_clock(&clock)?;
            let pen = Pen::of(&tx.identity()?, stamp, tx.next("record")?, mark);
            document::write(tx, doc, &pen, &mut own)
        })
    }

    fn write<T>(&mut self, work: impl FnOnce(&store::WriteTx<'_>) -> Result<T, Interrupted>) -> Fallible<T> {
        self.store.write(work).map_err(|Interrupted(error)| error)
    }

    pub(super) fn holdings(&mut self, library: &mut Library) -> Fallible<Holdings> {
        holdings::of_device(&mut self.store, library)
    }

    pub(super) fn standing(&mut self) -> Fallible<Option<Standing>> {
        holdings::standing(&mut self.store)
    }
}

/// The invite of a device at the relay's `incarnation`th disk.
pub(super) fn invite(number: usize, incarnation: u64) -> String {
    format!("INVITE-{number}-{incarnation}")
}
