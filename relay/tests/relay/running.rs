//! A relay running in this process on a loopback socket.

use std::net::SocketAddr;
use std::time::Duration;

use relay::{Admin, AppState, Relay, Settings};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vocab::Role;

/// Longer than anything here takes on a busy machine; only a fault gets there.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A relay somewhere on this machine.
pub(crate) trait Reachable {
    fn address(&self) -> SocketAddr;
    fn settings(&self) -> &Settings;

    fn url(&self) -> String {
        format!("ws://{}/sync", self.address())
    }

    /// Another process at work on the same data.
    fn admin(&self) -> Admin {
        Admin::open_or_create(self.settings()).unwrap()
    }

    /// One HTTP request; status, head and body of the answer.
    async fn request(&self, line: &str, headers: &[(&str, &str)], body: &str) -> (u16, String, String) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(self.address()).await.unwrap();
        let mut request = format!("{line} HTTP/1.0\r\nhost: relay\r\ncontent-length: {}\r\n", body.len());
        headers.iter().for_each(|(name, value)| request.push_str(&format!("{name}: {value}\r\n")));
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        // A workbook is not text; what of it is stays.
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_owned(), body.to_owned())
    }

    /// The value of one line of `/metrics`.
    async fn metric(&self, name: &str) -> u64 {
        let (_, _, page) = self.request("GET /metrics", &[], "").await;
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {page}")).parse().unwrap()
    }

    /// A code for an engineer of `branch`.
    fn invite(&self, branch: &str) -> String {
        self.admin().invite(branch, Role::Engineer, None, Duration::from_secs(600)).unwrap().code
    }
}

impl Reachable for Running {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }
}

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) settings: Settings,
    pub(crate) state: AppState,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), relay::Error>>,
}

impl Running {
    pub(crate) async fn start(settings: Settings) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let relay = Relay::open(settings.clone()).unwrap();
        let state = relay.state().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(relay.run(listener, async {
            let _asked = stopped.await;
        }));
        Running { address, settings, state, stop, served }
    }

    /// Stops as SIGTERM does; everything is closed when this returns.
    pub(crate) async fn stop(self) -> Settings {
        let Running { settings, state, stop, served, .. } = self;
        drop(state);
        stop.send(()).unwrap();
        served.await.unwrap().unwrap();
        settings
    }
}

/// A relay with the branches 上海 and 北京 on an empty disk.
pub(crate) async fn relay_with_two_branches() -> (tempfile::TempDir, Running) {
    let home = tempfile::tempdir().unwrap();
    let relay = Running::start(Settings::new(home.path())).await;
    relay.admin().add_branch("上海").unwrap();
    relay.admin().add_branch("北京").unwrap();
    (home, relay)
}
