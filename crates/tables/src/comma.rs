//! Comma-separated files: UTF-8, with a byte order mark when we write them, since Excel shows Chinese as gibberish without.

use crate::problem::{Problem, Unreadable};
use crate::sheet::{COLUMNS_MAX, Cell, ROWS_MAX, Sheet, SheetRow};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What a spreadsheet takes for the start of a formula.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Reads a .csv file.
pub(crate) fn read(bytes: &[u8]) -> Result<Sheet, Problem> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Problem::file(&Unreadable::Utf16));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Problem::file(&Unreadable::NotUtf8 { line })
    })?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    // One kind of line end, in cells too (workbooks know only this one), and one after the last row: the counting below needs both.
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.push('\n');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&text))
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut lines_in_cells = 0;
    loop {
        let is_read = reader
            .read_record(&mut record)
            .map_err(|error| Problem::file(&Unreadable::Broken { cause: error.to_string() }))?;
        if !is_read {
            return Ok(Sheet { name: None, rows });
        }
        // Rows as a spreadsheet counts them: blank lines count, line breaks inside a cell do not.
        lines_in_cells += record.iter().map(|cell| cell.matches('\n').count()).sum::<usize>();
        let lines = usize::try_from(reader.position().line()).unwrap_or(usize::MAX);
        let number = lines.saturating_sub(1 + lines_in_cells);
        if rows.len() >= ROWS_MAX || record.len() > COLUMNS_MAX {
            return Err(Problem::file(&Unreadable::TooLarge));
        }
        let row = SheetRow { number, cells: record.iter().map(|cell| Cell::text(undefused(cell))).collect() };
        if !row.is_empty() {
            rows.push(row);
        }
    }
}

/// Comma; or what Excel writes instead where the comma is the decimal point, or the tab of "text" files.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |delimiter: u8| header.bytes().filter(|byte| *byte == delimiter).count();
    [b';', b'\t'].into_iter().find(|other| count(b',') == 0 && count(*other) > 0).unwrap_or(b',')
}

/// Writes rows of cells, the header first.
pub(crate) fn write<'a>(rows: impl Iterator<Item = &'a [String]>) -> Vec<u8> {
    let mut bytes = BYTE_ORDER_MARK.as_bytes().to_vec();
    for row in rows {
        for (place, cell) in row.iter().enumerate() {
            if place > 0 {
                bytes.push(b',');
            }
            let cell = defused(cell);
            if cell.contains(['"', ',', '\n', '\r']) || cell.trim() != cell {
                bytes.push(b'"');
                bytes.extend(cell.replace('"', "\"\"").bytes());
                bytes.push(b'"');
            } else {
                bytes.extend(cell.bytes());
            }
        }
        bytes.push(b'\n');
    }
    bytes
}

fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(FORMULA_STARTS)
}

/// A cell that no spreadsheet takes for a formula: an apostrophe in front says "text". A cell that has the apostrophe
/// already gets a second one, so that [`undefused`] gives back every text as it was.
fn defused(cell: &str) -> String {
    if is_formula(cell) { format!("'{cell}") } else { cell.to_owned() }
}

fn undefused(cell: &str) -> &str {
    if is_formula(cell) { cell.strip_prefix('\'').unwrap_or(cell) } else { cell }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round(rows: &[Vec<String>]) -> Vec<Vec<String>> {
        let header = vec!["客户ID".to_owned(), "客户姓名".to_owned()];
        let sheet = read(&write(std::iter::once(&*header).chain(rows.iter().map(Vec::as_slice)))).unwrap();
        sheet.rows[1..].iter().map(|row| row.cells.iter().map(Cell::shown).collect()).collect()
    }

    proptest! {
        #[test]
        fn cells_read_back_what_was_written(cells in prop::collection::vec("[-=+@'\"a,;\t\n客* ]{0,6}x", 1..5)) {
            prop_assert_eq!(round(std::slice::from_ref(&cells)), vec![cells]);
        }

        #[test]
        fn no_cell_begins_like_a_formula(cell in "[-=+@\t\r']{1,3}[a-z0-9]{0,4}") {
            let written = defused(&cell);
            prop_assert!(!written.starts_with(FORMULA_STARTS));
            prop_assert_eq!(undefused(&written), cell);
        }

        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }

    #[test]
    fn a_file_is_read_with_and_without_a_byte_order_mark() {
        let with = read("\u{feff}客户ID,客户姓名\nA,王*\n".as_bytes()).unwrap();
        assert_eq!(with, read("客户ID,客户姓名\r\nA,王*".as_bytes()).unwrap());
        assert_eq!(with.rows[1].cells[1], Cell::Text("王*".into()));
    }

    #[test]
    fn semicolons_and_tabs_are_understood() {
        for text in ["客户ID;客户姓名\nA;王*\n", "客户ID\t客户姓名\nA\t王*\n"] {
            assert_eq!(read(text.as_bytes()).unwrap().rows[1].cells.len(), 2, "{text}");
        }
    }

    #[test]
    fn other_encodings_are_named_with_the_line() {
        let mut bytes = "客户ID,客户姓名\n".as_bytes().to_vec();
        bytes.extend([0xcd, 0xf5, b'*', b'\n']);
        assert_eq!(read(&bytes).unwrap_err(), Problem::file(&Unreadable::NotUtf8 { line: 2 }));
        assert_eq!(read(&[0xff, 0xfe, b'a', 0]).unwrap_err(), Problem::file(&Unreadable::Utf16));
    }

    #[test]
    fn rows_are_counted_as_spreadsheets_count_them() {
        let sheet = read("a,b\n\n\"x\r\ny\",z\n,\nlast,row".as_bytes()).unwrap();
        assert_eq!(sheet.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 3, 5]);
    }
}
