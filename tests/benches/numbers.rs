//! The numbers of ARCHITECTURE.md: what a book of many dossiers costs to join, to reconnect, to use and to keep.
//!
//! `cargo bench -p tests --bench numbers` measures with 10,000 dossiers of eight changes each; `FIELDBOOK_BENCH_DOSSIERS`
//! sets another number. One relay and its devices run in this process over loopback sockets, local commands as processes.
//! Everything is printed as a table; nothing is asserted, since machines differ. Goals are those of the design, section 7.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use device::{Device, SyncReport};
use records::Fields;
use relay::{Admin, Relay, Settings};
use tests::process::Program;
use tests::seed;
use tokio::runtime::Runtime;
use vocab::Role;

/// Changes of each dossier, genesis left out: the design's load for a first join.
const CHANGES_PER_DOSSIER: usize = 7;

/// Dossiers edited on each side of a reconnect.
const EDITED: usize = 100;

/// How often a reconnect is repeated; the median is told.
const ROUNDS: usize = 7;

/// How often a local command is repeated; the median is told.
const RUNS: usize = 25;

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let dossiers = match std::env::var("FIELDBOOK_BENCH_DOSSIERS") {
        Ok(number) => number.parse()?,
        Err(_) => 10_000,
    };
    let dir = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = Served::start(&runtime, dir.path())?;
    println!("{dossiers} dossiers of {CHANGES_PER_DOSSIER} changes and genesis\n");

    let first = dir.path().join("first");
    served.enrol(&runtime, &first)?;
    let mut saved_bytes = 0;
    seed::fill(&first, dossiers, CHANGES_PER_DOSSIER, |_, document| {
        saved_bytes += seed::saved_by_automerge(document)?.len() as u64;
        Ok(())
    })?;
    let mut first = Device::open(&first)?;
    let (took, report) = sync(&runtime, &mut first)?;
    let changes = report.pushed;
    row("ingest: changes pushed and durable, per second", per_second(changes, took), "20,000 (one device)");
    let lag = served.caught_up(&runtime, dossiers)?;
    row("  then until documents and rows have followed", millis(lag), "moments");

    let second = dir.path().join("second");
    served.enrol(&runtime, &second)?;
    let mut second = Device::open(&second)?;
    let (took, report) = sync(&runtime, &mut second)?;
    row("first join: committed and searchable", millis(took), "3,000 ms");
    row("  bytes per dossier", format!("{:.0} B", report.bytes_down as f64 / dossiers as f64), "400 B");
    row("  round trips", report.round_trips.to_string(), "");

    let idle = rounds(|_| sync(&runtime, &mut second))?;
    told("reconnect, nothing edited", &idle, "", "1,024 B", "1");
    let ids = customers(&mut second)?;
    let edited = rounds(|round| {
        edit(&mut first, &ids, round, 0)?;
        edit(&mut second, &ids, round, EDITED)?;
        sync(&runtime, &mut first)?;
        sync(&runtime, &mut second)
    })?;
    told(&format!("reconnect, {EDITED} edited on each side"), &edited, "100 ms", "51,200 B", "2");
    drop((first, second));

    let home = dir.path().join("second");
    disk(&home, dossiers, saved_bytes)?;
    commands(&home, &ids)?;
    served.stop(runtime)
}

fn row(what: &str, figure: impl std::fmt::Display, goal: &str) {
    let goal = if goal.is_empty() { String::new() } else { format!("goal {goal}") };
    println!("{what:<56} {figure:>14}   {goal}");
}

fn millis(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1_000.0)
}

fn per_second(count: u64, took: Duration) -> String {
    format!("{:.0}", count as f64 / took.as_secs_f64())
}

fn told(what: &str, exchanges: &[(Duration, SyncReport)], time: &str, bytes: &str, trips: &str) {
    let mut by_time: Vec<_> = exchanges.iter().collect();
    by_time.sort_by_key(|(took, _)| *took);
    let (took, report) = by_time[by_time.len() / 2];
    row(what, millis(*took), time);
    row("  bytes up and down", format!("{} B", report.bytes_up + report.bytes_down), bytes);
    row("  round trips", report.round_trips.to_string(), trips);
}

fn rounds(
    mut round: impl FnMut(usize) -> Result<(Duration, SyncReport), Failed>,
) -> Result<Vec<(Duration, SyncReport)>, Failed> {
    (0..ROUNDS).map(&mut round).collect()
}

fn sync(runtime: &Runtime, device: &mut Device) -> Result<(Duration, SyncReport), Failed> {
    let start = Instant::now();
    let report = runtime.block_on(device.sync(|_| {}))?;
    Ok((start.elapsed(), report))
}

fn edit(device: &mut Device, ids: &[String], round: usize, from: usize) -> Result<(), Failed> {
    for id in ids.iter().skip(from).take(EDITED) {
        device.edit(id, Fields::from([("preference", format!("第{round}轮，每周一次电话回访").into())]))?;
    }
    Ok(())
}

fn customers(device: &mut Device) -> Result<Vec<String>, Failed> {
    let page = device::Page { offset: 0, limit: u32::try_from(EDITED * 2)? };
    let listing = device.list(&records::CUSTOMER, &device::Filter::default(), device::Order::Id, page)?;
    Ok(listing.rows.into_iter().map(|row| row.id.to_string()).collect())
}

/// A relay that serves in this process.
struct Served {
    settings: Settings,
    url: String,
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<Result<(), relay::Error>>,
}

impl Served {
    fn start(runtime: &Runtime, dir: &Path) -> Result<Served, Failed> {
        let settings = Settings::new(dir.join("relay"));
        Admin::open_or_create(&settings)?.add_branch("bench")?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let url = format!("http://{}", listener.local_addr()?);
        let relay = Relay::open(settings.clone())?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let task = runtime.spawn(relay.run(listener, async move {
            // Either way it is time to stop.
            let _ = stopped.await;
        }));
        Ok(Served { settings, url, stop, task })
    }

    fn enrol(&self, runtime: &Runtime, home: &Path) -> Result<(), Failed> {
        let staff = Some("主管*".parse()?);
        let invite =
            Admin::open(&self.settings)?.invite("bench", Role::Supervisor, staff, Duration::from_secs(3_600))?;
        let mut device = Device::init(home, None, None)?;
        runtime.block_on(device.enrol(&self.url, &invite.code, "bench"))?;
        Ok(())
    }

    /// Waits until the relay's rows show every dossier. Returns how long that took.
    fn caught_up(&self, runtime: &Runtime, dossiers: u64) -> Result<Duration, Failed> {
        let start = Instant::now();
        loop {
            let mut export = Vec::new();
            Admin::open(&self.settings)?.export("bench", &mut export)?;
            let export: serde_json::Value = serde_json::from_slice(&export)?;
            let records = export["records"].as_array().map(Vec::as_slice).unwrap_or_default();
            if records.iter().filter(|record| record["kind"] == "customer").count() as u64 >= dossiers {
                return Ok(start.elapsed());
            }
            runtime.block_on(tokio::time::sleep(Duration::from_millis(50)));
        }
    }

    fn stop(self, runtime: Runtime) -> Result<(), Failed> {
        // It may have stopped already; its result says why.
        let _ = self.stop.send(());
        runtime.block_on(self.task)??;
        Ok(())
    }
}

fn disk(home: &Path, dossiers: u64, saved_bytes: u64) -> Result<(), Failed> {
    let mut files = 0;
    for entry in std::fs::read_dir(home)? {
        files += entry?.metadata()?.len();
    }
    println!();
    row("disk per dossier: the home's files", format!("{} B", files / dossiers), "");
    row("  beside automerge's own saved form", format!("{} B", saved_bytes / dossiers), "600 to 900 B");
    Ok(())
}

/// Whole processes of the release build.
fn commands(home: &Path, ids: &[String]) -> Result<(), Failed> {
    let binary: PathBuf = Program::Device.path();
    let id = &ids[0];
    println!();
    let local: [(&str, &[&str]); 7] = [
        ("customer show", &["customer", "show", id]),
        ("customer add", &["customer", "add", "--name", "王*", "--channel", "phone"]),
        ("customer edit", &["customer", "edit", id, "--preference", ""]),
        ("task list --limit 50", &["task", "list", "--limit", "50"]),
        ("search 设备", &["search", "设备"]),
        ("history", &["history", id]),
        ("status", &["status"]),
    ];
    for (name, args) in local {
        let mut times = Vec::new();
        for run in 0..RUNS {
            let varied = format!("第{run}次");
            let mut command = std::process::Command::new(&binary);
            command.arg("--home").arg(home).arg("--json");
            command.args(args.iter().map(|arg| if arg.is_empty() { varied.as_str() } else { arg }));
            let start = Instant::now();
            let output = command.output()?;
            times.push(start.elapsed());
            if !output.status.success() {
                return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)).into());
            }
        }
        times.sort_unstable();
        row(&format!("local command: {name}"), millis(times[RUNS / 2]), "10 ms");
    }
    Ok(())
}
