//! The views of the domain's section 7: pure functions of what documents say, of the branch's policy and of an instant.
//!
//! Each has a file, a function and an `Ask`. Results are sorted and hold whole numbers only, so that equal documents give
//! equal bytes of JSON on a device and at the relay. What had not begun by the instant asked about is not shown, and what
//! ended after it is shown as open.

mod alike;
mod complaints;
mod compliance;
mod count;
mod daily;
mod due;
mod duplicates;
mod figures;
mod funnel;
mod matrix;
mod open;
mod review;
mod timeline;
mod turn;
mod visits;
mod whose;

pub use complaints::{ComplaintItem, ComplaintOwner, ComplaintStep, Complaints, ComplaintsAsk, complaints};
pub use count::{MONTHS_BACK_DEFAULT, MONTHS_BACK_MAX, Mean, Median, Rate};
pub use daily::{Daily, DailyAsk, DailyCounts, DailyItem, DailyNote, Signed, UnseenDevice, daily};
pub use due::{Due, DueAsk, DueItem, OPEN_STATES, due};
pub use duplicates::{
    Certainty, DUPLICATES_MAX, Duplicate, Duplicates, DuplicatesAsk, TWINS_MAX, Twin, Why, duplicates, likely_twins,
};
pub use figures::{Figures, FiguresAsk, KeyFigures, MonthFigures, PersonFigures, figures};
pub use funnel::{Funnel, FunnelAsk, FunnelMinutes, FunnelMonth, funnel};
pub use matrix::{Colour, Matrix, MatrixAsk, MatrixBranch, MatrixStep, Stage, matrix, matrix_until};
pub use review::{Late, MonthScores, REVIEW_MONTHS_BACK, Review, ReviewAsk, review};
pub use timeline::{
    Stretch, TIMELINE_AROUND_MS, TIMELINE_MS_MAX, Timeline, TimelineAsk, TimelineEstimate, TimelineRow, timeline,
};
pub use visits::{CustomerVisits, Visits, VisitsAsk, visits};
