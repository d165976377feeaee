//! The tables people already have: .csv and .xlsx with the users' own headers, to and from records.
//!
//! [`read`] takes a file and gives typed rows, one [`Table`] per sheet, told apart by their headers: the exact Chinese ones
//! of the paper forms, the English field names or labels, in any order, below a title if there is one. Either every row is
//! right, or nothing is returned but the problems, each with sheet, row, column, value and fix; [`draft`] gives both, for an
//! import that looks further before it answers. [`Forms`] writes records back under the same headers. [`review`] writes the
//! workbook of a monthly review.
//!
//! What holds:
//! - .csv and .xlsx of the same rows read as equal rows, and what [`Forms`] writes reads back equal.
//! - No cell that is written can be taken for a formula, whatever people typed.
//! - Every kind of record has its table but one: a policy ([`kinds`]). The latest version of it holds, so a workbook of last
//!   year that an administrator reads in again would put last year's rules in force.
//! - No table is taken for one of another kind: what a kind cannot do without never stands whole in another's header.
//! - Nothing is cut, guessed or left out silently: a column nobody knows is told in [`Table::notes`], a missing one is an error.
//!
//! What it does not do: look ids up. Whether `CUST001` is known already, and which record it is, is for whoever imports.

mod comma;
mod problem;
mod read;
mod recognise;
mod review;
mod sheet;
mod shown;
mod workbook;
mod write;

use records::{ALL_KINDS, Class, Kind};

pub use problem::{PROBLEMS_SHOWN_MAX, Problem, TableErrors, Unreadable};
pub use read::{Draft, FileForm, Table, TableRow, draft, read, read_bytes};
pub use review::review;
pub use sheet::{CELL_CHARS_MAX, COLUMNS_MAX, FILE_BYTES_MAX, ROWS_MAX};
pub use write::{Forms, WriteError};

/// The kinds of record that have a table, parents before what belongs to them, the four paper forms first.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    ALL_KINDS.into_iter().filter(|kind| kind.class != Class::Policy)
}
