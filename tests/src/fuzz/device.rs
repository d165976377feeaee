//! A device's session and a relay that says what it likes.
//!
//! The driver is honest: it answers every effect as the crate's documentation wants it, from a small book. Whatever the relay
//! says, the session neither panics nor asks for more than it may, its cursor never goes back while the feed stays the same, and
//! nothing follows its end.

use std::collections::VecDeque;

use sync::wire::{Frame, Inflow, Item, ItemForm, Outflow, Packing, Windows};
use sync::{
    DeviceConfig, DeviceEffect, DeviceSecret, DeviceSession, Form, Known, Mode, OutboxBatch, OutboxEntry, Start, Tick,
    Wanted,
};
use vocab::{Book, Cursor, DocId, Position, Sum, Timestamp};

use super::bytes::Bytes;
use super::frames::{self, BRANCH, EPOCH, Said};
use super::pool::{self, DOCUMENTS, HELD};

/// How many frames a relay sends in one story.
const FRAMES_MAX: usize = 200;

/// Effects that may come of one input: a frame holds 4,096 items at most, and none of these stories that many.
const EFFECTS_MAX: usize = 1_000;

pub(super) fn session(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let mut story = Story::begin(&mut bytes);
    let challenge = frames::challenge(&mut bytes);
    story.hear(&challenge, &mut bytes);
    let welcome = frames::welcome(&mut bytes);
    if let Frame::Welcome(welcome) = &welcome {
        story.said.head = welcome.head;
        story.next_packing = Packing { dictionary: welcome.dictionary };
    }
    story.hear(&welcome, &mut bytes);
    story.packing = story.next_packing;
    for _ in 0..FRAMES_MAX {
        if bytes.is_empty() || story.ended {
            break;
        }
        story.now = story.now.plus_millis(u64::from(bytes.byte()));
        match bytes.below(24) {
            0 => story.session.handle_outbox_grew(story.now),
            1 => {
                story.now = story.session.poll_timeout().unwrap_or(story.now);
                story.session.handle_timeout(story.now);
            }
            2 => {
                let garbage = bytes.some();
                story.session.handle_frame(garbage, story.now);
            }
            3 if bytes.one_in(8) => story.session.handle_leave(story.now),
            4 if bytes.one_in(8) => story.session.handle_closed(story.now),
            _ => {
                let (cursor, head) = story.session.position();
                (story.said.cursor, story.said.head) = (cursor, story.said.head.max(head));
                let frame = frames::from_relay(&mut bytes, &story.said);
                story.hear(&frame, &mut bytes);
                continue;
            }
        }
        story.drive(&mut bytes);
    }
    story.session.handle_closed(story.now);
    story.drive(&mut bytes);
    assert!(story.session.is_over() && story.session.poll_timeout().is_none());
    let _ = (story.session.report(), story.session.progress(), story.session.is_caught_up());
}

struct Story {
    session: DeviceSession,
    now: Tick,
    packing: Packing,
    next_packing: Packing,
    window: Option<Outflow>,
    pushes: Inflow,
    said: Said,
    sum: Sum,
    cursor: Cursor,
    outbox: Vec<OutboxEntry>,
    /// Effects that the driver has not got to.
    waiting: VecDeque<DeviceEffect>,
    ended: bool,
}

impl Story {
    fn begin(bytes: &mut Bytes<'_>) -> Story {
        let cursor = if bytes.one_in(2) { Cursor::at(bytes.position()) } else { bytes.cursor() };
        let outbox = outbox(bytes);
        let sum = bytes.sum();
        let start = Start {
            actor: pool::actor(),
            branch: BRANCH,
            epoch: if bytes.one_in(4) { None } else { Some(EPOCH) },
            cursor,
            settled: 0,
            outbox: outbox.len() as u64,
            outbox_bytes: outbox.iter().map(|entry| entry.bytes.len() as u64).sum(),
            time: Timestamp::from_millis(1_714_521_600_000),
            sum,
            ahead: if bytes.one_in(4) { bytes.position() } else { Position::START },
            suspect: bytes.one_in(8),
            owed: if bytes.one_in(4) { frames::owed(bytes) } else { Vec::new() },
            frame_bytes: u32::from(bytes.byte()) << 8,
        };
        let config =
            DeviceConfig { mode: if bytes.one_in(2) { Mode::Follow } else { Mode::Once }, app: "fieldbook".to_owned() };
        let now = Tick::from_millis(1_000);
        let session = DeviceSession::sync(config, DeviceSecret::from_bytes(&pool::SECRET), start, now);
        Story {
            session,
            now,
            packing: Packing::PLAIN,
            next_packing: Packing::PLAIN,
            window: None,
            pushes: Inflow::default(),
            said: Said::default(),
            sum,
            cursor,
            outbox,
            waiting: VecDeque::new(),
            ended: false,
        }
    }

    fn hear(&mut self, frame: &Frame, bytes: &mut Bytes<'_>) {
        // A window is begun now and then, goes on, loses a part, or is not used.
        match bytes.below(4) {
            0 => self.window = Windows::new(1).open(self.packing.dictionary),
            1 => drop(frame.encode_in(self.packing, self.window.as_mut())),
            _ => {}
        }
        let window = if bytes.one_in(2) { self.window.as_mut() } else { None };
        self.session.handle_frame(&frame.encode_in(self.packing, window), self.now);
        self.drive(bytes);
    }

    /// Polls and performs, but now and then leaves an effect for later, as a slow disk would.
    fn drive(&mut self, bytes: &mut Bytes<'_>) {
        for _ in 0..EFFECTS_MAX {
            while let Some(effect) = self.session.poll_effect() {
                assert!(!self.ended, "nothing follows the end");
                self.ended = matches!(effect, DeviceEffect::End(_));
                self.waiting.push_back(effect);
                assert!(self.waiting.len() < EFFECTS_MAX, "one input asks for no end of things");
            }
            if self.waiting.is_empty() || (!self.ended && bytes.one_in(16)) {
                return;
            }
            if let Some(effect) = self.waiting.pop_front() {
                self.perform(effect, bytes);
            }
        }
        panic!("a session goes on by itself");
    }

    fn perform(&mut self, effect: DeviceEffect, bytes: &mut Bytes<'_>) {
        let now = self.now;
        match effect {
            DeviceEffect::Send(sent) => self.sent(&sent),
            DeviceEffect::LearnTime { .. } | DeviceEffect::Admitted(_) | DeviceEffect::End(_) => {}
            DeviceEffect::AdoptFeed { cursor, .. } => self.cursor = cursor,
            DeviceEffect::Recall(_) => self.session.handle_recalled(!bytes.one_in(8), now),
            DeviceEffect::ReadOutbox { after, bytes_max } => {
                let mut entries: Vec<_> = self.outbox.iter().filter(|entry| entry.seq > after).cloned().collect();
                let waiting = entries.len() as u64;
                let fits = if bytes_max < 4_096 { 1 } else { entries.len() };
                let more = entries.len() > fits;
                entries.truncate(fits);
                self.session.handle_outbox(OutboxBatch { entries, more, waiting }, now);
            }
            DeviceEffect::Commit { arrivals, cursor, owed, .. } => {
                self.moved_to(cursor);
                assert!(owed.is_none_or(|owed| owed.len() <= sync::limits::OWED_MAX));
                for arrival in &arrivals {
                    if let Form::Held(hashes) = &arrival.form {
                        self.outbox.retain(|entry| !hashes.contains(&entry.hash));
                    }
                }
                self.changed(bytes);
                self.session.handle_committed(arrivals.len() as u64, self.sum, now);
            }
            DeviceEffect::Settle { verdicts, cursor, .. } => {
                self.moved_to(cursor);
                let answered = |seq| verdicts.iter().any(|(answered, _)| *answered == seq);
                self.outbox.retain(|entry| !answered(entry.seq));
                self.changed(bytes);
                self.session.handle_settled(self.sum, now);
            }
            DeviceEffect::SettleTaken { through, taken, .. } => {
                self.outbox.retain(|entry| entry.seq > through || !taken.contains(&entry.hash.short()));
                self.changed(bytes);
                self.session.handle_settled(self.sum, now);
            }
            DeviceEffect::ReadBook => {
                let held = DOCUMENTS.iter().take(HELD).map(|document| (document.doc, bytes.sum())).collect();
                self.session.handle_book(Book::new(held), now);
            }
            DeviceEffect::ReadHashes { docs, .. } => {
                let count = bytes.below(docs.len() + 1).max(1);
                let known = docs.into_iter().take(count).map(|doc| (doc, known(doc, bytes))).collect();
                self.session.handle_hashes(known, now);
            }
            DeviceEffect::ReadRestore { wants, .. } => self.restore(wants, bytes),
            DeviceEffect::SettleRestored { .. } => {
                self.changed(bytes);
                self.session.handle_settled(self.sum, now);
            }
        }
    }

    fn sent(&mut self, sent: &[u8]) {
        assert!(sent.len() <= sync::limits::FRAME_BYTES_MAX);
        let mut decode = |packing| Frame::decode_in(sent, packing, &mut self.pushes);
        match decode(self.packing).or_else(|_| decode(self.next_packing)) {
            Ok(Frame::Push(push)) => self.said.pushed = push.changes.iter().map(|change| change.seq).collect(),
            Ok(Frame::Reconcile(queries)) => self.said.queries = queries,
            Ok(Frame::Compare(asks)) => self.said.asks = asks.len(),
            Ok(_) => {}
            Err(error) => panic!("a device sends what is no frame: {error}"),
        }
    }

    fn moved_to(&mut self, cursor: Option<Cursor>) {
        if let Some(cursor) = cursor {
            assert!(cursor.base <= cursor.through, "a cursor's base is not after its end");
            assert!(cursor.through >= self.cursor.through, "{cursor:?} is before {:?}", self.cursor);
            self.cursor = cursor;
        }
    }

    fn changed(&mut self, bytes: &mut Bytes<'_>) {
        if bytes.one_in(2) {
            self.sum = bytes.sum();
        }
    }

    fn restore(&mut self, wants: Vec<(DocId, Wanted)>, bytes: &mut Bytes<'_>) {
        let count = bytes.below(wants.len() + 1).max(1);
        let mut items = Vec::new();
        let mut left = Vec::new();
        for (place, (doc, wanted)) in wants.into_iter().enumerate() {
            let document = DOCUMENTS.iter().take(HELD).find(|document| document.doc == doc);
            match document {
                Some(document) if place < count => {
                    let changes = document.changes.iter().map(|(_, bytes)| bytes.clone()).collect();
                    items.push(Item { doc, form: ItemForm::Changes(changes) });
                }
                Some(_) => left.push((doc, wanted)),
                // Not held any more.
                None => {}
            }
        }
        self.session.handle_restore(items, left, self.now);
    }
}

fn outbox(bytes: &mut Bytes<'_>) -> Vec<OutboxEntry> {
    let document = &DOCUMENTS[0];
    let count = bytes.below(document.changes.len());
    let entries = (1_u64..).zip(&document.changes).take(count);
    entries
        .map(|(seq, (hash, bytes))| OutboxEntry { seq, doc: document.doc, hash: *hash, bytes: bytes.to_vec() })
        .collect()
}

fn known(doc: DocId, bytes: &mut Bytes<'_>) -> Known {
    match DOCUMENTS.iter().take(HELD).find(|document| document.doc == doc) {
        Some(_) if bytes.one_in(8) => Known::Erased(frames::tombstone(bytes)),
        Some(document) => Known::Changes(document.changes.iter().map(|(hash, _)| *hash).collect()),
        None => Known::Changes(Vec::new()),
    }
}
