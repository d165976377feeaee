//! `sync`: one exchange with the relay; with `--watch`, stays connected and follows.
//!
//! A person at a terminal sees a bar and lines; with `--watch --json` every event is one line of JSON on standard output.

use std::io;

use clap::{Arg as ClapArg, ArgAction, ArgMatches, Command};
use device::{Device, ErasedDossier, SyncEvent, SyncReport};
use messages::{Arg, Catalogue, Message};
use serde_json::json;
use tokio::sync::watch;

use crate::command_error::CommandError;
use crate::context::Context;
use crate::interrupt::interrupted;
use crate::progress::Progress;
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
    let mut progress = Progress::new(context);
    progress.say(context.text_with("cli-sync-connecting", &[("relay", relay.into())]));
    let outcome = context.block_on(device.sync(|event| {
        progress.show(context, &event);
        if is_notable(&event) {
            progress.aside(|| tell_event(context, &event));
        }
    }));
    progress.end();
    // What was committed before an error is told as well.
    let erased = device.tell_erased()?;
    if !context.json {
        tell_erased(context, &erased);
    }
    let report = outcome??;
    if context.json {
        context.printer.json(&report)?;
    } else {
        tell(context, &report);
    }
    Ok(())
}

/// What a single exchange tells while it goes on, besides how far it is.
fn is_notable(event: &SyncEvent) -> bool {
    matches!(event, SyncEvent::StartedOver | SyncEvent::Restored | SyncEvent::Unequal)
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
    if let Some(reconcile) = &report.reconcile {
        let args = [
            ("differing", Arg::from(reconcile.differing)),
            ("taken", reconcile.taken.into()),
            ("restored", reconcile.restored.into()),
        ];
        context.detail(&context.text_with("cli-sync-reconciled", &args));
    }
    if report.healed > 0 {
        context.warn(&context.text_with("cli-sync-healed", &[("count", report.healed.into())]));
    }
    if report.set_aside > 0 {
        context.warn(&context.text_with("cli-sync-set_aside", &[("count", report.set_aside.into())]));
    }
    if report.refused > 0 {
        context.warn(&context.text_with("cli-sync-refused", &[("count", report.refused.into())]));
    }
}

/// Which dossiers were erased, why, and what went with them.
pub(super) fn tell_erased(context: &Context, erased: &[ErasedDossier]) {
    for erased in erased {
        let args = [
            ("doc", Arg::from(erased.doc.to_string())),
            ("why", if erased.why.is_empty() { "-".into() } else { erased.why.as_str().into() }),
            ("dropped", erased.dropped.into()),
        ];
        context.warn(&context.text_with("cli-sync-erased", &args));
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

/// Follows until interrupted. With `--json` every event is a line on standard output, and the status closes them.
fn follow(context: &Context, device: &mut Device) -> Result<(), CommandError> {
    let (leave, left) = watch::channel(false);
    context.block_on(async {
        let following = device.watch(left, |event| {
            if context.json {
                // A closed standard output must not stop the following: the next command finds everything in the store.
                let _ = context.printer.json_line(&event);
            } else {
                tell_event(context, &event);
            }
        });
        tokio::pin!(following);
        tokio::select! {
            ended = &mut following => return ended.map_err(CommandError::from),
            interrupted = interrupted() => interrupted.map_err(no_signals)?,
        }
        // Nobody listens any more when the following has just ended by itself.
        let _ = leave.send(true);
        following.await.map_err(CommandError::from)
    })??;
    // Those erased meanwhile were told as they came.
    device.tell_erased()?;
    if context.json {
        return Ok(context.printer.json_line(&json!({ "event": "stopped", "status": device.status()? }))?);
    }
    context.done(&context.text("cli-sync-stopped"));
    Ok(())
}

fn no_signals(error: io::Error) -> CommandError {
    CommandError::refused(Message::new("cli-error-signals")).caused_by(error)
}

fn tell_event(context: &Context, event: &SyncEvent) {
    let text = |key: &str, args: &[(&str, Arg)]| context.text_with(key, args);
    match event {
        SyncEvent::Connected { branch } => {
            context.done(&text("cli-sync-watching", &[("branch", branch.as_str().into())]));
        }
        SyncEvent::StartedOver => context.warn(&text("cli-sync-started_over", &[])),
        SyncEvent::Restored => context.warn(&text("cli-sync-restored", &[])),
        SyncEvent::Unequal => context.warn(&text("cli-sync-unequal", &[])),
        SyncEvent::Reconciled => context.done(&text("cli-sync-compared", &[])),
        SyncEvent::Erased(erased) => tell_erased(context, std::slice::from_ref(erased)),
        SyncEvent::Healed { changes, .. } => context.warn(&text("cli-sync-healed", &[("count", (*changes).into())])),
        SyncEvent::SetAside { changes, .. } => {
            context.warn(&text("cli-sync-set_aside", &[("count", (*changes).into())]));
        }
        SyncEvent::Received { documents: 0, .. } | SyncEvent::Settled { accepted: 0, refused: 0 } => {}
        SyncEvent::Received { documents, cursor } => {
            let place = cursor.map_or(0, |cursor| cursor.through.get());
            let args = [("documents", Arg::from(*documents)), ("cursor", place.into())];
            context.detail(&text("cli-sync-received", &args));
        }
        SyncEvent::Settled { accepted, refused } => {
            let args = [("accepted", Arg::from(*accepted)), ("refused", (*refused).into())];
            context.detail(&text("cli-sync-settled", &args));
        }
        SyncEvent::Waiting { wait_ms } => {
            let seconds = format!("{:.1}", *wait_ms as f64 / 1_000.0);
            context.warn(&text("cli-sync-waiting", &[("seconds", seconds.into())]));
        }
        SyncEvent::Progress { .. } | SyncEvent::Reconciling { .. } | SyncEvent::CaughtUp { .. } => {}
    }
}
