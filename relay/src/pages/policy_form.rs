//! The form in which an administrator writes a policy: one field for each figure, without script. It is read back as places of
//! the policy's JSON, so what it does not show (a newer version's figures) stays as it was.

use std::collections::BTreeMap;

use maud::{Markup, html};
use messages::Message;
use records::{DayRule, LimitCode, Period, Policy, Span};
use serde_json::{Value, json};
use vocab::{Day, RecordId};

use super::words::Words;
use crate::Error;
use crate::author::refused;
use crate::author::words::{GRADES, STEPS, hours_text, limit_name};

/// What stands in the fields, by name; a name stands several times where several boxes are ticked.
pub(super) type Values = BTreeMap<String, Vec<String>>;

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = records::LINE_CHARS_MAX;

const UNITS: [(&str, i64); 3] = [("minutes", 1), ("hours", 60), ("days", 24 * 60)];
const PERIODS: [(&str, Period); 5] = [
    ("day", Period::Day),
    ("week", Period::Week),
    ("month", Period::Month),
    ("quarter", Period::Quarter),
    ("year", Period::Year),
];
const RESPONSES: [&str; 4] = ["hotline", "remote", "dispatch", "onsite"];
const MEMBERSHIPS: [&str; 3] = ["silver", "gold", "diamond"];

/// The fields as they stand when a policy is opened.
pub(super) fn values(policy: &Policy, version: Option<&RecordId>) -> Values {
    let mut values = Values::new();
    let mut put = |name: String, value: String| values.entry(name).or_default().push(value);
    put("seen".to_owned(), version.map(RecordId::to_string).unwrap_or_default());
    let amount = |minutes: i64| {
        let fits = UNITS.iter().rev().find(|(_, unit)| minutes % unit == 0 && minutes >= *unit);
        let (name, unit) = fits.copied().unwrap_or(UNITS[0]);
        ((minutes / unit).to_string(), name.to_owned())
    };
    let put_amount = |place: String, minutes: i64, put: &mut dyn FnMut(String, String)| {
        let (count, unit) = amount(minutes);
        put(format!("{place}.n"), count);
        put(format!("{place}.unit"), unit);
    };
    for (code, span) in &policy.limits {
        let place = format!("limits.{}", code.code());
        match span {
            Span::Minutes(minutes) => put_amount(place, *minutes, &mut put),
            Span::Each(period) => {
                let name = PERIODS.iter().find(|(_, other)| other == period).map_or("month", |(name, _)| name);
                put(format!("{place}.unit"), name.to_owned());
            }
        }
    }
    for (grade, response) in &policy.response {
        let given = [response.hotline, response.remote, response.dispatch, response.onsite];
        for (step, minutes) in RESPONSES.iter().zip(given) {
            put_amount(format!("response.{grade}.{step}"), minutes, &mut put);
        }
    }
    for (grade, visits) in &policy.visits {
        put(format!("visits.{grade}"), visits.map(|visits| visits.to_string()).unwrap_or_default());
    }
    for (step, minutes) in &policy.complaint_steps {
        put_amount(format!("complaint_steps.{step}"), *minutes, &mut put);
    }
    for day in &policy.working_days {
        put("working_days".to_owned(), day.to_string());
    }
    if let Some(hours) = &policy.business_hours {
        put("business_hours".to_owned(), "yes".to_owned());
        for code in &hours.limits {
            put("business_hours.limits".to_owned(), code.code().to_owned());
        }
        for (day, spans) in &hours.week {
            put(format!("business_hours.week.{day}"), hours_text(spans));
        }
    }
    let rules: Vec<String> = policy.calendar.iter().map(rule_line).collect();
    put("calendar".to_owned(), rules.join("\n"));
    put_amount("roster.shift_minutes_max".to_owned(), policy.roster.shift_minutes_max, &mut put);
    put_amount("roster.rest_minutes_min".to_owned(), policy.roster.rest_minutes_min, &mut put);
    put("roster.people_min".to_owned(), policy.roster.people_min.to_string());
    let membership = [policy.membership.silver, policy.membership.gold, policy.membership.diamond];
    for (name, points) in MEMBERSHIPS.iter().zip(membership) {
        put(format!("membership.{name}"), points.to_string());
    }
    put("grading".to_owned(), policy.grading.clone());
    values
}

fn first<'a>(values: &'a Values, name: &str) -> &'a str {
    values.get(name).and_then(|values| values.first()).map_or("", |value| value.trim())
}

/// Why the version is written.
pub(super) fn reason(values: &Values) -> &str {
    first(values, "reason")
}

/// The version that the form was filled from.
pub(super) fn seen(values: &Values) -> Option<RecordId> {
    first(values, "seen").parse().ok()
}

/// The fields as places of a policy.
///
/// # Errors
/// [`Error::Refused`]: a field does not hold what belongs there, and which.
pub(super) fn places(values: &Values) -> Result<Vec<(String, Value)>, Error> {
    let mut places = Vec::new();
    let number = |name: &str, what: &str| {
        let given = first(values, name);
        given
            .parse::<i64>()
            .map_err(|_| refused(Message::new("pages-policy-no_number").with("place", what).with("given", given)))
    };
    let amount = |place: &str| {
        let unit = UNITS.iter().find(|(name, _)| *name == first(values, &format!("{place}.unit")));
        let unit = unit.map_or(1, |(_, unit)| *unit);
        Ok::<i64, Error>(number(&format!("{place}.n"), place)?.saturating_mul(unit))
    };
    for code in LimitCode::ALL {
        let place = format!("limits.{}", code.code());
        let unit = first(values, &format!("{place}.unit"));
        if unit.is_empty() {
            continue;
        }
        match PERIODS.iter().find(|(name, _)| *name == unit) {
            Some((name, _)) => places.push((format!("{place}.each"), (*name).into())),
            None => places.push((format!("{place}.minutes"), amount(&place)?.into())),
        }
    }
    for grade in GRADES {
        for step in RESPONSES {
            let place = format!("response.{grade}.{step}");
            places.push((place.clone(), amount(&place)?.into()));
        }
        let place = format!("visits.{grade}");
        let by_project = first(values, &place).is_empty();
        places.push((place.clone(), if by_project { Value::Null } else { number(&place, &place)?.into() }));
    }
    for step in STEPS {
        let place = format!("complaint_steps.{step}");
        places.push((place.clone(), amount(&place)?.into()));
    }
    let days = values.get("working_days").into_iter().flatten().filter_map(|day| day.parse::<u8>().ok());
    places.push(("working_days".to_owned(), days.collect::<Vec<_>>().into()));
    places.push(("business_hours".to_owned(), business_hours(values)?));
    let rules = first(values, "calendar").lines().filter(|line| !line.trim().is_empty()).map(rule_of);
    places.push(("calendar".to_owned(), Value::Array(rules.collect::<Result<_, Error>>()?)));
    for place in ["roster.shift_minutes_max", "roster.rest_minutes_min"] {
        places.push((place.to_owned(), amount(place)?.into()));
    }
    places.push(("roster.people_min".to_owned(), number("roster.people_min", "roster.people_min")?.into()));
    for name in MEMBERSHIPS {
        let place = format!("membership.{name}");
        places.push((place.clone(), number(&place, &place)?.into()));
    }
    places.push(("grading".to_owned(), first(values, "grading").replace("\r\n", "\n").into()));
    Ok(places)
}

fn business_hours(values: &Values) -> Result<Value, Error> {
    if first(values, "business_hours").is_empty() {
        return Ok(Value::Null);
    }
    let limits = values.get("business_hours.limits").cloned().unwrap_or_default();
    let mut week = serde_json::Map::new();
    for day in 1..=7_u8 {
        let text = first(values, &format!("business_hours.week.{day}"));
        let spans = text.split_whitespace().map(|span| match span.split_once('-') {
            Some((from, to)) => Ok(json!([from, to])),
            None => Err(refused(Message::new("pages-policy-no_hours").with("given", span))),
        });
        week.insert(day.to_string(), Value::Array(spans.collect::<Result<_, Error>>()?));
    }
    Ok(json!({ "limits": limits, "week": week }))
}

/// A rule of the calendar on a line: `2026-10-01..2026-10-07 off 国庆节`, `2026-10-10 work:5 调休`.
fn rule_line(rule: &DayRule) -> String {
    let days = if rule.from == rule.to { rule.from.to_string() } else { format!("{}..{}", rule.from, rule.to) };
    let says = match (rule.working, rule.hours_of) {
        (false, _) => "off".to_owned(),
        (true, None) => "work".to_owned(),
        (true, Some(day)) => format!("work:{day}"),
    };
    format!("{days} {says} {}", rule.name).trim_end().to_owned()
}

fn rule_of(line: &str) -> Result<Value, Error> {
    let wrong = || refused(Message::new("pages-policy-no_rule").with("given", line.trim()));
    let mut parts = line.trim().splitn(3, char::is_whitespace);
    let (days, says) = (parts.next().unwrap_or_default(), parts.next().ok_or_else(wrong)?);
    let (from, to) = days.split_once("..").unwrap_or((days, days));
    let day = |text: &str| text.parse::<Day>().map_err(|_| wrong());
    let (from, to) = (day(from)?, day(to)?);
    let (working, hours_of) = match says.split_once(':') {
        None if says == "off" => (false, None),
        None if says == "work" => (true, None),
        Some(("work", weekday)) => (true, Some(weekday.parse::<u8>().map_err(|_| wrong())?)),
        _ => return Err(wrong()),
    };
    let rule = DayRule { from, to, working, name: parts.next().unwrap_or_default().trim().to_owned(), hours_of };
    serde_json::to_value(rule).map_err(|source| Error::Output(source.into()))
}

/// The fields with what stands in them.
pub(super) fn fields(words: &Words, values: &Values) -> Markup {
    let text = |key: &str| words.text(key);
    let spans = LimitCode::ALL.into_iter().filter(|code| values.contains_key(&format!("limits.{}.unit", code.code())));
    let named = |family: &str, code: &str| words.code(&format!("enum-{family}"), code);
    html! {
        input type="hidden" name="seen" value=(first(values, "seen"));
        fieldset.panel {
            legend { (text("policy-limits")) }
            div.grid { @for code in spans {
                (amount(words, values, &format!("limits.{}", code.code()), &limit_name(words.catalogue(), code), Units::WithPeriods))
            } }
        }
        fieldset.panel {
            legend { (text("policy-response")) }
            @for grade in GRADES {
                h3 { (named("grade", grade)) }
                div.grid { @for step in RESPONSES {
                    @let label = text(&format!("policy-response-{step}"));
                    (amount(words, values, &format!("response.{grade}.{step}"), &label, Units::Lengths))
                } }
            }
        }
        fieldset.panel {
            legend { (text("policy-visits")) }
            p.muted.small { (text("pages-policy-visits-hint")) }
            div.grid { @for grade in GRADES { (number(values, &format!("visits.{grade}"), &named("grade", grade))) } }
        }
        fieldset.panel {
            legend { (text("policy-complaint_steps")) }
            div.grid { @for step in STEPS {
                (amount(words, values, &format!("complaint_steps.{step}"), &named("complaint_state", step), Units::Lengths))
            } }
        }
        (days(words, values))
        fieldset.panel {
            legend { (text("policy-roster")) }
            div.grid {
                (amount(words, values, "roster.shift_minutes_max", &text("policy-roster-shift"), Units::Lengths))
                (amount(words, values, "roster.rest_minutes_min", &text("policy-roster-rest"), Units::Lengths))
                (number(values, "roster.people_min", &text("policy-roster-people")))
            }
        }
        fieldset.panel {
            legend { (text("policy-membership")) }
            div.grid { @for name in MEMBERSHIPS {
                (number(values, &format!("membership.{name}"), &text(&format!("policy-membership-{name}"))))
            } }
        }
        fieldset.panel {
            legend { (text("policy-grading")) }
            div.field {
                label for="grading" { (text("policy-grading-standard")) }
                textarea #grading name="grading" rows="3" { (first(values, "grading")) }
            }
        }
        fieldset.panel {
            legend { (text("policy-reason")) }
            div.field {
                label for="reason" { (text("pages-policy-reason")) }
                input #reason name="reason" value=(first(values, "reason")) required maxlength=(REASON_CHARS_MAX);
            }
            button.main type="submit" { (text("pages-policy-write")) }
        }
    }
}

fn days(words: &Words, values: &Values) -> Markup {
    let text = |key: &str| words.text(key);
    let ticked = |name: &str, value: &str| values.get(name).is_some_and(|values| values.iter().any(|one| one == value));
    html! {
        fieldset.panel {
            legend { (text("policy-days")) }
            div.ticks role="group" aria-label=(text("policy-working_days")) {
                span.muted { (text("policy-working_days")) }
                @for day in 1..=7 {
                    @let day = day.to_string();
                    label { input type="checkbox" name="working_days" value=(day) checked[ticked("working_days", &day)]; " " (text(&format!("weekday-{day}"))) }
                }
            }
            div.ticks {
                label { input type="checkbox" name="business_hours" value="yes" checked[ticked("business_hours", "yes")]; " " (text("pages-policy-business_hours")) }
            }
            p.muted.small { (text("pages-policy-business_hours-hint")) }
            div.ticks role="group" aria-label=(text("pages-policy-counted")) {
                @for code in LimitCode::ALL {
                    label { input type="checkbox" name="business_hours.limits" value=(code.code()) checked[ticked("business_hours.limits", code.code())]; " " (code.code()) }
                }
            }
            div.grid { @for day in 1..=7 {
                @let place = format!("business_hours.week.{day}");
                div.field {
                    label for=(place) { (text(&format!("weekday-{day}"))) }
                    input id=(place) name=(place) value=(first(values, &place)) placeholder="09:00-12:00 13:00-18:00";
                }
            } }
            div.field {
                label for="calendar" { (text("policy-calendar")) }
                textarea #calendar name="calendar" rows="5" spellcheck="false" aria-describedby="calendar-hint" { (first(values, "calendar")) }
                p.muted.small #calendar-hint { (text("pages-policy-calendar-hint")) }
            }
        }
    }
}

/// What a length of time may be given in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Units {
    Lengths,
    /// Or once in each calendar period.
    WithPeriods,
}

fn amount(words: &Words, values: &Values, place: &str, label: &str, units: Units) -> Markup {
    let (count, unit) = (format!("{place}.n"), format!("{place}.unit"));
    let chosen = first(values, &unit);
    html! {
        div.field.amount {
            label for=(count) { (label) }
            div.pair {
                input id=(count) name=(count) value=(first(values, &count)) inputmode="numeric" size="6";
                select name=(unit) aria-label=(format!("{label}: {}", words.text("pages-policy-unit"))) {
                    @for (name, _) in UNITS {
                        option value=(name) selected[name == chosen] { (words.text(&format!("pages-policy-unit-{name}"))) }
                    }
                    @if units == Units::WithPeriods { @for (name, _) in PERIODS {
                        option value=(name) selected[name == chosen] { (words.text(&format!("policy-each-{name}"))) }
                    } }
                }
            }
        }
    }
}

fn number(values: &Values, place: &str, label: &str) -> Markup {
    html! {
        div.field {
            label for=(place) { (label) }
            input id=(place) name=(place) value=(first(values, place)) inputmode="numeric" size="8";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::author::policy::put;
    use records::{BusinessHours, Hours};

    fn full() -> Policy {
        let day = |text: &str| text.parse().unwrap();
        let business_hours = BusinessHours {
            limits: vec![LimitCode::L5, LimitCode::L12],
            week: (1..=7)
                .map(|n| (n, if n < 6 { vec![Hours::new(540, 720), Hours::new(780, 1080)] } else { Vec::new() }))
                .collect(),
        };
        let calendar = vec![
            DayRule {
                from: day("2026-10-01"),
                to: day("2026-10-07"),
                working: false,
                name: "国庆节".into(),
                hours_of: None,
            },
            DayRule {
                from: day("2026-10-10"),
                to: day("2026-10-10"),
                working: true,
                name: "调休 补班".into(),
                hours_of: Some(5),
            },
            DayRule {
                from: day("2026-10-11"),
                to: day("2026-10-11"),
                working: true,
                name: String::new(),
                hours_of: None,
            },
        ];
        let grading = "按年交易额".to_owned();
        Policy { business_hours: Some(business_hours), calendar, grading, ..Policy::default() }
    }

    fn read(values: &Values) -> Result<Policy, Error> {
        let places = places(values)?;
        let mut whole = serde_json::to_value(Policy::default()).unwrap();
        for (place, value) in places {
            put(&mut whole, &place, value)?;
        }
        Ok(Policy::parse(&whole.to_string()).unwrap())
    }

    #[test]
    fn the_form_says_back_what_it_was_filled_with() {
        for policy in [Policy::default(), full()] {
            assert_eq!(read(&values(&policy, None)).unwrap(), policy);
        }
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        for (name, value, shown) in [
            ("limits.L5.n", "soon", "limits.L5"),
            ("visits.vip", "many", "visits.vip"),
            ("calendar", "2026-10-01 maybe", "2026-10-01 maybe"),
            ("calendar", "tomorrow off", "tomorrow off"),
            ("business_hours.week.1", "all day", "all"),
        ] {
            let mut values = values(&full(), None);
            values.insert(name.to_owned(), vec![value.to_owned()]);
            let Err(error) = read(&values) else { panic!("{name}={value} was taken") };
            let said = messages::Catalogue::of(vocab::Lang::En).render(&error.message());
            assert!(said.contains(shown), "{said}");
        }
    }

    #[test]
    fn every_field_has_a_label_and_the_value_that_was_sent() {
        let words = Words::of(vocab::Lang::En);
        let drawn = fields(&words, &values(&full(), None)).into_string();
        assert!(drawn.contains("value=\"09:00-12:00 13:00-18:00\"") && drawn.contains("2026-10-10 work:5 调休 补班"));
        assert!(!drawn.contains("pages-") && !drawn.contains(">policy-"), "{drawn}");
    }
}
