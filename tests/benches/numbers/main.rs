//! The numbers of ARCHITECTURE.md: what a book of many dossiers costs to join, to reconnect, to use and to keep.
//!
//! `cargo bench -p tests --bench numbers` measures with 10,000 dossiers of eight changes each; `FIELDBOOK_BENCH_DOSSIERS`
//! sets another number. Reconnects are measured again with 100,000 (`FIELDBOOK_BENCH_LARGE`; 0 leaves that out, it takes some
//! minutes). The relay is a process, devices run in this one over loopback sockets, local commands are processes.
//! Everything is printed as a table; nothing is asserted, since machines differ. Goals are those of the design, section 7.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod commands;
mod scene;

use std::path::Path;
use std::time::{Duration, Instant};

use device::{Device, SyncReport};
use records::Fields;
use scene::Scene;
use tests::bench::{Failed, relay};
use tokio::runtime::Runtime;

/// Changes of each dossier, genesis left out: the design's load for a first join.
const CHANGES_PER_DOSSIER: usize = 7;

/// Dossiers edited on each side of a reconnect.
const EDITED: usize = 100;

/// How often a reconnect is repeated; the median is told.
const ROUNDS: usize = 7;

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
    let large = setting("FIELDBOOK_BENCH_LARGE", 100_000)?;
    let dir = tempfile::tempdir()?;
    let runtime = Runtime::new()?;
    println!("{dossiers} dossiers of {CHANGES_PER_DOSSIER} changes and genesis\n");

    let mut scene = Scene::open(&runtime, &dir.path().join("book"), dossiers)?;
    let [idle, edited] = joined(&mut scene)?;
    let ids = customers(scene.second()?)?;
    let home = scene.leave_second();
    disk(&home, dossiers, scene.saved_bytes)?;
    commands::measure(&home, &ids)?;
    println!();
    scene.new_epoch()?;
    scene.lost_disk()?;
    scene.end()?;

    if large > 0 {
        println!("\n{large} dossiers\n");
        let mut scene = Scene::open(&runtime, &dir.path().join("large"), large)?;
        let [idle_large, edited_large] = joined(&mut scene)?;
        row("reconnect beside the smaller book: nothing edited", times(idle_large, idle), "1.2 times");
        row("  edited on each side", times(edited_large, edited), "1.2 times");
        scene.end()?;
    }
    Ok(())
}

/// From the first contact to reconnects; what these take, with nothing edited and with edits on each side.
fn joined(scene: &mut Scene<'_>) -> Result<[Duration; 2], Failed> {
    let (took, report) = scene.sync_first()?;
    row("ingest: changes pushed and durable, per second", per_second(report.pushed, took), "20,000 (one device)");
    let start = Instant::now();
    scene.served.followed()?;
    row("  then until documents and rows have followed", millis(start.elapsed()), "moments");

    let (took, report) = scene.sync_second()?;
    row("first join: committed and searchable", millis(took), "3,000 ms");
    row("  bytes per dossier", format!("{:.0} B", report.bytes_down as f64 / scene.dossiers as f64), "400 B");
    row("  round trips", report.round_trips.to_string(), "");

    let idle = rounds(|_| scene.sync_second())?;
    let idle = told("reconnect, nothing edited", &idle, "", "1,024 B", "1");
    let ids = customers(scene.second()?)?;
    let edited = rounds(|round| {
        edit(scene.first()?, &ids, round, 0)?;
        edit(scene.second()?, &ids, round, EDITED)?;
        scene.sync_first()?;
        scene.sync_second()
    })?;
    let edited = told(&format!("reconnect, {EDITED} edited on each side"), &edited, "100 ms", "51,200 B", "2");
    Ok([idle, edited])
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

/// Tells the median of some exchanges, and what it took.
fn told(what: &str, exchanges: &[(Duration, SyncReport)], time: &str, bytes: &str, trips: &str) -> Duration {
    let mut by_time: Vec<_> = exchanges.iter().collect();
    by_time.sort_by_key(|(took, _)| *took);
    let (took, report) = by_time[by_time.len() / 2];
    row(what, millis(*took), time);
    row("  bytes up and down", format!("{} B", report.bytes_up + report.bytes_down), bytes);
    row("  round trips", report.round_trips.to_string(), trips);
    *took
}

fn times(large: Duration, small: Duration) -> String {
    format!("{:.2} times", large.as_secs_f64() / small.as_secs_f64())
}

fn setting(name: &str, otherwise: u64) -> Result<u64, Failed> {
    Ok(std::env::var(name).map_or(Ok(otherwise), |number| number.parse())?)
}

fn rounds(
    mut round: impl FnMut(usize) -> Result<(Duration, SyncReport), Failed>,
) -> Result<Vec<(Duration, SyncReport)>, Failed> {
    (0..ROUNDS).map(&mut round).collect()
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
