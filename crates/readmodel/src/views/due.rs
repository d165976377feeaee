//! What is due, for a person and a role: overdue first, then by urgency, then by when it is due.

use std::collections::BTreeSet;

use records::LimitCode;
use records::limits::LimitState;
use rusqlite::Connection;
use serde::Serialize;
use store::StoreError;
use vocab::{DocId, RecordId, Role, Timestamp};

use crate::LIST_ROWS_MAX;
use crate::views::open::Around;

/// The states of what is still to be done.
pub const OPEN_STATES: [LimitState; 3] = [LimitState::Overdue, LimitState::Soon, LimitState::Open];

/// What is asked of the due list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueAsk {
    /// The instant.
    pub as_of: Timestamp,
    /// Whose: what names this person or team. With a role: that, and what names nobody and falls to the role.
    pub staff: Option<String>,
    /// Whose by role.
    pub role: Option<Role>,
    /// The states listed; [`OPEN_STATES`] unless asked otherwise. What was missed is listed for a month, what was met in time
    /// not at all: key figures count both.
    pub states: BTreeSet<LimitState>,
    /// How many items at most; [`LIST_ROWS_MAX`] and no more.
    pub limit: u32,
    /// On a device, the documents with changes that no relay has: what has to be shared or handed in is not while they wait.
    pub unshared: BTreeSet<DocId>,
}

impl DueAsk {
    /// Everything that is still to be done at an instant, by anybody.
    #[must_use]
    pub fn at(as_of: Timestamp) -> Self {
        let states = BTreeSet::from(OPEN_STATES);
        DueAsk { as_of, staff: None, role: None, states, limit: LIST_ROWS_MAX, unshared: BTreeSet::new() }
    }

    /// Whether an item is theirs who ask.
    pub(crate) fn wants(&self, staff: Option<&str>, roles: &[Role]) -> bool {
        let by_role = |role: &Role| roles.contains(role);
        match (&self.staff, &self.role) {
            (None, None) => true,
            (Some(wanted), None) => staff == Some(wanted),
            (None, Some(role)) => by_role(role),
            (Some(wanted), Some(role)) => staff == Some(wanted) || (staff.is_none() && by_role(role)),
        }
    }
}

/// The due list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Due {
    /// The instant.
    pub as_of: Timestamp,
    /// The first of them, most pressing first.
    pub items: Vec<DueItem>,
    /// How many there are.
    pub total: u64,
}

/// One limit of one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DueItem {
    /// Which limit.
    pub code: LimitCode,
    /// Which part of it, where it has several: `dispatch`, a complaint's step.
    pub part: Option<String>,
    /// The record it is about; the branch's board has limits that are about none.
    pub record: Option<RecordId>,
    /// The record's kind.
    pub kind: Option<&'static str>,
    /// The customer: of merged ones the one that they lead to.
    pub customer: Option<RecordId>,
    /// When it started.
    pub from: Timestamp,
    /// From when on it is soon due.
    #[serde(skip)]
    pub soon: Timestamp,
    /// When it is due.
    pub due: Timestamp,
    /// When it was fulfilled.
    pub end: Option<Timestamp>,
    /// Where it stands.
    pub state: LimitState,
    /// Whose it is by role.
    pub roles: Vec<Role>,
    /// The person or team, where one is named.
    pub staff: Option<String>,
    /// How urgent the record is.
    pub urgency: Option<String>,
    /// The policy version it is judged by; the defaults have none.
    pub policy: Option<RecordId>,
}

/// The due list of a branch at an instant.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn due(conn: &Connection, ask: &DueAsk) -> Result<Due, StoreError> {
    let around = Around::new(conn, ask.as_of, &ask.unshared)?;
    let mut found = around.open(None)?;
    found.extend(around.recurring()?.into_iter().filter(|item| item.state != LimitState::Met));
    if ask.states.contains(&LimitState::Missed) {
        found.extend(around.missed()?);
    }
    found.retain(|item| ask.states.contains(&item.state) && ask.wants(item.staff.as_deref(), &item.roles));
    found.sort_by(|a, b| order(a).cmp(&order(b)));
    let total = found.len() as u64;
    found.truncate(ask.limit.min(LIST_ROWS_MAX) as usize);
    Ok(Due { as_of: ask.as_of, items: found, total })
}

/// Overdue first, then the most urgent, then what is due first; then by what is written down, so that equal documents give
/// equal lists.
fn order(item: &DueItem) -> impl Ord + '_ {
    let pressing = match item.state {
        LimitState::Overdue => 0,
        LimitState::Soon | LimitState::Open => 1,
        LimitState::Missed | LimitState::Met => 2_u8,
    };
    let rank = urgency_rank(item.urgency.as_deref());
    (pressing, rank, item.due, item.code, &item.record, &item.part, item.from, item.end)
}

/// High, medium, low, none.
pub(crate) fn urgency_rank(urgency: Option<&str>) -> u8 {
    match urgency {
        Some("high") => 0,
        Some("medium") => 1,
        Some("low") => 2,
        _ => 3,
    }
}
