//! The engine behind a session, without a socket: every effect of a [`DeviceSession`], performed on the store.
//!
//! Whoever drives it owns the connection and the clock of the session. The device's own driver does it over a websocket
//! ([`Device::sync`]); a simulation does it over a virtual network, with [`Device::on`] a store in memory and an
//! [`Outside`](crate::Outside) of its own:
//!
//! ```text
//! let (mut engine, mut session) = Engine::begin(&mut device, Mode::Once, now)?;
//! loop {
//!     while let Some(effect) = session.poll_effect() {
//!         match engine.perform(&mut device, effect, &mut session, now)? {
//!             Performed::Send(frame) => network.send(frame),
//!             Performed::Done(events) => tell(events),
//!             Performed::Over(outcome) => match engine.end(&mut device, outcome, &session.report())? {
//!                 Ending::Done => return,
//!                 Ending::Again(event) => connect anew at once, // an old copy was found, or unequal sums
//!                 Ending::Lost => connect anew after a while,
//!             },
//!         }
//!     }
//!     // then wait for a frame, the session's timeout, or news of the outbox
//! }
//! ```
//!
//! A crash is dropping engine and session between two calls: everything else is in the store. An error of
//! [`Engine::perform`] (a full disk) is to be treated the same way.

use store::{OutboxSeq, WriteTx};
use sync::limits::CARRIED_PER_PAYLOAD;
use sync::{
    AdoptReason, DeviceConfig, DeviceEffect, DeviceSecret, DeviceSession, EnrolmentRequest, Known, Mode, OutboxBatch,
    Outcome, Start, Tick, Wanted,
};
use vocab::{Book, DeviceCode, DocId, Epoch, Refusal, Sum, Timestamp, Verdict};

use crate::arrive::{self, Batch, move_cursor};
use crate::error::WorkError;
use crate::home::Device;
use crate::report::SyncEvent;
use crate::together::Together;
use crate::{DeviceError, answers, renew};

/// Least and most bytes of payload in the first frames of a connection, as the last one decides. What was good yesterday may
/// be poor today: a link that bears more is given more as it carries it.
const FRAME_BYTES: std::ops::RangeInclusive<u64> = (2 << 10)..=(16 << 10);

/// How many times smaller frames become at once, however little a lost link carried: it need not have been the link's fault.
const SMALLER_AT_ONCE: u64 = 8;

/// Documents counted in one transaction when an older version has stored them.
const COUNTED_AT_ONCE: u32 = 256;

/// One session's worth of performing effects. What it remembers is worth nothing to the next session.
#[derive(Debug, Clone, Copy)]
pub struct Engine {
    /// The feed that the session's cursor is a place in.
    feed: Option<Epoch>,
    frame_bytes: u32,
    /// The store went on under another actor than the one this session stated.
    renewed: bool,
    welcomed: bool,
}

/// What came of one effect.
#[derive(Debug)]
pub enum Performed {
    /// To be sent as one binary message.
    Send(Vec<u8>),
    /// Done and, where the session waits for it, answered. What is worth telling.
    Done(Vec<SyncEvent>),
    /// The session is over; see [`Engine::end`].
    Over(Outcome),
}

/// How a session is to be followed up.
#[derive(Debug)]
pub enum Ending {
    /// Everything was exchanged.
    Done,
    /// Connect anew at once: something was found that the next session puts right.
    Again(SyncEvent),
    /// The link was lost. What was committed stays.
    Lost,
}

/// The answer to an effect, and what is worth telling.
#[derive(Debug)]
pub(crate) struct Answer {
    reply: Reply,
    events: Vec<SyncEvent>,
    /// Changes were put into the outbox.
    grew: bool,
    /// The session is to be ended: it stated an actor that is not this store's any more.
    leave: bool,
}

#[derive(Debug)]
enum Reply {
    None,
    Recalled(bool),
    Outbox(OutboxBatch),
    Committed { documents: u64, sum: Sum },
    Settled(Sum),
    Book(Book),
    Hashes(Vec<(DocId, Known)>),
    Restore { items: Vec<sync::wire::Item>, left: Vec<(DocId, Wanted)> },
}

impl Answer {
    fn none() -> Answer {
        Answer { reply: Reply::None, events: Vec::new(), grew: false, leave: false }
    }

    fn of(reply: Reply) -> Answer {
        Answer { reply, ..Answer::none() }
    }

    fn telling(reply: Reply, event: SyncEvent) -> Answer {
        Answer { reply, events: vec![event], grew: false, leave: false }
    }

    /// Gives the session its answer, for each of `together` commits that were performed as one; what is worth telling.
    pub(crate) fn give(self, session: &mut DeviceSession, together: u32, now: Tick) -> Vec<SyncEvent> {
        if self.grew {
            // Before a commit that it may take for the last there is to do.
            session.handle_outbox_grew(now);
        }
        match self.reply {
            Reply::None => {}
            Reply::Recalled(held) => session.handle_recalled(held, now),
            Reply::Outbox(batch) => session.handle_outbox(batch, now),
            Reply::Committed { documents, sum } => {
                session.handle_committed(documents, sum, now);
                (1..together).for_each(|_| session.handle_committed(0, sum, now));
            }
            Reply::Settled(sum) => session.handle_settled(sum, now),
            Reply::Book(book) => session.handle_book(book, now),
            Reply::Hashes(known) => session.handle_hashes(known, now),
            Reply::Restore { items, left } => session.handle_restore(items, left, now),
        }
        if self.leave {
            session.handle_leave(now);
        }
        self.events
    }
}

impl Engine {
    /// A session from what the store knows. The connection has just opened, at `now`.
    ///
    /// # Errors
    /// [`DeviceError::NotEnrolled`]; [`DeviceError::Store`].
    pub fn begin(device: &mut Device, mode: Mode, now: Tick) -> Result<(Engine, DeviceSession), DeviceError> {
        count_documents(device)?;
        let time = device.outside().now();
        let (start, secret) = device.read(|tx| {
            let membership = tx.membership()?.ok_or(WorkError::Other(DeviceError::NotEnrolled))?;
            let identity = tx.identity()?;
            let waiting = tx.outbox_counts()?;
            let start = Start {
                actor: identity.actor(),
                branch: membership.branch,
                epoch: membership.epoch,
                cursor: membership.cursor,
                settled: membership.acknowledged.map_or(0, |acknowledged| acknowledged.seq.get()),
                outbox: waiting.waiting,
                outbox_bytes: waiting.waiting_bytes,
                time,
                sum: tx.acknowledged_sum()?,
                ahead: membership.ahead,
                suspect: membership.suspect,
                owed: membership.owed,
                frame_bytes: within(u64::from(membership.frame_bytes)),
            };
            Ok((start, DeviceSecret::from_bytes(identity.secret.as_bytes())))
        })?;
        let engine = Engine { feed: start.epoch, frame_bytes: start.frame_bytes, renewed: false, welcomed: false };
        let config = DeviceConfig { mode, app: env!("CARGO_PKG_VERSION").to_owned() };
        Ok((engine, DeviceSession::sync(config, secret, start, now)))
    }

    /// A session that joins a branch: it asks nothing of the store, and ends with [`Outcome::Enrolled`], whose contents
    /// [`Device::join`] keeps. The connection has just opened, at `now`.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn enrol(device: &mut Device, invite: &str, name: &str, now: Tick) -> Result<DeviceSession, DeviceError> {
        let identity = device.identity()?;
        let secret = DeviceSecret::from_bytes(identity.secret.as_bytes());
        // A provisional code was given by no relay.
        let code = (identity.code != DeviceCode::provisional(&identity.key)).then_some(identity.code);
        let request = EnrolmentRequest { invite: invite.trim().to_owned(), name: name.to_owned(), code };
        let config = DeviceConfig { mode: Mode::Once, app: env!("CARGO_PKG_VERSION").to_owned() };
        Ok(DeviceSession::enrol(config, secret, request, now))
    }

    /// Performs one effect, or [commits as one](crate::Effects), answers the session, and says what came of it. Blocks until
    /// the disk has it.
    ///
    /// # Errors
    /// [`DeviceError::Store`] and [`DeviceError::FeedChanged`]; drop the session then.
    pub fn perform(
        &mut self,
        device: &mut Device,
        what: impl Into<Together>,
        session: &mut DeviceSession,
        now: Tick,
    ) -> Result<Performed, DeviceError> {
        let Together { effect, count } = what.into();
        match effect {
            DeviceEffect::Send(frame) => Ok(Performed::Send(frame)),
            DeviceEffect::End(outcome) => Ok(Performed::Over(outcome)),
            effect => Ok(Performed::Done(self.answer(device, effect)?.give(session, count, now))),
        }
    }

    /// Whether the relay has let this device in.
    #[must_use]
    pub fn is_welcomed(&self) -> bool {
        self.welcomed
    }

    /// Follows up a session that is over: keeps what is to be known at the next connection.
    ///
    /// # Errors
    /// [`DeviceError::Refused`] with the relay's reason; [`DeviceError::Store`].
    pub fn end(&self, device: &mut Device, outcome: Outcome, report: &sync::Report) -> Result<Ending, DeviceError> {
        match outcome {
            Outcome::Done | Outcome::Enrolled { .. } => {
                let carried = report.bytes_up + report.bytes_down;
                self.learn_frame_bytes(device, u64::from(self.frame_bytes).max(carried / CARRIED_PER_PAYLOAD))?;
                Ok(if self.renewed { Ending::Again(SyncEvent::Restored) } else { Ending::Done })
            }
            Outcome::Restored { .. } => {
                let outside = device.outside();
                device.write(|tx| renew::renew(tx, &*outside))?;
                Ok(Ending::Again(SyncEvent::Restored))
            }
            Outcome::Unequal { .. } => {
                device.write(|tx| Ok(tx.mark_suspect()?))?;
                Ok(Ending::Again(SyncEvent::Unequal))
            }
            Outcome::Lost { .. } => {
                let carried = report.bytes_up + report.bytes_down;
                if self.welcomed {
                    let least = u64::from(self.frame_bytes) / SMALLER_AT_ONCE;
                    self.learn_frame_bytes(device, least.max(carried / CARRIED_PER_PAYLOAD))?;
                }
                Ok(Ending::Lost)
            }
            Outcome::Refused { code, .. } | Outcome::Broken(code) => {
                let relay = device.membership()?.map(|membership| membership.relay).unwrap_or_default();
                Err(DeviceError::Refused { relay, code })
            }
        }
    }

    fn learn_frame_bytes(&self, device: &mut Device, bytes: u64) -> Result<(), DeviceError> {
        let bytes = within(bytes);
        if bytes == self.frame_bytes {
            return Ok(());
        }
        device.write(|tx| Ok(tx.set_frame_bytes(bytes)?))
    }

    /// Performs one effect. Sending and ending are not the store's.
    pub(crate) fn answer(&mut self, device: &mut Device, effect: DeviceEffect) -> Result<Answer, DeviceError> {
        match effect {
            DeviceEffect::Send(_) | DeviceEffect::End(_) => Ok(Answer::none()),
            DeviceEffect::LearnTime { relay_time, round_trip_ms } => {
                let half = i64::try_from(round_trip_ms / 2).unwrap_or(0);
                learn_time(device, relay_time.plus_millis(half))?;
                Ok(Answer::none())
            }
            DeviceEffect::Admitted(admitted) => {
                self.welcomed = true;
                let branch = admitted.branch_name.clone();
                device.admit(admitted)?;
                Ok(Answer::telling(Reply::None, SyncEvent::Connected { branch }))
            }
            DeviceEffect::AdoptFeed { epoch, cursor, ahead, why } => {
                device.write(|tx| {
                    if let Some(membership) = tx.membership()? {
                        let place = store::Membership {
                            epoch: Some(epoch),
                            cursor,
                            ahead,
                            owed: Vec::new(),
                            suspect: false,
                            ..membership
                        };
                        tx.set_membership(&place)?;
                    }
                    if why == AdoptReason::Reconciled {
                        wait_again(tx)?;
                    }
                    Ok(())
                })?;
                self.feed = Some(epoch);
                Ok(match why {
                    AdoptReason::First => Answer::none(),
                    AdoptReason::NewEpoch | AdoptReason::FellBehind => {
                        Answer::telling(Reply::None, SyncEvent::StartedOver)
                    }
                    AdoptReason::Reconciled => Answer::telling(Reply::None, SyncEvent::Reconciled),
                })
            }
            DeviceEffect::Recall(seen) => Ok(Answer::of(Reply::Recalled(answers::holds(device, seen)?))),
            DeviceEffect::ReadOutbox { after, bytes_max } => {
                Ok(Answer::of(Reply::Outbox(answers::outbox(device, after, bytes_max)?)))
            }
            DeviceEffect::Commit { arrivals, cursor, owed, ahead } => {
                let committed = arrive::commit(device, Batch { arrivals, feed: self.feed, cursor, owed, ahead })?;
                self.renewed |= committed.renewed;
                let documents = committed.documents;
                let mut events = committed.events;
                events.push(SyncEvent::Received { documents, cursor });
                let reply = Reply::Committed { documents, sum: committed.sum };
                Ok(Answer { reply, events, grew: committed.authored, leave: committed.renewed })
            }
            DeviceEffect::Settle { verdicts, cursor, ahead } => {
                let refused = verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Refused(_))).count();
                let (refused, all) = (refused as u64, verdicts.len() as u64);
                let sum = self.settle(device, &verdicts, cursor, ahead)?;
                Ok(Answer::telling(Reply::Settled(sum), SyncEvent::Settled { accepted: all - refused, refused }))
            }
            DeviceEffect::SettleTaken { through, taken, ahead } => {
                let last = OutboxSeq::new(through);
                let waiting = device.read(|tx| Ok(tx.outbox_hashes(last)?))?;
                let verdicts: Vec<(u64, Verdict)> =
                    answers::taken(&waiting, &taken, last).iter().map(|seq| (seq.get(), Verdict::Had(ahead))).collect();
                let accepted = verdicts.len() as u64;
                let sum = self.settle(device, &verdicts, None, ahead)?;
                Ok(Answer::telling(Reply::Settled(sum), SyncEvent::Settled { accepted, refused: 0 }))
            }
            DeviceEffect::ReadBook => {
                let book = device.read(|tx| Ok(Book::new(tx.book()?)))?;
                Ok(Answer::of(Reply::Book(book)))
            }
            DeviceEffect::ReadHashes { docs, hashes_max } => {
                Ok(Answer::of(Reply::Hashes(answers::hashes(device, &docs, hashes_max)?)))
            }
            DeviceEffect::ReadRestore { wants, bytes_max } => {
                let (items, left) = answers::restore(device, wants, bytes_max)?;
                Ok(Answer::of(Reply::Restore { items, left }))
            }
            DeviceEffect::SettleRestored { refused, tombstones } => {
                let (sum, erased) = answers::settle_restored(device, &refused, &tombstones)?;
                let mut events: Vec<SyncEvent> = erased.into_iter().map(SyncEvent::Erased).collect();
                events.push(SyncEvent::Settled { accepted: 0, refused: refused.len() as u64 });
                Ok(Answer { reply: Reply::Settled(sum), events, grew: false, leave: false })
            }
        }
    }

    fn settle(
        &self,
        device: &mut Device,
        verdicts: &[(u64, Verdict)],
        cursor: Option<vocab::Cursor>,
        ahead: vocab::Position,
    ) -> Result<Sum, DeviceError> {
        let verdicts: Vec<_> = verdicts.iter().map(|(seq, verdict)| (OutboxSeq::new(*seq), *verdict)).collect();
        let wall = device.outside().now();
        device.write(|tx| {
            tx.settle(&verdicts, wall)?;
            tx.set_ahead(ahead)?;
            if let Some(cursor) = cursor {
                move_cursor(tx, self.feed, cursor)?;
            }
            Ok(tx.acknowledged_sum()?)
        })
    }
}

fn within(frame_bytes: u64) -> u32 {
    u32::try_from(frame_bytes.clamp(*FRAME_BYTES.start(), *FRAME_BYTES.end())).unwrap_or(u32::MAX)
}

/// Lets this device's own changes wait again that were refused for a missing dependency, which reconciling may have
/// brought, or as erased, of which this relay, put back, may know nothing.
fn wait_again(tx: &WriteTx<'_>) -> Result<(), WorkError> {
    let key = tx.identity()?.key;
    let may_change = |reason: Refusal| matches!(reason, Refusal::MissingDependency | Refusal::Erased);
    for refused in tx.refused(u32::MAX)?.into_iter().filter(|refused| may_change(refused.reason)) {
        let entries = tx.outbox_of(refused.doc)?;
        let Some((_, bytes)) = entries.into_iter().find(|(hash, _)| *hash == refused.hash) else { continue };
        if sync::inspect(&bytes).is_ok_and(|header| header.actor.belongs_to(&key)) {
            // Under the number it has: what was made after it rests on it.
            tx.retry_refused(refused.seq)?;
        }
    }
    Ok(())
}

fn learn_time(device: &mut Device, relay_time: Timestamp) -> Result<(), DeviceError> {
    let wall = device.outside().now();
    device.write(|tx| {
        let mut clock = tx.clock()?;
        clock.learn_offset(relay_time, wall);
        Ok(tx.set_clock(&clock)?)
    })
}

/// Counts the documents that an older version has stored without saying what their changes come to.
fn count_documents(device: &mut Device) -> Result<(), DeviceError> {
    let outside = device.outside();
    loop {
        let docs = device.read(|tx| Ok(tx.documents_without_sum(COUNTED_AT_ONCE)?))?;
        if docs.is_empty() {
            return Ok(());
        }
        let wall = outside.now();
        device.write(|tx| {
            for doc in docs {
                let Some(stored) = tx.document(doc)? else { continue };
                match records::Dossier::receive(&stored.bytes) {
                    Ok((dossier, waiting)) => {
                        let hashes = dossier.change_hashes();
                        let sum = hashes.iter().map(|hash| Sum::of_change(doc, *hash)).sum();
                        if waiting.is_empty() {
                            tx.set_document_sum(doc, sum)?;
                        } else {
                            tx.put_snapshot(doc, &dossier.save(), &dossier.heads(), sum)?;
                        }
                        for aside in waiting {
                            tx.set_aside(doc, aside.hash, &aside.bytes, aside.reason.code(), wall)?;
                        }
                    }
                    // It comes to nothing that is known; what the relay holds takes its place.
                    Err(_) => tx.set_document_sum(doc, Sum::ZERO)?,
                }
            }
            Ok(())
        })?;
    }
}
