//! 培训: planned, held, and its content refreshed every quarter.

use super::{
    BOARD_VOID, RESOLVED, VOID_FLAG, by_person, columns, field, from, legacy_id, managed, needed, required, stamping,
};
use crate::life::{Flow, Life, Rule};
use crate::schema::{Class, Enumeration, Field, Kind, LINE_CHARS_MAX, MANAGERS, Shape, Source, TEXT_CHARS_MAX};

/// What sort of training.
static TRAINING_KIND: Enumeration =
    Enumeration { name: "training_kind", codes: &["induction", "skills", "examination"] };

/// Where a training stands.
static STATE: Enumeration = Enumeration { name: "training_state", codes: &["planned", "held", "cancelled"] };

const PROSE: Shape = Shape::Line(TEXT_CHARS_MAX);
const HELD_AT: Field = by_person("held_at", "data-held_at", Shape::Time);

const CANCELLED_WHY: Field = by_person("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX));

const FIELDS: &[Field] = &[
    from(Source::Id, field!("training", "training_id", Shape::Reference("training"))),
    required(field!("training", "training_kind", Shape::Enum(&TRAINING_KIND))),
    required(field!("training", "topic", Shape::Line(LINE_CHARS_MAX))),
    field!("training", "audience", Shape::Line(LINE_CHARS_MAX)),
    field!("training", "place", Shape::Line(LINE_CHARS_MAX)),
    field!("training", "starts_at", Shape::Time),
    field!("training", "ends_at", Shape::Time),
    field!("training", "content", Shape::Text(TEXT_CHARS_MAX)),
    from(Source::Event, field!("training", "state", Shape::Enum(&STATE))),
    from(Source::Event, field!("training", "held_at", Shape::Time)),
    from(Source::Event, field!("training", "result", PROSE)),
    from(Source::Event, field!("training", "refreshed_at", Shape::Time)),
    from(Source::Event, field!("training", "cancelled_why", Shape::Line(LINE_CHARS_MAX))),
    legacy_id("training-legacy_id"),
    VOID_FLAG,
];

static FLOW: Flow = Flow {
    initial: "planned",
    steps: &[("cancelled", "cancelled"), ("held", "held")],
    rules: &[("held_at", Rule::Earliest)],
    clears: &[],
    cancelled: Some("cancelled"),
};

/// 培训.
pub static TRAINING: Kind = Kind {
    code: "training",
    prefix: "TRAIN",
    label: "kind-training",
    form: "form-training",
    id_field: "training_id",
    class: Class::Board,
    parent: None,
    fields: FIELDS,
    columns: columns!("training": "training_id", "training_kind", "topic", "audience", "place", "starts_at", "ends_at",
        "content", "state", "held_at", "result", "refreshed_at", "cancelled_why"),
    events: &[
        stamping(
            "held_at",
            managed("held", "event-held", &[HELD_AT, by_person("result", "data-result", PROSE)], &["planned"]),
        ),
        stamping(
            "refreshed_at",
            managed("refreshed", "event-refreshed", &[needed("text", "data-text", PROSE)], &["planned", "held"]),
        ),
        managed(
            "cancelled",
            "event-cancelled",
            &[needed("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX))],
            &["planned"],
        ),
        managed(
            "imported",
            "event-imported",
            &[
                needed("state", "data-state", Shape::Enum(&STATE)),
                HELD_AT,
                by_person("result", "data-result", PROSE),
                by_person("refreshed_at", "data-refreshed_at", Shape::Time),
                CANCELLED_WHY,
            ],
            &[],
        ),
        BOARD_VOID,
        RESOLVED,
    ],
    state_field: Some("state"),
    writers: MANAGERS,
    order: &[("starts_at", "ends_at")],
    milestones: &[],
    life: Life::Flow(&FLOW),
};
