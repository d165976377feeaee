//! Points add up: every entry that is not void counts, whoever added it where. A balance below zero is flagged, since two
//! people may have given the same points away apart.

use vocab::RecordId;

use crate::kinds::POINTS;
use crate::value::Value;
use crate::view::{Candidate, Conflict, ConflictKind, Record, Severity, View};

/// Writes the balance to the customer.
pub(crate) fn mark(view: &mut View) {
    let counts = |record: &&Record| record.kind == &POINTS && !record.is_void();
    let amount = |record: &Record| record.get("amount").and_then(Value::as_integer);
    let entries: Vec<&Record> = view.records.iter().filter(counts).collect();
    if entries.is_empty() {
        return;
    }
    let balance = entries.iter().filter_map(|record| amount(record)).fold(0_i64, i64::saturating_add);
    let mut taking: Vec<&Record> =
        entries.into_iter().filter(|record| amount(record).is_some_and(|amount| amount < 0)).collect();
    taking.sort_by(|a, b| (&b.created, &b.id).cmp(&(&a.created, &a.id)));
    let candidates: Vec<Candidate> = taking
        .iter()
        .filter_map(|record| {
            let value = Value::Integer(amount(record)?);
            Some(Candidate { field: "amount", value, effective: true, event: None, written: record.created.clone() })
        })
        .collect();
    let customer: Option<RecordId> = view.customer.clone();
    let Some(customer) = customer else { return };
    if let Some(record) = view.records.iter_mut().find(|record| record.id == customer) {
        record.fields.insert("points", Value::Integer(balance));
    }
    if let (true, Some(latest)) = (balance < 0, candidates.first()) {
        view.conflicts.push(Conflict {
            id: format!("{customer}/overdrawn"),
            record: customer,
            field: "points",
            kind: ConflictKind::Flag,
            severity: Severity::Warning,
            reason: "flag-overdrawn",
            decidable: false,
            since: latest.written.at,
            candidates,
        });
    }
}

impl View {
    /// Points ever earned, void entries aside: what a membership is derived from. Spending does not lower it.
    #[must_use]
    pub fn points_earned(&self) -> i64 {
        let entries = self.records.iter().filter(|record| record.kind == &POINTS && !record.is_void());
        entries
            .filter_map(|record| record.get("amount")?.as_integer())
            .filter(|amount| *amount > 0)
            .fold(0, i64::saturating_add)
    }
}
