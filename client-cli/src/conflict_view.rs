//! Disagreements at a terminal: what is disputed, what each side wrote, which of it is in effect, what to do.

use records::{Field, Kind};
use serde_json::Value;
use vocab::DeviceKey;

use crate::context::Context;
use crate::history_view::{author, device, minute, name_device};
use crate::printer::{Paint, Tone};
use crate::table;

/// Longest candidate on one line, in columns.
const CANDIDATE_WIDTH_MAX: usize = 64;

/// The kind that the id of a conflict's record tells.
fn kind_of(conflict: &Value) -> Option<&'static Kind> {
    records::kind_of_prefix(conflict["record"].as_str()?.split('-').next()?)
}

fn field_of(kind: Option<&'static Kind>, name: &Value) -> Option<&'static Field> {
    kind?.field(name.as_str()?)
}

/// The label of the field that a conflict is about.
pub(crate) fn field_label(context: &Context, conflict: &Value) -> String {
    let name = conflict["field"].as_str().unwrap_or_default();
    field_of(kind_of(conflict), &conflict["field"]).map_or_else(|| name.to_owned(), |field| context.text(field.label))
}

/// Names the devices that are known.
pub(crate) fn name_devices(conflict: &mut Value, known: &[(DeviceKey, String)]) {
    if let Some(candidates) = conflict["candidates"].as_array_mut() {
        candidates.iter_mut().for_each(|candidate| name_device(candidate, known));
    }
}

/// Why it is shown, in one sentence.
pub(crate) fn reason(context: &Context, conflict: &Value) -> String {
    context.text(conflict["reason"].as_str().unwrap_or_default())
}

fn candidate_text(context: &Context, kind: Option<&'static Kind>, candidate: &Value) -> String {
    let code = candidate["value"].as_str();
    if let (Some(_), Some(code)) = (candidate["event"].as_str(), code) {
        let event = kind.and_then(|kind| kind.event(code));
        return event.map_or_else(|| code.to_owned(), |event| context.text(event.label));
    }
    let shown = field_of(kind, &candidate["field"])
        .and_then(|field| Some(field.show(&field.from_json(&candidate["value"]).ok()?, context.texts.lang())));
    let shown = shown.unwrap_or_else(|| code.map_or_else(|| candidate["value"].to_string(), str::to_owned));
    table::cut(&shown, CANDIDATE_WIDTH_MAX)
}

/// A heading and a line for each candidate. `number` is its place in the list of conflicts, where there is one.
pub(crate) fn block(context: &Context, paint: Paint, number: Option<usize>, title: &str, conflict: &Value) -> String {
    let kind = kind_of(conflict);
    let tone = if conflict["severity"] == "notice" { Tone::Strong } else { Tone::Warn };
    let lead = number.map_or_else(String::new, |number| format!("{number}  "));
    let indent = " ".repeat(lead.len());
    let record = conflict["record"].as_str().unwrap_or_default();
    // Two different fields: there is no one field to name.
    let about = if conflict["kind"] == "parallel" {
        format!("{record} {title}")
    } else {
        let field = field_label(context, conflict);
        let args = [("record", record.into()), ("title", title.into()), ("field", field.into())];
        context.text_with("cli-conflict-about", &args)
    };
    let mut text = format!("{lead}{}\n", paint.tone(tone, &about));
    text.push_str(&format!("{indent}{}\n", paint.tone(Tone::Faint, &reason(context, conflict))));
    let candidates = conflict["candidates"].as_array().map_or(&[][..], Vec::as_slice);
    let shown: Vec<String> = candidates
        .iter()
        .map(|candidate| {
            let text = candidate_text(context, kind, candidate);
            match field_of(kind, &candidate["field"]) {
                Some(field) if candidate["event"].is_null() && candidate["field"] != conflict["field"] => {
                    let args = [("field", context.text(field.label).into()), ("value", text.into())];
                    context.text_with("cli-history-datum", &args)
                }
                _ => text,
            }
        })
        .collect();
    let columns = shown.iter().map(|text| table::width(text)).max().unwrap_or(0);
    for (index, (candidate, value)) in candidates.iter().zip(&shown).enumerate() {
        let by = context.text_with(
            "cli-conflict-by",
            &[
                ("author", author(context, candidate).into()),
                ("at", minute(&candidate["at"]).into()),
                ("device", device(candidate).into()),
            ],
        );
        let effective = candidate["effective"] == Value::Bool(true);
        let mark = if effective { paint.tone(Tone::Good, "●") } else { "○".to_owned() };
        let value = paint.tone(if effective { Tone::Strong } else { Tone::Plain }, &table::pad(value, columns));
        text.push_str(&format!("{indent}  {mark} {}  {value}  {}\n", index + 1, paint.tone(Tone::Faint, &by)));
    }
    text
}
