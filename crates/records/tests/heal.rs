//! Changes are taken in one by one, two lines under one actor become one again, and nothing that anybody wrote is lost (I5, I6).
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod world;

use std::collections::BTreeSet;

use automerge::{ActorId, Change, ExpandedChange};
use proptest::prelude::*;
use records::{ASSESSMENT, Aside, Dossier, Entry, TASK, Value};
use vocab::{ChangeHash, DeviceCode, EventId, RecordId};
use world::*;

/// One thing somebody does. The one whose store is copied counts records and events on from where the copy was made.
#[derive(Debug, Clone)]
enum Act {
    Task { who: usize },
    Assessment { who: usize },
    Step { who: usize, task: usize, step: usize },
    Set { who: usize, field: usize, pick: usize },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (0..2_usize).prop_map(|who| Act::Task { who }),
        1 => (0..2_usize).prop_map(|who| Act::Assessment { who }),
        4 => (0..2_usize, 0..4_usize, 0..6_usize).prop_map(|(who, task, step)| Act::Step { who, task, step }),
        3 => (0..2_usize, 0..4_usize, 0..4_usize).prop_map(|(who, field, pick)| Act::Set { who, field, pick }),
    ]
}

/// A dossier in somebody's hands, with the counters of the two who write to it.
#[derive(Clone)]
struct Desk {
    dossier: Dossier,
    counters: [u64; 2],
    minute: i64,
}

impl Desk {
    fn new() -> Desk {
        Desk { dossier: with_feedback(), counters: [0, 0], minute: 200 }
    }

    fn play(&mut self, acts: &[Act], line: u8) {
        // The second hand belongs to another device on each line: only the first device was copied.
        let hands = [boss(), Person { number: 40 + line, ..boss2() }];
        for act in acts {
            self.minute += 1;
            let who = match act {
                Act::Task { who } | Act::Assessment { who } | Act::Step { who, .. } | Act::Set { who, .. } => *who,
            };
            let person = &hands[who];
            let code = DeviceCode::enrolled(u32::from(person.number));
            self.counters[who] += 1;
            let n = 100 + self.counters[who];
            let event = EventId::new(&code, n);
            let _ = person.try_edit(&mut self.dossier, self.minute, |edit| match act {
                Act::Task { .. } => {
                    let title = format!("任务{line}-{n}");
                    let mut task = fields([("title", title.as_str())]);
                    task.insert("due_at", Value::Time(at(500)));
                    edit.create(&TASK, &RecordId::new("EXEC", &code, n), Some(&id("REQ-01-1")), task)?;
                    edit.step(&event, &RecordId::new("EXEC", &code, n), "assigned", fields([("assignee", "王*")]))
                }
                Act::Assessment { .. } => {
                    let need = format!("需求{line}-{n}");
                    let record = RecordId::new("REQ", &code, n);
                    edit.create(&ASSESSMENT, &record, None, fields([("need", &need), ("plan", "上门")]))
                }
                Act::Step { task, step, .. } => {
                    let tasks: Vec<RecordId> = edit
                        .view()
                        .records
                        .iter()
                        .filter(|record| record.kind == &TASK)
                        .map(|record| record.id.clone())
                        .collect();
                    let codes = ["note", "delayed", "done", "reassigned", "started", "note"];
                    let text = format!("说明{line}-{n}");
                    let mut data = match codes[*step] {
                        "note" => fields([("text", &text)]),
                        "delayed" => fields([("reason", &text)]),
                        "reassigned" => fields([("assignee", "李*"), ("reason", &text)]),
                        _ => fields([]),
                    };
                    if codes[*step] == "delayed" {
                        data.insert("due_at", Value::Time(at(900 + self.minute)));
                    }
                    edit.step(&event, &tasks[task % tasks.len()], codes[*step], data)
                }
                Act::Set { field, pick, .. } => {
                    let (record, field, values) = [
                        ("CUST-01-1", "grade", ["vip", "core", "potential", "normal"]),
                        ("CUST-01-1", "history", ["甲", "甲，乙", "甲，乙，丙", "丁"]),
                        ("REQ-01-1", "need", ["设备无法开机", "设备无法开机，急", "电源", "设备"]),
                        ("REQ-01-1", "urgency", ["high", "medium", "low", "high"]),
                    ][*field];
                    edit.set(&id(record), fields([(field, values[*pick])]))
                }
            });
        }
    }
}

/// Everything that was written, by whom and when, without the names that may stand twice.
fn written(dossier: &Dossier) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for record in dossier.read().records {
        for entry in dossier.history(&record.id) {
            let said = match entry.entry {
                Entry::Field { field, before, after } => format!("{field} {before:?} {after:?}"),
                Entry::Event { event, data, .. } => format!("{event} {data}"),
            };
            all.insert(format!("{} {:?} {said}", entry.written.at, entry.written.author));
        }
    }
    all
}

fn parts<'c>(changes: &'c [Vec<u8>], cuts: &[usize]) -> Vec<Vec<&'c [u8]>> {
    let mut rest: Vec<&[u8]> = changes.iter().map(Vec::as_slice).collect();
    let mut parts = Vec::new();
    for cut in cuts {
        let tail = rest.split_off((*cut).min(rest.len()));
        parts.push(std::mem::replace(&mut rest, tail));
    }
    parts.push(rest);
    parts
}

fn hashes(dossier: &Dossier) -> BTreeSet<ChangeHash> {
    dossier.change_hashes().into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn healing_two_lines_keeps_all_that_both_said_whoever_does_it_and_in_whatever_order(
        before in prop::collection::vec(act(), 0..8),
        accepted in prop::collection::vec(act(), 1..12),
        written_apart in prop::collection::vec(act(), 1..12),
        cuts in prop::collection::vec(1..5_usize, 0..5),
    ) {
        let mut life = Desk::new();
        life.play(&before, 0);
        let mut lost = life.clone();
        life.play(&accepted, 1);
        lost.play(&written_apart, 2);
        let base = Desk::new().dossier.heads();
        let accepted = life.dossier.changes_since(&base);
        let relay = accepted.iter().map(Vec::as_slice).collect::<Vec<_>>();

        let mut healed = lost.dossier.clone();
        let taken = healed.take(&relay);
        prop_assert!(taken.set_aside.is_empty(), "{:?}", taken.set_aside);
        let expected: BTreeSet<String> = written(&life.dossier).union(&written(&lost.dossier)).cloned().collect();
        prop_assert_eq!(written(&healed), expected);

        // What the relay accepted is there as it is, and each line's numbers are used once.
        prop_assert!(hashes(&life.dossier).is_subset(&hashes(&healed)));
        for replaced in &taken.replaced {
            prop_assert!(!healed.holds(replaced.old));
            prop_assert!(healed.holds(replaced.new));
        }
        for authored in &taken.authored {
            prop_assert!(healed.holds(authored.hash));
        }

        // The relay, given the rest, shows the same.
        let mut at_relay = life.dossier.clone();
        let rest: Vec<Vec<u8>> = healed.changes_since(&life.dossier.heads());
        let outcome = at_relay.take(&rest.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert!(outcome.set_aside.is_empty());
        prop_assert_eq!(at_relay.read(), healed.read());

        // Whoever heals, in whatever parts it comes, writes the same bytes.
        let mut in_parts = lost.dossier.clone();
        for part in parts(&accepted, &cuts) {
            in_parts.take(&part);
        }
        prop_assert_eq!(hashes(&in_parts), hashes(&healed));
        prop_assert_eq!(in_parts.read(), healed.read());

        // Twice is once, and the saved form holds all of it.
        let again = healed.clone().take(&relay);
        prop_assert!(again.is_unchanged() && again.set_aside.is_empty());
        let mut all: Vec<Vec<u8>> = accepted.clone();
        all.extend(rest);
        let again = in_parts.take(&all.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert!(again.is_unchanged() && again.set_aside.is_empty());
        let loaded = Dossier::load(&healed.save()).unwrap();
        prop_assert_eq!(loaded.read(), healed.read());
        prop_assert_eq!(hashes(&loaded), hashes(&healed));
    }

    #[test]
    fn three_lives_of_one_store_are_healed_one_after_the_other(
        lives in prop::collection::vec(prop::collection::vec(act(), 1..6), 3),
    ) {
        let mut desks = Vec::new();
        for (line, acts) in lives.iter().enumerate() {
            let mut desk = Desk::new();
            desk.play(acts, u8::try_from(line).unwrap());
            desks.push(desk.dossier);
        }
        let base = Desk::new().dossier.heads();
        // Each life in turn meets what the relay has by then, and brings its own.
        let mut relay = Desk::new().dossier;
        for desk in &mut desks {
            let known: Vec<Vec<u8>> = relay.changes_since(&base);
            let taken = desk.take(&known.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert!(taken.set_aside.is_empty());
            let own: Vec<Vec<u8>> = desk.changes_since(&relay.heads());
            let taken = relay.take(&own.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert!(taken.set_aside.is_empty() && taken.authored.is_empty());
        }
        let known: Vec<Vec<u8>> = relay.changes_since(&base);
        for desk in &mut desks {
            desk.take(&known.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(hashes(desk), hashes(&relay));
            prop_assert_eq!(desk.read(), relay.read());
        }
    }

    /// Well-formed changes whose numbers, dependencies and references are anything.
    #[test]
    fn hostile_changes_are_set_aside_and_the_good_ones_go_on(
        acts in prop::collection::vec(act(), 2..12),
        forged in prop::collection::vec((any::<prop::sample::Index>(), 0..9_u8, any::<u64>(), any::<prop::sample::Index>()), 1..12),
    ) {
        let mut desk = Desk::new();
        let base = desk.dossier.clone();
        desk.play(&acts, 0);
        let good = desk.dossier.changes_since(&base.heads());
        let mut all = Vec::new();
        for (place, what, number, order) in &forged {
            let Some(bytes) = (!good.is_empty()).then(|| &good[place.index(good.len())]) else { continue };
            let hostile = forge(bytes, *what, *number);
            all.insert(order.index(all.len() + 1), hostile);
        }
        // The good ones keep their order among themselves, as a feed does.
        let mut mixed: Vec<Vec<u8>> = Vec::new();
        let mut hostile = all.into_iter();
        for change in &good {
            mixed.push(change.clone());
            mixed.extend(hostile.next());
        }
        mixed.extend(hostile);
        let mut dossier = base.clone();
        let taken = dossier.take(&mixed.iter().map(Vec::as_slice).collect::<Vec<_>>());
        for change in &good {
            let hash = ChangeHash::from_bytes(Change::try_from(&change[..]).unwrap().hash().0);
            prop_assert!(dossier.holds(hash), "{:?}", taken.set_aside.iter().map(|aside| aside.reason).collect::<Vec<_>>());
        }
        prop_assert_eq!(taken.applied.len() + taken.set_aside.len(), {
            let distinct: BTreeSet<&Vec<u8>> = mixed.iter().collect();
            distinct.len()
        });
        prop_assert!(!dossier.read().damaged);
        // Still a document: it can be saved, loaded and written to.
        let mut loaded = Dossier::load(&dossier.save()).unwrap();
        prop_assert_eq!(loaded.read(), dossier.read());
        prop_assert_eq!(hashes(&loaded), hashes(&dossier));
        wang().step(&mut loaded, 5_000, "EXEC-01-1", "note", fields([("text", "还能写")]));
        prop_assert!(Dossier::load(&loaded.save()).is_ok());
        // One by one comes to the same.
        let mut one_by_one = base.clone();
        let mut aside: Vec<Vec<u8>> = Vec::new();
        for change in &mixed {
            let mut given: Vec<&[u8]> = vec![change];
            given.extend(aside.iter().map(Vec::as_slice));
            let taken = one_by_one.take(&given);
            aside = taken.set_aside.into_iter().filter(|aside| aside.reason.may_fit_later()).map(|aside| aside.bytes).collect();
        }
        for change in &good {
            let hash = ChangeHash::from_bytes(Change::try_from(&change[..]).unwrap().hash().0);
            prop_assert!(one_by_one.holds(hash));
        }
    }
}

/// A change that its checksum and its columns say is right, and that is not.
fn forge(bytes: &[u8], what: u8, number: u64) -> Vec<u8> {
    use automerge::legacy::{ElementId, Key, ObjectId, OpId, OpType};
    let mut change: ExpandedChange = Change::try_from(bytes).unwrap().decode();
    change.hash = None;
    let stranger = ActorId::from([0xee, u8::try_from(number % 3).unwrap()].as_slice());
    let own = change.actor_id.clone();
    match what {
        0 => change.seq = number % 20 + 1,
        1 if number.is_multiple_of(2) => change.start_op = std::num::NonZeroU64::new(number % 3 + 1).unwrap(),
        1 => {
            change.actor_id = stranger;
            change.seq = 1;
            change.start_op = std::num::NonZeroU64::new(number % (1 << 31) + 1).unwrap();
        }
        2 => change.deps = vec![automerge::ChangeHash([u8::try_from(number % 250).unwrap(); 32])],
        3 => {
            change.actor_id = stranger;
            change.seq = 1;
            change.operations.iter_mut().for_each(|op| op.obj = ObjectId::Id(OpId::new(number % 300, &own)));
        }
        4 => {
            change.actor_id = stranger;
            change.seq = 1;
            let key = Key::Seq(ElementId::Id(OpId::new(number % 200, &own)));
            change.operations.iter_mut().for_each(|op| op.key = key.clone());
        }
        5 => {
            change.actor_id = stranger;
            change.seq = 1;
            change.operations.iter_mut().for_each(|op| op.pred = vec![OpId::new(number % 200 + 1, &own)].into());
        }
        6 => {
            change.actor_id = stranger;
            change.seq = 1;
            change.operations.iter_mut().for_each(|op| op.action = OpType::Delete);
        }
        7 => {
            change.actor_id = stranger;
            change.seq = 1;
            change.operations.iter_mut().for_each(|op| op.insert = !op.insert);
        }
        _ => {
            change.actor_id = stranger;
            change.seq = 1;
            change.operations.iter_mut().for_each(|op| op.obj = ObjectId::Root);
        }
    }
    Change::from(change).raw_bytes().to_vec()
}

#[test]
fn a_change_that_rests_on_missing_ones_waits_outside_and_fits_when_they_come() {
    let mut life = Desk::new();
    let base = life.dossier.clone();
    life.play(&[Act::Task { who: 0 }, Act::Task { who: 0 }, Act::Task { who: 1 }], 0);
    let changes = life.dossier.changes_since(&base.heads());
    let mut dossier = base.clone();
    let taken = dossier.take(&[&changes[2], &changes[1]]);
    assert!(taken.applied.is_empty());
    assert_eq!(taken.set_aside.iter().map(|aside| aside.reason).collect::<Vec<_>>(), [Aside::Waiting; 2]);
    assert_eq!(dossier.save(), base.save());
    assert!(dossier.missing().is_empty());
    let given: Vec<&[u8]> =
        taken.set_aside.iter().map(|aside| aside.bytes.as_slice()).chain([&changes[0][..]]).collect();
    let taken = dossier.take(&given);
    assert_eq!(taken.applied.len(), 3);
    assert!(taken.set_aside.is_empty());
    assert_eq!(dossier.read(), life.dossier.read());
}

#[test]
fn the_genesis_never_loses() {
    use automerge::{
        ObjType, ROOT,
        transaction::{CommitOptions, Transactable},
    };
    let mut other = automerge::Automerge::new().with_actor(ActorId::from([0_u8; 16]));
    let mut transaction = other.transaction();
    transaction.put_object(ROOT, "other", ObjType::Map).unwrap();
    transaction.commit_with(CommitOptions::default().with_time(1));
    let forged = other.get_changes(&[])[0].raw_bytes().to_vec();
    let mut dossier = with_feedback();
    let before = dossier.save();
    let taken = dossier.take(&[&forged]);
    assert_eq!(taken.set_aside.iter().map(|aside| aside.reason).collect::<Vec<_>>(), [Aside::Reused]);
    assert_eq!(dossier.save(), before);
}

#[test]
fn a_received_document_holds_all_but_what_does_not_fit() {
    let mut life = Desk::new();
    let base = life.dossier.clone();
    life.play(&[Act::Task { who: 0 }, Act::Task { who: 0 }], 0);
    let changes = life.dossier.changes_since(&base.heads());
    let gap = [base.save(), changes[1].clone()].concat();
    let (dossier, aside) = Dossier::receive(&gap).unwrap();
    assert_eq!(dossier.read(), base.read());
    assert_eq!(aside.len(), 1);
    let whole = [base.save(), changes[0].clone(), changes[1].clone()].concat();
    let (dossier, aside) = Dossier::receive(&whole).unwrap();
    assert!(aside.is_empty());
    assert_eq!(dossier.read(), life.dossier.read());
    let (dossier, aside) = Dossier::receive(&life.dossier.changes_since(&[]).concat()).unwrap();
    assert!(aside.is_empty());
    assert_eq!(dossier.read(), life.dossier.read());
    assert!(Dossier::receive(&base.save()[1..]).is_err());
    assert!(Dossier::receive(&[]).is_err());
}
