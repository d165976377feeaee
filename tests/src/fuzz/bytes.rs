//! Choices from bytes: what a fuzzer mutates becomes what a generator draws.

use vocab::{ChangeHash, Cursor, Position, Sum};

/// The bytes not yet used. When there are none left every choice is the first.
pub(super) struct Bytes<'d>(&'d [u8]);

impl<'d> Bytes<'d> {
    pub(super) fn new(data: &'d [u8]) -> Self {
        Bytes(data)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn rest(&mut self) -> &'d [u8] {
        std::mem::take(&mut self.0)
    }

    pub(super) fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *byte
    }

    /// Below `bound`, which is at most 256.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    pub(super) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == bound - 1
    }

    pub(super) fn pick<'t, T>(&mut self, from: &'t [T]) -> Option<&'t T> {
        if from.is_empty() { None } else { from.get(self.below(from.len())) }
    }

    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// Up to 255 bytes.
    pub(super) fn some(&mut self) -> &'d [u8] {
        let len = usize::from(self.byte()).min(self.0.len());
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    /// Mostly small, now and then the largest the wire has.
    pub(super) fn number(&mut self) -> u64 {
        match self.byte() {
            255 => i64::MAX.unsigned_abs(),
            254 => u64::from(u32::from_le_bytes(self.array())),
            small => u64::from(small),
        }
    }

    pub(super) fn position(&mut self) -> Position {
        Position::new(self.number())
    }

    pub(super) fn cursor(&mut self) -> Cursor {
        let (one, other) = (self.position(), self.position());
        Cursor { base: one.min(other), through: one.max(other) }
    }

    pub(super) fn sum(&mut self) -> Sum {
        let mut bytes = [0; 16];
        bytes[15] = self.byte();
        Sum::from_bytes(bytes)
    }

    pub(super) fn hash(&mut self) -> ChangeHash {
        ChangeHash::from_bytes([self.byte(); 32])
    }

    pub(super) fn option<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (!self.one_in(2)).then(|| draw(self))
    }

    pub(super) fn list<T>(&mut self, max: usize, mut draw: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.below(max + 1);
        (0..count).map(|_| draw(self)).collect()
    }
}
