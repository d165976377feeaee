//! `customer merge ID ID` and `customer separate ID ID`: one customer entered twice, and taking that back. No record moves.

use clap::{Arg, ArgMatches, Command, builder::OsStringValueParser};
use messages::{Arg as Variable, Catalogue};

use super::kinds::Own;
use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::record_view;

/// What only customers can do.
pub(super) const OWN: Own = Own { shape, run };

fn shape(command: Command, texts: &Catalogue) -> Command {
    let other = || Arg::new("other").value_name("ID").required(true).value_parser(OsStringValueParser::new());
    let merge = Command::new("merge").about(texts.text("cli-help-customer-merge", &[]));
    let separate = Command::new("separate").about(texts.text("cli-help-customer-separate", &[]));
    command.mut_subcommand("merge", |_| merge.arg(arguments::id_argument()).arg(other())).mut_subcommand(
        "separate",
        |_| {
            let reason = arguments::option("reason", "TEXT").required(true);
            separate.arg(arguments::id_argument()).arg(other()).arg(reason)
        },
    )
}

fn run(context: &Context, verb: &str, args: &ArgMatches) -> Option<Result<(), CommandError>> {
    match verb {
        "merge" => Some(merge(context, args)),
        "separate" => Some(separate(context, args)),
        _ => None,
    }
}

fn other(args: &ArgMatches) -> Result<&str, CommandError> {
    Ok(arguments::text(args, "other", "ID")?.unwrap_or_default())
}

fn merge(context: &Context, args: &ArgMatches) -> Result<(), CommandError> {
    let stored = context.open()?.merge(arguments::id(args)?, other(args)?)?;
    let id = record_view::id_of(&stored.json).to_owned();
    context.saved("cli-done-merged", &stored, &[("id", Variable::from(id))])
}

fn separate(context: &Context, args: &ArgMatches) -> Result<(), CommandError> {
    let reason = arguments::text(args, "reason", "--reason")?.unwrap_or_default();
    let stored = context.open()?.separate(arguments::id(args)?, other(args)?, reason)?;
    context.saved("cli-done-separated", &stored, &[("other", Variable::from(other(args)?))])
}
