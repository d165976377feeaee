//! What every command is given: the language, the streams, the home.

use std::path::PathBuf;

use clap::ArgMatches;
use device::{Device, Stored};
use messages::{Arg, Catalogue, Message};
use vocab::DeviceKey;

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::printer::{Printer, Tone};
use crate::record_view;

/// What the engine says when a command changed nothing.
const UNCHANGED: &str = "device-notice-unchanged";

/// The surroundings of one command.
pub(crate) struct Context {
    /// What the process was started with.
    pub(crate) env: Environment,
    /// Every text, in the chosen language.
    pub(crate) texts: &'static Catalogue,
    /// Where output goes.
    pub(crate) printer: Printer,
    /// Whether standard output carries one JSON value.
    pub(crate) json: bool,
    home: Option<PathBuf>,
}

impl Context {
    pub(crate) fn new(env: Environment, texts: &'static Catalogue, printer: Printer, matches: &ArgMatches) -> Self {
        let home = matches.get_one::<PathBuf>("home").cloned().or_else(|| env.data_dir.clone());
        Context { env, texts, printer, json: matches.get_flag("json"), home }
    }

    /// The text with this key.
    pub(crate) fn text(&self, key: &str) -> String {
        self.texts.text(key, &[])
    }

    /// The text with this key and these variables.
    pub(crate) fn text_with(&self, key: &str, args: &[(&str, Arg)]) -> String {
        self.texts.text(key, args)
    }

    /// The directory that keeps this device's book.
    pub(crate) fn home(&self) -> Result<PathBuf, CommandError> {
        self.home
            .clone()
            .filter(|home| !home.as_os_str().is_empty())
            .ok_or_else(|| CommandError::usage(Message::new("cli-error-no_home")).hint(Message::new("cli-hint-home")))
    }

    /// The book of this device.
    pub(crate) fn open(&self) -> Result<Device, CommandError> {
        Ok(Device::open(&self.home()?)?)
    }

    /// The devices that people here know by a name: this one.
    pub(crate) fn known_devices(&self, device: &mut Device) -> Result<Vec<(DeviceKey, String)>, CommandError> {
        Ok(vec![(device.identity()?.key, self.text("cli-device-this"))])
    }

    /// Whether what is missing may be asked for: somebody sits at a terminal and no script waits for JSON.
    pub(crate) fn may_ask(&self) -> bool {
        self.env.can_ask && !self.json
    }

    /// A line for the person: done, and what.
    pub(crate) fn done(&self, line: &str) {
        let mark = self.printer.err.tone(Tone::Good, "✓");
        self.printer.note(&format!("{mark} {line}"));
    }

    /// A line for the person that explains the one before.
    pub(crate) fn detail(&self, line: &str) {
        self.printer.note(&format!("  {}", self.printer.err.tone(Tone::Faint, line)));
    }

    /// A line at the terminal that the next one takes the place of; an empty one clears it. Nothing where nobody watches.
    pub(crate) fn progress(&self, line: &str) {
        if self.env.live_err && !self.json {
            self.printer.note_raw(&format!("\r\u{1b}[2K{}", self.printer.err.tone(Tone::Faint, line)));
        }
    }

    /// Runs `work` to its end. Only commands that talk to a relay start the runtime.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> Result<T, CommandError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| CommandError::refused(Message::new("cli-error-runtime")).caused_by(error))?;
        Ok(runtime.block_on(work))
    }

    /// A line for the person that wants attention.
    pub(crate) fn warn(&self, line: &str) {
        let mark = self.printer.err.tone(Tone::Warn, "!");
        self.printer.note(&format!("{mark} {line}"));
    }

    /// What was saved: the record as JSON, or its id on standard output and a line about it for the person.
    pub(crate) fn saved(&self, key: &str, stored: &Stored, more: &[(&'static str, Arg)]) -> Result<(), CommandError> {
        for notice in &stored.notices {
            self.warn(&self.texts.render(notice));
        }
        if self.json {
            return Ok(self.printer.json(&stored.json)?);
        }
        let id = format!("{}\n", record_view::id_of(&stored.json));
        if stored.notices.iter().any(|notice| notice.key == UNCHANGED) {
            return Ok(self.printer.data(&id)?);
        }
        let kind = record_view::kind_of(&stored.json).map_or("", |kind| kind.label);
        let mut args =
            vec![("kind", Arg::Key(kind.to_owned())), ("title", record_view::title(self, &stored.json).into())];
        args.extend_from_slice(more);
        self.done(&self.text_with(key, &args));
        Ok(self.printer.data(&id)?)
    }

    /// A line for the person: a command to go on with.
    pub(crate) fn next(&self, command: &str) {
        let word = self.printer.err.tone(Tone::Faint, &self.text("cli-next"));
        self.printer.note(&format!("  {word} {command}"));
    }
}
