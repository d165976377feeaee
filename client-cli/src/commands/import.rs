//! `import`: the users' own tables in, .csv or .xlsx; all of a file or nothing of it.

use std::path::PathBuf;

use clap::{Arg as ClapArg, ArgAction, ArgMatches, Command, value_parser};
use messages::{Arg, Catalogue};
use records::ALL_KINDS;

use crate::command_error::CommandError;
use crate::context::Context;

pub(super) fn shape(command: Command, _texts: &Catalogue) -> Command {
    command
        .arg(ClapArg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)))
        .arg(ClapArg::new("dry-run").long("dry-run").action(ArgAction::SetTrue))
}

pub(super) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let Some(file) = matches.get_one::<PathBuf>("file") else { return Ok(()) };
    let report = context.open()?.import(file, matches.get_flag("dry-run"))?;
    for note in &report.notes {
        context.warn(&note.render(context.texts));
    }
    if context.json {
        return Ok(context.printer.json(&report)?);
    }
    let key = if report.dry_run { "cli-import-dry" } else { "cli-import-done" };
    for (kind, counts) in ALL_KINDS.into_iter().filter_map(|kind| Some((kind, report.kinds.get(kind.code)?))) {
        let args = [
            ("kind", Arg::Key(kind.label.to_owned())),
            ("rows", counts.rows.into()),
            ("created", counts.created.into()),
            ("updated", counts.updated.into()),
            ("unchanged", counts.unchanged.into()),
        ];
        context.done(&context.text_with(key, &args));
    }
    if report.dry_run {
        context.detail(&context.text("cli-import-nothing_written"));
    }
    Ok(())
}
