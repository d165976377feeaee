//! The Gantt chart of a branch: for every task a planned bar, an actual bar and each new estimate; trainings likewise.
//!
//! What bars mean [`records::facts::Bar`] says. A bar that was still going on at the instant asked about ends there; what was
//! only written down after it is left out. The state is the one a record stands in now.

use records::Kind;
use rusqlite::{Connection, Row as SqlRow, params};
use serde::Serialize;
use store::StoreError;
use vocab::{RecordId, Timestamp};

use crate::ask::id_at;
use crate::merged::leads;

/// The longest stretch that is shown at once, in milliseconds: a leap year.
pub const TIMELINE_MS_MAX: i64 = 366 * 86_400_000;

/// How far before and after the instant is shown unless asked otherwise, in milliseconds: a week, on devices and at the relay alike.
pub const TIMELINE_AROUND_MS: i64 = 7 * 86_400_000;

/// A bar that reaches further than this is looked up by itself (`view_bar_long`): 31 days.
const LONG_MS: i64 = 31 * 86_400_000;

/// What is asked of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineAsk {
    /// The instant.
    pub as_of: Timestamp,
    /// The beginning of the stretch shown.
    pub from: Timestamp,
    /// Its end, itself left out; [`TIMELINE_MS_MAX`] after the beginning at most.
    pub until: Timestamp,
    /// Only what this person has to do.
    pub staff: Option<String>,
}

/// The timeline of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// The instant.
    pub as_of: Timestamp,
    /// The beginning of the stretch shown.
    pub from: Timestamp,
    /// Its end, itself left out.
    pub until: Timestamp,
    /// Every task and training that reaches into it, by when it begins, then by id.
    pub rows: Vec<TimelineRow>,
}

/// A task or training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimelineRow {
    /// The record.
    pub record: RecordId,
    /// `task` or `training`.
    pub kind: &'static str,
    /// A task's title, a training's topic.
    pub title: Option<String>,
    /// Whose task it is.
    pub staff: Option<String>,
    /// The state it stands in.
    pub state: Option<String>,
    /// As planned first; absent without an estimate.
    pub planned: Option<Stretch>,
    /// As it went, up to the instant where it goes on; absent while it has not begun.
    pub actual: Option<Stretch>,
    /// Each new estimate, oldest first.
    pub estimates: Vec<TimelineEstimate>,
    /// The customer: of merged ones the one they lead to. A training has none.
    pub customer: Option<RecordId>,
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

/// A new estimate of when a task will be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TimelineEstimate {
    /// When it was made.
    pub at: Timestamp,
    /// What it said.
    pub due: Timestamp,
}

/// What reaches into a stretch of time.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn timeline(conn: &Connection, ask: &TimelineAsk) -> Result<Timeline, StoreError> {
    let until = ask.until.min(ask.from.plus_millis(TIMELINE_MS_MAX));
    let leads = leads(conn)?;
    let mut rows: Vec<(Timestamp, TimelineRow)> = Vec::new();
    // A short bar that reaches into the stretch began at most so long before it; long ones are few and looked at one by one.
    for (first, condition) in [
        (ask.from.plus_millis(-LONG_MS), "until_ms IS NOT NULL AND until_ms - from_ms <= 2678400000"),
        (Timestamp::EPOCH, "(until_ms IS NULL OR until_ms - from_ms > 2678400000)"),
    ] {
        let query = format!(
            "SELECT from_ms, until_ms, planned_from_ms, planned_until_ms, began_ms, ended_ms, estimates,
                    id, kind, customer, person, state, json, created_at_ms
             FROM view_bar CROSS JOIN view_record ON view_record.n = view_bar.n
             WHERE {condition} AND from_ms >= ?1 AND from_ms < ?2"
        );
        let mut statement = conn.prepare_cached(&query)?;
        let mut found = statement.query(params![first.millis(), until.millis()])?;
        while let Some(found) = found.next()? {
            rows.extend(row(found, ask)?);
        }
    }
    rows.sort_by(|(a_from, a), (b_from, b)| (a_from, &a.record).cmp(&(b_from, &b.record)));
    let mut rows: Vec<TimelineRow> = rows.into_iter().map(|(_, row)| row).collect();
    for row in &mut rows {
        if let Some(customer) = &mut row.customer {
            *customer = leads.lead(customer).clone();
        }
    }
    Ok(Timeline { as_of: ask.as_of, from: ask.from, until, rows })
}

/// A row and when it begins, where it reaches into what is asked for.
fn row(found: &SqlRow<'_>, ask: &TimelineAsk) -> Result<Option<(Timestamp, TimelineRow)>, StoreError> {
    let optional = |column| Ok::<_, StoreError>(found.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis));
    let from = Timestamp::from_millis(found.get(0)?);
    let (closed, planned_from, planned_until, began, ended) =
        (optional(1)?, optional(2)?, optional(3)?, optional(4)?, optional(5)?);
    let last = closed.unwrap_or_else(|| ask.as_of.max(from).max(planned_until.unwrap_or(from)));
    let written = Timestamp::from_millis(found.get(13)?);
    let staff: Option<String> = found.get(10)?;
    let is_asked = ask.staff.is_none() || ask.staff == staff;
    if last < ask.from || !is_asked || (from > ask.as_of && written > ask.as_of) {
        return Ok(None);
    }
    let code: String = found.get(8)?;
    let Some(kind) = records::kind(&code) else { return Ok(None) };
    let estimates: Vec<[i64; 2]> = match found.get::<_, Option<String>>(6)? {
        Some(json) => serde_json::from_str(&json).map_err(|error| corrupt(&error))?,
        None => Vec::new(),
    };
    let estimates = estimates
        .into_iter()
        .map(|times| times.map(Timestamp::from_millis))
        .filter(|[at, _]| *at <= ask.as_of)
        .map(|[at, due]| TimelineEstimate { at, due })
        .collect();
    let actual = began
        .filter(|began| *began <= ask.as_of)
        .map(|began| Stretch { from: began, until: ended.filter(|ended| *ended <= ask.as_of).unwrap_or(ask.as_of) });
    let row = TimelineRow {
        record: id_at(found, 7)?,
        kind: kind.code,
        title: title(kind, found.get_ref(12)?.as_str().map_err(rusqlite::Error::from)?)?,
        staff,
        state: found.get(11)?,
        planned: planned_from.zip(planned_until).map(|(from, until)| Stretch { from, until }),
        actual,
        estimates,
        customer: kind.parent.is_some().then(|| id_at(found, 9)).transpose()?,
    };
    Ok(Some((from, row)))
}

fn title(kind: &Kind, json: &str) -> Result<Option<String>, StoreError> {
    let record: serde_json::Value = serde_json::from_str(json).map_err(|error| corrupt(&error))?;
    let name = if kind.code == "training" { "topic" } else { "title" };
    Ok(record[name].as_str().map(str::to_owned))
}

fn corrupt(error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt { what: format!("a row of the timeline: {error}") }
}
