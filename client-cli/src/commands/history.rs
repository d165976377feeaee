//! `history`: every change of a record, before and after, by whom, when, from which device.

use clap::{ArgMatches, Command};
use messages::{Catalogue, Message};
use records::{Field, Shape, Source};
use vocab::Timestamp;

use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::{history_view, record_view};

/// How `--as-of` is read: like any time that a person types.
static AS_OF: Field =
    Field { name: "as_of", label: "cli-as_of", shape: Shape::Time, source: Source::Person, required: false };

pub(super) fn shape(command: Command, _texts: &Catalogue) -> Command {
    command.arg(arguments::id_argument()).arg(arguments::option("as-of", "TIME"))
}

pub(super) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let id = arguments::id(matches)?;
    let as_of = as_of(matches)?;
    let mut device = context.open()?;
    let mut history = super::show::history_of(&mut device, id, as_of)?;
    if context.json {
        return Ok(context.printer.json(&history)?);
    }
    let record = device.record(id)?;
    let known = context.known_devices(&mut device)?;
    history.iter_mut().for_each(|entry| history_view::name_device(entry, &known));
    let Some(kind) = record_view::kind_of(&record) else { return Ok(()) };
    if history.is_empty() {
        context.printer.note(&context.text("cli-history-none"));
        return Ok(());
    }
    Ok(context.printer.data(&history_view::table(context, context.printer.out, kind, &history))?)
}

/// The instant given as `--as-of`.
pub(super) fn as_of(matches: &ArgMatches) -> Result<Option<Timestamp>, CommandError> {
    time(matches, "as-of")
}

/// The instant given as the option `name`.
pub(super) fn time(matches: &ArgMatches, name: &'static str) -> Result<Option<Timestamp>, CommandError> {
    let Some(text) = arguments::text(matches, name, &format!("--{name}"))? else { return Ok(None) };
    let value = AS_OF.parse(text).map_err(|invalid| CommandError::refused(invalid.message()))?;
    value.as_time().map(Some).ok_or_else(|| CommandError::refused(Message::new("cli-error-missing")))
}
