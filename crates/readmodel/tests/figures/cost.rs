//! What was done in other months costs nothing: no view goes through all records. Joins say their order themselves (CROSS JOIN):
//! SQLite knows nothing of how large the tables are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use readmodel::views::{
    DuplicatesAsk, FiguresAsk, FunnelAsk, TimelineAsk, VisitsAsk, duplicates, figures, funnel, likely_twins, timeline,
    visits,
};
use records::{FEEDBACK, Fields, INQUIRY, ORDER, VISIT};
use rusqlite::Connection;
use store::StoreError;
use vocab::Month;

use crate::site::*;

/// A branch with so many needs met in the spring, each with a score, an inquiry, an order and a visit; and one of October.
fn years(needs: usize) -> Connection {
    let mut branch = Branch::default();
    let account = fields([("grade", "vip"), ("owner", "王*"), ("history", "2023年购买产品A")]);
    let place = branch.customer("2026-03-01 08:00", 1, account);
    for n in 1..=needs {
        whole(&mut branch, place, n, "2026-03-02");
    }
    whole(&mut branch, place, needs + 1, "2026-10-05");
    branch.rows()
}

fn whole(branch: &mut Branch, place: usize, n: usize, on: &str) {
    let at = |hour: &str| format!("{on} {hour}");
    branch.need(place, &at("09:00"), n);
    branch.step(place, &at("09:05"), "主管*", &format!("REQ-01-{n}"), "approved", Fields::new());
    let task = and(fields([("mode", "onsite")]), "due_at", time(&at("12:00")));
    branch.task(place, &at("09:10"), n, n, "王*", task);
    branch.step(place, &at("09:20"), "王*", &format!("EXEC-01-{n}"), "started", Fields::new());
    branch.step(place, &at("10:20"), "王*", &format!("EXEC-01-{n}"), "done", Fields::new());
    let score = and(fields([("text", "好")]), "score", 5);
    branch.create(place, &at("11:00"), &FEEDBACK, &format!("FB-01-{n}"), Some(&format!("EXEC-01-{n}")), score);
    let inquiry = fields([("channel", "phone"), ("category", "product"), ("details", "如何保养")]);
    branch.create(place, &at("11:00"), &INQUIRY, &format!("INQ-01-{n}"), None, inquiry);
    branch.step(place, &at("11:30"), "王*", &format!("INQ-01-{n}"), "answered", fields([("answer", "见说明")]));
    let order = and(fields([("model", "A型")]), "quantity", 1);
    branch.create(place, &at("11:00"), &ORDER, &format!("ORDER-01-{n}"), None, order);
    // Of visits the year is asked for: these were made in the year before.
    let made = if n.is_multiple_of(2) { "2025-03-02" } else { "2025-04-02" };
    let visit = and(fields([("visit_kind", "visit")]), "planned_on", day(made));
    branch.create(place, &at("11:00"), &VISIT, &format!("VISIT-01-{n}"), None, visit);
    let done = and(Fields::new(), "done_on", day(made));
    branch.step(place, &at("11:10"), "王*", &format!("VISIT-01-{n}"), "done", done);
}

/// How many steps SQLite takes to answer.
fn steps<T>(conn: &mut Connection, ask: impl Fn(&Connection) -> Result<T, StoreError>) -> u64 {
    // Once before: the statements are then prepared, and the policies read.
    ask(conn).unwrap();
    let counted = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&counted);
    let count = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        false
    };
    conn.progress_handler(1, Some(count)).unwrap();
    ask(conn).unwrap();
    conn.progress_handler(1, None::<fn() -> bool>).unwrap();
    counted.load(Ordering::Relaxed)
}

#[test]
fn no_view_goes_through_what_was_done_in_other_months() {
    let [mut few, mut many] = [2, 40].map(years);
    let count = |conn: &Connection, table: &str| -> i64 {
        conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    for table in ["view_record", "view_fact", "view_need", "view_bar", "view_limit"] {
        assert!(count(&many, table) > count(&few, table) * 8, "the control: much more of {table}");
    }
    let (as_of, month) = (at("2026-10-20 12:00"), Month::of(at("2026-10-20 12:00")));
    let twin = fields([("channel", "phone"), ("history", "2023年购买产品A")]);
    type Ask<'a> = Box<dyn Fn(&Connection) -> Result<u64, StoreError> + 'a>;
    let asks: [(&str, Ask<'_>); 6] = [
        ("figures", Box::new(|conn| Ok(figures(conn, &FiguresAsk::at(as_of))?.asked.branch.mean_score.n))),
        ("funnel", Box::new(|conn| Ok(funnel(conn, &FunnelAsk { as_of, month, months_back: 1 })?.months[1].feedback))),
        (
            "timeline",
            Box::new(|conn| {
                let ask = TimelineAsk { as_of, from: month.start(), until: month.end(), staff: None };
                Ok(timeline(conn, &ask)?.rows.len() as u64)
            }),
        ),
        ("visits", Box::new(|conn| Ok(visits(conn, &VisitsAsk { as_of, staff: None })?.customers.len() as u64))),
        ("duplicates", Box::new(|conn| Ok(duplicates(conn, &DuplicatesAsk::default())?.pairs.len() as u64 + 1))),
        ("twins", Box::new(|conn| Ok(likely_twins(conn, &twin)?.len() as u64))),
    ];
    for (name, ask) in &asks {
        assert!(ask(&many).unwrap() > 0, "the control: {name} finds what there is");
        let [few, many] = [&mut few, &mut many].map(|conn| steps(conn, ask));
        assert!(many < few + few / 10 + 50, "{name} took {few} steps, and {many} where more was done before");
    }
    let scan = |conn: &Connection| {
        let query = "SELECT count(*) FROM view_fact WHERE person = '王*'";
        Ok(conn.query_row(query, [], |row| row.get::<_, i64>(0))?)
    };
    assert!(steps(&mut many, scan) > steps(&mut few, scan) * 5, "the control: going through all of them would show");
}
