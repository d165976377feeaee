//! `init`: a store and a key on this device; works with no relay at all.

use clap::{ArgMatches, Command};
use device::Device;
use messages::{Arg, Catalogue};
use serde_json::json;
use vocab::{Role, Staff};

use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;

pub(super) fn shape(command: Command, _texts: &Catalogue) -> Command {
    command.arg(arguments::option("staff", "NAME")).arg(arguments::option("role", "ROLE"))
}

pub(super) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let staff = arguments::parsed::<Staff>(matches, "staff")?;
    let role = arguments::parsed::<Role>(matches, "role")?;
    let home = context.home()?;
    let mut device = Device::init(&home, staff, role)?;
    let identity = device.identity()?;
    if context.json {
        return Ok(context.printer.json(&json!({
            "home": home.display().to_string(),
            "device": identity.code,
            "key": identity.key,
            "staff": identity.staff,
            "role": identity.role,
        }))?);
    }
    context.done(&context.text_with("cli-init-done", &[("home", home.display().to_string().into())]));
    let signs = [
        ("staff", Arg::Text(identity.staff.to_string())),
        ("role", Arg::Key(format!("role-{}", identity.role))),
        ("code", identity.code.to_string().into()),
    ];
    context.detail(&context.text_with("cli-init-code", &signs));
    context.next("fieldbook customer add");
    Ok(())
}
