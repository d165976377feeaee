//! One connection: two directions in which frames keep their order and arrive when the seed says.

use std::collections::VecDeque;

use crate::generate::Dice;

/// Frames on their way in one direction.
#[derive(Debug, Default)]
pub(super) struct Direction {
    frames: VecDeque<(u64, Vec<u8>)>,
}

impl Direction {
    /// Puts a frame on its way; it arrives after those before it.
    pub(super) fn send(&mut self, frame: Vec<u8>, now_ms: u64, dice: &mut Dice, latency_ms_max: u64) {
        let earliest = self.frames.back().map_or(0, |(at, _)| *at);
        let arrival = (now_ms + dice.between(1, latency_ms_max)).max(earliest);
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

    /// Damages the next frame: flips a byte, cuts its end off, or puts garbage in its place.
    pub(super) fn damage(&mut self, dice: &mut Dice) -> bool {
        let Some((_, frame)) = self.frames.front_mut() else { return false };
        let at = usize::try_from(dice.below(frame.len() as u64)).unwrap_or_default();
        match dice.below(3) {
            0 => frame[at] ^= u8::try_from(dice.between(1, 255)).unwrap_or(1),
            1 => frame.truncate(at),
            _ => *frame = (0..dice.below(40)).map(|_| u8::try_from(dice.below(256)).unwrap_or_default()).collect(),
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
