//! 咨询: what a customer asked, who answered, and whether that helped.

use super::customer::CHANNEL;
use super::{RESOLVED, VOID, VOID_FLAG, by_person, columns, field, from, legacy_id, needed, required, stamping, step};
use crate::life::{Flow, Life, Rule};
use crate::schema::{
    Class, Enumeration, FRONT_LINE, Field, Kind, LINE_CHARS_MAX, Parent, Shape, Source, TEXT_CHARS_MAX,
};

/// What it is about.
static CATEGORY: Enumeration =
    Enumeration { name: "category", codes: &["product", "after_sales", "logistics", "other"] };

/// Where an inquiry stands.
static STATE: Enumeration = Enumeration {
    name: "inquiry_state",
    codes: &["consult", "collect", "transferred", "answered", "adjusted", "confirmed", "followed_up"],
};

/// 1 非常不满意 to 5 非常满意.
const SCORE: Shape = Shape::Integer { min: 1, max: 5 };
const PROSE: Shape = Shape::Line(TEXT_CHARS_MAX);
const DEPARTMENT: Shape = Shape::Line(40);

const FIELDS: &[Field] = &[
    from(Source::Id, field!("inquiry", "inquiry_id", Shape::Reference("inquiry"))),
    from(Source::Id, field!("inquiry", "customer_id", Shape::Reference("customer"))),
    required(field!("inquiry", "channel", Shape::Enum(&CHANNEL))),
    required(field!("inquiry", "category", Shape::Enum(&CATEGORY))),
    field!("inquiry", "order_no", Shape::Line(60)),
    from(Source::Auto, field!("inquiry", "received_at", Shape::Time)),
    required(field!("inquiry", "details", Shape::Text(TEXT_CHARS_MAX))),
    from(Source::Event, field!("inquiry", "state", Shape::Enum(&STATE))),
    field!("inquiry", "owner", Shape::Staff),
    from(Source::Event, field!("inquiry", "department", DEPARTMENT)),
    from(Source::Event, field!("inquiry", "answer", PROSE)),
    from(Source::Event, field!("inquiry", "answered_at", Shape::Time)),
    from(Source::Event, field!("inquiry", "adjustment", PROSE)),
    from(Source::Event, field!("inquiry", "score", SCORE)),
    from(Source::Event, field!("inquiry", "follow_up", PROSE)),
    legacy_id("inquiry-legacy_id"),
    VOID_FLAG,
];

static FLOW: Flow = Flow {
    initial: "consult",
    steps: &[
        ("collected", "collect"),
        ("transferred", "transferred"),
        ("answered", "answered"),
        ("adjusted", "adjusted"),
        ("confirmed", "confirmed"),
        ("followed_up", "followed_up"),
    ],
    rules: &[("score", Rule::Lower), ("answered_at", Rule::Earliest)],
    clears: &[],
    cancelled: None,
};

/// 咨询.
pub static INQUIRY: Kind = Kind {
    code: "inquiry",
    prefix: "INQ",
    label: "kind-inquiry",
    form: "form-inquiry",
    id_field: "inquiry_id",
    class: Class::Dossier,
    parent: Some(Parent { kind: "customer", field: "customer_id" }),
    fields: FIELDS,
    columns: columns!("inquiry": "inquiry_id", "customer_id", "channel", "category", "order_no", "received_at", "details",
        "state", "owner", "department", "answer", "answered_at", "adjustment", "score", "follow_up"),
    events: &[
        step("collected", "event-collected", &[], &["consult"]),
        stamping(
            "answered_at",
            step(
                "answered",
                "event-answered",
                &[needed("answer", "data-answer", PROSE), by_person("answered_at", "data-answered_at", Shape::Time)],
                &["consult", "collect", "transferred", "answered"],
            ),
        ),
        step(
            "transferred",
            "event-transferred",
            &[needed("department", "data-department", DEPARTMENT), by_person("reason", "data-reason", PROSE)],
            &["consult", "collect", "answered", "transferred"],
        ),
        step(
            "adjusted",
            "event-adjusted",
            &[needed("adjustment", "data-adjustment", PROSE)],
            &["answered", "adjusted", "confirmed"],
        ),
        step("confirmed", "event-confirmed", &[needed("score", "data-score", SCORE)], &["answered", "adjusted"]),
        step("followed_up", "event-followed_up", &[needed("follow_up", "data-follow_up", PROSE)], &["confirmed"]),
        step(
            "corrected",
            "event-corrected",
            &[needed("score", "data-score", SCORE), needed("reason", "data-reason", Shape::Line(LINE_CHARS_MAX))],
            &["confirmed", "followed_up"],
        ),
        step(
            "imported",
            "event-imported",
            &[
                needed("state", "data-state", Shape::Enum(&STATE)),
                by_person("department", "data-department", DEPARTMENT),
                by_person("answer", "data-answer", PROSE),
                by_person("answered_at", "data-answered_at", Shape::Time),
                by_person("adjustment", "data-adjustment", PROSE),
                by_person("score", "data-score", SCORE),
                by_person("follow_up", "data-follow_up", PROSE),
            ],
            &[],
        ),
        VOID,
        RESOLVED,
    ],
    state_field: Some("state"),
    writers: FRONT_LINE,
    order: &[("received_at", "answered_at")],
    milestones: &[],
    life: Life::Flow(&FLOW),
};
