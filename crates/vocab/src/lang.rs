//! The two languages people see.

use std::fmt;
use std::str::FromStr;

use crate::{ParseError, serde_as_text};

/// A language of the catalogue of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lang {
    /// 简体中文.
    ZhCn,
    /// English.
    En,
}

impl Lang {
    /// Both languages.
    pub const ALL: [Lang; 2] = [Lang::ZhCn, Lang::En];

    /// The BCP 47 tag, as `--lang` and `<html lang>` spell it.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Lang::ZhCn => "zh-CN",
            Lang::En => "en",
        }
    }

    /// The language a locale such as `zh_CN.UTF-8` or an `Accept-Language` tag asks for: Chinese for every kind of `zh`, else English.
    #[must_use]
    pub fn of_locale(locale: &str) -> Lang {
        if locale.to_ascii_lowercase().starts_with("zh") { Lang::ZhCn } else { Lang::En }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Lang {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Lang::ALL
            .into_iter()
            .find(|lang| lang.tag() == text)
            .ok_or_else(|| ParseError::new(text, "a language: zh-CN or en"))
    }
}

serde_as_text!(Lang);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_choose_a_language() {
        assert_eq!(Lang::of_locale("zh_CN.UTF-8"), Lang::ZhCn);
        assert_eq!(Lang::of_locale("zh"), Lang::ZhCn);
        assert_eq!(Lang::of_locale("C.UTF-8"), Lang::En);
        assert!("de".parse::<Lang>().is_err());
    }
}
