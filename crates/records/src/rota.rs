//! The rules of the hotline rota, as the policy gives their figures: how long a shift may be, how much rest lies between two of
//! one person, how many people are there at a time.
//!
//! They are asked when somebody writes a shift. What two wrote apart is not taken back: it stands, and the next who touches one
//! of the shifts is told.

use std::collections::BTreeSet;

use messages::Message;
use vocab::{RecordId, Timestamp};

use crate::kinds::ROSTER;
use crate::policy::RosterRules;
use crate::value::Value;
use crate::view::{Record, View};

const MINUTE_MS: i64 = 60_000;

/// What is against the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotaProblem {
    /// The shift is longer than the policy allows.
    TooLong {
        /// Its length, in minutes.
        minutes: i64,
        /// The longest, in minutes.
        max: i64,
    },
    /// The person has another shift with less rest between than the policy asks for.
    TooLittleRest {
        /// The person.
        staff: String,
        /// The other shift.
        other: RecordId,
        /// The rest between the two, in minutes; below zero they overlap.
        minutes: i64,
        /// The least, in minutes.
        min: i64,
    },
    /// There is a time in the shift at which fewer people are there than the policy asks for.
    TooFew {
        /// The first such time.
        at: Timestamp,
        /// How many are there then.
        people: i64,
        /// The fewest.
        min: i64,
    },
}

impl RotaProblem {
    /// Whether the shift may not be written so. Too few people may be there because the others are yet to be entered.
    #[must_use]
    pub const fn refuses(&self) -> bool {
        !matches!(self, RotaProblem::TooFew { .. })
    }

    /// What is against the rules, and what to do.
    #[must_use]
    pub fn message(&self) -> Message {
        self.message_naming(RecordId::to_string)
    }

    /// The same, with the other shift called as `name` says: in a file that is read in it has no id yet that anybody knows.
    #[must_use]
    pub fn message_naming(&self, name: impl FnOnce(&RecordId) -> String) -> Message {
        match self {
            RotaProblem::TooLong { minutes, max } => {
                Message::new("rota-too_long").with("minutes", *minutes).with("max", *max)
            }
            RotaProblem::TooLittleRest { staff, other, minutes, min } => {
                let key = if *minutes < 0 { "rota-overlap" } else { "rota-too_little_rest" };
                let message = Message::new(key).with("staff", staff.as_str()).with("other", name(other));
                message.with("minutes", minutes.abs()).with("min", *min)
            }
            RotaProblem::TooFew { at, people, min } => {
                let at = at.local().format("%Y-%m-%d %H:%M").to_string();
                Message::new("rota-too_few").with("at", at).with("people", *people).with("min", *min)
            }
        }
    }
}

/// A shift that takes place.
struct Shift<'v> {
    id: &'v RecordId,
    staff: &'v str,
    from: Timestamp,
    until: Timestamp,
}

impl Shift<'_> {
    fn of(record: &Record) -> Option<Shift<'_>> {
        let time = |name: &str| record.get(name).and_then(Value::as_time);
        let stands = record.kind == &ROSTER && !record.is_void() && record.state() == Some("planned");
        let (from, until) = (time("starts_at")?, time("ends_at")?);
        stands.then(|| Shift { id: &record.id, staff: record.text("staff").unwrap_or_default(), from, until })
    }
}

/// What is against the rules about one shift of a board, those that refuse it first.
#[must_use]
pub fn rota_problems(board: &View, shift: &RecordId, rules: &RosterRules) -> Vec<RotaProblem> {
    let shifts: Vec<Shift<'_>> = board.records.iter().filter_map(Shift::of).collect();
    let Some(own) = shifts.iter().find(|other| other.id == shift) else { return Vec::new() };
    let mut problems = Vec::new();
    let minutes = (own.until.millis() - own.from.millis()) / MINUTE_MS;
    if minutes > rules.shift_minutes_max {
        problems.push(RotaProblem::TooLong { minutes, max: rules.shift_minutes_max });
    }
    for other in shifts.iter().filter(|other| other.id != own.id && other.staff == own.staff) {
        let gap = (other.from.millis() - own.until.millis()).max(own.from.millis() - other.until.millis());
        // Rounded down, also below zero: half a minute of overlap is one.
        let minutes = gap.div_euclid(MINUTE_MS);
        if minutes < 0 || minutes < rules.rest_minutes_min {
            let (staff, other) = (own.staff.to_owned(), other.id.clone());
            problems.push(RotaProblem::TooLittleRest { staff, other, minutes, min: rules.rest_minutes_min });
        }
    }
    problems.extend(too_few(&shifts, own, rules.people_min));
    problems
}

/// The number of people changes only where a shift begins or ends.
fn too_few(shifts: &[Shift<'_>], own: &Shift<'_>, min: i64) -> Option<RotaProblem> {
    let within = |time: &Timestamp| own.from <= *time && *time < own.until;
    let turns: BTreeSet<Timestamp> = shifts.iter().flat_map(|shift| [shift.from, shift.until]).filter(within).collect();
    turns.into_iter().find_map(|at| {
        let there: BTreeSet<&str> =
            shifts.iter().filter(|shift| shift.from <= at && at < shift.until).map(|shift| shift.staff).collect();
        let people = i64::try_from(there.len()).unwrap_or(i64::MAX);
        (people < min).then_some(RotaProblem::TooFew { at, people, min })
    })
}
