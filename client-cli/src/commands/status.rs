//! `status`: the book, what waits to be sent, the last sync, refused changes, conflicts.

use clap::{ArgMatches, Command};
use messages::Catalogue;

use crate::command_error::CommandError;
use crate::context::Context;
use crate::history_view::minute;
use crate::printer::Tone;
use crate::table::{self, Toned};

pub(super) fn shape(command: Command, _texts: &Catalogue) -> Command {
    command
}

pub(super) fn run(context: &Context, _matches: &ArgMatches) -> Result<(), CommandError> {
    let mut device = context.open()?;
    let status = device.status()?;
    if context.json {
        return Ok(context.printer.json(&status)?);
    }
    let identity = device.identity()?;
    let text = |key: &str| context.text(key);
    let label = |key: &str| text(&format!("cli-status-{key}"));
    let count = |key: &str, count: u64, tone: Tone| {
        let none = (text("cli-status-nothing"), Tone::Plain);
        (label(key), if count == 0 { none } else { (count.to_string(), tone) })
    };
    let role = text(&format!("role-{}", identity.role));
    let person = context.text_with("cli-author", &[("by", identity.staff.to_string().into()), ("role", role.into())]);
    let book: Vec<(String, Toned)> = vec![
        (label("device"), (identity.code.to_string(), Tone::Strong)),
        (label("person"), (person, Tone::Plain)),
        (label("home"), (device.home().display().to_string(), Tone::Plain)),
        (label("dossiers"), (status.dossiers.to_string(), Tone::Plain)),
        (label("records"), (status.records.to_string(), Tone::Plain)),
        count("conflicts", status.conflicts, Tone::Warn),
    ];
    let mut exchange: Vec<(String, Toned)> = Vec::new();
    match (&status.branch, &status.relay) {
        (Some(branch), Some(relay)) => {
            exchange.push((label("branch"), (branch.clone(), Tone::Strong)));
            exchange.push((label("relay"), (relay.clone(), Tone::Plain)));
            let last = status
                .last_sync_at
                .map_or_else(|| (label("never"), Tone::Warn), |at| (minute(&at.to_string().into()), Tone::Plain));
            exchange.push((label("last-sync"), last));
            exchange.push((label("cursor"), (status.cursor.to_string(), Tone::Plain)));
        }
        _ => exchange.push((label("branch"), (label("branch-none"), Tone::Plain))),
    }
    exchange.push(count("outbox", status.outbox, Tone::Plain));
    exchange.push(count("refused", status.refused, Tone::Bad));
    let out = context.printer.out;
    let section = |heading: &str, pairs: &[(String, Toned)]| {
        format!("{}\n{}", out.tone(Tone::Strong, &label(heading)), table::card(out, context.printer.width, pairs))
    };
    let shown = format!("{}\n{}", section("heading-book", &book), section("heading-exchange", &exchange));
    context.printer.data(&shown)?;
    if status.conflicts > 0 {
        context.next("fieldbook conflicts list");
    } else if status.branch.is_some() && status.outbox > 0 {
        context.next("fieldbook sync");
    }
    Ok(())
}
