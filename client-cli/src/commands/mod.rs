//! The commands, in the order in which help lists them.

mod conflicts;
mod demo;
mod doctor;

mod enrol;
mod export;

mod history;

mod import;
mod init;
mod list;
mod record;
mod search;
mod show;
mod status;
mod step;
mod sync;
mod welcome;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use messages::Catalogue;

use crate::command_error::CommandError;
use crate::context::Context;
use crate::localise::localise;
use crate::printer::{Printer, Tone};
use crate::table::pad;

/// One command: where help lists it, its shape, what it does.
struct Entry {
    group: &'static str,
    name: &'static str,
    shape: fn(Command, &Catalogue) -> Command,
    run: fn(&Context, &ArgMatches) -> Result<(), CommandError>,
}

const RECORDS: &str = "cli-help-group-records";
const LOOK: &str = "cli-help-group-look";
const SHARE: &str = "cli-help-group-share";
const DEVICE: &str = "cli-help-group-device";

const COMMANDS: [Entry; 16] = [
    Entry { group: RECORDS, name: "customer", shape: record::shape_customer, run: record::run_customer },
    Entry { group: RECORDS, name: "assessment", shape: record::shape_assessment, run: record::run_assessment },
    Entry { group: RECORDS, name: "task", shape: record::shape_task, run: record::run_task },
    Entry { group: RECORDS, name: "feedback", shape: record::shape_feedback, run: record::run_feedback },
    Entry { group: LOOK, name: "show", shape: show::shape, run: show::run },
    Entry { group: LOOK, name: "history", shape: history::shape, run: history::run },
    Entry { group: LOOK, name: "search", shape: search::shape, run: search::run },
    Entry { group: LOOK, name: "conflicts", shape: conflicts::shape, run: conflicts::run },
    Entry { group: SHARE, name: "enrol", shape: enrol::shape, run: enrol::run },
    Entry { group: SHARE, name: "sync", shape: sync::shape, run: sync::run },
    Entry { group: SHARE, name: "export", shape: export::shape, run: export::run },
    Entry { group: SHARE, name: "import", shape: import::shape, run: import::run },
    Entry { group: DEVICE, name: "init", shape: init::shape, run: init::run },
    Entry { group: DEVICE, name: "status", shape: status::shape, run: status::run },
    Entry { group: DEVICE, name: "doctor", shape: doctor::shape, run: doctor::run },
    Entry { group: DEVICE, name: "demo", shape: demo::shape, run: demo::run },
];

/// The whole command line, in the language of `texts`. Only the command that was `typed` gets its arguments: building all of them
/// would cost more than most commands do.
pub(crate) fn program(args: &[OsString], texts: &Catalogue, printer: &Printer) -> Command {
    let typed = first_word(args);
    let mut program = Command::new("fieldbook")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .max_term_width(120)
        .arg(global("home").value_name("DIR").env("FIELDBOOK_HOME").value_parser(value_parser!(PathBuf)))
        .arg(global("json").action(ArgAction::SetTrue))
        .arg(global("lang").value_name("LANG").value_parser(["zh-CN", "en"]))
        .arg(Arg::new("version").short('V').long("version").action(ArgAction::Version).display_order(1_001));
    for entry in &COMMANDS {
        let command = Command::new(entry.name);
        program = program.subcommand(if typed == Some(entry.name) { (entry.shape)(command, texts) } else { command });
    }
    localise(program, &[], texts).help_template(overview(texts, printer))
}

fn global(name: &'static str) -> Arg {
    Arg::new(name).long(name).global(true).display_order(900)
}

/// The commands by group, then the options: help of the program itself.
fn overview(texts: &Catalogue, printer: &Printer) -> String {
    let text = |key: &str| texts.text(key, &[]);
    let heading = |key: &str| printer.out.tone(Tone::Strong, &text(key));
    let columns = COMMANDS.iter().map(|entry| entry.name.len()).max().unwrap_or(0) + 2;
    let mut overview = format!("{{about}}\n\n{}: {{usage}}\n", heading("cli-help-heading-usage"));
    let mut group = "";
    for entry in &COMMANDS {
        if entry.group != group {
            group = entry.group;
            overview.push_str(&format!("\n{}\n", heading(group)));
        }
        let about = text(&format!("cli-help-{}", entry.name));
        overview.push_str(&format!("  {}{about}\n", pad(entry.name, columns)));
    }
    overview.push_str(&format!("\n{{all-args}}\n\n{}\n", text("cli-help-more")));
    overview
}

/// Does what the command line says; the program's name alone greets a newcomer.
pub(crate) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let Some((name, below)) = matches.subcommand() else {
        return welcome::run(context);
    };
    // Clap knows the commands of this very table only.
    COMMANDS.iter().find(|entry| entry.name == name).map_or(Ok(()), |entry| (entry.run)(context, below))
}

/// The words of the command line that are neither options nor the value of a global one.
fn words(args: &[OsString]) -> impl Iterator<Item = &str> {
    let mut value_follows = false;
    args.iter().skip(1).filter_map(|arg| arg.to_str()).filter(move |arg| {
        let is_value = std::mem::replace(&mut value_follows, matches!(*arg, "--home" | "--lang"));
        !is_value && !arg.starts_with('-')
    })
}

fn first_word(args: &[OsString]) -> Option<&str> {
    words(args).next()
}

/// The program's name and the commands typed, as far as they exist: `fieldbook task delay`. For hints.
pub(crate) fn command_typed(program: &Command, args: &[OsString]) -> String {
    let mut typed = "fieldbook".to_owned();
    let mut command = program;
    for word in words(args) {
        let Some(below) = command.find_subcommand(word) else { break };
        typed = format!("{typed} {word}");
        command = below;
    }
    typed
}
