//! The steps of a life cycle: `task start`, `assessment approve`, `feedback handle`. Which data a step carries, who may take
//! it and when, the tables of the `records` crate say; here stand only the words people type.

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgMatches, Command};
use messages::{Arg as Variable, Catalogue};
use records::{ASSESSMENT, CUSTOMER, EventKind, FEEDBACK, Field, Kind, TASK};

use super::record::of_kind;
use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::prompt;

/// What help calls a datum that is given as a word.
const PLAIN: &str = "TEXT";

/// A step as people type it.
pub(super) struct Step {
    /// The kind of record.
    pub(super) kind: &'static Kind,
    /// The word on the command line.
    pub(super) verb: &'static str,
    /// The code of the event.
    pub(super) event: &'static str,
    /// A datum that is given as a word after the id instead of by its flag.
    plain: Option<&'static str>,
}

const fn step(kind: &'static Kind, verb: &'static str, event: &'static str) -> Step {
    Step { kind, verb, event, plain: None }
}

/// Every step that people take. `received` of a feedback is how a form that was sent comes back.
static STEPS: [Step; 21] = [
    step(&CUSTOMER, "merge", "merged"),
    step(&CUSTOMER, "separate", "separated"),
    step(&CUSTOMER, "void", "void"),
    step(&ASSESSMENT, "approve", "approved"),
    step(&ASSESSMENT, "void", "void"),
    step(&TASK, "assign", "assigned"),
    step(&TASK, "start", "started"),
    Step { plain: Some("text"), ..step(&TASK, "note", "note") },
    step(&TASK, "delay", "delayed"),
    step(&TASK, "done", "done"),
    step(&TASK, "correct", "corrected"),
    step(&TASK, "review", "reviewed"),
    step(&TASK, "reassign", "reassigned"),
    step(&TASK, "cancel", "cancelled"),
    step(&TASK, "sign", "signed"),
    step(&TASK, "void", "void"),
    step(&FEEDBACK, "receive", "received"),
    step(&FEEDBACK, "handle", "handled"),
    step(&FEEDBACK, "archive", "archived"),
    step(&FEEDBACK, "correct", "corrected"),
    step(&FEEDBACK, "void", "void"),
];

/// The steps of `kind`, in the order of its life.
pub(super) fn steps_of(kind: &'static Kind) -> impl Iterator<Item = &'static Step> {
    STEPS.iter().filter(move |step| step.kind == kind)
}

impl Step {
    fn event_kind(&self) -> Option<&'static EventKind> {
        self.kind.event(self.event)
    }

    /// The data of the event, then what may be written to the record in the same step.
    fn fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        let kind = self.kind;
        let event = self.event_kind();
        let data = event.map_or(&[][..], |event| event.data).iter();
        let writes = event.map_or(&[][..], |event| event.writes).iter().filter_map(move |name| kind.field(name));
        // The digest of what was approved is computed, never typed.
        data.chain(writes).filter(|field| field.name != "digest")
    }

    fn flags(&self) -> impl Iterator<Item = &'static Field> + use<> {
        let plain = self.plain;
        self.fields().filter(move |field| Some(field.name) != plain)
    }

    /// How a datum is typed.
    fn typed(&self, field: &Field) -> String {
        if self.plain == Some(field.name) { PLAIN.to_owned() } else { arguments::spelled(field) }
    }

    /// The shape of the command.
    pub(super) fn shape(&self, texts: &Catalogue) -> Command {
        let mut command = Command::new(self.verb).arg(arguments::id_argument());
        if let Some(name) = self.plain {
            command = command.arg(Arg::new(name).value_name(PLAIN).value_parser(OsStringValueParser::new()));
        }
        arguments::with_flags(command, self.flags(), texts)
    }
}

pub(super) fn run(context: &Context, step: &Step, matches: &ArgMatches) -> Result<(), CommandError> {
    let id = arguments::id(matches)?;
    let mut values = arguments::given(matches, step.fields())?;
    let mut device = context.open()?;
    of_kind(&mut device, step.kind, id)?;
    let lacking: Vec<&'static Field> =
        step.fields().filter(|field| field.required && !values.contains_key(field.name)).collect();
    if !lacking.is_empty() {
        if !context.may_ask() {
            let lacking = lacking.iter().map(|field| (step.typed(field), field.label));
            return Err(arguments::missing(lacking, &format!("fieldbook {} {}", step.kind.code, step.verb)));
        }
        prompt::ask_all(context, step.fields(), &mut values)?;
    }
    let stored = device.step(id, step.event, values)?;
    let label = step.event_kind().map_or(step.event, |event| event.label);
    context.saved("cli-done-step", &stored, &[("step", Variable::Key(label.to_owned()))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_stands_for_an_event_of_its_kind() {
        for step in &STEPS {
            assert!(step.event_kind().is_some(), "{} {}", step.kind.code, step.verb);
        }
    }

    #[test]
    fn every_event_that_people_make_has_a_word() {
        for kind in records::FORMS {
            for event in kind.events.iter().filter(|event| !matches!(event.code, "imported" | "resolved")) {
                assert!(steps_of(kind).any(|step| step.event == event.code), "{} {}", kind.code, event.code);
            }
        }
    }
}
