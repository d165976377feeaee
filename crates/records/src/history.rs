//! Every change of a record, before and after, by whom, when, from which device (I9).

use std::collections::{BTreeMap, BTreeSet};

use automerge::legacy::{Key, ObjectId, OpId, OpType};
use automerge::{Automerge, ObjId, ObjType, ReadDoc, ScalarValue};
use vocab::{ChangeHash, RecordId};

use crate::dossier::{EVENTS, container};
use crate::graph::{Change, Graph};
use crate::kinds;
use crate::log::StoredEvent;
use crate::read;
use crate::register::decode;
use crate::schema::{Field, Kind, Shape};
use crate::twins::Twins;
use crate::value::Value;
use crate::view::{Entry, HistoryEntry};

pub(crate) fn of(doc: &Automerge, id: &RecordId) -> Vec<HistoryEntry> {
    let graph = Graph::of(doc);
    let reading = read::read(doc, &graph);
    let mut entries = Vec::new();
    let kind = kinds::kind_of_prefix(id.prefix());
    if let (Some(kind), Some(part)) = (kind, reading.parts.get(id)) {
        let touched = touched(doc, kind, &part.object);
        for place in 0..graph.changes().len() {
            if let Some(names) = touched.get(&graph.hash(place)) {
                fields(doc, &graph, kind, (&part.object, names), place, &mut entries);
            }
        }
    }
    if let Some(events) = container(doc, EVENTS) {
        for found in Twins::default().texts(doc, &graph, &events).entries {
            let place = found.change;
            let Ok(mut stored) = serde_json::from_str::<StoredEvent>(&found.content) else { continue };
            let Ok(event) = found.name.parse() else { continue };
            read::names_meant(&reading.records_twins, &reading.events_twins, &graph, &mut stored, place);
            if stored.record() != Some(id.clone()) {
                continue;
            }
            let effective = reading.parts.get(id).is_some_and(|part| {
                part.log.index_of(&found.name).is_some_and(|index| part.log.effective.contains(index))
            });
            let data = serde_json::to_value(&stored.data).unwrap_or_default();
            entries
                .push(entry(&graph.changes()[place], Entry::Event { id: event, event: stored.kind, data, effective }));
        }
    }
    entries.sort_by(|a, b| {
        (a.written.at, a.written.actor, a.change, order(&a.entry)).cmp(&(
            b.written.at,
            b.written.actor,
            b.change,
            order(&b.entry),
        ))
    });
    entries
}

fn order(entry: &Entry) -> (u8, String) {
    match entry {
        Entry::Field { field, .. } => (0, (*field).to_owned()),
        Entry::Event { id, .. } => (1, id.to_string()),
    }
}

fn entry(change: &Change, entry: Entry) -> HistoryEntry {
    HistoryEntry { written: change.written(), change: ChangeHash::from_bytes(*change.hash.as_bytes()), entry }
}

/// The fields of a record that each change has operations on. To read every field before and after every change would take
/// longer than everything else that a history needs.
fn touched(doc: &Automerge, kind: &Kind, object: &ObjId) -> BTreeMap<automerge::ChangeHash, BTreeSet<&'static str>> {
    let mut touched: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    let ObjId::Id(counter, actor, _) = object else { return touched };
    let record = OpId::new(*counter, actor);
    // Texts and sets of tags that were ever a field's value.
    let mut within: Vec<(OpId, &'static str)> = Vec::new();
    // Parents first: an object is made before anything is done inside it.
    for change in doc.get_changes(&[]) {
        let names: &mut BTreeSet<_> = touched.entry(change.hash()).or_default();
        for (id, op) in (change.start_op().get()..).zip(change.decode().operations) {
            let ObjectId::Id(place) = op.obj else { continue };
            if place != record {
                names.extend(within.iter().find(|(object, _)| *object == place).map(|(_, name)| *name));
            } else if let Key::Map(key) = &op.key
                && let Some(field) = kind.field(key)
            {
                names.insert(field.name);
                if matches!(op.action, OpType::Make(_)) {
                    within.push((OpId::new(id, change.actor_id()), field.name));
                }
            }
        }
    }
    touched
}

/// What one change did to fields of a record, against what its author had before.
fn fields(
    doc: &Automerge,
    graph: &Graph,
    kind: &Kind,
    (object, names): (&ObjId, &BTreeSet<&'static str>),
    place: usize,
    entries: &mut Vec<HistoryEntry>,
) {
    let (before, after) = (graph.deps(place), [graph.hash(place)]);
    let made = graph.of_op(object).map(|(made, _)| made);
    if made.is_none_or(|made| made != place && !graph.descends(place, made)) {
        return;
    }
    for field in kind.fields.iter().filter(|field| names.contains(field.name)) {
        let then = if made == Some(place) { None } else { value_at(doc, object, field, &before) };
        let now = value_at(doc, object, field, &after);
        // A decision for what stood already is a word of its own.
        let again = || now.is_some() && made != Some(place) && wrote(doc, graph, object, field, place);
        if then != now || again() {
            entries.push(entry(&graph.changes()[place], Entry::Field { field: field.name, before: then, after: now }));
        }
    }
}

/// Whether the register's value is one that this change wrote.
fn wrote(doc: &Automerge, graph: &Graph, object: &ObjId, field: &Field, place: usize) -> bool {
    let found = doc.get_at(object, field.name, &[graph.hash(place)]).ok().flatten();
    let is_register = !matches!(field.shape, Shape::Text(_) | Shape::Tags);
    is_register && found.is_some_and(|(_, id)| graph.of_op(&id).is_some_and(|(change, _)| change == place))
}

fn value_at(doc: &Automerge, object: &ObjId, field: &Field, heads: &[automerge::ChangeHash]) -> Option<Value> {
    let (value, id) = doc.get_at(object, field.name, heads).ok().flatten()?;
    let value = match (field.shape, value) {
        (Shape::Text(_), automerge::Value::Object(ObjType::Text)) => Value::Text(doc.text_at(id, heads).ok()?),
        (Shape::Tags, automerge::Value::Object(ObjType::Map)) => Value::Tags(
            doc.keys_at(&id, heads)
                .filter(|tag| {
                    let flag = doc.get_at(&id, tag.as_str(), heads).ok().flatten();
                    flag.is_some_and(|(flag, _)| flag.as_bool() == Some(true))
                })
                .collect(),
        ),
        (_, automerge::Value::Scalar(scalar)) => decode(field, scalar.as_ref() as &ScalarValue)?,
        _ => return None,
    };
    let empty = matches!(&value, Value::Text(text) if text.is_empty())
        || matches!(&value, Value::Tags(tags) if tags.is_empty());
    (!empty).then_some(value)
}
