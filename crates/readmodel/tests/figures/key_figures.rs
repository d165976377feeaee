//! Key figures and visits, from cases counted by hand.

use std::collections::BTreeSet;

use crate::site::*;
use readmodel::views::{Figures, FiguresAsk, KeyFigures, Mean, Median, Rate, VisitsAsk, figures, visits};
use records::{COMPLAINT, FEEDBACK, Fields, INQUIRY, LimitCode, ORDER, VISIT};
use rusqlite::Connection;

const fn of(n: u64, of: u64) -> Rate {
    Rate { n, of }
}

fn ask(as_of: &str, month: &str) -> FiguresAsk {
    FiguresAsk { month: month.parse().unwrap(), ..FiguresAsk::at(at(as_of)) }
}

/// The figures of a month, long after it.
fn october(conn: &Connection) -> KeyFigures {
    figures(conn, &ask("2026-12-31 00:00", "2026-10")).unwrap()
}

fn person<'a>(figures: &'a KeyFigures, name: &str) -> &'a Figures {
    &figures.asked.people.iter().find(|person| person.person == name).unwrap().figures
}

fn done(branch: &mut Branch, place: usize, when: &str, n: usize, staff: &str) {
    branch.step(place, when, staff, &format!("EXEC-01-{n}"), "done", Fields::new());
}

fn feedback(branch: &mut Branch, place: usize, when: &str, n: usize, task: usize, score: i64) {
    let data = and(fields([("text", "好")]), "score", score);
    branch.create(place, when, &FEEDBACK, &format!("FB-01-{n}"), Some(&format!("EXEC-01-{task}")), data);
}

fn due(text: &str) -> Fields {
    and(Fields::new(), "due_at", time(text))
}

fn complaint(exec: Option<&str>) -> Fields {
    let data = fields([("channel", "phone"), ("complainant", "张*"), ("content", "等候太久"), ("severity", "major")]);
    exec.map_or(data.clone(), |exec| and(data, "exec_id", exec))
}

#[test]
fn scores_punctuality_and_complaints_count_for_who_did_the_task() {
    let mut branch = Branch::default();
    let a = branch.customer("2026-09-01 08:00", 1, Fields::new());
    branch.need(a, "2026-09-01 09:00", 1);
    branch.task(a, "2026-10-05 09:00", 1, 1, "王*", due("2026-10-05 12:00"));
    branch.task(a, "2026-10-05 09:00", 2, 1, "王*", due("2026-10-05 12:00"));
    branch.task(a, "2026-10-05 09:00", 3, 1, "李*", Fields::new());
    branch.task(a, "2026-10-05 09:00", 4, 1, "李*", due("2026-11-05 12:00"));
    done(&mut branch, a, "2026-10-05 12:00", 1, "王*");
    branch.step(a, "2026-10-05 11:00", "王*", "EXEC-01-2", "delayed", due("2026-10-06 12:00"));
    done(&mut branch, a, "2026-10-06 11:00", 2, "王*");
    done(&mut branch, a, "2026-10-07 11:00", 3, "李*");
    // The last minute of October in the branch, and the first of November.
    done(&mut branch, a, "2026-10-31 23:59", 4, "李*");
    feedback(&mut branch, a, "2026-10-06 09:00", 1, 1, 4);
    feedback(&mut branch, a, "2026-10-08 09:00", 2, 2, 2);
    feedback(&mut branch, a, "2026-10-09 09:00", 3, 2, 5);
    feedback(&mut branch, a, "2026-11-01 00:00", 4, 4, 5);
    branch.create(a, "2026-10-09 10:00", &COMPLAINT, "COMP-01-1", None, complaint(Some("EXEC-01-2")));
    branch.create(a, "2026-10-09 11:00", &COMPLAINT, "COMP-01-2", None, complaint(None));
    let conn = branch.rows();
    let found = october(&conn);
    let all = &found.asked.branch;
    assert_eq!((all.mean_score, all.good_scores), (Mean { n: 2, sum: 6 }, of(1, 2)), "typed twice counts once");
    assert_eq!((all.on_time, all.complaints), (of(2, 3), of(2, 4)), "one had no estimate");
    let (wang, li) = (person(&found, "王*"), person(&found, "李*"));
    assert_eq!((wang.mean_score, wang.good_scores), (Mean { n: 2, sum: 6 }, of(1, 2)));
    assert_eq!((wang.on_time, wang.complaints), (of(1, 2), of(1, 2)), "judged by the first estimate");
    assert_eq!((li.mean_score, li.on_time, li.complaints), (Mean::default(), of(1, 1), of(0, 2)));
    let november = figures(&conn, &ask("2026-12-31 00:00", "2026-11")).unwrap().asked;
    assert_eq!((november.branch.mean_score, november.branch.complaints), (Mean { n: 1, sum: 5 }, of(0, 0)));
    let then = figures(&conn, &ask("2026-10-06 10:59", "2026-10")).unwrap().asked.branch;
    assert_eq!((then.mean_score, then.on_time, then.complaints), (Mean { n: 1, sum: 4 }, of(1, 1), of(0, 1)));
}

#[test]
fn a_first_reply_is_in_time_late_or_owed_and_what_is_not_due_is_not_judged() {
    let mut branch = Branch::default();
    let a = branch.customer("2026-09-01 08:00", 1, Fields::new());
    let inquiry = |owner: &'static str, received: &str| {
        let data = fields([("channel", "phone"), ("category", "product"), ("details", "如何保养"), ("owner", owner)]);
        and(data, "received_at", time(received))
    };
    branch.create(a, "2026-10-05 09:00", &INQUIRY, "INQ-01-1", None, inquiry("王*", "2026-10-05 09:00"));
    branch.create(a, "2026-10-05 10:00", &INQUIRY, "INQ-01-2", None, inquiry("王*", "2026-10-05 10:00"));
    branch.create(a, "2026-10-31 23:00", &INQUIRY, "INQ-01-3", None, inquiry("李*", "2026-10-31 23:00"));
    let answer = || fields([("answer", "请见说明")]);
    branch.step(a, "2026-10-05 10:30", "王*", "INQ-01-1", "answered", answer());
    branch.step(a, "2026-10-07 10:00", "王*", "INQ-01-2", "answered", answer());
    branch.create(a, "2026-10-08 09:00", &COMPLAINT, "COMP-01-1", None, complaint(None));
    branch.step(a, "2026-10-08 09:20", "王*", "COMP-01-1", "replied", fields([("text", "正在核实")]));
    for (minute, code, data) in [
        (30, "investigating", Fields::new()),
        (31, "solution", fields([("solution", "换新")])),
        (32, "executing", Fields::new()),
        (33, "follow_up", Fields::new()),
        (34, "closed", fields([("result", "满意")])),
    ] {
        branch.step(a, &format!("2026-10-09 09:{minute}"), "王*", "COMP-01-1", code, data);
    }
    let conn = branch.rows();
    let at_end = |as_of: &str| figures(&conn, &ask(as_of, "2026-10")).unwrap();
    let late = at_end("2026-12-31 00:00");
    let all = &late.asked.branch;
    // Replied after 90 minutes, two days and 20 minutes; never.
    assert_eq!((all.first_reply, all.first_reply_minutes), (of(2, 4), Median { n: 3, median: Some(90) }));
    assert_eq!(all.resolved, of(3, 4));
    let wang = person(&late, "王*");
    assert_eq!((wang.first_reply, wang.resolved), (of(1, 2), of(2, 2)), "the complaint has no owner");
    assert_eq!(wang.first_reply_minutes, Median { n: 2, median: Some((90 + 2_880) / 2) });
    let last = at_end("2026-10-31 23:30").asked.branch;
    assert_eq!((last.first_reply, last.resolved), (of(2, 3), of(3, 4)), "the last is not due before November");
    let early = at_end("2026-10-05 10:20").asked.branch;
    assert_eq!((early.first_reply, early.first_reply_minutes), (of(0, 0), Median::default()));
    assert_eq!(early.resolved, of(0, 2));
    assert_eq!(at_end("2026-10-09 09:33").asked.branch.resolved, of(2, 3), "closed a minute later");
}

#[test]
fn each_limit_counts_in_the_month_it_was_due_once_it_was_due() {
    let mut branch = Branch::default();
    let account = fields([("owner", "王*"), ("grade", "potential")]);
    let a = branch.customer("2026-10-01 08:00", 1, account);
    branch.need(a, "2026-10-05 09:00", 1);
    branch.task(a, "2026-10-05 09:30", 1, 1, "王*", due("2026-10-05 12:00"));
    branch.step(a, "2026-10-05 10:00", "王*", "EXEC-01-1", "started", Fields::new());
    branch.step(a, "2026-10-05 10:20", "王*", "EXEC-01-1", "note", fields([("text", "在途")]));
    done(&mut branch, a, "2026-10-05 11:00", 1, "王*");
    branch.step(a, "2026-10-05 12:30", "主管*", "EXEC-01-1", "reviewed", Fields::new());
    feedback(&mut branch, a, "2026-10-06 09:00", 1, 1, 4);
    branch.step(a, "2026-10-31 12:00", "王*", "FB-01-1", "handled", fields([("measure", "无")]));
    let conn = branch.rows();
    let limits = |as_of: &str| figures(&conn, &ask(as_of, "2026-10")).unwrap();
    let late = limits("2026-12-31 00:00");
    let counted: Vec<(LimitCode, u64, u64)> =
        late.asked.branch.limits.iter().map(|(code, rate)| (*code, rate.n, rate.of)).collect();
    assert_eq!(
        counted,
        [
            (LimitCode::L1, 1, 1),
            // No preference: the dossier was never complete.
            (LimitCode::L2, 0, 1),
            // Urgency, scope and resources were never set.
            (LimitCode::L3, 0, 1),
            // From the start to the note in twenty minutes, to the end in forty.
            (LimitCode::L5, 1, 2),
            // Reviewed after 90 minutes.
            (LimitCode::L6, 0, 1),
            // 22 working days of October 2026, and nobody signed one.
            (LimitCode::L7, 0, 22),
            (LimitCode::L8, 1, 1),
            // Handled, but not archived.
            (LimitCode::L9, 0, 1),
            // Customer records were not cleaned, nor the process reviewed.
            (LimitCode::L10, 0, 2),
            (LimitCode::L14, 1, 1),
        ]
    );
    let wang = &person(&late, "王*").limits;
    assert_eq!((wang[&LimitCode::L5], wang.get(&LimitCode::L6), wang.get(&LimitCode::L7)), (of(1, 2), None, None));
    // At ten to twelve on the fifth: done, the review not due yet.
    let then = limits("2026-10-05 11:50").asked.branch.limits;
    assert_eq!((then.get(&LimitCode::L6), then[&LimitCode::L3], then[&LimitCode::L7]), (None, of(0, 1), of(0, 2)));
    assert_eq!(limits("2026-10-05 12:00").asked.branch.limits[&LimitCode::L6], of(0, 1));
}

#[test]
fn what_no_relay_has_yet_is_not_shared() {
    let mut branch = Branch::default();
    let whole = fields([("owner", "王*"), ("grade", "potential"), ("preference", "电话")]);
    branch.customer("2026-10-01 08:00", 1, whole);
    let conn = branch.rows();
    let l2 = |ask: &FiguresAsk| figures(&conn, ask).unwrap().asked.branch.limits[&LimitCode::L2];
    let shared = ask("2026-12-31 00:00", "2026-10");
    assert_eq!(l2(&shared), of(1, 1));
    assert_eq!(l2(&FiguresAsk { unshared: BTreeSet::from([branch.documents[0].0]), ..shared }), of(0, 1));
}

fn order(branch: &mut Branch, place: usize, when: &str, n: usize, owner: &str) {
    let data = and(fields([("model", "A型"), ("owner", owner)]), "quantity", 1);
    branch.create(place, when, &ORDER, &format!("ORDER-01-{n}"), None, data);
}

fn merge(branch: &mut Branch, place: usize, own: usize, other: usize) {
    let with = format!("CUST-01-{other}");
    branch.step(place, "2026-11-20 09:00", "主管*", &format!("CUST-01-{own}"), "merged", fields([("with", &with)]));
}

/// Three customers: one comes back in October, one does not, one comes for the first time.
fn buyers() -> Branch {
    let mut branch = Branch::default();
    let owned = |owner: &'static str| fields([("owner", owner)]);
    let a = branch.customer("2026-09-01 08:00", 1, owned("王*"));
    let b = branch.customer("2026-09-01 08:00", 2, owned("李*"));
    let c = branch.customer("2026-09-01 08:00", 3, owned("李*"));
    order(&mut branch, a, "2026-09-10 09:00", 1, "王*");
    order(&mut branch, a, "2026-10-10 09:00", 2, "王*");
    order(&mut branch, b, "2026-09-11 09:00", 3, "李*");
    order(&mut branch, c, "2026-10-12 09:00", 4, "李*");
    branch
}

#[test]
fn customers_who_stay_and_who_buy_again_are_counted_once_however_often_they_were_entered() {
    let mut branch = buyers();
    let found = october(&branch.rows());
    let shown = |figures: &Figures| (figures.retention, figures.repeat_purchase);
    assert_eq!(shown(&found.asked.branch), (of(1, 2), of(1, 2)));
    assert_eq!(shown(person(&found, "王*")), (of(1, 1), of(1, 1)));
    assert_eq!(shown(person(&found, "李*")), (of(0, 1), of(0, 1)));
    // The one who left and the one who came are the same.
    merge(&mut branch, 2, 3, 2);
    let merged = october(&branch.rows());
    assert_eq!(shown(&merged.asked.branch), (of(2, 2), of(2, 2)));
    assert_eq!(shown(person(&merged, "李*")), (of(1, 1), of(1, 1)));
    // All three are one: active before and now, with orders before.
    merge(&mut branch, 0, 1, 3);
    assert_eq!(shown(&october(&branch.rows()).asked.branch), (of(1, 1), of(1, 1)));
    let cancelled = fields([("cancelled_why", "客户取消")]);
    let mut branch = buyers();
    branch.step(0, "2026-11-01 09:00", "王*", "ORDER-01-1", "cancelled", cancelled);
    assert_eq!(shown(&october(&branch.rows()).asked.branch), (of(0, 1), of(0, 2)), "a cancelled order is none");
}

#[test]
fn a_visit_too_many_for_one_customer_does_not_make_up_for_another() {
    let mut branch = Branch::default();
    let account = |grade: &'static str, owner: &'static str| fields([("grade", grade), ("owner", owner)]);
    let a = branch.customer("2026-01-01 08:00", 1, account("normal", "王*"));
    let b = branch.customer("2026-01-01 08:00", 2, account("vip", "李*"));
    let c = branch.customer("2026-01-01 08:00", 3, account("potential", "李*"));
    branch.customer("2026-01-01 08:00", 4, Fields::new());
    let visit = |branch: &mut Branch, place: usize, n: usize, planned: &str, made: Option<&str>| {
        let data = and(fields([("visit_kind", "visit"), ("staff", "赵*")]), "planned_on", day(planned));
        let record = format!("VISIT-01-{n}");
        branch.create(place, "2026-01-02 09:00", &VISIT, &record, None, data);
        if let Some(made) = made {
            branch.step(place, made, "王*", &record, "done", Fields::new());
        }
    };
    for (n, day) in ["2026-02-01", "2026-03-01", "2026-04-01"].into_iter().enumerate() {
        visit(&mut branch, a, n + 1, day, Some(&format!("{day} 09:00")));
    }
    visit(&mut branch, b, 4, "2026-05-01", Some("2026-05-02 09:00"));
    for (n, day) in [(5, "2026-11-20"), (6, "2026-12-01"), (7, "2026-12-02"), (8, "2027-01-02")] {
        visit(&mut branch, b, n, day, None);
    }
    visit(&mut branch, c, 9, "2026-06-01", Some("2026-06-01 09:00"));
    let conn = branch.rows();
    let found = figures(&conn, &ask("2026-10-31 12:00", "2026-10")).unwrap();
    assert_eq!(found.asked.branch.visits, of(3, 6), "two of three of the first, one of four of the second");
    assert_eq!((person(&found, "王*").visits, person(&found, "李*").visits), (of(2, 2), of(1, 4)));
    let shown = |as_of: &str, staff: Option<&str>| {
        json(&visits(&conn, &VisitsAsk { as_of: at(as_of), staff: staff.map(str::to_owned) }).unwrap())
    };
    let line = |customer: &str, grade: &str, staff: &str, numbers: &str, state: &str| {
        format!(r#"{{"customer":"{customer}","grade":{grade},"staff":{staff},{numbers},"state":"{state}"}}"#)
    };
    let wang = line("CUST-01-1", r#""normal""#, r#""王*""#, r#""required":2,"done":3,"planned":0"#, "met");
    let li = line("CUST-01-3", r#""potential""#, r#""李*""#, r#""required":null,"done":1,"planned":0"#, "on_track");
    let none = line("CUST-01-4", "null", "null", r#""required":null,"done":0,"planned":0"#, "on_track");
    // Three of four should have been made by the end of October; one was, three are planned.
    let vip = line("CUST-01-2", r#""vip""#, r#""李*""#, r#""required":4,"done":1,"planned":3"#, "at_risk");
    assert_eq!(
        shown("2026-10-31 12:00", None),
        format!(r#"{{"as_of":"2026-10-31T04:00:00Z","year":2026,"customers":[{vip},{li},{none},{wang}]}}"#)
    );
    // A day after a planned visit that was not made: two are left.
    let behind = line("CUST-01-2", r#""vip""#, r#""李*""#, r#""required":4,"done":1,"planned":2"#, "behind");
    assert_eq!(
        shown("2026-11-21 12:00", Some("李*")),
        format!(r#"{{"as_of":"2026-11-21T04:00:00Z","year":2026,"customers":[{behind},{li}]}}"#)
    );
    // On the day itself, before it was made: planned.
    let before = line("CUST-01-2", r#""vip""#, r#""李*""#, r#""required":4,"done":0,"planned":4"#, "at_risk");
    assert!(shown("2026-05-01 09:00", Some("李*")).contains(&before), "{}", shown("2026-05-01 09:00", Some("李*")));
}

#[test]
fn visits_of_a_merged_customer_add_up_under_the_highest_grade() {
    let mut branch = Branch::default();
    for (n, grade) in [(1, "normal"), (2, "vip")] {
        let place = branch.customer("2026-01-01 08:00", n, fields([("grade", grade), ("owner", "王*")]));
        let data = and(fields([("visit_kind", "visit")]), "planned_on", day("2026-02-01"));
        branch.create(place, "2026-01-02 09:00", &VISIT, &format!("VISIT-01-{n}"), None, data);
        branch.step(place, "2026-02-01 09:00", "王*", &format!("VISIT-01-{n}"), "done", Fields::new());
    }
    merge(&mut branch, 0, 1, 2);
    let conn = branch.rows();
    let found = visits(&conn, &VisitsAsk { as_of: at("2026-12-01 00:00"), staff: None }).unwrap().customers;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].customer.as_str(), found[0].required, found[0].done), ("CUST-01-1", Some(4), 2));
    // The second entry owed nothing: one name and channel was to be entered.
    let january = figures(&conn, &ask("2026-12-31 00:00", "2026-01")).unwrap().asked.branch;
    assert_eq!((january.limits[&LimitCode::L1], january.limits[&LimitCode::L2]), (of(1, 1), of(0, 1)));
}

#[test]
fn one_trip_is_enough_or_it_is_not() {
    let mut branch = Branch::default();
    let a = branch.customer("2026-09-01 08:00", 1, Fields::new());
    for n in [1, 2] {
        branch.need(a, "2026-10-01 09:00", n);
        branch.task(a, "2026-10-05 09:00", n, n, "王*", fields([("mode", "onsite")]));
        done(&mut branch, a, &format!("2026-10-0{} 12:00", n + 5), n, "王*");
    }
    branch.task(a, "2026-11-03 09:00", 3, 2, "李*", fields([("mode", "onsite")]));
    let conn = branch.rows();
    assert_eq!(october(&conn).asked.branch.first_visit_fix, of(1, 2));
    assert_eq!(person(&october(&conn), "王*").first_visit_fix, of(1, 2));
    let then = figures(&conn, &ask("2026-11-03 08:59", "2026-10")).unwrap();
    assert_eq!(then.asked.branch.first_visit_fix, of(2, 2), "nobody knew yet");
}

#[test]
fn figures_stand_in_json_as_pairs_for_the_month_and_those_before_it() {
    let branch = buyers();
    let both = FiguresAsk { months_back: 1, ..ask("2026-10-31 12:00", "2026-10") };
    let shown = json(&figures(&branch.rows(), &both).unwrap());
    let start = concat!(
        r#"{"as_of":"2026-10-31T04:00:00Z","month":"2026-10","branch":{"mean_score":{"n":0,"sum":0},"good_scores":{"n":0,"of":0},"#,
        r#""first_reply":{"n":0,"of":0},"first_reply_minutes":{"n":0,"median":null},"resolved":{"n":0,"of":0},"#,
        r#""complaints":{"n":0,"of":0},"on_time":{"n":0,"of":0},"limits":{"L7":{"n":0,"of":22}},"retention":{"n":1,"of":2},"#,
        r#""repeat_purchase":{"n":1,"of":2},"visits":{"n":0,"of":0},"first_visit_fix":{"n":0,"of":0}},"people":[{"person":"李*","#,
    );
    assert!(shown.starts_with(start), "{shown}");
    let (_, before) = shown.split_once(r#""months":[{"month":"2026-09","branch":{"#).unwrap();
    assert!(before.contains(r#""retention":{"n":0,"of":0},"repeat_purchase":{"n":0,"of":2}"#), "{before}");
    // A month that has not begun has no figures.
    let later = figures(&branch.rows(), &ask("2026-10-31 12:00", "2026-11")).unwrap().asked;
    assert_eq!((later.branch, later.people.len()), (Figures::default(), 0));
}
