//! `user`: people who may read the pages.

use clap::Subcommand;
use messages::Message;
use vocab::{Role, Staff};

use crate::Error;
use crate::admin::Admin;
use crate::commands::Context;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a person; prints the password, once
    Add {
        /// The name to sign in with
        name: String,
        /// What the person is: supervisor, process_manager, auditor, administrator, ...
        #[arg(long)]
        role: Role,
        /// The only branch the person may see, by name or id [default: every branch]
        #[arg(long, value_name = "NAME")]
        branch: Option<String>,
        /// How what the person writes on the pages names them, masked (王*) or a staff number [default: the name's first
        /// letter and *]
        #[arg(long, value_name = "NAME")]
        staff: Option<Staff>,
    },
}

pub(super) fn cmd_user(context: &Context, command: UserCommand) -> Result<(), Error> {
    let UserCommand::Add { name, role, branch, staff } = command;
    let mut admin = Admin::open_or_create(&context.settings)?;
    let added = admin.add_user(&name, role, branch.as_deref(), staff)?;
    let printer = &context.printer;
    if printer.wants_json() {
        return printer.json(&added);
    }
    printer.note(&Message::new("relay-user-added").with("name", added.name));
    printer.line(&added.password)
}
