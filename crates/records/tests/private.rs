//! Phone numbers, e-mail addresses and identity numbers are refused in every text of every kind and of every step, with their place:
//! the tables of fields and steps are walked through, so that a field that is added is tried as well.
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod world;

use std::collections::{BTreeMap, BTreeSet};

use records::{ALL_KINDS, Class, Dossier, EventKind, Field, Fields, Invalid, Kind, Private, Shape, Source, Value};
use vocab::{DeviceCode, EventId, RecordId};

use crate::world::{Person, admin, board, boss, day, dossier, enact, full, id};

const DATA: [(Private, &str); 3] =
    [(Private::Phone, "13812345678"), (Private::Email, "li@example.com"), (Private::Identity, "11010519491231002X")];

/// A value with private data in it where a person may write; nothing where only a code, a number or an id stands. A name takes so
/// few characters and so few kinds of them that it may be refused for those.
fn with(field: &Field, data: &str) -> Option<Value> {
    match field.shape {
        Shape::Line(_) | Shape::Text(_) => Some(format!("联系{data}").into()),
        Shape::Tags => Some(Value::Tags([format!("联系{data}")].into())),
        Shape::Masked | Shape::Staff => Some(format!("王*{data}").into()),
        Shape::Enum(_) | Shape::Integer { .. } | Shape::Date | Shape::Time | Shape::Reference(_) => None,
        Shape::Notes | Shape::Signature | Shape::Flag => None,
    }
}

/// A value that a field takes.
fn good(field: &Field) -> Value {
    match field.shape {
        Shape::Line(_) | Shape::Text(_) => "已办".into(),
        Shape::Masked | Shape::Staff => "李*".into(),
        Shape::Enum(list) => list.codes[0].into(),
        Shape::Integer { min, .. } => min.max(1).into(),
        Shape::Date => day("2024-05-02"),
        Shape::Time => Value::Time(world::at(600)),
        Shape::Tags => Value::Tags(["A".to_owned()].into()),
        Shape::Reference("customer") => "CUST-09-9".into(),
        Shape::Reference(_) | Shape::Notes | Shape::Signature | Shape::Flag => "-".into(),
    }
}

/// Demands that `refusal` names the datum, the field and the place. Nothing may be refused for want of something else first.
fn demand(refusal: Result<Option<Vec<u8>>, Invalid>, kind: &Kind, field: &Field, what: Private, data: &str) {
    let is_name = matches!(field.shape, Shape::Masked | Shape::Staff);
    match refusal {
        Err(Invalid::Private { field: label, what: found, position, place }) => {
            assert_eq!((label, found), (field.label, what), "{} {}", kind.code, field.name);
            assert!(position <= 3 && place.contains(&format!("[{data}]")), "{} {}: {place}", kind.code, field.name);
        }
        Err(Invalid::Value { field: label, .. }) if is_name => assert_eq!(label, field.label),
        other => panic!("{} {} took {data}: {other:?}", kind.code, field.name),
    }
}

fn policy() -> Dossier {
    let mut policy = Dossier::create();
    enact(&mut policy, &admin(), 1, "POLICY-07-1", &records::Policy::default());
    policy
}

/// A document that holds a record of every kind of this class, and who may write there.
fn filled(class: Class) -> (Dossier, Person) {
    match class {
        Class::Dossier => (full(), boss()),
        Class::Board => (board(), boss()),
        Class::Policy => (policy(), admin()),
    }
}

/// A dossier whose task is not assigned and whose feedback form is out.
fn begun() -> Dossier {
    let mut begun = dossier();
    boss().edit(&mut begun, 5, |edit| {
        edit.create(&records::FEEDBACK, &id("FB-01-1"), Some(&id("EXEC-01-1")), Fields::new())
    });
    begun
}

fn of_kind(document: &Dossier, kind: &Kind) -> RecordId {
    document.read().records.iter().find(|record| record.kind == kind).unwrap().id.clone()
}

#[test]
fn no_field_of_any_kind_takes_private_data_when_a_record_is_made_or_changed() {
    let mut tried = BTreeSet::new();
    for kind in ALL_KINDS {
        let (document, who) = filled(kind.class);
        let standing = of_kind(&document, kind);
        let parent = kind.parent.as_ref().map(|link| of_kind(&document, records::kind(link.kind).unwrap()));
        for field in kind.fields {
            for (what, data) in DATA {
                let Some(value) = with(field, data) else { continue };
                let given = Fields::from([(field.name, value)]);
                if matches!(field.source, Source::Person | Source::Once | Source::Auto) {
                    // A customer begins a dossier.
                    let mut fresh = if kind == &records::CUSTOMER { Dossier::create() } else { document.clone() };
                    let new = RecordId::new(kind.prefix, &DeviceCode::enrolled(8), 88);
                    let made =
                        who.try_edit(&mut fresh, 900, |edit| edit.create(kind, &new, parent.as_ref(), given.clone()));
                    demand(made, kind, field, what, data);
                }
                if field.source == Source::Person {
                    let mut written = document.clone();
                    let set = who.try_edit(&mut written, 900, |edit| edit.set(&standing, given.clone()));
                    demand(set, kind, field, what, data);
                    assert_eq!(written.heads(), document.heads(), "nothing half written");
                }
                // What only a table says, such as a task's result, is found before the table is taken.
                let faults = kind.faults(&given);
                assert!(faults.iter().any(|(found, _)| found.name == field.name), "{} {}", kind.code, field.name);
                tried.insert((kind.code, field.name));
            }
        }
    }
    assert!(tried.len() > 80, "{} fields", tried.len());
}

/// What a step needs, each as its field takes it.
fn needed(step: &EventKind) -> Fields {
    step.data.iter().filter(|datum| datum.required).map(|datum| (datum.name, good(datum))).collect()
}

#[test]
fn no_step_of_any_kind_takes_private_data() {
    let mut untried: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    let mut tried = BTreeSet::new();
    for kind in ALL_KINDS {
        let (document, who) = filled(kind.class);
        let texts = |step: &'static EventKind| {
            let own = step.data.iter();
            let written = kind.fields.iter().filter(|field| step.writes.contains(&field.name));
            own.chain(written).filter(|field| with(field, "").is_some() && field.name != "digest")
        };
        // Every state that steps lead to, each once.
        let mut states: BTreeMap<Option<String>, Dossier> = BTreeMap::new();
        let mut waiting = vec![document];
        if matches!(kind.code, "task" | "feedback") {
            waiting.push(begun());
        }
        let mut number = 0;
        while let Some(document) = waiting.pop() {
            let record = of_kind(&document, kind);
            let state = document.read().record(&record).unwrap().state().map(str::to_owned);
            if states.insert(state, document.clone()).is_some() {
                continue;
            }
            for step in kind.events {
                number += 1;
                let event = EventId::new(&DeviceCode::enrolled(8), number);
                let take = |data: Fields| {
                    let mut next = document.clone();
                    who.try_edit(&mut next, 900, |edit| edit.step(&event, &record, step.code, data)).map(|_| next)
                };
                let Ok(next) = take(needed(step)) else { continue };
                for field in texts(step) {
                    for (what, data) in DATA {
                        let mut given = needed(step);
                        given.insert(field.name, with(field, data).unwrap());
                        demand(take(given).map(|_| None), kind, field, what, data);
                    }
                    tried.insert((kind.code, step.code, field.name));
                }
                waiting.push(next);
            }
        }
        untried.extend(
            kind.events.iter().flat_map(|step| texts(step).map(move |field| (kind.code, step.code, field.name))),
        );
    }
    assert!(tried.len() > 50, "{} texts of steps", tried.len());
    // An import's step takes what its table says, and a table's faults are told before (above); nobody types the others.
    let left: Vec<_> = untried.difference(&tried).filter(|(_, step, _)| *step != "imported").collect();
    assert_eq!(left, Vec::<&(&str, &str, &str)>::new());
}
