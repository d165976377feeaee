//! What happens between the Welcome and the Goodbye: pushes come up, the feed goes down.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use vocab::{ChangeHeader, Cursor, GENESIS_ACTOR, Position, Refusal, Verdict};

use super::{FeedBatch, FeedForm, Line, RelayConfig, RelayEffect, Submission};
use crate::limits::{BATCH_BYTES, FRAMES_IN_FLIGHT_MAX, PUSHES_IN_FLIGHT_MAX};
use crate::types::usable;
use crate::wire::{Frame, Packer, Push, PushedChange, Verdicts};
use crate::{Admission, Claim, Code, LiveBatch, Malformed, inspect};

/// How many positions of the feed a session remembers as its own device's; further ones are sent back, which is harmless.
const OWN_POSITIONS_MAX: usize = 16_384;

#[derive(Debug)]
pub(super) struct Service {
    batch_bytes: usize,
    claim: Claim,
    down: Down,
    up: Up,
}

/// The feed's way down.
#[derive(Debug)]
struct Down {
    /// Where the device stands once it has every frame packed so far.
    sent: Cursor,
    /// The latest position known.
    head: Position,
    /// The device has been told that there is no more, or needed nothing.
    caught_up: bool,
    /// The driver is reading a batch.
    reading: bool,
    /// Packed frames that wait until the socket takes more.
    pending: VecDeque<Arc<[u8]>>,
    /// Positions after the cursor's base that this device pushed in this session.
    own: BTreeSet<Position>,
}

/// The pushes' way up.
#[derive(Debug)]
struct Up {
    last_seq: u64,
    unanswered: VecDeque<Unanswered>,
}

/// A push whose verdicts are not sent yet.
#[derive(Debug)]
struct Unanswered {
    /// The verdicts known without the store; `None` where the store decides.
    verdicts: Vec<(u64, Option<Verdict>)>,
    /// Whether the store is still to answer.
    appending: bool,
}

impl Service {
    pub(super) fn new(config: RelayConfig, claim: Claim, admission: &Admission) -> Self {
        let sent = usable(claim.cursor, claim.epoch, admission.epoch, admission.head);
        Service {
            batch_bytes: config.batch_bytes.clamp(1, BATCH_BYTES),
            claim,
            down: Down {
                sent,
                head: admission.head,
                caught_up: sent == Cursor::at(admission.head),
                reading: false,
                pending: VecDeque::new(),
                own: BTreeSet::new(),
            },
            up: Up { last_seq: 0, unanswered: VecDeque::new() },
        }
    }

    pub(super) const fn claim(&self) -> &Claim {
        &self.claim
    }

    pub(super) fn take(&mut self, frame: Frame, line: &mut Line) -> Result<(), Code> {
        match frame {
            Frame::Push(push) => self.push(push, line),
            Frame::Progress(progress) => {
                line.effects.push_back(RelayEffect::ReportProgress(progress));
                Ok(())
            }
            Frame::Ping(ping) => {
                line.send(&Frame::Pong(ping));
                Ok(())
            }
            _ => Err(Code::Unexpected),
        }
    }

    fn push(&mut self, push: Push, line: &mut Line) -> Result<(), Code> {
        if self.up.unanswered.len() >= PUSHES_IN_FLIGHT_MAX {
            return Err(Code::Limit);
        }
        let mut verdicts = Vec::with_capacity(push.changes.len());
        let mut submissions = Vec::new();
        for PushedChange { seq, doc, bytes } in push.changes {
            if seq <= self.up.last_seq {
                return Err(Code::Unexpected);
            }
            self.up.last_seq = seq;
            match self.examine(&bytes) {
                Err(refusal) => verdicts.push((seq, Some(Verdict::Refused(refusal)))),
                Ok(header) => {
                    verdicts.push((seq, None));
                    submissions.push(Submission { seq, doc, header, bytes: bytes.into() });
                }
            }
        }
        let appending = !submissions.is_empty();
        self.up.unanswered.push_back(Unanswered { verdicts, appending });
        if appending {
            line.effects.push_back(RelayEffect::Append {
                branch: self.claim.branch,
                device: self.claim.key,
                session_actor: self.claim.actor,
                submissions,
            });
        }
        self.answer(line);
        Ok(())
    }

    /// What can be said of a change without any store.
    fn examine(&self, bytes: &[u8]) -> Result<ChangeHeader, Refusal> {
        let header = inspect(bytes).map_err(|malformed| match malformed {
            Malformed::TooLong { .. } | Malformed::Operations | Malformed::Dependencies => Refusal::TooLarge,
            Malformed::NotAChange | Malformed::Damaged | Malformed::Actor | Malformed::Sequence => Refusal::Malformed,
        })?;
        let genesis = header.actor == GENESIS_ACTOR && header.seq == 1 && header.deps.is_empty();
        if genesis || header.actor.belongs_to(&self.claim.key) { Ok(header) } else { Err(Refusal::ForeignActor) }
    }

    pub(super) fn appended(&mut self, verdicts: Vec<Verdict>, line: &mut Line) -> Result<(), Code> {
        let waiting = self.up.unanswered.iter_mut().find(|push| push.appending).ok_or(Code::Unavailable)?;
        let open = waiting.verdicts.iter().filter(|(_, verdict)| verdict.is_none()).count();
        if open != verdicts.len() {
            return Err(Code::Unavailable);
        }
        let mut answers = verdicts.into_iter();
        for (_, verdict) in &mut waiting.verdicts {
            *verdict = verdict.or_else(|| answers.next());
        }
        waiting.appending = false;
        self.answer(line);
        self.pump(line);
        Ok(())
    }

    /// Answers pushes in their order, as far as the store has answered.
    fn answer(&mut self, line: &mut Line) {
        while self.up.unanswered.front().is_some_and(|push| !push.appending)
            && let Some(push) = self.up.unanswered.pop_front()
        {
            let verdicts: Vec<(u64, Verdict)> =
                push.verdicts.into_iter().filter_map(|(seq, verdict)| Some((seq, verdict?))).collect();
            let refused = verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Refused(_))).count() as u64;
            line.counters.refused += refused;
            line.counters.accepted += verdicts.len() as u64 - refused;
            let span = self.down.accepted(&verdicts);
            line.send(&Frame::Verdicts(Verdicts { verdicts, span }));
        }
    }

    pub(super) fn feed(&mut self, batch: FeedBatch, line: &mut Line) {
        if !self.down.reading {
            return;
        }
        self.down.reading = false;
        let from = self.down.sent;
        // A read that led nowhere settles what the head is: asking again would lead nowhere again.
        let led_on = batch.cursor != from || !batch.documents.is_empty();
        self.down.head = if led_on { self.down.head.max(batch.head) } else { from.base };
        if !led_on && self.down.caught_up {
            return self.pump(line);
        }
        let mut packer = Packer::new(self.batch_bytes, from, batch.head);
        for document in batch.documents {
            match document.form {
                FeedForm::Saved(bytes) => packer.saved(document.doc, &bytes),
                FeedForm::Changes(changes) => {
                    for (position, bytes) in changes {
                        if !self.down.own.contains(&position) {
                            packer.change(document.doc, bytes);
                        }
                    }
                }
            }
            packer.complete(Cursor { base: from.base, through: document.last.max(from.through) });
        }
        self.down.pending.extend(packer.finish(batch.cursor, batch.more));
        self.down.sent = batch.cursor;
        if !batch.more {
            self.down.caught_up = true;
            self.down.own = self.down.own.split_off(&batch.cursor.base.next());
        }
        self.pump(line);
    }

    pub(super) fn live(&mut self, batch: &LiveBatch, line: &mut Line) {
        self.down.head = self.down.head.max(batch.to());
        let exactly_there = self.down.sent == Cursor::at(batch.from()) && self.down.is_quiet();
        if self.claim.follows && exactly_there && line.in_flight < FRAMES_IN_FLIGHT_MAX {
            self.down.pending.extend(batch.frames().iter().cloned());
            self.down.sent = Cursor::at(batch.to());
        }
        self.pump(line);
    }

    /// Hands packed frames to the socket and asks for the next batch, as far as the socket keeps up.
    pub(super) fn pump(&mut self, line: &mut Line) {
        while line.in_flight < FRAMES_IN_FLIGHT_MAX
            && let Some(frame) = self.down.pending.pop_front()
        {
            line.counters.document_frames += 1;
            line.send_bytes(frame);
        }
        let wanted = self.claim.follows || !self.down.caught_up;
        let behind = self.down.sent != Cursor::at(self.down.head);
        if wanted && behind && self.down.is_quiet() && line.in_flight < FRAMES_IN_FLIGHT_MAX {
            self.down.reading = true;
            line.effects.push_back(RelayEffect::ReadFeed {
                branch: self.claim.branch,
                after: self.down.sent,
                bytes_max: self.batch_bytes,
                skip: self.down.own.clone(),
            });
        }
    }
}

impl Down {
    /// No frame waits and none is being read: what was sent is all there is up to `sent`.
    fn is_quiet(&self) -> bool {
        self.pending.is_empty() && !self.reading
    }

    /// Takes note of what this device's push added to the feed. When that continues exactly where the device stands, the
    /// verdicts carry it past its own changes.
    fn accepted(&mut self, verdicts: &[(u64, Verdict)]) -> Option<(Position, Position)> {
        let positions: Vec<Position> = verdicts
            .iter()
            .filter_map(|(_, verdict)| match verdict {
                Verdict::Accepted(position) => Some(*position),
                Verdict::Had(_) | Verdict::Refused(_) => None,
            })
            .collect();
        let (first, last) = (*positions.first()?, *positions.last()?);
        self.head = self.head.max(last);
        let before = Position::new(first.get().saturating_sub(1));
        let unbroken = positions.windows(2).all(|pair| pair[0].next() == pair[1]);
        if unbroken && self.sent == Cursor::at(before) && self.is_quiet() {
            self.sent = Cursor::at(last);
            return Some((before, last));
        }
        let room = OWN_POSITIONS_MAX.saturating_sub(self.own.len());
        self.own.extend(positions.into_iter().take(room));
        None
    }
}
