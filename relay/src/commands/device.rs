//! `device`: the devices that joined.

use clap::Subcommand;
use messages::Message;
use store::Feeds;

use crate::Error;
use crate::admin::Admin;
use crate::commands::Context;
use crate::fleet::ShownDevice;
use crate::printer::Table;

#[derive(Debug, Subcommand)]
pub(super) enum DeviceCommand {
    /// List the devices
    List {
        /// Only those of this branch, by name or id
        #[arg(long, value_name = "NAME")]
        branch: Option<String>,
    },
    /// Shut a device out for good: a lost or stolen one
    Revoke {
        /// Its code, such as 07, or its key
        id: String,
    },
}

pub(super) fn cmd_device(context: &Context, command: DeviceCommand) -> Result<(), Error> {
    match command {
        DeviceCommand::List { branch } => list(context, branch.as_deref()),
        DeviceCommand::Revoke { id } => revoke(context, &id),
    }
}

fn list(context: &Context, branch: Option<&str>) -> Result<(), Error> {
    let admin = Admin::open(&context.settings)?;
    let branches = match branch {
        Some(name) => vec![admin.branch(name)?],
        None => admin.branches()?,
    };
    let mut devices = Vec::new();
    for branch in branches {
        let head = admin.store().head(branch.id)?.get();
        let here = admin.devices(Some(branch.id))?;
        devices.extend(here.into_iter().map(|device| ShownDevice::of(device, branch.name.clone(), head)));
    }
    let printer = &context.printer;
    if printer.wants_json() {
        return printer.json(&devices);
    }
    if devices.is_empty() {
        printer.note(&Message::new("relay-device-none"));
        return Ok(());
    }
    let mut table = Table::new([
        "relay-heading-code",
        "relay-heading-name",
        "relay-heading-staff",
        "relay-heading-role",
        "relay-heading-last-seen",
        "relay-heading-lag",
        "relay-heading-outbox",
        "relay-heading-state",
    ]);
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    for device in devices {
        let state = if device.revoked_at.is_some() { "relay-state-revoked" } else { "relay-state-active" };
        table.row([
            device.code.to_string(),
            device.branch,
            device.staff.to_string(),
            printer.catalogue().text(&format!("role-{}", device.role.code()), &[]),
            device.last_seen_at.map_or_else(|| "-".to_owned(), |at| at.to_string()),
            number(device.lag),
            number(device.outbox),
            printer.catalogue().text(state, &[]),
        ]);
    }
    printer.table(&table)
}

fn revoke(context: &Context, id: &str) -> Result<(), Error> {
    let mut admin = Admin::open(&context.settings)?;
    let device = admin.revoke(id)?;
    let branch = admin.branch(&device.branch.to_string())?;
    let head = admin.store().head(branch.id)?.get();
    let printer = &context.printer;
    if printer.wants_json() {
        return printer.json(&ShownDevice::of(device, branch.name, head));
    }
    let message = Message::new("relay-device-revoked").with("code", device.code.to_string());
    printer.text(&message.with("staff", device.staff.to_string()))
}
