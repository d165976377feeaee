//! Names of records and events, made on a device without asking anybody.

use std::fmt;
use std::str::FromStr;

use crate::{DeviceCode, ParseError, serde_as_text};

fn parse_number(text: &str) -> Option<u64> {
    let canonical = !text.is_empty() && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    canonical.then(|| text.parse().ok()).flatten()
}

/// The longest mark of an id that stands twice, in characters.
const MARK_CHARS_MAX: usize = 16;

/// An id and the mark that tells it from others of the same making, if it has one.
fn marked(text: &str) -> Option<(&str, Option<&str>)> {
    match text.split_once('~') {
        None => Some((text, None)),
        Some((plain, mark)) => {
            let right =
                (1..=MARK_CHARS_MAX).contains(&mark.len()) && mark.bytes().all(|byte| byte.is_ascii_alphanumeric());
            right.then_some((plain, Some(mark)))
        }
    }
}

/// A record as people see it: `CUST-<device code>-<n>` (REQ, EXEC, FB, ... likewise). `n` is counted from 1 per device and
/// prefix in the transaction that makes the record, so two devices can never make the same id offline.
///
/// A store that was restored from a copy may give a number that its lost life gave before. Then both records stand, one of
/// them with a mark: `EXEC-7K-3~9f31c2`. A mark is shown, and read back; nobody makes a record with one.
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

    /// The id without its mark.
    #[must_use]
    pub fn plain(&self) -> &str {
        self.0.split('~').next().unwrap_or_default()
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
        let (plain, _) = marked(text).ok_or_else(error)?;
        let mut parts = plain.split('-');
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

/// An event of a dossier's log: `<device code>-<n>`, `n` counted from 1 per device over all its events; marked as a
/// [`RecordId`] is when two have one number.
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
        let (plain, _) = marked(text).ok_or_else(error)?;
        let (code, number) = plain.split_once('-').ok_or_else(error)?;
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
    fn an_id_that_stands_twice_bears_a_mark() {
        let id: RecordId = "EXEC-07-3~9f31c2".parse().unwrap();
        assert_eq!((id.as_str(), id.plain(), id.prefix()), ("EXEC-07-3~9f31c2", "EXEC-07-3", "EXEC"));
        assert_eq!("07-3~9f31c2".parse::<EventId>().unwrap().as_str(), "07-3~9f31c2");
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
            "CUST-07-1~",
            "CUST-07-1~a-b",
            "CUST-07-1~a~b",
        ] {
            assert!(wrong.parse::<RecordId>().is_err(), "{wrong}");
        }
        assert!("07-012".parse::<EventId>().is_err());
        assert!("07-12".parse::<EventId>().is_ok());
    }
}
