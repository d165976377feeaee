//! Pushes that a lost connection left without their verdicts, and pushes that go before the feed.

use sync::limits::{FRAME_BYTES_WANTED_MAX, TAKEN_MAX};
use sync::wire::{DICTIONARY_LATEST, Frame, Packing};
use sync::{Mode, Outcome};
use vocab::{Actor, Cursor, Position};

use crate::pair::{Conversation, converse, converse_cut};
use crate::relay::Relay;
use crate::samples::doc;
use crate::store::{Device, change};

const OTHER: Actor = Actor::from_bytes([0xcc; 16]);

/// The frames that the relay sent after the Welcome, which are in windows or alone.
fn frames(talk: &Conversation) -> Vec<Frame> {
    let packing = Packing { dictionary: DICTIONARY_LATEST };
    let mut window = sync::wire::Inflow::default();
    talk.down[2..].iter().map(|frame| Frame::decode_in(frame, packing, &mut window).expect("a frame")).collect()
}

/// A device that edited, and whose connection was cut when the relay had taken that and could not say so.
fn unheard(relay: &mut Relay) -> Device {
    let mut device = Device::new();
    device.start.epoch = Some(relay.admission.epoch);
    for n in 1..=3 {
        device.edit(doc(n), "a");
    }
    // Challenge, Hello, Welcome, Push.
    let cut = converse_cut(&mut device, relay, 4);
    assert_eq!((relay.feed.len(), device.outbox.len()), (3, 3), "taken and not heard of");
    assert_eq!(cut.device.report().pushed, 0);
    device
}

#[test]
fn what_was_taken_unheard_is_neither_pushed_again_nor_sent_back() {
    let mut relay = Relay::new();
    let mut device = unheard(&mut relay);
    let late = device.edit(doc(4), "b");
    let talk = converse(&mut device, &mut relay, Mode::Once);
    assert_eq!(talk.outcome, Some(Outcome::Done));
    let report = talk.device.report();
    assert_eq!((report.pushed, report.pulled), (4, 0), "three are taken, one is pushed, nothing comes back");
    let verdicts = frames(&talk).into_iter().find_map(|frame| match frame {
        Frame::Verdicts(verdicts) => Some(verdicts.verdicts.len()),
        _ => None,
    });
    assert_eq!(verdicts, Some(1), "only what is new is pushed");
    assert!(device.outbox.is_empty() && relay.holds(doc(4), late));
    assert_eq!((device.start.cursor, device.start.sum), (Cursor::at(Position::new(4)), relay.sum()));
}

#[test]
fn what_was_taken_unheard_and_is_not_named_is_pushed_again() {
    let mut relay = Relay::new();
    let mut device = unheard(&mut relay);
    relay.pushed.remove(1);
    let talk = converse(&mut device, &mut relay, Mode::Once);
    assert_eq!((talk.outcome, device.outbox.len()), (Some(Outcome::Done), 0));
    assert_eq!((relay.feed.len(), device.start.sum), (3, relay.sum()));
}

/// After each cut the cursor is that of what is held: what is not named is not left out either.
#[test]
fn more_than_can_be_named_is_sent_back() {
    let mut relay = Relay::new();
    let mut device = Device::new();
    device.start.epoch = Some(relay.admission.epoch);
    let count = TAKEN_MAX as u64 + 40;
    for n in 0..count {
        device.edit(doc(u8::try_from(n % 50).expect("it fits")), &n.to_string());
    }
    device.start.frame_bytes = FRAME_BYTES_WANTED_MAX;
    converse_cut(&mut device, &mut relay, 4);
    assert_eq!((relay.feed.len() as u64, device.outbox.len() as u64), (count, count), "taken and not heard of");
    for frames in 4.. {
        let mut device = device.clone();
        let talk = converse_cut(&mut device, &mut relay, frames);
        let at = device.start.cursor;
        let sum = relay.sums[at.base.get() as usize];
        let is_ahead = device.start.ahead > at.base;
        assert!(at.base != at.through || is_ahead || device.start.sum == sum, "after {frames} frames, at {at:?}");
        if talk.outcome == Some(Outcome::Done) {
            assert_eq!((device.outbox.len(), device.start.sum), (0, relay.sum()));
            break;
        }
    }
}

/// A device that wants small frames with more in its outbox than goes up meanwhile, and a relay that holds others' work.
fn both() -> (Device, Relay) {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    device.start.frame_bytes = 2_048;
    for n in 1..=100 {
        let (hash, bytes) = change(OTHER, 1, "a");
        relay.accept(doc(n), hash, bytes);
        device.edit(doc(n), "a line of some length about the work that was done there");
    }
    (device, relay)
}

#[test]
fn a_large_outbox_goes_before_the_feed_and_documents_changed_on_both_sides_come_once() {
    let (mut device, mut relay) = both();
    let talk = converse(&mut device, &mut relay, Mode::Once);
    assert_eq!((talk.outcome.as_ref(), device.start.sum), (Some(&Outcome::Done), relay.sum()));
    assert_eq!(talk.device.report().pulled, 100);
    let frames = frames(&talk);
    let last_verdicts = frames.iter().rposition(|frame| matches!(frame, Frame::Verdicts(_))).expect("verdicts");
    let first_documents = frames.iter().position(|frame| matches!(frame, Frame::Documents(_))).expect("documents");
    // The last push is what the relay waits for, not its verdicts.
    assert!(last_verdicts <= first_documents + 1, "verdicts at {last_verdicts}, documents at {first_documents}");
}

#[test]
fn an_outbox_that_is_emptied_before_it_is_read_does_not_hold_up_the_feed() {
    let (mut device, mut relay) = both();
    let mut talk = Conversation::new(device.session(Mode::Once), relay.session());
    // The session has stated an outbox that another process of the device has pushed meanwhile.
    for entry in std::mem::take(&mut device.outbox) {
        relay.accept(entry.doc, entry.hash, entry.bytes.clone().into());
        device.start.sum += vocab::Sum::of_change(entry.doc, entry.hash);
    }
    crate::pair::go_on(&mut device, &mut relay, &mut talk);
    assert_eq!((talk.outcome, device.start.sum), (Some(Outcome::Done), relay.sum()));
}

#[test]
fn a_change_that_was_refused_though_the_relay_has_it_is_settled_by_reconciling() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let (hash, bytes) = change(OTHER, 1, "what both hold");
    relay.accept(doc(2), hash, bytes.clone());
    device.hold(doc(2), hash, bytes);
    let own = device.edit(doc(1), "a");
    relay.accept(doc(1), own, device.held[&doc(1)][&own].clone());
    let entry = device.outbox.pop().expect("an edit waits");
    device.refused.push((entry, vocab::Refusal::ReusedSequence));
    device.start.epoch = Some(relay.admission.epoch);
    (device.start.outbox, device.start.cursor) = (0, Cursor::at(relay.admission.head));
    let talk = converse(&mut device, &mut relay, Mode::Once);
    assert_eq!(talk.outcome, Some(Outcome::Done));
    assert!(talk.device.report().reconcile.is_some(), "the sums tell");
    assert_eq!((device.refused.len(), device.start.sum), (0, relay.sum()));
}

#[test]
fn what_a_device_forgot_to_queue_is_brought_by_reconciling() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let (hash, bytes) = change(OTHER, 1, "what both hold");
    relay.accept(doc(2), hash, bytes.clone());
    device.hold(doc(2), hash, bytes);
    let own = device.edit(doc(1), "a");
    device.outbox.clear();
    device.start.sum += vocab::Sum::of_change(doc(1), own);
    device.start.epoch = Some(relay.admission.epoch);
    (device.start.outbox, device.start.cursor) = (0, Cursor::at(relay.admission.head));
    let talk = converse(&mut device, &mut relay, Mode::Once);
    assert_eq!(talk.outcome, Some(Outcome::Done));
    assert!(relay.holds(doc(1), own), "nobody else has it");
    assert_eq!(device.start.sum, relay.sum());
}

#[test]
fn a_difference_is_found_by_a_device_that_forgot_that_it_is_suspect() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let (hash, bytes) = change(OTHER, 1, "what the device lacks");
    relay.accept(doc(2), hash, bytes);
    let (hash, bytes) = change(OTHER, 1, "what both hold");
    relay.accept(doc(1), hash, bytes.clone());
    device.hold(doc(1), hash, bytes);
    device.start.epoch = Some(relay.admission.epoch);
    (device.start.cursor, device.start.suspect) = (Cursor::at(relay.admission.head), false);
    let talk = converse(&mut device, &mut relay, Mode::Once);
    assert_eq!(talk.outcome, Some(Outcome::Done));
    assert_eq!((device.held.len(), device.start.sum), (2, relay.sum()));
}
