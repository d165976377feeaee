//! `fieldbook`: the service book of a branch on one device.

use std::process::ExitCode;

fn main() -> ExitCode {
    client_cli::run(std::env::args_os().collect())
}
