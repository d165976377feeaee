//! `sync`: one exchange with the relay; with `--watch`, stays connected and follows.

use std::io;

use clap::{Arg as ClapArg, ArgAction, ArgMatches, Command};
use device::{Device, SyncEvent, SyncReport};
use messages::{Arg, Catalogue, Message};
use tokio::sync::watch;

use crate::command_error::CommandError;
use crate::context::Context;
use crate::interrupt::interrupted;
use crate::size::bytes;

pub(super) fn shape(command: Command, _texts: &Catalogue) -> Command {
    command.arg(ClapArg::new("watch").long("watch").action(ArgAction::SetTrue))
}

pub(super) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let mut device = context.open()?;
    if matches.get_flag("watch") { follow(context, &mut device) } else { once(context, &mut device) }
}

fn once(context: &Context, device: &mut Device) -> Result<(), CommandError> {
    let relay = device.membership()?.map(|membership| membership.relay).unwrap_or_default();
    context.progress(&context.text_with("cli-sync-connecting", &[("relay", relay.into())]));
    let (mut sent, mut received) = (0, 0);
    let outcome = context.block_on(device.sync(|event| {
        match event {
            SyncEvent::Settled { accepted, .. } => sent += accepted,
            SyncEvent::Received { documents, .. } => received += documents,
            _ => return,
        }
        let counts = [("sent", Arg::from(sent)), ("received", Arg::from(received))];
        context.progress(&context.text_with("cli-sync-working", &counts));
    }));
    context.progress("");
    let report = outcome??;
    if context.json {
        context.printer.json(&report)?;
    } else {
        tell(context, &report);
    }
    Ok(())
}

/// What one exchange did and cost, for the person.
fn tell(context: &Context, report: &SyncReport) {
    let done = [
        ("branch", Arg::from(report.branch.as_str())),
        ("pushed", report.pushed.into()),
        ("pulled", report.pulled.into()),
        ("documents", report.documents_changed.into()),
    ];
    context.done(&context.text_with("cli-sync-done", &done));
    context.detail(&cost(context, report));
    if report.refused > 0 {
        context.warn(&context.text_with("cli-sync-refused", &[("count", report.refused.into())]));
    }
}

fn cost(context: &Context, report: &SyncReport) -> String {
    let cost = [
        ("up", Arg::from(bytes(context.texts, report.bytes_up))),
        ("down", bytes(context.texts, report.bytes_down).into()),
        ("round_trips", i64::from(report.round_trips).into()),
        ("ms", report.duration_ms.into()),
    ];
    context.text_with("cli-sync-cost", &cost)
}

/// Follows until interrupted. With `--json` every event is told on standard error like without, and the closing status is the one
/// JSON value.
fn follow(context: &Context, device: &mut Device) -> Result<(), CommandError> {
    let (leave, left) = watch::channel(false);
    context.block_on(async {
        let following = device.watch(left, |event| tell_event(context, &event));
        tokio::pin!(following);
        tokio::select! {
            ended = &mut following => return ended.map_err(CommandError::from),
            interrupted = interrupted() => interrupted.map_err(no_signals)?,
        }
        // Nobody listens any more when the following has just ended by itself.
        let _ = leave.send(true);
        following.await.map_err(CommandError::from)
    })??;
    if context.json {
        return Ok(context.printer.json(&device.status()?)?);
    }
    context.done(&context.text("cli-sync-stopped"));
    Ok(())
}

fn no_signals(error: io::Error) -> CommandError {
    CommandError::refused(Message::new("cli-error-signals")).caused_by(error)
}

fn tell_event(context: &Context, event: &SyncEvent) {
    match event {
        SyncEvent::Connected { branch } => {
            context.done(&context.text_with("cli-sync-watching", &[("branch", branch.as_str().into())]));
        }
        SyncEvent::StartedOver => context.warn(&context.text("cli-sync-started_over")),
        SyncEvent::Received { documents: 0, .. } | SyncEvent::Settled { accepted: 0, refused: 0 } => {}
        SyncEvent::Received { documents, cursor } => {
            let args = [("documents", Arg::from(*documents)), ("cursor", cursor.through.get().into())];
            context.detail(&context.text_with("cli-sync-received", &args));
        }
        SyncEvent::Settled { accepted, refused } => {
            let args = [("accepted", Arg::from(*accepted)), ("refused", (*refused).into())];
            context.detail(&context.text_with("cli-sync-settled", &args));
        }
        SyncEvent::Waiting { wait_ms } => {
            let seconds = format!("{:.1}", *wait_ms as f64 / 1_000.0);
            context.warn(&context.text_with("cli-sync-waiting", &[("seconds", seconds.into())]));
        }
    }
}
