//! A text that has not chosen its language yet.

/// The value of one variable of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// Shown as it stands.
    Text(String),
    /// A number; it also selects plural forms.
    Number(i64),
    /// The key of another text without variables, shown in the reader's language.
    Key(String),
    /// Several keys, shown in the reader's language, separated by commas.
    Keys(Vec<String>),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Arg::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Arg::Text(text)
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Arg::Number(number)
    }
}

impl From<usize> for Arg {
    fn from(number: usize) -> Self {
        Arg::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u64> for Arg {
    fn from(number: u64) -> Self {
        Arg::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// A key of the catalogue and the values of its variables: what errors and reports carry instead of prose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The key.
    pub key: String,
    /// The variables, by name.
    pub args: Vec<(&'static str, Arg)>,
}

impl Message {
    /// A message without variables.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Message { key: key.into(), args: Vec::new() }
    }

    /// The same message with one more variable.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        self.args.push((name, value.into()));
        self
    }
}
