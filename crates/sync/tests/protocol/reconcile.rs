//! What reconciling does: whatever the two sides hold, afterwards they hold the same.

use std::sync::Arc;

use proptest::prelude::*;
use sync::limits::{FRAME_BYTES_WANTED_MAX, FRAME_BYTES_WANTED_MIN};
use sync::wire::{Frame, Packing};
use sync::{AdoptReason, Mode, Outcome, Plan, ReconcileReport, Tick};
use vocab::{Actor, ChangeHash, Cursor, DocId, Epoch, Position, Refusal, Sum};

use crate::pair::{Conversation, converse, converse_cut, go_on};
use crate::relay::Relay;
use crate::samples::{self, doc};
use crate::store::{Device, change};

const OTHER: Actor = Actor::from_bytes([0xcc; 16]);
const NEW_EPOCH: Epoch = Epoch::from_bytes([8; 16]);

/// A document with an id that looks random.
fn numbered(n: u64) -> DocId {
    let mix = |n: u64| {
        n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xd6e8_feb8_6659_fd93)
    };
    DocId::from_random(u128::to_be_bytes(u128::from(mix(n)) << 64 | u128::from(mix(!n))))
}

/// Changes to be used in any document.
fn pool(count: usize) -> Vec<(ChangeHash, Arc<[u8]>)> {
    (0..count).map(|n| change(OTHER, 1, &format!("change {n}"))).collect()
}

/// A device and a relay that hold `documents` documents of four changes each, in the same feed.
fn equal(documents: u64) -> (Device, Relay) {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let pool = pool(4);
    for n in 0..documents {
        for (hash, bytes) in &pool {
            device.hold(numbered(n), *hash, bytes.clone());
            relay.accept(numbered(n), *hash, bytes.clone());
        }
    }
    device.start.cursor = Cursor::at(relay.admission.head);
    device.start.frame_bytes = FRAME_BYTES_WANTED_MAX;
    (device, relay)
}

fn reconciled(device: &mut Device, relay: &mut Relay) -> (Conversation, ReconcileReport) {
    let talk = converse(device, relay, Mode::Once);
    assert_eq!(talk.outcome, Some(Outcome::Done));
    assert_same(device, relay);
    let report = talk.device.report().reconcile.expect("it reconciled");
    (talk, report)
}

/// Both sides hold the same, apart from what the relay refused.
fn assert_same(device: &Device, relay: &Relay) {
    assert_eq!(device.start.sum, relay.sum());
    assert_eq!(device.book(), relay.book());
    assert_eq!((device.start.cursor, device.outbox.len()), (Cursor::at(relay.admission.head), 0));
    assert!(!device.start.suspect && device.start.epoch == Some(relay.admission.epoch));
}

#[expect(clippy::print_stdout, reason = "the figures are worth reading, besides their bounds")]
fn print(what: &str, talk: &Conversation) {
    let sync::Report { bytes_up, bytes_down, round_trips, reconcile, .. } = talk.device.report();
    println!("{what}: {bytes_up} B up, {bytes_down} B down, {round_trips} round trips, {reconcile:?}");
}

#[test]
fn ten_thousand_equal_documents_under_a_new_epoch_cost_three_round_trips_and_20_kb() {
    let (mut device, mut relay) = equal(10_000);
    relay.admission.epoch = NEW_EPOCH;
    let (talk, reconcile) = reconciled(&mut device, &mut relay);
    let report = talk.device.report();
    print("10,000 equal documents", &talk);
    assert_eq!((report.round_trips, reconcile.rounds, reconcile.differing), (3, 1, 0));
    assert!(report.bytes_up + report.bytes_down < 20_000, "{report:?}");
    assert_eq!(device.adopted, [(NEW_EPOCH, AdoptReason::Reconciled)]);
    let talk = converse(&mut device, &mut relay, Mode::Once);
    assert_eq!((talk.outcome, talk.device.report().round_trips), (Some(Outcome::Done), 1));
}

#[test]
fn of_ten_thousand_documents_with_a_hundred_differing_on_each_side_what_differs_is_found_and_brought() {
    let (mut device, mut relay) = equal(10_000);
    relay.admission.epoch = NEW_EPOCH;
    let (hash, bytes) = change(OTHER, 1, "only one side has this");
    for n in 0..100 {
        device.hold(numbered(n * 97), hash, bytes.clone());
        relay.accept(numbered(n * 97 + 13), hash, bytes.clone());
    }
    let (talk, reconcile) = reconciled(&mut device, &mut relay);
    let report = talk.device.report();
    print("10,000 documents, 100 differing on each side", &talk);
    let ReconcileReport { differing, compared, taken, restored, refused, rounds } = reconcile;
    assert_eq!((differing, compared, taken, restored, refused), (200, 200, 100, 100, 0));
    assert!(rounds <= 3 && report.round_trips <= 7, "{report:?}");
    assert!(report.bytes_up + report.bytes_down < 160_000, "{report:?}");
}

#[test]
fn a_relay_that_lost_its_disk_gets_everything_back_and_sends_nothing_back() {
    let (mut device, full) = equal(2_000);
    let mut relay = Relay::new();
    relay.admission.epoch = NEW_EPOCH;
    device.start.frame_bytes = 16 * 1024;
    let hash = device.edit(doc(1), "waits");
    let (talk, reconcile) = reconciled(&mut device, &mut relay);
    let report = talk.device.report();
    print("2,000 documents brought back", &talk);
    assert_eq!((reconcile.restored, reconcile.compared, reconcile.taken), (8_000, 0, 0));
    assert!(relay.holds(doc(1), hash) && report.pushed == 1);
    assert!(report.bytes_down < 10_000, "{report:?}");
    assert_eq!(relay.sum(), full.sum() + Sum::of_change(doc(1), hash));
}

#[test]
fn what_is_brought_back_goes_in_frames_that_grow_with_what_the_link_carries() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    for n in 0..2_000 {
        // Ids of other documents: text that does not pack.
        let text: String = (1..=8).map(|part| numbered(n * 8 + part).to_string()).collect();
        let (hash, bytes) = change(OTHER, 1, &text);
        device.hold(numbered(n), hash, bytes);
    }
    let bytes: usize = device.held.values().flat_map(|changes| changes.values()).map(|bytes| bytes.len()).sum();
    device.start.frame_bytes = FRAME_BYTES_WANTED_MIN;
    relay.admission.epoch = NEW_EPOCH;
    let (talk, reconcile) = reconciled(&mut device, &mut relay);
    assert_eq!(reconcile.restored, 2_000);
    let of_one_size = bytes / FRAME_BYTES_WANTED_MIN as usize;
    assert!(talk.down.len() * 2 < of_one_size, "{} answers, {of_one_size} frames of one size", talk.down.len());
}

#[test]
fn a_relay_restored_from_a_backup_is_given_what_came_after_by_each_device_that_holds_it() {
    let (mut one, mut relay) = equal(300);
    let mut two = one.clone();
    two.start.actor = Device::another(10).start.actor;
    let backup = relay.clone();
    one.edit(numbered(3), "one");
    two.edit(numbered(4), "two");
    for device in [&mut one, &mut two] {
        assert_eq!(converse(device, &mut relay, Mode::Once).outcome, Some(Outcome::Done));
    }
    assert_eq!(converse(&mut one, &mut relay, Mode::Once).outcome, Some(Outcome::Done));
    assert_eq!(one.book(), two.book());
    // It has what both wrote, and comes back under another epoch.
    let mut relay = Relay { admission: sync::Admission { epoch: NEW_EPOCH, ..backup.admission.clone() }, ..backup };
    let (_, reconcile) = reconciled(&mut one, &mut relay);
    assert_eq!((reconcile.restored, reconcile.taken), (2, 0));
    let (_, reconcile) = reconciled(&mut two, &mut relay);
    assert_eq!((reconcile.restored, reconcile.taken), (0, 0));
}

#[test]
fn a_relay_whose_head_is_behind_the_device_is_reconciled_with() {
    let (mut device, mut relay) = equal(50);
    let backup = relay.clone();
    device.edit(numbered(1), "after the backup");
    assert_eq!(converse(&mut device, &mut relay, Mode::Once).outcome, Some(Outcome::Done));
    let mut relay = backup;
    let (_, reconcile) = reconciled(&mut device, &mut relay);
    assert_eq!(reconcile.restored, 1);
}

#[test]
fn sums_that_differ_at_the_cursor_are_found_in_the_handshake() {
    let (mut device, mut relay) = equal(50);
    let (hash, bytes) = change(OTHER, 1, "the relay lost this");
    device.hold(numbered(7), hash, bytes);
    let (_, reconcile) = reconciled(&mut device, &mut relay);
    assert_eq!((reconcile.restored, reconcile.differing), (1, 1));
}

#[test]
fn sums_that_differ_after_a_catch_up_end_the_session_and_the_next_one_reconciles() {
    let (mut device, mut relay) = equal(50);
    let pool = pool(4);
    let lost = device.held.get_mut(&numbered(9)).and_then(|held| held.remove(&pool[2].0));
    assert!(lost.is_some(), "a store lost a change and does not know");
    device.start.sum -= Sum::of_change(numbered(9), pool[2].0);
    let (hash, bytes) = change(OTHER, 1, "news");
    relay.accept(numbered(1), hash, bytes);
    // In the middle of a catch-up nothing is compared yet.
    device.start.cursor = Cursor { base: Position::new(199), through: Position::new(200) };
    let talk = converse(&mut device, &mut relay, Mode::Once);
    let (here, there) = (device.start.sum, relay.sum());
    assert_eq!(talk.outcome, Some(Outcome::Unequal { at: Position::new(201), here, relay: there }));
    assert_eq!(talk.closed, Some(sync::Code::Unequal));
    assert!(device.start.suspect);
    let (_, reconcile) = reconciled(&mut device, &mut relay);
    assert_eq!((reconcile.taken, reconcile.restored), (1, 0));
}

#[test]
fn a_follower_goes_live_after_reconciling_and_compares_every_live_sum() {
    let (mut device, mut relay) = equal(50);
    relay.admission.epoch = NEW_EPOCH;
    let mut talk = converse(&mut device, &mut relay, Mode::Follow);
    assert!(talk.device.is_caught_up());
    let mut live = |relay: &mut Relay, talk: &mut Conversation, value: &str| {
        let from = relay.admission.head;
        let (hash, bytes) = change(OTHER, 1, value);
        relay.accept(numbered(3), hash, bytes);
        talk.relay.handle_live(&relay.live(from), Tick::default());
        go_on(&mut device, relay, talk);
    };
    live(&mut relay, &mut talk, "one");
    assert!(talk.device.is_caught_up() && talk.outcome.is_none());
    // The relay's feed is not what it sends.
    let (hash, _) = change(OTHER, 1, "nobody sent this");
    let last = relay.sums.len() - 1;
    relay.sums[last] += Sum::of_change(doc(1), hash);
    live(&mut relay, &mut talk, "two");
    assert!(matches!(talk.outcome, Some(Outcome::Unequal { .. })), "{:?}", talk.outcome);
}

#[test]
fn tombstones_go_both_ways() {
    let (mut device, mut relay) = equal(50);
    let backup = relay.clone();
    relay.erase(numbered(1), "按客户要求");
    assert_eq!(converse(&mut device, &mut relay, Mode::Once).outcome, Some(Outcome::Done));
    assert_eq!(device.erased.len(), 1);
    // The relay comes back from before that, and has erased another one since.
    let mut relay = Relay { admission: sync::Admission { epoch: NEW_EPOCH, ..backup.admission.clone() }, ..backup };
    relay.erase(numbered(2), "按客户要求");
    let (_, reconcile) = reconciled(&mut device, &mut relay);
    assert_eq!((reconcile.restored, reconcile.taken, device.erased.len()), (1, 1, 2));
    assert!(relay.documents[&numbered(1)].changes.is_empty() && !device.held.contains_key(&numbered(2)));
}

#[test]
fn a_device_that_wanted_to_push_first_and_finds_it_all_erased_is_not_waited_for() {
    let (mut device, mut relay) = equal(50);
    for n in 0..10 {
        device.edit(numbered(1), &format!("{n} {}", "x".repeat(2_000)));
    }
    device.start.frame_bytes = FRAME_BYTES_WANTED_MIN;
    relay.erase(numbered(1), "按客户要求");
    relay.admission.epoch = NEW_EPOCH;
    reconciled(&mut device, &mut relay);
    assert_eq!(device.erased.len(), 1);
}

#[test]
fn a_tombstone_of_another_key_is_taken_only_by_a_branch_that_recovers() {
    let (mut device, mut relay) = equal(50);
    relay.erase(numbered(1), "按客户要求");
    assert_eq!(converse(&mut device, &mut relay, Mode::Once).outcome, Some(Outcome::Done));
    let mut relay = Relay::new();
    relay.secret = [6; 32];
    relay.admission.epoch = NEW_EPOCH;
    let (mut stubborn, mut there) = (device.clone(), relay.clone());
    let talk = converse(&mut stubborn, &mut there, Mode::Once);
    assert!(matches!(talk.outcome, Some(Outcome::Unequal { .. })), "{:?}", talk.outcome);
    let report = talk.device.report().reconcile.unwrap();
    assert_eq!((report.refused, report.restored), (1, 49 * 4), "the rest is brought back all the same");

    relay.recovering = true;
    let (_, reconcile) = reconciled(&mut device, &mut relay);
    assert_eq!((reconcile.refused, reconcile.restored), (0, 49 * 4 + 1));
}

#[test]
fn what_the_relay_refuses_to_take_back_stays_as_a_refused_entry_and_waits_for_the_next_reconcile() {
    let (mut device, mut relay) = equal(20);
    let (hash, bytes) = change(OTHER, 1, "rests on what nobody brought yet");
    device.hold(numbered(7), hash, bytes.clone());
    relay.refuses.insert(hash);
    let (_, reconcile) = reconciled(&mut device, &mut relay);
    assert_eq!((reconcile.refused, reconcile.restored), (1, 0));
    assert_eq!((device.refused.len(), device.refused[0].1), (1, Refusal::MissingDependency));
    // Somebody else brings it: it arrives, and is refused no more.
    relay.refuses.clear();
    relay.accept(numbered(7), hash, bytes);
    assert_eq!(converse(&mut device, &mut relay, Mode::Once).outcome, Some(Outcome::Done));
    assert_eq!(device.refused.len(), 0);
    assert_same(&device, &relay);
}

#[test]
fn an_entry_of_the_outbox_that_the_relay_holds_is_found_while_reconciling() {
    let (mut device, mut relay) = equal(20);
    let hash = device.edit(numbered(3), "its verdict was lost");
    relay.accept(numbered(3), hash, device.held[&numbered(3)][&hash].clone());
    let entry = device.outbox.remove(0);
    device.start.outbox = 0;
    device.refused.push((entry, Refusal::ForeignActor));
    device.start.cursor = Cursor::at(relay.admission.head);
    reconciled(&mut device, &mut relay);
    assert_eq!((device.refused.len(), device.outbox.len()), (0, 0));
}

#[test]
fn a_large_document_is_compared_in_as_many_frames_as_it_needs() {
    let (mut device, mut relay) = equal(5);
    for n in 0..60 {
        let (hash, bytes) = change(OTHER, 1, &format!("{n} {}", "x".repeat(2_000)));
        relay.accept(numbered(2), hash, bytes);
    }
    device.start.frame_bytes = 4_096;
    device.start.suspect = true;
    let (talk, reconcile) = reconciled(&mut device, &mut relay);
    assert_eq!((reconcile.taken, reconcile.differing), (60, 1));
    let missing =
        talk.down.iter().filter(|frame| matches!(Frame::decode(frame, Packing::LATEST), Ok(Frame::Missing(_)))).count();
    assert!(missing > 20, "{missing}");
    assert!(talk.down.iter().all(|frame| frame.len() < 16_000));
}

#[test]
fn plans_follow_from_what_a_device_claims() {
    let admission = sync::Admission { sum: Some(samples::sum(1)), ..samples::admission() };
    let at = |position| Cursor::at(Position::new(position));
    let claim = sync::Claim { sum: samples::sum(1), cursor: at(12), ..samples::claim() };
    let plan = |claim: sync::Claim| Plan::of(&claim, &admission);
    let with = |change: &dyn Fn(&mut sync::Claim)| {
        let mut claim = claim.clone();
        change(&mut claim);
        plan(claim)
    };
    assert_eq!(plan(claim.clone()), Plan::Continue);
    assert_eq!(with(&|claim| claim.sum = samples::sum(2)), Plan::Reconcile);
    assert_eq!(with(&|claim| claim.suspect = true), Plan::Reconcile);
    assert_eq!(with(&|claim| claim.epoch = None), Plan::Reconcile);
    assert_eq!(with(&|claim| claim.epoch = Some(NEW_EPOCH)), Plan::Reconcile);
    assert_eq!(with(&|claim| claim.cursor = at(13)), Plan::Reconcile);
    assert_eq!(with(&|claim| claim.ahead = Position::new(13)), Plan::Reconcile);
    let nothing = |change: &dyn Fn(&mut sync::Claim)| {
        with(&|claim| {
            claim.sum = Sum::ZERO;
            change(claim);
        })
    };
    assert_eq!(nothing(&|_| {}), Plan::FromStart);
    assert_eq!(nothing(&|claim| claim.epoch = None), Plan::FromStart);
    // Not comparable yet: in the middle of a catch-up, with something owed, or with own changes ahead of the cursor.
    let between = Cursor { base: Position::new(3), through: Position::new(9) };
    let other = |change: &dyn Fn(&mut sync::Claim)| {
        with(&|claim| {
            claim.sum = samples::sum(2);
            change(claim);
        })
    };
    assert_eq!(other(&|claim| claim.cursor = between), Plan::Continue);
    assert_eq!(other(&|claim| claim.owed = vec![vocab::Owed { doc: doc(1), within: Position::START }]), Plan::Continue);
    let ahead = |claim: &mut sync::Claim| (claim.cursor, claim.ahead) = (at(9), Position::new(11));
    assert_eq!(other(&|claim| ahead(claim)), Plan::Continue);
}

/// What one document is on both sides.
#[derive(Debug, Clone)]
struct Both {
    /// Which changes of the pool the device holds acknowledged, which wait in its outbox, and which the relay holds.
    here: Vec<bool>,
    waits: Vec<bool>,
    there: Vec<bool>,
    erased: Option<bool>,
}

const POOL: usize = 6;

fn both() -> impl Strategy<Value = Both> {
    let some = || prop::collection::vec(any::<bool>(), POOL);
    let erased = prop_oneof![8 => Just(None), 1 => any::<bool>().prop_map(Some)];
    let apart =
        (some(), some(), some(), erased).prop_map(|(here, waits, there, erased)| Both { here, waits, there, erased });
    let same = some().prop_map(|held| Both { here: held.clone(), waits: vec![false; POOL], there: held, erased: None });
    prop_oneof![3 => same, 2 => apart]
}

/// Two books: the relay erased some documents, or the device holds tombstones that the relay lacks.
fn books(documents: &[Both]) -> (Device, Relay) {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let pool = pool(POOL);
    let own = (0..POOL).map(|n| change(device.start.actor, 1, &format!("own {n}"))).collect::<Vec<_>>();
    for (n, both) in documents.iter().enumerate() {
        let id = numbered(n as u64);
        for (index, (hash, bytes)) in pool.iter().enumerate() {
            if both.there[index] {
                relay.accept(id, *hash, bytes.clone());
            }
            if both.here[index] {
                device.hold(id, *hash, bytes.clone());
            }
            if both.waits[index] {
                let (hash, bytes) = own[index].clone();
                device.queue(id, hash, bytes.clone());
                if both.there[index] {
                    relay.accept(id, hash, bytes);
                }
            }
        }
        match both.erased {
            Some(true) => drop(relay.erase(id, "there")),
            Some(false) => {
                let tombstone = relay.clone().erase(id, "here");
                device.erase(tombstone);
            }
            None => {}
        }
    }
    device.start.suspect = true;
    (device, relay)
}

/// Documents that are not the same on both sides, what waits in the outbox left out.
fn differences(device: &Device, relay: &Relay) -> usize {
    differing(&device.book(), &relay.book())
}

/// The same, counting what waits in the outbox as held.
fn differences_held(device: &Device, relay: &Relay) -> usize {
    let sum = |(doc, changes): (&DocId, &crate::store::Changes)| {
        (*doc, changes.keys().map(|hash| Sum::of_change(*doc, *hash)).sum())
    };
    let erased = device.erased.keys().map(|doc| (*doc, Sum::of_tombstone(*doc)));
    let held = device.held.iter().map(sum).chain(erased).filter(|(_, sum)| *sum != Sum::ZERO);
    differing(&vocab::Book::new(held.collect()), &relay.book())
}

fn differing(here: &vocab::Book, there: &vocab::Book) -> usize {
    let all = |book: &vocab::Book| book.slice(DocId::from_bytes([0; 16]), None).to_vec();
    let mut docs: Vec<DocId> = all(here).into_iter().chain(all(there)).map(|(doc, _)| doc).collect();
    docs.sort();
    docs.dedup();
    docs.into_iter().filter(|doc| here.get(*doc) != there.get(*doc)).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn after_reconciling_both_sides_hold_the_same(
        documents in prop::collection::vec(both(), 0..120),
        frame_bytes in prop::sample::select(vec![2_048_u32, 4_096, 262_144]),
    ) {
        let (mut device, mut relay) = books(&documents);
        device.start.frame_bytes = frame_bytes;
        let differ = differences(&device, &relay);
        let talk = converse(&mut device, &mut relay, Mode::Once);
        prop_assert_eq!(talk.outcome, Some(Outcome::Done));
        assert_same(&device, &relay);
        if let Some(report) = talk.device.report().reconcile {
            prop_assert_eq!(report.differing, differ as u64);
            prop_assert!(report.rounds <= 3, "{:?}", report);
        }
        let again = converse(&mut device, &mut relay, Mode::Once);
        prop_assert_eq!((again.outcome, again.device.report().round_trips), (Some(Outcome::Done), 1));
    }

    #[test]
    fn a_session_cut_after_any_frame_made_progress_and_the_next_one_ends_it(
        documents in prop::collection::vec(both(), 0..60),
        cuts in prop::collection::vec(0_usize..24, 1..4),
    ) {
        let (mut device, mut relay) = books(&documents);
        device.start.frame_bytes = 2_048;
        for frames in cuts {
            let before = differences_held(&device, &relay);
            converse_cut(&mut device, &mut relay, frames);
            prop_assert!(differences_held(&device, &relay) <= before);
        }
        let talk = converse(&mut device, &mut relay, Mode::Once);
        prop_assert_eq!(talk.outcome, Some(Outcome::Done));
        assert_same(&device, &relay);
    }
}

#[test]
fn a_link_that_breaks_after_every_few_frames_reconciles_in_the_end() {
    let (mut device, mut relay) = equal(400);
    device.start.frame_bytes = 2_048;
    relay.admission.epoch = NEW_EPOCH;
    for n in 0..150 {
        let (hash, bytes) = change(OTHER, 1, &format!("{n} {}", "x".repeat(300)));
        device.hold(numbered(n), hash, bytes.clone());
        relay.accept(numbered(n + 150), hash, bytes);
    }
    let mut attempts = 0;
    while converse_cut(&mut device, &mut relay, 24).outcome != Some(Outcome::Done) {
        attempts += 1;
        assert!(attempts < 60, "{} documents differ still", differences(&device, &relay));
    }
    assert!(attempts > 2, "{attempts}");
    assert_same(&device, &relay);
}
