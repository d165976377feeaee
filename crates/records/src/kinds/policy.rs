//! A version of the branch's policy: limits, visits, hours, calendar. Written once; the latest authored holds.

use super::{VOID, VOID_FLAG, columns, field, from, required};
use crate::life::Life;
use crate::policy::POLICY_CHARS_MAX;
use crate::schema::{ADMINISTRATORS, Class, EventKind, Field, Kind, LINE_CHARS_MAX, Right, Shape, Source};

const FIELDS: &[Field] = &[
    from(Source::Id, field!("policy", "policy_id", Shape::Reference("policy"))),
    required(from(Source::Once, field!("policy", "reason", Shape::Line(LINE_CHARS_MAX)))),
    required(from(Source::Once, field!("policy", "body", Shape::Line(POLICY_CHARS_MAX)))),
    from(Source::Auto, field!("policy", "made_at", Shape::Time)),
    VOID_FLAG,
];

/// A version of the policy.
pub static POLICY: Kind = Kind {
    code: "policy",
    prefix: "POLICY",
    label: "kind-policy",
    form: "form-policy",
    id_field: "policy_id",
    class: Class::Policy,
    parent: None,
    fields: FIELDS,
    columns: columns!("policy": "policy_id", "reason", "body", "made_at"),
    events: &[EventKind { right: Right::Roles(ADMINISTRATORS), ..VOID }],
    state_field: None,
    writers: ADMINISTRATORS,
    order: &[],
    milestones: &[],
    life: Life::Plain,
};
