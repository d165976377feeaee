//! Where output goes: data on standard output, everything else on standard error; colour only where a person sees it.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::environment::Environment;

/// What a piece of text is, which decides how it looks at a terminal. Colour never says anything that the words do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it is.
    Plain,
    /// A title, an id, the name of a column.
    Strong,
    /// What one may skip: labels, units, explanations.
    Faint,
    /// Done, met, equal.
    Good,
    /// Wants somebody's eyes: a conflict, a refusal that can wait.
    Warn,
    /// Failed.
    Bad,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Tone::Plain => Style::new(),
            Tone::Strong => Style::new().bold(),
            Tone::Faint => Style::new().dimmed(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Warn => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// Text with tones, made plain or coloured for one of the two streams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    colour: bool,
}

impl Paint {
    /// Text for a stream that may or may not carry colour.
    pub(crate) const fn new(colour: bool) -> Self {
        Paint { colour }
    }

    /// Whether this stream carries colour.
    pub(crate) const fn is_coloured(self) -> bool {
        self.colour
    }

    /// `text` in `tone`.
    pub(crate) fn tone(self, tone: Tone, text: &str) -> String {
        if !self.colour || tone == Tone::Plain || text.is_empty() {
            return text.to_owned();
        }
        let style = tone.style();
        let mut painted = String::with_capacity(text.len() + 12);
        // Writing to a String cannot fail.
        let _ = write!(painted, "{style}{text}{style:#}");
        painted
    }
}

/// The two streams of this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    /// For what goes to standard output.
    pub(crate) out: Paint,
    /// For what goes to standard error.
    pub(crate) err: Paint,
    /// Columns that a table may take.
    pub(crate) width: usize,
}

impl Printer {
    pub(crate) fn new(env: &Environment) -> Self {
        Printer { out: Paint::new(env.colour_out), err: Paint::new(env.colour_err), width: env.width }
    }

    /// One JSON value and a line end on standard output.
    pub(crate) fn json(&self, value: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(value)?;
        text.push('\n');
        self.data(&text)
    }

    /// One JSON value on one line of standard output.
    pub(crate) fn json_line(&self, value: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_string(value)?;
        text.push('\n');
        self.data(&text)
    }

    /// Data on standard output, exactly as given, and at once.
    pub(crate) fn data(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// One line for the person on standard error. A closed standard error must not stop the work that is being told of.
    pub(crate) fn note(&self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// Text for the person on standard error, exactly as given.
    pub(crate) fn note_raw(&self, text: &str) {
        let mut err = io::stderr().lock();
        let _ = err.write_all(text.as_bytes());
        let _ = err.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_text_stays_as_it_is() {
        assert_eq!(Paint::new(false).tone(Tone::Bad, "错误"), "错误");
        assert_eq!(Paint::new(true).tone(Tone::Plain, "x"), "x");
        assert_eq!(Paint::new(true).tone(Tone::Good, "x"), "\u{1b}[32mx\u{1b}[0m");
    }
}
