//! Facts that key figures count.

use std::collections::BTreeMap;

use vocab::{Month, RecordId, Timestamp};

use super::worker;
use super::{Tree, begun_at, came_at, counts, date, done_at, first, live, made_at, raised_at, received_at, time};
use crate::value::Value;
use crate::view::{Record, View};

/// What sort of fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactCode {
    /// A customer took part in something in a calendar month: a need raised, work begun or done, a score given, an inquiry or
    /// complaint made, an order placed that was not cancelled, a visit received. `at`: the first such instant of the month, one
    /// fact a month; `person`: the customer's owner. A void customer has none.
    Active,
    /// A complaint came in. `person`: who did the task it names; nobody when it names none.
    Complaint,
    /// A task was done and not cancelled. `at`: `done_at`; `person`: who did it; `ok`: whether by the FIRST estimate, absent
    /// without one.
    Done,
    /// The first task on site for a need was done. `person`: who did it; `value`: when a second one was made, in milliseconds;
    /// absent when one was enough. Cancelled tasks are none.
    FirstVisit,
    /// An inquiry or a complaint came in. `person`: its owner; `value`: when it was resolved, in milliseconds: a complaint is
    /// resolved while it is closed, an inquiry while it is answered and not passed on to another department.
    Issue,
    /// An order came in and was not cancelled. `person`: its owner; `value`: the quantity; `ok`: whether the same dossier has an
    /// earlier one.
    Order,
    /// A visit is planned. `at`: the planned day's first instant; `person`: the staff.
    PlannedVisit,
    /// A feedback came in; of several for one task the earliest. `person`: who did the task; `value`: the score as it stands.
    Score,
    /// A visit was made. `at`: the time of the report where it was written that day, else the day's first instant; `person`: the
    /// staff; `value`: the first instant of the day it was planned for, in milliseconds.
    Visit,
}

impl FactCode {
    /// Every sort.
    pub const ALL: [FactCode; 9] = [
        FactCode::Active,
        FactCode::Complaint,
        FactCode::Done,
        FactCode::FirstVisit,
        FactCode::Issue,
        FactCode::Order,
        FactCode::PlannedVisit,
        FactCode::Score,
        FactCode::Visit,
    ];

    /// The code in tables.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            FactCode::Active => "active",
            FactCode::Complaint => "complaint",
            FactCode::Done => "done",
            FactCode::FirstVisit => "first_visit",
            FactCode::Issue => "issue",
            FactCode::Order => "order",
            FactCode::PlannedVisit => "planned_visit",
            FactCode::Score => "score",
            FactCode::Visit => "visit",
        }
    }
}

/// One countable fact. What its parts mean [`FactCode`] says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// The record.
    pub record: RecordId,
    /// What sort.
    pub code: FactCode,
    /// When.
    pub at: Timestamp,
    /// Whose figures it counts in besides the branch's.
    pub person: Option<String>,
    /// A number.
    pub value: Option<i64>,
    /// Yes or no.
    pub ok: Option<bool>,
}

impl Fact {
    fn new(code: FactCode, record: &Record, at: Timestamp, person: Option<&str>) -> Fact {
        Fact { record: record.id.clone(), code, at, person: person.map(str::to_owned), value: None, ok: None }
    }
}

/// The countable facts of a document, sorted.
#[must_use]
pub fn facts(view: &View) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut activity = Vec::new();
    let tree = Tree::of(view);
    work(view, &tree, &mut facts, &mut activity);
    for record in live(view, "feedback").filter(|record| counts(record)) {
        let Some((at, score)) = received_at(record).zip(record.get("score").and_then(Value::as_integer)) else {
            continue;
        };
        let task = record.parent().and_then(|id| tree.get(id));
        activity.push(at);
        facts.push(Fact { value: Some(score), ..Fact::new(FactCode::Score, record, at, task.and_then(worker)) });
    }
    issues(view, &tree, &mut facts, &mut activity);
    orders(view, &mut facts, &mut activity);
    visits(view, &mut facts, &mut activity);
    active(view, activity, &mut facts);
    facts.sort();
    facts
}

/// What came of needs: tasks done, and whether one trip was enough.
fn work(view: &View, tree: &Tree<'_>, facts: &mut Vec<Fact>, activity: &mut Vec<Timestamp>) {
    for task in live(view, "task") {
        activity.extend(begun_at(task).filter(|_| task.state() != Some("cancelled")));
        let Some(at) = done_at(task) else { continue };
        activity.push(at);
        let ok = match task.get("on_time") {
            Some(Value::Flag(on_time)) => Some(*on_time),
            _ => None,
        };
        facts.push(Fact { ok, ..Fact::new(FactCode::Done, task, at, worker(task)) });
    }
    for assessment in live(view, "assessment") {
        activity.push(raised_at(assessment));
        // Imported rows are all written at once: their order is that of the work.
        let made = |task: &Record| begun_at(task).unwrap_or(task.created.at).min(task.created.at);
        let on_site = tree
            .children("task", assessment)
            .filter(|task| task.text("mode") == Some("onsite") && task.state() != Some("cancelled"));
        let mut trips: Vec<(Timestamp, &Record)> = on_site.map(|task| (made(task), task)).collect();
        trips.sort_by(|(at, task), (other_at, other)| (at, &task.id).cmp(&(other_at, &other.id)));
        let Some((_, trip)) = trips.first() else { continue };
        if let Some(at) = done_at(trip) {
            let value = trips.get(1).map(|(made, _)| made.millis());
            facts.push(Fact { value, ..Fact::new(FactCode::FirstVisit, trip, at, worker(trip)) });
        }
    }
}

fn issues(view: &View, tree: &Tree<'_>, facts: &mut Vec<Fact>, activity: &mut Vec<Timestamp>) {
    for record in live(view, "inquiry").chain(live(view, "complaint")) {
        let at = came_at(record);
        activity.push(at);
        let resolved = match (record.kind.code, record.state()) {
            ("inquiry", Some("answered" | "adjusted" | "confirmed" | "followed_up")) => {
                let steps = ["answered", "adjusted", "confirmed", "followed_up", "imported"];
                time(record, "answered_at").or_else(|| first(record, &steps).map(|step| step.written.at))
            }
            ("complaint", Some("closed")) => {
                let closed = || first(record, &["closed", "imported"]).map(|step| step.written.at);
                time(record, "closed_at").or_else(closed)
            }
            _ => None,
        };
        let value = resolved.map(Timestamp::millis);
        facts.push(Fact { value, ..Fact::new(FactCode::Issue, record, at, record.text("owner")) });
        if record.kind.code == "complaint" {
            let about = record.text("exec_id").and_then(|id| tree.get(id));
            facts.push(Fact::new(FactCode::Complaint, record, at, about.and_then(worker)));
        }
    }
}

fn orders(view: &View, facts: &mut Vec<Fact>, activity: &mut Vec<Timestamp>) {
    let mut orders: Vec<&Record> = live(view, "order").filter(|order| order.state() != Some("cancelled")).collect();
    orders.sort_by(|a, b| (came_at(a), &a.id).cmp(&(came_at(b), &b.id)));
    for (place, order) in orders.into_iter().enumerate() {
        let at = came_at(order);
        activity.push(at);
        let value = order.get("quantity").and_then(Value::as_integer);
        facts.push(Fact { value, ok: Some(place > 0), ..Fact::new(FactCode::Order, order, at, order.text("owner")) });
    }
}

fn visits(view: &View, facts: &mut Vec<Fact>, activity: &mut Vec<Timestamp>) {
    for visit in live(view, "visit") {
        let planned = date(visit, "planned_on").map(|day| day.start());
        let staff = visit.text("staff");
        if let Some(at) = made_at(visit) {
            activity.push(at);
            let value = planned.map(Timestamp::millis);
            facts.push(Fact { value, ..Fact::new(FactCode::Visit, visit, at, staff) });
        } else if let Some(at) = planned.filter(|_| visit.state() == Some("planned")) {
            facts.push(Fact::new(FactCode::PlannedVisit, visit, at, staff));
        }
    }
}

/// One fact for each month in which something happened.
fn active(view: &View, activity: Vec<Timestamp>, facts: &mut Vec<Fact>) {
    let customer = view.customer.as_ref().and_then(|id| view.record(id)).filter(|record| !record.is_void());
    let Some(customer) = customer else { return };
    let mut months: BTreeMap<Month, Timestamp> = BTreeMap::new();
    for at in activity {
        let earliest = months.entry(Month::of(at)).or_insert(at);
        *earliest = at.min(*earliest);
    }
    let owner = customer.text("owner");
    facts.extend(months.into_values().map(|at| Fact::new(FactCode::Active, customer, at, owner)));
}
