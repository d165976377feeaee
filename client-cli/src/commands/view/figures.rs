//! The key figures of a month, each with how many it rests on: the branch over some months, then each person in the month.

use device::Device;
use device::views::{Figures, FiguresAsk, Mean, Median, MonthFigures, Rate};

use super::Asked;
use crate::command_error::CommandError;
use crate::due_view::duration;
use crate::printer::Tone;
use crate::table::{self, Toned};

/// A figure: its key, and how it is read.
type Figure = (&'static str, fn(&Figures) -> Shown);

/// A figure as it is shown.
enum Shown {
    Share(Rate),
    Average(Mean),
    Minutes(Median),
}

const FIGURES: [Figure; 11] = [
    ("mean_score", |figures| Shown::Average(figures.mean_score)),
    ("good_scores", |figures| Shown::Share(figures.good_scores)),
    ("first_reply", |figures| Shown::Share(figures.first_reply)),
    ("first_reply_minutes", |figures| Shown::Minutes(figures.first_reply_minutes)),
    ("resolved", |figures| Shown::Share(figures.resolved)),
    ("complaints", |figures| Shown::Share(figures.complaints)),
    ("on_time", |figures| Shown::Share(figures.on_time)),
    ("first_visit_fix", |figures| Shown::Share(figures.first_visit_fix)),
    ("retention", |figures| Shown::Share(figures.retention)),
    ("repeat_purchase", |figures| Shown::Share(figures.repeat_purchase)),
    ("visits", |figures| Shown::Share(figures.visits)),
];

/// What a table of people shows, so that it fits a terminal of 80 columns.
const OF_PEOPLE: [&str; 5] = ["mean_score", "on_time", "first_reply", "resolved", "visits"];

pub(super) fn run(asked: &Asked<'_>, device: &mut Device) -> Result<(), CommandError> {
    let (month, months_back) = asked.months()?;
    let ask = FiguresAsk { month, months_back, ..FiguresAsk::at(asked.as_of) };
    let figures = device.figures(ask)?;
    asked.show(&figures, || {
        let months: Vec<&MonthFigures> = figures.months.iter().chain([&figures.asked]).collect();
        let mut text = branch(asked, &months);
        if !figures.asked.people.is_empty() {
            text.push_str(&format!("\n{}", people(asked, &figures.asked)));
        }
        Some(text)
    })
}

/// `93% 28/30`, `4.2 (30)`, `35 min (12)`; nothing where nothing was counted.
fn cell(asked: &Asked<'_>, shown: &Shown) -> String {
    match shown {
        Shown::Share(Rate { of: 0, .. }) | Shown::Average(Mean { n: 0, .. }) => "-".to_owned(),
        Shown::Share(Rate { n, of }) => format!("{}% {n}/{of}", n * 100 / of),
        Shown::Average(Mean { n, sum }) => {
            // To a tenth, rounded down, in whole numbers.
            let tenths = sum * 10 / i64::try_from(*n).unwrap_or(i64::MAX);
            format!("{}.{} ({n})", tenths / 10, tenths % 10)
        }
        Shown::Minutes(Median { n, median }) => match median {
            Some(minutes) => format!("{} ({n})", duration(asked.context.texts, *minutes)),
            None => "-".to_owned(),
        },
    }
}

fn table(asked: &Asked<'_>, headings: &[String], rows: &[Vec<Toned>]) -> String {
    let headings: Vec<(&str, bool)> =
        headings.iter().enumerate().map(|(place, heading)| (heading.as_str(), place > 0)).collect();
    table::one_line_rows(asked.context.printer.out, asked.context.printer.width, &headings, rows)
}

fn branch(asked: &Asked<'_>, months: &[&MonthFigures]) -> String {
    let headings: Vec<String> = std::iter::once(asked.text("cli-view-figure"))
        .chain(months.iter().map(|month| month.month.to_string()))
        .collect();
    let row = |label: String, read: &dyn Fn(&Figures) -> Shown| -> Vec<Toned> {
        let cells = months.iter().map(|month| (cell(asked, &read(&month.branch)), Tone::Plain));
        std::iter::once((label, Tone::Strong)).chain(cells).collect()
    };
    let mut rows: Vec<Vec<Toned>> =
        FIGURES.iter().map(|(name, read)| row(asked.text(&format!("cli-figure-{name}")), read)).collect();
    let mut codes: Vec<_> = months.iter().flat_map(|month| month.branch.limits.keys().copied()).collect();
    codes.sort_unstable();
    codes.dedup();
    for code in codes {
        let name = format!("{} {}", code.code(), asked.text(&format!("limit-{}", code.code())));
        let read = move |figures: &Figures| Shown::Share(figures.limits.get(&code).copied().unwrap_or_default());
        rows.push(row(name, &read));
    }
    table(asked, &headings, &rows)
}

fn people(asked: &Asked<'_>, month: &MonthFigures) -> String {
    let shown: Vec<&Figure> = FIGURES.iter().filter(|(name, _)| OF_PEOPLE.contains(name)).collect();
    let headings: Vec<String> = std::iter::once(asked.text("cli-view-person"))
        .chain(shown.iter().map(|(name, _)| asked.text(&format!("cli-figure-short-{name}"))))
        .collect();
    let rows: Vec<Vec<Toned>> = month
        .people
        .iter()
        .map(|person| {
            let cells = shown.iter().map(|(_, read)| (cell(asked, &read(&person.figures)), Tone::Plain));
            std::iter::once((person.person.clone(), Tone::Strong)).chain(cells).collect()
        })
        .collect();
    table(asked, &headings, &rows)
}
