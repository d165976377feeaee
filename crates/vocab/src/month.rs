//! Calendar months on a branch's clocks: what figures are counted by.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Months, NaiveDate, NaiveTime};

use crate::{ParseError, Timestamp, serde_as_text};

/// A calendar month on the branch's clocks, `2026-10`, between 1970-01 and 9999-12.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(NaiveDate);

impl Month {
    /// The month that an instant falls in.
    #[must_use]
    pub fn of(time: Timestamp) -> Month {
        let day = time.day().to_naive();
        Month(day.with_day(1).unwrap_or(day))
    }

    /// Its first instant.
    #[must_use]
    pub fn start(self) -> Timestamp {
        // Before the branch's first midnight of 1970 there is none.
        Timestamp::from_local(self.0.and_time(NaiveTime::MIN)).unwrap_or(Timestamp::EPOCH)
    }

    /// The first instant after it.
    #[must_use]
    pub fn end(self) -> Timestamp {
        let next = self.0.checked_add_months(Months::new(1)).map(|first| first.and_time(NaiveTime::MIN));
        next.and_then(Timestamp::from_local).unwrap_or(Timestamp::MAX)
    }

    /// The year it is in.
    #[must_use]
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// The month so many before; the first of 1970 when there is none.
    #[must_use]
    pub fn back(self, months: u32) -> Month {
        let earlier = self.0.checked_sub_months(Months::new(months)).filter(|first| first.year() >= 1970);
        Month(earlier.unwrap_or_else(|| NaiveDate::from_ymd_opt(1970, 1, 1).unwrap_or_default()))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m"))
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Month {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new(text, "a month, such as 2026-10");
        let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").map_err(|_| error())?;
        if (1970..=9999).contains(&first.year()) && text.len() == 7 { Ok(Month(first)) } else { Err(error()) }
    }
}

serde_as_text!(Month);

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_begins_and_ends_at_the_branchs_midnight() {
        let october = month("2026-10");
        assert_eq!((october.start(), october.end()), (at("2026-09-30T16:00:00Z"), at("2026-10-31T16:00:00Z")));
        assert_eq!(Month::of(october.start()), october);
        assert_eq!(Month::of(october.start().plus_millis(-1)), month("2026-09"));
        assert_eq!(Month::of(october.end().plus_millis(-1)), october);
        assert_eq!(Month::of(october.end()), month("2026-11"));
    }

    #[test]
    fn months_are_counted_back_over_the_turn_of_the_year_and_not_past_the_first() {
        assert_eq!(month("2026-02").back(3), month("2025-11"));
        assert_eq!(month("2026-02").back(0), month("2026-02"));
        assert_eq!((month("2026-01").year(), month("2026-01").back(1).year()), (2026, 2025));
        assert_eq!(month("1970-02").back(9), month("1970-01"));
        assert_eq!(month("1970-01").start(), Timestamp::EPOCH);
        assert_eq!(month("9999-12").end(), at("9999-12-31T16:00:00Z"));
    }

    #[test]
    fn what_is_no_month_is_refused() {
        assert_eq!(month("2024-02").to_string(), "2024-02");
        for wrong in ["2024-13", "2024-00", "2024-2", "2024-02-01", "1969-12", "202410", "", "10-2024"] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}
