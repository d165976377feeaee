//! Limits are judged by the policy that held when they began, whenever its versions arrive.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests do: by panicking")]

mod branch;

use branch::*;
use proptest::prelude::*;
use readmodel::views::{DueAsk, due};
use records::limits::of_dossier;
use records::{BusinessHours, Fields, Hours, LimitCode, Policies, Policy, Span};
use rusqlite::Connection;

/// The policy with so many minutes to review in and to answer a VIP's call.
fn policy(review: i64, hotline: i64) -> Policy {
    let mut policy = Policy::default();
    policy.limits.insert(LimitCode::L6, Span::Minutes(review));
    policy.response.get_mut("vip").unwrap().hotline = hotline;
    policy
}

/// A policy under which reviews count business hours.
fn by_hours() -> Policy {
    let week = (1..=5).map(|weekday| (weekday, vec![Hours::new(9 * 60, 12 * 60), Hours::new(13 * 60, 18 * 60)]));
    let business_hours = Some(BusinessHours { limits: vec![LimitCode::L6], week: week.collect() });
    Policy { business_hours, ..policy(120, 30) }
}

/// A VIP who called and whose task is done, and a normal customer with work in progress.
fn dossiers() -> [Paper; 2] {
    let mut one = Paper::customer(1, 0, "vip");
    one.task(10, "high");
    let task = one.id("EXEC");
    one.edit(&boss(), 11, |edit| edit.set(&task, fields([("mode", "hotline")])));
    one.step(&wang(), 20, &task, "started", Fields::new()).step(&wang(), 30, &task, "done", Fields::new());
    let mut two = Paper::customer(2, 0, "normal");
    two.task(40, "low").complaint(50, "major");
    let task = two.id("EXEC");
    two.step(&wang(), 60, &task, "started", Fields::new()).step(&wang(), 100, &task, "done", Fields::new());
    [one, two]
}

/// Code, due minute and policy of the rows with this code.
fn terms(conn: &Connection, code: LimitCode) -> Vec<(i64, Option<String>)> {
    let found = due(conn, &DueAsk::at(at(101))).unwrap().items.into_iter();
    found
        .filter(|item| item.code == code)
        .map(|item| (minute(item.due), item.policy.map(|id| id.to_string())))
        .collect()
}

#[test]
fn a_version_that_comes_later_judges_anew_what_began_under_it_and_nothing_else() {
    let papers = dossiers();
    let conn = rows(&papers);
    assert_eq!(terms(&conn, LimitCode::L6), [(90, None), (160, None)]);
    let mut policy_paper = Paper::policy();
    policy_paper.enact(35, 1, &policy(10, 15));
    let apply = |paper: &Paper| readmodel::apply(&conn, paper.doc, &paper.dossier.read()).unwrap();
    apply(&policy_paper);
    // What was done at minute 30 keeps the hour it had.
    let version = |number: u32| Some(format!("POLICY-01-{number}"));
    assert_eq!(terms(&conn, LimitCode::L6), [(90, None), (110, version(1))]);
    // An older version arrives later, written on another device that was offline.
    policy_paper.enact(5, 2, &policy(20, 7));
    apply(&policy_paper);
    assert_eq!(terms(&conn, LimitCode::L6), [(50, version(2)), (110, version(1))]);
    let hotline = "SELECT due_ms FROM view_limit WHERE code = 'L13' AND part = 'hotline' AND customer = 'CUST-01-1'";
    let due: i64 = conn.query_row(hotline, [], |row| row.get(0)).unwrap();
    assert_eq!(due, at(17).millis(), "seven minutes from minute 10: by grade");
    let written = conn.total_changes();
    apply(&policy_paper);
    papers.iter().for_each(apply);
    assert_eq!(conn.total_changes(), written, "what is the same is not written again");
    // Without the policy document the defaults hold again.
    readmodel::remove(&conn, policy_paper.doc).unwrap();
    assert_eq!(judged(&conn), judged(&rows(&papers)));
}

#[test]
fn a_document_without_limits_or_policies_writes_no_row_of_them() {
    let conn = rows(&[]);
    let board = Paper::board();
    readmodel::apply(&conn, board.doc, &board.dossier.read()).unwrap();
    let count: i64 = conn
        .query_row("SELECT (SELECT count(*) FROM view_limit) + (SELECT count(*) FROM view_moment)", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(count, 0);
}

#[test]
fn a_version_that_is_void_judges_nothing() {
    let papers = dossiers();
    let mut policy_paper = Paper::policy();
    policy_paper.enact(5, 1, &policy(10, 15));
    let conn = rows(papers.iter().chain([&policy_paper]));
    assert_eq!(terms(&conn, LimitCode::L6).first().unwrap().0, 40);
    let (version, admin) = (id("POLICY-01-1"), author("管理*", vocab::Role::Administrator));
    policy_paper.step(&admin, 200, &version, "void", fields([("why", "写错")]));
    assert!(Policies::of(&policy_paper.dossier.read()).versions().is_empty());
    readmodel::apply(&conn, policy_paper.doc, &policy_paper.dossier.read()).unwrap();
    assert_eq!(judged(&conn), judged(&rows(&papers)));
}

/// What happens to the tables: a document arrives as far as it goes, or is taken away.
#[derive(Debug, Clone)]
enum Step {
    Dossier(usize),
    Policy(usize),
    RemovePolicy,
    RemoveDossier(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..2_usize).prop_map(Step::Dossier),
        (0..4_usize).prop_map(Step::Policy),
        Just(Step::RemovePolicy),
        (0..2_usize).prop_map(Step::RemoveDossier),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// I8: rows that lived through versions before dossiers, after them and out of order are those of a rebuild; and they say what
    /// `of_dossier` says.
    #[test]
    fn rows_do_not_depend_on_when_versions_came(steps in prop::collection::vec(step(), 0..14)) {
        let papers = dossiers();
        let mut stages = vec![Paper::policy()];
        for (number, (minute, policy)) in [(35, policy(10, 15)), (5, by_hours()), (45, policy(40, 3))].iter().enumerate() {
            let mut next = stages.last().unwrap().clone();
            next.enact(*minute, number as u64 + 1, policy);
            stages.push(next);
        }
        let lived = rows(&[]);
        let apply = |paper: &Paper| readmodel::apply(&lived, paper.doc, &paper.dossier.read()).unwrap();
        for step in steps {
            match step {
                Step::Dossier(which) => apply(&papers[which]),
                Step::Policy(stage) => apply(&stages[stage]),
                Step::RemovePolicy => readmodel::remove(&lived, stages[0].doc).unwrap(),
                Step::RemoveDossier(which) => readmodel::remove(&lived, papers[which].doc).unwrap(),
            }
        }
        apply(&stages[3]);
        papers.iter().for_each(apply);
        prop_assert_eq!(judged(&lived), judged(&rows([&stages[3], &papers[0], &papers[1]])));
        prop_assert_eq!(judged(&lived), judged(&rows([&papers[1], &papers[0], &stages[3]])));
        let policies = Policies::of(&stages[3].dossier.read());
        for now in [0, 15, 33, 70, 101, 3_000] {
            let mut listed = Vec::new();
            for paper in &papers {
                let open = of_dossier(&paper.dossier.read(), &policies, &(), at(now)).into_iter();
                listed.extend(open.filter(|limit| limit.state.is_open() && limit.code != LimitCode::L2).map(|limit| {
                    (limit.code, limit.part.map(str::to_owned), limit.record, limit.from, limit.due, limit.state, limit.policy)
                }));
            }
            let found = due(&lived, &DueAsk::at(at(now))).unwrap().items.into_iter();
            let of_dossiers = found.filter(|item| item.customer.is_some() && item.code != LimitCode::L2);
            let mut found: Vec<_> = of_dossiers
                .map(|item| (item.code, item.part, item.record, item.from, item.due, item.state, item.policy))
                .collect();
            listed.sort();
            found.sort();
            prop_assert_eq!(found, listed, "minute {}", now);
        }
    }
}
