//! Shifts of the hotline rota, judged by the policy that holds when they are written.

use messages::Message;
use records::{Dossier, Edit, Invalid, Kind, ROSTER, RosterRules, RotaProblem, rota_problems};
use store::ReadTx;
use vocab::{DocId, RecordId, Timestamp};

use crate::DeviceError;
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

/// What is against the rules about `shifts` that were written into document `doc`, judged when all of them are: two that trade their
/// times may each be in the other's way until then.
pub(crate) fn judge_written(
    tx: &ReadTx<'_>,
    doc: DocId,
    shifts: &[&RecordId],
    now: Timestamp,
) -> Result<Vec<(RecordId, RotaProblem)>, WorkError> {
    let Some(rules) = rules(tx, &ROSTER, now)? else { return Ok(Vec::new()) };
    let Some(stored) = tx.document(doc)? else { return Ok(Vec::new()) };
    let dossier = Dossier::load(&stored.bytes).map_err(|source| DeviceError::Document { doc, source })?;
    let view = dossier.read();
    let problems = |shift: &&RecordId| {
        let shift = (*shift).clone();
        rota_problems(&view, &shift, &rules).into_iter().map(move |problem| (shift.clone(), problem))
    };
    Ok(shifts.iter().flat_map(problems).collect())
}
