//! Frames that nobody honest would send: garbage, damaged ones, and well-formed ones that mean harm.

use crate::samples;
use std::sync::Arc;

use crate::pair::{Conversation, converse, go_on, step};
use crate::relay::Relay;
use crate::samples::{decode, doc, encode};
use crate::store::Device;
use proptest::prelude::*;
use sync::limits::{
    ASK_HASHES_MAX, ASKS_PER_FRAME_MAX, FRAME_BYTES_MAX, ITEMS_PER_FRAME_MAX, OWED_MAX, RANGE_FANOUT,
    RANGES_PER_FRAME_MAX, RESTORE_ITEMS_MAX, SECTION_BYTES_MAX,
};
use sync::wire::{
    Documents, Frame, Item, ItemForm, Missing, Push, PushedChange, Reason, RestoreRefusal, RestoredFrame, Verdicts,
    WireError,
};
use sync::{Answer, Ask, Code, Mode, Progress, RelayEffect, Tick};
use vocab::{
    ChangeHash, Cursor, DocId, Owed, Position, RangeAnswer, RangeQuery, Refusal, Subrange, Sum, Tombstone, Verdict,
};

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

fn tombstone() -> impl Strategy<Value = Tombstone> {
    doc_id().prop_map(|doc| Tombstone { doc, ..samples::tombstone() })
}

fn changes() -> impl Strategy<Value = ItemForm> {
    prop::collection::vec(blob(), 1..4).prop_map(ItemForm::Changes)
}

fn item() -> impl Strategy<Value = Item> {
    let form = prop_oneof![blob().prop_map(ItemForm::Saved), changes(), Just(ItemForm::Changes(Vec::new()))];
    prop_oneof![4 => (doc_id(), form).prop_map(|(doc, form)| Item { doc, form }), 1 => erased()]
}

fn erased() -> impl Strategy<Value = Item> {
    tombstone().prop_map(|tombstone| Item { doc: tombstone.doc, form: ItemForm::Erased(tombstone) })
}

fn any_sum() -> impl Strategy<Value = Sum> {
    prop_oneof![Just(Sum::ZERO), (0_u8..4).prop_map(samples::sum)]
}

fn owed() -> impl Strategy<Value = Vec<Owed>> {
    prop::collection::btree_map(doc_id(), small(), 0..3)
        .prop_map(|owed| owed.into_iter().map(|(doc, within)| Owed { doc, within: Position::new(within) }).collect())
}

/// Any frame of the exchange, well-formed and without regard to what it would mean.
fn frame() -> impl Strategy<Value = Frame> {
    let push = prop::collection::btree_map(small(), (doc_id(), blob()), 1..4).prop_map(|changes| {
        let changes = changes.into_iter();
        Frame::Push(Push {
            changes: changes.map(|(seq, (doc, bytes))| PushedChange { seq, doc, bytes: bytes.to_vec() }).collect(),
            more: false,
        })
    });
    let span = prop::option::of((small(), small()));
    let verdicts = (prop::collection::vec((small(), verdict()), 0..4), span, prop::option::of(any_sum())).prop_map(
        |(verdicts, span, sum)| {
            let span = span.map(|(from, to)| (Position::new(from), Position::new(to)));
            Frame::Verdicts(Verdicts { verdicts, span, sum })
        },
    );
    let items = prop::collection::vec(item(), 0..4);
    let lists = (items, prop::option::of(owed()), prop::option::of(any_sum()));
    let documents = (cursor(), cursor(), small(), any::<bool>(), lists).prop_map(
        |(from, after, head, more, (items, owed, sum))| {
            Frame::Documents(Documents { from, after, head: Position::new(head), more, items, owed, sum })
        },
    );
    prop_oneof![
        4 => push,
        4 => verdicts,
        8 => documents,
        8 => reconcile_frame(),
        1 => (cursor(), small()).prop_map(|(cursor, outbox)| Frame::Progress(Progress { cursor, outbox })),
        1 => small().prop_map(Frame::Ping),
        1 => small().prop_map(Frame::Pong),
        1 => (any::<u8>(), ".{0,20}").prop_map(|(n, text)| Frame::Goodbye(Reason { code: Code::from_number(n), text })),
    ]
}

fn reconcile_frame() -> impl Strategy<Value = Frame> {
    let upper = || prop::option::of(doc_id());
    let query = (upper(), small(), any_sum()).prop_map(|(upper, count, sum)| {
        let upper = upper.filter(|upper| *upper > doc(0));
        RangeQuery { lower: doc(0), upper, count, sum }
    });
    let part = (upper(), small(), any_sum()).prop_map(|(upper, count, sum)| Subrange { upper, count, sum });
    let answer = prop_oneof![
        Just(RangeAnswer::Equal),
        prop::collection::vec(part, 0..4).prop_map(RangeAnswer::Split),
        prop::collection::vec((doc_id(), any_sum()), 0..4).prop_map(RangeAnswer::List),
    ];
    let ask = (doc_id(), prop::collection::vec(any::<[u8; 16]>(), 0..4)).prop_map(|(doc, hashes)| Ask { doc, hashes });
    let wants = prop::collection::btree_set(0_u32..5, 0..3).prop_map(|wants| wants.into_iter().collect());
    let missing = (any::<bool>(), prop::option::of(item()), wants).prop_map(|(complete, item, wants)| Answer {
        complete,
        item,
        wants,
    });
    let refusal = (doc_id(), prop::option::of(any::<[u8; 32]>()), prop::sample::select(Refusal::ALL.to_vec()))
        .prop_map(|(doc, hash, refusal)| RestoreRefusal { doc, hash: hash.map(ChangeHash::from_bytes), refusal });
    let restored = (prop::collection::vec(refusal, 0..3), prop::collection::vec(tombstone(), 0..2), small());
    let brought = prop_oneof![(doc_id(), changes()).prop_map(|(doc, form)| Item { doc, form }), erased()];
    prop_oneof![
        prop::collection::vec(query, 1..4).prop_map(Frame::Reconcile),
        prop::collection::vec(answer, 1..4).prop_map(Frame::Ranges),
        prop::collection::vec(ask, 1..4).prop_map(Frame::Compare),
        (prop::collection::vec(missing, 1..4), small())
            .prop_map(|(answers, head)| Frame::Missing(Missing { answers, head: Position::new(head) })),
        prop::collection::vec(brought, 1..4).prop_map(Frame::Restore),
        restored.prop_map(|(refused, tombstones, head)| {
            Frame::Restored(RestoredFrame { refused, tombstones, head: Position::new(head) })
        }),
        small().prop_map(|head| Frame::Reconciled(Position::new(head))),
    ]
}

/// A conversation in the middle of reconciling, or after it.
fn reconciling(device: &mut Device, relay: &mut Relay, frames: usize) -> Conversation {
    let bytes = samples::bytes(1, 10);
    for n in 1..=40 {
        device.hold(doc(n), ChangeHash::from_bytes([n; 32]), bytes.clone());
    }
    device.start.suspect = true;
    let mut talk = Conversation::new(device.session(Mode::Follow), relay.session());
    step(device, relay, &mut talk, frames);
    talk
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_frame_reads_back_what_was_written(frame in frame()) {
        prop_assert_eq!(decode(&encode(&frame)).unwrap(), frame);
    }

    #[test]
    fn arbitrary_bytes_are_a_frame_or_an_error(bytes: Vec<u8>, number in 0_u8..21) {
        let _ = decode(&bytes);
        let _ = decode(&sealed(bytes.clone()));
        let _ = decode(&sealed([vec![number], bytes].concat()));
    }

    #[test]
    fn a_damaged_frame_is_always_noticed(which: prop::sample::Index, at: prop::sample::Index, flip in 1_u8..) {
        let frames = samples::frames();
        let (_, frame) = which.get(&frames);
        let mut bytes = encode(frame);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(matches!(decode(&bytes), Err(WireError::Checksum)));
        bytes.truncate(at);
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn a_damaged_frame_with_a_true_checksum_never_panics(which: prop::sample::Index, at: prop::sample::Index, flip in 1_u8..) {
        let frames = samples::frames();
        let (_, frame) = which.get(&frames);
        let mut bytes = encode(frame);
        bytes.truncate(bytes.len() - 4);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(frame) = decode(&sealed(bytes)) {
            let _ = encode(&frame);
        }
    }

    #[test]
    fn a_relay_session_survives_any_frames_and_appends_nothing_that_is_not_a_change(
        frames in prop::collection::vec(frame(), 1..12),
        steps in prop::option::of(0_usize..12),
    ) {
        let (mut device, mut relay) = (Device::new(), Relay::new());
        let mut talk = match steps {
            None => converse(&mut device, &mut relay, Mode::Follow),
            Some(steps) => reconciling(&mut device, &mut relay, steps),
        };
        for frame in frames {
            talk.relay.handle_frame(&encode(&frame), Tick::default());
            while let Some(effect) = talk.relay.poll_effect() {
                let appends = match &effect {
                    RelayEffect::Append { .. } => true,
                    RelayEffect::Restore { items, .. } => {
                        items.iter().any(|item| matches!(item.form, sync::RestoreForm::Changes(_)))
                    }
                    _ => false,
                };
                prop_assert!(!appends);
                relay.perform(effect, &mut talk.relay);
            }
        }
        let changes = relay.feed.iter().filter(|(_, row)| matches!(row, crate::relay::Row::Change(..))).count();
        prop_assert_eq!(changes, 0);
    }

    #[test]
    fn a_device_session_survives_any_frames_and_its_cursor_never_goes_back(
        frames in prop::collection::vec(frame(), 1..12),
        steps in prop::option::of(0_usize..12),
    ) {
        let (mut device, mut relay) = (Device::new(), Relay::new());
        let mut talk = match steps {
            None => converse(&mut device, &mut relay, Mode::Follow),
            Some(steps) => reconciling(&mut device, &mut relay, steps),
        };
        let mut cursor = device.start.cursor;
        for frame in frames {
            talk.device.handle_frame(&encode(&frame), Tick::default());
            while let Some(effect) = talk.device.poll_effect() {
                if let sync::DeviceEffect::Commit { cursor: moved, .. } = effect {
                    let moved = moved.unwrap_or(cursor);
                    prop_assert!(moved.base >= cursor.base && moved.through >= cursor.through);
                    cursor = moved;
                    talk.device.handle_committed(0, Sum::ZERO, Tick::default());
                } else {
                    device.perform(effect, &mut talk.device);
                }
            }
        }
    }
}

fn documents(items: Vec<Item>) -> Frame {
    let at = Cursor::default();
    let (head, more) = (Position::START, false);
    Frame::Documents(Documents { from: at, after: at, head, more, items, owed: None, sum: None })
}

#[test]
fn more_than_a_limit_allows_is_refused_and_exactly_that_much_is_not() {
    let items = |count: usize| {
        let items = vec![Item { doc: doc(1), form: ItemForm::Changes(Vec::new()) }; count];
        decode(&encode(&documents(items)))
    };
    assert!(items(ITEMS_PER_FRAME_MAX).is_ok());
    assert_eq!(items(ITEMS_PER_FRAME_MAX + 1).unwrap_err().code(), Code::Limit);

    let changes = |count: usize| {
        let form = ItemForm::Changes(vec![samples::bytes(0, 0); count]);
        decode(&encode(&documents(vec![Item { doc: doc(1), form }])))
    };
    assert!(changes(ITEMS_PER_FRAME_MAX).is_ok());
    assert_eq!(changes(ITEMS_PER_FRAME_MAX + 1).unwrap_err().code(), Code::Limit);

    let push = |bytes: usize| {
        let changes = vec![PushedChange { seq: 1, doc: doc(1), bytes: vec![0; bytes] }];
        decode(&encode(&Frame::Push(Push { changes, more: false })))
    };
    assert!(push(SECTION_BYTES_MAX - 100).is_ok());
    assert_eq!(push(SECTION_BYTES_MAX).unwrap_err().code(), Code::Limit);

    let limited = |frame: &dyn Fn(usize) -> Frame, max: usize| {
        assert!(decode(&encode(&frame(max))).is_ok());
        assert_eq!(decode(&encode(&frame(max + 1))).unwrap_err().code(), Code::Limit);
    };
    let numbered = |n: usize| DocId::from_bytes((n as u128).to_be_bytes());
    let owed = |count: usize| {
        let owed = (0..count).map(|n| Owed { doc: numbered(n), within: Position::START }).collect();
        let Frame::Documents(documents) = documents(Vec::new()) else { panic!("documents") };
        Frame::Documents(Documents { owed: Some(owed), ..documents })
    };
    limited(&owed, OWED_MAX);
    let query = RangeQuery { lower: doc(0), upper: None, count: 0, sum: Sum::ZERO };
    limited(&|count| Frame::Reconcile(vec![query; count]), RANGES_PER_FRAME_MAX);
    limited(&|count| Frame::Ranges(vec![RangeAnswer::Equal; count]), RANGES_PER_FRAME_MAX);
    let part = Subrange { upper: None, count: 0, sum: Sum::ZERO };
    limited(&|count| Frame::Ranges(vec![RangeAnswer::Split(vec![part; count])]), RANGE_FANOUT);
    limited(&|count| Frame::Ranges(vec![RangeAnswer::List(vec![(doc(0), Sum::ZERO); count])]), RANGE_FANOUT);
    let ask = Ask { doc: doc(1), hashes: Vec::new() };
    limited(&|count| Frame::Compare(vec![ask.clone(); count]), ASKS_PER_FRAME_MAX);
    limited(&|count| Frame::Compare(vec![Ask { doc: doc(1), hashes: vec![[7; 16]; count] }]), ASK_HASHES_MAX);
    let answer = Answer { complete: true, item: None, wants: Vec::new() };
    let missing = |answers| Frame::Missing(Missing { answers, head: Position::START });
    limited(&|count| missing(vec![answer.clone(); count]), ASKS_PER_FRAME_MAX);
    let brings = |count| Item { doc: doc(1), form: ItemForm::Changes(vec![samples::bytes(0, 1); count]) };
    let brought = |count| vec![Answer { complete: true, item: Some(brings(count)), wants: Vec::new() }];
    limited(&|count| missing(brought(count)), ITEMS_PER_FRAME_MAX);
    limited(&|count| Frame::Restore(vec![brings(1); count]), RESTORE_ITEMS_MAX);
    limited(&|count| Frame::Restore(vec![brings(count)]), ITEMS_PER_FRAME_MAX);
    let refusal = RestoreRefusal { doc: doc(1), hash: None, refusal: Refusal::Erased };
    let restored = |refused, tombstones| {
        Frame::Restored(RestoredFrame { refused: vec![refusal; refused], tombstones, head: Position::START })
    };
    limited(&|count| restored(count, Vec::new()), ITEMS_PER_FRAME_MAX);
    limited(&|count| restored(0, vec![samples::tombstone(); count]), RESTORE_ITEMS_MAX);
    let longest = Tombstone { why: "x".repeat(Tombstone::WHY_BYTES_MAX), ..samples::tombstone() };
    let largest = restored(ITEMS_PER_FRAME_MAX, vec![longest; RESTORE_ITEMS_MAX]);
    assert!(decode(&encode(&largest)).is_ok(), "the largest answer fits into a frame");

    let long = sealed(vec![10; FRAME_BYTES_MAX]);
    assert_eq!(decode(&long).unwrap_err().code(), Code::Limit);
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
