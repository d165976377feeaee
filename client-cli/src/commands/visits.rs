//! `visit list --ics PATH`: planned visits for a calendar.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Command};
use messages::Catalogue;
use records::VISIT;

use super::kinds::Own;
use super::{due, list};
use crate::calendar;
use crate::command_error::CommandError;
use crate::context::Context;

/// What only visits can do.
pub(super) const OWN: Own = Own { shape, run };

fn shape(command: Command, _texts: &Catalogue) -> Command {
    command.mut_subcommand("list", |list| list.arg(due::ics()))
}

fn run(context: &Context, verb: &str, args: &ArgMatches) -> Option<Result<(), CommandError>> {
    match (verb, args.try_get_one::<PathBuf>("ics")) {
        ("list", Ok(Some(path))) => Some(write(context, args, path)),
        _ => None,
    }
}

fn write(context: &Context, args: &ArgMatches, path: &Path) -> Result<(), CommandError> {
    let mut device = context.open()?;
    let as_of = device.now()?;
    let visits = list::asked(&mut device, &VISIT, args)?;
    let entries = calendar::write(&calendar::of_visits(context.texts, &visits, as_of), path)?;
    due::calendar_told(context, path, entries)
}
