//! A daily check, signed on the page that showed it.

use messages::Message;
use records::{DAILY_CHECK, Edit, Fields, Value};
use vocab::{Day, RecordId, Staff};

use super::{Names, invalid, refused};
use crate::Error;

/// What whoever signs has seen.
pub(crate) struct Seen {
    /// The day checked.
    pub(crate) day: Day,
    /// Which state of the branch's book that was.
    pub(crate) heads: String,
    /// How many there were of each thing to look at, as JSON.
    pub(crate) figures: String,
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
    let day = Value::Date(seen.day);
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
