//! A task in dimensions that are folded apart: whose it is, whether it was started, what was estimated, whether it is
//! completed, reviewed, cancelled. Each row of the domain's table is then a rule within one dimension or between two.

use std::cmp::Reverse;

use vocab::Timestamp;

use crate::bits::Bits;
use crate::life::{Facts, Flag, Outcome, taken};
use crate::log::{Event, Log};
use crate::value::{Note, Signature, Value};
use crate::view::Severity;

pub(super) fn fold(log: &Log, mask: &Bits, facts: &Facts) -> Outcome {
    let mut outcome = Outcome::new("assigned");
    let assignment = assignment(log, mask, &mut outcome);
    let completion = completion(log, mask, &mut outcome);
    let started = started(log, mask, assignment.as_ref(), &mut outcome);
    let delayed = estimates(log, mask, &started, facts, &mut outcome);
    let cancelled = cancellation(log, mask, &completion, &mut outcome);
    let reviewed = review(log, mask, &completion, cancelled, &mut outcome);
    outcome.state = match (cancelled, completion.chosen.is_some()) {
        (true, _) => "cancelled",
        (false, true) if reviewed => "reviewed",
        (false, true) => "done",
        (false, false) if delayed => "delayed",
        (false, false) if !started.is_empty() => "in_progress",
        (false, false) => "assigned",
    };
    if !cancelled {
        credit(log, assignment.as_ref(), &completion, &mut outcome);
    }
    outcome.put("status", Some(outcome.state));
    let done_at = outcome.fields.get("done_at").and_then(Value::as_time);
    let first_due_at = outcome.fields.get("first_due_at").and_then(Value::as_time);
    outcome.put("on_time", done_at.zip(first_due_at).map(|(done, due)| done <= due));
    work_log(log, mask, &mut outcome);
    outcome
}

fn imported_as(event: &Event, codes: &[&str]) -> bool {
    event.is("imported") && event.text("status").is_some_and(|status| codes.contains(&status))
}

/// Who the task belongs to, and the event that said so.
struct Assignment {
    event: usize,
    /// By a supervisor's decision rather than by making or starting the task.
    decided: bool,
}

/// reassigned ∥ reassigned: the higher role, then the later authored; flagged. Reassigned beats being assigned or starting.
/// Two who start an unassigned task at the same time: the first to start has it; flagged.
fn assignment(log: &Log, mask: &Bits, outcome: &mut Outcome) -> Option<Assignment> {
    let source = |index: usize| taken(log, index, "assignee").unwrap_or(index);
    let assignee = |index: usize| {
        let event = &log.events[source(index)];
        if event.is("started") { event.staff() } else { event.text("assignee") }
    };
    let assigns = log.select(mask, |event| {
        matches!(event.code.as_str(), "assigned" | "reassigned")
            || (event.is("started") && event.takes)
            || (event.is("imported") && event.data.contains_key("assignee"))
            || (event.is("resolved") && event.text("field") == Some("assignee"))
    });
    let class = |index: usize| match log.events[index].code.as_str() {
        "reassigned" | "resolved" => 2_u8,
        "assigned" | "imported" => 1,
        _ => 0,
    };
    let mut latest: Vec<usize> = log.latest(&assigns).iter().filter(|index| assignee(*index).is_some()).collect();
    latest.sort_by_key(|index| {
        let event = &log.events[*index];
        let class = class(*index);
        // Indices follow authored time, so a greater index is later.
        let order = if class == 0 { usize::MAX - *index } else { *index };
        Reverse((class, event.rank(), order))
    });
    let first = *latest.first()?;
    let rivals: Vec<usize> = latest.into_iter().filter(|index| class(*index) == class(first)).collect();
    if rivals.iter().any(|index| assignee(*index) != assignee(first)) {
        let reason = if class(first) == 0 { "flag-started_twice" } else { "flag-reassigned_twice" };
        outcome.flags.push(Flag {
            reason,
            field: "assignee",
            severity: Severity::Decision,
            candidates: rivals
                .iter()
                .map(|index| (source(*index), Value::from(assignee(*index).unwrap_or_default())))
                .collect(),
            decidable: true,
            about: None,
        });
    }
    outcome.assignee = assignee(first).map(str::to_owned);
    outcome.put("assignee", assignee(first));
    Some(Assignment { event: first, decided: class(first) == 2 })
}

/// What was reported done.
struct Completion {
    /// Every report of completion.
    reports: Bits,
    /// Every correction of when.
    corrections: Bits,
    /// The report that counts.
    chosen: Option<usize>,
}

/// done ∥ done: the assignee's, else the earliest `done_at`: repeated reports must not move figures. Two corrections made
/// apart: the later time, flagged, since staff gain from the earlier.
fn completion(log: &Log, mask: &Bits, outcome: &mut Outcome) -> Completion {
    let reports = log.select(mask, |event| event.is("done") || imported_as(event, &["done", "reviewed"]));
    let done_at = |index: usize| {
        let event = &log.events[index];
        event.time("done_at").or_else(|| event.is("done").then_some(event.at))
    };
    let done_by = |index: usize| {
        let event = &log.events[index];
        if event.is("imported") { event.text("assignee") } else { event.staff() }
    };
    let chosen = reports.iter().min_by_key(|index| {
        let by_assignee = outcome.assignee.is_some() && done_by(*index) == outcome.assignee.as_deref();
        (!by_assignee, done_at(*index), *index)
    });
    let corrections = log.select(mask, |event| event.is("corrected"));
    if let Some(index) = chosen {
        let event = &log.events[index];
        outcome.put("done_at", done_at(index));
        outcome.put("done_by", done_by(index));
        outcome.put("result", event.text("result"));
        let settled = log.select(mask, |event| event.is("resolved") && event.text("field") == Some("done_at"));
        let mut all = corrections;
        all.union(&settled);
        let time_of = |index: usize| log.events[taken(log, index, "done_at").unwrap_or(index)].time("done_at");
        let mut latest: Vec<(Timestamp, usize)> =
            log.latest(&all).iter().filter_map(|index| Some((time_of(index)?, index))).collect();
        latest.sort_unstable_by_key(|correction| Reverse(*correction));
        outcome.put("done_at", latest.first().map(|(time, _)| *time));
        if latest.iter().any(|(time, _)| *time != latest[0].0) {
            outcome.flags.push(Flag {
                reason: "flag-corrected_twice",
                field: "done_at",
                severity: Severity::Decision,
                candidates: latest
                    .into_iter()
                    .map(|(time, index)| (taken(log, index, "done_at").unwrap_or(index), Value::Time(time)))
                    .collect(),
                decidable: true,
                about: None,
            });
        }
    }
    Completion { reports, corrections, chosen }
}

/// The starts that count towards the state. in progress ∥ reassigned: reassigned, the supervisor decides; the work log
/// stays, so `started_at` is the first start whoever made it.
fn started(log: &Log, mask: &Bits, assignment: Option<&Assignment>, outcome: &mut Outcome) -> Bits {
    let starts = log.select(mask, |event| {
        event.is("started")
            || imported_as(event, &["in_progress"])
            || (event.is("imported") && event.data.contains_key("started_at"))
    });
    let started_at = |index: usize| {
        let event = &log.events[index];
        event.time("started_at").or_else(|| event.is("started").then_some(event.at))
    };
    outcome.put("started_at", starts.iter().filter_map(started_at).min());
    let Some(assignment) = assignment.filter(|assignment| assignment.decided) else { return starts };
    let assignee = outcome.assignee.as_deref();
    let counting =
        starts.iter().filter(|index| log.descends(*index, assignment.event) || log.events[*index].staff() == assignee);
    let mut counts = Bits::EMPTY;
    counting.for_each(|index| counts.insert(index));
    counts
}

/// delayed ∥ delayed: the later estimate is shown; on time is always judged by the FIRST estimate: no gain from delaying.
/// Returns whether a delay stands that no start answered.
fn estimates(log: &Log, mask: &Bits, started: &Bits, facts: &Facts, outcome: &mut Outcome) -> bool {
    let delays = log.select(mask, |event| event.is("delayed"));
    let shown = log.latest(&delays).iter().filter_map(|index| log.events[index].time("due_at")).max();
    let first = facts.due_at.or_else(|| delays.iter().find_map(|index| log.events[index].time("due_at")));
    outcome.put("due_at", shown.or(facts.due_at));
    outcome.put("first_due_at", first);
    let standing = log.select(mask, |event| event.is("delayed") || imported_as(event, &["delayed"]));
    standing.iter().any(|delay| !started.iter().any(|start| log.descends(start, delay)))
}

/// done ∥ cancelled: done, flagged to the supervisor: the customer did receive it. A decision that saw every report and
/// every cancellation settles it.
fn cancellation(log: &Log, mask: &Bits, completion: &Completion, outcome: &mut Outcome) -> bool {
    let cancels = log.select(mask, |event| event.is("cancelled") || imported_as(event, &["cancelled"]));
    let Some(first) = cancels.iter().next() else { return false };
    let mut cancelled = completion.chosen.is_none();
    if let Some(done) = completion.chosen {
        let mut involved = completion.reports;
        involved.union(&cancels);
        let decision = mask
            .iter()
            .filter(|index| involved.is_within(log.ancestors(*index)))
            .filter_map(|index| taken(log, index, "status"))
            .last();
        match decision {
            Some(take) => cancelled = cancels.contains(take),
            None => outcome.flags.push(Flag {
                reason: "flag-done_cancelled",
                field: "status",
                severity: Severity::Decision,
                candidates: vec![(done, "done".into()), (first, "cancelled".into())],
                decidable: true,
                about: None,
            }),
        }
    }
    if cancelled {
        outcome.put("cancelled_why", log.events[first].text("why"));
        for name in ["done_at", "done_by", "result"] {
            outcome.fields.remove(name);
        }
    }
    cancelled
}

/// A review holds when it saw every report and correction. reviewed ∥ corrected: stale, review again: no approval of what
/// was not seen.
fn review(log: &Log, mask: &Bits, completion: &Completion, cancelled: bool, outcome: &mut Outcome) -> bool {
    if cancelled || completion.chosen.is_none() {
        return false;
    }
    let mut facts = completion.reports;
    facts.union(&completion.corrections);
    let saw_all = |index: usize| {
        let mut seen = *log.ancestors(index);
        seen.insert(index);
        facts.is_within(&seen)
    };
    let reviews =
        log.select(mask, |event| event.is("reviewed") || (event.is("imported") && event.data.contains_key("reviewer")));
    let holding = reviews.iter().filter(|index| saw_all(*index)).last();
    if let Some(index) = holding {
        let event = &log.events[index];
        outcome.put("reviewer", event.text("reviewer").or_else(|| event.staff()));
        return event.is("reviewed") || imported_as(event, &["reviewed"]);
    }
    let imported = mask.iter().any(|index| imported_as(&log.events[index], &["reviewed"]) && saw_all(index));
    if !imported && !reviews.is_empty() {
        outcome.flags.push(Flag {
            reason: "flag-review_stale",
            field: "reviewer",
            severity: Severity::Decision,
            candidates: reviews.iter().map(|index| (index, Value::from(log.events[index].code.clone()))).collect(),
            decidable: false,
            about: None,
        });
    }
    imported
}

/// done ∥ reassigned: done, credited to who did it; the new assignee is told, which spares a second trip.
fn credit(log: &Log, assignment: Option<&Assignment>, completion: &Completion, outcome: &mut Outcome) {
    let (Some(assignment), Some(done)) = (assignment, completion.chosen) else { return };
    let apart = !log.descends(done, assignment.event) && !log.descends(assignment.event, done);
    let done_by = outcome.fields.get("done_by").and_then(Value::as_text);
    if assignment.decided && apart && done_by != outcome.assignee.as_deref() {
        let assignee = outcome.assignee.clone().unwrap_or_default();
        outcome.flags.push(Flag {
            reason: "flag-reassigned_done",
            field: "assignee",
            severity: Severity::Notice,
            candidates: vec![(done, "done".into()), (assignment.event, assignee.into())],
            decidable: false,
            about: None,
        });
    }
}

/// Notes and signatures: nothing anybody wrote is lost.
fn work_log(log: &Log, mask: &Bits, outcome: &mut Outcome) {
    let (mut notes, mut signatures) = (Vec::new(), Vec::new());
    for index in mask.iter() {
        let event = &log.events[index];
        let by = event.author.as_ref().map(|author| author.staff.clone());
        if let Some(Value::Notes(imported)) = event.data.get("issues") {
            notes.extend(imported.iter().map(|note| Note {
                text: note.text.clone(),
                by: by.clone(),
                at: Some(event.at),
            }));
        }
        if event.is("note") {
            notes.extend(event.text("text").map(|text| Note { text: text.to_owned(), by, at: Some(event.at) }));
        }
        let signature = match event.data.get("signature") {
            Some(Value::Signature(signature)) => Some(signature.clone()),
            _ if event.is("signed") => Some(Signature {
                signer: event.text("signer").unwrap_or_default().to_owned(),
                at: Some(event.at),
                what: event.text("what").map(str::to_owned),
            }),
            _ => None,
        };
        signatures.extend(signature.map(|signature| (signature, event)));
    }
    // A signature is immutable: the first stands in the form, every further one beside it.
    let mut signatures = signatures.into_iter();
    outcome.put("signature", signatures.next().map(|(signature, _)| Value::Signature(signature)));
    let more: Vec<Note> = signatures
        .map(|(signature, event)| Note {
            text: [Some(signature.signer), signature.what].into_iter().flatten().collect::<Vec<_>>().join(","),
            by: event.author.as_ref().map(|author| author.staff.clone()),
            at: signature.at.or(Some(event.at)),
        })
        .collect();
    if !more.is_empty() {
        outcome.put("more_signatures", Some(Value::Notes(more)));
    }
    if !notes.is_empty() {
        outcome.put("issues", Some(Value::Notes(notes)));
    }
}
