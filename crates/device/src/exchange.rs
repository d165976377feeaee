//! Exchanges with the relay: drives sessions over a [`Link`], with the [`Engine`] performing their effects on the store.
//!
//! Effects are performed strictly in the order polled, each on a blocking thread and in one transaction. When one fails the
//! exchange ends; what was committed stands, and the next exchange goes on from there. Where a session finds something that
//! the next one puts right (an old copy of the store, unequal sums, a link that was cut after it had brought something), the
//! next one follows at once.

use sync::{DeviceEffect, DeviceSession, Mode};
use vocab::Timestamp;

use crate::DeviceError;
use crate::engine::{Ending, Engine};
use crate::home::Device;
use crate::link::Link;
use crate::outside::{self, Stopwatch};
use crate::report::{SyncEvent, SyncReport};
use crate::together::{Effects, Together};

/// Whether an exchange stays and follows the feed.
pub(crate) struct Follow<'a> {
    /// Ends the session politely when it says so; pending for ever in a single exchange.
    pub(crate) leave: &'a mut tokio::sync::watch::Receiver<bool>,
}

/// How often a following device looks whether another process added to the outbox, in milliseconds: soon enough to look
/// live, and one memory read each time.
const LOOK_MS: u64 = 100;

/// How many bytes of frames that have arrived are looked at before what they brought is committed, together.
const TOGETHER_BYTES: usize = 128 << 10;

/// Most sessions of one exchange. Each but the last found something to put right or brought something over a link that was cut:
/// a first join over a link that is cut every 32 KiB takes some hundred.
const SESSIONS_MAX: u32 = 1_000;

/// How many connections in a row may be cut without having brought anything: each asks for smaller frames than the one before.
const IN_VAIN_MAX: u32 = 4;

impl Device {
    /// One exchange: everything up, everything down, then the end. A link that is cut is opened again as long as each
    /// connection brings something, or asks for less at a time.
    ///
    /// # Errors
    /// [`DeviceError::NotEnrolled`], [`DeviceError::Unreachable`], [`DeviceError::Refused`], [`DeviceError::Unequal`], and
    /// those of the store. What was exchanged before the error stays exchanged.
    pub async fn sync(&mut self, mut observe: impl FnMut(SyncEvent)) -> Result<SyncReport, DeviceError> {
        let (watch, began_at) = (Stopwatch::start(), self.outside().now());
        let mut report = self.begin_report()?;
        let (mut unequal, mut in_vain) = (false, 0);
        for _ in 0..SESSIONS_MAX {
            let (ending, session) = self.session(None, &mut report, &mut observe).await?;
            in_vain = if session.brought_something() { 0 } else { in_vain + 1 };
            match ending {
                Ending::Done => {
                    report.duration_ms = watch.tick().millis();
                    self.finish(&mut report, began_at).await?;
                    return Ok(report);
                }
                Ending::Lost if session.welcomed && in_vain < IN_VAIN_MAX => {}
                Ending::Lost => return Err(lost(&report.relay)),
                Ending::Again(SyncEvent::Unequal) if unequal => {
                    return Err(DeviceError::Unequal { relay: report.relay });
                }
                Ending::Again(event) => {
                    unequal = event == SyncEvent::Unequal;
                    observe(event);
                }
            }
        }
        Err(lost(&report.relay))
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
        let mut unequal = false;
        while !*leave.borrow() {
            let (mut report, began_at) = (self.begin_report()?, self.outside().now());
            match self.session(Some(Follow { leave: &mut leave }), &mut report, &mut observe).await {
                Ok((Ending::Again(event), _)) => {
                    let twice = unequal && event == SyncEvent::Unequal;
                    unequal = event == SyncEvent::Unequal;
                    observe(event);
                    if !twice {
                        continue;
                    }
                }
                Ok((Ending::Done, _)) => {
                    self.finish(&mut report, began_at).await?;
                    attempt = 0;
                }
                Ok((Ending::Lost, session)) if session.welcomed => attempt = 0,
                Ok((Ending::Lost, _)) => {}
                Err(error) if error.failure() == crate::Failure::Unreachable => {}
                Err(error) => return Err(error),
            }
            if *leave.borrow() {
                break;
            }
            let wait_ms = sync::backoff_ms(attempt, u64::from_le_bytes(outside::random(&*self.outside())?));
            attempt = attempt.saturating_add(1);
            observe(SyncEvent::Waiting { wait_ms });
            tokio::select! {
                () = tokio::time::sleep(std::time::Duration::from_millis(wait_ms)) => {}
                _ = leave.wait_for(|leave| *leave) => {}
            }
        }
        Ok(())
    }

    fn begin_report(&mut self) -> Result<SyncReport, DeviceError> {
        let membership = self.membership()?.ok_or(DeviceError::NotEnrolled)?;
        Ok(SyncReport { relay: membership.relay, branch: membership.branch_name, ..SyncReport::default() })
    }

    /// After a complete exchange that began at `began_at` by this device's clock: keeps how it went, and rewrites the file when
    /// something was erased.
    async fn finish(&mut self, report: &mut SyncReport, began_at: Timestamp) -> Result<(), DeviceError> {
        if let Some(membership) = self.membership()? {
            report.branch = membership.branch_name;
        }
        // What was refused since may have gone with an erased dossier.
        report.refused = self.read(|tx| Ok(tx.refused_since(began_at)?))?;
        let report = report.clone();
        self.blocking(move |device| {
            device.keep_last_sync(&report)?;
            device.scrub()
        })
        .await
    }

    /// Runs one session.
    async fn session(
        &mut self,
        mut follow: Option<Follow<'_>>,
        report: &mut SyncReport,
        observe: &mut impl FnMut(SyncEvent),
    ) -> Result<(Ending, Session), DeviceError> {
        let (watch, began_at) = (Stopwatch::start(), self.outside().now());
        let mode = if follow.is_some() { Mode::Follow } else { Mode::Once };
        let mut link = Link::open(&report.relay).await?;
        let (engine, mut session) = self.blocking(move |device| Engine::begin(device, mode, watch.tick())).await?;
        let mut engine = engine;
        let mut tale = Tale::default();
        let mut effects = Effects::default();
        let mut seen_version = self.data_version()?;
        let mut look = tokio::time::interval(std::time::Duration::from_millis(LOOK_MS));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let outcome = 'session: loop {
            while let Some(Together { effect, count }) = effects.next_together(&mut session) {
                match effect {
                    DeviceEffect::Send(frame) => {
                        send(&mut link, &mut session, frame, watch, PATIENCE, follow.as_mut()).await;
                    }
                    DeviceEffect::End(outcome) => break 'session outcome,
                    effect => {
                        let mut performing = engine;
                        let (performed, answer) = self
                            .blocking(move |device| {
                                let answer = performing.answer(device, effect)?;
                                Ok((performing, answer))
                            })
                            .await?;
                        engine = performed;
                        for event in answer.give(&mut session, count, watch.tick()) {
                            report.note(&event);
                            tale.note(&event);
                            observe(event);
                        }
                    }
                }
                if let Some(event) = tale.progress(&session) {
                    observe(event);
                }
            }
            if follow.is_some()
                && let Some(event) = tale.caught_up(&session)
            {
                if tale.is_to_be_kept() {
                    let mut so_far = report.clone();
                    so_far.add(&session.report());
                    so_far.duration_ms = watch.tick().millis();
                    self.finish(&mut so_far, began_at).await?;
                }
                observe(event);
            }
            let timeout = session.poll_timeout().map(|tick| watch.instant(tick));
            tokio::select! {
                frame = link.next() => match frame {
                    Some(frame) => {
                        session.handle_frame(&frame, watch.tick());
                        let mut bytes = frame.len();
                        while bytes < TOGETHER_BYTES
                            && let Some(frame) = link.ready()
                        {
                            bytes += frame.len();
                            session.handle_frame(&frame, watch.tick());
                        }
                    }
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
        let did = session.report();
        report.add(&did);
        let welcomed = engine.is_welcomed();
        let ending = self.blocking(move |device| engine.end(device, outcome, &did)).await?;
        Ok((ending, Session { welcomed, did }))
    }

    /// Rewrites the store's file when something was erased, so that no byte of it is left. When another process reads just
    /// now it stays to be done.
    pub(crate) fn scrub(&mut self) -> Result<(), DeviceError> {
        match self.store()?.scrub() {
            Ok(_) | Err(store::StoreError::Busy) => Ok(()),
            Err(error) => Err(crate::error::WorkError::Store(error).at(self.home())),
        }
    }
}

/// A session that is over.
struct Session {
    welcomed: bool,
    did: sync::Report,
}

impl Session {
    /// Whether it would be worth while to connect again after the link was cut: each such connection leaves less to do.
    fn brought_something(&self) -> bool {
        self.did.pulled + self.did.pushed > 0 || self.did.reconcile.is_some_and(|reconcile| reconcile.restored > 0)
    }
}

/// What was told of a session so far.
#[derive(Debug, Default)]
struct Tale {
    progress: (u64, u64),
    reconciled: bool,
    caught_up: Option<(vocab::Cursor, u64)>,
    kept: bool,
    erased: bool,
}

impl Tale {
    fn note(&mut self, event: &SyncEvent) {
        self.reconciled |= *event == SyncEvent::Reconciled;
        self.erased |= matches!(event, SyncEvent::Erased(_));
    }

    /// Whether how it went is to be kept and the file tidied: when a session has caught up for the first time, and when
    /// something was erased since. Not with every batch that follows: each would cost one more commit.
    fn is_to_be_kept(&mut self) -> bool {
        let erased = std::mem::take(&mut self.erased);
        !std::mem::replace(&mut self.kept, true) || erased
    }

    /// How far the session is, when that changed.
    fn progress(&mut self, session: &DeviceSession) -> Option<SyncEvent> {
        let (done, total) = session.progress();
        if self.progress == (done, total) || total == 0 {
            return None;
        }
        self.progress = (done, total);
        let reconciling = session.report().reconcile.is_some() && !self.reconciled;
        Some(if reconciling { SyncEvent::Reconciling { done, total } } else { SyncEvent::Progress { done, total } })
    }

    /// Where a following session stands, when it has caught up and that changed.
    fn caught_up(&mut self, session: &DeviceSession) -> Option<SyncEvent> {
        if !session.is_caught_up() {
            return None;
        }
        let report = session.report();
        let place = (report.cursor, report.outbox);
        if self.caught_up.replace(place) == Some(place) {
            return None;
        }
        Some(SyncEvent::CaughtUp { cursor: report.cursor.base, outbox: report.outbox })
    }
}

/// How long a link may take nothing of a frame: as long as a silent one is borne.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_millis(sync::limits::IDLE_MS_MAX);

/// Sends a frame, or ends the session: when the link is gone, when it takes nothing for as long as `patience`,
/// or when somebody wants to leave meanwhile.
pub(crate) async fn send(
    link: &mut Link,
    session: &mut DeviceSession,
    frame: Vec<u8>,
    watch: Stopwatch,
    patience: std::time::Duration,
    follow: Option<&mut Follow<'_>>,
) {
    let sent = tokio::select! {
        sent = tokio::time::timeout(patience, link.send(frame)) => matches!(sent, Ok(Ok(()))),
        () = left(follow) => false,
    };
    if !sent {
        session.handle_closed(watch.tick());
    }
}

pub(crate) async fn at(instant: Option<tokio::time::Instant>) {
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

pub(crate) fn lost(relay: &str) -> DeviceError {
    DeviceError::Unreachable {
        relay: relay.to_owned(),
        source: Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionAborted)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sync::{DeviceConfig, DeviceSecret, EnrolmentRequest, Outcome};
    use tokio::net::TcpListener;

    use super::*;

    /// Bytes that no system keeps for somebody who does not read.
    const LONG: usize = 64 << 20;

    #[tokio::test]
    async fn a_relay_that_takes_nothing_of_a_frame_is_given_up_and_one_that_takes_it_is_not() {
        for takes in [true, false] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let relay = tokio::spawn(async move {
                let (stream, _) = listener.accept().await.unwrap();
                let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
                while takes && futures_util::StreamExt::next(&mut socket).await.is_some_and(|frame| frame.is_ok()) {}
                std::future::pending::<()>().await;
            });
            let mut link = Link::open(&format!("http://{address}")).await.unwrap();
            let watch = Stopwatch::start();
            let config = DeviceConfig { mode: Mode::Once, app: "test/1".to_owned() };
            let request = EnrolmentRequest { invite: "X".to_owned(), name: "X".to_owned(), code: None };
            let mut session = DeviceSession::enrol(config, DeviceSecret::from_bytes(&[1; 32]), request, watch.tick());
            let patience = if takes { PATIENCE } else { Duration::from_millis(300) };
            let sending = async {
                for _ in 0..LONG / (1 << 20) {
                    send(&mut link, &mut session, vec![0; 1 << 20], watch, patience, None).await;
                    if let Some(DeviceEffect::End(outcome)) = session.poll_effect() {
                        return Some(outcome);
                    }
                }
                None
            };
            let ended = tokio::time::timeout(Duration::from_secs(30), sending).await.expect("it waits for ever");
            assert_eq!(matches!(ended, Some(Outcome::Lost { .. })), !takes, "{ended:?}");
            relay.abort();
        }
    }
}
