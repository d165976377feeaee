//! What compression costs and gives: the tables that chose the level, the dictionary and the frame of the protocol.
//!
//! `cargo bench -p tests --bench compression` measures with 10,000 dossiers of eight changes each, written by fifteen devices;
//! `FIELDBOOK_BENCH_DOSSIERS` sets another number. Dictionaries are trained in the run, on branches of another seed. Sizes
//! are those of sections on the wire, without the frame around them (5 to 40 bytes); times are of this thread on the
//! processor, per dossier. Nothing is asserted.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod columns;
mod measure;

use measure::{Cell, Failed, compress, decompress, train, window};
use sync::wire::Packing;
use tests::dictionary::{BRANCHES, CUSTOMERS, SEED, samples};
use tests::generate::Branch;
use tests::payload::{Payload, section, sections};

const LEVELS: [i32; 6] = [1, 3, 6, 9, 12, 19];
const DICTIONARIES_KIB: [usize; 6] = [0, 8, 16, 32, 64, 112];
const PAYLOADS_KIB: [usize; 4] = [4, 16, 64, 256];

/// What a frame aims at on a good link.
const FULL_KIB: usize = 256;

/// The seed of what is measured. Dictionaries are trained with another.
const MEASURED_SEED: u64 = 1;

fn main() -> Result<(), Failed> {
    let dossiers = match std::env::var("FIELDBOOK_BENCH_DOSSIERS") {
        Ok(number) => number.parse()?,
        Err(_) => 10_000,
    };
    let book = Payload::of(&Branch { seed: MEASURED_SEED, number: 1, engineers: 15, customers: dossiers })?;
    let trained_on = samples(SEED, BRANCHES, CUSTOMERS)?;
    let dictionaries: Vec<Vec<u8>> =
        DICTIONARIES_KIB.iter().map(|kib| train(&trained_on, kib << 10)).collect::<Result<_, _>>()?;
    let bench = Bench { dictionaries, count: book.len(), book };
    bench.floor();
    bench.join("First join, saved forms", Payload::whole)?;
    bench.join("First join, all changes", Payload::history)?;
    bench.frames()?;
    bench.single("One edit down", Payload::edit)?;
    bench.single("One edit up", Payload::pushed)?;
    bench.windows()?;
    bench.columns(&trained_on)?;
    bench.foreign(&trained_on)?;
    bench.contexts()?;
    bench.shipped();
    Ok(())
}

struct Bench {
    dictionaries: Vec<Vec<u8>>,
    book: Vec<Payload>,
    count: usize,
}

impl Bench {
    fn items(&self, form: fn(&Payload) -> Vec<u8>) -> Vec<Vec<u8>> {
        self.book.iter().map(form).collect()
    }

    /// What no compression can take away.
    fn floor(&self) {
        let mean = |of: fn(&Payload) -> usize| self.book.iter().map(of).sum::<usize>() as f64 / self.count as f64;
        println!("## Bytes of a dossier\n");
        println!(
            "saved {:.0}, its {:.1} changes {:.0}",
            mean(|p| p.saved.len()),
            mean(|p| p.changes.len()),
            mean(|p| { p.changes.iter().map(Vec::len).sum() })
        );
        println!("that do not compress, saved: id 16, checksum 4, head 32");
        println!("that do not compress, changes: id 16, of each change but genesis: checksum 4, dependency 32\n");
    }

    fn join(&self, title: &str, form: fn(&Payload) -> Vec<u8>) -> Result<(), Failed> {
        let sections = sections(&self.items(form), FULL_KIB << 10);
        println!("## {title}, frames of {FULL_KIB} KiB: bytes, µs to pack (to unpack) of a dossier\n");
        header("dictionary", LEVELS.map(|level| format!("level {level}")));
        for (kib, dictionary) in DICTIONARIES_KIB.iter().zip(&self.dictionaries) {
            let cells: Result<Vec<_>, Failed> =
                LEVELS.iter().map(|level| self.both(&sections, *level, dictionary)).collect();
            row(&dictionary_name(*kib), cells?);
        }
        println!();
        Ok(())
    }

    fn both(&self, sections: &[Vec<u8>], level: i32, dictionary: &[u8]) -> Result<String, Failed> {
        let (packed, cell) = compress(sections, level, dictionary)?;
        let unpacked = decompress(&packed, sections, dictionary)?;
        Ok(format!("{} ({:.1})", self.told(&cell), unpacked.as_secs_f64() * 1e6 / self.count as f64))
    }

    fn told(&self, cell: &Cell) -> String {
        let count = self.count as f64;
        format!("{:.0} B, {:.1}", cell.bytes as f64 / count, cell.took.as_secs_f64() * 1e6 / count)
    }

    fn frames(&self) -> Result<(), Failed> {
        println!("## Saved forms in smaller frames: bytes, µs to pack of a dossier\n");
        header("dictionary, level", PAYLOADS_KIB.map(|kib| format!("{kib} KiB")));
        for (kib, dictionary) in DICTIONARIES_KIB.iter().zip(&self.dictionaries) {
            for level in [3, 9] {
                let cells: Result<Vec<_>, Failed> = PAYLOADS_KIB
                    .iter()
                    .map(|payload| {
                        let sections = sections(&self.items(Payload::whole), payload << 10);
                        Ok(self.told(&compress(&sections, level, dictionary)?.1))
                    })
                    .collect();
                row(&format!("{}, {level}", dictionary_name(*kib)), cells?);
            }
        }
        println!();
        Ok(())
    }

    fn single(&self, title: &str, form: fn(&Payload) -> Vec<u8>) -> Result<(), Failed> {
        let sections: Vec<_> = self.items(form).iter().map(|item| section(&[item])).collect();
        let plain = sections.iter().map(Vec::len).sum::<usize>() / self.count;
        println!("## {title}, a frame of its own ({plain} bytes plain): bytes, µs to pack (to unpack)\n");
        header("dictionary", LEVELS.map(|level| format!("level {level}")));
        for (kib, dictionary) in DICTIONARIES_KIB.iter().zip(&self.dictionaries) {
            let cells: Result<Vec<_>, Failed> =
                LEVELS.iter().map(|level| self.both(&sections, *level, dictionary)).collect();
            row(&dictionary_name(*kib), cells?);
        }
        println!();
        Ok(())
    }

    /// A context kept over the frames of a connection, against frames that stand alone.
    fn windows(&self) -> Result<(), Failed> {
        println!("## Windows kept over frames, saved forms: bytes, µs to pack of a dossier\n");
        header("dictionary, level, window", PAYLOADS_KIB.map(|kib| format!("{kib} KiB")));
        let all: Vec<_> =
            PAYLOADS_KIB.iter().map(|payload| sections(&self.items(Payload::whole), payload << 10)).collect();
        for (kib, dictionary) in [(0, &self.dictionaries[0]), (64, &self.dictionaries[4]), (112, &self.dictionaries[5])]
        {
            for level in [3, 9] {
                let name = format!("{}, {level}", dictionary_name(kib));
                let cells = all.iter().map(|sections| Ok(self.told(&compress(sections, level, dictionary)?.1)));
                row(&format!("{name}, none"), cells.collect::<Result<Vec<_>, Failed>>()?);
                for (restart, cut_bytes) in [("cut every 32 KiB", 32 << 10), ("never cut", usize::MAX)] {
                    let cells =
                        all.iter().map(|sections| Ok(self.told(&window(sections, level, dictionary, cut_bytes)?)));
                    row(&format!("{name}, 1 MiB, {restart}"), cells.collect::<Result<Vec<_>, Failed>>()?);
                }
            }
        }
        println!();
        Ok(())
    }

    /// The same bytes in another order: each column of all documents of a frame together.
    fn columns(&self, trained_on: &[Vec<u8>]) -> Result<(), Failed> {
        println!("## Saved forms column by column, 112 KiB dictionary: bytes, µs to pack of a dossier\n");
        header("order, level", PAYLOADS_KIB.map(|kib| format!("{kib} KiB")));
        let samples: Vec<_> = trained_on.iter().map(|sample| columns::by_column(&[sample])).collect();
        let dictionary = train(&samples, 112 << 10)?;
        for level in [3, 9] {
            for (name, dictionary, by_column) in
                [("as saved", &self.dictionaries[5], false), ("column by column", &dictionary, true)]
            {
                let cells: Result<Vec<_>, Failed> = PAYLOADS_KIB
                    .iter()
                    .map(|payload| {
                        let items = self.items(Payload::whole);
                        let sections = if by_column {
                            columns::batches(&items, payload << 10).iter().map(|b| columns::by_column(b)).collect()
                        } else {
                            sections(&items, payload << 10)
                        };
                        Ok(self.told(&compress(&sections, level, dictionary)?.1))
                    })
                    .collect();
                row(&format!("{name}, {level}"), cells?);
            }
        }
        println!();
        Ok(())
    }

    /// A dictionary that knows the structure but none of the words: what is left of it for people who write otherwise.
    fn foreign(&self, trained_on: &[Vec<u8>]) -> Result<(), Failed> {
        println!("## A 64 KiB dictionary that knows no Chinese word of these dossiers, level 9: bytes of a dossier\n");
        header("dictionary", PAYLOADS_KIB.map(|kib| format!("{kib} KiB")).into_iter().chain(["one edit".into()]));
        let foreign: Vec<_> = trained_on.iter().map(|sample| measure::other_words(sample)).collect();
        let foreign = train(&foreign, 64 << 10)?;
        for (name, dictionary) in
            [("none", &self.dictionaries[0]), ("other words", &foreign), ("these words", &self.dictionaries[4])]
        {
            let mut cells = Vec::new();
            for payload in PAYLOADS_KIB {
                let sections = sections(&self.items(Payload::whole), payload << 10);
                cells.push(self.told(&compress(&sections, 9, dictionary)?.1));
            }
            let edits: Vec<_> = self.items(Payload::edit).iter().map(|item| section(&[item])).collect();
            cells.push(self.told(&compress(&edits, 9, dictionary)?.1));
            row(name, cells);
        }
        println!();
        Ok(())
    }

    /// What is held to pack and unpack.
    fn contexts(&self) -> Result<(), Failed> {
        println!("## Memory in KiB: a prepared dictionary, a context after a full frame\n");
        header("dictionary", LEVELS.map(|level| format!("level {level}")));
        let sections = sections(&self.items(Payload::whole), FULL_KIB << 10);
        for (kib, dictionary) in DICTIONARIES_KIB.iter().zip(&self.dictionaries) {
            let cells: Result<Vec<_>, Failed> = LEVELS
                .iter()
                .map(|level| {
                    let (prepared, context) = measure::memory(&sections[0], *level, dictionary)?;
                    Ok(format!("{}, {}", prepared >> 10, context >> 10))
                })
                .collect();
            row(&dictionary_name(*kib), cells?);
        }
        println!();
        Ok(())
    }

    /// What the protocol does, frames and all.
    fn shipped(&self) {
        println!("## As the protocol has it, whole frames: bytes, µs to pack of a dossier\n");
        header("packing", PAYLOADS_KIB.map(|kib| format!("{kib} KiB")).into_iter().chain(["one edit".into()]));
        for (name, packing) in [("no dictionary", Packing::PLAIN), ("latest dictionary", Packing::LATEST)] {
            let mut cells: Vec<_> = PAYLOADS_KIB
                .iter()
                .map(|payload| self.told(&measure::frames(&self.book, payload << 10, false, packing)))
                .collect();
            cells.push(self.told(&measure::frames(&self.book, 1, true, packing)));
            row(name, cells);
        }
    }
}

fn dictionary_name(kib: usize) -> String {
    if kib == 0 { "none".into() } else { format!("{kib} KiB") }
}

fn header(first: &str, columns: impl IntoIterator<Item = String>) {
    let columns: Vec<_> = columns.into_iter().collect();
    println!("| {first} | {} |", columns.join(" | "));
    println!("|---|{}", "---|".repeat(columns.len()));
}

fn row(first: &str, cells: Vec<String>) {
    println!("| {first} | {} |", cells.join(" | "));
}
