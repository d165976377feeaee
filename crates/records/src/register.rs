//! Registers: which of several values written apart is shown.

use automerge::{ChangeHash, ObjId, ReadDoc, ScalarValue, Value as AutomergeValue};
use vocab::{Actor, Timestamp};

use crate::graph::Graph;
use crate::schema::{Field, Kind, Shape};
use crate::value::Value;

/// One of the values a register holds.
#[derive(Debug, Clone)]
pub(crate) struct Alternative {
    pub(crate) value: Value,
    /// The change that wrote it.
    pub(crate) change: usize,
    counter: u64,
}

/// How far back the last authorised value is looked for, in changes.
const FALLBACK_DEPTH_MAX: usize = 16;

impl Alternative {
    /// The alternative an operation stands for; nothing when its author had no right to it or the field does not take it.
    pub(crate) fn of(
        graph: &Graph,
        kind: &Kind,
        field: &Field,
        scalar: &ScalarValue,
        operation: &ObjId,
    ) -> Option<Alternative> {
        let (change, counter) = graph.of_op(operation)?;
        let author = graph.changes()[change].author.as_ref()?;
        if !kind.writers.contains(&author.role) {
            return None;
        }
        Some(Alternative { value: decode(field, scalar)?, change, counter })
    }

    /// By authored time: automerge's own order follows operation counters, so that a busy device with a slow clock would win.
    pub(crate) fn rank(&self, graph: &Graph) -> (Timestamp, Actor, u64) {
        let change = &graph.changes()[self.change];
        (change.at, change.actor, self.counter)
    }
}

/// Every value the register holds at `heads` (now, without). A value whose author had no right to write it takes no
/// effect: what it replaced stands.
pub(crate) fn alternatives<D: ReadDoc>(
    doc: &D,
    graph: &Graph,
    kind: &Kind,
    object: &ObjId,
    key: &str,
    field: &Field,
    heads: Option<&[ChangeHash]>,
) -> Vec<Alternative> {
    let mut found = Vec::new();
    collect(&Register { doc, graph, kind, object, key, field }, heads, FALLBACK_DEPTH_MAX, &mut found);
    found
}

/// The values the register holds whose authors had no right to write them, with their changes.
pub(crate) fn unauthorised<D: ReadDoc>(
    doc: &D,
    graph: &Graph,
    kind: &Kind,
    object: &ObjId,
    field: &Field,
) -> Vec<(Value, usize)> {
    let all = doc.get_all(object, field.name).unwrap_or_default();
    let refused = all.into_iter().filter_map(|(value, operation)| {
        let (change, _) = graph.of_op(&operation)?;
        let author = graph.changes()[change].author.as_ref();
        let AutomergeValue::Scalar(scalar) = &value else { return None };
        let may = author.is_some_and(|author| kind.writers.contains(&author.role));
        (!may).then(|| decode(field, scalar).map(|value| (value, change))).flatten()
    });
    refused.collect()
}

struct Register<'a, D> {
    doc: &'a D,
    graph: &'a Graph,
    kind: &'a Kind,
    object: &'a ObjId,
    key: &'a str,
    field: &'a Field,
}

fn collect<D: ReadDoc>(
    register: &Register<'_, D>,
    heads: Option<&[ChangeHash]>,
    depth: usize,
    found: &mut Vec<Alternative>,
) {
    let all = match heads {
        None => register.doc.get_all(register.object, register.key),
        Some(heads) => register.doc.get_all_at(register.object, register.key, heads),
    };
    for (value, operation) in all.unwrap_or_default() {
        let AutomergeValue::Scalar(scalar) = &value else { continue };
        match Alternative::of(register.graph, register.kind, register.field, scalar, &operation) {
            Some(new) if found.iter().any(|known| known.change == new.change && known.value == new.value) => {}
            Some(new) => found.push(new),
            None if depth > 0 => {
                if let Some((change, _)) = register.graph.of_op(&operation) {
                    let before = register.graph.deps(change);
                    collect(register, Some(&before), depth - 1, found);
                }
            }
            None => {}
        }
    }
}

/// How a value stands in a register. Times are automerge timestamps in milliseconds, days are text.
pub(crate) fn encode(value: &Value) -> Option<ScalarValue> {
    match value {
        Value::Text(text) => Some(text.as_str().into()),
        Value::Integer(number) => Some(ScalarValue::Int(*number)),
        Value::Date(day) => Some(day.to_string().into()),
        Value::Time(time) => Some(ScalarValue::Timestamp(time.millis())),
        Value::Flag(flag) => Some(ScalarValue::Boolean(*flag)),
        Value::Tags(_) | Value::Notes(_) | Value::Signature(_) => None,
    }
}

/// The value a register holds, if its field takes it; another client may have written anything.
pub(crate) fn decode(field: &Field, scalar: &ScalarValue) -> Option<Value> {
    let value = match (field.shape, scalar) {
        (_, ScalarValue::Str(text)) if text.is_empty() => return Some(Value::Text(String::new())),
        (Shape::Date, ScalarValue::Str(text)) => Value::Date(text.parse().ok()?),
        (Shape::Time, ScalarValue::Timestamp(millis)) => Value::Time(Timestamp::from_millis(*millis)),
        (Shape::Integer { .. }, ScalarValue::Int(number)) => Value::Integer(*number),
        (Shape::Flag, ScalarValue::Boolean(flag)) => return Some(Value::Flag(*flag)),
        (Shape::Enum(list), ScalarValue::Str(text)) => {
            return list.codes.iter().find(|code| **code == text.as_str()).map(|code| Value::from(*code));
        }
        (_, ScalarValue::Str(text)) => Value::Text(text.to_string()),
        _ => return None,
    };
    field.check(value).ok()
}
