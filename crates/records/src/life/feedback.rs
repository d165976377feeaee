//! What a customer said is immutable; corrections of the score are events.

use crate::bits::Bits;
use crate::life::{Facts, Flag, Outcome, taken};
use crate::log::Log;
use crate::value::Value;
use crate::view::Severity;

/// In order of progress.
const STATES: [&str; 4] = ["sent", "pending", "handled", "archived"];

pub(super) fn fold(log: &Log, mask: &Bits, facts: &Facts) -> Outcome {
    let received = mask.iter().find(|index| log.events[*index].is("received"));
    let mut state = usize::from(facts.score.is_some() || received.is_some());
    for index in mask.iter() {
        let event = &log.events[index];
        let reached = match event.code.as_str() {
            "imported" => event.text("state").and_then(|code| STATES.iter().position(|state| *state == code)),
            "handled" => Some(2),
            "archived" => Some(3),
            _ => None,
        };
        state = state.max(reached.unwrap_or(0));
    }
    let mut outcome = Outcome::new(STATES[state]);
    outcome.put("state", Some(STATES[state]));
    if let Some(event) = received.map(|index| &log.events[index]) {
        for name in ["score", "text"] {
            outcome.put(name, event.data.get(name).cloned());
        }
        let day = event.data.get("received_on").cloned();
        outcome.put("received_on", Some(day.unwrap_or_else(|| Value::Date(event.at.day()))));
    }
    score(log, mask, &mut outcome);
    outcome
}

/// Score corrected twice: the lower, flagged, since staff gain from raising it.
fn score(log: &Log, mask: &Bits, outcome: &mut Outcome) {
    let score_of = |index: usize| {
        let source = taken(log, index, "score").unwrap_or(index);
        log.events[source].data.get("score").and_then(Value::as_integer)
    };
    let corrections =
        log.latest(&log.select(mask, |event| {
            event.is("corrected") || (event.is("resolved") && event.text("field") == Some("score"))
        }));
    let mut candidates: Vec<(i64, usize)> =
        corrections.iter().filter_map(|index| Some((score_of(index)?, index))).collect();
    candidates.sort_unstable();
    if let Some((lowest, _)) = candidates.first().copied() {
        outcome.put("score", Some(lowest));
        if candidates.iter().any(|(score, _)| *score != lowest) {
            outcome.flags.push(Flag {
                reason: "flag-corrected_twice",
                field: "score",
                severity: Severity::Decision,
                candidates: candidates
                    .into_iter()
                    .map(|(score, index)| (taken(log, index, "score").unwrap_or(index), Value::Integer(score)))
                    .collect(),
                decidable: true,
                about: None,
            });
        }
    }
}
