//! The bars of a timeline: what was planned, what was done when, and each estimate between.

use vocab::{RecordId, Timestamp};

use super::{begun_at, done_at, first, live, time};
use crate::value::Value;
use crate::view::{Record, View};

/// A task or a training as a row of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bar {
    /// The record.
    pub record: RecordId,
    /// Planned: a task from when it was made (or begun, where an imported row says so) to its first estimate, a training from
    /// its start to its end. None without an estimate.
    pub planned: Option<(Timestamp, Timestamp)>,
    /// When work began; none when it did not.
    pub began: Option<Timestamp>,
    /// When work ended: done, cancelled after it had begun, a training held. None while it goes on.
    pub ended: Option<Timestamp>,
    /// Whether nothing more is to be done: done, cancelled, held.
    pub closed: bool,
    /// Each later estimate of a task, by when it was made.
    pub estimates: Vec<Estimate>,
}

/// A later estimate of when a task will be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Estimate {
    /// When it was made.
    pub at: Timestamp,
    /// What it said.
    pub due: Timestamp,
}

impl Bar {
    /// The first instant it covers.
    #[must_use]
    pub fn from(&self) -> Timestamp {
        [self.planned.map(|(from, _)| from), self.began].into_iter().flatten().min().unwrap_or(Timestamp::EPOCH)
    }

    /// The last instant it covers; none while something is still to be done: then it goes on to whenever one looks.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        let ends = [self.planned.map(|(_, until)| until), self.ended, self.began];
        ends.into_iter().flatten().max().filter(|_| self.closed)
    }
}

/// The bars of a document, sorted by id: its tasks, its trainings. What was neither planned nor begun has none.
#[must_use]
pub fn bars(view: &View) -> Vec<Bar> {
    let mut bars: Vec<Bar> = live(view, "task").map(task).chain(live(view, "training").map(training)).collect();
    bars.retain(|bar| bar.planned.is_some() || bar.began.is_some());
    bars.sort();
    bars
}

fn task(task: &Record) -> Bar {
    let began = begun_at(task);
    let cancelled = first(task, &["cancelled"]).or_else(|| first(task, &["imported"]));
    let cancelled = cancelled.filter(|_| task.state() == Some("cancelled")).map(|step| step.written.at);
    let made = began.map_or(task.created.at, |began| began.min(task.created.at));
    let planned = time(task, "first_due_at").map(|due| (made.min(due), due));
    let mut estimates: Vec<Estimate> = task
        .steps
        .iter()
        .filter(|step| step.code == "delayed")
        .filter_map(|step| {
            Some(Estimate { at: step.written.at, due: step.data.get("due_at").and_then(Value::as_time)? })
        })
        .collect();
    estimates.sort();
    Bar {
        record: task.id.clone(),
        planned,
        began,
        ended: done_at(task).or_else(|| Some(began?.max(cancelled?))),
        closed: matches!(task.state(), Some("done" | "reviewed" | "cancelled")),
        estimates,
    }
}

/// A training was held from its planned start where that was the same day: people say afterwards that it was held.
fn training(training: &Record) -> Bar {
    let (starts, ends) = (time(training, "starts_at"), time(training, "ends_at"));
    let planned = starts.or(ends).zip(ends.or(starts)).map(|(from, until)| (from.min(until), until.max(from)));
    let held = time(training, "held_at").filter(|_| training.state() == Some("held"));
    let began =
        held.map(|held| starts.filter(|starts| starts.day() == held.day()).map_or(held, |starts| starts.min(held)));
    Bar {
        record: training.id.clone(),
        planned,
        began,
        ended: held,
        closed: matches!(training.state(), Some("held" | "cancelled")),
        estimates: Vec::new(),
    }
}
