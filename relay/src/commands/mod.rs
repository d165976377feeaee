//! The command line of `fieldbook-relay`: one file per command, each with its arguments and what it does.
//!
//! Every command but `serve` opens the same database as a running relay, in its own process: what it writes takes effect there at
//! once. Data goes to stdout, everything else to stderr; with `--json` stdout is exactly one JSON value.

mod backup;
mod branch;
mod device;
mod erase;
mod export;
mod invite;
mod policy;
mod serve;
mod user;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use messages::Catalogue;
use vocab::Lang;

use crate::printer::Printer;
use crate::{Error, Settings, default_data};

/// Keeps what the devices of an organisation write, merges it and shows it.
#[derive(Debug, Parser)]
#[command(name = "fieldbook-relay", version, propagate_version = true)]
pub struct Cli {
    /// Where the relay keeps its data [default: $XDG_DATA_HOME/fieldbook-relay or ~/.local/share/fieldbook-relay]
    #[arg(long, global = true, value_name = "DIR", env = "FIELDBOOK_RELAY_DATA")]
    data: Option<PathBuf>,
    /// Print exactly one JSON value on stdout
    #[arg(long, global = true)]
    json: bool,
    /// Language of messages: zh-CN or en [default: that of the locale]
    #[arg(long, global = true, value_name = "LANG")]
    lang: Option<Lang>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Accept devices and show pages, until interrupted
    Serve(serve::ServeArgs),
    /// Branches of the organisation
    #[command(subcommand)]
    Branch(branch::BranchCommand),
    /// Make an invite with which one device can join a branch
    Invite(invite::InviteArgs),
    /// Devices that joined
    #[command(subcommand)]
    Device(device::DeviceCommand),
    /// People who may read the pages
    #[command(subcommand)]
    User(user::UserCommand),
    /// The limits, visits, hours and calendar of a branch, in versions that reach every device
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Write the converged records of a branch as JSON, byte-equal to a device's export
    Export(export::ExportArgs),
    /// Erase a dossier for good, here and on every device, while serving or not
    Erase(erase::EraseArgs),
    /// List what was erased
    Erased(erase::ErasedArgs),
    /// Copy everything that cannot be derived into one file, while serving or not
    Backup(backup::BackupArgs),
    /// Bring a backup back into an empty data directory; its feeds start new epochs
    Restore(backup::RestoreArgs),
}

/// What a command needs beside its own arguments.
struct Context {
    settings: Settings,
    printer: Printer,
}

/// Runs the command line of this process.
///
/// Exit codes: 0 done, 1 refused or failed with a message that says what to do, 2 wrong usage.
pub fn run(arguments: impl IntoIterator<Item = OsString>, variable: impl Fn(&str) -> Option<OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(usage) => {
            let code = u8::try_from(usage.exit_code()).unwrap_or(2);
            // Nothing is left to tell anybody when the terminal is gone.
            let _gone = usage.print();
            return ExitCode::from(code);
        }
    };
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| variable(name).filter(|value| !value.is_empty()))
        .find_map(|value| value.into_string().ok());
    let lang = cli.lang.unwrap_or_else(|| locale.as_deref().map_or(Lang::En, Lang::of_locale));
    let printer = Printer::new(cli.json, Catalogue::of(lang));
    let result = match cli.data.or_else(|| default_data(variable)) {
        Some(data) => dispatch(cli.command, &Context { settings: Settings::new(data), printer }),
        None => Err(Error::NoData),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            printer.error(&error);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command, context: &Context) -> Result<(), Error> {
    match command {
        Command::Serve(args) => serve::cmd_serve(context, args),
        Command::Branch(command) => branch::cmd_branch(context, command),
        Command::Invite(args) => invite::cmd_invite(context, args),
        Command::Device(command) => device::cmd_device(context, command),
        Command::User(command) => user::cmd_user(context, command),
        Command::Policy(command) => policy::cmd_policy(context, command),
        Command::Export(args) => export::cmd_export(context, args),
        Command::Erase(args) => erase::cmd_erase(context, args),
        Command::Erased(args) => erase::cmd_erased(context, args),
        Command::Backup(args) => backup::cmd_backup(context, args),
        Command::Restore(args) => backup::cmd_restore(context, args),
    }
}
