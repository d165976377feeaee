//! The commands, in the order in which help lists them.

mod checks;
mod conflicts;
mod demo;
mod doctor;
mod due;
mod enrol;
mod export;
mod history;
mod import;
mod init;
pub(crate) mod kinds;
mod list;
mod merges;
mod record;
mod search;
mod show;
mod status;
mod step;
mod sync;
mod view;
mod visits;
mod welcome;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use messages::Catalogue;
use records::Class;

use self::kinds::KindCommands;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::localise::localise;
use crate::printer::{Printer, Tone};
use crate::table::pad;

/// One command: where help lists it, its shape, what it does.
struct Entry {
    group: &'static str,
    name: &'static str,
    work: Work,
}

/// What a command does.
#[derive(Clone, Copy)]
enum Work {
    /// It is about records of one kind.
    Records(&'static KindCommands),
    /// It has a file of its own.
    Own(fn(Command, &Catalogue) -> Command, fn(&Context, &ArgMatches) -> Result<(), CommandError>),
}

const RECORDS: &str = "cli-help-group-records";
const BOARD: &str = "cli-help-group-board";
const DAY: &str = "cli-help-group-day";
const LOOK: &str = "cli-help-group-look";
const SHARE: &str = "cli-help-group-share";
const DEVICE: &str = "cli-help-group-device";

/// The commands besides those of the kinds.
const OTHERS: [Entry; 14] = [
    Entry { group: DAY, name: "due", work: Work::Own(due::shape, due::run) },
    Entry { group: DAY, name: "view", work: Work::Own(view::shape, view::run) },
    Entry { group: LOOK, name: "show", work: Work::Own(show::shape, show::run) },
    Entry { group: LOOK, name: "history", work: Work::Own(history::shape, history::run) },
    Entry { group: LOOK, name: "search", work: Work::Own(search::shape, search::run) },
    Entry { group: LOOK, name: "conflicts", work: Work::Own(conflicts::shape, conflicts::run) },
    Entry { group: SHARE, name: "enrol", work: Work::Own(enrol::shape, enrol::run) },
    Entry { group: SHARE, name: "sync", work: Work::Own(sync::shape, sync::run) },
    Entry { group: SHARE, name: "export", work: Work::Own(export::shape, export::run) },
    Entry { group: SHARE, name: "import", work: Work::Own(import::shape, import::run) },
    Entry { group: DEVICE, name: "init", work: Work::Own(init::shape, init::run) },
    Entry { group: DEVICE, name: "status", work: Work::Own(status::shape, status::run) },
    Entry { group: DEVICE, name: "doctor", work: Work::Own(doctor::shape, doctor::run) },
    Entry { group: DEVICE, name: "demo", work: Work::Own(demo::shape, demo::run) },
];

/// Every command, in the order in which help lists them.
fn entries() -> impl Iterator<Item = Entry> {
    let kinds = kinds::KINDS.iter().map(|commands| Entry {
        group: if commands.kind.class == Class::Dossier { RECORDS } else { BOARD },
        name: commands.name,
        work: Work::Records(commands),
    });
    kinds.chain(OTHERS)
}

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
    for entry in entries() {
        let command = Command::new(entry.name);
        program = program.subcommand(match entry.work {
            _ if typed != Some(entry.name) => command,
            Work::Records(commands) => record::shape(command, commands, texts),
            Work::Own(shape, _) => shape(command, texts),
        });
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
    let columns = entries().map(|entry| entry.name.len()).max().unwrap_or(0) + 2;
    let mut overview = format!("{{about}}\n\n{}: {{usage}}\n", heading("cli-help-heading-usage"));
    let mut group = "";
    for entry in entries() {
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
    // Clap knows the commands of this very list only.
    match entries().find(|entry| entry.name == name).map(|entry| entry.work) {
        Some(Work::Records(commands)) => record::run(context, commands, below),
        Some(Work::Own(_, run)) => run(context, below),
        None => Ok(()),
    }
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
