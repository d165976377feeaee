//! The policy of a branch: every figure that the users' procedure leaves to them. Never hard-coded elsewhere.
//!
//! An administrator writes a whole version at a time; versions are never changed, and the one authored latest holds. A limit
//! is judged by the version that held when it started, so figures of the past stay reproducible.
//!
//! A version stands in the document as JSON, which a newer version of Fieldbook may add to; what is not known is kept.

mod calendar;
mod check;
mod default;
mod difference;
mod versions;

pub use calendar::{BusinessHours, DayRule, Hours};
pub use check::PolicyProblem;
pub use difference::PolicyDifference;
pub use versions::{Policies, PolicyVersion};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Longest policy, in characters of JSON: about four hundred days of calendar.
pub const POLICY_CHARS_MAX: usize = 40_000;

/// The limits of the domain's section 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LimitCode {
    /// First contact to name and channel entered.
    L1,
    /// First contact to dossier complete and shared.
    L2,
    /// Need raised to urgency, scope and resources set.
    L3,
    /// Dossier complete to assessment approved and a task made.
    L4,
    /// Between status updates while in progress.
    L5,
    /// Done to reviewed.
    L6,
    /// Daily check of tracking.
    L7,
    /// Service done to feedback form sent.
    L8,
    /// Feedback received to handled and archived.
    L9,
    /// Cleaning of customer records; process review.
    L10,
    /// Training content refreshed.
    L11,
    /// Inquiry or complaint received to first reply.
    L12,
    /// Request to hotline or remote handling, dispatch, response on site, per grade.
    L13,
    /// Order taken to service record.
    L14,
    /// Signed service orders handed in.
    L15,
    /// Visits a year.
    L16,
    /// Grading standard changed at most so often.
    L17,
    /// Return visit to important customers; report; fixes checked at the next.
    L18,
    /// Deep contact.
    L19,
    /// Each complaint step.
    L20,
}

impl LimitCode {
    /// Every limit, in the domain's order.
    pub const ALL: [LimitCode; 20] = [
        LimitCode::L1,
        LimitCode::L2,
        LimitCode::L3,
        LimitCode::L4,
        LimitCode::L5,
        LimitCode::L6,
        LimitCode::L7,
        LimitCode::L8,
        LimitCode::L9,
        LimitCode::L10,
        LimitCode::L11,
        LimitCode::L12,
        LimitCode::L13,
        LimitCode::L14,
        LimitCode::L15,
        LimitCode::L16,
        LimitCode::L17,
        LimitCode::L18,
        LimitCode::L19,
        LimitCode::L20,
    ];

    /// The code in documents and JSON: `L5`; `limit-L5` is its label.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            LimitCode::L1 => "L1",
            LimitCode::L2 => "L2",
            LimitCode::L3 => "L3",
            LimitCode::L4 => "L4",
            LimitCode::L5 => "L5",
            LimitCode::L6 => "L6",
            LimitCode::L7 => "L7",
            LimitCode::L8 => "L8",
            LimitCode::L9 => "L9",
            LimitCode::L10 => "L10",
            LimitCode::L11 => "L11",
            LimitCode::L12 => "L12",
            LimitCode::L13 => "L13",
            LimitCode::L14 => "L14",
            LimitCode::L15 => "L15",
            LimitCode::L16 => "L16",
            LimitCode::L17 => "L17",
            LimitCode::L18 => "L18",
            LimitCode::L19 => "L19",
            LimitCode::L20 => "L20",
        }
    }
}

/// How long a limit gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// So many minutes, of the wall clock unless the limit counts business hours.
    Minutes(i64),
    /// Until the end of the calendar period, or once in each.
    Each(Period),
}

/// A calendar period on the branch's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A day.
    Day,
    /// A week, Monday to Sunday.
    Week,
    /// A month.
    Month,
    /// A quarter.
    Quarter,
    /// A year.
    Year,
}

/// L13: how soon a request is answered, in minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// Until handled by the hotline.
    pub hotline: i64,
    /// Until handled remotely.
    pub remote: i64,
    /// Until somebody is dispatched.
    pub dispatch: i64,
    /// Until somebody is on site.
    pub onsite: i64,
}

/// Points from which a membership begins. Below `silver` it is 普通.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// 银卡.
    pub silver: i64,
    /// 金卡.
    pub gold: i64,
    /// 钻石.
    pub diamond: i64,
}

impl Membership {
    /// The membership of somebody with so many points: `normal`, `silver`, `gold` or `diamond`.
    #[must_use]
    pub const fn of(&self, points: i64) -> &'static str {
        if points >= self.diamond {
            "diamond"
        } else if points >= self.gold {
            "gold"
        } else if points >= self.silver {
            "silver"
        } else {
            "normal"
        }
    }
}

/// Rules of the hotline rota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterRules {
    /// Longest shift, in minutes.
    pub shift_minutes_max: i64,
    /// Least rest between two shifts of one person, in minutes.
    pub rest_minutes_min: i64,
    /// Fewest people at a time.
    pub people_min: i64,
}

/// Limits of a newer version are none of ours.
fn known_limits<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<LimitCode, Span>, D::Error> {
    let all = BTreeMap::<String, serde_json::Value>::deserialize(deserializer)?;
    let mut known = BTreeMap::new();
    for code in LimitCode::ALL {
        if let Some(span) = all.get(code.code()) {
            known.insert(code, Span::deserialize(span).map_err(serde::de::Error::custom)?);
        }
    }
    Ok(known)
}

/// One version of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Every limit but L13, L16 and L20, which have figures of their own below.
    #[serde(deserialize_with = "known_limits")]
    pub limits: BTreeMap<LimitCode, Span>,
    /// L13, by grade.
    pub response: BTreeMap<String, Response>,
    /// L16: visits a year by grade; none: by project.
    pub visits: BTreeMap<String, Option<i64>>,
    /// L20: minutes of each complaint step.
    pub complaint_steps: BTreeMap<String, i64>,
    /// Business hours; without them every limit counts the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_hours: Option<BusinessHours>,
    /// Days of the week on which people work, 1 Monday to 7 Sunday, where the calendar says nothing else.
    pub working_days: Vec<u8>,
    /// Holidays, and days worked instead.
    #[serde(default)]
    pub calendar: Vec<DayRule>,
    /// Rules of the hotline rota.
    pub roster: RosterRules,
    /// Points from which a membership begins.
    pub membership: Membership,
    /// The grading standard in words; L17 counts its changes.
    #[serde(default)]
    pub grading: String,
}

impl Policy {
    /// The span of a limit that has one.
    #[must_use]
    pub fn span(&self, code: LimitCode) -> Option<Span> {
        self.limits.get(&code).copied()
    }

    /// The policy as it stands in a document.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads and checks a policy.
    ///
    /// # Errors
    /// [`PolicyProblem`]: what is missing or wrong, and where.
    pub fn parse(json: &str) -> Result<Policy, PolicyProblem> {
        let policy: Policy = serde_json::from_str(json).map_err(|_| Policy::unreadable(json))?;
        policy.check()?;
        Ok(policy)
    }

    /// Reads a policy that stands in a document: what an older version of Fieldbook could not say is the default, what a newer
    /// one says besides is left aside. Nothing when the rest contradicts itself.
    pub(crate) fn read(json: &str) -> Option<Policy> {
        let mut whole = serde_json::to_value(Policy::default()).ok()?;
        overlay(&mut whole, serde_json::from_str(json).ok()?);
        let policy: Policy = serde_json::from_value(whole).ok()?;
        policy.check().is_ok().then_some(policy)
    }
}

/// Puts what is given over what there is, object by object. A span of the one sort replaces one of the other.
fn overlay(whole: &mut serde_json::Value, given: serde_json::Value) {
    use serde_json::Value;
    let is_span =
        |object: &serde_json::Map<String, Value>| object.contains_key("minutes") || object.contains_key("each");
    match (whole, given) {
        (Value::Object(whole), Value::Object(given)) if !is_span(whole) => {
            for (name, value) in given {
                overlay(whole.entry(name).or_insert(Value::Null), value);
            }
        }
        (whole, given) => *whole = given,
    }
}
