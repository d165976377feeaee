//! A record at a terminal: its title, its fields with their labels, in the order of the paper form.

use records::{Field, Kind, Shape, Source, Value as RecordValue};
use serde_json::Value;

use crate::commands::kinds;
use crate::context::Context;
use crate::due_view::minute;
use crate::printer::{Paint, Tone};
use crate::table::{self, Toned};

/// Longest title, in columns.
const TITLE_WIDTH_MAX: usize = 40;

/// The kind of a record in JSON.
pub(crate) fn kind_of(record: &Value) -> Option<&'static Kind> {
    records::kind(record["kind"].as_str()?)
}

/// The id of a record in JSON.
pub(crate) fn id_of(record: &Value) -> &str {
    record["id"].as_str().unwrap_or_default()
}

/// The number people know the record by: that of its paper form where it has one.
pub(crate) fn number_of(record: &Value) -> &str {
    record["legacy_id"].as_str().unwrap_or_else(|| id_of(record))
}

/// What people call the record: the first words among what a list shows of it, else the value of its first telling field.
pub(crate) fn title(context: &Context, record: &Value) -> String {
    let shown = kind_of(record).and_then(|kind| {
        let listed = kinds::of(kind).map_or(&[][..], |commands| commands.columns);
        let words = listed.iter().filter_map(|name| kind.field(name));
        let words = words.filter(|field| matches!(field.shape, Shape::Masked | Shape::Line(_) | Shape::Text(_)));
        let telling = kind.fields.iter().filter(|field| matches!(field.source, Source::Person | Source::Once));
        let telling = telling.filter(|field| !matches!(field.shape, Shape::Integer { .. } | Shape::Reference(_)));
        words.chain(telling).find_map(|field| shown(context, field, record))
    });
    table::cut(&shown.unwrap_or_default(), TITLE_WIDTH_MAX)
}

/// The value of `field` as people read it; nothing when the record does not have it.
pub(crate) fn shown(context: &Context, field: &Field, record: &Value) -> Option<String> {
    let json = record.get(field.name).filter(|json| !json.is_null())?;
    let text = match field.from_json(json) {
        // To the minute: what is stamped has milliseconds, which nobody reads.
        Ok(RecordValue::Time(time)) => minute(time),
        Ok(value) => field.show(&value, context.texts.lang()),
        // Written by a newer version, or never valid: shown as it stands.
        Err(_) => json.as_str().map_or_else(|| json.to_string(), str::to_owned),
    };
    let text = match field.shape {
        Shape::Integer { min: 1, max: 5 } => with_score(context, &text),
        _ => text,
    };
    (!text.is_empty()).then_some(text)
}

fn with_score(context: &Context, score: &str) -> String {
    let key = format!("score-{score}");
    if context.texts.has(&key) { format!("{score} {}", context.text(&key)) } else { score.to_owned() }
}

/// How a value looks: states carry a colour beside their word.
pub(crate) fn tone(field: &Field, kind: &Kind, record: &Value) -> Tone {
    if field.name == kind.id_field {
        return Tone::Strong;
    }
    if kind.state_field != Some(field.name) {
        return Tone::Plain;
    }
    match record[field.name].as_str().unwrap_or_default() {
        "done" | "reviewed" | "approved" | "handled" | "archived" => Tone::Good,
        "delayed" | "stale" | "pending" => Tone::Warn,
        "cancelled" => Tone::Faint,
        _ => Tone::Plain,
    }
}

/// A title and a line for each field that has a value.
pub(crate) fn card(context: &Context, paint: Paint, record: &Value) -> String {
    let Some(kind) = kind_of(record) else { return format!("{record:#}\n") };
    let id = paint.tone(Tone::Strong, id_of(record));
    let name = paint.tone(Tone::Faint, &context.text(kind.label));
    let mut text = format!("{id}  {name}  {}\n", title(context, record));
    let mut pairs: Vec<(String, Toned)> = kind
        .fields
        .iter()
        .filter(|field| field.name != kind.id_field && record[field.name] != Value::Bool(false))
        .filter_map(|field| {
            Some((context.text(field.label), (shown(context, field, record)?, tone(field, kind, record))))
        })
        .collect();
    pairs.extend(derived(context, record));
    text.push_str(&table::card(paint, context.printer.width, &pairs));
    text
}

/// What a customer has besides fields: the membership their points come to, and the ids they were merged under.
fn derived(context: &Context, record: &Value) -> Vec<(String, Toned)> {
    let membership = record["membership"].as_str().map(|code| context.text(&format!("enum-membership-{code}")));
    let ids: Vec<&str> = record["merged_ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let merged = (!ids.is_empty()).then(|| ids.join(&context.text("cli-separator")));
    [("cli-customer-membership", membership), ("cli-customer-merged_ids", merged)]
        .into_iter()
        .filter_map(|(label, text)| Some((context.text(label), (text?, Tone::Plain))))
        .collect()
}
