//! The steps of a life cycle: `task start`, `assessment approve`, `order ship`. Which data a step carries, who may take it and
//! when, the tables of the `records` crate say; here stand only the words people type.

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgMatches, Command};
use device::DeviceError;
use messages::{Arg as Variable, Catalogue, Message};
use records::{EventKind, Field, Invalid, Kind};

use super::kinds::{self, KindCommands};
use super::record::of_kind;
use crate::arguments;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::prompt;

/// What help calls a datum that is given as a word.
const PLAIN: &str = "TEXT";

/// Words for steps whose code is not what people type: the code, the word. Others (`done`, `note`, `void`) are typed as they are.
const VERBS: [(&str, &str); 39] = [
    ("adjusted", "adjust"),
    ("answered", "answer"),
    ("approved", "approve"),
    ("archived", "archive"),
    ("assessed", "assess"),
    ("assigned", "assign"),
    ("cancelled", "cancel"),
    ("checked", "check"),
    ("closed", "close"),
    ("collected", "collect"),
    ("confirmed", "confirm"),
    ("corrected", "correct"),
    ("delayed", "delay"),
    ("delivered", "deliver"),
    ("executing", "execute"),
    ("follow_up", "follow-up"),
    ("followed_up", "follow-up"),
    ("handled", "handle"),
    ("held", "hold"),
    ("installed", "install"),
    ("investigating", "investigate"),
    ("merged", "merge"),
    ("monitored", "monitor"),
    ("reassigned", "reassign"),
    ("received", "receive"),
    ("refreshed", "refresh"),
    ("reopened", "reopen"),
    ("replanned", "replan"),
    ("replied", "reply"),
    ("reported", "report"),
    ("responding", "respond"),
    ("reviewed", "review"),
    ("separated", "separate"),
    ("shipped", "ship"),
    ("signed", "sign"),
    ("solution", "solve"),
    ("started", "start"),
    ("swapped", "swap"),
    ("transferred", "transfer"),
];

/// Events that people do not make by a step: what a table states, what `conflicts resolve` decides.
const NOT_TYPED: [&str; 2] = ["imported", "resolved"];

/// A step as people type it.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// The kind of record.
    pub(super) kind: &'static Kind,
    /// The word on the command line.
    pub(super) verb: &'static str,
    /// The event.
    pub(super) event: &'static EventKind,
    /// A datum that is given as a word after the id instead of by its flag.
    plain: Option<&'static str>,
}

/// The word for a step.
pub(super) fn verb(event: &'static EventKind) -> &'static str {
    VERBS.iter().find(|(code, _)| *code == event.code).map_or(event.code, |(_, verb)| verb)
}

/// The steps of `kind`, in the order of its life.
pub(super) fn steps_of(kind: &'static Kind) -> impl Iterator<Item = Step> {
    kind.events.iter().filter(|event| !NOT_TYPED.contains(&event.code)).map(move |event| Step {
        kind,
        verb: verb(event),
        event,
        plain: (event.code == "note").then_some("text"),
    })
}

impl Step {
    /// The data of the event, then what may be written to the record in the same step.
    fn fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        let kind = self.kind;
        let writes = self.event.writes.iter().filter_map(move |name| kind.field(name));
        // The digest of what was approved is computed, never typed.
        self.event.data.iter().chain(writes).filter(|field| field.name != "digest")
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
    pub(super) fn shape(&self, commands: &KindCommands, texts: &Catalogue) -> Command {
        let about = self.about(commands, texts);
        let mut command = Command::new(self.verb).about(about).arg(arguments::id_argument());
        if let Some(name) = self.plain {
            command = command.arg(Arg::new(name).value_name(PLAIN).value_parser(OsStringValueParser::new()));
        }
        arguments::with_flags(command, self.flags(), texts)
    }

    /// What the step does: in words of its own, else its name, from which state it is taken and who may.
    fn about(&self, commands: &KindCommands, texts: &Catalogue) -> String {
        let any = if self.event.code == "void" { "cli-help-any-void" } else { "cli-help-any-step" };
        let own = format!("cli-help-{}-{}", commands.name, self.verb);
        let roles = self.event.right.roles().iter().map(|role| format!("role-{role}")).collect();
        let args = [
            ("kind", Variable::Key(self.kind.label.to_owned())),
            ("step", Variable::Key(self.event.label.to_owned())),
            ("roles", Variable::Keys(roles)),
        ];
        texts.text(if texts.has(&own) { &own } else { any }, &args)
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
            return Err(arguments::missing(lacking, &format!("fieldbook {} {}", kinds::name_of(step.kind), step.verb)));
        }
        prompt::ask_all(context, step.fields(), &mut values)?;
    }
    let stored = device.step(id, step.event.code, values).map_err(|error| with_way_out(error, step.kind, id))?;
    context.saved("cli-done-step", &stored, &[("step", Variable::Key(step.event.label.to_owned()))])
}

/// A step that the state does not allow, with what to type instead.
fn with_way_out(error: DeviceError, kind: &'static Kind, id: &str) -> CommandError {
    let allowed: Vec<&'static str> = match &error {
        DeviceError::Invalid(Invalid::Step { allowed, .. }) => {
            steps_of(kind).filter(|step| allowed.contains(&step.event.label)).map(|step| step.verb).collect()
        }
        _ => Vec::new(),
    };
    let error = CommandError::from(error);
    if allowed.is_empty() {
        return error;
    }
    let command = format!("fieldbook {} {} {id}", kinds::name_of(kind), allowed.join("|"));
    error.hint(Message::new("cli-hint-try").with("command", command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_a_kind_are_told_apart_by_their_words() {
        for kind in records::ALL_KINDS {
            let mut verbs: Vec<&str> =
                steps_of(kind).map(|step| step.verb).chain(["add", "edit", "show", "list"]).collect();
            let count = verbs.len();
            verbs.sort_unstable();
            verbs.dedup();
            assert_eq!(verbs.len(), count, "{}: {verbs:?}", kind.code);
        }
    }

    #[test]
    fn every_word_stands_for_an_event_that_some_kind_has() {
        for (code, _) in VERBS {
            assert!(records::ALL_KINDS.into_iter().any(|kind| kind.event(code).is_some()), "{code}");
        }
    }
}
