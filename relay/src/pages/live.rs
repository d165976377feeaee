//! Server-sent events: an open page hears that its branch changed, and fetches itself again.
//!
//! What is sent is only that something changed, never what: the fetch that follows checks who asks. A stream ends with the
//! session it was opened in, with the relay, and after an hour at the latest; browsers open another by themselves.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, interval_at};
use vocab::BranchId;

use super::access::Person;
use super::problem::Problem;
use super::{Guard, data};
use crate::{AppState, BranchChanged};

/// How often a quiet stream says that it is still there: proxies close what is silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// How often a stream looks whether its session still stands.
const SESSION_CHECK: Duration = Duration::from_secs(60);

/// Longest life of one stream.
const STREAM_LIFE: Duration = Duration::from_secs(60 * 60);

#[derive(Debug, Deserialize)]
pub(super) struct Subject {
    branch: Option<String>,
}

/// The address of the changes of one branch, or of all that somebody may see.
pub(super) fn path(branch: Option<BranchId>) -> String {
    branch.map_or_else(|| "/live".to_owned(), |branch| format!("/live?branch={branch}"))
}

/// `GET /live`
pub(super) async fn live(
    State(state): State<AppState>,
    guard: Guard,
    person: Person,
    Query(subject): Query<Subject>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let only = match &subject.branch {
        Some(id) => Some(person.branch(&state, id).await?.id),
        None => None,
    };
    let place = guard.stream_place()?;
    let now = Instant::now();
    // Subscribed before the first byte goes out: what changes while the page is fetched is not missed.
    let follower = Follower {
        changes: state.changes(),
        check: interval_at(now + SESSION_CHECK, SESSION_CHECK),
        ends: now + STREAM_LIFE,
        state,
        person,
        only,
        _place: place,
    };
    let events =
        stream::unfold(
            follower,
            |mut follower| async move { follower.next().await.map(|event| (Ok(event), follower)) },
        );
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// One open stream.
struct Follower {
    state: AppState,
    person: Person,
    only: Option<BranchId>,
    changes: Receiver<BranchChanged>,
    check: Interval,
    ends: Instant,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    /// The next thing to tell; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                change = self.changes.recv() => match change {
                    Ok(change) if self.is_about(change.branch) => return Some(changed()),
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return Some(changed()),
                    Err(RecvError::Closed) => return None,
                },
                _ = self.check.tick() => {
                    if !matches!(data::session(&self.state, self.person.digest()).await, Ok(Some(_))) {
                        return None;
                    }
                }
                () = tokio::time::sleep_until(self.ends) => return None,
                () = self.state.stopping() => return None,
            }
        }
    }

    fn is_about(&self, branch: BranchId) -> bool {
        self.only.is_none_or(|only| only == branch) && self.person.may_see(branch)
    }
}

/// Browsers drop an event without data, so it has some.
fn changed() -> Event {
    Event::default().event("change").data("rows")
}
