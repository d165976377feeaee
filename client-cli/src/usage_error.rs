//! What clap found wrong with the command line, in the words of the catalogue.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use messages::Message;

use crate::command_error::CommandError;

/// Turns clap's finding into ours. `command` is the words typed so far that made sense, for the hint.
pub(crate) fn usage_error(error: &clap::Error, command: &str) -> CommandError {
    let context = |kind| error.get(kind).map(shown);
    let arg = context(ContextKind::InvalidArg).unwrap_or_default();
    let value = context(ContextKind::InvalidValue).unwrap_or_default();
    let message = match error.kind() {
        ErrorKind::UnknownArgument => Message::new("cli-usage-unknown_argument").with("arg", arg),
        ErrorKind::InvalidSubcommand => {
            let typed = context(ContextKind::InvalidSubcommand).unwrap_or_default();
            Message::new("cli-usage-unknown_command").with("command", typed)
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Message::new("cli-usage-missing_command").with("command", command)
        }
        ErrorKind::MissingRequiredArgument => Message::new("cli-usage-missing_argument").with("arg", arg),
        ErrorKind::ArgumentConflict => Message::new("cli-usage-twice").with("arg", arg),
        ErrorKind::InvalidValue if value.is_empty() => Message::new("cli-usage-missing_value").with("arg", arg),
        ErrorKind::InvalidValue => Message::new("cli-usage-not_listed")
            .with("arg", arg)
            .with("value", value)
            .with("allowed", context(ContextKind::ValidValue).unwrap_or_default()),
        ErrorKind::ValueValidation => Message::new("cli-usage-wrong_value").with("arg", arg).with("value", value),
        ErrorKind::TooManyValues | ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues => {
            Message::new("cli-usage-count").with("arg", arg)
        }
        ErrorKind::InvalidUtf8 => Message::new("cli-usage-not_utf8"),
        // What our own commands cannot provoke keeps clap's own first line.
        _ => Message::new("cli-usage-other").with("what", first_line(error)),
    };
    let mut told = CommandError::usage(message);
    for kind in [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg] {
        let suggested = match error.get(kind) {
            // The most alike stands last.
            Some(ContextValue::Strings(all)) => all.last().cloned(),
            other => other.map(shown),
        };
        if let Some(suggested) = suggested {
            told = told.hint(Message::new("cli-hint-did_you_mean").with("suggested", suggested));
        }
    }
    told.hint(Message::new("cli-hint-help").with("command", command))
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

fn shown(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        ContextValue::StyledStr(text) => text.to_string(),
        ContextValue::StyledStrs(texts) => texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        ContextValue::Number(number) => number.to_string(),
        ContextValue::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}
