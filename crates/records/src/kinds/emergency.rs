//! 应急: plans, and the drills that try them.

use super::{
    RESOLVED, VOID, VOID_FLAG, by_person, columns, field, from, legacy_id, needed, required, stamping, step, supervised,
};
use crate::life::{Flow, Life, Rule};
use crate::schema::{Class, Enumeration, Field, Kind, LINE_CHARS_MAX, SUPERVISORS, Shape, Source, TEXT_CHARS_MAX};

/// Plan or drill.
static EMERGENCY_KIND: Enumeration = Enumeration { name: "emergency_kind", codes: &["plan", "drill"] };

/// Where it stands.
static STATE: Enumeration = Enumeration { name: "emergency_state", codes: &["draft", "approved", "held", "cancelled"] };

const PROSE: Shape = Shape::Line(TEXT_CHARS_MAX);
const HELD_ON: Field = by_person("held_on", "data-held_on", Shape::Date);

const CANCELLED_WHY: Field = by_person("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX));

const FIELDS: &[Field] = &[
    from(Source::Id, field!("emergency", "emergency_id", Shape::Reference("emergency"))),
    required(field!("emergency", "emergency_kind", Shape::Enum(&EMERGENCY_KIND))),
    required(field!("emergency", "title", Shape::Line(LINE_CHARS_MAX))),
    from(Source::Once, field!("emergency", "plan_id", Shape::Reference("emergency"))),
    field!("emergency", "scenario", Shape::Text(TEXT_CHARS_MAX)),
    field!("emergency", "measures", Shape::Text(TEXT_CHARS_MAX)),
    field!("emergency", "owner", Shape::Staff),
    field!("emergency", "planned_on", Shape::Date),
    from(Source::Event, field!("emergency", "state", Shape::Enum(&STATE))),
    from(Source::Event, field!("emergency", "held_on", Shape::Date)),
    from(Source::Event, field!("emergency", "result", PROSE)),
    from(Source::Event, field!("emergency", "cancelled_why", Shape::Line(LINE_CHARS_MAX))),
    legacy_id("emergency-legacy_id"),
    VOID_FLAG,
];

static FLOW: Flow = Flow {
    initial: "draft",
    steps: &[("cancelled", "cancelled"), ("approved", "approved"), ("held", "held")],
    rules: &[("held_on", Rule::Earliest)],
    clears: &[],
    cancelled: Some("cancelled"),
};

/// 应急.
pub static EMERGENCY: Kind = Kind {
    code: "emergency",
    prefix: "EMERG",
    label: "kind-emergency",
    form: "form-emergency",
    id_field: "emergency_id",
    class: Class::Board,
    parent: None,
    fields: FIELDS,
    columns: columns!("emergency": "emergency_id", "emergency_kind", "title", "plan_id", "scenario", "measures", "owner",
        "planned_on", "state", "held_on", "result", "cancelled_why"),
    events: &[
        supervised(step("approved", "event-approved", &[], &["draft"])),
        supervised(stamping(
            "held_on",
            step("held", "event-held", &[HELD_ON, needed("result", "data-result", PROSE)], &["draft", "approved"]),
        )),
        supervised(step(
            "cancelled",
            "event-cancelled",
            &[needed("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX))],
            &["draft", "approved"],
        )),
        supervised(step(
            "imported",
            "event-imported",
            &[
                needed("state", "data-state", Shape::Enum(&STATE)),
                HELD_ON,
                by_person("result", "data-result", PROSE),
                CANCELLED_WHY,
            ],
            &[],
        )),
        VOID,
        RESOLVED,
    ],
    state_field: Some("state"),
    writers: SUPERVISORS,
    order: &[],
    milestones: &[],
    life: Life::Flow(&FLOW),
};
