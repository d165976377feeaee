//! The chromedriver process of one session.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use fantoccini::wd::Capabilities;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

/// Nothing of a desktop, nothing that calls home.
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// A chromedriver on a port of its own; it and its browser are gone when this is dropped.
#[derive(Debug)]
pub(super) struct Driver {
    child: Child,
    url: String,
    chromium: PathBuf,
    profile: TempDir,
    _stdout: BufReader<ChildStdout>,
}

impl Driver {
    /// `None` when Chromium or its driver is not installed.
    pub(super) fn start() -> Option<Driver> {
        let chromium = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(installed)?;
        let driver = installed("chromedriver")?;
        let mut child = Command::new(driver)
            .args(["--port=0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver can be run");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut line = String::new();
        let port = loop {
            line.clear();
            let read = stdout.read_line(&mut line).expect("chromedriver's output can be read");
            assert!(read > 0, "chromedriver ended before it listened");
            if let Some(port) =
                line.trim_end().trim_end_matches('.').strip_prefix("ChromeDriver was started successfully on port ")
            {
                break port.to_owned();
            }
        };
        let profile = tempfile::Builder::new().prefix("fieldbook-browser").tempdir().expect("a temporary directory");
        Some(Driver { child, url: format!("http://127.0.0.1:{port}"), chromium, profile, _stdout: stdout })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn connector(&self) -> HttpConnector {
        HttpConnector::new()
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        let flags: Vec<&str> = FLAGS.into_iter().chain([profile.as_str()]).collect();
        let wanted = json!({
            "goog:chromeOptions": { "binary": self.chromium, "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        wanted.as_object().cloned().unwrap_or_default()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The session was closed before, which ends the browser; this ends its driver.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

#[expect(clippy::print_stderr, reason = "a skipped test has to say so, and there is no other way to say it")]
pub(super) fn say_skipped(name: &str) {
    eprintln!("SKIPPED {name}: chromium and chromedriver are not installed (apt-get install chromium chromium-driver)");
}
