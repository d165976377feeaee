//! Frames that are well formed, whatever they mean.

use std::sync::Arc;

use sync::wire::{
    Challenge, Documents, Frame, Item, ItemForm, Missing, Push, PushedChange, Reason, RestoreRefusal, RestoredFrame,
    Verdicts, Welcome,
};
use sync::{Answer, Ask, Code, Membership, Nonce, Plan, Progress, Seen, sign_tombstone};
use vocab::{
    BranchId, Cursor, DeviceCode, Epoch, Owed, RangeAnswer, RangeQuery, Refusal, Role, Subrange, Timestamp, Tombstone,
    Verdict,
};

use super::bytes::Bytes;
use super::pool::{self, change, doc, hash};

pub(super) const BRANCH: BranchId = BranchId::from_bytes([2; 16]);
pub(super) const EPOCH: Epoch = Epoch::from_bytes([3; 16]);
pub(super) const NONCE: Nonce = Nonce::from_bytes([1; 32]);

/// What the other side said last, so that an answer can be drawn that belongs to it.
#[derive(Default)]
pub(super) struct Said {
    pub(super) cursor: Cursor,
    pub(super) head: vocab::Position,
    pub(super) pushed: Vec<u64>,
    pub(super) queries: Vec<RangeQuery>,
    pub(super) asks: usize,
}

pub(super) fn challenge(bytes: &mut Bytes<'_>) -> Frame {
    let versions = if bytes.one_in(16) { bytes.list(4, |b| u16::from(b.byte())) } else { vec![sync::wire::VERSION] };
    Frame::Challenge(Challenge { versions, nonce: NONCE })
}

pub(super) fn membership(bytes: &mut Bytes<'_>) -> Membership {
    Membership {
        branch: if bytes.one_in(32) { BranchId::from_bytes(bytes.array()) } else { BRANCH },
        branch_name: "城东".to_owned(),
        code: DeviceCode::enrolled(7),
        staff: "王*".parse().expect("a name"),
        role: *bytes.pick(&Role::ALL).unwrap_or(&Role::Engineer),
    }
}

pub(super) fn seen(bytes: &mut Bytes<'_>) -> Seen {
    Seen { seq: bytes.number(), doc: doc(bytes), hash: hash(bytes) }
}

pub(super) fn welcome(bytes: &mut Bytes<'_>) -> Frame {
    Frame::Welcome(Welcome {
        time: Timestamp::from_millis(1_714_521_600_000),
        membership: membership(bytes),
        epoch: if bytes.one_in(4) { Epoch::from_bytes(bytes.array()) } else { EPOCH },
        head: bytes.position(),
        seen: if bytes.one_in(4) { Some(seen(bytes)) } else { None },
        plan: [Plan::Continue, Plan::FromStart, Plan::Reconcile][bytes.below(3)],
        dictionary: u8::from(bytes.below(8) < 6) + u8::from(bytes.one_in(32)),
        window: bytes.one_in(2),
        taken: if bytes.one_in(4) { bytes.list(3, |b| hash(b).short()) } else { Vec::new() },
    })
}

pub(super) fn tombstone(bytes: &mut Bytes<'_>) -> Tombstone {
    let mut tombstone = sign_tombstone(&pool::SECRET, BRANCH, doc(bytes), Timestamp::from_millis(1_000), "按客户要求");
    if bytes.one_in(4) {
        tombstone.signature[0] ^= bytes.byte();
    }
    tombstone
}

pub(super) fn item(bytes: &mut Bytes<'_>) -> Item {
    match bytes.below(4) {
        0 => {
            let document = &pool::DOCUMENTS[bytes.below(4)];
            let saved: Arc<[u8]> = match bytes.below(4) {
                2 => pool::damaged(&document.saved, bytes).into(),
                3 => bytes.some().into(),
                _ => document.saved.clone(),
            };
            Item { doc: if bytes.one_in(4) { doc(bytes) } else { document.doc }, form: ItemForm::Saved(saved) }
        }
        1 => {
            let tombstone = tombstone(bytes);
            Item { doc: tombstone.doc, form: ItemForm::Erased(tombstone) }
        }
        _ => Item { doc: doc(bytes), form: ItemForm::Changes(bytes.list(6, change)) },
    }
}

pub(super) fn owed(bytes: &mut Bytes<'_>) -> Vec<Owed> {
    let mut owed: Vec<Owed> = bytes.list(3, |b| Owed { doc: doc(b), within: b.position() });
    owed.sort_by_key(|owed| owed.doc);
    owed.dedup_by_key(|owed| owed.doc);
    owed
}

fn reason(bytes: &mut Bytes<'_>) -> Reason {
    let text = String::from_utf8_lossy(bytes.some()).chars().take(80).collect();
    Reason { code: Code::from_number(bytes.byte()), text }
}

fn refusal(bytes: &mut Bytes<'_>) -> Refusal {
    *bytes.pick(&Refusal::ALL).unwrap_or(&Refusal::Malformed)
}

fn subranges(bytes: &mut Bytes<'_>) -> Vec<Subrange> {
    let mut parts = bytes.list(5, |b| Subrange { upper: Some(doc(b)), count: b.number(), sum: b.sum() });
    parts.sort_by_key(|part| part.upper);
    parts.dedup_by_key(|part| part.upper);
    parts.push(Subrange { upper: bytes.option(doc), count: bytes.number(), sum: bytes.sum() });
    parts
}

fn range_answer(bytes: &mut Bytes<'_>) -> RangeAnswer {
    match bytes.below(3) {
        0 => RangeAnswer::Equal,
        1 => RangeAnswer::Split(subranges(bytes)),
        _ => {
            let mut list = bytes.list(5, |b| (doc(b), b.sum()));
            list.sort_by_key(|(doc, _)| *doc);
            list.dedup_by_key(|(doc, _)| *doc);
            RangeAnswer::List(list)
        }
    }
}

fn answer(bytes: &mut Bytes<'_>) -> Answer {
    let complete = !bytes.one_in(4);
    let mut wants = if complete { bytes.list(4, |b| u32::from(b.byte() % 8)) } else { Vec::new() };
    wants.sort_unstable();
    wants.dedup();
    Answer { complete, item: bytes.option(item), wants }
}

/// Any frame that a relay sends after the Welcome.
pub(super) fn from_relay(bytes: &mut Bytes<'_>, said: &Said) -> Frame {
    match bytes.below(16) {
        0 => Frame::Pong(bytes.number()),
        1 => Frame::Goodbye(reason(bytes)),
        2 => match bytes.below(4) {
            0 => challenge(bytes),
            1 => welcome(bytes),
            2 => Frame::Refused(reason(bytes)),
            _ => Frame::Enrolled { membership: membership(bytes), time: Timestamp::EPOCH },
        },
        3..=5 => {
            let verdict = |b: &mut Bytes<'_>| match b.below(3) {
                0 => Verdict::Accepted(b.position()),
                1 => Verdict::Had(b.position()),
                _ => Verdict::Refused(refusal(b)),
            };
            let verdicts = if bytes.one_in(4) {
                bytes.list(4, |b| (b.number(), verdict(b)))
            } else {
                said.pushed.iter().map(|seq| (*seq, verdict(bytes))).collect()
            };
            let span = bytes.option(|b| (b.position(), b.position()));
            Frame::Verdicts(Verdicts { verdicts, span, sum: bytes.option(Bytes::sum) })
        }
        6..=10 => {
            let from = if bytes.one_in(8) { bytes.cursor() } else { said.cursor };
            let after = match bytes.below(4) {
                0 => Cursor::at(said.head),
                1 => bytes.cursor(),
                _ => Cursor { base: from.base, through: from.through.max(bytes.position()) },
            };
            let head = if bytes.one_in(4) { bytes.position() } else { said.head.max(after.through) };
            Frame::Documents(Documents {
                from,
                after,
                head,
                more: bytes.one_in(2),
                items: bytes.list(4, item),
                owed: if bytes.one_in(4) { Some(owed(bytes)) } else { None },
                sum: bytes.option(Bytes::sum),
            })
        }
        11 | 12 => {
            let count = if bytes.one_in(8) { bytes.below(5) } else { said.queries.len() };
            Frame::Ranges((0..count).map(|_| range_answer(bytes)).collect())
        }
        13 | 14 => {
            let count = if bytes.one_in(8) { bytes.below(5) } else { bytes.below(said.asks + 1).max(1) };
            Frame::Missing(Missing { answers: (0..count).map(|_| answer(bytes)).collect(), head: bytes.position() })
        }
        _ => {
            let refused = |b: &mut Bytes<'_>| RestoreRefusal { doc: doc(b), hash: b.option(hash), refusal: refusal(b) };
            Frame::Restored(RestoredFrame {
                refused: bytes.list(3, refused),
                tombstones: bytes.list(2, tombstone),
                head: bytes.position(),
            })
        }
    }
}

/// Any frame that a device sends after the Welcome.
pub(super) fn from_device(bytes: &mut Bytes<'_>, said: &mut Said) -> Frame {
    match bytes.below(16) {
        0 => Frame::Ping(bytes.number()),
        1 => Frame::Goodbye(reason(bytes)),
        2 => Frame::Progress(Progress { cursor: bytes.cursor(), outbox: bytes.number() }),
        3..=7 => {
            let mut last = said.pushed.last().copied().unwrap_or_default();
            let changes = bytes.list(4, |b| {
                last = if b.one_in(16) { b.number() } else { last.saturating_add(1).min(i64::MAX.unsigned_abs()) };
                PushedChange { seq: last, doc: doc(b), bytes: change(b).to_vec() }
            });
            said.pushed.extend(changes.iter().map(|change| change.seq));
            Frame::Push(Push { changes, more: bytes.one_in(2) })
        }
        8 | 9 => Frame::Reconcile(bytes.list(5, |b| {
            let lower = doc(b);
            RangeQuery { lower, upper: b.option(doc).filter(|upper| *upper > lower), count: b.number(), sum: b.sum() }
        })),
        10 | 11 => Frame::Compare(bytes.list(4, |b| {
            let doc = doc(b);
            let short = |b: &mut Bytes<'_>| <[u8; 16]>::try_from(&hash(b).as_bytes()[..16]).unwrap_or_default();
            Ask { doc, hashes: b.list(5, short) }
        })),
        12 | 13 => Frame::Restore(bytes.list(4, item)),
        14 => Frame::Reconciled(if bytes.one_in(4) { bytes.position() } else { said.head }),
        _ => from_relay(bytes, said),
    }
}
