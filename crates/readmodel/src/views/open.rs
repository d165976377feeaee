//! Limits as they stand at an instant: what the due list, the daily check and the matrix are made of.

use std::collections::BTreeSet;

use records::LimitCode;
use records::limits::LimitState;
use rusqlite::{Connection, Row as SqlRow, params};
use store::StoreError;
use vocab::{DocId, RecordId, Role, Timestamp};

use crate::ask::id_at;
use crate::views::due::DueItem;

const COLUMNS: &str = "code, part, record, customer, from_ms, soon_ms, due_ms, end_ms, roles, staff, urgency, policy";

/// Every limit that had begun by `as_of` and is in one of `states`.
pub(crate) fn items(
    conn: &Connection,
    as_of: Timestamp,
    unshared: &BTreeSet<DocId>,
    states: &BTreeSet<LimitState>,
) -> Result<Vec<DueItem>, StoreError> {
    let mut found = Vec::new();
    let mut read = |condition: &str| -> Result<(), StoreError> {
        let query = format!("SELECT {COLUMNS} FROM view_limit WHERE {condition} AND from_ms <= ?1");
        let mut statement = conn.prepare_cached(&query)?;
        for item in statement.query_map(params![as_of.millis()], |row| item(row, as_of))? {
            found.push(item?);
        }
        Ok(())
    };
    read("end_ms IS NULL")?;
    read("end_ms > ?1")?;
    if states.iter().any(|state| !state.is_open()) {
        read("end_ms <= ?1")?;
    }
    for doc in unshared {
        let query = format!(
            "SELECT {COLUMNS} FROM view_limit
             WHERE doc = ?2 AND code IN ('L2', 'L15') AND end_ms <= ?1 AND from_ms <= ?1"
        );
        let mut statement = conn.prepare_cached(&query)?;
        let rows = statement.query_map(params![as_of.millis(), doc.as_bytes()], |row| item(row, as_of))?;
        for shared in rows {
            let shared = shared?;
            found.retain(|item| *item != shared);
            found.push(DueItem { end: None, state: state(as_of, Timestamp::MAX, shared.due, None), ..shared });
        }
    }
    Ok(found)
}

/// Where a limit stands that had begun by `as_of`.
pub(crate) fn state(as_of: Timestamp, soon: Timestamp, due: Timestamp, end: Option<Timestamp>) -> LimitState {
    match end.filter(|end| *end <= as_of) {
        Some(end) if end <= due => LimitState::Met,
        Some(_) => LimitState::Missed,
        None if as_of > due => LimitState::Overdue,
        None if as_of >= soon => LimitState::Soon,
        None => LimitState::Open,
    }
}

fn item(row: &SqlRow<'_>, as_of: Timestamp) -> rusqlite::Result<DueItem> {
    let time = |index| row.get::<_, i64>(index).map(Timestamp::from_millis);
    let code = row.get_ref(0)?.as_str()?;
    let code = LimitCode::ALL.into_iter().find(|known| known.code() == code).unwrap_or(LimitCode::L1);
    let record: RecordId = id_at(row, 2)?;
    let due = time(6)?;
    let end = row.get::<_, Option<i64>>(7)?.map(Timestamp::from_millis).filter(|end| *end <= as_of);
    let roles = row.get_ref(8)?.as_str()?.split(',').filter_map(|role| role.parse::<Role>().ok()).collect();
    let policy: Option<String> = row.get(11)?;
    Ok(DueItem {
        code,
        part: row.get(1)?,
        kind: kind_of(&record),
        record: Some(record),
        customer: Some(id_at(row, 3)?),
        from: time(4)?,
        due,
        end,
        state: state(as_of, time(5)?, due, end),
        roles,
        staff: row.get(9)?,
        urgency: row.get(10)?,
        policy: policy.and_then(|id| id.parse().ok()),
    })
}

/// The kind, as the id tells it.
pub(crate) fn kind_of(record: &RecordId) -> Option<&'static str> {
    let prefix = record.as_str().split('-').next()?;
    records::kind_of_prefix(prefix).map(|kind| kind.code)
}
