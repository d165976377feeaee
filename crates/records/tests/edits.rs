//! What a person may write, what is refused and with which fix, and what history says afterwards.
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod world;

use messages::Catalogue;
use records::{
    ASSESSMENT, CUSTOMER, ConflictKind, Dossier, Entry, FEEDBACK, Fields, Invalid, Problem, TASK, Value, steps_open,
};
use vocab::{Lang, Role, Timestamp};
use world::*;

#[test]
fn a_refused_edit_leaves_the_dossier_as_it_was() {
    let mut dossier = started();
    let (before, heads) = (dossier.save(), dossier.heads());
    let outcome = wang().try_edit(&mut dossier, 50, |edit| {
        edit.set(&id("CUST-01-1"), fields([("name", "李*"), ("history", "很长的历史")]))?;
        edit.step(&event("03-77"), &id("EXEC-01-1"), "note", fields([("text", "一")]))?;
        edit.set(&id("CUST-01-1"), fields([("name", "李先生")]))
    });
    assert!(matches!(outcome, Err(Invalid::Value { problem: Problem::NotMasked, .. })));
    assert_eq!((dossier.save(), dossier.heads()), (before.clone(), heads));
    // The control: without the wrong part the same edit is taken.
    wang().edit(&mut dossier, 50, |edit| edit.set(&id("CUST-01-1"), fields([("name", "李*")])));
    assert_ne!(dossier.save(), before);
}

#[test]
fn an_edit_that_changes_nothing_makes_no_change() {
    let mut dossier = started();
    let same = fields([("name", "*先生"), ("preference", ""), ("history", "")]);
    assert_eq!(wang().try_edit(&mut dossier, 50, |edit| edit.set(&id("CUST-01-1"), same)).unwrap(), None);
}

#[test]
fn steps_a_state_does_not_allow_are_refused_with_those_it_does() {
    let mut dossier = assigned();
    let late = Fields::from([("done_at", Value::Time(Timestamp::from_millis(30_000)))]);
    let refused = wang().try_step(&mut dossier, 20, "EXEC-01-1", "corrected", late).unwrap_err();
    let open = ["event-started", "event-note", "event-delayed", "event-done"];
    assert!(matches!(&refused, Invalid::Step { allowed, .. } if *allowed == open));
    assert_eq!(
        Catalogue::of(Lang::ZhCn).render(&refused.message()),
        "EXEC-01-1 现为“待开始”，不能更正；可以：开始、记录问题、延迟、完成。"
    );
    let mut dossier = done();
    for (code, data) in [("started", Fields::new()), ("cancelled", fields([("why", "x")]))] {
        assert!(
            matches!(boss().try_step(&mut dossier, 80, "EXEC-01-1", code, data), Err(Invalid::Step { .. })),
            "{code}"
        );
    }
    boss().step(&mut dossier, 80, "EXEC-01-1", "reviewed", Fields::new());
}

#[test]
fn only_the_assignee_or_a_supervisor_reports_on_a_task() {
    let mut dossier = started();
    let refused = li().try_step(&mut dossier, 20, "EXEC-01-1", "done", Fields::new());
    assert!(matches!(refused, Err(Invalid::NotYours { assignee, .. }) if assignee == "王*"));
    wang().step(&mut dossier, 20, "EXEC-01-1", "done", Fields::new());
}

#[test]
fn starting_an_unassigned_task_takes_it() {
    let mut dossier = dossier();
    li().step(&mut dossier, 20, "EXEC-01-1", "started", Fields::new());
    assert_eq!(text(&dossier.read(), "EXEC-01-1", "assignee"), Some("李*"));
    assert!(wang().try_step(&mut dossier, 30, "EXEC-01-1", "done", Fields::new()).is_err());
}

#[test]
fn rights_follow_the_role() {
    let mut dossier = done();
    let refused = wang().try_step(&mut dossier, 90, "EXEC-01-1", "reviewed", Fields::new()).unwrap_err();
    assert_eq!(refused.to_string(), "The role engineer may not take the step `reviewed`. It takes: supervisor.");
    let make = |who: world::Person, kind, record: &str, parent: &str, data: Fields| {
        let mut dossier = done();
        who.try_edit(&mut dossier, 90, |edit| edit.create(kind, &id(record), Some(&id(parent)), data)).map(|_| ())
    };
    let need = || fields([("need", "再次上门")]);
    assert!(matches!(make(wang(), &ASSESSMENT, "REQ-03-9", "CUST-01-1", need()), Err(Invalid::NotAllowed { .. })));
    assert!(make(analyst(), &ASSESSMENT, "REQ-05-9", "CUST-01-1", need()).is_ok());
    assert!(matches!(
        make(wang(), &TASK, "EXEC-03-9", "REQ-01-1", fields([("title", "x")])),
        Err(Invalid::NotAllowed { .. })
    ));
    for role in [Role::ProcessManager, Role::Auditor, Role::Administrator] {
        let who = world::Person::new(9, "审*", role);
        let feedback = Fields::from([("score", 3.into())]);
        assert!(
            matches!(make(who, &FEEDBACK, "FB-09-9", "EXEC-01-1", feedback), Err(Invalid::NotAllowed { .. })),
            "{role}"
        );
    }
    assert!(make(wang(), &FEEDBACK, "FB-03-9", "EXEC-01-1", Fields::from([("score", 3.into())])).is_ok());
}

#[test]
fn wrong_records_parents_and_fields_are_refused() {
    let create = |kind, record: &str, parent: Option<&str>, data: Fields| {
        let mut dossier = done();
        let parent = parent.map(id);
        boss().try_edit(&mut dossier, 90, |edit| edit.create(kind, &id(record), parent.as_ref(), data)).map(|_| ())
    };
    let title = || fields([("title", "x")]);
    assert!(matches!(create(&TASK, "EXEC-01-1", Some("REQ-01-1"), title()), Err(Invalid::Exists { .. })));
    assert!(matches!(create(&TASK, "REQ-01-9", Some("REQ-01-1"), title()), Err(Invalid::WrongKind { .. })));
    assert!(matches!(create(&TASK, "EXEC-01-9", Some("CUST-01-1"), title()), Err(Invalid::WrongKind { .. })));
    assert!(matches!(create(&TASK, "EXEC-01-9", Some("REQ-01-9"), title()), Err(Invalid::NoRecord { .. })));
    assert!(matches!(create(&TASK, "EXEC-01-9", None, title()), Err(Invalid::Missing { .. })));
    assert!(matches!(create(&TASK, "EXEC-01-9", Some("REQ-01-1"), Fields::new()), Err(Invalid::Missing { .. })));
    assert!(matches!(
        create(&TASK, "EXEC-01-9", Some("REQ-01-1"), fields([("title", "x"), ("status", "done")])),
        Err(Invalid::NotSet { .. })
    ));
    assert!(matches!(
        create(&TASK, "EXEC-01-9", Some("REQ-01-1"), fields([("title", "x"), ("colour", "red")])),
        Err(Invalid::UnknownField { .. })
    ));
    assert!(matches!(
        create(&CUSTOMER, "CUST-01-9", None, fields([("name", "*"), ("channel", "phone")])),
        Err(Invalid::SecondCustomer { .. })
    ));
    assert!(create(&TASK, "EXEC-01-9", Some("REQ-01-1"), title()).is_ok());
}

#[test]
fn what_an_author_had_no_right_to_takes_no_effect_and_is_listed() {
    // A client that checks nothing writes as an auditor under the roles of nobody here.
    let mut honest = started();
    let forged = {
        let mut copy = honest.clone();
        boss().edit(&mut copy, 60, |edit| {
            edit.set(&id("CUST-01-1"), fields([("name", "黑*")]))?;
            edit.step(&event("01-88"), &id("EXEC-01-1"), "cancelled", fields([("why", "x")]))
        })
    };
    honest.apply(&[&by_an_auditor(forged)]).unwrap();
    let view = honest.read();
    assert_eq!(text(&view, "EXEC-01-1", "status"), Some("in_progress"));
    assert_eq!(text(&view, "CUST-01-1", "name"), Some("*先生"));
    let listed: Vec<_> = view.conflicts.iter().map(|conflict| (conflict.kind, conflict.reason)).collect();
    assert_eq!(listed, [(ConflictKind::NoEffect, "flag-no_right"), (ConflictKind::NoEffect, "flag-no_right")]);
    assert!(view.conflicts.iter().any(|conflict| conflict.candidates[0].value == Value::from("黑*")));
}

/// `change` as a client wrote it that checks nothing, by an auditor.
fn by_an_auditor(change: Vec<u8>) -> Vec<u8> {
    let mut change = automerge::Change::from_bytes(change).unwrap().decode();
    change.message = Some("auditor:审*".to_owned());
    change.hash = None;
    automerge::Change::from(change).raw_bytes().to_vec()
}

#[test]
fn a_record_made_without_the_right_is_not_shown_only_listed() {
    let honest = started();
    let made = |role: fn(Vec<u8>) -> Vec<u8>| {
        let mut copy = honest.clone();
        let need = fields([("need", "黑客"), ("plan", "x")]);
        let change = boss().edit(&mut copy, 60, |edit| {
            edit.create(&records::ASSESSMENT, &id("REQ-01-7"), Some(&id("CUST-01-1")), need)
        });
        let mut dossier = honest.clone();
        dossier.apply(&[&role(change)]).unwrap();
        dossier.read()
    };
    let view = made(by_an_auditor);
    assert!(view.record(&id("REQ-01-7")).is_none());
    assert_eq!(view.records.len(), honest.read().records.len());
    let listed: Vec<_> = view.conflicts.iter().map(|conflict| (conflict.record.clone(), conflict.reason)).collect();
    assert_eq!(listed, [(id("REQ-01-7"), "flag-no_right")]);
    let whoever_may = made(|change| change);
    assert!(whoever_may.record(&id("REQ-01-7")).is_some() && whoever_may.conflicts.is_empty());
}

#[test]
fn a_void_record_stays_visible_and_takes_no_more_steps() {
    let mut dossier = started();
    boss().step(&mut dossier, 50, "EXEC-01-1", "void", fields([("why", "录入错误")]));
    assert!(dossier.read().record(&id("EXEC-01-1")).unwrap().is_void());
    assert!(matches!(wang().try_step(&mut dossier, 60, "EXEC-01-1", "done", Fields::new()), Err(Invalid::Void { .. })));
}

/// Kind, id, parent, cells by column.
type Row = (&'static records::Kind, &'static str, Option<&'static str>, Vec<(&'static str, &'static str)>);

#[test]
fn an_imported_row_is_written_back_as_it_stood() {
    let rows: [Row; 4] = [
        (
            &CUSTOMER,
            "CUST-01-1",
            None,
            vec![
                ("name", "*先生"),
                ("channel", "在线客服"),
                ("history", "2023年购买产品A"),
                ("preference", "每周一次邮件更新"),
                ("created_on", "2024-05-01"),
                ("owner", "服务团队*"),
            ],
        ),
        (
            &ASSESSMENT,
            "REQ-01-1",
            Some("CUST-01-1"),
            vec![
                ("need", "产品退货处理"),
                ("urgency", "高"),
                ("scope", "售后服务"),
                ("resources", "2小时,1名客服"),
                ("assessed_on", "2024-05-02"),
                ("assessor", "分析师*"),
                ("plan", "快速退款流程"),
            ],
        ),
        (
            &TASK,
            "EXEC-01-1",
            Some("REQ-01-1"),
            vec![
                ("title", "处理退货申请"),
                ("assignee", "客服*"),
                ("started_at", "2024-05-02 09:00"),
                ("due_at", "2024-05-02 11:00"),
                ("done_at", "2024-05-02 10:30"),
                ("status", "已完成"),
                ("issues", "无问题"),
                ("reviewer", "主管*"),
            ],
        ),
        (
            &FEEDBACK,
            "FB-01-1",
            Some("EXEC-01-1"),
            vec![
                ("score", "4"),
                ("text", "服务响应快但细节需改进"),
                ("received_on", "2024-05-03"),
                ("state", "已处理"),
                ("measure", "优化细节培训"),
                ("owner", "客服*"),
            ],
        ),
    ];
    let mut dossier = Dossier::create();
    analyst().edit(&mut dossier, 0, |edit| {
        for (number, (kind, record, parent, cells)) in rows.iter().enumerate() {
            let mut data = Fields::new();
            for (name, cell) in cells {
                let column = kind.columns.iter().find(|column| column.name == *name).unwrap();
                data.extend(column.parse(kind, cell)?);
            }
            let kind = records::kind(kind.code).unwrap();
            edit.import(kind, &id(record), parent.map(id).as_ref(), &event(&format!("05-{}", number + 1)), data)?;
        }
        Ok(())
    });
    let view = Dossier::load(&dossier.save()).unwrap().read();
    for (kind, record, _, cells) in &rows {
        let record = view.record(&id(record)).unwrap();
        for column in kind.columns.iter().filter(|column| !column.name.ends_with("_id")) {
            let cell = cells.iter().find(|(name, _)| *name == column.name).map_or("", |(_, cell)| cell);
            assert_eq!(column.show(kind, &record.fields, Lang::ZhCn), cell, "{}", column.name);
        }
    }
    assert!(view.conflicts.is_empty());
}

#[test]
fn history_says_who_wrote_what_and_what_it_replaced() {
    let mut dossier = started();
    li().edit(&mut dossier, 40, |edit| {
        edit.set(&id("CUST-01-1"), fields([("name", "李*"), ("history", "2023年购买产品A")]))
    });
    let history = dossier.history(&id("CUST-01-1"));
    let name: Vec<_> = history
        .iter()
        .filter_map(|entry| match &entry.entry {
            Entry::Field { field: "name", before, after } => Some((before.clone(), after.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(name, [(None, Some("*先生".into())), (Some(Value::from("*先生")), Some("李*".into()))]);
    let last = history.last().unwrap();
    assert_eq!(last.written.author.as_ref().unwrap().staff.as_str(), "李*");
    assert_eq!((last.written.at, last.written.actor), (at(40), li().actor()));
    let steps: Vec<_> = dossier
        .history(&id("EXEC-01-1"))
        .into_iter()
        .filter_map(|entry| match entry.entry {
            Entry::Event { event, effective, .. } => Some((event, effective)),
            Entry::Field { .. } => None,
        })
        .collect();
    assert_eq!(steps, [("assigned".to_owned(), true), ("started".to_owned(), true)]);
}

#[test]
fn any_past_moment_can_be_shown() {
    let dossier = done();
    let past = dossier.as_of(at(30)).unwrap().read();
    assert_eq!(text(&past, "EXEC-01-1", "status"), Some("in_progress"));
    assert_eq!(text(&dossier.read(), "EXEC-01-1", "status"), Some("done"));
    assert!(dossier.as_of(at(-1)).unwrap().read().records.is_empty());
}

#[test]
fn tags_are_added_and_taken_away_apart() {
    let tags =
        |words: &[&str]| Fields::from([("tags", Value::Tags(words.iter().map(|word| (*word).to_owned()).collect()))]);
    let mut base = dossier();
    boss().edit(&mut base, 5, |edit| edit.set(&id("CUST-01-1"), tags(&["A", "医院"])));
    let changes = apart(
        &base,
        vec![
            Box::new(move |dossier| {
                wang().edit(dossier, 20, |edit| edit.set(&id("CUST-01-1"), tags(&["医院"])));
            }),
            Box::new(move |dossier| {
                li().edit(dossier, 30, |edit| edit.set(&id("CUST-01-1"), tags(&["A", "医院", "金卡"])));
            }),
        ],
    );
    let (_, view) = merged(&base, &changes);
    assert_eq!(view.record(&id("CUST-01-1")).unwrap().get("tags"), tags(&["医院", "金卡"]).get("tags"));
}

#[test]
fn the_steps_offered_are_those_an_edit_takes() {
    let view = assigned().read();
    let task = view.record(&id("EXEC-01-1")).unwrap();
    let codes = |who: &world::Person| steps_open(task, &who.author).iter().map(|step| step.code).collect::<Vec<_>>();
    assert_eq!(codes(&wang()), ["started", "note", "delayed", "done"]);
    assert_eq!(codes(&li()), Vec::<&str>::new());
    assert!(codes(&boss()).contains(&"reassigned"));
}
