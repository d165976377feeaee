//! 拜访/回访: entered in advance when planned; what was found goes in when it is done.

use super::{RESOLVED, VOID, VOID_FLAG, by_person, columns, field, from, legacy_id, needed, required, stamping, step};
use crate::life::{Flow, Life, Rule};
use crate::schema::{
    Class, Enumeration, EventKind, FRONT_LINE, Field, Kind, LINE_CHARS_MAX, Parent, Shape, Source, TEXT_CHARS_MAX,
};

/// What sort of visit.
static VISIT_KIND: Enumeration = Enumeration { name: "visit_kind", codes: &["visit", "return_visit", "deep_contact"] };

/// Where a visit stands.
static STATE: Enumeration = Enumeration { name: "visit_state", codes: &["planned", "done", "cancelled"] };

const FIELDS: &[Field] = &[
    from(Source::Id, field!("visit", "visit_id", Shape::Reference("visit"))),
    from(Source::Id, field!("visit", "customer_id", Shape::Reference("customer"))),
    required(field!("visit", "visit_kind", Shape::Enum(&VISIT_KIND))),
    required(from(Source::Once, field!("visit", "planned_on", Shape::Date))),
    from(Source::Event, field!("visit", "done_on", Shape::Date)),
    field!("visit", "staff", Shape::Staff),
    field!("visit", "purpose", Shape::Line(LINE_CHARS_MAX)),
    from(Source::Event, field!("visit", "state", Shape::Enum(&STATE))),
    field!("visit", "findings", Shape::Text(TEXT_CHARS_MAX)),
    field!("visit", "suggestions", Shape::Text(TEXT_CHARS_MAX)),
    field!("visit", "follow_ups", Shape::Text(TEXT_CHARS_MAX)),
    from(Source::Event, field!("visit", "reported_at", Shape::Time)),
    from(Source::Event, field!("visit", "checked_at", Shape::Time)),
    from(Source::Event, field!("visit", "checked", Shape::Line(LINE_CHARS_MAX))),
    from(Source::Event, field!("visit", "cancelled_why", Shape::Line(LINE_CHARS_MAX))),
    legacy_id("visit-legacy_id"),
    VOID_FLAG,
];

static FLOW: Flow = Flow {
    initial: "planned",
    steps: &[("cancelled", "cancelled"), ("done", "done")],
    rules: &[("done_on", Rule::Earliest), ("reported_at", Rule::Earliest), ("checked_at", Rule::Earliest)],
    clears: &[],
    cancelled: Some("cancelled"),
};

/// 拜访/回访.
pub static VISIT: Kind = Kind {
    code: "visit",
    prefix: "VISIT",
    label: "kind-visit",
    form: "form-visit",
    id_field: "visit_id",
    class: Class::Dossier,
    parent: Some(Parent { kind: "customer", field: "customer_id" }),
    fields: FIELDS,
    columns: columns!("visit": "visit_id", "customer_id", "visit_kind", "planned_on", "done_on", "staff", "purpose", "state",
        "findings", "suggestions", "follow_ups", "reported_at", "checked_at", "checked", "cancelled_why"),
    events: &[
        step(
            "replanned",
            "event-replanned",
            &[
                needed("planned_on", "data-planned_on", Shape::Date),
                by_person("reason", "data-reason", Shape::Line(LINE_CHARS_MAX)),
            ],
            &["planned"],
        ),
        EventKind {
            writes: &["findings", "suggestions", "follow_ups"],
            ..stamping(
                "done_on",
                step("done", "event-done", &[by_person("done_on", "data-done_on", Shape::Date)], &["planned"]),
            )
        },
        EventKind {
            writes: &["findings", "suggestions", "follow_ups"],
            ..stamping("reported_at", step("reported", "event-reported", &[], &["done"]))
        },
        stamping(
            "checked_at",
            step(
                "checked",
                "event-checked",
                &[needed("checked", "data-checked", Shape::Line(LINE_CHARS_MAX))],
                &["done"],
            ),
        ),
        step(
            "cancelled",
            "event-cancelled",
            &[needed("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX))],
            &["planned"],
        ),
        step(
            "imported",
            "event-imported",
            &[
                needed("state", "data-state", Shape::Enum(&STATE)),
                by_person("done_on", "data-done_on", Shape::Date),
                by_person("reported_at", "visit-reported_at", Shape::Time),
                by_person("checked_at", "visit-checked_at", Shape::Time),
                by_person("checked", "data-checked", Shape::Line(LINE_CHARS_MAX)),
                by_person("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX)),
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
