//! One connection: two directions in which frames arrive when the seed says, as long as the link carries anything.
//!
//! A healthy link keeps the order and loses nothing; it may be slow. A damaged one flips bytes, cuts frames short, brings
//! one twice or two in the wrong order. A half-open one takes everything and delivers nothing, and neither end is told.

use std::collections::VecDeque;

use super::mutation::Mutation;
use crate::generate::Dice;

/// What a frame ends with.
const CHECKSUM_BYTES: usize = 4;

/// What a network does to frames; the same for every connection of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network {
    /// The longest a frame travels, apart from the time its bytes take, in milliseconds.
    pub(super) latency_ms_max: u64,
    /// What a direction carries, in bytes a second; none when bytes take no time.
    pub(super) bytes_per_s: Option<u64>,
    /// After how many bytes, both ways, a connection is cut; none when it is not.
    pub(super) cut_every_bytes: Option<u64>,
}

/// Frames on their way in one direction.
#[derive(Debug, Default)]
pub(super) struct Direction {
    frames: VecDeque<(u64, Vec<u8>)>,
    /// When the last byte put on its way has left.
    free_at_ms: u64,
    /// How many bytes were put on their way.
    pub(super) bytes: u64,
    /// Nothing sent from now on arrives, and nobody notices.
    pub(super) silent: bool,
}

impl Direction {
    /// Puts a frame on its way; it arrives after those before it.
    pub(super) fn send(&mut self, frame: Vec<u8>, now_ms: u64, dice: &mut Dice, network: &Network) {
        self.bytes += frame.len() as u64;
        if self.silent {
            return;
        }
        let earliest = self.frames.back().map_or(0, |(at, _)| *at);
        let takes_ms = network.bytes_per_s.map_or(0, |speed| frame.len() as u64 * 1_000 / speed);
        self.free_at_ms = self.free_at_ms.max(now_ms) + takes_ms;
        let arrival = (self.free_at_ms + dice.between(1, network.latency_ms_max)).max(earliest);
        self.frames.push_back((arrival, frame));
    }

    /// When the next frame arrives.
    pub(super) fn next_at(&self) -> Option<u64> {
        self.frames.front().map(|(at, _)| *at)
    }

    /// The next frame, if it has arrived.
    pub(super) fn receive(&mut self, now_ms: u64) -> Option<Vec<u8>> {
        if self.next_at()? > now_ms { None } else { self.frames.pop_front().map(|(_, frame)| frame) }
    }

    /// Damages what is on its way: flips a byte, cuts an end off, puts garbage in a frame's place, repeats a frame, or
    /// exchanges two.
    pub(super) fn damage(&mut self, mutation: Option<Mutation>, dice: &mut Dice) -> bool {
        let index = usize::try_from(dice.below(self.frames.len() as u64)).unwrap_or_default();
        let after = index + 1 < self.frames.len();
        let Some((at_ms, frame)) = self.frames.get_mut(index) else { return false };
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
                let next = std::mem::take(&mut self.frames[index + 1].1);
                let this = std::mem::replace(&mut self.frames[index].1, next);
                self.frames[index + 1].1 = this;
            }
            _ => {
                let twice = (*at_ms, frame.clone());
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
        self.frames.clear();
    }
}
