//! Hours and days on which people work, and counting along them.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate, NaiveTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use vocab::{Day, Timestamp};

use crate::policy::{LimitCode, Period, Policy};

/// How far business hours are looked for, in days: past every holiday a calendar can hold, so that counting always ends.
const SEARCH_DAYS_MAX: u32 = 3_700;

/// Business hours, and the limits that count them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusinessHours {
    /// The limits that count them; all others count the wall clock.
    pub limits: Vec<LimitCode>,
    /// Hours by day of the week, 1 Monday to 7 Sunday; a day without any is not worked.
    pub week: BTreeMap<u8, Vec<Hours>>,
}

/// A stretch of a day, `["09:00", "12:00"]`, in minutes since midnight; `24:00` is its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    pub(crate) from: u32,
    pub(crate) to: u32,
}

impl Hours {
    /// A stretch from one minute of a day to another; whether it makes sense the policy checks.
    #[must_use]
    pub const fn new(from: u32, to: u32) -> Hours {
        Hours { from, to }
    }
}

fn minute_of(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |part: &str| (part.len() == 2).then(|| part.parse::<u32>().ok()).flatten();
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (minutes < 60 && hours * 60 + minutes <= 24 * 60).then_some(hours * 60 + minutes)
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let show = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        [show(self.from), show(self.to)].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let [from, to] = <[String; 2]>::deserialize(deserializer)?;
        match (minute_of(&from), minute_of(&to)) {
            (Some(from), Some(to)) => Ok(Hours { from, to }),
            _ => Err(serde::de::Error::custom(format!("`{from}` to `{to}` are not times of a day such as 09:00"))),
        }
    }
}

/// Days on which the week's rule does not hold: holidays, and days worked instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRule {
    /// The first day.
    pub from: Day,
    /// The last day, included.
    pub to: Day,
    /// Whether people work then.
    pub working: bool,
    /// What it is: 国庆节.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The day of the week whose hours hold on a day worked instead; Monday's unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours_of: Option<u8>,
}

fn weekday(day: NaiveDate) -> u8 {
    u8::try_from(day.weekday().number_from_monday()).unwrap_or(1)
}

fn at_minute(day: NaiveDate, minute: u32) -> Option<Timestamp> {
    let (day, minute) = if minute >= 24 * 60 { (day.checked_add_days(Days::new(1))?, 0) } else { (day, minute) };
    Timestamp::from_local(day.and_time(NaiveTime::from_hms_opt(minute / 60, minute % 60, 0)?))
}

impl Period {
    /// The period that a day falls in: its first instant, and the first of the next.
    #[must_use]
    pub fn around(self, time: Timestamp) -> (Timestamp, Timestamp) {
        let day = time.local().date();
        let first = match self {
            Period::Day => Some(day),
            Period::Week => day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday()))),
            Period::Month => day.with_day(1),
            Period::Quarter => NaiveDate::from_ymd_opt(day.year(), day.month0() / 3 * 3 + 1, 1),
            Period::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1),
        };
        let first = first.unwrap_or(day);
        let months = match self {
            Period::Day | Period::Week => 0,
            Period::Month => 1,
            Period::Quarter => 3,
            Period::Year => 12,
        };
        let next = match self {
            Period::Day => first.checked_add_days(Days::new(1)),
            Period::Week => first.checked_add_days(Days::new(7)),
            _ => first.checked_add_months(chrono::Months::new(months)),
        };
        let start = |day: NaiveDate| at_minute(day, 0);
        (start(first).unwrap_or(Timestamp::EPOCH), next.and_then(start).unwrap_or(Timestamp::MAX))
    }
}

impl Policy {
    /// Whether people work on a day.
    #[must_use]
    pub fn is_working(&self, day: Day) -> bool {
        match self.calendar.iter().find(|rule| rule.from <= day && day <= rule.to) {
            Some(rule) => rule.working,
            None => self.working_days.contains(&weekday(day.to_naive())),
        }
    }

    fn counts_hours(&self, code: LimitCode) -> Option<&BusinessHours> {
        self.business_hours.as_ref().filter(|hours| hours.limits.contains(&code))
    }

    /// The hours worked on a day.
    fn hours_on<'a>(&self, hours: &'a BusinessHours, day: NaiveDate) -> &'a [Hours] {
        let rule = self.calendar.iter().find(|rule| (rule.from.to_naive()..=rule.to.to_naive()).contains(&day));
        let weekday = match rule {
            Some(rule) if rule.working => rule.hours_of.unwrap_or(1),
            Some(_) => return &[],
            None => weekday(day),
        };
        hours.week.get(&weekday).map_or(&[], Vec::as_slice)
    }

    /// `minutes` after `from`, as the limit counts them.
    #[must_use]
    pub fn after(&self, code: LimitCode, from: Timestamp, minutes: i64) -> Timestamp {
        self.after_millis(code, from, minutes.saturating_mul(60_000))
    }

    /// The first instant with so many milliseconds between it and `from`, as the limit counts them.
    pub(crate) fn after_millis(&self, code: LimitCode, from: Timestamp, millis: i64) -> Timestamp {
        let Some(hours) = self.counts_hours(code) else { return from.plus_millis(millis) };
        let mut rest = millis;
        let mut day = from.local().date();
        for _ in 0..SEARCH_DAYS_MAX {
            for span in self.hours_on(hours, day) {
                let (Some(start), Some(end)) = (at_minute(day, span.from), at_minute(day, span.to)) else { continue };
                let start = start.max(from);
                let worked = end.millis() - start.millis();
                if worked >= rest && worked > 0 {
                    return start.plus_millis(rest);
                }
                rest -= worked.max(0);
            }
            match day.checked_add_days(Days::new(1)) {
                Some(next) => day = next,
                None => break,
            }
        }
        Timestamp::MAX
    }

    /// How long it is from one instant to another, as the limit counts it, in milliseconds; none when `to` is before `from`.
    #[must_use]
    pub fn between(&self, code: LimitCode, from: Timestamp, to: Timestamp) -> i64 {
        let wall = (to.millis() - from.millis()).max(0);
        let Some(hours) = self.counts_hours(code) else { return wall };
        let (mut sum, mut day, last) = (0, from.local().date(), to.local().date());
        for _ in 0..SEARCH_DAYS_MAX {
            for span in self.hours_on(hours, day) {
                if let (Some(start), Some(end)) = (at_minute(day, span.from), at_minute(day, span.to)) {
                    sum += (end.min(to).millis() - start.max(from).millis()).max(0);
                }
            }
            match day.checked_add_days(Days::new(1)) {
                Some(next) if next <= last => day = next,
                _ => break,
            }
        }
        sum
    }

    /// The working days of a stretch of days, first and last included.
    pub fn working_days_between(&self, first: Day, last: Day) -> impl Iterator<Item = Day> + '_ {
        let days = first.to_naive().iter_days().take(SEARCH_DAYS_MAX as usize);
        days.take_while(move |day| *day <= last.to_naive()).map(Day::from).filter(|day| self.is_working(*day))
    }
}
