//! How long a matrix holds while nobody writes anything.
//!
//! What stands open changes by itself only when an instant comes that is written down or follows from the calendar: something
//! begins, is soon due, is past due or ends; a policy begins to hold; a day begins. Up to the first of these after the instant
//! asked about, the same rows give the same counts.

use records::Period;
use records::limits::{Board, LimitState, What};
use rusqlite::{Connection, params};
use store::StoreError;
use vocab::Timestamp;

use crate::views::open::Around;

/// How many limits that were fulfilled after the instant asked about are looked at. A relay's present has hardly any, by clocks
/// that are ahead; whoever asks about the past is told that nothing is known.
const LATER_MAX: i64 = 256;

/// The first instant after `as_of` at which what [`crate::views::matrix`] counts may differ, though no row does. At most the beginning of
/// the next day; nothing where that would take long to find.
pub(crate) fn next_turn(
    conn: &Connection,
    around: &Around<'_>,
    as_of: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let now = as_of.millis();
    let later: i64 = conn
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM view_limit INDEXED BY view_limit_ended
                                   WHERE end_ms IS NOT NULL AND end_ms > ?1 LIMIT ?2)",
        )?
        .query_row(params![now, LATER_MAX + 1], |row| row.get(0))?;
    if later > LATER_MAX {
        return Ok(None);
    }
    let mut first = Period::Day.around(as_of).1.millis();
    let mut may_turn = |at: Option<i64>| first = at.filter(|at| *at > now).map_or(first, |at| at.min(first));
    // The last instant that is in time is in time.
    let of_row = "iif(from_ms > ?1, from_ms, min(iif(soon_ms > ?1, soon_ms, due_ms + 1), iif(due_ms >= ?1, due_ms + 1, soon_ms)))";
    // A row that is neither still to begin, nor soon due, nor due turns no more; those that ended by then neither.
    let queries = [
        format!(
            "SELECT min({of_row}) FROM view_limit INDEXED BY view_limit_open
             WHERE end_ms IS NULL AND (from_ms > ?1 OR soon_ms > ?1 OR due_ms >= ?1)"
        ),
        format!(
            "SELECT min(min({of_row}, end_ms)) FROM view_limit INDEXED BY view_limit_ended
             WHERE end_ms IS NOT NULL AND end_ms > ?1 AND (from_ms > ?1 OR soon_ms > ?1 OR due_ms >= ?1)"
        ),
        "SELECT min(end_ms) FROM view_limit INDEXED BY view_limit_ended WHERE end_ms IS NOT NULL AND end_ms > ?1"
            .to_owned(),
        "SELECT min(began_at_ms) FROM view_document WHERE began_at_ms IS NOT NULL AND began_at_ms > ?1".to_owned(),
    ];
    for query in queries {
        may_turn(conn.prepare_cached(&query)?.query_row([now], |row| row.get(0))?);
    }
    for what in [What::Visit, What::ReturnVisit, What::DeepContact].into_iter().chain(Board::WHATS) {
        for column in ["from_ms", "end_ms"] {
            let query = format!("SELECT min({column}) FROM view_moment WHERE what = ?2 AND {column} > ?1");
            let found = conn.prepare_cached(&query)?.query_row(params![now, what.code()], |row| row.get(0))?;
            may_turn(found);
        }
    }
    for account in around.every_account()? {
        may_turn(Some(account.since.millis()));
    }
    for version in around.policies.versions() {
        may_turn(Some(version.written.at.millis()));
    }
    let mut judged = |state: LimitState, soon: Timestamp, due: Timestamp| {
        if state.is_open() {
            may_turn(Some(soon.millis()));
            may_turn(Some(due.millis() + 1));
        }
    };
    for item in around.branch()? {
        judged(item.state, item.soon, item.due);
    }
    around.calendar(|_, owed| judged(owed.state, owed.term.soon, owed.term.due))?;
    Ok(Some(Timestamp::from_millis(first)))
}
