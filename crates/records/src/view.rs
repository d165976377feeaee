//! What a dossier says: records, and where people disagreed.

use std::collections::BTreeMap;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use vocab::{Actor, Author, DocId, EventId, RecordId, Timestamp};

use crate::schema::Kind;
use crate::value::{Fields, Value};

/// Everything a dossier shows: a pure function of the document, equal wherever the same changes are held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// The dossier's customer.
    pub customer: Option<RecordId>,
    /// Every record, sorted by kind (parents first) and id.
    pub records: Vec<Record>,
    /// Every open disagreement, sorted by id.
    pub conflicts: Vec<Conflict>,
    /// How many entries this version does not understand; they stay in the document untouched.
    pub unknown: usize,
    /// The first of them, by place.
    pub strangers: Vec<Stranger>,
    /// The document could be loaded but not read through: it was made to break readers. Nothing of it is shown.
    pub damaged: bool,
}

impl View {
    /// The record with this id.
    #[must_use]
    pub fn record(&self, id: &RecordId) -> Option<&Record> {
        self.records.iter().find(|record| record.id == *id)
    }
}

/// One record as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its kind.
    pub kind: &'static Kind,
    /// Its id.
    pub id: RecordId,
    /// The dossier's customer.
    pub customer: RecordId,
    /// Its fields by name, those that follow from events included; a field without a value is absent.
    pub fields: Fields,
    /// Who made it.
    pub created: Written,
    /// The latest change or event that touched it, by authored time.
    pub updated: Written,
    /// The steps that took effect, by authored time. Limits and timelines are worked out from them.
    pub steps: Vec<Step>,
    /// When each [`Milestone`](crate::Milestone) was first reached.
    pub reached: BTreeMap<&'static str, Timestamp>,
}

/// One step that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The event.
    pub event: EventId,
    /// Its code.
    pub code: &'static str,
    /// Who took it, when, where.
    pub written: Written,
    /// What it carries.
    pub data: Fields,
}

impl Step {
    pub(crate) fn of(event: &crate::log::Event) -> Option<Step> {
        let code = event.kind?.code;
        Some(Step { event: event.id.clone(), code, written: event.written(), data: event.data.clone() })
    }
}

/// Something this version does not understand: a kind, a field or a step of a newer one. It is kept and passed on as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Stranger {
    /// The record it belongs to, where that is known.
    pub record: Option<RecordId>,
    /// The key it stands under: a record's or event's id, a field's name, a step's code.
    pub key: String,
    /// What stands there, cut; nothing for a whole record.
    pub value: String,
    /// Who wrote it, when, where.
    #[serde(flatten)]
    pub written: Written,
}

impl Stranger {
    /// Most that one view lists; a document may hold any number.
    pub const COUNT_MAX: usize = 100;
    /// How much of one is shown, in characters.
    pub const CHARS_MAX: usize = 200;

    pub(crate) fn of(record: Option<RecordId>, key: &str, written: Written, value: &str) -> Option<Stranger> {
        let cut = |text: &str| text.chars().take(Self::CHARS_MAX).collect::<String>();
        (!key.is_empty()).then(|| Stranger { record, key: cut(key), value: cut(value), written })
    }
}

impl Record {
    /// The field called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// The text of the field called `name`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_text)
    }

    /// The state of its life cycle, for kinds that have one.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.text(self.kind.state_field?)
    }

    /// The record it belongs to.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.text(self.kind.parent.as_ref()?.field)
    }

    /// Whether it was declared void.
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.get("void") == Some(&Value::Flag(true))
    }

    /// The record as one JSON object: the fields by name, and `kind`, `id`, `doc`. Keys are sorted.
    #[must_use]
    pub fn to_json(&self, doc: DocId) -> serde_json::Value {
        let mut entries: Vec<(&str, serde_json::Value)> =
            self.fields.iter().map(|(name, value)| (*name, value.to_json())).collect();
        entries.push(("kind", self.kind.code.into()));
        entries.push(("id", self.id.as_str().into()));
        entries.push(("doc", doc.to_string().into()));
        entries.sort_unstable_by_key(|(name, _)| *name);
        serde_json::Value::Object(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

/// Who wrote something, when and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// When, by the author's corrected clock.
    pub at: Timestamp,
    /// On which device.
    pub actor: Actor,
    /// By whom; absent when the change does not say so in a form we know.
    pub author: Option<Author>,
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Written", 4)?;
        object.serialize_field("at", &self.at)?;
        object.serialize_field("actor", &self.actor)?;
        object.serialize_field("by", &self.author.as_ref().map(|author| &author.staff))?;
        object.serialize_field("role", &self.author.as_ref().map(|author| author.role))?;
        object.end()
    }
}

/// A disagreement: values or events written apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// What `conflicts resolve` takes: `<record>/<field>`, for flags with the reason.
    pub id: String,
    /// The record.
    pub record: RecordId,
    /// The field it is about.
    pub field: &'static str,
    /// What sort of disagreement.
    pub kind: ConflictKind,
    /// How much it matters.
    pub severity: Severity,
    /// Key of the explanation.
    pub reason: &'static str,
    /// Whether a supervisor can settle it by choosing; what cannot be chosen needs a step of the record.
    #[serde(skip)]
    pub decidable: bool,
    /// What was written, the effective one first.
    pub candidates: Vec<Candidate>,
    /// When the disagreement arose: the authored time of the later of its first two parts.
    pub since: Timestamp,
}

/// What sort of disagreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// One field, written apart.
    Conflict,
    /// Different fields of one record, each written without having seen the other.
    Parallel,
    /// Events that the rules decided, for a supervisor to look at.
    Flag,
    /// An event or value without effect: its author had no right to it, or the state did not allow it.
    NoEffect,
}

impl ConflictKind {
    /// The code in JSON; `conflict-<code>` is its label.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            ConflictKind::Conflict => "conflict",
            ConflictKind::Parallel => "parallel",
            ConflictKind::Flag => "flag",
            ConflictKind::NoEffect => "no_effect",
        }
    }
}

/// How much a disagreement matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Somebody should look.
    Warning,
    /// A supervisor must decide or act.
    Decision,
}

impl Severity {
    /// The code in JSON; `severity-<code>` is its label.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Decision => "decision",
        }
    }
}

/// One of the values or events that disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The field it was written to.
    pub field: &'static str,
    /// The value, or the event's code.
    pub value: Value,
    /// Whether it is the one shown.
    pub effective: bool,
    /// The event, for events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// Who wrote it, when, where.
    #[serde(flatten)]
    pub written: Written,
}

/// One entry of a record's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// Who wrote it, when, where.
    #[serde(flatten)]
    pub written: Written,
    /// The change.
    #[serde(serialize_with = "shown")]
    pub change: vocab::ChangeHash,
    /// What it touched.
    #[serde(flatten)]
    pub entry: Entry,
}

/// What one change did to a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Entry {
    /// A field was written.
    Field {
        /// Its name.
        field: &'static str,
        /// The value its author had before them.
        before: Option<Value>,
        /// The value they wrote.
        after: Option<Value>,
    },
    /// A step was taken.
    Event {
        /// The event.
        id: EventId,
        /// Its code.
        event: String,
        /// What it carries.
        data: serde_json::Value,
        /// Whether it takes effect.
        effective: bool,
    },
}

fn shown<S: Serializer>(value: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
