//! How many of the limits that were due in a month were met.
//!
//! A limit counts in the month it was due in, once that instant has come, as met when it was fulfilled by then: so a month that
//! has passed does not change any more, and nobody looks better for what is not due yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use records::LimitCode;
use records::limits::LimitState;
use rusqlite::{Connection, params};
use store::StoreError;
use vocab::{DocId, Month, Timestamp};

use crate::policies::limit_code;
use crate::views::figures::Sums;
use crate::views::open::Around;

/// Counts the limits that were due in `month` and by the instant. `around` is of the month's last instant, or of the one asked
/// about where that is earlier.
pub(crate) fn count(
    conn: &Connection,
    around: &Around<'_>,
    month: Month,
    (as_of, unshared): (Timestamp, &BTreeSet<DocId>),
    sums: &mut Sums,
) -> Result<(), StoreError> {
    let first = month.start().millis();
    let last = as_of.min(month.end().plus_millis(-1)).millis();
    // Added up here: the rows come by when they were due, and SQLite would sort them first.
    let mut statement = conn.prepare_cached(
        "SELECT code, staff, end_ms IS NOT NULL AND end_ms <= due_ms
         FROM view_limit INDEXED BY view_limit_due WHERE due_ms BETWEEN ?1 AND ?2",
    )?;
    type Counts = BTreeMap<LimitCode, (u64, u64)>;
    let mut of_nobody = Counts::new();
    let mut of_staff: HashMap<String, Counts> = HashMap::new();
    let mut rows = statement.query([first, last])?;
    while let Some(row) = rows.next()? {
        let text = |column| row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from);
        let Some(code) = text(0)?.and_then(limit_code) else { continue };
        let is_met: bool = row.get(2)?;
        let count = |counts: &mut Counts| {
            let (met, all) = counts.entry(code).or_default();
            *met += u64::from(is_met);
            *all += 1;
        };
        match text(1)? {
            None => count(&mut of_nobody),
            Some(staff) => match of_staff.get_mut(staff) {
                Some(counts) => count(counts),
                None => count(of_staff.entry(staff.to_owned()).or_default()),
            },
        }
    }
    let of_staff = of_staff.iter().map(|(staff, counts)| (Some(staff.as_str()), counts));
    for (staff, counts) in of_staff.chain([(None, &of_nobody)]) {
        for (code, (met, all)) in counts {
            sums.count(staff, |figures| figures.limits.entry(*code).or_default().add(*met, *all));
        }
    }
    // A customer that leads to another was entered once: what the second entry owed was owed by nobody.
    let mut statement = conn.prepare_cached(
        "SELECT code, staff, end_ms IS NOT NULL AND end_ms <= due_ms FROM view_limit
         WHERE doc IN (SELECT doc FROM view_record WHERE id = ?3) AND record = ?3 AND code IN ('L1', 'L2')
           AND due_ms BETWEEN ?1 AND ?2",
    )?;
    for moved in around.merged.moved() {
        let mut rows = statement.query(params![first, last, moved.as_str()])?;
        while let Some(row) = rows.next()? {
            let Some(code) = limit_code(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?) else { continue };
            let (staff, met): (Option<String>, bool) = (row.get(1)?, row.get(2)?);
            sums.count(staff.as_deref(), |figures| {
                let rate = figures.limits.entry(code).or_default();
                rate.n = rate.n.saturating_sub(u64::from(met));
                rate.of = rate.of.saturating_sub(1);
            });
        }
    }
    // What has to be shared or handed in is not while no relay has it.
    let mut statement = conn.prepare_cached(
        "SELECT code, staff, record FROM view_limit
         WHERE doc = ?3 AND code IN ('L2', 'L15') AND end_ms <= due_ms AND due_ms BETWEEN ?1 AND ?2",
    )?;
    for doc in unshared {
        let mut rows = statement.query(params![first, last, doc.as_bytes()])?;
        while let Some(row) = rows.next()? {
            let Some(code) = limit_code(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?) else { continue };
            let (staff, record): (Option<String>, String) = (row.get(1)?, row.get(2)?);
            let is_moved = code == LimitCode::L2 && around.merged.moved().any(|moved| moved.as_str() == record);
            if !is_moved {
                sums.count(staff.as_deref(), |figures| {
                    let rate = figures.limits.entry(code).or_default();
                    rate.n = rate.n.saturating_sub(1);
                });
            }
        }
    }
    // L17 is due when the standard may be changed again: it is judged when it was changed.
    let is_judged = |code, due: Timestamp, end: Option<Timestamp>| {
        let judged = if code == LimitCode::L17 { end } else { Some(due) };
        judged.is_some_and(|judged| (first..=last).contains(&judged.millis()))
    };
    for item in around.branch()?.into_iter().filter(|item| is_judged(item.code, item.due, item.end)) {
        let is_met = item.state == LimitState::Met;
        sums.count(item.staff.as_deref(), |figures| figures.limits.entry(item.code).or_default().count(is_met));
    }
    around.calendar(|account, owed| {
        if is_judged(owed.code, owed.term.due, owed.end) {
            let is_met = owed.state == LimitState::Met;
            sums.count(account.owner.as_deref(), |figures| figures.limits.entry(owed.code).or_default().count(is_met));
        }
    })
}
