//! `show`: any record, with its history.

use clap::{ArgMatches, Command};
use device::Device;
use messages::{Catalogue, Message};
use serde_json::Value;
use vocab::Timestamp;

use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::printer::Tone;
use crate::{conflict_view, history_view, record_view};

pub(super) fn shape(command: Command, _texts: &Catalogue) -> Command {
    command.arg(arguments::id_argument())
}

pub(super) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let id = arguments::id(matches)?;
    let mut device = context.open()?;
    let mut record = device.record_led(id)?;
    let mut history = history_of(&mut device, id, None)?;
    let conflicts = super::conflicts::about(&mut device, record_view::id_of(&record))?;
    if context.json {
        if let Some(object) = record.as_object_mut() {
            // A customer has a field of that name, which is the domain's; every record has its changes under their own.
            object.entry("history").or_insert_with(|| Value::Array(history.clone()));
            object.insert("changes".to_owned(), Value::Array(history));
            object.insert("conflicts".to_owned(), Value::Array(conflicts));
        }
        return Ok(context.printer.json(&record)?);
    }
    let known = context.known_devices(&mut device)?;
    let paint = context.printer.out;
    let mut text = record_view::card(context, paint, &record);
    for mut conflict in conflicts {
        conflict_view::name_devices(&mut conflict, &known);
        let title = record_view::title(context, &record);
        text.push_str(&format!("\n{}", conflict_view::block(context, paint, None, &title, &conflict)));
    }
    if let Some(kind) = record_view::kind_of(&record) {
        history.iter_mut().for_each(|entry| history_view::name_device(entry, &known));
        let heading = paint.tone(Tone::Strong, &context.text("cli-heading-history"));
        text.push_str(&format!("\n{heading}\n{}", history_view::table(context, paint, kind, &history)));
    }
    Ok(context.printer.data(&text)?)
}

/// The entries of a record's history as JSON, the earliest first.
pub(super) fn history_of(device: &mut Device, id: &str, as_of: Option<Timestamp>) -> Result<Vec<Value>, CommandError> {
    as_json(&device.history(id, as_of)?)
}

/// Each of `entries` as JSON.
pub(super) fn as_json<T: serde::Serialize>(entries: &[T]) -> Result<Vec<Value>, CommandError> {
    let values: Result<Vec<Value>, _> = entries.iter().map(serde_json::to_value).collect();
    values.map_err(|error| CommandError::refused(Message::new("cli-error-output")).caused_by(error))
}
