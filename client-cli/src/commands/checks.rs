//! `daily-check today` and `daily-check sign`: what a supervisor looks at each day, and that they did.

use clap::{ArgMatches, Command};
use device::views::{Daily, DailyItem};
use messages::{Arg, Catalogue};

use super::due;
use super::kinds::Own;
use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::due_view;
use crate::printer::Tone;
use crate::table::{self, Toned};

/// What only the daily check can do.
pub(super) const OWN: Own = Own { shape, run };

/// Longest title or note in a line, in columns.
const TITLE_WIDTH_MAX: usize = 40;

fn shape(command: Command, texts: &Catalogue) -> Command {
    let about = |verb: &str| texts.text(&format!("cli-help-daily-check-{verb}"), &[]);
    let today = Command::new("today").about(about("today")).arg(arguments::option("as-of", "TIME"));
    let sign = Command::new("sign").about(about("sign")).arg(arguments::option("as-of", "TIME"));
    command.subcommand(today).subcommand(sign.arg(arguments::option("remarks", "TEXT")))
}

fn run(context: &Context, verb: &str, args: &ArgMatches) -> Option<Result<(), CommandError>> {
    match verb {
        "today" => Some(today(context, args)),
        "sign" => Some(sign(context, args)),
        _ => None,
    }
}

fn sign(context: &Context, args: &ArgMatches) -> Result<(), CommandError> {
    let remarks = arguments::text(args, "remarks", "--remarks")?.unwrap_or_default();
    let mut device = context.open()?;
    let as_of = due::instant(&mut device, args)?;
    let stored = device.sign_daily(as_of, remarks)?;
    context.saved("cli-done-signed", &stored, &[("day", Arg::from(as_of.day().to_string()))])
}

fn today(context: &Context, args: &ArgMatches) -> Result<(), CommandError> {
    let mut device = context.open()?;
    let as_of = due::instant(&mut device, args)?;
    let daily = device.daily(as_of)?;
    if context.json {
        return Ok(context.printer.json(&daily)?);
    }
    let sections = sections(&daily);
    let mut text = String::new();
    for (name, count, items) in &sections {
        let tone = if *count == 0 { Tone::Good } else { Tone::Warn };
        let heading = context.text(&format!("cli-daily-{name}"));
        let count = context.printer.out.tone(tone, &count.to_string());
        text.push_str(&format!("{}  {count}\n", context.printer.out.tone(Tone::Strong, &heading)));
        if !items.is_empty() {
            let rows: Vec<Vec<Toned>> = items.iter().map(|(item, note)| row(item, *note)).collect();
            let headings = ["record", "title", "staff", "since"].map(|name| context.text(&format!("cli-daily-{name}")));
            let headings: Vec<(&str, bool)> =
                headings.iter().enumerate().map(|(place, heading)| (heading.as_str(), place % 3 == 0)).collect();
            let width = context.printer.width.saturating_sub(2);
            let table = table::one_line_rows(context.printer.out, width, &headings, &rows);
            text.extend(table.lines().map(|line| format!("  {line}\n")));
        }
    }
    context.printer.data(&text)?;
    match &daily.signed {
        Some(signed) => {
            let args = [
                ("by", Arg::from(signed.by.clone().unwrap_or_else(|| "?".to_owned()))),
                ("at", due_view::minute(signed.at).into()),
            ];
            context.done(&context.text_with("cli-daily-signed", &args));
        }
        None => context.next("fieldbook daily-check sign"),
    }
    Ok(())
}

/// Something to look at; a note with its words.
type Looked<'d> = (&'d DailyItem, Option<&'d str>);

/// What is looked at: its name, how much there is of it, and the first of it.
fn sections(daily: &Daily) -> [(&'static str, u64, Vec<Looked<'_>>); 7] {
    fn plain(items: &[DailyItem]) -> Vec<Looked<'_>> {
        items.iter().map(|item| (item, None)).collect()
    }
    let notes = daily.new_notes.iter().map(|note| (&note.item, Some(note.text.as_str()))).collect();
    let counts = &daily.counts;
    [
        ("critical_complaints", counts.critical_complaints, plain(&daily.critical_complaints)),
        ("past_due", counts.past_due, plain(&daily.past_due)),
        ("delayed", counts.delayed, plain(&daily.delayed)),
        ("silent", counts.silent, plain(&daily.silent)),
        ("unreviewed", counts.unreviewed, plain(&daily.unreviewed)),
        ("without_task", counts.without_task, plain(&daily.without_task)),
        ("new_notes", counts.new_notes, notes),
    ]
}

fn row(item: &DailyItem, note: Option<&str>) -> Vec<Toned> {
    let words = note.or(item.title.as_deref()).unwrap_or_default();
    vec![
        (item.record.to_string(), Tone::Strong),
        (table::cut(words, TITLE_WIDTH_MAX), Tone::Plain),
        (item.staff.clone().unwrap_or_default(), Tone::Plain),
        (due_view::short_minute(item.since), Tone::Faint),
    ]
}
