//! How the events of a record add up: one file per life cycle, each row of the domain's table of concurrent work (section
//! 6) in one place. Folds are pure functions of a set of events and their graph, never of the order of arrival.

mod assessment;
mod customer;
mod feedback;
mod flow;
mod task;

pub(crate) use flow::{Flow, Rule};

use vocab::{RecordId, Timestamp};

use crate::bits::Bits;
use crate::log::Log;
use crate::schema::Kind;
use crate::value::{Fields, Value};
use crate::view::Severity;

/// The life cycle of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// No steps of its own.
    Plain,
    /// Merged with others, or separate.
    Customer,
    /// Draft, approved, stale.
    Assessment,
    /// Assigned to reviewed or cancelled.
    Task,
    /// Sent to archived.
    Feedback,
    /// A row of steps.
    Flow(&'static Flow),
}

/// What a fold needs to know besides events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// A task's first estimate, given when it was made.
    pub(crate) due_at: Option<Timestamp>,
    /// A feedback's score, given when it was made.
    pub(crate) score: Option<i64>,
    /// Digest of an assessment's need and plan as they stand.
    pub(crate) digest: String,
}

/// What a set of events adds up to.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The state, in the codes of the kind's state field.
    pub(crate) state: &'static str,
    /// Whose task it is.
    pub(crate) assignee: Option<String>,
    /// Whether the record was declared void.
    pub(crate) void: bool,
    /// Fields that follow.
    pub(crate) fields: Fields,
    /// What a supervisor should see.
    pub(crate) flags: Vec<Flag>,
}

/// Events that the rules decided, for somebody to look at.
#[derive(Debug, Clone)]
pub(crate) struct Flag {
    /// Key of the explanation.
    pub(crate) reason: &'static str,
    /// The field it is about.
    pub(crate) field: &'static str,
    pub(crate) severity: Severity,
    /// The events, with the value each stands for; the effective one first.
    pub(crate) candidates: Vec<(usize, Value)>,
    /// Whether a `resolved` event can decide it; else it takes another step.
    pub(crate) decidable: bool,
    /// Tells it apart from others of the same reason in one record.
    pub(crate) about: Option<String>,
}

/// Adds up the events of `mask`.
pub(crate) fn fold(kind: &Kind, log: &Log, mask: &Bits, facts: &Facts) -> Outcome {
    let mut outcome = match kind.life {
        Life::Plain => Outcome::new(""),
        Life::Customer => customer::fold(log, mask),
        Life::Assessment => assessment::fold(log, mask, facts),
        Life::Task => task::fold(log, mask, facts),
        Life::Feedback => feedback::fold(log, mask, facts),
        Life::Flow(flow) => flow::fold(flow, kind, log, mask),
    };
    if mask.iter().any(|index| log.events[index].is("void")) {
        outcome.void = true;
        outcome.fields.insert("void", Value::Flag(true));
    }
    outcome
}

/// Where the events of `mask` leave the record: state, assignee, void. All that a step's permission asks for; a row of steps
/// is asked it once per event, so what its fields say is left out there.
pub(crate) fn standing(kind: &Kind, log: &Log, mask: &Bits, facts: &Facts) -> Outcome {
    match kind.life {
        Life::Flow(flow) => {
            let mut outcome = flow::standing(flow, kind, log, mask);
            outcome.void = mask.iter().any(|index| log.events[index].is("void"));
            outcome
        }
        _ => fold(kind, log, mask, facts),
    }
}

impl Flag {
    /// What `conflicts resolve` takes.
    pub(crate) fn id(&self, record: &RecordId) -> String {
        let reason = self.reason.trim_start_matches("flag-");
        match &self.about {
            Some(about) => format!("{record}/{reason}/{about}"),
            None => format!("{record}/{reason}"),
        }
    }
}

impl Outcome {
    fn new(state: &'static str) -> Outcome {
        Outcome { state, assignee: None, void: false, fields: Fields::new(), flags: Vec::new() }
    }

    fn put(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.fields.insert(name, value.into());
        }
    }
}

/// The event among the ancestors of a `resolved` event that it takes, if it decides `field`.
fn taken(log: &Log, resolved: usize, field: &str) -> Option<usize> {
    let event = &log.events[resolved];
    if !event.is("resolved") || event.text("field") != Some(field) {
        return None;
    }
    event.take.filter(|take| log.descends(resolved, *take))
}
