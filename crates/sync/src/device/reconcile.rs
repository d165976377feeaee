//! Reconciling: finding out what differs, taking what this device lacks, bringing back what the relay lacks.
//!
//! Three things go on at once, each a few frames ahead at most: questions about ranges, questions about the documents that
//! differ, and what is brought back. Everything that arrives is committed as it comes, so a session that is cut has made
//! progress: the next one begins anew and finds fewer differences. The feed stands still until this is over, and the outbox
//! waits: its changes may rest on some that the relay lost.

use std::collections::{BTreeMap, VecDeque};

use vocab::{Book, ChangeHash, Cursor, DocId, Epoch, Position};

use super::exchange::{Exchange, Place, arrival};
use super::ranges::{Difference, Ranges};
use super::restoring::Restoring;
use super::{AdoptReason, Arrival, DeviceEffect, Form, Line};
use crate::limits::{ASK_HASHES_MAX, ASKS_IN_FLIGHT_MAX, ASKS_PER_FRAME_MAX, RANGES_PER_FRAME_MAX, payload_bytes};
use crate::wire::{Frame, Item, ItemForm, Missing, RestoredFrame, Welcome};
use crate::{Answer, Ask, Code, Known, ReconcileReport, Tick, Wanted};

/// How many bytes of a frame each differing document stands for that may wait before no more ranges are asked about.
const BYTES_PER_DIFFERING: usize = 64;

/// About how many documents the first questions are.
const ASKS_FIRST: usize = 64;

/// Of how many documents the store is asked at a time.
const DOCUMENTS_PER_READ: usize = 256;

/// Fewest ranges in one question: on a poor link, the answer stays a few kilobytes.
const RANGES_PER_FRAME_MIN: usize = 16;

/// For how many bytes of a frame one range is asked about: an answer takes about four times as much at worst.
const BYTES_PER_RANGE: usize = 128;

/// What one hash takes in a question, and what a question takes besides, in bytes.
const ASK_BYTES: usize = 16;

#[derive(Debug)]
pub(super) struct Reconciling {
    /// How many bytes of payload a frame takes, to begin with.
    wanted: usize,
    outbox: u64,
    epoch: Epoch,
    /// The feed's head as the Welcome stated it: up to there everything is held in the end.
    goal: Position,
    /// The feed's head as the relay said last.
    head: Position,
    /// None while the driver reads the book.
    ranges: Option<Ranges>,
    down: Down,
    up: Restoring,
}

/// What this device lacks.
#[derive(Debug, Default)]
struct Down {
    /// Documents that differ, of which the store was not asked yet.
    differing: VecDeque<DocId>,
    /// Those the store was asked about.
    reading: Vec<DocId>,
    /// Questions not sent yet.
    due: VecDeque<Question>,
    /// Questions of each frame that waits for its answer, oldest first.
    asked: VecDeque<VecDeque<Question>>,
    /// Documents that were answered in part, with how many changes this device held of each when it asked.
    partly: BTreeMap<DocId, usize>,
    /// How many questions go into one frame: about as many as the last answers had room for.
    window: usize,
    /// Documents found to differ, and done with.
    found: u64,
    done: u64,
}

#[derive(Debug)]
struct Question {
    doc: DocId,
    /// What this device holds of it, in causal order.
    held: Vec<ChangeHash>,
}

impl Reconciling {
    pub(super) fn new(wanted: usize, outbox: u64, welcome: &Welcome, line: &mut Line) -> Self {
        line.report.reconcile = Some(ReconcileReport::default());
        line.effects.push_back(DeviceEffect::ReadBook);
        Reconciling {
            wanted,
            outbox,
            epoch: welcome.epoch,
            goal: welcome.head,
            head: welcome.head,
            ranges: None,
            down: Down { window: ASKS_FIRST, ..Down::default() },
            up: Restoring::default(),
        }
    }

    pub(super) fn take(&mut self, frame: Frame, line: &mut Line, now: Tick) -> Result<(), Code> {
        match frame {
            Frame::Ranges(answers) => {
                let ranges = self.ranges.as_mut().ok_or(Code::Unexpected)?;
                let found = ranges.answered(answers)?;
                note(line, |report| report.differing += found.len() as u64);
                for difference in found {
                    match difference {
                        Difference::Differs(doc) => {
                            self.down.found += 1;
                            self.down.differing.push_back(doc);
                        }
                        Difference::OnlyHere(doc) => self.up.want(doc, Wanted::All),
                    }
                }
            }
            Frame::Missing(missing) => self.missing(missing, line)?,
            Frame::Restored(restored) => self.restored(restored, line)?,
            Frame::Pong(_) => return Ok(()),
            _ => return Err(Code::Unexpected),
        }
        self.pump(line, now);
        Ok(())
    }

    /// The driver read the book.
    pub(super) fn book(&mut self, book: Book, line: &mut Line, now: Tick) {
        if self.ranges.is_none() {
            self.ranges = Some(Ranges::new(book));
            self.pump(line, now);
        }
    }

    /// The driver read what the store holds of the first documents it was asked about.
    pub(super) fn hashes(&mut self, known: Vec<(DocId, Known)>, line: &mut Line, now: Tick) -> Result<(), Code> {
        let asked = std::mem::take(&mut self.down.reading);
        let fits = asked.iter().zip(&known).all(|(asked, (doc, _))| asked == doc) && known.len() <= asked.len();
        if !fits || (known.is_empty() && !asked.is_empty()) {
            return Err(Code::Unavailable);
        }
        for doc in asked[known.len()..].iter().rev() {
            self.down.differing.push_front(*doc);
        }
        for (doc, known) in known {
            let held = match known {
                Known::Changes(held) => held,
                // The relay lacks the tombstone: it was restored from before it, or another branch's relay made it.
                Known::Erased(_) => {
                    self.down.done += 1;
                    self.up.want(doc, Wanted::All);
                    continue;
                }
            };
            // An answer in part brought something, so more is held now: else it would go on for ever.
            match self.down.partly.remove(&doc) {
                // More than a question can name. The rest of the book is not to wait for it.
                Some(before) if held.len() <= before && held.len() > ASK_HASHES_MAX => self.down.done += 1,
                Some(before) if held.len() <= before => return Err(Code::Unexpected),
                _ => self.down.due.push_back(Question { doc, held }),
            }
        }
        self.pump(line, now);
        Ok(())
    }

    /// The driver read some of what the relay lacks.
    pub(super) fn restore(
        &mut self,
        items: Vec<Item>,
        left: Vec<(DocId, Wanted)>,
        line: &mut Line,
        now: Tick,
    ) -> Result<(), Code> {
        self.up.read(items, left, self.frame_bytes(line))?;
        self.pump(line, now);
        Ok(())
    }

    fn missing(&mut self, missing: Missing, line: &mut Line) -> Result<(), Code> {
        let mut questions = self.down.asked.pop_front().ok_or(Code::Unexpected)?;
        if missing.answers.len() > questions.len() {
            return Err(Code::Unexpected);
        }
        self.head = self.head.max(missing.head);
        let answered = missing.answers.len();
        let all = answered == questions.len();
        self.down.window = if all { self.down.window.max(answered * 2) } else { answered }.clamp(1, ASKS_PER_FRAME_MAX);
        let mut arrivals = Vec::new();
        for answer in missing.answers {
            let Some(question) = questions.pop_front() else { return Err(Code::Unexpected) };
            self.answered(question, answer, &mut arrivals, line)?;
        }
        for question in questions.into_iter().rev() {
            self.down.due.push_front(question);
        }
        let taken = arrivals.iter().map(Arrival::count).sum::<u64>();
        line.report.pulled += taken;
        note(line, |report| report.taken += taken);
        if !arrivals.is_empty() {
            let ahead = line.ledger.ahead;
            line.change(DeviceEffect::Commit { arrivals, cursor: None, owed: None, ahead });
        }
        Ok(())
    }

    fn answered(
        &mut self,
        question: Question,
        answer: Answer,
        arrivals: &mut Vec<Arrival>,
        line: &mut Line,
    ) -> Result<(), Code> {
        let Question { doc, held } = question;
        let Answer { complete, item, wants } = answer;
        let brings = item.as_ref().is_some_and(|item| !item.form.is_empty());
        if item.as_ref().is_some_and(|item| item.doc != doc) {
            return Err(Code::Unexpected);
        }
        let erased = matches!(&item, Some(Item { form: ItemForm::Erased(_), .. }));
        arrivals.extend(item.filter(|_| brings).map(arrival));
        if !complete {
            if !brings || erased || !wants.is_empty() {
                return Err(Code::Unexpected);
            }
            self.down.partly.insert(doc, held.len());
            self.down.differing.push_back(doc);
            return Ok(());
        }
        self.down.done += 1;
        note(line, |report| report.compared += u64::from(!held.is_empty()));
        if erased {
            return if wants.is_empty() { Ok(()) } else { Err(Code::Unexpected) };
        }
        let named = &held[..held.len().min(ASK_HASHES_MAX)];
        let mut wants = wants.into_iter().map(|index| index as usize).peekable();
        let (mut lacking, mut shared) = (Vec::new(), Vec::new());
        for (index, hash) in named.iter().enumerate() {
            let side = if wants.next_if_eq(&index).is_some() { &mut lacking } else { &mut shared };
            side.push(*hash);
        }
        if wants.next().is_some() {
            return Err(Code::Unexpected);
        }
        if !lacking.is_empty() {
            self.up.want(doc, Wanted::These(lacking));
        }
        if !shared.is_empty() {
            arrivals.push(Arrival { doc, form: Form::Held(shared) });
        }
        Ok(())
    }

    fn restored(&mut self, restored: RestoredFrame, line: &mut Line) -> Result<(), Code> {
        let sent = self.up.answered()?;
        let RestoredFrame { refused, tombstones, head } = restored;
        self.head = self.head.max(head);
        let count = (refused.len() as u64).min(sent);
        line.report.refused += count;
        note(line, |report| {
            report.refused += count;
            report.restored += sent - count;
        });
        let named = refused.into_iter().filter_map(|refused| Some((refused.doc, refused.hash?, refused.refusal)));
        let refused: Vec<_> = named.collect();
        if !refused.is_empty() || !tombstones.is_empty() {
            line.change(DeviceEffect::SettleRestored { refused, tombstones });
        }
        Ok(())
    }

    /// Sends what may be sent and reads what may be read.
    fn pump(&mut self, line: &mut Line, now: Tick) {
        self.ask_ranges(line, now);
        if self.down.reading.is_empty() && self.down.due.is_empty() && !self.down.differing.is_empty() {
            let count = self.down.differing.len().min(DOCUMENTS_PER_READ);
            self.down.reading = self.down.differing.drain(..count).collect();
            let docs = self.down.reading.clone();
            line.effects.push_back(DeviceEffect::ReadHashes { docs, hashes_max: ASK_HASHES_MAX });
        }
        loop {
            let waiting = self.is_waiting();
            let Some(items) = self.up.next_frame() else { break };
            send(&Frame::Restore(items), waiting, line, now);
        }
        while !self.down.due.is_empty() && self.down.asked.len() < ASKS_IN_FLIGHT_MAX {
            let questions = self.down.next_frame(self.frame_bytes(line));
            let asks = questions.iter().map(Question::ask).collect();
            send(&Frame::Compare(asks), self.is_waiting(), line, now);
            self.down.asked.push_back(questions);
        }
        if let Some(wants) = self.up.next_read() {
            let bytes_max = self.frame_bytes(line);
            line.effects.push_back(DeviceEffect::ReadRestore { wants, bytes_max });
        }
    }

    fn ask_ranges(&mut self, line: &mut Line, now: Tick) {
        let frame_bytes = self.frame_bytes(line);
        if self.down.differing.len() > frame_bytes / BYTES_PER_DIFFERING {
            return;
        }
        let max = (frame_bytes / BYTES_PER_RANGE).clamp(RANGES_PER_FRAME_MIN, RANGES_PER_FRAME_MAX);
        let waiting = self.is_waiting();
        if let Some(queries) = self.ranges.as_mut().and_then(|ranges| ranges.next(max)) {
            note(line, |report| report.rounds += 1);
            send(&Frame::Reconcile(queries), waiting, line, now);
        }
    }

    /// How many bytes of payload go into the next frame: as in an exchange, more as the link has carried more.
    fn frame_bytes(&self, line: &Line) -> usize {
        payload_bytes(self.wanted, line.report.bytes_up + line.report.bytes_down)
    }

    /// Whether some question is not answered.
    fn is_waiting(&self) -> bool {
        let ranges = self.ranges.as_ref().is_some_and(Ranges::is_waiting);
        ranges || !self.down.asked.is_empty() || self.up.is_waiting()
    }

    fn is_done(&self) -> bool {
        let Down { differing, reading, due, asked, .. } = &self.down;
        self.ranges.as_ref().is_some_and(Ranges::is_done)
            && differing.is_empty()
            && reading.is_empty()
            && due.is_empty()
            && asked.is_empty()
            && self.up.is_done()
    }

    /// Once nothing differs: takes up the feed where everything is held, and says so.
    pub(super) fn finish(&mut self, line: &mut Line, now: Tick) -> Option<Exchange> {
        if !self.is_done() {
            return None;
        }
        let (epoch, cursor, ahead) = (self.epoch, Cursor::at(self.goal), self.head);
        line.ledger.ahead = ahead;
        line.report.cursor = cursor;
        line.effects.push_back(DeviceEffect::AdoptFeed { epoch, cursor, ahead, why: AdoptReason::Reconciled });
        line.ask(&Frame::Reconciled(self.goal), now);
        // The relay sends one more frame at least, with the sum.
        let place = Place { cursor, owed: Vec::new(), caught_up: false };
        Some(Exchange::new(self.wanted, self.outbox, place))
    }

    /// Documents that differ: done, and found so far.
    pub(super) fn progress(&self) -> (u64, u64) {
        let (restored, wanted) = self.up.progress();
        let done = self.down.done + restored;
        // As long as ranges are asked about there is more to find.
        (done, (self.down.found + wanted).max(done + 1))
    }
}

impl Question {
    fn ask(&self) -> Ask {
        let first = |hash: &ChangeHash| {
            let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has more than 16 bytes");
            *first
        };
        Ask { doc: self.doc, hashes: self.held.iter().take(ASK_HASHES_MAX).map(first).collect() }
    }
}

impl Down {
    /// The questions of the next frame, one at least.
    fn next_frame(&mut self, frame_bytes: usize) -> VecDeque<Question> {
        let mut questions = VecDeque::new();
        let mut bytes = 0;
        while let Some(question) = self.due.pop_front() {
            bytes += (question.held.len().min(ASK_HASHES_MAX) + 1) * ASK_BYTES;
            if !questions.is_empty() && (bytes > frame_bytes || questions.len() >= self.window) {
                self.due.push_front(question);
                break;
            }
            questions.push_back(question);
        }
        questions
    }
}

fn note(line: &mut Line, noted: impl FnOnce(&mut ReconcileReport)) {
    noted(line.report.reconcile.get_or_insert_default());
}

fn send(frame: &Frame, waiting: bool, line: &mut Line, now: Tick) {
    if waiting { line.send(frame, now) } else { line.ask(frame, now) }
}
