//! `status`: the book, what waits to be sent, the last sync, refused changes, conflicts.

use std::collections::BTreeMap;

use clap::{ArgMatches, Command};
use device::Device;
use messages::{Arg, Catalogue};

use super::sync::tell_erased;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::history_view::minute;
use crate::printer::Tone;
use crate::table::{self, Toned};

/// How many customers are named beside a reason.
const CUSTOMERS_NAMED_MAX: usize = 5;

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
    if status.set_aside > 0 {
        exchange.push(count("set_aside", status.set_aside, Tone::Warn));
    }
    if status.erased > 0 {
        exchange.push(count("erased", status.erased, Tone::Plain));
    }
    if status.suspect {
        exchange.push((label("suspect"), (label("suspect-next"), Tone::Warn)));
    }
    let out = context.printer.out;
    let section = |heading: &str, pairs: &[(String, Toned)]| {
        format!("{}\n{}", out.tone(Tone::Strong, &label(heading)), table::card(out, context.printer.width, pairs))
    };
    let shown = format!("{}\n{}", section("heading-book", &book), section("heading-exchange", &exchange));
    context.printer.data(&shown)?;
    tell_refused(context, &mut device)?;
    tell_erased(context, &device.tell_erased()?);
    if status.set_aside > 0 || status.invalid > 0 {
        context.next("fieldbook doctor");
    }
    if status.conflicts > 0 {
        context.next("fieldbook conflicts list");
    } else if status.branch.is_some() && status.outbox > 0 {
        context.next("fieldbook sync");
    }
    Ok(())
}

/// What the relay refused, by reason, each with how to go on.
fn tell_refused(context: &Context, device: &mut Device) -> Result<(), CommandError> {
    let mut reasons: BTreeMap<&'static str, (u64, Vec<String>)> = BTreeMap::new();
    for change in device.refused()? {
        let (count, customers) = reasons.entry(change.reason).or_default();
        *count += 1;
        if let Some(customer) = change.customer
            && customers.len() < CUSTOMERS_NAMED_MAX
            && !customers.contains(&customer)
        {
            customers.push(customer);
        }
    }
    for (reason, (count, customers)) in reasons {
        let args = [
            ("count", Arg::from(count)),
            ("reason", Arg::Key(format!("refusal-{reason}"))),
            ("customers", if customers.is_empty() { "none".into() } else { customers.join(", ").into() }),
        ];
        context.warn(&context.text_with("cli-status-refused_for", &args));
        context.detail(&context.text(&format!("cli-refused-fix-{reason}")));
    }
    Ok(())
}
