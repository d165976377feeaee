//! `doctor`: checks the file, every document and every derived row; `--rebuild` makes the rows anew.

use clap::{Arg as ClapArg, ArgAction, ArgMatches, Command};
use device::DoctorReport;
use messages::{Arg, Catalogue, Message};

use crate::command_error::{CommandError, Failure};
use crate::context::Context;

pub(super) fn shape(command: Command, _texts: &Catalogue) -> Command {
    command.arg(ClapArg::new("rebuild").long("rebuild").action(ArgAction::SetTrue))
}

pub(super) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let report = context.open()?.doctor(matches.get_flag("rebuild"))?;
    if context.json {
        context.printer.json(&report)?;
    } else {
        let args = [("dossiers", Arg::from(report.documents)), ("records", report.records.into())];
        if report.rebuilt {
            context.done(&context.text_with("cli-doctor-rebuilt", &args));
        }
        if report.fitted > 0 {
            context.done(&context.text_with("cli-doctor-fitted", &[("count", report.fitted.into())]));
        }
        if report.ok {
            context.done(&context.text_with("cli-doctor-done", &args));
        }
    }
    if report.ok { Ok(()) } else { Err(CommandError::several(Failure::Refused, findings(&report)).told_in_json()) }
}

/// What is wrong, each with what to do.
fn findings(report: &DoctorReport) -> Vec<Message> {
    let file = report.file.iter().map(|what| Message::new("cli-doctor-file").with("what", what.as_str()));
    let document = |key: &'static str| move |doc: &vocab::DocId| Message::new(key).with("doc", doc.to_string());
    let damaged = report.damaged.iter().map(document("cli-doctor-damaged"));
    let set_aside = report.set_aside.iter().map(document("cli-doctor-set_aside"));
    let differ = (report.rows_differ && !report.rebuilt).then(|| Message::new("cli-doctor-rows"));
    file.chain(damaged).chain(set_aside).chain(differ).collect()
}
