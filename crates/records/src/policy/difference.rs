//! What two versions of a policy say differently, place by place.

use serde::Serialize;
use serde_json::Value;

use crate::policy::{Policy, PolicyProblem, overlay};

/// One place where two versions differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyDifference {
    /// The way to it through the JSON, `limits.L5`; a day of the calendar came or went at `calendar`.
    pub place: String,
    /// What stood there before; nothing when it is new.
    pub before: Option<Value>,
    /// What stands there after; nothing when it is gone.
    pub after: Option<Value>,
}

impl Policy {
    /// What `after` says differently, in the order of the places. Spans of limits and hours of a day are told whole, days of
    /// the calendar one by one.
    #[must_use]
    pub fn differences(&self, after: &Policy) -> Vec<PolicyDifference> {
        let json = |policy: &Policy| serde_json::to_value(policy).unwrap_or_default();
        let mut found = Vec::new();
        differ(String::new(), Some(&json(self)), Some(&json(after)), &mut found);
        found
    }

    /// What is wrong with JSON that is not a policy's, and where.
    pub(super) fn unreadable(json: &str) -> PolicyProblem {
        let cause = match serde_json::from_str::<Value>(json) {
            Err(error) => error.to_string(),
            Ok(given) => blame(&given).unwrap_or_else(|| read(given).err().unwrap_or_default()),
        };
        PolicyProblem::Unreadable { cause }
    }
}

fn read(whole: Value) -> Result<Policy, String> {
    serde_json::from_value(whole).map_err(|error| error.to_string())
}

/// The innermost place whose value alone, put into the defaults, cannot be read.
fn blame(given: &Value) -> Option<String> {
    let defaults = serde_json::to_value(Policy::default()).ok()?;
    let (mut place, mut found): (Vec<String>, _) = (Vec::new(), None);
    loop {
        let here = place.iter().try_fold(given, |value, key| value.get(key));
        let Some(Value::Object(parts)) = here else { return found };
        let failing = parts.iter().find_map(|(key, value)| {
            let mut nested = value.clone();
            for outer in std::iter::once(key).chain(place.iter().rev()) {
                nested = Value::Object(std::iter::once((outer.clone(), nested)).collect());
            }
            let mut whole = defaults.clone();
            overlay(&mut whole, nested);
            read(whole).err().map(|error| (key.clone(), error))
        });
        let Some((key, error)) = failing else { return found };
        place.push(key);
        found = Some(format!("{}: {error}", place.join(".")));
    }
}

fn differ(place: String, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<PolicyDifference>) {
    if before == after {
        return;
    }
    let is_span = |value: Option<&Value>| {
        value.is_some_and(|value| ["minutes", "each"].iter().any(|key| value.get(key).is_some()))
    };
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) if !is_span(before) && !is_span(after) => {
            let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
            keys.sort_unstable_by_key(|key| (key.len(), (*key).clone()));
            keys.dedup();
            for key in keys {
                let inner = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                differ(inner, old.get(key), new.get(key), found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if place == "calendar" => {
            let told = |before, after| PolicyDifference { place: place.clone(), before, after };
            let gone = old.iter().filter(|rule| !new.contains(rule)).map(|rule| told(Some(rule.clone()), None));
            let come = new.iter().filter(|rule| !old.contains(rule)).map(|rule| told(None, Some(rule.clone())));
            found.extend(gone.chain(come));
        }
        _ => found.push(PolicyDifference { place, before: before.cloned(), after: after.cloned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{DayRule, LimitCode, Period, Span};

    #[test]
    fn each_place_that_differs_is_told_once() {
        let before = Policy::default();
        let mut after = before.clone();
        after.limits.insert(LimitCode::L5, Span::Minutes(45));
        after.limits.insert(LimitCode::L12, Span::Each(Period::Day));
        after.visits.insert("potential".to_owned(), Some(1));
        let day = |text: &str| text.parse().unwrap();
        let rule = DayRule {
            from: day("2026-10-01"),
            to: day("2026-10-07"),
            working: false,
            name: String::new(),
            hours_of: None,
        };
        after.calendar.push(rule);
        let places: Vec<_> = before.differences(&after).into_iter().map(|found| found.place).collect();
        assert_eq!(places, ["limits.L5", "limits.L12", "visits.potential", "calendar"]);
        assert!(after.differences(&after).is_empty());
        let back = after.differences(&before);
        assert_eq!(
            (back[0].before.clone(), back[0].after.clone()),
            (Some(serde_json::json!({"minutes": 45})), Some(serde_json::json!({"minutes": 30})))
        );
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        let with = |place: &str, value: Value| {
            let mut whole = serde_json::to_value(Policy::default()).unwrap();
            *whole.pointer_mut(place).unwrap() = value;
            let Err(PolicyProblem::Unreadable { cause }) = Policy::parse(&whole.to_string()) else {
                panic!("{place} was read")
            };
            cause
        };
        assert!(with("/limits/L5/minutes", "soon".into()).starts_with("limits.L5"));
        assert!(with("/roster/people_min", "x".into()).starts_with("roster.people_min:"));
        let mut whole = serde_json::to_value(Policy::default()).unwrap();
        whole.as_object_mut().unwrap().remove("visits");
        let Err(PolicyProblem::Unreadable { cause }) = Policy::parse(&whole.to_string()) else { panic!("it was read") };
        assert!(cause.contains("visits"), "{cause}");
        assert!(matches!(Policy::parse("{"), Err(PolicyProblem::Unreadable { .. })));
    }
}
