//! A relay and two devices of one branch: the first wrote the whole book, the second joins it. And what may happen to the
//! relay.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use device::{Device, Rejoin, SyncReport};
use tests::bench::relay::{Origin, Served};
use tests::bench::{Failed, seed};
use tests::process::{Program, run};
use tokio::runtime::Runtime;

use crate::{CHANGES_PER_DOSSIER, millis, row};

/// The relay, a process of its own, and its devices in this one.
pub(crate) struct Scene<'a> {
    runtime: &'a Runtime,
    dir: PathBuf,
    data: PathBuf,
    pub(crate) served: Served,
    pub(crate) dossiers: u64,
    /// The documents as automerge saves them by itself, in all.
    pub(crate) saved_bytes: u64,
    first: Option<Device>,
    second: Option<Device>,
}

impl<'a> Scene<'a> {
    /// A relay that serves, both devices enrolled, the book written by the first. Nothing is exchanged yet.
    pub(crate) fn open(runtime: &'a Runtime, dir: &Path, dossiers: u64) -> Result<Scene<'a>, Failed> {
        std::fs::create_dir_all(dir)?;
        let data = dir.join("relay");
        let served = Served::start(&data)?;
        let mut scene =
            Scene { runtime, dir: dir.to_owned(), data, served, dossiers, saved_bytes: 0, first: None, second: None };
        for home in [scene.home("first"), scene.home("second")] {
            scene.enrol(Device::init(&home, None, None)?, Rejoin::WhenForgotten)?;
        }
        let mut saved_bytes = 0;
        seed::fill(&scene.home("first"), dossiers, CHANGES_PER_DOSSIER, |_, document| {
            saved_bytes += seed::saved_by_automerge(document)?.len() as u64;
            Ok(())
        })?;
        scene.saved_bytes = saved_bytes;
        scene.first = Some(Device::open(&scene.home("first"))?);
        scene.second = Some(Device::open(&scene.home("second"))?);
        Ok(scene)
    }

    fn home(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn enrol(&mut self, mut device: Device, rejoin: Rejoin) -> Result<Device, Failed> {
        let invite = self.served.invite(1)?.concat();
        let url = format!("http://{}", self.served.address);
        self.runtime.block_on(device.enrol(&url, &invite, "bench", rejoin))?;
        Ok(device)
    }

    pub(crate) fn first(&mut self) -> Result<&mut Device, Failed> {
        Ok(self.first.as_mut().ok_or("the first device is gone")?)
    }

    pub(crate) fn second(&mut self) -> Result<&mut Device, Failed> {
        Ok(self.second.as_mut().ok_or("the second device is gone")?)
    }

    pub(crate) fn sync_first(&mut self) -> Result<(Duration, SyncReport), Failed> {
        let runtime = self.runtime;
        sync(runtime, self.first()?)
    }

    pub(crate) fn sync_second(&mut self) -> Result<(Duration, SyncReport), Failed> {
        let runtime = self.runtime;
        sync(runtime, self.second()?)
    }

    /// Closes the second device, for local commands; where its home is.
    pub(crate) fn leave_second(&mut self) -> PathBuf {
        self.second = None;
        self.home("second")
    }

    /// The relay is restored from a backup that lacks nothing: its feeds begin another epoch, and each device finds out that
    /// both sides hold the same.
    pub(crate) fn new_epoch(&mut self) -> Result<(), Failed> {
        let mut second = Device::open(&self.home("second"))?;
        // What the local commands wrote.
        sync(self.runtime, &mut second)?;
        self.sync_first()?;
        let (backup, restored) = (self.dir.join("backup.db"), self.dir.join("restored"));
        relay_command(&self.data, "backup", &backup)?;
        self.served.peer.end()?;
        relay_command(&restored, "restore", &backup)?;
        self.replace(restored, Origin::New)?;
        let (took, report) = sync(self.runtime, &mut second)?;
        row("reconcile after a new epoch, everything equal", millis(took), "");
        row("  bytes up and down", format!("{} B", report.bytes_up + report.bytes_down), "20,480 B");
        row("  round trips", report.round_trips.to_string(), "3");
        self.sync_first()?;
        self.second = Some(second);
        Ok(())
    }

    /// The relay loses its disk: an empty one takes its place, and a device brings everything back.
    pub(crate) fn lost_disk(&mut self) -> Result<(), Failed> {
        self.served.peer.end()?;
        let empty = self.dir.join("empty");
        self.replace(empty, Origin::Recovering)?;
        let second = self.second.take().ok_or("the second device is gone")?;
        let mut second = self.enrol(second, Rejoin::WhenForgotten)?;
        let (took, report) = sync(self.runtime, &mut second)?;
        row("relay lost its disk: everything brought back", millis(took), "6,000 ms");
        row("  bytes up and down", format!("{} B", report.bytes_up + report.bytes_down), "");
        row("  round trips", report.round_trips.to_string(), "");
        let restored = report.reconcile.map_or(0, |reconcile| reconcile.restored);
        row("  changes brought back", restored.to_string(), "");
        let start = Instant::now();
        self.served.followed()?;
        row("  then until documents and rows have followed", millis(start.elapsed()), "moments");
        self.second = Some(second);
        Ok(())
    }

    /// Lets a relay over other data take the place of one that ended, where its devices know it.
    fn replace(&mut self, data: PathBuf, origin: Origin) -> Result<(), Failed> {
        self.served = Served::start_at(&data, &self.served.address, origin)?;
        self.data = data;
        Ok(())
    }

    pub(crate) fn end(mut self) -> Result<(), Failed> {
        drop((self.first, self.second));
        self.served.peer.end()?;
        Ok(std::fs::remove_dir_all(&self.dir)?)
    }
}

fn sync(runtime: &Runtime, device: &mut Device) -> Result<(Duration, SyncReport), Failed> {
    let start = Instant::now();
    let report = runtime.block_on(device.sync(|_| {}))?;
    Ok((start.elapsed(), report))
}

/// A command of `fieldbook-relay`, as its operator gives it.
fn relay_command(data: &Path, name: &str, file: &Path) -> Result<(), Failed> {
    run(Program::Relay.command().arg("--data").arg(data).arg(name).arg(file));
    Ok(())
}
