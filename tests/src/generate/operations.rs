//! A dossier as the operations of the people who made it, in the order of their clocks.

use records::Fields;
use vocab::{Author, Timestamp};

use super::dossier::{Act, Dossier, Entry, Step, Texts};

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
    /// Something happened to a record: one step of its life cycle.
    Step {
        /// The record.
        subject: Subject,
        /// The step's code: `started`.
        code: &'static str,
        /// The data of the step, and the fields of the record that it writes as well.
        data: Fields,
        /// When.
        at: Timestamp,
        /// By whom.
        by: Author,
    },
}

impl Operation {
    /// When it was done.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Operation::Create { at, .. } | Operation::Step { at, .. } => *at,
        }
    }

    /// Who did it.
    #[must_use]
    pub const fn by(&self) -> &Author {
        match self {
            Operation::Create { by, .. } | Operation::Step { by, .. } => by,
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
        fields: values(subject.kind, &entry.fields),
        at: entry.at,
        by: entry.by.clone(),
    });
    for step in steps {
        let (code, texts) = step.act.event(&entry.fields);
        let data = texts.iter().map(|(name, text)| (*name, datum(subject.kind, code, name, text))).collect();
        operations.push(Operation::Step { subject, code, data, at: step.at, by: step.by.clone() });
    }
}

fn datum(kind: &str, code: &str, name: &str, text: &str) -> records::Value {
    let kind = records::kind(kind).expect("the generator knows the kinds");
    let event = kind.event(code).expect("the generator knows the steps of every kind");
    let field = event.data.iter().find(|field| field.name == name).or_else(|| kind.field(name));
    field
        .expect("the generator knows the data of every step")
        .parse(text)
        .expect("the generator draws only right values")
}

/// Texts as values of a kind's fields.
pub(super) fn values(kind: &str, texts: &Texts) -> Fields {
    let kind = records::kind(kind).expect("the generator knows the kinds");
    let value = |(name, text): (&&'static str, &String)| {
        let field = kind.field(name).expect("the generator knows the fields of every kind");
        (field.name, field.parse(text).expect("the generator draws only right values"))
    };
    texts.iter().map(value).collect()
}

impl Act {
    /// The code of the step this act is, and what it carries or writes; `fields` are those of the record.
    fn event(&self, fields: &Texts) -> (&'static str, Texts) {
        let one = |name, text: &str| Texts::from([(name, text.to_owned())]);
        match self {
            Act::Approve => ("approved", Texts::new()),
            Act::Assign(staff) => ("assigned", one("assignee", staff)),
            Act::Start => ("started", Texts::new()),
            Act::Note(text) => ("note", one("text", text)),
            Act::Delay(due) => ("delayed", one("due_at", &due.to_string())),
            Act::Reassign(staff) => ("reassigned", one("assignee", staff)),
            Act::Done => ("done", Texts::new()),
            Act::Sign(signer) => {
                ("signed", Texts::from([("signer", signer.clone()), ("what", fields["title"].clone())]))
            }
            Act::Review => ("reviewed", Texts::new()),
            Act::Cancel(why) => ("cancelled", one("why", why)),
            Act::Handle(measure) => ("handled", one("measure", measure)),
            Act::Archive => ("archived", Texts::new()),
        }
    }
}
