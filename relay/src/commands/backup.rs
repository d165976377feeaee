//! `backup` and `restore`: everything a relay holds that cannot be derived, in one file.

use std::path::PathBuf;

use clap::Args;
use messages::Message;
use serde::Serialize;

use crate::Error;
use crate::admin::Admin;
use crate::commands::Context;
use crate::restore::restore;

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// The file to write; it must not exist
    path: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// A file written by `backup`
    path: PathBuf,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Done {
    path: PathBuf,
    branches: usize,
}

pub(super) fn cmd_backup(context: &Context, args: BackupArgs) -> Result<(), Error> {
    let admin = Admin::open(&context.settings)?;
    admin.backup(&args.path)?;
    let branches = admin.branches()?.len();
    done(context, "relay-backup-done", Done { path: args.path, branches })
}

pub(super) fn cmd_restore(context: &Context, args: RestoreArgs) -> Result<(), Error> {
    let branches = restore(&context.settings, &args.path)?;
    done(context, "relay-restore-done", Done { path: context.settings.data.clone(), branches })
}

fn done(context: &Context, key: &str, done: Done) -> Result<(), Error> {
    if context.printer.wants_json() {
        return context.printer.json(&done);
    }
    context.printer.text(&Message::new(key).with("path", done.path.display().to_string()))
}
