//! 订单: 接待咨询 -> 订单确认 -> 发货跟踪 -> 售后支持.

use super::{RESOLVED, VOID, VOID_FLAG, by_person, columns, field, from, legacy_id, needed, required, stamping, step};
use crate::life::{Flow, Life, Rule};
use crate::schema::{Class, Enumeration, FRONT_LINE, Field, Kind, LINE_CHARS_MAX, Parent, Shape, Source};

/// Where an order stands.
static STATE: Enumeration = Enumeration {
    name: "order_state",
    codes: &["received", "confirmed", "shipped", "delivered", "installed", "cancelled"],
};

const CANCELLED_WHY: Field = by_person("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX));

const FIELDS: &[Field] = &[
    from(Source::Id, field!("order", "order_id", Shape::Reference("order"))),
    from(Source::Id, field!("order", "customer_id", Shape::Reference("customer"))),
    required(field!("order", "model", Shape::Line(LINE_CHARS_MAX))),
    required(field!("order", "quantity", Shape::Integer { min: 1, max: 1_000_000 })),
    from(Source::Auto, field!("order", "received_at", Shape::Time)),
    from(Source::Event, field!("order", "state", Shape::Enum(&STATE))),
    from(Source::Event, field!("order", "confirmed_at", Shape::Time)),
    from(Source::Event, field!("order", "shipped_at", Shape::Time)),
    from(Source::Event, field!("order", "delivered_at", Shape::Time)),
    from(Source::Event, field!("order", "installed_at", Shape::Time)),
    from(Source::Event, field!("order", "cancelled_why", Shape::Line(LINE_CHARS_MAX))),
    field!("order", "owner", Shape::Staff),
    legacy_id("order-legacy_id"),
    VOID_FLAG,
];

const CONFIRMED_AT: Field = by_person("confirmed_at", "data-confirmed_at", Shape::Time);
const SHIPPED_AT: Field = by_person("shipped_at", "data-shipped_at", Shape::Time);
const DELIVERED_AT: Field = by_person("delivered_at", "data-delivered_at", Shape::Time);
const INSTALLED_AT: Field = by_person("installed_at", "data-installed_at", Shape::Time);

static FLOW: Flow = Flow {
    initial: "received",
    steps: &[
        ("cancelled", "cancelled"),
        ("confirmed", "confirmed"),
        ("shipped", "shipped"),
        ("delivered", "delivered"),
        ("installed", "installed"),
    ],
    rules: &[
        ("confirmed_at", Rule::Earliest),
        ("shipped_at", Rule::Earliest),
        ("delivered_at", Rule::Earliest),
        ("installed_at", Rule::Earliest),
    ],
    clears: &[],
    cancelled: Some("cancelled"),
};

/// 订单.
pub static ORDER: Kind = Kind {
    code: "order",
    prefix: "ORDER",
    label: "kind-order",
    form: "form-order",
    id_field: "order_id",
    class: Class::Dossier,
    parent: Some(Parent { kind: "customer", field: "customer_id" }),
    fields: FIELDS,
    columns: columns!("order": "order_id", "customer_id", "model", "quantity", "received_at", "state", "confirmed_at",
        "shipped_at", "delivered_at", "installed_at", "cancelled_why", "owner"),
    events: &[
        stamping("confirmed_at", step("confirmed", "event-order_confirmed", &[CONFIRMED_AT], &["received"])),
        stamping("shipped_at", step("shipped", "event-shipped", &[SHIPPED_AT], &["confirmed"])),
        stamping("delivered_at", step("delivered", "event-delivered", &[DELIVERED_AT], &["confirmed", "shipped"])),
        stamping("installed_at", step("installed", "event-installed", &[INSTALLED_AT], &["delivered"])),
        step(
            "cancelled",
            "event-cancelled",
            &[needed("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX))],
            &["received", "confirmed"],
        ),
        step(
            "imported",
            "event-imported",
            &[
                needed("state", "data-state", Shape::Enum(&STATE)),
                CONFIRMED_AT,
                SHIPPED_AT,
                DELIVERED_AT,
                INSTALLED_AT,
                CANCELLED_WHY,
            ],
            &[],
        ),
        VOID,
        RESOLVED,
    ],
    state_field: Some("state"),
    writers: FRONT_LINE,
    order: &[
        ("received_at", "confirmed_at"),
        ("confirmed_at", "shipped_at"),
        ("shipped_at", "delivered_at"),
        ("delivered_at", "installed_at"),
    ],
    milestones: &[],
    life: Life::Flow(&FLOW),
};
