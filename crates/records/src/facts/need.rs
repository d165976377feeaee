//! How far every need came: collect, assess, execute, feedback, improve.

use vocab::{RecordId, Timestamp};

use super::{Tree, begun_at, counts, first, instant, live, raised_at, received_at};
use crate::value::Value;
use crate::view::{Record, View};

/// How far the need of one assessment came, and when. A later step may be reached without those before it: people also help
/// first and write afterwards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The assessment.
    pub record: RecordId,
    /// Collected: entered, or on the day an imported row gives.
    pub raised: Timestamp,
    /// Approved for the first time, whether or not need or plan were edited afterwards.
    pub assessed: Option<Timestamp>,
    /// Work on the first of its tasks began; cancelled ones do not count.
    pub executed: Option<Timestamp>,
    /// The first score for one of its tasks came in.
    pub fed_back: Option<Timestamp>,
    /// The first of these feedbacks was handled or archived. Imported rows do not say when: then it is when it came in.
    pub improved: Option<Timestamp>,
}

/// The needs of a document, sorted by id.
#[must_use]
pub fn needs(view: &View) -> Vec<Need> {
    let tree = Tree::of(view);
    let mut needs: Vec<Need> = live(view, "assessment").map(|assessment| need(&tree, assessment)).collect();
    needs.sort();
    needs
}

fn need(tree: &Tree<'_>, assessment: &Record) -> Need {
    let tasks: Vec<&Record> =
        tree.children("task", assessment).filter(|task| task.state() != Some("cancelled")).collect();
    let feedbacks: Vec<&Record> =
        tasks.iter().flat_map(|task| tree.children("feedback", task)).filter(|feedback| counts(feedback)).collect();
    Need {
        record: assessment.id.clone(),
        raised: raised_at(assessment),
        assessed: approved_at(assessment),
        executed: tasks.iter().filter_map(|task| begun_at(task)).min(),
        fed_back: feedbacks.iter().filter_map(|feedback| received_at(feedback)).min(),
        improved: feedbacks.iter().filter_map(|feedback| improved_at(feedback)).min(),
    }
}

fn approved_at(assessment: &Record) -> Option<Timestamp> {
    assessment.steps.iter().find_map(|step| match (step.code, step.data.get("assessed_on")) {
        ("approved", _) => Some(step.written.at),
        ("imported", Some(Value::Date(day))) => Some(instant(*day, step.written.at)),
        _ => None,
    })
}

fn improved_at(feedback: &Record) -> Option<Timestamp> {
    let received = received_at(feedback)?;
    matches!(feedback.state(), Some("handled" | "archived"))
        .then(|| first(feedback, &["handled", "archived"]).map_or(received, |step| step.written.at))
}
