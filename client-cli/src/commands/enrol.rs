//! `enrol`: joins a branch at a relay with an invitation; makes the store when there is none.

use clap::{Arg as ClapArg, ArgAction, ArgMatches, Command};
use device::{Device, DeviceError, Rejoin};
use messages::{Arg, Catalogue};
use serde_json::json;

use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;

/// The prefix of the example that shows how ids look from now on.
const EXAMPLE_PREFIX: &str = records::CUSTOMER.prefix;

pub(super) fn shape(command: Command, _texts: &Catalogue) -> Command {
    command
        .arg(arguments::option("relay", "URL").required(true))
        .arg(arguments::option("invite", "CODE").required(true))
        .arg(arguments::option("name", "NAME"))
        .arg(ClapArg::new("again").long("again").action(ArgAction::SetTrue))
}

pub(super) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let relay = arguments::text(matches, "relay", "--relay")?.unwrap_or_default();
    let invite = arguments::text(matches, "invite", "--invite")?.unwrap_or_default();
    let name = arguments::text(matches, "name", "--name")?.unwrap_or_default();
    let home = context.home()?;
    let mut device = match Device::open(&home) {
        Err(DeviceError::NoStore { .. }) => Device::init(&home, None, None)?,
        opened => opened?,
    };
    context.progress(&context.text_with("cli-sync-connecting", &[("relay", relay.into())]));
    let book = device.status()?;
    let rejoin = if matches.get_flag("again") { Rejoin::Always } else { Rejoin::WhenForgotten };
    let joined = context.block_on(device.enrol(relay, invite, name, rejoin));
    context.progress("");
    let membership = joined??;
    let identity = device.identity()?;
    if context.json {
        return Ok(context.printer.json(&json!({
            "device": identity.code,
            "key": identity.key,
            "staff": identity.staff,
            "role": identity.role,
            "name": identity.name,
            "branch": membership.branch_name,
            "branch_id": membership.branch,
            "relay": membership.relay,
        }))?);
    }
    let joined = [
        ("branch", Arg::from(membership.branch_name.as_str())),
        ("role", Arg::Key(format!("role-{}", identity.role))),
        ("staff", identity.staff.to_string().into()),
    ];
    context.done(&context.text_with("cli-enrol-done", &joined));
    if book.branch.is_some() {
        let args = [("dossiers", Arg::from(book.dossiers)), ("outbox", book.outbox.into())];
        context.detail(&context.text_with("cli-enrol-again", &args));
        if book.device != identity.code {
            let codes = [("before", Arg::from(book.device.to_string())), ("now", identity.code.to_string().into())];
            context.detail(&context.text_with("cli-enrol-code_changed", &codes));
        }
    }
    let example = format!("{EXAMPLE_PREFIX}-{}-1", identity.code);
    context.detail(&context.text_with("cli-enrol-code", &[("example", example.into())]));
    context.next("fieldbook sync");
    Ok(())
}
