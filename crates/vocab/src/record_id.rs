//! Names of records and events, made on a device without asking anybody.

use std::fmt;
use std::str::FromStr;

use crate::{DeviceCode, ParseError, serde_as_text};

fn parse_number(text: &str) -> Option<u64> {
    let canonical = !text.is_empty() && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    canonical.then(|| text.parse().ok()).flatten()
}

/// A record as people see it: `CUST-<device code>-<n>` (REQ, EXEC, FB, ... likewise). `n` is counted from 1 per device and
/// prefix in the transaction that makes the record, so two devices can never make the same id offline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(String);

impl RecordId {
    /// Longest prefix, in characters.
    pub const PREFIX_CHARS_MAX: usize = 8;

    /// The `n`th record with `prefix` made on the device with `code`.
    ///
    /// # Panics
    /// When `prefix` is not 1 to 8 capital letters or `n` is zero: both come from our own tables, never from input.
    #[must_use]
    pub fn new(prefix: &'static str, code: &DeviceCode, n: u64) -> Self {
        assert!(is_prefix(prefix) && n > 0, "prefix `{prefix}` and n {n} must be well formed");
        RecordId(format!("{prefix}-{code}-{n}"))
    }

    /// The prefix, which tells the kind of record: `CUST`, `REQ`, `EXEC`, `FB`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_prefix(text: &str) -> bool {
    (1..=RecordId::PREFIX_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for RecordId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new(text, "a record id, such as CUST-7K-12");
        let mut parts = text.split('-');
        let (Some(prefix), Some(code), Some(number), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(error());
        };
        code.parse::<DeviceCode>().map_err(|_| error())?;
        parse_number(number).filter(|_| is_prefix(prefix)).ok_or_else(error)?;
        Ok(RecordId(text.to_owned()))
    }
}

serde_as_text!(RecordId);

/// An event of a dossier's log: `<device code>-<n>`, `n` counted from 1 per device over all its events.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(String);

impl EventId {
    /// The `n`th event made on the device with `code`.
    #[must_use]
    pub fn new(code: &DeviceCode, n: u64) -> Self {
        EventId(format!("{code}-{n}"))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EventId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new(text, "an event id, such as 7K-12");
        let (code, number) = text.split_once('-').ok_or_else(error)?;
        code.parse::<DeviceCode>().map_err(|_| error())?;
        parse_number(number).ok_or_else(error)?;
        Ok(EventId(text.to_owned()))
    }
}

serde_as_text!(EventId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_id_reads_back_what_it_shows() {
        let id = RecordId::new("CUST", &DeviceCode::enrolled(7), 12);
        assert_eq!(id.as_str(), "CUST-07-12");
        assert_eq!(id.prefix(), "CUST");
        assert_eq!("CUST-07-12".parse::<RecordId>().unwrap(), id);
    }

    #[test]
    fn ids_with_other_spellings_are_refused() {
        for wrong in [
            "CUST001",
            "CUST-07-012",
            "CUST-07-0",
            "CUST-07",
            "cust-07-1",
            "CUST-07-1-2",
            "CUST-07-99999999999999999999",
        ] {
            assert!(wrong.parse::<RecordId>().is_err(), "{wrong}");
        }
        assert!("07-012".parse::<EventId>().is_err());
        assert!("07-12".parse::<EventId>().is_ok());
    }
}
