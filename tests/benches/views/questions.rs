//! Every view, as it is asked.

use std::collections::BTreeSet;

use readmodel::views::{
    ComplaintsAsk, DailyAsk, DueAsk, DuplicatesAsk, FiguresAsk, FunnelAsk, MatrixAsk, TimelineAsk, VisitsAsk,
    complaints, daily, due, duplicates, figures, funnel, matrix, timeline, visits,
};
use records::limits::LimitState;
use rusqlite::Connection;
use serde_json::to_vec;
use vocab::{Month, Role, Timestamp};

use super::Failed;

/// A view and a way of asking it, answering with how many bytes of JSON that is.
pub(super) struct Question {
    pub(super) name: &'static str,
    pub(super) ask: fn(&Connection, Timestamp) -> Result<usize, Failed>,
}

pub(super) const ALL: &[Question] = &[
    Question { name: "due, the whole branch", ask: |rows, as_of| Ok(to_vec(&due(rows, &DueAsk::at(as_of))?)?.len()) },
    Question {
        name: "due, one engineer",
        ask: |rows, as_of| {
            let staff = rows
                .prepare_cached("SELECT staff FROM view_limit WHERE code = 'L14' AND staff IS NOT NULL LIMIT 1")?
                .query_row([], |row| row.get(0))?;
            let ask = DueAsk { staff: Some(staff), role: Some(Role::Engineer), ..DueAsk::at(as_of) };
            Ok(to_vec(&due(rows, &ask)?)?.len())
        },
    },
    Question {
        name: "due, supervisors",
        ask: |rows, as_of| {
            let ask = DueAsk { role: Some(Role::Supervisor), ..DueAsk::at(as_of) };
            Ok(to_vec(&due(rows, &ask)?)?.len())
        },
    },
    Question {
        name: "due, missed ones too",
        ask: |rows, as_of| {
            let mut ask = DueAsk::at(as_of);
            ask.states.insert(LimitState::Missed);
            Ok(to_vec(&due(rows, &ask)?)?.len())
        },
    },
    Question {
        name: "daily check",
        ask: |rows, as_of| {
            let ask = DailyAsk { as_of, unshared: BTreeSet::new(), devices_unseen: None };
            Ok(to_vec(&daily(rows, &ask)?)?.len())
        },
    },
    Question {
        name: "matrix",
        ask: |rows, as_of| {
            let ask = MatrixAsk { as_of, branch: "上海网点".to_owned(), unshared: BTreeSet::new() };
            Ok(to_vec(&matrix(rows, &ask)?)?.len())
        },
    },
    Question { name: "complaints", ask: |rows, as_of| Ok(to_vec(&complaints(rows, &ComplaintsAsk { as_of })?)?.len()) },
    Question {
        name: "figures, a month",
        ask: |rows, as_of| Ok(to_vec(&figures(rows, &FiguresAsk::at(as_of))?)?.len()),
    },
    Question {
        name: "figures, twelve months",
        ask: |rows, as_of| {
            let ask = FiguresAsk { months_back: 11, ..FiguresAsk::at(as_of) };
            Ok(to_vec(&figures(rows, &ask)?)?.len())
        },
    },
    Question {
        name: "funnel, twelve months",
        ask: |rows, as_of| {
            let ask = FunnelAsk { as_of, month: Month::of(as_of), months_back: 11 };
            Ok(to_vec(&funnel(rows, &ask)?)?.len())
        },
    },
    Question {
        name: "timeline, a week",
        ask: |rows, as_of| {
            let (from, until) = (as_of.plus_millis(-4 * 86_400_000), as_of.plus_millis(3 * 86_400_000));
            Ok(to_vec(&timeline(rows, &TimelineAsk { as_of, from, until, staff: None })?)?.len())
        },
    },
    Question {
        name: "visits of the year",
        ask: |rows, as_of| Ok(to_vec(&visits(rows, &VisitsAsk { as_of, staff: None })?)?.len()),
    },
    Question { name: "duplicates", ask: |rows, _| Ok(to_vec(&duplicates(rows, &DuplicatesAsk::default())?)?.len()) },
];
