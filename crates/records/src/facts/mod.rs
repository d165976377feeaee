//! What a document adds to the figures of its branch: countable facts, the way of every need, and the bars of a timeline.
//!
//! Pure functions of one [`View`], without policy and without an instant: whoever asks leaves out what happened after the
//! instant asked about. Facts stand at the time the work was done by what people said, which for imported rows is what the
//! table said; when something was typed matters only where nothing else is known. Void records have none.
//!
//! Whether two customers are one is no matter of one document: [`Merged`](crate::Merged) says it, and whoever counts
//! customers asks it.

mod bar;
mod counted;
mod need;

pub use bar::{Bar, Estimate, bars};
pub use counted::{Fact, FactCode, facts};
pub use need::{Need, needs};

use std::collections::BTreeMap;

use vocab::{Day, Timestamp};

use crate::value::Value;
use crate::view::{Record, Step, View};

fn live<'a>(view: &'a View, kind: &'a str) -> impl Iterator<Item = &'a Record> {
    view.records.iter().filter(move |record| record.kind.code == kind && !record.is_void())
}

/// The records of a view by id and by what they belong to: a dossier of hundreds is not gone through for each of them.
struct Tree<'a> {
    ids: BTreeMap<&'a str, &'a Record>,
    children: BTreeMap<&'a str, Vec<&'a Record>>,
}

impl<'a> Tree<'a> {
    fn of(view: &'a View) -> Tree<'a> {
        let ids = view.records.iter().map(|record| (record.id.as_str(), record)).collect();
        let mut children: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
        for record in view.records.iter().filter(|record| !record.is_void()) {
            if let Some(parent) = record.parent() {
                children.entry(parent).or_default().push(record);
            }
        }
        Tree { ids, children }
    }

    /// The record with this id, void or not.
    fn get(&self, id: &str) -> Option<&'a Record> {
        self.ids.get(id).copied()
    }

    /// The records of a kind that belong to `parent` and are not void.
    fn children(&self, kind: &'a str, parent: &Record) -> impl Iterator<Item = &'a Record> {
        let all = self.children.get(parent.id.as_str()).map_or(&[][..], Vec::as_slice);
        all.iter().copied().filter(move |record| record.kind.code == kind)
    }
}

fn time(record: &Record, field: &str) -> Option<Timestamp> {
    record.get(field).and_then(Value::as_time)
}

fn date(record: &Record, field: &str) -> Option<Day> {
    record.get(field).and_then(Value::as_date)
}

fn first<'a>(record: &'a Record, codes: &[&str]) -> Option<&'a Step> {
    record.steps.iter().find(|step| codes.contains(&step.code))
}

/// A day as an instant: that of writing where it was written on the day itself, else the day's first.
fn instant(day: Day, written: Timestamp) -> Timestamp {
    if written.day() == day { written } else { day.start() }
}

/// Whose work a task is: who reported it done, else whose it was.
fn worker(task: &Record) -> Option<&str> {
    task.text("done_by").or_else(|| task.text("assignee"))
}

/// When a task was done, for one that is: as reported, else when an imported row said so.
fn done_at(task: &Record) -> Option<Timestamp> {
    let is_done = matches!(task.state(), Some("done" | "reviewed"));
    let reported = || first(task, &["done", "imported"]).map(|step| step.written.at);
    is_done.then(|| time(task, "done_at").or_else(reported)).flatten()
}

/// When work on a task began: its start, or where nobody said so its completion.
fn begun_at(task: &Record) -> Option<Timestamp> {
    [time(task, "started_at"), done_at(task)].into_iter().flatten().min()
}

/// When an assessment's need was raised: when it was entered, or on the day its imported row gives.
fn raised_at(assessment: &Record) -> Timestamp {
    let given = first(assessment, &["imported"]).and_then(|step| step.data.get("assessed_on")).and_then(Value::as_date);
    given.map_or(assessment.created.at, |day| instant(day, assessment.created.at).min(assessment.created.at))
}

/// When a feedback with a score was received; none while the form is only sent.
fn received_at(feedback: &Record) -> Option<Timestamp> {
    feedback.get("score")?;
    let written = first(feedback, &["received"]).map_or(feedback.created.at, |step| step.written.at);
    Some(date(feedback, "received_on").map_or(written, |day| instant(day, written)))
}

/// Feedback that figures count: of several for one task the earliest.
fn counts(feedback: &Record) -> bool {
    !feedback.is_void() && feedback.get("duplicate_of").is_none()
}

/// When a visit was made.
fn made_at(visit: &Record) -> Option<Timestamp> {
    let day = date(visit, "done_on").filter(|_| visit.state() == Some("done"))?;
    Some(instant(day, first(visit, &["done", "imported"])?.written.at))
}

/// When an order, inquiry or complaint came in.
fn came_at(record: &Record) -> Timestamp {
    time(record, "received_at").unwrap_or(record.created.at)
}
