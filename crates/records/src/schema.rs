//! What a kind of record consists of, as tables.
//!
//! Commands, prompts, JSON, spreadsheets, pages and validation all derive from these tables; nothing else names a
//! field. A new kind is one more file in [`crate::kinds`] and needs no new containers in the document.

use vocab::Role;

use crate::life::Life;

/// A kind of record.
#[derive(Debug)]
pub struct Kind {
    /// The code in documents, JSON and commands: `customer`.
    pub code: &'static str,
    /// What its ids begin with: `CUST`.
    pub prefix: &'static str,
    /// Key of its name in the catalogue: `kind-customer`.
    pub label: &'static str,
    /// Key of the title of its paper form: `form-customer`.
    pub form: &'static str,
    /// The field that holds its own id: `customer_id`.
    pub id_field: &'static str,
    /// Which class of document it lives in.
    pub class: Class,
    /// The kind it belongs to and the field that says to which; the customer and what stands on a board belong to nothing.
    pub parent: Option<Parent>,
    /// Every field, in the order of the paper form, then those the form does not have.
    pub fields: &'static [Field],
    /// The columns of the paper form, in order.
    pub columns: &'static [Column],
    /// Every step its life cycle knows.
    pub events: &'static [EventKind],
    /// The field that holds the state of its life cycle, if it has one.
    pub state_field: Option<&'static str>,
    /// Who may make one, and change its registers and texts.
    pub writers: &'static [Role],
    /// Pairs of days or times of which the first may not be after the second.
    pub order: &'static [(&'static str, &'static str)],
    /// What is worth knowing when it was first reached.
    pub milestones: &'static [Milestone],
    /// How its events add up.
    pub(crate) life: Life,
}

/// A class of document (design, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// 服务档案: one customer and everything done for them; one document per customer.
    Dossier,
    /// What supervisors and process managers write; one document per branch.
    Board,
    /// What administrators write; one document per branch.
    Policy,
}

/// A set of fields that are all filled in: a limit asks when that was so for the first time. A mark is written beside the
/// fields in the same change, since later edits of a field must not move figures.
#[derive(Debug)]
pub struct Milestone {
    /// `complete`.
    pub name: &'static str,
    /// The fields.
    pub fields: &'static [&'static str],
}

/// The record another belongs to.
#[derive(Debug)]
pub struct Parent {
    /// The parent's kind: `customer`.
    pub kind: &'static str,
    /// The field with the parent's id: `customer_id`.
    pub field: &'static str,
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

impl Eq for Kind {}

impl Kind {
    /// The field called `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The step with this code.
    #[must_use]
    pub fn event(&self, code: &str) -> Option<&'static EventKind> {
        self.events.iter().find(|event| event.code == code)
    }

    /// The fields a person fills in when making a record, in the order of the form.
    pub fn writable(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().filter(|field| matches!(field.source, Source::Person | Source::Once))
    }
}

/// One field of a kind, or one datum of an event.
#[derive(Debug)]
pub struct Field {
    /// The name in documents, JSON and flags: `created_on`.
    pub name: &'static str,
    /// Key of its label: `customer-created_on`. The Chinese label is the header of the paper form.
    pub label: &'static str,
    /// What values it takes.
    pub shape: Shape,
    /// Who fills it in, and when.
    pub source: Source,
    /// Whether a record (an event) cannot be made without it.
    pub required: bool,
}

/// What values a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A customer's masked name: must contain `*`.
    Masked,
    /// A person or team: masked, or a staff number (`S012`).
    Staff,
    /// One line of at most so many characters; the last writer wins.
    Line(usize),
    /// Prose of at most so many characters that people write together.
    Text(usize),
    /// One code of a list.
    Enum(&'static Enumeration),
    /// A whole number within bounds, both included.
    Integer {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// A calendar day.
    Date,
    /// An instant.
    Time,
    /// A set of short words.
    Tags,
    /// The id of a record of the kind with this code; [`ANY_KIND`] takes every kind.
    Reference(&'static str),
    /// Notes in the order they were made.
    Notes,
    /// A customer's signature.
    Signature,
    /// Yes or no.
    Flag,
}

/// Who fills a field in, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The record's own id, the id of its parent or of its dossier's customer.
    Id,
    /// Stamped when the record is made, unless an import knows better; not changed afterwards.
    Auto,
    /// By a person, at any time.
    Person,
    /// By a person, once, when the record is made.
    Once,
    /// Follows from events.
    Event,
}

/// A closed list of codes. The labels are `enum-<name>-<code>`.
#[derive(Debug, PartialEq, Eq)]
pub struct Enumeration {
    /// `urgency`.
    pub name: &'static str,
    /// The codes, in the domain's order.
    pub codes: &'static [&'static str],
}

impl Enumeration {
    /// Key of the label of `code`.
    #[must_use]
    pub fn label(&self, code: &str) -> String {
        format!("enum-{}-{code}", self.name)
    }
}

/// One column of a paper form: one field, or several that the form writes in one cell.
#[derive(Debug)]
pub struct Column {
    /// The English identifier: `resources`.
    pub name: &'static str,
    /// Key of the header.
    pub label: &'static str,
    /// The fields it holds, in order.
    pub fields: &'static [&'static str],
}

/// One step of a life cycle.
#[derive(Debug)]
pub struct EventKind {
    /// The code in documents and JSON: `done`.
    pub code: &'static str,
    /// Key of its name: `event-done`.
    pub label: &'static str,
    /// The data it carries.
    pub data: &'static [Field],
    /// Registers and texts of the record that may be written in the same step.
    pub writes: &'static [&'static str],
    /// The day or time of the record that this step says; its authored time unless the data say another.
    pub stamps: Option<&'static str>,
    /// Who may take it.
    pub right: Right,
    /// The states in which it may be taken; empty: any.
    pub from: &'static [&'static str],
}

/// Who may take a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// These roles.
    Roles(&'static [Role]),
    /// The assignee, anybody of the front line or assessment when nobody is assigned, and supervisors.
    Assignee,
}

/// The front line: engineers and the hotline (一线).
pub const FRONT_LINE: &[Role] = &[Role::Engineer, Role::Hotline, Role::Assessor, Role::Supervisor];
/// Those who assess and make tasks.
pub const ASSESSORS: &[Role] = &[Role::Assessor, Role::Supervisor];
/// Those who approve, review, reassign, cancel and decide.
pub const SUPERVISORS: &[Role] = &[Role::Supervisor];
/// Those who write improvements, reviews, training and risks.
pub const MANAGERS: &[Role] = &[Role::Supervisor, Role::ProcessManager];
/// Those who write the policy.
pub const ADMINISTRATORS: &[Role] = &[Role::Administrator];

/// In [`Shape::Reference`]: a record of any kind.
pub const ANY_KIND: &str = "record";

impl Right {
    /// The roles that may ever take the step.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Right::Roles(roles) => roles,
            Right::Assignee => FRONT_LINE,
        }
    }
}

/// Longest line, in characters: a title, a preference.
pub const LINE_CHARS_MAX: usize = 200;
/// Longest prose, in characters; the domain plans for 600.
pub const TEXT_CHARS_MAX: usize = 4_000;
/// Most tags of one record.
pub const TAGS_MAX: usize = 40;
/// Longest tag, in characters.
pub const TAG_CHARS_MAX: usize = 30;
/// Most notes in one imported cell.
pub const NOTES_MAX: usize = 100;
/// Most events of one record: about thirty times what a busy task sees. What a peer writes past it takes no effect.
pub const EVENTS_PER_RECORD_MAX: usize = 1_000;
