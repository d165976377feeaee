//! Limits of a branch as a whole: what supervisors, process managers and management owe.

use vocab::{Day, Role, Timestamp};

use super::moments::{Moment, What, moments};
use super::{Limit, LimitState, present_and_last, sorted};
use crate::policy::{LimitCode, Period, Policies, Span};
use crate::schema::{ADMINISTRATORS, MANAGERS, SUPERVISORS};
use crate::view::View;

/// How far back daily checks are listed, in days.
const CHECK_DAYS_MAX: i64 = 31;
const DAY_MS: i64 = 86_400_000;

/// What the board of a branch says of what the branch owes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Board {
    moments: Vec<(What, Timestamp, Option<Timestamp>)>,
}

impl Board {
    /// The moments that matter to the branch as a whole.
    pub const WHATS: [What; 4] = [What::Check, What::Cleaning, What::Process, What::Refreshed];

    /// A board of these moments: what, when, and until when.
    pub fn of(moments: impl IntoIterator<Item = (What, Timestamp, Option<Timestamp>)>) -> Board {
        Board { moments: moments.into_iter().collect() }
    }

    /// L7, L10 and L11 of a branch that has worked since `since`.
    #[must_use]
    pub fn limits(&self, policies: &Policies, since: Timestamp, as_of: Timestamp) -> Vec<Limit> {
        let mut owed = Owed { policies, as_of, limits: Vec::new() };
        self.daily_checks(&mut owed, since);
        for (what, part, roles) in [(What::Cleaning, "cleaning", SUPERVISORS), (What::Process, "process", MANAGERS)] {
            owed.each_period(LimitCode::L10, part, roles, since, &self.times(what));
        }
        owed.each_period(LimitCode::L11, "content", MANAGERS, since, &self.times(What::Refreshed));
        sorted(owed.limits)
    }

    fn times(&self, what: What) -> Vec<Timestamp> {
        self.moments.iter().filter(|(found, ..)| *found == what).map(|(_, at, _)| *at).collect()
    }

    /// L7: each working day of the last month, signed by its end.
    fn daily_checks(&self, owed: &mut Owed<'_>, since: Timestamp) {
        let first = since.max(owed.as_of.plus_millis(-CHECK_DAYS_MAX * DAY_MS)).day();
        let policies = owed.policies;
        let days: Vec<Day> = policies.at(owed.as_of).0.working_days_between(first, owed.as_of.day()).collect();
        for day in days {
            let Some(midnight) = day.to_naive().and_hms_opt(0, 0, 0).and_then(Timestamp::from_local) else { continue };
            let (from, next) = Period::Day.around(midnight);
            let of_day = self.moments.iter().filter(|(what, at, _)| *what == What::Check && *at == from);
            let end = of_day.filter_map(|(.., signed)| *signed).min();
            owed.push(LimitCode::L7, None, SUPERVISORS, from, end, next.plus_millis(-1));
        }
    }
}

/// Collects what is owed at an instant.
struct Owed<'a> {
    policies: &'a Policies,
    as_of: Timestamp,
    limits: Vec<Limit>,
}

impl Owed<'_> {
    fn each_period(
        &mut self,
        code: LimitCode,
        part: &'static str,
        roles: &'static [Role],
        since: Timestamp,
        times: &[Timestamp],
    ) {
        let Some(Span::Each(period)) = self.policies.at(self.as_of).0.span(code) else { return };
        for (from, until) in present_and_last(period, self.as_of, since) {
            let end = times.iter().copied().filter(|at| (from..=until).contains(at)).min();
            self.push(code, Some(part), roles, from, end, until);
        }
    }

    fn push(
        &mut self,
        code: LimitCode,
        part: Option<&'static str>,
        roles: &'static [Role],
        from: Timestamp,
        end: Option<Timestamp>,
        until: Timestamp,
    ) {
        if from > self.as_of {
            return;
        }
        let term = self.policies.term_until(code, from, until);
        let end = end.filter(|end| *end <= self.as_of);
        self.limits.push(Limit {
            code,
            part,
            record: None,
            from,
            soon: term.soon,
            due: term.due,
            end,
            state: LimitState::at(self.as_of, term.soon, term.due, end),
            roles,
            staff: None,
            policy: term.policy.cloned(),
        });
    }
}

/// L7, L10 and L11 of a branch that has worked since `since`, from its board.
#[must_use]
pub fn of_board(view: &View, policies: &Policies, since: Timestamp, as_of: Timestamp) -> Vec<Limit> {
    let of_board = moments(view).into_iter().map(|Moment { what, from, end, .. }| (what, from, end));
    Board::of(of_board).limits(policies, since, as_of)
}

/// L17: every change of the grading standard, missed when the one before was less than the period ago. `due` is when it
/// was allowed again.
#[must_use]
pub fn of_policy(policies: &Policies, as_of: Timestamp) -> Vec<Limit> {
    let mut limits = Vec::new();
    let mut last: Option<(&str, Timestamp)> = None;
    for version in policies.versions().iter().filter(|version| version.written.at <= as_of) {
        let (grading, at) = (version.policy.grading.as_str(), version.written.at);
        let Some((before, from)) = last else {
            last = Some((grading, at));
            continue;
        };
        if before == grading {
            continue;
        }
        let (policy, id) = policies.at(from);
        let due = match policy.span(LimitCode::L17) {
            Some(Span::Minutes(minutes)) => policy.after(LimitCode::L17, from, minutes),
            Some(Span::Each(period)) => plus_period(from, period),
            None => from,
        };
        limits.push(Limit {
            code: LimitCode::L17,
            part: None,
            record: Some(version.id.clone()),
            from,
            soon: due,
            due,
            end: Some(at),
            state: if at >= due { LimitState::Met } else { LimitState::Missed },
            roles: ADMINISTRATORS,
            staff: None,
            policy: id.cloned(),
        });
        last = Some((grading, at));
    }
    sorted(limits)
}

/// The same moment one period later.
fn plus_period(from: Timestamp, period: Period) -> Timestamp {
    let local = from.local();
    let later = match period {
        Period::Day => local.checked_add_days(chrono::Days::new(1)),
        Period::Week => local.checked_add_days(chrono::Days::new(7)),
        Period::Month => local.checked_add_months(chrono::Months::new(1)),
        Period::Quarter => local.checked_add_months(chrono::Months::new(3)),
        Period::Year => local.checked_add_months(chrono::Months::new(12)),
    };
    later.and_then(Timestamp::from_local).unwrap_or(Timestamp::MAX)
}
