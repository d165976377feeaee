//! A branch of hand-made dossiers, a board and policies, and the rows they give.
#![expect(dead_code, reason = "each test file uses its own part")]

use records::{
    ASSESSMENT, COMPLAINT, CUSTOMER, Class, DAILY_CHECK, Dossier, Edit, FEEDBACK, Fields, Invalid, POLICY, Policy,
    TASK, VISIT, Value,
};
use rusqlite::Connection;
use vocab::{Actor, Author, BranchId, DeviceCode, DocId, EventId, RecordId, Role, Timestamp};

pub(crate) const HOUR: i64 = 60;
pub(crate) const DAY: i64 = 24 * HOUR;

/// `minute`s after 2024-05-02T08:00:00Z, four in the afternoon of a Thursday on the branch's clocks.
pub(crate) fn at(minute: i64) -> Timestamp {
    "2024-05-02T08:00:00Z".parse::<Timestamp>().unwrap().plus_millis(minute * 60_000)
}

/// The minute of an instant.
pub(crate) fn minute(time: Timestamp) -> i64 {
    (time.millis() - at(0).millis()) / 60_000
}

pub(crate) fn id(text: &str) -> RecordId {
    text.parse().unwrap()
}

pub(crate) fn day(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

pub(crate) fn fields<const N: usize>(entries: [(&'static str, &str); N]) -> Fields {
    entries.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

/// `fields` and one more.
pub(crate) fn and(mut fields: Fields, name: &'static str, value: impl Into<Value>) -> Fields {
    fields.insert(name, value.into());
    fields
}

pub(crate) fn author(staff: &str, role: Role) -> Author {
    Author { staff: staff.parse().unwrap(), role }
}

pub(crate) fn boss() -> Author {
    author("主管*", Role::Supervisor)
}

pub(crate) fn wang() -> Author {
    author("王*", Role::Engineer)
}

/// One document and its id.
#[derive(Clone)]
pub(crate) struct Paper {
    pub(crate) doc: DocId,
    pub(crate) dossier: Dossier,
    events: u64,
    number: u32,
}

impl Paper {
    /// A document that is told from others by its number, as are the ids in it: `CUST-01-<number>`.
    pub(crate) fn new(number: u8) -> Paper {
        let mut random = [number.wrapping_mul(37); 16];
        random[0] = number;
        Paper { doc: DocId::from_random(random), dossier: Dossier::create(), events: 0, number: u32::from(number) }
    }

    pub(crate) fn board() -> Paper {
        let doc = Class::Board.document(BranchId::from_bytes([1; 16])).unwrap();
        Paper { doc, dossier: Dossier::create(), events: 0, number: 100 }
    }

    pub(crate) fn policy() -> Paper {
        let doc = Class::Policy.document(BranchId::from_bytes([1; 16])).unwrap();
        Paper { doc, dossier: Dossier::create(), events: 0, number: 101 }
    }

    /// `CUST-01-<number>`.
    pub(crate) fn id(&self, prefix: &'static str) -> RecordId {
        RecordId::new(prefix, &DeviceCode::enrolled(1), u64::from(self.number))
    }

    pub(crate) fn edit(
        &mut self,
        who: &Author,
        minute: i64,
        work: impl FnOnce(&mut Edit<'_>) -> Result<(), Invalid>,
    ) -> &mut Paper {
        self.dossier.edit(who, at(minute), &Actor::from_bytes([7; 16]), work).unwrap();
        self
    }

    pub(crate) fn step(
        &mut self,
        who: &Author,
        minute: i64,
        record: &RecordId,
        code: &str,
        data: Fields,
    ) -> &mut Paper {
        self.events += 1;
        let event = EventId::new(&DeviceCode::enrolled(self.number), self.events);
        self.edit(who, minute, |edit| edit.step(&event, record, code, data))
    }

    /// A customer of this grade, whose dossier is complete, made at a minute.
    pub(crate) fn customer(number: u8, minute: i64, grade: &str) -> Paper {
        let mut paper = Paper::new(number);
        let customer = paper.id("CUST");
        paper.edit(&boss(), minute, |edit| {
            let data = [("name", "*先生"), ("channel", "phone"), ("preference", "短信"), ("owner", "王*")];
            edit.create(&CUSTOMER, &customer, None, and(fields(data), "grade", grade))
        });
        paper
    }

    /// An assessment of this urgency, approved at once, with a task for 王* due two hours later.
    pub(crate) fn task(&mut self, minute: i64, urgency: &str) -> &mut Paper {
        let (assessment, task) = (self.id("REQ"), self.id("EXEC"));
        self.edit(&boss(), minute, |edit| {
            let need = fields([("need", "设备无法开机"), ("urgency", urgency), ("scope", "after_sales")]);
            edit.create(&ASSESSMENT, &assessment, None, and(need, "minutes", 120))?;
            let title = and(fields([("title", "上门维修")]), "due_at", at(minute + 120));
            edit.create(&TASK, &task, Some(&assessment), title)
        });
        self.step(&boss(), minute, &assessment, "approved", Fields::new());
        self.step(&boss(), minute, &task, "assigned", fields([("assignee", "王*")]))
    }

    /// A complaint of this severity.
    pub(crate) fn complaint(&mut self, minute: i64, severity: &str) -> &mut Paper {
        let complaint = self.id("COMP");
        self.edit(&wang(), minute, |edit| {
            let data = fields([("channel", "phone"), ("complainant", "张*"), ("content", "等候太久")]);
            edit.create(&COMPLAINT, &complaint, None, and(data, "severity", severity))
        })
    }

    /// A visit made on a day, reported at once.
    pub(crate) fn visit(&mut self, minute: i64, number: u64, visit_kind: &str) -> &mut Paper {
        let visit = RecordId::new("VISIT", &DeviceCode::enrolled(self.number), number);
        let on = Value::Date(at(minute).day());
        self.edit(&wang(), minute, |edit| {
            edit.create(&VISIT, &visit, None, and(fields([("visit_kind", visit_kind)]), "planned_on", on.clone()))
        });
        self.step(&wang(), minute, &visit, "done", Fields::from([("done_on", on)]));
        self.step(&wang(), minute, &visit, "reported", Fields::new())
    }

    /// A feedback form for the task, not answered yet.
    pub(crate) fn form(&mut self, minute: i64) -> &mut Paper {
        let (feedback, task) = (self.id("FB"), self.id("EXEC"));
        self.edit(&wang(), minute, |edit| edit.create(&FEEDBACK, &feedback, Some(&task), Fields::new()))
    }

    /// Signs the daily check of a day.
    pub(crate) fn sign(&mut self, minute: i64, number: u64, day: &str) -> &mut Paper {
        let check = RecordId::new("CHECK", &DeviceCode::enrolled(1), number);
        let day: Value = Value::Date(day.parse().unwrap());
        self.edit(&boss(), minute, |edit| edit.create(&DAILY_CHECK, &check, None, Fields::from([("day", day)])))
    }

    /// Says that the customer is the one with this id as well.
    pub(crate) fn merge(&mut self, minute: i64, other: &str) -> &mut Paper {
        let customer = self.id("CUST");
        self.step(&boss(), minute, &customer, "merged", fields([("with", other)]))
    }

    /// Writes a version of the policy.
    pub(crate) fn enact(&mut self, minute: i64, number: u64, policy: &Policy) -> &mut Paper {
        let version = RecordId::new("POLICY", &DeviceCode::enrolled(1), number);
        let admin = author("管理*", Role::Administrator);
        let body = and(fields([("reason", "修订")]), "body", policy.to_json());
        self.edit(&admin, minute, |edit| edit.create(&POLICY, &version, None, body))
    }
}

/// Tables that show these documents, applied in this order.
pub(crate) fn rows<'a>(papers: impl IntoIterator<Item = &'a Paper>) -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    readmodel::prepare(&conn).unwrap();
    for paper in papers {
        readmodel::apply(&conn, paper.doc, &paper.dossier.read()).unwrap();
    }
    readmodel::completed(&conn).unwrap();
    conn
}

/// What the tables that others are derived from hold, row numbers aside.
pub(crate) fn judged(conn: &Connection) -> Vec<String> {
    let mut lines = Vec::new();
    for query in [
        "SELECT quote(doc), record, customer, code, part, from_ms, soon_ms, due_ms, end_ms, roles, staff, urgency, policy
         FROM view_limit ORDER BY doc, record, code, part, from_ms, end_ms",
        "SELECT quote(doc), record, at_ms, quote(actor), author, reason, body FROM view_policy ORDER BY doc, record",
        "SELECT policies FROM view_meta",
    ] {
        let mut statement = conn.prepare(query).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column)).collect::<Result<Vec<_>, _>>()
        });
        lines.extend(rows.unwrap().map(|row| format!("{:?}", row.unwrap())));
    }
    lines
}
