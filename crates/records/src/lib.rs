//! The dossier: kinds of record, events and their fold, validation, conflicts. Pure.

mod column;
mod input;
mod invalid;
mod kinds;
mod life;
mod schema;
mod value;

pub use column::Resources;
pub use invalid::{Attempt, Invalid, Problem};
pub use kinds::{ASSESSMENT, CUSTOMER, FEEDBACK, KINDS, TASK, kind, kind_of_prefix, may_write};
pub use schema::{
    ASSESSORS, Column, EVENTS_PER_RECORD_MAX, Enumeration, EventKind, FRONT_LINE, Field, Kind, LINE_CHARS_MAX,
    NOTES_MAX, Parent, Right, SUPERVISORS, Shape, Source, TAG_CHARS_MAX, TAGS_MAX, TEXT_CHARS_MAX,
};
pub use value::{Fields, Note, Signature, Value};
