//! What is wrong with a policy: nothing that is incomplete or contradicts itself is ever written.

use messages::{Arg, Message};
use vocab::Day;

use crate::kinds::GRADE;
use crate::policy::{LimitCode, Policy, Span};

/// Limits that have figures of their own instead of a span.
const APART: [LimitCode; 3] = [LimitCode::L13, LimitCode::L16, LimitCode::L20];

/// Longest span, in minutes: ten years. Past it a limit says nothing, and sums of milliseconds stay far from their end.
const MINUTES_MAX: i64 = 10 * 366 * 24 * 60;

/// Most days of the calendar one rule may cover.
const RULE_DAYS_MAX: i64 = 366;

/// Why a policy was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyProblem {
    /// Not JSON, or not that of a policy.
    Unreadable {
        /// The reader's words.
        cause: String,
    },
    /// A limit is missing.
    MissingLimit {
        /// Which.
        code: LimitCode,
    },
    /// A limit's figure is not between one minute and ten years.
    WrongLimit {
        /// Which.
        code: LimitCode,
    },
    /// A grade, complaint step or other part of a limit is missing.
    MissingPart {
        /// Which limit.
        code: LimitCode,
        /// Key of the label of what is missing.
        part: String,
    },
    /// The hours of a day end before they begin, run into each other or are no times of day.
    WrongHours {
        /// The day of the week, 1 Monday to 7 Sunday.
        weekday: u8,
    },
    /// Business hours without a single hour: no limit would ever end.
    NoHours,
    /// A day of the week that is not 1 to 7, or given twice.
    WrongWeekday {
        /// As given.
        weekday: u8,
    },
    /// A rule of the calendar ends before it begins, or covers more than a year.
    WrongDays {
        /// Its first day.
        from: Day,
        /// Its last day.
        to: Day,
    },
    /// Two rules of the calendar speak of one day.
    Overlap {
        /// The day.
        day: Day,
    },
    /// Memberships that do not rise, rota rules that are not positive.
    WrongFigure {
        /// Key of the label of the figure.
        part: String,
    },
}

impl PolicyProblem {
    /// The message to show; it says what to do.
    #[must_use]
    pub fn message(&self) -> Message {
        let limit = |code: LimitCode| Arg::Key(format!("limit-{}", code.code()));
        let weekday = |weekday: u8| Arg::Key(format!("weekday-{}", weekday.clamp(1, 7)));
        match self {
            PolicyProblem::Unreadable { cause } => Message::new("policy-unreadable").with("cause", cause.as_str()),
            PolicyProblem::MissingLimit { code } => {
                Message::new("policy-missing_limit").with("code", code.code()).with("limit", limit(*code))
            }
            PolicyProblem::WrongLimit { code } => {
                Message::new("policy-wrong_limit").with("code", code.code()).with("limit", limit(*code))
            }
            PolicyProblem::MissingPart { code, part } => {
                Message::new("policy-missing_part").with("code", code.code()).with("part", Arg::Key(part.clone()))
            }
            PolicyProblem::WrongHours { weekday: day } => {
                Message::new("policy-wrong_hours").with("weekday", weekday(*day))
            }
            PolicyProblem::NoHours => Message::new("policy-no_hours"),
            PolicyProblem::WrongWeekday { weekday } => {
                Message::new("policy-wrong_weekday").with("weekday", i64::from(*weekday))
            }
            PolicyProblem::WrongDays { from, to } => {
                Message::new("policy-wrong_days").with("from", from.to_string()).with("to", to.to_string())
            }
            PolicyProblem::Overlap { day } => Message::new("policy-overlap").with("day", day.to_string()),
            PolicyProblem::WrongFigure { part } => {
                Message::new("policy-wrong_figure").with("part", Arg::Key(part.clone()))
            }
        }
    }
}

fn in_range(minutes: i64) -> bool {
    (1..=MINUTES_MAX).contains(&minutes)
}

impl Policy {
    /// Whether the policy is complete and does not contradict itself.
    ///
    /// # Errors
    /// [`PolicyProblem`]: the first thing that is wrong.
    pub fn check(&self) -> Result<(), PolicyProblem> {
        for code in LimitCode::ALL.into_iter().filter(|code| !APART.contains(code)) {
            match self.span(code) {
                None => return Err(PolicyProblem::MissingLimit { code }),
                Some(Span::Minutes(minutes)) if !in_range(minutes) => return Err(PolicyProblem::WrongLimit { code }),
                Some(_) => {}
            }
        }
        for grade in GRADE.codes {
            let missing = |code| PolicyProblem::MissingPart { code, part: GRADE.label(grade) };
            let response = self.response.get(*grade).ok_or(missing(LimitCode::L13))?;
            if ![response.hotline, response.remote, response.dispatch, response.onsite].into_iter().all(in_range) {
                return Err(PolicyProblem::WrongLimit { code: LimitCode::L13 });
            }
            let visits = self.visits.get(*grade).ok_or(missing(LimitCode::L16))?;
            if visits.is_some_and(|visits| !(0..=366).contains(&visits)) {
                return Err(PolicyProblem::WrongLimit { code: LimitCode::L16 });
            }
        }
        let steps = &crate::kinds::COMPLAINT_STEPS;
        for step in steps.codes.iter().filter(|step| **step != "closed") {
            match self.complaint_steps.get(*step) {
                None => return Err(PolicyProblem::MissingPart { code: LimitCode::L20, part: steps.label(step) }),
                Some(minutes) if !in_range(*minutes) => {
                    return Err(PolicyProblem::WrongLimit { code: LimitCode::L20 });
                }
                Some(_) => {}
            }
        }
        self.check_days()?;
        let rises = 0 < self.membership.silver
            && self.membership.silver < self.membership.gold
            && self.membership.gold < self.membership.diamond;
        if !rises {
            return Err(PolicyProblem::WrongFigure { part: "policy-membership".to_owned() });
        }
        let roster = &self.roster;
        if !in_range(roster.shift_minutes_max) || roster.rest_minutes_min < 0 || roster.people_min < 0 {
            return Err(PolicyProblem::WrongFigure { part: "policy-roster".to_owned() });
        }
        Ok(())
    }

    fn check_days(&self) -> Result<(), PolicyProblem> {
        let mut seen = Vec::new();
        for weekday in self.working_days.iter().copied() {
            if !(1..=7).contains(&weekday) || seen.contains(&weekday) {
                return Err(PolicyProblem::WrongWeekday { weekday });
            }
            seen.push(weekday);
        }
        if let Some(hours) = &self.business_hours {
            for (weekday, spans) in &hours.week {
                if !(1..=7).contains(weekday) {
                    return Err(PolicyProblem::WrongWeekday { weekday: *weekday });
                }
                let apart = spans.windows(2).all(|pair| pair[0].to <= pair[1].from);
                if !apart || spans.iter().any(|span| span.from >= span.to) {
                    return Err(PolicyProblem::WrongHours { weekday: *weekday });
                }
            }
            if hours.week.values().all(Vec::is_empty) {
                return Err(PolicyProblem::NoHours);
            }
        }
        let mut rules: Vec<_> = self.calendar.iter().map(|rule| (rule.from, rule.to)).collect();
        rules.sort_unstable();
        for (from, to) in &rules {
            let days = to.to_naive().signed_duration_since(from.to_naive()).num_days();
            if !(0..RULE_DAYS_MAX).contains(&days) {
                return Err(PolicyProblem::WrongDays { from: *from, to: *to });
            }
        }
        match rules.windows(2).find(|pair| pair[1].0 <= pair[0].1) {
            Some(pair) => Err(PolicyProblem::Overlap { day: pair[1].0 }),
            None => Ok(()),
        }
    }
}
