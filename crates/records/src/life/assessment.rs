//! An approval holds for the words that were approved.

use crate::bits::Bits;
use crate::life::{Facts, Flag, Outcome};
use crate::log::Log;
use crate::value::Value;
use crate::view::Severity;

/// Approved when some approval saw the need and plan that stand now; stale when there were approvals but none did.
/// (approved ∥ need or plan edited: the approval is stale.)
pub(super) fn fold(log: &Log, mask: &Bits, facts: &Facts) -> Outcome {
    let mut outcome = Outcome::new("draft");
    let approvals = log
        .select(mask, |event| event.is("approved") || (event.is("imported") && event.data.contains_key("assessed_on")));
    // Events are indexed by authored time: the last is the latest.
    let holding = approvals.iter().filter(|index| log.events[*index].text("digest") == Some(&facts.digest)).last();
    if let Some(index) = holding {
        let event = &log.events[index];
        outcome.state = "approved";
        let imported = event.data.get("assessed_on").cloned();
        outcome.put("assessed_on", Some(imported.unwrap_or_else(|| Value::Date(event.at.day()))));
        outcome.put("approved_by", event.staff().filter(|_| event.is("approved")));
    } else if !approvals.is_empty() {
        outcome.state = "stale";
        let candidates = approvals.iter().map(|index| (index, Value::from(log.events[index].code.clone()))).collect();
        outcome.flags.push(Flag {
            reason: "flag-approval_stale",
            field: "state",
            severity: Severity::Decision,
            candidates,
            decidable: false,
            about: None,
        });
    }
    outcome.put("state", Some(outcome.state));
    outcome
}
