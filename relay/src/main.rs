//! `fieldbook-relay`.

use std::process::ExitCode;

fn main() -> ExitCode {
    relay::commands::run(std::env::args_os(), |name| std::env::var_os(name))
}
