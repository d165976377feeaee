//! The defaults of the domain's section 4. Figures the users' documents leave open (L13, L20, points) are our sensible start.

use std::collections::BTreeMap;

use crate::policy::{LimitCode, Membership, Period, Policy, Response, RosterRules, Span};

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

impl Default for Policy {
    fn default() -> Self {
        use LimitCode::*;
        let limits = [
            (L1, Span::Minutes(5)),
            (L2, Span::Minutes(24 * HOUR)),
            (L3, Span::Minutes(30)),
            (L4, Span::Minutes(48 * HOUR)),
            (L5, Span::Minutes(30)),
            (L6, Span::Minutes(HOUR)),
            (L7, Span::Each(Period::Day)),
            (L8, Span::Minutes(24 * HOUR)),
            (L9, Span::Minutes(72 * HOUR)),
            (L10, Span::Each(Period::Month)),
            (L11, Span::Each(Period::Quarter)),
            (L12, Span::Minutes(24 * HOUR)),
            (L14, Span::Each(Period::Day)),
            (L15, Span::Each(Period::Week)),
            (L17, Span::Each(Period::Year)),
            (L18, Span::Each(Period::Month)),
            (L19, Span::Each(Period::Quarter)),
        ];
        let response = |hotline, remote, dispatch, onsite| Response { hotline, remote, dispatch, onsite };
        let named = |name: &str| name.to_owned();
        Policy {
            limits: BTreeMap::from(limits),
            response: BTreeMap::from([
                (named("vip"), response(15, 60, 30, 4 * HOUR)),
                (named("core"), response(30, 2 * HOUR, HOUR, 8 * HOUR)),
                (named("potential"), response(HOUR, 4 * HOUR, 4 * HOUR, DAY)),
                (named("normal"), response(HOUR, 8 * HOUR, 8 * HOUR, 2 * DAY)),
            ]),
            visits: BTreeMap::from([
                (named("vip"), Some(4)),
                (named("core"), Some(4)),
                (named("potential"), None),
                (named("normal"), Some(2)),
            ]),
            complaint_steps: BTreeMap::from([
                (named("accepted"), 2 * HOUR),
                (named("investigating"), DAY),
                (named("solution"), DAY),
                (named("executing"), 3 * DAY),
                (named("follow_up"), 3 * DAY),
            ]),
            business_hours: None,
            working_days: vec![1, 2, 3, 4, 5],
            calendar: Vec::new(),
            roster: RosterRules { shift_minutes_max: 12 * HOUR, rest_minutes_min: 8 * HOUR, people_min: 1 },
            membership: Membership { silver: 1_000, gold: 5_000, diamond: 20_000 },
            grading: String::new(),
        }
    }
}
