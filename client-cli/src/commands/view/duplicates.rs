//! Customers that may have been entered twice.

use clap::Command;
use device::Device;
use device::views::Certainty;

use super::Asked;
use crate::arguments;
use crate::command_error::CommandError;
use crate::printer::Tone;
use crate::table::{self, Toned};

pub(super) fn shape(command: Command) -> Command {
    command.arg(arguments::option("customer", "ID"))
}

pub(super) fn run(asked: &Asked<'_>, device: &mut Device) -> Result<(), CommandError> {
    let customer = arguments::text(asked.matches, "customer", "--customer")?;
    let duplicates = device.duplicates(customer)?;
    asked.show(&duplicates, || {
        let headings = ["a", "b", "certainty", "why", "alike"].map(|name| asked.text(&format!("cli-view-twin-{name}")));
        let rows: Vec<Vec<Toned>> = duplicates
            .pairs
            .iter()
            .map(|pair| {
                let tone = if pair.certainty == Certainty::Certain { Tone::Bad } else { Tone::Warn };
                let why: Vec<String> =
                    pair.why.iter().map(|why| asked.text(&format!("cli-view-why-{}", why.code()))).collect();
                let alike = pair.alike_percent.map_or_else(String::new, |percent| format!("{percent}%"));
                vec![
                    (pair.a.to_string(), Tone::Strong),
                    (pair.b.to_string(), Tone::Strong),
                    (asked.text(&format!("cli-view-certainty-{}", pair.certainty.code())), tone),
                    (why.join(&asked.text("cli-separator")), Tone::Plain),
                    (alike, Tone::Plain),
                ]
            })
            .collect();
        if rows.is_empty() {
            return None;
        }
        let headings: Vec<(&str, bool)> =
            headings.iter().enumerate().map(|(place, heading)| (heading.as_str(), place < 2)).collect();
        Some(table::one_line_rows(asked.context.printer.out, asked.context.printer.width, &headings, &rows))
    })?;
    if let (Some(pair), false) = (duplicates.pairs.first(), asked.context.json) {
        asked.context.next(&format!("fieldbook customer merge {} {}", pair.a, pair.b));
    }
    Ok(())
}
