//! Limits of a customer that recur by the calendar: visits of the year (L16), the return visit of the month (L18), the deep
//! contact of the quarter (L19). Worked out when asked: a new year asks anew though nobody wrote anything.

use serde::Serialize;
use vocab::{RecordId, Timestamp};

use super::moments::{What, made};
use super::{LimitState, Term, last_instant};
use crate::policy::{LimitCode, Period, Policies, Span};
use crate::value::Value;
use crate::view::View;

/// A customer as far as recurring limits ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account<'a> {
    /// The grade.
    pub grade: Option<&'a str>,
    /// When the customer was entered: nothing was owed before.
    pub since: Timestamp,
}

/// A recurring limit as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recurring<'p> {
    /// Which.
    pub code: LimitCode,
    /// When its period began.
    pub from: Timestamp,
    /// When it was fulfilled.
    pub end: Option<Timestamp>,
    /// When it is due.
    pub term: Term<'p>,
    /// Where it stands.
    pub state: LimitState,
}

/// The periods around an instant.
#[derive(Debug, Clone)]
pub struct Calendar<'p> {
    policies: &'p Policies,
    as_of: Timestamp,
    year: (Timestamp, Timestamp),
    /// L16: when the visits of the year are due.
    yearly: Term<'p>,
    /// L18 and L19: what sort of visit is owed, in which stretches: the last period and the present one.
    owed: Vec<(LimitCode, What, Stretch, Term<'p>)>,
}

#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: Timestamp,
    until: Timestamp,
}

impl<'p> Calendar<'p> {
    /// The periods around `as_of`.
    #[must_use]
    pub fn new(policies: &'p Policies, as_of: Timestamp) -> Self {
        let mut owed = Vec::new();
        for (code, what) in [(LimitCode::L18, What::ReturnVisit), (LimitCode::L19, What::DeepContact)] {
            let Some(Span::Each(period)) = policies.at(as_of).0.span(code) else { continue };
            for (from, until) in super::present_and_last(period, as_of, Timestamp::EPOCH) {
                owed.push((code, what, Stretch { from, until }, policies.term_until(code, from, until)));
            }
        }
        let year = Period::Year.around(as_of);
        let yearly = policies.term_until(LimitCode::L16, year.0, last_instant(Period::Year, year.0));
        Calendar { policies, as_of, year, yearly, owed }
    }

    /// From when on visits matter to what is owed now.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.owed.iter().map(|(.., stretch, _)| stretch.from).chain([self.year.0]).min().unwrap_or(self.as_of)
    }

    /// What is owed to a customer who was visited at these times. Visits after the instant asked about do not count.
    pub fn of(&self, account: Account<'_>, visits: &[(What, Timestamp)], mut each: impl FnMut(Recurring<'p>)) {
        if let Some(required) = account.grade.and_then(|grade| self.required(grade)) {
            let term = self.yearly;
            let mut done: Vec<Timestamp> =
                visits.iter().map(|(_, at)| *at).filter(|at| *at >= self.year.0 && *at <= self.as_of).collect();
            done.sort_unstable();
            let end = done.get(required - 1).copied();
            let state = LimitState::at(self.as_of, term.soon, term.due, end);
            each(Recurring { code: LimitCode::L16, from: self.year.0, end, term, state });
        }
        if !matches!(account.grade, Some("vip" | "core")) {
            return;
        }
        for (code, what, stretch, term) in &self.owed {
            if stretch.until < account.since {
                continue;
            }
            let from = stretch.from.max(account.since);
            if from > self.as_of {
                continue;
            }
            let term = if from == stretch.from { *term } else { self.policies.term_until(*code, from, stretch.until) };
            let during = |at: &Timestamp| (from..=stretch.until.min(self.as_of)).contains(at);
            let end = visits.iter().filter(|(made, _)| made == what).map(|(_, at)| *at).filter(during).min();
            let state = LimitState::at(self.as_of, term.soon, term.due, end);
            each(Recurring { code: *code, from, end, term, state });
        }
    }

    /// How many visits the year asks for, where it asks for any.
    fn required(&self, grade: &str) -> Option<usize> {
        let required = self.policies.at(self.year.0).0.visits.get(grade).copied().flatten()?;
        usize::try_from(required).ok().filter(|required| *required > 0)
    }
}

/// How a customer's visits of a year stand against what their grade asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct VisitCompliance {
    /// How many the year asks for; none: by project.
    pub required: Option<i64>,
    /// How many were made by then.
    pub done: i64,
    /// How many more are planned for later in the year.
    pub planned: i64,
    /// How that stands.
    pub state: VisitState,
}

impl VisitCompliance {
    /// How so many visits made and planned stand at an instant. The time passed asks for its share of the year, rounded down:
    /// of four a year none by the end of March the 31st, one from April the 2nd on.
    #[must_use]
    pub fn of(required: Option<i64>, done: i64, planned: i64, as_of: Timestamp) -> VisitCompliance {
        let (from, next) = Period::Year.around(as_of);
        let Some(wanted) = required else {
            return VisitCompliance { required, done, planned, state: VisitState::OnTrack };
        };
        let share = i128::from(wanted) * i128::from(as_of.millis() - from.millis())
            / i128::from((next.millis() - from.millis()).max(1));
        let state = if done >= wanted {
            VisitState::Met
        } else if i128::from(done) >= share {
            VisitState::OnTrack
        } else if done + planned >= wanted {
            VisitState::AtRisk
        } else {
            VisitState::Behind
        };
        VisitCompliance { required, done, planned, state }
    }
}

/// How visits stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitState {
    /// Fewer than the time passed asks for, and too few planned.
    Behind,
    /// Fewer than the time passed asks for, but planned.
    AtRisk,
    /// As many as the time passed asks for.
    OnTrack,
    /// All of the year.
    Met,
}

/// The visits of a dossier in the year of `as_of`: made, planned, and asked for.
#[must_use]
pub fn visits(view: &View, policies: &Policies, as_of: Timestamp) -> VisitCompliance {
    let (from, next) = Period::Year.around(as_of);
    let customer: Option<&RecordId> = view.customer.as_ref();
    let grade = customer.and_then(|id| view.record(id)).and_then(|record| record.text("grade")).unwrap_or("normal");
    let required = policies.at(from).0.visits.get(grade).copied().flatten();
    let count = |records: usize| i64::try_from(records).unwrap_or(i64::MAX);
    let visits = || view.records.iter().filter(|record| record.kind.code == "visit" && !record.is_void());
    let done = count(visits().filter_map(made).filter(|at| *at >= from && *at <= as_of).count());
    let planned_on = |visit: &crate::view::Record| visit.get("planned_on").and_then(Value::as_date);
    let planned = visits().filter(|visit| visit.state() == Some("planned")).filter_map(planned_on);
    let planned = count(planned.filter(|day| *day >= as_of.day() && *day < next.day()).count());
    VisitCompliance::of(required, done, planned, as_of)
}
