//! One device's connection: moves frames between a websocket and a `sync` session, and performs what the session asks for.
//!
//! Nothing here knows what a change means. Nothing a peer does here reaches another connection: each has its own task, its own
//! queue and its own bounds, and ends with a stated reason.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::stream::{SplitSink, SplitStream};
use serde_json::json;
use store::DeviceReport;
use sync::{Claim, Code, Nonce, Plan, RelayConfig, RelayEffect, RelaySession, Restored};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use vocab::{BranchId, DeviceKey, Timestamp};

use crate::admission::{Permit, TurnedAway};
use crate::crowd::Crowded;
use crate::feeds::{Bearer, Wish};
use crate::fleet::Reconciling;
use crate::hub::Seat;
use crate::mailbox::{Answer, Delivery};
use crate::outgoing::Outgoing;
use crate::rate::Meter;
use crate::settings::ConnectionLimits;
use crate::ticks::Ticks;
use crate::websocket::{Socket, Upgrade};
use crate::{AppState, limits, ticks};

/// `GET /sync`.
pub(crate) async fn connect(
    State(state): State<AppState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    upgrade: Upgrade,
) -> Response {
    let address = address.ip();
    let permit = match state.admission().connect(address, Instant::now()) {
        Ok(permit) => permit,
        Err(turned_away) => {
            state.metrics().connections_turned_away.add(1);
            tracing::debug!(%address, ?turned_away, "a connection is turned away");
            return turned_away.into_response();
        }
    };
    let mut nonce = [0; 32];
    if let Err(error) = getrandom::fill(&mut nonce) {
        tracing::error!(%error, "the system gives no random bytes");
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    state.metrics().connections_opened.add(1);
    upgrade.open(move |socket| async move {
        let (sink, stream) = socket.split();
        let ticks = Ticks::start();
        let session = RelaySession::new(RelayConfig::default(), Nonce::from_bytes(nonce), ticks.now())
            .with_windows(state.windows());
        let opened_at = Instant::now();
        let connection = Connection {
            state,
            address,
            permit,
            ticks,
            session,
            stream,
            outgoing: Outgoing::new(sink),
            standing: Standing::Stranger,
            pace: Pace::new(opened_at),
            seen_at: opened_at,
            noted_in: 0,
            noted_out: 0,
        };
        connection.run().await;
    })
}

/// What the relay knows of the one at the other end.
enum Standing {
    /// Has not said or proved who it is.
    Stranger,
    /// A device of the seat's branch.
    Member { device: DeviceKey, seat: Seat, report: DeviceReport, reconciling: Option<Reconciling> },
}

struct Connection {
    state: AppState,
    address: IpAddr,
    permit: Permit,
    ticks: Ticks,
    session: RelaySession,
    stream: SplitStream<Socket>,
    outgoing: Outgoing<SplitSink<Socket, Message>>,
    standing: Standing,
    pace: Pace,
    seen_at: Instant,
    noted_in: u64,
    noted_out: u64,
}

/// How fast a peer sends.
struct Pace {
    frames: Meter,
    bytes: Meter,
    /// Until when nothing is read from it.
    rests_until: Option<Instant>,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Pace { frames: Meter::new(now), bytes: Meter::new(now), rests_until: None }
    }

    /// Notes a frame; whether the peer may have sent it now.
    fn frame(&mut self, limits: &ConnectionLimits, bytes: usize, now: Instant) -> bool {
        let rest = self.bytes.note(limits.bytes, u64::try_from(bytes).unwrap_or(u64::MAX), now);
        self.rests_until = (rest > Duration::ZERO).then(|| now + rest);
        self.frames.take(limits.frames, 1, now).is_ok()
    }
}

/// What happened next.
enum Event {
    Frame(axum::body::Bytes),
    Foreign,
    Oversized,
    Closed,
    Sent,
    Told(Delivery),
    Rested,
    Outbid,
    Timeout,
    Stuck,
    Stopping,
}

impl Connection {
    async fn run(mut self) {
        let closed = self.follow().await;
        let Some((code, lingers)) = closed else { return };
        let counters = self.session.counters();
        tracing::debug!(address = %self.address, reason = code.code(), ?counters, "connection ends");
        if !matches!(code, Code::Done | Code::Unavailable | Code::Idle | Code::Replaced) {
            self.state.metrics().connections_refused.add(1);
        }
        let status = if code == Code::Done { CloseCode::Normal } else { CloseCode::Policy };
        let farewell = timeout(limits::FAREWELL_TIMEOUT, self.outgoing.finish(status, code.code())).await;
        if lingers && matches!(farewell, Ok(Ok(()))) {
            // What was not read would make the system reset the connection and drop the reason on its way.
            sleep(limits::LINGER).await;
        }
    }

    /// Lets the session run until it closes; the reason, and whether unread bytes are left on the socket. `None` when the other end
    /// is gone.
    async fn follow(&mut self) -> Option<(Code, bool)> {
        let state = self.state.clone();
        let stopping = state.stopping();
        tokio::pin!(stopping);
        let mut stopped = false;
        let mut lingers = false;
        loop {
            while let Some(effect) = self.session.poll_effect() {
                match effect {
                    RelayEffect::Close(code) => {
                        self.count_bytes();
                        return Some((code, lingers));
                    }
                    effect => self.perform(effect).await,
                }
            }
            self.count_bytes();
            let reads = self.outgoing.len() < limits::OUTGOING_FRAMES_MAX && self.pace.rests_until.is_none();
            let send_timeout = state.settings().connections.send_timeout;
            let stuck_at = self.outgoing.waiting_since().map(|since| since + send_timeout);
            let event = tokio::select! {
                frame = self.stream.next(), if reads => match frame {
                    Some(Ok(Message::Binary(bytes))) => Event::Frame(bytes),
                    // The websocket's own pings are answered below this; they say nothing to the session.
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                    Some(Ok(Message::Text(_))) => Event::Foreign,
                    Some(Err(SocketError::Capacity(_))) => Event::Oversized,
                    Some(Err(_)) => Event::Foreign,
                    Some(Ok(Message::Close(_))) | None => Event::Closed,
                },
                sent = self.outgoing.sent() => if sent.is_ok() { Event::Sent } else { Event::Closed },
                delivery = next_delivery(&mut self.standing) => Event::Told(delivery),
                () = wake_at(self.pace.rests_until) => Event::Rested,
                () = self.permit.outbid() => Event::Outbid,
                () = wake_at(self.session.poll_timeout().map(|tick| self.ticks.instant(tick))) => Event::Timeout,
                () = wake_at(stuck_at) => Event::Stuck,
                () = &mut stopping, if !stopped => Event::Stopping,
            };
            let now = self.ticks.now();
            match event {
                Event::Frame(bytes) => {
                    if !self.pace.frame(&state.settings().connections, bytes.len(), Instant::now()) {
                        lingers = true;
                        self.session.shut(Code::Rate, now);
                        continue;
                    }
                    if self.pace.rests_until.is_some() {
                        state.metrics().reads_paused.add(1);
                    }
                    self.session.handle_frame(&bytes, now);
                    if self.seen_at.elapsed() >= limits::SEEN_AGAIN {
                        self.seen();
                    }
                }
                Event::Foreign => self.session.shut(Code::Malformed, now),
                Event::Oversized => {
                    lingers = true;
                    self.session.shut(Code::Limit, now);
                }
                Event::Closed | Event::Stuck => {
                    self.session.handle_closed(now);
                    return None;
                }
                Event::Sent => self.session.handle_sent(now),
                Event::Told(Delivery::Live(batch)) => self.session.handle_live(&batch, now),
                Event::Told(Delivery::Answer(Answer::Appended(appended))) => {
                    self.session.handle_appended(appended, now)
                }
                Event::Told(Delivery::Answer(Answer::Restored(restored))) => {
                    self.note_restored(&restored);
                    self.session.handle_restored(restored, now);
                }
                Event::Told(Delivery::Answer(Answer::Failed(code)) | Delivery::Shut(code)) => {
                    self.session.shut(code, now);
                }
                Event::Rested => self.pace.rests_until = None,
                Event::Outbid => self.session.shut(Code::Busy, now),
                Event::Timeout => self.session.handle_timeout(now),
                Event::Stopping => {
                    stopped = true;
                    self.session.shut(Code::Unavailable, now);
                }
            }
        }
    }

    async fn perform(&mut self, effect: RelayEffect) {
        if let Err(code) = self.try_perform(effect).await {
            self.session.shut(code, self.ticks.now());
        }
    }

    async fn try_perform(&mut self, effect: RelayEffect) -> Result<(), Code> {
        match effect {
            RelayEffect::Send(frame) => self.outgoing.push(frame),
            RelayEffect::Authenticate(claim) => self.authenticate(claim).await,
            RelayEffect::Enrol(request) => {
                let answer = self.state.enrol(request, self.address).await;
                self.session.handle_enrolment(answer, self.ticks.now());
            }
            RelayEffect::Append { branch, device, session_actor, submissions } => {
                let bearer = self.bearer(branch, device)?;
                self.state.push(bearer, session_actor, submissions).await?;
            }
            RelayEffect::Restore { branch, device, items } => {
                let bearer = self.bearer(branch, device)?;
                self.state.restore(bearer, items).await?;
            }
            RelayEffect::ReadFeed { branch, after, owed, large_bytes, bytes_max, skip } => {
                self.note_reconciled();
                let wish = Wish { after, owed, large_bytes, bytes_max, skip };
                let batch = self.state.read_feed(branch, wish).await?;
                self.session.handle_feed(batch, self.ticks.now());
            }
            RelayEffect::ReadRanges { branch, queries } => {
                let answers = self.state.read_ranges(branch, queries).await?;
                self.session.handle_ranges(answers, self.ticks.now());
            }
            RelayEffect::Compare { branch, asks, bytes_max } => {
                let compared = self.state.compare(branch, asks, bytes_max).await?;
                self.session.handle_compared(compared, self.ticks.now());
            }
            RelayEffect::ReportProgress(progress) => {
                self.note_reconciled();
                if let Standing::Member { report, .. } = &mut self.standing {
                    report.cursor = progress.cursor;
                    report.outbox = progress.outbox;
                    self.seen();
                }
            }
            // Taken by the caller.
            RelayEffect::Close(_) => {}
        }
        Ok(())
    }

    async fn authenticate(&mut self, claim: Claim) {
        let device = claim.key;
        // The seat is taken before the head is read: what is accepted in between arrives twice rather than never.
        let seat = self.state.hub().join(claim.branch, device, claim.follows);
        let answer = self.state.admit(&claim).await;
        if let Ok(admission) = &answer {
            let report = first_report(&claim, admission.time);
            self.state.note_report(claim.branch, device, report.clone());
            let reconciling = (Plan::of(&claim, admission) == Plan::Reconcile)
                .then(|| self.state.fleet().reconcile(device, claim.suspect.then_some(admission.time)));
            self.standing = Standing::Member { device, seat, report, reconciling };
            self.permit.introduce();
        }
        self.session.handle_admission(answer, self.ticks.now());
    }

    fn bearer(&self, branch: BranchId, device: DeviceKey) -> Result<Bearer, Code> {
        match &self.standing {
            Standing::Member { seat, .. } => Ok(Bearer { branch, device, seat: seat.id() }),
            Standing::Stranger => Err(Code::Unexpected),
        }
    }

    /// The feed goes on only when reconciling is done.
    fn note_reconciled(&mut self) {
        if let Standing::Member { reconciling, seat, .. } = &mut self.standing
            && let Some(reconciling) = reconciling.take()
        {
            reconciling.done(ticks::wall());
            self.state.announce(seat.branch());
        }
    }

    fn note_restored(&self, restored: &Restored) {
        if let Standing::Member { device, .. } = &self.standing
            && let Some((after, head)) = restored.span
        {
            self.state.fleet().restored(*device, head.get().saturating_sub(after.get()));
        }
    }

    /// Notes that the device was heard just now.
    fn seen(&mut self) {
        if let Standing::Member { device, seat, report, .. } = &mut self.standing {
            report.at = ticks::wall();
            self.state.note_report(seat.branch(), *device, report.clone());
            self.seen_at = Instant::now();
        }
    }

    /// Adds what the session counted since last time to the relay's figures.
    fn count_bytes(&mut self) {
        let counters = self.session.counters();
        let metrics = self.state.metrics();
        metrics.bytes_received.add(counters.bytes_in.saturating_sub(self.noted_in));
        metrics.bytes_sent.add(counters.bytes_out.saturating_sub(self.noted_out));
        self.noted_in = counters.bytes_in;
        self.noted_out = counters.bytes_out;
    }
}

/// What a device says of itself by connecting.
fn first_report(claim: &Claim, now: Timestamp) -> DeviceReport {
    DeviceReport {
        at: now,
        cursor: claim.cursor,
        outbox: claim.outbox,
        clock_offset_ms: now.millis() - claim.time.millis(),
        app: claim.app.clone(),
    }
}

impl IntoResponse for TurnedAway {
    fn into_response(self) -> Response {
        let (status, error, wait_s) = match self {
            TurnedAway::Crowded(Crowded::Everywhere) => {
                (StatusCode::SERVICE_UNAVAILABLE, "relay_full", limits::RETRY_AFTER_S)
            }
            TurnedAway::Crowded(Crowded::AtThisAddress) => {
                (StatusCode::TOO_MANY_REQUESTS, "address_full", limits::RETRY_AFTER_S)
            }
            TurnedAway::TooFast(wait) => (StatusCode::TOO_MANY_REQUESTS, "too_fast", wait.as_secs() + 1),
        };
        let what = match self {
            TurnedAway::Crowded(Crowded::Everywhere) => "the relay has as many connections as it may",
            TurnedAway::Crowded(Crowded::AtThisAddress) => "this address has as many connections as it may",
            TurnedAway::TooFast(_) => "this address opens connections too fast",
        };
        let help = format!("{what}; try again in {wait_s} s");
        (status, [(RETRY_AFTER, wait_s.to_string())], Json(json!({ "error": error, "help": help }))).into_response()
    }
}

async fn next_delivery(standing: &mut Standing) -> Delivery {
    match standing {
        Standing::Stranger => std::future::pending().await,
        Standing::Member { seat, .. } => seat.next().await,
    }
}

async fn wake_at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
