//! A relay in a process of its own, and its commands.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use relay::Settings;
use serde_json::Value;

use crate::running::Reachable;

pub(crate) fn relay(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldbook-relay"));
    command.env_clear().env("FIELDBOOK_RELAY_DATA", data).env("LANG", "en_US.UTF-8");
    command
}

pub(crate) fn run(data: &Path, arguments: &[&str]) -> Output {
    relay(data).args(arguments).output().unwrap()
}

pub(crate) fn json(data: &Path, arguments: &[&str]) -> Value {
    let output = run(data, &[&["--json"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a command that fails says, in one text.
pub(crate) fn refusal(data: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(data, arguments);
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// A relay in a process of its own.
pub(crate) struct Process {
    child: Child,
    address: SocketAddr,
    settings: Settings,
}

impl Process {
    pub(crate) fn start(data: &Path) -> Process {
        let serve = ["serve", "--listen", "127.0.0.1:0"];
        let mut child = relay(data).args(serve).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let serving: Value = serde_json::from_str(&line).unwrap();
        let address: SocketAddr = serving["listen"].as_str().unwrap().parse().unwrap();
        assert_eq!(serving["url"], format!("http://{address}"));
        Process { child, address, settings: Settings::new(data) }
    }

    /// As `kill -9`: nothing in the process hears of it.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn terminate(mut self) -> Option<i32> {
        assert!(Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// What the process holds in memory, in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
    }
}

impl Reachable for Process {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }
}
