//! The kinds of record, one file each.

mod assessment;
mod care;
mod complaint;
mod customer;
mod daily_check;
mod emergency;
mod feedback;
mod improvement;
mod inquiry;
mod order;
mod points;
mod policy;
mod review;
mod risk;
mod roster;
mod task;
mod training;
mod visit;
mod working_group;

pub use assessment::ASSESSMENT;
pub use care::CARE;
pub use complaint::COMPLAINT;
pub(crate) use complaint::STEPS as COMPLAINT_STEPS;
pub use customer::CUSTOMER;
pub(crate) use customer::GRADE;
pub use daily_check::DAILY_CHECK;
pub use emergency::EMERGENCY;
pub use feedback::FEEDBACK;
pub use improvement::IMPROVEMENT;
pub use inquiry::INQUIRY;
pub use order::ORDER;
pub use points::POINTS;
pub use policy::POLICY;
pub use review::REVIEW;
pub use risk::RISK;
pub use roster::ROSTER;
pub use task::TASK;
pub use training::TRAINING;
pub use visit::VISIT;
pub use working_group::WORKING_GROUP;

use vocab::Role;

use crate::schema::{EventKind, FRONT_LINE, Field, Kind, LINE_CHARS_MAX, MANAGERS, Right, SUPERVISORS, Shape, Source};

/// The kinds of the four paper forms, parents before what belongs to them.
pub static FORMS: [&Kind; 4] = [&CUSTOMER, &ASSESSMENT, &TASK, &FEEDBACK];

/// Every kind, parents before what belongs to them; dossier, board, policy.
pub static ALL_KINDS: [&Kind; 19] = [
    &CUSTOMER,
    &ASSESSMENT,
    &TASK,
    &FEEDBACK,
    &INQUIRY,
    &COMPLAINT,
    &VISIT,
    &CARE,
    &POINTS,
    &ORDER,
    &IMPROVEMENT,
    &REVIEW,
    &DAILY_CHECK,
    &TRAINING,
    &RISK,
    &EMERGENCY,
    &ROSTER,
    &WORKING_GROUP,
    &POLICY,
];

/// The kind with this code.
#[must_use]
pub fn kind(code: &str) -> Option<&'static Kind> {
    ALL_KINDS.into_iter().find(|kind| kind.code == code)
}

/// The kind whose ids begin with this prefix.
#[must_use]
pub fn kind_of_prefix(prefix: &str) -> Option<&'static Kind> {
    ALL_KINDS.into_iter().find(|kind| kind.prefix == prefix)
}

/// A field that a person fills in at any time.
const fn by_person(name: &'static str, label: &'static str, shape: Shape) -> Field {
    Field { name, label, shape, source: Source::Person, required: false }
}

/// The same field, filled in by `source`.
const fn from(source: Source, field: Field) -> Field {
    Field { source, ..field }
}

/// The same field, required.
const fn required(field: Field) -> Field {
    Field { required: true, ..field }
}

/// The id a record had on paper or in another system.
const fn legacy_id(label: &'static str) -> Field {
    by_person("legacy_id", label, Shape::Line(60))
}

/// Whether the record was declared void; records are never deleted.
const VOID_FLAG: Field = from(Source::Event, by_person("void", "record-void", Shape::Flag));

/// Declares a record void.
const VOID: EventKind = EventKind {
    code: "void",
    label: "event-void",
    data: &[required(by_person("why", "data-why", Shape::Line(LINE_CHARS_MAX)))],
    writes: &[],
    stamps: None,
    right: Right::Roles(SUPERVISORS),
    from: &[],
};

/// Decides a flagged conflict between events.
const RESOLVED: EventKind = EventKind {
    code: "resolved",
    label: "event-resolved",
    data: &[
        required(by_person("field", "data-field", Shape::Line(40))),
        required(by_person("take", "data-take", Shape::Line(60))),
    ],
    writes: &[],
    stamps: None,
    right: Right::Roles(SUPERVISORS),
    from: &[],
};

/// The same for what stands on the board.
const BOARD_VOID: EventKind = EventKind { right: Right::Roles(MANAGERS), ..VOID };

/// A step of the front line, from these states.
const fn step(
    code: &'static str,
    label: &'static str,
    data: &'static [Field],
    from: &'static [&'static str],
) -> EventKind {
    EventKind { code, label, data, writes: &[], stamps: None, right: Right::Roles(FRONT_LINE), from }
}

/// A step of supervisors and process managers, from these states.
const fn managed(
    code: &'static str,
    label: &'static str,
    data: &'static [Field],
    from: &'static [&'static str],
) -> EventKind {
    EventKind { right: Right::Roles(MANAGERS), ..step(code, label, data, from) }
}

/// The same step, taken by supervisors only.
const fn supervised(step: EventKind) -> EventKind {
    EventKind { right: Right::Roles(SUPERVISORS), ..step }
}

/// The same step, stamping a day or time of the record.
const fn stamping(field: &'static str, step: EventKind) -> EventKind {
    EventKind { stamps: Some(field), ..step }
}

/// A datum that an event cannot do without.
const fn needed(name: &'static str, label: &'static str, shape: Shape) -> Field {
    required(by_person(name, label, shape))
}

/// Fields of a kind, labelled `<kind>-<field>`.
macro_rules! field {
    ($kind:literal, $name:literal, $shape:expr) => {
        $crate::kinds::by_person($name, concat!($kind, "-", $name), $shape)
    };
}
pub(crate) use field;

/// Columns that each hold the field of the same name.
macro_rules! columns {
    ($kind:literal: $($name:literal),* $(,)?) => {
        &[$($crate::schema::Column { name: $name, label: concat!($kind, "-", $name), fields: &[$name] }),*]
    };
}
pub(crate) use columns;

/// Whether a role may write records of `kind`.
#[must_use]
pub fn may_write(kind: &Kind, role: Role) -> bool {
    kind.writers.contains(&role)
}
