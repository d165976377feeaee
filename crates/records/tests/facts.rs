//! What documents add to figures, funnel and timeline: cases counted by hand.
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod world;

use records::facts::{Estimate, FactCode, bars, facts, needs};
use records::{
    ASSESSMENT, COMPLAINT, CUSTOMER, Dossier, FEEDBACK, Fields, INQUIRY, ORDER, TASK, TRAINING, VISIT, Value,
};
use vocab::Timestamp;
use world::*;

/// `record code at person value ok`, with `-` for what is absent.
fn lines(dossier: &Dossier) -> Vec<String> {
    let show = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
    let mut lines: Vec<String> = facts(&dossier.read())
        .into_iter()
        .map(|fact| {
            let (person, value) = (show(fact.person), show(fact.value.map(|value| value.to_string())));
            let ok = show(fact.ok.map(|ok| ok.to_string()));
            format!("{} {} {} {person} {value} {ok}", fact.record, fact.code.code(), fact.at)
        })
        .collect();
    lines.sort();
    lines
}

fn of(dossier: &Dossier, code: FactCode) -> Vec<String> {
    let part = format!(" {} ", code.code());
    lines(dossier).into_iter().filter(|line| line.contains(&part)).collect()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn void(dossier: &mut Dossier, minute: i64, record: &str) {
    boss().step(dossier, minute, record, "void", fields([("why", "误录")]));
}

#[test]
fn a_task_done_and_its_score_are_counted_for_who_did_it() {
    let mut dossier = with_feedback();
    let expected = [
        "CUST-01-1 active 2024-05-02T08:00:00Z - - -",
        "EXEC-01-1 done 2024-05-02T09:00:00Z 王* - true",
        "FB-03-1 score 2024-05-02T09:10:00Z 王* 4 -",
    ];
    assert_eq!(lines(&dossier), expected);
    // Reassigned afterwards by a supervisor who had not heard: credit stays with who did it.
    let late = vec![takes(boss(), 50, "EXEC-01-1", "reassigned", fields([("assignee", "李*")]))];
    let changes = apart(&started(), late);
    dossier.apply(&[&changes[0]]).unwrap();
    assert_eq!(lines(&dossier), expected);
    wang().step(&mut dossier, 90, "FB-03-1", "corrected", and(fields([("reason", "听错")]), "score", 2));
    assert_eq!(of(&dossier, FactCode::Score), ["FB-03-1 score 2024-05-02T09:10:00Z 王* 2 -"]);
}

#[test]
fn on_time_is_judged_by_the_first_estimate_and_a_task_without_one_is_not_judged() {
    let mut dossier = started();
    wang().step(&mut dossier, 20, "EXEC-01-1", "delayed", and(fields([("reason", "缺配件")]), "due_at", at(300)));
    wang().step(&mut dossier, 200, "EXEC-01-1", "done", Fields::new());
    assert_eq!(of(&dossier, FactCode::Done), ["EXEC-01-1 done 2024-05-02T11:20:00Z 王* - false"]);
    let mut plain = Dossier::create();
    boss().edit(&mut plain, 0, |edit| {
        edit.create(&CUSTOMER, &id("CUST-01-1"), None, fields([("name", "*先生"), ("channel", "phone")]))?;
        edit.create(&ASSESSMENT, &id("REQ-01-1"), None, fields([("need", "保养")]))?;
        edit.create(&TASK, &id("EXEC-01-1"), Some(&id("REQ-01-1")), fields([("title", "保养")]))
    });
    boss().step(&mut plain, 1, "EXEC-01-1", "assigned", fields([("assignee", "王*")]));
    wang().step(&mut plain, 9, "EXEC-01-1", "done", Fields::new());
    assert_eq!(of(&plain, FactCode::Done), ["EXEC-01-1 done 2024-05-02T08:09:00Z 王* - -"]);
}

#[test]
fn duplicate_feedback_counts_once_and_void_records_not_at_all() {
    let mut dossier = with_feedback();
    let earlier = and(and(fields([("text", "一般")]), "score", 3), "received_on", day("2024-05-01"));
    wang().edit(&mut dossier, 75, |edit| edit.create(&FEEDBACK, &id("FB-03-2"), Some(&id("EXEC-01-1")), earlier));
    // The other came in the day before: it is the one that counts.
    assert_eq!(of(&dossier, FactCode::Score), ["FB-03-2 score 2024-04-30T16:00:00Z 王* 3 -"]);
    assert_eq!(
        of(&dossier, FactCode::Active),
        ["CUST-01-1 active 2024-04-30T16:00:00Z - - -"],
        "one fact a month, the first instant: the branch's first of May"
    );
    void(&mut dossier, 80, "FB-03-2");
    assert_eq!(of(&dossier, FactCode::Score), ["FB-03-1 score 2024-05-02T09:10:00Z 王* 4 -"]);
    void(&mut dossier, 81, "EXEC-01-1");
    assert!(of(&dossier, FactCode::Done).is_empty());
    void(&mut dossier, 82, "FB-03-1");
    void(&mut dossier, 83, "REQ-01-1");
    assert!(lines(&dossier).is_empty(), "nothing is left: {:?}", lines(&dossier));
}

#[test]
fn imported_rows_count_by_their_own_dates() {
    let mut dossier = Dossier::create();
    boss().edit(&mut dossier, 0, |edit| {
        let customer = fields([("name", "*先生"), ("channel", "online_chat"), ("owner", "服务团队*")]);
        edit.create(&CUSTOMER, &id("CUST-01-1"), None, customer)?;
        edit.create(&ASSESSMENT, &id("REQ-01-1"), None, fields([("need", "产品退货处理"), ("plan", "快速退款流程")]))?;
        let task = and(fields([("title", "处理退货申请")]), "due_at", moment("2023-05-02T03:00:00Z"));
        edit.create(&TASK, &id("EXEC-01-1"), Some(&id("REQ-01-1")), task)?;
        let feedback = and(and(fields([("text", "快")]), "score", 4), "received_on", day("2023-05-03"));
        edit.create(&FEEDBACK, &id("FB-01-1"), Some(&id("EXEC-01-1")), feedback)?;
        edit.step(&event("01-1"), &id("REQ-01-1"), "imported", and(Fields::new(), "assessed_on", day("2023-05-02")))?;
        let task = and(
            fields([("status", "reviewed"), ("assignee", "客服*"), ("reviewer", "主管*")]),
            "started_at",
            moment("2023-05-02T01:00:00Z"),
        );
        edit.step(&event("01-2"), &id("EXEC-01-1"), "imported", and(task, "done_at", moment("2023-05-02T02:30:00Z")))?;
        edit.step(&event("01-3"), &id("FB-01-1"), "imported", fields([("state", "handled")]))
    });
    assert_eq!(
        lines(&dossier),
        [
            "CUST-01-1 active 2023-05-01T16:00:00Z 服务团队* - -",
            "EXEC-01-1 done 2023-05-02T02:30:00Z 客服* - true",
            "FB-01-1 score 2023-05-02T16:00:00Z 客服* 4 -",
        ]
    );
    let needs = needs(&dossier.read());
    let need = &needs[0];
    assert_eq!((needs.len(), need.record.as_str(), need.raised), (1, "REQ-01-1", moment("2023-05-01T16:00:00Z")));
    assert_eq!(
        [need.assessed, need.executed, need.fed_back, need.improved].map(Option::unwrap),
        ["2023-05-01T16:00:00Z", "2023-05-02T01:00:00Z", "2023-05-02T16:00:00Z", "2023-05-02T16:00:00Z"].map(moment)
    );
    let bars = bars(&dossier.read());
    let planned = (moment("2023-05-02T01:00:00Z"), moment("2023-05-02T03:00:00Z"));
    assert_eq!((bars[0].planned, bars[0].began, bars[0].closed), (Some(planned), Some(planned.0), true));
    assert_eq!((bars[0].ended, bars[0].until()), (Some(moment("2023-05-02T02:30:00Z")), Some(planned.1)));
}

#[test]
fn an_inquiry_is_resolved_while_answered_and_a_complaint_while_closed() {
    let mut dossier = done();
    wang().edit(&mut dossier, 70, |edit| {
        edit.create(&INQUIRY, &id("INQ-03-1"), None, and(and(inquiry(), "owner", "李*"), "received_at", at(65)))?;
        edit.create(&COMPLAINT, &id("COMP-03-1"), None, and(complaint(), "exec_id", "EXEC-01-1"))?;
        edit.create(&COMPLAINT, &id("COMP-03-2"), None, complaint())
    });
    let issues = |dossier: &Dossier| [of(dossier, FactCode::Issue), of(dossier, FactCode::Complaint)].concat();
    assert_eq!(
        issues(&dossier),
        [
            "COMP-03-1 issue 2024-05-02T09:10:00Z - - -",
            "COMP-03-2 issue 2024-05-02T09:10:00Z - - -",
            "INQ-03-1 issue 2024-05-02T09:05:00Z 李* - -",
            "COMP-03-1 complaint 2024-05-02T09:10:00Z 王* - -",
            "COMP-03-2 complaint 2024-05-02T09:10:00Z - - -",
        ]
    );
    let resolved = |dossier: &Dossier| -> Vec<Option<i64>> {
        facts(&dossier.read()).into_iter().filter(|fact| fact.code == FactCode::Issue).map(|fact| fact.value).collect()
    };
    wang().step(&mut dossier, 90, "INQ-03-1", "answered", and(fields([("answer", "已发货")]), "answered_at", at(88)));
    for (minute, code, data) in [
        (91, "investigating", fields([("owner", "王*")])),
        (92, "solution", fields([("solution", "换新")])),
        (93, "executing", Fields::new()),
        (94, "follow_up", Fields::new()),
        (95, "closed", fields([("result", "满意")])),
    ] {
        wang().step(&mut dossier, minute, "COMP-03-1", code, data);
    }
    assert_eq!(resolved(&dossier), [Some(at(95).millis()), None, Some(at(88).millis())]);
    wang().step(&mut dossier, 96, "COMP-03-1", "reopened", fields([("reopened_why", "又坏")]));
    wang().step(&mut dossier, 97, "INQ-03-1", "transferred", fields([("department", "物流")]));
    assert_eq!(resolved(&dossier), [None, None, None], "neither is resolved any more");
}

#[test]
fn an_order_knows_whether_the_dossier_has_an_earlier_one_and_cancelled_ones_are_none() {
    let mut dossier = dossier();
    let order = |received: i64| {
        and(and(fields([("model", "A型"), ("owner", "王*")]), "quantity", 2), "received_at", at(received))
    };
    wang().edit(&mut dossier, 90, |edit| {
        edit.create(&ORDER, &id("ORDER-03-1"), None, order(80))?;
        edit.create(&ORDER, &id("ORDER-03-2"), None, order(70))?;
        edit.create(&ORDER, &id("ORDER-03-3"), None, order(60))
    });
    wang().step(&mut dossier, 95, "ORDER-03-3", "cancelled", fields([("cancelled_why", "客户取消")]));
    assert_eq!(
        of(&dossier, FactCode::Order),
        ["ORDER-03-1 order 2024-05-02T09:20:00Z 王* 2 true", "ORDER-03-2 order 2024-05-02T09:10:00Z 王* 2 false",]
    );
}

#[test]
fn visits_are_planned_then_made() {
    let mut dossier = dossier();
    let visit = |planned: &str| and(fields([("visit_kind", "visit"), ("staff", "王*")]), "planned_on", day(planned));
    wang().edit(&mut dossier, 5, |edit| {
        edit.create(&VISIT, &id("VISIT-03-1"), None, visit("2024-05-10"))?;
        edit.create(&VISIT, &id("VISIT-03-2"), None, visit("2024-05-02"))?;
        edit.create(&VISIT, &id("VISIT-03-3"), None, visit("2024-05-11"))
    });
    wang().step(&mut dossier, 9, "VISIT-03-2", "done", Fields::new());
    wang().step(&mut dossier, 10, "VISIT-03-3", "cancelled", fields([("cancelled_why", "客户出差")]));
    let planned = moment("2024-05-01T16:00:00Z").millis();
    assert_eq!(
        [of(&dossier, FactCode::PlannedVisit), of(&dossier, FactCode::Visit)].concat(),
        [
            "VISIT-03-1 planned_visit 2024-05-09T16:00:00Z 王* - -".to_owned(),
            format!("VISIT-03-2 visit 2024-05-02T08:09:00Z 王* {planned} -"),
        ]
    );
}

#[test]
fn one_trip_is_enough_unless_the_need_takes_another() {
    let mut dossier = Dossier::create();
    let on_site = |title: &'static str| fields([("title", title), ("mode", "onsite")]);
    boss().edit(&mut dossier, 0, |edit| {
        edit.create(&CUSTOMER, &id("CUST-01-1"), None, fields([("name", "*先生"), ("channel", "phone")]))?;
        edit.create(&ASSESSMENT, &id("REQ-01-1"), None, fields([("need", "设备无法开机")]))?;
        edit.create(
            &TASK,
            &id("EXEC-01-1"),
            Some(&id("REQ-01-1")),
            fields([("title", "电话指导"), ("mode", "hotline")]),
        )?;
        edit.create(&TASK, &id("EXEC-01-2"), Some(&id("REQ-01-1")), on_site("上门检查"))
    });
    boss().step(&mut dossier, 1, "EXEC-01-2", "assigned", fields([("assignee", "王*")]));
    assert!(of(&dossier, FactCode::FirstVisit).is_empty(), "not made yet");
    wang().step(&mut dossier, 60, "EXEC-01-2", "done", Fields::new());
    assert_eq!(of(&dossier, FactCode::FirstVisit), ["EXEC-01-2 first_visit 2024-05-02T09:00:00Z 王* - -"]);
    let second =
        |edit: &mut records::Edit<'_>| edit.create(&TASK, &id("EXEC-01-3"), Some(&id("REQ-01-1")), on_site("再次上门"));
    boss().edit(&mut dossier, 100, second);
    let value = at(100).millis();
    let expected = [format!("EXEC-01-2 first_visit 2024-05-02T09:00:00Z 王* {value} -")];
    assert_eq!(of(&dossier, FactCode::FirstVisit), expected);
    boss().step(&mut dossier, 101, "EXEC-01-3", "cancelled", fields([("why", "已好")]));
    assert_eq!(of(&dossier, FactCode::FirstVisit), ["EXEC-01-2 first_visit 2024-05-02T09:00:00Z 王* - -"]);
}

#[test]
fn a_need_goes_from_step_to_step() {
    let way = |dossier: &Dossier| {
        let need = needs(&dossier.read()).remove(0);
        [need.assessed, need.executed, need.fed_back, need.improved]
    };
    assert_eq!(way(&dossier()), [None; 4]);
    let mut dossier = with_feedback();
    assert_eq!(way(&dossier), [None, Some(at(10)), Some(at(70)), None], "helped first, approved never");
    boss().step(&mut dossier, 75, "REQ-01-1", "approved", Fields::new());
    boss().edit(&mut dossier, 76, |edit| edit.set(&id("REQ-01-1"), fields([("plan", "更换主板")])));
    wang().step(&mut dossier, 80, "FB-03-1", "handled", fields([("measure", "培训")]));
    assert_eq!(
        way(&dossier),
        [Some(at(75)), Some(at(10)), Some(at(70)), Some(at(80))],
        "approved once, though the plan was edited since"
    );
    assert_eq!(needs(&dossier.read())[0].raised, at(0));
}

#[test]
fn a_bar_shows_plan_work_and_each_new_estimate() {
    let mut dossier = started();
    let bar = |dossier: &Dossier| bars(&dossier.read()).remove(0);
    assert_eq!((bar(&dossier).planned, bar(&dossier).began), (Some((at(0), at(180))), Some(at(10))));
    assert_eq!((bar(&dossier).ended, bar(&dossier).until()), (None, None), "it goes on");
    for (minute, due) in [(20, 300), (40, 240)] {
        wang().step(&mut dossier, minute, "EXEC-01-1", "delayed", and(Fields::new(), "due_at", at(due)));
    }
    let estimate = |minute, due| Estimate { at: at(minute), due: at(due) };
    assert_eq!(bar(&dossier).estimates, [estimate(20, 300), estimate(40, 240)]);
    boss().step(&mut dossier, 50, "EXEC-01-1", "cancelled", fields([("why", "客户取消")]));
    let cancelled = bar(&dossier);
    assert_eq!((cancelled.ended, cancelled.until(), cancelled.closed), (Some(at(50)), Some(at(180)), true));
    assert!(bars(&dossier.read()).iter().all(|bar| bar.record.as_str() == "EXEC-01-1"));
}

#[test]
fn a_training_has_a_bar_from_its_start_when_it_was_held_that_day() {
    let mut board = Dossier::create();
    let training = |topic: &'static str| {
        and(and(fields([("training_kind", "skills"), ("topic", topic)]), "starts_at", at(60)), "ends_at", at(180))
    };
    boss().edit(&mut board, 0, |edit| {
        edit.create(&TRAINING, &id("TRAIN-01-1"), None, training("安装"))?;
        edit.create(&TRAINING, &id("TRAIN-01-2"), None, training("礼仪"))?;
        edit.create(&TRAINING, &id("TRAIN-01-3"), None, fields([("training_kind", "skills"), ("topic", "待定")]))
    });
    boss().step(&mut board, 190, "TRAIN-01-1", "held", Fields::new());
    boss().step(&mut board, 3_000, "TRAIN-01-2", "held", and(Fields::new(), "held_at", Value::Time(at(2_900))));
    let found = bars(&board.read());
    let shown: Vec<_> =
        found.iter().map(|bar| (bar.record.as_str(), bar.began.unwrap(), bar.until().unwrap())).collect();
    assert_eq!(
        shown,
        [("TRAIN-01-1", at(60), at(190)), ("TRAIN-01-2", at(2_900), at(2_900))],
        "the third has no time yet"
    );
    assert!(facts(&board.read()).is_empty() && needs(&board.read()).is_empty());
}
