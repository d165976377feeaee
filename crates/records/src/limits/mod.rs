//! The limits of the domain's section 4, as pure functions of views, policies and an instant. Nothing here reads a clock.
//!
//! A limit runs from one instant to another and is due in between. It is judged by authored times, by the policy version
//! that held when it started. What arrives late at the relay is a figure of its own; only what has to be *shared* or *handed
//! in* asks the relay's receipt times ([`Receipts`]).

mod board;
mod dossier;

pub use board::{of_board, of_policy};
pub use dossier::{VisitCompliance, VisitState, of_dossier, visits};

use serde::Serialize;
use vocab::{EventId, RecordId, Role, Timestamp};

use crate::policy::{LimitCode, Period, Policies, Policy, Span};

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

/// Collects the limits of one document at one instant.
struct Judge<'a> {
    policies: &'a Policies,
    as_of: Timestamp,
    limits: Vec<Limit>,
}

/// A limit about to be judged.
struct Case<'a> {
    code: LimitCode,
    part: Option<&'static str>,
    record: Option<&'a RecordId>,
    from: Timestamp,
    end: Option<Timestamp>,
    roles: &'static [Role],
    staff: Option<&'a str>,
}

impl Judge<'_> {
    /// Judges a case whose span stands in the policy under its code.
    fn judge(&mut self, case: Case<'_>) {
        let (policy, _) = self.policies.at(case.from);
        if let Some(span) = policy.span(case.code) {
            let due = due(policy, case.code, case.from, span);
            self.judge_until(case, due);
        }
    }

    /// Judges a case of so many minutes.
    fn judge_minutes(&mut self, case: Case<'_>, minutes: impl FnOnce(&Policy) -> Option<i64>) {
        let (policy, _) = self.policies.at(case.from);
        if let Some(minutes) = minutes(policy) {
            let due = policy.after(case.code, case.from, minutes);
            self.judge_until(case, due);
        }
    }

    /// Judges a case that is due at a given instant. What had not happened by `as_of` counts as not happened.
    fn judge_until(&mut self, case: Case<'_>, due: Timestamp) {
        if case.from > self.as_of {
            return;
        }
        let (policy, version) = self.policies.at(case.from);
        let end = case.end.filter(|end| *end <= self.as_of);
        let state = match end {
            Some(end) if end <= due => LimitState::Met,
            Some(_) => LimitState::Missed,
            None if self.as_of > due => LimitState::Overdue,
            None => {
                let left = policy.between(case.code, self.as_of, due);
                let whole = policy.between(case.code, case.from, due);
                if left.saturating_mul(4) <= whole { LimitState::Soon } else { LimitState::Open }
            }
        };
        self.limits.push(Limit {
            code: case.code,
            part: case.part,
            record: case.record.cloned(),
            from: case.from,
            due,
            end,
            state,
            roles: case.roles,
            staff: case.staff.map(str::to_owned),
            policy: version.cloned(),
        });
    }
}

fn due(policy: &Policy, code: LimitCode, from: Timestamp, span: Span) -> Timestamp {
    match span {
        Span::Minutes(minutes) => policy.after(code, from, minutes),
        Span::Each(period) => last_instant(period, from),
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
