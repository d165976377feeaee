//! The further kinds of record: their steps, what is refused and with which fix, and what a newer version wrote.
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod world;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ObjType, ROOT, ReadDoc};
use messages::Catalogue;
use records::{
    BusinessHours, COMPLAINT, CUSTOMER, Class, DayRule, Dossier, Fields, Hours, IMPROVEMENT, INQUIRY, Invalid,
    LimitCode, ORDER, POINTS, POLICY, Policies, Policy, PolicyProblem, Private, RISK, TRAINING, VISIT, Value,
};
use vocab::{Lang, Role};
use world::*;

fn zh(error: &Invalid) -> String {
    Catalogue::of(Lang::ZhCn).render(&error.message())
}

fn refused(dossier: &Dossier, who: &Person, record: &str, code: &str, data: Fields) -> Invalid {
    who.try_step(&mut dossier.clone(), 500, record, code, data).unwrap_err()
}

#[test]
fn an_inquiry_goes_from_the_question_to_the_follow_up() {
    let mut dossier = full();
    let state = |dossier: &Dossier| text(&dossier.read(), "INQ-03-1", "state").unwrap().to_owned();
    assert_eq!(state(&dossier), "consult");
    for (minute, code, data, expected) in [
        (90, "collected", Fields::new(), "collect"),
        (91, "transferred", fields([("department", "物流")]), "transferred"),
        (92, "answered", fields([("answer", "已发货")]), "answered"),
        (93, "adjusted", fields([("adjustment", "改发快递")]), "adjusted"),
        (94, "confirmed", Fields::from([("score", 4.into())]), "confirmed"),
        (95, "followed_up", fields([("follow_up", "已收到")]), "followed_up"),
    ] {
        wang().step(&mut dossier, minute, "INQ-03-1", code, data);
        assert_eq!(state(&dossier), expected);
    }
    let view = dossier.read();
    let inquiry = view.record(&id("INQ-03-1")).unwrap();
    assert_eq!((inquiry.text("department"), inquiry.text("answer")), (Some("物流"), Some("已发货")));
    assert_eq!((inquiry.get("score"), inquiry.get("received_at")), (Some(&4.into()), Some(&Value::Time(at(80)))));
    assert!(view.conflicts.is_empty());
    assert_eq!(inquiry.steps.iter().map(|step| step.code).collect::<Vec<_>>().len(), 6);
}

#[test]
fn a_step_the_present_state_does_not_allow_is_refused_with_those_it_does() {
    let error = refused(&full(), &wang(), "COMP-03-1", "closed", fields([("result", "满意")]));
    assert_eq!(zh(&error), "COMP-03-1 现为“受理”，不能结案；可以：指派、调查核实、回复客户、记录问题。");
    // The control: what it says is possible is.
    wang().step(&mut full(), 500, "COMP-03-1", "investigating", Fields::new());
}

#[test]
fn a_complaint_has_an_owner_per_step_and_may_be_reopened() {
    let mut dossier = full();
    wang().step(&mut dossier, 90, "COMP-03-1", "investigating", fields([("owner", "王*")]));
    wang().step(&mut dossier, 91, "COMP-03-1", "assigned", fields([("owner", "李*")]));
    wang().step(&mut dossier, 92, "COMP-03-1", "solution", fields([("solution", "换新"), ("findings", "缺件")]));
    assert_eq!(text(&dossier.read(), "COMP-03-1", "owner"), Some("李*"));
    assert_eq!(time(&dossier.read(), "COMP-03-1", "step_since"), Some(at(92)));
    wang().step(&mut dossier, 93, "COMP-03-1", "executing", fields([("owner", "赵*")]));
    wang().step(&mut dossier, 94, "COMP-03-1", "follow_up", Fields::new());
    wang().step(&mut dossier, 95, "COMP-03-1", "closed", fields([("result", "满意")]));
    wang().step(&mut dossier, 96, "COMP-03-1", "reopened", fields([("reopened_why", "又坏")]));
    let view = dossier.read();
    assert_eq!(
        (text(&view, "COMP-03-1", "state"), text(&view, "COMP-03-1", "owner")),
        (Some("investigating"), Some("赵*"))
    );
    assert!(view.conflicts.is_empty());
}

#[test]
fn a_complaint_may_name_an_inquiry_and_a_task_of_the_same_dossier_and_no_others() {
    let make = |data: Fields| {
        let mut dossier = full();
        wang().try_edit(&mut dossier, 200, |edit| edit.create(&COMPLAINT, &id("COMP-03-9"), None, data)).map(|_| ())
    };
    assert_eq!(make(and(and(complaint(), "inquiry_id", "INQ-03-1"), "exec_id", "EXEC-01-1")), Ok(()));
    assert!(matches!(make(and(complaint(), "exec_id", "EXEC-01-7")), Err(Invalid::NoRecord { .. })));
    assert!(matches!(make(and(complaint(), "exec_id", "INQ-03-1")), Err(Invalid::WrongKind { .. })));
}

#[test]
fn days_and_times_out_of_order_are_refused_with_what_is_wrong() {
    let done = |minute: i64| Fields::from([("done_at", Value::Time(at(minute)))]);
    let error = refused(&started(), &wang(), "EXEC-01-1", "done", done(9));
    assert_eq!(zh(&error), "“实际完成时间”（2024-05-02 16:09）早于“开始时间”（2024-05-02 16:10）：请更正其中一个。");
    wang().step(&mut started(), 500, "EXEC-01-1", "done", done(10));
    let mut order = full();
    wang().step(&mut order, 90, "ORDER-03-1", "confirmed", Fields::new());
    let shipped = |minute| Fields::from([("shipped_at", Value::Time(at(minute)))]);
    assert!(matches!(refused(&order, &wang(), "ORDER-03-1", "shipped", shipped(89)), Invalid::OutOfOrder { .. }));
    wang().step(&mut order, 100, "ORDER-03-1", "shipped", shipped(91));
    let training = |from: i64, to: i64| {
        let times = [("starts_at", Value::Time(at(from))), ("ends_at", Value::Time(at(to)))];
        let mut data = fields([("training_kind", "skills"), ("topic", "安装")]);
        data.extend(times);
        boss().try_edit(&mut board(), 200, |edit| edit.create(&TRAINING, &id("TRAIN-01-9"), None, data)).map(|_| ())
    };
    assert!(matches!(training(120, 60), Err(Invalid::OutOfOrder { .. })));
    assert_eq!(training(60, 120), Ok(()));
}

#[test]
fn a_clock_that_ran_ahead_does_not_stop_the_next_report() {
    // Started by a device whose clock was an hour ahead; done by its own clock's time.
    let mut dossier = assigned();
    wang().step(&mut dossier, 100, "EXEC-01-1", "started", Fields::new());
    boss().step(&mut dossier, 60, "EXEC-01-1", "done", Fields::new());
    assert_eq!(text(&dossier.read(), "EXEC-01-1", "status"), Some("done"));
}

#[test]
fn private_data_are_refused_in_every_text_with_the_place_shown() {
    let mut dossier = full();
    let heads = dossier.heads();
    let number = || fields([("history", "客户说请回电 138-0013-8000，晚上在家")]);
    let error = wang().try_edit(&mut dossier, 200, |edit| edit.set(&id("CUST-01-1"), number())).unwrap_err();
    assert!(matches!(error, Invalid::Private { what: Private::Phone, position: 8, .. }), "{error:?}");
    assert_eq!(
        zh(&error),
        "“历史交易记录”中含有电话号码（第 8 个字）：客户说请回电 [138-0013-8000]，晚上在家。\
         请删去；联系数据只能存入保险库，不能写入记录。"
    );
    let note = refused(&started(), &wang(), "EXEC-01-1", "note", fields([("text", "写信到 zhang@example.com")]));
    assert!(matches!(note, Invalid::Private { what: Private::Email, .. }));
    let details = fields([("channel", "phone"), ("category", "other"), ("details", "证件 11010519491231002X")]);
    let made = wang().try_edit(&mut dossier, 200, |edit| edit.create(&INQUIRY, &id("INQ-03-9"), None, details));
    assert!(matches!(made, Err(Invalid::Private { what: Private::Identity, .. })));
    let tags = Fields::from([("tags", Value::Tags(["13800138000".to_owned()].into()))]);
    let tagged = wang().try_edit(&mut dossier, 200, |edit| edit.set(&id("CUST-01-1"), tags));
    assert!(matches!(tagged, Err(Invalid::Private { .. })));
    assert_eq!(dossier.heads(), heads, "nothing half written");
    // The control: the same words without the number.
    let words = fields([("history", "客户说请回电，晚上在家")]);
    wang().edit(&mut dossier, 200, |edit| edit.set(&id("CUST-01-1"), words));
}

#[test]
fn an_empty_value_clears_a_field_that_need_not_be_there() {
    let mut dossier = dossier();
    let grade = CUSTOMER.field("grade").unwrap().parse("").unwrap();
    boss().edit(&mut dossier, 10, |edit| edit.set(&id("CUST-01-1"), Fields::from([("grade", grade)])));
    let view = Dossier::load(&dossier.save()).unwrap().read();
    assert_eq!(view.record(&id("CUST-01-1")).unwrap().get("grade"), None);
    assert!(view.conflicts.is_empty());
    let cleared = |field: &'static str| {
        let mut dossier = dossier.clone();
        boss().try_edit(&mut dossier, 20, |edit| edit.set(&id("CUST-01-1"), fields([(field, "")]))).map(|_| ())
    };
    assert_eq!(cleared("owner"), Ok(()));
    for required in ["name", "channel"] {
        assert!(cleared(required).is_err(), "{required}");
    }
}

#[test]
fn a_second_signature_is_kept_and_shown() {
    let mut dossier = done();
    wang().step(&mut dossier, 70, "EXEC-01-1", "signed", fields([("signer", "张*"), ("what", "服务单")]));
    assert_eq!(dossier.read().record(&id("EXEC-01-1")).unwrap().get("more_signatures"), None);
    wang().step(&mut dossier, 80, "EXEC-01-1", "signed", fields([("signer", "李*"), ("what", "补签")]));
    let view = dossier.read();
    let task = view.record(&id("EXEC-01-1")).unwrap();
    assert!(matches!(task.get("signature"), Some(Value::Signature(first)) if first.signer == "张*"));
    assert!(matches!(task.get("more_signatures"), Some(Value::Notes(more)) if more[0].text == "李*,补签"));
}

#[test]
fn a_re_estimate_is_a_step_and_on_time_is_judged_by_the_first() {
    let mut dossier = started();
    for (minute, due) in [(50, 240), (60, 200)] {
        wang().step(&mut dossier, minute, "EXEC-01-1", "delayed", Fields::from([("due_at", Value::Time(at(due)))]));
    }
    let view = dossier.read();
    let task = view.record(&id("EXEC-01-1")).unwrap();
    assert_eq!(
        (task.get("due_at"), task.get("first_due_at")),
        (Some(&Value::Time(at(200))), Some(&Value::Time(at(180))))
    );
    let estimates = task.steps.iter().filter(|step| step.code == "delayed").map(|step| step.data["due_at"].clone());
    assert_eq!(estimates.collect::<Vec<_>>(), [Value::Time(at(240)), Value::Time(at(200))]);
}

#[test]
fn a_customer_is_not_merged_with_itself_or_with_something_else() {
    let with = |other: &str| refused(&full(), &boss(), "CUST-01-1", "merged", Fields::from([("with", other.into())]));
    assert!(matches!(with("CUST-01-1"), Invalid::Itself { .. }));
    assert!(matches!(with("EXEC-01-1"), Invalid::WrongKind { .. }));
    let by_engineer = refused(&full(), &wang(), "CUST-01-1", "merged", fields([("with", "CUST-01-2")]));
    assert!(matches!(by_engineer, Invalid::NotAllowed { .. }));
    boss().step(&mut full(), 500, "CUST-01-1", "merged", fields([("with", "CUST-01-2")]));
}

#[test]
fn records_stand_in_the_document_of_their_class() {
    let risk = || fields([("category", "market"), ("title", "降价")]);
    let in_dossier = boss().try_edit(&mut full(), 200, |edit| edit.create(&RISK, &id("RISK-01-9"), None, risk()));
    assert!(matches!(in_dossier, Err(Invalid::WrongDocument { class: Class::Board, .. })));
    let person = fields([("name", "*先生"), ("channel", "phone")]);
    let on_board = boss().try_edit(&mut board(), 200, |edit| edit.create(&CUSTOMER, &id("CUST-01-9"), None, person));
    assert!(matches!(on_board, Err(Invalid::WrongDocument { class: Class::Dossier, .. })));
    boss().edit(&mut board(), 200, |edit| edit.create(&RISK, &id("RISK-01-9"), None, risk()));
    // A record of a dossier needs its customer.
    let alone =
        wang().try_edit(&mut Dossier::create(), 200, |edit| edit.create(&INQUIRY, &id("INQ-03-9"), None, inquiry()));
    assert!(matches!(alone, Err(Invalid::NoRecord { .. })));
}

#[test]
fn rights_on_the_board_follow_the_role() {
    let make = |who: Person, kind, record: &str, data: Fields| {
        who.try_edit(&mut board(), 200, |edit| edit.create(kind, &id(record), None, data)).map(|_| ())
    };
    let improvement = || fields([("title", "缩短等候"), ("source", "review")]);
    let shift = || and(and(fields([("staff", "王*")]), "starts_at", at(0)), "ends_at", at(60));
    assert_eq!(make(manager(), &IMPROVEMENT, "IMP-06-9", improvement()), Ok(()));
    assert_eq!(make(boss(), &records::ROSTER, "ROSTER-01-9", shift()), Ok(()));
    assert!(matches!(make(manager(), &records::ROSTER, "ROSTER-06-9", shift()), Err(Invalid::NotAllowed { .. })));
    for who in [wang(), analyst(), admin(), Person::new(9, "审*", Role::Auditor)] {
        assert!(matches!(make(who, &IMPROVEMENT, "IMP-06-9", improvement()), Err(Invalid::NotAllowed { .. })));
    }
    let on_service = admin().try_edit(&mut full(), 200, |edit| edit.create(&INQUIRY, &id("INQ-07-9"), None, inquiry()));
    assert!(matches!(on_service, Err(Invalid::NotAllowed { .. })), "administrators write no service records");
}

#[test]
fn an_improvement_goes_round_and_a_risk_weighs_its_probability_times_its_impact() {
    let mut document = board();
    for (minute, code, data) in [
        (100, "do", Fields::new()),
        (101, "check", fields([("findings", "仍慢")])),
        (102, "plan", fields([("reason", "再来一轮")])),
        (103, "do", Fields::new()),
        (104, "check", Fields::new()),
        (105, "act", fields([("result", "写入标准")])),
        (106, "closed", Fields::new()),
    ] {
        manager().step(&mut document, minute, "IMP-01-1", code, data);
    }
    let weights = Fields::from([("probability", 3.into()), ("impact", 4.into())]);
    manager().step(&mut document, 110, "RISK-01-1", "assessed", weights);
    manager().step(&mut document, 111, "RISK-01-1", "responding", fields([("response", "reduce")]));
    let view = document.read();
    assert_eq!(
        (text(&view, "IMP-01-1", "state"), text(&view, "IMP-01-1", "result")),
        (Some("closed"), Some("写入标准"))
    );
    let risk = view.record(&id("RISK-01-1")).unwrap();
    assert_eq!((risk.state(), risk.get("level")), (Some("responding"), Some(&Value::Integer(12))));
}

#[test]
fn an_imported_row_of_any_kind_states_where_it_stands() {
    let mut dossier = full();
    let rows = [
        (&COMPLAINT, "COMP-03-7", and(and(complaint(), "state", "solution"), "solution", "换新"), "solution"),
        (
            &ORDER,
            "ORDER-03-7",
            and(and(fields([("model", "A型"), ("state", "received")]), "quantity", 1), "legacy_id", "ORD001"),
            "received",
        ),
        (&INQUIRY, "INQ-03-7", and(inquiry(), "answer", "已寄出"), "consult"),
    ];
    wang().edit(&mut dossier, 200, |edit| {
        for (number, (kind, record, data, _)) in rows.iter().enumerate() {
            edit.import(kind, &id(record), None, &event(&format!("03-{}", 900 + number)), data.clone())?;
        }
        Ok(())
    });
    let view = dossier.read();
    for (_, record, _, state) in &rows {
        assert_eq!(text(&view, record, "state"), Some(*state), "{record}");
    }
    assert_eq!(text(&view, "INQ-03-7", "answer"), Some("已寄出"));
    let visit = and(
        and(fields([("visit_kind", "visit"), ("state", "done")]), "planned_on", day("2024-04-01")),
        "done_on",
        day("2024-04-02"),
    );
    wang().edit(&mut dossier, 210, |edit| {
        edit.import(&VISIT, &id("VISIT-03-7"), None, &event("03-990"), visit.clone()).map(|_| ())
    });
    assert_eq!(dossier.read().record(&id("VISIT-03-7")).unwrap().get("done_on"), Some(&day("2024-04-02")));
}

#[test]
fn a_sheet_that_went_on_states_its_record_anew_when_imported_again() {
    let mut dossier = full();
    wang().step(&mut dossier, 90, "ORDER-03-1", "imported", fields([("state", "shipped")]));
    wang().step(&mut dossier, 91, "ORDER-03-1", "imported", fields([("state", "delivered")]));
    let view = dossier.read();
    assert_eq!((text(&view, "ORDER-03-1", "state"), view.conflicts.len()), (Some("delivered"), 0));
    // What it says then goes on by steps.
    wang().step(&mut dossier, 92, "ORDER-03-1", "installed", Fields::new());
    assert_eq!(text(&dossier.read(), "ORDER-03-1", "state"), Some("installed"));
}

#[test]
fn amounts_and_ratings_out_of_range_are_refused() {
    let points = |amount: i64| {
        let data = and(fields([("reason", "购买")]), "amount", amount);
        wang().try_edit(&mut full(), 200, |edit| edit.create(&POINTS, &id("POINT-03-9"), None, data)).map(|_| ())
    };
    assert!(matches!(points(10_000_001), Err(Invalid::Value { .. })));
    assert_eq!(points(-50), Ok(()));
    let weights = Fields::from([("probability", 6.into()), ("impact", 4.into())]);
    assert!(matches!(refused(&board(), &boss(), "RISK-01-1", "assessed", weights), Invalid::Value { .. }));
}

fn policy_refused(policy: &Policy) -> Invalid {
    let version = and(fields([("reason", "修订")]), "body", policy.to_json());
    let mut document = Dossier::create();
    admin().try_edit(&mut document, 0, |edit| edit.create(&POLICY, &id("POLICY-07-1"), None, version)).unwrap_err()
}

#[test]
fn a_policy_with_something_missing_or_wrong_is_refused_with_the_reason() {
    let problem = |change: &dyn Fn(&mut Policy)| {
        let mut policy = Policy::default();
        change(&mut policy);
        match policy_refused(&policy) {
            Invalid::Policy { problem } => problem,
            other => panic!("{other:?}"),
        }
    };
    let rule = |from: &str, to: &str| DayRule {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        working: false,
        name: String::new(),
        hours_of: None,
    };
    assert_eq!(
        problem(&|policy| policy.limits.retain(|code, _| *code != LimitCode::L9)),
        PolicyProblem::MissingLimit { code: LimitCode::L9 }
    );
    assert!(matches!(
        problem(&|policy| policy.response.retain(|grade, _| grade != "vip")),
        PolicyProblem::MissingPart { .. }
    ));
    assert!(matches!(
        problem(&|policy| policy.complaint_steps.retain(|step, _| step != "solution")),
        PolicyProblem::MissingPart { .. }
    ));
    assert_eq!(
        problem(&|policy| policy.calendar = vec![rule("2024-10-01", "2024-10-07"), rule("2024-10-07", "2024-10-08")]),
        PolicyProblem::Overlap { day: "2024-10-07".parse().unwrap() }
    );
    assert!(matches!(
        problem(&|policy| policy.calendar = vec![rule("2024-10-07", "2024-10-01")]),
        PolicyProblem::WrongDays { .. }
    ));
    let hours = |spans: Vec<Hours>| Some(BusinessHours { limits: vec![LimitCode::L9], week: [(1, spans)].into() });
    for spans in [vec![Hours::new(18 * 60, 9 * 60)], vec![Hours::new(540, 720), Hours::new(700, 1_080)]] {
        assert_eq!(
            problem(&|policy| policy.business_hours = hours(spans.clone())),
            PolicyProblem::WrongHours { weekday: 1 }
        );
    }
    assert_eq!(problem(&|policy| policy.business_hours = hours(Vec::new())), PolicyProblem::NoHours);
    assert_eq!(problem(&|policy| policy.working_days = vec![1, 8]), PolicyProblem::WrongWeekday { weekday: 8 });
    assert!(matches!(problem(&|policy| policy.membership.gold = 1), PolicyProblem::WrongFigure { .. }));
    let mut lacking = Policy::default();
    lacking.limits.remove(&LimitCode::L9);
    assert_eq!(zh(&policy_refused(&lacking)), "服务标准缺少时限 L9（反馈处理并归档）：请补上。");
    // The control: whole, with hours and a calendar, it is taken and read back as it was.
    let whole = Policy {
        business_hours: hours(vec![Hours::new(540, 720), Hours::new(780, 1_440)]),
        calendar: vec![rule("2024-10-01", "2024-10-07"), rule("2024-10-08", "2024-10-08")],
        ..Policy::default()
    };
    let mut document = Dossier::create();
    enact(&mut document, &admin(), 0, "POLICY-07-1", &whole);
    let view = document.read();
    assert_eq!((view.class(), &Policies::of(&view).versions()[0].policy), (Some(Class::Policy), &whole));
}

#[test]
fn a_policy_is_written_by_administrators_and_never_changed() {
    let mut document = Dossier::create();
    let version = || and(fields([("reason", "修订")]), "body", Policy::default().to_json());
    let by_boss = boss().try_edit(&mut document, 0, |edit| edit.create(&POLICY, &id("POLICY-01-1"), None, version()));
    assert!(matches!(by_boss, Err(Invalid::NotAllowed { .. })));
    enact(&mut document, &admin(), 0, "POLICY-07-1", &Policy::default());
    let changed = admin().try_edit(&mut document, 10, |edit| edit.set(&id("POLICY-07-1"), version()));
    assert!(matches!(changed, Err(Invalid::NotSet { .. })));
}

#[test]
fn a_policy_of_a_newer_or_an_older_version_is_read_as_far_as_it_is_known() {
    let written = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut body: serde_json::Value = serde_json::from_str(&Policy::default().to_json()).unwrap();
        change(&mut body);
        let mut document = Dossier::create();
        enact(&mut document, &admin(), 0, "POLICY-07-1", &Policy::default());
        // As another version writes it: not checked by ours.
        let mut change = automerge::Change::from_bytes(document.changes_since(&[]).remove(1)).unwrap().decode();
        for operation in &mut change.operations {
            if let automerge::legacy::OpType::Put(automerge::ScalarValue::Str(text)) = &mut operation.action
                && text.starts_with('{')
            {
                *text = body.to_string().into();
            }
        }
        change.hash = None;
        let mut document = Dossier::create();
        document.apply(&[automerge::Change::from(change).raw_bytes()]).unwrap();
        Policies::of(&document.read())
    };
    let newer = written(&|body| {
        body["limits"]["L21"] = serde_json::json!({ "moons": 2 });
        body["limits"]["L5"] = serde_json::json!({ "minutes": 45 });
        body["weather"] = "晴".into();
    });
    assert_eq!(newer.versions()[0].policy.span(LimitCode::L5), Some(records::Span::Minutes(45)));
    let older = written(&|body| drop(body["limits"].as_object_mut().unwrap().remove("L9")));
    assert_eq!(older.versions()[0].policy, Policy::default());
    let wrong = written(&|body| body["working_days"] = serde_json::json!([9]));
    assert!(wrong.versions().is_empty(), "what contradicts itself does not hold");
}

/// A change by a client of a newer version: an unknown kind, an unknown field, an unknown step.
fn newer(base: &Dossier) -> Vec<u8> {
    let mut doc = Automerge::load(&base.save()).unwrap();
    doc.set_actor(ActorId::from([77; 16].as_slice()));
    let (_, records) = doc.get(ROOT, "records").unwrap().unwrap();
    let (_, events) = doc.get(ROOT, "events").unwrap().unwrap();
    let (_, customer) = doc.get(&records, "CUST-01-1").unwrap().unwrap();
    let mut transaction = doc.transaction();
    let drone = transaction.put_object(&records, "DRONE-05-1", ObjType::Map).unwrap();
    transaction.put(&drone, "range", 12).unwrap();
    transaction.put(&customer, "favourite_colour", "红").unwrap();
    let step = r#"{"record":"EXEC-01-1","kind":"teleported","data":{"to":"月球"}}"#;
    transaction.put(&events, "05-70", step).unwrap();
    transaction.put(&events, "05-71", r#"{"record":"DRONE-05-1","kind":"flown"}"#).unwrap();
    let options = CommitOptions::default().with_message("engineer:李*").with_time(at(90).millis());
    let hash = transaction.commit_with(options).0.unwrap();
    doc.get_change_by_hash(&hash).unwrap().raw_bytes().to_vec()
}

#[test]
fn kinds_fields_and_steps_of_a_newer_version_are_kept_passed_on_and_shown_as_unknown() {
    let base = full();
    let change = newer(&base);
    let mut dossier = base.clone();
    dossier.apply(&[&change]).unwrap();
    let view = dossier.read();
    let shown: Vec<_> = view
        .strangers
        .iter()
        .map(|stranger| (stranger.record.as_ref().map(|id| id.as_str()), stranger.key.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            (None, "05-71"),
            (None, "DRONE-05-1"),
            (Some("CUST-01-1"), "favourite_colour"),
            (Some("EXEC-01-1"), "teleported")
        ]
    );
    assert!(view.strangers[2].value.contains('红') && view.strangers[3].value.contains("月球"));
    assert_eq!(view.strangers[0].written.author.as_ref().unwrap().staff.as_str(), "李*");
    assert_eq!(view.unknown, 4);
    // Known records stand as before, and work goes on beside what is unknown.
    assert_eq!(text(&view, "EXEC-01-1", "status"), text(&base.read(), "EXEC-01-1", "status"));
    boss().step(&mut dossier, 100, "EXEC-01-1", "reviewed", Fields::new());
    wang().edit(&mut dossier, 101, |edit| edit.set(&id("CUST-01-1"), fields([("preference", "短信")])));
    let saved = Dossier::load(&dossier.save()).unwrap();
    assert_eq!(saved.read().strangers, view.strangers);
    assert!(saved.changes_since(&base.heads()).contains(&change), "passed on untouched");
}
