//! What concurrent work means beyond tasks: the rows of the domain's section 6 about customers, scores and policies, the
//! other kinds of record, and settled conflicts when late events arrive. Each in every order of arrival.
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod world;

use proptest::prelude::*;
use records::{CUSTOMER, Dossier, Fields, Merged, POINTS, Policies, Policy, Severity, Value, View};
use vocab::RecordId;
use world::*;

const TASK: &str = "EXEC-01-1";

fn integer(view: &View, record: &str, field: &str) -> Option<i64> {
    view.record(&id(record)).unwrap().get(field).and_then(Value::as_integer)
}

fn score(score: i64) -> Fields {
    Fields::from([("score", score.into()), ("reason", "录入错误".into())])
}

/// The dossier of customer `n`, alone.
fn customer(n: usize) -> Dossier {
    let mut dossier = Dossier::create();
    let data = fields([("name", "*先生"), ("channel", "phone")]);
    boss().edit(&mut dossier, 0, |edit| edit.create(&CUSTOMER, &id(&format!("CUST-01-{n}")), None, data));
    dossier
}

fn merge(dossier: &mut Dossier, who: &Person, minute: i64, own: usize, other: usize) {
    let data = Fields::from([("with", Value::from(format!("CUST-01-{other}")))]);
    who.step(dossier, minute, &format!("CUST-01-{own}"), "merged", data);
}

#[test]
fn one_customer_created_twice_leads_to_the_smallest_id_and_no_record_moves() {
    let (mut one, mut other) = (customer(9), customer(10));
    // Merged on two devices at once, in different directions.
    merge(&mut one, &boss(), 10, 9, 10);
    merge(&mut other, &boss2(), 10, 10, 9);
    let views = [one.read(), other.read()];
    let both = Merged::of(views.iter().flat_map(View::merges));
    assert_eq!(both.lead(&id("CUST-01-10")), &id("CUST-01-9"), "ten is greater than nine");
    assert_eq!(both.lead(&id("CUST-01-9")), &id("CUST-01-9"));
    // Either of the two events is enough.
    assert_eq!(Merged::of(views[1].merges()), both);
    assert!(views.iter().all(|view| view.records.len() == 1));
    // The control: others lead to themselves.
    assert_eq!(both.lead(&id("CUST-01-11")), &id("CUST-01-11"));
}

#[test]
fn a_wrong_merge_is_taken_back_by_an_event() {
    let mut dossier = customer(1);
    merge(&mut dossier, &boss(), 10, 1, 2);
    assert_eq!(dossier.read().merges().count(), 1);
    let data = fields([("with", "CUST-01-2"), ("reason", "两位不同客户")]);
    boss().step(&mut dossier, 20, "CUST-01-1", "separated", data);
    assert_eq!(dossier.read().merges().count(), 0);
}

#[test]
fn merged_beside_separated_stays_separate_and_is_flagged() {
    let mut base = customer(1);
    merge(&mut base, &boss(), 5, 1, 2);
    let with = || fields([("with", "CUST-01-2")]);
    let apart = apart(
        &base,
        vec![
            takes(boss(), 20, "CUST-01-1", "merged", with()),
            takes(boss2(), 10, "CUST-01-1", "separated", and(with(), "reason", "不同人")),
        ],
    );
    let (mut dossier, view) = merged(&base, &apart);
    assert_eq!((view.merges().count(), reasons(&view)), (0, vec!["flag-merged_separated"]));
    boss().edit(&mut dossier, 30, |edit| edit.resolve(&event("01-99"), "CUST-01-1/merged_separated/CUST-01-2", 2));
    assert_eq!((dossier.read().merges().count(), reasons(&dossier.read())), (1, vec![]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn merges_in_any_direction_on_any_device_in_any_order_lead_to_the_same_and_never_round(
        merges in prop::collection::vec((1..7_usize, 1..7_usize, 0..3_usize), 1..12),
        swaps in prop::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let people = [boss(), boss2(), Person::new(8, "总监*", vocab::Role::Supervisor)];
        let base: Vec<Dossier> = (1..7).map(customer).collect();
        let mut devices = vec![base.clone(), base.clone(), base.clone()];
        for (minute, (own, other, device)) in merges.iter().enumerate().filter(|(_, (own, other, _))| own != other) {
            let minute = 10 + i64::try_from(minute).unwrap();
            merge(&mut devices[*device][own - 1], &people[*device], minute, *own, *other);
        }
        // Every device hears of every change, each in an order of its own.
        let mut heard = Vec::new();
        for (place, dossier) in base.iter().enumerate() {
            for device in &devices {
                heard.extend(device[place].changes_since(&dossier.heads()).into_iter().map(|change| (place, change)));
            }
        }
        let mut leads: Option<Merged> = None;
        for (shift, own) in devices.iter().enumerate() {
            let mut order: Vec<usize> = (0..heard.len()).collect();
            for (place, other) in swaps.iter().enumerate().take(order.len()) {
                let other = (other.index(order.len()) + shift) % order.len();
                order.swap(place, other);
            }
            let mut device = own.clone();
            for index in order {
                let (place, change) = &heard[index];
                device[*place].apply(&[change]).unwrap();
            }
            let views: Vec<View> = device.iter().map(Dossier::read).collect();
            let merged = Merged::of(views.iter().flat_map(View::merges));
            for n in 1..7 {
                let own: RecordId = id(&format!("CUST-01-{n}"));
                let lead = merged.lead(&own);
                prop_assert_eq!(merged.lead(lead), lead, "one step leads to the end");
                prop_assert!(lead <= &own);
            }
            for (own, other, _) in merges.iter().filter(|(own, other, _)| own != other) {
                let (own, other) = (id(&format!("CUST-01-{own}")), id(&format!("CUST-01-{other}")));
                prop_assert_eq!(merged.lead(&own), merged.lead(&other));
            }
            match &leads {
                Some(first) => prop_assert_eq!(first, &merged),
                None => leads = Some(merged),
            }
        }
    }
}

#[test]
fn policy_beside_policy_is_the_later_authored_and_versions_are_kept_so_limits_stay_reproducible() {
    let mut base = Dossier::create();
    enact(&mut base, &admin(), 10, "POLICY-07-1", &Policy::default());
    let with_visits = |visits: i64| {
        let mut policy = Policy::default();
        policy.visits.insert("vip".to_owned(), Some(visits));
        policy
    };
    let second = Person::new(8, "管理二*", vocab::Role::Administrator);
    let apart = apart(
        &base,
        vec![
            Box::new(move |document| enact(document, &admin(), 40, "POLICY-07-2", &with_visits(6))),
            Box::new(move |document| enact(document, &second, 30, "POLICY-08-1", &with_visits(12))),
        ],
    );
    let (_, view) = merged(&base, &apart);
    let policies = Policies::of(&view);
    assert_eq!(policies.versions().len(), 3);
    let vip = |minute| policies.at(at(minute)).0.visits["vip"];
    assert_eq!((vip(20), vip(35), vip(50)), (Some(4), Some(12), Some(6)));
    assert_eq!(policies.at(at(50)).1, Some(&id("POLICY-07-2")));
    assert_eq!(policies.at(at(5)).1, None, "before the first version the defaults hold");
}

#[test]
fn a_settled_conflict_stays_settled_when_late_events_arrive_that_it_had_seen() {
    let base = assigned();
    let [first, second] = [("李*", 30), ("赵*", 20)].map(|(staff, minute)| {
        let who = if minute == 30 { boss() } else { boss2() };
        apart(&base, vec![takes(who, minute, TASK, "reassigned", fields([("assignee", staff)]))]).remove(0)
    });
    let mut decided = base.clone();
    decided.apply(&[&first, &second]).unwrap();
    let before = decided.heads();
    boss().edit(&mut decided, 40, |edit| edit.resolve(&event("01-99"), "EXEC-01-1/reassigned_twice", 2));
    let decision = decided.changes_since(&before).remove(0);
    // The decision comes first; what it had seen trickles in behind it.
    for order in [[&decision, &first, &second], [&first, &decision, &second], [&second, &first, &decision]] {
        let mut late = base.clone();
        for change in order {
            late.apply(&[change]).unwrap();
        }
        let view = late.read();
        assert_eq!((text(&view, TASK, "assignee"), reasons(&view)), (Some("赵*"), vec![]));
    }
}

#[test]
fn a_settled_conflict_opens_again_when_a_late_event_arrives_that_it_had_not_seen() {
    let base = with_feedback();
    let corrections = apart(
        &base,
        vec![takes(wang(), 100, "FB-03-1", "corrected", score(5)), takes(li(), 90, "FB-03-1", "corrected", score(2))],
    );
    let late = apart(&base, vec![takes(boss2(), 95, "FB-03-1", "corrected", score(1))]);
    let (mut dossier, _) = merged(&base, &corrections);
    boss().edit(&mut dossier, 120, |edit| edit.resolve(&event("01-99"), "FB-03-1/corrected_twice", 2));
    let view = dossier.read();
    assert_eq!((integer(&view, "FB-03-1", "score"), reasons(&view)), (Some(5), vec![]));
    dossier.apply(&[&late[0]]).unwrap();
    let view = dossier.read();
    assert_eq!((integer(&view, "FB-03-1", "score"), reasons(&view)), (Some(1), vec!["flag-corrected_twice"]));
    // Decided again, having seen all, it is settled for good.
    boss().edit(&mut dossier, 130, |edit| edit.resolve(&event("01-98"), "FB-03-1/corrected_twice", 2));
    assert_eq!((integer(&dossier.read(), "FB-03-1", "score"), reasons(&dossier.read())), (Some(5), vec![]));
}

#[test]
fn a_decision_between_done_and_cancelled_opens_again_for_a_report_it_had_not_seen() {
    let base = started();
    let made = apart(
        &base,
        vec![
            takes(wang(), 100, TASK, "done", Fields::new()),
            takes(boss(), 90, TASK, "cancelled", fields([("why", "客户取消")])),
        ],
    );
    let late = apart(&base, vec![takes(boss2(), 95, TASK, "done", Fields::new())]);
    let (mut dossier, _) = merged(&base, &made);
    boss().edit(&mut dossier, 120, |edit| edit.resolve(&event("01-99"), "EXEC-01-1/done_cancelled", 2));
    assert_eq!((text(&dossier.read(), TASK, "status"), reasons(&dossier.read())), (Some("cancelled"), vec![]));
    dossier.apply(&[&late[0]]).unwrap();
    let view = dossier.read();
    assert_eq!((text(&view, TASK, "status"), reasons(&view)), (Some("done"), vec!["flag-done_cancelled"]));
}

#[test]
fn a_settled_register_stays_settled_and_opens_again_for_a_value_the_decision_had_not_seen() {
    let base = dossier();
    let grade = |who: Person, minute: i64, grade: &'static str| -> Branch {
        Box::new(move |dossier| {
            who.edit(dossier, minute, |edit| edit.set(&id("CUST-01-1"), fields([("grade", grade)])));
        })
    };
    let made = apart(&base, vec![grade(wang(), 20, "vip"), grade(li(), 30, "potential")]);
    let late = apart(&base, vec![grade(analyst(), 25, "core")]);
    let (mut decided, _) = merged(&base, &made);
    let before = decided.heads();
    boss().edit(&mut decided, 40, |edit| edit.resolve(&event("01-99"), "CUST-01-1/grade", 2));
    let decision = decided.changes_since(&before).remove(0);
    let mut arrived = base.clone();
    for change in [&decision, &made[0], &made[1]] {
        arrived.apply(&[change]).unwrap();
    }
    let view = arrived.read();
    assert_eq!((text(&view, "CUST-01-1", "grade"), reasons(&view)), (Some("potential"), vec![]));
    // The supervisor's word stands beside a value they had not seen, and is asked for again.
    arrived.apply(&[&late[0]]).unwrap();
    let view = arrived.read();
    assert_eq!((text(&view, "CUST-01-1", "grade"), reasons(&view)), (Some("potential"), vec!["conflict-conflict"]));
}

#[test]
fn a_decision_is_the_deciders_word_even_for_the_value_that_stands() {
    let base = dossier();
    let set = |who: Person, minute: i64, field: &'static str, value: &'static str| -> Branch {
        Box::new(move |dossier| {
            who.edit(dossier, minute, |edit| edit.set(&id("CUST-01-1"), fields([(field, value)])));
        })
    };
    // One field twice, and two fields of one record: both values of each, taken by a supervisor.
    for (parts, conflict) in [
        ([("name", "李*"), ("name", "赵*")], "CUST-01-1/name"),
        ([("name", "李*"), ("preference", "短信")], "CUST-01-1/parallel"),
    ] {
        let [one, other] = parts;
        let made = apart(&base, vec![set(wang(), 20, one.0, one.1), set(li(), 30, other.0, other.1)]);
        let (dossier, view) = merged(&base, &made);
        for (take, candidate) in (1..).zip(view.conflicts[0].candidates.clone()) {
            let mut decided = dossier.clone();
            boss().edit(&mut decided, 40, |edit| edit.resolve(&event("01-99"), conflict, take));
            let view = decided.read();
            assert!(view.conflicts.is_empty(), "{conflict} {take}");
            assert_eq!(view.record(&id("CUST-01-1")).unwrap().get(candidate.field), Some(&candidate.value));
            let last = decided.history(&id("CUST-01-1")).pop().unwrap();
            assert_eq!(last.written.author.unwrap().staff.as_str(), "主管*", "{conflict} {take}");
        }
    }
}

#[test]
fn an_inquirys_score_corrected_twice_is_the_lower_because_staff_gain_from_raising_it() {
    let mut base = full();
    wang().step(&mut base, 90, "INQ-03-1", "answered", fields([("answer", "每月清洁")]));
    wang().step(&mut base, 91, "INQ-03-1", "confirmed", Fields::from([("score", 3.into())]));
    let apart = apart(
        &base,
        vec![
            takes(wang(), 110, "INQ-03-1", "corrected", score(5)),
            takes(li(), 100, "INQ-03-1", "corrected", score(2)),
        ],
    );
    let (_, view) = merged(&base, &apart);
    assert_eq!((integer(&view, "INQ-03-1", "score"), reasons(&view)), (Some(2), vec!["flag-corrected_twice"]));
    assert_eq!(view.conflicts[0].severity, Severity::Decision);
}

#[test]
fn a_complaint_reopened_beside_another_closing_is_open_because_the_customer_is_not_content() {
    let mut base = full();
    let solution = || fields([("solution", "上门道歉")]);
    wang().step(&mut base, 90, "COMP-03-1", "investigating", fields([("owner", "王*")]));
    wang().step(&mut base, 91, "COMP-03-1", "solution", solution());
    wang().step(&mut base, 92, "COMP-03-1", "executing", Fields::new());
    wang().step(&mut base, 93, "COMP-03-1", "follow_up", Fields::new());
    let closed = || fields([("result", "满意")]);
    let apart = apart(
        &base,
        vec![
            takes(boss(), 120, "COMP-03-1", "closed", closed()),
            Box::new(move |dossier| {
                li().step(dossier, 100, "COMP-03-1", "closed", closed());
                li().step(dossier, 110, "COMP-03-1", "reopened", fields([("reopened_why", "再次发生")]));
            }),
        ],
    );
    let (_, view) = merged(&base, &apart);
    assert_eq!(text(&view, "COMP-03-1", "state"), Some("investigating"));
    assert_eq!((time(&view, "COMP-03-1", "closed_at"), text(&view, "COMP-03-1", "result")), (None, None));
}

#[test]
fn a_visit_made_beside_its_cancellation_was_made_and_is_flagged() {
    let base = full();
    let apart = apart(
        &base,
        vec![
            takes(wang(), 100, "VISIT-03-1", "done", Fields::new()),
            takes(li(), 110, "VISIT-03-1", "cancelled", fields([("cancelled_why", "客户外出")])),
        ],
    );
    let (mut dossier, view) = merged(&base, &apart);
    assert_eq!((text(&view, "VISIT-03-1", "state"), reasons(&view)), (Some("done"), vec!["flag-done_cancelled"]));
    boss().edit(&mut dossier, 120, |edit| edit.resolve(&event("01-99"), "VISIT-03-1/done_cancelled/state", 2));
    let view = dossier.read();
    assert_eq!((text(&view, "VISIT-03-1", "state"), reasons(&view)), (Some("cancelled"), vec![]));
}

#[test]
fn a_risk_rated_apart_has_the_higher_rating_because_a_danger_is_not_talked_down_unseen() {
    let base = board();
    let rated =
        |probability: i64, impact: i64| Fields::from([("probability", probability.into()), ("impact", impact.into())]);
    let apart = apart(
        &base,
        vec![
            takes(boss(), 110, "RISK-01-1", "assessed", rated(2, 3)),
            takes(manager(), 100, "RISK-01-1", "assessed", rated(4, 3)),
        ],
    );
    let (_, view) = merged(&base, &apart);
    assert_eq!(integer(&view, "RISK-01-1", "probability"), Some(4));
    assert_eq!((integer(&view, "RISK-01-1", "level"), reasons(&view)), (Some(12), vec!["flag-rated_twice"]));
}

#[test]
fn a_shift_swapped_twice_is_the_later_of_equal_roles_and_flagged() {
    let base = board();
    let apart = apart(
        &base,
        vec![
            takes(boss(), 100, "ROSTER-01-1", "swapped", fields([("staff", "李*")])),
            takes(boss2(), 110, "ROSTER-01-1", "swapped", fields([("staff", "赵*")])),
        ],
    );
    let (_, view) = merged(&base, &apart);
    assert_eq!((text(&view, "ROSTER-01-1", "staff"), reasons(&view)), (Some("赵*"), vec!["flag-reassigned_twice"]));
}

#[test]
fn two_answers_written_apart_show_the_later_and_keep_the_other() {
    let base = full();
    let apart = apart(
        &base,
        vec![
            takes(wang(), 100, "INQ-03-1", "answered", fields([("answer", "每月清洁")])),
            takes(li(), 110, "INQ-03-1", "answered", fields([("answer", "每周清洁")])),
        ],
    );
    let (mut dossier, view) = merged(&base, &apart);
    assert_eq!((text(&view, "INQ-03-1", "answer"), reasons(&view)), (Some("每周清洁"), vec!["flag-said_twice"]));
    assert_eq!(time(&view, "INQ-03-1", "answered_at"), Some(at(100)));
    boss().edit(&mut dossier, 120, |edit| edit.resolve(&event("01-99"), "INQ-03-1/said_twice/answer", 2));
    assert_eq!(text(&dossier.read(), "INQ-03-1", "answer"), Some("每月清洁"));
    assert!(dossier.read().conflicts.is_empty());
}

#[test]
fn points_entered_apart_all_count_and_too_many_given_out_are_flagged() {
    let base = full();
    let entry = |who: Person, record: &'static str, amount: i64| -> Branch {
        Box::new(move |dossier| {
            let data = and(fields([("reason", "兑换")]), "amount", amount);
            who.edit(dossier, 100, |edit| edit.create(&POINTS, &id(record), None, data));
        })
    };
    let (mut dossier, view) =
        merged(&base, &apart(&base, vec![entry(wang(), "POINT-03-2", -80), entry(li(), "POINT-04-2", -70)]));
    assert_eq!(integer(&view, "CUST-01-1", "points"), Some(-50));
    assert_eq!(reasons(&view), ["flag-overdrawn"]);
    assert_eq!(view.points_earned(), 100);
    boss().step(&mut dossier, 120, "POINT-04-2", "void", fields([("why", "重复兑换")]));
    let view = dossier.read();
    assert_eq!((integer(&view, "CUST-01-1", "points"), reasons(&view)), (Some(20), vec![]));
}
