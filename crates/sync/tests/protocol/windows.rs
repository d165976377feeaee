//! Windows: what a catch-up in small frames says once it does not say again.

use sync::limits::{FRAME_BYTES_WANTED_MAX, FRAME_BYTES_WANTED_MIN};
use sync::{Mode, Outcome, Windows};
use vocab::{Actor, Cursor, Position};

use crate::pair::{Conversation, converse, converse_cut};
use crate::relay::Relay;
use crate::samples::doc;
use crate::store::{Device, change};

const OTHER: Actor = Actor::from_bytes([0xcc; 16]);

/// A relay with 150 changes of one author that are much alike and unlike all that the dictionary knows.
fn relay() -> Relay {
    let mut relay = Relay::new();
    for n in 1..=150 {
        let text = format!("Quarterly boiler inspection nr. {n} at Bahnhofstrasse: burner, flue and pump are sound. ")
            .repeat(2);
        let (hash, bytes) = change(OTHER, 1, &text);
        relay.accept(doc(n), hash, bytes);
    }
    relay
}

fn device(frame_bytes: u32) -> Device {
    let mut device = Device::new();
    device.start.frame_bytes = frame_bytes;
    device
}

fn caught_up(relay: &mut Relay, frame_bytes: u32) -> Conversation {
    let mut device = device(frame_bytes);
    let talk = converse(&mut device, relay, Mode::Once);
    assert_eq!(talk.outcome, Some(Outcome::Done));
    assert_eq!(device.start.cursor, Cursor::at(Position::new(150)));
    talk
}

#[test]
fn a_catch_up_in_small_frames_is_much_shorter_with_a_window_than_without() {
    let mut relay = relay();
    let with = caught_up(&mut relay, FRAME_BYTES_WANTED_MIN).device.report().bytes_down;
    relay.windows = Windows::new(0);
    let without = caught_up(&mut relay, FRAME_BYTES_WANTED_MIN).device.report().bytes_down;
    assert!(with * 4 < without * 3, "{with} and {without} bytes");
}

#[test]
fn a_window_is_given_back_when_the_catch_up_or_the_connection_ends() {
    let mut relay = relay();
    relay.windows = Windows::new(1);
    let talk = caught_up(&mut relay, FRAME_BYTES_WANTED_MIN);
    assert_eq!(relay.windows.left(), 1, "the session is still there");
    drop(talk);
    let cut = converse_cut(&mut device(FRAME_BYTES_WANTED_MIN), &mut relay, 12);
    assert!(cut.outcome.is_some());
    drop(cut);
    assert_eq!(relay.windows.left(), 1);
}

#[test]
fn large_frames_need_no_window() {
    let mut relay = relay();
    let talk = caught_up(&mut relay, FRAME_BYTES_WANTED_MAX);
    relay.windows = Windows::new(0);
    let without = caught_up(&mut relay, FRAME_BYTES_WANTED_MAX);
    assert_eq!(talk.down, without.down);
}

#[test]
fn a_link_cut_again_and_again_brings_everything_with_windows() {
    let mut relay = relay();
    let mut device = device(FRAME_BYTES_WANTED_MIN);
    let mut rounds = 0;
    while device.start.cursor != Cursor::at(Position::new(150)) {
        converse_cut(&mut device, &mut relay, 10);
        rounds += 1;
        assert!(rounds < 100, "no progress at {:?}", device.start.cursor);
    }
    assert!(rounds > 2, "the link was cut");
    assert_eq!(converse(&mut device, &mut relay, Mode::Once).outcome, Some(Outcome::Done));
}

/// A device with 150 changes in its outbox that are much alike.
fn writer(frame_bytes: u32) -> Device {
    let mut device = device(frame_bytes);
    for n in 1..=150 {
        let text = format!("Quarterly boiler inspection nr. {n} at Bahnhofstrasse: burner, flue and pump are sound. ");
        device.edit(doc(n), &text.repeat(2));
    }
    device
}

fn pushed(relay: &mut Relay) -> u64 {
    let mut device = writer(FRAME_BYTES_WANTED_MIN);
    let talk = converse(&mut device, relay, Mode::Once);
    assert_eq!(talk.outcome, Some(Outcome::Done));
    assert!(device.outbox.is_empty());
    talk.device.report().bytes_up
}

#[test]
fn pushes_in_small_frames_are_much_shorter_with_a_window_than_without() {
    let (with, mut none) = (pushed(&mut Relay::new()), Relay::new());
    none.windows = Windows::new(0);
    let without = pushed(&mut none);
    assert!(with * 4 < without * 3, "{with} and {without} bytes");
}

#[test]
fn a_window_for_pushes_is_given_back_when_everything_is_pushed_or_the_connection_ends() {
    let mut relay = Relay::new();
    relay.windows = Windows::new(1);
    let mut device = writer(FRAME_BYTES_WANTED_MIN);
    let talk = converse(&mut device, &mut relay, Mode::Follow);
    assert!(device.outbox.is_empty() && talk.outcome.is_none());
    assert_eq!(relay.windows.left(), 1, "the session is still there");
    let mut relay = Relay { windows: Windows::new(1), ..Relay::new() };
    let cut = converse_cut(&mut writer(FRAME_BYTES_WANTED_MIN), &mut relay, 6);
    assert_eq!(relay.windows.left(), 0, "its pushes are cut short");
    drop(cut);
    assert_eq!(relay.windows.left(), 1);
}
