//! 投诉: from acceptance to closing, each step with an owner and a limit of the policy.

use super::customer::CHANNEL;
use super::{RESOLVED, VOID, VOID_FLAG, by_person, columns, field, from, legacy_id, needed, required, stamping, step};
use crate::life::{Flow, Life, Rule};
use crate::schema::{
    Class, Enumeration, EventKind, FRONT_LINE, Field, Kind, LINE_CHARS_MAX, Parent, Shape, Source, TEXT_CHARS_MAX,
};

/// How grave, gravest first.
static SEVERITY: Enumeration = Enumeration { name: "severity", codes: &["critical", "major", "minor"] };

/// The steps, in order.
pub(crate) static STEPS: Enumeration = Enumeration {
    name: "complaint_state",
    codes: &["accepted", "investigating", "solution", "executing", "follow_up", "closed"],
};

const PROSE: Shape = Shape::Line(TEXT_CHARS_MAX);
const OWNER: Field = by_person("owner", "data-owner", Shape::Staff);
/// Every step before the last.
const OPEN: &[&str] = &["accepted", "investigating", "solution", "executing", "follow_up"];

const FIELDS: &[Field] = &[
    from(Source::Id, field!("complaint", "complaint_id", Shape::Reference("complaint"))),
    from(Source::Id, field!("complaint", "customer_id", Shape::Reference("customer"))),
    from(Source::Once, field!("complaint", "inquiry_id", Shape::Reference("inquiry"))),
    from(Source::Once, field!("complaint", "exec_id", Shape::Reference("task"))),
    required(field!("complaint", "channel", Shape::Enum(&CHANNEL))),
    required(field!("complaint", "complainant", Shape::Masked)),
    required(field!("complaint", "content", Shape::Text(TEXT_CHARS_MAX))),
    from(Source::Auto, field!("complaint", "received_at", Shape::Time)),
    field!("complaint", "nature", Shape::Line(LINE_CHARS_MAX)),
    required(field!("complaint", "severity", Shape::Enum(&SEVERITY))),
    from(Source::Event, field!("complaint", "state", Shape::Enum(&STEPS))),
    from(Source::Event, field!("complaint", "owner", Shape::Staff)),
    from(Source::Event, field!("complaint", "step_since", Shape::Time)),
    from(Source::Event, field!("complaint", "replied_at", Shape::Time)),
    from(Source::Event, field!("complaint", "findings", PROSE)),
    from(Source::Event, field!("complaint", "solution", PROSE)),
    from(Source::Event, field!("complaint", "measures", PROSE)),
    from(Source::Event, field!("complaint", "result", PROSE)),
    from(Source::Event, field!("complaint", "closed_at", Shape::Time)),
    from(Source::Event, field!("complaint", "reopened_why", Shape::Line(LINE_CHARS_MAX))),
    from(Source::Event, field!("complaint", "notes", Shape::Notes)),
    legacy_id("complaint-legacy_id"),
    VOID_FLAG,
];

/// Reopened weighs most: a customer who is not content is not overruled by somebody who did not hear it.
static FLOW: Flow = Flow {
    initial: "accepted",
    steps: &[
        ("investigating", "investigating"),
        ("solution", "solution"),
        ("executing", "executing"),
        ("follow_up", "follow_up"),
        ("closed", "closed"),
        ("reopened", "investigating"),
    ],
    rules: &[("owner", Rule::Rank), ("replied_at", Rule::Earliest), ("closed_at", Rule::Earliest)],
    clears: &[("reopened", &["result", "closed_at"])],
    cancelled: None,
};

/// 投诉.
pub static COMPLAINT: Kind = Kind {
    code: "complaint",
    prefix: "COMP",
    label: "kind-complaint",
    form: "form-complaint",
    id_field: "complaint_id",
    class: Class::Dossier,
    parent: Some(Parent { kind: "customer", field: "customer_id" }),
    fields: FIELDS,
    columns: columns!("complaint": "complaint_id", "customer_id", "inquiry_id", "exec_id", "channel", "complainant", "content",
        "received_at", "nature", "severity", "state", "step_since", "owner", "replied_at", "findings", "solution", "measures",
        "result", "closed_at", "reopened_why", "notes"),
    events: &[
        step("assigned", "event-assigned", &[needed("owner", "data-owner", Shape::Staff)], OPEN),
        step("investigating", "event-investigating", &[OWNER], &["accepted"]),
        stamping(
            "replied_at",
            step(
                "replied",
                "event-replied",
                &[needed("text", "data-text", PROSE), by_person("replied_at", "data-replied_at", Shape::Time)],
                OPEN,
            ),
        ),
        step(
            "solution",
            "event-solution",
            &[OWNER, by_person("findings", "data-findings", PROSE), needed("solution", "data-solution", PROSE)],
            &["investigating"],
        ),
        step("executing", "event-executing", &[OWNER, by_person("measures", "data-measures", PROSE)], &["solution"]),
        step("follow_up", "event-follow_up", &[OWNER, by_person("measures", "data-measures", PROSE)], &["executing"]),
        stamping(
            "closed_at",
            step(
                "closed",
                "event-closed",
                &[needed("result", "data-result", PROSE), by_person("closed_at", "data-closed_at", Shape::Time)],
                &["follow_up"],
            ),
        ),
        step(
            "reopened",
            "event-reopened",
            &[needed("reopened_why", "data-why", Shape::Line(LINE_CHARS_MAX)), OWNER],
            &["closed"],
        ),
        EventKind { from: &[], ..step("note", "event-note", &[needed("text", "data-text", PROSE)], &[]) },
        step(
            "imported",
            "event-imported",
            &[
                needed("state", "data-state", Shape::Enum(&STEPS)),
                OWNER,
                by_person("replied_at", "data-replied_at", Shape::Time),
                by_person("findings", "data-findings", PROSE),
                by_person("solution", "data-solution", PROSE),
                by_person("measures", "data-measures", PROSE),
                by_person("result", "data-result", PROSE),
                by_person("closed_at", "data-closed_at", Shape::Time),
                by_person("step_since", "complaint-step_since", Shape::Time),
                by_person("reopened_why", "complaint-reopened_why", Shape::Line(LINE_CHARS_MAX)),
                by_person("notes", "complaint-notes", Shape::Notes),
            ],
            &[],
        ),
        VOID,
        RESOLVED,
    ],
    state_field: Some("state"),
    writers: FRONT_LINE,
    order: &[("received_at", "replied_at"), ("received_at", "closed_at")],
    milestones: &[],
    life: Life::Flow(&FLOW),
};
