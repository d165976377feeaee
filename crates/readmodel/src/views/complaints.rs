//! The flow of complaints: how many stand in each step, whose they are, for how long, and whether the step's limit holds.

use std::collections::{BTreeMap, BTreeSet};

use records::LimitCode;
use records::limits::LimitState;
use rusqlite::Connection;
use serde::Serialize;
use store::StoreError;
use vocab::{RecordId, Timestamp};

use crate::views::open::Around;

/// The steps a complaint waits in, in order.
const STEPS: [&str; 5] = ["accepted", "investigating", "solution", "executing", "follow_up"];

const MINUTE_MS: i64 = 60_000;

/// What is asked of the flow of complaints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComplaintsAsk {
    /// The instant.
    pub as_of: Timestamp,
}

/// The flow of complaints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Complaints {
    /// The instant.
    pub as_of: Timestamp,
    /// Every step, in order, also where nothing waits.
    pub steps: Vec<ComplaintStep>,
}

/// A step and what waits in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComplaintStep {
    /// Its code.
    pub step: &'static str,
    /// How many complaints stand in it.
    pub count: u64,
    /// By owner, the one with most first; those without an owner last.
    pub owners: Vec<ComplaintOwner>,
    /// The complaints, those longest in the step first.
    pub items: Vec<ComplaintItem>,
}

/// How much waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComplaintOwner {
    /// Whose; absent where nobody is named.
    pub owner: Option<String>,
    /// How many.
    pub count: u64,
}

/// A complaint in a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComplaintItem {
    /// The complaint.
    pub record: RecordId,
    /// The customer: of merged ones the one that they lead to.
    pub customer: Option<RecordId>,
    /// How grave.
    pub severity: Option<String>,
    /// Whose step it is.
    pub owner: Option<String>,
    /// Since when it stands in the step.
    pub since: Timestamp,
    /// For how many minutes.
    pub age_minutes: i64,
    /// How the step's limit stands.
    pub state: LimitState,
}

/// The flow of complaints of a branch at an instant.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn complaints(conn: &Connection, ask: &ComplaintsAsk) -> Result<Complaints, StoreError> {
    let unshared = BTreeSet::new();
    let found = Around::new(conn, ask.as_of, &unshared)?.open(Some(LimitCode::L20))?;
    let mut steps = Vec::with_capacity(STEPS.len());
    for step in STEPS {
        let mut items = Vec::new();
        let mut owners: BTreeMap<Option<String>, u64> = BTreeMap::new();
        for item in found.iter().filter(|item| item.part.as_deref() == Some(step)) {
            let Some(record) = item.record.clone() else { continue };
            *owners.entry(item.staff.clone()).or_default() += 1;
            items.push(ComplaintItem {
                severity: severity(conn, &record)?,
                record,
                customer: item.customer.clone(),
                owner: item.staff.clone(),
                since: item.from,
                age_minutes: (ask.as_of.millis() - item.from.millis()) / MINUTE_MS,
                state: item.state,
            });
        }
        items.sort_by(|a, b| (a.since, &a.record).cmp(&(b.since, &b.record)));
        let mut owners: Vec<_> = owners.into_iter().map(|(owner, count)| ComplaintOwner { owner, count }).collect();
        owners.sort_by(|a, b| (a.owner.is_none(), b.count, &a.owner).cmp(&(b.owner.is_none(), a.count, &b.owner)));
        steps.push(ComplaintStep { step, count: items.len() as u64, owners, items });
    }
    Ok(Complaints { as_of: ask.as_of, steps })
}

fn severity(conn: &Connection, record: &RecordId) -> Result<Option<String>, StoreError> {
    let Some(row) = crate::record(conn, record)? else { return Ok(None) };
    Ok(row.value()?["severity"].as_str().map(str::to_owned))
}
