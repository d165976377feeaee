//! Asking at a terminal for what the command line left out. Nothing is written before the last answer.

use std::fmt;

use device::Device;
use inquire::error::InquireError;
use inquire::validator::Validation;
use inquire::{Select, Text};
use messages::{Arg, Catalogue, Message};
use records::{Enumeration, Field, Fields, Kind, Shape, Value};

use crate::arguments::shape_text;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::printer::Tone;
use crate::record_view;

/// Most records offered when words were typed in place of an id.
const OFFERED_MAX: usize = 12;
/// Most records looked through for those, since a search finds records of every kind.
const FOUND_MAX: u32 = 200;
/// Lines of a list on the screen at once.
const PAGE_LINES: usize = 10;

/// Something to choose, and how it is shown.
struct Choice<T> {
    value: T,
    shown: String,
}

impl<T> fmt::Display for Choice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Says what is being made and how to stop.
pub(crate) fn announce(context: &Context, kind: &Kind) {
    let line = context.text_with("cli-prompt-adding", &[("kind", Arg::Key(kind.label.to_owned()))]);
    context.printer.note(&context.printer.err.tone(Tone::Faint, &line));
}

/// Asks for each of `fields` that `values` lacks.
pub(crate) fn ask_all(
    context: &Context,
    fields: impl IntoIterator<Item = &'static Field>,
    values: &mut Fields,
) -> Result<(), CommandError> {
    for field in fields {
        if values.contains_key(field.name) {
            continue;
        }
        if let Some(value) = ask(context, field)? {
            values.insert(field.name, value);
        }
    }
    Ok(())
}

fn ask(context: &Context, field: &'static Field) -> Result<Option<Value>, CommandError> {
    match field.shape {
        Shape::Enum(list) => choose_code(context, field, list),
        _ => type_value(context, field),
    }
}

/// A code, shown by its labels in both languages, the chosen one first.
fn choose_code(
    context: &Context,
    field: &'static Field,
    list: &'static Enumeration,
) -> Result<Option<Value>, CommandError> {
    let mut choices: Vec<Choice<Option<&'static str>>> = Vec::new();
    if !field.required {
        choices.push(Choice { value: None, shown: context.text("cli-prompt-none") });
    }
    choices
        .extend(list.codes.iter().map(|code| Choice { value: Some(*code), shown: both_labels(context, list, code) }));
    let label = context.text(field.label);
    let help = context.text("cli-prompt-choose");
    let chosen =
        Select::new(&label, choices).with_help_message(&help).with_page_size(PAGE_LINES).prompt().map_err(stopped)?;
    Ok(chosen.value.map(Value::from))
}

fn both_labels(context: &Context, list: &Enumeration, code: &str) -> String {
    let key = list.label(code);
    let ours = context.text(&key);
    let others = vocab::Lang::ALL.into_iter().filter(|lang| *lang != context.texts.lang());
    let mut shown = ours.clone();
    for other in others.map(|lang| Catalogue::of(lang).text(&key, &[])).filter(|other| *other != ours) {
        shown = format!("{shown}  {other}");
    }
    shown
}

fn type_value(context: &Context, field: &'static Field) -> Result<Option<Value>, CommandError> {
    let texts = context.texts;
    let label = context.text(field.label);
    let skip = if field.required { String::new() } else { format!(" · {}", context.text("cli-prompt-skip")) };
    let help = format!("{}{skip}", shape_text(field.shape, texts));
    let is_reference = matches!(field.shape, Shape::Reference(_));
    let typed = Text::new(&label)
        .with_help_message(&help)
        .with_validator(move |text: &str| {
            Ok(match text.trim() {
                "" if !field.required => Validation::Valid,
                "" => Validation::Invalid(texts.text("cli-prompt-required", &[]).into()),
                // A number on paper will do; the engine looks it up.
                _ if is_reference => Validation::Valid,
                text => match field.parse(text) {
                    Ok(_) => Validation::Valid,
                    Err(invalid) => Validation::Invalid(texts.render(&invalid.message()).into()),
                },
            })
        })
        .prompt()
        .map_err(stopped)?;
    if typed.trim().is_empty() {
        return Ok(None);
    }
    if is_reference {
        return Ok(Some(typed.trim().into()));
    }
    field.parse(&typed).map(Some).map_err(|invalid| CommandError::refused(invalid.message()))
}

/// What to change in `record`: field by field, until the person is done.
pub(crate) fn ask_changes(
    context: &Context,
    fields: impl Iterator<Item = &'static Field>,
    record: &serde_json::Value,
) -> Result<Fields, CommandError> {
    let fields: Vec<&'static Field> = fields.collect();
    let label = context.text("cli-prompt-which_field");
    let help = context.text("cli-prompt-choose");
    let mut values = Fields::new();
    loop {
        let mut choices = vec![Choice { value: None, shown: context.text("cli-prompt-finish") }];
        choices.extend(fields.iter().map(|field| {
            let was = match values.get(field.name) {
                Some(value) => field.show(value, context.texts.lang()),
                None => record_view::shown(context, field, record).unwrap_or_default(),
            };
            Choice { value: Some(*field), shown: format!("{}  {was}", context.text(field.label)) }
        }));
        let chosen = Select::new(&label, choices)
            .with_help_message(&help)
            .with_page_size(PAGE_LINES)
            .with_starting_cursor(usize::from(values.is_empty()))
            .prompt();
        let Some(field) = chosen.map_err(stopped)?.value else { return Ok(values) };
        if let Some(value) = ask(context, field)? {
            values.insert(field.name, value);
        }
    }
}

/// The id of a record of `kind`: typed, or found by words and chosen.
pub(crate) fn ask_record(context: &Context, device: &mut Device, kind: &'static Kind) -> Result<String, CommandError> {
    let label = context.text(kind.label);
    let help = context.text("cli-prompt-reference");
    loop {
        let typed = Text::new(&label).with_help_message(&help).prompt().map_err(stopped)?;
        let typed = typed.trim();
        if typed.is_empty() {
            continue;
        }
        if device.record(typed).is_ok_and(|record| record["kind"] == kind.code) {
            return Ok(typed.to_owned());
        }
        let choices = matching(context, device, kind, typed)?;
        if choices.is_empty() {
            context.warn(&context.text("cli-prompt-no-match"));
            continue;
        }
        let choose = context.text("cli-prompt-choose");
        let chosen = Select::new(&label, choices).with_help_message(&choose).with_page_size(PAGE_LINES).prompt();
        return Ok(chosen.map_err(stopped)?.value);
    }
}

fn matching(
    context: &Context,
    device: &mut Device,
    kind: &'static Kind,
    words: &str,
) -> Result<Vec<Choice<String>>, CommandError> {
    let found = device.search(words, FOUND_MAX)?;
    let of_kind = found.iter().filter(|record| record["kind"] == kind.code).take(OFFERED_MAX);
    Ok(of_kind
        .map(|record| {
            let id = record_view::id_of(record).to_owned();
            Choice { shown: format!("{id}  {}", record_view::title(context, record)), value: id }
        })
        .collect())
}

fn stopped(error: InquireError) -> CommandError {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => {
            CommandError::refused(Message::new("cli-error-stopped"))
        }
        error => CommandError::refused(Message::new("cli-error-prompt")).caused_by(error),
    }
}
