//! What the two sessions do, told as stories.

use crate::samples;
use std::sync::Arc;

use crate::pair::{Conversation, Device, Relay, change, converse, go_on};
use crate::samples::doc;
use sync::limits::{
    BATCH_BYTES, CHANGE_BYTES_MAX, FRAMES_IN_FLIGHT_MAX, HEARTBEAT_MS, IDLE_MS_MAX, PUSHES_IN_FLIGHT_MAX,
};
use sync::wire::{Documents, Frame, Push, PushedChange, Signed};
use sync::{
    AdoptReason, Code, DeviceConfig, DeviceEffect, DeviceSession, EnrolmentRequest, Mode, Outcome, RelayEffect, Seen,
    Tick,
};
use vocab::{Actor, ChangeHash, Cursor, Epoch, Position, Refusal};

const OTHER: Actor = Actor::from_bytes([0xcc; 16]);

fn settled(device: &mut Device, relay: &mut Relay) {
    let talk = converse(device, relay, Mode::Once);
    assert_eq!(talk.outcome, Some(Outcome::Done));
}

#[test]
fn a_device_that_lacks_nothing_pays_one_round_trip_and_less_than_a_kilobyte() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    device.edit(doc(1), "设备无法开机");
    settled(&mut device, &mut relay);
    let talk = converse(&mut device, &mut relay, Mode::Once);
    let report = talk.device.report();
    assert_eq!((talk.outcome, talk.closed), (Some(Outcome::Done), Some(Code::Done)));
    assert_eq!((report.round_trips, report.pushed, report.pulled), (1, 0, 0));
    assert!(report.bytes_up + report.bytes_down < 1_000, "{report:?}");
}

#[test]
fn edits_on_both_sides_cost_two_round_trips_and_nothing_comes_back() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    for n in 1..=100 {
        let (hash, bytes) = change(OTHER, 1, &n.to_string());
        relay.accept(doc(n), hash, bytes);
        device.edit(doc(100 + n), &n.to_string());
    }
    device.batch_bytes = BATCH_BYTES;
    let talk = converse(&mut device, &mut relay, Mode::Once);
    let report = talk.device.report();
    assert_eq!(talk.outcome, Some(Outcome::Done));
    assert_eq!((report.round_trips, report.pushed, report.pulled, report.outbox), (2, 100, 100, 0));
    assert_eq!(device.start.cursor, Cursor::at(Position::new(200)));
    assert_eq!(relay.feed.len(), 200);
}

#[test]
fn a_store_that_lacks_what_the_relay_has_seen_of_it_is_an_old_copy_and_pushes_nothing() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let hash = device.edit(doc(1), "a");
    settled(&mut device, &mut relay);
    settled(&mut device, &mut relay);
    let mut copy = Device::new();
    copy.edit(doc(2), "b");
    let talk = converse(&mut copy, &mut relay, Mode::Once);
    assert_eq!(talk.outcome, Some(Outcome::Restored { seen: Seen { seq: 1, doc: doc(1), hash } }));
    assert_eq!(talk.closed, Some(Code::Restored));
    assert_eq!((relay.feed.len(), copy.outbox.len()), (1, 1));
}

#[test]
fn under_a_new_epoch_the_feed_is_taken_from_its_start_and_nothing_is_dropped() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    device.edit(doc(1), "a");
    settled(&mut device, &mut relay);
    assert_eq!(device.adopted, []);
    relay.feed.clear();
    relay.admission.seen = None;
    relay.admission.epoch = Epoch::from_bytes([8; 16]);
    let (hash, bytes) = change(OTHER, 1, "b");
    relay.accept(doc(2), hash, bytes);
    device.edit(doc(3), "c");
    let talk = converse(&mut device, &mut relay, Mode::Once);
    assert_eq!(talk.outcome, Some(Outcome::Done));
    assert!(talk.device.report().started_over);
    assert_eq!(device.adopted, [(Epoch::from_bytes([8; 16]), AdoptReason::NewEpoch)]);
    assert_eq!(device.held.len(), 3);
    assert_eq!(device.start.cursor, Cursor::at(Position::new(2)));
}

#[test]
fn a_relay_that_fell_behind_the_device_is_taken_from_its_start() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    device.start.cursor = Cursor::at(Position::new(5));
    let (hash, bytes) = change(OTHER, 1, "b");
    relay.accept(doc(2), hash, bytes);
    settled(&mut device, &mut relay);
    assert_eq!(device.adopted, [(relay.admission.epoch, AdoptReason::FellBehind)]);
    assert!(device.held[&doc(2)].contains(&hash));
    let mut fresh = Device::new();
    fresh.start.epoch = None;
    settled(&mut fresh, &mut relay);
    assert_eq!(fresh.adopted, [(relay.admission.epoch, AdoptReason::First)]);
}

#[test]
fn one_refused_change_blocks_no_other() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let actor = device.start.actor;
    device.edit(doc(1), "a");
    device.queue(doc(2), ChangeHash::from_bytes([1; 32]), b"not a change".to_vec());
    let (hash, bytes) = change(OTHER, 1, "forged");
    device.queue(doc(3), hash, bytes);
    device.queue(doc(4), ChangeHash::from_bytes([2; 32]), vec![0; CHANGE_BYTES_MAX + 1]);
    let (hash, bytes) = change(actor, 2, "orphan");
    relay.refuses.insert(hash);
    device.queue(doc(5), hash, bytes);
    device.edit(doc(6), "z");
    let talk = converse(&mut device, &mut relay, Mode::Once);
    let report = talk.device.report();
    assert_eq!(talk.outcome, Some(Outcome::Done));
    assert_eq!((report.pushed, report.refused), (2, 4));
    device.refused.sort();
    let reasons =
        [(2, Refusal::Malformed), (3, Refusal::ForeignActor), (4, Refusal::TooLarge), (5, Refusal::MissingDependency)];
    assert_eq!(device.refused, reasons);
    assert_eq!(relay.feed.iter().map(|(doc, _, _)| *doc).collect::<Vec<_>>(), [doc(1), doc(6)]);
}

#[test]
fn an_edit_reaches_a_follower_live_in_bytes_that_all_followers_share() {
    let mut relay = Relay::new();
    let mut devices = [Device::new(), Device::new()];
    let mut talks: Vec<Conversation> =
        devices.iter_mut().map(|device| converse(device, &mut relay, Mode::Follow)).collect();
    assert!(talks.iter().all(|talk| talk.device.is_caught_up()));
    let (hash, bytes) = change(OTHER, 1, "b");
    relay.accept(doc(2), hash, bytes);
    let live = relay.live(Position::START);
    for (device, talk) in devices.iter_mut().zip(&mut talks) {
        talk.relay.handle_live(&live, Tick::default());
        go_on(device, &mut relay, talk);
        assert!(device.held[&doc(2)].contains(&hash));
        assert_eq!(device.start.cursor, Cursor::at(Position::new(1)));
    }
    let frame = |talk: &Conversation| talk.down.last().cloned().unwrap();
    assert!(Arc::ptr_eq(&frame(&talks[0]), &frame(&talks[1])));
}

#[test]
fn a_live_batch_that_does_not_continue_where_the_device_stands_is_read_from_the_feed() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let mut talk = converse(&mut device, &mut relay, Mode::Follow);
    for n in 1..=3 {
        let (hash, bytes) = change(OTHER, 1, &n.to_string());
        relay.accept(doc(n), hash, bytes);
    }
    talk.relay.handle_live(&relay.live(Position::new(2)), Tick::default());
    go_on(&mut device, &mut relay, &mut talk);
    assert_eq!((device.held.len(), device.start.cursor), (3, Cursor::at(Position::new(3))));
}

#[test]
fn a_slow_socket_is_given_a_few_frames_and_the_feed_is_not_read_ahead() {
    let (device, mut relay) = (Device::new(), Relay::new());
    for n in 1..=200 {
        let (hash, bytes) = change(OTHER, 1, &"x".repeat(1_000));
        relay.accept(doc(n), hash, bytes);
    }
    let mut session = relay.session();
    let claim = sync::Claim { epoch: device.start.epoch, cursor: Cursor::default(), ..samples::claim() };
    let hello = Frame::Hello(Signed::claim(&samples::secret(), &samples::nonce(), &claim));
    session.handle_frame(&hello.encode(), Tick::default());
    let (mut frames, mut reads) = (0, 0);
    for _ in 0..10_000 {
        match session.poll_effect() {
            Some(RelayEffect::Send(_)) => frames += 1, // never handed to the socket
            Some(RelayEffect::ReadFeed { .. }) => {
                reads += 1;
                let batch = relay.read(Cursor { base: Position::START, through: Position::new(reads * 4) }, 4_000);
                session.handle_feed(batch, Tick::default());
            }
            Some(effect) => drop(relay.perform(effect, &mut session)),
            None => break,
        }
    }
    assert_eq!(frames, FRAMES_IN_FLIGHT_MAX);
    assert!(reads <= 2, "{reads}");
    session.handle_sent(Tick::default());
    assert!(session.poll_effect().is_some(), "a free place is used");
}

#[test]
fn a_document_larger_than_a_frame_comes_in_parts_and_the_cursor_waits_for_the_last() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let (hash, bytes) = change(OTHER, 1, "large");
    relay.accept(doc(1), hash, bytes);
    let large: Arc<[u8]> = (0..50_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    relay.saved.insert(doc(1), large.clone());
    let talk = converse(&mut device, &mut relay, Mode::Once);
    assert_eq!(device.saved[&doc(1)], large);
    let frames: Vec<Documents> = talk
        .down
        .iter()
        .filter_map(|frame| match Frame::decode(frame).unwrap() {
            Frame::Documents(documents) => Some(documents),
            _ => None,
        })
        .collect();
    assert!(frames.len() >= 12);
    let (last, parts) = frames.split_last().unwrap();
    assert!(parts.iter().all(|part| part.after == Cursor::default() && part.more));
    assert_eq!((last.after, last.more), (Cursor::at(Position::new(1)), false));

    // Cut before the last part: the device committed nothing and gets all of it again.
    let mut again = Device::new();
    let mut session = again.session(Mode::Once);
    for frame in &talk.down[..talk.down.len() - 1] {
        session.handle_frame(frame, Tick::default());
        while let Some(effect) = session.poll_effect() {
            again.perform(effect, &mut session);
        }
    }
    session.handle_closed(Tick::default());
    assert!(matches!(session.poll_effect(), Some(DeviceEffect::End(Outcome::Lost { .. }))));
    assert_eq!((again.start.cursor, again.saved.len()), (Cursor::default(), 0));
    settled(&mut again, &mut relay);
    assert_eq!(again.saved[&doc(1)], large);
}

#[test]
fn a_frame_that_skips_a_part_of_the_feed_ends_the_connection() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let mut talk = converse(&mut device, &mut relay, Mode::Follow);
    let at = |position| Cursor::at(Position::new(position));
    let frame = |from, after| {
        let head = Position::new(9);
        Frame::Documents(Documents { from, after, head, more: false, items: Vec::new() }).encode()
    };
    talk.device.handle_frame(&frame(at(0), at(3)), Tick::default());
    go_on(&mut device, &mut relay, &mut talk);
    assert_eq!((device.start.cursor, talk.device.is_over()), (at(3), false));
    talk.device.handle_frame(&frame(at(4), at(5)), Tick::default());
    go_on(&mut device, &mut relay, &mut talk);
    assert_eq!(talk.outcome, Some(Outcome::Broken(Code::Gap)));
    assert_eq!((device.start.cursor, talk.closed), (at(3), Some(Code::Gap)));
}

#[test]
fn a_signature_over_another_nonce_or_by_another_key_is_refused() {
    let mut relay = Relay::new();
    let mut answer = |nonce: sync::Nonce, secret: sync::DeviceSecret| {
        let mut session = relay.session();
        let hello = Frame::Hello(Signed::claim(&secret, &nonce, &samples::claim()));
        session.handle_frame(&hello.encode(), Tick::default());
        let mut closed = None;
        while let Some(effect) = session.poll_effect() {
            closed = closed.or(relay.perform(effect, &mut session).1);
        }
        closed
    };
    let other = sync::DeviceSecret::from_bytes(&[8; 32]);
    assert_eq!(answer(samples::nonce(), samples::secret()), None);
    assert_eq!(answer(sync::Nonce::from_bytes([2; 32]), samples::secret()), Some(Code::Signature));
    assert_eq!(answer(samples::nonce(), other), Some(Code::Signature));
}

#[test]
fn a_device_enrols_with_an_invite_and_not_without() {
    let enrol = |invite: &str| {
        let (mut device, mut relay) = (Device::new(), Relay::new());
        let config = DeviceConfig { mode: Mode::Once, app: "test".to_owned(), batch_bytes: 4_000 };
        let request = EnrolmentRequest { invite: invite.to_owned(), name: "王*".to_owned() };
        let session = DeviceSession::enrol(config, samples::secret(), request, Tick::default());
        let mut talk =
            Conversation { device: session, relay: relay.session(), outcome: None, closed: None, down: Vec::new() };
        go_on(&mut device, &mut relay, &mut talk);
        talk.outcome
    };
    assert!(
        matches!(enrol("K7QM-2XPD"), Some(Outcome::Enrolled { membership, .. }) if membership == samples::membership())
    );
    assert!(matches!(enrol("WRONG"), Some(Outcome::Refused { code: Code::InviteUnknown, .. })));
}

#[test]
fn silence_is_answered_by_a_ping_and_then_by_the_end() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let mut talk = converse(&mut device, &mut relay, Mode::Follow);
    let at = Tick::from_millis;
    assert_eq!(talk.device.poll_timeout(), Some(at(HEARTBEAT_MS)));
    talk.device.handle_timeout(at(HEARTBEAT_MS - 1));
    assert!(talk.device.poll_effect().is_none());
    talk.device.handle_timeout(at(HEARTBEAT_MS));
    let Some(DeviceEffect::Send(ping)) = talk.device.poll_effect() else { panic!("no ping") };
    talk.relay.handle_frame(&ping, at(HEARTBEAT_MS));
    let Some(RelayEffect::Send(pong)) = talk.relay.poll_effect() else { panic!("no pong") };
    assert_eq!(Frame::decode(&pong).unwrap(), Frame::Pong(HEARTBEAT_MS));
    talk.device.handle_timeout(at(IDLE_MS_MAX));
    go_on(&mut device, &mut relay, &mut talk);
    assert_eq!((talk.outcome, talk.closed), (Some(Outcome::Broken(Code::Idle)), Some(Code::Idle)));

    let mut silent = relay.session();
    silent.handle_timeout(silent.poll_timeout().unwrap());
    let last = std::iter::from_fn(|| silent.poll_effect()).last();
    assert_eq!(last, Some(RelayEffect::Close(Code::Idle)));
}

#[test]
fn more_unanswered_pushes_than_allowed_end_the_connection() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let mut talk = converse(&mut device, &mut relay, Mode::Follow);
    let actor = device.start.actor;
    let push = |seq: u64| {
        let (_, bytes) = change(actor, 1, &seq.to_string());
        Frame::Push(Push { changes: vec![PushedChange { seq, doc: doc(1), bytes }] }).encode()
    };
    for seq in 1..=PUSHES_IN_FLIGHT_MAX as u64 {
        talk.relay.handle_frame(&push(seq), Tick::default());
        assert!(!talk.relay.is_over());
    }
    talk.relay.handle_frame(&push(99), Tick::default());
    assert_eq!(std::iter::from_fn(|| talk.relay.poll_effect()).last(), Some(RelayEffect::Close(Code::Limit)));
}

#[test]
fn a_relay_that_shuts_down_says_so() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let mut talk = converse(&mut device, &mut relay, Mode::Follow);
    talk.relay.shut(Code::Unavailable, Tick::default());
    go_on(&mut device, &mut relay, &mut talk);
    assert!(matches!(talk.outcome, Some(Outcome::Refused { code: Code::Unavailable, .. })));
    assert_eq!(talk.closed, Some(Code::Unavailable));
}
