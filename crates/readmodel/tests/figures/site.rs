//! A branch whose dossiers are written step by step, and its rows.

use records::{ASSESSMENT, CUSTOMER, Dossier, Edit, Fields, Invalid, Kind, TASK, Value};
use rusqlite::Connection;
use vocab::{Actor, Author, DeviceCode, DocId, EventId, RecordId, Role, Timestamp};

pub(crate) fn id(text: &str) -> RecordId {
    text.parse().unwrap()
}

/// An instant: `2026-10-05 09:30` on the branch's clocks.
pub(crate) fn at(text: &str) -> Timestamp {
    format!("{}:00+08:00", text.replace(' ', "T")).parse().unwrap()
}

pub(crate) fn time(text: &str) -> Value {
    Value::Time(at(text))
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

pub(crate) fn tables() -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    readmodel::prepare(&conn).unwrap();
    readmodel::completed(&conn).unwrap();
    conn
}

/// Who writes: their name, or `主管*` for the supervisor.
pub(crate) fn author(staff: &str) -> Author {
    let role = if staff == "主管*" { Role::Supervisor } else { Role::Engineer };
    Author { staff: staff.parse().unwrap(), role }
}

/// The documents of a branch, one after the other.
#[derive(Clone, Default)]
pub(crate) struct Branch {
    pub(crate) documents: Vec<(DocId, Dossier)>,
    events: u64,
}

impl Branch {
    /// Another document; returns its place.
    pub(crate) fn add(&mut self) -> usize {
        let place = self.documents.len();
        // Neither in the order they were made nor in that of their ids.
        let mut random = [7; 16];
        random[..8].copy_from_slice(&(place as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        self.documents.push((DocId::from_random(random), Dossier::create()));
        place
    }

    /// A dossier with the customer `CUST-01-<n>`, `*先生` by telephone besides what `more` says; returns its place.
    pub(crate) fn customer(&mut self, when: &str, n: usize, more: Fields) -> usize {
        let place = self.add();
        let mut customer = fields([("name", "*先生"), ("channel", "phone")]);
        customer.extend(more);
        self.create(place, when, &CUSTOMER, &format!("CUST-01-{n}"), None, customer);
        place
    }

    pub(crate) fn edit(
        &mut self,
        place: usize,
        when: &str,
        staff: &str,
        work: impl FnOnce(&mut Edit<'_>) -> Result<(), Invalid>,
    ) {
        let actor = Actor::from_bytes([u8::try_from(staff.len()).unwrap(); 16]);
        self.documents[place].1.edit(&author(staff), at(when), &actor, work).unwrap();
    }

    /// A record made by the supervisor.
    pub(crate) fn create(
        &mut self,
        place: usize,
        when: &str,
        kind: &'static Kind,
        record: &str,
        parent: Option<&str>,
        data: Fields,
    ) {
        let parent = parent.map(id);
        self.edit(place, when, "主管*", |edit| edit.create(kind, &id(record), parent.as_ref(), data));
    }

    pub(crate) fn step(&mut self, place: usize, when: &str, staff: &str, record: &str, code: &str, data: Fields) {
        self.events += 1;
        let event = EventId::new(&DeviceCode::enrolled(1), self.events);
        self.edit(place, when, staff, |edit| edit.step(&event, &id(record), code, data));
    }

    /// A need `REQ-01-<n>`.
    pub(crate) fn need(&mut self, place: usize, when: &str, n: usize) {
        let need = fields([("need", "设备无法开机"), ("plan", "上门检查")]);
        self.create(place, when, &ASSESSMENT, &format!("REQ-01-{n}"), None, need);
    }

    /// A task `EXEC-01-<n>` of the need `REQ-01-<need>`, assigned to `staff`, due where `due` says so.
    pub(crate) fn task(&mut self, place: usize, when: &str, n: usize, need: usize, staff: &str, more: Fields) {
        let record = format!("EXEC-01-{n}");
        let mut task = fields([("title", "上门维修")]);
        task.extend(more);
        self.create(place, when, &TASK, &record, Some(&format!("REQ-01-{need}")), task);
        self.step(place, when, "主管*", &record, "assigned", fields([("assignee", staff)]));
    }

    pub(crate) fn apply(&self, conn: &Connection) {
        for (doc, dossier) in &self.documents {
            readmodel::apply(conn, *doc, &dossier.read()).unwrap();
        }
    }

    /// Rows of all of it.
    pub(crate) fn rows(&self) -> Connection {
        let conn = tables();
        self.apply(&conn);
        conn
    }
}

pub(crate) fn json(result: &impl serde::Serialize) -> String {
    serde_json::to_string(result).unwrap()
}
