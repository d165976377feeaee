//! `demo`: a relay, two branches, four devices and a working day, for real, on this machine.
//!
//! Nothing is staged: the relay is the one that `fieldbook-relay serve` runs, the devices are homes like any other, what they
//! exchange goes through websockets, and everything told afterwards is read from the books. The proof is that the exports
//! of both devices of a branch and of the relay are equal byte for byte.

mod act;
mod cast;
mod narrator;
mod proof;
mod script;
mod stage;

use clap::{Arg, ArgAction, ArgMatches, Command};
use messages::{Catalogue, Message};
use serde_json::json;

use self::narrator::Narrator;
use self::stage::{Stage, failed};
use crate::command_error::CommandError;
use crate::context::Context;
use crate::interrupt::interrupted;

pub(super) fn shape(command: Command, _texts: &Catalogue) -> Command {
    command.arg(Arg::new("exit").long("exit").action(ArgAction::SetTrue))
}

pub(super) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let leaves = matches.get_flag("exit");
    context.block_on(day(context, leaves))?
}

async fn day(context: &Context, leaves: bool) -> Result<(), CommandError> {
    let narrator = Narrator::new(context);
    narrator.title()?;
    let mut stage = Stage::open(&narrator).await?;
    // The temporary directory goes with the stage, also when an act fails or somebody has seen enough.
    let played = tokio::select! {
        played = play(context, &narrator, &mut stage, leaves) => played,
        interrupted = interrupted() => interrupted.map_err(failed),
    };
    let closed = stage.close().await;
    played.and(closed)?;
    narrator.farewell()
}

async fn play(context: &Context, narrator: &Narrator<'_>, stage: &mut Stage, leaves: bool) -> Result<(), CommandError> {
    act::join(narrator, stage).await?;
    act::import(narrator, stage)?;
    let morning = act::exchange(narrator, stage, "morning").await?;
    act::apart(narrator, stage)?;
    let evening = act::exchange(narrator, stage, "evening").await?;
    let proofs = proof::compare(narrator, stage)?;
    act::merged(narrator, stage)?;
    let disputed = act::disputed(narrator, stage)?;
    let equal = proofs.iter().all(proof::Proof::holds);
    if context.json {
        context.printer.json(&json!({
            "relay": stage.url(),
            "sign_in": stage.sign_in(),
            "equal": equal,
            "branches": proofs,
            "conflicts": disputed,
            "exchanges": { "morning": morning, "evening": evening },
        }))?;
    }
    if !equal {
        return Err(CommandError::refused(Message::new("cli-demo-not_equal")));
    }
    if leaves {
        return Ok(());
    }
    narrator.serving(stage)?;
    stage.relay_ended().await
}
