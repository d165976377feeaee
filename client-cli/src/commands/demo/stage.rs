//! The stage: a temporary directory with the relay's data and four homes, the relay serving from it, and the devices.

use std::path::PathBuf;

use device::Device;
use messages::Message;
use relay::{AddedUser, Admin, Issued, Relay, Settings};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vocab::Role;

use super::cast::{BRANCHES, PLAYERS, Player};
use super::narrator::Narrator;
use crate::command_error::CommandError;

/// Who may look at the pages afterwards.
const PAGES_USER: &str = "demo";

/// Everything that exists only while the demonstration runs.
pub(super) struct Stage {
    dir: TempDir,
    url: String,
    settings: Settings,
    sign_in: AddedUser,
    invites: Vec<Issued>,
    devices: Vec<Device>,
    stop: watch::Sender<bool>,
    relay: JoinHandle<Result<(), relay::Error>>,
}

/// A failure of the relay or the machine, which a demonstration cannot mend.
pub(super) fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CommandError {
    CommandError::refused(Message::new("cli-demo-failed")).caused_by(error)
}

impl Stage {
    /// Opens a relay with its branches, an invite for each device and a sign-in for the pages.
    pub(super) async fn open(narrator: &Narrator<'_>) -> Result<Stage, CommandError> {
        let dir = tempfile::Builder::new().prefix("fieldbook-demo-").tempdir().map_err(failed)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let mut settings = Settings::new(dir.path().join("relay"));
        settings.url = Some(url.clone());
        let (invites, sign_in) = prepare(&settings)?;
        let relay = Relay::open(settings.clone()).map_err(failed)?;
        let (stop, mut stopped) = watch::channel(false);
        let shutdown = async move {
            // The sender lives as long as the stage; when it is gone the relay has to stop as well.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let relay = tokio::spawn(relay.run(listener, shutdown));
        narrator.relay_opened(&url, dir.path())?;
        Ok(Stage { dir, url, settings, sign_in, invites, devices: Vec::new(), stop, relay })
    }

    /// Where the relay is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// How to sign in to its pages.
    pub(super) fn sign_in(&self) -> &AddedUser {
        &self.sign_in
    }

    /// The relay's settings, to read its export.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The code with which the player's device may join.
    pub(super) fn invite(&self, player: usize) -> &str {
        self.invites.get(player).map_or("", |issued| issued.code.as_str())
    }

    /// Where the player's device keeps its book.
    pub(super) fn home(&self, player: &Player) -> PathBuf {
        self.dir.path().join(player.device)
    }

    /// The directory of everything.
    pub(super) fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Adds the next player's device.
    pub(super) fn add(&mut self, device: Device) {
        self.devices.push(device);
    }

    /// The devices, in the order of [`PLAYERS`].
    pub(super) fn devices(&mut self) -> &mut [Device] {
        &mut self.devices
    }

    /// Resolves when the relay ends by itself, which it does only when its socket fails.
    pub(super) async fn relay_ended(&mut self) -> Result<(), CommandError> {
        (&mut self.relay).await.map_err(failed)?.map_err(failed)
    }

    /// Stops the relay and removes every trace.
    pub(super) async fn close(self) -> Result<(), CommandError> {
        // The relay may have ended by itself.
        let _ = self.stop.send(true);
        if !self.relay.is_finished() {
            self.relay.await.map_err(failed)?.map_err(failed)?;
        }
        drop(self.devices);
        self.dir.close().map_err(failed)
    }
}

fn prepare(settings: &Settings) -> Result<(Vec<Issued>, AddedUser), CommandError> {
    let mut admin = Admin::open_or_create(settings).map_err(failed)?;
    for branch in BRANCHES {
        admin.add_branch(branch).map_err(failed)?;
    }
    let mut invites = Vec::new();
    for player in &PLAYERS {
        let staff = player.staff.parse().map_err(failed)?;
        let issued = admin.invite(BRANCHES[player.branch], player.role, Some(staff), relay::limits::INVITE_LIFETIME);
        invites.push(issued.map_err(failed)?);
    }
    let sign_in = admin.add_user(PAGES_USER, Role::Supervisor, None, None).map_err(failed)?;
    Ok((invites, sign_in))
}
