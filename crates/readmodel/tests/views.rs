//! The views of what is due, of the daily check, of the matrix and of complaints, from hand-computed cases.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests do: by panicking")]

mod branch;

use std::collections::BTreeSet;

use branch::*;
use readmodel::views::{
    Colour, ComplaintsAsk, DailyAsk, DailyItem, Due, DueAsk, MatrixAsk, MatrixStep, Stage, UnseenDevice, complaints,
    daily, due, matrix,
};
use records::limits::LimitState::{self, *};
use records::{Fields, LimitCode, Value};
use rusqlite::Connection;
use vocab::{DocId, Role};

/// What is due by code, record, state and due minute, in the order of the list; the calendar's limits left out.
fn lines(due: &Due) -> Vec<(String, String, LimitState, i64)> {
    let of_dossiers = due.items.iter().filter(|item| !matches!(item.code.code(), "L7" | "L10" | "L11" | "L16"));
    let line = |item: &readmodel::views::DueItem| {
        let record = item.record.as_ref().map(ToString::to_string).unwrap_or_default();
        let code =
            format!("{}{}", item.code.code(), item.part.as_deref().map(|part| format!(" {part}")).unwrap_or_default());
        (code, record, item.state, minute(item.due))
    };
    of_dossiers.map(line).collect()
}

fn codes(due: &Due) -> Vec<(String, String)> {
    lines(due).into_iter().map(|(code, record, ..)| (code, record)).collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.into_iter().map(|(code, record)| (code.to_owned(), record.to_owned())).collect()
}

/// Two dossiers: 1 with a task of high urgency done and not reviewed, 2 with one of low urgency in progress.
fn two() -> [Paper; 2] {
    let mut one = Paper::customer(1, 0, "normal");
    one.task(0, "high");
    let task = one.id("EXEC");
    one.step(&wang(), 10, &task, "started", Fields::new()).step(&wang(), 30, &task, "done", Fields::new());
    let mut two = Paper::customer(2, 0, "normal");
    two.task(5, "low");
    let task = two.id("EXEC");
    two.step(&wang(), 20, &task, "started", Fields::new());
    [one, two]
}

#[test]
fn what_is_overdue_comes_first_then_the_most_urgent_then_the_soonest() {
    let conn = rows(&two());
    // Minute 60: the silence since minute 20 is overdue, the review is open (due at 90), the form too; the service record of the
    // second task is open until the day ends at minute 480.
    assert_eq!(
        lines(&due(&conn, &DueAsk::at(at(60))).unwrap()),
        [
            ("L5".into(), "EXEC-01-2".into(), Overdue, 50),
            ("L6".into(), "EXEC-01-1".into(), Open, 90),
            ("L8".into(), "EXEC-01-1".into(), Open, 30 + DAY),
            ("L14".into(), "EXEC-01-2".into(), Open, 479),
        ]
    );
    // At minute 91 the review is overdue as well, and of higher urgency.
    let later = codes(&due(&conn, &DueAsk::at(at(91))).unwrap());
    assert_eq!(later[..2], pairs([("L6", "EXEC-01-1"), ("L5", "EXEC-01-2")]));
    // Before anything had begun nothing is due, and what ended later was open.
    assert_eq!(due(&conn, &DueAsk::at(at(-1))).unwrap().total, 0);
    let at_15 = due(&conn, &DueAsk::at(at(15))).unwrap();
    assert_eq!(codes(&at_15), pairs([("L5", "EXEC-01-1"), ("L14", "EXEC-01-1")]));
    assert!(at_15.items.iter().all(|item| item.end.is_none()), "nobody knew then");
}

#[test]
fn a_person_sees_what_names_them_and_with_a_role_what_names_nobody() {
    let mut papers = two();
    papers[1].complaint(25, "major");
    let conn = rows(&papers);
    let ask = |staff: Option<&str>, role| DueAsk { staff: staff.map(str::to_owned), role, ..DueAsk::at(at(60)) };
    let all = due(&conn, &ask(None, None)).unwrap();
    let wang = due(&conn, &ask(Some("王*"), None)).unwrap();
    assert_eq!(
        codes(&wang),
        pairs([("L5", "EXEC-01-2"), ("L8", "EXEC-01-1"), ("L14", "EXEC-01-2")]),
        "neither the review nor the complaint names anybody"
    );
    assert_eq!(codes(&due(&conn, &ask(None, Some(Role::Supervisor))).unwrap()).len(), all_but(&all, "L14"));
    let boss = codes(&due(&conn, &ask(Some("主管*"), Some(Role::Supervisor))).unwrap());
    assert_eq!(boss, pairs([("L6", "EXEC-01-1"), ("L20 accepted", "COMP-01-2"), ("L12", "COMP-01-2")]));
    assert_eq!(due(&conn, &ask(Some("没有*"), None)).unwrap().total, 0);
    // What names somebody is nobody else's, though it is their role's.
    assert!(!boss.contains(&("L5".into(), "EXEC-01-2".into())));
}

/// How many limits of dossiers there are besides those of a code.
fn all_but(due: &Due, code: &str) -> usize {
    codes(due).iter().filter(|(found, _)| found != code).count()
}

#[test]
fn what_was_missed_is_listed_when_asked() {
    let mut papers = two();
    let task = papers[0].id("EXEC");
    papers[0].step(&boss(), 200, &task, "reviewed", Fields::new());
    let conn = rows(&papers);
    let missed = DueAsk { states: BTreeSet::from([Missed]), ..DueAsk::at(at(300)) };
    let found = due(&conn, &missed).unwrap();
    assert_eq!(lines(&found), [("L6".into(), "EXEC-01-1".into(), Missed, 90)]);
    assert_eq!(found.items[0].end, Some(at(200)));
    let before = DueAsk { as_of: at(199), ..missed };
    assert_eq!(lines(&due(&conn, &before).unwrap()), []);
}

#[test]
fn a_list_has_a_bound_and_says_how_much_there_is() {
    let conn = rows(&two());
    let all = due(&conn, &DueAsk::at(at(60))).unwrap();
    let first = due(&conn, &DueAsk { limit: 1, ..DueAsk::at(at(60)) }).unwrap();
    assert_eq!((first.items.as_slice(), first.total), (&all.items[..1], all.total));
}

#[test]
fn what_has_to_be_shared_waits_while_the_outbox_holds_something() {
    let mut papers = two();
    let task = papers[0].id("EXEC");
    papers[0].step(&wang(), 40, &task, "signed", fields([("signer", "张*"), ("what", "服务单")]));
    let conn = rows(&papers);
    let ask = |unshared: BTreeSet<DocId>| DueAsk { unshared, ..DueAsk::at(at(60)) };
    let shared = due(&conn, &ask(BTreeSet::new())).unwrap();
    let codes_of = |due: &Due| due.items.iter().map(|item| item.code).collect::<BTreeSet<_>>();
    assert!(!codes_of(&shared).contains(&LimitCode::L2) && !codes_of(&shared).contains(&LimitCode::L15));
    let waiting = due(&conn, &ask(BTreeSet::from([papers[0].doc]))).unwrap();
    let more: Vec<_> = lines(&waiting).into_iter().filter(|line| !lines(&shared).contains(line)).collect();
    // Signed on a Thursday: the week ends with Sunday.
    let sunday = 4 * DAY - 16 * HOUR - 1;
    assert_eq!(more, [("L15".into(), "EXEC-01-1".into(), Open, sunday), ("L2".into(), "CUST-01-1".into(), Open, DAY)]);
    let steps = |unshared| {
        let ask = MatrixAsk { as_of: at(60), branch: "甲".into(), unshared };
        matrix(&conn, &ask).unwrap().branches.remove(0).steps
    };
    let all = |steps: Vec<MatrixStep>| steps.iter().map(|step| step.open + step.soon + step.overdue).sum::<u64>();
    assert_eq!(all(steps(BTreeSet::from([papers[0].doc]))), all(steps(BTreeSet::new())) + 2);
}

#[test]
fn the_calendar_asks_for_visits_of_merged_customers_once() {
    let mut one = Paper::customer(1, 0, "normal");
    one.visit(60, 1, "return_visit");
    let mut two = Paper::customer(2, 10, "vip");
    let conn = rows([&one, &two]);
    let calendar = |conn: &Connection| {
        let found = due(conn, &DueAsk::at(at(2 * HOUR))).unwrap();
        let of = |code: &str| matches!(code, "L16" | "L18" | "L19");
        let line = |item: &readmodel::views::DueItem| {
            (item.code.code(), item.record.clone().unwrap().to_string(), item.customer.clone().unwrap().to_string())
        };
        found.items.iter().filter(|item| of(item.code.code())).map(line).collect::<Vec<_>>()
    };
    let line = |code, id: &str| (code, id.to_owned(), id.to_owned());
    // A normal customer is owed two visits a year, of which one was made; a VIP four, and one of each sort besides.
    assert_eq!(
        calendar(&conn),
        [line("L18", "CUST-01-2"), line("L19", "CUST-01-2"), line("L16", "CUST-01-1"), line("L16", "CUST-01-2")]
    );
    // They are one: the VIP's visits are owed to the first of the two ids, and the return visit was made.
    two.merge(20, "CUST-01-1");
    let conn = rows([&one, &two]);
    assert_eq!(calendar(&conn), [line("L19", "CUST-01-1"), line("L16", "CUST-01-1")]);
}

#[test]
fn entering_a_merged_customer_is_owed_once() {
    let mut incomplete = Paper::new(2);
    let customer = incomplete.id("CUST");
    incomplete.edit(&boss(), 0, |edit| {
        edit.create(&records::CUSTOMER, &customer, None, fields([("name", "*先生"), ("channel", "phone")]))
    });
    let mut papers = [Paper::customer(1, 0, "normal"), incomplete];
    let conn = rows(&papers);
    let owed = |conn: &Connection| codes(&due(conn, &DueAsk::at(at(60))).unwrap());
    let collect = |conn: &Connection| {
        let ask = MatrixAsk { as_of: at(60), branch: "甲".into(), unshared: BTreeSet::new() };
        matrix(conn, &ask).unwrap().branches[0].steps[0].open
    };
    assert_eq!((owed(&conn), collect(&conn)), (pairs([("L2", "CUST-01-2")]), 1));
    papers[0].merge(50, "CUST-01-2");
    let conn = rows(&papers);
    assert_eq!((owed(&conn), collect(&conn)), (pairs([]), 0));
}

#[test]
fn void_records_and_dossiers_owe_nothing_and_twins_owe_under_their_mark() {
    let mut papers = two();
    let task = papers[1].id("EXEC");
    papers[1].step(&boss(), 30, &task, "void", fields([("why", "录入错误")]));
    // Another document with a task of the same id: a store was restored from a copy.
    let mut twin = papers[0].clone();
    twin.doc = DocId::from_random([0xee; 16]);
    let conn = rows(papers.iter().chain([&twin]));
    let found = codes(&due(&conn, &DueAsk::at(at(60))).unwrap());
    let name = twin.doc.to_string();
    let marked = format!("EXEC-01-1~{}", &name["automerge:".len()..][..4]);
    let reviews: Vec<_> = found.iter().filter(|(code, _)| code == "L6").map(|(_, record)| record.as_str()).collect();
    assert_eq!(reviews, ["EXEC-01-1", &marked]);
    assert!(found.iter().all(|(_, record)| record != "EXEC-01-2"));
    readmodel::remove(&conn, papers[0].doc).unwrap();
    let found = codes(&due(&conn, &DueAsk::at(at(60))).unwrap());
    // The approval of the second lost its only task.
    let expected = pairs([("L6", "EXEC-01-1"), ("L8", "EXEC-01-1"), ("L4", "REQ-01-2")]);
    assert_eq!(found, expected, "alone it has the plain name");
}

fn items(items: &[DailyItem]) -> Vec<(String, i64)> {
    items.iter().map(|item| (item.record.to_string(), minute(item.since))).collect()
}

fn check(conn: &Connection, minute: i64) -> readmodel::views::Daily {
    daily(conn, &DailyAsk { as_of: at(minute), unshared: BTreeSet::new(), devices_unseen: None }).unwrap()
}

#[test]
fn the_daily_check_lists_what_a_supervisor_has_to_look_at() {
    let mut papers = two();
    let (first, second) = (papers[0].id("EXEC"), papers[1].id("EXEC"));
    papers[1].step(&wang(), 70, &second, "note", fields([("text", "等配件")]));
    papers[1].step(&wang(), 80, &second, "delayed", Fields::from([("due_at", Value::Time(at(400)))]));
    papers[1].complaint(90, "critical");
    let mut third = Paper::customer(3, 0, "normal");
    let assessment = third.id("REQ");
    third.edit(&boss(), 0, |edit| edit.create(&records::ASSESSMENT, &assessment, None, fields([("need", "安装")])));
    third.step(&boss(), 50, &assessment, "approved", Fields::new());
    let conn = rows(papers.iter().chain([&third]));
    let one = |record: &str, minute| vec![(record.to_owned(), minute)];
    // Minute 120, six in the afternoon.
    let daily = check(&conn, 120);
    assert_eq!(items(&daily.delayed), one("EXEC-01-2", 80));
    assert_eq!(items(&daily.past_due), []);
    assert_eq!(items(&daily.silent), one("EXEC-01-2", 80), "forty minutes without a word");
    assert_eq!(items(&daily.unreviewed), one("EXEC-01-1", 30));
    assert_eq!(items(&daily.without_task), one("REQ-01-3", 50));
    assert_eq!(items(&daily.critical_complaints), one("COMP-01-2", 90));
    let notes: Vec<_> = daily.new_notes.iter().map(|note| (note.item.record.as_str(), note.text.as_str())).collect();
    assert_eq!(notes, [("EXEC-01-2", "等配件")]);
    assert_eq!((daily.day.to_string().as_str(), &daily.devices_unseen, &daily.signed), ("2024-05-02", &None, &None));
    assert_eq!(daily.counts.silent, 1);
    let titles =
        [&daily.delayed[0], &daily.without_task[0], &daily.critical_complaints[0]].map(|item| item.title.clone());
    assert_eq!(titles.map(Option::unwrap), ["上门维修", "安装", "等候太久"]);
    assert_eq!((daily.delayed[0].staff.as_deref(), daily.delayed[0].kind), (Some("王*"), Some("task")));
    // Before: the first task silent for too long? No: an update is due thirty minutes after the last, not at it.
    let before = check(&conn, 40);
    assert_eq!((items(&before.silent), items(&before.unreviewed)), (vec![], vec![]));
    assert_eq!((items(&before.without_task), items(&before.delayed)), (vec![], vec![]));
    assert_eq!(items(&check(&conn, 51).silent), one("EXEC-01-2", 20));
    // At minute 400 it is in time, a minute later it is not.
    assert_eq!(items(&check(&conn, 400).past_due), []);
    assert_eq!(items(&check(&conn, 401).past_due), one("EXEC-01-2", 400));
    let devices = vec![UnseenDevice { device: "7K".into(), staff: Some("王*".into()), since: Some(at(-DAY)) }];
    let ask = DailyAsk { as_of: at(120), unshared: BTreeSet::new(), devices_unseen: Some(devices.clone()) };
    assert_eq!(readmodel::views::daily(&conn, &ask).unwrap().devices_unseen, Some(devices));
    assert_ne!(first, second);
}

#[test]
fn signing_the_check_makes_its_notes_old() {
    let [one, mut two] = two();
    let task = two.id("EXEC");
    two.step(&wang(), 40, &task, "note", fields([("text", "一")]));
    two.step(&wang(), 70, &task, "note", fields([("text", "二")]));
    let mut board = Paper::board();
    board.sign(60, 1, "2024-05-02");
    let conn = rows([&one, &two, &board]);
    let notes = |minute| check(&conn, minute).new_notes.into_iter().map(|note| note.text).collect::<Vec<_>>();
    assert_eq!((notes(59), notes(60), notes(100)), (vec!["一".to_owned()], vec![], vec!["二".to_owned()]));
    let signed = check(&conn, 100).signed.unwrap();
    assert_eq!((signed.by.as_deref(), signed.at, signed.record), (Some("主管*"), at(60), id("CHECK-01-1")));
    assert_eq!(check(&conn, 59).signed, None, "not yet");
    assert_eq!(check(&conn, DAY).signed, None, "another day");
}

fn steps(conn: &Connection, minute: i64) -> Vec<(Stage, [u64; 4], &'static str)> {
    let ask = MatrixAsk { as_of: at(minute), branch: "甲".into(), unshared: BTreeSet::new() };
    let found = matrix(conn, &ask).unwrap();
    assert_eq!((found.as_of, found.branches.len(), found.branches[0].branch.as_str()), (at(minute), 1, "甲"));
    let step = |step: &MatrixStep| (step.step, [step.open, step.soon, step.overdue, step.high_overdue], step.letter);
    found.branches[0].steps.iter().map(step).collect()
}

#[test]
fn the_matrix_counts_each_step_and_colours_it() {
    let conn = rows(&two());
    // Minute 60: L5 of the second task overdue, of low urgency; L6 open, L14 open. L8 open. Two customers owed two visits each
    // this year, and the branch a daily check (480 of 1440 minutes left), a cleaning, a review and training content.
    assert_eq!(
        steps(&conn, 60),
        [
            (Stage::Collect, [0, 0, 0, 0], "-"),
            (Stage::Assess, [0, 0, 0, 0], "-"),
            (Stage::Execute, [2, 0, 1, 0], "R"),
            (Stage::Feedback, [1, 0, 0, 0], "G"),
            (Stage::Improve, [6, 0, 0, 0], "G"),
        ]
    );
    // Minute 75 is the last quarter of the hour to review in.
    assert_eq!(steps(&conn, 75)[2].1, [1, 1, 1, 0]);
    assert_eq!(steps(&conn, 91)[2].1, [1, 0, 2, 1]);
    let every =
        |minute| steps(&conn, minute).iter().map(|(_, [open, soon, overdue, _], _)| open + soon + overdue).sum::<u64>();
    for minute in [-1, 15, 60, 75, 91, 500, 3 * DAY] {
        assert_eq!(every(minute), due(&conn, &DueAsk::at(at(minute))).unwrap().total, "what is due, at {minute}");
    }
}

#[test]
fn a_step_is_red_from_a_tenth_overdue_or_one_of_high_urgency() {
    let colour = |open, soon, overdue, high| MatrixStep::new(Stage::Execute, open, soon, overdue, high).colour;
    assert_eq!(colour(0, 0, 0, 0), Colour::Grey);
    assert_eq!(colour(5, 0, 0, 0), Colour::Green);
    assert_eq!(colour(5, 1, 0, 0), Colour::Amber);
    assert_eq!(colour(9, 1, 1, 0), Colour::Amber, "one of eleven");
    assert_eq!(colour(9, 0, 1, 0), Colour::Red, "one of ten");
    assert_eq!(colour(98, 1, 1, 1), Colour::Red, "one of a hundred, of high urgency");
    let letters = [Colour::Red, Colour::Amber, Colour::Green, Colour::Grey].map(Colour::letter);
    assert_eq!(letters, ["R", "A", "G", "-"]);
    for code in LimitCode::ALL {
        assert!(Stage::ALL.contains(&Stage::of(code)));
    }
}

#[test]
fn complaints_stand_in_their_step_with_owner_age_and_limit() {
    let mut one = Paper::customer(1, 0, "normal");
    one.complaint(0, "critical");
    let complaint = one.id("COMP");
    one.step(&wang(), 60, &complaint, "investigating", fields([("owner", "李*")]));
    let mut two = Paper::customer(2, 0, "normal");
    two.complaint(30, "minor");
    let mut three = Paper::customer(3, 0, "normal");
    three.complaint(20, "major");
    let conn = rows([&one, &two, &three]);
    let flow = |minute| {
        let flow = complaints(&conn, &ComplaintsAsk { as_of: at(minute) }).unwrap();
        assert_eq!(
            flow.steps.iter().map(|step| step.step).collect::<Vec<_>>(),
            ["accepted", "investigating", "solution", "executing", "follow_up"]
        );
        flow.steps
    };
    // Minute 130: accepted is to take two hours: one is in its last quarter, one still overdue by ... at minute 140.
    let steps = flow(130);
    assert_eq!(steps.iter().map(|step| step.count).collect::<Vec<_>>(), [2, 1, 0, 0, 0]);
    let line = |item: &readmodel::views::ComplaintItem| {
        (item.record.to_string(), item.severity.clone().unwrap(), minute(item.since), item.age_minutes, item.state)
    };
    assert_eq!(
        steps[0].items.iter().map(line).collect::<Vec<_>>(),
        [("COMP-01-3".into(), "major".into(), 20, 110, Soon), ("COMP-01-2".into(), "minor".into(), 30, 100, Soon)]
    );
    assert_eq!(
        steps[1].items.iter().map(line).collect::<Vec<_>>(),
        [("COMP-01-1".into(), "critical".into(), 60, 70, Open)]
    );
    assert_eq!(flow(145)[0].items[0].state, Overdue);
    let owners = |step: &readmodel::views::ComplaintStep| {
        step.owners.iter().map(|owner| (owner.owner.clone(), owner.count)).collect::<Vec<_>>()
    };
    assert_eq!(owners(&steps[0]), [(None, 2)]);
    assert_eq!(owners(&steps[1]), [(Some("李*".into()), 1)]);
    assert_eq!(flow(25).iter().map(|step| step.count).collect::<Vec<_>>(), [2, 0, 0, 0, 0], "the third had not come");
}
