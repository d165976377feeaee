//! `export`: the converged records of a branch.

use std::path::PathBuf;

use clap::Args;

use crate::Error;
use crate::admin::Admin;
use crate::commands::Context;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The branch, by name or id
    #[arg(long, value_name = "NAME")]
    branch: String,
    /// Write to this file instead of stdout
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
}

pub(super) fn cmd_export(context: &Context, args: ExportArgs) -> Result<(), Error> {
    let admin = Admin::open(&context.settings)?;
    let mut json = Vec::new();
    admin.export(&args.branch, &mut json)?;
    match args.out {
        Some(path) => std::fs::write(&path, json).map_err(|source| Error::File { path, source }),
        None => context.printer.bytes(&json),
    }
}
