//! Where automerge-repo comes from: its packages, pinned in `../automerge-repo`, are installed from the npm registry into a
//! temporary folder when `FIELDBOOK_BENCH_NODE=1` allows it, or found in a folder that it names.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failed;

/// What the environment says of Node.
const VARIABLE: &str = "FIELDBOOK_BENCH_NODE";

/// Either where automerge-repo is installed, or why it is left out.
pub(crate) fn find(dir: &Path) -> Result<Result<PathBuf, String>, Failed> {
    let allowed = std::env::var_os(VARIABLE).filter(|value| !value.is_empty() && value != "0");
    let Some(allowed) = allowed else {
        return Ok(Err(format!("{VARIABLE}=1 allows to install its packages from the npm registry")));
    };
    for program in ["node", "npm"] {
        let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            return Ok(Err(format!("`{program}` is not on this machine")));
        }
    }
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/automerge-repo");
    let installed = dir.join("automerge-repo");
    std::fs::create_dir_all(&installed)?;
    for file in ["package.json", "package-lock.json", "peer.mjs"] {
        std::fs::copy(ours.join(file), installed.join(file))?;
    }
    if allowed != "1" {
        std::os::unix::fs::symlink(Path::new(&allowed).join("node_modules"), installed.join("node_modules"))?;
        return Ok(Ok(installed));
    }
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&installed)
        .stdout(Stdio::null())
        .status()?;
    Ok(if npm.success() { Ok(installed) } else { Err("its packages could not be installed".to_owned()) })
}
