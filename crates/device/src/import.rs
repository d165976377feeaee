//! Whole tables in: rows of tables become records, matched to what the book holds by their own numbers.
//!
//! - Everything or nothing: one transaction, and every problem of the file is told at once.
//! - Importing the same file twice changes nothing. A row whose values the record has had before is not news, so a file
//!   imported again does not undo what people edited since.
//! - Each row must find what it belongs to and what it names, in the file or in the book, by number or id.
//! - What stands on the board of the branch goes there, a customer into a dossier of its own.
//! - A shift is judged by the rules of the rota as one that is typed in is, once all of them are written.

mod cycles;
mod matching;
mod news;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use messages::Message;
use records::{Class, Fields, Invalid, Kind, ROSTER};
use serde::Serialize;
use store::WriteTx;
use tables::{Draft, Problem, TableErrors};
use vocab::{DocId, EventId, Lang, RecordId};

use self::matching::{Home, Matched, Target, homes, match_rows};
use self::news::News;
use crate::error::WorkError;
use crate::home::Device;
use crate::outside::Outside;
use crate::write::{Desk, Open};
use crate::{DeviceError, rota, rows};

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

impl Device {
    /// Takes the tables of the file or folder at `path`, `.csv` or `.xlsx`. With `dry_run` everything is checked as if it
    /// were real and nothing is written.
    ///
    /// # Errors
    /// [`DeviceError::Tables`] with every problem by row, also where the role may not make such records. Nothing is written
    /// then.
    pub fn import(&mut self, path: &Path, dry_run: bool) -> Result<ImportReport, DeviceError> {
        let draft = tables::draft(path);
        if !draft.is_whole {
            return Err(DeviceError::Tables { path: path.to_path_buf(), errors: draft.errors });
        }
        let home = self.home().to_path_buf();
        let outside = self.outside();
        let imported = self.store()?.write(|tx| {
            let report = import(tx, &*outside, path, &draft, dry_run)?;
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
    draft: &Draft,
    dry_run: bool,
) -> Result<ImportReport, WorkError> {
    let mut report = ImportReport { dry_run, ..ImportReport::default() };
    report.notes.extend(draft.tables.iter().flat_map(|table| table.notes.iter().cloned()));
    let mut errors = draft.errors.clone();
    let matched = match_rows(tx, &draft.tables, &mut errors)?;
    let mut desk = Desk::open(tx, outside)?;
    let mut by_home: BTreeMap<Home, Vec<usize>> = BTreeMap::new();
    for (place, home) in homes(&matched).into_iter().enumerate() {
        by_home.entry(home).or_default().push(place);
    }
    let mut work = Work {
        tx,
        matched: &matched,
        ids: BTreeMap::new(),
        refused: BTreeSet::new(),
        shifts: BTreeMap::new(),
        notes: Vec::new(),
    };
    // Ids before anything is written, since rows may name rows below them; numbered as people listed the records.
    for (place, row) in matched.iter().enumerate() {
        let id = match &row.known {
            Some((id, _)) => id.clone(),
            None => desk.record_id(row.kind(), None)?,
        };
        work.ids.insert(place, id);
        if !row.is_sound {
            work.refused.insert(place);
        }
    }
    let mut order: Vec<(&Home, &Vec<usize>)> = by_home.iter().collect();
    order.sort_by_key(|(_, places)| places[0]);
    for (home, places) in order {
        let mut open = match home {
            Home::Stored(doc) => Open::stored(tx, *doc)?,
            Home::New(_) => Open::fresh(outside)?,
            Home::Board => Open::of_class(tx, outside, Class::Board)?,
        };
        for places in work.in_order(places).chunks(ROWS_PER_CHANGE_MAX) {
            for (place, outcome) in work.import_rows(&mut desk, &mut open, places)? {
                if matches!(outcome, Outcome::Created | Outcome::Updated) && matched[place].kind() == &ROSTER {
                    work.shifts.entry(open.doc).or_default().push(place);
                }
                let counts = report.kinds.entry(matched[place].kind().code).or_default();
                counts.rows += 1;
                match outcome {
                    Outcome::Created => counts.created += 1,
                    Outcome::Updated => counts.updated += 1,
                    Outcome::Unchanged => counts.unchanged += 1,
                    Outcome::Refused(problems) => problems.into_iter().for_each(|problem| errors.push(problem)),
                }
            }
        }
    }
    work.judge_shifts(outside, &mut errors)?;
    if errors.is_empty() {
        report.notes.append(&mut work.notes);
        return Ok(report);
    }
    errors.sort(&draft.tables);
    Err(DeviceError::Tables { path: path.to_path_buf(), errors }.into())
}

/// What became of a row.
enum Outcome {
    Created,
    Updated,
    Unchanged,
    /// It is wrong; nothing here where another row tells why.
    Refused(Vec<Problem>),
}

/// An import under way.
struct Work<'w> {
    tx: &'w WriteTx<'w>,
    matched: &'w [Matched<'w>],
    /// The id of every row, by its place.
    ids: BTreeMap<usize, RecordId>,
    /// Rows that are not imported; what belongs to them or names them is not either.
    refused: BTreeSet<usize>,
    /// The shifts that were written, by their document.
    shifts: BTreeMap<DocId, Vec<usize>>,
    /// What is worth knowing though nothing is wrong.
    notes: Vec<Problem>,
}

impl Work<'_> {
    /// Refuses shifts that no command would take; what a command only tells is told here too. A shift of this file is called by
    /// its number, since it has no id that anybody knows.
    fn judge_shifts(&mut self, outside: &dyn Outside, errors: &mut TableErrors) -> Result<(), WorkError> {
        for (doc, places) in std::mem::take(&mut self.shifts) {
            let by_id: BTreeMap<&RecordId, &Matched<'_>> =
                places.iter().map(|place| (&self.ids[place], &self.matched[*place])).collect();
            let shifts: Vec<&RecordId> = places.iter().map(|place| &self.ids[place]).collect();
            for (shift, found) in rota::judge_written(self.tx, doc, &shifts, outside.now())? {
                let named = |id: &RecordId| by_id.get(id).map_or_else(|| id.to_string(), |row| row.row.id.clone());
                let problem = by_id[&shift].problem(None, found.message_naming(named));
                if found.refuses() { errors.push(problem) } else { self.notes.push(problem) }
            }
        }
        Ok(())
    }

    /// The places of one document so that what a row names stands before it. There are no circles among rows that are sound.
    fn in_order(&self, places: &[usize]) -> Vec<usize> {
        let here: BTreeSet<usize> = places.iter().copied().collect();
        let (mut order, mut seen) = (Vec::with_capacity(places.len()), BTreeSet::new());
        for first in places {
            // Each place with whether what it names has been put before it.
            let mut waiting = vec![(*first, false)];
            while let Some((place, is_ready)) = waiting.pop() {
                if is_ready {
                    order.push(place);
                } else if seen.insert(place) {
                    waiting.push((place, true));
                    let row = &self.matched[place];
                    for target in row.parent.iter().chain(row.links.values()) {
                        if let Target::Row(other) = target
                            && here.contains(other)
                        {
                            waiting.push((*other, false));
                        }
                    }
                }
            }
        }
        order
    }

    /// Imports rows of one document as one change.
    fn import_rows(
        &mut self,
        desk: &mut Desk<'_>,
        open: &mut Open,
        places: &[usize],
    ) -> Result<Vec<(usize, Outcome)>, WorkError> {
        let mut events: BTreeMap<usize, EventId> = BTreeMap::new();
        let mut given: BTreeMap<usize, Fields> = BTreeMap::new();
        let mut news: BTreeMap<usize, News> = BTreeMap::new();
        // Read once for all rows: a board is as large as what a branch put on it in years.
        let is_known = places.iter().any(|place| self.matched[*place].known.is_some());
        let view = if is_known { open.dossier.read() } else { records::View::default() };
        for place in places {
            let row = &self.matched[*place];
            let fields = self.given(row, open.doc)?;
            if row.known.is_some() {
                let found = News::of((&open.dossier, &view), row.kind(), &self.ids[place], &fields, row.row);
                for (name, value) in &found.kept {
                    let shown = row.kind().field(name).map(|field| field.show(value, Lang::En)).unwrap_or_default();
                    let what = Message::new("device-import-kept").with("value", shown);
                    self.notes.push(row.problem(Some(name), what));
                }
                news.insert(*place, found);
            }
            given.insert(*place, fields);
            let wants_event = match news.get(place) {
                Some(news) => !news.stated.is_empty(),
                None => !row.row.snapshot.is_empty(),
            };
            if wants_event {
                events.insert(*place, desk.event_id(open)?);
            }
        }
        let mut outcomes = Vec::with_capacity(places.len());
        let (matched, ids, refused) = (self.matched, &self.ids, &mut self.refused);
        desk.save(open, |edit| {
            for place in places {
                let row = &matched[*place];
                let id = &ids[place];
                let fresh = news.remove(place);
                if fresh.as_ref().is_some_and(News::is_empty) && !refused.contains(place) {
                    outcomes.push((*place, Outcome::Unchanged));
                    continue;
                }
                let targets = row.parent.iter().chain(row.links.values());
                let follows = targets.filter_map(|target| match target {
                    Target::Row(other) => Some(other),
                    Target::Stored(..) => None,
                });
                let mut problems: Vec<Problem> = row.table.faults(row.row).collect();
                if !problems.is_empty()
                    || refused.contains(place)
                    || follows.into_iter().any(|other| refused.contains(other))
                {
                    refused.insert(*place);
                    outcomes.push((*place, Outcome::Refused(problems)));
                    continue;
                }
                let fields = given.remove(place).unwrap_or_default();
                let event = events.get(place);
                let outcome = match fresh {
                    Some(news) => edit.set(id, news.own).and_then(|()| match event {
                        Some(event) => edit.step(event, id, "imported", news.stated),
                        None => Ok(()),
                    }),
                    None => {
                        let parent = row.parent.as_ref().and_then(|parent| match parent {
                            Target::Stored(id, _) => Some(id),
                            Target::Row(place) => ids.get(place),
                        });
                        let mut fields = fields;
                        fields.insert("legacy_id", row.row.id.as_str().into());
                        fields.extend(row.row.snapshot.clone());
                        match event {
                            Some(event) => edit.import(row.kind(), id, parent, event, fields).map(drop),
                            None => edit.create(row.kind(), id, parent, fields),
                        }
                    }
                };
                outcomes.push((
                    *place,
                    match outcome {
                        Ok(()) if row.known.is_some() => Outcome::Updated,
                        Ok(()) => Outcome::Created,
                        Err(invalid) => {
                            refused.insert(*place);
                            problems.push(row.problem(field_of(row.kind(), &invalid), invalid.message()));
                            Outcome::Refused(problems)
                        }
                    },
                ));
            }
            // A row that is refused must leave nothing of its dossier; the transaction as a whole is undone by the caller.
            Ok(())
        })?;
        Ok(outcomes)
    }

    /// What a row fills in, with the records it names by their ids: as they stand in the same document, of another as they are
    /// shown.
    fn given(&self, row: &Matched<'_>, doc: DocId) -> Result<Fields, WorkError> {
        let mut fields = row.row.fields.clone();
        for (name, target) in &row.links {
            let id = match target {
                Target::Row(place) => self.ids[place].to_string(),
                Target::Stored(id, other) if *other == doc => id.to_string(),
                Target::Stored(id, other) => rows::shown(self.tx, *other, id)?,
            };
            fields.insert(name, id.into());
        }
        Ok(fields)
    }
}

/// The field of a kind that a refusal is about.
fn field_of(kind: &'static Kind, invalid: &Invalid) -> Option<&'static str> {
    let label = match invalid {
        Invalid::Missing { field, .. }
        | Invalid::Value { field, .. }
        | Invalid::NotSet { field, .. }
        | Invalid::Private { field, .. } => field,
        Invalid::OutOfOrder { later, .. } => later,
        _ => return None,
    };
    // Some data of steps are labelled apart from the fields they fill in.
    let data = kind.events.iter().flat_map(|event| event.data);
    kind.fields.iter().chain(data).find(|field| field.label == *label).map(|field| field.name)
}
