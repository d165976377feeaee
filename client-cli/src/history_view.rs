//! The history of a record at a terminal: when, who, on which device, what, from what to what.

use records::{Field, Kind};
use serde_json::Value;
use vocab::{Actor, DeviceKey};

use crate::context::Context;
use crate::printer::{Paint, Tone};
use crate::table::{self, Toned};

/// Digits of an actor that tell devices of one branch apart.
const ACTOR_DIGITS: usize = 8;
/// Longest value in a line about it, in columns.
const VALUE_WIDTH_MAX: usize = 60;

/// An instant as people read it, on the branch's clocks: `2024-05-02 09:00`.
pub(crate) fn minute(json: &Value) -> String {
    let text = json.as_str().unwrap_or_default();
    text.parse::<vocab::Timestamp>()
        .map_or_else(|_| text.to_owned(), |at| at.local().format("%Y-%m-%d %H:%M").to_string())
}

/// Who wrote something, as history and conflicts carry it: `王*, engineer`.
pub(crate) fn author(context: &Context, written: &Value) -> String {
    match (written["by"].as_str(), written["role"].as_str()) {
        (Some(by), Some(role)) => context
            .text_with("cli-author", &[("by", by.into()), ("role", context.text(&format!("role-{role}")).into())]),
        (by, _) => by.unwrap_or("?").to_owned(),
    }
}

/// The device of an author: its code where the book knows it, else the first digits of its key.
pub(crate) fn device(written: &Value) -> String {
    let known = written["device"].as_str();
    let actor = written["actor"].as_str().unwrap_or_default();
    known.map_or_else(|| actor.chars().take(ACTOR_DIGITS).collect(), str::to_owned)
}

/// Names the devices that are known: `written` is a history's entry or a conflict's candidate.
pub(crate) fn name_device(written: &mut Value, known: &[(DeviceKey, String)]) {
    let actor = written["actor"].as_str().and_then(|actor| actor.parse::<Actor>().ok());
    let name = actor.and_then(|actor| known.iter().find(|(key, _)| actor.belongs_to(key)));
    if let (Some((_, name)), Some(object)) = (name, written.as_object_mut()) {
        object.insert("device".to_owned(), name.as_str().into());
    }
}

/// A row for each entry, in the order given.
pub(crate) fn table(context: &Context, paint: Paint, kind: &Kind, entries: &[Value]) -> String {
    let headings = ["when", "who", "device", "what"].map(|name| context.text(&format!("cli-history-heading-{name}")));
    let rows: Vec<Vec<Toned>> = entries
        .iter()
        .map(|entry| {
            let (what, tone) = what(context, kind, entry);
            vec![
                (minute(&entry["at"]), Tone::Faint),
                (author(context, entry), Tone::Plain),
                (device(entry), Tone::Faint),
                (what, tone),
            ]
        })
        .collect();
    table::rows(paint, context.printer.width, &headings.each_ref().map(String::as_str), &rows)
}

fn what(context: &Context, kind: &Kind, entry: &Value) -> Toned {
    if let Some(event) = entry["event"].as_str() {
        return step(context, kind, event, entry);
    }
    let name = entry["field"].as_str().unwrap_or_default();
    let field = kind.field(name.trim_end_matches("!rewrite"));
    let label = field.map_or_else(|| name.to_owned(), |field| context.text(field.label));
    let value = |side: &str| value(context, field, &entry[side]);
    let key = if entry["before"].is_null() { "cli-history-set" } else { "cli-history-changed" };
    let args = [("field", label.into()), ("before", value("before").into()), ("after", value("after").into())];
    (context.text_with(key, &args), Tone::Plain)
}

fn value(context: &Context, field: Option<&'static Field>, json: &Value) -> String {
    let shown = match (field, json) {
        (_, Value::Null) => String::new(),
        (Some(field), json) => field.from_json(json).map_or_else(
            |_| json.as_str().map_or_else(|| json.to_string(), str::to_owned),
            |value| field.show(&value, context.texts.lang()),
        ),
        (None, json) => json.as_str().map_or_else(|| json.to_string(), str::to_owned),
    };
    if shown.is_empty() { context.text("cli-history-nothing") } else { table::cut(&shown, VALUE_WIDTH_MAX) }
}

fn step(context: &Context, kind: &Kind, code: &str, entry: &Value) -> Toned {
    let event = kind.event(code);
    let mut text = event.map_or_else(|| code.to_owned(), |event| context.text(event.label));
    let data = entry["data"].as_object().into_iter().flatten();
    let told: Vec<String> = data
        .filter(|(name, _)| *name != "digest")
        .map(|(name, json)| {
            let field = event.and_then(|event| event.data.iter().find(|field| field.name == name));
            let label = field.map_or_else(|| name.clone(), |field| context.text(field.label));
            context.text_with(
                "cli-history-datum",
                &[("field", label.into()), ("value", value(context, field, json).into())],
            )
        })
        .collect();
    if !told.is_empty() {
        text = context.text_with(
            "cli-history-step",
            &[("step", text.into()), ("data", told.join(&context.text("cli-separator")).into())],
        );
    }
    if entry["effective"] == Value::Bool(false) {
        return (context.text_with("cli-history-without_effect", &[("what", text.into())]), Tone::Warn);
    }
    (text, Tone::Plain)
}
