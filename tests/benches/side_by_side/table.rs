//! The table on the terminal.

use crate::cases::{Case, Figures, SLOW_EACH_WAY, Told};
use crate::engine::Engine;

/// One measured case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) documents: u32,
    pub(crate) case: Case,
    pub(crate) engine: Engine,
    pub(crate) told: Told,
}

impl Row {
    pub(crate) fn figures(&self) -> Option<Figures> {
        match self.told {
            Told::Figures(figures) => Some(figures),
            Told::TooLate | Told::NotTried => None,
        }
    }
}

/// Every row, printed as it comes.
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Table {
    pub(crate) fn start() -> Table {
        println!(
            "{:>9}  {:<42}{:<16}{:>10}{:>12}{:>9}{:>12}{:>12}{:>8}{:>12}{:>12}",
            "documents", "", "", "load", "exchange", "cpu", "bytes up", "bytes down", "turns", "device", "server"
        );
        Table { rows: Vec::new() }
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(crate) fn row(&mut self, documents: u32, case: Case, engine: Engine, told: Told) {
        print!("{documents:>9}  {:<42}{:<16}", case.name(), engine.name());
        match told {
            Told::Figures(figures) => println!(
                "{:>7.0} ms{:>9.1} ms{:>6.0} ms{:>12}{:>12}{:>8}{:>8.1} MiB{:>8.1} MiB",
                figures.load_ms,
                figures.sync_ms,
                figures.cpu_ms,
                figures.traffic.up,
                figures.traffic.down,
                figures.traffic.turns,
                figures.device_kib as f64 / 1_024.0,
                figures.server_kib as f64 / 1_024.0,
            ),
            Told::TooLate => println!("more than {} s", crate::PATIENCE.as_secs()),
            Told::NotTried => println!("not tried: one like it took too long"),
        }
        self.rows.push(Row { documents, case, engine, told });
    }

    /// How many times Fieldbook's time and bytes each of the others needed, and how many round trips each waited for.
    pub(crate) fn ratios(&self) {
        println!("\ntimes what Fieldbook needed (exchange alone, loading left out): time, bytes");
        for row in self.rows.iter().filter(|row| row.engine != Engine::Fieldbook) {
            let ours = self.like(row, row.case, Engine::Fieldbook);
            let Some(ours) = ours else { continue };
            print!("{:>9}  {:<42}{:<16}", row.documents, row.case.name(), row.engine.name());
            match row.figures() {
                Some(figures) => {
                    println!("{:>9.1}{:>9.1}", figures.sync_ms / ours.sync_ms, bytes(figures) / bytes(ours));
                }
                None => println!("more than {:.0}", crate::PATIENCE.as_secs_f64() * 1_000.0 / ours.sync_ms),
            }
        }
        println!("\nround trips waited for, as far as a slow link shows them: (over 200 ms - over loopback) / 200 ms");
        for row in self.rows.iter().filter(|row| row.case == Case::EditedSlow) {
            let (Some(slow), Some(fast)) = (row.figures(), self.like(row, Case::EditedKept, row.engine)) else {
                continue;
            };
            let waited = (slow.sync_ms - fast.sync_ms) / (2_000.0 * SLOW_EACH_WAY.as_secs_f64());
            println!(
                "{:>9}  {:<42}{:<16}{waited:>9.1}",
                row.documents,
                "the opening of the websocket included",
                row.engine.name()
            );
        }
    }

    fn like(&self, row: &Row, case: Case, engine: Engine) -> Option<Figures> {
        let same = |other: &&Row| other.documents == row.documents && other.case == case && other.engine == engine;
        self.rows.iter().find(same)?.figures()
    }
}

/// Bytes in both directions.
pub(crate) fn bytes(figures: Figures) -> f64 {
    (figures.traffic.up + figures.traffic.down) as f64
}
