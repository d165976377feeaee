//! The program's name alone: what a newcomer can do next.

use crate::command_error::CommandError;
use crate::context::Context;
use crate::printer::Tone;
use crate::table::{pad, width};

/// What is shown, by heading: commands that work when typed as they stand, and what they do.
const STEPS: [(&str, &[(&str, &str)]); 3] = [
    (
        "cli-help-welcome-start",
        &[
            ("fieldbook init", "cli-help-welcome-init"),
            ("fieldbook customer add", "cli-help-welcome-customer"),
            ("fieldbook customer list", "cli-help-welcome-list"),
            ("fieldbook due", "cli-help-welcome-due"),
        ],
    ),
    (
        "cli-help-welcome-share",
        &[
            ("fieldbook enrol --relay URL --invite CODE", "cli-help-welcome-enrol"),
            ("fieldbook sync", "cli-help-welcome-sync"),
        ],
    ),
    (
        "cli-help-welcome-look",
        &[("fieldbook demo", "cli-help-welcome-demo"), ("fieldbook --help", "cli-help-welcome-help")],
    ),
];

pub(super) fn run(context: &Context) -> Result<(), CommandError> {
    let out = context.printer.out;
    let columns = STEPS.iter().flat_map(|(_, steps)| *steps).map(|(command, _)| width(command)).max().unwrap_or(0) + 3;
    let title = out.tone(Tone::Strong, &context.text("cli-help-welcome-title"));
    let mut text = format!("{title}\n{}\n", context.text("cli-help-welcome-pitch"));
    for (heading, steps) in STEPS {
        text.push_str(&format!("\n{}\n", out.tone(Tone::Strong, &context.text(heading))));
        for (command, what) in steps {
            text.push_str(&format!("  {}{}\n", pad(command, columns), out.tone(Tone::Faint, &context.text(what))));
        }
    }
    Ok(context.printer.data(&text)?)
}
