//! The flow of complaints: what waits in which step, whose it is, for how long.

use device::Device;

use super::Asked;
use crate::command_error::CommandError;
use crate::due_view::{self, duration};
use crate::printer::Tone;
use crate::table::{self, Toned};

pub(super) fn run(asked: &Asked<'_>, device: &mut Device) -> Result<(), CommandError> {
    let complaints = device.complaints(asked.as_of)?;
    let texts = asked.context.texts;
    asked.show(&complaints, || {
        let paint = asked.context.printer.out;
        let named = |step: &str| asked.text(&format!("enum-complaint_state-{step}"));
        let flow: Vec<String> =
            complaints.steps.iter().map(|step| format!("{} {}", named(step.step), step.count)).collect();
        let mut text = format!("{}\n", paint.tone(Tone::Strong, &flow.join(" → ")));
        let headings =
            ["step", "record", "severity", "owner", "age", "state"].map(|name| asked.text(&format!("cli-view-{name}")));
        let rows: Vec<Vec<Toned>> = complaints
            .steps
            .iter()
            .flat_map(|step| step.items.iter().map(move |item| (step.step, item)))
            .map(|(step, item)| {
                let severity = item.severity.as_deref().map(|code| asked.text(&format!("enum-severity-{code}")));
                vec![
                    (named(step), Tone::Plain),
                    (item.record.to_string(), Tone::Strong),
                    (severity.unwrap_or_default(), Tone::Plain),
                    (item.owner.clone().unwrap_or_else(|| "-".to_owned()), Tone::Plain),
                    (duration(texts, item.age_minutes), Tone::Plain),
                    due_view::state(texts, item.state),
                ]
            })
            .collect();
        if !rows.is_empty() {
            let headings: Vec<(&str, bool)> =
                headings.iter().enumerate().map(|(place, heading)| (heading.as_str(), place == 1)).collect();
            text.push_str(&table::one_line_rows(paint, asked.context.printer.width, &headings, &rows));
        }
        Some(text)
    })
}
