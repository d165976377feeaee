//! Funnel and timeline, from cases counted by hand.

use crate::site::*;
use readmodel::views::{FunnelAsk, TIMELINE_MS_MAX, Timeline, TimelineAsk, funnel, timeline};
use records::{FEEDBACK, Fields, TRAINING, Value};
use rusqlite::Connection;
use vocab::Timestamp;

/// Four needs of October and one of September: one goes all the way, one is worked on unapproved, one is only approved, one is
/// only raised.
fn needs() -> Branch {
    let mut branch = Branch::default();
    let a = branch.customer("2026-09-01 08:00", 1, Fields::new());
    let b = branch.customer("2026-09-01 08:00", 2, Fields::new());
    branch.need(a, "2026-10-05 09:00", 1);
    branch.step(a, "2026-10-05 10:00", "主管*", "REQ-01-1", "approved", Fields::new());
    branch.task(a, "2026-10-05 10:30", 1, 1, "王*", Fields::new());
    branch.step(a, "2026-10-05 11:00", "王*", "EXEC-01-1", "started", Fields::new());
    branch.step(a, "2026-10-05 12:00", "王*", "EXEC-01-1", "done", Fields::new());
    let feedback = and(fields([("text", "好")]), "score", 5);
    branch.create(a, "2026-10-06 11:00", &FEEDBACK, "FB-01-1", Some("EXEC-01-1"), feedback);
    branch.step(a, "2026-10-06 12:30", "王*", "FB-01-1", "handled", fields([("measure", "无")]));
    branch.need(a, "2026-10-07 09:00", 2);
    branch.task(a, "2026-10-07 09:10", 2, 2, "王*", Fields::new());
    branch.step(a, "2026-10-07 09:20", "王*", "EXEC-01-2", "started", Fields::new());
    branch.need(b, "2026-10-31 23:59", 3);
    branch.step(b, "2026-11-01 01:59", "主管*", "REQ-01-3", "approved", Fields::new());
    branch.need(b, "2026-10-08 09:00", 4);
    branch.need(b, "2026-09-30 23:59", 5);
    branch
}

fn asked(conn: &Connection, as_of: &str, month: &str, months_back: u32) -> String {
    json(&funnel(conn, &FunnelAsk { as_of: at(as_of), month: month.parse().unwrap(), months_back }).unwrap())
}

#[test]
fn a_need_counts_in_the_month_it_was_raised_up_to_the_step_it_reached() {
    let conn = needs().rows();
    assert_eq!(
        asked(&conn, "2026-11-15 00:00", "2026-10", 1),
        concat!(
            r#"{"as_of":"2026-11-14T16:00:00Z","months":["#,
            r#"{"month":"2026-09","collect":1,"assess":0,"execute":0,"feedback":0,"improve":0,"#,
            r#""median_minutes":{"assess":null,"execute":null,"feedback":null,"improve":null}},"#,
            // The second need was worked on unapproved: it reached the approval by going further.
            r#"{"month":"2026-10","collect":4,"assess":3,"execute":2,"feedback":1,"improve":1,"#,
            // Approved after 60 and 120 minutes; begun 60 minutes after that; a score a day after, handled after 90 minutes.
            r#""median_minutes":{"assess":90,"execute":60,"feedback":1440,"improve":90}}]}"#
        )
    );
}

#[test]
fn the_funnel_of_an_earlier_instant_leaves_out_what_came_later() {
    let conn = needs().rows();
    let then = asked(&conn, "2026-10-06 11:00", "2026-10", 0);
    assert!(then.contains(r#""collect":1,"assess":1,"execute":1,"feedback":1,"improve":0"#), "{then}");
    let before = asked(&conn, "2026-10-05 10:59", "2026-10", 0);
    assert!(before.contains(r#""collect":1,"assess":1,"execute":0,"feedback":0,"improve":0"#), "{before}");
}

fn rows_at(conn: &Connection, as_of: &str, from: &str, until: &str, staff: Option<&str>) -> Timeline {
    let staff = staff.map(str::to_owned);
    timeline(conn, &TimelineAsk { as_of: at(as_of), from: at(from), until: at(until), staff }).unwrap()
}

fn ids(timeline: &Timeline) -> Vec<&str> {
    timeline.rows.iter().map(|row| row.record.as_str()).collect()
}

/// A task delayed twice, one not begun and long past due, one of another person, a training of next month.
fn plans() -> Branch {
    let mut branch = Branch::default();
    let a = branch.customer("2026-06-01 08:00", 1, Fields::new());
    branch.need(a, "2026-06-01 09:00", 1);
    let due = |text: &str| and(Fields::new(), "due_at", time(text));
    branch.task(a, "2026-06-02 09:00", 1, 1, "王*", due("2026-06-02 18:00"));
    branch.task(a, "2026-10-05 09:00", 2, 1, "王*", due("2026-10-05 12:00"));
    branch.step(a, "2026-10-05 09:30", "王*", "EXEC-01-2", "started", Fields::new());
    branch.step(a, "2026-10-05 10:00", "王*", "EXEC-01-2", "delayed", due("2026-10-05 15:00"));
    branch.step(a, "2026-10-05 14:00", "王*", "EXEC-01-2", "delayed", due("2026-10-06 15:00"));
    branch.step(a, "2026-10-06 11:00", "王*", "EXEC-01-2", "done", Fields::new());
    branch.task(a, "2026-10-05 11:00", 3, 1, "李*", Fields::new());
    branch.step(a, "2026-10-05 11:30", "李*", "EXEC-01-3", "started", Fields::new());
    let board = branch.add();
    let training = and(fields([("training_kind", "skills"), ("topic", "安装")]), "starts_at", time("2026-11-10 09:00"));
    branch.create(
        board,
        "2026-10-01 09:00",
        &TRAINING,
        "TRAIN-01-1",
        None,
        and(training, "ends_at", time("2026-11-10 11:00")),
    );
    branch
}

#[test]
fn a_task_has_a_planned_bar_an_actual_bar_and_each_new_estimate() {
    let conn = plans().rows();
    let october = rows_at(&conn, "2026-10-05 14:30", "2026-10-05 00:00", "2026-10-06 00:00", Some("王*"));
    assert_eq!(
        json(&october),
        concat!(
            r#"{"as_of":"2026-10-05T06:30:00Z","from":"2026-10-04T16:00:00Z","until":"2026-10-05T16:00:00Z","rows":["#,
            // Planned in June, never begun, still to be done: it reaches into every day since.
            r#"{"record":"EXEC-01-1","kind":"task","title":"上门维修","staff":"王*","state":"assigned","#,
            r#""planned":{"from":"2026-06-02T01:00:00Z","until":"2026-06-02T10:00:00Z"},"actual":null,"estimates":[],"#,
            r#""customer":"CUST-01-1"},"#,
            r#"{"record":"EXEC-01-2","kind":"task","title":"上门维修","staff":"王*","state":"done","#,
            r#""planned":{"from":"2026-10-05T01:00:00Z","until":"2026-10-05T04:00:00Z"},"#,
            // Done the day after: at this instant it went on.
            r#""actual":{"from":"2026-10-05T01:30:00Z","until":"2026-10-05T06:30:00Z"},"#,
            r#""estimates":[{"at":"2026-10-05T02:00:00Z","due":"2026-10-05T07:00:00Z"},"#,
            r#"{"at":"2026-10-05T06:00:00Z","due":"2026-10-06T07:00:00Z"}],"customer":"CUST-01-1"}]}"#
        )
    );
    let later = rows_at(&conn, "2026-10-07 00:00", "2026-10-05 00:00", "2026-10-06 00:00", Some("王*"));
    assert_eq!(later.rows[1].actual.unwrap().until, at("2026-10-06 11:00"));
    let earlier = rows_at(&conn, "2026-10-05 13:00", "2026-10-05 00:00", "2026-10-06 00:00", None);
    assert_eq!(earlier.rows[1].estimates.len(), 1);
    assert_eq!(ids(&earlier), ["EXEC-01-1", "EXEC-01-2", "EXEC-01-3"]);
    assert_eq!(earlier.rows[2].planned, None, "the third was never estimated");
}

#[test]
fn only_what_reaches_into_the_stretch_is_shown() {
    let conn = plans().rows();
    let shown = |from: &str, until: &str| ids(&rows_at(&conn, "2026-10-20 00:00", from, until, None)).join(" ");
    assert_eq!(shown("2026-10-06 11:00", "2026-10-07 00:00"), "EXEC-01-1 EXEC-01-2 EXEC-01-3");
    assert_eq!(shown("2026-10-06 11:01", "2026-10-07 00:00"), "EXEC-01-1 EXEC-01-3");
    assert_eq!(shown("2026-06-01 00:00", "2026-06-02 09:00"), "");
    assert_eq!(shown("2026-06-01 00:00", "2026-06-02 09:01"), "EXEC-01-1");
    assert_eq!(
        shown("2026-11-10 11:00", "2026-12-01 00:00"),
        "TRAIN-01-1",
        "what goes on now reaches no further than now"
    );
    let training = rows_at(&conn, "2026-10-20 00:00", "2026-11-01 00:00", "2026-12-01 00:00", None).rows.remove(0);
    assert_eq!((training.kind, training.title.as_deref(), training.customer), ("training", Some("安装"), None));
    let before = rows_at(&conn, "2026-09-30 00:00", "2026-11-01 00:00", "2026-12-01 00:00", None);
    assert!(before.rows.is_empty(), "it was entered in October");
}

#[test]
fn a_bar_longer_than_a_month_is_found_from_its_middle_and_a_stretch_has_a_bound() {
    let mut branch = Branch::default();
    let a = branch.customer("2026-01-01 08:00", 1, Fields::new());
    branch.need(a, "2026-01-01 09:00", 1);
    branch.task(a, "2026-01-02 09:00", 1, 1, "王*", Fields::new());
    branch.step(a, "2026-01-03 09:00", "王*", "EXEC-01-1", "started", Fields::new());
    let done = and(Fields::new(), "done_at", Value::Time(at("2026-06-03 09:00")));
    branch.step(a, "2026-06-03 09:00", "王*", "EXEC-01-1", "done", done);
    let conn = branch.rows();
    assert_eq!(ids(&rows_at(&conn, "2026-12-01 00:00", "2026-04-01 00:00", "2026-04-02 00:00", None)), ["EXEC-01-1"]);
    assert!(rows_at(&conn, "2026-12-01 00:00", "2026-06-04 00:00", "2026-06-05 00:00", None).rows.is_empty());
    let ask =
        TimelineAsk { as_of: at("2026-12-01 00:00"), from: at("2020-01-01 00:00"), until: Timestamp::MAX, staff: None };
    assert_eq!(timeline(&conn, &ask).unwrap().until, ask.from.plus_millis(TIMELINE_MS_MAX));
}
