//! What a branch is asked about as a whole, from hand-computed cases; and that a limit's cases and terms are enough to say
//! where it stands at any instant.
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod world;

use std::collections::BTreeMap;

use proptest::prelude::*;
use records::limits::{LimitState, Moment, What, cases, moments, of_dossier};
use records::{
    ASSESSMENT, BusinessHours, COMPLAINT, CUSTOMER, DAILY_CHECK, Dossier, Fields, Hours, LimitCode, Policies, Policy,
    REVIEW, TASK, VISIT, Value,
};
use vocab::Timestamp;
use world::*;

const EXEC: &str = "EXEC-01-1";
const DAY: i64 = 1_440;

fn minute(time: Timestamp) -> i64 {
    (time.millis() - at(0).millis()) / 60_000
}

/// From and until, in minutes.
fn stretches(dossier: &Dossier, what: What) -> Vec<(i64, Option<i64>)> {
    let view = dossier.read();
    let found = moments(&view);
    found
        .iter()
        .filter(|moment| moment.what == what)
        .map(|moment| (minute(moment.from), moment.end.map(minute)))
        .collect()
}

fn later(minute: i64) -> Fields {
    Fields::from([("due_at", Value::Time(at(minute)))])
}

#[test]
fn a_task_is_delayed_until_it_goes_on_or_ends() {
    let mut dossier = started();
    assert_eq!(stretches(&dossier, What::Delayed), []);
    wang().step(&mut dossier, 20, EXEC, "delayed", later(300));
    assert_eq!(stretches(&dossier, What::Delayed), [(20, None)]);
    wang().step(&mut dossier, 30, EXEC, "note", fields([("text", "等配件")]));
    wang().step(&mut dossier, 40, EXEC, "delayed", later(400));
    assert_eq!(stretches(&dossier, What::Delayed), [(20, None)], "it was delayed all along");
    wang().step(&mut dossier, 50, EXEC, "started", Fields::new());
    assert_eq!(stretches(&dossier, What::Delayed), [(20, Some(50))]);
    wang().step(&mut dossier, 60, EXEC, "delayed", later(500));
    wang().step(&mut dossier, 70, EXEC, "done", Fields::new());
    assert_eq!(stretches(&dossier, What::Delayed), [(20, Some(50)), (60, Some(70))]);
    boss().step(&mut dossier, 80, EXEC, "void", fields([("why", "录入错误")]));
    assert_eq!(moments(&dossier.read()), []);
}

#[test]
fn what_was_done_apart_from_a_delay_is_not_delayed() {
    let base = started();
    let both = [takes(wang(), 30, EXEC, "done", Fields::new()), takes(boss(), 40, EXEC, "delayed", later(300))];
    let (dossier, _) = merged(&base, &apart(&base, both.into()));
    assert_eq!(stretches(&dossier, What::Delayed), []);
    // Started in one place, delayed in another: nothing answered the delay, so it stands.
    let base = assigned();
    let both = [takes(wang(), 30, EXEC, "started", Fields::new()), takes(boss(), 20, EXEC, "delayed", later(300))];
    let (dossier, view) = merged(&base, &apart(&base, both.into()));
    assert_eq!((text(&view, EXEC, "status"), stretches(&dossier, What::Delayed)), (Some("delayed"), vec![(20, None)]));
}

#[test]
fn a_task_is_past_due_from_each_estimate_to_the_next() {
    // Due at minute 180 when it was made.
    let mut dossier = started();
    assert_eq!(stretches(&dossier, What::PastDue), [(180, None)]);
    wang().step(&mut dossier, 200, EXEC, "delayed", later(300));
    assert_eq!(stretches(&dossier, What::PastDue), [(180, Some(200)), (300, None)]);
    wang().step(&mut dossier, 250, EXEC, "delayed", later(400));
    assert_eq!(stretches(&dossier, What::PastDue), [(180, Some(200)), (400, None)], "estimated anew before it was due");
    wang().step(&mut dossier, 390, EXEC, "done", Fields::new());
    assert_eq!(stretches(&dossier, What::PastDue), [(180, Some(200))]);
}

#[test]
fn an_approval_waits_for_a_task() {
    let mut dossier = Dossier::create();
    boss().edit(&mut dossier, 0, |edit| {
        edit.create(&CUSTOMER, &id("CUST-01-1"), None, fields([("name", "*先生"), ("channel", "phone")]))?;
        edit.create(&ASSESSMENT, &id("REQ-01-1"), None, fields([("need", "安装")]))
    });
    assert_eq!(stretches(&dossier, What::WithoutTask), []);
    boss().step(&mut dossier, 5, "REQ-01-1", "approved", Fields::new());
    assert_eq!(stretches(&dossier, What::WithoutTask), [(5, None)]);
    boss().edit(&mut dossier, 9, |edit| {
        edit.create(&TASK, &id(EXEC), Some(&id("REQ-01-1")), fields([("title", "安装")]))
    });
    assert_eq!(stretches(&dossier, What::WithoutTask), [(5, Some(9))]);
}

#[test]
fn a_critical_complaint_is_looked_at_until_it_is_closed_and_again_when_reopened() {
    let mut dossier = dossier();
    wang().edit(&mut dossier, 80, |edit| {
        edit.create(&COMPLAINT, &id("COMP-03-1"), None, and(complaint(), "severity", "critical"))?;
        edit.create(&COMPLAINT, &id("COMP-03-2"), None, complaint())
    });
    assert_eq!(stretches(&dossier, What::Critical), [(80, None)]);
    let data = |code| match code {
        "solution" => fields([("solution", "换货")]),
        "closed" => fields([("result", "满意")]),
        _ => Fields::new(),
    };
    let steps = ["investigating", "solution", "executing", "follow_up", "closed"];
    for (minute, code) in (90..).zip(steps) {
        wang().step(&mut dossier, minute, "COMP-03-1", code, data(code));
    }
    assert_eq!(stretches(&dossier, What::Critical), [(80, Some(94))]);
    wang().step(&mut dossier, 100, "COMP-03-1", "reopened", fields([("reopened_why", "又坏了")]));
    assert_eq!(stretches(&dossier, What::Critical), [(80, Some(94)), (100, None)]);
}

#[test]
fn visits_count_when_they_were_made_and_checks_for_their_day() {
    let mut dossier = dossier();
    wang().edit(&mut dossier, DAY, |edit| {
        let plan = and(fields([("visit_kind", "deep_contact"), ("staff", "王*")]), "planned_on", day("2024-05-03"));
        edit.create(&VISIT, &id("VISIT-03-1"), None, plan)
    });
    assert_eq!(stretches(&dossier, What::DeepContact), [], "planned is not made");
    wang().step(&mut dossier, DAY + 60, "VISIT-03-1", "done", Fields::from([("done_on", day("2024-05-03"))]));
    assert_eq!(stretches(&dossier, What::DeepContact), [(DAY + 60, None)]);
    let mut board = Dossier::create();
    boss().edit(&mut board, 60, |edit| {
        edit.create(&DAILY_CHECK, &id("CHECK-01-1"), None, Fields::from([("day", day("2024-05-02"))]))?;
        let review = and(fields([("review_kind", "cleaning")]), "period_from", day("2024-04-01"));
        edit.create(&REVIEW, &id("REVIEW-01-1"), None, and(review, "period_to", day("2024-04-30")))
    });
    // Minute 0 is four in the afternoon: the day began sixteen hours before.
    assert_eq!(stretches(&board, What::Check), [(-960, Some(60))]);
    assert_eq!(stretches(&board, What::Cleaning), [(60, None)]);
    let view = board.read();
    let staff: Vec<_> = moments(&view).iter().map(|moment: &Moment<'_>| moment.staff).collect();
    assert!(staff.contains(&Some("主管*")), "who signed is known though nobody typed it: {staff:?}");
}

#[test]
fn an_imported_complaint_stands_in_its_step_and_counts_as_answered() {
    let mut dossier = dossier();
    wang().edit(&mut dossier, 80, |edit| edit.create(&COMPLAINT, &id("COMP-03-1"), None, complaint()));
    let state = fields([("state", "executing"), ("owner", "李*")]);
    wang().step(&mut dossier, 90, "COMP-03-1", "imported", state);
    let view = dossier.read();
    let found: Vec<_> = cases(&view)
        .into_iter()
        .filter(|case| case.record.as_str() == "COMP-03-1")
        .map(|case| (case.code, case.part, minute(case.from), case.end.map(minute), case.staff))
        .collect();
    assert_eq!(
        found,
        [(LimitCode::L12, None, 80, Some(90), Some("李*")), (LimitCode::L20, Some("executing"), 90, None, Some("李*"))]
    );
}

/// Hours worked on some days of the week, in minutes of the day: half an hour a week at least, so that every limit tried is due
/// within the ten years that a calendar is searched for.
fn business_hours() -> impl Strategy<Value = BusinessHours> {
    let spans = prop::collection::vec((0..700_u32, 30..700_u32), 1..2);
    let days = prop::collection::btree_map(1..=7_u8, spans, 1..6);
    days.prop_map(|days| {
        let hours =
            |spans: Vec<(u32, u32)>| spans.into_iter().map(|(from, long)| Hours::new(from, from + long)).collect();
        let week: BTreeMap<u8, Vec<Hours>> = days.into_iter().map(|(day, spans)| (day, hours(spans))).collect();
        BusinessHours { limits: LimitCode::ALL.into(), week }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// "Soon" is worked out once, as an instant; by definition it is when at most a quarter of the time is left.
    #[test]
    fn soon_begins_when_a_quarter_of_the_counted_time_is_left(
        hours in prop::option::of(business_hours()),
        from in 0..30_000_i64,
        minutes in 1..6_000_i64,
        passed in 0..=100_i64,
    ) {
        let policy = Policy { business_hours: hours, ..Policy::default() };
        let mut limited = policy.clone();
        limited.limits.insert(LimitCode::L6, records::Span::Minutes(minutes));
        let mut papers = Dossier::create();
        enact(&mut papers, &admin(), -1, "POLICY-07-1", &limited);
        let policies = Policies::of(&papers.read());
        let term = policies.term(LimitCode::L6, None, None, at(from)).unwrap();
        prop_assert!(at(from) <= term.soon && term.soon <= term.due);
        let between = |from, to| limited.between(LimitCode::L6, from, to);
        let by_definition = |now| {
            let left = between(now, term.due);
            if left * 4 <= between(at(from), term.due) { LimitState::Soon } else { LimitState::Open }
        };
        let now = at(from).plus_millis((term.due.millis() - at(from).millis()) * passed / 100);
        for now in [now, term.soon, term.soon.plus_millis(-1).max(at(from)), term.due, at(from)] {
            prop_assert_eq!(LimitState::at(now, term.soon, term.due, None), by_definition(now), "{}", now);
        }
        prop_assert_eq!(LimitState::at(term.due.plus_millis(1), term.soon, term.due, None), LimitState::Overdue);
    }

    /// Every limit that `of_dossier` lists at an instant follows from its cases and their terms alone, the calendar's aside.
    #[test]
    fn cases_and_terms_say_what_a_dossier_owes_at_any_instant(now in 0..9_000_i64) {
        let mut dossier = full();
        wang().step(&mut dossier, 400, "COMP-03-1", "investigating", fields([("owner", "李*")]));
        let (view, policies) = (dossier.read(), Policies::default());
        let recurs = |code, part: Option<&str>| {
            matches!(code, LimitCode::L16 | LimitCode::L18 | LimitCode::L19) && part.is_none()
        };
        let mut listed: Vec<_> = of_dossier(&view, &policies, &(), at(now))
            .into_iter()
            .filter(|limit| !recurs(limit.code, limit.part) && limit.code != LimitCode::L15)
            .map(|limit| (limit.code, limit.part, limit.from, limit.due, limit.end, limit.state))
            .collect();
        let mut worked_out: Vec<_> = cases(&view)
            .into_iter()
            .filter(|case| case.from <= at(now) && case.code != LimitCode::L15)
            .map(|case| {
                let term = policies.term(case.code, case.part, case.grade, case.from).unwrap();
                let end = case.end.filter(|end| *end <= at(now));
                (case.code, case.part, case.from, term.due, end, LimitState::at(at(now), term.soon, term.due, end))
            })
            .collect();
        listed.sort();
        worked_out.sort();
        prop_assert_eq!(listed, worked_out);
    }
}
