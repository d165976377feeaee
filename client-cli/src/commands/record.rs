//! What the commands of every kind have: add, edit, show, list, from the tables of fields, and the steps of its life, from the
//! tables of events.

use clap::{ArgMatches, Command};
use device::Device;
use messages::{Arg as Variable, Catalogue};
use records::{Field, Kind, Source};

use super::kinds::{self, KindCommands};
use super::{list, step};
use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::{prompt, record_view};

/// The shape of the commands of one kind.
pub(super) fn shape(command: Command, commands: &KindCommands, texts: &Catalogue) -> Command {
    let kind = commands.kind;
    let parent = kind.parent.as_ref().map(|parent| {
        let heading = texts.text("cli-help-heading-fields", &[]);
        arguments::option(parent.kind, "ID").help_heading(heading)
    });
    let add = arguments::with_flags(Command::new("add").args(parent), enterable(kind), texts);
    let edit = arguments::with_flags(Command::new("edit").arg(arguments::id_argument()), editable(kind), texts);
    let own = [("add", add), ("edit", edit)]
        .into_iter()
        .chain([("show", Command::new("show").arg(arguments::id_argument()))])
        .chain([("list", list::shape(Command::new("list"), kind, texts))])
        .map(|(verb, command)| command.about(about(commands, verb, texts)));
    let command = command.subcommand_required(true).subcommands(own);
    let command = command.subcommands(step::steps_of(kind).map(|step| step.shape(commands, texts)));
    (commands.own.shape)(command, texts)
}

/// What a command of this kind does, where the catalogue has no words of its own for it.
fn about(commands: &KindCommands, verb: &str, texts: &Catalogue) -> String {
    let own = format!("cli-help-{}-{verb}", commands.name);
    let key = if texts.has(&own) { own } else { format!("cli-help-any-{verb}") };
    texts.text(&key, &[("kind", Variable::Key(commands.kind.label.to_owned()))])
}

pub(super) fn run(context: &Context, commands: &KindCommands, matches: &ArgMatches) -> Result<(), CommandError> {
    let Some((verb, args)) = matches.subcommand() else { return Ok(()) };
    if let Some(done) = (commands.own.run)(context, verb, args) {
        return done;
    }
    let kind = commands.kind;
    match verb {
        "add" => add(context, kind, args),
        "edit" => edit(context, kind, args),
        "show" => show(context, kind, args),
        "list" => list::run(context, commands, args),
        _ => step::steps_of(kind).find(|step| step.verb == verb).map_or(Ok(()), |step| step::run(context, &step, args)),
    }
}

/// The fields that can be given when a record is made: those a person fills in, and whom the work is assigned to, which
/// becomes the first step of its life.
fn enterable(kind: &'static Kind) -> impl Iterator<Item = &'static Field> {
    let assigned = kind.event("assigned").map_or(&[][..], |event| event.data);
    kind.fields.iter().filter(move |field| {
        matches!(field.source, Source::Person | Source::Once) || assigned.iter().any(|datum| datum.name == field.name)
    })
}

/// The fields that can be changed after the record was made.
fn editable(kind: &'static Kind) -> impl Iterator<Item = &'static Field> {
    kind.writable().filter(|field| field.source == Source::Person)
}

fn add(context: &Context, kind: &'static Kind, matches: &ArgMatches) -> Result<(), CommandError> {
    let mut values = arguments::given(matches, enterable(kind))?;
    let parent_kind = kind.parent.as_ref().and_then(|parent| records::kind(parent.kind));
    let mut parent = match parent_kind {
        Some(of) => arguments::text(matches, of.code, &format!("--{}", of.code))?.map(str::to_owned),
        None => None,
    };
    let lacking: Vec<&'static Field> =
        kind.writable().filter(|field| field.required && !values.contains_key(field.name)).collect();
    let orphan = parent_kind.filter(|_| parent.is_none());
    let mut device = context.open()?;
    // A form that was only sent has no answer yet; at a terminal the answer is asked for.
    let unanswered = kind.event("received").is_some() && values.is_empty() && context.may_ask();
    if orphan.is_some() || !lacking.is_empty() || unanswered {
        if !context.may_ask() {
            let parent = orphan.map(|of| (format!("--{}", of.code), of.label));
            let lacking = lacking.iter().map(|field| (arguments::spelled(field), field.label));
            let command = format!("fieldbook {} add", kinds::name_of(kind));
            return Err(arguments::missing(parent.into_iter().chain(lacking), &command));
        }
        prompt::announce(context, kind);
        if let Some(of) = orphan {
            parent = Some(prompt::ask_record(context, &mut device, of)?);
        }
        let asked = enterable(kind).filter(|field| field.name != "legacy_id");
        prompt::ask_all(context, asked, &mut values)?;
    }
    let stored = device.create(kind, parent.as_deref(), values)?;
    context.saved("cli-done-created", &stored, &[])?;
    if !context.json {
        suggest(context, kind, &stored.json);
    }
    Ok(())
}

/// Steps that are there for when something comes in between.
const UNUSUAL: [&str; 3] = ["cancelled", "replanned", "swapped"];

/// What usually comes next: in the closed loop what a record leads to, else the first step of its own life.
fn suggest(context: &Context, kind: &'static Kind, record: &serde_json::Value) {
    let id = record_view::id_of(record);
    let name = kinds::name_of(kind);
    let mut forms = records::FORMS.into_iter();
    let child = forms.find(|child| child.parent.as_ref().is_some_and(|of| of.kind == kind.code));
    let begun = step::steps_of(kind).find(|step| step.event.code == "started");
    let state = kind.state_field.and_then(|field| record[field].as_str()).unwrap_or_default();
    let usual = |step: &step::Step| step.event.from.contains(&state) && !UNUSUAL.contains(&step.event.code);
    let first = step::steps_of(kind).find(usual);
    context.next(&match (begun, child, first) {
        (Some(step), ..) => format!("fieldbook {name} {} {id}", step.verb),
        (None, Some(child), _) => format!("fieldbook {} add --{} {id}", kinds::name_of(child), kind.code),
        (None, None, Some(step)) => format!("fieldbook {name} {} {id}", step.verb),
        (None, None, None) => format!("fieldbook {name} show {id}"),
    });
}

fn edit(context: &Context, kind: &'static Kind, matches: &ArgMatches) -> Result<(), CommandError> {
    let id = arguments::id(matches)?;
    let mut values = arguments::given(matches, editable(kind))?;
    let mut device = context.open()?;
    of_kind(&mut device, kind, id)?;
    if values.is_empty() {
        if !context.may_ask() {
            return Err(arguments::nothing_given(&format!("fieldbook {} edit", kinds::name_of(kind))));
        }
        values = prompt::ask_changes(context, editable(kind), &device.record(id)?)?;
    }
    let labels: Vec<String> =
        editable(kind).filter(|field| values.contains_key(field.name)).map(|field| field.label.to_owned()).collect();
    if values.is_empty() {
        context.done(&context.text_with("cli-done-unchanged", &[("title", id.into())]));
        return Ok(());
    }
    let stored = device.edit(id, values)?;
    context.saved("cli-done-edited", &stored, &[("fields", Variable::Keys(labels))])
}

fn show(context: &Context, kind: &'static Kind, matches: &ArgMatches) -> Result<(), CommandError> {
    let mut device = context.open()?;
    let id = arguments::id(matches)?;
    of_kind(&mut device, kind, id)?;
    let record = device.record_led(id)?;
    if context.json {
        return Ok(context.printer.json(&record)?);
    }
    Ok(context.printer.data(&record_view::card(context, context.printer.out, &record))?)
}

/// The record with this id, which must be of the kind that the command is about.
pub(super) fn of_kind(device: &mut Device, kind: &'static Kind, id: &str) -> Result<serde_json::Value, CommandError> {
    let record = device.record(id)?;
    if record["kind"] == kind.code { Ok(record) } else { Err(arguments::wrong_kind(kind, &record)) }
}
