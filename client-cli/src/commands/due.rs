//! `due`: what is due, overdue or missed, for a person and a role.

use std::path::PathBuf;

use clap::{Arg as ClapArg, ArgAction, ArgMatches, Command, value_parser};
use device::views::DueAsk;
use messages::Catalogue;
use records::limits::LimitState;
use vocab::{Role, Timestamp};

use super::history;
use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::printer::Tone;
use crate::table::{self, Toned};
use crate::{calendar, due_view};

/// Items shown to a person at once; a script with `--json` and a calendar get all of them.
const SHOWN_DEFAULT: u32 = 50;

pub(super) fn shape(command: Command, texts: &Catalogue) -> Command {
    let limit_help = texts.text("cli-arg-limit", &[("default", SHOWN_DEFAULT.to_string().into())]);
    command
        .arg(arguments::option("as-of", "TIME"))
        .arg(arguments::option("staff", "NAME"))
        .arg(arguments::option("role", "ROLE"))
        .arg(ClapArg::new("missed").long("missed").action(ArgAction::SetTrue))
        .arg(ClapArg::new("limit").long("limit").value_name("N").value_parser(value_parser!(u32)).help(limit_help))
        .arg(ics())
}

/// `--ics PATH`.
pub(super) fn ics() -> ClapArg {
    ClapArg::new("ics").long("ics").value_name("PATH").value_parser(value_parser!(PathBuf))
}

/// The instant asked about: `--as-of`, else now.
pub(super) fn instant(device: &mut device::Device, matches: &ArgMatches) -> Result<Timestamp, CommandError> {
    Ok(match history::as_of(matches)? {
        Some(time) => time,
        None => device.now()?,
    })
}

pub(super) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let role = arguments::parsed::<Role>(matches, "role")?;
    let staff = arguments::text(matches, "staff", "--staff")?.map(str::to_owned);
    let ics = matches.get_one::<PathBuf>("ics");
    let mut device = context.open()?;
    let mut ask = DueAsk { staff, role, ..DueAsk::at(instant(&mut device, matches)?) };
    if matches.get_flag("missed") {
        ask.states.insert(LimitState::Missed);
    }
    let everything = context.json || ics.is_some();
    match matches.get_one::<u32>("limit") {
        Some(limit) => ask.limit = *limit,
        None if !everything => ask.limit = SHOWN_DEFAULT,
        None => {}
    }
    let due = device.due(ask)?;
    if let Some(path) = ics {
        let branch =
            device.membership()?.map_or_else(|| "board".to_owned(), |membership| membership.branch.to_string());
        let entries = calendar::write(&calendar::of_due(context.texts, &due, &branch), path)?;
        return calendar_told(context, path, entries);
    }
    if context.json {
        return Ok(context.printer.json(&due)?);
    }
    if due.items.is_empty() {
        context.done(&context.text_with("cli-due-none", &[("as_of", due_view::minute(due.as_of).into())]));
        return Ok(());
    }
    let headings = ["state", "due", "record", "limit", "whose"].map(|name| context.text(&format!("cli-due-{name}")));
    let rows: Vec<Vec<Toned>> = due
        .items
        .iter()
        .map(|item| {
            vec![
                due_view::state(context.texts, item.state),
                (due_view::near_minute(item.due, due.as_of), Tone::Plain),
                (item.record.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string), Tone::Strong),
                (due_view::limit(context.texts, item), Tone::Plain),
                (due_view::whose(context.texts, item), Tone::Plain),
            ]
        })
        .collect();
    let headings: Vec<(&str, bool)> =
        headings.iter().enumerate().map(|(place, heading)| (heading.as_str(), place < 3)).collect();
    context.printer.data(&table::one_line_rows(context.printer.out, context.printer.width, &headings, &rows))?;
    if due.total > due.items.len() as u64 {
        let counts = [("shown", due.items.len().into()), ("total", due.total.into())];
        context.detail(&context.text_with("cli-more-left", &counts));
    }
    Ok(())
}

/// Says that a calendar was written.
pub(super) fn calendar_told(context: &Context, path: &std::path::Path, entries: usize) -> Result<(), CommandError> {
    let (json, args) = calendar::told(path, entries);
    if context.json {
        return Ok(context.printer.json(&json)?);
    }
    context.done(&context.text_with("cli-calendar-done", &args));
    Ok(())
}
