//! Shifts of the hotline rota, judged by the policy that holds when they are written.

use messages::Message;
use records::{Edit, Invalid, Kind, ROSTER, RosterRules, rota_problems};
use store::ReadTx;
use vocab::{RecordId, Timestamp};

use crate::error::WorkError;

/// The rules that hold for a record of `kind`: those of the rota for a shift.
pub(crate) fn rules(tx: &ReadTx<'_>, kind: &Kind, now: Timestamp) -> Result<Option<RosterRules>, WorkError> {
    if kind != &ROSTER {
        return Ok(None);
    }
    Ok(Some(readmodel::policies(tx.connection())?.at(now).0.roster.clone()))
}

/// Refuses a shift against the rules; what is only to be told is returned.
pub(crate) fn judge(
    edit: &mut Edit<'_>,
    shift: &RecordId,
    rules: Option<&RosterRules>,
) -> Result<Vec<Message>, Invalid> {
    let Some(rules) = rules else { return Ok(Vec::new()) };
    let mut told = Vec::new();
    for problem in rota_problems(edit.view(), shift, rules) {
        if problem.refuses() {
            return Err(Invalid::Rota { problem });
        }
        told.push(problem.message());
    }
    Ok(told)
}
