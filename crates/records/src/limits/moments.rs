//! Moments and stretches of a document that questions about a whole branch are answered from: visits made, checks signed, and
//! what a daily check has to look at.

use vocab::{RecordId, Timestamp};

use crate::policy::Period;
use crate::value::Value;
use crate::view::{Record, Step, View};

/// What a moment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// A task that somebody said would take longer, until it goes on or ends.
    Delayed,
    /// A task past its estimate, until there is another or it ends. Begins with the last instant that was in time.
    PastDue,
    /// An approved assessment, until a task is made for it.
    WithoutTask,
    /// A critical complaint, until it is closed.
    Critical,
    /// A visit that was made.
    Visit,
    /// A return visit that was made.
    ReturnVisit,
    /// A deep contact that was made.
    DeepContact,
    /// From the beginning of the day that a daily check is about until it was signed.
    Check,
    /// Customer records were cleaned.
    Cleaning,
    /// The process was reviewed.
    Process,
    /// Training content was made or refreshed.
    Refreshed,
}

impl What {
    /// Every sort of moment.
    pub const ALL: [What; 11] = [
        What::Delayed,
        What::PastDue,
        What::WithoutTask,
        What::Critical,
        What::Visit,
        What::ReturnVisit,
        What::DeepContact,
        What::Check,
        What::Cleaning,
        What::Process,
        What::Refreshed,
    ];

    /// The code in tables.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            What::Delayed => "delayed",
            What::PastDue => "past_due",
            What::WithoutTask => "without_task",
            What::Critical => "critical",
            What::Visit => "visit",
            What::ReturnVisit => "return_visit",
            What::DeepContact => "deep_contact",
            What::Check => "check",
            What::Cleaning => "cleaning",
            What::Process => "process",
            What::Refreshed => "refreshed",
        }
    }

    /// The sort with this code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<What> {
        What::ALL.into_iter().find(|what| what.code() == code)
    }
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment<'a> {
    /// What.
    pub what: What,
    /// The record.
    pub record: &'a RecordId,
    /// When, or since when.
    pub from: Timestamp,
    /// Until when, of what lasts.
    pub end: Option<Timestamp>,
    /// Whose it is.
    pub staff: Option<&'a str>,
}

/// Every moment of a document, in the order of its records. Void records have none.
#[must_use]
pub fn moments(view: &View) -> Vec<Moment<'_>> {
    let mut found = Vec::new();
    for record in view.records.iter().filter(|record| !record.is_void()) {
        match record.kind.code {
            "task" => task(record, &mut found),
            "assessment" => found.extend(without_task(view, record)),
            "complaint" => critical(record, &mut found),
            "visit" => found.extend(visited(record)),
            "daily_check" | "review" => found.extend(held(record)),
            "training" => refreshed(record, &mut found),
            _ => {}
        }
    }
    found
}

fn moment<'a>(what: What, record: &'a Record, from: Timestamp, end: Option<Timestamp>) -> Moment<'a> {
    Moment { what, record: &record.id, from, end, staff: None }
}

/// What a step of a task does to its state: an imported row says it in its data.
fn leads(step: &Step) -> &str {
    let imported = || step.data.get("status").and_then(Value::as_text);
    if step.code == "imported" { imported().unwrap_or_default() } else { step.code }
}

fn task<'a>(record: &'a Record, found: &mut Vec<Moment<'a>>) {
    let staff = record.text("assignee");
    let ends = |step: &Step| matches!(leads(step), "done" | "reviewed" | "cancelled");
    let is_open = matches!(record.state(), Some("assigned" | "in_progress" | "delayed"));
    let last = record.steps.last().map_or(record.created.at, |step| step.written.at);
    let over = if is_open {
        None
    } else {
        Some(record.steps.iter().find(|step| ends(step)).map_or(last, |step| step.written.at))
    };
    let before_end = |step: &&Step| over.is_none_or(|over| step.written.at < over);
    let mut stretches: Vec<(Timestamp, Option<Timestamp>)> = Vec::new();
    for step in record.steps.iter().filter(before_end) {
        let open = stretches.last_mut().filter(|(_, end)| end.is_none());
        match (leads(step), open) {
            ("delayed", None) => stretches.push((step.written.at, None)),
            ("started" | "in_progress", Some((_, end))) => *end = Some(step.written.at),
            _ => {}
        }
    }
    // Where work was done apart, the rules say whether it stands delayed; the order of the clock does not.
    if let Some((_, end)) = stretches.last_mut() {
        match (end.is_some(), record.state() == Some("delayed")) {
            (true, true) => *end = None,
            (false, false) => *end = over.or(Some(last)),
            _ => {}
        }
    }
    let delayed = |(from, end)| Moment { staff, ..moment(What::Delayed, record, from, end) };
    found.extend(stretches.into_iter().map(delayed));
    let time = |field: &str| record.get(field).and_then(Value::as_time);
    let given = time("first_due_at").map(|due| (record.created.at, due));
    let steps = record.steps.iter().filter(before_end).filter(|step| step.code == "delayed");
    let again = steps.filter_map(|step| Some((step.written.at, step.data.get("due_at").and_then(Value::as_time)?)));
    let mut estimates: Vec<(Timestamp, Timestamp)> = given.into_iter().chain(again).collect();
    // Of estimates made apart the later counts, whatever was written last.
    if let (Some(last), Some(due)) = (estimates.last_mut(), time("due_at")) {
        last.1 = due;
    }
    for (place, (said, due)) in estimates.iter().enumerate() {
        let end = estimates.get(place + 1).map(|(at, _)| *at).or(over);
        let from = (*due).max(*said);
        if end.is_none_or(|end| end > from) {
            found.push(Moment { staff, ..moment(What::PastDue, record, from, end) });
        }
    }
}

fn without_task<'a>(view: &'a View, record: &'a Record) -> Option<Moment<'a>> {
    if record.state() != Some("approved") {
        return None;
    }
    let approved = record.steps.iter().rfind(|step| matches!(step.code, "approved" | "imported"))?.written.at;
    let tasks = view.records.iter().filter(|task| task.kind.code == "task" && !task.is_void());
    let made = tasks.filter(|task| task.parent() == Some(record.id.as_str())).map(|task| task.created.at).min();
    let staff = record.text("assessor");
    made.is_none_or(|made| made > approved)
        .then(|| Moment { staff, ..moment(What::WithoutTask, record, approved, made) })
}

fn critical<'a>(record: &'a Record, found: &mut Vec<Moment<'a>>) {
    if record.text("severity") != Some("critical") {
        return;
    }
    let received = record.get("received_at").and_then(Value::as_time).unwrap_or(record.created.at);
    let mut stretches = vec![(received, None)];
    for step in &record.steps {
        let closes = step.code == "closed"
            || (step.code == "imported" && step.data.get("state") == Some(&Value::from("closed")));
        let open = stretches.last_mut().filter(|(_, end)| end.is_none());
        match open {
            Some((_, end)) if closes => *end = Some(step.written.at),
            None if step.code == "reopened" => stretches.push((step.written.at, None)),
            _ => {}
        }
    }
    if let Some((_, end)) = stretches.last_mut() {
        match (end.is_some(), record.state() == Some("closed")) {
            (true, false) => *end = None,
            (false, true) => *end = Some(record.updated.at),
            _ => {}
        }
    }
    let staff = record.text("owner");
    found
        .extend(stretches.into_iter().map(|(from, end)| Moment { staff, ..moment(What::Critical, record, from, end) }));
}

fn visited(record: &Record) -> Option<Moment<'_>> {
    let what = match record.text("visit_kind")? {
        "visit" => What::Visit,
        "return_visit" => What::ReturnVisit,
        "deep_contact" => What::DeepContact,
        _ => return None,
    };
    Some(Moment { staff: record.text("staff"), ..moment(what, record, made(record)?, None) })
}

/// When a visit was made: the day it was made on, at the hour of the report where that was the same day.
pub(super) fn made(visit: &Record) -> Option<Timestamp> {
    let day = visit.get("done_on").and_then(Value::as_date)?;
    let reported = visit.steps.iter().find(|step| matches!(step.code, "done" | "imported"))?.written.at;
    let midnight = day.to_naive().and_hms_opt(0, 0, 0).and_then(Timestamp::from_local)?;
    Some(if reported.day() == day { reported } else { midnight })
}

/// A check or a review.
fn held(record: &Record) -> Option<Moment<'_>> {
    let written = record.created.at;
    let date = |field: &str| record.get(field).and_then(Value::as_date);
    if record.kind.code == "daily_check" {
        let midnight = date("day")?.to_naive().and_hms_opt(0, 0, 0).and_then(Timestamp::from_local)?;
        let staff = record.text("supervisor").or(record.created.author.as_ref().map(|author| author.staff.as_str()));
        return Some(Moment { staff, ..moment(What::Check, record, Period::Day.around(midnight).0, Some(written)) });
    }
    let what = match record.text("review_kind")? {
        "cleaning" => What::Cleaning,
        "process" => What::Process,
        _ => return None,
    };
    // At the moment of writing where that was the same day, else at the day's noon.
    let day = date("held_on")?;
    let noon = day.to_naive().and_hms_opt(12, 0, 0).and_then(Timestamp::from_local)?;
    Some(moment(what, record, if written.day() == day { written } else { noon }, None))
}

fn refreshed<'a>(record: &'a Record, found: &mut Vec<Moment<'a>>) {
    let steps = record.steps.iter().filter(|step| step.code == "refreshed").map(|step| step.written.at);
    found.extend(steps.chain([record.created.at]).map(|at| moment(What::Refreshed, record, at, None)));
}
