//! What views cost at the domain's load L: a branch of 2,000 dossiers with 15,800 tasks, and an organisation of thirty.
//!
//! `cargo bench -p tests --bench views` draws a branch's year, writes its rows to a file as the relay keeps it, and asks every
//! view at the last working day of November, in the middle of the year and on its first day. `FIELDBOOK_BENCH_DOSSIERS` sets
//! another number of dossiers, `FIELDBOOK_BENCH_DRAWN` how many of them are drawn (the others are those under other ids),
//! `FIELDBOOK_BENCH_REBUILD` how many are rebuilt (10,000; 0 leaves that out),
//! `FIELDBOOK_BENCH_BRANCHES` how many files stand for the organisation: copies of the one, since branches are alike and files
//! share nothing. Times are those of the processor, which other work on the machine does not change. Everything is printed as a table; nothing is asserted, since machines differ.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod book;
mod questions;

use std::collections::BTreeSet;
use std::error::Error;
use std::time::{Duration, Instant};

use book::{Book, BookFile};
use readmodel::views::{MatrixAsk, matrix, matrix_until};
use relay::limits;
use rusqlite::Connection;
use tests::generate::{Branch, Scale};
use vocab::Timestamp;

/// How often each question is asked; the median and the 95th of a hundred are told.
const ROUNDS: usize = 40;

/// How many dossiers are changed and applied one by one.
const CHANGED: usize = 200;

type Failed = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    let dossiers = setting("FIELDBOOK_BENCH_DOSSIERS", 2_000)?;
    let drawn = setting("FIELDBOOK_BENCH_DRAWN", 200)?;
    let rebuilt = setting("FIELDBOOK_BENCH_REBUILD", 10_000)?;
    let branches = setting("FIELDBOOK_BENCH_BRANCHES", 30)?;
    let dir = tempfile::tempdir()?;
    let branch = Branch { customers: dossiers, ..Scale::L.branches(1)[0] };
    let start = Instant::now();
    let mut book = Book::draw(&branch, drawn)?;
    println!("one branch: {}; drawn in {:.0} s\n", book.counts(), start.elapsed().as_secs_f64());

    let file = BookFile::create(&dir.path().join("branch.db"))?;
    let loaded = rebuild(&file, &book)?;
    println!("rows of the branch: {:.0} MB on disk", file.megabytes()?);
    println!("  loading, reading and applying: {}", rate(loaded, book.len()));
    println!("{}", file.largest()?);
    println!("\n{:<34} {:>12} {:>12}   {:>9}", "one branch, as of", "p50", "p95", "JSON");
    for (label, as_of) in instants()? {
        println!("{label}");
        for question in questions::ALL {
            let mut times = Vec::with_capacity(ROUNDS);
            let mut bytes = 0;
            for _ in 0..ROUNDS {
                let start = processor();
                bytes = (question.ask)(file.reader(), as_of)?;
                times.push(processor() - start);
            }
            let [p50, p95] = quantiles(&mut times);
            println!("  {:<32} {:>9.2} ms {:>9.2} ms   {:>6} kB", question.name, ms(p50), ms(p95), bytes / 1_000);
        }
    }

    println!("\n{:<34} {:>12} {:>12}", "one changed dossier", "mean", "p95");
    for (label, heavy) in [("  a dossier like most", false), ("  a VIP's, some 400 changes", true)] {
        let [apply, commit] = changed(&file, &mut book, heavy)?;
        println!("{label:<34} {:>9.2} ms {:>9.2} ms   goal 2 ms", ms(apply[0]), ms(apply[1]));
        println!("{:<34} {:>9.2} ms {:>9.2} ms", "    with its commit", ms(commit[0]), ms(commit[1]));
    }

    organisation(&file, dir.path(), branches)?;
    if rebuilt > 0 {
        let branch = Branch { customers: rebuilt, ..branch };
        large(&dir.path().join("new.db"), &Book { branch, ..Book::draw_new(&branch, drawn)? })?;
        large(&dir.path().join("year.db"), &Book { branch, ..book })?;
    }
    Ok(())
}

/// Views over the files of all branches, one after the other.
fn organisation(file: &BookFile, dir: &std::path::Path, branches: u64) -> Result<(), Failed> {
    let files: Vec<Connection> =
        (0..branches).map(|number| file.copy(&dir.join(format!("copy-{number}.db")))).collect::<Result<_, _>>()?;
    println!("\n{:<34} {:>12} {:>12}", format!("{branches} branches, one thread"), "mean", "p95");
    // After everything that was written: as of the past nothing is kept.
    let as_of = "2025-12-31T15:00:00Z".parse()?;
    let ask = MatrixAsk { as_of, branch: "上海网点".to_owned(), unshared: BTreeSet::new() };
    type Ask<'a> = &'a dyn Fn(&Connection) -> Result<usize, Failed>;
    let asks: [(&str, Ask<'_>); 3] = [
        ("matrix, worked out", &|rows| Ok(matrix(rows, &ask)?.branches.len())),
        ("  and until when it holds", &|rows| Ok(matrix_until(rows, &ask)?.0.branches.len())),
        // The relay then gives what it keeps.
        ("  kept: rows are the same", &|rows| {
            let snapshot = rows.unchecked_transaction()?;
            let mut mark = snapshot.prepare_cached("SELECT policies FROM view_meta WHERE id = 1")?;
            Ok(mark.query_row([], |row| row.get::<_, String>(0))?.len())
        }),
    ];
    for (name, ask) in asks {
        let mut times = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let start = processor();
            for rows in &files {
                ask(rows)?;
            }
            times.push(processor() - start);
        }
        let mean = mean(&times);
        println!("  {name:<32} {:>9.2} ms {:>9.2} ms   goal 50 ms", ms(mean), ms(quantiles(&mut times)[1]));
    }
    Ok(())
}

/// Rebuilds the rows of a large book from its documents.
fn large(path: &std::path::Path, book: &Book) -> Result<(), Failed> {
    let file = BookFile::create(path)?;
    let took = rebuild(&file, book)?;
    println!("\nrebuild: {}; {:.0} MB of rows", book.counts(), file.megabytes()?);
    println!("  loading, reading and applying: {}   goal 5 s for 10,000", rate(took, book.len()));
    Ok(())
}

/// How long loading, reading, and applying and committing took, each by itself; so many documents at a time as the relay does.
fn rebuild(file: &BookFile, book: &Book) -> Result<[Duration; 3], Failed> {
    let mut took = [Duration::ZERO; 3];
    let numbers: Vec<u64> = (0..book.len()).collect();
    for numbers in numbers.chunks(limits::MATERIALIZE_DOCUMENTS_MAX as usize) {
        let start = processor();
        let documents = numbers.iter().map(|number| book.load(*number)).collect::<Result<Vec<_>, _>>()?;
        let loaded = processor();
        let views: Vec<_> = documents.iter().map(records::Dossier::read).collect();
        let read = processor();
        let views = numbers
            .iter()
            .zip(views)
            .map(|(number, view)| book.renamed(*number, view))
            .collect::<Result<Vec<_>, _>>()?;
        let renamed = processor();
        file.write(|rows| Ok(views.iter().try_for_each(|(doc, view)| readmodel::apply(rows, *doc, view))?))?;
        for (took, more) in took.iter_mut().zip([loaded - start, read - loaded, processor() - renamed]) {
            *took += more;
        }
    }
    file.write(|rows| {
        let (doc, board) = book.load_board()?;
        readmodel::apply(rows, doc, &board.read())?;
        Ok(readmodel::completed(rows)?)
    })?;
    Ok(took)
}

/// The mean and 95th of a hundred of applying one dossier after an edit, and of applying and committing it. The mean, since a
/// processor's time may be told in steps that are longer than the work.
fn changed(file: &BookFile, book: &mut Book, heavy: bool) -> Result<[[Duration; 2]; 2], Failed> {
    let (mut applied, mut committed) = (Vec::new(), Vec::new());
    for number in book.typical(heavy, CHANGED) {
        let (doc, view) = book.edit(number)?;
        let start = processor();
        let mut took = Duration::ZERO;
        file.write(|rows| {
            let start = processor();
            readmodel::apply(rows, doc, &view)?;
            took = processor() - start;
            Ok(())
        })?;
        committed.push(processor() - start);
        applied.push(took);
    }
    Ok([applied, committed].map(|mut times| [mean(&times), quantiles(&mut times)[1]]))
}

fn instants() -> Result<[(&'static str, Timestamp); 3], Failed> {
    Ok([
        ("now: 2025-11-28 10:00", "2025-11-28T02:00:00Z".parse()?),
        ("half a year ago: 2025-06-02 10:00", "2025-06-02T02:00:00Z".parse()?),
        ("the beginning: 2025-01-02 10:00", "2025-01-02T02:00:00Z".parse()?),
    ])
}

fn quantiles(times: &mut [Duration]) -> [Duration; 2] {
    times.sort_unstable();
    let at =
        |per_cent: usize| times.get((times.len() * per_cent / 100).min(times.len() - 1)).copied().unwrap_or_default();
    [at(50), at(95)]
}

fn mean(times: &[Duration]) -> Duration {
    times.iter().sum::<Duration>() / u32::try_from(times.len().max(1)).unwrap_or(u32::MAX)
}

/// How long this thread has been running on a processor: what other work on the machine does not change. Wall time where the
/// system does not say.
pub(crate) fn processor() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.as_deref().and_then(|told| told.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn rate(took: [Duration; 3], documents: u64) -> String {
    let [load, read, apply] = took.map(|took| took.as_secs_f64());
    let each = apply * 1_000.0 / documents as f64;
    format!("{load:.2} s + {read:.2} s + {apply:.2} s = {:.2} s ({each:.2} ms to apply one)", load + read + apply)
}

fn setting(name: &str, default: u64) -> Result<u64, Failed> {
    std::env::var(name).map_or(Ok(default), |text| Ok(text.parse()?))
}
