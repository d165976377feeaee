//! The real programs as processes: built once, started on directories of their own, told apart by what they print.
//!
//! Readiness is an event: [`RelayProcess::start`] returns once the relay has printed the address it accepts connections on.
//! Nothing outlives its handle.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// One of the two programs people run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `fieldbook`, a device.
    Device,
    /// `fieldbook-relay`.
    Relay,
}

impl Program {
    /// The name of the binary.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Program::Device => "fieldbook",
            Program::Relay => "fieldbook-relay",
        }
    }

    /// The binary, built from the present sources in the profile of the running test.
    ///
    /// # Panics
    /// When it cannot be built: no test that needs it can say anything then.
    #[must_use]
    pub fn path(self) -> PathBuf {
        binaries().join(format!("{}{}", self.name(), std::env::consts::EXE_SUFFIX))
    }

    /// A command that runs it, without anything of the environment that would change what it does.
    #[must_use]
    pub fn command(self) -> Command {
        let mut command = Command::new(self.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("FIELDBOOK") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "en").env("TZ", "UTC");
        command
    }
}

/// Where the binaries are. Tests run from `<target>/<profile>/deps`; cargo builds next to it, and does nothing when
/// nothing changed. A test is named besides, so that features are resolved as `cargo test --workspace` resolves them: without one,
/// dependencies would be built a second time.
fn binaries() -> &'static Path {
    static BINARIES: OnceLock<PathBuf> = OnceLock::new();
    BINARIES.get_or_init(|| {
        let test = std::env::current_exe().expect("a running test has a path");
        let profile = test.parent().and_then(Path::parent).expect("tests run from target/<profile>/deps").to_owned();
        let target = profile.parent().expect("the profile's directory is inside the target directory");
        let name = match profile.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(name) => name,
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build
            .args(["build", "--quiet", "--workspace", "--bins", "--test", "house", "--profile", name, "--target-dir"])
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_the_test(&name.to_string_lossy())) {
            build.env_remove(name);
        }
        let built = build.status().expect("cargo can be run");
        assert!(built.success(), "the binaries could not be built");
        profile
    })
}

/// Whether cargo told this to the running test about its package. ring's build script asks for the same names and is run again
/// when they differ from last time; everything above it would be compiled anew here, and once more by the next `cargo test`.
fn is_of_the_test(name: &str) -> bool {
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// Runs `command` to its end and reads the one JSON value it prints.
///
/// # Panics
/// When it fails or prints anything else; with what it said.
pub fn json(command: &mut Command) -> Value {
    let output = run(command);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{command:?} printed {:?}: {error}", String::from_utf8_lossy(&output.stdout)))
}

/// Runs `command` to its end.
///
/// # Panics
/// When it fails; with what it said.
pub fn run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    output
}

/// A device: a home that `fieldbook` is run on.
#[derive(Debug)]
pub struct DeviceHome {
    home: PathBuf,
}

impl DeviceHome {
    /// A device whose store is in `home`; nothing is made yet.
    #[must_use]
    pub fn new(home: impl Into<PathBuf>) -> DeviceHome {
        DeviceHome { home: home.into() }
    }

    /// A command of `fieldbook` on this home, printing JSON.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Program::Device.command();
        command.arg("--home").arg(&self.home).arg("--json").args(arguments);
        command
    }

    /// Runs a command and reads what it prints.
    ///
    /// # Panics
    /// When it fails; with what it said.
    pub fn json(&self, arguments: &[&str]) -> Value {
        json(&mut self.command(arguments))
    }

    /// Runs a command and returns what it shows to people.
    ///
    /// # Panics
    /// When it fails; with what it said.
    #[must_use]
    pub fn shown(&self, arguments: &[&str]) -> String {
        let mut command = Program::Device.command();
        command.arg("--home").arg(&self.home).args(arguments);
        String::from_utf8_lossy(&run(&mut command).stdout).into_owned()
    }

    /// Runs a command that makes or changes a record and reads the record's id.
    ///
    /// # Panics
    /// When it fails or prints no record.
    pub fn record(&self, arguments: &[&str]) -> String {
        let printed = self.json(arguments);
        let id = printed["id"].as_str().or(printed["record"]["id"].as_str());
        id.unwrap_or_else(|| panic!("{arguments:?} printed no record: {printed}")).to_owned()
    }
}

/// A relay that serves, until this is dropped.
#[derive(Debug)]
pub struct RelayProcess {
    child: Child,
    data: PathBuf,
    url: String,
    _stdout: BufReader<ChildStdout>,
}

impl RelayProcess {
    /// Starts a relay on `data` and a free port, and waits until it accepts connections.
    ///
    /// # Panics
    /// When it does not start; with what it said.
    #[must_use]
    pub fn start(data: &Path) -> RelayProcess {
        RelayProcess::start_at(data, "127.0.0.1:0")
    }

    /// The same on a given address: for a relay that comes back where its devices know it.
    ///
    /// # Panics
    /// When it does not start; with what it said.
    #[must_use]
    pub fn start_at(data: &Path, listen: &str) -> RelayProcess {
        let log = std::fs::File::create(data.with_extension("log")).expect("the log can be written");
        let mut child = Program::Relay
            .command()
            .args(["--json", "--data"])
            .arg(data)
            .args(["serve", "--listen", listen])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the relay can be run");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut line = String::new();
        let read = stdout.read_line(&mut line);
        let Some(url) =
            serde_json::from_str(&line).ok().and_then(|value: Value| Some(value.get("url")?.as_str()?.to_owned()))
        else {
            let _gone = child.kill();
            let said = std::fs::read_to_string(data.with_extension("log")).unwrap_or_default();
            panic!("the relay did not start: {read:?} {line:?}\n{said}");
        };
        RelayProcess { child, data: data.to_owned(), url: url.trim_end_matches('/').to_owned(), _stdout: stdout }
    }

    /// Where it can be reached, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A device in `home`, enrolled with an invite for `branch`.
    ///
    /// # Panics
    /// When the relay refuses; with what it said.
    #[must_use]
    pub fn enrolled(&self, home: &Path, branch: &str, role: &str, staff: &str) -> DeviceHome {
        let invite = json(self.command().args(["invite", "--branch", branch, "--role", role, "--staff", staff]));
        let device = DeviceHome::new(home);
        device.json(&["enrol", "--relay", self.url(), "--invite", invite["code"].as_str().expect("a code")]);
        device
    }

    /// The address it listens on, `127.0.0.1:<port>`.
    #[must_use]
    pub fn listen(&self) -> &str {
        self.url.split("://").last().unwrap_or_default()
    }

    /// A command of `fieldbook-relay` on the same data, printing JSON.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Program::Relay.command();
        command.args(["--json", "--data"]).arg(&self.data);
        command
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        let mut text = Vec::new();
        if let Ok(mut file) = std::fs::File::open(self.data.with_extension("log")) {
            let _partly = file.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Kills it as a power cut would, and waits until it is gone.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
