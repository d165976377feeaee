//! How the visits of a year stand for each customer.
//!
//! A year asks for as many visits as the grade says in the policy that held when it began; of whatever sort they are. A customer
//! without a grade, or with one that is served by project, is asked for none. Merged customers are one: their visits count
//! together, the highest grade of any is theirs.

use records::Period;
use records::limits::{VisitCompliance, VisitState};
use rusqlite::{Connection, params};
use serde::Serialize;
use store::StoreError;
use vocab::{Month, RecordId, Timestamp};

use crate::views::open::{Account, Around};
use crate::views::whose::Whose;

/// What is asked of the visits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitsAsk {
    /// The instant; its year is the one shown.
    pub as_of: Timestamp,
    /// Only the customers of this person.
    pub staff: Option<String>,
}

/// The visits of a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Visits {
    /// The instant.
    pub as_of: Timestamp,
    /// The year, on the branch's clocks.
    pub year: i32,
    /// Every customer that had been entered by then and is not void: those behind first, then by id.
    pub customers: Vec<CustomerVisits>,
}

/// The visits of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomerVisits {
    /// The customer.
    pub customer: RecordId,
    /// The grade, where it has one.
    pub grade: Option<String>,
    /// Whose customer it is.
    pub staff: Option<String>,
    /// How many visits the year asks for; nothing where none are asked for.
    pub required: Option<i64>,
    /// How many were made in the year by the instant.
    pub done: i64,
    /// How many more are planned from the instant's day to the end of the year.
    pub planned: i64,
    /// `met`: all of the year were made; `on_track`: the share of the time passed was; `at_risk`: it was not, but enough are
    /// planned; `behind`.
    pub state: VisitState,
}

/// How the visits of the year stand for each customer of a branch.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn visits(conn: &Connection, ask: &VisitsAsk) -> Result<Visits, StoreError> {
    let none = std::collections::BTreeSet::new();
    let around = Around::new(conn, ask.as_of, &none)?;
    let mut customers: Vec<CustomerVisits> = compliance(conn, &around, ask.as_of)?
        .into_iter()
        .filter(|(account, _)| ask.staff.is_none() || ask.staff == account.owner)
        .map(|(account, visits)| CustomerVisits {
            customer: account.id.clone(),
            grade: account.grade.clone(),
            staff: account.owner.clone(),
            required: visits.required,
            done: visits.done,
            planned: visits.planned,
            state: visits.state,
        })
        .collect();
    customers.sort_by(|a, b| (a.state, &a.customer).cmp(&(b.state, &b.customer)));
    Ok(Visits { as_of: ask.as_of, year: Month::of(ask.as_of).year(), customers })
}

/// Every customer with how its visits stand, by id.
fn compliance<'a>(
    conn: &Connection,
    around: &'a Around<'_>,
    as_of: Timestamp,
) -> Result<Vec<(&'a Account, VisitCompliance)>, StoreError> {
    let (first, next) = Period::Year.around(as_of);
    let today = as_of.day().start();
    let mut whose = Whose::of(conn, around)?;
    let mut counts: Vec<(i64, i64)> = Vec::new();
    let mut count = |own: i64, done: bool, planned: bool| -> Result<(), StoreError> {
        let place = whose.place(own)?;
        counts.resize(counts.len().max(place + 1), (0, 0));
        counts[place].0 += i64::from(done);
        counts[place].1 += i64::from(planned);
        Ok(())
    };
    let mut statement =
        conn.prepare_cached("SELECT own, at_ms, value FROM view_fact WHERE fact = 'visit' AND at_ms >= ?1")?;
    // What was planned for this year may have been made in the next.
    let mut rows = statement.query([first.millis()])?;
    let (from, until) = (today.millis(), next.millis());
    while let Some(row) = rows.next()? {
        let is_done = row.get::<_, i64>(1)? <= as_of.millis();
        // A visit that was made later than the instant asked about was planned then.
        let is_planned = !is_done && row.get::<_, Option<i64>>(2)?.is_some_and(|day| (from..until).contains(&day));
        count(row.get(0)?, is_done, is_planned)?;
    }
    let mut statement =
        conn.prepare_cached("SELECT own FROM view_fact WHERE fact = 'planned_visit' AND at_ms >= ?1 AND at_ms < ?2")?;
    let mut rows = statement.query(params![from.max(first.millis()), until])?;
    while let Some(row) = rows.next()? {
        count(row.get(0)?, false, true)?;
    }
    let required = &around.policies.at(first).0.visits;
    let accounts = around.accounts()?.iter();
    Ok(accounts
        .map(|account| {
            let place = whose.known(&account.id);
            let (done, planned) = place.and_then(|place| counts.get(place)).copied().unwrap_or_default();
            let required = account.grade.as_ref().and_then(|grade| required.get(grade).copied().flatten());
            (&**account, VisitCompliance::of(required, done, planned, as_of))
        })
        .collect())
}
