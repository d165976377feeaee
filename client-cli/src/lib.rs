//! The command line of a device: what a field engineer types.
//!
//! A command per file under `commands`; each has its shape (`command`) and what it does (`run`). What the four records'
//! commands take, ask for and show is derived from the tables of the `records` crate, so a new field needs no line here.
//! Every word comes from the catalogue of `messages`.
//!
//! Data goes to standard output, everything else to standard error; with `--json` exactly one JSON value goes to standard
//! output, also when the command fails. Exit codes: see `command_error`.
//!
//! Nothing is started that a command does not need: a local command runs on the main thread, without an async runtime and
//! with the texts of one language.

mod arguments;
mod calendar;
mod command_error;
mod commands;
mod conflict_view;
mod context;
mod due_view;
mod environment;
mod history_view;
mod interrupt;
mod localise;
mod printer;
mod progress;
mod prompt;
mod record_view;
mod size;
mod table;
mod usage_error;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use messages::Catalogue;

use crate::command_error::CommandError;
use crate::context::Context;
use crate::environment::Environment;
use crate::printer::Printer;

/// Runs one command line, `args[0]` being the program's name, and tells how it went.
#[must_use]
pub fn run(args: Vec<OsString>) -> ExitCode {
    let env = Environment::read(&args);
    let texts = Catalogue::of(env.lang);
    let printer = Printer::new(&env);
    let as_json = environment::asks_for_json(&args);
    let outcome = execute(args, env, texts, printer);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.tell(&printer, texts, as_json);
            ExitCode::from(error.kind().exit())
        }
    }
}

fn execute(
    args: Vec<OsString>,
    env: Environment,
    texts: &'static Catalogue,
    printer: Printer,
) -> Result<(), CommandError> {
    let program = commands::program(&args, texts, &printer);
    let typed = commands::command_typed(&program, &args);
    match program.try_get_matches_from(args) {
        Ok(matches) => commands::run(&Context::new(env, texts, printer, &matches), &matches),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            let text = error.render();
            let text = if printer.out.is_coloured() { text.ansi().to_string() } else { text.to_string() };
            Ok(printer.data(&text)?)
        }
        Err(error) => Err(usage_error::usage_error(&error, &typed)),
    }
}
