//! Instants and days. Stored as UTC milliseconds and dates, shown as RFC 3339.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, Utc};

use crate::{ParseError, serde_as_text};

/// How far a branch's wall clocks are ahead of UTC, in milliseconds: eight hours, Asia/Shanghai, which has had no daylight
/// saving time since 1991. Every branch keeps it until branches have policy documents to say otherwise.
pub const BRANCH_OFFSET_MS: i64 = 8 * 3_600_000;

/// An instant: milliseconds since 1970-01-01T00:00:00Z, between the years 1970 and 9999. Shown as RFC 3339 in UTC
/// (`2024-05-02T09:00:00Z`; milliseconds only when there are any).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z: the time of every genesis change.
    pub const EPOCH: Timestamp = Timestamp(0);
    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: Timestamp = Timestamp(253_402_300_799_999);

    /// An instant from milliseconds since 1970; a value outside the years 1970 to 9999 is brought to the nearer end.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        if millis < 0 {
            Timestamp(0)
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Timestamp(millis)
        }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This instant moved by `millis`, which may be negative; stops at either end of the range.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Timestamp::from_millis(self.0.saturating_add(millis))
    }

    /// The day this instant falls on in the branch.
    #[must_use]
    pub fn day(self) -> Day {
        Day(self.local().date())
    }

    /// What the branch's wall clocks show at this instant.
    #[must_use]
    pub fn local(self) -> NaiveDateTime {
        self.to_utc().naive_utc() + TimeDelta::milliseconds(BRANCH_OFFSET_MS)
    }

    /// The instant at which the branch's wall clocks show `local`; none outside the years 1970 to 9999.
    #[must_use]
    pub fn from_local(local: NaiveDateTime) -> Option<Self> {
        let millis = local.and_utc().timestamp_millis().checked_sub(BRANCH_OFFSET_MS)?;
        (0..=Self::MAX.0).contains(&millis).then_some(Timestamp(millis))
    }

    /// The same instant for chrono, to be shown in some zone.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Timestamp::from_millis(time.timestamp_millis())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new(text, "a time, such as 2024-05-02T09:00:00Z");
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| error())?;
        let millis = time.timestamp_millis();
        if (0..=Self::MAX.0).contains(&millis) { Ok(Timestamp(millis)) } else { Err(error()) }
    }
}

serde_as_text!(Timestamp);

/// A calendar day, `2024-05-01`, between the years 1900 and 9999. Days that do not exist are refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

impl Day {
    /// The same day for chrono.
    #[must_use]
    pub const fn to_naive(self) -> NaiveDate {
        self.0
    }

    /// Its first instant in the branch, brought to the nearer end of the years 1970 to 9999.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp::from_millis(
            self.0.and_time(NaiveTime::MIN).and_utc().timestamp_millis().saturating_sub(BRANCH_OFFSET_MS),
        )
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Self {
        Day(date)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Day {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        use chrono::Datelike;
        let error = || ParseError::new(text, "a day that exists, such as 2024-05-01");
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| error())?;
        if (1900..=9999).contains(&date.year()) && text.len() == 10 { Ok(Day(date)) } else { Err(error()) }
    }
}

serde_as_text!(Day);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_instant_reads_back_what_it_shows(millis in 0..=Timestamp::MAX.millis()) {
            let time = Timestamp::from_millis(millis);
            prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        }
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        assert_eq!("2024-02-29".parse::<Day>().unwrap().to_string(), "2024-02-29");
        for wrong in ["2023-02-29", "2024-13-01", "2024-5-1", "0000-01-01", "yesterday", ""] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_day_begins_when_it_does_in_the_branch() {
        let before: Timestamp = "2024-05-01T15:59:59Z".parse().unwrap();
        assert_eq!(
            (before.day().to_string(), before.plus_millis(1_000).day().to_string()),
            ("2024-05-01".into(), "2024-05-02".into())
        );
        assert_eq!(Timestamp::from_local(before.local()), Some(before));
        assert_eq!(before.plus_millis(1_000).day().start(), before.plus_millis(1_000));
        assert_eq!("1969-12-31".parse::<Day>().unwrap().start(), Timestamp::EPOCH);
    }

    #[test]
    fn an_offset_is_turned_into_utc() {
        assert_eq!("2024-05-02T17:00:00+08:00".parse::<Timestamp>().unwrap().to_string(), "2024-05-02T09:00:00Z");
    }
}
