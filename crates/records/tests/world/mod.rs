//! A few people with a device each, working apart on one dossier.
#![expect(dead_code, reason = "each test file uses its own part")]

use records::{
    ASSESSMENT, CARE, COMPLAINT, CUSTOMER, DAILY_CHECK, Dossier, EMERGENCY, Edit, FEEDBACK, Fields, IMPROVEMENT,
    INQUIRY, Invalid, ORDER, POINTS, POLICY, Policy, REVIEW, RISK, ROSTER, TASK, TRAINING, VISIT, Value, View,
    WORKING_GROUP,
};
use vocab::{Actor, Author, DeviceCode, EventId, RecordId, Role, Timestamp};

pub(crate) fn id(text: &str) -> RecordId {
    text.parse().unwrap()
}

pub(crate) fn event(text: &str) -> EventId {
    text.parse().unwrap()
}

/// `minute`s after 2024-05-02T08:00:00Z.
pub(crate) fn at(minute: i64) -> Timestamp {
    "2024-05-02T08:00:00Z".parse::<Timestamp>().unwrap().plus_millis(minute * 60_000)
}

pub(crate) fn fields<const N: usize>(entries: [(&'static str, &str); N]) -> Fields {
    entries.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

/// A person at a device: number 1 to 9 in ids and actor.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) number: u8,
    pub(crate) author: Author,
}

impl Person {
    pub(crate) fn new(number: u8, staff: &str, role: Role) -> Person {
        Person { number, author: Author { staff: staff.parse().unwrap(), role } }
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::from_bytes([self.number; 16])
    }

    pub(crate) fn try_edit(
        &self,
        dossier: &mut Dossier,
        minute: i64,
        work: impl FnOnce(&mut Edit<'_>) -> Result<(), Invalid>,
    ) -> Result<Option<Vec<u8>>, Invalid> {
        dossier.edit(&self.author, at(minute), &self.actor(), work)
    }

    pub(crate) fn edit(
        &self,
        dossier: &mut Dossier,
        minute: i64,
        work: impl FnOnce(&mut Edit<'_>) -> Result<(), Invalid>,
    ) -> Vec<u8> {
        self.try_edit(dossier, minute, work).unwrap().unwrap()
    }

    /// An event id of this device's, unique by minute.
    pub(crate) fn event(&self, minute: i64) -> EventId {
        EventId::new(&DeviceCode::enrolled(u32::from(self.number)), u64::try_from(minute + 1).unwrap())
    }

    pub(crate) fn step(&self, dossier: &mut Dossier, minute: i64, record: &str, code: &str, data: Fields) -> Vec<u8> {
        self.edit(dossier, minute, |edit| edit.step(&self.event(minute), &id(record), code, data))
    }

    pub(crate) fn try_step(
        &self,
        dossier: &mut Dossier,
        minute: i64,
        record: &str,
        code: &str,
        data: Fields,
    ) -> Result<(), Invalid> {
        self.try_edit(dossier, minute, |edit| edit.step(&self.event(minute), &id(record), code, data)).map(|_| ())
    }
}

pub(crate) fn boss() -> Person {
    Person::new(1, "主管*", Role::Supervisor)
}

pub(crate) fn boss2() -> Person {
    Person::new(2, "副主管*", Role::Supervisor)
}

pub(crate) fn wang() -> Person {
    Person::new(3, "王*", Role::Engineer)
}

pub(crate) fn li() -> Person {
    Person::new(4, "李*", Role::Engineer)
}

pub(crate) fn analyst() -> Person {
    Person::new(5, "分析师*", Role::Assessor)
}

pub(crate) fn manager() -> Person {
    Person::new(6, "流程*", Role::ProcessManager)
}

pub(crate) fn admin() -> Person {
    Person::new(7, "管理*", Role::Administrator)
}

pub(crate) fn day(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

/// `fields` and one more.
pub(crate) fn and(mut fields: Fields, name: &'static str, value: impl Into<Value>) -> Fields {
    fields.insert(name, value.into());
    fields
}

/// One record of every kind of a dossier, made at minute 80.
pub(crate) fn full() -> Dossier {
    let mut dossier = with_feedback();
    wang().edit(&mut dossier, 80, |edit| {
        edit.create(&INQUIRY, &id("INQ-03-1"), None, inquiry())?;
        edit.create(&COMPLAINT, &id("COMP-03-1"), None, complaint())?;
        let visit = and(fields([("visit_kind", "return_visit")]), "planned_on", day("2024-05-10"));
        edit.create(&VISIT, &id("VISIT-03-1"), None, visit)?;
        let care = and(fields([("occasion", "birthday")]), "due_on", day("2024-05-20"));
        edit.create(&CARE, &id("CARE-03-1"), None, care)?;
        edit.create(&POINTS, &id("POINT-03-1"), None, and(fields([("reason", "购买")]), "amount", 100))?;
        edit.create(&ORDER, &id("ORDER-03-1"), None, and(fields([("model", "A型")]), "quantity", 2))
    });
    dossier
}

pub(crate) fn inquiry() -> Fields {
    fields([("channel", "phone"), ("category", "product"), ("details", "如何保养")])
}

pub(crate) fn complaint() -> Fields {
    fields([("channel", "phone"), ("complainant", "张*"), ("content", "等候太久"), ("severity", "major")])
}

/// A board with one record of every kind, made at minute 80.
pub(crate) fn board() -> Dossier {
    let mut board = Dossier::create();
    boss().edit(&mut board, 80, |edit| {
        edit.create(
            &IMPROVEMENT,
            &id("IMP-01-1"),
            None,
            fields([("title", "缩短等候"), ("source", "complaint"), ("source_id", "COMP-03-1")]),
        )?;
        let review = and(fields([("review_kind", "process")]), "period_from", day("2024-04-01"));
        edit.create(&REVIEW, &id("REVIEW-01-1"), None, and(review, "period_to", day("2024-04-30")))?;
        edit.create(&DAILY_CHECK, &id("CHECK-01-1"), None, and(Fields::new(), "day", day("2024-05-02")))?;
        let training = fields([("training_kind", "skills"), ("topic", "安装")]);
        edit.create(&TRAINING, &id("TRAIN-01-1"), None, training)?;
        edit.create(&RISK, &id("RISK-01-1"), None, fields([("category", "operational"), ("title", "人手不足")]))?;
        edit.create(&EMERGENCY, &id("EMERG-01-1"), None, fields([("emergency_kind", "drill"), ("title", "停电演练")]))?;
        let roster = and(fields([("staff", "王*")]), "starts_at", at(0));
        edit.create(&ROSTER, &id("ROSTER-01-1"), None, and(roster, "ends_at", at(480)))?;
        let group = fields([("department", "物流"), ("task", "补发配件"), ("priority", "high")]);
        edit.create(&WORKING_GROUP, &id("GROUP-01-1"), None, group)
    });
    board
}

/// Writes a version of the policy.
pub(crate) fn enact(document: &mut Dossier, who: &Person, minute: i64, record: &str, policy: &Policy) {
    let version = fields([("reason", "修订")]);
    let version = and(version, "body", policy.to_json());
    who.edit(document, minute, |edit| edit.create(&POLICY, &id(record), None, version));
}

/// Customer, assessment, task (due at minute 180, not assigned).
pub(crate) fn dossier() -> Dossier {
    let mut dossier = Dossier::create();
    boss().edit(&mut dossier, 0, |edit| {
        edit.create(
            &CUSTOMER,
            &id("CUST-01-1"),
            None,
            fields([("name", "*先生"), ("channel", "phone"), ("grade", "normal")]),
        )?;
        edit.create(&ASSESSMENT, &id("REQ-01-1"), None, fields([("need", "设备无法开机"), ("plan", "上门检查")]))?;
        let mut task = fields([("title", "上门维修")]);
        task.insert("due_at", Value::Time(at(180)));
        edit.create(&TASK, &id("EXEC-01-1"), Some(&id("REQ-01-1")), task)
    });
    dossier
}

/// The same, assigned to 王*.
pub(crate) fn assigned() -> Dossier {
    let mut dossier = dossier();
    boss().step(&mut dossier, 1, "EXEC-01-1", "assigned", fields([("assignee", "王*")]));
    dossier
}

/// The same, started by 王* at minute 10.
pub(crate) fn started() -> Dossier {
    let mut dossier = assigned();
    wang().step(&mut dossier, 10, "EXEC-01-1", "started", Fields::new());
    dossier
}

/// The same, done by 王* at minute 60.
pub(crate) fn done() -> Dossier {
    let mut dossier = started();
    wang().step(&mut dossier, 60, "EXEC-01-1", "done", Fields::new());
    dossier
}

/// The same, with a feedback of score 4.
pub(crate) fn with_feedback() -> Dossier {
    let mut dossier = done();
    wang().edit(&mut dossier, 70, |edit| {
        let mut feedback = fields([("text", "响应快")]);
        feedback.insert("score", 4.into());
        edit.create(&FEEDBACK, &id("FB-03-1"), Some(&id("EXEC-01-1")), feedback)
    });
    dossier
}

/// What somebody does on a copy of their own.
pub(crate) type Branch = Box<dyn Fn(&mut Dossier)>;

/// What each branch, made apart on a copy of `base`, adds to it.
pub(crate) fn apart(base: &Dossier, branches: Vec<Branch>) -> Vec<Vec<u8>> {
    let heads = base.heads();
    branches
        .iter()
        .flat_map(|branch| {
            let mut copy = base.clone();
            branch(&mut copy);
            copy.changes_since(&heads)
        })
        .collect()
}

/// The one view that `base` and `changes` give in every order of arrival.
pub(crate) fn merged(base: &Dossier, changes: &[Vec<u8>]) -> (Dossier, View) {
    let mut result: Option<(Dossier, View)> = None;
    for order in orders(changes.len()) {
        let mut dossier = base.clone();
        for index in order {
            dossier.apply(&[&changes[index]]).unwrap();
        }
        let view = dossier.read();
        assert_eq!(Dossier::load(&dossier.save()).unwrap().read(), view);
        match &result {
            Some((_, first)) => assert_eq!(*first, view),
            None => result = Some((dossier, view)),
        }
    }
    result.unwrap()
}

fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in orders(count - 1) {
        for place in 0..=shorter.len() {
            let mut order = shorter.clone();
            order.insert(place, count - 1);
            all.push(order);
        }
    }
    all
}

pub(crate) fn text<'a>(view: &'a View, record: &str, field: &str) -> Option<&'a str> {
    view.record(&id(record)).unwrap().text(field)
}

/// What somebody does on a copy of their own: one step.
pub(crate) fn takes(who: Person, minute: i64, record: &'static str, code: &'static str, data: Fields) -> Branch {
    Box::new(move |dossier| {
        who.step(dossier, minute, record, code, data.clone());
    })
}

pub(crate) fn time(view: &View, record: &str, field: &str) -> Option<Timestamp> {
    view.record(&id(record)).unwrap().get(field).and_then(Value::as_time)
}

pub(crate) fn reasons(view: &View) -> Vec<&'static str> {
    view.conflicts.iter().map(|conflict| conflict.reason).collect()
}
