//! `policy`: the figures that a branch's procedure leaves open, in versions.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use messages::Message;
use serde::Serialize;
use serde_json::Value;
use vocab::{Author, RecordId, Role, Staff};

use crate::Error;
use crate::admin::Admin;
use crate::author::policy::{self, ShownVersion, Wanted};
use crate::author::{self, Draft, words};
use crate::commands::Context;

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Show what holds, or an earlier version
    Show(ShowArgs),
    /// Write a further version; it reaches every device, and records keep the version they began under
    Edit(EditArgs),
    /// List the versions: who wrote them, when, why, and what they changed
    Versions {
        /// The branch, by name or id
        #[arg(long, value_name = "NAME")]
        branch: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The branch, by name or id
    #[arg(long, value_name = "NAME")]
    branch: String,
    /// An earlier version, as `policy versions` lists it [default: the one that holds]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("wanted").required(true).args(["file", "places"])))]
pub(super) struct EditArgs {
    /// The branch, by name or id
    #[arg(long, value_name = "NAME")]
    branch: String,
    /// Why; everybody who looks at the versions reads it
    #[arg(long, value_name = "W")]
    reason: String,
    /// The whole policy as JSON, as `policy show --json` prints it below `policy`
    file: Option<PathBuf>,
    /// One figure: limits.L5.minutes=45, limits.L18.each=quarter, visits.potential=1, calendar=[...]; may be repeated
    #[arg(long = "set", value_name = "PLACE=VALUE")]
    places: Vec<String>,
    /// Who writes it, masked or a staff number
    #[arg(long, value_name = "STAFF", default_value = "管理员*")]
    by: Staff,
}

/// A version as `show --json` prints it.
#[derive(Serialize)]
struct Shown {
    branch: String,
    #[serde(flatten)]
    version: ShownVersion,
    policy: Value,
}

/// What `edit --json` prints.
#[derive(Serialize)]
struct Edited {
    branch: String,
    version: RecordId,
    reason: String,
    by: Staff,
    changed: Value,
}

pub(super) fn cmd_policy(context: &Context, command: PolicyCommand) -> Result<(), Error> {
    match command {
        PolicyCommand::Show(args) => show(context, args),
        PolicyCommand::Edit(args) => edit(context, args),
        PolicyCommand::Versions { branch } => versions(context, &branch),
    }
}

fn show(context: &Context, args: ShowArgs) -> Result<(), Error> {
    let admin = Admin::open(&context.settings)?;
    let branch = admin.branch(&args.branch)?;
    let (version, policy) = policy::read(admin.store(), &branch)?.shown(args.id.as_deref())?;
    let printer = &context.printer;
    if printer.wants_json() {
        let policy = serde_json::to_value(&policy).map_err(|source| Error::Output(source.into()))?;
        return printer.json(&Shown { branch: branch.name, version, policy });
    }
    let catalogue = printer.catalogue();
    printer.line(&words::heading(catalogue, &version))?;
    for section in words::sections(catalogue, &policy) {
        printer.line(&format!("\n{}", section.title))?;
        for (label, text) in section.rows {
            printer.line(&format!("  {label}: {text}"))?;
        }
    }
    Ok(())
}

fn edit(context: &Context, args: EditArgs) -> Result<(), Error> {
    let wanted = match &args.file {
        Some(path) => {
            let failed = |source| Error::File { path: path.clone(), source };
            let text = std::fs::read_to_string(path).map_err(failed)?;
            let unreadable = |error: serde_json::Error| {
                author::refused(Message::new("policy-unreadable").with("cause", error.to_string()))
            };
            Wanted::Whole(serde_json::from_str(&text).map_err(unreadable)?)
        }
        None => Wanted::places(&args.places)?,
    };
    let mut admin = Admin::open(&context.settings)?;
    let branch = admin.branch(&args.branch)?;
    let name = branch.name.clone();
    let author = Author { staff: args.by.clone(), role: Role::Administrator };
    let draft = Draft { doc: policy::document(&branch)?, branch, author };
    let reason = args.reason.trim().to_owned();
    let made =
        author::write(admin.store_mut(), &draft, |edit, names| policy::write(edit, names, wanted, &reason, None))?;
    let printer = &context.printer;
    if printer.wants_json() {
        let changed = serde_json::to_value(&made.changed).map_err(|source| Error::Output(source.into()))?;
        return printer.json(&Edited {
            branch: name,
            version: made.version,
            reason: args.reason,
            by: args.by,
            changed,
        });
    }
    let written = Message::new("policy-written").with("branch", name).with("version", made.version.to_string());
    printer.text(&written)?;
    for change in &made.changed {
        printer.line(&format!("  {}", words::difference(printer.catalogue(), change)))?;
    }
    Ok(())
}

fn versions(context: &Context, branch: &str) -> Result<(), Error> {
    let admin = Admin::open(&context.settings)?;
    let branch = admin.branch(branch)?;
    let versions = policy::read(admin.store(), &branch)?.versions();
    let printer = &context.printer;
    if printer.wants_json() {
        return printer.json(&versions);
    }
    if versions.is_empty() {
        printer.note(&Message::new("policy-no_versions").with("branch", branch.name));
    }
    for version in &versions {
        printer.line(&words::heading(printer.catalogue(), version))?;
        for change in &version.changed {
            printer.line(&format!("  {}", words::difference(printer.catalogue(), change)))?;
        }
    }
    Ok(())
}
