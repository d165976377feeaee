//! Feedback that was typed twice.

use std::collections::BTreeMap;

use vocab::{Day, RecordId, Timestamp};

use crate::value::Value;
use crate::view::{Candidate, Conflict, ConflictKind, Record, Severity, View};

/// Two feedbacks for one task: figures count the earliest; the other is listed as a duplicate (typed twice).
pub(crate) fn mark(view: &mut View) {
    let mut first: BTreeMap<String, (Option<Day>, Timestamp, RecordId)> = BTreeMap::new();
    let order =
        |record: &Record| (record.get("received_on").and_then(Value::as_date), record.created.at, record.id.clone());
    let counts =
        |record: &&Record| record.kind.code == "feedback" && !record.is_void() && record.fields.contains_key("score");
    for record in view.records.iter().filter(counts) {
        let Some(task) = record.parent() else { continue };
        let mine = order(record);
        match first.get_mut(task) {
            Some(earliest) if *earliest <= mine => {}
            Some(earliest) => *earliest = mine,
            None => {
                first.insert(task.to_owned(), mine);
            }
        }
    }
    let mut conflicts = Vec::new();
    for record in &mut view.records {
        if !counts(&&*record) {
            continue;
        }
        let Some((_, _, earliest)) = record.parent().and_then(|task| first.get(task)) else { continue };
        if *earliest == record.id {
            continue;
        }
        record.fields.insert("duplicate_of", earliest.as_str().into());
        conflicts.push(Conflict {
            id: format!("{}/duplicate", record.id),
            record: record.id.clone(),
            field: "duplicate_of",
            kind: ConflictKind::Flag,
            severity: Severity::Notice,
            reason: "flag-duplicate",
            since: record.created.at,
            decidable: false,
            candidates: vec![Candidate {
                field: "duplicate_of",
                value: earliest.as_str().into(),
                effective: true,
                event: None,
                written: record.created.clone(),
            }],
        });
    }
    view.conflicts.extend(conflicts);
}
