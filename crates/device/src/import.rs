//! Whole tables in: rows of the paper forms become records, matched to what the book holds by their own numbers.
//!
//! - Everything or nothing: one transaction, and every problem of the file is told at once.
//! - Importing the same file twice changes nothing. A row whose values the record has had before is not news, so a file
//!   imported again does not undo what people edited since.
//! - Each row must find its parent, in the file or in the book.

use std::collections::BTreeMap;
use std::path::Path;

use messages::{Arg, Message};
use records::{Dossier, Entry, FORMS, Fields, Invalid, Kind, Source, Value};
use serde::Serialize;
use store::WriteTx;
use tables::{Problem, Table, TableRow};
use vocab::{DocId, EventId, RecordId};

use crate::error::WorkError;
use crate::home::Device;
use crate::outside::Outside;
use crate::write::{Desk, Open};
use crate::{DeviceError, rows};

/// Most rows of one dossier in one change: with texts of the longest that a template's users write, a tenth of what a change
/// may hold.
const ROWS_PER_CHANGE_MAX: usize = 16;

/// How many records of each sort a file brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ImportCounts {
    /// Rows read.
    pub rows: u64,
    /// Records made.
    pub created: u64,
    /// Records that were in the book and got new values.
    pub updated: u64,
    /// Rows that brought nothing new.
    pub unchanged: u64,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Nothing was written: it was only tried.
    pub dry_run: bool,
    /// By the code of the kind.
    pub kinds: BTreeMap<&'static str, ImportCounts>,
    /// What is worth knowing though nothing is wrong, for people: columns left out, states kept.
    #[serde(skip)]
    pub notes: Vec<Problem>,
}

/// A row, matched.
struct Matched<'t> {
    kind: &'static Kind,
    sheet: Option<&'t str>,
    row: &'t TableRow,
    /// The record it is, when the book holds it.
    known: Option<(RecordId, DocId)>,
    /// What it belongs to.
    parent: Option<ParentOf>,
}

enum ParentOf {
    /// A record of the book.
    Stored(RecordId, DocId),
    /// A row of this file, by its place among the matched rows.
    Row(usize),
}

impl Device {
    /// Takes the tables of the file or folder at `path`, `.csv` or `.xlsx`. With `dry_run` everything is checked as if it
    /// were real and nothing is written.
    ///
    /// # Errors
    /// [`DeviceError::Tables`] and [`DeviceError::Import`] with every problem by row; [`DeviceError::Invalid`] when the role
    /// may not make such records. Nothing is written then.
    pub fn import(&mut self, path: &Path, dry_run: bool) -> Result<ImportReport, DeviceError> {
        let tables = tables::read(path).map_err(|errors| DeviceError::Tables { path: path.to_path_buf(), errors })?;
        let home = self.home().to_path_buf();
        let outside = self.outside();
        let imported = self.store()?.write(|tx| {
            let report = import(tx, &*outside, path, &tables, dry_run)?;
            // A trial goes the whole way and is undone by failing.
            if dry_run { Err(WorkError::Tried(Box::new(report))) } else { Ok(report) }
        });
        match imported {
            Err(WorkError::Tried(report)) => Ok(*report),
            imported => imported.map_err(|error| error.at(&home)),
        }
    }
}

fn import(
    tx: &WriteTx<'_>,
    outside: &dyn Outside,
    path: &Path,
    tables: &[Table],
    dry_run: bool,
) -> Result<ImportReport, WorkError> {
    let mut report = ImportReport { dry_run, ..ImportReport::default() };
    report.notes.extend(tables.iter().flat_map(|table| table.notes.iter().cloned()));
    let mut problems = Vec::new();
    let matched = match_rows(tx, tables, &mut problems)?;
    if !problems.is_empty() {
        return Err(DeviceError::Import { path: path.to_path_buf(), problems }.into());
    }
    let mut desk = Desk::open(tx, outside)?;
    // The dossier each row lands in: the book's, or the place of the customer's row in this file.
    let mut homes: Vec<Home> = Vec::with_capacity(matched.len());
    for (place, row) in matched.iter().enumerate() {
        homes.push(match (&row.known, &row.parent) {
            (Some((_, doc)), _) | (None, Some(ParentOf::Stored(_, doc))) => Home::Stored(*doc),
            (None, Some(ParentOf::Row(parent))) => homes[*parent],
            (None, None) => Home::New(place),
        });
    }
    let mut by_home: BTreeMap<Home, Vec<usize>> = BTreeMap::new();
    for (place, home) in homes.iter().enumerate() {
        by_home.entry(*home).or_default().push(place);
    }
    let mut ids: BTreeMap<usize, RecordId> = BTreeMap::new();
    // In the order of the file, so that ids are numbered as people listed the customers.
    let mut order: Vec<(&Home, &Vec<usize>)> = by_home.iter().collect();
    order.sort_by_key(|(_, places)| places[0]);
    for (home, places) in order {
        let mut open = match home {
            Home::Stored(doc) => Open::stored(tx, *doc)?,
            Home::New(_) => Open::fresh(outside)?,
        };
        let mut done = Outcomes::new();
        for places in places.chunks(ROWS_PER_CHANGE_MAX) {
            done.extend(import_rows(&mut desk, &mut open, &matched, places, &mut ids)?);
        }
        for (place, outcome) in done {
            let row = &matched[place];
            let counts = report.kinds.entry(row.kind.code).or_default();
            counts.rows += 1;
            match outcome {
                Ok(RowOutcome::Created) => counts.created += 1,
                Ok(RowOutcome::Updated) => counts.updated += 1,
                Ok(RowOutcome::Unchanged) => counts.unchanged += 1,
                Err(invalid) => problems.push(problem(row.sheet, row.row, invalid.message())),
            }
        }
    }
    if problems.is_empty() {
        Ok(report)
    } else {
        Err(DeviceError::Import { path: path.to_path_buf(), problems }.into())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Home {
    Stored(DocId),
    New(usize),
}

enum RowOutcome {
    Created,
    Updated,
    Unchanged,
}

/// What became of a row, by its place among the matched ones.
type Outcomes = Vec<(usize, Result<RowOutcome, Invalid>)>;

fn problem(sheet: Option<&str>, row: &TableRow, what: Message) -> Problem {
    Problem { sheet: sheet.map(str::to_owned), row: Some(row.row_number), column: None, what }
}

/// Imports rows of one dossier as one change.
fn import_rows(
    desk: &mut Desk<'_>,
    open: &mut Open,
    matched: &[Matched<'_>],
    places: &[usize],
    ids: &mut BTreeMap<usize, RecordId>,
) -> Result<Outcomes, WorkError> {
    let mut events: BTreeMap<usize, EventId> = BTreeMap::new();
    let mut news: BTreeMap<usize, News> = BTreeMap::new();
    for place in places {
        let row = &matched[*place];
        let id = match &row.known {
            Some((id, _)) => {
                news.insert(*place, News::of(&open.dossier, row.kind, id, row.row));
                id.clone()
            }
            None => desk.record_id(row.kind)?,
        };
        ids.insert(*place, id);
        let wants_event = match news.get(place) {
            Some(news) => !news.stated.is_empty(),
            None => !row.row.snapshot.is_empty(),
        };
        if wants_event {
            events.insert(*place, desk.event_id()?);
        }
    }
    let mut outcomes = Vec::with_capacity(places.len());
    desk.save(open, |edit| {
        for place in places {
            let row = &matched[*place];
            let id = &ids[place];
            let outcome = match news.remove(place) {
                Some(news) if news.is_empty() => Ok(RowOutcome::Unchanged),
                Some(news) => {
                    let set = edit.set(id, news.own);
                    let stated = match events.get(place) {
                        Some(event) => set.and_then(|()| edit.step(event, id, "imported", news.stated)),
                        None => set,
                    };
                    stated.map(|()| RowOutcome::Updated)
                }
                None => {
                    let parent = match &row.parent {
                        Some(ParentOf::Stored(id, _)) => Some(id),
                        Some(ParentOf::Row(place)) => ids.get(place),
                        None => None,
                    };
                    let mut fields = row.row.fields.clone();
                    fields.insert("legacy_id", row.row.id.as_str().into());
                    fields.extend(row.row.snapshot.clone());
                    match events.get(place) {
                        Some(event) => edit.import(row.kind, id, parent, event, fields).map(drop),
                        None => edit.create(row.kind, id, parent, fields),
                    }
                    .map(|()| RowOutcome::Created)
                }
            };
            outcomes.push((*place, outcome));
        }
        // A row that is refused must leave nothing of its dossier; the transaction as a whole is undone by the caller.
        Ok(())
    })?;
    Ok(outcomes)
}

/// What a row says that its record has never said.
struct News {
    own: Fields,
    stated: Fields,
}

impl News {
    fn of(dossier: &Dossier, kind: &'static Kind, id: &RecordId, row: &TableRow) -> News {
        let view = dossier.read();
        let record = view.record(id);
        let stands = |name: &str, value: &Value| record.and_then(|record| record.get(name)) == Some(value);
        let mut own: Fields = row.fields.clone();
        own.retain(|name, value| {
            !stands(name, value) && kind.field(name).is_some_and(|field| field.source == Source::Person)
        });
        let mut stated: Fields = row.snapshot.clone();
        let all_stand =
            stated.iter().all(|(name, value)| same_state(record.and_then(|record| record.get(name)), value));
        if all_stand {
            stated.clear();
        }
        // Notes are added to those that stand.
        if let (Some(Value::Notes(notes)), Some(Value::Notes(stand))) =
            (stated.get_mut("issues"), record.and_then(|record| record.get("issues")))
        {
            notes.retain(|note| stand.iter().all(|known| known.text != note.text));
            if notes.is_empty() {
                stated.remove("issues");
            }
        }
        if !own.is_empty() || !stated.is_empty() {
            for entry in dossier.history(id) {
                match entry.entry {
                    Entry::Field { field, after: Some(after), .. } => {
                        own.retain(|name, value| *name != field || *value != after)
                    }
                    Entry::Event { event, data, .. } if event == "imported" => {
                        let said = stated.iter().all(|(name, value)| data.get(*name) == Some(&value.to_json()));
                        if said {
                            stated.clear();
                        }
                    }
                    _ => {}
                }
            }
        }
        News { own, stated }
    }

    fn is_empty(&self) -> bool {
        self.own.is_empty() && self.stated.is_empty()
    }
}

/// Whether a record's folded value is what a row states. Notes and signatures stand in the record with author and time, in
/// a row without.
fn same_state(stands: Option<&Value>, stated: &Value) -> bool {
    match (stands, stated) {
        (Some(Value::Notes(stand)), Value::Notes(stated)) => {
            stand.iter().map(|note| &note.text).eq(stated.iter().map(|note| &note.text))
        }
        (Some(Value::Signature(stands)), Value::Signature(stated)) => stands.signer == stated.signer,
        (stands, stated) => stands == Some(stated),
    }
}

fn match_rows<'t>(
    tx: &WriteTx<'_>,
    tables: &'t [Table],
    problems: &mut Vec<Problem>,
) -> Result<Vec<Matched<'t>>, WorkError> {
    let mut matched: Vec<Matched<'t>> = Vec::new();
    let mut places: BTreeMap<(&'static str, &'t str), usize> = BTreeMap::new();
    // Parents before what belongs to them, whatever the order of the sheets.
    for kind in FORMS {
        for table in tables.iter().filter(|table| table.kind == kind) {
            let sheet = table.sheet.as_deref();
            for row in &table.rows {
                let mut refuse = |what: Message| problems.push(problem(sheet, row, what));
                if let Some(first) = places.get(&(kind.code, row.id.as_str())) {
                    let first = matched[*first].row.row_number;
                    refuse(Message::new("device-import-twice").with("id", row.id.as_str()).with("first", first));
                    continue;
                }
                let known = rows::find_by_number(tx, kind, &row.id)?;
                let parent = match &kind.parent {
                    None => None,
                    Some(relation) => {
                        let number = row.parents.get(relation.field).map(String::as_str).unwrap_or_default();
                        let parent_kind = records::kind(relation.kind);
                        let in_file = places.get(&(relation.kind, number)).copied();
                        let in_book = match parent_kind {
                            Some(kind) => rows::find_by_number(tx, kind, number)?,
                            None => None,
                        };
                        match (in_book, in_file) {
                            (Some((id, doc)), _) => Some(ParentOf::Stored(id, doc)),
                            (None, Some(place)) => Some(ParentOf::Row(place)),
                            (None, None) => {
                                refuse(
                                    Message::new("device-import-parent")
                                        .with("kind", Arg::Key(format!("kind-{}", relation.kind)))
                                        .with("id", number),
                                );
                                continue;
                            }
                        }
                    }
                };
                if let (Some((id, doc)), Some(ParentOf::Stored(parent, parent_doc)), Some(relation)) =
                    (&known, &parent, &kind.parent)
                {
                    let parent = rows::shown(tx, *parent_doc, parent)?;
                    let found = rows::parent(tx, *doc, id)?;
                    // Two devices may each have brought the parent's row: then several records carry its number.
                    let number = row.parents.get(relation.field).map(String::as_str).unwrap_or_default();
                    let belongs = found.as_deref() == Some(parent.as_str())
                        || match (records::kind(relation.kind), &found) {
                            (Some(kind), Some(found)) => rows::carries(tx, kind, found, number)?,
                            _ => false,
                        };
                    if !belongs {
                        refuse(
                            Message::new("device-import-parent-moved")
                                .with("id", row.id.as_str())
                                .with("found", found.unwrap_or_default()),
                        );
                        continue;
                    }
                }
                if let Some(parent) = &parent
                    && let Some(number) = row.parents.get("customer_id")
                    && kind.parent.as_ref().is_some_and(|relation| relation.kind != "customer")
                    && !belongs_to(tx, &matched, parent, number)?
                {
                    refuse(
                        Message::new("device-import-customer")
                            .with("id", row.id.as_str())
                            .with("customer", number.as_str()),
                    );
                    continue;
                }
                places.insert((kind.code, &row.id), matched.len());
                matched.push(Matched { kind, sheet, row, known, parent });
            }
        }
    }
    Ok(matched)
}

/// Whether the dossier of `parent` is that of the customer a table calls `number`.
fn belongs_to(tx: &WriteTx<'_>, matched: &[Matched<'_>], parent: &ParentOf, number: &str) -> Result<bool, WorkError> {
    let mut parent = parent;
    loop {
        match parent {
            ParentOf::Stored(id, doc) => {
                let customer = rows::customer(tx, *doc, id)?;
                return Ok(customer == number || rows::carries(tx, &records::CUSTOMER, &customer, number)?);
            }
            ParentOf::Row(place) => {
                let row = &matched[*place];
                match (&row.known, &row.parent) {
                    (Some((id, doc)), _) => {
                        let customer = rows::customer(tx, *doc, id)?;
                        return Ok(customer == number || rows::carries(tx, &records::CUSTOMER, &customer, number)?);
                    }
                    (None, Some(above)) => parent = above,
                    (None, None) => return Ok(row.row.id == number),
                }
            }
        }
    }
}
