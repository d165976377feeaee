//! Texts, times and numbers of one visit: its language and the branch's zone.

use chrono_tz::Tz;
use maud::{Markup, html};
use messages::{Arg, Catalogue};
use vocab::{Lang, Timestamp};

/// The zone of pages about no one branch.
const ZONE_DEFAULT: Tz = Tz::Asia__Shanghai;

/// How one visitor reads.
pub(crate) struct Words {
    catalogue: &'static Catalogue,
    zone: Tz,
}

impl Words {
    pub(crate) fn of(lang: Lang) -> Words {
        Words { catalogue: Catalogue::of(lang), zone: ZONE_DEFAULT }
    }

    /// The same reader, with times in the zone the IANA calls `name`; an unknown name changes nothing.
    pub(crate) fn in_zone(self, name: &str) -> Words {
        Words { zone: name.parse().unwrap_or(self.zone), ..self }
    }

    /// The texts of this reader's language.
    pub(crate) fn catalogue(&self) -> &'static Catalogue {
        self.catalogue
    }

    /// The text with this key.
    pub(crate) fn text(&self, key: &str) -> String {
        self.catalogue.text(key, &[])
    }

    /// The text with this key and values.
    pub(crate) fn with(&self, key: &str, args: &[(&str, Arg)]) -> String {
        self.catalogue.text(key, args)
    }

    /// The text with this key, or `None` when this version knows none: data may come from a newer one.
    pub(crate) fn known(&self, key: &str) -> Option<String> {
        self.catalogue.has(key).then(|| self.catalogue.text(key, &[]))
    }

    /// The label of a code of an enumeration; a code this version does not know is shown as it is.
    pub(crate) fn code(&self, family: &str, code: &str) -> String {
        self.known(&format!("{family}-{code}")).unwrap_or_else(|| code.to_owned())
    }

    /// The name of the zone times are shown in.
    pub(crate) fn zone_name(&self) -> &'static str {
        self.zone.name()
    }

    /// An instant in the branch's zone to the minute; the instant in UTC is in `datetime` and `title`.
    pub(crate) fn time(&self, at: Timestamp) -> Markup {
        let utc = at.to_string();
        html! { time datetime=(utc) title=(utc) { (self.minute(at)) } }
    }

    /// The same to the second, for histories.
    pub(crate) fn time_exact(&self, at: Timestamp) -> Markup {
        let utc = at.to_string();
        html! { time datetime=(utc) title=(utc) { (at.to_utc().with_timezone(&self.zone).format("%Y-%m-%d %H:%M:%S")) } }
    }

    /// An instant in the branch's zone, as plain text.
    pub(crate) fn minute(&self, at: Timestamp) -> String {
        at.to_utc().with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }

    /// A length of time in the two largest units, such as `3 d 4 h`.
    pub(crate) fn span(&self, millis: i64) -> String {
        let seconds = millis.unsigned_abs() / 1_000;
        let (key, large, small) = match seconds {
            0..60 => ("pages-span-seconds", seconds, 0),
            60..3_600 => ("pages-span-minutes", seconds / 60, seconds % 60),
            3_600..86_400 => ("pages-span-hours", seconds / 3_600, seconds / 60 % 60),
            _ => ("pages-span-days", seconds / 86_400, seconds / 3_600 % 24),
        };
        self.with(key, &[("large", large.into()), ("small", small.into())])
    }
}

/// A number with its thousands apart: `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_in_the_branchs_zone_with_the_utc_instant_beside() {
        let at = "2024-05-02T20:30:00Z".parse().unwrap();
        let shown = Words::of(Lang::En).time(at).into_string();
        assert!(shown.contains(">2024-05-03 04:30<"), "{shown}");
        assert!(shown.contains(r#"datetime="2024-05-02T20:30:00Z""#), "{shown}");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown: Vec<_> = [0, 999, 1_000, 1_234_567].into_iter().map(grouped).collect();
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn spans_are_rounded_down_to_two_units() {
        let words = Words::of(Lang::En);
        assert_eq!(words.span(59_000), "59 s");
        assert_eq!(words.span(-61_000), "1 min 1 s");
        assert_eq!(words.span(90_060_000), "1 d 1 h");
    }

    #[test]
    fn a_code_from_a_newer_version_is_shown_as_it_is() {
        assert_eq!(Words::of(Lang::En).code("enum-status", "done"), "done");
        assert_eq!(Words::of(Lang::ZhCn).code("enum-status", "done"), "已完成");
        assert_eq!(Words::of(Lang::ZhCn).code("enum-status", "teleported"), "teleported");
    }
}
