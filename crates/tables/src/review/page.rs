//! A sheet that is filled from the top.

use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Worksheet};
use serde_json::Value;

use super::charts::Chart;
use crate::sheet::CELL_CHARS_MAX;
use crate::workbook::sheet_name;
use crate::write::WriteError;

/// What stands in one cell.
pub(super) enum Cell {
    Nothing,
    /// Always as text, whatever it looks like.
    Text(String),
    Number(f64),
    /// Shown in percent.
    Share(f64),
    /// Shown with two decimals.
    Mean(f64),
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    /// A JSON instant on the branch's clocks, to the minute.
    pub(super) fn time(json: &Value) -> Cell {
        match json.as_str().and_then(|text| text.parse::<vocab::Timestamp>().ok()) {
            Some(time) => Cell::Text(time.local().format("%Y-%m-%d %H:%M").to_string()),
            None => Cell::Nothing,
        }
    }

    /// A JSON text or number as it is.
    pub(super) fn json(json: &Value) -> Cell {
        match json {
            Value::String(text) => Cell::Text(text.clone()),
            // No count of a branch is beyond what a double holds exactly.
            Value::Number(number) => number.as_f64().map_or(Cell::Nothing, Cell::Number),
            _ => Cell::Nothing,
        }
    }
}

/// How cells look.
struct Looks {
    heading: Format,
    header: Format,
    text: Format,
    share: Format,
    mean: Format,
}

/// The sheets made so far.
pub(super) struct Book {
    looks: Looks,
    sheets: Vec<Worksheet>,
}

impl Book {
    pub(super) fn new() -> Book {
        let looks = Looks {
            heading: Format::new().set_bold().set_font_size(14),
            header: Format::new().set_bold().set_border_bottom(FormatBorder::Thin).set_text_wrap(),
            text: Format::new().set_align(FormatAlign::Top).set_text_wrap(),
            share: Format::new().set_num_format("0.0%"),
            mean: Format::new().set_num_format("0.00"),
        };
        Book { looks, sheets: Vec::new() }
    }

    /// A new sheet with columns of these widths, in characters.
    pub(super) fn page(&mut self, title: &str, widths: &[u32]) -> Result<Page<'_>, WriteError> {
        let mut sheet = Worksheet::new();
        let name = sheet_name(title);
        sheet.set_name(name.as_str())?;
        sheet.set_landscape();
        for (column, width) in (0..).zip(widths) {
            sheet.set_column_width(column, *width)?;
        }
        self.sheets.push(sheet);
        let place = self.sheets.len() - 1;
        Ok(Page { sheet: &mut self.sheets[place], looks: &self.looks, name, row: 0 })
    }

    pub(super) fn into_sheets(self) -> Vec<Worksheet> {
        self.sheets
    }
}

/// A sheet and how far it is filled.
pub(super) struct Page<'b> {
    sheet: &'b mut Worksheet,
    looks: &'b Looks,
    name: String,
    row: u32,
}

impl Page<'_> {
    /// The row that is filled next, counted from 0.
    pub(super) const fn row(&self) -> u32 {
        self.row
    }

    pub(super) fn skip(&mut self) {
        self.row += 1;
    }

    pub(super) fn heading(&mut self, text: &str) -> Result<(), WriteError> {
        self.sheet.write_string_with_format(self.row, 0, text, &self.looks.heading)?;
        self.row += 1;
        Ok(())
    }

    pub(super) fn header(&mut self, titles: &[String]) -> Result<(), WriteError> {
        for (column, title) in (0..).zip(titles) {
            self.sheet.write_string_with_format(self.row, column, title, &self.looks.header)?;
        }
        self.row += 1;
        Ok(())
    }

    /// Keeps what is filled so far in sight while the rest is scrolled.
    pub(super) fn freeze(&mut self) -> Result<(), WriteError> {
        self.sheet.set_freeze_panes(self.row, 0)?;
        Ok(())
    }

    pub(super) fn line(&mut self, cells: &[Cell]) -> Result<(), WriteError> {
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Nothing => {}
                Cell::Text(text) if text.chars().count() > CELL_CHARS_MAX => {
                    let column = (column + 1).to_string();
                    return Err(WriteError::CellTooLong { id: self.name.clone(), column });
                }
                // The first column is not wrapped: headings and remarks run on to the right.
                Cell::Text(text) if cells.len() == 1 => {
                    self.sheet.write_string(self.row, column, text)?;
                }
                Cell::Text(text) => {
                    self.sheet.write_string_with_format(self.row, column, text, &self.looks.text)?;
                }
                Cell::Number(number) => {
                    self.sheet.write_number(self.row, column, *number)?;
                }
                Cell::Share(share) => {
                    self.sheet.write_number_with_format(self.row, column, *share, &self.looks.share)?;
                }
                Cell::Mean(mean) => {
                    self.sheet.write_number_with_format(self.row, column, *mean, &self.looks.mean)?;
                }
            }
        }
        self.row += 1;
        Ok(())
    }

    /// Draws the rows from `first` up to the last one filled; what `categories` holds names them. Nothing where there are no
    /// rows.
    pub(super) fn chart(
        &mut self,
        row: u32,
        column: u16,
        chart: &Chart,
        categories: u16,
        first: u32,
    ) -> Result<(), WriteError> {
        if self.row > first {
            let drawn = chart.drawn(&self.name, categories, (first, self.row - 1));
            self.sheet.insert_chart(row, column, &drawn)?;
        }
        Ok(())
    }
}
