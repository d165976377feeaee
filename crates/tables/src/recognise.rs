//! Which form a sheet is, told by its header row.

use std::collections::BTreeSet;

use messages::{Arg, Catalogue, Message};
use records::{ALL_KINDS, Class, Column, FORMS, Field, Kind};
use vocab::Lang;

use crate::problem::{Problem, TableErrors};
use crate::sheet::{COLUMNS_MAX, Cell, Sheet};

/// Rows in which the header is looked for: forms carry their title, and sometimes who filled them in, above it.
const HEADER_ROW_MAX: usize = 5;

/// So many headers must be known before a sheet counts as a form.
const KNOWN_HEADERS_MIN: usize = 3;

/// Columns of our forms that the users' own templates do not have. Every other column of a paper form must be there, though
/// it may be empty: a header that is missing is nearly always one that was misspelt or cut off.
const OFTEN_LACKING: [(&str, &str); 4] =
    [("customer", "grade"), ("customer", "tags"), ("task", "mode"), ("task", "signature")];

/// What one column of a sheet holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holds {
    /// A column of the form.
    Column(&'static Column),
    /// One of several fields that the form writes in one column: `minutes`.
    Field(&'static Field),
}

impl Holds {
    fn name(self) -> &'static str {
        match self {
            Holds::Column(column) => column.name,
            Holds::Field(field) => field.name,
        }
    }
}

/// A sheet whose form is known.
pub(crate) struct Form {
    pub(crate) kind: &'static Kind,
    /// Place of the first row below the header.
    pub(crate) first: usize,
    /// What each column of the sheet holds, with its header as it stands there.
    pub(crate) columns: Vec<(String, Option<Holds>)>,
}

/// Finds the form of a sheet; everything wrong with its header goes into `errors`, what is merely worth knowing into `notes`.
pub(crate) fn recognise(sheet: &Sheet, errors: &mut TableErrors, notes: &mut Vec<Problem>) -> Option<Form> {
    let candidates = sheet.rows.iter().take(HEADER_ROW_MAX).enumerate().flat_map(|(place, row)| {
        ALL_KINDS.into_iter().filter_map(move |kind| Some((fit(kind, &row.cells)?, place, kind)))
    });
    // What fits best; of several such, the first row and kind.
    let best = candidates.reduce(|best, next| if next.0 > best.0 { next } else { best });
    let Some((_, place, kind)) = best else {
        let found: Vec<_> = sheet.rows.first().map_or_else(Vec::new, |row| row.cells.iter().map(Cell::shown).collect());
        errors.push(Problem::in_sheet(sheet.name.as_deref(), unknown_form(&found)));
        return None;
    };
    let header = &sheet.rows[place];
    if kind.class == Class::Policy {
        let what = Message::new("tables-policy");
        errors.push(Problem::in_sheet(sheet.name.as_deref(), what).at_row(header.number));
        return None;
    }
    let columns: Vec<_> = header.cells.iter().map(|cell| (cell.shown().trim().to_owned(), held(kind, cell))).collect();
    check(sheet, kind, header.number, &columns, errors, notes).then_some(Form { kind, first: place + 1, columns })
}

/// Whether a table of a kind has to have a column.
enum Need {
    /// Without it there is no such table.
    Always,
    /// Where nothing suggests that it is there under another name, it may be left out.
    Unless,
    /// It may be left out.
    Never,
}

fn need(kind: &Kind, column: &Column) -> Need {
    let parent = kind.parent.as_ref().map(|parent| parent.field);
    let is_required = |name: &&str| kind.field(name).is_some_and(|field| field.required);
    if FORMS.contains(&kind) {
        if OFTEN_LACKING.contains(&(kind.code, column.name)) { Need::Never } else { Need::Always }
    } else if column.name == kind.id_field || Some(column.name) == parent || column.fields.iter().any(is_required) {
        Need::Always
    } else {
        Need::Unless
    }
}

/// Whether the column is among the names seen, whole or by one of its fields.
fn stands(column: &Column, seen: &BTreeSet<&str>) -> bool {
    seen.contains(column.name) || column.fields.len() > 1 && column.fields.iter().any(|field| seen.contains(field))
}

/// How well a row fits as the header of a kind's table: the columns it names less those that are missing, and then, whether
/// the kind's own number is among them. Nothing when it names too few to be one.
fn fit(kind: &'static Kind, cells: &[Cell]) -> Option<(usize, bool)> {
    let seen: BTreeSet<_> = cells.iter().filter_map(|cell| held(kind, cell)).map(Holds::name).collect();
    let has_id = seen.contains(kind.id_field);
    if seen.len() < KNOWN_HEADERS_MIN || !has_id && seen.len() * 2 < kind.columns.len() {
        return None;
    }
    let lacks = |column: &&Column| matches!(need(kind, column), Need::Always) && !stands(column, &seen);
    let missing = kind.columns.iter().filter(lacks).count();
    Some(((COLUMNS_MAX + seen.len()).saturating_sub(missing), has_id))
}

fn check(
    sheet: &Sheet,
    kind: &'static Kind,
    header_row: usize,
    columns: &[(String, Option<Holds>)],
    errors: &mut TableErrors,
    notes: &mut Vec<Problem>,
) -> bool {
    let at = |what| Problem::in_sheet(sheet.name.as_deref(), what).at_row(header_row);
    let mut seen = BTreeSet::new();
    let mut is_right = true;
    let has_unknown = columns.iter().any(|(header, holds)| holds.is_none() && !header.is_empty());
    for (header, holds) in columns {
        match holds {
            Some(holds) if !seen.insert(holds.name()) => {
                is_right = false;
                errors.push(at(Message::new("tables-repeated-column").with("column", header.as_str())));
            }
            Some(_) => {}
            None if header.is_empty() => {}
            None => notes.push(at(Message::new("tables-unknown-column").with("column", header.as_str()))),
        }
    }
    for column in kind.columns {
        // Whoever keeps a table of their own leaves out what they do not need. Where a header is unknown besides, it is more
        // likely the missing one misspelt.
        let may_lack = match need(kind, column) {
            Need::Always => false,
            Need::Unless => !has_unknown,
            Need::Never => true,
        };
        if !stands(column, &seen) && !may_lack {
            is_right = false;
            let label = Catalogue::of(Lang::ZhCn).text(column.label, &[]);
            let what = Message::new("tables-missing-column")
                .with("column", label)
                .with("name", column.name)
                .with("form", Arg::Key(kind.form.to_owned()));
            errors.push(at(what));
        }
    }
    is_right
}

fn unknown_form(found: &[String]) -> Message {
    /// Headers that are repeated to the reader, at most.
    const SHOWN_MAX: usize = 8;
    let found: Vec<_> = found
        .iter()
        .filter(|header| !header.is_empty())
        .take(SHOWN_MAX)
        .map(|header| header.chars().take(records::Invalid::VALUE_CHARS_MAX).collect::<String>())
        .collect();
    let forms = crate::kinds().map(|kind| kind.form.to_owned()).collect();
    Message::new("tables-unknown-table").with("found", found.join(" | ")).with("forms", Arg::Keys(forms))
}

/// The headers of a form: the users' own in Chinese, the field names in English.
pub(crate) fn headers(kind: &Kind, lang: Lang) -> Vec<String> {
    let header = |column: &Column| match lang {
        Lang::ZhCn => Catalogue::of(lang).text(column.label, &[]),
        Lang::En => column.name.to_owned(),
    };
    kind.columns.iter().map(header).collect()
}

fn held(kind: &'static Kind, cell: &Cell) -> Option<Holds> {
    let Cell::Text(text) = cell else { return None };
    let header: String = text.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let is = |name: &str, label: &str| {
        let same = |text: String| text.to_lowercase().chars().filter(|c| !c.is_whitespace()).eq(header.chars());
        name == header || Lang::ALL.into_iter().any(|lang| same(Catalogue::of(lang).text(label, &[])))
    };
    if let Some(column) = kind.columns.iter().find(|column| is(column.name, column.label)) {
        return Some(Holds::Column(column));
    }
    let parts = kind.columns.iter().filter(|column| column.fields.len() > 1).flat_map(|column| column.fields);
    parts.filter_map(|name| kind.field(name)).find(|field| is(field.name, field.label)).map(Holds::Field)
}
