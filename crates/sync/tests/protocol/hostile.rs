//! Frames that nobody honest would send: garbage, damaged ones, and well-formed ones that mean harm.

use crate::samples;
use std::sync::Arc;

use crate::pair::{Device, Relay, converse, go_on};
use crate::samples::doc;
use proptest::prelude::*;
use sync::limits::{FRAME_BYTES_MAX, ITEMS_PER_FRAME_MAX, SECTION_BYTES_MAX};
use sync::wire::{Documents, Frame, Item, ItemForm, Push, PushedChange, Reason, Verdicts, WireError};
use sync::{Code, Mode, Progress, RelayEffect, Tick};
use vocab::{Cursor, DocId, Position, Refusal, Verdict};

fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fn small() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..12, Just(i64::MAX as u64)]
}

fn cursor() -> impl Strategy<Value = Cursor> {
    (small(), small()).prop_map(|(a, b)| Cursor { base: Position::new(a.min(b)), through: Position::new(a.max(b)) })
}

fn blob() -> impl Strategy<Value = Arc<[u8]>> {
    prop::collection::vec(any::<u8>(), 1..60).prop_map(Arc::from)
}

fn doc_id() -> impl Strategy<Value = DocId> {
    (0_u8..4).prop_map(doc)
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        small().prop_map(|position| Verdict::Accepted(Position::new(position))),
        small().prop_map(|position| Verdict::Had(Position::new(position))),
        prop::sample::select(Refusal::ALL.to_vec()).prop_map(Verdict::Refused),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    let form = prop_oneof![
        blob().prop_map(ItemForm::Saved),
        prop::collection::vec(blob(), 0..4).prop_map(ItemForm::Changes),
        (blob(), 0_u64..3, 0_u64..3).prop_map(|(bytes, before, after)| {
            let total = before + bytes.len() as u64 + after;
            ItemForm::Part { total, offset: before, bytes }
        }),
    ];
    (doc_id(), form).prop_map(|(doc, form)| Item { doc, form })
}

/// Any frame of the exchange, well-formed and without regard to what it would mean.
fn frame() -> impl Strategy<Value = Frame> {
    let push = prop::collection::btree_map(small(), (doc_id(), blob()), 1..4).prop_map(|changes| {
        let changes = changes.into_iter();
        Frame::Push(Push {
            changes: changes.map(|(seq, (doc, bytes))| PushedChange { seq, doc, bytes: bytes.to_vec() }).collect(),
        })
    });
    let verdicts = (prop::collection::vec((small(), verdict()), 0..4), prop::option::of((small(), small()))).prop_map(
        |(verdicts, span)| {
            let span = span.map(|(from, to)| (Position::new(from), Position::new(to)));
            Frame::Verdicts(Verdicts { verdicts, span })
        },
    );
    let documents = (cursor(), cursor(), small(), any::<bool>(), prop::collection::vec(item(), 0..4)).prop_map(
        |(from, after, head, more, items)| {
            Frame::Documents(Documents { from, after, head: Position::new(head), more, items })
        },
    );
    prop_oneof![
        4 => push,
        4 => verdicts,
        8 => documents,
        1 => (cursor(), small()).prop_map(|(cursor, outbox)| Frame::Progress(Progress { cursor, outbox })),
        1 => small().prop_map(Frame::Ping),
        1 => small().prop_map(Frame::Pong),
        1 => (any::<u8>(), ".{0,20}").prop_map(|(n, text)| Frame::Goodbye(Reason { code: Code::from_number(n), text })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_frame_reads_back_what_was_written(frame in frame()) {
        prop_assert_eq!(Frame::decode(&frame.encode()).unwrap(), frame);
    }

    #[test]
    fn arbitrary_bytes_are_a_frame_or_an_error(bytes: Vec<u8>, number in 0_u8..16) {
        let _ = Frame::decode(&bytes);
        let _ = Frame::decode(&sealed(bytes.clone()));
        let _ = Frame::decode(&sealed([vec![number], bytes].concat()));
    }

    #[test]
    fn a_damaged_frame_is_always_noticed(which: prop::sample::Index, at: prop::sample::Index, flip in 1_u8..) {
        let frames = samples::frames();
        let (_, frame) = which.get(&frames);
        let mut bytes = frame.encode();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(matches!(Frame::decode(&bytes), Err(WireError::Checksum)));
        bytes.truncate(at);
        prop_assert!(Frame::decode(&bytes).is_err());
    }

    #[test]
    fn a_damaged_frame_with_a_true_checksum_never_panics(which: prop::sample::Index, at: prop::sample::Index, flip in 1_u8..) {
        let frames = samples::frames();
        let (_, frame) = which.get(&frames);
        let mut bytes = frame.encode();
        bytes.truncate(bytes.len() - 4);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(frame) = Frame::decode(&sealed(bytes)) {
            let _ = frame.encode();
        }
    }

    #[test]
    fn a_relay_session_survives_any_frames_and_appends_nothing_that_is_not_a_change(frames in prop::collection::vec(frame(), 1..12)) {
        let (mut device, mut relay) = (Device::new(), Relay::new());
        let mut talk = converse(&mut device, &mut relay, Mode::Follow);
        for frame in frames {
            talk.relay.handle_frame(&frame.encode(), Tick::default());
            while let Some(effect) = talk.relay.poll_effect() {
                let appends = matches!(effect, RelayEffect::Append { .. });
                prop_assert!(!appends);
                relay.perform(effect, &mut talk.relay);
            }
        }
        prop_assert!(relay.feed.is_empty());
    }

    #[test]
    fn a_device_session_survives_any_frames_and_its_cursor_never_goes_back(frames in prop::collection::vec(frame(), 1..12)) {
        let (mut device, mut relay) = (Device::new(), Relay::new());
        let mut talk = converse(&mut device, &mut relay, Mode::Follow);
        let mut cursor = device.start.cursor;
        for frame in frames {
            talk.device.handle_frame(&frame.encode(), Tick::default());
            while let Some(effect) = talk.device.poll_effect() {
                if let sync::DeviceEffect::Commit { cursor: moved, .. } = effect {
                    let moved = moved.unwrap_or(cursor);
                    prop_assert!(moved.base >= cursor.base && moved.through >= cursor.through);
                    cursor = moved;
                    talk.device.handle_committed(0, Tick::default());
                } else {
                    device.perform(effect, &mut talk.device);
                }
            }
        }
    }
}

#[test]
fn more_than_a_limit_allows_is_refused_and_exactly_that_much_is_not() {
    let items = |count: usize| {
        let items = vec![Item { doc: doc(1), form: ItemForm::Changes(Vec::new()) }; count];
        let at = Cursor::default();
        Frame::decode(
            &Frame::Documents(Documents { from: at, after: at, head: Position::START, more: false, items }).encode(),
        )
    };
    assert!(items(ITEMS_PER_FRAME_MAX).is_ok());
    assert_eq!(items(ITEMS_PER_FRAME_MAX + 1).unwrap_err().code(), Code::Limit);

    let changes = |count: usize| {
        let form = ItemForm::Changes(vec![samples::bytes(0, 0); count]);
        let (at, items) = (Cursor::default(), vec![Item { doc: doc(1), form }]);
        Frame::decode(
            &Frame::Documents(Documents { from: at, after: at, head: Position::START, more: false, items }).encode(),
        )
    };
    assert!(changes(ITEMS_PER_FRAME_MAX).is_ok());
    assert_eq!(changes(ITEMS_PER_FRAME_MAX + 1).unwrap_err().code(), Code::Limit);

    let push = |bytes: usize| {
        let changes = vec![PushedChange { seq: 1, doc: doc(1), bytes: vec![0; bytes] }];
        Frame::decode(&Frame::Push(Push { changes }).encode())
    };
    assert!(push(SECTION_BYTES_MAX - 100).is_ok());
    assert_eq!(push(SECTION_BYTES_MAX).unwrap_err().code(), Code::Limit);

    let long = sealed(vec![10; FRAME_BYTES_MAX]);
    assert_eq!(Frame::decode(&long).unwrap_err().code(), Code::Limit);
}

#[test]
fn garbage_ends_the_connection_with_a_stated_code_on_either_side() {
    let (mut device, mut relay) = (Device::new(), Relay::new());
    let mut talk = converse(&mut device, &mut relay, Mode::Follow);
    talk.relay.handle_frame(b"GET / HTTP/1.1", Tick::default());
    go_on(&mut device, &mut relay, &mut talk);
    assert_eq!(talk.closed, Some(Code::Malformed));
    assert!(matches!(talk.outcome, Some(sync::Outcome::Refused { code: Code::Malformed, .. })));

    let mut talk = converse(&mut device, &mut relay, Mode::Follow);
    talk.device.handle_frame(&[], Tick::default());
    go_on(&mut device, &mut relay, &mut talk);
    assert_eq!(talk.outcome, Some(sync::Outcome::Broken(Code::Malformed)));
    assert_eq!(talk.closed, Some(Code::Malformed));
}
