//! The relay's part of reconciling: it answers, one question at a time, and only while the socket takes frames.

use std::collections::VecDeque;

use vocab::{DeviceKey, RangeAnswer, RangeQuery, Refusal};

use super::{Compared, Line, RelayEffect, Restoration, RestoreForm, Restored};
use crate::limits::{ASKS_IN_FLIGHT_MAX, FRAMES_IN_FLIGHT_MAX, SECTION_BYTES_MAX};
use crate::wire::{Frame, Item, ItemForm, Missing, RestoreRefusal, RestoredFrame};
use crate::{Answer, Ask, Code, Malformed, inspect};

/// What a device asked while it reconciles, oldest first.
#[derive(Debug, Default)]
pub(super) struct Requests {
    waiting: VecDeque<Request>,
    /// What the driver is working on.
    doing: Option<Doing>,
}

#[derive(Debug)]
enum Request {
    Ranges(Vec<RangeQuery>),
    Compare(Vec<Ask>),
    /// What may be taken, and what may not, whatever the store says.
    Restore(Vec<Restoration>, Vec<RestoreRefusal>),
}

#[derive(Debug)]
enum Doing {
    /// So many answers are expected.
    Ranges(usize),
    /// At most so many are expected.
    Compare(usize),
    /// So many changes and tombstones were given to the store, and this was refused before.
    Restore(u64, Vec<RestoreRefusal>),
}

impl Requests {
    /// Whether everything is answered.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.doing.is_none()
    }

    pub(super) fn ask_ranges(&mut self, queries: Vec<RangeQuery>) -> Result<(), Code> {
        let doing = matches!(self.doing, Some(Doing::Ranges(_)));
        let open = self.open(doing, |request| matches!(request, Request::Ranges(_)));
        self.wait(Request::Ranges(queries), open < 1)
    }

    pub(super) fn compare(&mut self, asks: Vec<Ask>) -> Result<(), Code> {
        let doing = matches!(self.doing, Some(Doing::Compare(_)));
        let open = self.open(doing, |request| matches!(request, Request::Compare(_)));
        self.wait(Request::Compare(asks), open < ASKS_IN_FLIGHT_MAX)
    }

    pub(super) fn restore(&mut self, items: Vec<Item>) -> Result<(), Code> {
        let doing = matches!(self.doing, Some(Doing::Restore(..)));
        let open = self.open(doing, |request| matches!(request, Request::Restore(..)));
        let (restorations, refused) = examine(items);
        self.wait(Request::Restore(restorations, refused), open < ASKS_IN_FLIGHT_MAX)
    }

    fn open(&self, doing: bool, is_kind: impl Fn(&Request) -> bool) -> usize {
        usize::from(doing) + self.waiting.iter().filter(|request| is_kind(request)).count()
    }

    fn wait(&mut self, request: Request, has_room: bool) -> Result<(), Code> {
        if !has_room {
            return Err(Code::Limit);
        }
        self.waiting.push_back(request);
        Ok(())
    }

    /// Hands the oldest question to the driver, as far as the socket keeps up with the answers, of some `bytes_max` each.
    pub(super) fn pump(&mut self, asker: &Asker, bytes_max: usize, line: &mut Line) {
        while self.doing.is_none()
            && line.in_flight < FRAMES_IN_FLIGHT_MAX
            && let Some(request) = self.waiting.pop_front()
        {
            let branch = asker.branch;
            let (doing, effect) = match request {
                Request::Ranges(queries) => (Doing::Ranges(queries.len()), RelayEffect::ReadRanges { branch, queries }),
                Request::Compare(asks) => {
                    (Doing::Compare(asks.len()), RelayEffect::Compare { branch, asks, bytes_max })
                }
                Request::Restore(items, refused) if items.is_empty() => {
                    line.counters.refused += refused.len() as u64;
                    line.send(&Frame::Restored(RestoredFrame { refused, ..RestoredFrame::default() }));
                    continue;
                }
                Request::Restore(items, refused) => {
                    let count = items.iter().map(Restoration::count).sum();
                    (Doing::Restore(count, refused), RelayEffect::Restore { branch, device: asker.device, items })
                }
            };
            self.doing = Some(doing);
            line.effects.push_back(effect);
        }
    }

    pub(super) fn ranged(&mut self, answers: Vec<RangeAnswer>, line: &mut Line) -> Result<(), Code> {
        match self.doing.take() {
            Some(Doing::Ranges(asked)) if asked == answers.len() => {
                line.send(&Frame::Ranges(answers));
                Ok(())
            }
            _ => Err(Code::Unavailable),
        }
    }

    pub(super) fn compared(&mut self, compared: Compared, line: &mut Line) -> Result<(), Code> {
        let Compared { answers, head } = compared;
        match self.doing.take() {
            Some(Doing::Compare(asked)) if (1..=asked).contains(&answers.len()) => {
                line.send(&Frame::Missing(Missing { answers: fitting(answers), head }));
                Ok(())
            }
            _ => Err(Code::Unavailable),
        }
    }

    pub(super) fn restored(&mut self, restored: Restored, line: &mut Line) -> Result<(), Code> {
        let Some(Doing::Restore(count, mut refused)) = self.doing.take() else { return Err(Code::Unavailable) };
        let Restored { refused: by_store, tombstones, span: _, head } = restored;
        line.counters.restored += count.saturating_sub(by_store.len() as u64);
        refused.extend(by_store);
        line.counters.refused += refused.len() as u64;
        line.send(&Frame::Restored(RestoredFrame { refused, tombstones, head }));
        Ok(())
    }
}

/// The first answers, as many as fit into one section whatever the store put into them; the device asks for the others again.
fn fitting(mut answers: Vec<Answer>) -> Vec<Answer> {
    let mut bytes = 0;
    let len = |answer: &Answer| {
        let item = answer.item.as_ref().map_or(0, |item| item.form.len() + item.form.count() * HEAD_BYTES);
        ANSWER_BYTES + item + answer.wants.len() * HEAD_BYTES
    };
    let fits = answers.iter().take_while(|answer| {
        bytes += len(answer);
        bytes <= SECTION_BYTES_MAX
    });
    let count = fits.count().max(1);
    answers.truncate(count);
    answers
}

/// Most bytes that CBOR takes for a number or the head of a byte string here.
const HEAD_BYTES: usize = 5;

/// What an answer takes besides its item and its wants, in bytes.
const ANSWER_BYTES: usize = 32;

/// Who asks.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) branch: vocab::BranchId,
    pub(super) device: DeviceKey,
}

impl Restoration {
    /// Changes and tombstones in it.
    fn count(&self) -> u64 {
        match &self.form {
            RestoreForm::Changes(changes) => changes.len() as u64,
            RestoreForm::Erased(_) => 1,
        }
    }
}

/// What can be said without any store of what is brought back.
fn examine(items: Vec<Item>) -> (Vec<Restoration>, Vec<RestoreRefusal>) {
    let mut refused = Vec::new();
    let mut restorations = Vec::new();
    for Item { doc, form } in items {
        let form = match form {
            ItemForm::Erased(tombstone) => RestoreForm::Erased(tombstone),
            ItemForm::Saved(_) => continue,
            ItemForm::Changes(changes) => {
                let mut taken = Vec::with_capacity(changes.len());
                for bytes in changes {
                    match inspect(&bytes) {
                        Ok(header) => taken.push((header, bytes)),
                        Err(malformed) => {
                            refused.push(RestoreRefusal { doc, hash: None, refusal: refusal(&malformed) });
                        }
                    }
                }
                if taken.is_empty() {
                    continue;
                }
                RestoreForm::Changes(taken)
            }
        };
        restorations.push(Restoration { doc, form });
    }
    (restorations, refused)
}

/// As what a change is refused that is not well-formed.
pub(super) fn refusal(malformed: &Malformed) -> Refusal {
    match malformed {
        Malformed::TooLong { .. } | Malformed::Operations | Malformed::Dependencies => Refusal::TooLarge,
        Malformed::NotAChange | Malformed::Damaged | Malformed::Actor | Malformed::Sequence => Refusal::Malformed,
    }
}
