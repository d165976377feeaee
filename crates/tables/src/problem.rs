//! What is wrong with a file, and what to do about it: where, what and the fix, in both languages.

use std::fmt;

use messages::{Catalogue, Message};
use thiserror::Error;
use vocab::Lang;

/// Problems told in full, at most; the rest are counted. One wrong column in a long table is one mistake, not ten thousand.
pub const PROBLEMS_SHOWN_MAX: usize = 50;

/// Why a file as a whole cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// There is no such file.
    Absent,
    /// The system does not let us read it.
    Refused {
        /// What the system said.
        cause: String,
    },
    /// Its name ends neither in .csv nor in .xlsx, and its content is neither.
    UnknownForm,
    /// Nothing is in it.
    Empty,
    /// It is larger than [`crate::FILE_BYTES_MAX`], [`crate::ROWS_MAX`] or [`crate::COLUMNS_MAX`].
    TooLarge,
    /// It is text in another encoding than UTF-8 (in China usually GB18030).
    NotUtf8 {
        /// The first line that is not UTF-8, counted from 1.
        line: usize,
    },
    /// It is text in UTF-16.
    Utf16,
    /// Its structure is damaged.
    Broken {
        /// What the reader said.
        cause: String,
    },
}

impl Unreadable {
    fn message(&self) -> Message {
        match self {
            Unreadable::Absent => Message::new("tables-absent"),
            Unreadable::Refused { cause } => Message::new("tables-refused").with("cause", cause.as_str()),
            Unreadable::UnknownForm => Message::new("tables-unknown-form"),
            Unreadable::Empty => Message::new("tables-empty"),
            Unreadable::TooLarge => Message::new("tables-too-large")
                .with("bytes", i64::try_from(crate::FILE_BYTES_MAX / (1024 * 1024)).unwrap_or(i64::MAX))
                .with("rows", crate::ROWS_MAX)
                .with("columns", crate::COLUMNS_MAX),
            Unreadable::NotUtf8 { line } => Message::new("tables-not-utf8").with("line", *line),
            Unreadable::Utf16 => Message::new("tables-utf16"),
            Unreadable::Broken { cause } => Message::new("tables-broken").with("cause", cause.as_str()),
        }
    }
}

/// One thing that is wrong, or worth knowing, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The row as spreadsheets count, from 1; the header row is a row.
    pub row: Option<usize>,
    /// The column's header as it stands in the file.
    pub column: Option<String>,
    /// What is wrong and the fix; it names the value.
    pub what: Message,
}

impl Problem {
    pub(crate) fn file(what: &Unreadable) -> Problem {
        Problem { sheet: None, row: None, column: None, what: what.message() }
    }

    /// Something of a sheet, or of the file where that is one table.
    #[must_use]
    pub fn in_sheet(sheet: Option<&str>, what: Message) -> Problem {
        Problem { sheet: sheet.map(str::to_owned), row: None, column: None, what }
    }

    pub(crate) fn of_file(mut self, name: &str) -> Problem {
        self.sheet = Some(name.to_owned());
        self
    }

    /// The same, of this row, counted as spreadsheets do.
    #[must_use]
    pub fn at_row(mut self, row: usize) -> Problem {
        self.row = Some(row);
        self
    }

    /// The same, of the column with this header.
    #[must_use]
    pub fn at_column(mut self, column: &str) -> Problem {
        self.column = Some(column.to_owned());
        self
    }

    /// Where it is; none when the file as a whole is meant.
    #[must_use]
    pub fn place(&self) -> Option<Message> {
        let sheet = if self.sheet.is_some() { "sheet-" } else { "" };
        let place = match (self.row, &self.column) {
            (Some(_), Some(_)) => "cell",
            (Some(_), None) => "row",
            (None, Some(_)) => "column",
            (None, None) if self.sheet.is_some() => "whole",
            (None, None) => return None,
        };
        let mut message = Message::new(format!("tables-at-{sheet}{place}"));
        if let Some(sheet) = &self.sheet {
            message = message.with("sheet", sheet.as_str());
        }
        if let Some(row) = self.row {
            // As text: a row number is a name, not an amount to be grouped by thousands.
            message = message.with("row", row.to_string());
        }
        if let Some(column) = &self.column {
            message = message.with("column", column.as_str());
        }
        Some(message)
    }

    /// The whole sentence in the catalogue's language.
    #[must_use]
    pub fn render(&self, catalogue: &Catalogue) -> String {
        let what = catalogue.render(&self.what);
        match self.place() {
            Some(place) => catalogue
                .render(&Message::new("tables-problem").with("place", catalogue.render(&place)).with("what", what)),
            None => what,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Catalogue::of(Lang::En)))
    }
}

/// Everything wrong with tables: every problem found, the first [`PROBLEMS_SHOWN_MAX`] of them in full.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", self.render(Catalogue::of(Lang::En)).join("\n"))]
pub struct TableErrors {
    problems: Vec<Problem>,
    more: usize,
}

impl TableErrors {
    /// Nothing wrong.
    #[must_use]
    pub fn none() -> TableErrors {
        TableErrors { problems: Vec::new(), more: 0 }
    }

    /// One more problem; past [`PROBLEMS_SHOWN_MAX`] it is only counted.
    pub fn push(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_SHOWN_MAX {
            self.problems.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// The problems that are told in full.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many more there are.
    #[must_use]
    pub const fn more(&self) -> usize {
        self.more
    }

    /// Puts the problems into the order of the sheets and rows of `tables`, those without a place first.
    pub fn sort(&mut self, tables: &[crate::Table]) {
        self.problems.sort_by_key(|problem| {
            let sheet = tables.iter().position(|table| table.sheet == problem.sheet);
            (problem.row.is_some().then_some(sheet.unwrap_or(tables.len())), problem.row)
        });
    }

    /// A line for each problem, and one that counts the rest.
    #[must_use]
    pub fn render(&self, catalogue: &Catalogue) -> Vec<String> {
        let mut lines: Vec<_> = self.problems.iter().map(|problem| problem.render(catalogue)).collect();
        if self.more > 0 {
            lines.push(catalogue.render(&Message::new("tables-more").with("count", self.more)));
        }
        lines
    }
}

impl From<Problem> for TableErrors {
    fn from(problem: Problem) -> Self {
        TableErrors { problems: vec![problem], more: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WriteError;

    #[test]
    fn every_text_has_all_its_variables_in_both_languages() {
        let cause = || "cause".to_owned();
        let unreadable = [
            Unreadable::Absent,
            Unreadable::Refused { cause: cause() },
            Unreadable::UnknownForm,
            Unreadable::Empty,
            Unreadable::TooLarge,
            Unreadable::NotUtf8 { line: 3 },
            Unreadable::Utf16,
            Unreadable::Broken { cause: cause() },
        ];
        let source = std::io::Error::other("cause");
        let unwritten = [
            WriteError::CellTooLong { id: "FB1".to_owned(), column: "text".to_owned() },
            WriteError::TooManyRows { form: "form".to_owned() },
            WriteError::Io { path: "file".into(), source },
            WriteError::Workbook(rust_xlsxwriter::XlsxError::ParameterError(cause())),
        ];
        let mut problems: Vec<_> = unreadable.iter().map(Problem::file).collect();
        for sheet in [None, Some("sheet")] {
            let whole = || Problem::in_sheet(sheet, Message::new("tables-no-id"));
            problems.extend([whole(), whole().at_row(7), whole().at_column("C"), whole().at_row(7).at_column("C")]);
        }
        for lang in Lang::ALL {
            let catalogue = Catalogue::of(lang);
            let texts = problems.iter().map(|problem| problem.render(catalogue));
            for text in texts.chain(unwritten.iter().map(|error| catalogue.render(&error.message()))) {
                assert!(!text.contains(['{', '$']) && !text.contains("tables-"), "{text}");
            }
        }
        let place = Problem::in_sheet(Some("表一"), Message::new("tables-no-id")).at_row(1_234).at_column("客户ID");
        assert!(
            place.to_string().starts_with("sheet `表一`, row 1234, column `客户ID`: It must not be empty"),
            "{place}"
        );
    }

    #[test]
    fn problems_past_the_bound_are_counted() {
        let mut errors = TableErrors::none();
        (0..PROBLEMS_SHOWN_MAX + 3).for_each(|_| errors.push(Problem::file(&Unreadable::Empty)));
        assert_eq!((errors.problems().len(), errors.more()), (PROBLEMS_SHOWN_MAX, 3));
        assert_eq!(errors.render(Catalogue::of(Lang::En)).len(), PROBLEMS_SHOWN_MAX + 1);
    }
}
