//! A daily check, signed on the page that showed it.

use messages::Message;
use records::{DAILY_CHECK, Edit, Fields};
use serde_json::Value;
use vocab::{Day, Position, RecordId, Staff, Sum};

use super::{Names, invalid, refused};
use crate::Error;

/// What of the check is counted in what is signed.
const SAID: [&str; 7] =
    ["delayed", "past_due", "silent", "unreviewed", "without_task", "critical_complaints", "new_notes"];

/// What whoever signs has seen.
pub(crate) struct Seen {
    /// The day checked.
    pub(crate) day: Day,
    /// Which state of the branch's book that was.
    pub(crate) heads: String,
    /// How many there were of each thing to look at.
    pub(crate) figures: String,
}

/// The state of a branch's book as a device says it: how far the feed had come and what it came to, and how many changes were
/// not shared. Digits are spelled as letters: long runs of digits do not enter a document, they could be somebody's number.
pub(crate) fn heads(head: Position, sum: Sum) -> String {
    let letter = |digit: char| digit.to_digit(16).and_then(|value| char::from_u32(u32::from('a') + value));
    let sum: String = sum.to_string().chars().map(|digit| letter(digit).unwrap_or('-')).collect();
    format!("@{head} {sum} +0")
}

/// Counts as a device says them: `delayed=1 past_due=0`.
pub(crate) fn figures(counts: &Value) -> String {
    let said = SAID.map(|name| format!("{name}={}", counts[name]));
    said.join(" ")
}

/// Signs the check of a day on the board.
///
/// # Errors
/// [`Error::Refused`]: it is signed, or the author is no supervisor.
pub(crate) fn sign(
    edit: &mut Edit<'_>,
    names: &mut Names,
    seen: &Seen,
    staff: &Staff,
    remarks: &str,
) -> Result<RecordId, Error> {
    let day = records::Value::Date(seen.day);
    let is_of_the_day = |record: &&records::Record| record.kind == &DAILY_CHECK && record.get("day") == Some(&day);
    let signed = edit.view().records.iter().filter(|record| !record.is_void()).find(is_of_the_day);
    if let Some(signed) = signed {
        let by = signed.text("supervisor").unwrap_or_default().to_owned();
        return Err(refused(Message::new("author-check_signed").with("by", by)));
    }
    let id = names.record(&DAILY_CHECK);
    let fields = Fields::from([
        ("day", day),
        ("supervisor", staff.as_str().into()),
        ("heads", seen.heads.as_str().into()),
        ("figures", seen.figures.as_str().into()),
        ("remarks", remarks.into()),
    ]);
    edit.create(&DAILY_CHECK, &id, None, fields).map_err(invalid)?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_holds_no_run_of_digits_that_could_be_a_number() {
        let said = heads(Position::new(1_234_567), Sum::of_tombstone(vocab::DocId::from_random([7; 16])));
        assert!(said.starts_with("@1234567 ") && said.ends_with(" +0"));
        assert!(said.split(' ').nth(1).is_some_and(|sum| sum.len() == 32 && !sum.contains(char::is_numeric)), "{said}");
        assert_eq!(figures(&serde_json::json!({ "delayed": 2 })).split(' ').next(), Some("delayed=2"));
    }
}
