//! Flags derived from the fields of a kind, and their values read back.
//!
//! A flag is spelled like its field (`--created-on`), a few have the shorter name that people use (`--due`). What a value may be,
//! and what to say when it is not, the `records` crate knows.

use std::ffi::OsString;
use std::str::FromStr;

use clap::{Arg, ArgMatches, Command, builder::OsStringValueParser};
use messages::{Arg as Variable, Catalogue, Message};
use records::{Field, Fields, Kind, Shape, Value};
use vocab::ParseError;

use crate::command_error::{CommandError, Failure};
use crate::commands::kinds;

/// Flags that people know by another name than their field: the field, the flag.
const SHORT_NAMES: [(&str, &str); 4] =
    [("due_at", "due"), ("assignee", "to"), ("cancelled_why", "why"), ("reopened_why", "why")];

/// The flag of `field`, without the dashes.
pub(crate) fn flag_name(field: &Field) -> String {
    let short = SHORT_NAMES.iter().find(|(name, _)| *name == field.name);
    short.map_or_else(|| field.name.replace('_', "-"), |(_, flag)| (*flag).to_owned())
}

/// Adds a flag for each of `fields` to `command`.
pub(crate) fn with_flags(
    command: Command,
    fields: impl IntoIterator<Item = &'static Field>,
    texts: &Catalogue,
) -> Command {
    let heading = texts.text("cli-help-heading-fields", &[]);
    command.args(fields.into_iter().map(|field| flag(field, texts).help_heading(heading.clone())))
}

fn flag(field: &'static Field, texts: &Catalogue) -> Arg {
    let name = flag_name(field);
    let spelled_out = field.name.replace('_', "-");
    let alias = (spelled_out != name).then_some(spelled_out);
    Arg::new(field.name)
        .long(name)
        .aliases(alias)
        .value_name(value_name(field.shape))
        .value_parser(OsStringValueParser::new())
        .allow_negative_numbers(true)
        .help(help(field, texts))
}

const fn value_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Masked | Shape::Staff => "NAME",
        Shape::Line(_) | Shape::Text(_) | Shape::Notes => "TEXT",
        Shape::Enum(_) => "CODE",
        Shape::Integer { .. } => "N",
        Shape::Date => "DAY",
        Shape::Time => "TIME",
        Shape::Tags => "TAGS",
        Shape::Reference(_) => "ID",
        Shape::Signature => "SIGNATURE",
        Shape::Flag => "YES",
    }
}

fn help(field: &Field, texts: &Catalogue) -> String {
    let required = if field.required { texts.text("cli-arg-field-required", &[]) } else { String::new() };
    let parts =
        [("label", Variable::from(texts.text(field.label, &[]))), ("shape", shape_text(field.shape, texts).into())];
    format!("{}{required}", texts.text("cli-arg-field", &parts))
}

/// What values a shape takes, in a few words: for help and prompts.
pub(crate) fn shape_text(shape: Shape, texts: &Catalogue) -> String {
    let text = |key: &str, args: &[(&str, Variable)]| texts.text(key, args);
    match shape {
        Shape::Masked => text("cli-shape-masked", &[]),
        Shape::Staff => text("cli-shape-staff", &[]),
        Shape::Line(_) => text("cli-shape-line", &[]),
        Shape::Text(_) => text("cli-shape-text", &[]),
        Shape::Enum(list) => {
            let codes: Vec<String> = list.codes.iter().map(|code| choice(code, &list.label(code), texts)).collect();
            text("cli-shape-enum", &[("codes", codes.join(", ").into())])
        }
        // A number without a real upper end is told its lower one only.
        Shape::Integer { min, max } if max > 10_000 => {
            text("cli-shape-integer-from", &[("min", min.to_string().into())])
        }
        Shape::Integer { min, max } => {
            text("cli-shape-integer", &[("min", min.to_string().into()), ("max", max.to_string().into())])
        }
        Shape::Date => text("cli-shape-date", &[]),
        Shape::Time => text("cli-shape-time", &[]),
        Shape::Tags => text("cli-shape-tags", &[]),
        Shape::Reference(kind) => text("cli-shape-reference", &[("kind", Variable::Key(format!("kind-{kind}")))]),
        Shape::Notes => text("cli-shape-notes", &[]),
        Shape::Signature => text("cli-shape-signature", &[]),
        Shape::Flag => text("cli-shape-flag", &[]),
    }
}

/// A code with its label, where the label says more than the code: `high 高`.
fn choice(code: &str, label_key: &str, texts: &Catalogue) -> String {
    let label = texts.text(label_key, &[]);
    let plain = |text: &str| text.to_lowercase().replace(['_', '-'], " ");
    if plain(&label) == plain(code) { code.to_owned() } else { format!("{code} {label}") }
}

/// The values given for `fields`. Everything that is wrong is told at once.
pub(crate) fn given(
    matches: &ArgMatches,
    fields: impl IntoIterator<Item = &'static Field>,
) -> Result<Fields, CommandError> {
    let mut values = Fields::new();
    let mut wrong = Vec::new();
    for field in fields {
        let Some(raw) = matches.get_one::<OsString>(field.name) else { continue };
        let parsed = match raw.to_str() {
            // People may name a record by its number on paper; the engine looks it up.
            Some(text) if matches!(field.shape, Shape::Reference(_)) => Ok(Value::from(text.trim())),
            Some(text) => field.parse(text).map_err(|invalid| invalid.message()),
            None => Err(not_utf8(&spelled(field))),
        };
        match parsed {
            Ok(value) => {
                values.insert(field.name, value);
            }
            Err(message) => wrong.push(message),
        }
    }
    if wrong.is_empty() { Ok(values) } else { Err(CommandError::several(Failure::Refused, wrong)) }
}

/// How a flag is typed.
pub(crate) fn spelled(field: &Field) -> String {
    format!("--{}", flag_name(field))
}

/// Says what is missing, when nobody can be asked: each as it is typed, with the key of what it means.
pub(crate) fn missing(lacking: impl IntoIterator<Item = (String, &'static str)>, command: &str) -> CommandError {
    let messages = lacking.into_iter().map(|(typed, label)| {
        Message::new("cli-error-missing").with("flag", typed).with("field", Variable::Key(label.to_owned()))
    });
    CommandError::several(Failure::Usage, messages.collect())
        .hint(Message::new("cli-hint-help").with("command", command))
}

/// Says that a command which changes fields was given none.
pub(crate) fn nothing_given(command: &str) -> CommandError {
    CommandError::usage(Message::new("cli-error-nothing_given"))
        .hint(Message::new("cli-hint-help").with("command", command))
}

/// Says that the record is of another kind than the command is about.
pub(crate) fn wrong_kind(wanted: &Kind, record: &serde_json::Value) -> CommandError {
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    CommandError::refused(
        Message::new("cli-error-wrong_kind")
            .with("id", text("id"))
            .with("found", Variable::Key(format!("kind-{}", text("kind"))))
            .with("wanted", Variable::Key(wanted.label.to_owned())),
    )
    .hint(Message::new("cli-hint-try").with("command", format!("fieldbook {}show {}", command(record), text("id"))))
}

/// The command for records like this one and a space; `show` alone takes those of a kind that has none.
fn command(record: &serde_json::Value) -> String {
    let commands = crate::record_view::kind_of(record).and_then(kinds::of);
    commands.map_or_else(String::new, |commands| format!("{} ", commands.name))
}

fn not_utf8(arg: &str) -> Message {
    Message::new("cli-error-not_utf8").with("arg", arg)
}

/// The text of an argument that must be UTF-8; `arg` is how the person knows it.
pub(crate) fn text<'a>(matches: &'a ArgMatches, id: &str, arg: &str) -> Result<Option<&'a str>, CommandError> {
    matches
        .get_one::<OsString>(id)
        .map(|raw| raw.to_str().ok_or_else(|| CommandError::refused(not_utf8(arg))))
        .transpose()
}

/// The record id that a command is about.
pub(crate) fn id(matches: &ArgMatches) -> Result<&str, CommandError> {
    Ok(text(matches, "id", "ID")?.unwrap_or_default())
}

/// A positional `ID`.
pub(crate) fn id_argument() -> Arg {
    Arg::new("id").value_name("ID").required(true).value_parser(OsStringValueParser::new())
}

/// An option with a text that is read by [`text`].
pub(crate) fn option(id: &'static str, value_name: &'static str) -> Arg {
    Arg::new(id).long(id).value_name(value_name).value_parser(OsStringValueParser::new())
}

/// The value of an option that the vocabulary can read: a role, a staff name.
pub(crate) fn parsed<T: FromStr<Err = ParseError>>(
    matches: &ArgMatches,
    id: &'static str,
) -> Result<Option<T>, CommandError> {
    let arg = format!("--{id}");
    let Some(text) = text(matches, id, &arg)? else { return Ok(None) };
    text.parse().map(Some).map_err(|error: ParseError| {
        CommandError::refused(Message::new("cli-error-value").with("arg", arg).with("value", error.input.as_str()))
            .caused_by(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocab::Lang;

    fn matches(args: &[&str]) -> ArgMatches {
        with_flags(Command::new("add"), records::FEEDBACK.writable(), Catalogue::of(Lang::En))
            .get_matches_from([&["add"], args].concat())
    }

    #[test]
    fn flags_are_spelled_like_their_fields() {
        let given = given(&matches(&["--score", "4", "--text", "ok"]), records::FEEDBACK.writable()).unwrap();
        assert_eq!(given["score"].as_integer(), Some(4));
        assert_eq!(given["text"].as_text(), Some("ok"));
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let error = given(&matches(&["--score", "6", "--owner", "nobody"]), records::FEEDBACK.writable()).unwrap_err();
        assert_eq!(error.count(), 2);
    }

    #[test]
    fn a_negative_number_is_a_value_and_not_a_flag() {
        assert!(given(&matches(&["--score", "-1"]), records::FEEDBACK.writable()).is_err());
    }
}
