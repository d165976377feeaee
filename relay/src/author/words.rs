//! A policy in words, for commands and pages alike.

use messages::{Arg, Catalogue};
use records::{DayRule, Hours, LimitCode, Period, Policy, PolicyDifference, Response, Span};
use serde_json::Value;

use super::policy::ShownVersion;

/// Lines that belong together.
pub(crate) struct Section {
    pub(crate) title: String,
    /// What it is, and what it says.
    pub(crate) rows: Vec<(String, String)>,
}

/// A policy in sections.
pub(crate) fn sections(catalogue: &Catalogue, policy: &Policy) -> Vec<Section> {
    let text = |key: &str| catalogue.text(key, &[]);
    let section = |key: &str, rows| Section { title: text(key), rows };
    let limits = policy.limits.iter().map(|(code, limit)| (limit_name(catalogue, *code), span(catalogue, *limit)));
    let by_name = |family: &str, name: &str| catalogue.text(&format!("enum-{family}-{name}"), &[]);
    let graded: Vec<&str> = GRADES.into_iter().filter(|grade| policy.response.contains_key(*grade)).collect();
    let response =
        graded.iter().map(|grade| (by_name("grade", grade), self::response(catalogue, &policy.response[*grade])));
    let visits = GRADES.into_iter().filter_map(|grade| Some((grade, policy.visits.get(grade)?)));
    let visits = visits.map(|(grade, count)| (by_name("grade", grade), visits_of(catalogue, *count)));
    let steps = STEPS.into_iter().filter_map(|step| Some((step, policy.complaint_steps.get(step)?)));
    let steps = steps.map(|(step, given)| (by_name("complaint_state", step), minutes(catalogue, *given)));
    let mut days = vec![(
        text("policy-working_days"),
        list(catalogue, policy.working_days.iter().map(|day| text(&format!("weekday-{day}")))),
    )];
    match &policy.business_hours {
        None => days.push((text("policy-business_hours"), text("policy-business_hours-none"))),
        Some(hours) => {
            let codes = list(catalogue, hours.limits.iter().map(|code| code.code().to_owned()));
            days.push((
                text("policy-business_hours"),
                catalogue.text("policy-business_hours-of", &[("limits", codes.into())]),
            ));
            for (day, spans) in &hours.week {
                days.push((text(&format!("weekday-{day}")), hours_text(spans)));
            }
        }
    }
    days.extend(policy.calendar.iter().map(|rule| day_rule(catalogue, rule)));
    let roster = vec![
        (text("policy-roster-shift"), minutes(catalogue, policy.roster.shift_minutes_max)),
        (text("policy-roster-rest"), minutes(catalogue, policy.roster.rest_minutes_min)),
        (text("policy-roster-people"), policy.roster.people_min.to_string()),
    ];
    let membership = [
        ("silver", policy.membership.silver),
        ("gold", policy.membership.gold),
        ("diamond", policy.membership.diamond),
    ];
    let membership = membership.map(|(name, points)| (text(&format!("policy-membership-{name}")), points.to_string()));
    let mut all = vec![
        section("policy-limits", limits.collect()),
        section("policy-response", response.collect()),
        section("policy-visits", visits.collect()),
        section("policy-complaint_steps", steps.collect()),
        section("policy-days", days),
        section("policy-roster", roster),
        section("policy-membership", membership.to_vec()),
    ];
    if !policy.grading.is_empty() {
        all.push(section("policy-grading", vec![(text("policy-grading-standard"), policy.grading.clone())]));
    }
    all
}

/// Grades, highest first.
pub(crate) const GRADES: [&str; 4] = ["vip", "core", "potential", "normal"];

/// Steps of a complaint that have a limit.
pub(crate) const STEPS: [&str; 5] = ["accepted", "investigating", "solution", "executing", "follow_up"];

/// `L5 status update while in progress`.
pub(crate) fn limit_name(catalogue: &Catalogue, code: LimitCode) -> String {
    format!("{} {}", code.code(), catalogue.text(&format!("limit-{}", code.code()), &[]))
}

/// Who wrote a version, when and why, in one line.
pub(crate) fn heading(catalogue: &Catalogue, shown: &ShownVersion) -> String {
    match (&shown.version, shown.made_at) {
        (Some(version), Some(at)) => {
            let by = shown.by.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
            let args: [(&str, Arg); 4] = [
                ("version", version.to_string().into()),
                ("at", at.to_string().into()),
                ("by", by.into()),
                ("reason", shown.reason.clone().unwrap_or_default().into()),
            ];
            catalogue.text("policy-heading", &args)
        }
        _ => catalogue.text("policy-heading-defaults", &[]),
    }
}

fn list(catalogue: &Catalogue, parts: impl Iterator<Item = String>) -> String {
    let separator = if catalogue.lang() == vocab::Lang::ZhCn { "、" } else { ", " };
    parts.collect::<Vec<_>>().join(separator)
}

/// How long a limit gives.
pub(crate) fn span(catalogue: &Catalogue, given: Span) -> String {
    match given {
        Span::Minutes(given) => minutes(catalogue, given),
        Span::Each(period) => each(catalogue, period),
    }
}

fn each(catalogue: &Catalogue, period: Period) -> String {
    let name = match period {
        Period::Day => "day",
        Period::Week => "week",
        Period::Month => "month",
        Period::Quarter => "quarter",
        Period::Year => "year",
    };
    catalogue.text(&format!("policy-each-{name}"), &[])
}

/// Minutes in the largest unit that shows them exactly.
pub(crate) fn minutes(catalogue: &Catalogue, minutes: i64) -> String {
    let (key, count) = match minutes {
        0 => ("policy-minutes", 0),
        whole if whole % (24 * 60) == 0 && whole > 24 * 60 => ("policy-minutes-days", whole / (24 * 60)),
        whole if whole % 60 == 0 => ("policy-minutes-hours", whole / 60),
        odd => ("policy-minutes", odd),
    };
    catalogue.text(key, &[("count", count.into())])
}

fn response(catalogue: &Catalogue, response: &Response) -> String {
    let shown = |given| Arg::from(minutes(catalogue, given));
    let args = [
        ("hotline", shown(response.hotline)),
        ("remote", shown(response.remote)),
        ("dispatch", shown(response.dispatch)),
        ("onsite", shown(response.onsite)),
    ];
    catalogue.text("policy-response-of", &args)
}

fn visits_of(catalogue: &Catalogue, count: Option<i64>) -> String {
    match count {
        Some(count) => catalogue.text("policy-visits-of", &[("count", count.into())]),
        None => catalogue.text("policy-visits-by_project", &[]),
    }
}

/// Hours as people write them, `09:00-12:00 13:00-18:00`.
pub(crate) fn hours_text(spans: &[Hours]) -> String {
    let shown = spans.iter().filter_map(|hours| {
        let [from, to]: [String; 2] = serde_json::from_value(serde_json::to_value(hours).ok()?).ok()?;
        Some(format!("{from}-{to}"))
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn day_rule(catalogue: &Catalogue, rule: &DayRule) -> (String, String) {
    let days = if rule.from == rule.to { rule.from.to_string() } else { format!("{} – {}", rule.from, rule.to) };
    let mut says = catalogue.text(if rule.working { "policy-day-worked" } else { "policy-day-off" }, &[]);
    if let Some(day) = rule.hours_of {
        let day = catalogue.text(&format!("weekday-{day}"), &[]);
        says = catalogue.text("policy-day-worked_as", &[("weekday", day.into())]);
    }
    if !rule.name.is_empty() {
        says = format!("{says} · {}", rule.name);
    }
    (days, says)
}

/// One place that differs: what it is, what it was, what it is now.
pub(crate) struct ShownDifference {
    pub(crate) what: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// A difference in words.
pub(crate) fn shown(catalogue: &Catalogue, difference: &PolicyDifference) -> ShownDifference {
    let parts: Vec<&str> = difference.place.split('.').collect();
    let text = |key: &str| catalogue.text(key, &[]);
    let named = |family: &str, name: &str| {
        let key = format!("enum-{family}-{name}");
        if catalogue.has(&key) { text(&key) } else { name.to_owned() }
    };
    let what = match parts.as_slice() {
        ["limits", code] if catalogue.has(&format!("limit-{code}")) => {
            format!("{code} {}", text(&format!("limit-{code}")))
        }
        ["response", grade] => format!("L13 {}", named("grade", grade)),
        ["response", grade, step] => {
            format!("L13 {} · {}", named("grade", grade), text(&format!("policy-response-{step}")))
        }
        ["visits", grade] => format!("L16 {}", named("grade", grade)),
        ["complaint_steps", step] => format!("L20 {}", named("complaint_state", step)),
        ["business_hours", "week", day] => {
            format!("{} · {}", text("policy-business_hours"), text(&format!("weekday-{day}")))
        }
        ["business_hours", ..] => text("policy-business_hours"),
        ["calendar"] => text("policy-calendar"),
        ["working_days"] => text("policy-working_days"),
        ["grading"] => text("policy-grading-standard"),
        ["membership", name] => text(&format!("policy-membership-{name}")),
        ["roster", "shift_minutes_max"] => text("policy-roster-shift"),
        ["roster", "rest_minutes_min"] => text("policy-roster-rest"),
        ["roster", "people_min"] => text("policy-roster-people"),
        _ => difference.place.clone(),
    };
    let side = |value: &Option<Value>| value.as_ref().map(|value| told(catalogue, &parts, value));
    ShownDifference { what, before: side(&difference.before), after: side(&difference.after) }
}

/// A difference in one line: `L5 status update while in progress: 30 min -> 45 min`.
pub(crate) fn difference(catalogue: &Catalogue, difference: &PolicyDifference) -> String {
    let ShownDifference { what, before, after } = shown(catalogue, difference);
    let none = || catalogue.text("policy-nothing", &[]);
    format!("{what}: {} → {}", before.unwrap_or_else(none), after.unwrap_or_else(none))
}

fn told(catalogue: &Catalogue, parts: &[&str], value: &Value) -> String {
    if let Ok(given) = serde_json::from_value::<Span>(value.clone()) {
        return span(catalogue, given);
    }
    match (parts, value) {
        (["visits", _], value) => visits_of(catalogue, value.as_i64()),
        (
            ["complaint_steps", _] | ["response", _, _] | ["roster", "shift_minutes_max" | "rest_minutes_min"],
            Value::Number(_),
        ) => minutes(catalogue, value.as_i64().unwrap_or_default()),
        (["response", _], value) => match serde_json::from_value::<Response>(value.clone()) {
            Ok(given) => response(catalogue, &given),
            Err(_) => value.to_string(),
        },
        (["calendar"], value) => match serde_json::from_value::<DayRule>(value.clone()) {
            Ok(rule) => {
                let (days, says) = day_rule(catalogue, &rule);
                format!("{days} {says}")
            }
            Err(_) => value.to_string(),
        },
        (["working_days"], Value::Array(days)) => {
            list(catalogue, days.iter().map(|day| catalogue.text(&format!("weekday-{day}"), &[])))
        }
        (["business_hours", "week", _], value) => match serde_json::from_value::<Vec<Hours>>(value.clone()) {
            Ok(hours) => hours_text(&hours),
            Err(_) => value.to_string(),
        },
        (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocab::Lang;

    #[test]
    fn every_figure_of_the_defaults_is_said_in_both_languages() {
        for lang in Lang::ALL {
            let catalogue = Catalogue::of(lang);
            let sections = sections(catalogue, &Policy::default());
            let rows: Vec<_> = sections.iter().flat_map(|section| &section.rows).collect();
            assert!(rows.len() > 35);
            for (label, text) in rows {
                assert!(
                    !label.contains("policy-") && !label.contains("enum-") && !text.contains("policy-"),
                    "{label}: {text}"
                );
            }
        }
    }

    #[test]
    fn a_difference_names_the_limit_and_both_figures() {
        let mut after = Policy::default();
        after.limits.insert(LimitCode::L5, Span::Minutes(45));
        after.limits.insert(LimitCode::L6, Span::Each(Period::Day));
        let said: Vec<String> = Policy::default()
            .differences(&after)
            .iter()
            .map(|found| difference(Catalogue::of(Lang::En), found))
            .collect();
        assert_eq!(
            said,
            [
                "L5 status update while in progress: 30 min → 45 min",
                "L6 review of what was done: 1 h → by the end of the day"
            ]
        );
    }
}
