//! Whatever an edit does in one change, it knows of its document what reading it again would say.
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod world;

use proptest::prelude::*;
use records::{Dossier, Edit, Fields, Invalid, Kind, Value};
use vocab::{EventId, RecordId};
use world::*;

const KINDS: [&Kind; 8] = [
    &records::ASSESSMENT,
    &records::TASK,
    &records::FEEDBACK,
    &records::INQUIRY,
    &records::COMPLAINT,
    &records::VISIT,
    &records::CARE,
    &records::POINTS,
];

/// What to do, with which of the records there are, by `pick`.
#[derive(Debug, Clone)]
enum Act {
    Make(usize, usize, bool),
    Step(usize, usize, usize),
    Set(usize, usize),
    Void(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        5 => (0..KINDS.len(), 0..12_usize, any::<bool>()).prop_map(|(kind, parent, stated)| Act::Make(kind, parent, stated)),
        4 => (0..12_usize, 0..16_usize, 0..4_usize).prop_map(|(record, step, pick)| Act::Step(record, step, pick)),
        2 => (0..12_usize, 0..8_usize).prop_map(|(record, field)| Act::Set(record, field)),
        1 => (0..12_usize).prop_map(Act::Void),
    ];
    prop::collection::vec(act, 1..25)
}

fn value(field: &records::Field, pick: usize) -> Value {
    match field.shape {
        records::Shape::Masked | records::Shape::Staff => ["王*", "李*"][pick % 2].into(),
        records::Shape::Enum(list) => list.codes[pick % list.codes.len()].into(),
        records::Shape::Integer { min, .. } => Value::Integer(min.max(1)),
        records::Shape::Date => Value::Date(at(0).day()),
        records::Shape::Time => Value::Time(at(0)),
        records::Shape::Notes => Value::Notes(Vec::new()),
        records::Shape::Tags => Value::Tags(["夜间".to_owned()].into()),
        records::Shape::Signature => {
            Value::Signature(records::Signature { signer: "张*".into(), at: None, what: None })
        }
        _ => ["说明", "另一说明"][pick % 2].into(),
    }
}

/// Does one act; what came of it. `number` tells new records and events apart.
fn perform(edit: &mut Edit<'_>, act: &Act, number: u64, ids: &mut Vec<RecordId>) -> Result<(), Invalid> {
    let code = "07".parse().unwrap();
    let event = EventId::new(&code, 1_000 + number);
    match act {
        Act::Make(kind, parent, stated) => {
            let kind = KINDS[*kind];
            let id = RecordId::new(kind.prefix, &code, 500 + number);
            let parent = ids[parent % ids.len()].clone();
            let wanted = kind.fields.iter().filter(|field| field.required || field.name == "received_at");
            let mut fields: Fields = wanted.map(|field| (field.name, value(field, 0))).collect();
            let imported = kind.event("imported").filter(|_| *stated);
            if let Some(imported) = imported {
                let stated = imported.data.iter().filter(|datum| datum.required);
                fields.extend(stated.map(|datum| (datum.name, value(datum, usize::try_from(number).unwrap()))));
            }
            let made = match imported {
                Some(_) => edit.import(kind, &id, Some(&parent), &event, fields).map(drop),
                None => edit.create(kind, &id, Some(&parent), fields),
            };
            ids.extend(made.is_ok().then_some(id));
            made
        }
        Act::Step(record, step, pick) => {
            let id = ids[record % ids.len()].clone();
            let kind = records::kind_of_prefix(id.prefix()).unwrap();
            let step = &kind.events[step % kind.events.len()];
            if step.code == "resolved" {
                return Ok(());
            }
            let chosen = step.data.iter().filter(|field| field.required || pick % 2 == 0);
            let data = chosen.map(|field| (field.name, value(field, *pick))).collect();
            edit.step(&event, &id, step.code, data)
        }
        Act::Set(record, field) => {
            let id = ids[record % ids.len()].clone();
            let writable: Vec<_> = records::kind_of_prefix(id.prefix()).unwrap().writable().collect();
            let field = writable[field % writable.len()];
            edit.set(&id, Fields::from([(field.name, value(field, 1))]))
        }
        Act::Void(record) => {
            let id = ids[record % ids.len()].clone();
            edit.step(&event, &id, "void", fields([("why", "录入错误")]))
        }
    }
}

fn start() -> (Dossier, Vec<RecordId>) {
    let mut dossier = Dossier::create();
    let customer = id("CUST-07-1");
    boss().edit(&mut dossier, 0, |edit| {
        edit.create(&records::CUSTOMER, &customer, None, fields([("name", "王*"), ("channel", "phone")]))
    });
    (dossier, vec![customer])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn many_acts_in_one_change_come_to_the_same_as_a_change_for_each(acts in acts()) {
        let (mut together, mut ids) = start();
        let mut said = Vec::new();
        let _ = boss().try_edit(&mut together, 10, |edit| {
            for (number, act) in (1..).zip(&acts) {
                said.push(format!("{:?}", perform(edit, act, number, &mut ids)));
            }
            Ok(())
        });
        let (mut apart, mut others) = start();
        let mut said_apart = Vec::new();
        for (number, act) in (1..).zip(&acts) {
            let mut came = Ok(());
            let _ = boss().try_edit(&mut apart, 10, |edit| {
                came = perform(edit, act, number, &mut others);
                Ok(())
            });
            said_apart.push(format!("{came:?}"));
        }
        prop_assert_eq!(said, said_apart);
        prop_assert_eq!(&ids, &others);
        let (together, apart) = (together.read(), apart.read());
        prop_assert_eq!(together.records, apart.records);
        prop_assert_eq!(together.customer, apart.customer);
    }
}
