//! What happened in a run, as one number: two runs that agree in it went the same way.

/// FNV-1a over everything that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trace(u64);

impl Trace {
    pub(super) const fn new() -> Trace {
        Trace(0xcbf2_9ce4_8422_2325)
    }

    /// Notes bytes that were sent, kept or shown.
    pub(super) fn note(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Notes a number: what was done, when.
    pub(super) fn count(&mut self, number: u64) {
        self.note(&number.to_le_bytes());
    }

    pub(super) const fn value(self) -> u64 {
        self.0
    }
}
