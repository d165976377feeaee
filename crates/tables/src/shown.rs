//! Which records of an export are written, and under which numbers.
//!
//! People know a record by its number on paper. That number is written unless it would name two records; then the record's own
//! id is.

use std::collections::BTreeMap;

use records::{ALL_KINDS, Class, Kind};
use serde_json::Value;

/// Records by their ids.
type Found<'a> = BTreeMap<&'a str, (&'static Kind, &'a Value)>;

/// The numbers that records are written under, by their ids. Void records and what belongs to them are not written, nor are
/// policies.
pub(crate) fn numbers<'a>(records: impl Iterator<Item = &'a Value>) -> BTreeMap<&'a str, &'a str> {
    let all: Found<'_> = records
        .filter_map(|record| kind_and_id(record).map(|(kind, id)| (id, (kind, record))))
        .filter(|(_, (kind, _))| kind.class != Class::Policy)
        .collect();
    let kept: Found<'_> = all.iter().filter(|(id, _)| stands(&all, id)).map(|(id, found)| (*id, *found)).collect();
    let mut bearers: BTreeMap<&str, Vec<(&'static Kind, &str)>> = BTreeMap::new();
    for (id, (kind, record)) in &kept {
        for number in [Some(*id), on_paper(record).filter(|number| number != id)].into_iter().flatten() {
            bearers.entry(number).or_default().push((kind, id));
        }
    }
    let others = |number: &str, own: &str| -> Vec<&'static Kind> {
        let others = bearers.get(number).into_iter().flatten().filter(|(_, id)| *id != own);
        others.map(|(kind, _)| *kind).collect()
    };
    let mut numbers = BTreeMap::new();
    for (id, (kind, record)) in &kept {
        // Two devices may each have brought the same row; then only the ids tell the records apart.
        let alone = |number: &&str| !others(number, id).contains(kind);
        numbers.insert(*id, on_paper(record).filter(alone).unwrap_or(id));
    }
    // A record that may name any kind says beside which (`source`), or not; then the number must not be another kind's too.
    for (_, record) in kept.values() {
        let target = text(record, "source_id").and_then(|id| kept.get_key_value(id));
        let Some((target, (kind, _))) = target else { continue };
        if text(record, "source") != Some(kind.code) && !others(numbers[target], target).is_empty() {
            numbers.insert(*target, *target);
        }
    }
    numbers
}

/// Whether neither the record nor anything it belongs to is void.
fn stands(all: &Found<'_>, id: &str) -> bool {
    let mut at = all.get(id);
    // As many steps as there are kinds: parents come from documents, and may point in circles.
    for _ in 0..ALL_KINDS.len() {
        let Some((kind, record)) = at else { return false };
        match &kind.parent {
            _ if record.get("void").and_then(Value::as_bool) == Some(true) => return false,
            None => return true,
            Some(relation) => at = text(record, relation.field).and_then(|id| all.get(id)),
        }
    }
    false
}

fn on_paper(record: &Value) -> Option<&str> {
    text(record, "legacy_id")
}

fn text<'a>(record: &'a Value, name: &str) -> Option<&'a str> {
    record.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// What a record of an export is, and its id.
pub(crate) fn kind_and_id(record: &Value) -> Option<(&'static Kind, &str)> {
    Some((text(record, "kind").and_then(records::kind)?, text(record, "id")?))
}
