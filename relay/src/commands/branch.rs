//! `branch`: the branches of the organisation.

use clap::Subcommand;
use messages::Message;
use serde::Serialize;
use store::{Branch, Documents};
use vocab::{BranchId, Epoch, Timestamp};

use crate::Error;
use crate::admin::Admin;
use crate::commands::Context;
use crate::printer::Table;

#[derive(Debug, Subcommand)]
pub(super) enum BranchCommand {
    /// Add a branch with an empty feed
    Add {
        /// Its name
        name: String,
    },
    /// List the branches
    List,
}

/// A branch as `--json` prints it.
#[derive(Serialize)]
struct Shown {
    id: BranchId,
    name: String,
    epoch: Epoch,
    zone: String,
    created_at: Timestamp,
    head: u64,
    dossiers: u64,
    devices: usize,
}

pub(super) fn cmd_branch(context: &Context, command: BranchCommand) -> Result<(), Error> {
    match command {
        BranchCommand::Add { name } => add(context, &name),
        BranchCommand::List => list(context),
    }
}

fn add(context: &Context, name: &str) -> Result<(), Error> {
    let mut admin = Admin::open_or_create(&context.settings)?;
    let branch = admin.add_branch(name)?;
    let printer = &context.printer;
    if printer.wants_json() {
        return printer.json(&shown(&admin, branch)?);
    }
    printer.text(&Message::new("relay-branch-added").with("name", branch.name))
}

fn list(context: &Context) -> Result<(), Error> {
    let admin = Admin::open(&context.settings)?;
    let branches = admin.branches()?.into_iter().map(|branch| shown(&admin, branch)).collect::<Result<Vec<_>, _>>()?;
    let printer = &context.printer;
    if printer.wants_json() {
        return printer.json(&branches);
    }
    if branches.is_empty() {
        printer.note(&Message::new("relay-branch-none"));
        return Ok(());
    }
    let mut table =
        Table::new(["relay-heading-name", "relay-heading-head", "relay-heading-devices", "relay-heading-id"]);
    for branch in branches {
        table.row([branch.name, branch.head.to_string(), branch.devices.to_string(), branch.id.to_string()]);
    }
    printer.table(&table)
}

fn shown(admin: &Admin, branch: Branch) -> Result<Shown, Error> {
    let counts = admin.store().counts(branch.id)?;
    let Branch { id, name, epoch, zone, created_at } = branch;
    let devices = admin.devices(Some(id))?.iter().filter(|device| device.revoked_at.is_none()).count();
    Ok(Shown { id, name, epoch, zone, created_at, head: counts.head.get(), dossiers: counts.documents, devices })
}
