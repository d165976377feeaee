//! Life cycles that are a row of steps: each step leads to a state, and what it says stands in the record.
//!
//! Steps taken one after the other: the last says where the record stands. Steps taken apart: the one further along its
//! table, since a fact beats a forecast. What two said apart of one field follows that field's [`Rule`].

use std::cmp::Reverse;

use crate::bits::Bits;
use crate::life::{Flag, Outcome, taken};
use crate::log::{Event, Log};
use crate::schema::{Kind, Shape, Source};
use crate::value::{Note, Value};
use crate::view::Severity;

/// A row of steps as a table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    /// The state of a record nothing happened to yet.
    pub(crate) initial: &'static str,
    /// Steps and the states they lead to, those that weigh less first.
    pub(crate) steps: &'static [(&'static str, &'static str)],
    /// How fields follow from what was said apart; [`Rule::Latest`] unless listed.
    pub(crate) rules: &'static [(&'static str, Rule)],
    /// Fields that a step takes back: a reopened complaint is not closed.
    pub(crate) clears: &'static [(&'static str, &'static [&'static str])],
    /// The state that gives way to every other, with a flag: done beside cancelled is done, for the customer did receive it.
    pub(crate) cancelled: Option<&'static str>,
}

/// Which of several values said apart stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The later authored; whoever differs is shown.
    Latest,
    /// The earlier day or time, silently: repeated reports must not move figures.
    Earliest,
    /// The lower number, flagged: staff gain from raising it.
    Lower,
    /// The higher number, flagged: a danger is not talked down unseen.
    Higher,
    /// The higher role, then the later authored, flagged.
    Rank,
}

impl Rule {
    const fn flag(self) -> Option<(&'static str, Severity)> {
        match self {
            Rule::Latest => Some(("flag-said_twice", Severity::Notice)),
            Rule::Earliest => None,
            Rule::Lower => Some(("flag-corrected_twice", Severity::Decision)),
            Rule::Higher => Some(("flag-rated_twice", Severity::Decision)),
            Rule::Rank => Some(("flag-reassigned_twice", Severity::Decision)),
        }
    }
}

/// The state alone.
pub(super) fn standing(flow: &Flow, kind: &Kind, log: &Log, mask: &Bits) -> Outcome {
    let mut outcome = Outcome::new(flow.initial);
    state(flow, kind, log, mask, &mut outcome);
    outcome
}

pub(super) fn fold(flow: &Flow, kind: &Kind, log: &Log, mask: &Bits) -> Outcome {
    let mut outcome = standing(flow, kind, log, mask);
    let own = |name: &str| kind.state_field != Some(name) && name != "void" && name != "step_since";
    for field in kind.fields.iter().filter(|field| field.shape != Shape::Notes && own(field.name)) {
        said(flow, kind, field.name, log, mask, &mut outcome);
    }
    level(kind, &mut outcome);
    notes(kind, log, mask, &mut outcome);
    outcome
}

/// A risk weighs its probability times its impact.
fn level(kind: &Kind, outcome: &mut Outcome) {
    let Some(field) = kind.field("level") else { return };
    let factor = |name: &str| outcome.fields.get(name).and_then(Value::as_integer);
    outcome
        .put(field.name, factor("probability").zip(factor("impact")).map(|(probability, impact)| probability * impact));
}

/// Where a step leads: by the table, or for an imported row where it says the record stands.
fn leads(flow: &Flow, kind: &Kind, event: &Event) -> Option<(usize, &'static str)> {
    if event.is("imported") {
        let code = event.text(kind.state_field?)?;
        let place = flow.steps.iter().position(|(_, state)| *state == code);
        return match place {
            Some(place) => Some((place, flow.steps[place].1)),
            None => (code == flow.initial).then_some((0, flow.initial)),
        };
    }
    let place = flow.steps.iter().position(|(step, _)| event.is(step))?;
    Some((place, flow.steps[place].1))
}

fn state(flow: &Flow, kind: &Kind, log: &Log, mask: &Bits, outcome: &mut Outcome) {
    let Some(field) = kind.state_field else { return };
    let source = |index: usize| taken(log, index, field).unwrap_or(index);
    let place = |index: usize| leads(flow, kind, &log.events[source(index)]);
    let mut moves = Bits::EMPTY;
    mask.iter().filter(|index| place(*index).is_some()).for_each(|index| moves.insert(index));
    let mut latest: Vec<(usize, &'static str, usize)> =
        log.latest(&moves).iter().filter_map(|index| place(index).map(|(at, state)| (at, state, index))).collect();
    // Of two that lead to one state the first stands: repeated reports must not move figures.
    latest.sort_by_key(|(at, state, index)| (Some(*state) == flow.cancelled, Reverse(*at), *index));
    if let Some((_, state, index)) = latest.first().copied() {
        outcome.state = state;
        if kind.field("step_since").is_some() {
            // An imported row says since when, if its table does.
            let event = &log.events[source(index)];
            let stated = event.data.get("step_since").and_then(Value::as_time);
            outcome.put("step_since", Some(stated.unwrap_or(event.at)));
        }
        if latest.iter().any(|(_, other, _)| *other != state && Some(*other) == flow.cancelled) {
            let mut shown: Vec<(usize, Value)> = Vec::new();
            for (_, state, index) in &latest {
                if !shown.iter().any(|(_, known)| known.as_text() == Some(state)) {
                    shown.push((source(*index), Value::from(*state)));
                }
            }
            outcome.flags.push(Flag {
                reason: "flag-done_cancelled",
                field,
                severity: Severity::Decision,
                candidates: shown,
                decidable: true,
                about: Some(field.to_owned()),
            });
        }
    }
    outcome.put(field, Some(outcome.state));
}

/// What an event says of a field: a datum of that name, or the time it stamps.
fn says(kind: &Kind, event: &Event, name: &'static str) -> Option<Value> {
    if let Some(value) = event.data.get(name) {
        return (*value != Value::Text(String::new())).then(|| value.clone());
    }
    if event.kind?.stamps != Some(name) {
        return None;
    }
    Some(match kind.field(name)?.shape {
        Shape::Date => Value::Date(event.at.day()),
        _ => Value::Time(event.at),
    })
}

fn said(flow: &Flow, kind: &Kind, name: &'static str, log: &Log, mask: &Bits, outcome: &mut Outcome) {
    let rule = flow.rules.iter().find(|(field, _)| *field == name).map_or(Rule::Latest, |(_, rule)| *rule);
    let source = |index: usize| taken(log, index, name).unwrap_or(index);
    let clears = |event: &Event| flow.clears.iter().any(|(step, fields)| event.is(step) && fields.contains(&name));
    let value = |index: usize| {
        let event = &log.events[source(index)];
        if clears(event) { Some(Value::Text(String::new())) } else { says(kind, event, name) }
    };
    let mut speaking = Bits::EMPTY;
    mask.iter().filter(|index| value(*index).is_some()).for_each(|index| speaking.insert(index));
    let mut latest: Vec<(usize, Value)> =
        log.latest(&speaking).iter().filter_map(|index| Some((index, value(index)?))).collect();
    if latest.iter().any(|(index, _)| clears(&log.events[source(*index)])) {
        return;
    }
    match rule {
        // Indices follow authored time, so a greater index is later.
        Rule::Latest => latest.sort_by_key(|(index, _)| Reverse(*index)),
        Rule::Rank => latest.sort_by_key(|(index, _)| Reverse((log.events[*index].rank(), *index))),
        Rule::Earliest | Rule::Lower => latest.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0))),
        Rule::Higher => latest.sort_by(|a, b| (Reverse(&a.1), a.0).cmp(&(Reverse(&b.1), b.0))),
    }
    let Some((_, first)) = latest.first().cloned() else { return };
    if let Some((reason, severity)) = rule.flag()
        && latest.iter().any(|(_, value)| *value != first)
    {
        let mut candidates: Vec<(usize, Value)> = Vec::new();
        for (index, value) in latest {
            if !candidates.iter().any(|(_, known)| *known == value) {
                candidates.push((source(index), value));
            }
        }
        outcome.flags.push(Flag {
            reason,
            field: name,
            severity,
            candidates,
            decidable: true,
            about: Some(name.to_owned()),
        });
    }
    outcome.put(name, Some(first));
}

/// Notes: nothing anybody wrote is lost.
fn notes(kind: &Kind, log: &Log, mask: &Bits, outcome: &mut Outcome) {
    let Some(field) = kind.fields.iter().find(|field| field.shape == Shape::Notes && field.source == Source::Event)
    else {
        return;
    };
    let mut notes = Vec::new();
    for event in mask.iter().map(|index| &log.events[index]) {
        let by = event.author.as_ref().map(|author| author.staff.clone());
        let note = |text: &str| Note { text: text.to_owned(), by: by.clone(), at: Some(event.at) };
        if event.is("note") {
            notes.extend(event.text("text").map(note));
        } else if let Some(Value::Notes(imported)) = event.data.get(field.name) {
            notes.extend(imported.iter().map(|imported| note(&imported.text)));
        }
    }
    if !notes.is_empty() {
        outcome.put(field.name, Some(Value::Notes(notes)));
    }
}
