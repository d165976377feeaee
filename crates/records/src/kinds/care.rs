//! 客户关怀: a greeting that is due on a day, and whether it was given.

use super::{RESOLVED, VOID, VOID_FLAG, by_person, columns, field, from, legacy_id, needed, required, stamping, step};
use crate::life::{Flow, Life, Rule};
use crate::schema::{Class, Enumeration, FRONT_LINE, Field, Kind, LINE_CHARS_MAX, Parent, Shape, Source};

/// Why a greeting is due.
static OCCASION: Enumeration = Enumeration { name: "occasion", codes: &["birthday", "holiday", "anniversary"] };

/// Where a greeting stands.
static STATE: Enumeration = Enumeration { name: "care_state", codes: &["due", "done", "cancelled"] };

const CANCELLED_WHY: Field = by_person("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX));

const FIELDS: &[Field] = &[
    from(Source::Id, field!("care", "care_id", Shape::Reference("care"))),
    from(Source::Id, field!("care", "customer_id", Shape::Reference("customer"))),
    required(field!("care", "occasion", Shape::Enum(&OCCASION))),
    required(field!("care", "due_on", Shape::Date)),
    field!("care", "greeting", Shape::Line(LINE_CHARS_MAX)),
    field!("care", "staff", Shape::Staff),
    from(Source::Event, field!("care", "state", Shape::Enum(&STATE))),
    from(Source::Event, field!("care", "done_on", Shape::Date)),
    from(Source::Event, field!("care", "result", Shape::Line(LINE_CHARS_MAX))),
    from(Source::Event, field!("care", "cancelled_why", Shape::Line(LINE_CHARS_MAX))),
    legacy_id("care-legacy_id"),
    VOID_FLAG,
];

static FLOW: Flow = Flow {
    initial: "due",
    steps: &[("cancelled", "cancelled"), ("done", "done")],
    rules: &[("done_on", Rule::Earliest)],
    clears: &[],
    cancelled: Some("cancelled"),
};

/// 客户关怀.
pub static CARE: Kind = Kind {
    code: "care",
    prefix: "CARE",
    label: "kind-care",
    form: "form-care",
    id_field: "care_id",
    class: Class::Dossier,
    parent: Some(Parent { kind: "customer", field: "customer_id" }),
    fields: FIELDS,
    columns: columns!("care": "care_id", "customer_id", "occasion", "due_on", "greeting", "staff", "state", "done_on", "result",
        "cancelled_why"),
    events: &[
        stamping(
            "done_on",
            step(
                "done",
                "event-done",
                &[
                    by_person("done_on", "data-done_on", Shape::Date),
                    by_person("result", "data-result", Shape::Line(LINE_CHARS_MAX)),
                ],
                &["due"],
            ),
        ),
        step(
            "cancelled",
            "event-cancelled",
            &[needed("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX))],
            &["due"],
        ),
        step(
            "imported",
            "event-imported",
            &[
                needed("state", "data-state", Shape::Enum(&STATE)),
                by_person("done_on", "data-done_on", Shape::Date),
                by_person("result", "data-result", Shape::Line(LINE_CHARS_MAX)),
                CANCELLED_WHY,
            ],
            &[],
        ),
        VOID,
        RESOLVED,
    ],
    state_field: Some("state"),
    writers: FRONT_LINE,
    order: &[],
    milestones: &[],
    life: Life::Flow(&FLOW),
};
