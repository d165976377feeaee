//! Limits at a terminal: which one, whose, when, how it stands.

use device::views::DueItem;
use messages::{Arg, Catalogue};
use records::limits::LimitState;
use vocab::Timestamp;

use crate::printer::Tone;

/// What has to be done: `L12 first reply`; of a limit that has several parts, which.
pub(crate) fn limit(texts: &Catalogue, item: &DueItem) -> String {
    let code = item.code.code();
    let name = match item.part.as_deref() {
        Some(part) => self::part(texts, part),
        None => texts.text(&format!("limit-{code}"), &[]),
    };
    format!("{code} {name}")
}

/// The part of a limit, in words: a complaint's step, a way of response.
fn part(texts: &Catalogue, part: &str) -> String {
    let keys = ["enum-complaint_state", "enum-mode", "cli-part"].map(|area| format!("{area}-{part}"));
    let known = keys.iter().find(|key| texts.has(key));
    known.map_or_else(|| part.to_owned(), |key| texts.text(key, &[]))
}

/// Whose it is: the person where one is named, else the roles.
pub(crate) fn whose(texts: &Catalogue, item: &DueItem) -> String {
    match &item.staff {
        Some(staff) => staff.clone(),
        None => {
            let roles: Vec<String> = item.roles.iter().map(|role| texts.text(&format!("role-{role}"), &[])).collect();
            roles.join("/")
        }
    }
}

/// How it stands, in words and tone.
pub(crate) fn state(texts: &Catalogue, state: LimitState) -> (String, Tone) {
    let tone = match state {
        LimitState::Overdue | LimitState::Missed => Tone::Bad,
        LimitState::Soon => Tone::Warn,
        LimitState::Met => Tone::Good,
        LimitState::Open => Tone::Plain,
    };
    (texts.text(&format!("limit_state-{}", state.code()), &[]), tone)
}

/// An instant on the branch's clocks, to the minute.
pub(crate) fn minute(time: Timestamp) -> String {
    time.local().format("%Y-%m-%d %H:%M").to_string()
}

/// An instant, without the year where that is the year of `now`.
pub(crate) fn near_minute(time: Timestamp, now: Timestamp) -> String {
    let year = |time: Timestamp| time.local().format("%Y").to_string();
    if year(time) == year(now) { short_minute(time) } else { minute(time) }
}

/// An instant of about now, without the year.
pub(crate) fn short_minute(time: Timestamp) -> String {
    time.local().format("%m-%d %H:%M").to_string()
}

/// A length of time by its two largest units.
pub(crate) fn duration(texts: &Catalogue, minutes: i64) -> String {
    const HOUR: i64 = 60;
    const DAY: i64 = 24 * HOUR;
    let key = match minutes {
        ..HOUR => "cli-duration-minutes",
        HOUR..DAY => "cli-duration-hours",
        _ => "cli-duration-days",
    };
    let args = [
        ("days", Arg::from(minutes / DAY)),
        ("hours", Arg::from(if minutes < DAY { minutes / HOUR } else { minutes % DAY / HOUR })),
        ("minutes", Arg::from(minutes % HOUR)),
    ];
    texts.text(key, &args)
}
