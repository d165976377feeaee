//! Workbooks (.xlsx): read cell by cell, written with every value as text.

use std::io::Cursor;
use std::panic::catch_unwind;

use calamine::{DataRef, Reader, Xlsx, XlsxError};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook};

use crate::problem::{Problem, Unreadable};
use crate::sheet::{CELL_CHARS_MAX, COLUMNS_MAX, Cell, ROWS_MAX, Sheet, SheetRow};
use crate::write::WriteError;

/// The first bytes of every .xlsx file, which is a zip archive.
pub(crate) const ARCHIVE_START: &[u8] = b"PK\x03\x04";

fn broken(error: &XlsxError) -> Problem {
    Problem::file(&Unreadable::Broken { cause: error.to_string() })
}

/// Reads every sheet that has something in it. No bytes make this panic: calamine's arithmetic does, on some references that
/// name no cell.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Sheet>, Problem> {
    let gave_up = || Unreadable::Broken { cause: "its sheets contradict themselves".to_owned() };
    catch_unwind(|| read_sheets(bytes)).unwrap_or_else(|_| Err(Problem::file(&gave_up())))
}

/// Cells come one by one and not as calamine's rectangle: a single stray cell at the far end of a sheet would make that
/// rectangle larger than memory.
fn read_sheets(bytes: &[u8]) -> Result<Vec<Sheet>, Problem> {
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let mut sheets = Vec::new();
    for name in workbook.sheet_names() {
        let mut rows: Vec<SheetRow> = Vec::new();
        let mut cells = match workbook.worksheet_cells_reader(&name) {
            Ok(cells) => cells,
            // A sheet that holds only a chart has no cells.
            Err(XlsxError::NotAWorksheet(_)) => continue,
            Err(error) => return Err(broken(&error)),
        };
        while let Some(cell) = cells.next_cell().map_err(|error| broken(&error))? {
            let (row, column) = cell.get_position();
            let value = convert(cell.get_value());
            if value == Cell::Empty {
                continue;
            }
            let (number, column) = (row as usize + 1, column as usize);
            if number > ROWS_MAX || column >= COLUMNS_MAX {
                return Err(Problem::file(&Unreadable::TooLarge));
            }
            if rows.last().is_none_or(|last| last.number != number) {
                rows.push(SheetRow { number, cells: Vec::new() });
            }
            if let Some(last) = rows.last_mut() {
                last.cells.resize(last.cells.len().max(column + 1), Cell::Empty);
                last.cells[column] = value;
            }
        }
        if !rows.is_empty() {
            sheets.push(Sheet { name: Some(name), rows });
        }
    }
    Ok(sheets)
}

fn convert(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::Int(number) => Cell::Text(number.to_string()),
        // Whole numbers without `.0`, as the spreadsheet shows them.
        DataRef::Float(number) => Cell::Text(number.to_string()),
        DataRef::Bool(flag) => Cell::Text(flag.to_string()),
        DataRef::String(text) => Cell::text(one_kind_of_line_end(text)),
        DataRef::SharedString(text) => Cell::text(one_kind_of_line_end(text)),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::text(text.as_str()),
        DataRef::Error(error) => Cell::Broken(error.to_string()),
        DataRef::DateTime(moment) => {
            let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
            // A day and a time are stored as one fraction; what is not a whole second is rounding.
            let seconds =
                u32::from(hour) * 3_600 + u32::from(minute) * 60 + u32::from(second) + u32::from(milli >= 500);
            let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
            let time = match second {
                0 => format!("{hour:02}:{minute:02}"),
                _ => format!("{hour:02}:{minute:02}:{second:02}"),
            };
            if moment.is_duration() || moment.as_f64() < 1.0 {
                return Cell::Text(time);
            }
            Cell::Moment { day: format!("{year:04}-{month:02}-{day:02}"), time: (seconds > 0).then_some(time) }
        }
    }
}

fn one_kind_of_line_end(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() }
}

/// What is written: a sheet's name, its header and its rows.
pub(crate) struct Page<'a> {
    pub(crate) name: String,
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<&'a [String]>,
}

/// Writes one sheet per page. Every value is a text cell: none can be a formula, and no spreadsheet rewrites an id or a
/// date to its own taste. Equal pages give equal bytes: the time of writing is not in the file.
pub(crate) fn write(pages: Vec<Page<'_>>) -> Result<Vec<u8>, WriteError> {
    let mut workbook = Workbook::new();
    let written_at = ExcelDateTime::from_ymd(2024, 1, 1).map_err(WriteError::from)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&written_at));
    let bold = Format::new().set_bold();
    for page in pages {
        let sheet = workbook.add_worksheet();
        sheet.set_name(page.name.as_str())?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, title) in (0_u16..).zip(&page.header) {
            sheet.write_string_with_format(0, column, title, &bold)?;
            sheet.set_column_width(column, COLUMN_WIDTH)?;
        }
        for (index, cells) in page.rows.iter().enumerate() {
            let row = index + 1;
            if row >= ROWS_MAX {
                return Err(WriteError::TooManyRows { form: page.name });
            }
            for (column, cell) in (0_u16..).zip(*cells) {
                if cell.chars().count() > CELL_CHARS_MAX {
                    let column = page.header[usize::from(column)].clone();
                    return Err(WriteError::CellTooLong { id: cells[0].clone(), column });
                }
                if !cell.is_empty() {
                    sheet.write_string(u32::try_from(row).unwrap_or(u32::MAX), column, cell)?;
                }
            }
        }
    }
    Ok(workbook.save_to_buffer()?)
}

/// A sheet's name as workbooks take it: 31 characters at most, and none of these.
pub(crate) fn sheet_name(title: &str) -> String {
    const CHARS_MAX: usize = 31;
    let taken = |c| if matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\') { '-' } else { c };
    title.chars().map(taken).take(CHARS_MAX).collect()
}

/// Wide enough for a date with a time, in characters.
const COLUMN_WIDTH: f64 = 18.0;
