//! Which form a sheet is, told by its header row.

use std::collections::BTreeSet;

use messages::{Arg, Catalogue, Message};
use records::{Column, FORMS, Field, Kind};
use vocab::Lang;

use crate::problem::{Problem, TableErrors};
use crate::sheet::{Cell, Sheet};

/// Rows in which the header is looked for: forms carry their title, and sometimes who filled them in, above it.
const HEADER_ROW_MAX: usize = 5;

/// Columns two forms have in common at most name nothing; so many headers must be known before a sheet counts as a form.
const KNOWN_HEADERS_MIN: usize = 3;

/// Columns of our forms that the users' own templates do not have. Every other column must be there, though it may be
/// empty: a header that is missing is nearly always one that was misspelt or cut off.
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
        FORMS.into_iter().map(move |kind| {
            let known: BTreeSet<_> = row.cells.iter().filter_map(|cell| held(kind, cell)).map(Holds::name).collect();
            (known.len(), place, kind)
        })
    });
    // The most headers known; of several such, the first row and kind.
    let best = candidates.reduce(|best, next| if next.0 > best.0 { next } else { best });
    let Some((_, place, kind)) = best.filter(|(known, ..)| *known >= KNOWN_HEADERS_MIN) else {
        let found: Vec<_> = sheet.rows.first().map_or_else(Vec::new, |row| row.cells.iter().map(Cell::shown).collect());
        errors.push(Problem::in_sheet(sheet.name.as_deref(), unknown_form(&found)));
        return None;
    };
    let header = &sheet.rows[place];
    let columns: Vec<_> = header.cells.iter().map(|cell| (cell.shown().trim().to_owned(), held(kind, cell))).collect();
    check(sheet, kind, header.number, &columns, errors, notes).then_some(Form { kind, first: place + 1, columns })
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
        let is_there = seen.contains(column.name)
            || column.fields.len() > 1 && column.fields.iter().any(|field| seen.contains(field));
        if !is_there && !OFTEN_LACKING.contains(&(kind.code, column.name)) {
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
    let mut message = Message::new("tables-unknown-table").with("found", found.join(" | "));
    for (name, kind) in ["customer", "assessment", "task", "feedback"].into_iter().zip(FORMS) {
        message = message.with(name, headers(kind, Lang::ZhCn).join(","));
    }
    message
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
