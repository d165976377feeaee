//! Limits of what is done for one customer.

use serde::Serialize;
use vocab::{RecordId, Role, Timestamp};

use super::{Case, Judge, Limit, Receipts, last_instant, present_and_last, sorted};
use crate::policy::{LimitCode, Period, Policies, Span};
use crate::schema::{ASSESSORS, FRONT_LINE, SUPERVISORS};
use crate::value::Value;
use crate::view::{Record, Step, View};

const HOTLINE: &[Role] = &[Role::Hotline];
const ENGINEERS: &[Role] = &[Role::Engineer];

/// Every limit of a dossier as of an instant: open ones and those that were met or missed. Void records have none.
#[must_use]
pub fn of_dossier(view: &View, policies: &Policies, receipts: &impl Receipts, as_of: Timestamp) -> Vec<Limit> {
    let mut judge = Judge { policies, as_of, limits: Vec::new() };
    let Some(customer) = view.customer.as_ref().and_then(|id| view.record(id)).filter(|record| !record.is_void())
    else {
        return Vec::new();
    };
    let complete = customer_limits(&mut judge, view, customer, receipts);
    for record in live(view) {
        match record.kind.code {
            "assessment" => assessment(&mut judge, view, record, complete),
            "task" => {
                progress(&mut judge, record);
                task(&mut judge, view, record, customer, receipts);
            }
            "feedback" => feedback(&mut judge, record),
            "inquiry" | "complaint" => reply(&mut judge, record),
            "visit" => visit(&mut judge, record),
            _ => {}
        }
        if record.kind.code == "complaint" {
            complaint(&mut judge, record);
        }
    }
    sorted(judge.limits)
}

fn live(view: &View) -> impl Iterator<Item = &Record> {
    view.records.iter().filter(|record| !record.is_void())
}

fn of<'a>(view: &'a View, kind: &'a str) -> impl Iterator<Item = &'a Record> {
    live(view).filter(move |record| record.kind.code == kind)
}

fn time(record: &Record, field: &str) -> Option<Timestamp> {
    record.get(field).and_then(Value::as_time)
}

fn steps<'a>(record: &'a Record, codes: &'a [&str]) -> impl Iterator<Item = &'a Step> {
    record.steps.iter().filter(move |step| codes.contains(&step.code))
}

fn first(record: &Record, codes: &[&str]) -> Option<Timestamp> {
    steps(record, codes).map(|step| step.written.at).next()
}

fn case<'a>(code: LimitCode, record: &'a Record, from: Timestamp, end: Option<Timestamp>) -> Case<'a> {
    Case { code, part: None, record: Some(&record.id), from, end, roles: FRONT_LINE, staff: None }
}

/// L1, L2, L16, L18, L19. Returns when the dossier was complete.
fn customer_limits(
    judge: &mut Judge<'_>,
    view: &View,
    customer: &Record,
    receipts: &impl Receipts,
) -> Option<Timestamp> {
    let created = customer.created.at;
    // Whoever called before they were entered was in contact from then on.
    let contacts = live(view).filter_map(|record| time(record, "received_at"));
    let contact = contacts.chain([created]).min().unwrap_or(created);
    let owner = customer.text("owner");
    judge.judge(Case { staff: owner, ..case(LimitCode::L1, customer, contact, Some(created)) });
    let complete = customer.reached.get("complete").copied();
    let shared = complete.zip(receipts.completed(&customer.id)).map(|(complete, received)| complete.max(received));
    judge.judge(Case { staff: owner, ..case(LimitCode::L2, customer, contact, shared) });
    yearly_visits(judge, view, customer);
    if matches!(customer.text("grade"), Some("vip" | "core")) {
        for (code, visit_kind) in [(LimitCode::L18, "return_visit"), (LimitCode::L19, "deep_contact")] {
            let Some(Span::Each(period)) = judge.policies.at(judge.as_of).0.span(code) else { continue };
            for (from, until) in present_and_last(period, judge.as_of, created) {
                let done = visits_done(view, visit_kind).filter(|at| (from..=until).contains(at)).min();
                judge.judge_until(Case { staff: owner, ..case(code, customer, from, done) }, until);
            }
        }
    }
    complete
}

/// When visits of a sort were made: the day they were made on, at the hour of the report where that was the same day.
fn visits_done<'a>(view: &'a View, visit_kind: &'a str) -> impl Iterator<Item = Timestamp> + 'a {
    of(view, "visit").filter(move |visit| visit.text("visit_kind") == Some(visit_kind)).filter_map(made)
}

fn made(visit: &Record) -> Option<Timestamp> {
    let day = visit.get("done_on").and_then(Value::as_date)?;
    let reported = first(visit, &["done", "imported"])?;
    let midnight = day.to_naive().and_hms_opt(0, 0, 0).and_then(Timestamp::from_local)?;
    Some(if reported.day() == day { reported } else { midnight })
}

/// L16: as many visits a year as the grade asks for, of any sort; due at the end of the year.
fn yearly_visits(judge: &mut Judge<'_>, view: &View, customer: &Record) {
    let (from, _) = Period::Year.around(judge.as_of);
    let Some(grade) = customer.text("grade") else { return };
    let Some(required) = judge.policies.at(from).0.visits.get(grade).copied().flatten() else { return };
    let Some(last) = usize::try_from(required).ok().and_then(|required| required.checked_sub(1)) else { return };
    let mut done: Vec<Timestamp> =
        of(view, "visit").filter_map(made).filter(|at| *at >= from && *at <= judge.as_of).collect();
    done.sort_unstable();
    let staff = customer.text("owner");
    let until = last_instant(Period::Year, from);
    judge.judge_until(Case { staff, ..case(LimitCode::L16, customer, from, done.get(last).copied()) }, until);
}

/// L3, L4.
fn assessment(judge: &mut Judge<'_>, view: &View, record: &Record, complete: Option<Timestamp>) {
    let raised = record.created.at;
    let staff = record.text("assessor");
    let quantified = record.reached.get("quantified").copied();
    judge.judge(Case { roles: ASSESSORS, staff, ..case(LimitCode::L3, record, raised, quantified) });
    let Some(complete) = complete else { return };
    let approved = record
        .steps
        .iter()
        .find(|step| step.code == "approved" || (step.code == "imported" && step.data.contains_key("assessed_on")));
    let task =
        of(view, "task").filter(|task| task.parent() == Some(record.id.as_str())).map(|task| task.created.at).min();
    let end = approved.map(|step| step.written.at).zip(task).map(|(approved, task)| approved.max(task));
    judge.judge(Case { roles: ASSESSORS, staff, ..case(LimitCode::L4, record, complete.max(raised), end) });
}

/// L5: every stretch between two updates from the start to the completion.
fn progress(judge: &mut Judge<'_>, record: &Record) {
    let Some(started) = first(record, &["started"]) else { return };
    let ended = first(record, &["done", "cancelled"]);
    let updates = ["started", "note", "delayed", "done", "cancelled", "signed", "reassigned"];
    let mut from = started;
    let staff = record.text("assignee");
    for at in steps(record, &updates).map(|step| step.written.at).filter(|at| *at > started) {
        judge.judge(Case { staff, ..case(LimitCode::L5, record, from, Some(at)) });
        from = at;
        if ended.is_some_and(|ended| at >= ended) {
            return;
        }
    }
    if ended.is_none() && matches!(record.state(), Some("in_progress" | "delayed")) {
        judge.judge(Case { staff, ..case(LimitCode::L5, record, from, None) });
    }
}

/// L6, L8, L13, L14, L15.
fn task(judge: &mut Judge<'_>, view: &View, record: &Record, customer: &Record, receipts: &impl Receipts) {
    let staff = record.text("assignee");
    let is_done = matches!(record.state(), Some("done" | "reviewed"));
    if let Some(done) = first(record, &["done", "imported"]).filter(|_| is_done) {
        // A stale review was none: what counts saw the last report.
        let last = steps(record, &["done", "corrected"]).map(|step| step.written.at).max().unwrap_or(done);
        let reviewed = steps(record, &["reviewed", "imported"]).map(|step| step.written.at).find(|at| *at >= last);
        let reviewed = reviewed.filter(|_| record.state() == Some("reviewed"));
        judge.judge(Case { roles: SUPERVISORS, ..case(LimitCode::L6, record, done, reviewed) });
        let sent = of(view, "feedback").filter(|feedback| feedback.parent() == Some(record.id.as_str()));
        let sent = sent.map(|feedback| feedback.created.at).min();
        judge.judge(Case { staff, ..case(LimitCode::L8, record, done, sent) });
    }
    if let Some(requested) = record.parent().and_then(|id| view.records.iter().find(|other| other.id.as_str() == id)) {
        response(judge, record, customer, requested.created.at);
    }
    if let Some(taken) = first(record, &["started"]) {
        let written = steps(record, &["note", "done", "signed"]).map(|step| step.written.at).find(|at| *at >= taken);
        judge.judge(Case { roles: ENGINEERS, staff, ..case(LimitCode::L14, record, taken, written) });
    }
    for signed in steps(record, &["signed"]) {
        let handed_in = receipts.event(&signed.event).map(|received| received.max(signed.written.at));
        judge.judge(Case { roles: ENGINEERS, staff, ..case(LimitCode::L15, record, signed.written.at, handed_in) });
    }
}

/// L13, by the customer's grade: hotline and remote until work starts; on site until somebody is sent and until they are there.
fn response(judge: &mut Judge<'_>, record: &Record, customer: &Record, requested: Timestamp) {
    if matches!(record.state(), Some("cancelled")) {
        return;
    }
    let grade = customer.text("grade").unwrap_or("normal").to_owned();
    let started = first(record, &["started", "done", "imported"]);
    let staff = record.text("assignee");
    let assigned = first(record, &["assigned", "started", "reassigned", "imported", "done"]);
    let parts: &[(&'static str, Option<Timestamp>, &'static [Role])] = match record.text("mode") {
        Some("hotline") => &[("hotline", started, HOTLINE)],
        Some("remote") => &[("remote", started, HOTLINE)],
        Some("onsite") => &[("dispatch", assigned, HOTLINE), ("onsite", started, ENGINEERS)],
        _ => &[],
    };
    for (part, end, roles) in parts {
        let case = Case { part: Some(part), roles, staff, ..case(LimitCode::L13, record, requested, *end) };
        judge.judge_minutes(case, |policy| {
            let response = policy.response.get(&grade)?;
            Some(match *part {
                "hotline" => response.hotline,
                "remote" => response.remote,
                "dispatch" => response.dispatch,
                _ => response.onsite,
            })
        });
    }
}

/// L9.
fn feedback(judge: &mut Judge<'_>, record: &Record) {
    if record.get("duplicate_of").is_some() || record.state() == Some("sent") {
        return;
    }
    let received = first(record, &["received"]).unwrap_or(record.created.at);
    let archived = steps(record, &["archived", "imported"])
        .find(|step| step.code == "archived" || step.data.get("state") == Some(&Value::from("archived")));
    let staff = record.text("owner");
    judge.judge(Case { staff, ..case(LimitCode::L9, record, received, archived.map(|step| step.written.at)) });
}

/// L12: an answer, or for a complaint a reply or the solution.
fn reply(judge: &mut Judge<'_>, record: &Record) {
    let received = time(record, "received_at").unwrap_or(record.created.at);
    let stated = time(record, "answered_at").or_else(|| time(record, "replied_at"));
    let solution = first(record, &["solution"]);
    let end = [stated, solution].into_iter().flatten().min();
    judge.judge(Case { staff: record.text("owner"), ..case(LimitCode::L12, record, received, end) });
}

/// L18: a visit is reported the day it is made; what it found is checked by the end of the next month.
fn visit(judge: &mut Judge<'_>, record: &Record) {
    let Some(made) = made(record).filter(|_| record.text("visit_kind") == Some("return_visit")) else { return };
    let staff = record.text("staff");
    let reported = time(record, "reported_at");
    let report = Case { part: Some("report"), staff, ..case(LimitCode::L18, record, made, reported) };
    judge.judge_until(report, last_instant(Period::Day, made));
    if record.text("follow_ups").is_some_and(|text| !text.is_empty()) {
        let checked = time(record, "checked_at");
        let next = Period::Month.around(made).1;
        let check = Case { part: Some("check"), staff, ..case(LimitCode::L18, record, made, checked) };
        judge.judge_until(check, last_instant(Period::Month, next));
    }
}

/// L20: every step a complaint went through or is in, each from when the one before ended.
fn complaint(judge: &mut Judge<'_>, record: &Record) {
    let flow = ["investigating", "solution", "executing", "follow_up", "closed", "reopened"];
    let mut entered = time(record, "received_at").unwrap_or(record.created.at);
    let mut step = Some("accepted");
    let mut owner: Option<&str> = None;
    for event in
        steps(record, &["assigned", "investigating", "solution", "executing", "follow_up", "closed", "reopened"])
    {
        let at = event.written.at;
        let named = event.data.get("owner").and_then(Value::as_text);
        if flow.contains(&event.code) {
            let next = if event.code == "reopened" { "investigating" } else { event.code };
            // The same step taken twice apart is one step.
            if step == Some(next) {
                continue;
            }
            if let Some(part) = step {
                step_limit(judge, record, part, entered, Some(at), owner);
            }
            (entered, step) = (at, (next != "closed").then_some(next));
        }
        owner = named.or(owner);
    }
    if let Some(part) = step.filter(|part| record.state() == Some(part)) {
        step_limit(judge, record, part, entered, None, owner.or_else(|| record.text("owner")));
    }
}

fn step_limit(
    judge: &mut Judge<'_>,
    record: &Record,
    part: &'static str,
    from: Timestamp,
    end: Option<Timestamp>,
    staff: Option<&str>,
) {
    let case = Case { part: Some(part), staff, ..case(LimitCode::L20, record, from, end) };
    judge.judge_minutes(case, |policy| policy.complaint_steps.get(part).copied());
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

/// The visits of a dossier in the year of `as_of`: made, planned, and asked for. The time passed asks for its share, rounded
/// down: of four a year none by the end of March the 31st, one from April the 2nd on.
#[must_use]
pub fn visits(view: &View, policies: &Policies, as_of: Timestamp) -> VisitCompliance {
    let (from, next) = Period::Year.around(as_of);
    let customer: Option<&RecordId> = view.customer.as_ref();
    let grade = customer.and_then(|id| view.record(id)).and_then(|record| record.text("grade")).unwrap_or("normal");
    let required = policies.at(from).0.visits.get(grade).copied().flatten();
    let count = |records: usize| i64::try_from(records).unwrap_or(i64::MAX);
    let done = count(of(view, "visit").filter_map(made).filter(|at| *at >= from && *at <= as_of).count());
    let planned_on = |visit: &Record| visit.get("planned_on").and_then(Value::as_date);
    let planned = of(view, "visit").filter(|visit| visit.state() == Some("planned")).filter_map(planned_on);
    let planned = count(planned.filter(|day| *day >= as_of.day() && *day < next.day()).count());
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
