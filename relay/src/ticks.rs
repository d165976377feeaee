//! The relay's two clocks: the wall's, and one that never goes backwards.

use std::time::{Duration, SystemTime};

use sync::Tick;
use tokio::time::Instant;
use vocab::Timestamp;

/// What the wall clock says.
pub(crate) fn wall() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// The clock of one session: milliseconds since it began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticks {
    start: Instant,
}

impl Ticks {
    pub(crate) fn start() -> Self {
        Ticks { start: Instant::now() }
    }

    pub(crate) fn now(self) -> Tick {
        Tick::from_millis(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn instant(self, tick: Tick) -> Instant {
        // A tick far enough away to overflow is never: a year stands for it.
        const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
        self.start + Duration::from_millis(tick.millis()).min(YEAR)
    }
}
