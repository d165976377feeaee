//! Relays that lie while a device reconciles. The device ends; it neither loops nor does what it was told.

use sync::wire::{Challenge, Documents, Frame, Item, ItemForm, Missing, RestoredFrame, Welcome};
use sync::{Answer, Code, DeviceEffect, Mode, Outcome, Plan, Tick};
use vocab::{Cursor, DocId, Owed, Position, RangeAnswer, RangeQuery, Subrange, Sum};

use crate::samples::{self, decode, doc, encode};
use crate::store::{Device, change};

/// How many frames a device may send before a test takes it for endless.
const FRAMES_MAX: usize = 60_000;

/// A device of forty documents that talks with a relay which welcomes it with `plan` and answers as `answer` says. Returns how
/// it ended, and how many frames it sent.
fn face_with(plan: Plan, mut answer: impl FnMut(Frame) -> Vec<Frame>) -> (Outcome, usize) {
    let mut device = Device::new();
    let (hash, bytes) = change(device.start.actor, 1, "a");
    for n in 1..=40 {
        device.hold(doc(n), hash, bytes.clone());
    }
    let mut session = device.session(Mode::Once);
    session.handle_frame(&encode(&Frame::Challenge(Challenge::from(samples::nonce()))), Tick::default());
    let mut sent = 0;
    while let Some(effect) = session.poll_effect() {
        let (frame, outcome) = device.perform(effect, &mut session);
        if let Some(outcome) = outcome {
            return (outcome, sent);
        }
        let Some(frame) = frame else { continue };
        sent += 1;
        assert!(sent < FRAMES_MAX, "it would go on for ever");
        let answers = match decode(&frame).expect("a device sends frames") {
            Frame::Hello(_) => {
                let welcome = Frame::Welcome(Welcome { seen: None, plan, ..samples::welcome() });
                // Where the feed follows, the relay goes on by itself.
                let unasked = (plan == Plan::FromStart).then(|| answer(Frame::Ping(0))).into_iter().flatten();
                [welcome].into_iter().chain(unasked).collect()
            }
            frame => answer(frame),
        };
        for frame in answers {
            session.handle_frame(&encode(&frame), Tick::default());
        }
    }
    panic!("the device waits for an answer");
}

fn face(answer: impl FnMut(Frame) -> Vec<Frame>) -> Outcome {
    face_with(Plan::Reconcile, answer).0
}

fn id(number: u128) -> DocId {
    DocId::from_bytes(number.to_be_bytes())
}

fn number(doc: DocId) -> u128 {
    u128::from_be_bytes(*doc.as_bytes())
}

fn part(upper: Option<DocId>, count: u64) -> Subrange {
    Subrange { upper, count, sum: samples::sum(9) }
}

/// Sixteen parts of a range, each said to hold many documents.
fn sixteen(query: &RangeQuery, count: u64) -> RangeAnswer {
    let lower = number(query.lower);
    let width = query.upper.map_or(u128::MAX, number) - lower;
    let bound = |n: u128| Some(id(lower + width / 16 * n));
    let parts = (1..16).map(|n| part(bound(n), count)).chain([part(query.upper, count)]);
    RangeAnswer::Split(parts.collect())
}

#[test]
fn a_relay_that_splits_for_ever_is_left() {
    for count in [1, 1_000, i64::MAX as u64] {
        let outcome = face(|frame| match frame {
            Frame::Reconcile(queries) => {
                vec![Frame::Ranges(queries.iter().map(|query| sixteen(query, count)).collect())]
            }
            _ => Vec::new(),
        });
        assert_eq!(outcome, Outcome::Broken(Code::Limit), "{count}");
    }
}

#[test]
fn a_relay_that_cuts_off_slices_for_ever_is_left() {
    let outcome = face(|frame| match frame {
        Frame::Reconcile(queries) => {
            let slice = |query: &RangeQuery| {
                let next = id(number(query.lower) + 1);
                RangeAnswer::Split(vec![part(Some(next), 1), part(query.upper, 1_000)])
            };
            let has_room = |query: &RangeQuery| query.upper.is_none_or(|upper| number(upper) > number(query.lower) + 1);
            let answer = |query| if has_room(query) { slice(query) } else { RangeAnswer::Equal };
            vec![Frame::Ranges(queries.iter().map(answer).collect())]
        }
        _ => Vec::new(),
    });
    assert_eq!(outcome, Outcome::Broken(Code::Limit));
}

/// How a session ends whose first question about ranges is answered with this.
fn answered(answers: Vec<RangeAnswer>) -> Outcome {
    face(|frame| match frame {
        Frame::Reconcile(_) => vec![Frame::Ranges(answers.clone())],
        _ => Vec::new(),
    })
}

#[test]
fn answers_about_ranges_that_do_not_fit_the_questions_end_the_connection() {
    let split = |parts| vec![RangeAnswer::Split(parts)];
    let list = |docs: &[u8]| vec![RangeAnswer::List(docs.iter().map(|n| (doc(*n), samples::sum(1))).collect())];
    for (what, answers) in [
        ("too many", vec![RangeAnswer::Equal, RangeAnswer::Equal]),
        ("no parts", split(Vec::new())),
        ("one part", split(vec![part(None, 40)])),
        ("parts that end early", split(vec![part(Some(doc(3)), 4), part(Some(doc(9)), 4)])),
        ("parts out of order", split(vec![part(Some(doc(9)), 4), part(Some(doc(3)), 4), part(None, 4)])),
        ("parts that overlap", split(vec![part(Some(doc(9)), 4), part(Some(doc(9)), 4), part(None, 4)])),
        ("a part without an end in the middle", split(vec![part(None, 4), part(None, 4)])),
        ("an empty part", split(vec![part(Some(doc(0)), 4), part(None, 4)])),
        ("a list out of order", list(&[9, 3])),
        ("a document twice", list(&[3, 3])),
    ] {
        assert_eq!(answered(answers), Outcome::Broken(Code::Unexpected), "{what}");
    }
}

/// The relay says that it holds document 3 differently, and the rest likewise; what then?
fn after_a_difference(mut answer: impl FnMut(Frame) -> Vec<Frame>) -> Outcome {
    face(move |frame| match frame {
        Frame::Reconcile(queries) => {
            let book = Device::new();
            assert!(book.held.is_empty());
            let lists = queries.iter().map(|query| {
                let (hash, _) = change(samples::claim().actor, 1, "a");
                let all = (1..=40).map(|n| (doc(n), Sum::of_change(doc(n), hash)));
                let within = |doc: &DocId| *doc >= query.lower && query.upper.is_none_or(|upper| *doc < upper);
                let all = all.filter(|(id, _)| within(id));
                RangeAnswer::List(
                    all.map(|(id, sum)| (id, if id == doc(3) { samples::sum(1) } else { sum })).take(16).collect(),
                )
            });
            vec![Frame::Ranges(lists.collect())]
        }
        frame => answer(frame),
    })
}

fn missing(answer: Answer) -> Vec<Frame> {
    vec![Frame::Missing(Missing { answers: vec![answer], head: Position::new(12) })]
}

#[test]
fn answers_about_documents_that_do_not_fit_the_questions_end_the_connection() {
    let (_, bytes) = change(samples::claim().actor, 1, "another");
    let changes = |id| Some(Item { doc: id, form: ItemForm::Changes(vec![bytes.clone()]) });
    let erased =
        Some(Item { doc: doc(3), form: ItemForm::Erased(vocab::Tombstone { doc: doc(3), ..samples::tombstone() }) });
    for (what, complete, item, wants) in [
        ("another document", true, changes(doc(4)), Vec::new()),
        ("a change that was not stated", true, None, vec![1]),
        ("nothing, and more to come", false, None, Vec::new()),
        (
            "no change, and more to come",
            false,
            Some(Item { doc: doc(3), form: ItemForm::Changes(Vec::new()) }),
            Vec::new(),
        ),
        ("an erasure, and more to come", false, erased.clone(), Vec::new()),
        ("wants before it is complete", false, changes(doc(3)), vec![0]),
        ("erased, and wanted", true, erased, vec![0]),
    ] {
        let answer = Answer { complete, item, wants };
        let outcome = after_a_difference(|frame| match frame {
            Frame::Compare(_) => missing(answer.clone()),
            Frame::Restore(_) => vec![Frame::Restored(RestoredFrame::default())],
            _ => Vec::new(),
        });
        assert_eq!(outcome, Outcome::Broken(Code::Unexpected), "{what}");
    }
}

#[test]
fn a_relay_that_brings_the_same_change_for_ever_is_left() {
    let (_, bytes) = change(samples::claim().actor, 1, "again");
    let mut answers = 0;
    let outcome = after_a_difference(|frame| match frame {
        Frame::Compare(_) => {
            answers += 1;
            let item = Some(Item { doc: doc(3), form: ItemForm::Changes(vec![bytes.clone()]) });
            missing(Answer { complete: false, item, wants: Vec::new() })
        }
        Frame::Restore(_) => vec![Frame::Restored(RestoredFrame::default())],
        _ => Vec::new(),
    });
    assert_eq!((outcome, answers), (Outcome::Broken(Code::Unexpected), 2));
}

#[test]
fn frames_that_nobody_asked_for_end_the_connection() {
    let at = Cursor::at(Position::new(12));
    let documents = Documents {
        from: at,
        after: at,
        head: Position::new(12),
        more: false,
        items: Vec::new(),
        owed: None,
        sum: None,
    };
    let answer = Answer { complete: true, item: None, wants: Vec::new() };
    for unasked in [
        Frame::Documents(documents),
        Frame::Missing(Missing { answers: vec![answer], head: Position::new(12) }),
        Frame::Restored(RestoredFrame::default()),
        Frame::Verdicts(sync::wire::Verdicts { verdicts: Vec::new(), span: None, sum: None }),
        Frame::Reconciled(Position::new(12)),
        Frame::Welcome(samples::welcome()),
    ] {
        let outcome = face(|frame| match frame {
            Frame::Reconcile(_) => vec![unasked.clone()],
            _ => Vec::new(),
        });
        assert_eq!(outcome, Outcome::Broken(Code::Unexpected), "{unasked:?}");
    }
    // An answer given twice.
    let outcome = after_a_difference(|frame| match frame {
        Frame::Compare(_) => vec![Frame::Ranges(vec![RangeAnswer::Equal])],
        Frame::Restore(_) => vec![Frame::Restored(RestoredFrame::default())],
        _ => Vec::new(),
    });
    assert_eq!(outcome, Outcome::Broken(Code::Unexpected));
}

#[test]
fn a_relay_whose_sum_is_never_equal_ends_every_session_as_unequal() {
    let outcome = face(|frame| match frame {
        Frame::Reconcile(queries) => vec![Frame::Ranges(vec![RangeAnswer::Equal; queries.len()])],
        Frame::Reconciled(head) => {
            let at = Cursor::at(head);
            let (items, owed, sum) = (Vec::new(), None, Some(samples::sum(9)));
            vec![Frame::Documents(Documents { from: at, after: at, head, more: false, items, owed, sum })]
        }
        _ => Vec::new(),
    });
    assert!(matches!(outcome, Outcome::Unequal { relay, .. } if relay == samples::sum(9)), "{outcome:?}");
}

#[test]
fn a_plan_that_does_not_fit_the_feed_is_not_followed() {
    let welcome = |welcome: Welcome| {
        let mut device = Device::new();
        let mut session = device.session(Mode::Once);
        let frames = [Frame::Challenge(Challenge::from(samples::nonce())), Frame::Welcome(welcome)];
        for frame in frames {
            session.handle_frame(&encode(&frame), Tick::default());
            while let Some(effect) = session.poll_effect() {
                if let DeviceEffect::End(outcome) = effect {
                    return Some(outcome);
                }
                device.perform(effect, &mut session);
            }
        }
        None
    };
    let sound = Welcome { seen: None, ..samples::welcome() };
    assert_eq!(welcome(sound.clone()), None);
    let other = Welcome { epoch: vocab::Epoch::from_bytes([9; 16]), ..sound.clone() };
    assert_eq!(welcome(other), Some(Outcome::Broken(Code::Unexpected)));
    assert_eq!(welcome(Welcome { dictionary: 200, ..sound }), Some(Outcome::Broken(Code::Unexpected)));
}

#[test]
fn documents_that_lead_nowhere_or_state_what_cannot_be_end_the_connection() {
    let at = |position| Cursor::at(Position::new(position));
    let between = Cursor { base: Position::START, through: Position::new(3) };
    let owed = || Some(vec![Owed { doc: doc(1), within: Position::START }]);
    let frame = |after, more, owed, sum| Documents {
        from: Cursor::default(),
        after,
        head: Position::new(12),
        more,
        items: Vec::new(),
        owed,
        sum,
    };
    for (what, documents, code) in [
        ("nothing, and more to come", frame(at(0), true, None, None), Code::Unexpected),
        ("a sum between positions", frame(between, true, None, Some(Sum::ZERO)), Code::Unexpected),
        ("a sum with something owed", frame(at(12), true, owed(), Some(Sum::ZERO)), Code::Unexpected),
        ("an end between positions", frame(between, false, None, None), Code::Gap),
        ("an end with something owed", frame(at(12), false, owed(), None), Code::Gap),
    ] {
        let (outcome, _) = face_with(Plan::FromStart, |_| vec![Frame::Documents(documents.clone())]);
        assert_eq!(outcome, Outcome::Broken(code), "{what}");
    }
}
