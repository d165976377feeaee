//! The views of the domain's section 7: pure functions of what documents say, of the branch's policy and of an instant.
//!
//! Each has a file, a function and an `Ask`. Results are sorted and hold whole numbers only, so that equal documents give
//! equal bytes of JSON on a device and at the relay. What had not begun by the instant asked about is not shown, and what
//! ended after it is shown as open.

mod complaints;
mod daily;
mod due;
mod matrix;
mod open;

pub use complaints::{ComplaintItem, ComplaintOwner, ComplaintStep, Complaints, ComplaintsAsk, complaints};
pub use daily::{Daily, DailyAsk, DailyCounts, DailyItem, DailyNote, Signed, UnseenDevice, daily};
pub use due::{Due, DueAsk, DueItem, OPEN_STATES, due};
pub use matrix::{Colour, Matrix, MatrixAsk, MatrixBranch, MatrixStep, Stage, matrix};
