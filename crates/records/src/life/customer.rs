//! Which other customers this one was said to be. A pair is merged or separate; no record moves either way.

use std::collections::BTreeSet;

use crate::bits::Bits;
use crate::life::{Flag, Outcome, taken};
use crate::log::Log;
use crate::value::Value;
use crate::view::Severity;

/// merged ∥ separated: separate, flagged, for counting two as one hides one of them.
pub(super) fn fold(log: &Log, mask: &Bits) -> Outcome {
    let mut outcome = Outcome::new("");
    let speaks = |index: usize| {
        let source = taken(log, index, "merged_with").unwrap_or(index);
        let event = &log.events[source];
        let merges = event.is("merged");
        (merges || event.is("separated")).then(|| event.text("with")).flatten().map(|with| (source, with, merges))
    };
    let others: BTreeSet<&str> = mask.iter().filter_map(|index| speaks(index).map(|(_, with, _)| with)).collect();
    let mut merged = BTreeSet::new();
    for other in others {
        let mut about = Bits::EMPTY;
        mask.iter()
            .filter(|index| speaks(*index).is_some_and(|(_, with, _)| with == other))
            .for_each(|index| about.insert(index));
        let mut latest: Vec<(bool, usize)> = log
            .latest(&about)
            .iter()
            .filter_map(|index| speaks(index).map(|(source, _, merges)| (merges, source)))
            .collect();
        latest.sort_unstable();
        if latest.iter().any(|(merges, _)| *merges != latest[0].0) {
            outcome.flags.push(Flag {
                reason: "flag-merged_separated",
                field: "merged_with",
                severity: Severity::Decision,
                candidates: latest
                    .iter()
                    .map(|(_, index)| (*index, Value::from(log.events[*index].code.clone())))
                    .collect(),
                decidable: true,
                about: Some(other.to_owned()),
            });
        }
        if latest.first().is_some_and(|(merges, _)| *merges) {
            merged.insert(other.to_owned());
        }
    }
    if !merged.is_empty() {
        outcome.fields.insert("merged_with", Value::Tags(merged));
    }
    outcome
}
