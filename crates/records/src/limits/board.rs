//! Limits of a branch as a whole: what supervisors, process managers and management owe.

use vocab::{Day, Timestamp};

use super::{Case, Judge, Limit, LimitState, present_and_last, sorted};
use crate::policy::{LimitCode, Period, Policies, Span};
use crate::schema::{ADMINISTRATORS, MANAGERS, SUPERVISORS};
use crate::value::Value;
use crate::view::{Record, View};

/// How far back daily checks are listed, in days.
const CHECK_DAYS_MAX: i64 = 31;
const DAY_MS: i64 = 86_400_000;

/// L7, L10 and L11 of a branch that has worked since `since`.
#[must_use]
pub fn of_board(view: &View, policies: &Policies, since: Timestamp, as_of: Timestamp) -> Vec<Limit> {
    let mut judge = Judge { policies, as_of, limits: Vec::new() };
    daily_checks(&mut judge, view, since);
    let kind = |record: &Record, code: &str, name: &str, value: &str| {
        record.kind.code == code && record.text(name) == Some(value) && !record.is_void()
    };
    for (part, review_kind, roles) in [("cleaning", "cleaning", SUPERVISORS), ("process", "process", MANAGERS)] {
        let held = |record: &Record| {
            kind(record, "review", "review_kind", review_kind)
                .then(|| day_of(record, "held_on", record.created.at))
                .flatten()
        };
        recurring(&mut judge, LimitCode::L10, part, roles, since, view.records.iter().filter_map(held).collect());
    }
    let trainings = view.records.iter().filter(|record| record.kind.code == "training" && !record.is_void());
    let refreshed = trainings.flat_map(|record| {
        let steps = record.steps.iter().filter(|step| step.code == "refreshed").map(|step| step.written.at);
        steps.chain([record.created.at]).collect::<Vec<_>>()
    });
    recurring(&mut judge, LimitCode::L11, "content", MANAGERS, since, refreshed.collect());
    sorted(judge.limits)
}

/// A day as an instant: that of writing where it was the same day, else its noon.
fn day_of(record: &Record, field: &str, written: Timestamp) -> Option<Timestamp> {
    let day = record.get(field).and_then(Value::as_date)?;
    let noon = day.to_naive().and_hms_opt(12, 0, 0).and_then(Timestamp::from_local)?;
    Some(if written.day() == day { written } else { noon })
}

fn recurring(
    judge: &mut Judge<'_>,
    code: LimitCode,
    part: &'static str,
    roles: &'static [vocab::Role],
    since: Timestamp,
    times: Vec<Timestamp>,
) {
    let Some(Span::Each(period)) = judge.policies.at(judge.as_of).0.span(code) else { return };
    for (from, until) in present_and_last(period, judge.as_of, since) {
        let end = times.iter().copied().filter(|at| (from..=until).contains(at)).min();
        judge.judge_until(Case { code, part: Some(part), record: None, from, end, roles, staff: None }, until);
    }
}

/// L7: each working day of the last month, signed by its end.
fn daily_checks(judge: &mut Judge<'_>, view: &View, since: Timestamp) {
    let first = since.max(judge.as_of.plus_millis(-CHECK_DAYS_MAX * DAY_MS)).day();
    let policies = judge.policies;
    let days: Vec<Day> = policies.at(judge.as_of).0.working_days_between(first, judge.as_of.day()).collect();
    for day in days {
        let Some(midnight) = day.to_naive().and_hms_opt(0, 0, 0).and_then(Timestamp::from_local) else { continue };
        let (from, next) = Period::Day.around(midnight);
        let signed = view.records.iter().filter(|record| record.kind.code == "daily_check" && !record.is_void());
        let signed = signed.filter(|record| record.get("day").and_then(Value::as_date) == Some(day));
        let end = signed.map(|record| record.created.at).min();
        let case = Case { code: LimitCode::L7, part: None, record: None, from, end, roles: SUPERVISORS, staff: None };
        judge.judge_until(case, next.plus_millis(-1));
    }
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
