//! Everything a monthly review looks at, in one answer: for a page, and for the workbook that a process manager sends on.
//!
//! Key figures and the funnel are what is known of the month at the instant asked about; what is open (complaints, limits,
//! visits) is shown as it stood at the month's end, or at that instant where the month has not ended.

use std::collections::BTreeSet;

use records::limits::LimitState;
use records::{IMPROVEMENT, Kind, RISK};
use rusqlite::{Connection, params};
use serde::Serialize;
use store::StoreError;
use vocab::{Day, DocId, Month, Timestamp};

use crate::LIST_ROWS_MAX;
use crate::views::complaints::{Complaints, ComplaintsAsk, complaints};
use crate::views::count::months;
use crate::views::due::{DueItem, urgency_rank};
use crate::views::figures::{FiguresAsk, KeyFigures, figures};
use crate::views::funnel::{Funnel, FunnelAsk, funnel};
use crate::views::open::Around;
use crate::views::visits::{Visits, VisitsAsk, visits};

/// How many months before the one reviewed are shown beside it, unless asked otherwise: half a year together.
pub const REVIEW_MONTHS_BACK: u32 = 5;

/// What is asked of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewAsk {
    /// The instant.
    pub as_of: Timestamp,
    /// The month.
    pub month: Month,
    /// How many months before it are shown too; [`MONTHS_BACK_MAX`](crate::views::MONTHS_BACK_MAX) at most.
    pub months_back: u32,
    /// On a device, the documents with changes that no relay has: what has to be shared or handed in is not while they wait.
    pub unshared: BTreeSet<DocId>,
}

impl ReviewAsk {
    /// The review of a month as it is known at an instant.
    #[must_use]
    pub fn of(month: Month, as_of: Timestamp) -> Self {
        ReviewAsk { as_of, month, months_back: REVIEW_MONTHS_BACK, unshared: BTreeSet::new() }
    }
}

/// What a monthly review looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Review {
    /// The instant.
    pub as_of: Timestamp,
    /// The month's last instant, or the one asked about where that is earlier: what is open is shown as it stood then.
    pub until: Timestamp,
    /// The key figures of the month and of those before it.
    pub figures: KeyFigures,
    /// How far the needs of these months came.
    pub funnel: Funnel,
    /// How often each score was given in these months, oldest first.
    pub scores: Vec<MonthScores>,
    /// The complaints that were open.
    pub complaints: Complaints,
    /// The limits that were overdue, and those of the month that were fulfilled too late.
    pub late: Late,
    /// Improvements that are not closed, and those closed in the month or later: as they stand now.
    pub improvements: Vec<serde_json::Value>,
    /// Risks, closed ones aside: as they stand now.
    pub risks: Vec<serde_json::Value>,
    /// The visits of the year.
    pub visits: Visits,
}

/// How often each score was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MonthScores {
    /// The month.
    pub month: Month,
    /// How often 1, 2, 3, 4 and 5.
    pub counts: [u64; 5],
}

/// Limits that were not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Late {
    /// The first of them: overdue before missed, then the most urgent, then what was due first.
    pub items: Vec<DueItem>,
    /// How many there are.
    pub total: u64,
}

/// The review of a month.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn review(conn: &Connection, ask: &ReviewAsk) -> Result<Review, StoreError> {
    let until = ask.as_of.min(ask.month.end().plus_millis(-1));
    let (as_of, month, months_back, unshared) = (ask.as_of, ask.month, ask.months_back, ask.unshared.clone());
    let scores = months(month, months_back).map(|month| scores(conn, month, as_of));
    let first = month.start().day();
    Ok(Review {
        as_of,
        until,
        figures: figures(conn, &FiguresAsk { as_of, month, months_back, unshared })?,
        funnel: funnel(conn, &FunnelAsk { as_of, month, months_back })?,
        scores: scores.collect::<Result<_, _>>()?,
        complaints: complaints(conn, &ComplaintsAsk { as_of: until })?,
        late: late(conn, until, month, &ask.unshared)?,
        improvements: standing(conn, &IMPROVEMENT, Some(first))?,
        risks: standing(conn, &RISK, None)?,
        visits: visits(conn, &VisitsAsk { as_of: until, staff: None })?,
    })
}

fn scores(conn: &Connection, month: Month, as_of: Timestamp) -> Result<MonthScores, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT value, count(*) FROM view_fact WHERE fact = 'score' AND at_ms BETWEEN ?1 AND ?2 GROUP BY value",
    )?;
    let last = as_of.min(month.end().plus_millis(-1));
    let mut counts = [0; 5];
    let mut rows = statement.query([month.start().millis(), last.millis()])?;
    while let Some(row) = rows.next()? {
        let score = row.get::<_, Option<i64>>(0)?.and_then(|score| usize::try_from(score - 1).ok());
        if let Some(count) = score.and_then(|score| counts.get_mut(score)) {
            *count += row.get::<_, i64>(1)?.unsigned_abs();
        }
    }
    Ok(MonthScores { month, counts })
}

fn late(conn: &Connection, until: Timestamp, month: Month, unshared: &BTreeSet<DocId>) -> Result<Late, StoreError> {
    let around = Around::new(conn, until, unshared)?;
    let mut items = around.open(None)?;
    items.extend(around.recurring()?);
    items.extend(around.missed()?);
    items.retain(|item| match item.state {
        LimitState::Overdue => true,
        LimitState::Missed => item.due >= month.start(),
        LimitState::Met | LimitState::Open | LimitState::Soon => false,
    });
    let rank = |item: &DueItem| (item.state != LimitState::Overdue, urgency_rank(item.urgency.as_deref()));
    items.sort_by(|a, b| {
        (rank(a), a.due, a.code, &a.record, &a.part, a.from, a.end).cmp(&(
            rank(b),
            b.due,
            b.code,
            &b.record,
            &b.part,
            b.from,
            b.end,
        ))
    });
    let total = items.len() as u64;
    items.truncate(LIST_ROWS_MAX as usize);
    Ok(Late { items, total })
}

/// Records of the board that are not closed, or were on that day or later; by id.
fn standing(
    conn: &Connection,
    kind: &'static Kind,
    closed_since: Option<Day>,
) -> Result<Vec<serde_json::Value>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT json FROM view_record WHERE kind = ?1 AND void = 0
           AND (state IS NOT 'closed' OR json_extract(json, '$.done_on') >= ?2)
         ORDER BY id, doc LIMIT ?3",
    )?;
    let day = closed_since.map(|day| day.to_string());
    let mut rows = statement.query(params![kind.code, day, LIST_ROWS_MAX])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let json = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let corrupt = |error| StoreError::Corrupt { what: format!("the row of a {}: {error}", kind.code) };
        found.push(serde_json::from_str(json).map_err(corrupt)?);
    }
    Ok(found)
}
