//! What the process was started with: the only place that reads the environment and asks what the terminal can do.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::PathBuf;

use etcetera::BaseStrategy;
use vocab::Lang;

/// Width of a page when nobody sees it, in columns: what a pipe or a file gets.
const WIDTH_UNSEEN: usize = 100;
/// Narrowest page that tables are fitted to, in columns; a narrower terminal wraps by itself.
const WIDTH_MIN: usize = 40;

/// The surroundings of one run, read once at the start.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    /// The language of `--lang`, else of the locale.
    pub(crate) lang: Lang,
    /// The platform's place for a program's data, if the platform names one.
    pub(crate) data_dir: Option<PathBuf>,
    /// Whether somebody can answer a question: standard input and standard error are a terminal.
    pub(crate) can_ask: bool,
    /// Whether standard output may carry colour.
    pub(crate) colour_out: bool,
    /// Whether standard error may carry colour.
    pub(crate) colour_err: bool,
    /// Whether standard error is a terminal, where a progress line can be rewritten.
    pub(crate) live_err: bool,
    /// Columns that a table may take.
    pub(crate) width: usize,
}

impl Environment {
    /// Reads the environment of this process; `args` are looked at for `--lang` only, since even the help is translated.
    pub(crate) fn read(args: &[OsString]) -> Self {
        let out = std::io::stdout().is_terminal();
        let err = std::io::stderr().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        // What is said of the terminal comes before what it says itself, as in other programs.
        let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok());
        let seen = out.then(|| comfy_table::Table::new().width().map(usize::from)).flatten();
        let width = said.or(seen).unwrap_or(WIDTH_UNSEEN);
        Environment {
            lang: asked_lang(args).unwrap_or_else(locale_lang),
            data_dir: etcetera::base_strategy::choose_native_strategy()
                .ok()
                .map(|dirs| dirs.data_dir().join("fieldbook")),
            can_ask: std::io::stdin().is_terminal() && err,
            colour_out: out && !plain,
            colour_err: err && !plain,
            live_err: err,
            width: width.max(WIDTH_MIN),
        }
    }
}

/// The language of a `--lang` among the arguments; a wrong one is reported later, when they are parsed.
fn asked_lang(args: &[OsString]) -> Option<Lang> {
    let texts: Vec<&str> = args.iter().take_while(|arg| *arg != "--").filter_map(|arg| arg.to_str()).collect();
    let inline = texts.iter().rev().find_map(|arg| arg.strip_prefix("--lang="));
    let apart = texts.windows(2).rev().find(|pair| pair[0] == "--lang").map(|pair| pair[1]);
    inline.or(apart)?.parse().ok()
}

/// The language of the locale, by the order POSIX gives the variables.
fn locale_lang() -> Lang {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
        .and_then(|value| value.to_str().map(Lang::of_locale))
        .unwrap_or(Lang::En)
}

/// Whether the arguments ask for JSON; needed before they are parsed, so that a wrong argument is answered in JSON too.
pub(crate) fn asks_for_json(args: &[OsString]) -> bool {
    args.iter().take_while(|arg| *arg != "--").any(|arg| arg.as_os_str() == OsStr::new("--json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(texts: &[&str]) -> Vec<OsString> {
        texts.iter().map(OsString::from).collect()
    }

    #[test]
    fn the_language_is_known_before_the_arguments_are_parsed() {
        assert_eq!(asked_lang(&args(&["fieldbook", "--lang", "zh-CN", "status"])), Some(Lang::ZhCn));
        assert_eq!(asked_lang(&args(&["fieldbook", "status", "--lang=en"])), Some(Lang::En));
        assert_eq!(asked_lang(&args(&["fieldbook", "status", "--lang=de"])), None);
        assert_eq!(asked_lang(&args(&["fieldbook", "search", "--", "--lang=en"])), None);
    }

    #[test]
    fn json_is_known_before_the_arguments_are_parsed() {
        assert!(asks_for_json(&args(&["fieldbook", "status", "--json"])));
        assert!(!asks_for_json(&args(&["fieldbook", "search", "--", "--json"])));
    }
}
