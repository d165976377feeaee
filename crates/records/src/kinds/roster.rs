//! 热线轮岗: who answers the hotline, from when to when.

use super::{
    RESOLVED, VOID, VOID_FLAG, by_person, columns, field, from, legacy_id, needed, required, step, supervised,
};
use crate::life::{Flow, Life, Rule};
use crate::schema::{Class, Enumeration, Field, Kind, LINE_CHARS_MAX, SUPERVISORS, Shape, Source};

/// Where a shift stands.
static STATE: Enumeration = Enumeration { name: "roster_state", codes: &["planned", "cancelled"] };

const CANCELLED_WHY: Field = by_person("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX));

const FIELDS: &[Field] = &[
    from(Source::Id, field!("roster", "roster_id", Shape::Reference("roster"))),
    required(from(Source::Once, field!("roster", "staff", Shape::Staff))),
    required(field!("roster", "starts_at", Shape::Time)),
    required(field!("roster", "ends_at", Shape::Time)),
    field!("roster", "backup", Shape::Staff),
    from(Source::Event, field!("roster", "state", Shape::Enum(&STATE))),
    from(Source::Event, field!("roster", "cancelled_why", Shape::Line(LINE_CHARS_MAX))),
    legacy_id("roster-legacy_id"),
    VOID_FLAG,
];

static FLOW: Flow = Flow {
    initial: "planned",
    steps: &[("cancelled", "cancelled")],
    rules: &[("staff", Rule::Rank)],
    clears: &[],
    cancelled: None,
};

/// 热线轮岗.
pub static ROSTER: Kind = Kind {
    code: "roster",
    prefix: "ROSTER",
    label: "kind-roster",
    form: "form-roster",
    id_field: "roster_id",
    class: Class::Board,
    parent: None,
    fields: FIELDS,
    columns: columns!("roster": "roster_id", "staff", "starts_at", "ends_at", "backup", "state", "cancelled_why"),
    events: &[
        supervised(step(
            "swapped",
            "event-swapped",
            &[
                needed("staff", "data-staff", Shape::Staff),
                by_person("reason", "data-reason", Shape::Line(LINE_CHARS_MAX)),
            ],
            &["planned"],
        )),
        supervised(step(
            "cancelled",
            "event-cancelled",
            &[needed("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX))],
            &["planned"],
        )),
        supervised(step(
            "imported",
            "event-imported",
            &[needed("state", "data-state", Shape::Enum(&STATE)), CANCELLED_WHY],
            &[],
        )),
        VOID,
        RESOLVED,
    ],
    state_field: Some("state"),
    writers: SUPERVISORS,
    order: &[("starts_at", "ends_at")],
    milestones: &[],
    life: Life::Flow(&FLOW),
};
