//! The nouns every Fieldbook crate shares: ids, time, roles, languages.
//!
//! Everything here is a newtype with a private field, parsed at the edge, with one way to show it.
//! Nothing here reads a clock, the environment or a random source: those are arguments.

mod book;
mod clock;
mod document;
mod feed;
mod identity;
mod lang;
mod month;
mod record_id;
mod role;
mod sum;
mod time;

pub use book::{Book, RangeAnswer, RangeQuery, Subrange};
pub use clock::{FORWARD_DRAG_MAX_MS, HybridClock};
pub use document::{Actor, ChangeHash, DocId, GENESIS_ACTOR, Generation};
pub use feed::{ChangeHeader, Cursor, Owed, Refusal, Tombstone, Verdict};
pub use identity::{BranchId, DeviceCode, DeviceKey, Epoch, Position, Staff};
pub use lang::Lang;
pub use month::Month;
pub use record_id::{EventId, RecordId};
pub use role::{Author, Role};
pub use sum::Sum;
pub use time::{BRANCH_OFFSET_MS, Day, Timestamp};

use thiserror::Error;

/// A text that is not the id, time, role or language it was given for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{input}` is not {expected}")]
pub struct ParseError {
    /// The text as given, cut to [`ParseError::INPUT_CHARS_MAX`] characters.
    pub input: String,
    /// What was expected, with an example.
    pub expected: &'static str,
}

impl ParseError {
    /// How much of a wrong input an error repeats, in characters: enough to recognise it, too little to flood a terminal.
    pub const INPUT_CHARS_MAX: usize = 60;

    pub(crate) fn new(input: &str, expected: &'static str) -> Self {
        ParseError { input: input.chars().take(Self::INPUT_CHARS_MAX).collect(), expected }
    }
}

/// Serialises a type by its `Display` and reads it back by its `FromStr`: one spelling everywhere.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;
