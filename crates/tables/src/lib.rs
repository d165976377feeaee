//! The tables people already have: .csv and .xlsx with the users' own headers, to and from records.
//!
//! [`read`] takes a file and gives typed rows, one [`Table`] per sheet, told apart by their headers: the exact Chinese ones
//! of the paper forms, the English field names or labels, in any order, below a title if there is one. Either every row is
//! right, or nothing is returned but the problems, each with sheet, row, column, value and fix. [`Forms`] writes records back
//! under the same headers.
//!
//! What holds:
//! - .csv and .xlsx of the same rows read as equal rows, and what [`Forms`] writes reads back equal.
//! - No cell that is written can be taken for a formula, whatever people typed.
//! - Nothing is cut, guessed or left out silently: a column nobody knows is told in [`Table::notes`], a missing one is an error.
//!
//! What it does not do: look ids up. Whether `CUST001` is known already, and which record it is, is for whoever imports.

mod comma;
mod problem;
mod read;
mod recognise;
mod sheet;
mod workbook;
mod write;

pub use problem::{PROBLEMS_SHOWN_MAX, Problem, TableErrors, Unreadable};
pub use read::{FileForm, Table, TableRow, read, read_bytes};
pub use sheet::{CELL_CHARS_MAX, COLUMNS_MAX, FILE_BYTES_MAX, ROWS_MAX};
pub use write::{Forms, WriteError};
