//! A home of its own, a fixed language and time zone, and nothing else from the surroundings.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// One device's surroundings.
pub(crate) struct Environment {
    dir: TempDir,
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Environment {
    /// An empty place without a store.
    pub(crate) fn empty() -> Self {
        Environment { dir: TempDir::new().expect("a temporary directory") }
    }

    /// A place with a store, whose person is a supervisor.
    pub(crate) fn new() -> Self {
        let environment = Environment::empty();
        environment.ok(["init", "--staff", "李*"]);
        environment
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// A file of the test's own beside the home.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).expect("a writable temporary directory");
        path
    }

    pub(crate) fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fieldbook"));
        command.args(args).env_clear().current_dir(self.path());
        for (name, value) in [("LANG", "C.UTF-8"), ("TZ", "UTC"), ("NO_COLOR", "1"), ("RUST_BACKTRACE", "0")] {
            command.env(name, value);
        }
        command.env("HOME", self.path()).env("FIELDBOOK_HOME", self.home()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ended {
        ended(self.command(args).output().expect("the program starts"))
    }

    /// A command that must succeed; what it put on standard output.
    pub(crate) fn ok(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
        let ended = self.run(args);
        assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
        ended.out
    }

    /// What a command that must succeed shows at a terminal of 80 columns.
    pub(crate) fn narrow<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
        let ended = ended(self.command(args).env("COLUMNS", "80").output().expect("the program starts"));
        assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
        ended.out
    }

    /// A command that must succeed with `--json`; its one value.
    pub(crate) fn json<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Value {
        let text = self.ok(args.into_iter().chain(["--json"]));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// A command that makes a record; its id.
    pub(crate) fn make<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
        self.ok(args).trim().to_owned()
    }

    /// A customer to work with.
    pub(crate) fn customer(&self) -> String {
        self.make(["customer", "add", "--name", "*先生", "--channel", "在线客服", "--history", "2023年购买产品A"])
    }

    /// A customer and an assessment.
    pub(crate) fn assessment(&self) -> (String, String) {
        let customer = self.customer();
        let need = ["--need", "产品退货处理", "--urgency", "高", "--scope", "售后服务", "--plan", "快速退款流程"];
        let assessment = self.make(["assessment", "add", "--customer", &customer].into_iter().chain(need));
        (customer, assessment)
    }

    /// A customer, an assessment and a task.
    pub(crate) fn task(&self) -> (String, String, String) {
        let (customer, assessment) = self.assessment();
        let due = ["--title", "处理退货申请", "--mode", "热线", "--due", "2024-05-02 11:00"];
        let task = self.make(["task", "add", "--assessment", &assessment].into_iter().chain(due));
        (customer, assessment, task)
    }

    /// How many records the book holds.
    pub(crate) fn records(&self) -> i64 {
        self.json(["status"])["records"].as_i64().expect("a count")
    }
}

pub(crate) fn ended(output: Output) -> Ended {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8 output");
    Ended { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

impl Ended {
    /// Refused with this exit code; the message must hold every one of `parts`.
    pub(crate) fn refused(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        for part in parts {
            assert!(self.err.contains(part), "`{part}` is not in: {}", self.err);
        }
    }
}
