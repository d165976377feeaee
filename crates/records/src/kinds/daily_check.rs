//! 每日检查: a supervisor signs what they saw of a day. The heads say exactly which state of the books that was.

use super::{RESOLVED, VOID, VOID_FLAG, columns, field, from, legacy_id, required};
use crate::life::Life;
use crate::schema::{Class, Field, Kind, SUPERVISORS, Shape, Source, TEXT_CHARS_MAX};

const FIELDS: &[Field] = &[
    from(Source::Id, field!("daily_check", "check_id", Shape::Reference("daily_check"))),
    required(from(Source::Once, field!("daily_check", "day", Shape::Date))),
    field!("daily_check", "supervisor", Shape::Staff),
    from(Source::Once, field!("daily_check", "heads", Shape::Line(TEXT_CHARS_MAX))),
    from(Source::Once, field!("daily_check", "figures", Shape::Line(TEXT_CHARS_MAX))),
    field!("daily_check", "remarks", Shape::Text(TEXT_CHARS_MAX)),
    legacy_id("daily_check-legacy_id"),
    VOID_FLAG,
];

/// 每日检查.
pub static DAILY_CHECK: Kind = Kind {
    code: "daily_check",
    prefix: "CHECK",
    label: "kind-daily_check",
    form: "form-daily_check",
    id_field: "check_id",
    class: Class::Board,
    parent: None,
    fields: FIELDS,
    columns: columns!("daily_check": "check_id", "day", "supervisor", "heads", "figures", "remarks"),
    events: &[VOID, RESOLVED],
    state_field: None,
    writers: SUPERVISORS,
    order: &[],
    milestones: &[],
    life: Life::Plain,
};
