//! What a command may fail with: its kind, what is wrong, what to do about it, and the exit code, in one place.

use std::error::Error;
use std::io;

use device::DeviceError;
use messages::{Catalogue, Message};
use serde_json::{Value, json};

use crate::printer::{Printer, Tone};

/// What sort of failure it is, which decides the exit code (shared/commands.md is the contract).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Refused or failed; the message says what to do.
    Refused,
    /// The command line itself is wrong.
    Usage,
    /// Saved on this device, but the relay could not be reached.
    Unreachable,
    /// Nobody reads our output any more (`| head`): not a failure worth a word.
    NobodyReads,
}

impl Failure {
    /// The exit code of the process.
    pub(crate) const fn exit(self) -> u8 {
        match self {
            Failure::NobodyReads => 0,
            Failure::Refused => 1,
            Failure::Usage => 2,
            Failure::Unreachable => 3,
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Failure::Refused | Failure::NobodyReads => "refused",
            Failure::Usage => "usage",
            Failure::Unreachable => "unreachable",
        }
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct CommandError {
    kind: Failure,
    messages: Vec<Message>,
    /// What the engine said; it renders its own message, and every problem of a table.
    engine: Option<Box<DeviceError>>,
    /// The command's own JSON value told it already.
    in_json: bool,
    hints: Vec<Message>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl CommandError {
    pub(crate) fn new(kind: Failure, message: Message) -> Self {
        CommandError::several(kind, vec![message])
    }

    /// A refusal with this message.
    pub(crate) fn refused(message: Message) -> Self {
        CommandError::new(Failure::Refused, message)
    }

    /// Wrong usage with this message.
    pub(crate) fn usage(message: Message) -> Self {
        CommandError::new(Failure::Usage, message)
    }

    /// A failure for several reasons, all told at once so that they can be fixed at once.
    pub(crate) fn several(kind: Failure, messages: Vec<Message>) -> Self {
        CommandError { kind, messages, engine: None, in_json: false, hints: Vec::new(), source: None }
    }

    /// How many reasons there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.messages.len()
    }

    /// The same error with what to do about it.
    pub(crate) fn hint(mut self, hint: Message) -> Self {
        self.hints.push(hint);
        self
    }

    /// The same error with what it came from.
    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error, after a report in JSON that tells it.
    pub(crate) fn told_in_json(mut self) -> Self {
        self.in_json = true;
        self
    }

    /// Every reason, in the language of `texts`.
    fn reasons(&self, texts: &Catalogue) -> Vec<String> {
        let own = self.messages.iter().map(|message| texts.render(message));
        let engine = self
            .engine
            .iter()
            .flat_map(|error| std::iter::once(texts.render(&error.message())).chain(error.details(texts)));
        own.chain(engine).collect()
    }

    /// What sort of failure it is.
    pub(crate) const fn kind(&self) -> Failure {
        self.kind
    }

    /// Tells the person, and with `--json` the script as well: exactly one JSON value, also when it failed.
    pub(crate) fn tell(&self, printer: &Printer, texts: &Catalogue, as_json: bool) {
        if self.kind == Failure::NobodyReads {
            return;
        }
        let word = printer.err.tone(Tone::Bad, &texts.text("cli-error", &[]));
        for reason in self.reasons(texts) {
            printer.note(&labelled(&word, &reason));
        }
        for cause in self.causes() {
            let word = printer.err.tone(Tone::Faint, &texts.text("cli-error-cause", &[]));
            printer.note(&labelled(&word, &cause));
        }
        for hint in &self.hints {
            let word = printer.err.tone(Tone::Strong, &texts.text("cli-error-hint", &[]));
            printer.note(&labelled(&word, &texts.render(hint)));
        }
        if as_json && !self.in_json {
            // Nobody left to read it is not worse than the error itself.
            let _ = printer.json(&self.to_json(texts));
        }
    }

    fn to_json(&self, texts: &Catalogue) -> Value {
        let keys = self.messages.iter().map(|message| message.key.clone());
        let keys: Vec<String> = keys.chain(self.engine.iter().map(|error| error.message().key)).collect();
        let hints: Vec<String> = self.hints.iter().map(|hint| texts.render(hint)).collect();
        json!({
            "error": {
                "code": self.kind.code(),
                "exit": self.kind.exit(),
                "message": self.reasons(texts).join("\n"),
                "reasons": keys,
                "causes": self.causes(),
                "hints": hints,
            }
        })
    }

    /// The chain of causes, outermost first; a cause that merely repeats the one before it is left out.
    fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        let mut next: Option<&(dyn Error + 'static)> = self.source.as_deref().map(|source| source as _);
        while let Some(cause) = next {
            let text = cause.to_string();
            if !causes.last().is_some_and(|last| last.ends_with(&text)) {
                causes.push(text);
            }
            next = cause.source();
        }
        causes
    }
}

/// A word and what it announces: Chinese colons bring their own space.
fn labelled(word: &str, text: &str) -> String {
    let space = if word.contains('：') { "" } else { " " };
    format!("{word}{space}{text}")
}

/// What the engine refused: its messages say what to do.
impl From<DeviceError> for CommandError {
    fn from(error: DeviceError) -> Self {
        let kind = match error.failure() {
            device::Failure::Refused => Failure::Refused,
            device::Failure::Unreachable => Failure::Unreachable,
        };
        CommandError { engine: Some(Box::new(error)), ..CommandError::several(kind, Vec::new()) }
    }
}

/// Only writing our own output goes through this; other I/O names its file.
impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            CommandError::new(Failure::NobodyReads, Message::new("cli-error-output"))
        } else {
            CommandError::refused(Message::new("cli-error-output")).caused_by(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocab::Lang;

    #[test]
    fn exit_codes_are_those_of_the_contract() {
        let exits = [Failure::NobodyReads, Failure::Refused, Failure::Usage, Failure::Unreachable].map(Failure::exit);
        assert_eq!(exits, [0, 1, 2, 3]);
    }

    #[test]
    fn a_closed_pipe_is_not_a_failure_but_a_full_disk_is() {
        let closed = CommandError::from(io::Error::from(io::ErrorKind::BrokenPipe));
        let full = CommandError::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!((closed.kind().exit(), full.kind().exit()), (0, 1));
    }

    #[test]
    fn an_error_in_json_carries_message_hint_and_exit_code() {
        let error = CommandError::usage(Message::new("cli-error-output"))
            .hint(Message::new("cli-hint-help").with("command", "fieldbook"))
            .caused_by(io::Error::other("why"));
        let json = error.to_json(Catalogue::of(Lang::En));
        assert_eq!(json["error"]["exit"], 2);
        assert_eq!(json["error"]["causes"][0], "why");
        assert!(json["error"]["hints"][0].as_str().unwrap().contains("fieldbook --help"));
    }
}
