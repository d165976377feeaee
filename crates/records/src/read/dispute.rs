//! Where people disagreed: values and texts written apart, fields of one record written in two places, events that the rules
//! decided.

use std::cmp::Reverse;

use automerge::ReadDoc;
use vocab::{RecordId, Timestamp};

use super::{Draft, Reader};
use crate::life::Flag;
use crate::log::Log;
use crate::register::Alternative;
use crate::schema::Field;
use crate::value::Value;
use crate::view::{Candidate, Conflict, ConflictKind, Severity};

/// Most writers of one record's registers for which parallel edits are looked for.
const PARALLEL_WRITERS_MAX: usize = 256;

impl<D: ReadDoc> Reader<'_, D> {
    /// Two rewrites of most of a text, made apart: each as its author left it, the later one shown. Merged they would be nonsense.
    pub(super) fn rewrites(
        &mut self,
        id: &RecordId,
        field: &'static Field,
        marks: Vec<Alternative>,
        draft: &mut Draft,
    ) {
        if !self.graph.is_tractable() {
            return;
        }
        let mut versions: Vec<(String, &Alternative)> = Vec::new();
        for mark in &marks {
            let others: Vec<usize> =
                marks.iter().map(|other| other.change).filter(|change| *change != mark.change).collect();
            let heads = self.graph.heads_without(&others);
            let text = self.doc.get_at(&draft.object, field.name, &heads).ok().flatten();
            let text = text.and_then(|(_, object)| self.doc.text_at(object, &heads).ok()).unwrap_or_default();
            versions.push((text, mark));
        }
        versions.sort_by_key(|(_, mark)| Reverse(mark.rank(self.graph)));
        for mark in &marks {
            draft.touch(self.graph, mark.change);
        }
        draft.fields.insert(field.name, Value::Text(versions[0].0.clone()));
        let mut distinct: Vec<&(String, &Alternative)> = Vec::new();
        for version in &versions {
            if !distinct.iter().any(|known| known.0 == version.0) {
                distinct.push(version);
            }
        }
        if distinct.len() > 1 {
            let candidates = distinct
                .iter()
                .enumerate()
                .map(|(place, (text, mark))| {
                    self.candidate(field.name, &Value::Text(text.clone()), mark.change, place == 0)
                })
                .collect();
            self.disagree(id, field.name, ConflictKind::Conflict, Severity::Warning, candidates);
        }
    }

    /// Different registers of one record, each written without having seen the other, until somebody who saw both writes again.
    pub(super) fn parallel(&mut self, id: &RecordId, draft: &Draft) {
        let apart =
            |a: &(&'static str, usize), b: &(&'static str, usize)| a.0 != b.0 && self.graph.concurrent(a.1, b.1);
        let seen_both = |a: usize, b: usize| {
            draft.writers.iter().any(|(_, later)| self.graph.descends(*later, a) && self.graph.descends(*later, b))
        };
        let mut parts: Vec<(&'static str, usize)> = Vec::new();
        // Bounds what a device that writes thousands of alternatives can cost; people's records have a handful.
        if draft.writers.len() > PARALLEL_WRITERS_MAX {
            return;
        }
        // What was written twice is listed as a conflict of its own, with its own authors.
        let once = |field: &str| draft.writers.iter().filter(|(other, _)| *other == field).count() == 1;
        for a in draft.writers.iter().filter(|(field, _)| once(field)) {
            if draft.writers.iter().filter(|(field, _)| once(field)).any(|b| apart(a, b) && !seen_both(a.1, b.1)) {
                parts.push(*a);
            }
        }
        if parts.is_empty() {
            return;
        }
        parts.sort_by_key(|(field, change)| {
            let change = &self.graph.changes()[*change];
            (Reverse(change.at), change.actor, *field)
        });
        let mut seen = std::collections::BTreeSet::new();
        let parts: Vec<_> = parts.into_iter().filter(|(field, _)| seen.insert(*field)).collect();
        if parts.len() < 2 {
            return;
        }
        let candidates: Vec<Candidate> = parts
            .iter()
            .map(|(field, change)| {
                let value = draft.fields.get(field).cloned().unwrap_or_else(|| "".into());
                self.candidate(field, &value, *change, true)
            })
            .collect();
        let record = draft.kind.id_field;
        self.disagree(id, record, ConflictKind::Parallel, Severity::Notice, candidates);
    }

    pub(super) fn candidate(&self, field: &'static str, value: &Value, change: usize, effective: bool) -> Candidate {
        let written = self.graph.changes()[change].written();
        Candidate { field, value: value.clone(), effective, event: None, written }
    }

    pub(super) fn disagree(
        &mut self,
        record: &RecordId,
        field: &'static str,
        kind: ConflictKind,
        severity: Severity,
        candidates: Vec<Candidate>,
    ) {
        let reason = match kind {
            ConflictKind::Parallel => "conflict-parallel",
            _ => "conflict-conflict",
        };
        let id = match kind {
            ConflictKind::Parallel => format!("{record}/parallel"),
            _ => format!("{record}/{field}"),
        };
        self.view.conflicts.push(Conflict {
            id,
            record: record.clone(),
            field,
            kind,
            severity,
            reason,
            since: since(&candidates),
            decidable: true,
            candidates,
        });
    }

    /// What the rules decided between events.
    pub(super) fn flag(&mut self, id: &RecordId, log: &Log, flag: &Flag) {
        let candidates: Vec<Candidate> = flag
            .candidates
            .iter()
            .enumerate()
            .map(|(place, (index, value))| Candidate {
                field: flag.field,
                value: value.clone(),
                effective: place == 0,
                event: Some(log.events[*index].id.clone()),
                written: log.events[*index].written(),
            })
            .collect();
        self.view.conflicts.push(Conflict {
            id: flag.id(id),
            record: id.clone(),
            field: flag.field,
            kind: ConflictKind::Flag,
            severity: flag.severity,
            reason: flag.reason,
            since: since(&candidates),
            decidable: flag.decidable,
            candidates,
        });
    }
}

/// When the second of the candidates was written.
fn since(candidates: &[Candidate]) -> Timestamp {
    let mut times: Vec<Timestamp> = candidates.iter().map(|candidate| candidate.written.at).collect();
    times.sort_unstable();
    times.get(1).or(times.first()).copied().unwrap_or(Timestamp::EPOCH)
}
