//! The one place that writes to stdout and stderr.

use std::io::Write;

use messages::{Catalogue, Message};
use serde::Serialize;

use crate::Error;

/// Prints for one invocation: data on stdout, everything else on stderr.
#[derive(Clone, Copy)]
pub(crate) struct Printer {
    json: bool,
    catalogue: &'static Catalogue,
}

impl Printer {
    pub(crate) fn new(json: bool, catalogue: &'static Catalogue) -> Self {
        Printer { json, catalogue }
    }

    /// Whether stdout is to be exactly one JSON value.
    pub(crate) fn wants_json(&self) -> bool {
        self.json
    }

    pub(crate) fn catalogue(&self) -> &'static Catalogue {
        self.catalogue
    }

    /// One JSON value and a line end on stdout.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), Error> {
        let mut text = serde_json::to_vec(value).map_err(|source| Error::Output(source.into()))?;
        text.push(b'\n');
        self.bytes(&text)
    }

    /// A line for people on stdout.
    pub(crate) fn line(&self, text: &str) -> Result<(), Error> {
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// A message for people that is what they asked for, on stdout.
    pub(crate) fn text(&self, message: &Message) -> Result<(), Error> {
        self.line(&self.catalogue.render(message))
    }

    /// A table for people on stdout.
    pub(crate) fn table<const N: usize>(&self, table: &Table<N>) -> Result<(), Error> {
        let headings = table.headings.map(|key| self.catalogue.text(key, &[]));
        let rows: Vec<&[String; N]> = std::iter::once(&headings).chain(&table.rows).collect();
        let mut text = String::new();
        for row in &rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = rows.iter().map(|row| columns(&row[column])).max().unwrap_or_default();
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', width + 2 - columns(cell)));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        self.bytes(text.as_bytes())
    }

    /// Data as it is on stdout.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(Error::Output)
    }

    /// A message for people on stderr.
    pub(crate) fn note(&self, message: &Message) {
        // When stderr is gone nobody is listening.
        let _gone = writeln!(std::io::stderr().lock(), "{}", self.catalogue.render(message));
    }

    /// What went wrong, what caused it, and what to do, on stderr.
    pub(crate) fn error(&self, error: &Error) {
        self.note(&error.message());
        let mut cause = std::error::Error::source(error);
        while let Some(source) = cause {
            let _gone = writeln!(std::io::stderr().lock(), "  {source}");
            cause = source.source();
        }
    }
}

/// Rows under headings, for people.
pub(crate) struct Table<const N: usize> {
    headings: [&'static str; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// A table whose headings have these keys in the catalogue.
    pub(crate) fn new(headings: [&'static str; N]) -> Self {
        Table { headings, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }
}

/// How many columns of a terminal a text takes: characters of East Asian scripts take two.
fn columns(text: &str) -> usize {
    let is_wide = |c: char| matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x20000..=0x3fffd);
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_letters_take_two_columns() {
        assert_eq!(columns("上海 a"), 6);
        assert_eq!(columns("“x”"), 3);
    }
}
