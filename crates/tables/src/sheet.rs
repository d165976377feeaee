//! A grid of cells, before anybody knows what it is about.

/// Bytes of a file that is read, at most: ten times the tables of the largest branch planned for.
pub const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Rows of one table, at most: what a worksheet of Excel holds.
pub const ROWS_MAX: usize = 1_048_576;
/// Columns of one table, at most: several times the columns of the widest form.
pub const COLUMNS_MAX: usize = 256;
/// Characters of one cell, at most: what a cell of Excel holds.
pub const CELL_CHARS_MAX: usize = 32_767;

/// What stands in one cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Nothing, or only spaces.
    #[default]
    Empty,
    /// Text; numbers as they are shown.
    Text(String),
    /// A date cell of a workbook: the day, and the time of day unless it is midnight (Excel does not tell them apart).
    Moment { day: String, time: Option<String> },
    /// A formula whose result is an error, such as `#REF!`.
    Broken(String),
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Cell {
        let text = text.into();
        if text.trim().is_empty() { Cell::Empty } else { Cell::Text(text) }
    }

    /// The cell as a person sees it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Cell::Empty => String::new(),
            Cell::Text(text) | Cell::Broken(text) => text.clone(),
            Cell::Moment { day, time: None } => day.clone(),
            Cell::Moment { day, time: Some(time) } => format!("{day} {time}"),
        }
    }
}

/// One row with its number as spreadsheets count them, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SheetRow {
    pub(crate) number: usize,
    pub(crate) cells: Vec<Cell>,
}

impl SheetRow {
    pub(crate) fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| *cell == Cell::Empty)
    }
}

/// One sheet of a workbook, or the whole of a .csv file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sheet {
    /// The sheet's name; none in a .csv file.
    pub(crate) name: Option<String>,
    /// Rows with something in them.
    pub(crate) rows: Vec<SheetRow>,
}
