//! What a relay bears: a branch's morning, one edit to a thousand devices, idle connections, and a large book at rest.
//!
//! ```sh
//! cargo bench -p tests --bench load
//! ```
//!
//! The relay is a process of its own; its devices are real sessions over loopback sockets in this one, without stores, so
//! that the figures are the relay's as far as two cores allow. Devices of a morning come at random moments within
//! `FIELDBOOK_BENCH_SPREAD_S` seconds (60), then all at one moment. `FIELDBOOK_BENCH_DOSSIERS` (10,000) and
//! `FIELDBOOK_BENCH_AT_REST` (60,000) set the sizes of the two books, `FIELDBOOK_BENCH_IDLE` (5,000) the idle connections.
//! `FIELDBOOK_BENCH_PARTS` (`morning,moment,audience,idle,rest`) chooses. Goals are those of the design, section 7.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod crowd;

use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use crowd::{Crowd, Moment};
use tests::bench::Failed;
use tests::bench::branch::Office;
use tests::bench::light::Light;
use tests::bench::relay::{self, Served, number};
use tokio::runtime::Runtime;
use vocab::DocId;

/// Changes of each dossier, genesis left out.
const CHANGES_EACH: usize = 7;

/// Devices of a morning.
const MORNING: usize = 450;

/// Edits that each of them made overnight, and edits that wait for them.
const EDITS_EACH: usize = 5;
const EDITS_WAITING: usize = 500;

/// Devices that one edit goes to.
const AUDIENCE: u32 = 1_000;

/// Edits made one after the other.
const EDITS: usize = 40;

/// Devices that are connected and idle unless asked otherwise: below the relay's bound, and one connection each, since a device
/// that comes again takes the place of its own.
const IDLE: u32 = 5_000;

/// What is measured unless asked otherwise.
const PARTS: &str = "morning,moment,audience,idle,rest";

/// Time for those to come.
const CONNECTING: Duration = Duration::from_secs(10);

/// How long memory is given to come to rest.
const REST: Duration = Duration::from_secs(3);

/// Longest wait for a relay to serve.
const SERVING: Duration = Duration::from_secs(60);

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--peer", "relay", rest @ ..] => relay::serve(rest),
        _ => bench(),
    }
}

fn bench() -> Result<(), Failed> {
    let dossiers = setting("FIELDBOOK_BENCH_DOSSIERS", 10_000)?;
    let at_rest = setting("FIELDBOOK_BENCH_AT_REST", 60_000)?;
    let spread = Duration::from_secs(setting("FIELDBOOK_BENCH_SPREAD_S", 60)?);
    let dir = tempfile::tempdir()?;
    let runtime = Runtime::new()?;

    println!("a relay with {dossiers} dossiers of {CHANGES_EACH} changes and genesis\n");
    let data = dir.path().join("relay");
    let mut served = Served::start(&data)?;
    let start = Instant::now();
    let mut office = runtime.block_on(Office::open(&mut served, dossiers, CHANGES_EACH, usize::try_from(dossiers)?))?;
    served.followed()?;
    row("written, pushed, and followed by documents and rows", seconds(start.elapsed()), "");
    let staff = runtime.block_on(office.staff(&mut served, 1..1 + AUDIENCE))?;

    let mut night = Night { office: &mut office, staff, used: 0 };
    for (part, what, spread) in [
        ("morning", format!("within {} s", spread.as_secs()), spread),
        ("moment", "at one moment".to_owned(), Duration::ZERO),
    ] {
        if is_chosen(part) {
            night.pass(&runtime, &served)?;
            morning(&runtime, &mut served, &mut night.staff, &what, spread)?;
        }
    }
    let Night { mut staff, used, .. } = night;
    if is_chosen("audience") {
        staff = audience(&runtime, &mut served, &mut office, staff, used)?;
    } else {
        let edits = edits(&office, used, EDITS_WAITING)?;
        runtime.block_on(fall_behind(&served, office.author.clone(), edits))?;
    }
    if is_chosen("idle") {
        office.author.settle_down();
        let connections = setting("FIELDBOOK_BENCH_IDLE", IDLE)?;
        staff.truncate(usize::try_from(connections)?);
        if connections > AUDIENCE {
            staff.extend(runtime.block_on(office.staff(&mut served, 1 + AUDIENCE..1 + connections))?);
        }
        served.peer.end()?;
        served = Served::start(&data)?;
        idle(&runtime, &mut served, staff)?;
    }
    served.peer.end()?;
    if is_chosen("rest") {
        rest(&runtime, &dir.path().join("large"), at_rest)?;
    }
    Ok(())
}

/// Whether a part of this bench is to be run.
fn is_chosen(part: &str) -> bool {
    let parts = std::env::var("FIELDBOOK_BENCH_PARTS").unwrap_or_else(|_| PARTS.to_owned());
    parts.split(',').any(|chosen| chosen == part)
}

/// Edits by the author of documents that nobody edited yet.
fn edits(office: &Office, used: usize, count: usize) -> Result<Vec<(DocId, Vec<u8>)>, Failed> {
    (used..used + count).map(|place| office.edit(place, office.author.actor(), u32::try_from(place)?)).collect()
}

/// The author writes what all others lack.
async fn fall_behind(served: &Served, mut author: Light, edits: Vec<(DocId, Vec<u8>)>) -> Result<(), Failed> {
    for (doc, change) in edits {
        author.write(doc, change)?;
    }
    let mut link = crowd::connect(served, 0).await?;
    author.exchange(&mut link).await.map(|_| ())
}

/// What happens between two mornings: everybody edits apart, and the office writes what waits for them.
struct Night<'a> {
    office: &'a mut Office,
    staff: Vec<Light>,
    /// Documents that were edited already; each is edited once by a device, since edits are made upon the book.
    used: usize,
}

impl Night<'_> {
    fn pass(&mut self, runtime: &Runtime, served: &Served) -> Result<(), Failed> {
        let actor = self.office.author.actor();
        for place in self.used..self.used + EDITS_WAITING {
            let (doc, change) = self.office.edit(place, actor, u32::try_from(place)?)?;
            self.office.author.write(doc, change)?;
        }
        runtime.block_on(async {
            let mut link = crowd::connect(served, 0).await?;
            self.office.author.exchange(&mut link).await
        })?;
        for (device, number) in self.staff.iter_mut().zip(0..MORNING) {
            for edit in 0..EDITS_EACH {
                let place = self.used + number * EDITS_EACH + edit;
                let (doc, change) = self.office.edit(place, device.actor(), u32::try_from(place)?)?;
                device.write(doc, change)?;
            }
        }
        self.used += (MORNING * EDITS_EACH).max(EDITS_WAITING);
        Ok(())
    }
}

/// 08:30.
fn morning(
    runtime: &Runtime,
    served: &mut Served,
    staff: &mut Vec<Light>,
    what: &str,
    spread: Duration,
) -> Result<(), Failed> {
    println!(
        "\n{MORNING} devices reconnect {what}, {EDITS_EACH} edits each, {EDITS_WAITING} waiting for each; they stay"
    );
    let before = served.peer.ask("forget")?;
    let coming = staff.drain(..MORNING).collect();
    let start = Instant::now();
    let mut crowd = Crowd::gather(runtime, served, coming, spread);
    let mut took = crowd.times(MORNING, Moment::CaughtUp)?;
    let all = start.elapsed();
    let after = served.peer.ask("peak")?;
    let (back, bytes) = crowd.leave(runtime)?;
    staff.splice(..0, back);
    took.sort_unstable();
    row("each: connected, pushed, durable and caught up, p50", millis(at(&took, 50)), "");
    row("  p99", millis(at(&took, 99)), "");
    row("  the slowest", millis(at(&took, 100)), "");
    row("the last one done after", seconds(all), "");
    let cpu_ms = number(&after, "cpu_ms")? - number(&before, "cpu_ms")?;
    row("relay: processor", format!("{:.1} s", cpu_ms / 1_000.0), "");
    row("  memory before, and most", format!("{}, {}", mib(&before, "rss_kib")?, mib(&after, "peak_kib")?), "");
    row("bytes of frames, a device", format!("{} B", bytes / MORNING as u64), "");
    Ok(())
}

/// One edit to everybody.
fn audience(
    runtime: &Runtime,
    served: &mut Served,
    office: &mut Office,
    staff: Vec<Light>,
    used: usize,
) -> Result<Vec<Light>, Failed> {
    let devices = staff.len();
    println!("\none edit to {devices} connected devices, {EDITS} edits one after the other");
    let edits = edits(office, used, EDITS)?;
    let mut crowd = Crowd::gather(runtime, served, staff, Duration::ZERO);
    crowd.times(devices, Moment::CaughtUp)?;
    crowd.write(runtime, served, office.author.clone())?;
    let before = served.peer.ask("forget")?;
    let mut took = Vec::new();
    for (doc, change) in edits {
        let start = Instant::now();
        crowd.order(doc, change)?;
        took.extend(crowd.arrivals(devices)?.into_iter().map(|at| at.duration_since(start)));
    }
    let after = served.peer.ask("peak")?;
    took.sort_unstable();
    row("from the edit to its arrival, p50", millis(at(&took, 50)), "");
    row("  p99", millis(at(&took, 99)), "100 ms");
    row("  the slowest", millis(at(&took, 100)), "");
    let cpu_ms = number(&after, "cpu_ms")? - number(&before, "cpu_ms")?;
    row("relay: processor, an edit", format!("{:.1} ms", cpu_ms / EDITS as f64), "");
    row("  most memory", mib(&after, "peak_kib")?, "");
    Ok(crowd.leave(runtime)?.0)
}

/// What a connection costs that says nothing.
fn idle(runtime: &Runtime, served: &mut Served, staff: Vec<Light>) -> Result<(), Failed> {
    std::thread::sleep(REST);
    let before = served.peer.ask("forget")?;
    let connections = staff.len();
    println!("\n{connections} idle connections");
    let mut crowd = Crowd::gather(runtime, served, staff, CONNECTING);
    crowd.times(connections, Moment::CaughtUp)?;
    std::thread::sleep(REST);
    let after = served.peer.ask("peak")?;
    let kib = (number(&after, "rss_kib")? - number(&before, "rss_kib")?) / connections as f64;
    row("relay: memory with none", mib(&before, "rss_kib")?, "");
    row("  with all of them", mib(&after, "rss_kib")?, "");
    row("  an idle connection", format!("{kib:.1} KiB"), "20 KB");
    crowd.leave(runtime).map(|_| ())
}

/// A large book: start, and memory before anybody asks for anything.
fn rest(runtime: &Runtime, data: &Path, dossiers: u64) -> Result<(), Failed> {
    println!("\na relay with {dossiers} dossiers at rest");
    let mut served = Served::start(data)?;
    let start = Instant::now();
    runtime.block_on(Office::open(&mut served, dossiers, CHANGES_EACH, 0))?;
    let pushed = start.elapsed();
    served.followed()?;
    row("written and pushed, then followed", format!("{}, {}", seconds(pushed), seconds(start.elapsed() - pushed)), "");
    let busy = served.peer.ask("peak")?;
    row("  memory then", mib(&busy, "rss_kib")?, "");
    served.peer.end()?;

    let start = Instant::now();
    let mut served = Served::start(data)?;
    while !served.get("/healthz")?.starts_with("HTTP/1.1 200") {
        if start.elapsed() > SERVING {
            return Err("the relay does not serve".into());
        }
    }
    row("start of the process to serving", millis(start.elapsed()), "1,000 ms");
    std::thread::sleep(REST);
    row("memory at rest", mib(&served.peer.ask("peak")?, "rss_kib")?, "100 MB");
    served.peer.end()?;
    row("its files, a dossier", format!("{} B", size(data)? / dossiers), "");
    Ok(())
}

/// The bytes of a folder's files.
fn size(folder: &Path) -> Result<u64, Failed> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

fn row(what: &str, figure: impl std::fmt::Display, goal: &str) {
    let goal = if goal.is_empty() { String::new() } else { format!("goal {goal}") };
    println!("  {what:<54} {figure:>22}   {goal}");
}

fn millis(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1_000.0)
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

fn mib(answer: &serde_json::Value, name: &str) -> Result<String, Failed> {
    Ok(format!("{:.1} MiB", number(answer, name)? / 1_024.0))
}

/// The time that so many of a hundred stay below.
fn at(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or_default()
}

fn setting<T>(name: &str, otherwise: T) -> Result<T, Failed>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    match std::env::var(name) {
        Ok(value) => Ok(value.parse()?),
        Err(_) => Ok(otherwise),
    }
}
