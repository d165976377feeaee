//! The view is a function of the changes held, not of how they came (I2), and no bytes break a reader (I6).
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod world;

use proptest::prelude::*;
use records::{Dossier, Fields, TASK, Value};
use world::*;

const RECORDS: [&str; 4] = ["CUST-01-1", "REQ-01-1", "EXEC-01-1", "FB-03-1"];

/// One action of somebody on their own copy, or a meeting of two copies.
#[derive(Debug, Clone)]
enum Act {
    Step { who: usize, copy: usize, record: usize, step: usize, pick: i64 },
    Set { who: usize, copy: usize, field: usize, pick: usize },
    Meet { from: usize, to: usize },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..5_usize, 0..3_usize, 1..4_usize, 0..16_usize, 0..500_i64)
            .prop_map(|(who, copy, record, step, pick)| Act::Step { who, copy, record, step, pick }),
        2 => (0..5_usize, 0..3_usize, 0..6_usize, 0..4_usize)
            .prop_map(|(who, copy, field, pick)| Act::Set { who, copy, field, pick }),
        2 => (0..3_usize, 0..3_usize).prop_map(|(from, to)| Act::Meet { from, to }),
    ]
}

fn datum(field: &records::Field, pick: i64) -> Value {
    use records::Shape;
    match field.shape {
        Shape::Staff => ["王*", "李*", "赵*"][usize::try_from(pick % 3).unwrap()].into(),
        Shape::Masked => "张*".into(),
        Shape::Time => Value::Time(at(pick)),
        Shape::Date => Value::Date(at(pick).day()),
        Shape::Integer { min, max } => Value::Integer(min + pick % (max - min + 1)),
        Shape::Enum(list) => list.codes[usize::try_from(pick).unwrap() % list.codes.len()].into(),
        Shape::Notes => Value::Notes(Vec::new()),
        Shape::Signature => Value::Signature(records::Signature { signer: "张*".into(), at: None, what: None }),
        _ => "说明".into(),
    }
}

/// Plays `acts` on three copies; the changes of all of them. An actor is a person on a copy: sequence numbers never collide.
fn play(base: &Dossier, acts: &[Act]) -> Vec<Vec<u8>> {
    let people = [boss(), boss2(), wang(), li(), analyst()];
    let mut copies = vec![base.clone(), base.clone(), base.clone()];
    for (minute, act) in acts.iter().enumerate() {
        // Several acts share a minute, so that equal stamps occur.
        let minute_shared = 200 + i64::try_from(minute / 3).unwrap();
        match *act {
            Act::Step { who, copy, record, step, pick } => {
                let person = on(&people[who], copy);
                let kind = records::kind_of_prefix(id(RECORDS[record]).prefix()).unwrap();
                let step = &kind.events[step % kind.events.len()];
                let mut data = Fields::new();
                for field in step.data.iter().filter(|field| field.required || pick % 2 == 0) {
                    data.insert(field.name, datum(field, pick));
                }
                if step.code == "resolved" {
                    continue;
                }
                let event = person.event(1_000 + i64::try_from(minute).unwrap());
                let _ = person.try_edit(&mut copies[copy], minute_shared, |edit| {
                    edit.step(&event, &id(RECORDS[record]), step.code, data)
                });
            }
            Act::Set { who, copy, field, pick } => {
                let person = on(&people[who], copy);
                let (record, field, values) = [
                    (0, "grade", ["vip", "core", "potential", "normal"]),
                    (0, "name", ["王*", "李*", "*先生", "张*"]),
                    (0, "history", ["2023年购买产品A", "2023年购买产品A，2024年续保", "无", "曾投诉一次"]),
                    (1, "need", ["设备无法开机", "无问题", "电源故障", "设备无法开机，急"]),
                    (1, "urgency", ["high", "medium", "low", "high"]),
                    (3, "measure", ["培训", "回访", "优化流程，培训", "无"]),
                ][field];
                let data = fields([(field, values[pick])]);
                let _ = person.try_edit(&mut copies[copy], minute_shared, |edit| edit.set(&id(RECORDS[record]), data));
            }
            Act::Meet { from, to } => {
                let changes = copies[from].changes_since(&copies[to].heads());
                let changes: Vec<&[u8]> = changes.iter().map(Vec::as_slice).collect();
                copies[to].apply(&changes).unwrap();
            }
        }
    }
    let mut all = base.clone();
    for copy in &copies {
        let changes = copy.changes_since(&all.heads());
        all.apply(&changes.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    }
    all.changes_since(&base.heads())
}

fn on(person: &world::Person, copy: usize) -> world::Person {
    let number = person.number + 10 * u8::try_from(copy + 1).unwrap();
    world::Person { number, author: person.author.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_of_arrival_and_any_partition_give_equal_views(
        acts in prop::collection::vec(act(), 1..40),
        orders in prop::collection::vec(any::<prop::sample::Index>(), 80),
        cut in any::<prop::sample::Index>(),
    ) {
        let base = with_feedback();
        let changes = play(&base, &acts);
        let mut shuffled = changes.clone();
        for (place, other) in orders.iter().enumerate().take(shuffled.len()) {
            let other = other.index(shuffled.len());
            shuffled.swap(place, other);
        }
        let mut in_order = base.clone();
        in_order.apply(&changes.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        let mut one_by_one = base.clone();
        for change in &shuffled {
            one_by_one.apply(&[change]).unwrap();
            // Twice is the same as once.
            one_by_one.apply(&[change]).unwrap();
        }
        let cut = if shuffled.is_empty() { 0 } else { cut.index(shuffled.len()) };
        let mut in_two = base.clone();
        for part in [&shuffled[cut..], &shuffled[..cut]] {
            in_two.apply(&part.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        }
        let view = in_order.read();
        prop_assert!(!view.damaged);
        prop_assert_eq!(one_by_one.heads(), in_order.heads());
        prop_assert_eq!(&one_by_one.read(), &view);
        prop_assert_eq!(&in_two.read(), &view);
        let mut concatenated = base.save();
        shuffled.iter().for_each(|change| concatenated.extend(change));
        prop_assert_eq!(&Dossier::load(&concatenated).unwrap().read(), &view);
        prop_assert_eq!(&Dossier::load(&in_order.save()).unwrap().read(), &view);
        for record in RECORDS {
            prop_assert_eq!(in_order.history(&id(record)), one_by_one.history(&id(record)));
        }
        // Whatever happened apart, the record is still there and in a state of its own.
        let task = view.record(&id("EXEC-01-1")).unwrap();
        prop_assert!(matches!(TASK.field("status").unwrap().shape, records::Shape::Enum(list) if list.codes.contains(&task.state().unwrap())));
    }

    #[test]
    fn no_bytes_make_loading_reading_or_applying_panic(
        position in any::<prop::sample::Index>(),
        value: u8,
        cut in any::<prop::sample::Index>(),
        garbage in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let base = with_feedback();
        let saved = base.save();
        let mut flipped = saved.clone();
        flipped[position.index(saved.len())] ^= value;
        for bytes in [&flipped[..], &saved[..cut.index(saved.len())], &garbage[..], &[&saved[..], &garbage[..]].concat()[..]] {
            if let Ok(dossier) = Dossier::load(bytes) {
                let _ = dossier.read();
                let _ = dossier.history(&id("EXEC-01-1"));
            }
        }
        let mut dossier = base.clone();
        prop_assert!(dossier.apply(&[&garbage]).is_err());
        prop_assert_eq!(dossier.save(), saved);
    }

    /// Events as a client may write them that checks nothing: any record, code, data and prev, cycles and unknown ids included.
    #[test]
    fn any_graph_of_events_folds_without_panic_and_equally_in_any_order(
        forged in prop::collection::vec((0..8_usize, 0..12_usize, prop::collection::vec(0..14_usize, 0..3), 0..3_u8, 0..5_usize), 1..14),
    ) {
        use automerge::{ActorId, Automerge, ObjType, ROOT, ReadDoc, transaction::{CommitOptions, Transactable}};
        let base = started();
        let saved = base.save();
        let mut changes = Vec::new();
        for (number, (code, pick, prev, actor, role)) in forged.iter().enumerate() {
            let mut doc = Automerge::load(&saved).unwrap();
            doc.set_actor(ActorId::from([40 + u8::try_from(number).unwrap(), *actor].as_slice()));
            let (value, events) = doc.get(ROOT, "events").unwrap().unwrap();
            prop_assert_eq!(value.to_objtype(), Some(ObjType::Map));
            let codes = ["started", "done", "cancelled", "reassigned", "reviewed", "corrected", "resolved", "nonsense"];
            let prev: Vec<String> = prev.iter().map(|prev| format!("0{}-{}", 7, prev + 1)).collect();
            let json = serde_json::json!({
                "record": if pick % 7 == 0 { "EXEC-09-9" } else { "EXEC-01-1" },
                "kind": codes[*code],
                "prev": prev,
                "data": {"assignee": "李*", "why": "x", "done_at": at(i64::try_from(*pick).unwrap()).to_string(), "field": "status", "take": format!("07-{}", pick + 1)},
            });
            let mut transaction = doc.transaction();
            transaction.put(&events, format!("07-{}", number + 1), json.to_string()).unwrap();
            let author = ["supervisor:主管*", "engineer:王*", "auditor:审*", "nobody", "engineer:李*"][*role];
            let options = CommitOptions::default().with_message(author).with_time(at(i64::try_from(*pick).unwrap()).millis());
            let hash = transaction.commit_with(options).0.unwrap();
            changes.push(doc.get_change_by_hash(&hash).unwrap().raw_bytes().to_vec());
        }
        let mut forwards = base.clone();
        changes.iter().for_each(|change| forwards.apply(&[change]).unwrap());
        let mut backwards = base.clone();
        changes.iter().rev().for_each(|change| backwards.apply(&[change]).unwrap());
        prop_assert!(!forwards.read().damaged);
        prop_assert_eq!(forwards.read(), backwards.read());
    }
}

#[test]
fn the_genesis_change_is_the_same_for_ever() {
    let golden = include_bytes!("golden/genesis.change");
    let changes = Dossier::create().changes_since(&[]);
    assert_eq!(changes, [golden.to_vec()]);
    assert!(Dossier::load(golden).is_ok());
}

#[test]
fn a_document_with_containers_of_another_make_is_not_a_dossier() {
    use automerge::{ObjType, ROOT, transaction::Transactable};
    let mut doc = automerge::AutoCommit::new();
    doc.put_object(ROOT, "records", ObjType::Map).unwrap();
    doc.put_object(ROOT, "events", ObjType::Map).unwrap();
    assert_eq!(Dossier::load(&doc.save()).unwrap_err(), records::Corrupt::NotADossier);
    assert!(Dossier::load(&Dossier::create().save()).is_ok());
}
