//! Local commands, as a person runs them.

use std::path::{Path, PathBuf};
use std::time::Instant;

use tests::bench::Failed;
use tests::process::Program;

use crate::{millis, row};

/// How often a local command is repeated; the median is told.
const RUNS: usize = 25;

/// Whole processes of the release build.
pub(crate) fn measure(home: &Path, ids: &[String]) -> Result<(), Failed> {
    let binary: PathBuf = Program::Device.path();
    let id = &ids[0];
    println!();
    let local: [(&str, &[&str]); 7] = [
        ("customer show", &["customer", "show", id]),
        ("customer add", &["customer", "add", "--name", "王*", "--channel", "phone"]),
        ("customer edit", &["customer", "edit", id, "--preference", ""]),
        ("task list --limit 50", &["task", "list", "--limit", "50"]),
        ("search 设备", &["search", "设备"]),
        ("history", &["history", id]),
        ("status", &["status"]),
    ];
    for (name, args) in local {
        let mut times = Vec::new();
        for run in 0..RUNS {
            let varied = format!("第{run}次");
            let mut command = std::process::Command::new(&binary);
            command.arg("--home").arg(home).arg("--json");
            command.args(args.iter().map(|arg| if arg.is_empty() { varied.as_str() } else { arg }));
            let start = Instant::now();
            let output = command.output()?;
            times.push(start.elapsed());
            if !output.status.success() {
                return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)).into());
            }
        }
        times.sort_unstable();
        row(&format!("local command: {name}"), millis(times[RUNS / 2]), "10 ms");
    }
    Ok(())
}
