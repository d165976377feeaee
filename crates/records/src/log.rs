//! The events of one record: a graph by `prev`, and which of them take effect.
//!
//! Nothing here depends on the order in which events arrived: events are indexed by authored time and id, and two events
//! are concurrent when neither descends from the other. An event takes effect when, in the state its author had seen
//! (the fold of its effective ancestors), the author had the right to it and the state allowed it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vocab::{Actor, Author, EventId, RecordId, Role, Timestamp};

use crate::bits::Bits;
use crate::life::{self, Facts, Outcome};
use crate::schema::{EVENTS_PER_RECORD_MAX, EventKind, Kind, Right};
use crate::value::{Fields, Value};
use crate::view::Written;

/// An event as it stands in the document: one string of JSON under `events/<id>`. Who wrote it and when is said by the
/// change that carries it, once, and cannot differ from it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    /// The record it happened to.
    pub(crate) record: String,
    /// Its code.
    pub(crate) kind: String,
    /// The record's latest events that its author had seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) prev: Vec<String>,
    /// What it carries.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) data: BTreeMap<String, serde_json::Value>,
}

/// One event of a record.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) id: EventId,
    pub(crate) at: Timestamp,
    pub(crate) actor: Actor,
    pub(crate) author: Option<Author>,
    /// Absent when this version does not know the code or the data are not what it takes: it still connects `prev`.
    pub(crate) kind: Option<&'static EventKind>,
    pub(crate) code: String,
    pub(crate) prev: Vec<EventId>,
    pub(crate) data: Fields,
    /// Started when nobody was assigned: its author takes the task.
    pub(crate) takes: bool,
    /// The index of the event that a `resolved` one takes; known once the log is arranged.
    pub(crate) take: Option<usize>,
}

impl Event {
    pub(crate) fn is(&self, code: &str) -> bool {
        self.kind.is_some_and(|kind| kind.code == code)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name).and_then(Value::as_text)
    }

    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        self.data.get(name).and_then(Value::as_time)
    }

    pub(crate) fn staff(&self) -> Option<&str> {
        self.author.as_ref().map(|author| author.staff.as_str())
    }

    pub(crate) fn rank(&self) -> u8 {
        self.author.as_ref().map_or(0, |author| author.role.rank())
    }

    pub(crate) fn written(&self) -> Written {
        Written { at: self.at, actor: self.actor, author: self.author.clone() }
    }
}

/// Why an event takes no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoEffect {
    NoRight,
    OutOfStep,
}

impl NoEffect {
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            NoEffect::NoRight => "flag-no_right",
            NoEffect::OutOfStep => "flag-out_of_step",
        }
    }
}

/// The log of one record.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) events: Vec<Event>,
    ancestors: Vec<Bits>,
    /// The events that take effect.
    pub(crate) effective: Bits,
    /// Those that do not, and why; events of unknown kinds are in neither.
    pub(crate) ineffective: Vec<(usize, NoEffect)>,
}

impl Log {
    /// Arranges the events of a record of `kind` and decides which take effect.
    pub(crate) fn new(kind: &Kind, mut events: Vec<Event>, facts: &Facts) -> Log {
        events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        let past_bound = events.split_off(events.len().min(EVENTS_PER_RECORD_MAX));
        let ancestors = ancestors(&events);
        let places: BTreeMap<EventId, usize> =
            events.iter().enumerate().map(|(place, event)| (event.id.clone(), place)).collect();
        for event in events.iter_mut().filter(|event| event.is("resolved")) {
            event.take =
                event.text("take").and_then(|id| id.parse().ok()).and_then(|id: EventId| places.get(&id).copied());
        }
        let mut log = Log { events, ancestors, effective: Bits::EMPTY, ineffective: Vec::new() };
        let mut order: Vec<usize> = (0..log.events.len()).collect();
        order.sort_by_key(|index| (log.ancestors[*index].len(), *index));
        for index in order {
            let Some(step) = log.events[index].kind else { continue };
            let past = log.ancestors[index].and(&log.effective);
            let outcome = life::standing(kind, &log, &past, facts);
            match allowed(step, &outcome, log.events[index].author.as_ref()) {
                Ok(()) => {
                    log.events[index].takes = step.code == "started" && outcome.assignee.is_none();
                    log.effective.insert(index);
                }
                Err(why) => log.ineffective.push((index, why)),
            }
        }
        for event in past_bound {
            log.ineffective.push((log.events.len(), NoEffect::OutOfStep));
            log.ancestors.push(Bits::EMPTY);
            log.events.push(event);
        }
        log
    }

    /// What the effective events add up to.
    pub(crate) fn outcome(&self, kind: &Kind, facts: &Facts) -> Outcome {
        life::fold(kind, self, &self.effective, facts)
    }

    /// Whether `later` was written having seen `earlier`.
    pub(crate) fn descends(&self, later: usize, earlier: usize) -> bool {
        self.ancestors[later].contains(earlier)
    }

    pub(crate) fn ancestors(&self, index: usize) -> &Bits {
        &self.ancestors[index]
    }

    /// The events among `set` that fulfil a condition.
    pub(crate) fn select(&self, set: &Bits, condition: impl Fn(&Event) -> bool) -> Bits {
        let mut selected = Bits::EMPTY;
        set.iter().filter(|index| condition(&self.events[*index])).for_each(|index| selected.insert(index));
        selected
    }

    /// The events of `set` that no other event of `set` descends from.
    pub(crate) fn latest(&self, set: &Bits) -> Bits {
        let mut seen = Bits::EMPTY;
        set.iter().for_each(|index| seen.union(&self.ancestors[index]));
        set.without(&seen)
    }

    /// What the next event of this record names as `prev`.
    pub(crate) fn heads(&self) -> Vec<EventId> {
        let mut all = Bits::EMPTY;
        (0..self.events.len().min(EVENTS_PER_RECORD_MAX)).for_each(|index| all.insert(index));
        self.latest(&all).iter().map(|index| self.events[index].id.clone()).collect()
    }

    pub(crate) fn index_of(&self, id: &str) -> Option<usize> {
        self.events.iter().position(|event| event.id.as_str() == id)
    }
}

/// Whether `author` may take `step` in the state `outcome`.
pub(crate) fn allowed(step: &EventKind, outcome: &Outcome, author: Option<&Author>) -> Result<(), NoEffect> {
    let author = author.ok_or(NoEffect::NoRight)?;
    if !step.right.roles().contains(&author.role) {
        return Err(NoEffect::NoRight);
    }
    if step.right == Right::Assignee
        && author.role != Role::Supervisor
        && outcome.assignee.as_ref().is_some_and(|assignee| assignee != author.staff.as_str())
    {
        return Err(NoEffect::NoRight);
    }
    let in_step = step.from.is_empty() || step.from.contains(&outcome.state);
    let open = !outcome.void || matches!(step.code, "resolved" | "note");
    if in_step && open { Ok(()) } else { Err(NoEffect::OutOfStep) }
}

/// For each event those it descends from. Ids that are not there are ignored, and events that claim to descend from each
/// other count as concurrent: no honest client writes either.
fn ancestors(events: &[Event]) -> Vec<Bits> {
    let index: BTreeMap<&EventId, usize> = events.iter().enumerate().map(|(place, event)| (&event.id, place)).collect();
    let prev: Vec<Vec<usize>> =
        events.iter().map(|event| event.prev.iter().filter_map(|id| index.get(id).copied()).collect()).collect();
    let mut reach: Vec<Option<Bits>> = vec![None; events.len()];
    // A parent mostly stands before its child, so one pass in index order settles nearly everything; the rest by search.
    for place in 0..events.len() {
        if prev[place].iter().all(|parent| reach[*parent].is_some()) {
            let mut bits = Bits::EMPTY;
            for parent in &prev[place] {
                bits.insert(*parent);
                if let Some(beyond) = &reach[*parent] {
                    bits.union(beyond);
                }
            }
            reach[place] = Some(bits);
        }
    }
    let complete: Vec<Bits> =
        reach.iter().enumerate().map(|(place, bits)| bits.unwrap_or_else(|| search(place, &prev))).collect();
    let cyclic: Vec<usize> = (0..events.len()).filter(|place| complete[*place].contains(*place)).collect();
    let mut strict = complete.clone();
    for place in &cyclic {
        for other in complete[*place].iter().filter(|other| complete[*other].contains(*place)) {
            strict[*place].remove(other);
        }
    }
    strict
}

fn search(start: usize, prev: &[Vec<usize>]) -> Bits {
    let mut seen = Bits::EMPTY;
    let mut stack = prev[start].clone();
    while let Some(place) = stack.pop() {
        if !seen.contains(place) {
            seen.insert(place);
            stack.extend(&prev[place]);
        }
    }
    seen
}

impl StoredEvent {
    pub(crate) fn record(&self) -> Option<RecordId> {
        self.record.parse().ok()
    }
}

/// The data of a stored event, when they are what its kind takes.
pub(crate) fn data_of(kind: &EventKind, stored: &BTreeMap<String, serde_json::Value>) -> Option<Fields> {
    let mut data = Fields::new();
    for field in kind.data {
        match stored.get(field.name) {
            Some(json) => {
                data.insert(field.name, field.from_json(json).ok()?);
            }
            None if field.required => return None,
            None => {}
        }
    }
    Some(data)
}
