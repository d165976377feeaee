//! Fieldbook beside samod and automerge-repo, in the same run, over the same documents, on the same loopback device:
//!
//! ```sh
//! cargo bench -p tests --bench side_by_side                          # Fieldbook and samod
//! FIELDBOOK_BENCH_NODE=1 cargo bench -p tests --bench side_by_side   # automerge-repo as well, installed from npm
//! ```
//!
//! First joins and reconnects with nothing edited and with 100 + 100 edits, of 1,000, 3,000 and 10,000 documents
//! (`FIELDBOOK_BENCH_SIZES=1000,3000` chooses), and one edit to many devices. Server and device are a process each; websockets
//! lead through a proxy that counts. What takes longer than 120 s is not waited for. `-- --write` draws
//! `benches/reconnect.svg` anew; nothing else is left behind.
//!
//! What differs, in the others' favour: Fieldbook's documents, rows, word index and cursor are flushed to the disk (fsync) on
//! both sides before an exchange ends; samod and automerge-repo write files without flushing, and their exchanges end when
//! memory is in sync. Fieldbook's relay checks keys and signatures, theirs let everybody in. Their servers have every document loaded, and
//! their loading at a device's start is told apart and left out of the ratios.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod cases;
mod engine;
mod fieldbook;
mod node;
mod picture;
mod proxy;
mod samod;
mod table;

use std::path::Path;
use std::time::Duration;

use engine::{Book, Engine, Stage};
use serde_json::Value;
use table::Table;
use tests::bench::{Failed, relay};
use tokio::runtime::Runtime;

/// Documents of a book, unless told otherwise.
const SIZES: [u32; 3] = [1_000, 3_000, 10_000];

/// Changes of each document, genesis left out.
const CHANGES_EACH: usize = 7;

/// Documents edited on each side of a reconnect.
const EDITED: u32 = 100;

/// Longest wait for one case.
const PATIENCE: Duration = Duration::from_secs(120);

/// Devices that one edit goes to.
const CROWD: usize = 50;

/// Documents that each of them holds, and edits made.
const CROWD_DOCUMENTS: u32 = 100;
const CROWD_EDITS: usize = 40;

/// The folder of those devices.
const FAN: &str = "fan";

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--peer", "relay", rest @ ..] => relay::serve(rest),
        ["--peer", "fieldbook", "device", home, url, relay] => {
            fieldbook::device(Path::new(home), url, Path::new(relay))
        }
        ["--peer", "samod", "server", data, ids] => samod::server(Path::new(data), Path::new(ids)),
        ["--peer", "samod", "device", data, ids, address] => samod::device(Path::new(data), Path::new(ids), address),
        options => bench(options.contains(&"--write")),
    }
}

fn bench(write: bool) -> Result<(), Failed> {
    let sizes = match std::env::var("FIELDBOOK_BENCH_SIZES") {
        Ok(sizes) => sizes.split(',').map(|size| size.trim().parse()).collect::<Result<_, _>>()?,
        Err(_) => SIZES.to_vec(),
    };
    let dir = tempfile::tempdir()?;
    let runtime = Runtime::new()?;
    let node = node::find(dir.path())?;
    if let Err(why) = &node {
        println!("automerge-repo is left out: {why}\n");
    }
    let node = node.ok();
    let engines = Engine::ALL.into_iter().filter(|engine| *engine != Engine::AutomergeRepo || node.is_some());
    let engines: Vec<Engine> = engines.collect();

    let mut table = Table::start();
    let smallest = sizes.iter().min().copied();
    for documents in sizes {
        let dir = dir.path().join(documents.to_string());
        let (book, relay) = Book::make(&runtime, &dir, documents)?;
        let mut relay = Some(relay);
        for &engine in &engines {
            let again = || book.serve(&runtime, engine, node.as_deref());
            let stage = relay.take().map_or_else(again, Ok)?;
            // What a slow link adds does not depend on the size; at the largest it drowns in the rest.
            let slow = Some(documents) == smallest;
            let measured = cases::measure(&runtime, &book, stage, slow, again, |case, told| {
                table.row(documents, case, engine, told)
            });
            spared(engine, measured)?;
        }
        std::fs::remove_dir_all(&dir)?;
    }
    table.ratios();

    println!(
        "\none edit to {CROWD} devices of {CROWD_DOCUMENTS} documents each, {CROWD_EDITS} edits one after the other"
    );
    let (book, relay) = Book::make(&runtime, &dir.path().join(FAN), CROWD_DOCUMENTS)?;
    let mut relay = Some(relay);
    for &engine in &engines {
        let again = || book.serve(&runtime, engine, node.as_deref());
        spared(engine, fan(&book, relay.take().map_or_else(again, Ok)?, engine))?;
    }
    if write {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/reconnect.svg");
        std::fs::write(&path, picture::draw(table.rows()))?;
        println!("\ndrawn: {}", path.display());
    }
    Ok(())
}

/// What another engine does not bear is told and ends its own cases, not the run.
fn spared(engine: Engine, measured: Result<(), Failed>) -> Result<(), Failed> {
    match measured {
        Err(failed) if engine != Engine::Fieldbook => println!("  {} went no further: {failed}", engine.name()),
        measured => return measured,
    }
    Ok(())
}

/// One edit to many devices of one process.
fn fan(book: &Book, mut stage: Stage, engine: Engine) -> Result<(), Failed> {
    let mut devices = stage.device(book, FAN)?;
    devices.ask(&format!("gather {CROWD}"))?;
    stage.server().ask("forget")?;
    stage.proxy().take();
    let told = devices.ask(&format!("fan {CROWD_EDITS}"))?;
    let traffic = stage.proxy().take();
    let served = stage.server().ask("peak")?;
    let mut took_ms: Vec<f64> = told["took_ms"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    took_ms.sort_by(f64::total_cmp);
    let at = |share: usize| took_ms.get((took_ms.len() * share / 100).min(took_ms.len().saturating_sub(1)));
    let (Some(half), Some(most)) = (at(50), at(99)) else { return Err("no edit arrived".into()) };
    println!(
        "  {:<15} p50 {half:>8.1} ms   p99 {most:>8.1} ms   {:>7.0} B an edit and device   server {:>6.1} MiB",
        engine.name(),
        (traffic.up + traffic.down) as f64 / (CROWD_EDITS * CROWD) as f64,
        served["peak_kib"].as_f64().unwrap_or_default() / 1_024.0,
    );
    devices.end()?;
    stage.end()
}

/// What an edit writes: the same text for every engine.
fn edited(round: &str) -> String {
    format!("第{round}轮，每周一次电话回访")
}
