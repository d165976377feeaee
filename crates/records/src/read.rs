//! From a document to its view.

mod dispute;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use automerge::{ObjId, ObjType, ReadDoc, ScalarValue, ValueRef};
use sha2::{Digest, Sha256};
use vocab::{EventId, RecordId, Role, Timestamp};

use crate::dossier::{EVENTS, RECORDS, container};
use crate::graph::Graph;
use crate::kinds::{self, GRADE};
use crate::life::{Facts, Outcome};
use crate::log::{Event, Log, StoredEvent, data_of};
use crate::register::{Alternative, alternatives, unauthorised};
use crate::schema::{Field, Kind, Shape, Source};
use crate::twins::Twins;
use crate::value::{Fields, Value};
use crate::view::{Candidate, Conflict, ConflictKind, Record, Severity, Step, Stranger, View};

/// The register beside a text that marks a rewrite of most of it.
pub(crate) fn rewrite_key(field: &str) -> String {
    format!("{field}!rewrite")
}

/// A view with what an edit needs to know besides.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) view: View,
    pub(crate) parts: BTreeMap<RecordId, Part>,
    pub(crate) event_ids: std::collections::BTreeSet<EventId>,
    pub(crate) records_twins: Twins,
    pub(crate) events_twins: Twins,
}

/// What stands behind one record of the view.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) object: ObjId,
    pub(crate) log: Log,
    pub(crate) outcome: Outcome,
    pub(crate) digest: String,
}

/// Digest of what an approval approves.
pub(crate) fn digest(fields: &Fields) -> String {
    let mut hash = Sha256::new();
    for name in ["need", "plan"] {
        hash.update(fields.get(name).and_then(Value::as_text).unwrap_or_default());
        hash.update([0]);
    }
    hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the events of a record need to know of its fields.
pub(crate) fn facts(kind: &Kind, fields: &Fields) -> Facts {
    Facts {
        due_at: fields.get("due_at").and_then(Value::as_time),
        score: fields.get("score").and_then(Value::as_integer),
        digest: if kind.life == crate::life::Life::Assessment { digest(fields) } else { String::new() },
    }
}

/// A record while it is read.
struct Draft {
    kind: &'static Kind,
    object: ObjId,
    fields: Fields,
    made: usize,
    /// The change that wrote each visible register.
    writers: Vec<(&'static str, usize)>,
    /// The latest change that touched it, by authored time.
    latest: usize,
    /// When sets of fields were first filled in.
    reached: BTreeMap<&'static str, Timestamp>,
}

struct Reader<'a, D> {
    doc: &'a D,
    graph: &'a Graph,
    view: View,
    drafts: BTreeMap<RecordId, Draft>,
    events: BTreeMap<RecordId, Vec<Event>>,
    event_changes: BTreeMap<RecordId, Vec<usize>>,
    event_ids: std::collections::BTreeSet<EventId>,
    records_twins: Twins,
    events_twins: Twins,
}

pub(crate) fn read<D: ReadDoc>(doc: &D, graph: &Graph) -> Reading {
    let mut reader = Reader {
        doc,
        graph,
        view: View::default(),
        drafts: BTreeMap::new(),
        events: BTreeMap::new(),
        event_changes: BTreeMap::new(),
        event_ids: std::collections::BTreeSet::new(),
        records_twins: Twins::default(),
        events_twins: Twins::default(),
    };
    if let Some(records) = container(doc, RECORDS) {
        reader.records(&records);
    }
    if let Some(events) = container(doc, EVENTS) {
        reader.events(&events);
    }
    reader.finish()
}

impl<D: ReadDoc> Reader<'_, D> {
    fn records(&mut self, records: &ObjId) {
        let found = self.records_twins.maps(self.doc, self.graph, records);
        self.view.unknown += found.unknown;
        for entry in found.entries {
            let (object, made) = (entry.content, entry.change);
            let id = entry.name.parse::<RecordId>().ok();
            let kind = id.as_ref().and_then(|id| kinds::kind_of_prefix(id.prefix()));
            let (Some(id), Some(kind)) = (id, kind) else {
                self.note_stranger(None, &entry.name, made, "");
                continue;
            };
            let author = self.graph.changes()[made].author.as_ref();
            if !author.is_some_and(|author| kinds::may_write(kind, author.role)) {
                self.refused(&id, kind, made);
                continue;
            }
            self.record(id, kind, object, made);
        }
        let first = |(id, draft): (&RecordId, &Draft)| {
            (draft.kind == &kinds::CUSTOMER).then(|| (self.graph.changes()[draft.made].at, id.clone()))
        };
        self.view.customer = self.drafts.iter().filter_map(first).min().map(|(_, id)| id);
    }

    fn place_of(&self, operation: &ObjId, otherwise: usize) -> usize {
        self.graph.of_op(operation).map_or(otherwise, |(place, _)| place)
    }

    /// What this version does not understand is left as it stands, and listed.
    fn stranger(&mut self, record: Option<&RecordId>, key: &str, change: usize, value: &ValueRef<'_>) {
        let shown = match value {
            ValueRef::Scalar(scalar) => ScalarValue::from(scalar.clone()).to_string(),
            ValueRef::Object(_) => String::new(),
        };
        self.note_stranger(record.cloned(), key, change, &shown);
    }

    fn note_stranger(&mut self, record: Option<RecordId>, key: &str, change: usize, shown: &str) {
        self.view.unknown += 1;
        let written = self.graph.changes().get(change).map(crate::graph::Change::written);
        self.view.strangers.extend(written.and_then(|written| Stranger::of(record, key, written, shown)));
    }

    /// A record whose maker had no right to make it is not shown, only listed.
    fn refused(&mut self, id: &RecordId, kind: &'static Kind, made: usize) {
        let written = self.graph.changes()[made].written();
        self.view.conflicts.push(Conflict {
            id: format!("{id}/{}", kind.id_field),
            record: id.clone(),
            field: kind.id_field,
            kind: ConflictKind::NoEffect,
            severity: Severity::Notice,
            reason: "flag-no_right",
            since: written.at,
            decidable: false,
            candidates: vec![Candidate {
                field: kind.id_field,
                value: id.as_str().into(),
                effective: false,
                event: None,
                written,
            }],
        });
    }

    fn record(&mut self, id: RecordId, kind: &'static Kind, object: ObjId, made: usize) {
        let mut draft = Draft {
            kind,
            object: object.clone(),
            fields: Fields::new(),
            made,
            writers: Vec::new(),
            latest: made,
            reached: BTreeMap::new(),
        };
        let mut rewritten: Vec<(&'static Field, Vec<Alternative>)> = Vec::new();
        for item in self.doc.map_range(&object, ..) {
            let Some(field) = kind.field(&item.key) else {
                if let Some(field) = item.key.strip_suffix("!rewrite").and_then(|name| kind.field(name)) {
                    let marks = alternatives(self.doc, self.graph, kind, &object, &item.key, &flag_field(), None);
                    if marks.len() > 1 {
                        rewritten.push((field, marks));
                    }
                } else if let Some(milestone) = milestone_of(kind, &item.key) {
                    let marks = alternatives(self.doc, self.graph, kind, &object, &item.key, &flag_field(), None);
                    let first = marks.iter().map(|mark| self.graph.changes()[mark.change].at).min();
                    draft.reached.extend(first.map(|first| (milestone, first)));
                } else {
                    self.stranger(Some(&id), &item.key, self.place_of(&item.id(), made), &item.value);
                }
                continue;
            };
            match (field.shape, &item.value) {
                (Shape::Text(_), ValueRef::Object(ObjType::Text)) => {
                    let text = self.doc.text(item.id()).unwrap_or_default();
                    if !text.is_empty() {
                        draft.fields.insert(field.name, Value::Text(text));
                    }
                }
                (Shape::Tags, ValueRef::Object(ObjType::Map)) => {
                    if let Some(tags) = self.tags(kind, &item.id()) {
                        draft.fields.insert(field.name, Value::Tags(tags));
                    }
                }
                (_, ValueRef::Scalar(scalar)) if field.source != Source::Event => {
                    let single = (!item.conflict)
                        .then(|| {
                            Alternative::of(self.graph, kind, field, &ScalarValue::from(scalar.clone()), &item.id())
                        })
                        .flatten();
                    let found = match single {
                        Some(single) => vec![single],
                        None => {
                            self.unauthorised(&id, kind, field, &object);
                            alternatives(self.doc, self.graph, kind, &object, field.name, field, None)
                        }
                    };
                    self.register(&id, field, found, &mut draft);
                }
                _ => self.stranger(Some(&id), &item.key, self.place_of(&item.id(), made), &item.value),
            }
        }
        for (field, marks) in rewritten {
            self.rewrites(&id, field, marks, &mut draft);
        }
        self.refer(&mut draft);
        draft.fields.insert(kind.id_field, id.as_str().into());
        self.parallel(&id, &draft);
        self.drafts.insert(id, draft);
    }

    /// A reference means the record its writer had seen, when several have that name.
    fn refer(&self, draft: &mut Draft) {
        if self.records_twins.is_empty() {
            return;
        }
        for field in draft.kind.fields.iter().filter(|field| matches!(field.shape, Shape::Reference(_))) {
            let writer = draft.writers.iter().find(|(name, _)| *name == field.name).map(|(_, change)| *change);
            if let (Some(Value::Text(name)), Some(writer)) = (draft.fields.get_mut(field.name), writer)
                && let Some(meant) = self.records_twins.meant(self.graph, name, writer)
            {
                *name = meant;
            }
        }
    }

    /// What somebody wrote without the right to it stays visible to the auditor.
    fn unauthorised(&mut self, id: &RecordId, kind: &'static Kind, field: &'static Field, object: &ObjId) {
        for (value, change) in unauthorised(self.doc, self.graph, kind, object, field) {
            let candidate = self.candidate(field.name, &value, change, false);
            self.view.conflicts.push(Conflict {
                id: format!("{id}/{}/{}", field.name, self.graph.changes()[change].hash),
                record: id.clone(),
                field: field.name,
                kind: ConflictKind::NoEffect,
                severity: Severity::Notice,
                reason: "flag-no_right",
                since: candidate.written.at,
                decidable: false,
                candidates: vec![candidate],
            });
        }
    }

    fn tags(&self, kind: &Kind, object: &ObjId) -> Option<std::collections::BTreeSet<String>> {
        let mut tags = std::collections::BTreeSet::new();
        for item in self.doc.map_range(object, ..) {
            let found = alternatives(self.doc, self.graph, kind, object, &item.key, &flag_field(), None);
            let latest = found.into_iter().max_by_key(|alternative| alternative.rank(self.graph));
            if latest.is_some_and(|latest| latest.value == Value::Flag(true)) {
                tags.insert(item.key.into_owned());
            }
        }
        (!tags.is_empty()).then_some(tags)
    }

    /// The latest authored value is shown; others, if different, are listed. Grades: the higher service grade until a
    /// supervisor decides, since serving too little costs more.
    fn register(&mut self, id: &RecordId, field: &'static Field, mut found: Vec<Alternative>, draft: &mut Draft) {
        if field.shape == Shape::Enum(&GRADE) && found.len() > 1 {
            let place = |value: &Value| GRADE.codes.iter().position(|code| Some(*code) == value.as_text());
            found.sort_by_key(|alternative| {
                let supervisor = self.graph.changes()[alternative.change].author.as_ref().map(|author| author.role)
                    == Some(Role::Supervisor);
                (!supervisor, place(&alternative.value), Reverse(alternative.rank(self.graph)))
            });
        } else {
            found.sort_by_key(|alternative| Reverse(alternative.rank(self.graph)));
        }
        for alternative in &found {
            draft.touch(self.graph, alternative.change);
            draft.writers.push((field.name, alternative.change));
        }
        let Some(first) = found.first() else { return };
        if first.value != Value::Text(String::new()) {
            draft.fields.insert(field.name, first.value.clone());
        }
        let mut seen: Vec<&Value> = Vec::new();
        let distinct: Vec<&Alternative> = found
            .iter()
            .filter(|alternative| {
                let new = !seen.contains(&&alternative.value);
                seen.push(&alternative.value);
                new
            })
            .collect();
        if distinct.len() > 1 {
            let candidates = distinct
                .iter()
                .enumerate()
                .map(|(place, alternative)| {
                    self.candidate(field.name, &alternative.value, alternative.change, place == 0)
                })
                .collect();
            let graded = field.shape == Shape::Enum(&GRADE);
            let severity = if graded { Severity::Decision } else { Severity::Warning };
            self.disagree(id, field.name, ConflictKind::Conflict, severity, candidates);
        }
    }

    fn events(&mut self, events: &ObjId) {
        let found = self.events_twins.texts(self.doc, self.graph, events);
        self.view.unknown += found.unknown;
        for entry in found.entries {
            if self.event(&entry.name, &entry.content, entry.change).is_none() {
                self.note_stranger(None, &entry.name, entry.change, &entry.content);
            }
        }
    }

    fn event(&mut self, key: &str, json: &str, change: usize) -> Option<()> {
        let id: EventId = key.parse().ok()?;
        let mut stored: StoredEvent = serde_json::from_str(json).ok()?;
        self.means(&mut stored, change);
        let record = stored.record()?;
        let kind = kinds::kind_of_prefix(record.prefix())?;
        let step = kind.event(&stored.kind);
        let data = step.and_then(|step| data_of(step, &stored.data));
        if data.is_none() {
            self.note_stranger(Some(record.clone()), &stored.kind, change, json);
        }
        let change_info = &self.graph.changes()[change];
        let event = Event {
            id: id.clone(),
            at: change_info.at,
            actor: change_info.actor,
            author: change_info.author.clone(),
            kind: step.filter(|_| data.is_some()),
            code: stored.kind,
            prev: stored.prev.iter().filter_map(|prev| prev.parse().ok()).collect(),
            data: data.unwrap_or_default(),
            takes: false,
            take: None,
        };
        self.event_ids.insert(id);
        self.event_changes.entry(record.clone()).or_default().push(change);
        self.events.entry(record).or_default().push(event);
        Some(())
    }

    /// Leads the names in an event to what its author meant.
    fn means(&self, stored: &mut StoredEvent, change: usize) {
        names_meant(&self.records_twins, &self.events_twins, self.graph, stored, change);
    }

    fn finish(mut self) -> Reading {
        let mut parts = BTreeMap::new();
        let customer = self.view.customer.clone();
        for (id, mut draft) in std::mem::take(&mut self.drafts) {
            let events = self.events.remove(&id).unwrap_or_default();
            for change in self.event_changes.remove(&id).unwrap_or_default() {
                draft.touch(self.graph, change);
            }
            let facts = facts(draft.kind, &draft.fields);
            let log = Log::new(draft.kind, events, &facts);
            let outcome = log.outcome(draft.kind, &facts);
            draft.fields.extend(outcome.fields.clone());
            let steps = log.effective.iter().filter_map(|index| Step::of(&log.events[index])).collect();
            for flag in &outcome.flags {
                self.flag(&id, &log, flag);
            }
            for (index, why) in &log.ineffective {
                let event = &log.events[*index];
                self.view.conflicts.push(Conflict {
                    id: format!("{id}/{}", event.id),
                    record: id.clone(),
                    field: draft.kind.state_field.unwrap_or(draft.kind.id_field),
                    kind: ConflictKind::NoEffect,
                    severity: Severity::Notice,
                    reason: why.reason(),
                    since: event.at,
                    decidable: false,
                    candidates: vec![Candidate {
                        field: draft.kind.state_field.unwrap_or(draft.kind.id_field),
                        value: event.code.as_str().into(),
                        effective: false,
                        event: Some(event.id.clone()),
                        written: event.written(),
                    }],
                });
            }
            let owner = customer.clone().unwrap_or_else(|| id.clone());
            if draft.kind.field("customer_id").is_some() {
                draft.fields.insert("customer_id", owner.as_str().into());
            }
            self.view.records.push(Record {
                kind: draft.kind,
                id: id.clone(),
                customer: owner,
                fields: draft.fields,
                created: self.graph.changes()[draft.made].written(),
                updated: self.graph.changes()[draft.latest].written(),
                steps,
                reached: draft.reached,
            });
            parts.insert(id, Part { object: draft.object, log, outcome, digest: facts.digest });
        }
        for event in std::mem::take(&mut self.events).into_values().flatten() {
            self.view.unknown += 1;
            self.view.strangers.extend(Stranger::of(None, event.id.as_str(), event.written(), &event.code));
        }
        let place = |kind: &Kind| kinds::ALL_KINDS.iter().position(|known| *known == kind);
        self.view.records.sort_by(|a, b| (place(a.kind), &a.id).cmp(&(place(b.kind), &b.id)));
        crate::duplicates::mark(&mut self.view);
        crate::points::mark(&mut self.view);
        self.view.strangers.sort();
        self.view.strangers.truncate(Stranger::COUNT_MAX);
        self.view.conflicts.sort_by(|a, b| a.id.cmp(&b.id));
        Reading {
            view: self.view,
            parts,
            event_ids: self.event_ids,
            records_twins: self.records_twins,
            events_twins: self.events_twins,
        }
    }
}

impl Draft {
    fn touch(&mut self, graph: &Graph, change: usize) {
        let key = |place: usize| (graph.changes()[place].at, graph.changes()[place].actor, graph.changes()[place].hash);
        if key(change) > key(self.latest) {
            self.latest = change;
        }
    }
}

/// The shape of tags and rewrite marks: a flag anybody who may write the kind may set.
fn flag_field() -> Field {
    Field { name: "flag", label: "record-void", shape: Shape::Flag, source: Source::Person, required: false }
}

/// The mark beside the fields of a milestone.
pub(crate) fn reached_key(milestone: &str) -> String {
    format!("{milestone}!reached")
}

fn milestone_of(kind: &Kind, key: &str) -> Option<&'static str> {
    let name = key.strip_suffix("!reached")?;
    kind.milestones.iter().map(|milestone| milestone.name).find(|known| *known == name)
}

/// Leads the names in an event to what its author meant: the record, the events before it, the event it decides for.
pub(crate) fn names_meant(records: &Twins, events: &Twins, graph: &Graph, stored: &mut StoredEvent, change: usize) {
    if let Some(meant) = records.meant(graph, &stored.record, change) {
        stored.record = meant;
    }
    if events.is_empty() {
        return;
    }
    for prev in &mut stored.prev {
        if let Some(meant) = events.meant(graph, prev, change) {
            *prev = meant;
        }
    }
    if let Some(serde_json::Value::String(take)) = stored.data.get_mut("take")
        && let Some(meant) = events.meant(graph, take, change)
    {
        *take = meant;
    }
}
