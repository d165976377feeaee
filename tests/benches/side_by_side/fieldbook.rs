//! Fieldbook's devices, each over its own SQLite store. Its relay is the one that all benches share.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use device::{Device, Rejoin, SyncEvent};
use records::Fields;
use relay::Settings;
use serde_json::{Value, json};
use tests::bench::peer::answer_all;
use tests::bench::relay::invites;
use tokio::runtime::Runtime;

use crate::Failed;

/// Becomes true when the crowd is to go home.
type Leave = tokio::sync::watch::Receiver<bool>;

/// A device in a process of its own. Answers `enrol CODE`, `load`, `edit FROM COUNT ROUND`, `sync`, `cut`, `end`, and
/// for a crowd `gather DEVICES` and `fan EDITS`. Invites are drawn from the data of `relay`.
pub(crate) fn device(home: &Path, url: &str, relay: &Path) -> Result<(), Failed> {
    let runtime = Runtime::new()?;
    let mut open = None;
    let mut crowd = None;
    answer_all(|words| {
        match words {
            ["enrol", code] => enrol(&runtime, home, url, code)?,
            ["load"] => open = Some(Device::open(home)?),
            ["edit", from, count, round] => {
                let device = open.as_mut().ok_or("load first")?;
                edit(device, from.parse()?, count.parse()?, round)?;
            }
            ["sync"] => {
                let report = runtime.block_on(open.as_mut().ok_or("load first")?.sync(|_| {}))?;
                return Ok(serde_json::to_value(report)?);
            }
            ["gather", devices] => {
                crowd = Some(Crowd::gather(&runtime, home, url, &Settings::new(relay), devices.parse()?)?);
            }
            ["fan", edits] => return crowd.as_mut().ok_or("gather first")?.edit(&runtime, edits.parse()?),
            ["end"] => crowd.take().map_or(Ok(()), Crowd::leave)?,
            // An exchange ends by itself, and everything is on the disk when a call returns.
            ["cut"] => {}
            _ => return Err(format!("not a question for a device: {words:?}").into()),
        }
        Ok(json!({}))
    })
}

pub(crate) fn enrol(runtime: &Runtime, home: &Path, url: &str, code: &str) -> Result<(), Failed> {
    let mut device = Device::init(home, None, None)?;
    runtime.block_on(device.enrol(url, code, "bench", Rejoin::WhenForgotten))?;
    Ok(())
}

/// Edits so many dossiers, one register each, beginning with dossier number `from`.
pub(crate) fn edit(device: &mut Device, from: u32, count: u32, round: &str) -> Result<(), Failed> {
    let page = device::Page { offset: from, limit: count };
    let listing = device.list(&records::CUSTOMER, &device::Filter::default(), device::Order::Id, page)?;
    if listing.rows.len() != usize::try_from(count)? {
        return Err(format!("{} of {count} dossiers to edit", listing.rows.len()).into());
    }
    for row in listing.rows {
        device.edit(&row.id.to_string(), Fields::from([("preference", crate::edited(round).into())]))?;
    }
    Ok(())
}

/// Many devices that follow the feed, each with a store of its own, and one that writes.
struct Crowd {
    author: Device,
    devices: usize,
    arrivals: Receiver<Arrived>,
    leave: tokio::sync::watch::Sender<bool>,
    following: Vec<JoinHandle<Result<(), String>>>,
}

/// What one device of the crowd tells.
enum Arrived {
    Connected,
    /// Committed, rows included.
    Committed(Instant),
}

impl Crowd {
    /// Everybody joins the branch and holds its whole book; then all but the author follow.
    fn gather(runtime: &Runtime, home: &Path, url: &str, settings: &Settings, devices: usize) -> Result<Crowd, Failed> {
        let mut codes = invites(settings, devices + 1)?.into_iter();
        let mut open = |name: String| -> Result<Device, Failed> {
            let home: PathBuf = home.join(name);
            enrol(runtime, &home, url, &codes.next().ok_or("an invite")?)?;
            let mut device = Device::open(&home)?;
            runtime.block_on(device.sync(|_| {}))?;
            Ok(device)
        };
        let (leave, left) = tokio::sync::watch::channel(false);
        let (arrived, arrivals) = channel();
        let mut following = Vec::new();
        for number in 0..devices {
            let (device, left, arrived) = (open(format!("device-{number}"))?, left.clone(), arrived.clone());
            following.push(std::thread::spawn(move || follow(device, left, &arrived)));
        }
        let author = open("author".to_owned())?;
        let mut connected = 0;
        while connected < devices {
            connected += usize::from(matches!(arrivals.recv_timeout(crate::PATIENCE)?, Arrived::Connected));
        }
        Ok(Crowd { author, devices, arrivals, leave, following })
    }

    /// Makes so many edits, one after the other. Answers the milliseconds from the start of the exchange that sends an edit
    /// to each device's commit.
    fn edit(&mut self, runtime: &Runtime, edits: u32) -> Result<Value, Failed> {
        let mut took_ms = Vec::new();
        for number in 0..edits {
            edit(&mut self.author, number, 1, &number.to_string())?;
            let start = Instant::now();
            runtime.block_on(self.author.sync(|_| {}))?;
            let mut waiting = self.devices;
            while waiting > 0 {
                if let Arrived::Committed(at) = self.arrivals.recv_timeout(crate::PATIENCE)? {
                    took_ms.push(at.saturating_duration_since(start).as_secs_f64() * 1_000.0);
                    waiting -= 1;
                }
            }
        }
        Ok(json!({ "took_ms": took_ms }))
    }

    fn leave(self) -> Result<(), Failed> {
        self.leave.send(true)?;
        for device in self.following {
            device.join().map_err(|_| "a device ended early")??;
        }
        Ok(())
    }
}

/// One device's life in the crowd, on a thread of its own as a process would have.
fn follow(mut device: Device, left: Leave, arrived: &Sender<Arrived>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    // Nobody listens any more once everything was measured.
    let tell = |what| drop(arrived.send(what));
    let watching = device.watch(left, |event| match event {
        SyncEvent::Connected { .. } => tell(Arrived::Connected),
        SyncEvent::Received { documents: 1.., .. } => tell(Arrived::Committed(Instant::now())),
        _ => {}
    });
    runtime.block_on(watching).map_err(|error| error.to_string())
}
