//! I2 and I8 for every view: two devices work apart on the same dossiers, board and policy, hear of each other's changes in
//! orders of their own, and show the same bytes in the end; so does a read model that is built anew.

use std::collections::BTreeSet;

use crate::site::*;
use proptest::prelude::*;
use proptest::sample::Index;
use readmodel::views::{
    ComplaintsAsk, DailyAsk, DueAsk, DuplicatesAsk, FiguresAsk, FunnelAsk, MatrixAsk, TimelineAsk, VisitsAsk,
    complaints, daily, due, duplicates, figures, funnel, matrix, matrix_until, timeline, visits,
};
use records::limits::LimitState;
use records::{
    ASSESSMENT, COMPLAINT, DAILY_CHECK, Dossier, Edit, FEEDBACK, Fields, INQUIRY, Invalid, LimitCode, ORDER, POINTS,
    POLICY, Policy, Span, TASK, TRAINING, VISIT,
};
use rusqlite::Connection;
use vocab::{Actor, Author, DeviceCode, DocId, EventId, Month, RecordId, Role, Timestamp};

/// Dossiers; after them stand the board and the policy.
const DOSSIERS: usize = 5;
const HOUR_MS: i64 = 3_600_000;

/// One thing that somebody does: what, to which dossier, with what.
#[derive(Debug, Clone)]
struct Act {
    what: u8,
    which: usize,
    with: usize,
    /// How long after the one before it.
    hours: i64,
}

fn act() -> impl Strategy<Value = Act> {
    (0..20_u8, 0..DOSSIERS, 0..DOSSIERS, 0..60_i64).prop_map(|(what, which, with, hours)| Act {
        what,
        which,
        with,
        hours,
    })
}

/// A device with its documents and its rows.
struct Device {
    number: u32,
    documents: Vec<(DocId, Dossier)>,
    rows: Connection,
    made: u64,
    now: Timestamp,
}

impl Device {
    fn new(number: u32, base: &[(DocId, Dossier)], now: Timestamp) -> Device {
        let rows = tables();
        let documents = base.to_vec();
        for (doc, dossier) in &documents {
            readmodel::apply(&rows, *doc, &dossier.read()).unwrap();
        }
        Device { number, documents, rows, made: 0, now }
    }

    fn show(&self, place: usize) {
        let (doc, dossier) = &self.documents[place];
        readmodel::apply(&self.rows, *doc, &dossier.read()).unwrap();
    }

    fn id(&self, prefix: &'static str) -> RecordId {
        RecordId::new(prefix, &DeviceCode::enrolled(self.number), self.made)
    }

    /// What the state or the form does not allow is left.
    fn edit(&mut self, place: usize, role: Role, work: impl FnOnce(&mut Edit<'_>) -> Result<(), Invalid>) {
        let staff = if role == Role::Engineer { "王*" } else { "主管*" };
        let author = Author { staff: staff.parse().unwrap(), role };
        let actor = Actor::from_bytes([u8::try_from(self.number).unwrap(); 16]);
        let _refused = self.documents[place].1.edit(&author, self.now, &actor, work);
        self.show(place);
    }

    fn step(&mut self, place: usize, role: Role, record: &str, code: &str, data: Fields) {
        let event = EventId::new(&DeviceCode::enrolled(self.number), self.made);
        self.edit(place, role, |edit| edit.step(&event, &id(record), code, data));
    }

    fn take(&mut self, act: &Act) {
        use Role::{Engineer, Supervisor};
        self.made += 1;
        self.now = self.now.plus_millis(act.hours * HOUR_MS + 60_000);
        let (place, n) = (act.which, act.which + 1);
        let other = format!("CUST-01-{}", act.with + 1);
        let record = |prefix: &str| format!("{prefix}-01-{n}");
        let today = self.now.day();
        match act.what {
            0 => {
                let (need, task) = (self.id("REQ"), self.id("EXEC"));
                let due = self.now.plus_millis(3 * HOUR_MS);
                self.edit(place, Supervisor, |edit| {
                    edit.create(&ASSESSMENT, &need, None, fields([("need", "保养"), ("urgency", "high")]))?;
                    let task_data = and(fields([("title", "上门"), ("mode", "onsite")]), "due_at", due);
                    edit.create(&TASK, &task, Some(&need), task_data)
                });
            }
            1 => self.step(place, Supervisor, &record("REQ"), "approved", Fields::new()),
            2 => self.step(place, Engineer, &record("EXEC"), "started", Fields::new()),
            3 => self.step(place, Engineer, &record("EXEC"), "done", Fields::new()),
            4 => {
                let later = and(Fields::new(), "due_at", self.now.plus_millis(5 * HOUR_MS));
                self.step(place, Engineer, &record("EXEC"), "delayed", later);
            }
            5 => self.step(place, Supervisor, &record("EXEC"), "cancelled", fields([("why", "客户取消")])),
            6 => {
                let (feedback, task) = (self.id("FB"), id(&record("EXEC")));
                let data = and(fields([("text", "好")]), "score", i64::try_from(act.with + 1).unwrap());
                self.edit(place, Engineer, |edit| edit.create(&FEEDBACK, &feedback, Some(&task), data));
            }
            7 => {
                let inquiry = self.id("INQ");
                let data =
                    fields([("channel", "phone"), ("category", "product"), ("details", "如何保养"), ("owner", "李*")]);
                self.edit(place, Engineer, |edit| edit.create(&INQUIRY, &inquiry, None, data));
            }
            8 => {
                let steps = ["replied", "investigating", "solution", "closed", "reopened"];
                let data = fields([("text", "在办"), ("solution", "换新"), ("result", "好"), ("reopened_why", "又坏")]);
                let code = steps[act.with];
                let wanted = COMPLAINT.event(code).unwrap().data;
                let data =
                    data.into_iter().filter(|(name, _)| wanted.iter().any(|field| field.name == *name)).collect();
                self.step(place, Engineer, &record("COMP"), code, data);
            }
            9 => {
                let order = self.id("ORDER");
                let data = and(fields([("model", "A型"), ("owner", "王*")]), "quantity", 1);
                self.edit(place, Engineer, |edit| edit.create(&ORDER, &order, None, data));
            }
            10 => self.step(place, Engineer, &record("VISIT"), "done", Fields::new()),
            11 => {
                let visit = self.id("VISIT");
                let data = and(fields([("visit_kind", "visit"), ("staff", "王*")]), "planned_on", today);
                self.edit(place, Engineer, |edit| edit.create(&VISIT, &visit, None, data));
            }
            12 | 13 if act.with != act.which => {
                self.step(place, Supervisor, &record("CUST"), "merged", fields([("with", &other)]));
            }
            14 if act.with != act.which => {
                let data = fields([("with", other.as_str()), ("reason", "两位")]);
                self.step(place, Supervisor, &record("CUST"), "separated", data);
            }
            15 => {
                let prefix = ["CUST", "REQ", "EXEC", "COMP", "VISIT"][act.with];
                self.step(place, Supervisor, &record(prefix), "void", fields([("why", "误录")]));
            }
            16 => {
                let grade = ["vip", "core", "potential", "normal", "vip"][act.with];
                let history = ["2023年购买产品A", "2023年购买了产品A", "租用打印机", "2023年购买产品A", "无"][act.with];
                let owner = ["王*", "李*"][act.with % 2];
                let data = fields([("grade", grade), ("history", history), ("owner", owner), ("preference", "电话")]);
                let customer = id(&record("CUST"));
                self.edit(place, Supervisor, |edit| edit.set(&customer, data));
            }
            17 => {
                let points = self.id("POINT");
                let data = and(fields([("reason", "购买")]), "amount", 700);
                self.edit(place, Engineer, |edit| edit.create(&POINTS, &points, None, data));
            }
            18 => {
                let (check, training) = (self.id("CHECK"), self.id("TRAIN"));
                let starts = self.now.plus_millis(24 * HOUR_MS);
                self.edit(DOSSIERS, Supervisor, |edit| {
                    edit.create(&DAILY_CHECK, &check, None, and(Fields::new(), "day", today))?;
                    let data = and(fields([("training_kind", "skills"), ("topic", "安装")]), "starts_at", starts);
                    edit.create(&TRAINING, &training, None, data)
                });
            }
            19 => {
                let mut policy = Policy::default();
                for (code, minutes) in [(LimitCode::L6, 30), (LimitCode::L8, 600), (LimitCode::L12, 120)] {
                    let minutes = minutes * i64::try_from(act.with + 1).unwrap();
                    policy.limits.insert(code, Span::Minutes(minutes));
                }
                policy.visits.insert("normal".to_owned(), Some(3));
                let version = self.id("POLICY");
                let data = and(fields([("reason", "修订")]), "body", policy.to_json());
                self.edit(DOSSIERS + 1, Role::Administrator, |edit| edit.create(&POLICY, &version, None, data));
            }
            _ => {}
        }
    }

    /// Every view at some instants, as JSON.
    fn views(&self, instants: &[Timestamp]) -> Vec<String> {
        let conn = &self.rows;
        let mut shown = vec![json(&duplicates(conn, &DuplicatesAsk::default()).unwrap())];
        for n in 1..=DOSSIERS {
            shown.push(readmodel::lead(conn, &id(&format!("CUST-01-{n}"))).unwrap().to_string());
        }
        for as_of in instants.iter().copied() {
            let month = Month::of(as_of);
            let none = BTreeSet::new();
            let states = LimitState::ALL.into_iter().collect();
            shown.push(json(&due(conn, &DueAsk { states, ..DueAsk::at(as_of) }).unwrap()));
            let branch = "上海网点".to_owned();
            shown.push(json(&matrix(conn, &MatrixAsk { as_of, branch, unshared: none.clone() }).unwrap()));
            shown.push(json(&complaints(conn, &ComplaintsAsk { as_of }).unwrap()));
            shown.push(json(&daily(conn, &DailyAsk { as_of, unshared: none, devices_unseen: None }).unwrap()));
            shown.push(json(&funnel(conn, &FunnelAsk { as_of, month, months_back: 2 }).unwrap()));
            shown.push(json(&visits(conn, &VisitsAsk { as_of, staff: None }).unwrap()));
            let ask = FiguresAsk { months_back: 2, ..FiguresAsk::at(as_of) };
            shown.push(json(&figures(conn, &ask).unwrap()));
            let (from, until) = (month.back(1).start(), month.end());
            shown.push(json(&timeline(conn, &TimelineAsk { as_of, from, until, staff: None }).unwrap()));
        }
        let mut exported = Vec::new();
        readmodel::export(conn, "上海网点", &mut exported).unwrap();
        shown.push(String::from_utf8(exported).unwrap());
        shown
    }
}

/// Dossiers with a customer, a need, a task, a complaint and a planned visit each; two with one number from paper.
fn base() -> Branch {
    let mut branch = Branch::default();
    for n in 1..=DOSSIERS {
        let mut customer = fields([("grade", "normal"), ("owner", "王*"), ("history", "2023年购买产品A")]);
        if n < 3 {
            customer = and(customer, "legacy_id", "A-1");
        }
        let place = branch.customer("2026-09-28 08:00", n, customer);
        branch.need(place, "2026-09-28 09:00", n);
        branch.task(
            place,
            "2026-09-28 09:30",
            n,
            n,
            "王*",
            and(fields([("mode", "onsite")]), "due_at", time("2026-09-30 09:30")),
        );
        let complaint =
            fields([("channel", "phone"), ("complainant", "张*"), ("content", "等候太久"), ("severity", "critical")]);
        branch.create(place, "2026-09-28 10:00", &COMPLAINT, &format!("COMP-01-{n}"), None, complaint);
        let visit = and(fields([("visit_kind", "return_visit"), ("staff", "李*")]), "planned_on", day("2026-10-10"));
        branch.create(place, "2026-09-28 10:00", &VISIT, &format!("VISIT-01-{n}"), None, visit);
    }
    assert_eq!((branch.add(), branch.add()), (DOSSIERS, DOSSIERS + 1));
    branch
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn equal_heads_show_equal_views_whatever_the_order_and_so_does_a_rebuild(
        acts in prop::collection::vec(prop::collection::vec(act(), 0..25), 2),
        orders in prop::collection::vec(prop::collection::vec(any::<Index>(), 60), 2),
    ) {
        let base = base().documents;
        let mut devices = [2, 3].map(|number| Device::new(number, &base, at("2026-09-29 08:00")));
        for (device, acts) in devices.iter_mut().zip(&acts) {
            acts.iter().for_each(|act| device.take(act));
        }
        let mut heard: Vec<(usize, Vec<u8>)> = Vec::new();
        for (place, (_, dossier)) in base.iter().enumerate() {
            for device in &devices {
                let changes = device.documents[place].1.changes_since(&dossier.heads());
                heard.extend(changes.into_iter().map(|change| (place, change)));
            }
        }
        for (device, swaps) in devices.iter_mut().zip(&orders) {
            let mut order: Vec<usize> = (0..heard.len()).collect();
            for (place, other) in swaps.iter().enumerate().take(order.len()) {
                let other = other.index(order.len());
                order.swap(place, other);
            }
            for (place, change) in order.into_iter().map(|index| &heard[index]) {
                device.documents[*place].1.apply(&[change]).unwrap();
                device.show(*place);
            }
        }
        let [one, two] = &devices;
        for ((_, a), (_, b)) in one.documents.iter().zip(&two.documents) {
            prop_assert_eq!(a.heads(), b.heads(), "both have heard everything");
        }
        let last = one.now.max(two.now);
        let instants = [at("2026-09-29 12:00"), at("2026-10-05 09:00"), last, last.plus_millis(40 * 24 * HOUR_MS)];
        let (shown, theirs) = (one.views(&instants), two.views(&instants));
        for (a, b) in shown.iter().zip(&theirs) {
            prop_assert_eq!(a, b);
        }
        let rebuilt = tables();
        for (doc, dossier) in one.documents.iter().rev() {
            readmodel::apply(&rebuilt, *doc, &Dossier::load(&dossier.save()).unwrap().read()).unwrap();
        }
        let anew = Device { rows: rebuilt, ..Device::new(4, &one.documents, last) };
        for (a, b) in shown.iter().zip(&anew.views(&instants)) {
            prop_assert_eq!(a, b);
        }
    }
}

/// Every instant that stands in the rows, and those beside it.
fn instants(conn: &Connection) -> Vec<Timestamp> {
    let mut instants = Vec::new();
    for (table, columns) in [
        ("view_limit", &["from_ms", "soon_ms", "due_ms", "end_ms"][..]),
        ("view_moment", &["from_ms", "end_ms"]),
        ("view_record", &["created_at_ms"]),
        ("view_document", &["began_at_ms"]),
        ("view_policy", &["at_ms"]),
    ] {
        for column in columns {
            let query = format!("SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL");
            let mut statement = conn.prepare(&query).unwrap();
            for at in statement.query_map([], |row| row.get(0)).unwrap() {
                let at = Timestamp::from_millis(at.unwrap());
                instants.extend([-1, 0, 1].map(|beside| at.plus_millis(beside)));
            }
        }
    }
    instants.sort_unstable();
    instants.dedup();
    instants
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// What the relay keeps: an answer that is said to hold until an instant is the one that is worked out before it.
    #[test]
    fn a_matrix_holds_until_it_says(
        acts in prop::collection::vec(act(), 0..25),
        asked in prop::collection::vec((any::<Index>(), 0..3_000_i64), 12),
    ) {
        let mut device = Device::new(2, &base().documents, at("2026-09-29 08:00"));
        acts.iter().for_each(|act| device.take(act));
        let conn = &device.rows;
        let ask = |as_of| MatrixAsk { as_of, branch: "上海网点".to_owned(), unshared: BTreeSet::new() };
        let steps = |as_of| matrix(conn, &ask(as_of)).unwrap().branches.remove(0).steps;
        let known = instants(conn);
        for (which, minutes) in asked {
            let as_of = which.get(&known).plus_millis(minutes * 60_000);
            let (answer, until) = matrix_until(conn, &ask(as_of)).unwrap();
            prop_assert_eq!(&answer.branches[0].steps, &steps(as_of));
            let until = until.expect("a branch of a few dossiers is no trouble to look through");
            prop_assert!(until > as_of);
            // Any minute, any instant that stands anywhere, and the last of all.
            let minutes = (0..1_440).step_by(7).map(|minutes| as_of.plus_millis(minutes * 60_000));
            let within = known.iter().copied().chain(minutes).chain([until.plus_millis(-1)]);
            for later in within.filter(|later| (as_of..until).contains(later)) {
                prop_assert_eq!(&answer.branches[0].steps, &steps(later), "{} of {} until {}", later, as_of, until);
            }
        }
    }
}

/// The control of the test above: an answer does not hold for ever, and not only for a moment.
#[test]
fn a_matrix_turns_when_something_is_due() {
    let device = Device::new(2, &base().documents, at("2026-09-29 08:00"));
    let ask = |as_of| MatrixAsk { as_of, branch: String::new(), unshared: BTreeSet::new() };
    let (mut as_of, mut turns, mut differ) = (at("2026-09-29 08:00"), 0, 0);
    while as_of < at("2026-10-02 08:00") {
        let (before, until) = matrix_until(&device.rows, &ask(as_of)).unwrap();
        let until = until.unwrap();
        let after = matrix(&device.rows, &ask(until)).unwrap();
        differ += u32::from(before.branches != after.branches);
        turns += 1;
        as_of = until;
    }
    assert!((4..60).contains(&turns), "{turns} turns in three days");
    assert!(differ * 2 >= turns, "{differ} of {turns} turns changed anything");
}

/// The control of the test above: what it compares does change with what is done.
#[test]
fn what_is_done_is_seen_in_the_views() {
    let instants = [at("2026-10-05 09:00")];
    let mut device = Device::new(2, &base().documents, at("2026-09-29 08:00"));
    let mut before = device.views(&instants);
    for (what, with) in [
        (0, 0),
        (1, 0),
        (2, 0),
        (4, 0),
        (3, 0),
        (6, 4),
        (7, 0),
        (8, 0),
        (9, 0),
        (10, 0),
        (11, 0),
        (12, 1),
        (14, 1),
        (15, 3),
        (16, 0),
        (17, 0),
        (18, 0),
        (19, 3),
    ] {
        device.take(&Act { what, which: 0, with, hours: 1 });
        let after = device.views(&instants);
        assert_ne!(before, after, "act {what}");
        before = after;
    }
}
