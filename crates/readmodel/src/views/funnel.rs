//! How many of the needs raised in a month came how far, and how long each step took.
//!
//! A need counts in the month it was raised in, on the branch's clocks. It reached a step when it reached that one or a later
//! one: who helped first and had the approval written afterwards is not lost on the way, and each step counts at most as many as
//! the one before. What each step means [`records::facts::Need`] says.

use rusqlite::{Connection, params};
use serde::Serialize;
use store::StoreError;
use vocab::{Month, Timestamp};

use crate::views::count::{median_minutes, months};

/// What is asked of the funnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunnelAsk {
    /// The instant: what happened after it is left out.
    pub as_of: Timestamp,
    /// The last month shown.
    pub month: Month,
    /// How many months before it are shown too; [`MONTHS_BACK_MAX`](crate::views::MONTHS_BACK_MAX) at most.
    pub months_back: u32,
}

/// The funnel of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Funnel {
    /// The instant.
    pub as_of: Timestamp,
    /// The months, oldest first.
    pub months: Vec<FunnelMonth>,
}

/// What became of the needs raised in a month, as far as they came by the instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunnelMonth {
    /// The month.
    pub month: Month,
    /// Needs raised: assessments that are not void.
    pub collect: u64,
    /// Of these: approved, or further.
    pub assess: u64,
    /// Of these: work began, or further.
    pub execute: u64,
    /// Of these: a score came in, or further.
    pub feedback: u64,
    /// Of these: the feedback was handled.
    pub improve: u64,
    /// The median time to each step from the one before, over the needs for which both are known.
    pub median_minutes: FunnelMinutes,
}

/// Median minutes to each step from the one before, rounded down; nothing where no need has both. A step reached before the
/// one it follows took no time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FunnelMinutes {
    /// From raised to approved.
    pub assess: Option<i64>,
    /// From approved to work begun.
    pub execute: Option<i64>,
    /// From work begun to a score.
    pub feedback: Option<i64>,
    /// From a score to handled.
    pub improve: Option<i64>,
}

/// How far the needs of a branch came, by month.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn funnel(conn: &Connection, ask: &FunnelAsk) -> Result<Funnel, StoreError> {
    let months = months(ask.month, ask.months_back).map(|month| of_month(conn, month, ask.as_of));
    Ok(Funnel { as_of: ask.as_of, months: months.collect::<Result<_, _>>()? })
}

fn of_month(conn: &Connection, month: Month, as_of: Timestamp) -> Result<FunnelMonth, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT raised_ms, assessed_ms, executed_ms, fed_back_ms, improved_ms FROM view_need
         WHERE raised_ms >= ?1 AND raised_ms < ?2 AND raised_ms <= ?3",
    )?;
    let needs = statement.query_map(params![month.start().millis(), month.end().millis(), as_of.millis()], |row| {
        let mut steps = [None; 5];
        for (column, step) in steps.iter_mut().enumerate() {
            *step = row.get::<_, Option<i64>>(column)?.filter(|at| *at <= as_of.millis());
        }
        Ok(steps)
    })?;
    let mut reached = [0_u64; 5];
    let mut between: [Vec<i64>; 4] = Default::default();
    for steps in needs {
        let steps = steps?;
        let last = steps.iter().rposition(Option::is_some).unwrap_or(0);
        reached[..=last].iter_mut().for_each(|count| *count += 1);
        for (place, durations) in between.iter_mut().enumerate() {
            durations.extend(steps[place].zip(steps[place + 1]).map(|(from, to)| (to - from).max(0)));
        }
    }
    let [assess, execute, feedback, improve] = between.map(median_minutes);
    let median_minutes = FunnelMinutes { assess, execute, feedback, improve };
    let [collect, assess, execute, feedback, improve] = reached;
    Ok(FunnelMonth { month, collect, assess, execute, feedback, improve, median_minutes })
}
