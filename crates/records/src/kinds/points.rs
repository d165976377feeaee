//! 积分: entries that are only ever added, each with its reason. A wrong one is declared void or answered by another.

use super::{RESOLVED, VOID, VOID_FLAG, columns, field, from, legacy_id, required};
use crate::life::Life;
use crate::schema::{Class, FRONT_LINE, Field, Kind, LINE_CHARS_MAX, Parent, Shape, Source};

/// Most points one entry may add or take: past any real one, and a thousand such still add up safely.
pub(crate) const POINTS_MAX: i64 = 10_000_000;

const FIELDS: &[Field] = &[
    from(Source::Id, field!("points", "points_id", Shape::Reference("points"))),
    from(Source::Id, field!("points", "customer_id", Shape::Reference("customer"))),
    required(from(Source::Once, field!("points", "amount", Shape::Integer { min: -POINTS_MAX, max: POINTS_MAX }))),
    required(from(Source::Once, field!("points", "reason", Shape::Line(LINE_CHARS_MAX)))),
    from(Source::Auto, field!("points", "entered_on", Shape::Date)),
    legacy_id("points-legacy_id"),
    VOID_FLAG,
];

/// 积分.
pub static POINTS: Kind = Kind {
    code: "points",
    prefix: "POINT",
    label: "kind-points",
    form: "form-points",
    id_field: "points_id",
    class: Class::Dossier,
    parent: Some(Parent { kind: "customer", field: "customer_id" }),
    fields: FIELDS,
    columns: columns!("points": "points_id", "customer_id", "amount", "reason", "entered_on"),
    events: &[VOID, RESOLVED],
    state_field: None,
    writers: FRONT_LINE,
    order: &[],
    milestones: &[],
    life: Life::Plain,
};
