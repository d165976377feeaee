//! A dossier as the operations of the people who made it, in the order of their clocks.

use vocab::{Author, Timestamp};

use super::dossier::{Act, Dossier, Entry, Fields, Step};

/// A record of the dossier an operation is about: its kind's code and its place in the dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// `customer`, `assessment`, `task` or `feedback`.
    pub kind: &'static str,
    /// Place among the dossier's records of this kind.
    pub place: usize,
}

/// One thing one person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Wrote down a new record.
    Create {
        /// The new record.
        subject: Subject,
        /// What it belongs to: the customer of an assessment, the assessment of a task, the task of a feedback.
        parent: Option<Subject>,
        /// Its id on paper.
        legacy_id: String,
        /// The values given.
        fields: Fields,
        /// When.
        at: Timestamp,
        /// By whom.
        by: Author,
    },
    /// Something happened to a record.
    Step {
        /// The record.
        subject: Subject,
        /// When, by whom and what.
        step: Step,
    },
}

impl Operation {
    /// When it was done.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Operation::Create { at, .. } => *at,
            Operation::Step { step, .. } => step.at,
        }
    }

    /// Who did it.
    #[must_use]
    pub const fn by(&self) -> &Author {
        match self {
            Operation::Create { by, .. } => by,
            Operation::Step { step, .. } => &step.by,
        }
    }
}

impl Dossier {
    /// Everything done for the customer, by authored time; a record is made before anything happens to it.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        let customer = Subject { kind: "customer", place: 0 };
        let mut operations = Vec::new();
        record(&mut operations, customer, None, &self.customer.entry, &[]);
        for (place, assessment) in self.assessments.iter().enumerate() {
            let subject = Subject { kind: "assessment", place };
            record(&mut operations, subject, Some(customer), &assessment.entry, &assessment.steps);
        }
        for (place, task) in self.tasks.iter().enumerate() {
            let parent = Subject { kind: "assessment", place: task.assessment };
            record(&mut operations, Subject { kind: "task", place }, Some(parent), &task.entry, &task.steps);
        }
        for (place, feedback) in self.feedback.iter().enumerate() {
            let parent = Subject { kind: "task", place: feedback.task };
            record(
                &mut operations,
                Subject { kind: "feedback", place },
                Some(parent),
                &feedback.entry,
                &feedback.steps,
            );
        }
        // Stable: what one person did in one minute stays in order.
        operations.sort_by_key(Operation::at);
        operations
    }
}

fn record(operations: &mut Vec<Operation>, subject: Subject, parent: Option<Subject>, entry: &Entry, steps: &[Step]) {
    operations.push(Operation::Create {
        subject,
        parent,
        legacy_id: entry.legacy_id.clone(),
        fields: entry.fields.clone(),
        at: entry.at,
        by: entry.by.clone(),
    });
    operations.extend(steps.iter().map(|step| Operation::Step { subject, step: step.clone() }));
}

impl Act {
    /// The code of the event this act is.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Act::Approve => "approved",
            Act::Start => "started",
            Act::Note(_) => "noted",
            Act::Delay(_) => "delayed",
            Act::Reassign(_) => "reassigned",
            Act::Done => "done",
            Act::Review => "reviewed",
            Act::Cancel(_) => "cancelled",
            Act::Handle(_) => "handled",
            Act::Archive => "archived",
        }
    }
}
