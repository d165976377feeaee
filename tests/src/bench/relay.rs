//! A relay as a peer: a process of its own that a bench starts, asks and measures.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use relay::{Admin, Relay, Settings};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use vocab::Role;

use super::Failed;
use super::peer::{Peer, answer_all};

/// The one branch.
const BRANCH: &str = "bench";

/// How long an invite of a bench lives.
const INVITE_LIFETIME: Duration = Duration::from_secs(3_600);

/// How often a relay is asked whether its documents have followed its feed.
const LOOK: Duration = Duration::from_millis(100);

/// Where the data of a new relay come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Its devices, from the beginning.
    New,
    /// Its devices bring them back: those of an earlier one were lost.
    Recovering,
}

/// Serves until it is told to end, as the arguments after `--peer relay` say: the data, made when absent, the address, and
/// the origin. Answers `listen`, and `invite COUNT` with that many codes.
///
/// # Errors
/// Those of the relay.
pub fn serve(arguments: &[&str]) -> Result<(), Failed> {
    let [data, listen, origin] = arguments else { return Err("--peer relay DATA ADDRESS ORIGIN".into()) };
    let runtime = Runtime::new()?;
    let settings = Settings::new(data);
    let mut admin = Admin::open_or_create(&settings)?;
    if admin.branches()?.is_empty() {
        match *origin {
            "recovering" => admin.recover_branch(BRANCH)?,
            _ => admin.add_branch(BRANCH)?,
        };
    }
    drop(admin);
    let listener = runtime.block_on(TcpListener::bind(listen))?;
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = runtime.spawn(Relay::open(settings.clone())?.run(listener, async {
        // Either way it is time to stop.
        let _ = stopped.await;
    }));
    answer_all(|words| match words {
        ["listen"] => Ok(json!({ "address": address })),
        ["invite", count] => Ok(json!({ "codes": invites(&settings, count.parse()?)? })),
        ["end"] => Ok(json!({})),
        _ => Err(format!("not a question for a relay: {words:?}").into()),
    })?;
    // It may have stopped already; its result says why.
    let _ = stop.send(());
    Ok(runtime.block_on(serving)??)
}

/// Draws so many invites for supervisors from the relay whose data this is.
///
/// # Errors
/// Those of the relay's administration.
pub fn invites(settings: &Settings, count: usize) -> Result<Vec<String>, Failed> {
    let mut admin = Admin::open(settings)?;
    let one = |_| {
        let staff = Some("主管*".parse()?);
        Ok(admin.invite(BRANCH, Role::Supervisor, staff, INVITE_LIFETIME)?.code)
    };
    (0..count).map(one).collect()
}

/// A relay in a process of its own, and where it listens.
#[derive(Debug)]
pub struct Served {
    /// The process; it is this program, started again for [`serve`].
    pub peer: Peer,
    /// `127.0.0.1:<port>`.
    pub address: String,
}

impl Served {
    /// Starts one on a free port and waits until it listens.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(data: &Path) -> Result<Served, Failed> {
        Served::start_at(data, "127.0.0.1:0", Origin::New)
    }

    /// Starts one where its devices know it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_at(data: &Path, listen: &str, origin: Origin) -> Result<Served, Failed> {
        let data = data.to_str().ok_or("a folder with a name in Unicode")?;
        let origin = match origin {
            Origin::New => "new",
            Origin::Recovering => "recovering",
        };
        let mut peer = Peer::start(&["relay", data, listen, origin])?;
        let address = peer.ask("listen")?["address"].as_str().ok_or("an address")?.to_owned();
        Ok(Served { peer, address })
    }

    /// Draws invites.
    ///
    /// # Errors
    /// Those of the relay.
    pub fn invite(&mut self, count: usize) -> Result<Vec<String>, Failed> {
        Ok(serde_json::from_value(self.peer.ask(&format!("invite {count}"))?["codes"].take())?)
    }

    /// Waits until documents and rows have followed the feed: then a relay is as ready as other engines are once their
    /// documents are loaded.
    ///
    /// # Errors
    /// When it does not tell.
    pub fn followed(&self) -> Result<(), Failed> {
        loop {
            let metrics = self.get("/metrics")?;
            let behind = metrics.lines().filter(|line| line.starts_with("fieldbook_relay_materializer_behind{"));
            let behind: Vec<&str> = behind.filter_map(|line| line.rsplit(' ').next()).collect();
            if behind.is_empty() {
                return Err("the relay does not tell how far its documents are behind".into());
            }
            if behind.iter().all(|behind| *behind == "0") {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// What it answers to `GET path`, headers and all.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn get(&self, path: &str) -> Result<String, Failed> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

/// A number of a peer's answer.
///
/// # Errors
/// When it has none of that name.
pub fn number(answer: &Value, name: &str) -> Result<f64, Failed> {
    Ok(answer[name].as_f64().ok_or_else(|| format!("no {name} in {answer}"))?)
}
