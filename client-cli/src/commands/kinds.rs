//! Which kinds of record have commands, under which name, and what a list shows of each. A kind's verbs, flags, prompts, JSON and
//! table headings follow from its tables in the `records` crate; a new kind takes one row here.

use clap::{ArgMatches, Command};
use messages::Catalogue;
use records::{
    ASSESSMENT, CARE, COMPLAINT, CUSTOMER, DAILY_CHECK, EMERGENCY, FEEDBACK, IMPROVEMENT, INQUIRY, Kind, ORDER, POINTS,
    REVIEW, RISK, ROSTER, TASK, TRAINING, VISIT, WORKING_GROUP,
};

use super::{checks, merges, visits};
use crate::command_error::CommandError;
use crate::context::Context;

/// The commands of one kind.
pub(crate) struct KindCommands {
    /// The word on the command line.
    pub(crate) name: &'static str,
    /// The kind.
    pub(crate) kind: &'static Kind,
    /// What a list shows, so that it fits a terminal of 80 columns.
    pub(crate) columns: &'static [&'static str],
    /// What only this kind can do.
    pub(crate) own: Own,
}

/// What one kind can do besides what every kind can.
#[derive(Clone, Copy)]
pub(crate) struct Own {
    /// Adds the verbs, or arguments to verbs that are there.
    pub(crate) shape: fn(Command, &Catalogue) -> Command,
    /// Runs one of those verbs; nothing when the verb is not one of them.
    pub(crate) run: fn(&Context, &str, &ArgMatches) -> Option<Result<(), CommandError>>,
}

const NOTHING: Own = Own { shape: |command, _| command, run: |_, _, _| None };

const fn row(name: &'static str, kind: &'static Kind, columns: &'static [&'static str]) -> KindCommands {
    KindCommands { name, kind, columns, own: NOTHING }
}

/// Every kind that people enter at a device, in the order in which help lists them: what belongs to a customer, then the board.
pub(crate) static KINDS: [KindCommands; 18] = [
    KindCommands {
        own: merges::OWN,
        ..row("customer", &CUSTOMER, &["customer_id", "name", "grade", "channel", "preference", "owner"])
    },
    row("assessment", &ASSESSMENT, &["req_id", "need", "urgency", "state", "customer_id"]),
    row("task", &TASK, &["exec_id", "title", "status", "assignee", "due_at"]),
    row("feedback", &FEEDBACK, &["fb_id", "score", "state", "text", "exec_id"]),
    row("inquiry", &INQUIRY, &["inquiry_id", "category", "details", "state", "owner", "customer_id"]),
    row("complaint", &COMPLAINT, &["complaint_id", "severity", "content", "state", "owner", "customer_id"]),
    KindCommands {
        own: visits::OWN,
        ..row("visit", &VISIT, &["visit_id", "visit_kind", "planned_on", "state", "staff", "customer_id"])
    },
    row("care", &CARE, &["care_id", "occasion", "due_on", "state", "staff", "customer_id"]),
    row("points", &POINTS, &["points_id", "amount", "reason", "entered_on", "customer_id"]),
    row("order", &ORDER, &["order_id", "model", "quantity", "state", "owner", "customer_id"]),
    row("improvement", &IMPROVEMENT, &["improvement_id", "title", "source", "state", "owner", "due_on"]),
    row("review", &REVIEW, &["review_id", "review_kind", "period_from", "period_to", "held_on", "findings"]),
    KindCommands {
        own: checks::OWN,
        ..row("daily-check", &DAILY_CHECK, &["check_id", "day", "supervisor", "remarks"])
    },
    row("training", &TRAINING, &["training_id", "training_kind", "topic", "starts_at", "state"]),
    row("risk", &RISK, &["risk_id", "title", "category", "level", "response", "state"]),
    row("emergency", &EMERGENCY, &["emergency_id", "emergency_kind", "title", "planned_on", "state"]),
    row("roster", &ROSTER, &["roster_id", "staff", "starts_at", "ends_at", "state"]),
    row("group", &WORKING_GROUP, &["group_id", "task", "department", "priority", "state", "due_on"]),
];

/// The commands of a kind.
pub(crate) fn of(kind: &Kind) -> Option<&'static KindCommands> {
    KINDS.iter().find(|commands| commands.kind == kind)
}

/// The command that people type for records of `kind`.
pub(crate) fn name_of(kind: &Kind) -> &'static str {
    of(kind).map_or(kind.code, |commands| commands.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_a_device_writes_has_its_commands() {
        for kind in records::ALL_KINDS.into_iter().filter(|kind| kind.class != records::Class::Policy) {
            assert!(of(kind).is_some(), "{} has no row", kind.code);
        }
    }

    #[test]
    fn lists_begin_with_the_id_and_show_fields_that_exist() {
        for commands in &KINDS {
            assert_eq!(commands.columns[0], commands.kind.id_field, "{}", commands.name);
            for name in commands.columns {
                assert!(commands.kind.field(name).is_some(), "{} {name}", commands.name);
            }
        }
    }
}
