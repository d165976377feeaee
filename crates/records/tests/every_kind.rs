//! Every kind of record: random work on it converges, whatever the order of arrival and whatever a client writes that checks
//! nothing.
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod world;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ROOT, ReadDoc};
use proptest::prelude::*;
use records::{ALL_KINDS, Class, Dossier, Field, Fields, Shape, Value};
use vocab::RecordId;
use world::*;

/// Something a field takes, by `pick`.
fn datum(field: &Field, pick: i64) -> Value {
    let place = usize::try_from(pick).unwrap();
    match field.shape {
        Shape::Staff => ["王*", "李*", "赵*"][place % 3].into(),
        Shape::Masked => "张*".into(),
        Shape::Time => Value::Time(at(pick)),
        Shape::Date => Value::Date(at(pick * 600).day()),
        Shape::Integer { min, max } => Value::Integer(min.max(-5) + pick % 4 % (max - min.max(-5) + 1)),
        Shape::Enum(list) => list.codes[place % list.codes.len()].into(),
        Shape::Notes => Value::Notes(Vec::new()),
        Shape::Signature => Value::Signature(records::Signature { signer: "张*".into(), at: None, what: None }),
        Shape::Reference("customer") => ["CUST-01-2", "CUST-01-3"][place % 2].into(),
        _ => ["说明", "另一说明"][place % 2].into(),
    }
}

/// Who, on which copy, which record, which step, data by.
type Act = (usize, usize, usize, usize, i64);

fn acts() -> impl Strategy<Value = Vec<(Act, bool)>> {
    prop::collection::vec(
        ((0..6_usize, 0..3_usize, 0..10_usize, 0..16_usize, 0..400_i64), prop::bool::weighted(0.2)),
        1..40,
    )
}

/// Plays the acts on three copies that meet now and then; every change they made.
fn play(base: &Dossier, acts: &[(Act, bool)]) -> Vec<Vec<u8>> {
    let people = [boss(), boss2(), wang(), li(), analyst(), manager()];
    let ids: Vec<RecordId> = base.read().records.iter().map(|record| record.id.clone()).collect();
    let mut copies = vec![base.clone(), base.clone(), base.clone()];
    for (number, ((who, copy, record, step, pick), meets)) in acts.iter().enumerate() {
        let minute = i64::try_from(number).unwrap();
        let number = people[*who].number + 10 * u8::try_from(copy + 1).unwrap();
        let person = Person { number, author: people[*who].author.clone() };
        let id = &ids[record % ids.len()];
        let kind = records::kind_of_prefix(id.prefix()).unwrap();
        let event = person.event(1_000 + minute);
        if pick % 9 == 0 {
            // A supervisor settles whatever is open.
            let open = copies[*copy].read().conflicts;
            if let Some(conflict) = open.get(usize::try_from(*pick).unwrap() % open.len().max(1)) {
                let _ =
                    person.try_edit(&mut copies[*copy], 200 + minute / 3, |edit| edit.resolve(&event, &conflict.id, 1));
            }
        } else if pick % 5 == 0 {
            let writable: Vec<_> = kind.writable().collect();
            let field = writable[step % writable.len()];
            let data = Fields::from([(field.name, datum(field, *pick))]);
            let _ = person.try_edit(&mut copies[*copy], 200 + minute / 3, |edit| edit.set(id, data));
        } else {
            let step = &kind.events[step % kind.events.len()];
            let chosen = step.data.iter().filter(|field| field.required || pick % 2 == 0);
            let data = chosen.map(|field| (field.name, datum(field, *pick))).collect();
            let _ =
                person.try_edit(&mut copies[*copy], 200 + minute / 3, |edit| edit.step(&event, id, step.code, data));
        }
        if *meets {
            let changes = copies[*copy].changes_since(&copies[(copy + 1) % 3].heads());
            copies[(copy + 1) % 3].apply(&changes.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        }
    }
    let mut all = base.clone();
    for copy in &copies {
        let changes = copy.changes_since(&all.heads());
        all.apply(&changes.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    }
    all.changes_since(&base.heads())
}

fn shuffled(changes: &[Vec<u8>], swaps: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut shuffled = changes.to_vec();
    for (place, other) in swaps.iter().enumerate().take(changes.len()) {
        shuffled.swap(place, other.index(changes.len()));
    }
    shuffled
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn equal_sets_of_events_give_equal_results_for_every_kind(
        acts in acts(),
        swaps in prop::collection::vec(any::<prop::sample::Index>(), 60),
        on_board: bool,
    ) {
        let base = if on_board { board() } else { full() };
        let changes = play(&base, &acts);
        let mut in_order = base.clone();
        in_order.apply(&changes.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        let mut one_by_one = base.clone();
        for change in shuffled(&changes, &swaps) {
            one_by_one.apply(&[&change]).unwrap();
            one_by_one.apply(&[&change]).unwrap();
        }
        let view = in_order.read();
        prop_assert!(!view.damaged);
        prop_assert_eq!(&one_by_one.read(), &view);
        prop_assert_eq!(&Dossier::load(&in_order.save()).unwrap().read(), &view);
        for record in &view.records {
            prop_assert_eq!(in_order.history(&record.id), one_by_one.history(&record.id));
            if let Some(Shape::Enum(states)) = record.kind.state_field.and_then(|name| record.kind.field(name)).map(|field| field.shape) {
                prop_assert!(states.codes.contains(&record.state().unwrap()), "{} {:?}", record.id, record.state());
            }
        }
        let ids: std::collections::BTreeSet<_> = view.conflicts.iter().map(|conflict| &conflict.id).collect();
        prop_assert_eq!(ids.len(), view.conflicts.len(), "every conflict can be named");
    }

    /// Events as a client may write them that checks nothing: any record, code, data, author and prev, cycles included.
    #[test]
    fn any_graph_of_events_of_any_kind_folds_without_panic_and_equally_in_any_order(
        forged in prop::collection::vec((0..10_usize, 0..16_usize, 0..400_i64, prop::collection::vec(0..20_usize, 0..3), 0..6_usize), 1..20),
        swaps in prop::collection::vec(any::<prop::sample::Index>(), 20),
        on_board: bool,
    ) {
        let base = if on_board { board() } else { full() };
        let saved = base.save();
        let ids: Vec<RecordId> = base.read().records.iter().map(|record| record.id.clone()).collect();
        let mut changes = Vec::new();
        for (number, (record, step, pick, prev, role)) in forged.iter().enumerate() {
            let id = &ids[record % ids.len()];
            let kind = records::kind_of_prefix(id.prefix()).unwrap();
            let step = &kind.events[step % kind.events.len()];
            let mut data: serde_json::Map<String, serde_json::Value> =
                step.data.iter().map(|field| (field.name.to_owned(), datum(field, *pick).to_json())).collect();
            if step.code == "resolved" {
                let fields = kind.fields;
                data.insert("field".into(), fields[usize::try_from(*pick).unwrap() % fields.len()].name.into());
                data.insert("take".into(), format!("07-{}", pick % 20 + 1).into());
            }
            let prev: Vec<String> = prev.iter().map(|prev| format!("07-{}", prev + 1)).collect();
            let json = serde_json::json!({ "record": id, "kind": step.code, "prev": prev, "data": data });
            let mut doc = Automerge::load(&saved).unwrap();
            doc.set_actor(ActorId::from([40 + u8::try_from(number).unwrap(), 1].as_slice()));
            let (_, events) = doc.get(ROOT, "events").unwrap().unwrap();
            let mut transaction = doc.transaction();
            transaction.put(&events, format!("07-{}", number + 1), json.to_string()).unwrap();
            let author = ["supervisor:主管*", "engineer:王*", "auditor:审*", "nobody", "process_manager:流程*", "administrator:管*"][*role];
            let options = CommitOptions::default().with_message(author).with_time(at(100 + pick % 50).millis());
            let hash = transaction.commit_with(options).0.unwrap();
            changes.push(doc.get_change_by_hash(&hash).unwrap().raw_bytes().to_vec());
        }
        let mut forwards = base.clone();
        changes.iter().for_each(|change| forwards.apply(&[change]).unwrap());
        let mut otherwise = base.clone();
        shuffled(&changes, &swaps).iter().for_each(|change| otherwise.apply(&[change]).unwrap());
        prop_assert!(!forwards.read().damaged);
        prop_assert_eq!(forwards.read(), otherwise.read());
    }
}

#[test]
fn every_kind_stands_in_one_of_the_example_documents_and_is_void_only_by_an_event() {
    let mut found = std::collections::BTreeSet::new();
    for (mut document, class) in [(full(), Class::Dossier), (board(), Class::Board)] {
        assert_eq!(document.read().class(), Some(class));
        for (minute, record) in (200..).zip(document.read().records) {
            found.insert(record.kind.code);
            boss().step(&mut document, minute, record.id.as_str(), "void", fields([("why", "录入错误")]));
            assert!(document.read().record(&record.id).unwrap().is_void(), "{}", record.id);
            assert!(boss().try_edit(&mut document, 300, |edit| edit.set(&record.id, Fields::new())).is_err());
        }
    }
    let missing: Vec<_> = ALL_KINDS.iter().map(|kind| kind.code).filter(|code| !found.contains(code)).collect();
    assert_eq!(missing, ["policy"]);
}

#[test]
fn prefixes_codes_and_places_are_one_of_a_kind() {
    let codes: std::collections::BTreeSet<_> = ALL_KINDS.iter().map(|kind| kind.code).collect();
    let prefixes: std::collections::BTreeSet<_> = ALL_KINDS.iter().map(|kind| kind.prefix).collect();
    assert_eq!((codes.len(), prefixes.len()), (ALL_KINDS.len(), ALL_KINDS.len()));
    for kind in ALL_KINDS {
        for (earlier, later) in kind.order {
            assert!(kind.field(earlier).is_some() && kind.field(later).is_some(), "{} {earlier} {later}", kind.code);
        }
        for name in kind.milestones.iter().flat_map(|milestone| milestone.fields) {
            assert!(kind.field(name).is_some(), "{} {name}", kind.code);
        }
        for event in kind.events {
            assert!(event.stamps.is_none_or(|name| kind.field(name).is_some()), "{} {}", kind.code, event.code);
            let Some(Shape::Enum(states)) = kind.state_field.and_then(|name| kind.field(name)).map(|field| field.shape)
            else {
                continue;
            };
            assert!(event.from.iter().all(|state| states.codes.contains(state)), "{} {}", kind.code, event.code);
        }
    }
}

#[test]
fn two_devices_that_open_the_board_apart_write_to_one_document() {
    let branch = vocab::BranchId::from_bytes([5; 16]);
    assert_eq!(Class::Board.document(branch), Class::Board.document(branch));
    let mut opened = Dossier::create();
    let other = board();
    let group = fields([("department", "物流"), ("task", "补发配件"), ("priority", "low")]);
    boss2().edit(&mut opened, 90, |edit| edit.create(&records::WORKING_GROUP, &id("GROUP-02-1"), None, group));
    let mut both = other.clone();
    both.apply(&opened.changes_since(&[]).iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    opened.apply(&other.changes_since(&[]).iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    assert_eq!(opened.read(), both.read());
    assert_eq!(both.read().records.len(), other.read().records.len() + 1);
}
