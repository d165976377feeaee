//! Who did what, when, on which device: every change of a dossier, the newest first (I9).

use maud::{Markup, html};
use records::{Entry, EventKind, HistoryEntry, Kind, Record, Value};
use serde_json::Value as Json;
use vocab::{RecordId, Timestamp};

use super::data::Opened;
use super::parts::{self, Sign, Tone, mark, none};
use super::values;
use super::words::{Words, grouped};

/// How many steps are shown until all are asked for.
const STEPS_SHOWN: usize = 60;

/// What one change did to one record.
pub(super) struct Step {
    pub(super) record: RecordId,
    pub(super) kind: &'static Kind,
    pub(super) creates: bool,
    pub(super) entries: Vec<HistoryEntry>,
}

impl Step {
    fn at(&self) -> Timestamp {
        self.entries.first().map_or(Timestamp::EPOCH, |entry| entry.written.at)
    }
}

/// The steps of one record out of its history, in the order they were made.
pub(super) fn steps(record: &Record, history: Vec<HistoryEntry>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for entry in history {
        match steps.last_mut() {
            Some(step) if step.entries.last().is_some_and(|last| last.change == entry.change) => {
                step.entries.push(entry)
            }
            _ => {
                let creates = steps.is_empty() && entry.written.at == record.created.at;
                steps.push(Step { record: record.id.clone(), kind: record.kind, creates, entries: vec![entry] });
            }
        }
    }
    steps
}

/// Brings the steps of all records into one order, the newest first.
pub(super) fn newest_first(mut steps: Vec<Step>) -> Vec<Step> {
    // Stable, and reversed first: of one instant, what was made later stays above.
    steps.reverse();
    steps.sort_by_key(|step| std::cmp::Reverse(step.at()));
    steps
}

/// The section of a dossier's page.
pub(super) fn section(words: &Words, opened: &Opened, all: bool, here: &str) -> Markup {
    let total = opened.steps.len();
    let shown = if all { total } else { total.min(STEPS_SHOWN) };
    let columns = [
        "pages-history-when",
        "pages-history-who",
        "pages-history-device",
        "pages-history-record",
        "pages-history-what",
    ]
    .map(|key| words.text(key));
    let heads: Vec<(&str, &str)> = columns.iter().map(|label| (label.as_str(), "")).collect();
    html! {
        section.panel aria-labelledby="history" {
            header { h2 #history { (words.text("pages-history")) } span.muted.small { (words.text("pages-history-lead")) } }
            div.scroll { table.cards.history role="table" {
                (parts::head(&heads))
                tbody role="rowgroup" {
                    @for step in opened.steps.iter().take(shown) {
                        @if let Some(first) = step.entries.first() {
                            tr role="row" data-key=(format!("{}-{}", first.change, step.record)) {
                                (parts::cell(&columns[0], "when", words.time_exact(first.written.at)))
                                (parts::cell(&columns[1], "who-did", author(words, first)))
                                (parts::cell(&columns[2], "where", html! { (opened.device(words, first.written.actor)) }))
                                (parts::cell(&columns[3], "which", html! { (words.text(step.kind.label)) " " a.id href=(format!("#{}", step.record)) { (step.record) } }))
                                (parts::cell(&columns[4], "", what(words, step)))
                            }
                        }
                    }
                }
            } }
            @if shown < total {
                div.in {
                    span.muted { (words.with("pages-history-first", &[("shown", grouped(shown as u64).into()), ("total", grouped(total as u64).into())])) }
                    " " a href=(format!("{here}?history=all#history")) { (words.text("pages-history-all")) }
                }
            }
        }
    }
}

fn author(words: &Words, entry: &HistoryEntry) -> Markup {
    match &entry.written.author {
        Some(author) => html! { (author.staff) " " span.muted { (words.code("role", author.role.code())) } },
        None => none(words),
    }
}

fn what(words: &Words, step: &Step) -> Markup {
    html! {
        @if step.creates { (mark(&words.text("pages-created"), Tone::Info, Sign::None)) " " }
        @for entry in &step.entries {
            div { @match &entry.entry {
                Entry::Field { field, before, after } => {
                    span.muted { (values::label(words, Some(step.kind), field)) } " "
                    @if let Some(before) = before {
                        span.visually-hidden { (words.text("pages-before")) " " }
                        span.before { (values::named(words, Some(step.kind), field, before)) }
                        " " span aria-hidden="true" { "→" } " "
                        span.visually-hidden { (words.text("pages-after")) " " }
                    }
                    @match after {
                        Some(after) => (values::named(words, Some(step.kind), field, after)),
                        None => (none(words)),
                    }
                }
                Entry::Event { event, data, effective, .. } => {
                    b { (words.code("event", event)) }
                    @if !effective { " " (mark(&words.text("pages-no-effect"), Tone::Warn, Sign::Triangle)) }
                    (carried(words, step.kind.event(event), data))
                }
            } }
        }
    }
}

/// What an event carries, by its label; a datum this version does not know is shown as it stands.
fn carried(words: &Words, event: Option<&'static EventKind>, data: &Json) -> Markup {
    let Json::Object(data) = data else { return html! {} };
    html! {
        @for (name, datum) in data {
            " " span.muted { (words.known(&format!("data-{name}")).unwrap_or_else(|| name.clone())) } " "
            (value(words, event, name, datum))
        }
    }
}

fn value(words: &Words, event: Option<&'static EventKind>, name: &str, datum: &Json) -> Markup {
    let field = event.and_then(|event| event.data.iter().find(|field| field.name == name));
    let read = match datum {
        Json::String(text) => match (text.parse::<Timestamp>(), text.parse::<vocab::Day>()) {
            (Ok(at), _) => Value::Time(at),
            (_, Ok(day)) => Value::Date(day),
            _ => Value::Text(text.clone()),
        },
        Json::Number(number) => number.as_i64().map_or_else(|| Value::Text(number.to_string()), Value::Integer),
        Json::Bool(flag) => Value::Flag(*flag),
        other => Value::Text(other.to_string()),
    };
    match field {
        Some(field) => values::value(words, field, &read),
        None => values::plain(words, &read),
    }
}
