//! The limits of the domain's section 4, as pure functions of views, policies and an instant. Nothing here reads a clock.
//!
//! A limit runs from one instant to another and is due in between. It is judged by authored times, by the policy version
//! that held when it started. What arrives late at the relay is a figure of its own; only what has to be *shared* or *handed
//! in* asks for receipts ([`Receipts`]).
//!
//! In three parts, so that a branch of thousands of dossiers can be asked at any instant without reading them:
//! - [`cases`]: what began when, and when it was fulfilled: a function of one dossier alone;
//! - [`Policies::term`](crate::Policies::term): when a case is soon due, when it is due, by which version of the policy: a function of
//!   policies and of what stands in the case. [`LimitState::at`] then says where it stands at an instant;
//! - [`Calendar`] and [`Board`]: what is owed once in each month, quarter or year, worked out when asked, from [`moments`].
//!
//! [`of_dossier`], [`of_board`] and [`of_policy`] put them together for one document.

mod board;
mod calendar;
mod case;
mod dossier;
mod moments;

pub use board::{Board, of_board, of_policy};
pub use calendar::{Account, Calendar, Recurring, VisitCompliance, VisitState, visits};
pub use case::{Case, Receipt, Term};
pub use dossier::{cases, of_dossier};
pub use moments::{Moment, What, moments};

use serde::Serialize;
use vocab::{EventId, RecordId, Role, Timestamp};

use crate::policy::{LimitCode, Period};

/// One limit of one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Which.
    pub code: LimitCode,
    /// Which part of it, where it has several: `dispatch`, a complaint's step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<&'static str>,
    /// The record it is about; the branch's board has limits that are about none.
    pub record: Option<RecordId>,
    /// When it started.
    pub from: Timestamp,
    /// From when on it is soon due.
    #[serde(skip)]
    pub soon: Timestamp,
    /// When it is due.
    pub due: Timestamp,
    /// When it was fulfilled.
    pub end: Option<Timestamp>,
    /// Where it stands.
    pub state: LimitState,
    /// Whose it is: by role, and the person where one is named.
    pub roles: &'static [Role],
    /// The person or team.
    pub staff: Option<String>,
    /// The policy version it is judged by; the defaults have none.
    pub policy: Option<RecordId>,
}

/// Where a limit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitState {
    /// Not fulfilled, and past due.
    Overdue,
    /// Not fulfilled, with at most a quarter of the time left.
    Soon,
    /// Not fulfilled, and not due yet.
    Open,
    /// Fulfilled after it was due; for ever.
    Missed,
    /// Fulfilled in time.
    Met,
}

impl LimitState {
    /// Every state, most pressing first.
    pub const ALL: [LimitState; 5] =
        [LimitState::Overdue, LimitState::Soon, LimitState::Open, LimitState::Missed, LimitState::Met];

    /// Where a limit stands at an instant by which it had begun. What had not happened by then counts as not happened.
    #[must_use]
    pub fn at(as_of: Timestamp, soon: Timestamp, due: Timestamp, end: Option<Timestamp>) -> LimitState {
        match end.filter(|end| *end <= as_of) {
            Some(end) if end <= due => LimitState::Met,
            Some(_) => LimitState::Missed,
            None if as_of > due => LimitState::Overdue,
            None if as_of >= soon => LimitState::Soon,
            None => LimitState::Open,
        }
    }

    /// The code in JSON; `limit_state-<code>` is its label.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            LimitState::Overdue => "overdue",
            LimitState::Soon => "soon",
            LimitState::Open => "open",
            LimitState::Missed => "missed",
            LimitState::Met => "met",
        }
    }

    /// Whether something is still to be done.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, LimitState::Overdue | LimitState::Soon | LimitState::Open)
    }
}

/// When the relay received what has to be shared or handed in. A device asks what the relay acknowledged.
pub trait Receipts {
    /// When the relay first held the change that completed this customer's dossier.
    fn completed(&self, customer: &RecordId) -> Option<Timestamp>;
    /// When the relay received an event.
    fn event(&self, event: &EventId) -> Option<Timestamp>;
}

/// Nothing has reached a relay.
impl Receipts for () {
    fn completed(&self, _: &RecordId) -> Option<Timestamp> {
        None
    }

    fn event(&self, _: &EventId) -> Option<Timestamp> {
        None
    }
}

/// The last instant of the period around `from`.
fn last_instant(period: Period, from: Timestamp) -> Timestamp {
    period.around(from).1.plus_millis(-1)
}

/// The period around `as_of` and the one before, oldest first, from `since` on: what is due now and what was missed last.
fn present_and_last(period: Period, as_of: Timestamp, since: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let present = period.around(as_of);
    let last = period.around(present.0.plus_millis(-1));
    [last, present]
        .into_iter()
        .filter(|(_, next)| *next > since)
        .map(|(first, next)| (first.max(since), next.plus_millis(-1)))
        .collect()
}

/// Overdue first, then what is due soonest; ties by code and record, so that equal views give equal lists.
fn sorted(mut limits: Vec<Limit>) -> Vec<Limit> {
    limits.sort_by(|a, b| {
        (a.state, a.due, a.code, a.part, &a.record, a.from).cmp(&(b.state, b.due, b.code, b.part, &b.record, b.from))
    });
    limits
}
