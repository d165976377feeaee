//! Tasks and trainings as bars: what was planned, what came of it, each new estimate.

use clap::Command;
use device::Device;
use device::views::{TIMELINE_AROUND_MS, TimelineAsk, TimelineRow};
use vocab::Timestamp;

use super::super::history;
use super::Asked;
use crate::arguments;
use crate::command_error::CommandError;
use crate::due_view::short_minute;
use crate::printer::Tone;
use crate::table::{self, Toned};

/// Columns of a bar at a terminal of 80 columns; a wider one shows longer bars.
const BAR_COLUMNS_MIN: usize = 28;
/// Columns of what stands before the bar.
const BEFORE_COLUMNS: usize = 50;
/// Columns of a title.
const TITLE_COLUMNS: usize = 16;

pub(super) fn shape(command: Command) -> Command {
    command
        .arg(arguments::option("from", "TIME"))
        .arg(arguments::option("until", "TIME"))
        .arg(arguments::option("staff", "NAME"))
}

pub(super) fn run(asked: &Asked<'_>, device: &mut Device) -> Result<(), CommandError> {
    let time = |name: &'static str| history::time(asked.matches, name);
    let from = time("from")?.unwrap_or_else(|| asked.as_of.plus_millis(-TIMELINE_AROUND_MS));
    let until = time("until")?.unwrap_or_else(|| asked.as_of.plus_millis(TIMELINE_AROUND_MS));
    let staff = arguments::text(asked.matches, "staff", "--staff")?.map(str::to_owned);
    let timeline = device.timeline(&TimelineAsk { as_of: asked.as_of, from, until, staff })?;
    asked.show(&timeline, || {
        if timeline.rows.is_empty() {
            return None;
        }
        let columns = asked.context.printer.width.saturating_sub(BEFORE_COLUMNS).max(BAR_COLUMNS_MIN);
        let scale = Scale { from: timeline.from, until: timeline.until, columns };
        let ends = format!("{} … {}", short_minute(timeline.from), short_minute(timeline.until));
        let headings = ["record", "title", "staff"].map(|name| asked.text(&format!("cli-view-{name}")));
        let rows: Vec<Vec<Toned>> = timeline
            .rows
            .iter()
            .map(|row| {
                vec![
                    (row.record.to_string(), Tone::Strong),
                    (table::cut(row.title.as_deref().unwrap_or_default(), TITLE_COLUMNS), Tone::Plain),
                    (row.staff.clone().unwrap_or_default(), Tone::Plain),
                    (scale.bar(row), Tone::Plain),
                ]
            })
            .collect();
        let headings: Vec<(&str, bool)> = headings
            .iter()
            .map(|heading| (heading.as_str(), false))
            .chain([(ends.as_str(), true)])
            .enumerate()
            .map(|(place, (heading, whole))| (heading, whole || place == 0))
            .collect();
        let paint = asked.context.printer.out;
        let table = table::one_line_rows(paint, asked.context.printer.width, &headings, &rows);
        Some(format!("{table}{}\n", paint.tone(Tone::Faint, &asked.text("cli-view-timeline-legend"))))
    })
}

/// A stretch of time as columns.
struct Scale {
    from: Timestamp,
    until: Timestamp,
    columns: usize,
}

impl Scale {
    /// The column that an instant falls in; nothing outside the stretch.
    fn column(&self, time: Timestamp) -> Option<usize> {
        let length = (self.until.millis() - self.from.millis()).max(1);
        let into = time.millis().checked_sub(self.from.millis()).filter(|into| (0..=length).contains(into))?;
        let column = usize::try_from(into.saturating_mul(i64::try_from(self.columns).ok()?) / length).ok()?;
        Some(column.min(self.columns - 1))
    }

    /// The columns from one instant to another, as far as they are shown.
    fn columns(&self, from: Timestamp, until: Timestamp) -> std::ops::Range<usize> {
        if until < self.from || from > self.until {
            return 0..0;
        }
        self.column(from.max(self.from)).unwrap_or(0)..self.column(until.min(self.until)).unwrap_or(0) + 1
    }

    /// `░` planned, `█` as it went, `+` a new estimate.
    fn bar(&self, row: &TimelineRow) -> String {
        let mut bar = vec![' '; self.columns];
        for (stretch, mark) in [(row.planned, '░'), (row.actual, '█')] {
            if let Some(stretch) = stretch {
                bar[self.columns(stretch.from, stretch.until)].fill(mark);
            }
        }
        for column in row.estimates.iter().filter_map(|estimate| self.column(estimate.due)) {
            bar[column] = '+';
        }
        bar.into_iter().collect::<String>().trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_reaches_no_further_than_what_is_shown() {
        let at = Timestamp::from_millis;
        let scale = Scale { from: at(1_000), until: at(2_000), columns: 10 };
        assert_eq!(scale.columns(at(0), at(1_500)), 0..6);
        assert_eq!(scale.columns(at(1_500), at(9_000)), 5..10);
        assert_eq!(scale.columns(at(0), at(900)), 0..0);
        assert_eq!((scale.column(at(2_001)), scale.column(at(2_000))), (None, Some(9)));
    }
}
