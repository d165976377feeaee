//! `search`: records that contain the words; two Chinese characters are enough.

use clap::{Arg, ArgMatches, Command, builder::OsStringValueParser, value_parser};
use messages::Catalogue;

use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::printer::Tone;
use crate::record_view;
use crate::table::{self, Toned};

/// Records found at once unless asked otherwise.
const FOUND_DEFAULT: u32 = 20;
/// Longest excerpt, in columns.
const EXCERPT_WIDTH_MAX: usize = 60;

pub(super) fn shape(command: Command, texts: &Catalogue) -> Command {
    let limit_help = texts.text("cli-arg-limit", &[("default", FOUND_DEFAULT.to_string().into())]);
    command
        .arg(Arg::new("text").value_name("TEXT").required(true).value_parser(OsStringValueParser::new()))
        .arg(Arg::new("limit").long("limit").value_name("N").value_parser(value_parser!(u32)).help(limit_help))
}

pub(super) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let text = arguments::text(matches, "text", "TEXT")?.unwrap_or_default();
    let limit = matches.get_one::<u32>("limit").copied().unwrap_or(FOUND_DEFAULT);
    let mut device = context.open()?;
    let found = device.search(text, limit)?;
    if context.json {
        return Ok(context.printer.json(&found)?);
    }
    if found.is_empty() {
        context.printer.note(&context.text("cli-none-found"));
        return Ok(());
    }
    let headings = ["cli-heading-record", "cli-heading-kind", "cli-heading-text"].map(|key| context.text(key));
    let rows: Vec<Vec<Toned>> = found
        .iter()
        .map(|record| {
            let kind = record_view::kind_of(record).map(|kind| context.text(kind.label)).unwrap_or_default();
            vec![
                (record_view::id_of(record).to_owned(), Tone::Strong),
                (kind, Tone::Faint),
                (excerpt(context, record, text), Tone::Plain),
            ]
        })
        .collect();
    let headings = headings.each_ref().map(String::as_str);
    Ok(context.printer.data(&table::rows(context.printer.out, context.printer.width, &headings, &rows))?)
}

/// The title, and the first other value that holds the words.
fn excerpt(context: &Context, record: &serde_json::Value, words: &str) -> String {
    let title = record_view::title(context, record);
    let words = words.to_lowercase();
    let holds = |text: &String| words.split_whitespace().any(|word| text.to_lowercase().contains(word));
    let value = record_view::kind_of(record).and_then(|kind| {
        let mut values =
            kind.fields.iter().filter_map(|field| Some((field, record_view::shown(context, field, record)?)));
        values.find(|(field, text)| field.name != kind.id_field && *text != title && holds(text))
    });
    match value {
        Some((field, text)) if !holds(&title) => {
            let value = table::cut(&text, EXCERPT_WIDTH_MAX);
            let args = [("field", context.text(field.label).into()), ("value", value.into())];
            format!("{title} · {}", context.text_with("cli-history-datum", &args))
        }
        _ => title,
    }
}
