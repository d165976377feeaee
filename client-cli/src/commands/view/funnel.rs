//! How many needs were raised each month and how far they came, with the time each step took.

use device::Device;
use device::views::FunnelAsk;

use super::Asked;
use crate::command_error::CommandError;
use crate::due_view::duration;
use crate::printer::Tone;
use crate::table::{self, Toned};

const STEPS: [&str; 5] = ["collect", "assess", "execute", "feedback", "improve"];

pub(super) fn run(asked: &Asked<'_>, device: &mut Device) -> Result<(), CommandError> {
    let (month, months_back) = asked.months()?;
    let funnel = device.funnel(&FunnelAsk { as_of: asked.as_of, month, months_back })?;
    asked.show(&funnel, || {
        let headings: Vec<String> = std::iter::once(asked.text("cli-view-month"))
            .chain(STEPS.iter().map(|step| asked.text(&format!("cli-view-step-{step}"))))
            .collect();
        let rows: Vec<Vec<Toned>> = funnel
            .months
            .iter()
            .map(|month| {
                let reached = [month.collect, month.assess, month.execute, month.feedback, month.improve];
                let medians = [
                    None,
                    month.median_minutes.assess,
                    month.median_minutes.execute,
                    month.median_minutes.feedback,
                    month.median_minutes.improve,
                ];
                let cell = |(n, median): (u64, Option<i64>)| {
                    let share = (n * 100).checked_div(month.collect).filter(|_| n < month.collect);
                    let mut text = share.map_or_else(|| n.to_string(), |share| format!("{n} {share}%"));
                    if let Some(minutes) = median {
                        text.push_str(&format!(" {}", duration(asked.context.texts, minutes)));
                    }
                    (text, Tone::Plain)
                };
                let cells = reached.into_iter().zip(medians).map(cell);
                std::iter::once((month.month.to_string(), Tone::Strong)).chain(cells).collect()
            })
            .collect();
        let headings: Vec<(&str, bool)> = headings.iter().map(|heading| (heading.as_str(), true)).collect();
        let width = asked.context.printer.width;
        let table = table::one_line_rows(asked.context.printer.out, width, &headings, &rows);
        Some(format!("{table}{}\n", asked.context.printer.out.tone(Tone::Faint, &asked.text("cli-view-funnel-legend"))))
    })
}
