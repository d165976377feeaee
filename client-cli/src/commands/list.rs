//! `customer list` and its sisters: records of one kind, the latest first.

use clap::{Arg, ArgMatches, Command, value_parser};
use device::{Device, Filter, Order, PERSON_FIELDS, Page};
use messages::{Catalogue, Message};
use records::{Field, Kind, Shape};
use serde_json::Value;

use super::kinds::{self, KindCommands};
use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::printer::Tone;
use crate::record_view;
use crate::table::{self, Toned};

/// Records shown to a person at once; a script with `--json` gets all of them unless it says otherwise.
const SHOWN_DEFAULT: u32 = 50;
/// Longest value in a column, in columns of the terminal.
const CELL_WIDTH_MAX: usize = 36;
pub(super) fn shape(command: Command, kind: &'static Kind, texts: &Catalogue) -> Command {
    let limit_help = texts.text("cli-arg-limit", &[("default", SHOWN_DEFAULT.to_string().into())]);
    let limit = Arg::new("limit").long("limit").value_name("N").value_parser(value_parser!(u32)).help(limit_help);
    let mut command = command.arg(arguments::option("words", "TEXT")).arg(limit);
    if kind.state_field.is_some() {
        command = command.arg(arguments::option("state", "CODE"));
    }
    if PERSON_FIELDS.into_iter().any(|name| kind.field(name).is_some()) {
        command = command.arg(arguments::option("staff", "NAME"));
    }
    for parent in ancestors(kind) {
        command = command.arg(arguments::option(parent.code, "ID"));
    }
    command
}

/// What a list can be narrowed to: the record's parent, and its customer.
fn ancestors(kind: &'static Kind) -> Vec<&'static Kind> {
    let mut found = Vec::new();
    let mut next = kind.parent.as_ref();
    while let Some(parent) = next.and_then(|parent| records::kind(parent.kind)) {
        if found.is_empty() || parent.parent.is_none() {
            found.push(parent);
        }
        next = parent.parent.as_ref();
    }
    found
}

pub(super) fn run(context: &Context, commands: &KindCommands, matches: &ArgMatches) -> Result<(), CommandError> {
    let kind = commands.kind;
    let asked = matches.get_one::<u32>("limit").copied();
    let limit = asked.unwrap_or(if context.json { u32::MAX } else { SHOWN_DEFAULT });
    let mut device = context.open()?;
    let filter = filter(&mut device, kind, matches)?;
    let (records, total) = records(&mut device, kind, &filter, limit)?;
    if context.json {
        return Ok(context.printer.json(&records)?);
    }
    if records.is_empty() {
        let nothing = if filter == Filter::default() { "cli-none-yet" } else { "cli-none-found" };
        context.printer.note(&context.text(nothing));
        context.next(&format!("fieldbook {} add", commands.name));
        return Ok(());
    }
    context.printer.data(&as_table(context, kind, &records))?;
    if total > records.len() as u64 {
        let counts = [("shown", records.len().into()), ("total", total.into())];
        context.detail(&context.text_with("cli-more-left", &counts));
    }
    Ok(())
}

/// Every record that the arguments of a list ask for, up to its limit.
pub(super) fn asked(
    device: &mut Device,
    kind: &'static Kind,
    matches: &ArgMatches,
) -> Result<Vec<Value>, CommandError> {
    let filter = filter(device, kind, matches)?;
    let limit = matches.get_one::<u32>("limit").copied().unwrap_or(u32::MAX);
    Ok(records(device, kind, &filter, limit)?.0)
}

/// Up to `limit` records, lately changed first, and how many there are in all.
fn records(
    device: &mut Device,
    kind: &'static Kind,
    filter: &Filter,
    limit: u32,
) -> Result<(Vec<Value>, u64), CommandError> {
    let mut records = Vec::new();
    loop {
        let offset = u32::try_from(records.len()).unwrap_or(u32::MAX);
        let page = Page { offset, limit: (limit - offset).min(Page::default().limit) };
        let listing = device.list(kind, filter, Order::Updated, page)?;
        let came = listing.rows.len();
        for row in &listing.rows {
            records.push(
                row.value().map_err(|error| CommandError::refused(Message::new("cli-error-row")).caused_by(error))?,
            );
        }
        if came == 0 || records.len() as u64 >= listing.total.min(u64::from(limit)) {
            return Ok((records, listing.total));
        }
    }
}

fn filter(device: &mut Device, kind: &'static Kind, matches: &ArgMatches) -> Result<Filter, CommandError> {
    let text = |id: &str| arguments::text(matches, id, &format!("--{id}"));
    let mut filter = Filter { text: text("words")?.map(str::to_owned), ..Filter::default() };
    if let Some(field) = kind.state_field.and_then(|name| kind.field(name))
        && let Some(state) = text("state")?
    {
        let value = field.parse(state).map_err(|invalid| CommandError::refused(invalid.message()))?;
        filter.state = value.as_text().map(str::to_owned);
    }
    if PERSON_FIELDS.into_iter().any(|name| kind.field(name).is_some()) {
        filter.assignee = text("staff")?.map(str::to_owned);
    }
    for (distance, ancestor) in ancestors(kind).into_iter().enumerate() {
        let Some(id) = text(ancestor.code)? else { continue };
        let record = super::record::of_kind(device, ancestor, id)?;
        let id = record_view::id_of(&record).parse().ok();
        if ancestor.parent.is_none() {
            filter.customer = id;
        } else if distance == 0 {
            filter.parent = id;
        }
    }
    Ok(filter)
}

/// A table of records of one kind.
pub(super) fn as_table(context: &Context, kind: &'static Kind, records: &[Value]) -> String {
    let names = kinds::of(kind).map_or(&[][..], |commands| commands.columns);
    let mut fields: Vec<&'static Field> = names.iter().filter_map(|name| kind.field(name)).collect();
    // The number of the paper form, where the records have one: it is what people know them by.
    let legacy = kind.field("legacy_id").filter(|field| records.iter().any(|record| record.get(field.name).is_some()));
    fields.extend(legacy);
    let headings: Vec<String> = fields.iter().map(|field| context.text(field.label)).collect();
    let rows: Vec<Vec<Toned>> = records
        .iter()
        .map(|record| {
            let cell = |field: &&'static Field| {
                let text = record_view::shown(context, field, record).unwrap_or_default();
                let text = if field.name == kind.id_field { text } else { table::cut(&text, CELL_WIDTH_MAX) };
                let tone = if record["void"] == Value::Bool(true) {
                    Tone::Faint
                } else {
                    record_view::tone(field, kind, record)
                };
                (text, tone)
            };
            fields.iter().map(cell).collect()
        })
        .collect();
    let whole = |field: &Field| matches!(field.shape, Shape::Reference(_)) || field.name == "legacy_id";
    let headings: Vec<(&str, bool)> =
        headings.iter().zip(&fields).map(|(heading, field)| (heading.as_str(), whole(field))).collect();
    table::one_line_rows(context.printer.out, context.printer.width, &headings, &rows)
}
