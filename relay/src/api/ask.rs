//! What an address asks: its parameters, read one by one. A wrong one is answered with what would be right.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use vocab::Timestamp;

use super::Refused;
use crate::ticks;

/// The parameters of one address.
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// The parameters, all of which are among `known`.
    pub(super) fn of(given: BTreeMap<String, String>, known: &[&str]) -> Result<Parameters, Refused> {
        match given.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => {
                let known = known.join(", ");
                Err(Refused::Malformed(format!("there is no parameter `{name}` here; there are: {known}")))
            }
            None => Ok(Parameters(given)),
        }
    }

    /// A parameter as it is given; an empty one is none.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// A parameter that has to be read.
    pub(super) fn read<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Refused> {
        let read = |text: String| {
            text.parse().map_err(|error: T::Err| Refused::Malformed(format!("`{name}` cannot be read: {error}")))
        };
        self.text(name).map(read).transpose()
    }

    /// The instant that is asked about: now, unless the address says.
    pub(super) fn as_of(&self) -> Result<Timestamp, Refused> {
        self.instant("as_of").map(|at| at.unwrap_or_else(ticks::wall))
    }

    /// A whole number of at most `most`.
    pub(super) fn count(&self, name: &str, most: u32) -> Result<Option<u32>, Refused> {
        let found: Option<u32> = match self.text(name).map(|text| text.parse()) {
            None => None,
            Some(Ok(count)) if count <= most => Some(count),
            Some(_) => return Err(Refused::Malformed(format!("`{name}` has to be a whole number from 0 to {most}"))),
        };
        Ok(found)
    }

    /// An instant.
    pub(super) fn instant(&self, name: &str) -> Result<Option<Timestamp>, Refused> {
        let read = |text: String| {
            text.parse().map_err(|_| {
                let help = "an instant in UTC, such as 2026-10-02T08:00:00Z";
                Refused::Malformed(format!("`{name}` has to be {help}; `{text}` is not"))
            })
        };
        self.text(name).map(read).transpose()
    }
}
