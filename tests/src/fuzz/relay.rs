//! A relay's session and a device that says what it likes, once it has proved who it is.
//!
//! The driver is honest, and slow now and then. Whatever the device says, the session neither panics nor asks for more than it
//! may, hands the socket no more frames than it should, and nothing follows its end.

use std::collections::VecDeque;
use std::sync::Arc;

use sync::limits::{FRAMES_IN_FLIGHT_MAX, PUSHES_IN_FLIGHT_MAX};
use sync::wire::{Frame, Inflow, Outflow, Packing, Signed};
use sync::{
    Admission, Answer, Appended, Claim, Code, Compared, DeviceSecret, EnrolRequest, FeedBatch, FeedDocument, FeedForm,
    LiveBatch, LiveForm, RelayConfig, RelayEffect, RelaySession, Restored, Tick, Windows, answer_range,
};
use vocab::{Book, Cursor, Position, Timestamp, Verdict};

use super::bytes::Bytes;
use super::frames::{self, BRANCH, EPOCH, NONCE, Said};
use super::pool::{self, DOCUMENTS, HELD};

const FRAMES_MAX: usize = 200;
const EFFECTS_MAX: usize = 1_000;

/// Frames of its own, beside those of documents, that a session may have handed over: answers and a goodbye.
const ANSWERS_MAX: usize = 64;

pub(super) fn session(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let mut story = Story::begin(&mut bytes);
    story.drive(&mut bytes);
    let hello = story.hello(&mut bytes);
    story.hear(&hello, &mut bytes);
    for _ in 0..FRAMES_MAX {
        if bytes.is_empty() || story.ended {
            break;
        }
        story.now = story.now.plus_millis(u64::from(bytes.byte()));
        match bytes.below(24) {
            0 | 1 => {
                let batch = story.live(&mut bytes);
                story.session.handle_live(&batch, story.now);
            }
            2 => {
                story.now = story.session.poll_timeout().unwrap_or(story.now);
                story.session.handle_timeout(story.now);
            }
            3 => {
                let garbage = bytes.some();
                story.session.handle_frame(garbage, story.now);
            }
            4 if bytes.one_in(8) => story.session.shut(Code::Unavailable, story.now),
            _ => {
                let frame = frames::from_device(&mut bytes, &mut story.said);
                story.hear(&frame, &mut bytes);
                continue;
            }
        }
        story.drive(&mut bytes);
    }
    story.session.handle_closed(story.now);
    story.drive(&mut bytes);
    assert!(story.session.is_over() && story.session.poll_timeout().is_none());
    let _ = story.session.counters();
}

struct Story {
    session: RelaySession,
    now: Tick,
    packing: Packing,
    window: Inflow,
    pushes: Option<Outflow>,
    said: Said,
    head: Position,
    waiting: VecDeque<RelayEffect>,
    ended: bool,
}

impl Story {
    fn begin(bytes: &mut Bytes<'_>) -> Story {
        let now = Tick::from_millis(1_000);
        let config = RelayConfig { batch_bytes: 64 << bytes.below(12) };
        let head = bytes.position().min(Position::new(1 << 20));
        let said = Said { head, ..Said::default() };
        let session = RelaySession::new(config, NONCE, now).with_windows(&Windows::new(1));
        Story {
            session,
            now,
            packing: Packing::PLAIN,
            window: Inflow::default(),
            pushes: None,
            said,
            head,
            waiting: VecDeque::new(),
            ended: false,
        }
    }

    fn hello(&mut self, bytes: &mut Bytes<'_>) -> Frame {
        let secret = DeviceSecret::from_bytes(&pool::SECRET);
        if bytes.one_in(32) {
            let invite = String::from_utf8_lossy(bytes.some()).into_owned();
            let code = bytes.option(|b| vocab::DeviceCode::enrolled(u32::from(b.byte()) + 1));
            let request = EnrolRequest { invite, key: secret.key(), name: String::new(), app: String::new(), code };
            return Frame::Enrol(Signed::enrol(&secret, &NONCE, &request));
        }
        let cursor = if bytes.one_in(2) { Cursor::at(self.head) } else { bytes.cursor() };
        let claim = Claim {
            key: secret.key(),
            actor: if bytes.one_in(16) { vocab::Actor::from_bytes(bytes.array()) } else { pool::actor() },
            branch: BRANCH,
            epoch: if bytes.one_in(4) { None } else { Some(EPOCH) },
            cursor,
            settled: bytes.number(),
            outbox: bytes.number(),
            app: "fieldbook".to_owned(),
            time: Timestamp::from_millis(1_714_521_600_000),
            follows: bytes.one_in(2),
            sum: bytes.sum(),
            ahead: if bytes.one_in(4) { bytes.position() } else { Position::START },
            suspect: bytes.one_in(4),
            owed: if bytes.one_in(4) { frames::owed(bytes) } else { Vec::new() },
            frame_bytes: u32::from(bytes.byte()) << 8,
            dictionary: bytes.byte() % 4,
            pushes_first: bytes.one_in(4),
        };
        Frame::Hello(Signed::claim(&secret, &NONCE, &claim))
    }

    fn hear(&mut self, frame: &Frame, bytes: &mut Bytes<'_>) {
        let mut window = None;
        if matches!(frame, Frame::Push(_)) {
            // A window is begun now and then, goes on, loses a part, or is not used.
            match bytes.below(4) {
                0 => self.pushes = Windows::new(1).open(self.packing.dictionary),
                1 => drop(frame.encode_in(self.packing, self.pushes.as_mut())),
                _ => {}
            }
            window = self.pushes.as_mut().filter(|_| bytes.one_in(2));
        }
        self.session.handle_frame(&frame.encode_in(self.packing, window), self.now);
        self.drive(bytes);
    }

    fn drive(&mut self, bytes: &mut Bytes<'_>) {
        for _ in 0..EFFECTS_MAX {
            while let Some(effect) = self.session.poll_effect() {
                assert!(!self.ended, "nothing follows the end");
                self.ended = matches!(effect, RelayEffect::Close(_));
                self.waiting.push_back(effect);
            }
            let appends = self.waiting.iter().filter(|effect| matches!(effect, RelayEffect::Append { .. })).count();
            let frames = self.waiting.iter().filter(|effect| matches!(effect, RelayEffect::Send(_))).count();
            assert!(appends <= PUSHES_IN_FLIGHT_MAX, "{appends} appends at once");
            assert!(frames <= FRAMES_IN_FLIGHT_MAX + ANSWERS_MAX, "{frames} frames for a socket that takes none");
            if self.waiting.is_empty() || (!self.ended && bytes.one_in(16)) {
                return;
            }
            if let Some(effect) = self.waiting.pop_front() {
                self.perform(effect, bytes);
            }
        }
        panic!("a session goes on by itself");
    }

    fn perform(&mut self, effect: RelayEffect, bytes: &mut Bytes<'_>) {
        let now = self.now;
        match effect {
            RelayEffect::Send(frame) => {
                assert!(frame.len() <= sync::limits::FRAME_BYTES_MAX);
                match Frame::decode_in(&frame, self.packing, &mut self.window) {
                    Ok(Frame::Welcome(welcome)) => self.packing = Packing { dictionary: welcome.dictionary },
                    Ok(Frame::Documents(documents)) => self.said.cursor = documents.after,
                    Ok(_) => {}
                    Err(error) => panic!("a relay sends what is no frame: {error}"),
                }
                self.session.handle_sent(now);
            }
            RelayEffect::Authenticate(_) => {
                let admission = Admission {
                    time: Timestamp::from_millis(1_714_521_600_250),
                    membership: frames::membership(bytes),
                    epoch: EPOCH,
                    head: self.head,
                    seen: if bytes.one_in(4) { Some(frames::seen(bytes)) } else { None },
                    brought: if bytes.one_in(4) {
                        bytes.list(3, |b| (b.position(), b.hash().short()))
                    } else {
                        Vec::new()
                    },
                    sum: bytes.option(Bytes::sum),
                };
                let refused = bytes.one_in(32);
                self.session.handle_admission(if refused { Err(Code::Revoked) } else { Ok(admission) }, now);
            }
            RelayEffect::Enrol(_) => {
                let membership = frames::membership(bytes);
                self.session.handle_enrolment(Ok((membership, Timestamp::EPOCH)), now);
            }
            RelayEffect::Append { submissions, .. } => {
                let verdicts: Vec<_> = submissions.iter().map(|_| self.verdict(bytes)).collect();
                let accepted = verdicts.iter().any(|verdict| matches!(verdict, Verdict::Accepted(_)));
                let sum = accepted.then(|| bytes.sum());
                self.session.handle_appended(Appended { verdicts, sum }, now);
            }
            RelayEffect::ReadFeed { after, owed, .. } => {
                let batch = self.batch(after, owed, bytes);
                self.session.handle_feed(batch, now);
            }
            RelayEffect::ReadRanges { queries, .. } => {
                let held = DOCUMENTS.iter().take(HELD).map(|document| (document.doc, bytes.sum())).collect();
                let book = Book::new(held);
                let answers = queries.iter().map(|query| answer_range(&book, query)).collect();
                self.session.handle_ranges(answers, now);
            }
            RelayEffect::Compare { asks, .. } => {
                assert!(!asks.is_empty());
                let count = bytes.below(asks.len() + 1).max(1);
                let answers = asks.iter().take(count).map(|_| Answer { complete: true, item: None, wants: Vec::new() });
                self.session.handle_compared(Compared { answers: answers.collect(), head: self.head }, now);
            }
            RelayEffect::Restore { items, .. } => {
                assert!(!items.is_empty());
                let before = self.head;
                self.head = Position::new(before.get() + items.len() as u64);
                let span = Some((before, self.head));
                self.session.handle_restored(Restored { span, head: self.head, ..Restored::default() }, now);
            }
            RelayEffect::ReportProgress(_) | RelayEffect::Close(_) => {}
        }
    }

    fn verdict(&mut self, bytes: &mut Bytes<'_>) -> Verdict {
        match bytes.below(4) {
            0 => Verdict::Refused(vocab::Refusal::MissingDependency),
            1 => Verdict::Had(self.head),
            _ => {
                self.head = Position::new(self.head.get() + 1);
                Verdict::Accepted(self.head)
            }
        }
    }

    /// What a store would give: some documents, or the rest and the end.
    fn batch(&mut self, after: Cursor, owed: Vec<vocab::Owed>, bytes: &mut Bytes<'_>) -> FeedBatch {
        let more = after.through < self.head && bytes.one_in(2);
        let last = if more { Position::new(after.through.get() + 1) } else { self.head };
        let document = &DOCUMENTS[bytes.below(4)];
        let form = match bytes.below(3) {
            0 => FeedForm::Saved(document.saved.clone()),
            1 => FeedForm::Erased(frames::tombstone(bytes)),
            _ => FeedForm::Changes(document.changes.iter().map(|(_, bytes)| (last, bytes.clone())).collect()),
        };
        let documents =
            if after.through < self.head { vec![FeedDocument { doc: document.doc, last, form }] } else { Vec::new() };
        let cursor = if more { Cursor { base: after.base, through: last } } else { Cursor::at(self.head) };
        FeedBatch {
            documents,
            cursor,
            head: self.head,
            more,
            owed: if more { owed } else { Vec::new() },
            sum: (!more).then(|| bytes.sum()),
        }
    }

    fn live(&mut self, bytes: &mut Bytes<'_>) -> LiveBatch {
        let from = if bytes.one_in(4) { Position::new(self.head.get() + u64::from(bytes.byte())) } else { self.head };
        let entries: Vec<_> = (0..=bytes.below(3))
            .map(|_| {
                let document = &DOCUMENTS[bytes.below(4)];
                let change: Arc<[u8]> = document.changes[bytes.below(document.changes.len())].1.clone();
                (document.doc, LiveForm::Change(change))
            })
            .collect();
        self.head = Position::new(from.get() + entries.len() as u64);
        LiveBatch::new(from, entries, bytes.sum())
    }
}
