//! A device of the simulation: the real engine on a real store, with a disk and a clock that may fail it.

use std::collections::BTreeSet;
use std::sync::Arc;

use device::{DeviceError, Effects, Ending, Engine, Performed, Together};
use store::{DeviceStore, OutboxSeq, StoreError};
use sync::{DeviceEffect, DeviceSession, Mode, Outcome, Tick};
use vocab::{ChangeHash, DocId, GENESIS_ACTOR, Timestamp, Verdict};

use super::disk::{Disk, Fault};
use super::holdings::{self, Holdings, Standing};
use super::library::Library;
use super::mutation::Mutation;
use super::outside::Weathered;
use super::people::Style;
use super::{Fallible, wrong};
use super::{people, sabotage};
use crate::generate::Dice;

/// How many copies of a store are kept to be put in its place.
const COPIES_MAX: usize = 3;

/// One device. Everything but the store is lost in a crash.
pub(super) struct Device {
    pub(super) device: device::Device,
    number: usize,
    outside: Arc<Weathered>,
    /// What this device's clock says more than the true time, in milliseconds.
    wall_offset_ms: i64,
    pub(super) disk: Disk,
    /// When a broken disk is mended.
    pub(super) mend_at_ms: Option<u64>,
    /// When it tries to connect again.
    pub(super) next_attempt_ms: u64,
    pub(super) attempts: u32,
    /// There is no network before.
    pub(super) away_until_ms: u64,
    /// The relay's disk that this device was last invited to, and whether it has to join there.
    incarnation: u64,
    must_join: bool,
    /// Copies of the store that somebody kept, oldest first.
    copies: Vec<DeviceStore>,
    /// The latest stamp of an edit made here.
    stamped: Timestamp,
    /// How large a frame it begins with, when not its own idea.
    frame_bytes: Option<u32>,
    /// What a faulty disk goes back to in a crash.
    undurable: Option<DeviceStore>,
}

/// A session and the engine behind it: gone in a crash.
pub(super) struct Exchange {
    pub(super) session: DeviceSession,
    /// None while it joins.
    engine: Option<Engine>,
    effects: Effects,
    /// What a faulty driver put off.
    deferred: Option<DeviceEffect>,
}

/// What came of one effect.
pub(super) enum Came {
    /// Done, and the session has its answer.
    Done,
    Frame(Vec<u8>),
    /// These changes are acknowledged as far as this device is concerned.
    Acknowledged(Vec<(DocId, ChangeHash)>),
    Committed,
    /// The session is over; whether the device connects again at once.
    Over(Outcome, bool),
}

/// One edit that a command saved.
pub(super) struct Saved {
    pub(super) doc: DocId,
    pub(super) hash: ChangeHash,
}

impl Exchange {
    /// What the session wants done next: by itself, or with the commits that follow it at once, as the device's own driver
    /// does it.
    pub(super) fn next(&mut self, dice: &mut Dice) -> Option<Together> {
        if dice.chance(500) {
            self.effects.next_together(&mut self.session)
        } else {
            self.effects.next(&mut self.session).map(Together::from)
        }
    }
}

impl Device {
    pub(super) fn new(number: usize, frame_bytes: Option<u32>, dice: &mut Dice) -> Fallible<Self> {
        let outside = Weathered::new(Dice::new(dice.next(), 1 + number as u64));
        let staff = format!("主管{number}*").parse().map_err(wrong)?;
        let mut device = device::Device::in_memory(outside.clone(), Some(staff), None).map_err(wrong)?;
        let disk = Disk::under(device.store_mut().map_err(wrong)?.connection_mut())?;
        Ok(Device {
            device,
            number,
            outside,
            wall_offset_ms: 0,
            disk,
            mend_at_ms: None,
            next_attempt_ms: dice.below(2_000),
            attempts: 0,
            away_until_ms: 0,
            incarnation: 0,
            must_join: true,
            copies: Vec::new(),
            stamped: Timestamp::EPOCH,
            frame_bytes,
            undurable: None,
        })
    }

    /// Sets the clock, at most `ms_max` off.
    pub(super) fn set_clock(&mut self, ms_max: u64, dice: &mut Dice) {
        let off = i64::try_from(dice.between(0, 2 * ms_max)).unwrap_or_default();
        self.wall_offset_ms = off - i64::try_from(ms_max).unwrap_or_default();
    }

    fn look_at_the_clock(&self, now_ms: u64) -> Tick {
        self.outside.show(i64::try_from(now_ms).unwrap_or_default() + self.wall_offset_ms);
        Tick::from_millis(now_ms)
    }

    fn store(&mut self) -> Fallible<&mut DeviceStore> {
        self.device.store_mut().map_err(wrong)
    }

    /// Breaks the disk until `until_ms`.
    pub(super) fn break_disk(&mut self, fault: Fault, until_ms: u64) -> Fallible<()> {
        self.mend_at_ms = Some(until_ms);
        let store = self.device.store_mut().map_err(wrong)?;
        self.disk.fail(fault, store.connection_mut())
    }

    pub(super) fn mend_disk(&mut self) -> Fallible<()> {
        self.mend_at_ms = None;
        let store = self.device.store_mut().map_err(wrong)?;
        self.disk.mend(store.connection_mut())
    }

    /// Keeps a copy of the store as it is.
    pub(super) fn copy(&mut self) -> Fallible<()> {
        if self.disk.is_broken() {
            return Ok(());
        }
        if self.copies.len() >= COPIES_MAX {
            self.copies.remove(1);
        }
        let copy = self.store()?.copy_in_memory().map_err(wrong)?;
        self.copies.push(copy);
        Ok(())
    }

    pub(super) fn has_copies(&self) -> bool {
        !self.copies.is_empty()
    }

    /// Puts a copy in the store's place.
    pub(super) fn restore(&mut self, dice: &mut Dice) -> Fallible<()> {
        let index = usize::try_from(dice.below(self.copies.len() as u64)).unwrap_or_default();
        let Some(copy) = self.copies.get(index) else { return Ok(()) };
        let store = copy.copy_in_memory().map_err(wrong)?;
        // An old copy does not know what its lost life was stamped with.
        self.stamped = Timestamp::EPOCH;
        self.take_up(store)
    }

    /// The relay does not know this device any more, and has made an invite for it.
    pub(super) fn is_invited(&mut self, incarnation: u64) {
        self.incarnation = incarnation;
        self.must_join = true;
    }

    /// A session for a connection that has just opened.
    pub(super) fn connect(&mut self, mode: Mode, now_ms: u64) -> Result<Exchange, DeviceError> {
        let now = self.look_at_the_clock(now_ms);
        if self.must_join || self.device.membership()?.is_none() {
            let (invite, name) = (invite(self.number, self.incarnation), format!("device {}", self.number));
            let session = Engine::enrol(&mut self.device, &invite, &name, now)?;
            return Ok(Exchange { session, engine: None, effects: Effects::default(), deferred: None });
        }
        let (engine, session) = Engine::begin(&mut self.device, mode, now)?;
        Ok(Exchange { session, engine: Some(engine), effects: Effects::default(), deferred: None })
    }

    /// Performs one effect. An error is a refusing disk or a violation; the driver drops the session.
    pub(super) fn perform(
        &mut self,
        what: Together,
        exchange: &mut Exchange,
        now_ms: u64,
        mutation: Option<Mutation>,
        dice: &mut Dice,
    ) -> Result<Came, DeviceError> {
        let now = self.look_at_the_clock(now_ms);
        let Some(engine) = &mut exchange.engine else { return self.join(what.effect) };
        if let Some(late) = exchange.deferred.take() {
            // Not this session's business: it has its answer already.
            let mut nobody = Engine::enrol(&mut self.device, "", "", now)?;
            engine.perform(&mut self.device, late, &mut nobody, now)?;
        }
        let what = sabotage::effect(mutation, what, &mut exchange.deferred, dice);
        let settled = match &what.effect {
            DeviceEffect::Settle { verdicts, .. } => self.taken(verdicts)?,
            _ => Vec::new(),
        };
        let commits = matches!(what.effect, DeviceEffect::Commit { .. });
        let performed = engine.perform(&mut self.device, what, &mut exchange.session, now)?;
        if commits {
            sabotage::after_commit(mutation, &mut self.device, dice)?;
        }
        Ok(match performed {
            Performed::Send(frame) => Came::Frame(frame),
            Performed::Done(_) if commits => Came::Committed,
            Performed::Done(_) if settled.is_empty() => Came::Done,
            Performed::Done(_) => Came::Acknowledged(settled),
            Performed::Over(outcome @ Outcome::Restored { .. }) if mutation == Some(Mutation::GenerationNotRenewed) => {
                Came::Over(outcome, true)
            }
            Performed::Over(outcome) => {
                let ending = engine.end(&mut self.device, outcome.clone(), &exchange.session.report());
                let again = match ending {
                    Ok(Ending::Again(_)) => true,
                    Ok(Ending::Done | Ending::Lost) | Err(DeviceError::Refused { .. }) => false,
                    Err(error) => return Err(error),
                };
                Came::Over(outcome, again)
            }
        })
    }

    fn join(&mut self, effect: DeviceEffect) -> Result<Came, DeviceError> {
        match effect {
            DeviceEffect::Send(frame) => Ok(Came::Frame(frame)),
            DeviceEffect::End(outcome) => {
                if let Outcome::Enrolled { membership, relay_time } = outcome.clone() {
                    let name = format!("device {}", self.number);
                    self.device.join("ws://simulation", &name, membership, relay_time)?;
                    if let Some(bytes) = self.frame_bytes {
                        let begin = self.device.store_mut()?.write(|tx| tx.set_frame_bytes(bytes));
                        begin.map_err(|source: StoreError| DeviceError::Store { home: "".into(), source })?;
                    }
                    self.must_join = false;
                }
                let again = matches!(outcome, Outcome::Enrolled { .. });
                Ok(Came::Over(outcome, again))
            }
            _ => Ok(Came::Done),
        }
    }

    /// The changes that the relay says it has.
    fn taken(&mut self, verdicts: &[(u64, Verdict)]) -> Result<Vec<(DocId, ChangeHash)>, DeviceError> {
        let waiting = self.device.store_mut()?.read(|tx| tx.outbox(OutboxSeq::START, usize::MAX));
        // A disk that fails here fails the settling too, which says so.
        let waiting = waiting.unwrap_or_default();
        let has = |seq: u64| {
            verdicts
                .iter()
                .any(|(said, verdict)| *said == seq && matches!(verdict, Verdict::Accepted(_) | Verdict::Had(_)))
        };
        Ok(waiting.into_iter().filter(|entry| has(entry.seq.get())).map(|entry| (entry.doc, entry.hash)).collect())
    }

    /// A person edits: a new dossier, or one of those held. Returns what was saved.
    pub(super) fn edit(
        &mut self,
        mark: &str,
        style: Style,
        now_ms: u64,
        mutation: Option<Mutation>,
        dice: &mut Dice,
    ) -> Fallible<Vec<Saved>> {
        self.look_at_the_clock(now_ms);
        if mutation == Some(Mutation::SavedBeforeDurable) && !self.disk.is_broken() {
            self.undurable = Some(self.store()?.copy_in_memory().map_err(wrong)?);
        }
        let before = if mutation.is_some() { sabotage::outbox(&mut self.device) } else { BTreeSet::new() };
        let last = self.store()?.read(|tx| tx.outbox_last()).map_err(wrong)?;
        people::edit(&mut self.device, mark, style, dice).map_err(|error| format!("{error:?}"))?;
        let new = self.store()?.read(|tx| tx.outbox(last, usize::MAX)).map_err(|error: StoreError| wrong(error))?;
        let mut saved = Vec::with_capacity(new.len());
        for entry in new {
            let header = sync::inspect(&entry.bytes).map_err(wrong)?;
            // Every dossier begins with the same change, of no time.
            if header.actor != GENESIS_ACTOR && header.time < self.stamped {
                return Err(format!("an edit is stamped {}, after one of {}", header.time, self.stamped));
            }
            self.stamped = self.stamped.max(header.time);
            saved.push(Saved { doc: entry.doc, hash: entry.hash });
        }
        sabotage::after_edit(mutation, &mut self.device, &before, dice).map_err(wrong)?;
        Ok(saved)
    }

    /// What was in memory only is gone.
    pub(super) fn crash(&mut self) -> Fallible<()> {
        match self.undurable.take() {
            Some(store) => self.take_up(store),
            None => Ok(()),
        }
    }

    fn take_up(&mut self, mut store: DeviceStore) -> Fallible<()> {
        self.disk = Disk::under(store.connection_mut())?;
        self.mend_at_ms = None;
        self.device = device::Device::on(store, self.outside.clone());
        Ok(())
    }

    pub(super) fn holdings(&mut self, library: &mut Library) -> Fallible<Holdings> {
        holdings::of_device(self.store()?, library)
    }

    pub(super) fn standing(&mut self) -> Fallible<Option<Standing>> {
        holdings::standing(self.store()?)
    }

    /// Everything it shows, in the form that is the same wherever the same is held.
    pub(super) fn export(&mut self) -> Fallible<Vec<u8>> {
        let mut bytes = Vec::new();
        self.device.export_json(&mut bytes).map_err(wrong)?;
        Ok(bytes)
    }
}

/// The invite of a device at the relay's `incarnation`th disk.
pub(super) fn invite(number: usize, incarnation: u64) -> String {
    format!("INVITE-{number}-{incarnation}")
}
