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
    leads: BTreeMap<RecordId, RecordId>,
}

impl Merged {
    /// Works out the groups from every pair said to be one customer, in any order and direction.
    pub fn of(pairs: impl IntoIterator<Item = (RecordId, RecordId)>) -> Merged {
        let mut neighbours: BTreeMap<RecordId, Vec<RecordId>> = BTreeMap::new();
        for (a, b) in pairs {
            neighbours.entry(a.clone()).or_default().push(b.clone());
            neighbours.entry(b).or_default().push(a);
        }
        let mut leads: BTreeMap<RecordId, RecordId> = BTreeMap::new();
        for start in neighbours.keys() {
            if leads.contains_key(start) {
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
            if let Some(smallest) = group.iter().min_by(|a, b| (order(a), a).cmp(&(order(b), b))).cloned() {
                leads.extend(group.into_iter().map(|id| (id, smallest.clone())));
            }
        }
        Merged { leads }
    }

    /// The customer that `id` leads to.
    #[must_use]
    pub fn lead<'a>(&'a self, id: &'a RecordId) -> &'a RecordId {
        self.leads.get(id).unwrap_or(id)
    }

    /// Every id that leads to another, with that other.
    pub fn moved(&self) -> impl Iterator<Item = (&RecordId, &RecordId)> {
        self.leads.iter().filter(|(id, lead)| id != lead)
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
