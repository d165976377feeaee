//! What is measured of an engine over one book, and how.
//!
//! A first join starts from an empty device. A reconnect is measured twice: of a device started anew, which first loads what it
//! needs from its disk (told apart, and left out of every ratio), and of one that runs on and only lost its link. Exchanges end
//! when the device knows that both sides hold the same of every document.

use std::time::Duration;

use serde_json::Value;
use tests::bench::peer::{Answer, Peer};
use tests::bench::relay::number;
use tokio::runtime::Runtime;

use crate::engine::{Book, Stage};
use crate::proxy::Traffic;
use crate::{EDITED, Failed, PATIENCE};

/// How often a reconnect is repeated; the median is told.
const ROUNDS: u32 = 3;

/// Beyond this a reconnect is not repeated: it would measure little more and take minutes.
const REPEATED_MS_MAX: f64 = 10_000.0;

/// One way over the slow link.
pub(crate) const SLOW_EACH_WAY: Duration = Duration::from_millis(100);

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Join,
    IdleAnew,
    IdleKept,
    EditedAnew,
    EditedKept,
    /// As [`Case::EditedKept`], over a link of 200 ms a round trip.
    EditedSlow,
}

impl Case {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Case::Join => "first join",
            Case::IdleAnew => "reconnect, 0 edits, started anew",
            Case::IdleKept => "reconnect, 0 edits, link lost",
            Case::EditedAnew => "reconnect, 100 + 100 edits, started anew",
            Case::EditedKept => "reconnect, 100 + 100 edits, link lost",
            Case::EditedSlow => "  the same over 200 ms round trips",
        }
    }

    const fn edits(self) -> bool {
        matches!(self, Case::EditedAnew | Case::EditedKept | Case::EditedSlow)
    }
}

/// What came of a case.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told {
    Figures(Figures),
    TooLate,
    /// One like it took too long already.
    NotTried,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// Until the device was ready to connect; everything it needed was loaded then.
    pub(crate) load_ms: f64,
    /// From connecting to being in sync.
    pub(crate) sync_ms: f64,
    pub(crate) traffic: Traffic,
    /// Processor time of device and server in that exchange: less than the time is apt to hide what else the machine does.
    pub(crate) cpu_ms: f64,
    pub(crate) device_kib: u64,
    pub(crate) server_kib: u64,
}

/// Measures every case of one stage, over a slow link only when `slow`. `told` hears of each as it is done.
pub(crate) fn measure(
    runtime: &Runtime,
    book: &Book,
    mut stage: Stage,
    slow: bool,
    again: impl Fn() -> Result<Stage, Failed>,
    mut told: impl FnMut(Case, Told),
) -> Result<(), Failed> {
    let mut round = 0;
    let mut joining = stage.device(book, DEVICE)?;
    let joined = exchange(&mut stage, &mut joining, Some("load"))?;
    told(Case::Join, joined);
    match joined {
        Told::Figures(_) => joining.end()?,
        Told::TooLate | Told::NotTried => {
            // Both may still be at it: two new processes go on, the device with the documents it did not get.
            drop((joining, stage));
            stage = again()?;
            stage.furnish(book, DEVICE)?;
        }
    }
    let mut tried = true;
    for pair in [[Case::IdleAnew, Case::IdleKept], [Case::EditedAnew, Case::EditedKept]] {
        let mut kept = None;
        for case in pair {
            let result = if tried {
                repeated(|| {
                    round += 1;
                    one(runtime, book, &mut stage, &mut kept, case, round)
                })?
            } else {
                Told::NotTried
            };
            tried = matches!(result, Told::Figures(_));
            told(case, result);
        }
        if tried && slow && pair[0].edits() {
            stage.proxy().delay(SLOW_EACH_WAY);
            round += 1;
            told(Case::EditedSlow, one(runtime, book, &mut stage, &mut kept, Case::EditedSlow, round)?);
            stage.proxy().delay(Duration::ZERO);
        }
        if let Some(mut device) = kept.filter(|_| tried) {
            device.end()?;
        }
    }
    if tried { stage.end() } else { Ok(()) }
}

/// The files of the one device.
const DEVICE: &str = "device";

/// One reconnect. `kept` is the device that still runs from the one before.
fn one(
    runtime: &Runtime,
    book: &Book,
    stage: &mut Stage,
    kept: &mut Option<Peer>,
    case: Case,
    round: u32,
) -> Result<Told, Failed> {
    let mut device = match kept.take() {
        Some(mut device) => {
            device.ask("cut")?;
            device
        }
        None => {
            let mut device = stage.device(book, DEVICE)?;
            device.ask("load")?;
            device
        }
    };
    if case.edits() {
        stage.edit(runtime, 0, EDITED, round)?;
        device.ask(&format!("edit {EDITED} {EDITED} {round}"))?;
    }
    let anew = matches!(case, Case::IdleAnew | Case::EditedAnew);
    if anew {
        // Everything it wrote is on its disk when it ends.
        device.end()?;
        device = stage.device(book, DEVICE)?;
    }
    let told = exchange(stage, &mut device, anew.then_some("load"))?;
    *kept = Some(device);
    Ok(told)
}

/// One exchange of a device, with what passes in it and the memory both sides reach.
fn exchange(stage: &mut Stage, device: &mut Peer, first: Option<&str>) -> Result<Told, Failed> {
    let serving = stage.server().ask("forget")?;
    let ready = match first {
        Some(question) => device.ask_within(question, PATIENCE)?,
        None => Answer::Given(device.ask("forget")?),
    };
    let Answer::Given(ready) = ready else { return Ok(Told::TooLate) };
    stage.proxy().take();
    let Answer::Given(synced) = device.ask_within("sync", PATIENCE)? else { return Ok(Told::TooLate) };
    let traffic = stage.proxy().take();
    let served = stage.server().ask("peak")?;
    let cpu_ms = |before: &Value, after: &Value| Ok::<_, Failed>(number(after, "cpu_ms")? - number(before, "cpu_ms")?);
    Ok(Told::Figures(Figures {
        load_ms: if first.is_some() { number(&ready, "ms")? } else { 0.0 },
        sync_ms: number(&synced, "ms")?,
        traffic,
        cpu_ms: cpu_ms(&ready, &synced)? + cpu_ms(&serving, &served)?,
        device_kib: synced["peak_kib"].as_u64().ok_or("a peak of memory")?,
        server_kib: served["peak_kib"].as_u64().ok_or("a peak of memory")?,
    }))
}

/// The median of some rounds, or the first when it takes long.
fn repeated(mut round: impl FnMut() -> Result<Told, Failed>) -> Result<Told, Failed> {
    let mut all = Vec::new();
    for _ in 0..ROUNDS {
        match round()? {
            Told::Figures(figures) => all.push(figures),
            late => return Ok(late),
        }
        if all.iter().any(|figures| figures.sync_ms + figures.load_ms > REPEATED_MS_MAX) {
            break;
        }
    }
    all.sort_by(|a, b| a.sync_ms.total_cmp(&b.sync_ms));
    Ok(all.get(all.len() / 2).copied().map_or(Told::NotTried, Told::Figures))
}
