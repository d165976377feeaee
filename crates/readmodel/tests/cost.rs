//! What is finished costs nothing to ask: no view goes through all records, or through all limits.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests do: by panicking")]

mod branch;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use branch::*;
use readmodel::views::{ComplaintsAsk, DailyAsk, DueAsk, MatrixAsk, complaints, daily, due, matrix};
use records::Fields;
use records::limits::LimitState;
use records::{ASSESSMENT, FEEDBACK, TASK};
use rusqlite::Connection;
use store::StoreError;
use vocab::{Author, DeviceCode, EventId, RecordId};

/// A dossier in which so many needs were met in a day, a year ago.
fn finished(number: u8, needs: u64) -> Paper {
    let mut paper = Paper::customer(number, 0, "normal");
    let code = DeviceCode::enrolled(u32::from(number));
    let id = |prefix, need| RecordId::new(prefix, &code, 1_000 + need);
    paper.edit(&boss(), 1, |edit| {
        (1..=needs).try_for_each(|need| {
            let fields_of_need = fields([("need", "设备无法开机"), ("urgency", "high"), ("scope", "after_sales")]);
            edit.create(&ASSESSMENT, &id("REQ", need), None, and(fields_of_need, "minutes", 30))?;
            let title = and(fields([("title", "维修")]), "due_at", at(90));
            edit.create(&TASK, &id("EXEC", need), Some(&id("REQ", need)), title)
        })
    });
    let mut events = 0;
    let mut all = |minute, who: &Author, prefix, code: &'static str, data: Fields| {
        paper.edit(who, minute, |edit| {
            (1..=needs).try_for_each(|need| {
                events += 1;
                let event = EventId::new(&DeviceCode::enrolled(7), events);
                edit.step(&event, &id(prefix, need), code, data.clone())
            })
        });
    };
    all(2, &boss(), "REQ", "approved", Fields::new());
    all(2, &boss(), "EXEC", "assigned", fields([("assignee", "王*")]));
    all(3, &wang(), "EXEC", "started", Fields::new());
    all(4, &wang(), "EXEC", "note", fields([("text", "拆机")]));
    all(5, &wang(), "EXEC", "done", Fields::new());
    all(6, &boss(), "EXEC", "reviewed", Fields::new());
    paper.edit(&wang(), 7, |edit| {
        (1..=needs).try_for_each(|need| {
            let answer = and(fields([("text", "好")]), "score", 5);
            edit.create(&FEEDBACK, &id("FB", need), Some(&id("EXEC", need)), answer)
        })
    });
    let mut all = |minute, code: &'static str, data: Fields| {
        paper.edit(&wang(), minute, |edit| {
            (1..=needs).try_for_each(|need| {
                events += 1;
                edit.step(&EventId::new(&DeviceCode::enrolled(8), events), &id("FB", need), code, data.clone())
            })
        });
    };
    all(8, "handled", fields([("measure", "无")]));
    all(9, "archived", Fields::new());
    paper
}

/// How many steps SQLite takes to answer.
fn steps<T>(conn: &mut Connection, ask: impl Fn(&Connection) -> Result<T, StoreError>) -> u64 {
    // Once before: the statements are then prepared, and the policies read.
    ask(conn).unwrap();
    let counted = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&counted);
    conn.progress_handler(
        1,
        Some(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            false
        }),
    )
    .unwrap();
    ask(conn).unwrap();
    conn.progress_handler(1, None::<fn() -> bool>).unwrap();
    counted.load(Ordering::Relaxed)
}

#[test]
fn no_view_goes_through_what_is_finished() {
    let mut open = Paper::customer(9, 360 * DAY, "vip");
    open.task(360 * DAY, "high").complaint(360 * DAY, "critical");
    let mut board = Paper::board();
    board.sign(359 * DAY, 1, "2025-04-26");
    let [mut few, mut many] = [2, 60].map(|needs| rows([&finished(1, needs), &open, &board]));
    let count = |conn: &Connection, table: &str| -> i64 {
        conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert!(
        count(&many, "view_record") > count(&few, "view_record") * 10,
        "the control: there is much more to go through"
    );
    assert!(count(&many, "view_limit") > count(&few, "view_limit") * 10);
    let as_of = at(360 * DAY + 600);
    let everybody = DueAsk::at(as_of);
    let mine = DueAsk { staff: Some("王*".into()), ..DueAsk::at(as_of) };
    let missed = DueAsk { states: BTreeSet::from([LimitState::Missed]), ..DueAsk::at(as_of) };
    type Ask<'a> = Box<dyn Fn(&Connection) -> Result<usize, StoreError> + 'a>;
    let asks: [(&str, Ask<'_>); 6] = [
        ("due", Box::new(|conn| Ok(due(conn, &everybody)?.items.len()))),
        ("due of one", Box::new(|conn| Ok(due(conn, &mine)?.items.len()))),
        ("missed", Box::new(|conn| Ok(due(conn, &missed)?.items.len() + 1))),
        (
            "daily",
            Box::new(|conn| {
                let ask = DailyAsk { as_of, unshared: BTreeSet::new(), devices_unseen: None };
                Ok(daily(conn, &ask)?.critical_complaints.len())
            }),
        ),
        (
            "matrix",
            Box::new(|conn| {
                let ask = MatrixAsk { as_of, branch: String::new(), unshared: BTreeSet::new() };
                Ok(matrix(conn, &ask)?.branches[0].steps.len())
            }),
        ),
        ("complaints", Box::new(|conn| Ok(complaints(conn, &ComplaintsAsk { as_of })?.steps[0].items.len()))),
    ];
    for (name, ask) in &asks {
        assert!(ask(&many).unwrap() > 0, "the control: {name} finds what is open");
        let [few, many] = [&mut few, &mut many].map(|conn| steps(conn, ask));
        assert!(many < few + few / 10 + 50, "{name} took {few} steps, and {many} where more was finished");
    }
    let scan = |conn: &Connection| {
        let query = "SELECT count(*) FROM view_limit WHERE staff = '王*'";
        Ok(conn.query_row(query, [], |row| row.get::<_, i64>(0))?)
    };
    assert!(steps(&mut many, scan) > steps(&mut few, scan) * 5, "the control: going through all of them would show");
}
