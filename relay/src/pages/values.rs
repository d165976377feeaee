//! Values of records as people read them: every field by its shape, so that a new kind of record needs nothing here.

use maud::{Markup, html};
use records::{Field, Kind, Shape, Value};

use super::parts::{self, none};
use super::words::Words;

/// One field's value.
pub(super) fn value(words: &Words, field: &Field, value: &Value) -> Markup {
    match (field.shape, value) {
        (Shape::Enum(family), Value::Text(code)) => parts::state(words, family.name, code),
        (Shape::Reference(_), Value::Text(id)) => html! { a.id href=(format!("#{id}")) { (id) } },
        (Shape::Integer { min: 1, max: 5 }, Value::Integer(score)) => score_of(words, *score),
        _ => plain(words, value),
    }
}

/// A value whose field is not known, or has no look of its own.
pub(super) fn plain(words: &Words, value: &Value) -> Markup {
    match value {
        Value::Text(text) if text.is_empty() => none(words),
        Value::Text(text) => html! { (text) },
        Value::Integer(number) => html! { span.number { (number) } },
        Value::Date(day) => html! { time datetime=(day) { (day) } },
        Value::Time(at) => words.time(*at),
        Value::Tags(tags) if tags.is_empty() => none(words),
        Value::Tags(tags) => html! { span.marks { @for tag in tags { span.mark { (tag) } } } },
        Value::Flag(flag) => html! { (words.text(if *flag { "pages-yes" } else { "pages-no" })) },
        Value::Notes(notes) if notes.is_empty() => none(words),
        Value::Notes(notes) => html! {
            ol.notes {
                @for note in notes {
                    li {
                        @if let Some(at) = note.at { span.muted.small { (words.time(at)) " " } }
                        @if let Some(by) = &note.by { span.muted.small { (by) } " " }
                        (note.text)
                    }
                }
            }
        },
        Value::Signature(signature) => html! {
            (signature.signer)
            @if let Some(at) = signature.at { " " span.muted { (words.time(at)) } }
            @if let Some(what) = &signature.what { " " (what) }
        },
    }
}

/// A score of one to five with its word.
fn score_of(words: &Words, score: i64) -> Markup {
    html! { span.number { b { (score) } "/5" } " " span.muted { (words.code("score", &score.to_string())) } }
}

/// The value of a field of `kind` by name; a name this version does not know is shown as it stands.
pub(super) fn named(words: &Words, kind: Option<&Kind>, field: &str, found: &Value) -> Markup {
    match kind.and_then(|kind| kind.field(field)) {
        Some(field) => value(words, field, found),
        None => plain(words, found),
    }
}

/// The label of a field by name.
pub(super) fn label(words: &Words, kind: Option<&Kind>, field: &str) -> String {
    match kind.and_then(|kind| kind.field(field)) {
        Some(field) => words.text(field.label),
        None => words.known(&format!("data-{field}")).unwrap_or_else(|| field.to_owned()),
    }
}

/// Whether a field takes the whole width: prose and logs do.
pub(super) const fn wide(field: &Field) -> bool {
    matches!(field.shape, Shape::Text(_) | Shape::Notes)
}
