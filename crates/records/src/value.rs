//! Values of fields, and how they stand in JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use vocab::{Day, Staff, Timestamp};

/// The value of one field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A line, prose, a code, a masked name, a record id.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A calendar day.
    Date(Day),
    /// An instant.
    Time(Timestamp),
    /// A set of words.
    Tags(BTreeSet<String>),
    /// Yes or no.
    Flag(bool),
    /// Notes, in the order they were made.
    Notes(Vec<Note>),
    /// A customer's signature.
    Signature(Signature),
}

/// Values by the name of their field.
pub type Fields = BTreeMap<&'static str, Value>;

/// One note of a work log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// What was noted.
    pub text: String,
    /// By whom; absent until the note stands in a dossier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Staff>,
    /// When; absent until the note stands in a dossier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// A customer's signature on site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Signature {
    /// Who signed, masked.
    pub signer: String,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
}

impl Value {
    /// The text of a line, prose, code, name or id.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The instant.
    #[must_use]
    pub const fn as_time(&self) -> Option<Timestamp> {
        match self {
            Value::Time(time) => Some(*time),
            _ => None,
        }
    }

    /// The day.
    #[must_use]
    pub const fn as_date(&self) -> Option<Day> {
        match self {
            Value::Date(day) => Some(*day),
            _ => None,
        }
    }

    /// The value as JSON: what `--json`, the read model and the pages show.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or(serde_json::Value::Null)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Integer(number)
    }
}

impl From<Day> for Value {
    fn from(day: Day) -> Self {
        Value::Date(day)
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Value::Time(time)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Flag(flag)
    }
}

impl From<&Staff> for Value {
    fn from(staff: &Staff) -> Self {
        Value::Text(staff.as_str().to_owned())
    }
}
