//! Working time: when people write things down.

use vocab::Timestamp;

use super::branch::{YEAR_MS, YEAR_START};
use super::dice::Dice;

pub(super) const MINUTE_MS: i64 = 60_000;
pub(super) const DAY_MINUTES: i64 = 24 * 60;
/// 08:30 to 17:30 in China is 00:30 to 09:30 UTC.
const WORK_START_MS: i64 = 30 * MINUTE_MS;
const WORK_END_MS: i64 = (9 * 60 + 30) * MINUTE_MS;
pub(super) const YEAR_END: Timestamp = YEAR_START.plus_millis(YEAR_MS);

pub(super) fn minutes_later(at: Timestamp, dice: &mut Dice, low: u64, high: u64) -> Timestamp {
    at.plus_millis(i64::try_from(dice.between(low, high)).unwrap_or_default() * MINUTE_MS)
}

/// A minute of working time between two instants.
pub(super) fn working_minute(dice: &mut Dice, from: Timestamp, until: Timestamp) -> Timestamp {
    let first = (from.millis() - YEAR_START.millis()) / (DAY_MINUTES * MINUTE_MS);
    let last = ((until.millis() - YEAR_START.millis()) / (DAY_MINUTES * MINUTE_MS)).clamp(first + 1, 365);
    let mut day = first + i64::try_from(dice.below(u64::try_from(last - first).unwrap_or(1))).unwrap_or_default();
    // The year starts on a Wednesday; work found on a weekend was done on the Friday before, or the Monday after.
    let weekday = (day + 2) % 7;
    if weekday == 5 && day > first {
        day -= 1;
    } else if weekday >= 5 {
        day += 7 - weekday;
    }
    let minute = 30 + i64::try_from(dice.below(9 * 60)).unwrap_or_default();
    let drawn = YEAR_START.plus_millis((day * DAY_MINUTES + minute) * MINUTE_MS);
    drawn.max(from)
}

/// The same instant when it falls into working time, else the same minute of the hour on the next working morning.
pub(super) fn at_work(at: Timestamp) -> Timestamp {
    const DAY_MS: i64 = DAY_MINUTES * MINUTE_MS;
    let since = at.millis() - YEAR_START.millis();
    let (mut day, of_day) = (since / DAY_MS, since % DAY_MS);
    let is_weekend = |day: i64| (day + 2) % 7 >= 5;
    if !is_weekend(day) && (WORK_START_MS..WORK_END_MS).contains(&of_day) {
        return at;
    }
    if of_day >= WORK_START_MS {
        day += 1;
    }
    while is_weekend(day) {
        day += 1;
    }
    YEAR_START.plus_millis(day * DAY_MS + WORK_START_MS + of_day % (60 * MINUTE_MS))
}
