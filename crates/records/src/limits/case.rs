//! One limit before it is judged, and what a policy says of it.

use vocab::{EventId, RecordId, Role, Timestamp};

use super::{Limit, LimitState, last_instant};
use crate::policy::{LimitCode, Period, Policies, Policy, Span};

/// A limit of one record: when it began and, if so, when it was fulfilled. Depends on nothing but the dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case<'a> {
    /// Which.
    pub code: LimitCode,
    /// Which part of it, where it has several.
    pub part: Option<&'static str>,
    /// The record it is about.
    pub record: &'a RecordId,
    /// When it began.
    pub from: Timestamp,
    /// When it was fulfilled, as authored.
    pub end: Option<Timestamp>,
    /// Whose it is by role.
    pub roles: &'static [Role],
    /// The person or team, where one is named.
    pub staff: Option<&'a str>,
    /// The customer's grade, where the policy asks for it.
    pub grade: Option<&'a str>,
    /// What has to be shared or handed in besides.
    pub receipt: Option<Receipt<'a>>,
}

/// What a relay has to hold before a limit is fulfilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt<'a> {
    /// What completed this customer's dossier.
    Completion(&'a RecordId),
    /// This event.
    Event(&'a EventId),
}

/// When a limit is due, by the policy that held when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term<'p> {
    /// From when on at most a quarter of the time is left.
    pub soon: Timestamp,
    /// When it is due.
    pub due: Timestamp,
    /// The policy version; the defaults have none.
    pub policy: Option<&'p RecordId>,
}

impl Case<'_> {
    /// The case as a limit at an instant, fulfilled at `end`; nothing before it began, or when no policy says how long it takes.
    pub(super) fn judged(&self, policies: &Policies, end: Option<Timestamp>, as_of: Timestamp) -> Option<Limit> {
        if self.from > as_of {
            return None;
        }
        let term = policies.term(self.code, self.part, self.grade, self.from)?;
        let end = end.filter(|end| *end <= as_of);
        Some(Limit {
            code: self.code,
            part: self.part,
            record: Some(self.record.clone()),
            from: self.from,
            soon: term.soon,
            due: term.due,
            end,
            state: LimitState::at(as_of, term.soon, term.due, end),
            roles: self.roles,
            staff: self.staff.map(str::to_owned),
            policy: term.policy.cloned(),
        })
    }
}

impl Policies {
    /// When the limit is due that began at `from`: of L13 for a customer of this grade, of L20 for this step. Nothing for
    /// limits that recur by the calendar and have no part.
    #[must_use]
    pub fn term(&self, code: LimitCode, part: Option<&str>, grade: Option<&str>, from: Timestamp) -> Option<Term<'_>> {
        let (policy, _) = self.at(from);
        let minutes = |minutes| policy.after(code, from, minutes);
        let due = match (code, part) {
            (LimitCode::L13, Some(part)) => {
                // A grade of a newer version is served like any other customer.
                let response = policy.response.get(grade.unwrap_or("normal")).or(policy.response.get("normal"))?;
                minutes(match part {
                    "hotline" => response.hotline,
                    "remote" => response.remote,
                    "dispatch" => response.dispatch,
                    _ => response.onsite,
                })
            }
            (LimitCode::L20, Some(step)) => minutes(policy.complaint_steps.get(step).copied()?),
            // A visit is reported the day it is made; what it found is checked by the end of the next month.
            (LimitCode::L18, Some("report")) => last_instant(Period::Day, from),
            (LimitCode::L18, Some("check")) => last_instant(Period::Month, Period::Month.around(from).1),
            (LimitCode::L16 | LimitCode::L18 | LimitCode::L19, _) => return None,
            _ => match policy.span(code)? {
                Span::Minutes(span) => minutes(span),
                Span::Each(period) => last_instant(period, from),
            },
        };
        Some(self.term_until(code, from, due))
    }

    /// The term of a limit that is due at a given instant.
    pub(super) fn term_until(&self, code: LimitCode, from: Timestamp, due: Timestamp) -> Term<'_> {
        let (policy, version) = self.at(from);
        Term { soon: soon(policy, code, from, due), due, policy: version }
    }
}

/// The first instant at which at most a quarter of the time is left, as the limit counts it.
fn soon(policy: &Policy, code: LimitCode, from: Timestamp, due: Timestamp) -> Timestamp {
    let whole = policy.between(code, from, due);
    match whole - whole / 4 {
        0 => from,
        before => policy.after_millis(code, from, before),
    }
}
