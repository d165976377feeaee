//! Writing: records as tables, the four forms with exactly the users' headers, as .csv files or one workbook.
//!
//! - The four forms are always there, the tables of other kinds where somebody uses them; [`Forms::blank`] has them all.
//! - What is written can be read again: no number names two records, and no record refers to one that is not written.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use messages::{Catalogue, Message};
use records::{FORMS, Fields, Kind, Shape, Value};
use thiserror::Error;
use vocab::Lang;

use crate::read::FileForm;
use crate::recognise::headers;
use crate::{comma, shown, workbook};

/// Why forms were not written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// A cell holds more than [`crate::CELL_CHARS_MAX`] characters, which a workbook does not take; .csv does.
    #[error("`{column}` of {id} is too long for a workbook: export it as csv or json")]
    CellTooLong {
        /// The record's id as shown.
        id: String,
        /// The column's header.
        column: String,
    },
    /// A form has more than [`crate::ROWS_MAX`] rows, which a workbook does not take; .csv does.
    #[error("`{form}` has too many rows for a workbook: export it as csv or json")]
    TooManyRows {
        /// The form's title.
        form: String,
    },
    /// The system did not let us write.
    #[error("cannot write {path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The library that makes workbooks failed.
    #[error("cannot make the workbook: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
}

impl WriteError {
    /// The message to show; it says what to do next.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            WriteError::CellTooLong { id, column } => Message::new("tables-cell-too-long")
                .with("id", id.as_str())
                .with("column", column.as_str())
                .with("max", crate::CELL_CHARS_MAX),
            WriteError::TooManyRows { form } => {
                Message::new("tables-too-many-rows").with("form", form.as_str()).with("max", crate::ROWS_MAX)
            }
            WriteError::Io { path, source } => Message::new("tables-not-written")
                .with("path", path.display().to_string())
                .with("cause", source.to_string()),
            WriteError::Workbook(error) => Message::new("tables-workbook-failed").with("cause", error.to_string()),
        }
    }
}

/// Tables, filled in. Rows stand in the order of their ids, numbers in ids counting as numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forms {
    lang: Lang,
    /// By the code of the kind; a kind is written when it is here.
    rows: BTreeMap<&'static str, Vec<Vec<String>>>,
}

impl Forms {
    /// The four forms without rows. In Chinese the headers are the users' own, in English the field names; codes are written
    /// as labels of that language. [`crate::read`] understands both.
    #[must_use]
    pub fn new(lang: Lang) -> Forms {
        Forms { lang, rows: FORMS.into_iter().map(|kind| (kind.code, Vec::new())).collect() }
    }

    /// The tables of every kind without rows, to be filled in by hand.
    #[must_use]
    pub fn blank(lang: Lang) -> Forms {
        Forms { lang, rows: crate::kinds().map(|kind| (kind.code, Vec::new())).collect() }
    }

    /// The kinds that are written, parents before what belongs to them.
    fn kinds(&self) -> impl Iterator<Item = &'static Kind> + '_ {
        crate::kinds().filter(|kind| self.rows.contains_key(kind.code))
    }

    /// Fills in a row. Ids stand in `fields` as they are to be shown. What has no table is left out.
    pub fn push(&mut self, kind: &'static Kind, fields: &Fields) {
        if crate::kinds().any(|other| other == kind) {
            let row = kind.columns.iter().map(|column| column.show(kind, fields, self.lang)).collect();
            self.rows.entry(kind.code).or_default().push(row);
        }
    }

    /// Fills in the records of an export: JSON objects as `--json` prints them, with `kind`, `id` and the fields. A record
    /// that came with an id of its own shows that one (`legacy_id`), also where others refer to it. Void records and what
    /// belongs to them are left out, and so are references to what is left out.
    #[must_use]
    pub fn of_json<'a>(records: impl Iterator<Item = &'a serde_json::Value> + Clone, lang: Lang) -> Forms {
        let shown = shown::numbers(records.clone());
        let mut forms = Forms::new(lang);
        for record in records {
            let Some((kind, id)) = shown::kind_and_id(record) else { continue };
            let Some(number) = shown.get(id) else { continue };
            let mut fields = Fields::new();
            for field in kind.fields {
                let value = match record.get(field.name) {
                    _ if field.name == kind.id_field => Some(Value::from(*number)),
                    None | Some(serde_json::Value::Null) => None,
                    Some(json) if matches!(field.shape, Shape::Reference(_)) => {
                        json.as_str().and_then(|id| shown.get(id)).map(|number| Value::from(*number))
                    }
                    Some(json) => {
                        // A value that a later version made and this one does not take is shown as it stands.
                        let shown = || Value::Text(json.as_str().map_or_else(|| json.to_string(), str::to_owned));
                        Some(field.from_json(json).unwrap_or_else(|_| shown()))
                    }
                };
                fields.extend(value.map(|value| (field.name, value)));
            }
            forms.push(kind, &fields);
        }
        forms
    }

    /// How many rows the form of `kind` has.
    #[must_use]
    pub fn rows(&self, kind: &Kind) -> usize {
        self.of_kind(kind).len()
    }

    /// How many rows there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.values().map(Vec::len).sum()
    }

    /// The form of one kind as a .csv file.
    #[must_use]
    pub fn csv(&self, kind: &Kind) -> Vec<u8> {
        let header = headers(kind, self.lang);
        comma::write(std::iter::once(header.as_slice()).chain(self.sorted(kind)))
    }

    /// All forms as one workbook, a sheet for each. Equal forms give equal bytes.
    ///
    /// # Errors
    /// [`WriteError::CellTooLong`], [`WriteError::TooManyRows`].
    pub fn xlsx(&self) -> Result<Vec<u8>, WriteError> {
        let catalogue = Catalogue::of(self.lang);
        let page = |kind: &'static Kind| workbook::Page {
            name: workbook::sheet_name(&catalogue.text(kind.form, &[])),
            header: headers(kind, self.lang),
            rows: self.sorted(kind),
        };
        workbook::write(self.kinds().map(page).collect())
    }

    /// Writes the workbook to the file `path`, or the .csv files (`customer.csv`, `assessment.csv`, ...) into the folder
    /// `path`, which is made when it is not there. Each file appears whole or not at all. A table that an earlier export left
    /// in the folder is written again, though nothing is left in it: otherwise what is void would come back with it.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn write(&self, path: &Path, form: FileForm) -> Result<Vec<PathBuf>, WriteError> {
        match form {
            FileForm::Xlsx => {
                put(path, &self.xlsx()?)?;
                Ok(vec![path.to_owned()])
            }
            FileForm::Csv => {
                fs::create_dir_all(path).map_err(|source| WriteError::Io { path: path.to_owned(), source })?;
                let mut written = Vec::new();
                for kind in crate::kinds() {
                    let file = path.join(format!("{}.csv", kind.code));
                    if self.rows.contains_key(kind.code) || file.exists() {
                        put(&file, &self.csv(kind))?;
                        written.push(file);
                    }
                }
                Ok(written)
            }
        }
    }

    fn of_kind(&self, kind: &Kind) -> &[Vec<String>] {
        self.rows.get(kind.code).map_or(&[], Vec::as_slice)
    }

    fn sorted(&self, kind: &Kind) -> Vec<&[String]> {
        let mut rows: Vec<_> = self.of_kind(kind).iter().map(Vec::as_slice).collect();
        rows.sort_by(|left, right| by_number(&left[0], &right[0]).then_with(|| left.cmp(right)));
        rows
    }
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let failed = |source| WriteError::Io { path: path.to_owned(), source };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).map_err(|source| {
        // The half-written file would only confuse; that it cannot be removed either changes nothing about the answer.
        let _ = fs::remove_file(&beside);
        failed(source)
    })
}

/// Texts by their runs of digits as numbers: `CUST-07-9` before `CUST-07-10`.
fn by_number(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        let (Some(l), Some(r)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len());
        };
        let order = if l.is_ascii_digit() && r.is_ascii_digit() {
            let (l, after_l) = digits(left);
            let (r, after_r) = digits(right);
            (left, right) = (after_l, after_r);
            l.len().cmp(&r.len()).then_with(|| l.cmp(r))
        } else {
            (left, right) = (&left[l.len_utf8()..], &right[r.len_utf8()..]);
            l.cmp(&r)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// The digits at the front, without leading zeros, and what follows.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].trim_start_matches('0'), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sorted_by_their_numbers() {
        let sorted = ["CUST-07-2", "CUST-07-10", "CUST-08-1", "CUST1", "CUST002", "CUST10", "客户3"];
        let mut mixed: Vec<_> = sorted.iter().rev().copied().collect();
        mixed.sort_by(|left, right| by_number(left, right));
        assert_eq!(mixed, sorted);
    }
}
