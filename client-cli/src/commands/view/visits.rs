//! How many visits of the year each customer has had: those behind first.

use clap::Command;
use device::Device;
use device::views::VisitsAsk;
use records::limits::VisitState;

use super::Asked;
use crate::arguments;
use crate::command_error::CommandError;
use crate::printer::Tone;
use crate::table::{self, Toned};

/// Customers shown to a person at once; `--json` gives all of them.
const SHOWN_MAX: usize = 50;

pub(super) fn shape(command: Command) -> Command {
    command.arg(arguments::option("staff", "NAME"))
}

pub(super) fn run(asked: &Asked<'_>, device: &mut Device) -> Result<(), CommandError> {
    let staff = arguments::text(asked.matches, "staff", "--staff")?.map(str::to_owned);
    let visits = device.visits(&VisitsAsk { as_of: asked.as_of, staff })?;
    asked.show(&visits, || {
        if visits.customers.is_empty() {
            return None;
        }
        let headings = ["customer", "grade", "staff", "required", "done", "planned", "compliance"]
            .map(|name| asked.text(&format!("cli-view-{name}")));
        let rows: Vec<Vec<Toned>> = visits
            .customers
            .iter()
            .take(SHOWN_MAX)
            .map(|visits| {
                let (state, tone) = match visits.state {
                    VisitState::Behind => ("behind", Tone::Bad),
                    VisitState::AtRisk => ("at_risk", Tone::Warn),
                    VisitState::OnTrack => ("on_track", Tone::Good),
                    VisitState::Met => ("met", Tone::Good),
                };
                let grade = visits.grade.as_deref().map(|code| asked.text(&format!("enum-grade-{code}")));
                vec![
                    (visits.customer.to_string(), Tone::Strong),
                    (grade.unwrap_or_default(), Tone::Plain),
                    (visits.staff.clone().unwrap_or_default(), Tone::Plain),
                    (visits.required.map_or_else(|| "-".to_owned(), |n| n.to_string()), Tone::Plain),
                    (visits.done.to_string(), Tone::Plain),
                    (visits.planned.to_string(), Tone::Plain),
                    (asked.text(&format!("cli-visits-{state}")), tone),
                ]
            })
            .collect();
        let headings: Vec<(&str, bool)> =
            headings.iter().enumerate().map(|(place, heading)| (heading.as_str(), place == 0)).collect();
        Some(table::one_line_rows(asked.context.printer.out, asked.context.printer.width, &headings, &rows))
    })?;
    if !asked.context.json && visits.customers.len() > SHOWN_MAX {
        let counts = [("shown", SHOWN_MAX.into()), ("total", visits.customers.len().into())];
        asked.context.detail(&asked.context.text_with("cli-view-more", &counts));
    }
    Ok(())
}
