//! Every limit of the domain's section 4, from hand-computed cases. Minute 0 is 2024-05-02 16:00 on the branch's clocks, a
//! Thursday.
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod world;

use records::limits::{Limit, LimitState, Receipts, VisitState, of_board, of_dossier, of_policy, visits};
use records::{
    ASSESSMENT, BusinessHours, CUSTOMER, DAILY_CHECK, DayRule, Dossier, FEEDBACK, Fields, Hours, INQUIRY, LimitCode,
    Policies, Policy, REVIEW, TASK, TRAINING, VISIT, Value,
};
use vocab::{EventId, RecordId, Timestamp};
use world::*;

const EXEC: &str = "EXEC-01-1";
const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// Everything reached the relay at the same minute.
struct At(i64);

impl Receipts for At {
    fn completed(&self, _: &RecordId) -> Option<Timestamp> {
        Some(at(self.0))
    }

    fn event(&self, _: &EventId) -> Option<Timestamp> {
        Some(at(self.0))
    }
}

fn all(dossier: &Dossier, minute: i64) -> Vec<Limit> {
    of_dossier(&dossier.read(), &Policies::default(), &(), at(minute))
}

fn only(limits: &[Limit], code: LimitCode) -> Vec<&Limit> {
    limits.iter().filter(|limit| limit.code == code).collect()
}

/// State and due minute of the limits with a code, in order of start.
fn states(limits: &[Limit], code: LimitCode) -> Vec<(LimitState, i64)> {
    let mut found = only(limits, code);
    found.sort_by_key(|limit| (limit.from, limit.part));
    found.into_iter().map(|limit| (limit.state, (limit.due.millis() - at(0).millis()) / 60_000)).collect()
}

use LimitCode::*;
use LimitState::*;

#[test]
fn a_limit_is_open_then_soon_in_its_last_quarter_then_overdue_and_met_or_missed_for_ever() {
    // L6: done at minute 60, one hour to review. A quarter of it is left from minute 105 on.
    let mut dossier = done();
    for (minute, state) in [(60, Open), (104, Open), (105, Soon), (120, Soon), (121, Overdue)] {
        assert_eq!(states(&all(&dossier, minute), L6), [(state, 120)], "{minute}");
    }
    assert_eq!(states(&all(&dossier, 59), L6), [], "it has not started");
    let mut late = dossier.clone();
    boss().step(&mut dossier, 120, EXEC, "reviewed", Fields::new());
    boss().step(&mut late, 121, EXEC, "reviewed", Fields::new());
    assert_eq!(states(&all(&dossier, 100_000), L6), [(Met, 120)]);
    assert_eq!(states(&all(&late, 100_000), L6), [(Missed, 120)]);
    assert_eq!(states(&all(&late, 110), L6), [(Soon, 120)], "what had not happened by then does not count");
}

#[test]
fn a_stale_review_leaves_the_limit_open() {
    let mut dossier = done();
    boss().step(&mut dossier, 70, EXEC, "reviewed", Fields::new());
    wang().step(&mut dossier, 80, EXEC, "corrected", Fields::from([("done_at", Value::Time(at(55)))]));
    assert_eq!(states(&all(&dossier, 130), L6), [(Overdue, 120)]);
    boss().step(&mut dossier, 131, EXEC, "reviewed", Fields::new());
    assert_eq!(states(&all(&dossier, 140), L6), [(Missed, 120)]);
}

#[test]
fn l1_runs_from_the_first_contact_until_name_and_channel_are_entered() {
    assert_eq!(states(&all(&dossier(), 10), L1), [(Met, 5)]);
    // They had called six minutes before they were entered.
    let mut dossier = dossier();
    wang().edit(&mut dossier, 1, |edit| {
        let called = and(inquiry(), "received_at", at(-6));
        edit.create(&INQUIRY, &id("INQ-03-1"), None, called)
    });
    assert_eq!(states(&all(&dossier, 10), L1), [(Missed, -1)]);
}

#[test]
fn l2_runs_until_the_dossier_is_complete_and_the_relay_has_it() {
    let mut dossier = dossier();
    let fill = |dossier: &mut Dossier, minute| {
        wang().edit(dossier, minute, |edit| {
            edit.set(&id("CUST-01-1"), fields([("preference", "短信"), ("owner", "王*")]))
        });
    };
    assert_eq!(states(&all(&dossier, 10), L2), [(Open, DAY)]);
    fill(&mut dossier, 30);
    let shared =
        |receipts: &At, minute| states(&of_dossier(&dossier.read(), &Policies::default(), receipts, at(minute)), L2);
    assert_eq!(states(&all(&dossier, 40), L2), [(Open, DAY)], "no relay has it");
    assert_eq!(shared(&At(50), 60), [(Met, DAY)]);
    assert_eq!(shared(&At(DAY + 1), DAY + 2), [(Missed, DAY)]);
    // Later edits do not move when it was complete.
    let mut later = dossier.clone();
    wang().edit(&mut later, 3 * DAY, |edit| edit.set(&id("CUST-01-1"), fields([("owner", "李*")])));
    let complete =
        |dossier: &Dossier| dossier.read().record(&id("CUST-01-1")).unwrap().reached.get("complete").copied();
    assert_eq!((complete(&later), complete(&dossier)), (Some(at(30)), Some(at(30))));
}

#[test]
fn l3_runs_until_urgency_scope_and_resources_are_set() {
    let mut dossier = dossier();
    assert_eq!(states(&all(&dossier, 22), L3), [(Open, 30)]);
    assert_eq!(states(&all(&dossier, 23), L3), [(Soon, 30)]);
    let estimate = and(fields([("urgency", "high"), ("scope", "after_sales")]), "minutes", 120);
    analyst().edit(&mut dossier, 31, |edit| edit.set(&id("REQ-01-1"), estimate));
    assert_eq!(states(&all(&dossier, 40), L3), [(Missed, 30)]);
}

#[test]
fn l4_runs_from_the_complete_dossier_to_the_approval_with_a_task() {
    let mut dossier = Dossier::create();
    boss().edit(&mut dossier, 0, |edit| {
        let data = fields([
            ("name", "*先生"),
            ("channel", "phone"),
            ("grade", "core"),
            ("preference", "短信"),
            ("owner", "王*"),
        ]);
        edit.create(&CUSTOMER, &id("CUST-01-1"), None, data)?;
        edit.create(&ASSESSMENT, &id("REQ-01-1"), None, fields([("need", "安装")]))
    });
    assert_eq!(states(&all(&dossier, 10), L4), [(Open, 2 * DAY)]);
    boss().step(&mut dossier, 60, "REQ-01-1", "approved", Fields::new());
    assert_eq!(states(&all(&dossier, 70), L4), [(Open, 2 * DAY)], "approved without a task");
    boss().edit(&mut dossier, 2 * DAY, |edit| {
        edit.create(&TASK, &id(EXEC), Some(&id("REQ-01-1")), fields([("title", "安装")]))
    });
    assert_eq!(states(&all(&dossier, 2 * DAY), L4), [(Met, 2 * DAY)]);
}

#[test]
fn l5_judges_every_stretch_between_updates_until_the_work_is_done() {
    let mut dossier = started();
    wang().step(&mut dossier, 40, EXEC, "note", fields([("text", "拆机")]));
    assert_eq!(states(&all(&dossier, 60), L5), [(Met, 40), (Open, 70)]);
    assert_eq!(states(&all(&dossier, 75), L5), [(Met, 40), (Overdue, 70)]);
    wang().step(&mut dossier, 80, EXEC, "done", Fields::new());
    assert_eq!(states(&all(&dossier, 500), L5), [(Met, 40), (Missed, 70)]);
}

#[test]
fn l8_runs_until_a_feedback_form_is_sent() {
    let mut dossier = done();
    assert_eq!(states(&all(&dossier, 70), L8), [(Open, 60 + DAY)]);
    wang().edit(&mut dossier, 90, |edit| edit.create(&FEEDBACK, &id("FB-03-1"), Some(&id(EXEC)), Fields::new()));
    assert_eq!(states(&all(&dossier, 100), L8), [(Met, 60 + DAY)]);
    assert_eq!(states(&all(&dossier, 100), L9), [], "nothing came back yet");
}

#[test]
fn l9_runs_from_the_feedback_to_its_archiving() {
    let mut dossier = with_feedback();
    assert_eq!(states(&all(&dossier, 100), L9), [(Open, 70 + 3 * DAY)]);
    wang().step(&mut dossier, 100, "FB-03-1", "handled", Fields::new());
    assert_eq!(states(&all(&dossier, 70 + 3 * DAY + 1), L9), [(Overdue, 70 + 3 * DAY)], "handled is not archived");
    wang().step(&mut dossier, 70 + 3 * DAY, "FB-03-1", "archived", Fields::new());
    assert_eq!(states(&all(&dossier, 9 * DAY), L9), [(Met, 70 + 3 * DAY)]);
}

#[test]
fn l12_runs_until_an_answer_a_reply_or_a_solution() {
    let mut dossier = full();
    assert_eq!(states(&all(&dossier, 90), L12), [(Open, 80 + DAY), (Open, 80 + DAY)]);
    wang().step(&mut dossier, 100, "INQ-03-1", "transferred", fields([("department", "物流")]));
    assert_eq!(states(&all(&dossier, 110), L12), [(Open, 80 + DAY), (Open, 80 + DAY)], "handing on is no reply");
    wang().step(&mut dossier, 120, "INQ-03-1", "answered", fields([("answer", "每月清洁")]));
    wang().step(&mut dossier, 81 + DAY, "COMP-03-1", "replied", fields([("text", "两日内上门")]));
    let limits = all(&dossier, 3 * DAY);
    let state = |record: &str| only(&limits, L12).iter().find(|limit| limit.record == Some(id(record))).unwrap().state;
    assert_eq!((state("INQ-03-1"), state("COMP-03-1")), (Met, Missed));
}

#[test]
fn l13_depends_on_mode_and_grade() {
    // A normal customer on site: dispatched within 8 hours, there within 48.
    let mut dossier = dossier();
    boss().edit(&mut dossier, 1, |edit| edit.set(&id(EXEC), fields([("mode", "onsite")])));
    assert_eq!(states(&all(&dossier, 10), L13), [(Open, 8 * HOUR), (Open, 48 * HOUR)]);
    boss().step(&mut dossier, 20, EXEC, "assigned", fields([("assignee", "王*")]));
    wang().step(&mut dossier, 49 * HOUR, EXEC, "started", Fields::new());
    assert_eq!(states(&all(&dossier, 50 * HOUR), L13), [(Met, 8 * HOUR), (Missed, 48 * HOUR)]);
    // A VIP by telephone: a quarter of an hour.
    boss().edit(&mut dossier, 50 * HOUR, |edit| {
        edit.set(&id("CUST-01-1"), fields([("grade", "vip")]))?;
        edit.set(&id(EXEC), fields([("mode", "hotline")]))
    });
    assert_eq!(states(&all(&dossier, 50 * HOUR), L13), [(Missed, 15)]);
}

#[test]
fn l14_asks_for_a_service_record_on_the_day_the_work_was_taken() {
    // Minute 10 is 16:10; the day ends at minute 480.
    let mut dossier = started();
    assert_eq!(states(&all(&dossier, 20), L14), [(Open, 479)]);
    assert_eq!(states(&all(&dossier, 480), L14), [(Overdue, 479)]);
    wang().step(&mut dossier, 60, EXEC, "done", Fields::new());
    assert_eq!(states(&all(&dossier, 70), L14), [(Met, 479)]);
}

#[test]
fn l15_asks_for_signed_orders_by_the_end_of_the_week() {
    let mut dossier = done();
    wang().step(&mut dossier, 65, EXEC, "signed", fields([("signer", "张*"), ("what", "服务单")]));
    // Signed on a Thursday: the week ends with Sunday, four days minus sixteen hours after minute 0.
    let sunday = 4 * DAY - 16 * HOUR - 1;
    assert_eq!(states(&all(&dossier, 70), L15), [(Open, sunday)]);
    let handed_in = |minute| states(&of_dossier(&dossier.read(), &Policies::default(), &At(minute), at(9 * DAY)), L15);
    assert_eq!(handed_in(100), [(Met, sunday)]);
    assert_eq!(handed_in(5 * DAY), [(Missed, sunday)]);
}

/// A dossier with visits of a kind made on these days.
fn visited(grade: &'static str, visit_kind: &'static str, days: &[&str]) -> Dossier {
    let mut dossier = dossier();
    boss().try_edit(&mut dossier, 1, |edit| edit.set(&id("CUST-01-1"), fields([("grade", grade)]))).unwrap();
    for (number, text) in days.iter().enumerate() {
        let record = format!("VISIT-03-{}", number + 1);
        let minute = 100 * DAY + i64::try_from(number).unwrap();
        wang().edit(&mut dossier, minute, |edit| {
            let plan = and(fields([("visit_kind", visit_kind)]), "planned_on", day(text));
            edit.create(&VISIT, &id(&record), None, plan)
        });
        wang().step(&mut dossier, minute + 20, &record, "done", Fields::from([("done_on", day(text))]));
    }
    dossier
}

fn on(text: &str) -> Timestamp {
    format!("{text}T04:00:00Z").parse().unwrap()
}

#[test]
fn l16_counts_the_visits_of_the_year_against_the_grade() {
    let two = ["2024-05-20", "2024-06-20"];
    let of = |grade, when: &str| {
        let limits = of_dossier(&visited(grade, "visit", &two).read(), &Policies::default(), &(), on(when));
        only(&limits, L16).into_iter().map(|limit| limit.state).collect::<Vec<_>>()
    };
    assert_eq!(of("normal", "2024-08-30"), [Met]);
    assert_eq!(of("core", "2024-08-30"), [Open]);
    assert_eq!(of("core", "2024-12-01"), [Soon]);
    assert_eq!(of("core", "2025-03-01"), [Open], "a new year asks anew");
    assert_eq!(of("potential", "2024-08-30"), [], "by project");
    let compliance = |grade, when: &str| {
        let visits = visits(&visited(grade, "visit", &two).read(), &Policies::default(), on(when));
        (visits.required, visits.done, visits.state)
    };
    assert_eq!(compliance("core", "2024-08-30"), (Some(4), 2, VisitState::OnTrack));
    assert_eq!(compliance("core", "2024-11-30"), (Some(4), 2, VisitState::Behind));
    assert_eq!(compliance("normal", "2024-11-30"), (Some(2), 2, VisitState::Met));
}

#[test]
fn l18_asks_for_a_return_visit_a_month_to_important_customers_reported_and_checked() {
    let of = |grade, when: &str| {
        let limits =
            of_dossier(&visited(grade, "return_visit", &["2024-08-05"]).read(), &Policies::default(), &(), on(when));
        let mut found: Vec<_> = only(&limits, L18).into_iter().map(|limit| (limit.part, limit.state)).collect();
        found.sort_unstable();
        found
    };
    assert_eq!(of("vip", "2024-08-30"), [(None, Overdue), (None, Met), (Some("report"), Overdue)]);
    assert_eq!(of("vip", "2024-09-10"), [(None, Open), (None, Met), (Some("report"), Overdue)]);
    assert_eq!(of("normal", "2024-09-10"), [(Some("report"), Overdue)], "only important customers");
}

#[test]
fn l19_asks_for_a_deep_contact_a_quarter() {
    let of = |when: &str| {
        let limits =
            of_dossier(&visited("core", "deep_contact", &["2024-08-05"]).read(), &Policies::default(), &(), on(when));
        let mut found = only(&limits, L19);
        found.sort_by_key(|limit| limit.from);
        found.into_iter().map(|limit| limit.state).collect::<Vec<_>>()
    };
    assert_eq!(of("2024-09-10"), [Overdue, Met]);
    assert_eq!(of("2024-12-30"), [Met, Soon]);
}

#[test]
fn l20_judges_every_step_of_a_complaint_with_its_owner() {
    let mut dossier = full();
    assert_eq!(states(&all(&dossier, 90), L20), [(Open, 80 + 2 * HOUR)]);
    wang().step(&mut dossier, 80 + 3 * HOUR, "COMP-03-1", "investigating", fields([("owner", "李*")]));
    let limits = all(&dossier, 81 + 3 * HOUR);
    assert_eq!(states(&limits, L20), [(Missed, 80 + 2 * HOUR), (Open, 80 + 3 * HOUR + DAY)]);
    let open = only(&limits, L20).into_iter().find(|limit| limit.state == Open).unwrap();
    assert_eq!((open.part, open.staff.as_deref()), (Some("investigating"), Some("李*")));
}

fn board_states(document: &Dossier, code: LimitCode, when: &str) -> Vec<LimitState> {
    let limits = of_board(&document.read(), &Policies::default(), on("2024-05-01"), on(when));
    let mut found = only(&limits, code);
    found.sort_by_key(|limit| (limit.part, limit.from));
    found.into_iter().map(|limit| limit.state).collect()
}

#[test]
fn l7_asks_for_a_daily_check_each_working_day() {
    let mut document = Dossier::create();
    boss().edit(&mut document, 60, |edit| {
        edit.create(&DAILY_CHECK, &id("CHECK-01-1"), None, Fields::from([("day", day("2024-05-02"))]))
    });
    // Wednesday the 1st without, Thursday the 2nd signed, Friday the 3rd at noon: half the day is left. Then a weekend.
    assert_eq!(board_states(&document, L7, "2024-05-03"), [Overdue, Met, Open]);
    assert_eq!(board_states(&document, L7, "2024-05-05"), [Overdue, Met, Overdue]);
    let holiday = DayRule {
        from: "2024-05-01".parse().unwrap(),
        to: "2024-05-01".parse().unwrap(),
        working: false,
        name: "劳动节".into(),
        hours_of: None,
    };
    let mut papers = Dossier::create();
    enact(&mut papers, &admin(), -DAY * 10, "POLICY-07-1", &Policy { calendar: vec![holiday], ..Policy::default() });
    let policies = Policies::of(&papers.read());
    let limits = of_board(&document.read(), &policies, on("2024-05-01"), on("2024-05-03"));
    assert_eq!(only(&limits, L7).len(), 2, "the holiday asks for none");
}

#[test]
fn l10_asks_for_cleaning_and_a_review_each_month() {
    let mut document = Dossier::create();
    boss().edit(&mut document, 60, |edit| {
        let review = and(fields([("review_kind", "process")]), "period_from", day("2024-04-01"));
        edit.create(&REVIEW, &id("REVIEW-01-1"), None, and(review, "period_to", day("2024-04-30")))
    });
    // Cleaning, then process review: May, June.
    assert_eq!(board_states(&document, L10, "2024-06-10"), [Overdue, Open, Met, Open]);
    assert_eq!(board_states(&document, L10, "2024-05-10"), [Open, Met], "nothing is owed before the branch worked");
}

#[test]
fn l11_asks_for_fresh_training_content_each_quarter() {
    let mut document = Dossier::create();
    manager().edit(&mut document, 60, |edit| {
        edit.create(&TRAINING, &id("TRAIN-06-1"), None, fields([("training_kind", "skills"), ("topic", "安装")]))
    });
    assert_eq!(board_states(&document, L11, "2024-07-10"), [Met, Open]);
    manager().step(&mut document, 80 * DAY, "TRAIN-06-1", "refreshed", fields([("text", "新型号")]));
    assert_eq!(board_states(&document, L11, "2024-08-10"), [Met, Met]);
}

#[test]
fn l17_lets_the_grading_standard_change_once_a_year() {
    let mut papers = Dossier::create();
    let version = |grading: &str| Policy { grading: grading.to_owned(), ..Policy::default() };
    for (number, (minute, grading)) in
        [(0, "一"), (DAY, "一"), (100 * DAY, "二"), (500 * DAY, "三")].into_iter().enumerate()
    {
        enact(&mut papers, &admin(), minute, &format!("POLICY-07-{}", number + 1), &version(grading));
    }
    let states: Vec<_> =
        of_policy(&Policies::of(&papers.read()), at(600 * DAY)).iter().map(|limit| limit.state).collect();
    assert_eq!(states, [Missed, Met]);
}

#[test]
fn a_record_keeps_the_policy_version_it_started_under() {
    let mut papers = Dossier::create();
    let review = |minutes| {
        let mut policy = Policy::default();
        policy.limits.insert(L6, records::Span::Minutes(minutes));
        policy
    };
    enact(&mut papers, &admin(), 0, "POLICY-07-1", &review(30));
    enact(&mut papers, &admin(), 61, "POLICY-07-2", &review(600));
    let limits = of_dossier(&done().read(), &Policies::of(&papers.read()), &(), at(95));
    assert_eq!(states(&limits, L6), [(Overdue, 90)]);
    assert_eq!(only(&limits, L6)[0].policy, Some(id("POLICY-07-1")));
}

#[test]
fn business_hours_and_holidays_stretch_a_limit_that_counts_them() {
    let week =
        (1..=5).map(|weekday| (weekday, vec![Hours::new(9 * 60, 12 * 60), Hours::new(13 * 60, 18 * 60)])).collect();
    let friday = DayRule {
        from: "2024-05-03".parse().unwrap(),
        to: "2024-05-03".parse().unwrap(),
        working: false,
        name: "假日".into(),
        hours_of: None,
    };
    let policy = Policy {
        business_hours: Some(BusinessHours { limits: vec![L6], week }),
        calendar: vec![friday],
        ..Policy::default()
    };
    let mut papers = Dossier::create();
    enact(&mut papers, &admin(), 0, "POLICY-07-1", &policy);
    // Done at 17:30 on Thursday: half an hour is left that day; Friday is a holiday; Monday from 9:00 another half hour.
    let mut dossier = started();
    wang().step(&mut dossier, 90, EXEC, "done", Fields::new());
    let limits = |minute| of_dossier(&dossier.read(), &Policies::of(&papers.read()), &(), at(minute));
    let monday = 4 * DAY - 16 * HOUR + 9 * HOUR + 30;
    assert_eq!(states(&limits(100), L6), [(Open, monday)]);
    assert_eq!(states(&limits(monday - 16), L6), [(Open, monday)]);
    assert_eq!(states(&limits(monday - 15), L6), [(Soon, monday)], "a quarter of one business hour is left");
    assert_eq!(states(&limits(100), L8), [(Open, 90 + DAY)], "others count the wall clock");
}

#[test]
fn void_records_owe_nothing_and_lists_come_most_urgent_first() {
    let mut dossier = full();
    let limits = all(&dossier, 3 * DAY);
    assert!(limits.windows(2).all(|pair| (pair[0].state, pair[0].due) <= (pair[1].state, pair[1].due)));
    assert!(!only(&limits, L20).is_empty());
    boss().step(&mut dossier, 90, "COMP-03-1", "void", fields([("why", "录入错误")]));
    assert_eq!(only(&all(&dossier, 3 * DAY), L20), Vec::<&Limit>::new());
}
