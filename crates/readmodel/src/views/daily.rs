//! What a supervisor looks at each day before signing that they did.

use std::collections::BTreeSet;

use records::limits::{LimitState, What};
use records::{LimitCode, TASK};
use rusqlite::{Connection, params};
use serde::Serialize;
use store::StoreError;
use vocab::{Day, DocId, RecordId, Timestamp};

use crate::ask::{id_at, row};
use crate::views::due::DueItem;
use crate::views::open::{Around, kind_of};

/// Most items of one list; its whole length stands in [`DailyCounts`].
const ITEMS_MAX: usize = 1_000;

/// How many of the latest checks are looked through for the one of the day.
const CHECKS_MAX: u32 = 100;

/// How far back new notes are looked for where nobody ever signed a check, in milliseconds: a month.
const NOTES_MS_MAX: i64 = 31 * 86_400_000;

/// What is asked of the daily check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailyAsk {
    /// The instant; its day is the one checked.
    pub as_of: Timestamp,
    /// On a device, the documents with changes that no relay has.
    pub unshared: BTreeSet<DocId>,
    /// At the relay, the devices not seen for a day; a device does not know.
    pub devices_unseen: Option<Vec<UnseenDevice>>,
}

/// A device that was not seen for a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UnseenDevice {
    /// What people call it.
    pub device: String,
    /// Whose it is.
    pub staff: Option<String>,
    /// When it was last seen; absent when never.
    pub since: Option<Timestamp>,
}

/// The daily check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Daily {
    /// The instant.
    pub as_of: Timestamp,
    /// The day.
    pub day: Day,
    /// How many there are of each.
    pub counts: DailyCounts,
    /// Tasks that somebody said would take longer.
    pub delayed: Vec<DailyItem>,
    /// Tasks past what was estimated.
    pub past_due: Vec<DailyItem>,
    /// Tasks in progress without a word for longer than L5 gives.
    pub silent: Vec<DailyItem>,
    /// Tasks done and not reviewed within L6.
    pub unreviewed: Vec<DailyItem>,
    /// Approved assessments that no task was made for.
    pub without_task: Vec<DailyItem>,
    /// Critical complaints that are not closed.
    pub critical_complaints: Vec<DailyItem>,
    /// Notes on tasks since the last signed check.
    pub new_notes: Vec<DailyNote>,
    /// Devices not seen for a day; absent on a device.
    pub devices_unseen: Option<Vec<UnseenDevice>>,
    /// Whether the day's check is signed.
    pub signed: Option<Signed>,
}

/// How long each list is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DailyCounts {
    /// Of [`Daily::delayed`].
    pub delayed: u64,
    /// Of [`Daily::past_due`].
    pub past_due: u64,
    /// Of [`Daily::silent`].
    pub silent: u64,
    /// Of [`Daily::unreviewed`].
    pub unreviewed: u64,
    /// Of [`Daily::without_task`].
    pub without_task: u64,
    /// Of [`Daily::critical_complaints`].
    pub critical_complaints: u64,
    /// Of [`Daily::new_notes`].
    pub new_notes: u64,
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DailyItem {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: Option<&'static str>,
    /// The customer: of merged ones the one that they lead to.
    pub customer: Option<RecordId>,
    /// What it is: a task's title, an assessment's need, a complaint's content.
    pub title: Option<String>,
    /// Whose it is.
    pub staff: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// A note on a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DailyNote {
    /// The task, and who noted when.
    #[serde(flatten)]
    pub item: DailyItem,
    /// What was noted.
    pub text: String,
}

/// A signed check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// By whom.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The record.
    pub record: RecordId,
}

/// The daily check of a branch at an instant.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn daily(conn: &Connection, ask: &DailyAsk) -> Result<Daily, StoreError> {
    let around = Around::new(conn, ask.as_of, &ask.unshared)?;
    let mut counts = DailyCounts::default();
    let mut list = |found: Vec<DailyItem>, count: fn(&mut DailyCounts) -> &mut u64| {
        *count(&mut counts) = found.len() as u64;
        titled(conn, found)
    };
    let delayed = list(stretches(conn, &around, What::Delayed, ask.as_of)?, |counts| &mut counts.delayed)?;
    let past_due = list(stretches(conn, &around, What::PastDue, ask.as_of)?, |counts| &mut counts.past_due)?;
    let silent = list(overdue(&around, LimitCode::L5)?, |counts| &mut counts.silent)?;
    let unreviewed = list(overdue(&around, LimitCode::L6)?, |counts| &mut counts.unreviewed)?;
    let without_task =
        list(stretches(conn, &around, What::WithoutTask, ask.as_of)?, |counts| &mut counts.without_task)?;
    let critical =
        list(stretches(conn, &around, What::Critical, ask.as_of)?, |counts| &mut counts.critical_complaints)?;
    let (last, signed) = checks(conn, ask.as_of)?;
    let new_notes = notes(conn, &around, last, ask.as_of, &mut counts.new_notes)?;
    Ok(Daily {
        as_of: ask.as_of,
        day: ask.as_of.day(),
        counts,
        delayed,
        past_due,
        silent,
        unreviewed,
        without_task,
        critical_complaints: critical,
        new_notes,
        devices_unseen: ask.devices_unseen.clone(),
        signed,
    })
}

/// What is overdue by a limit.
fn overdue(around: &Around<'_>, code: LimitCode) -> Result<Vec<DailyItem>, StoreError> {
    let open = around.open(Some(code))?.into_iter();
    let item = |item: DueItem| {
        let DueItem { kind, customer, staff, from, .. } = item;
        Some(DailyItem { record: item.record?, kind, customer, title: None, staff, since: from })
    };
    Ok(open.filter(|item| item.state == LimitState::Overdue).filter_map(item).collect())
}

/// The stretches of a sort around an instant.
fn stretches(
    conn: &Connection,
    around: &Around<'_>,
    what: What,
    as_of: Timestamp,
) -> Result<Vec<DailyItem>, StoreError> {
    let mut found = Vec::new();
    // The last instant that was in time is in time.
    let begun = if what == What::PastDue { "from_ms < ?2" } else { "from_ms <= ?2" };
    for lasting in ["end_ms IS NULL", "end_ms > ?2"] {
        let mut statement = conn.prepare_cached(&format!(
            "SELECT record, customer, staff, from_ms FROM view_moment INDEXED BY view_moment_end
             WHERE what = ?1 AND {lasting} AND {begun}"
        ))?;
        let rows = statement.query_map(params![what.code(), as_of.millis()], |row| {
            let record = id_at(row, 0)?;
            Ok(DailyItem {
                kind: kind_of(&record),
                record,
                customer: Some(around.lead(id_at(row, 1)?)),
                title: None,
                staff: row.get(2)?,
                since: Timestamp::from_millis(row.get(3)?),
            })
        })?;
        for item in rows {
            found.push(item?);
        }
    }
    Ok(found)
}

/// The first of the items, those that wait longest first, with what they are.
fn titled(conn: &Connection, mut items: Vec<DailyItem>) -> Result<Vec<DailyItem>, StoreError> {
    items.sort_by(|a, b| (a.since, &a.record).cmp(&(b.since, &b.record)));
    items.truncate(ITEMS_MAX);
    for item in &mut items {
        let Some(row) = crate::record(conn, &item.record)? else { continue };
        let value = row.value()?;
        item.title = ["title", "need", "content"].iter().find_map(|field| value[*field].as_str()).map(str::to_owned);
    }
    Ok(items)
}

/// When the last check before `as_of` was signed, and the first one of its day.
fn checks(conn: &Connection, as_of: Timestamp) -> Result<(Option<Timestamp>, Option<Signed>), StoreError> {
    let (mut last, mut signed): (Option<Timestamp>, Option<Signed>) = (None, None);
    let mut statement = conn.prepare_cached(
        "SELECT record, staff, from_ms, end_ms FROM view_moment INDEXED BY view_moment_end
         WHERE what = ?1 AND end_ms <= ?2 ORDER BY end_ms DESC, record DESC LIMIT ?3",
    )?;
    let rows = statement.query_map(params![What::Check.code(), as_of.millis(), CHECKS_MAX], |row| {
        let time = |index| row.get::<_, i64>(index).map(Timestamp::from_millis);
        Ok((time(2)?, Signed { by: row.get(1)?, at: time(3)?, record: id_at(row, 0)? }))
    })?;
    for found in rows {
        let (began, check) = found?;
        last = last.max(Some(check.at));
        if began.day() == as_of.day() {
            signed = Some(check);
        }
    }
    Ok((last, signed))
}

/// The notes on tasks after `last` and until `as_of`, latest first.
fn notes(
    conn: &Connection,
    around: &Around<'_>,
    last: Option<Timestamp>,
    as_of: Timestamp,
    count: &mut u64,
) -> Result<Vec<DailyNote>, StoreError> {
    let after = last.unwrap_or(as_of.plus_millis(-NOTES_MS_MAX));
    let mut found = Vec::new();
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {} FROM view_record WHERE kind = ?1 AND void = 0 AND updated_at_ms > ?2 AND created_at_ms <= ?3",
        crate::ask::ROW
    ))?;
    let mut rows = statement.query(params![TASK.code, after.millis(), as_of.millis()])?;
    while let Some(task) = rows.next()? {
        // Most tasks have none, and need not be read through.
        let json = task.get_ref("json")?.as_str().map_err(rusqlite::Error::from)?;
        if !json.contains(r#""issues":[{"#) {
            continue;
        }
        let row = row(task)?;
        let value = row.value()?;
        for note in value["issues"].as_array().into_iter().flatten() {
            let at = note["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
            let (Some(since), Some(text)) = (at, note["text"].as_str()) else { continue };
            if since <= after || since > as_of {
                continue;
            }
            let item = DailyItem {
                record: row.id.clone(),
                kind: Some(row.kind.code),
                customer: Some(around.lead(row.customer.clone())),
                title: value["title"].as_str().map(str::to_owned),
                staff: note["by"].as_str().map(str::to_owned),
                since,
            };
            found.push(DailyNote { item, text: text.to_owned() });
        }
    }
    found.sort_by(|a, b| (b.item.since, &a.item.record, &a.text).cmp(&(a.item.since, &b.item.record, &b.text)));
    *count = found.len() as u64;
    found.truncate(ITEMS_MAX);
    Ok(found)
}
