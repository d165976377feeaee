//! What a relay's session holds for a device, however much that asks.

use sync::limits::{ASKS_IN_FLIGHT_MAX, FRAMES_IN_FLIGHT_MAX, SECTION_BYTES_MAX};
use sync::wire::{DICTIONARY_LATEST, Documents, Frame, Item, ItemForm, Packing, Signed};
use sync::{Answer, Ask, Claim, Code, Compared, RelayEffect, RelaySession, Tick};
use vocab::{Cursor, Position, RangeQuery, Sum};

use crate::relay::Relay;
use crate::samples::{self, doc};
use crate::store::change;

/// A session with a device that claims this, past the Welcome; what the socket was given before is on its way.
fn welcomed(relay: &mut Relay, claim: &Claim) -> RelaySession {
    let mut session = relay.session();
    let hello = Frame::Hello(Signed::claim(&samples::secret(), &samples::nonce(), claim));
    session.handle_frame(&hello.encode(Packing::PLAIN), Tick::default());
    while let Some(effect) = session.poll_effect() {
        let admits = matches!(effect, RelayEffect::Authenticate(_));
        relay.perform(effect, &mut session);
        if admits {
            break;
        }
    }
    assert!(matches!(session.poll_effect(), Some(RelayEffect::Send(_))), "the Welcome");
    session.handle_sent(Tick::default());
    session
}

fn suspect() -> Claim {
    Claim { suspect: true, dictionary: DICTIONARY_LATEST, ..samples::claim() }
}

fn tell(session: &mut RelaySession, frame: &Frame) {
    session.handle_frame(&frame.encode(Packing::LATEST), Tick::default());
}

fn closed(session: &mut RelaySession) -> Option<Code> {
    std::iter::from_fn(|| session.poll_effect()).find_map(|effect| match effect {
        RelayEffect::Close(code) => Some(code),
        _ => None,
    })
}

fn query() -> Frame {
    Frame::Reconcile(vec![RangeQuery { lower: doc(0), upper: None, count: 0, sum: Sum::ZERO }])
}

fn compare() -> Frame {
    Frame::Compare(vec![Ask { doc: doc(1), hashes: Vec::new() }, Ask { doc: doc(2), hashes: Vec::new() }])
}

fn restore() -> Frame {
    let (_, bytes) = change(samples::claim().actor, 1, "a");
    Frame::Restore(vec![Item { doc: doc(1), form: ItemForm::Changes(vec![bytes]) }])
}

#[test]
fn more_unanswered_questions_than_allowed_end_the_connection() {
    let mut relay = Relay::new();
    for (frame, max) in [(query(), 1), (compare(), ASKS_IN_FLIGHT_MAX), (restore(), ASKS_IN_FLIGHT_MAX)] {
        let mut session = welcomed(&mut relay, &suspect());
        for _ in 0..max {
            tell(&mut session, &frame);
            assert!(!session.is_over(), "{frame:?}");
        }
        tell(&mut session, &frame);
        assert_eq!(closed(&mut session), Some(Code::Limit), "{frame:?}");
    }
}

#[test]
fn questions_and_pushes_outside_of_their_time_end_the_connection() {
    let mut relay = Relay::new();
    let push = Frame::Push(sync::wire::Push {
        changes: vec![sync::wire::PushedChange { seq: 1, doc: doc(1), bytes: vec![1] }],
        more: false,
    });
    let refused = |claim: &Claim, frame: &Frame, relay: &mut Relay| {
        let mut session = welcomed(relay, claim);
        tell(&mut session, frame);
        closed(&mut session)
    };
    assert_eq!(refused(&suspect(), &push, &mut relay), Some(Code::Unexpected));
    let sound = Claim { sum: Sum::ZERO, cursor: Cursor::default(), dictionary: DICTIONARY_LATEST, ..samples::claim() };
    assert_eq!(refused(&sound, &push, &mut relay), None);
    for frame in [query(), compare(), restore(), Frame::Reconciled(Position::START)] {
        assert_eq!(refused(&sound, &frame, &mut relay), Some(Code::Unexpected), "{frame:?}");
    }
    // A question must be answered before reconciling is over, and it ends at the Welcome's head.
    let mut session = welcomed(&mut relay, &suspect());
    tell(&mut session, &compare());
    tell(&mut session, &Frame::Reconciled(Position::START));
    assert_eq!(closed(&mut session), Some(Code::Unexpected));
    assert_eq!(refused(&suspect(), &Frame::Reconciled(Position::new(1)), &mut relay), Some(Code::Unexpected));
    assert_eq!(refused(&suspect(), &Frame::Reconciled(Position::START), &mut relay), None);
}

#[test]
fn a_slow_socket_is_given_a_few_answers_and_no_further_question_is_asked_of_the_store() {
    let mut relay = Relay::new();
    let mut session = welcomed(&mut relay, &suspect());
    let (mut frames, mut compares) = (0, 0);
    for _ in 0..20 {
        if !session.is_over() && compares < 10 {
            tell(&mut session, &compare());
        }
        while let Some(effect) = session.poll_effect() {
            match effect {
                RelayEffect::Send(_) => frames += 1, // never handed to the socket
                RelayEffect::Compare { .. } => {
                    compares += 1;
                    let answer = Answer { complete: true, item: None, wants: Vec::new() };
                    let head = Position::START;
                    session.handle_compared(Compared { answers: vec![answer], head }, Tick::default());
                }
                RelayEffect::Close(code) => assert_eq!(code, Code::Limit),
                _ => {}
            }
        }
    }
    assert_eq!(compares, FRAMES_IN_FLIGHT_MAX);
    assert_eq!((frames, session.is_over()), (FRAMES_IN_FLIGHT_MAX + 1, true), "the answers, and the Goodbye");
}

#[test]
fn answers_that_would_exceed_a_section_are_sent_as_far_as_they_fit() {
    let mut relay = Relay::new();
    let mut session = welcomed(&mut relay, &suspect());
    tell(&mut session, &compare());
    let half = samples::bytes(7, SECTION_BYTES_MAX * 3 / 5);
    let answer = |n| Answer {
        complete: true,
        item: Some(Item { doc: doc(n), form: ItemForm::Changes(vec![half.clone()]) }),
        wants: Vec::new(),
    };
    assert!(matches!(session.poll_effect(), Some(RelayEffect::Compare { .. })));
    let head = Position::START;
    session.handle_compared(Compared { answers: vec![answer(1), answer(2)], head }, Tick::default());
    let Some(RelayEffect::Send(frame)) = session.poll_effect() else { panic!("no answer") };
    let Ok(Frame::Missing(missing)) = Frame::decode(&frame, Packing::LATEST) else { panic!("not readable") };
    assert_eq!(missing.answers, [answer(1)]);
}

#[test]
fn a_device_that_knows_no_dictionary_is_spoken_to_without_one_live_batches_included() {
    let mut relay = Relay::new();
    let value = "the same words over and over, the same words over and over";
    let (hash, bytes) = change(samples::claim().actor, 1, value);
    relay.accept(doc(1), hash, bytes.clone());
    for dictionary in [0, DICTIONARY_LATEST] {
        let packing = Packing { dictionary };
        let claim = Claim { sum: Sum::ZERO, cursor: Cursor::default(), dictionary, ..samples::claim() };
        let mut session = welcomed(&mut relay, &claim);
        let mut frames = Vec::new();
        let mut drain = |session: &mut RelaySession, relay: &mut Relay| {
            while let Some(effect) = session.poll_effect() {
                frames.extend(relay.perform(effect, session).0);
            }
        };
        drain(&mut session, &mut relay);
        let before = relay.admission.head;
        relay.accept(doc(dictionary + 2), hash, bytes.clone());
        session.handle_live(&relay.live(before), Tick::default());
        drain(&mut session, &mut relay);
        assert_eq!(frames.len(), 2);
        for frame in frames {
            let read = Frame::decode(&frame, packing).unwrap();
            let Frame::Documents(Documents { items, .. }) = &read else { panic!("{read:?}") };
            assert!(!items.is_empty());
            assert_eq!(read.encode(packing), *frame);
        }
    }
}
