//! What concurrent work means: one test per row of the domain's table (section 6), each in every order of arrival.
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod world;

use records::{ConflictKind, FEEDBACK, Fields, Severity, Value};
use world::*;

const TASK: &str = "EXEC-01-1";
const REQ: &str = "REQ-01-1";
const FB: &str = "FB-03-1";

fn sets(who: world::Person, minute: i64, record: &'static str, data: Fields) -> Branch {
    Box::new(move |dossier| {
        who.edit(dossier, minute, |edit| edit.set(&id(record), data.clone()));
    })
}

fn due(minute: i64) -> Fields {
    Fields::from([("due_at", Value::Time(at(minute)))])
}

fn done_at(minute: i64) -> Fields {
    Fields::from([("done_at", Value::Time(at(minute)))])
}

#[test]
fn done_beside_delayed_is_done_because_a_fact_beats_a_forecast() {
    let base = started();
    let changes = apart(
        &base,
        vec![takes(wang(), 100, TASK, "done", Fields::new()), takes(boss(), 110, TASK, "delayed", due(300))],
    );
    let (_, view) = merged(&base, &changes);
    assert_eq!(text(&view, TASK, "status"), Some("done"));
    assert_eq!(time(&view, TASK, "done_at"), Some(at(100)));
}

#[test]
fn done_twice_is_the_assignees_because_repeated_reports_must_not_move_figures() {
    let base = started();
    let changes = apart(
        &base,
        vec![takes(wang(), 100, TASK, "done", Fields::new()), takes(boss(), 90, TASK, "done", Fields::new())],
    );
    let (_, view) = merged(&base, &changes);
    assert_eq!(text(&view, TASK, "done_by"), Some("王*"));
    assert_eq!(time(&view, TASK, "done_at"), Some(at(100)));
}

#[test]
fn done_twice_by_others_is_the_earliest_because_repeated_reports_must_not_move_figures() {
    let base = started();
    let changes = apart(
        &base,
        vec![takes(boss2(), 100, TASK, "done", Fields::new()), takes(boss(), 110, TASK, "done", done_at(95))],
    );
    let (_, view) = merged(&base, &changes);
    assert_eq!(time(&view, TASK, "done_at"), Some(at(95)));
    assert_eq!(text(&view, TASK, "done_by"), Some("主管*"));
}

#[test]
fn done_beside_reassigned_is_done_by_who_did_it_and_the_new_assignee_is_told() {
    let base = started();
    let changes = apart(
        &base,
        vec![
            takes(wang(), 100, TASK, "done", Fields::new()),
            takes(boss(), 110, TASK, "reassigned", fields([("assignee", "李*")])),
        ],
    );
    let (_, view) = merged(&base, &changes);
    assert_eq!(text(&view, TASK, "status"), Some("done"));
    assert_eq!(text(&view, TASK, "done_by"), Some("王*"));
    assert_eq!(text(&view, TASK, "assignee"), Some("李*"));
    assert_eq!(reasons(&view), ["flag-reassigned_done"]);
}

#[test]
fn in_progress_beside_reassigned_is_reassigned_and_the_work_log_stays() {
    let base = assigned();
    let changes = apart(
        &base,
        vec![
            Box::new(|dossier| {
                wang().step(dossier, 20, TASK, "started", Fields::new());
                wang().step(dossier, 30, TASK, "note", fields([("text", "缺配件")]));
            }),
            takes(boss(), 25, TASK, "reassigned", fields([("assignee", "李*")])),
        ],
    );
    let (_, view) = merged(&base, &changes);
    assert_eq!(text(&view, TASK, "assignee"), Some("李*"));
    assert_eq!(text(&view, TASK, "status"), Some("assigned"));
    assert_eq!(time(&view, TASK, "started_at"), Some(at(20)));
    assert!(matches!(view.record(&id(TASK)).unwrap().get("issues"), Some(Value::Notes(notes)) if notes.len() == 1));
}

#[test]
fn done_beside_cancelled_is_done_and_flagged_because_the_customer_did_receive_it() {
    let base = started();
    let changes = apart(
        &base,
        vec![
            takes(wang(), 100, TASK, "done", Fields::new()),
            takes(boss(), 90, TASK, "cancelled", fields([("why", "客户取消")])),
        ],
    );
    let (dossier, view) = merged(&base, &changes);
    assert_eq!(text(&view, TASK, "status"), Some("done"));
    assert_eq!(reasons(&view), ["flag-done_cancelled"]);
    assert_eq!(view.conflicts[0].severity, Severity::Decision);

    // The supervisor decides, either way, and the flag is gone.
    for (take, status) in [(1, "done"), (2, "cancelled")] {
        let mut decided = dossier.clone();
        boss().edit(&mut decided, 120, |edit| edit.resolve(&event("01-99"), "EXEC-01-1/done_cancelled", take));
        let view = decided.read();
        assert_eq!(text(&view, TASK, "status"), Some(status));
        assert!(view.conflicts.is_empty(), "{:?}", view.conflicts);
    }
}

#[test]
fn reassigned_twice_is_the_later_of_equal_roles_and_flagged() {
    let base = assigned();
    let changes = apart(
        &base,
        vec![
            takes(boss(), 30, TASK, "reassigned", fields([("assignee", "李*")])),
            takes(boss2(), 20, TASK, "reassigned", fields([("assignee", "赵*")])),
        ],
    );
    let (dossier, view) = merged(&base, &changes);
    assert_eq!(text(&view, TASK, "assignee"), Some("李*"));
    assert_eq!(reasons(&view), ["flag-reassigned_twice"]);
    let mut decided = dossier.clone();
    boss().edit(&mut decided, 40, |edit| edit.resolve(&event("01-99"), "EXEC-01-1/reassigned_twice", 2));
    assert_eq!(text(&decided.read(), TASK, "assignee"), Some("赵*"));
    assert!(decided.read().conflicts.is_empty());

    // A decision that had not seen every candidate leaves the flag standing.
    let third = apart(&base, vec![takes(wang_boss(), 35, TASK, "reassigned", fields([("assignee", "钱*")]))]);
    decided.apply(&third.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    assert_eq!(reasons(&decided.read()), ["flag-reassigned_twice"]);
}

fn wang_boss() -> world::Person {
    world::Person::new(6, "区主管*", vocab::Role::Supervisor)
}

#[test]
fn assigned_by_a_lower_role_beside_reassigned_gives_way_to_the_higher_role() {
    let base = dossier();
    let changes = apart(
        &base,
        vec![
            takes(analyst(), 30, TASK, "assigned", fields([("assignee", "王*")])),
            takes(boss(), 20, TASK, "assigned", fields([("assignee", "李*")])),
        ],
    );
    let (_, view) = merged(&base, &changes);
    assert_eq!(text(&view, TASK, "assignee"), Some("李*"));
}

#[test]
fn delayed_twice_shows_the_later_estimate_and_judges_by_the_first() {
    let base = started();
    let changes = apart(
        &base,
        vec![takes(wang(), 100, TASK, "delayed", due(400)), takes(boss(), 110, TASK, "delayed", due(300))],
    );
    let (mut dossier, view) = merged(&base, &changes);
    assert_eq!(text(&view, TASK, "status"), Some("delayed"));
    assert_eq!(time(&view, TASK, "due_at"), Some(at(400)));
    assert_eq!(time(&view, TASK, "first_due_at"), Some(at(180)));
    wang().step(&mut dossier, 350, TASK, "done", Fields::new());
    let view = dossier.read();
    assert_eq!(view.record(&id(TASK)).unwrap().get("on_time"), Some(&Value::Flag(false)));
}

#[test]
fn reviewed_beside_a_correction_is_stale_because_nobody_approves_what_was_not_seen() {
    let base = done();
    let changes = apart(
        &base,
        vec![takes(boss(), 100, TASK, "reviewed", Fields::new()), takes(wang(), 90, TASK, "corrected", done_at(75))],
    );
    let (mut dossier, view) = merged(&base, &changes);
    assert_eq!(text(&view, TASK, "status"), Some("done"));
    assert_eq!(text(&view, TASK, "reviewer"), None);
    assert_eq!(time(&view, TASK, "done_at"), Some(at(75)));
    assert_eq!(reasons(&view), ["flag-review_stale"]);
    boss().step(&mut dossier, 120, TASK, "reviewed", Fields::new());
    let view = dossier.read();
    assert_eq!(text(&view, TASK, "status"), Some("reviewed"));
    assert!(view.conflicts.is_empty());
}

#[test]
fn a_completion_corrected_twice_is_the_later_and_flagged_because_staff_gain_from_the_earlier() {
    let base = done();
    let changes = apart(
        &base,
        vec![takes(wang(), 100, TASK, "corrected", done_at(72)), takes(boss(), 90, TASK, "corrected", done_at(78))],
    );
    let (mut dossier, view) = merged(&base, &changes);
    assert_eq!(time(&view, TASK, "done_at"), Some(at(78)));
    assert_eq!(reasons(&view), ["flag-corrected_twice"]);
    boss().edit(&mut dossier, 120, |edit| edit.resolve(&event("01-99"), "EXEC-01-1/corrected_twice", 2));
    let view = dossier.read();
    assert_eq!(time(&view, TASK, "done_at"), Some(at(72)));
    assert!(view.conflicts.is_empty(), "{:?}", view.conflicts);
}

#[test]
fn approved_beside_an_edit_of_need_or_plan_is_stale() {
    let base = dossier();
    for field in ["need", "plan"] {
        let changes = apart(
            &base,
            vec![
                takes(boss(), 100, REQ, "approved", Fields::new()),
                sets(analyst(), 90, REQ, Fields::from([(field, "设备无法开机，屏幕破裂".into())])),
            ],
        );
        let (mut dossier, view) = merged(&base, &changes);
        assert_eq!(text(&view, REQ, "state"), Some("stale"));
        assert!(reasons(&view).contains(&"flag-approval_stale"));
        boss().step(&mut dossier, 120, REQ, "approved", Fields::new());
        assert_eq!(text(&dossier.read(), REQ, "state"), Some("approved"));
    }
    // The control: an edit of something else leaves the approval standing.
    let changes = apart(
        &base,
        vec![
            takes(boss(), 100, REQ, "approved", Fields::new()),
            sets(analyst(), 90, REQ, fields([("urgency", "high")])),
        ],
    );
    assert_eq!(text(&merged(&base, &changes).1, REQ, "state"), Some("approved"));
}

#[test]
fn grades_set_apart_give_the_higher_service_until_a_supervisor_decides() {
    let base = dossier();
    let customer = "CUST-01-1";
    let changes = apart(
        &base,
        vec![
            sets(wang(), 20, customer, fields([("grade", "vip")])),
            sets(li(), 30, customer, fields([("grade", "potential")])),
        ],
    );
    let (mut dossier, view) = merged(&base, &changes);
    assert_eq!(text(&view, customer, "grade"), Some("vip"));
    assert_eq!(view.conflicts[0].severity, Severity::Decision);
    boss().edit(&mut dossier, 40, |edit| edit.resolve(&event("01-99"), "CUST-01-1/grade", 2));
    let view = dossier.read();
    assert_eq!(text(&view, customer, "grade"), Some("potential"));
    assert!(view.conflicts.is_empty());

    let changes = apart(
        &base,
        vec![
            sets(wang(), 30, customer, fields([("grade", "vip")])),
            sets(boss(), 20, customer, fields([("grade", "core")])),
        ],
    );
    assert_eq!(text(&merged(&base, &changes).1, customer, "grade"), Some("core"));
}

#[test]
fn a_score_corrected_twice_is_the_lower_and_flagged_because_staff_gain_from_raising_it() {
    let base = with_feedback();
    let correction = |score: i64| Fields::from([("score", score.into()), ("reason", "录入错误".into())]);
    let changes = apart(
        &base,
        vec![takes(wang(), 100, FB, "corrected", correction(5)), takes(li(), 90, FB, "corrected", correction(2))],
    );
    let (mut dossier, view) = merged(&base, &changes);
    assert_eq!(view.record(&id(FB)).unwrap().get("score"), Some(&Value::Integer(2)));
    assert_eq!(reasons(&view), ["flag-corrected_twice"]);
    boss().edit(&mut dossier, 120, |edit| edit.resolve(&event("01-99"), "FB-03-1/corrected_twice", 2));
    let view = dossier.read();
    assert_eq!(view.record(&id(FB)).unwrap().get("score"), Some(&Value::Integer(5)));
    assert!(view.conflicts.is_empty());
}

#[test]
fn two_feedbacks_for_one_task_count_the_earliest_and_list_the_other() {
    let base = done();
    let feedback = |who: world::Person, minute: i64, record: &'static str| -> Branch {
        Box::new(move |dossier| {
            who.edit(dossier, minute, |edit| {
                edit.create(&FEEDBACK, &id(record), Some(&id(TASK)), Fields::from([("score", 3.into())]))
            });
        })
    };
    let changes = apart(&base, vec![feedback(wang(), 100, "FB-03-7"), feedback(li(), 90, "FB-04-7")]);
    let (_, view) = merged(&base, &changes);
    assert_eq!(text(&view, "FB-03-7", "duplicate_of"), Some("FB-04-7"));
    assert_eq!(text(&view, "FB-04-7", "duplicate_of"), None);
    assert_eq!(reasons(&view), ["flag-duplicate"]);
}

#[test]
fn two_who_start_an_unassigned_task_apart_leave_it_with_the_first_and_are_flagged() {
    let base = dossier();
    let changes = apart(
        &base,
        vec![takes(wang(), 30, TASK, "started", Fields::new()), takes(li(), 20, TASK, "started", Fields::new())],
    );
    let (_, view) = merged(&base, &changes);
    assert_eq!(text(&view, TASK, "assignee"), Some("李*"));
    assert_eq!(reasons(&view), ["flag-started_twice"]);
}

#[test]
fn a_register_written_apart_shows_the_later_and_keeps_the_other_value() {
    let base = dossier();
    let customer = "CUST-01-1";
    // The earlier writer is far busier, so that automerge itself would let it win.
    let changes = apart(
        &base,
        vec![
            Box::new(move |dossier| {
                for minute in 20..24 {
                    let name = format!("*先生{minute}");
                    wang().edit(dossier, minute, |edit| edit.set(&id(customer), Fields::from([("name", name.into())])));
                }
            }),
            sets(li(), 30, customer, fields([("name", "李*")])),
        ],
    );
    let (mut dossier, view) = merged(&base, &changes);
    assert_eq!(text(&view, customer, "name"), Some("李*"));
    let conflict = &view.conflicts[0];
    assert_eq!((conflict.kind, conflict.id.as_str()), (ConflictKind::Conflict, "CUST-01-1/name"));
    assert_eq!(conflict.candidates[1].value, Value::from("*先生23"));
    assert_eq!(conflict.candidates[1].written.author.as_ref().unwrap().staff.as_str(), "王*");

    boss().edit(&mut dossier, 40, |edit| edit.resolve(&event("01-99"), "CUST-01-1/name", 2));
    assert_eq!(text(&dossier.read(), customer, "name"), Some("*先生23"));
    assert!(dossier.read().conflicts.is_empty());
}

#[test]
fn equal_values_written_apart_are_no_conflict() {
    let base = dossier();
    let changes = apart(
        &base,
        vec![
            sets(wang(), 20, "CUST-01-1", fields([("name", "李*")])),
            sets(li(), 30, "CUST-01-1", fields([("name", "李*")])),
        ],
    );
    assert!(merged(&base, &changes).1.conflicts.is_empty());
}

#[test]
fn different_fields_written_apart_are_listed_as_parallel_until_somebody_writes_again() {
    let base = dossier();
    let changes = apart(
        &base,
        vec![
            sets(wang(), 20, "CUST-01-1", fields([("name", "李*")])),
            sets(li(), 30, "CUST-01-1", fields([("channel", "email")])),
        ],
    );
    let (mut dossier, view) = merged(&base, &changes);
    assert_eq!(view.conflicts[0].kind, ConflictKind::Parallel);
    assert_eq!((text(&view, "CUST-01-1", "name"), text(&view, "CUST-01-1", "channel")), (Some("李*"), Some("email")));
    li().edit(&mut dossier, 40, |edit| edit.set(&id("CUST-01-1"), fields([("preference", "短信")])));
    assert!(dossier.read().conflicts.is_empty());
}

#[test]
fn two_rewrites_of_one_text_are_shown_as_written_and_never_merged_into_nonsense() {
    let base = dossier();
    let changes = apart(
        &base,
        vec![
            sets(analyst(), 20, REQ, fields([("need", "无问题")])),
            sets(boss(), 30, REQ, fields([("need", "电源故障")])),
        ],
    );
    let (mut dossier, view) = merged(&base, &changes);
    assert_eq!(text(&view, REQ, "need"), Some("电源故障"));
    assert_eq!(view.conflicts[0].id, "REQ-01-1/need");
    assert_eq!(view.conflicts[0].candidates[1].value, Value::from("无问题"));
    boss().edit(&mut dossier, 40, |edit| edit.resolve(&event("01-99"), "REQ-01-1/need", 2));
    assert_eq!(text(&dossier.read(), REQ, "need"), Some("无问题"));
    assert!(dossier.read().conflicts.is_empty());
}

#[test]
fn a_rewrite_that_its_author_refined_is_kept_with_the_refinement() {
    let base = dossier();
    let changes = apart(
        &base,
        vec![
            sets(analyst(), 20, REQ, fields([("need", "无问题")])),
            Box::new(|dossier| {
                boss().edit(dossier, 30, |edit| edit.set(&id(REQ), fields([("need", "电源故障")])));
                boss().edit(dossier, 31, |edit| edit.set(&id(REQ), fields([("need", "电源故障，已订配件")])));
            }),
        ],
    );
    assert_eq!(text(&merged(&base, &changes).1, REQ, "need"), Some("电源故障，已订配件"));
}

#[test]
fn additions_to_one_text_made_apart_both_stand() {
    let base = dossier();
    let changes = apart(
        &base,
        vec![
            sets(analyst(), 20, REQ, fields([("need", "二楼设备无法开机")])),
            sets(boss(), 30, REQ, fields([("need", "设备无法开机，急")])),
        ],
    );
    let (_, view) = merged(&base, &changes);
    assert_eq!(text(&view, REQ, "need"), Some("二楼设备无法开机，急"));
    assert!(view.conflicts.is_empty());
}

#[test]
fn an_edit_after_two_equal_rewrites_is_shown() {
    let base = dossier();
    let same = || fields([("need", "无问题")]);
    let changes = apart(&base, vec![sets(analyst(), 20, REQ, same()), sets(boss(), 30, REQ, same())]);
    let (mut dossier, view) = merged(&base, &changes);
    assert_eq!(text(&view, REQ, "need"), Some("无问题"));
    assert!(view.conflicts.is_empty(), "equal words are no conflict");
    boss().edit(&mut dossier, 40, |edit| edit.set(&id(REQ), fields([("need", "无问题。")])));
    assert_eq!(text(&dossier.read(), REQ, "need"), Some("无问题。"));
}

#[test]
fn the_later_author_of_a_register_wins_over_a_busier_one() {
    let base = dossier();
    let preference = |text: &'static str| fields([("preference", text)]);
    let changes = apart(
        &base,
        vec![
            // Many edits give automerge the higher operation counter, which would win by its own rule.
            Box::new(move |dossier| {
                for (minute, text) in [(20, "电话"), (21, "短信"), (22, "邮件"), (23, "面谈")] {
                    boss().edit(dossier, minute, |edit| edit.set(&id("CUST-01-1"), preference(text)));
                }
            }),
            sets(wang(), 30, "CUST-01-1", preference("每周一次")),
        ],
    );
    let (_, view) = merged(&base, &changes);
    assert_eq!(text(&view, "CUST-01-1", "preference"), Some("每周一次"));
    let candidates: Vec<_> = view.conflicts[0].candidates.iter().map(|candidate| &candidate.value).collect();
    assert_eq!(candidates, [&Value::from("每周一次"), &Value::from("面谈")], "the loser's last word is kept");
}
