//! `branch`: the branches of the organisation.

use clap::Subcommand;
use messages::Message;
use serde::Serialize;
use store::{Branch, Documents, Origin};
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
        /// It takes the place of one that was lost with the relay's disk: its devices bring it back, erasures included
        #[arg(long)]
        recover: bool,
    },
    /// End the recovery of a branch: from now on only what this relay itself erases counts as erased
    Recovered {
        /// The branch, by name or id
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
    /// It takes the place of one that was lost, and takes its devices' word for what was erased.
    recovering: bool,
    head: u64,
    dossiers: u64,
    devices: usize,
}

pub(super) fn cmd_branch(context: &Context, command: BranchCommand) -> Result<(), Error> {
    match command {
        BranchCommand::Add { name, recover } => {
            add(context, &name, if recover { Origin::Recovering } else { Origin::New })
        }
        BranchCommand::Recovered { name } => recovered(context, &name),
        BranchCommand::List => list(context),
    }
}

fn add(context: &Context, name: &str, origin: Origin) -> Result<(), Error> {
    let mut admin = Admin::open_or_create(&context.settings)?;
    let (branch, message) = match origin {
        Origin::New => (admin.add_branch(name)?, "relay-branch-added"),
        Origin::Recovering => (admin.recover_branch(name)?, "relay-branch-recovering"),
    };
    let printer = &context.printer;
    if printer.wants_json() {
        return printer.json(&shown(&admin, branch)?);
    }
    printer.text(&Message::new(message).with("name", branch.name))
}

fn recovered(context: &Context, name: &str) -> Result<(), Error> {
    let mut admin = Admin::open(&context.settings)?;
    let branch = admin.end_recovery(name)?;
    let printer = &context.printer;
    if printer.wants_json() {
        return printer.json(&shown(&admin, branch)?);
    }
    printer.text(&Message::new("relay-branch-recovered").with("name", branch.name))
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
    let Branch { id, name, epoch, zone, origin, created_at, .. } = branch;
    let recovering = origin == Origin::Recovering;
    let devices = admin.devices(Some(id))?.iter().filter(|device| device.revoked_at.is_none()).count();
    Ok(Shown {
        id,
        name,
        epoch,
        zone,
        created_at,
        recovering,
        head: counts.head.get(),
        dossiers: counts.documents,
        devices,
    })
}
