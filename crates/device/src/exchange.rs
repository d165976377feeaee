//! One exchange with the relay: drives a [`sync::DeviceSession`] over a [`Link`] and performs its effects on the store.
//!
//! Effects are performed strictly in the order polled, each on a blocking thread and in one transaction. When one fails the
//! exchange ends; what was committed stands, and the next exchange goes on from there.

use serde::Serialize;
use store::{OutboxSeq, ReadTx, WriteTx};
use sync::{
    AdoptReason, DeviceConfig, DeviceEffect, DeviceSecret, DeviceSession, EnrolmentRequest, Mode, OutboxBatch,
    OutboxEntry, Outcome, Seen, Start,
};
use vocab::{Cursor, Epoch, Position, Timestamp};

use crate::DeviceError;
use crate::arrive;
use crate::error::WorkError;
use crate::home::{Device, Membership};
use crate::link::Link;
use crate::wall::{self, Stopwatch};

/// What one exchange did and cost; `sync --json` prints it (`shared/commands.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// The relay's URL.
    pub relay: String,
    /// The branch's name.
    pub branch: String,
    /// Changes the relay took or had already.
    pub pushed: u64,
    /// Changes and whole documents received.
    pub pulled: u64,
    /// Changes the relay refused in this exchange.
    pub refused: u64,
    /// Documents changed here by what arrived.
    pub documents_changed: u64,
    /// Bytes of frames sent.
    pub bytes_up: u64,
    /// Bytes of frames received.
    pub bytes_down: u64,
    /// How often the device had to wait for an answer.
    pub round_trips: u32,
    /// The position up to which the feed is held.
    pub cursor: Position,
    /// The feed's latest position.
    pub head: Position,
    /// Changes still waiting here.
    pub outbox: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Whether the feed was taken up from its start because the relay began another or fell behind.
    pub reconciled: bool,
}

/// Something worth telling while an exchange goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncEvent {
    /// The relay let this device in.
    Connected {
        /// The branch's name.
        branch: String,
    },
    /// The relay's feed is another one than before, or shorter: it is taken up from its start, nothing is wiped.
    StartedOver,
    /// What arrived is committed.
    Received {
        /// Documents changed by this batch.
        documents: u64,
        /// How far the feed is held now.
        cursor: Cursor,
    },
    /// The relay's word on pushed changes is committed.
    Settled {
        /// Changes it took or had.
        accepted: u64,
        /// Changes it refused.
        refused: u64,
    },
    /// Following: the link is gone, another attempt comes.
    Waiting {
        /// Milliseconds until the attempt.
        wait_ms: u64,
    },
}

/// Whether an exchange stays and follows the feed.
pub(crate) struct Follow<'a> {
    /// Ends the session politely when it says so; pending for ever in a single exchange.
    pub(crate) leave: &'a mut tokio::sync::watch::Receiver<bool>,
}

/// How often a following device looks whether another process added to the outbox, in milliseconds: soon enough to look
/// live, and one memory read each time.
const LOOK_MS: u64 = 100;

impl Device {
    /// One exchange: everything up, everything down, then the end.
    ///
    /// # Errors
    /// [`DeviceError::NotEnrolled`], [`DeviceError::Unreachable`], [`DeviceError::Refused`], [`DeviceError::Restored`], and
    /// those of the store. What was exchanged before the error stays exchanged.
    pub async fn sync(&mut self, mut observe: impl FnMut(SyncEvent)) -> Result<SyncReport, DeviceError> {
        let outcome = self.exchange(None, &mut observe).await;
        outcome.map(|(report, _)| report)
    }

    /// Stays connected and follows the feed until `leave` becomes true, reconnecting with back-off and jitter whenever the
    /// link is lost.
    ///
    /// # Errors
    /// Those of [`Device::sync`] that trying again cannot mend.
    pub async fn watch(
        &mut self,
        mut leave: tokio::sync::watch::Receiver<bool>,
        mut observe: impl FnMut(SyncEvent),
    ) -> Result<(), DeviceError> {
        let mut attempt = 0;
        while !*leave.borrow() {
            let ended = self.exchange(Some(Follow { leave: &mut leave }), &mut observe).await;
            match ended {
                Ok((_, welcomed)) if welcomed => attempt = 0,
                Ok(_) => {}
                Err(error) if error.failure() == crate::Failure::Unreachable => {}
                Err(error) => return Err(error),
            }
            if *leave.borrow() {
                break;
            }
            let wait_ms = sync::backoff_ms(attempt, u64::from_le_bytes(wall::random()?));
            attempt = attempt.saturating_add(1);
            observe(SyncEvent::Waiting { wait_ms });
            tokio::select! {
                () = tokio::time::sleep(std::time::Duration::from_millis(wait_ms)) => {}
                _ = leave.wait_for(|leave| *leave) => {}
            }
        }
        Ok(())
    }

    /// Joins the branch that `invite` belongs to at `relay`.
    ///
    /// # Errors
    /// [`DeviceError::AlreadyEnrolled`], [`DeviceError::Refused`] with the reason, [`DeviceError::Unreachable`].
    pub async fn enrol(&mut self, relay: &str, invite: &str, name: &str) -> Result<Membership, DeviceError> {
        if let Some(membership) = self.membership()? {
            return Err(DeviceError::AlreadyEnrolled { branch: membership.branch_name, relay: membership.relay });
        }
        let watch = Stopwatch::start();
        let secret = self.secret()?;
        let request = EnrolmentRequest {
            invite: invite.trim().to_owned(),
            name: name.to_owned(),
            code: Some(self.identity()?.code),
        };
        let mut link = Link::open(relay).await?;
        let mut session = DeviceSession::enrol(config(Mode::Once), secret, request, watch.tick());
        loop {
            while let Some(effect) = session.poll_effect() {
                match effect {
                    DeviceEffect::Send(frame) => send(&mut link, &mut session, frame, watch, None).await,
                    DeviceEffect::End(Outcome::Enrolled { membership, relay_time }) => {
                        let joined = self.join(relay, name, membership, relay_time);
                        link.close().await;
                        return joined;
                    }
                    DeviceEffect::End(outcome) => {
                        link.close().await;
                        return Err(failure(relay, outcome));
                    }
                    // An enrolment asks nothing else of its driver.
                    _ => {}
                }
            }
            let timeout = session.poll_timeout().map(|tick| watch.instant(tick));
            tokio::select! {
                frame = link.next() => match frame {
                    Some(frame) => session.handle_frame(&frame, watch.tick()),
                    None => session.handle_closed(watch.tick()),
                },
                () = at(timeout) => session.handle_timeout(watch.tick()),
            }
        }
    }

    /// Runs one session. Returns the report and whether the relay had let the device in.
    async fn exchange(
        &mut self,
        mut follow: Option<Follow<'_>>,
        observe: &mut impl FnMut(SyncEvent),
    ) -> Result<(SyncReport, bool), DeviceError> {
        let watch = Stopwatch::start();
        let membership = self.membership()?.ok_or(DeviceError::NotEnrolled)?;
        let relay = membership.relay.clone();
        let mode = if follow.is_some() { Mode::Follow } else { Mode::Once };
        let start = self.blocking(|device| device.read(start_of)).await?;
        let mut feed = start.epoch;
        let secret = self.secret()?;
        let mut link = Link::open(&relay).await?;
        let mut session = DeviceSession::sync(config(mode), secret, start, watch.tick());
        let mut welcomed = false;
        let mut seen_version = self.data_version()?;
        let mut look = tokio::time::interval(std::time::Duration::from_millis(LOOK_MS));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let outcome = 'session: loop {
            while let Some(effect) = session.poll_effect() {
                match effect {
                    DeviceEffect::Send(frame) => send(&mut link, &mut session, frame, watch, follow.as_mut()).await,
                    DeviceEffect::End(outcome) => break 'session outcome,
                    DeviceEffect::LearnTime { relay_time, round_trip_ms } => {
                        let half = i64::try_from(round_trip_ms / 2).unwrap_or(0);
                        self.learn_time(relay_time.plus_millis(half), wall::now())?;
                    }
                    DeviceEffect::Admitted(admitted) => {
                        welcomed = true;
                        observe(SyncEvent::Connected { branch: admitted.branch_name.clone() });
                        self.admit(admitted)?;
                    }
                    DeviceEffect::AdoptFeed { epoch, cursor, why } => {
                        if why != AdoptReason::First {
                            observe(SyncEvent::StartedOver);
                        }
                        self.adopt_feed(epoch, cursor)?;
                        feed = Some(epoch);
                    }
                    DeviceEffect::Recall(seen) => {
                        let held = self.blocking(move |device| device.holds(seen)).await?;
                        session.handle_recalled(held, watch.tick());
                    }
                    DeviceEffect::ReadOutbox { after, bytes_max } => {
                        let batch = self.blocking(move |device| device.read(|tx| outbox(tx, after, bytes_max))).await?;
                        session.handle_outbox(batch, watch.tick());
                    }
                    DeviceEffect::Commit { arrivals, cursor } => {
                        let documents =
                            self.blocking(move |device| arrive::commit(device, arrivals, feed, cursor)).await?;
                        session.handle_committed(documents, watch.tick());
                        observe(SyncEvent::Received { documents, cursor: cursor.unwrap_or_default() });
                    }
                    DeviceEffect::Settle { verdicts, cursor } => {
                        let refused = verdicts.iter().filter(|(_, verdict)| is_refused(*verdict)).count() as u64;
                        let accepted = verdicts.len() as u64 - refused;
                        self.blocking(move |device| device.settle(&verdicts, feed, cursor)).await?;
                        observe(SyncEvent::Settled { accepted, refused });
                    }
                }
            }
            let timeout = session.poll_timeout().map(|tick| watch.instant(tick));
            tokio::select! {
                frame = link.next() => match frame {
                    Some(frame) => session.handle_frame(&frame, watch.tick()),
                    None => session.handle_closed(watch.tick()),
                },
                () = at(timeout) => session.handle_timeout(watch.tick()),
                _ = look.tick(), if follow.is_some() => {
                    let version = self.data_version()?;
                    if version != seen_version {
                        seen_version = version;
                        session.handle_outbox_grew(watch.tick());
                    }
                },
                () = left(follow.as_mut()) => session.handle_leave(watch.tick()),
            }
        };
        link.close().await;
        let report = session.report();
        let report = SyncReport {
            branch: self.membership()?.map_or(membership.branch_name, |membership| membership.branch_name),
            relay: relay.clone(),
            pushed: report.pushed,
            pulled: report.pulled,
            refused: report.refused,
            documents_changed: report.documents_changed,
            bytes_up: report.bytes_up,
            bytes_down: report.bytes_down,
            round_trips: report.round_trips,
            cursor: report.cursor.base,
            head: report.head,
            outbox: report.outbox,
            duration_ms: watch.tick().millis(),
            reconciled: report.started_over,
        };
        match outcome {
            Outcome::Done => {
                self.keep_last_sync(&report)?;
                Ok((report, welcomed))
            }
            Outcome::Lost { .. } if follow.is_some() && welcomed => Ok((report, welcomed)),
            outcome => Err(failure(&relay, outcome)),
        }
    }
}

/// Sends a frame, or ends the session: when the link is gone, when it takes nothing for as long as a silent one is borne,
/// or when somebody wants to leave meanwhile.
async fn send(
    link: &mut Link,
    session: &mut DeviceSession,
    frame: Vec<u8>,
    watch: Stopwatch,
    follow: Option<&mut Follow<'_>>,
) {
    let patience = std::time::Duration::from_millis(sync::limits::IDLE_MS_MAX);
    let sent = tokio::select! {
        sent = tokio::time::timeout(patience, link.send(frame)) => matches!(sent, Ok(Ok(()))),
        () = left(follow) => false,
    };
    if !sent {
        session.handle_closed(watch.tick());
    }
}

fn config(mode: Mode) -> DeviceConfig {
    DeviceConfig { mode, app: env!("CARGO_PKG_VERSION").to_owned(), batch_bytes: sync::limits::BATCH_BYTES }
}

fn is_refused(verdict: vocab::Verdict) -> bool {
    matches!(verdict, vocab::Verdict::Refused(_))
}

async fn at(instant: Option<tokio::time::Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

async fn left(follow: Option<&mut Follow<'_>>) {
    match follow {
        // A sender that is gone asks for nothing any more.
        Some(follow) => match follow.leave.wait_for(|leave| *leave).await {
            Ok(_) => {}
            Err(_) => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

fn failure(relay: &str, outcome: Outcome) -> DeviceError {
    let relay = relay.to_owned();
    match outcome {
        Outcome::Refused { code, .. } | Outcome::Broken(code) => DeviceError::Refused { relay, code },
        Outcome::Restored { .. } => DeviceError::Restored,
        Outcome::Done | Outcome::Enrolled { .. } | Outcome::Lost { .. } => DeviceError::Unreachable {
            relay,
            source: Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionAborted)),
        },
    }
}

fn start_of(tx: &ReadTx<'_>) -> Result<Start, WorkError> {
    let membership = tx.membership()?.ok_or(WorkError::Other(DeviceError::NotEnrolled))?;
    Ok(Start {
        actor: tx.identity()?.actor(),
        branch: membership.branch,
        epoch: membership.epoch,
        cursor: membership.cursor,
        settled: membership.acknowledged.map_or(0, |acknowledged| acknowledged.seq.get()),
        outbox: tx.outbox_counts()?.waiting,
        time: wall::now(),
    })
}

fn outbox(tx: &ReadTx<'_>, after: u64, bytes_max: usize) -> Result<OutboxBatch, WorkError> {
    let entries = tx.outbox(OutboxSeq::new(after), bytes_max)?;
    let waiting = tx.outbox_counts()?.waiting;
    let last = entries.last().map_or(OutboxSeq::new(after), |entry| entry.seq);
    let more = !tx.outbox(last, 1)?.is_empty();
    let entries = entries
        .into_iter()
        .map(|entry| OutboxEntry { seq: entry.seq.get(), doc: entry.doc, hash: entry.hash, bytes: entry.bytes })
        .collect();
    Ok(OutboxBatch { entries, more, waiting })
}

/// Moves the cursor, which is a place in the feed `feed`. Another process of this home may have taken up another feed since
/// this exchange began; then nothing of the transaction is kept and the next exchange goes on from there.
pub(crate) fn move_cursor(tx: &WriteTx<'_>, feed: Option<Epoch>, cursor: Cursor) -> Result<(), WorkError> {
    if tx.membership()?.and_then(|membership| membership.epoch) != feed {
        return Err(DeviceError::FeedChanged.into());
    }
    Ok(tx.set_cursor(cursor)?)
}

impl Device {
    pub(crate) fn secret(&mut self) -> Result<DeviceSecret, DeviceError> {
        Ok(DeviceSecret::from_bytes(self.identity()?.secret.as_bytes()))
    }

    fn holds(&mut self, seen: Seen) -> Result<bool, DeviceError> {
        self.read(|tx| {
            if tx.surely_holds(seen.doc, seen.hash)? || tx.outbox_hash(OutboxSeq::new(seen.seq))? == Some(seen.hash) {
                return Ok(true);
            }
            let Some(stored) = tx.document(seen.doc)? else { return Ok(false) };
            let dossier = records::Dossier::load(&stored.bytes)
                .map_err(|source| DeviceError::Document { doc: seen.doc, source })?;
            Ok(dossier.holds(seen.hash))
        })
    }

    fn settle(
        &mut self,
        verdicts: &[(u64, vocab::Verdict)],
        feed: Option<Epoch>,
        cursor: Option<Cursor>,
    ) -> Result<(), DeviceError> {
        let verdicts: Vec<_> = verdicts.iter().map(|(seq, verdict)| (OutboxSeq::new(*seq), *verdict)).collect();
        self.write(|tx| {
            tx.settle(&verdicts, wall::now())?;
            match cursor {
                Some(cursor) => move_cursor(tx, feed, cursor),
                None => Ok(()),
            }
        })
    }

    fn learn_time(&mut self, relay_time: Timestamp, wall: Timestamp) -> Result<(), DeviceError> {
        self.write(|tx| {
            let mut clock = tx.clock()?;
            clock.learn_offset(relay_time, wall);
            Ok(tx.set_clock(&clock)?)
        })
    }
}
