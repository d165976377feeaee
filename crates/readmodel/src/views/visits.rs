//! How the visits of a year stand for each customer.
//!
//! A year asks for as many visits as the grade says in the policy that held when it began; of whatever sort they are. A customer
//! without a grade, or with one that is served by project, is asked for none. Merged customers are one: their visits count
//! together, the highest grade of any is theirs.

use std::collections::BTreeMap;

use records::Period;
use records::limits::{VisitCompliance, VisitState};
use rusqlite::{Connection, params};
use serde::Serialize;
use store::StoreError;
use vocab::{Month, RecordId, Timestamp};

use crate::ask::id_at;
use crate::views::open::{Around, Held};

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
        .filter(|(_, held, _)| ask.staff.is_none() || ask.staff == held.owner)
        .map(|(customer, held, visits)| CustomerVisits {
            customer: customer.clone(),
            grade: held.grade.clone(),
            staff: held.owner.clone(),
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
pub(crate) fn compliance<'a>(
    conn: &Connection,
    around: &'a Around<'_>,
    as_of: Timestamp,
) -> Result<Vec<(&'a RecordId, &'a Held, VisitCompliance)>, StoreError> {
    let year = Period::Year.around(as_of);
    let today = as_of.day().start();
    let mut counts: BTreeMap<RecordId, (i64, i64)> = BTreeMap::new();
    // A visit that was made later than the instant asked about was planned then.
    for (fact, counted) in
        [("visit", "value >= ?4 AND value < ?2 AND at_ms > ?3"), ("planned_visit", "at_ms >= ?4 AND at_ms < ?2")]
    {
        let mut statement = conn.prepare_cached(&format!(
            "SELECT view_record.customer, ?5 = 'visit' AND at_ms <= ?3, {counted}
             FROM view_fact CROSS JOIN view_record ON view_record.n = view_fact.n
             WHERE fact = ?5 AND at_ms >= ?1 AND at_ms < ?6"
        ))?;
        // What was planned for this year may have been made in the next.
        let until = if fact == "visit" { Timestamp::MAX } else { year.1 };
        let times = [year.0, year.1, as_of, today].map(Timestamp::millis);
        let mut rows = statement.query(params![times[0], times[1], times[2], times[3], fact, until.millis()])?;
        while let Some(row) = rows.next()? {
            let of_customer = counts.entry(around.lead(id_at(row, 0)?)).or_default();
            of_customer.0 += row.get::<_, i64>(1)?;
            of_customer.1 += row.get::<_, Option<i64>>(2)?.unwrap_or_default();
        }
    }
    let required = &around.policies.at(year.0).0.visits;
    let accounts = around.accounts()?.iter();
    Ok(accounts
        .map(|(customer, held)| {
            let (done, planned) = counts.get(customer).copied().unwrap_or_default();
            let required = held.grade.as_ref().and_then(|grade| required.get(grade).copied().flatten());
            (customer, held, VisitCompliance::of(required, done, planned, as_of))
        })
        .collect())
}
