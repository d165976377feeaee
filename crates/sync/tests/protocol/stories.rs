//! What the two sessions do, told as stories.

use crate::samples;
use std::sync::Arc;

use crate::pair::{Conversation, converse, converse_cut, go_on, step};
use crate::relay::Relay;
use crate::samples::{decode, doc, encode};
use crate::store::{Changes, Device, change};
use sync::limits::{
    CHANGE_BYTES_MAX, FRAME_BYTES_WANTED_MAX, FRAME_BYTES_WANTED_MIN, FRAMES_IN_FLIGHT_MAX, HEARTBEAT_MS, IDLE_MS_MAX,
    LARGE_BYTES_MIN, PUSHES_IN_FLIGHT_MAX,
};
use sync::wire::{Documents, Frame, Push, PushedChange, Signed};
use sync::{
    AdoptReason, Code, DeviceConfig, DeviceEffect, DeviceSession, EnrolmentRequest, Mode, Outcome, RelayEffect, Seen,
    Tick,
};
use vocab::{Actor, ChangeHash, Cursor, Position, Refusal, Sum};

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
    device.start.frame_bytes = FRAME_BYTES_WANTED_MAX;
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
fn one_refused_change_blocks_no_other() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let actor = device.start.actor;
    device.edit(doc(1), "a");
    device.queue(doc(2), ChangeHash::from_bytes([1; 32]), b"not a change"[..].into());
    let (hash, bytes) = change(OTHER, 1, "forged");
    device.queue(doc(3), hash, bytes);
    device.queue(doc(4), ChangeHash::from_bytes([2; 32]), vec![0; CHANGE_BYTES_MAX + 1].into());
    let (hash, bytes) = change(actor, 2, "orphan");
    relay.refuses.insert(hash);
    device.queue(doc(5), hash, bytes);
    device.edit(doc(6), "z");
    let talk = converse(&mut device, &mut relay, Mode::Once);
    let report = talk.device.report();
    assert_eq!(talk.outcome, Some(Outcome::Done));
    assert_eq!((report.pushed, report.refused), (2, 4));
    let mut refused: Vec<_> = device.refused.iter().map(|(entry, refusal)| (entry.seq, *refusal)).collect();
    refused.sort();
    let reasons =
        [(2, Refusal::Malformed), (3, Refusal::ForeignActor), (4, Refusal::TooLarge), (5, Refusal::MissingDependency)];
    assert_eq!(refused, reasons);
    assert_eq!(relay.feed.iter().map(|(doc, _)| *doc).collect::<Vec<_>>(), [doc(1), doc(6)]);
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
        assert!(device.held[&doc(2)].contains_key(&hash));
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
    let mut relay = Relay::new();
    for n in 1..=200 {
        let (hash, bytes) = change(OTHER, 1, &"x".repeat(1_000));
        relay.accept(doc(n), hash, bytes);
    }
    let mut session = relay.session();
    let claim = sync::Claim { cursor: Cursor::default(), sum: Sum::ZERO, frame_bytes: 4_096, ..samples::claim() };
    let hello = Frame::Hello(Signed::claim(&samples::secret(), &samples::nonce(), &claim));
    session.handle_frame(&encode(&hello), Tick::default());
    let (mut frames, mut reads) = (0, 0);
    for _ in 0..10_000 {
        match session.poll_effect() {
            Some(RelayEffect::Send(_)) => frames += 1, // never handed to the socket
            Some(RelayEffect::ReadFeed { after, owed, large_bytes, bytes_max, skip, .. }) => {
                reads += 1;
                let batch = relay.read(after, owed, large_bytes, bytes_max, &skip);
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
fn a_device_that_holds_nothing_takes_the_feed_from_its_start() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    device.start.epoch = None;
    let (hash, bytes) = change(OTHER, 1, "b");
    relay.accept(doc(2), hash, bytes);
    settled(&mut device, &mut relay);
    assert_eq!(device.adopted, [(relay.admission.epoch, AdoptReason::First)]);
    assert_eq!((device.start.cursor, device.start.sum), (Cursor::at(Position::new(1)), relay.sum()));
    // Of another feed it held nothing either.
    relay.admission.epoch = vocab::Epoch::from_bytes([8; 16]);
    let mut empty = Device::new();
    settled(&mut empty, &mut relay);
    assert_eq!(empty.adopted, [(relay.admission.epoch, AdoptReason::NewEpoch)]);
}

/// A relay with three large documents between small ones.
fn with_large_documents() -> Relay {
    let mut relay = Relay::new();
    for n in 1..=60 {
        let (hash, bytes) = change(OTHER, 1, &format!("{n} {}", "x".repeat(2_000)));
        let large = [doc(101), doc(102), doc(103)];
        large.iter().for_each(|doc| relay.accept(*doc, hash, bytes.clone()));
        relay.accept(doc(n), hash, bytes);
    }
    relay
}

#[test]
fn small_documents_arrive_before_large_ones_and_a_cut_costs_one_frame() {
    let mut relay = with_large_documents();
    let whole: usize = relay.documents[&doc(101)].changes.len() * 2_000;
    assert!(whole > LARGE_BYTES_MIN);
    let mut device = Device::new();
    let talk = converse(&mut device, &mut relay, Mode::Once);
    assert_eq!(talk.outcome, Some(Outcome::Done));
    assert_eq!((device.start.sum, device.start.owed.len()), (relay.sum(), 0));
    let order: Vec<_> = device.commits.concat();
    let last_small = order.iter().rposition(|id| *id < doc(101)).unwrap();
    let first_large = order.iter().position(|id| *id >= doc(101)).unwrap();
    assert!(last_small < first_large, "{order:?}");
    let bytes = talk.device.report().bytes_down;

    // The same over a link that breaks after every few frames: each attempt goes on where the last one ended.
    let mut device = Device::new();
    let (mut attempts, mut bytes_in_all) = (0, 0);
    loop {
        let talk = converse_cut(&mut device, &mut relay, 10);
        bytes_in_all += talk.device.report().bytes_down;
        attempts += 1;
        assert!(attempts < 60, "{:?}", device.start);
        if talk.outcome == Some(Outcome::Done) {
            break;
        }
    }
    assert!(attempts > 5, "{attempts}");
    assert_eq!(device.start.sum, relay.sum());
    assert!(bytes_in_all < bytes * 3 / 2, "{attempts} attempts took {bytes_in_all} bytes for {bytes}");
}

#[test]
fn wherever_a_catch_up_is_cut_the_cursor_leads_past_nothing_that_is_neither_held_nor_owed() {
    let mut relay = Relay::new();
    for n in 1..=60 {
        let small = change(OTHER, 1, &n.to_string());
        relay.accept(doc(n), small.0, small.1);
        // The last of each large document stands between small ones; what is read of those at once fills two frames.
        for part in 0..if n % 20 == 10 { 30 } else { 0 } {
            let large = change(OTHER, 1, &format!("{n} {part} {}", "x".repeat(1_500)));
            relay.accept(doc(100 + n), large.0, large.1);
        }
    }
    for frames in 1.. {
        let mut device = Device::new();
        device.start.frame_bytes = FRAME_BYTES_WANTED_MIN;
        let talk = converse_cut(&mut device, &mut relay, frames);
        let Cursor { base, through } = device.start.cursor;
        for (id, document) in &relay.documents {
            let last = document.changes.keys().last().copied().unwrap_or_default();
            let covered = last <= base.get() || last <= through.get();
            let held = device.held.get(id).map_or(0, Changes::len);
            let is_owed = device.start.owed.iter().any(|owed| owed.doc == *id);
            assert!(!covered || is_owed || held == document.changes.len(), "{id} after {frames} frames");
        }
        if talk.outcome == Some(Outcome::Done) {
            assert!(frames > 20, "{frames}");
            break;
        }
    }
}

#[test]
fn a_change_made_while_a_large_document_is_owed_arrives_once() {
    let mut relay = with_large_documents();
    let mut device = Device::new();
    while device.start.owed.is_empty() {
        converse_cut(&mut device, &mut relay, 10);
    }
    let (hash, bytes) = change(OTHER, 1, "later");
    relay.accept(doc(101), hash, bytes.clone());
    relay.accept(doc(1), hash, bytes);
    settled(&mut device, &mut relay);
    assert_eq!(device.start.sum, relay.sum());
    let pieces = device.commits.concat().iter().filter(|id| **id == doc(101)).count();
    assert!(pieces <= 62, "{pieces}");
}

#[test]
fn a_device_that_came_for_one_exchange_waits_until_its_cursor_covers_what_it_pushed() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    device.edit(doc(1), "a");
    let mut talk = Conversation::new(device.session(Mode::Once), relay.session());
    // Somebody else is faster: their change stands between where the device stands and its own.
    let (hash, bytes) = change(OTHER, 1, "b");
    let mut accepted = false;
    while talk.outcome.is_none() {
        step(&mut device, &mut relay, &mut talk, 1);
        if talk.relay.claim().is_some() && !accepted {
            accepted = true;
            relay.accept(doc(2), hash, bytes.clone());
        }
    }
    assert_eq!(talk.outcome, Some(Outcome::Done));
    assert_eq!((device.start.cursor, device.start.ahead), (Cursor::at(Position::new(2)), Position::new(2)));
    assert_eq!((device.start.sum, talk.device.report().pulled), (relay.sum(), 1));
}

#[test]
fn a_session_cut_in_the_middle_of_a_document_goes_on_from_there() {
    let mut relay = Relay::new();
    for n in 1..=12 {
        let (hash, bytes) = change(OTHER, 1, &format!("{n} {}", "x".repeat(1_500)));
        relay.accept(doc(1), hash, bytes);
    }
    let mut parts = 0;
    for frames in 1..16 {
        let mut device = Device::new();
        device.start.frame_bytes = 2_048;
        converse_cut(&mut device, &mut relay, frames);
        parts += u32::from(device.start.cursor == Cursor::default() && device.start.sum != Sum::ZERO);
        let talk = converse(&mut device, &mut relay, Mode::Once);
        assert_eq!((talk.outcome, talk.device.report().reconcile), (Some(Outcome::Done), None), "{frames} frames");
        assert_eq!(device.start.sum, relay.sum());
    }
    assert!(parts > 3, "{parts}");
}

#[test]
fn a_session_cut_after_its_verdicts_is_not_taken_for_unequal() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    settled(&mut device, &mut relay);
    device.edit(doc(1), "a");
    let mut cut_ahead = 0;
    for frames in 1..12 {
        let (mut device, mut relay) = (device.clone(), relay.clone());
        let mut talk = Conversation::new(device.session(Mode::Once), relay.session());
        talk.frames_left = frames;
        let (hash, bytes) = change(OTHER, 1, "b");
        let mut accepted = false;
        while talk.outcome.is_none() {
            step(&mut device, &mut relay, &mut talk, 1);
            if talk.relay.claim().is_some() && !accepted {
                accepted = true;
                relay.accept(doc(2), hash, bytes.clone());
            }
        }
        cut_ahead += u32::from(device.start.ahead > device.start.cursor.base);
        let talk = converse(&mut device, &mut relay, Mode::Once);
        assert_eq!((talk.outcome, talk.device.report().reconcile), (Some(Outcome::Done), None), "cut after {frames}");
        assert_eq!(device.start.sum, relay.sum());
    }
    assert!(cut_ahead > 0, "no cut fell between the verdicts and what covers them");
}

#[test]
fn a_change_whose_verdict_was_lost_leaves_the_outbox_when_it_arrives() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let hash = device.edit(doc(1), "a");
    relay.accept(doc(1), hash, device.held[&doc(1)][&hash].clone());
    settled(&mut device, &mut relay);
    assert_eq!((device.outbox.len(), relay.feed.len(), device.start.sum), (0, 1, relay.sum()));
}

#[test]
fn an_erased_document_goes_everywhere_and_stays_erased() {
    let (mut follower, mut writer, mut relay) = (Device::another(10), Device::new(), Relay::new());
    writer.edit(doc(1), "a");
    writer.edit(doc(2), "b");
    settled(&mut writer, &mut relay);
    let mut talk = converse(&mut follower, &mut relay, Mode::Follow);
    assert_eq!(follower.held.len(), 2);
    let from = relay.admission.head;
    relay.erase(doc(1), "按客户要求");
    talk.relay.handle_live(&relay.live(from), Tick::default());
    go_on(&mut follower, &mut relay, &mut talk);
    assert!(!talk.device.is_over() && talk.device.is_caught_up());
    assert_eq!((follower.held.len(), follower.start.sum), (1, relay.sum()));

    // One that was away edits it meanwhile.
    let mut late = Device::another(11);
    late.edit(doc(1), "c");
    settled(&mut late, &mut relay);
    let (refused, erased) = (late.refused.len(), late.erased.len());
    assert_eq!((refused, erased, late.outbox.len(), late.start.sum), (0, 1, 0, relay.sum()));
    // And one that knew of it.
    settled(&mut writer, &mut relay);
    assert_eq!((writer.held.len(), writer.start.sum), (1, relay.sum()));
}

#[test]
fn a_frame_that_skips_a_part_of_the_feed_ends_the_connection() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let mut talk = converse(&mut device, &mut relay, Mode::Follow);
    let at = |position| Cursor::at(Position::new(position));
    let frame = |from, after| {
        let head = Position::new(9);
        let (items, owed, sum) = (Vec::new(), None, None);
        encode(&Frame::Documents(Documents { from, after, head, more: false, items, owed, sum }))
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
        session.handle_frame(&encode(&hello), Tick::default());
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
        let config = DeviceConfig { mode: Mode::Once, app: "test".to_owned() };
        let request = EnrolmentRequest { invite: invite.to_owned(), name: "王*".to_owned(), code: None };
        let session = DeviceSession::enrol(config, samples::secret(), request, Tick::default());
        let mut talk = Conversation::new(session, relay.session());
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
    assert_eq!(decode(&pong).unwrap(), Frame::Pong(HEARTBEAT_MS));
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
        encode(&Frame::Push(Push {
            changes: vec![PushedChange { seq, doc: doc(1), bytes: bytes.to_vec() }],
            more: false,
        }))
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
