//! 服务执行跟踪表: work to be done for a customer, and how it went.

use super::{RESOLVED, VOID, VOID_FLAG, by_person, from, legacy_id, required};
use crate::life::Life;
use crate::schema::{
    ASSESSORS, Class, Column, Enumeration, EventKind, Field, Kind, LINE_CHARS_MAX, Parent, Right, SUPERVISORS, Shape,
    Source, TEXT_CHARS_MAX,
};

/// How the service is given.
static MODE: Enumeration = Enumeration { name: "mode", codes: &["hotline", "remote", "onsite", "headquarters"] };

/// Where a task stands.
static STATUS: Enumeration =
    Enumeration { name: "status", codes: &["assigned", "in_progress", "delayed", "done", "reviewed", "cancelled"] };

const FIELDS: &[Field] = &[
    from(Source::Id, by_person("exec_id", "task-exec_id", Shape::Reference("task"))),
    from(Source::Id, by_person("req_id", "task-req_id", Shape::Reference("assessment"))),
    required(by_person("title", "task-title", Shape::Line(LINE_CHARS_MAX))),
    by_person("mode", "task-mode", Shape::Enum(&MODE)),
    from(Source::Event, by_person("assignee", "task-assignee", Shape::Staff)),
    from(Source::Event, by_person("started_at", "task-started_at", Shape::Time)),
    from(Source::Once, by_person("due_at", "task-due_at", Shape::Time)),
    from(Source::Event, by_person("done_at", "task-done_at", Shape::Time)),
    from(Source::Event, by_person("status", "task-status", Shape::Enum(&STATUS))),
    from(Source::Event, by_person("issues", "task-issues", Shape::Notes)),
    from(Source::Event, by_person("reviewer", "task-reviewer", Shape::Staff)),
    from(Source::Event, by_person("signature", "task-signature", Shape::Signature)),
    from(Source::Event, by_person("more_signatures", "task-more_signatures", Shape::Notes)),
    from(Source::Id, by_person("customer_id", "task-customer_id", Shape::Reference("customer"))),
    from(Source::Event, by_person("first_due_at", "task-first_due_at", Shape::Time)),
    from(Source::Event, by_person("done_by", "task-done_by", Shape::Staff)),
    from(Source::Event, by_person("result", "task-result", Shape::Line(LINE_CHARS_MAX))),
    from(Source::Event, by_person("on_time", "task-on_time", Shape::Flag)),
    from(Source::Event, by_person("cancelled_why", "task-cancelled_why", Shape::Line(LINE_CHARS_MAX))),
    legacy_id("task-legacy_id"),
    VOID_FLAG,
];

const ASSIGNEE: Field = by_person("assignee", "data-assignee", Shape::Staff);
const REASON: Field = by_person("reason", "data-reason", Shape::Line(LINE_CHARS_MAX));
const STARTED_AT: Field = by_person("started_at", "data-started_at", Shape::Time);
const DUE_AT: Field = by_person("due_at", "data-due_at", Shape::Time);
const DONE_AT: Field = by_person("done_at", "data-done_at", Shape::Time);
const OPEN: &[&str] = &["assigned", "in_progress", "delayed"];

const fn step(code: &'static str, label: &'static str, data: &'static [Field]) -> EventKind {
    EventKind { code, label, data, writes: &[], stamps: None, right: Right::Assignee, from: OPEN }
}

/// 服务执行跟踪表.
pub static TASK: Kind = Kind {
    code: "task",
    prefix: "EXEC",
    label: "kind-task",
    form: "form-task",
    id_field: "exec_id",
    class: Class::Dossier,
    parent: Some(Parent { kind: "assessment", field: "req_id" }),
    fields: FIELDS,
    columns: &[
        Column { name: "exec_id", label: "task-exec_id", fields: &["exec_id"] },
        Column { name: "req_id", label: "task-req_id", fields: &["req_id"] },
        Column { name: "title", label: "task-title", fields: &["title"] },
        Column { name: "mode", label: "task-mode", fields: &["mode"] },
        Column { name: "assignee", label: "task-assignee", fields: &["assignee"] },
        Column { name: "started_at", label: "task-started_at", fields: &["started_at"] },
        Column { name: "due_at", label: "task-due_at", fields: &["due_at"] },
        Column { name: "done_at", label: "task-done_at", fields: &["done_at"] },
        Column { name: "status", label: "task-status", fields: &["status"] },
        Column { name: "issues", label: "task-issues", fields: &["issues"] },
        Column { name: "reviewer", label: "task-reviewer", fields: &["reviewer"] },
        Column { name: "signature", label: "task-signature", fields: &["signature"] },
    ],
    events: &[
        EventKind {
            right: Right::Roles(ASSESSORS),
            from: &["assigned"],
            ..step("assigned", "event-assigned", &[required(ASSIGNEE)])
        },
        EventKind {
            stamps: Some("started_at"),
            from: &["assigned", "delayed"],
            ..step("started", "event-started", &[STARTED_AT])
        },
        EventKind {
            from: &[],
            ..step("note", "event-note", &[required(by_person("text", "data-text", Shape::Text(TEXT_CHARS_MAX)))])
        },
        step("delayed", "event-delayed", &[required(DUE_AT), REASON]),
        // From every open state: whoever forgot to say "started" still has to be able to say "done".
        EventKind {
            stamps: Some("done_at"),
            ..step("done", "event-done", &[DONE_AT, by_person("result", "data-result", Shape::Line(LINE_CHARS_MAX))])
        },
        EventKind { from: &["done", "reviewed"], ..step("corrected", "event-corrected", &[required(DONE_AT), REASON]) },
        EventKind {
            right: Right::Roles(SUPERVISORS),
            from: &["done"],
            ..step("reviewed", "event-reviewed", &[by_person("text", "data-text", Shape::Line(LINE_CHARS_MAX))])
        },
        EventKind {
            right: Right::Roles(SUPERVISORS),
            ..step("reassigned", "event-reassigned", &[required(ASSIGNEE), REASON])
        },
        EventKind {
            right: Right::Roles(SUPERVISORS),
            ..step(
                "cancelled",
                "event-cancelled",
                &[required(by_person("why", "data-why", Shape::Line(LINE_CHARS_MAX)))],
            )
        },
        EventKind {
            from: &["in_progress", "delayed", "done", "reviewed"],
            ..step(
                "signed",
                "event-signed",
                &[
                    required(by_person("signer", "data-signer", Shape::Masked)),
                    required(by_person("what", "data-what", Shape::Line(LINE_CHARS_MAX))),
                ],
            )
        },
        EventKind {
            // A tracking sheet that went on is imported again: it states the task anew as long as that is open.
            right: Right::Roles(ASSESSORS),
            ..step(
                "imported",
                "event-imported",
                &[
                    required(by_person("status", "data-status", Shape::Enum(&STATUS))),
                    ASSIGNEE,
                    STARTED_AT,
                    DONE_AT,
                    by_person("reviewer", "data-reviewer", Shape::Staff),
                    by_person("issues", "data-issues", Shape::Notes),
                    by_person("signature", "data-signature", Shape::Signature),
                ],
            )
        },
        VOID,
        RESOLVED,
    ],
    state_field: Some("status"),
    writers: ASSESSORS,
    order: &[("started_at", "done_at"), ("started_at", "due_at")],
    milestones: &[],
    life: Life::Task,
};
