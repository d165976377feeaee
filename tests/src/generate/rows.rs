//! Dossiers as rows of the four forms, as they stand at the end of the year.

use records::{ASSESSMENT, CUSTOMER, FEEDBACK, Fields, Kind, Note, Signature, TASK, Value};
use tables::Forms;
use vocab::{Lang, Timestamp};

use super::dossier::{Act, Assessment, Dossier, Entry, Feedback, Step, Task};
use super::operations::values;

/// The four forms of these dossiers, with the ids on paper.
pub fn forms(dossiers: impl Iterator<Item = Dossier>, lang: Lang) -> Forms {
    let mut forms = Forms::new(lang);
    for dossier in dossiers {
        let customer = &dossier.customer.entry;
        let mut fields = row(&CUSTOMER, customer, &[]);
        fields.insert("created_on", customer.at.day().into());
        forms.push(&CUSTOMER, &fields);
        for assessment in &dossier.assessments {
            forms.push(&ASSESSMENT, &assessment_row(&dossier, assessment));
        }
        for task in &dossier.tasks {
            forms.push(&TASK, &task_row(&dossier, task));
        }
        for feedback in &dossier.feedback {
            forms.push(&FEEDBACK, &feedback_row(&dossier, feedback));
        }
    }
    forms
}

fn row(kind: &Kind, entry: &Entry, parents: &[(&'static str, &Entry)]) -> Fields {
    let mut fields = values(kind.code, &entry.fields);
    fields.insert(kind.id_field, entry.legacy_id.as_str().into());
    fields.extend(parents.iter().map(|(name, parent)| (*name, parent.legacy_id.as_str().into())));
    fields
}

fn at(steps: &[Step], is: impl Fn(&Act) -> bool) -> Option<Timestamp> {
    steps.iter().find(|step| is(&step.act)).map(|step| step.at)
}

fn assessment_row(dossier: &Dossier, assessment: &Assessment) -> Fields {
    let mut fields = row(&ASSESSMENT, &assessment.entry, &[("customer_id", &dossier.customer.entry)]);
    if let Some(approved) = at(&assessment.steps, |act| *act == Act::Approve) {
        fields.insert("assessed_on", approved.day().into());
    }
    fields
}

fn task_row(dossier: &Dossier, task: &Task) -> Fields {
    let mut fields = row(&TASK, &task.entry, &[("req_id", &dossier.assessments[task.assessment].entry)]);
    let mut status = "assigned";
    let mut notes = Vec::new();
    for step in &task.steps {
        match &step.act {
            Act::Assign(staff) | Act::Reassign(staff) => {
                fields.insert("assignee", staff.as_str().into());
            }
            Act::Start => {
                status = "in_progress";
                fields.insert("started_at", step.at.into());
            }
            Act::Note(text) => notes.push(Note { text: text.clone(), by: None, at: None }),
            Act::Delay(due) => {
                status = "delayed";
                fields.insert("due_at", (*due).into());
            }
            Act::Done => {
                status = "done";
                fields.insert("done_at", step.at.into());
            }
            Act::Sign(signer) => {
                let what = Some(task.entry.fields["title"].clone());
                let signature = Signature { signer: signer.clone(), at: Some(step.at), what };
                fields.insert("signature", Value::Signature(signature));
            }
            Act::Review => {
                status = "reviewed";
                fields.insert("reviewer", (&step.by.staff).into());
            }
            Act::Cancel(_) => status = "cancelled",
            Act::Approve | Act::Handle(_) | Act::Archive => {}
        }
    }
    fields.insert("status", status.into());
    fields.insert("issues", Value::Notes(notes));
    fields
}

fn feedback_row(dossier: &Dossier, feedback: &Feedback) -> Fields {
    let parents = [("customer_id", &dossier.customer.entry), ("exec_id", &dossier.tasks[feedback.task].entry)];
    let mut fields = row(&FEEDBACK, &feedback.entry, &parents);
    fields.insert("received_on", feedback.entry.at.day().into());
    let mut state = "pending";
    for step in &feedback.steps {
        match &step.act {
            Act::Handle(measure) => {
                state = "handled";
                fields.insert("measure", measure.as_str().into());
            }
            Act::Archive => state = "archived",
            _ => {}
        }
    }
    fields.insert("state", state.into());
    fields
}
