//! The kinds of record, one file each.

mod assessment;
mod customer;
mod feedback;
mod task;

pub use assessment::ASSESSMENT;
pub use customer::CUSTOMER;
pub(crate) use customer::GRADE;
pub use feedback::FEEDBACK;
pub use task::TASK;

use vocab::Role;

use crate::schema::{EventKind, Field, Kind, LINE_CHARS_MAX, Right, SUPERVISORS, Shape, Source};

/// Every kind, parents before what belongs to them.
pub static KINDS: [&Kind; 4] = [&CUSTOMER, &ASSESSMENT, &TASK, &FEEDBACK];

/// The kind with this code.
#[must_use]
pub fn kind(code: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.code == code)
}

/// The kind whose ids begin with this prefix.
#[must_use]
pub fn kind_of_prefix(prefix: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.prefix == prefix)
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
    right: Right::Roles(SUPERVISORS),
    from: &[],
};

/// Whether a role may write records of `kind`.
#[must_use]
pub fn may_write(kind: &Kind, role: Role) -> bool {
    kind.writers.contains(&role)
}
