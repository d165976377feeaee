//! Which records the rows of a file are, and which they mean: by their own numbers, by ids, in any order of sheets and rows.
//!
//! A number is looked for among the file's rows and in the book. What is found to be wrong is told at once for all rows; a row
//! that refers to one that is wrong is neither imported nor complained about.

use std::collections::{BTreeMap, BTreeSet};

use messages::{Arg, Message};
use records::{ANY_KIND, CUSTOMER, Class, Kind, Shape};
use store::WriteTx;
use tables::{Problem, Table, TableErrors, TableRow};
use vocab::{DocId, RecordId};

use super::cycles;
use crate::error::WorkError;
use crate::rows::{self, Named};

/// A row, matched.
pub(super) struct Matched<'t> {
    pub(super) table: &'t Table,
    pub(super) row: &'t TableRow,
    /// The record it is, when the book holds it.
    pub(super) known: Option<(RecordId, DocId)>,
    /// What it belongs to.
    pub(super) parent: Option<Target>,
    /// The other records it names, by field.
    pub(super) links: BTreeMap<&'static str, Target>,
    /// Nothing was found wrong with it, nor with what it belongs to.
    pub(super) is_sound: bool,
}

/// A record that a row means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// A record of the book.
    Stored(RecordId, DocId),
    /// A row of this file, by its place among the matched rows.
    Row(usize),
}

/// Where a row is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Home {
    /// A document of the book.
    Stored(DocId),
    /// The dossier that the customer's row at this place makes.
    New(usize),
    /// The board.
    Board,
}

impl Matched<'_> {
    pub(super) fn kind(&self) -> &'static Kind {
        self.table.kind
    }

    /// Something wrong with the row, at the header of `field` where it is about one.
    pub(super) fn problem(&self, field: Option<&str>, what: Message) -> Problem {
        let problem = Problem::in_sheet(self.table.sheet.as_deref(), what).at_row(self.row.row_number);
        match field {
            Some(field) => problem.at_column(self.table.header_of(field)),
            None => problem,
        }
    }
}

/// What a number in a table names.
enum Found {
    One(Target),
    /// A row of the file that is wrong; it is told of already.
    Wrong,
    /// Several records.
    Several,
    Nothing,
}

struct Matcher<'a, 't> {
    tx: &'a WriteTx<'a>,
    matched: Vec<Matched<'t>>,
    /// By kind and number.
    places: BTreeMap<(&'static str, &'t str), usize>,
    wrong: BTreeSet<(&'static str, &'t str)>,
}

/// Matches every row, parents before what belongs to them, whatever the order of the sheets; what is wrong goes into `errors`.
pub(super) fn match_rows<'t>(
    tx: &WriteTx<'_>,
    tables: &'t [Table],
    errors: &mut TableErrors,
) -> Result<Vec<Matched<'t>>, WorkError> {
    let mut matcher = Matcher { tx, matched: Vec::new(), places: BTreeMap::new(), wrong: BTreeSet::new() };
    for table in tables {
        let code = table.kind.code;
        matcher.wrong.extend(table.wrong.iter().map(|id| (code, id.as_str())));
        for row in &table.rows {
            matcher.places.insert((code, &row.id), matcher.matched.len());
            let known = rows::named(tx, table.kind, &row.id)?;
            let mut matched = Matched { table, row, known: None, parent: None, links: BTreeMap::new(), is_sound: true };
            match known {
                Named::Nothing => {}
                Named::One(id, doc) => matched.known = Some((id, doc)),
                Named::Several => {
                    errors.push(matched.problem(Some(table.kind.id_field), several(&row.id)));
                    matched.is_sound = false;
                }
            }
            matcher.matched.push(matched);
        }
    }
    for place in 0..matcher.matched.len() {
        if let Err(Refused(problem)) = matcher.refer(place)? {
            matcher.matched[place].is_sound = false;
            if let Some(problem) = problem {
                errors.push(*problem);
            }
        }
    }
    let homes = homes(&matcher.matched);
    for place in 0..matcher.matched.len() {
        for problem in matcher.link(place, &homes)? {
            matcher.matched[place].is_sound = false;
            if let Some(problem) = problem {
                errors.push(problem);
            }
        }
    }
    let mut matched = matcher.matched;
    for (places, problem) in cycles::find(tx, &matched)? {
        errors.push(problem);
        places.into_iter().for_each(|place| matched[place].is_sound = false);
    }
    Ok(matched)
}

/// The document each row lands in: the book's, the one of its customer's row in this file, or the board.
pub(super) fn homes(matched: &[Matched<'_>]) -> Vec<Home> {
    let mut homes: Vec<Home> = Vec::with_capacity(matched.len());
    for (place, row) in matched.iter().enumerate() {
        homes.push(match (&row.known, &row.parent) {
            (Some((_, doc)), _) | (None, Some(Target::Stored(_, doc))) => Home::Stored(*doc),
            (None, Some(Target::Row(parent))) => homes[*parent],
            (None, None) if row.kind().class == Class::Board => Home::Board,
            (None, None) => Home::New(place),
        });
    }
    homes
}

fn several(number: &str) -> Message {
    Message::new("device-import-several").with("id", number)
}

/// Why a row is not imported; nothing where another row tells it.
struct Refused(Option<Box<Problem>>);

impl Matcher<'_, '_> {
    /// Finds what a row belongs to.
    fn refer(&mut self, place: usize) -> Result<Result<(), Refused>, WorkError> {
        let row = &self.matched[place];
        let refuse = |what: Message, field: &str| Ok(Err(Refused(Some(Box::new(row.problem(Some(field), what))))));
        let Some(relation) = &row.kind().parent else { return Ok(Ok(())) };
        let number = row.row.parents.get(relation.field).map(String::as_str).unwrap_or_default();
        let Some(kind) = records::kind(relation.kind) else { return Ok(Ok(())) };
        let parent = match self.find(kind, number)? {
            Found::One(target) => target,
            Found::Wrong => return Ok(Err(Refused(None))),
            Found::Several => return refuse(several(number), relation.field),
            Found::Nothing => return refuse(nothing(Some(kind), number), relation.field),
        };
        if let (Some((id, doc)), Target::Stored(above, above_doc)) = (&row.known, &parent) {
            let above = rows::shown(self.tx, *above_doc, above)?;
            let found = rows::parent(self.tx, *doc, id)?;
            // Two devices may each have brought the parent's row: then several records carry its number.
            let belongs = match &found {
                Some(found) => *found == above || rows::carries(self.tx, kind, found, number)?,
                None => false,
            };
            if !belongs {
                let what = Message::new("device-import-parent-moved")
                    .with("id", row.row.id.as_str())
                    .with("found", found.unwrap_or_default());
                return refuse(what, relation.field);
            }
        }
        if let Some(customer) = row.row.parents.get("customer_id").filter(|_| relation.kind != "customer")
            && !self.belongs_to(&parent, customer)?
        {
            let what = Message::new("device-import-customer")
                .with("id", row.row.id.as_str())
                .with("customer", customer.as_str());
            return refuse(what, "customer_id");
        }
        let follows = match &parent {
            Target::Row(above) => self.matched[*above].is_sound,
            Target::Stored(..) => true,
        };
        self.matched[place].parent = Some(parent);
        Ok(if follows { Ok(()) } else { Err(Refused(None)) })
    }

    /// Finds the other records that a row names; what is wrong with them, nothing for each that is told elsewhere.
    fn link(&mut self, place: usize, homes: &[Home]) -> Result<Vec<Option<Problem>>, WorkError> {
        let row = &self.matched[place];
        let mut problems = Vec::new();
        let mut links = BTreeMap::new();
        for (name, number) in &row.row.links {
            let mut refuse = |what: Message| problems.push(Some(row.problem(Some(name), what)));
            let wanted = match row.kind().field(name).map(|field| field.shape) {
                Some(Shape::Reference(code)) if code != ANY_KIND => records::kind(code),
                _ => None,
            };
            let found = match wanted {
                Some(kind) => self.find(kind, number)?,
                None => self.find_any(row.row, number)?,
            };
            let target = match found {
                Found::One(target) => target,
                Found::Several => {
                    refuse(several(number));
                    continue;
                }
                Found::Nothing => {
                    refuse(nothing(wanted, number));
                    continue;
                }
                Found::Wrong => {
                    problems.push(None);
                    continue;
                }
            };
            let (home, is_sound) = match &target {
                Target::Stored(_, doc) => (Home::Stored(*doc), true),
                Target::Row(other) => (homes[*other], self.matched[*other].is_sound),
            };
            if row.kind().class == Class::Dossier && row.is_sound && is_sound && home != homes[place] {
                let what = Message::new("device-import-elsewhere").with("id", number.as_str());
                refuse(what);
            }
            links.insert(*name, target);
        }
        self.matched[place].links = links;
        Ok(problems)
    }

    /// The record of a kind that a table calls `number`; the book's where both have it, which the row then is.
    fn find(&self, kind: &'static Kind, number: &str) -> Result<Found, WorkError> {
        if let Some(place) = self.places.get(&(kind.code, number)) {
            return Ok(Found::One(match &self.matched[*place].known {
                Some((id, doc)) => Target::Stored(id.clone(), *doc),
                None => Target::Row(*place),
            }));
        }
        if self.wrong.contains(&(kind.code, number)) {
            return Ok(Found::Wrong);
        }
        Ok(match rows::named(self.tx, kind, number)? {
            Named::One(id, doc) => Found::One(Target::Stored(id, doc)),
            Named::Several => Found::Several,
            Named::Nothing => Found::Nothing,
        })
    }

    /// The record of any kind: of the one its id says, of the one that the row says beside (`source`), or of the only one that
    /// has such a number.
    fn find_any(&self, row: &TableRow, number: &str) -> Result<Found, WorkError> {
        let by_id = number.parse::<RecordId>().ok().and_then(|id| records::kind_of_prefix(id.prefix()));
        let by_source = row.fields.get("source").and_then(records::Value::as_text).and_then(records::kind);
        for kind in [by_id, by_source].into_iter().flatten() {
            match self.find(kind, number)? {
                Found::Nothing => {}
                found => return Ok(found),
            }
        }
        let mut found = Found::Nothing;
        for kind in tables::kinds() {
            found = match (found, self.find(kind, number)?) {
                (found, Found::Nothing) => found,
                (Found::Nothing, next) => next,
                _ => return Ok(Found::Several),
            };
        }
        Ok(found)
    }

    /// Whether the dossier of `parent` is that of the customer a table calls `number`.
    fn belongs_to(&self, parent: &Target, number: &str) -> Result<bool, WorkError> {
        let is_called = |doc: DocId, id: &RecordId| {
            let customer = rows::customer(self.tx, doc, id)?;
            Ok(customer == number || rows::carries(self.tx, &CUSTOMER, &customer, number)?)
        };
        let mut parent = parent;
        loop {
            match parent {
                Target::Stored(id, doc) => return is_called(*doc, id),
                Target::Row(place) => {
                    let row = &self.matched[*place];
                    match (&row.known, &row.parent) {
                        (Some((id, doc)), _) => return is_called(*doc, id),
                        (None, Some(above)) => parent = above,
                        // The customer's own row; or one whose customer is told to be wrong.
                        (None, None) => return Ok(row.row.id == number || !row.is_sound),
                    }
                }
            }
        }
    }
}

fn nothing(kind: Option<&Kind>, number: &str) -> Message {
    match kind {
        Some(kind) => {
            Message::new("device-import-parent").with("kind", Arg::Key(kind.label.to_owned())).with("id", number)
        }
        None => Message::new("device-import-nothing").with("id", number),
    }
}
