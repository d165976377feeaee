//! Where the branch stands in each step of the closed loop. Colour never alone: a letter says the same.

use device::Device;
use device::views::Colour;

use super::Asked;
use crate::command_error::CommandError;
use crate::printer::Tone;
use crate::table::{self, Toned};

pub(super) fn run(asked: &Asked<'_>, device: &mut Device) -> Result<(), CommandError> {
    let matrix = device.matrix(asked.as_of)?;
    asked.show(&matrix, || {
        let headings = ["step", "light", "open", "soon", "overdue", "high_overdue"]
            .map(|name| asked.text(&format!("cli-view-{name}")));
        let steps = matrix.branches.iter().flat_map(|branch| &branch.steps);
        let rows: Vec<Vec<Toned>> = steps
            .map(|step| {
                let tone = match step.colour {
                    Colour::Red => Tone::Bad,
                    Colour::Amber => Tone::Warn,
                    Colour::Green => Tone::Good,
                    Colour::Grey => Tone::Faint,
                };
                let number = |n: u64| (n.to_string(), Tone::Plain);
                vec![
                    (asked.text(&format!("cli-view-step-{}", step.step.code())), Tone::Strong),
                    (step.letter.to_owned(), tone),
                    number(step.open),
                    number(step.soon),
                    number(step.overdue),
                    number(step.high_overdue),
                ]
            })
            .collect();
        let headings: Vec<(&str, bool)> = headings.iter().map(|heading| (heading.as_str(), true)).collect();
        let width = asked.context.printer.width;
        let table = table::one_line_rows(asked.context.printer.out, width, &headings, &rows);
        Some(format!("{table}{}\n", asked.context.printer.out.tone(Tone::Faint, &asked.text("cli-view-matrix-legend"))))
    })
}
