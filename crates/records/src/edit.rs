//! Writing to a dossier: everything is checked here, before an operation is made.

mod check;
mod known;

use automerge::transaction::{Transactable, Transaction};
use automerge::{ObjId, ObjType, ReadDoc, ScalarValue};
use vocab::{Author, EventId, RecordId, Role, Timestamp};

use crate::dossier::{EVENTS, RECORDS, container};
use crate::edit::known::Since;
use crate::graph::Graph;
use crate::invalid::{Attempt, Invalid};
use crate::kinds;
use crate::life::Life;
use crate::log::{NoEffect, StoredEvent, allowed};
use crate::read::{Part, Reading, reached_key, rewrite_key};
use crate::register::encode;
use crate::schema::{EVENTS_PER_RECORD_MAX, EventKind, Field, Kind, Right, SUPERVISORS, Shape, Source};
use crate::text::is_rewrite;
use crate::value::{Fields, Value};
use crate::view::{ConflictKind, View};

/// An edit in progress: several operations that become one change, or none.
#[derive(Debug)]
pub struct Edit<'a> {
    transaction: Transaction<'a>,
    graph: Graph,
    author: Author,
    stamp: Timestamp,
    reading: Option<Reading>,
    since: Since,
}

fn refused(error: impl std::fmt::Display) -> Invalid {
    Invalid::Refused { cause: error.to_string() }
}

impl<'a> Edit<'a> {
    pub(crate) fn new(transaction: Transaction<'a>, graph: Graph, author: Author, stamp: Timestamp) -> Self {
        Edit { transaction, graph, author, stamp, reading: None, since: Since::default() }
    }

    pub(crate) fn into_transaction(self) -> Transaction<'a> {
        self.transaction
    }

    /// What the dossier says with what this edit has done so far.
    pub fn view(&mut self) -> &View {
        &self.whole().view
    }

    fn part(&mut self, id: &RecordId) -> Result<(&'static Kind, &Part), Invalid> {
        let reading = self.of(id);
        let kind = reading.view.record(id).map(|record| record.kind);
        kind.zip(reading.parts.get(id)).ok_or_else(|| Invalid::NoRecord { id: id.to_string() })
    }

    /// Makes a record. `parent` may be left out where the dossier's customer is meant.
    ///
    /// # Errors
    /// [`Invalid`]: the role may not, the id is taken, the parent is not there, a field is missing or wrong.
    pub fn create(
        &mut self,
        kind: &'static Kind,
        id: &RecordId,
        parent: Option<&RecordId>,
        fields: Fields,
    ) -> Result<(), Invalid> {
        kind.check_writer(self.author.role, Attempt::Create(kind.label))?;
        if id.prefix() != kind.prefix {
            return Err(Invalid::WrongKind { id: id.clone(), kind: kind.label });
        }
        let parent = self.parent(kind, parent)?;
        let records = container(&self.transaction, RECORDS).ok_or_else(|| refused("no genesis"))?;
        if self.transaction.get(&records, id.as_str()).map_err(refused)?.is_some() {
            return Err(Invalid::Exists { id: id.clone() });
        }
        let mut checked = Fields::new();
        for (name, value) in fields {
            let field = kind.field(name).ok_or_else(|| Invalid::unknown_field(kind.label, name))?;
            match field.source {
                Source::Person | Source::Once | Source::Auto => {
                    let value = field.check(value)?;
                    check::private(field, &value)?;
                    checked.insert(field.name, value)
                }
                Source::Id => return Err(not_set(kind, field, "fix-automatic")),
                Source::Event => return Err(not_set(kind, field, "fix-by_event")),
            };
        }
        for field in kind.fields {
            let missing = checked.get(field.name).is_none_or(|value| *value == Value::Text(String::new()));
            if field.required && missing {
                return Err(Invalid::missing(kind.label, field));
            }
            // A feedback is received when it has a score; until then only the form was sent.
            let stamped = kind.life != Life::Feedback || checked.contains_key("score");
            if field.source == Source::Auto && missing && stamped {
                checked.insert(field.name, stamped_as(field, self.stamp));
            }
        }
        self.check_links(kind, &checked)?;
        check::policy(kind, &checked)?;
        check::order(kind, &checked, |earlier, later| checked.contains_key(earlier) || checked.contains_key(later))?;
        self.write_new(kind, id, &records, parent, checked)
    }

    fn write_new(
        &mut self,
        kind: &'static Kind,
        id: &RecordId,
        records: &ObjId,
        parent: Option<RecordId>,
        fields: Fields,
    ) -> Result<(), Invalid> {
        let object = self.transaction.put_object(records, id.as_str(), ObjType::Map).map_err(refused)?;
        for milestone in kind.milestones.iter().filter(|milestone| milestone.is_reached(&fields)) {
            self.transaction.put(&object, reached_key(milestone.name), true).map_err(refused)?;
        }
        if let (Some(link), Some(parent)) = (&kind.parent, &parent)
            && link.field != "customer_id"
        {
            self.transaction.put(&object, link.field, parent.as_str()).map_err(refused)?;
        }
        for field in kind.fields {
            let value = fields.get(field.name);
            match (field.shape, value) {
                // Objects are made with the record, by one device in one change; made later they could be made twice.
                (Shape::Text(_), value) => {
                    let text = self.transaction.put_object(&object, field.name, ObjType::Text).map_err(refused)?;
                    if let Some(value) = value.and_then(Value::as_text) {
                        self.transaction.splice_text(&text, 0, 0, value).map_err(refused)?;
                    }
                }
                (Shape::Tags, value) => {
                    let tags = self.transaction.put_object(&object, field.name, ObjType::Map).map_err(refused)?;
                    if let Some(Value::Tags(words)) = value {
                        for word in words {
                            self.transaction.put(&tags, word.as_str(), true).map_err(refused)?;
                        }
                    }
                }
                (_, Some(value)) if *value != Value::Text(String::new()) => {
                    if let Some(scalar) = encode(value) {
                        self.transaction.put(&object, field.name, scalar).map_err(refused)?;
                    }
                }
                _ => {}
            }
        }
        self.made(kind, id, object, parent, fields);
        Ok(())
    }

    fn parent(&mut self, kind: &'static Kind, parent: Option<&RecordId>) -> Result<Option<RecordId>, Invalid> {
        self.check_class(kind)?;
        let customer = self.reading().view.customer.clone();
        let Some(link) = &kind.parent else {
            return match customer {
                Some(id) => Err(Invalid::SecondCustomer { id }),
                None => Ok(None),
            };
        };
        let parent = match parent {
            Some(parent) => parent.clone(),
            None if link.kind == "customer" => customer.ok_or_else(|| Invalid::NoRecord { id: "CUST".to_owned() })?,
            None => {
                let field = kind.field(link.field).ok_or_else(|| Invalid::unknown_field(kind.label, link.field))?;
                return Err(Invalid::missing(kind.label, field));
            }
        };
        let record = self.reading().view.record(&parent).ok_or_else(|| Invalid::NoRecord { id: parent.to_string() })?;
        if record.kind.code != link.kind {
            let kind = kinds::kind(link.kind).map_or(kind.label, |kind| kind.label);
            return Err(Invalid::WrongKind { id: parent, kind });
        }
        if record.is_void() {
            return Err(Invalid::Void { id: parent });
        }
        Ok(Some(parent))
    }

    /// Changes fields that people write. A value that stands already writes nothing, unless others disagree with it.
    ///
    /// # Errors
    /// [`Invalid`]: the role may not, there is no such record or field, a value is wrong.
    pub fn set(&mut self, id: &RecordId, fields: Fields) -> Result<(), Invalid> {
        let role = self.author.role;
        let (kind, part) = self.part(id)?;
        kind.check_writer(role, Attempt::Write(kind.label))?;
        if part.outcome.void {
            return Err(Invalid::Void { id: id.clone() });
        }
        let mut checked = Vec::new();
        for (name, value) in fields {
            let field = kind.field(name).ok_or_else(|| Invalid::unknown_field(kind.label, name))?;
            match field.source {
                Source::Person => {
                    let value = field.check(value)?;
                    check::private(field, &value)?;
                    checked.push((field, value));
                }
                Source::Once => return Err(not_set(kind, field, "fix-once")),
                Source::Id | Source::Auto => return Err(not_set(kind, field, "fix-automatic")),
                Source::Event => return Err(not_set(kind, field, "fix-by_event")),
            }
        }
        if let Some(field) = checked
            .iter()
            .find(|(field, value)| field.required && *value == Value::Text(String::new()))
            .map(|(field, _)| field)
        {
            return Err(Invalid::missing(kind.label, field));
        }
        let given: Fields = checked.iter().map(|(field, value)| (field.name, value.clone())).collect();
        self.check_links(kind, &given)?;
        let mut after = self.of(id).view.record(id).map(|record| record.fields.clone()).unwrap_or_default();
        after.extend(given.clone());
        check::order(kind, &after, |earlier, later| given.contains_key(earlier) || given.contains_key(later))?;
        let reached = self.newly_reached(id, kind, &after);
        for (field, value) in checked {
            self.write(id, field, value)?;
        }
        self.mark_reached(id, &reached)
    }

    fn write(&mut self, id: &RecordId, field: &'static Field, value: Value) -> Result<(), Invalid> {
        let reading = self.of(id);
        let object = reading.parts.get(id).map(|part| part.object.clone());
        let object = object.ok_or_else(|| Invalid::NoRecord { id: id.to_string() })?;
        let shown = reading.view.record(id).and_then(|record| record.get(field.name)).cloned();
        let disputed = reading.view.conflicts.iter().any(|conflict| {
            conflict.record == *id && conflict.kind == ConflictKind::Conflict && conflict.field == field.name
        });
        self.forget();
        match (field.shape, value) {
            (Shape::Text(_), Value::Text(text)) => {
                let before = shown.as_ref().and_then(Value::as_text).unwrap_or_default();
                if before == text && !disputed {
                    return Ok(());
                }
                let found = self.transaction.get(&object, field.name).map_err(refused)?;
                let (_, place) = found.ok_or_else(|| refused("the text was not made with its record"))?;
                self.transaction.update_text(&place, &text).map_err(refused)?;
                // Two rewrites to the same words are no conflict, yet both marks stand: what is written now must cover them,
                // or it would be read from before it.
                let marks = self.transaction.get_all(&object, rewrite_key(field.name)).map_err(refused)?.len();
                if disputed || marks > 1 || is_rewrite(before, &text) {
                    self.assert(&object, &rewrite_key(field.name), ScalarValue::Boolean(true))?;
                }
            }
            (Shape::Tags, Value::Tags(words)) => {
                let found = self.transaction.get(&object, field.name).map_err(refused)?;
                let (_, place) = found.ok_or_else(|| refused("the tags were not made with their record"))?;
                let Some(Value::Tags(before)) = shown.or_else(|| Some(Value::Tags(Default::default()))) else {
                    return Ok(());
                };
                for word in words.symmetric_difference(&before) {
                    self.transaction.put(&place, word.as_str(), words.contains(word)).map_err(refused)?;
                }
            }
            (_, value) => {
                let empty = value == Value::Text(String::new()) && shown.is_none();
                if disputed || (shown.as_ref() != Some(&value) && !empty) {
                    let scalar = encode(&value).ok_or_else(|| refused("not a register"))?;
                    self.assert(&object, field.name, scalar)?;
                }
            }
        }
        Ok(())
    }

    /// Writes a register so that it is this author's word, whatever stood there. automerge leaves a value that already wins as
    /// it is and only takes the others away: a supervisor's decision would stay an engineer's value, and one for what stands
    /// would not be written at all. Something else in between makes it write.
    fn assert(&mut self, object: &ObjId, key: &str, scalar: ScalarValue) -> Result<(), Invalid> {
        let stands = self.transaction.get(object, key).map_err(refused)?;
        if stands.is_some_and(|(value, _)| value.as_scalar() == Some(&scalar)) {
            self.transaction.put(object, key, ScalarValue::Null).map_err(refused)?;
        }
        self.transaction.put(object, key, scalar).map_err(refused)
    }

    /// Takes a step of a record's life cycle. Fields of the record that the step may write as well (the measure of a handled
    /// feedback) are given with its data. Times that are left out are the event's own.
    ///
    /// # Errors
    /// [`Invalid`]: the role may not, the state does not allow it (and what it does allow), data are missing or wrong.
    pub fn step(&mut self, event: &EventId, id: &RecordId, code: &str, data: Fields) -> Result<(), Invalid> {
        let author = self.author.clone();
        let known = self.reading().event_ids.contains(event);
        let (kind, part) = self.part(id)?;
        let step = kind
            .event(code)
            .ok_or_else(|| Invalid::NoEvent { kind: kind.label, event: code.chars().take(60).collect() })?;
        if known {
            return Err(Invalid::EventExists { id: event.clone() });
        }
        match allowed(step, &part.outcome, Some(&author)) {
            Ok(()) => {}
            Err(NoEffect::NoRight) if step.right.roles().contains(&author.role) => {
                let assignee = part.outcome.assignee.clone().unwrap_or_default();
                return Err(Invalid::NotYours { id: id.clone(), assignee });
            }
            Err(NoEffect::NoRight) => {
                let what = Attempt::Step(step.label);
                return Err(Invalid::NotAllowed { role: author.role, what, may: step.right.roles() });
            }
            Err(NoEffect::OutOfStep) if part.outcome.void => return Err(Invalid::Void { id: id.clone() }),
            Err(NoEffect::OutOfStep) => return Err(out_of_step(kind, id, step, part, &author)),
        }
        if part.log.events.len() >= EVENTS_PER_RECORD_MAX {
            return Err(Invalid::Full { id: id.clone() });
        }
        let (prev, digest) = (part.log.heads(), part.digest.clone());
        let (mut own, mut writes) = (Fields::new(), Fields::new());
        for (name, value) in data {
            if let Some(field) = step.data.iter().find(|field| field.name == name) {
                let value = field.check(value)?;
                check::private(field, &value)?;
                own.insert(field.name, value);
            } else if let Some(field) = kind.field(name).filter(|_| step.writes.contains(&name)) {
                writes.insert(field.name, value);
            } else {
                return Err(Invalid::unknown_field(step.label, name));
            }
        }
        if step.data.iter().any(|field| field.name == "digest") {
            own.insert("digest", digest.into());
        }
        own.retain(|_, value| *value != Value::Text(String::new()));
        if let Some(field) = step.data.iter().find(|field| field.required && !own.contains_key(field.name)) {
            return Err(Invalid::missing(step.label, field));
        }
        check::references(
            id,
            &step.data.iter().filter_map(|field| Some((field, own.get(field.name)?))).collect::<Vec<_>>(),
        )?;
        let mut after = self.of(id).view.record(id).map(|record| record.fields.clone()).unwrap_or_default();
        after.extend(
            own.iter().filter(|(name, _)| kind.field(name).is_some()).map(|(name, value)| (*name, value.clone())),
        );
        check::order(kind, &after, |_, later| own.contains_key(later))?;
        if !writes.is_empty() {
            self.set(id, writes)?;
        }
        self.append(event, id, step, prev, own)
    }

    fn append(
        &mut self,
        event: &EventId,
        id: &RecordId,
        step: &EventKind,
        prev: Vec<EventId>,
        data: Fields,
    ) -> Result<(), Invalid> {
        let stored = StoredEvent {
            record: id.to_string(),
            kind: step.code.to_owned(),
            prev: prev.iter().map(EventId::to_string).collect(),
            data: data.into_iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect(),
        };
        let json = serde_json::to_string(&stored).map_err(refused)?;
        let events = container(&self.transaction, EVENTS).ok_or_else(|| refused("no genesis"))?;
        self.transaction.put(&events, event.as_str(), json).map_err(refused)?;
        self.took(event, id, step);
        Ok(())
    }

    /// Makes a record as a row of a table states it: fields people write become its registers and texts, those that follow from
    /// events (status, started, done, reviewer, ...) one `imported` event. Returns whether that event was needed.
    ///
    /// # Errors
    /// As [`Edit::create`] and [`Edit::step`].
    pub fn import(
        &mut self,
        kind: &'static Kind,
        id: &RecordId,
        parent: Option<&RecordId>,
        event: &EventId,
        fields: Fields,
    ) -> Result<bool, Invalid> {
        let (mut own, mut stated) = (Fields::new(), Fields::new());
        for (name, value) in fields {
            match kind.field(name).map(|field| field.source) {
                Some(Source::Event) => stated.insert(name, value),
                Some(Source::Id) => None,
                _ => own.insert(name, value),
            };
        }
        self.create(kind, id, parent, own)?;
        if stated.is_empty() {
            return Ok(false);
        }
        if let Some(field) = kind.state_field
            && let Some(step) = kind.event("imported")
            && let Some(required) = step.data.iter().find(|datum| datum.required && datum.name == field)
        {
            let initial = self.of(id).view.record(id).and_then(|record| record.get(required.name)).cloned();
            if let Some(initial) = initial {
                stated.entry(required.name).or_insert(initial);
            }
        }
        self.step(event, id, "imported", stated)?;
        Ok(true)
    }

    /// Decides an open conflict by taking its `take`th candidate, counted from 1.
    ///
    /// # Errors
    /// [`Invalid`]: only supervisors decide; there is no such conflict or candidate.
    pub fn resolve(&mut self, event: &EventId, conflict: &str, take: usize) -> Result<(), Invalid> {
        if self.author.role != Role::Supervisor {
            let what = Attempt::Step("event-resolved");
            return Err(Invalid::NotAllowed { role: self.author.role, what, may: SUPERVISORS });
        }
        let found = self.whole().view.conflicts.iter().find(|open| open.id == conflict).cloned();
        let Some(found) = found else {
            let id = conflict.split('/').next().unwrap_or_default();
            let id = id.parse().map_err(|_| Invalid::NoRecord { id: id.chars().take(60).collect() })?;
            return Err(Invalid::NoConflict { id, conflict: conflict.chars().take(100).collect() });
        };
        let count = found.candidates.len();
        let candidate = take.checked_sub(1).and_then(|place| found.candidates.get(place));
        let candidate = candidate.ok_or(Invalid::NoCandidate { take, count })?;
        match (found.kind, &candidate.event) {
            (ConflictKind::Conflict | ConflictKind::Parallel, _) => {
                let (kind, part) = self.part(&found.record)?;
                let object = part.object.clone();
                let field =
                    kind.field(candidate.field).ok_or_else(|| Invalid::unknown_field(kind.label, candidate.field))?;
                if found.kind == ConflictKind::Parallel
                    && let Some(scalar) = encode(&candidate.value)
                {
                    self.forget();
                    return self.assert(&object, field.name, scalar);
                }
                self.write(&found.record, field, candidate.value.clone())
            }
            (ConflictKind::Flag, Some(taken)) if self.is_decidable(&found.record, &found.id) => {
                let data = Fields::from([("field", found.field.into()), ("take", taken.as_str().into())]);
                self.step(event, &found.record, "resolved", data)
            }
            _ => Err(Invalid::NoConflict { id: found.record, conflict: found.id }),
        }
    }

    fn is_decidable(&mut self, id: &RecordId, conflict: &str) -> bool {
        self.part(id)
            .is_ok_and(|(_, part)| part.outcome.flags.iter().any(|flag| flag.decidable && flag.id(id) == conflict))
    }
}

/// The stamp as a field takes it.
fn stamped_as(field: &Field, stamp: Timestamp) -> Value {
    if field.shape == Shape::Time { Value::Time(stamp) } else { Value::Date(stamp.day()) }
}

fn not_set(kind: &Kind, field: &Field, fix: &'static str) -> Invalid {
    Invalid::NotSet { kind: kind.label, field: field.label, fix }
}

fn out_of_step(kind: &Kind, id: &RecordId, step: &EventKind, part: &Part, author: &Author) -> Invalid {
    let state = match kind.state_field.and_then(|name| kind.field(name)).map(|field| field.shape) {
        Some(Shape::Enum(list)) => list.label(part.outcome.state),
        _ => kind.label.to_owned(),
    };
    let steps = kind.events.iter().filter(|other| !matches!(other.code, "imported" | "resolved"));
    let open = steps.filter(|other| allowed(other, &part.outcome, Some(author)).is_ok());
    Invalid::Step { id: id.clone(), event: step.label, state, allowed: open.map(|other| other.label).collect() }
}

/// The steps that `author` may take on a record in its present state, for prompts and pages.
#[must_use]
pub fn steps_open(record: &crate::view::Record, author: &Author) -> Vec<&'static EventKind> {
    let state = record.state().unwrap_or_default();
    let assignee = record.text("assignee");
    record
        .kind
        .events
        .iter()
        .filter(|step| !matches!(step.code, "imported" | "resolved"))
        .filter(|step| step.right.roles().contains(&author.role))
        .filter(|step| step.from.is_empty() || step.from.contains(&state))
        .filter(|step| !record.is_void() || step.code == "note")
        .filter(|step| {
            step.right != Right::Assignee
                || author.role == Role::Supervisor
                || assignee.is_none_or(|assignee| assignee == author.staff.as_str())
        })
        .collect()
}
