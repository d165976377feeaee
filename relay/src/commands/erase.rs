//! `erase` and `erased`: dossiers that are to be gone, and those that are.

use clap::Args;
use messages::Message;

use crate::Error;
use crate::admin::Admin;
use crate::commands::Context;
use crate::printer::Table;

#[derive(Debug, Args)]
pub(super) struct EraseArgs {
    /// The dossier: its document (automerge:...), the id of a record in it such as CUST-07-3, or that record's id on paper
    dossier: String,
    /// Why; every device keeps it for ever, so it must not say what is to be gone
    #[arg(long, value_name = "W")]
    why: String,
    /// Only search this branch, by name or id
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ErasedArgs {
    /// Only those of this branch, by name or id
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
}

pub(super) fn cmd_erase(context: &Context, args: EraseArgs) -> Result<(), Error> {
    let mut admin = Admin::open(&context.settings)?;
    let done = admin.erase(&args.dossier, args.branch.as_deref(), &args.why)?;
    let printer = &context.printer;
    if printer.wants_json() {
        return printer.json(&done);
    }
    let message = match done.before {
        true => Message::new("relay-erased-before").with("at", done.erased.at.to_string()),
        false => Message::new("relay-erased").with("changes", done.changes.to_string()),
    };
    printer.text(&message.with("doc", done.erased.doc.to_string()).with("branch", done.erased.branch))
}

pub(super) fn cmd_erased(context: &Context, args: ErasedArgs) -> Result<(), Error> {
    let erased = Admin::open(&context.settings)?.erased(args.branch.as_deref())?;
    let printer = &context.printer;
    if printer.wants_json() {
        return printer.json(&erased);
    }
    if erased.is_empty() {
        printer.note(&Message::new("relay-erased-none"));
        return Ok(());
    }
    let mut table =
        Table::new(["relay-heading-erased-at", "relay-heading-name", "relay-heading-document", "relay-heading-why"]);
    for dossier in erased {
        table.row([dossier.at.to_string(), dossier.branch, dossier.doc.to_string(), dossier.why]);
    }
    printer.table(&table)
}
