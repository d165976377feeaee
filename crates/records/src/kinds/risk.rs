//! 风险: named, weighed, answered, watched.

use super::{BOARD_VOID, RESOLVED, VOID_FLAG, by_person, columns, field, from, legacy_id, managed, needed, required};
use crate::life::{Flow, Life, Rule};
use crate::schema::{Class, Enumeration, Field, Kind, LINE_CHARS_MAX, MANAGERS, Shape, Source, TEXT_CHARS_MAX};

/// What sort of risk.
static CATEGORY: Enumeration =
    Enumeration { name: "risk_category", codes: &["market", "credit", "operational", "legal", "technical"] };

/// What is done about it.
static RESPONSE: Enumeration = Enumeration { name: "response", codes: &["avoid", "reduce", "transfer", "accept"] };

/// Where a risk stands.
static STATE: Enumeration =
    Enumeration { name: "risk_state", codes: &["identified", "assessed", "responding", "monitored", "closed"] };

const PROSE: Shape = Shape::Line(TEXT_CHARS_MAX);
/// 1 least to 5 most.
const WEIGHT: Shape = Shape::Integer { min: 1, max: 5 };
const PROBABILITY: Field = by_person("probability", "data-probability", WEIGHT);
const IMPACT: Field = by_person("impact", "data-impact", WEIGHT);

const FIELDS: &[Field] = &[
    from(Source::Id, field!("risk", "risk_id", Shape::Reference("risk"))),
    required(field!("risk", "category", Shape::Enum(&CATEGORY))),
    required(field!("risk", "title", Shape::Line(LINE_CHARS_MAX))),
    field!("risk", "description", Shape::Text(TEXT_CHARS_MAX)),
    from(Source::Auto, field!("risk", "identified_on", Shape::Date)),
    from(Source::Event, field!("risk", "probability", WEIGHT)),
    from(Source::Event, field!("risk", "impact", WEIGHT)),
    from(Source::Event, field!("risk", "level", Shape::Integer { min: 1, max: 25 })),
    from(Source::Event, field!("risk", "response", Shape::Enum(&RESPONSE))),
    from(Source::Event, field!("risk", "measures", PROSE)),
    field!("risk", "owner", Shape::Staff),
    field!("risk", "due_on", Shape::Date),
    from(Source::Event, field!("risk", "state", Shape::Enum(&STATE))),
    from(Source::Event, field!("risk", "result", PROSE)),
    from(Source::Event, field!("risk", "notes", Shape::Notes)),
    legacy_id("risk-legacy_id"),
    VOID_FLAG,
];

/// Reopened weighs most: what somebody sees coming is not closed by who did not see it.
static FLOW: Flow = Flow {
    initial: "identified",
    steps: &[
        ("assessed", "assessed"),
        ("responding", "responding"),
        ("monitored", "monitored"),
        ("closed", "closed"),
        ("reopened", "assessed"),
    ],
    rules: &[("probability", Rule::Higher), ("impact", Rule::Higher)],
    clears: &[("reopened", &["result"])],
    cancelled: None,
};

/// 风险.
pub static RISK: Kind = Kind {
    code: "risk",
    prefix: "RISK",
    label: "kind-risk",
    form: "form-risk",
    id_field: "risk_id",
    class: Class::Board,
    parent: None,
    fields: FIELDS,
    columns: columns!("risk": "risk_id", "category", "title", "description", "identified_on", "probability", "impact", "level",
        "response", "measures", "owner", "due_on", "state", "result", "notes"),
    events: &[
        managed(
            "assessed",
            "event-assessed",
            &[needed("probability", "data-probability", WEIGHT), needed("impact", "data-impact", WEIGHT)],
            &["identified", "assessed", "responding", "monitored"],
        ),
        managed(
            "responding",
            "event-responding",
            &[
                needed("response", "data-response", Shape::Enum(&RESPONSE)),
                by_person("measures", "data-measures", PROSE),
            ],
            &["assessed", "responding", "monitored"],
        ),
        managed("monitored", "event-monitored", &[], &["responding"]),
        managed("closed", "event-closed", &[needed("result", "data-result", PROSE)], &["monitored"]),
        managed(
            "reopened",
            "event-reopened",
            &[needed("reason", "data-reason", Shape::Line(LINE_CHARS_MAX))],
            &["closed"],
        ),
        managed("note", "event-note", &[needed("text", "data-text", PROSE)], &[]),
        managed(
            "imported",
            "event-imported",
            &[
                needed("state", "data-state", Shape::Enum(&STATE)),
                PROBABILITY,
                IMPACT,
                by_person("level", "data-level", Shape::Integer { min: 1, max: 25 }),
                by_person("response", "data-response", Shape::Enum(&RESPONSE)),
                by_person("measures", "data-measures", PROSE),
                by_person("result", "data-result", PROSE),
                by_person("notes", "risk-notes", Shape::Notes),
            ],
            &[],
        ),
        BOARD_VOID,
        RESOLVED,
    ],
    state_field: Some("state"),
    writers: MANAGERS,
    order: &[("identified_on", "due_on")],
    milestones: &[],
    life: Life::Flow(&FLOW),
};
