//! The time a session runs on.

/// Milliseconds on a clock that never goes backwards, from any origin. Sessions measure silence with it; the wall clock is
/// another matter ([`vocab::Timestamp`]) and may jump.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(u64);

impl Tick {
    /// A tick from milliseconds since the origin of the driver's choice.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Tick(millis)
    }

    /// Milliseconds since the origin.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// This tick and `millis` more.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Tick(self.0.saturating_add(millis))
    }

    /// Milliseconds since `earlier`; zero if that lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Tick) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
