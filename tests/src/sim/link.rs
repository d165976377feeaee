//! One connection: two directions in which frames arrive when the seed says, as long as the link carries anything.
//!
//! A healthy link keeps the order and loses nothing; it may be slow. A damaged one flips bytes, cuts frames short, brings
//! one twice or two in the wrong order. A half-open one takes everything and delivers nothing, and neither end is told.

use std::collections::VecDeque;

use super::mutation::Mutation;
use crate::generate::Dice;

/// What a frame ends with.
const CHECKSUM_BYTES: usize = 4;

/// What the websocket adds to a frame: its header with a mask, of either length.
const HEADER_BYTES: u64 = 8;

/// What opening a connection takes, in bytes: half of it is the request of the websocket, half the answer.
const OPENING_BYTES: u64 = 320;

/// What the systems at both ends take of a frame before it leaves, in bytes: what they hold on to of what is sent does not
/// wait at the session any more.
const SOCKET_BYTES: u64 = 16 * 1024;

/// What a network does to frames; the same for every connection of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network {
    /// The shortest and the longest a frame travels, apart from the time its bytes take, in milliseconds.
    pub(super) latency_ms: (u64, u64),
    /// What a direction carries, in bytes a second; none when bytes take no time.
    pub(super) bytes_per_s: Option<u64>,
    /// After how many bytes, both ways, a connection is cut; none when it is not.
    pub(super) cut_every_bytes: Option<u64>,
}

/// A frame on its way.
#[derive(Debug)]
struct Travelling {
    frame: Vec<u8>,
    /// What it comes to on the wire.
    bytes: u64,
    /// When its first byte leaves, and when its last one has left.
    leaves_ms: (u64, u64),
    arrives_ms: u64,
}

impl Travelling {
    /// How many of its bytes have left.
    fn left(&self, at_ms: u64) -> u64 {
        let (begins_ms, ends_ms) = self.leaves_ms;
        let (gone_ms, takes_ms) = (at_ms.saturating_sub(begins_ms), ends_ms - begins_ms);
        if gone_ms >= takes_ms { self.bytes } else { self.bytes * gone_ms / takes_ms }
    }
}

/// Frames on their way in one direction.
#[derive(Debug)]
pub(super) struct Direction {
    frames: VecDeque<Travelling>,
    /// When the last byte put on its way has left.
    free_at_ms: u64,
    /// How many bytes have left that belong to no frame on its way any more.
    gone: u64,
    /// Nothing sent from now on arrives, and nobody notices.
    pub(super) silent: bool,
}

impl Default for Direction {
    fn default() -> Self {
        let gone = OPENING_BYTES / 2;
        Direction { frames: VecDeque::new(), free_at_ms: 0, gone, silent: false }
    }
}

impl Direction {
    /// Puts a frame on its way; it arrives after those before it. When the system at this end has all of it.
    pub(super) fn send(&mut self, frame: Vec<u8>, now_ms: u64, dice: &mut Dice, network: &Network) -> u64 {
        let bytes = frame.len() as u64 + HEADER_BYTES;
        if self.silent {
            self.gone += bytes;
            return now_ms;
        }
        let earliest = self.frames.back().map_or(0, |last| last.arrives_ms);
        let begins_ms = self.free_at_ms.max(now_ms);
        self.free_at_ms = begins_ms + network.bytes_per_s.map_or(0, |speed| bytes * 1_000 / speed);
        let arrives_ms = (self.free_at_ms + dice.between(network.latency_ms.0, network.latency_ms.1)).max(earliest);
        self.frames.push_back(Travelling { frame, bytes, leaves_ms: (begins_ms, self.free_at_ms), arrives_ms });
        let held_ms = network.bytes_per_s.map_or(0, |speed| SOCKET_BYTES * 1_000 / speed);
        self.free_at_ms.saturating_sub(held_ms).max(now_ms)
    }

    /// How many bytes have left by `at_ms`.
    pub(super) fn left(&self, at_ms: u64) -> u64 {
        self.gone + self.frames.iter().map(|frame| frame.left(at_ms)).sum::<u64>()
    }

    /// The link was cut at `at_ms`: what had not left whole never arrives.
    pub(super) fn cut(&mut self, at_ms: u64) {
        self.gone +=
            self.frames.iter().filter(|frame| frame.leaves_ms.1 > at_ms).map(|lost| lost.left(at_ms)).sum::<u64>();
        self.frames.retain(|frame| frame.leaves_ms.1 <= at_ms);
    }

    /// When everything sent so far has left.
    pub(super) fn free_at_ms(&self) -> u64 {
        self.free_at_ms
    }

    /// The frame sent last was one too many for the link.
    pub(super) fn lose_last(&mut self) {
        self.frames.pop_back();
    }

    /// When the next frame arrives.
    pub(super) fn next_at(&self) -> Option<u64> {
        self.frames.front().map(|frame| frame.arrives_ms)
    }

    /// The next frame, if it has arrived.
    pub(super) fn receive(&mut self, now_ms: u64) -> Option<Vec<u8>> {
        if self.next_at()? > now_ms {
            return None;
        }
        let Travelling { frame, bytes, .. } = self.frames.pop_front()?;
        self.gone += bytes;
        Some(frame)
    }

    /// Damages what is on its way: flips a byte, cuts an end off, puts garbage in a frame's place, repeats a frame, or
    /// exchanges two.
    pub(super) fn damage(&mut self, mutation: Option<Mutation>, dice: &mut Dice) -> bool {
        let index = usize::try_from(dice.below(self.frames.len() as u64)).unwrap_or_default();
        let after = index + 1 < self.frames.len();
        let Some(Travelling { frame, bytes, leaves_ms, arrives_ms }) = self.frames.get_mut(index) else {
            return false;
        };
        let byte = usize::try_from(dice.below(frame.len() as u64)).unwrap_or_default();
        if mutation == Some(Mutation::DamageNotNoticed) && frame.len() > CHECKSUM_BYTES {
            let body = frame.len() - CHECKSUM_BYTES;
            frame[byte % body] ^= u8::try_from(dice.between(1, 255)).unwrap_or(1);
            let checksum = crc32fast::hash(&frame[..body]).to_be_bytes();
            frame[body..].copy_from_slice(&checksum);
            return true;
        }
        match dice.below(7) {
            0 | 1 => frame[byte] ^= u8::try_from(dice.between(1, 255)).unwrap_or(1),
            2 => frame.truncate(byte),
            3 => *frame = (0..dice.below(40)).map(|_| u8::try_from(dice.below(256)).unwrap_or_default()).collect(),
            4 | 5 if after => {
                let next = std::mem::take(&mut self.frames[index + 1].frame);
                let this = std::mem::replace(&mut self.frames[index].frame, next);
                self.frames[index + 1].frame = this;
            }
            _ => {
                let (leaves_ms, arrives_ms) = (*leaves_ms, *arrives_ms);
                let twice = Travelling { frame: frame.clone(), bytes: *bytes, leaves_ms, arrives_ms };
                self.frames.insert(index, twice);
            }
        }
        true
    }

    /// Whether nothing is on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Loses everything on its way.
    pub(super) fn lose(&mut self) {
        self.cut(0);
    }
}
