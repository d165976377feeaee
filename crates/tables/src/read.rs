//! Reading: from a file to typed rows, or every problem of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use messages::Message;
use records::{ALL_KINDS, Field, Fields, Kind, Shape, Source};

use crate::problem::{Problem, TableErrors, Unreadable};
use crate::recognise::{Form, Holds, recognise};
use crate::sheet::{Cell, FILE_BYTES_MAX, Sheet, SheetRow};
use crate::{comma, workbook};

/// The rows of one form, as one sheet or file held them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Which form.
    pub kind: &'static Kind,
    /// The sheet of a workbook, or the file of a folder.
    pub sheet: Option<String>,
    /// In the order of the sheet.
    pub rows: Vec<TableRow>,
    /// The header of each field as it stands in the sheet.
    headers: BTreeMap<&'static str, String>,
    /// What is worth knowing though nothing is wrong: columns that were left out.
    pub notes: Vec<Problem>,
    /// The ids of rows that are not among `rows` because something in them is wrong; each stands in the errors.
    pub wrong: BTreeSet<String>,
}

impl Table {
    /// The header under which the sheet holds a field; its name where it has none.
    #[must_use]
    pub fn header_of<'a>(&'a self, field: &'a str) -> &'a str {
        self.headers.get(field).map_or(field, String::as_str)
    }
}

/// What a file holds: the rows that are right, and everything that is wrong with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// By kind, parents before what belongs to them.
    pub tables: Vec<Table>,
    /// What is wrong, in the order of the file.
    pub errors: TableErrors,
    /// Every sheet could be told for what it is. Otherwise rows may be missing that others refer to.
    pub is_whole: bool,
}

/// One row of a form. Ids are as they stand in the table: whoever imports finds out whether they are ours or foreign ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// The row as spreadsheets count, from 1; the header is a row.
    pub row_number: usize,
    /// What the record's own id column says; never empty.
    pub id: String,
    /// The ids of the records it belongs to, by field name (`customer_id`, `req_id`, `exec_id`). The one of the kind's
    /// parent is always there.
    pub parents: BTreeMap<&'static str, String>,
    /// What a person fills in, once or at any time, and the dates that are stamped when a record is made: what a record
    /// is created with.
    pub fields: Fields,
    /// What follows from events: status, assignee, times, notes. An import makes it one `imported` event.
    pub snapshot: Fields,
    /// Other records it names, by field name (`source_id`, `plan_id`): ids as they stand in the table.
    pub links: BTreeMap<&'static str, String>,
    /// What of it no record takes, though each cell is readable: private data, days out of order. A record of the book
    /// that stands so already is not refused for it.
    pub faults: Vec<(&'static str, Message)>,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileForm {
    /// Comma-separated, UTF-8: one table.
    Csv,
    /// A workbook: one table per sheet.
    Xlsx,
}

impl FileForm {
    /// The form of a file by its content, or where that says nothing, by its name.
    #[must_use]
    pub fn of(path: &Path, bytes: &[u8]) -> Option<FileForm> {
        /// What old .xls files, and workbooks with a password, begin with.
        const COMPOUND_START: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0];
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match extension.as_str() {
            _ if bytes.starts_with(workbook::ARCHIVE_START) => Some(FileForm::Xlsx),
            _ if bytes.starts_with(COMPOUND_START) => None,
            "csv" | "txt" | "tsv" => Some(FileForm::Csv),
            "xlsx" => Some(FileForm::Xlsx),
            _ => None,
        }
    }
}

/// Reads the tables of a .csv or .xlsx file, or of a folder of .csv files; parents stand before what belongs to them.
///
/// # Errors
/// Every problem with its sheet, row and column and the fix; then no row is returned, so that nothing is imported in part.
pub fn read(path: &Path) -> Result<Vec<Table>, TableErrors> {
    draft(path).finish()
}

/// Reads what is right, and everything that is wrong besides; for an import that tells what is wrong with the other rows too.
#[must_use]
pub fn draft(path: &Path) -> Draft {
    match sheets_at(path) {
        Ok(sheets) => tables_of(&sheets),
        Err(problem) => Draft { tables: Vec::new(), errors: problem.into(), is_whole: false },
    }
}

impl Draft {
    /// Everything, or what is wrong.
    fn finish(mut self) -> Result<Vec<Table>, TableErrors> {
        for table in &self.tables {
            for row in &table.rows {
                for fault in table.faults(row) {
                    self.errors.push(fault);
                }
            }
        }
        self.errors.sort(&self.tables);
        if self.errors.is_empty() { Ok(self.tables) } else { Err(self.errors) }
    }
}

impl Table {
    /// What no record takes of a row of this table, with its place.
    pub fn faults<'a>(&'a self, row: &'a TableRow) -> impl Iterator<Item = Problem> + 'a {
        row.faults.iter().map(|(field, what)| {
            let place = Problem::in_sheet(self.sheet.as_deref(), what.clone()).at_row(row.row_number);
            place.at_column(self.header_of(field))
        })
    }
}

fn sheets_at(path: &Path) -> Result<Vec<Sheet>, Problem> {
    let mut sheets = Vec::new();
    if path.is_dir() {
        for (name, file) in csv_files(path)? {
            let bytes = bytes_of(&file).map_err(|problem| problem.of_file(&name))?;
            let sheet = comma::read(&bytes).map_err(|problem| problem.of_file(&name))?;
            sheets.push(Sheet { name: Some(name), ..sheet });
        }
    } else {
        let bytes = bytes_of(path)?;
        let form = match FileForm::of(path, &bytes) {
            Some(form) => form,
            None if bytes.is_empty() => return Err(Problem::file(&Unreadable::Empty)),
            None => return Err(Problem::file(&Unreadable::UnknownForm)),
        };
        sheets = sheets_of(form, &bytes)?;
    }
    Ok(sheets)
}

/// Reads tables from bytes in memory, as [`read`] does.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(form: FileForm, bytes: &[u8]) -> Result<Vec<Table>, TableErrors> {
    tables_of(&sheets_of(form, bytes)?).finish()
}

fn sheets_of(form: FileForm, bytes: &[u8]) -> Result<Vec<Sheet>, Problem> {
    match form {
        _ if bytes.is_empty() => Err(Problem::file(&Unreadable::Empty)),
        FileForm::Csv => Ok(vec![comma::read(bytes)?]),
        FileForm::Xlsx => workbook::read(bytes),
    }
}

fn csv_files(folder: &Path) -> Result<Vec<(String, std::path::PathBuf)>, Problem> {
    let refused = |error: std::io::Error| Problem::file(&Unreadable::Refused { cause: error.to_string() });
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(refused)? {
        let path = entry.map_err(refused)?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
            files.push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path));
        }
    }
    files.sort();
    Ok(files)
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Problem> {
    let file = fs::File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Problem::file(&Unreadable::Absent),
        _ => Problem::file(&Unreadable::Refused { cause: error.to_string() }),
    })?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Problem::file(&Unreadable::Refused { cause: error.to_string() }))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Problem::file(&Unreadable::TooLarge));
    }
    Ok(bytes)
}

fn tables_of(sheets: &[Sheet]) -> Draft {
    let mut is_whole = true;
    let mut errors = TableErrors::none();
    let mut tables: Vec<Table> = Vec::new();
    let mut ids: BTreeMap<(&str, String), (Option<&str>, usize)> = BTreeMap::new();
    for sheet in sheets.iter().filter(|sheet| !sheet.rows.is_empty()) {
        let mut notes = Vec::new();
        let Some(form) = recognise(sheet, &mut errors, &mut notes) else {
            is_whole = false;
            continue;
        };
        let (mut rows, mut wrong) = (Vec::new(), BTreeSet::new());
        for row in &sheet.rows[form.first..] {
            let row = match typed(sheet, &form, row, &mut errors) {
                Ok(row) => row,
                Err(id) => {
                    wrong.extend(id);
                    continue;
                }
            };
            let place = (sheet.name.as_deref(), row.row_number);
            if let Some((other_sheet, other_row)) = ids.insert((form.kind.code, row.id.clone()), place) {
                let other = other_sheet.map(|name| format!("{name} ")).unwrap_or_default();
                let what = Message::new("tables-repeated-id")
                    .with("value", row.id.as_str())
                    .with("other", format!("{other}{other_row}"));
                let column = form.header_of(form.kind.id_field);
                errors.push(Problem::in_sheet(sheet.name.as_deref(), what).at_row(row.row_number).at_column(column));
                continue;
            }
            rows.push(row);
        }
        let headers = form.headers();
        tables.push(Table { kind: form.kind, sheet: sheet.name.clone(), rows, headers, notes, wrong });
    }
    if tables.is_empty() && errors.is_empty() {
        errors.push(Problem::file(&Unreadable::Empty));
        is_whole = false;
    }
    tables.sort_by_key(|table| ALL_KINDS.into_iter().position(|kind| kind == table.kind));
    Draft { tables, errors, is_whole }
}

impl Form {
    fn header_of<'a>(&'a self, name: &'a str) -> &'a str {
        let is = |holds: &Option<Holds>| matches!(holds, Some(Holds::Column(column)) if column.name == name);
        self.columns.iter().find(|(_, holds)| is(holds)).map_or(name, |(header, _)| header)
    }

    /// The header of each field.
    fn headers(&self) -> BTreeMap<&'static str, String> {
        let mut headers = BTreeMap::new();
        for (header, holds) in &self.columns {
            match holds {
                Some(Holds::Column(column)) => {
                    headers.extend(column.fields.iter().map(|field| (*field, header.clone())));
                }
                Some(Holds::Field(field)) => {
                    headers.insert(field.name, header.clone());
                }
                None => {}
            }
        }
        headers
    }
}

/// The row with its values read; its id, if it has one, when anything in it is wrong.
fn typed(sheet: &Sheet, form: &Form, row: &SheetRow, errors: &mut TableErrors) -> Result<TableRow, Option<String>> {
    let kind = form.kind;
    let mut fields = Fields::new();
    let mut is_right = true;
    let mut wrong = |column: &str, what: Message| {
        is_right = false;
        errors.push(Problem::in_sheet(sheet.name.as_deref(), what).at_row(row.number).at_column(column));
    };
    for (place, cell) in row.cells.iter().enumerate() {
        let (header, holds) = form.columns.get(place).map_or(("", None), |(header, holds)| (header.as_str(), *holds));
        let Some(holds) = holds else {
            if header.is_empty() && *cell != Cell::Empty {
                let value: String = cell.shown().chars().take(records::Invalid::VALUE_CHARS_MAX).collect();
                wrong(&letters(place), Message::new("tables-no-header").with("value", value));
            }
            continue;
        };
        if let Cell::Broken(value) = cell {
            wrong(header, Message::new("tables-broken-formula").with("value", value.as_str()));
            continue;
        }
        match value_of(kind, holds, cell) {
            Ok(values) => fields.extend(values),
            Err(invalid) => wrong(header, invalid.message()),
        }
    }
    // Cells past the last one of a short row are empty, which a required column does not allow.
    for (header, holds) in form.columns.iter().skip(row.cells.len()) {
        if let Some(holds) = holds
            && let Err(invalid) = value_of(kind, *holds, &Cell::Empty)
        {
            wrong(header, invalid.message());
        }
    }
    let parent = kind.parent.as_ref().map(|parent| parent.field);
    for name in [Some(kind.id_field), parent].into_iter().flatten() {
        if !fields.contains_key(name) {
            wrong(form.header_of(name), Message::new("tables-no-id"));
        }
    }
    if !is_right {
        let id = fields.get(kind.id_field).and_then(records::Value::as_text);
        return Err(id.map(str::to_owned));
    }
    let mut given = fields.clone();
    if let (Some(own), Some(id)) = (kind.field("legacy_id"), fields.get(kind.id_field)) {
        given.insert(own.name, id.clone());
    }
    // The own number is kept as the number on paper.
    let place = |name| if name == "legacy_id" { kind.id_field } else { name };
    let faults = kind.faults(&given).into_iter();
    let faults = faults.map(|(field, invalid)| (place(field.name), invalid.message())).collect();
    let mut typed = TableRow {
        row_number: row.number,
        id: String::new(),
        parents: BTreeMap::new(),
        fields: Fields::new(),
        snapshot: Fields::new(),
        links: BTreeMap::new(),
        faults,
    };
    for (name, value) in fields {
        let field = kind.field(name);
        match field.map(|field| field.source) {
            Some(source) if source != Source::Id && field.is_some_and(is_reference) => {
                typed.links.insert(name, value.as_text().unwrap_or_default().to_owned());
            }
            Some(Source::Id) => {
                let id = value.as_text().unwrap_or_default().to_owned();
                if name == kind.id_field {
                    typed.id = id;
                } else {
                    typed.parents.insert(name, id);
                }
            }
            Some(Source::Event) => {
                typed.snapshot.insert(name, value);
            }
            Some(Source::Person | Source::Once | Source::Auto) | None => {
                typed.fields.insert(name, value);
            }
        }
    }
    Ok(typed)
}

fn is_reference(field: &Field) -> bool {
    matches!(field.shape, Shape::Reference(_))
}

fn value_of(kind: &'static Kind, holds: Holds, cell: &Cell) -> Result<Fields, records::Invalid> {
    let field = match holds {
        Holds::Column(column) => column.fields.first().and_then(|name| kind.field(name)),
        Holds::Field(field) => Some(field),
    };
    let is_time = field.is_some_and(|field| field.shape == Shape::Time);
    let text = match cell {
        Cell::Moment { day, time: None } if is_time => format!("{day} 00:00"),
        cell => cell.shown(),
    };
    match (holds, field) {
        (Holds::Field(field), _) if text.trim().is_empty() => {
            debug_assert!(!field.required, "a field that shares a column is never required");
            Ok(Fields::new())
        }
        (Holds::Field(field), _) => Ok(Fields::from([(field.name, field.parse(&text)?)])),
        (Holds::Column(column), Some(field)) if is_reference(field) && !text.trim().is_empty() => {
            // A foreign id has the bounds of the field that keeps it.
            if let Some(legacy) = kind.field("legacy_id") {
                legacy.parse(&text)?;
            }
            column.parse(kind, &text)
        }
        (Holds::Column(column), _) => column.parse(kind, &text),
    }
}

/// The letters a spreadsheet gives a column, counted from 0: A, B, .. Z, AA.
fn letters(place: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = place + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_letters_of_spreadsheets() {
        assert_eq!([0, 25, 26, 255].map(letters), ["A", "Z", "AA", "IV"]);
    }
}
