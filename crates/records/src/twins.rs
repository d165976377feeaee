//! Names that stand twice in one document, and what each use of them means.
//!
//! Ids are unique by their making. Yet a store that was restored from a copy counts on from where the copy was made, and
//! gives numbers that its lost life had given before; another client may write anything. automerge shows one of two objects
//! under one key and hides the other whole. Here both stand: the first authored under the plain name, every other one under
//! the name with a mark of the change that made it, `EXEC-7K-3~9f31c2`.
//!
//! What an event or a field calls `EXEC-7K-3` is the first of that name that its author had seen.

use std::collections::BTreeMap;

use automerge::{ObjId, ObjType, ReadDoc, ScalarValueRef, Value as AutomergeValue, ValueRef};

use crate::graph::Graph;

/// How many hexadecimal digits of a change's hash mark its twin.
const MARK_CHARS: usize = 6;

/// The names that stand more than once.
#[derive(Debug, Default)]
pub(crate) struct Twins {
    /// By plain name: who bears it, the first authored first.
    names: BTreeMap<String, Vec<Twin>>,
}

#[derive(Debug)]
struct Twin {
    change: usize,
    marked: String,
}

/// One entry of a container.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    /// The name it is shown under.
    pub(crate) name: String,
    /// The change that wrote it.
    pub(crate) change: usize,
    pub(crate) content: T,
}

/// What was found in a container.
#[derive(Debug)]
pub(crate) struct Found<T> {
    pub(crate) entries: Vec<Entry<T>>,
    /// How many values are of another sort.
    pub(crate) unknown: usize,
}

impl Twins {
    /// Every map in `container`, and the names that several have.
    pub(crate) fn maps<D: ReadDoc>(&mut self, doc: &D, graph: &Graph, container: &ObjId) -> Found<ObjId> {
        let one =
            |value: &ValueRef<'_>, id: &ObjId| matches!(value, ValueRef::Object(ObjType::Map)).then(|| id.clone());
        let all = |value: &AutomergeValue<'_>, id: &ObjId| {
            matches!(value, AutomergeValue::Object(ObjType::Map)).then(|| id.clone())
        };
        self.entries(doc, graph, container, one, all)
    }

    /// Every text in `container`, and the names that several have.
    pub(crate) fn texts<D: ReadDoc>(&mut self, doc: &D, graph: &Graph, container: &ObjId) -> Found<String> {
        let one = |value: &ValueRef<'_>, _: &ObjId| match value {
            ValueRef::Scalar(ScalarValueRef::Str(text)) => Some(text.clone().into_owned()),
            _ => None,
        };
        let all = |value: &AutomergeValue<'_>, _: &ObjId| value.as_str().map(str::to_owned);
        self.entries(doc, graph, container, one, all)
    }

    fn entries<D: ReadDoc, T>(
        &mut self,
        doc: &D,
        graph: &Graph,
        container: &ObjId,
        one: impl Fn(&ValueRef<'_>, &ObjId) -> Option<T>,
        all: impl Fn(&AutomergeValue<'_>, &ObjId) -> Option<T>,
    ) -> Found<T> {
        let mut found = Found { entries: Vec::new(), unknown: 0 };
        for item in doc.map_range(container, ..) {
            let name = item.key.to_string();
            let id = item.id();
            if !item.conflict {
                match (one(&item.value, &id), graph.of_op(&id)) {
                    (Some(content), Some((change, _))) => found.entries.push(Entry { name, change, content }),
                    _ => found.unknown += 1,
                }
                continue;
            }
            let mut bearers = Vec::new();
            for (value, id) in doc.get_all(container, item.key.as_ref()).unwrap_or_default() {
                match (all(&value, &id), graph.of_op(&id)) {
                    (Some(content), Some((change, _))) => bearers.push((change, content)),
                    _ => found.unknown += 1,
                }
            }
            bearers.sort_by_key(|(change, _)| {
                let change = &graph.changes()[*change];
                (change.at, change.actor, change.hash)
            });
            let mark = |change: usize| {
                let hash = graph.changes()[change].hash.to_string();
                format!("{name}~{}", hash.get(..MARK_CHARS).unwrap_or_default())
            };
            let twins: Vec<Twin> =
                bearers.iter().map(|(change, _)| Twin { change: *change, marked: mark(*change) }).collect();
            for (place, (change, content)) in bearers.into_iter().enumerate() {
                let name = if place == 0 { name.clone() } else { twins[place].marked.clone() };
                found.entries.push(Entry { name, change, content });
            }
            if twins.len() > 1 {
                self.names.insert(name, twins);
            }
        }
        found
    }

    /// What `name` is shown as when the change `writer` uses it; nothing when it is shown as it stands.
    pub(crate) fn meant(&self, graph: &Graph, name: &str, writer: usize) -> Option<String> {
        if self.names.is_empty() {
            return None;
        }
        let plain = name.split('~').next().unwrap_or_default();
        let twins = self.names.get(plain)?;
        let place = if plain == name {
            twins.iter().position(|twin| twin.change == writer || graph.descends(writer, twin.change)).unwrap_or(0)
        } else {
            twins.iter().position(|twin| twin.marked == name)?
        };
        Some(if place == 0 { plain.to_owned() } else { twins[place].marked.clone() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}
