//! `conflicts`: what two people wrote apart, and settling it.

use clap::{Arg as ClapArg, ArgMatches, Command, builder::OsStringValueParser, value_parser};
use device::Device;
use messages::{Arg, Catalogue};
use serde_json::Value;

use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::{conflict_view, record_view};

pub(super) fn shape(command: Command, _texts: &Catalogue) -> Command {
    let conflict = || ClapArg::new("conflict").value_name("ID").required(true).value_parser(OsStringValueParser::new());
    let take = ClapArg::new("take").long("take").value_name("N").required(true).value_parser(value_parser!(usize));
    command
        .subcommand_required(true)
        .subcommand(Command::new("list"))
        .subcommand(Command::new("show").arg(conflict()))
        .subcommand(Command::new("resolve").arg(conflict()).arg(take))
}

pub(super) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let mut device = context.open()?;
    match matches.subcommand() {
        Some(("show", args)) => show(context, &mut device, args),
        Some(("resolve", args)) => resolve(context, &mut device, args),
        _ => list(context, &mut device),
    }
}

fn all(device: &mut Device) -> Result<Vec<Value>, CommandError> {
    Ok(device.conflicts()?)
}

/// The conflicts of one record.
pub(super) fn about(device: &mut Device, record: &str) -> Result<Vec<Value>, CommandError> {
    Ok(all(device)?.into_iter().filter(|conflict| conflict["record"] == record).collect())
}

fn title(context: &Context, device: &mut Device, conflict: &Value) -> Result<String, CommandError> {
    let record = device.record(conflict["record"].as_str().unwrap_or_default())?;
    Ok(record_view::title(context, &record))
}

fn list(context: &Context, device: &mut Device) -> Result<(), CommandError> {
    let conflicts = all(device)?;
    if context.json {
        return Ok(context.printer.json(&conflicts)?);
    }
    if conflicts.is_empty() {
        context.done(&context.text("cli-conflict-none"));
        return Ok(());
    }
    let mut blocks = Vec::new();
    let known = context.known_devices(device)?;
    for (index, mut conflict) in conflicts.into_iter().enumerate() {
        let title = title(context, device, &conflict)?;
        conflict_view::name_devices(&mut conflict, &known);
        blocks.push(conflict_view::block(context, context.printer.out, Some(index + 1), &title, &conflict));
    }
    context.printer.data(&blocks.join("\n"))?;
    context.next("fieldbook conflicts resolve 1 --take 1");
    Ok(())
}

/// The id of the conflict that is meant: its number in the list, or the id itself.
fn meant(device: &mut Device, args: &ArgMatches) -> Result<String, CommandError> {
    let given = arguments::text(args, "conflict", "ID")?.unwrap_or_default();
    let Ok(number) = given.parse::<usize>() else { return Ok(given.to_owned()) };
    let conflicts = all(device)?;
    let chosen = number.checked_sub(1).and_then(|index| conflicts.get(index));
    Ok(chosen.and_then(|conflict| conflict["id"].as_str()).unwrap_or(given).to_owned())
}

fn show(context: &Context, device: &mut Device, args: &ArgMatches) -> Result<(), CommandError> {
    let id = meant(device, args)?;
    let mut conflict = device.conflict(&id)?;
    if context.json {
        return Ok(context.printer.json(&conflict)?);
    }
    let title = title(context, device, &conflict)?;
    conflict_view::name_devices(&mut conflict, &context.known_devices(device)?);
    context.printer.data(&conflict_view::block(context, context.printer.out, None, &title, &conflict))?;
    context.next(&format!("fieldbook conflicts resolve {id} --take N"));
    Ok(())
}

fn resolve(context: &Context, device: &mut Device, args: &ArgMatches) -> Result<(), CommandError> {
    let id = meant(device, args)?;
    let take = args.get_one::<usize>("take").copied().unwrap_or_default();
    let conflict = device.conflict(&id)?;
    let stored = device.resolve(&id, take)?;
    let field = conflict_view::field_label(context, &conflict);
    let record = Arg::Text(stored.id.to_string());
    context.saved("cli-done-conflict", &stored, &[("field", Arg::Text(field)), ("record", record)])
}
