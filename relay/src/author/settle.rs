//! A supervisor's decision about a disagreement: one of what was written apart is taken.

use messages::Message;
use records::{Conflict, Edit};
use sha2::{Digest, Sha256};
use vocab::RecordId;

use super::{Names, invalid, refused};
use crate::Error;

/// Bytes of the mark by which a form says what was seen.
const SEEN_BYTES: usize = 8;

/// What somebody who looks at a conflict sees of it, as a mark: whoever decides must not decide about something else.
pub(crate) fn seen(conflict: &Conflict) -> String {
    let told = serde_json::to_vec(conflict).unwrap_or_default();
    Sha256::digest(told)[..SEEN_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes the `take`th candidate, counted from 1, of a conflict that still is what was `seen`; the record it was about.
///
/// # Errors
/// [`Error::Refused`]: it is settled, has changed, or the author is no supervisor.
pub(crate) fn settle(
    edit: &mut Edit<'_>,
    names: &mut Names,
    conflict: &str,
    seen: &str,
    take: usize,
) -> Result<RecordId, Error> {
    let found = edit.view().conflicts.iter().find(|open| open.id == conflict);
    let same = found.filter(|found| self::seen(found) == seen).map(|found| found.record.clone());
    let record = same.ok_or_else(|| refused(Message::new("author-conflict_changed")))?;
    edit.resolve(&names.event(), conflict, take).map_err(invalid)?;
    Ok(record)
}
