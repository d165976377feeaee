//! Limits of what is done for one customer.

use vocab::{Role, Timestamp};

use super::calendar::Account;
use super::moments::{What, made, moments};
use super::{Calendar, Case, Limit, Receipt, Receipts, sorted};
use crate::kinds::COMPLAINT_STEPS;
use crate::policy::{LimitCode, Policies};
use crate::schema::{ASSESSORS, FRONT_LINE, SUPERVISORS};
use crate::value::Value;
use crate::view::{Record, Step, View};

const HOTLINE: &[Role] = &[Role::Hotline];
const ENGINEERS: &[Role] = &[Role::Engineer];

/// Every limit of a dossier as of an instant: open ones and those that were met or missed. Void records have none.
#[must_use]
pub fn of_dossier(view: &View, policies: &Policies, receipts: &impl Receipts, as_of: Timestamp) -> Vec<Limit> {
    let Some(customer) = customer(view) else { return Vec::new() };
    let judge = |case: &Case<'_>| {
        let received = match case.receipt {
            None => return case.judged(policies, case.end, as_of),
            Some(Receipt::Completion(customer)) => receipts.completed(customer),
            Some(Receipt::Event(event)) => receipts.event(event),
        };
        let end = case.end.zip(received).map(|(authored, received)| authored.max(received));
        case.judged(policies, end, as_of)
    };
    let mut limits: Vec<Limit> = cases(view).iter().filter_map(judge).collect();
    let visits: Vec<(What, Timestamp)> = moments(view).iter().map(|moment| (moment.what, moment.from)).collect();
    let visits: Vec<_> = visits
        .into_iter()
        .filter(|(what, _)| matches!(what, What::Visit | What::ReturnVisit | What::DeepContact))
        .collect();
    let account = Account { grade: customer.text("grade"), since: customer.created.at };
    Calendar::new(policies, as_of).of(account, &visits, |owed| {
        limits.push(Limit {
            code: owed.code,
            part: None,
            record: Some(customer.id.clone()),
            from: owed.from,
            soon: owed.term.soon,
            due: owed.term.due,
            end: owed.end,
            state: owed.state,
            roles: FRONT_LINE,
            staff: customer.text("owner").map(str::to_owned),
            policy: owed.term.policy.cloned(),
        });
    });
    sorted(limits)
}

/// Every limit of a dossier that does not recur by the calendar, in the order of its records. Void records have none, nor has
/// what belongs to a void customer.
#[must_use]
pub fn cases(view: &View) -> Vec<Case<'_>> {
    let mut found = Vec::new();
    let Some(customer) = customer(view) else { return found };
    let complete = customer_limits(&mut found, view, customer);
    for record in live(view) {
        match record.kind.code {
            "assessment" => assessment(&mut found, view, record, complete),
            "task" => {
                progress(&mut found, record);
                task(&mut found, view, record, customer);
            }
            "feedback" => feedback(&mut found, record),
            "inquiry" | "complaint" => reply(&mut found, record),
            "visit" => visit(&mut found, record),
            _ => {}
        }
        if record.kind.code == "complaint" {
            complaint(&mut found, record);
        }
    }
    found
}

fn customer(view: &View) -> Option<&Record> {
    view.customer.as_ref().and_then(|id| view.record(id)).filter(|record| !record.is_void())
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

fn case(code: LimitCode, record: &Record, from: Timestamp, end: Option<Timestamp>) -> Case<'_> {
    Case { code, part: None, record: &record.id, from, end, roles: FRONT_LINE, staff: None, grade: None, receipt: None }
}

/// L1, L2. Returns when the dossier was complete.
fn customer_limits<'a>(found: &mut Vec<Case<'a>>, view: &'a View, customer: &'a Record) -> Option<Timestamp> {
    let created = customer.created.at;
    // Whoever called before they were entered was in contact from then on.
    let contacts = live(view).filter_map(|record| time(record, "received_at"));
    let contact = contacts.chain([created]).min().unwrap_or(created);
    let staff = customer.text("owner");
    found.push(Case { staff, ..case(LimitCode::L1, customer, contact, Some(created)) });
    let complete = customer.reached.get("complete").copied();
    let receipt = Some(Receipt::Completion(&customer.id));
    found.push(Case { staff, receipt, ..case(LimitCode::L2, customer, contact, complete) });
    complete
}

/// L3, L4.
fn assessment<'a>(found: &mut Vec<Case<'a>>, view: &View, record: &'a Record, complete: Option<Timestamp>) {
    let raised = record.created.at;
    let staff = record.text("assessor");
    let quantified = record.reached.get("quantified").copied();
    found.push(Case { roles: ASSESSORS, staff, ..case(LimitCode::L3, record, raised, quantified) });
    let Some(complete) = complete else { return };
    let approved = record
        .steps
        .iter()
        .find(|step| step.code == "approved" || (step.code == "imported" && step.data.contains_key("assessed_on")));
    let task =
        of(view, "task").filter(|task| task.parent() == Some(record.id.as_str())).map(|task| task.created.at).min();
    let end = approved.map(|step| step.written.at).zip(task).map(|(approved, task)| approved.max(task));
    found.push(Case { roles: ASSESSORS, staff, ..case(LimitCode::L4, record, complete.max(raised), end) });
}

/// L5: every stretch between two updates from the start to the completion.
fn progress<'a>(found: &mut Vec<Case<'a>>, record: &'a Record) {
    let Some(started) = first(record, &["started"]) else { return };
    let ended = first(record, &["done", "cancelled"]);
    let updates = ["started", "note", "delayed", "done", "cancelled", "signed", "reassigned"];
    let mut from = started;
    let staff = record.text("assignee");
    for at in steps(record, &updates).map(|step| step.written.at).filter(|at| *at > started) {
        found.push(Case { staff, ..case(LimitCode::L5, record, from, Some(at)) });
        from = at;
        if ended.is_some_and(|ended| at >= ended) {
            return;
        }
    }
    if ended.is_none() && matches!(record.state(), Some("in_progress" | "delayed")) {
        found.push(Case { staff, ..case(LimitCode::L5, record, from, None) });
    }
}

/// L6, L8, L13, L14, L15.
fn task<'a>(found: &mut Vec<Case<'a>>, view: &View, record: &'a Record, customer: &'a Record) {
    let staff = record.text("assignee");
    let is_done = matches!(record.state(), Some("done" | "reviewed"));
    if let Some(done) = first(record, &["done", "imported"]).filter(|_| is_done) {
        // A stale review was none: what counts saw the last report.
        let last = steps(record, &["done", "corrected"]).map(|step| step.written.at).max().unwrap_or(done);
        let reviewed = steps(record, &["reviewed", "imported"]).map(|step| step.written.at).find(|at| *at >= last);
        let reviewed = reviewed.filter(|_| record.state() == Some("reviewed"));
        found.push(Case { roles: SUPERVISORS, ..case(LimitCode::L6, record, done, reviewed) });
        let sent = of(view, "feedback").filter(|feedback| feedback.parent() == Some(record.id.as_str()));
        let sent = sent.map(|feedback| feedback.created.at).min();
        found.push(Case { staff, ..case(LimitCode::L8, record, done, sent) });
    }
    if let Some(requested) = record.parent().and_then(|id| view.records.iter().find(|other| other.id.as_str() == id)) {
        response(found, record, customer, requested.created.at);
    }
    if let Some(taken) = first(record, &["started"]) {
        let written = steps(record, &["note", "done", "signed"]).map(|step| step.written.at).find(|at| *at >= taken);
        found.push(Case { roles: ENGINEERS, staff, ..case(LimitCode::L14, record, taken, written) });
    }
    for signed in steps(record, &["signed"]) {
        let at = signed.written.at;
        let receipt = Some(Receipt::Event(&signed.event));
        found.push(Case { roles: ENGINEERS, staff, receipt, ..case(LimitCode::L15, record, at, Some(at)) });
    }
}

/// L13, by the customer's grade: hotline and remote until work starts; on site until somebody is sent and until they are there.
fn response<'a>(found: &mut Vec<Case<'a>>, record: &'a Record, customer: &'a Record, requested: Timestamp) {
    if matches!(record.state(), Some("cancelled")) {
        return;
    }
    let grade = customer.text("grade");
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
        found.push(Case { part: Some(part), roles, staff, grade, ..case(LimitCode::L13, record, requested, *end) });
    }
}

/// L9.
fn feedback<'a>(found: &mut Vec<Case<'a>>, record: &'a Record) {
    if record.get("duplicate_of").is_some() || record.state() == Some("sent") {
        return;
    }
    let received = first(record, &["received"]).unwrap_or(record.created.at);
    let archived = steps(record, &["archived", "imported"])
        .find(|step| step.code == "archived" || step.data.get("state") == Some(&Value::from("archived")));
    let staff = record.text("owner");
    found.push(Case { staff, ..case(LimitCode::L9, record, received, archived.map(|step| step.written.at)) });
}

/// L12: an answer, or for a complaint a reply or the solution. What was written in from paper and had gone on was answered by
/// then at the latest.
fn reply<'a>(found: &mut Vec<Case<'a>>, record: &'a Record) {
    let received = time(record, "received_at").unwrap_or(record.created.at);
    let stated = time(record, "answered_at").or_else(|| time(record, "replied_at"));
    let solution = first(record, &["solution", "closed"]);
    let answered = |step: &&Step| {
        let state = step.data.get("state").and_then(Value::as_text);
        !matches!(state, None | Some("consult" | "collect" | "transferred" | "accepted" | "investigating"))
    };
    let imported = steps(record, &["imported"]).find(answered).map(|step| step.written.at);
    let end = [stated, solution, imported].into_iter().flatten().min();
    found.push(Case { staff: record.text("owner"), ..case(LimitCode::L12, record, received, end) });
}

/// L18: a visit is reported the day it is made; what it found is checked by the end of the next month.
fn visit<'a>(found: &mut Vec<Case<'a>>, record: &'a Record) {
    let Some(made) = made(record).filter(|_| record.text("visit_kind") == Some("return_visit")) else { return };
    let staff = record.text("staff");
    let reported = time(record, "reported_at");
    found.push(Case { part: Some("report"), staff, ..case(LimitCode::L18, record, made, reported) });
    if record.text("follow_ups").is_some_and(|text| !text.is_empty()) {
        let checked = time(record, "checked_at");
        found.push(Case { part: Some("check"), staff, ..case(LimitCode::L18, record, made, checked) });
    }
}

/// L20: every step a complaint went through or is in, each from when the one before ended.
fn complaint<'a>(found: &mut Vec<Case<'a>>, record: &'a Record) {
    let mut push = |part, from, end, staff| {
        found.push(Case { part: Some(part), staff, ..case(LimitCode::L20, record, from, end) });
    };
    let mut entered = time(record, "received_at").unwrap_or(record.created.at);
    let mut step = Some("accepted");
    let mut owner: Option<&str> = None;
    for event in &record.steps {
        let at = event.written.at;
        let named = event.data.get("owner").and_then(Value::as_text);
        let is_imported = event.code == "imported";
        let next = match event.code {
            "reopened" => Some("investigating"),
            "imported" => {
                COMPLAINT_STEPS.codes.iter().copied().find(|code| event.data.get("state") == Some(&(*code).into()))
            }
            code => COMPLAINT_STEPS.codes.contains(&code).then_some(code),
        };
        // The same step taken twice apart is one step.
        if let Some(next) = next.filter(|next| step != Some(next)) {
            // When the steps before an imported row began and ended, nobody wrote down.
            if let Some(part) = step.filter(|_| !is_imported) {
                push(part, entered, Some(at), owner);
            }
            (entered, step) = (at, (next != "closed").then_some(next));
        }
        owner = named.or(owner);
    }
    let Some(stands) = COMPLAINT_STEPS.codes.iter().copied().find(|code| record.state() == Some(code)) else { return };
    if stands != "closed" {
        // Steps taken apart: the rules say where it stands, and since when.
        let from = if step == Some(stands) { entered } else { time(record, "step_since").unwrap_or(entered) };
        push(stands, from, None, owner.or_else(|| record.text("owner")));
    }
}
