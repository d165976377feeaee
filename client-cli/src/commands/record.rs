//! `customer`, `assessment`, `task`, `feedback`: what all four have (add, edit, show, list), from the tables of fields, and the
//! steps of their life cycles, from the tables of events.

use clap::{ArgMatches, Command};
use device::Device;
use messages::{Arg as Variable, Catalogue};
use records::{ASSESSMENT, CUSTOMER, FEEDBACK, Field, Kind, Source, TASK};

use super::{list, step};
use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::{prompt, record_view};

pub(super) fn shape_customer(command: Command, texts: &Catalogue) -> Command {
    shape(command, &CUSTOMER, texts)
}

pub(super) fn shape_assessment(command: Command, texts: &Catalogue) -> Command {
    shape(command, &ASSESSMENT, texts)
}

pub(super) fn shape_task(command: Command, texts: &Catalogue) -> Command {
    shape(command, &TASK, texts)
}

pub(super) fn shape_feedback(command: Command, texts: &Catalogue) -> Command {
    shape(command, &FEEDBACK, texts)
}

pub(super) fn run_customer(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    run(context, &CUSTOMER, matches)
}

pub(super) fn run_assessment(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    run(context, &ASSESSMENT, matches)
}

pub(super) fn run_task(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    run(context, &TASK, matches)
}

pub(super) fn run_feedback(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    run(context, &FEEDBACK, matches)
}

fn shape(command: Command, kind: &'static Kind, texts: &Catalogue) -> Command {
    let parent = kind.parent.as_ref().map(|parent| {
        let heading = texts.text("cli-help-heading-fields", &[]);
        arguments::option(parent.kind, "ID").help_heading(heading)
    });
    let add = arguments::with_flags(Command::new("add").args(parent), enterable(kind), texts);
    let edit = arguments::with_flags(Command::new("edit").arg(arguments::id_argument()), editable(kind), texts);
    command
        .subcommand_required(true)
        .subcommand(add)
        .subcommand(edit)
        .subcommands(step::steps_of(kind).map(|step| step.shape(texts)))
        .subcommand(Command::new("show").arg(arguments::id_argument()))
        .subcommand(list::shape(Command::new("list"), kind, texts))
}

fn run(context: &Context, kind: &'static Kind, matches: &ArgMatches) -> Result<(), CommandError> {
    match matches.subcommand() {
        Some(("add", args)) => add(context, kind, args),
        Some(("edit", args)) => edit(context, kind, args),
        Some(("show", args)) => show(context, kind, args),
        Some(("list", args)) => list::run(context, kind, args),
        Some((verb, args)) => match step::steps_of(kind).find(|step| step.verb == verb) {
            Some(step) => step::run(context, step, args),
            None => Ok(()),
        },
        None => Ok(()),
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
            return Err(arguments::missing(parent.into_iter().chain(lacking), &format!("fieldbook {} add", kind.code)));
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
        suggest(context, kind, record_view::id_of(&stored.json));
    }
    Ok(())
}

/// What usually comes next in the closed loop of the service process.
fn suggest(context: &Context, kind: &'static Kind, id: &str) {
    let child =
        records::ALL_KINDS.into_iter().find(|child| child.parent.as_ref().is_some_and(|of| of.kind == kind.code));
    let begun = step::steps_of(kind).find(|step| step.event == "started");
    match child {
        _ if let Some(step) = begun => context.next(&format!("fieldbook {} {} {id}", kind.code, step.verb)),
        Some(child) => context.next(&format!("fieldbook {} add --{} {id}", child.code, kind.code)),
        None => context.next(&format!("fieldbook {} show {id}", kind.code)),
    }
}

fn edit(context: &Context, kind: &'static Kind, matches: &ArgMatches) -> Result<(), CommandError> {
    let id = arguments::id(matches)?;
    let mut values = arguments::given(matches, editable(kind))?;
    let mut device = context.open()?;
    of_kind(&mut device, kind, id)?;
    if values.is_empty() {
        if !context.may_ask() {
            return Err(arguments::nothing_given(&format!("fieldbook {} edit", kind.code)));
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
    let record = of_kind(&mut device, kind, arguments::id(matches)?)?;
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
