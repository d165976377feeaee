//! One customer entered twice. Both dossiers stay; a `merged` event in either names the other, and every id of a group of
//! merged customers leads to the smallest. Edges are a set, so merging commutes whatever was merged in which direction on
//! which device, and a smallest id cannot lead round in a circle.

use std::collections::{BTreeMap, BTreeSet};

use vocab::RecordId;

use crate::value::Value;
use crate::view::View;

/// Which customer each merged id leads to; ids that nobody merged lead to themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// The smallest id of each group first.
    groups: Vec<Vec<RecordId>>,
    /// Where the group of an id stands.
    places: BTreeMap<RecordId, usize>,
}

impl Merged {
    /// Works out the groups from every pair said to be one customer, in any order and direction.
    pub fn of(pairs: impl IntoIterator<Item = (RecordId, RecordId)>) -> Merged {
        let mut neighbours: BTreeMap<RecordId, Vec<RecordId>> = BTreeMap::new();
        for (a, b) in pairs {
            neighbours.entry(a.clone()).or_default().push(b.clone());
            neighbours.entry(b).or_default().push(a);
        }
        let mut merged = Merged::default();
        for start in neighbours.keys() {
            if merged.places.contains_key(start) {
                continue;
            }
            let (mut group, mut waiting) = (BTreeSet::from([start.clone()]), vec![start.clone()]);
            while let Some(id) = waiting.pop() {
                for next in neighbours.get(&id).into_iter().flatten() {
                    if group.insert(next.clone()) {
                        waiting.push(next.clone());
                    }
                }
            }
            let mut group: Vec<RecordId> = group.into_iter().collect();
            group.sort_by(|a, b| (order(a), a).cmp(&(order(b), b)));
            merged.places.extend(group.iter().map(|id| (id.clone(), merged.groups.len())));
            merged.groups.push(group);
        }
        merged
    }

    /// The customer that `id` leads to.
    #[must_use]
    pub fn lead<'a>(&'a self, id: &'a RecordId) -> &'a RecordId {
        self.group(id).first().unwrap_or(id)
    }

    /// Every id of the customer that `id` is one of, the smallest first; nothing for ids that nobody merged.
    #[must_use]
    pub fn group(&self, id: &RecordId) -> &[RecordId] {
        self.places.get(id).and_then(|place| self.groups.get(*place)).map_or(&[], Vec::as_slice)
    }

    /// Every group, its smallest id first.
    #[must_use]
    pub fn groups(&self) -> &[Vec<RecordId>] {
        &self.groups
    }

    /// Every id that leads to another, with that other.
    pub fn moved(&self) -> impl Iterator<Item = (&RecordId, &RecordId)> {
        self.places.keys().map(|id| (id, self.lead(id))).filter(|(id, lead)| id != lead)
    }
}

/// Shorter device codes first, then by code, then by number: `CUST-07-9` before `CUST-07-10`, before what was made under a
/// provisional code.
fn order(id: &RecordId) -> (usize, String, u64) {
    let mut parts = id.as_str().split('-').skip(1);
    let code = parts.next().unwrap_or_default().to_owned();
    (code.len(), code, parts.next().and_then(|number| number.parse().ok()).unwrap_or(u64::MAX))
}

impl View {
    /// The pairs this dossier says are one customer.
    pub fn merges(&self) -> impl Iterator<Item = (RecordId, RecordId)> + '_ {
        let customers = self.records.iter().filter(|record| record.kind.code == "customer" && !record.is_void());
        customers.flat_map(|record| {
            let others = match record.get("merged_with") {
                Some(Value::Tags(others)) => others.iter().filter_map(|other| other.parse().ok()).collect(),
                _ => Vec::new(),
            };
            others.into_iter().map(|other| (record.id.clone(), other))
        })
    }
}
