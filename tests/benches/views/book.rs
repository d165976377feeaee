//! A branch's year as documents, and the file of its rows as the relay keeps it.

use std::path::{Path, PathBuf};

use records::{Dossier, Fields, Invalid, Value, View};
use relay::limits::{VIEW_READER_CACHE_KIB, VIEW_WRITER_CACHE_KIB};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};
use tests::generate::{Branch, Dice, Pen};
use vocab::{Actor, BranchId, DeviceCode, DocId, EventId, RecordId, Timestamp};

use super::Failed;

/// How many threads draw and write dossiers.
const THREADS: u64 = 2;

/// How many changes a dossier has at a first join, genesis left out.
const NEW_CHANGES: usize = 7;

/// A branch's documents. Drawing a document edit by edit takes long, so only some are drawn; the others are those under other
/// ids, with histories of their own.
pub(super) struct Book {
    pub(super) branch: Branch,
    pub(super) drawn: Vec<Drawn>,
    pub(super) board: (DocId, Vec<u8>),
    pub(super) edits: u64,
}

/// A document as it is kept, and what it shows.
pub(super) struct Drawn {
    bytes: Vec<u8>,
    /// How many changes it has, genesis left out.
    changes: usize,
    view: View,
}

impl Book {
    /// A branch of which so many dossiers are drawn: a year of everything that was done.
    pub(super) fn draw(branch: &Branch, drawn: u64) -> Result<Book, Failed> {
        Book::of(branch, drawn, |branch, index| {
            let operations = branch.operations(index);
            write(branch.device(index), |pen| pen.document(operations))
        })
    }

    /// The same branch at a first join: dossiers of eight changes each, genesis among them.
    pub(super) fn draw_new(branch: &Branch, drawn: u64) -> Result<Book, Failed> {
        Book::of(branch, drawn, |branch, index| {
            let dossier = branch.dossier(index);
            write(branch.device(index), |pen| pen.write(&dossier, NEW_CHANGES))
        })
    }

    fn of(
        branch: &Branch,
        drawn: u64,
        draw: impl Fn(&Branch, u64) -> Result<Drawn, Failed> + Sync,
    ) -> Result<Book, Failed> {
        let drawn = drawn.min(branch.customers);
        let draw = &draw;
        let written = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    scope.spawn(move || {
                        let mine = (0..drawn).filter(|index| index % THREADS == thread);
                        mine.map(|index| Ok((index, draw(branch, index)?))).collect::<Result<Vec<_>, Failed>>()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().map_err(|_| "a thread that draws dossiers panicked")?)
                .collect::<Result<Vec<_>, Failed>>()
        })?;
        let mut written: Vec<_> = written.into_iter().flatten().collect();
        written.sort_by_key(|(index, _)| *index);
        let board = records::Class::Board.document(BranchId::from_bytes([1; 16])).ok_or("a board has a document")?;
        let board_of = branch.board();
        let Drawn { bytes, .. } = write(DeviceCode::enrolled(branch.number * 100_000), |pen| pen.document(board_of))?;
        let drawn = written.into_iter().map(|(_, drawn)| drawn).collect();
        Ok(Book { branch: *branch, drawn, board: (board, bytes), edits: 0 })
    }

    /// How many dossiers there are.
    pub(super) fn len(&self) -> u64 {
        self.branch.customers
    }

    fn base(&self, number: u64) -> &Drawn {
        &self.drawn[usize::try_from(number).unwrap_or_default() % self.drawn.len()]
    }

    fn doc(&self, number: u64) -> DocId {
        let mut dice = Dice::new(self.branch.seed, (77 + u64::from(self.branch.number)) << 32 | number);
        let mut random = [0; 16];
        random[..8].copy_from_slice(&dice.next().to_le_bytes());
        random[8..].copy_from_slice(&dice.next().to_le_bytes());
        DocId::from_random(random)
    }

    pub(super) fn load(&self, number: u64) -> Result<Dossier, Failed> {
        Ok(Dossier::load(&self.base(number).bytes)?)
    }

    pub(super) fn load_board(&self) -> Result<(DocId, Dossier), Failed> {
        Ok((self.board.0, Dossier::load(&self.board.1)?))
    }

    /// What dossier `number` shows, given what the drawn one it is made of shows.
    pub(super) fn renamed(&self, number: u64, mut view: View) -> Result<(DocId, View), Failed> {
        let drawn = self.drawn.len() as u64;
        let doc = self.doc(number);
        if number < drawn {
            return Ok((doc, view));
        }
        let (before, after) = (self.branch.device(number % drawn), self.branch.device(number));
        let (before, after) = (format!("-{before}-"), format!("-{after}-"));
        let rename = |id: &mut RecordId| -> Result<(), Failed> {
            *id = id.as_str().replace(&before, &after).parse()?;
            Ok(())
        };
        view.customer.iter_mut().try_for_each(rename)?;
        let history = self.branch.dossier(number).customer.entry.fields["history"].clone();
        for record in &mut view.records {
            rename(&mut record.id)?;
            rename(&mut record.customer)?;
            record.fields.remove("merged_with");
            if let Some(text) = record.fields.get_mut("history") {
                *text = history.as_str().into();
            }
            for value in record.fields.values_mut() {
                if let Value::Text(text) = value
                    && text.contains(&before)
                {
                    *text = text.replace(&before, &after);
                }
            }
        }
        Ok((doc, view))
    }

    /// How many records of each sort there are.
    pub(super) fn counts(&self) -> String {
        let (mut tasks, mut records, mut changes) = (0, 0, 0);
        for number in 0..self.len() {
            let Drawn { view, changes: more, .. } = self.base(number);
            records += view.records.len();
            tasks += view.records.iter().filter(|record| record.kind.code == "task").count();
            changes += more;
        }
        format!("{} dossiers, {records} records, {tasks} tasks, {changes} changes", self.len())
    }

    /// Drawn dossiers that are like most, or the largest.
    pub(super) fn typical(&self, heavy: bool, count: usize) -> Vec<u64> {
        let mut numbers: Vec<u64> = (0..self.drawn.len() as u64).collect();
        let wanted = if heavy { 400 } else { 60 };
        numbers.sort_by_key(|number| self.base(*number).changes.abs_diff(wanted));
        numbers.truncate(if heavy { count / 10 } else { count });
        numbers
    }

    /// The dossier with a further note on its last task, written on the last day of the year.
    pub(super) fn edit(&mut self, number: u64) -> Result<(DocId, View), Failed> {
        let mut document = self.load(number)?;
        let task = self.base(number).view.records.iter().rfind(|record| record.kind.code == "task");
        let edits = self.edits + 1;
        let stamp = "2025-12-31T12:00:00Z".parse::<Timestamp>()?.plus_millis(i64::try_from(edits)? * 1_000);
        if let Some(task) = task {
            let author = self.branch.person(vocab::Role::Supervisor, 0);
            let event = EventId::new(&DeviceCode::enrolled(3_999_999), edits);
            let text = Fields::from([("text", "已经联系客户，等待回复".into())]);
            let id = task.id.clone();
            document.edit(&author, stamp, &Actor::from_bytes([9; 16]), |edit| edit.step(&event, &id, "note", text))?;
        }
        self.edits = edits;
        Ok((self.doc(number), document.read()))
    }
}

fn write(
    code: DeviceCode,
    write: impl FnOnce(&mut Pen) -> Result<(Dossier, Vec<Vec<u8>>), Invalid>,
) -> Result<Drawn, Failed> {
    let mut actor = [7; 16];
    actor[..code.to_string().len()].copy_from_slice(code.to_string().as_bytes());
    let (document, changes) = write(&mut Pen::new(Actor::from_bytes(actor), code))?;
    Ok(Drawn { bytes: document.save(), changes: changes.len(), view: document.read() })
}

/// A file of rows.
pub(super) struct BookFile {
    path: PathBuf,
    rows: Connection,
    reader: Connection,
}

impl BookFile {
    pub(super) fn create(path: &Path) -> Result<BookFile, Failed> {
        let rows = connect(path, CACHE_KIB[1])?;
        readmodel::prepare(&rows)?;
        Ok(BookFile { path: path.to_owned(), rows, reader: connect(path, CACHE_KIB[0])? })
    }

    /// The connection that asks.
    pub(super) const fn reader(&self) -> &Connection {
        &self.reader
    }

    /// Writes in one transaction.
    pub(super) fn write(&self, write: impl FnOnce(&Connection) -> Result<(), Failed>) -> Result<(), Failed> {
        let transaction = rusqlite::Transaction::new_unchecked(&self.rows, TransactionBehavior::Immediate)?;
        write(&transaction)?;
        transaction.commit()?;
        Ok(())
    }

    /// A copy, and a connection that asks it.
    pub(super) fn copy(&self, path: &Path) -> Result<Connection, Failed> {
        self.rows.execute("VACUUM INTO ?1", [path.to_string_lossy()])?;
        connect(path, CACHE_KIB[0])
    }

    pub(super) fn megabytes(&self) -> Result<f64, Failed> {
        self.rows.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(std::fs::metadata(&self.path)?.len() as f64 / 1e6)
    }

    /// How many rows the tables of limits and moments hold.
    pub(super) fn largest(&self) -> Result<String, Failed> {
        let count = |table: &str| -> Result<i64, Failed> {
            Ok(self.rows.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?)
        };
        Ok(format!(
            "  {} rows of limits, {} of them open; {} of moments; {} of facts",
            count("view_limit")?,
            count("view_limit WHERE end_ms IS NULL")?,
            count("view_moment")?,
            count("view_fact")?
        ))
    }
}

/// What the relay gives SQLite for a connection that reads, and for the one that writes, in KiB.
const CACHE_KIB: [i64; 2] = [VIEW_READER_CACHE_KIB, VIEW_WRITER_CACHE_KIB];

/// As the relay opens it.
fn connect(path: &Path, cache_kib: i64) -> Result<Connection, Failed> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}
