//! `view NAME`: the views of the service process, a file each, as a table that fits the terminal or as exactly the view's JSON.

mod complaints;
mod duplicates;
mod figures;
mod funnel;
mod matrix;
mod review;
mod timeline;
mod visits;

use clap::{Arg as ClapArg, ArgMatches, Command, value_parser};
use device::Device;
use device::views::MONTHS_BACK_DEFAULT;
use messages::{Catalogue, Message};
use serde::Serialize;
use vocab::{Month, Timestamp};

use super::due;
use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;

/// One view: its name, what it is asked with, how it is shown.
struct View {
    name: &'static str,
    shape: fn(Command) -> Command,
    run: fn(&Asked<'_>, &mut Device) -> Result<(), CommandError>,
}

/// The surroundings of a question.
struct Asked<'a> {
    context: &'a Context,
    matches: &'a ArgMatches,
    as_of: Timestamp,
}

const VIEWS: [View; 8] = [
    View { name: "funnel", shape: with_months, run: funnel::run },
    View { name: "timeline", shape: timeline::shape, run: timeline::run },
    View { name: "matrix", shape: |command| command, run: matrix::run },
    View { name: "complaints", shape: |command| command, run: complaints::run },
    View { name: "figures", shape: with_months, run: figures::run },
    View { name: "visits", shape: visits::shape, run: visits::run },
    View { name: "review", shape: review::shape, run: review::run },
    View { name: "duplicates", shape: duplicates::shape, run: duplicates::run },
];

pub(super) fn shape(command: Command, _texts: &Catalogue) -> Command {
    let views = VIEWS.iter().map(|view| (view.shape)(Command::new(view.name)).arg(arguments::option("as-of", "TIME")));
    command.subcommand_required(true).subcommands(views)
}

/// `--month M --months N`.
fn with_months(command: Command) -> Command {
    let back = ClapArg::new("months").long("months").value_name("N").value_parser(value_parser!(u32));
    command.arg(arguments::option("month", "MONTH")).arg(back)
}

pub(super) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let Some((name, below)) = matches.subcommand() else { return Ok(()) };
    let Some(view) = VIEWS.iter().find(|view| view.name == name) else { return Ok(()) };
    let mut device = context.open()?;
    let as_of = due::instant(&mut device, below)?;
    (view.run)(&Asked { context, matches: below, as_of }, &mut device)
}

impl Asked<'_> {
    fn text(&self, key: &str) -> String {
        self.context.text(key)
    }

    /// The month asked for and how many before it: that of the instant, and two before.
    fn months(&self) -> Result<(Month, u32), CommandError> {
        let month = match arguments::text(self.matches, "month", "--month")? {
            None => Month::of(self.as_of),
            Some(text) => text.parse().map_err(|_| {
                let wrong = Message::new("cli-error-value").with("arg", "--month").with("value", text);
                CommandError::refused(wrong).hint(Message::new("cli-hint-month"))
            })?,
        };
        Ok((month, self.matches.get_one::<u32>("months").copied().unwrap_or(MONTHS_BACK_DEFAULT)))
    }

    /// The view's JSON where that was asked for, else `table`; where there is nothing to show, a word about it.
    fn show(&self, view: &impl Serialize, table: impl FnOnce() -> Option<String>) -> Result<(), CommandError> {
        if self.context.json {
            return Ok(self.context.printer.json(view)?);
        }
        match table() {
            Some(text) => Ok(self.context.printer.data(&text)?),
            None => {
                self.context.printer.note(&self.text("cli-none-yet"));
                Ok(())
            }
        }
    }
}
