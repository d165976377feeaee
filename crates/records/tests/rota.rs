//! The rules of the hotline rota: every one on both sides of its figure.
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod world;

use records::{Dossier, Policy, ROSTER, RosterRules, RotaProblem, rota_problems};
use world::*;

const RULES: RosterRules = RosterRules { shift_minutes_max: 480, rest_minutes_min: 600, people_min: 1 };

/// A board with shifts: who, from which minute, to which.
fn board(shifts: &[(&str, i64, i64)]) -> Dossier {
    let mut board = Dossier::create();
    for (n, (staff, from, until)) in shifts.iter().enumerate() {
        let mut given = fields([("staff", *staff)]);
        given.insert("starts_at", records::Value::Time(at(*from)));
        given.insert("ends_at", records::Value::Time(at(*until)));
        let record = id(&format!("ROSTER-01-{}", n + 1));
        boss().edit(&mut board, 1_000 + i64::try_from(n).unwrap(), |edit| edit.create(&ROSTER, &record, None, given));
    }
    board
}

fn problems(shifts: &[(&str, i64, i64)], of: usize, rules: &RosterRules) -> Vec<RotaProblem> {
    rota_problems(&board(shifts).read(), &id(&format!("ROSTER-01-{of}")), rules)
}

#[test]
fn a_shift_may_be_as_long_as_the_policy_says_and_no_longer() {
    assert_eq!(problems(&[("王*", 0, 480)], 1, &RULES), []);
    assert_eq!(problems(&[("王*", 0, 481)], 1, &RULES), [RotaProblem::TooLong { minutes: 481, max: 480 }]);
}

#[test]
fn rest_is_asked_for_before_and_after_of_the_same_person_only() {
    let rest = |from: i64, staff: &str| problems(&[("王*", 2_000, 2_480), (staff, from, from + 480)], 2, &RULES);
    assert_eq!(rest(2_480 + 600, "王*"), []);
    assert_eq!(rest(2_000 - 600 - 480, "王*"), []);
    let short = |minutes: i64| {
        vec![RotaProblem::TooLittleRest { staff: "王*".to_owned(), other: id("ROSTER-01-1"), minutes, min: 600 }]
    };
    assert_eq!(rest(2_480 + 599, "王*"), short(599));
    assert_eq!(rest(2_000 - 599 - 480, "王*"), short(599));
    assert_eq!(rest(2_400, "王*"), short(-80), "an overlap is less than no rest");
    assert_eq!(rest(2_400, "孙*"), []);
}

#[test]
fn people_at_the_same_time_do_not_overlap_with_themselves_even_where_no_rest_is_asked_for() {
    let rules = RosterRules { rest_minutes_min: 0, ..RULES };
    assert_eq!(problems(&[("王*", 0, 480), ("王*", 480, 900)], 2, &rules), []);
    assert!(problems(&[("王*", 0, 480), ("王*", 479, 900)], 2, &rules)[0].refuses());
}

#[test]
fn too_few_people_are_told_of_with_the_first_such_time_and_refuse_nothing() {
    let rules = RosterRules { people_min: 2, ..RULES };
    let shifts = [("王*", 0, 480), ("孙*", 0, 240), ("赵*", 300, 480)];
    let found = problems(&shifts, 1, &rules);
    assert_eq!(found, [RotaProblem::TooFew { at: at(240), people: 1, min: 2 }]);
    assert!(!found[0].refuses());
    assert_eq!(problems(&[shifts[0], ("孙*", 0, 300), shifts[2]], 1, &rules), []);
}

#[test]
fn what_does_not_take_place_counts_for_nothing() {
    let mut board = board(&[("王*", 0, 480), ("王*", 400, 800)]);
    let own = id("ROSTER-01-2");
    assert_eq!(rota_problems(&board.read(), &own, &RULES).len(), 1);
    boss().step(&mut board, 2_000, "ROSTER-01-1", "cancelled", fields([("cancelled_why", "合并")]));
    assert_eq!(rota_problems(&board.read(), &own, &RULES), []);
    assert_eq!(rota_problems(&board.read(), &id("ROSTER-01-1"), &RULES), [], "nor is it judged itself");
}

#[test]
fn the_defaults_let_an_ordinary_day_pass() {
    let rules = Policy::default().roster;
    assert_eq!(problems(&[("王*", 0, 480), ("孙*", 480, 960), ("王*", 1_440, 1_920)], 3, &rules), []);
}
