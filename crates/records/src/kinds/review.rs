//! 评审: once a month, with the figures it looked at as they stood then.

use super::{BOARD_VOID, RESOLVED, VOID_FLAG, columns, field, from, legacy_id, required};
use crate::life::Life;
use crate::schema::{Class, Enumeration, Field, Kind, LINE_CHARS_MAX, MANAGERS, Shape, Source, TEXT_CHARS_MAX};

/// What was reviewed.
static REVIEW_KIND: Enumeration = Enumeration { name: "review_kind", codes: &["process", "cleaning"] };

const FIELDS: &[Field] = &[
    from(Source::Id, field!("review", "review_id", Shape::Reference("review"))),
    required(field!("review", "review_kind", Shape::Enum(&REVIEW_KIND))),
    required(field!("review", "period_from", Shape::Date)),
    required(field!("review", "period_to", Shape::Date)),
    from(Source::Auto, field!("review", "held_on", Shape::Date)),
    field!("review", "attendees", Shape::Line(LINE_CHARS_MAX)),
    from(Source::Once, field!("review", "figures", Shape::Line(TEXT_CHARS_MAX))),
    field!("review", "findings", Shape::Text(TEXT_CHARS_MAX)),
    field!("review", "decisions", Shape::Text(TEXT_CHARS_MAX)),
    legacy_id("review-legacy_id"),
    VOID_FLAG,
];

/// 评审.
pub static REVIEW: Kind = Kind {
    code: "review",
    prefix: "REVIEW",
    label: "kind-review",
    form: "form-review",
    id_field: "review_id",
    class: Class::Board,
    parent: None,
    fields: FIELDS,
    columns: columns!("review": "review_id", "review_kind", "period_from", "period_to", "held_on", "attendees", "figures",
        "findings", "decisions"),
    events: &[BOARD_VOID, RESOLVED],
    state_field: None,
    writers: MANAGERS,
    order: &[("period_from", "period_to")],
    milestones: &[],
    life: Life::Plain,
};
