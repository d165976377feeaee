//! A branch's policy: what holds, which versions there were, and writing a further one.
//!
//! A version is written whole and never changed. What a newer version of Fieldbook put into it is carried on; a name that
//! neither that nor this version knows is refused, since it would be left aside in silence.

use messages::{Arg, Message};
use records::{Class, Dossier, Edit, Fields, POLICY, Policies, Policy, PolicyDifference, PolicyVersion, View};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Branch, Documents, SqliteRelayStore};
use vocab::{DocId, RecordId, Role, Staff, Timestamp};

use super::{Names, refused};
use crate::Error;

/// How a policy is to be changed.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// It becomes this.
    Whole(Value),
    /// What stands becomes this at these places; each is the way to it, `limits.L5.minutes`.
    Places(Vec<(String, Value)>),
}

/// The policies of a branch as they stand in its document.
pub(crate) struct Standing {
    pub(crate) policies: Policies,
    view: View,
}

/// One version, as commands and the API show it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ShownVersion {
    /// Its record; none for the defaults, which nobody wrote.
    pub(crate) version: Option<RecordId>,
    pub(crate) by: Option<Staff>,
    pub(crate) role: Option<Role>,
    pub(crate) made_at: Option<Timestamp>,
    pub(crate) reason: Option<String>,
    /// What it says differently from the one before it.
    pub(crate) changed: Vec<PolicyDifference>,
}

/// A further version that was written.
pub(crate) struct NewVersion {
    pub(crate) version: RecordId,
    pub(crate) changed: Vec<PolicyDifference>,
}

/// The document of a branch's policy.
///
/// # Errors
/// Never: every branch has one.
pub(crate) fn document(branch: &Branch) -> Result<DocId, Error> {
    Class::Policy.document(branch.id).ok_or(Error::Stopping)
}

/// The policies of a branch.
///
/// # Errors
/// [`Error::Store`]; [`Error::Refused`] when the document cannot be read.
pub(crate) fn read(store: &SqliteRelayStore, branch: &Branch) -> Result<Standing, Error> {
    let held = store.document(branch.id, document(branch)?)?;
    let view = match held {
        Some(held) => Dossier::receive(&held.bytes).map_err(|corrupt| refused(corrupt.message()))?.0.read(),
        None => View::default(),
    };
    Ok(Standing::of(view))
}

impl Standing {
    fn of(view: View) -> Standing {
        Standing { policies: Policies::of(&view), view }
    }

    /// What holds now: the version authored last.
    pub(crate) fn present(&self) -> (&Policy, Option<&RecordId>) {
        self.policies.at(Timestamp::MAX)
    }

    /// A version of this name.
    pub(crate) fn version(&self, id: &str) -> Option<&PolicyVersion> {
        self.policies.versions().iter().find(|version| version.id.as_str() == id)
    }

    /// Every version, oldest first.
    pub(crate) fn versions(&self) -> Vec<ShownVersion> {
        let mut before = Policy::default();
        let shown = |version: &PolicyVersion| {
            let changed = before.differences(&version.policy);
            before = version.policy.clone();
            ShownVersion {
                version: Some(version.id.clone()),
                by: version.written.author.as_ref().map(|author| author.staff.clone()),
                role: version.written.author.as_ref().map(|author| author.role),
                made_at: Some(version.written.at),
                reason: Some(version.reason.clone()),
                changed,
            }
        };
        self.policies.versions().iter().map(shown).collect()
    }

    /// The version `id`, or what holds now; with what it says.
    ///
    /// # Errors
    /// [`Error::Refused`]: there is no such version.
    pub(crate) fn shown(&self, id: Option<&str>) -> Result<(ShownVersion, Policy), Error> {
        let id = match id {
            Some(id) if self.version(id).is_none() => {
                return Err(refused(Message::new("policy-no_version").with("version", id)));
            }
            Some(id) => Some(id),
            None => self.present().1.map(RecordId::as_str),
        };
        let policy = id.and_then(|id| self.version(id)).map_or_else(Policy::default, |version| version.policy.clone());
        let shown = self.versions().into_iter().find(|shown| shown.version.as_ref().map(RecordId::as_str) == id);
        let defaults =
            ShownVersion { version: None, by: None, role: None, made_at: None, reason: None, changed: Vec::new() };
        Ok((shown.unwrap_or(defaults), policy))
    }

    /// The JSON of what holds now, with what a newer version of Fieldbook put there.
    fn body(&self) -> Value {
        let (policy, id) = self.present();
        let mut whole = serde_json::to_value(policy).unwrap_or_default();
        let raw = id.and_then(|id| self.view.record(id)).and_then(|record| record.text("body"));
        if let Some(raw) = raw.and_then(|raw| serde_json::from_str(raw).ok()) {
            carry_on(&mut whole, raw);
        }
        whole
    }
}

/// Writes a further version. `seen` is the version that whoever wants it has looked at, when they have: another one written
/// meanwhile is not overwritten unseen.
///
/// # Errors
/// [`Error::Refused`]: the policy is not whole, says the same, or changed meanwhile; the author is no administrator.
pub(crate) fn write(
    edit: &mut Edit<'_>,
    names: &mut Names,
    wanted: Wanted,
    reason: &str,
    seen: Option<Option<RecordId>>,
) -> Result<NewVersion, Error> {
    let standing = Standing::of(edit.view().clone());
    let (before, id) = standing.present();
    if seen.is_some_and(|seen| seen.as_ref() != id) {
        return Err(refused(Message::new("policy-changed_meanwhile")));
    }
    let (body, after) = wanted.apply(standing.body())?;
    let changed = before.differences(&after);
    if changed.is_empty() {
        return Err(refused(Message::new("policy-same")));
    }
    let version = names.record(&POLICY);
    let fields = Fields::from([("reason", reason.trim().into()), ("body", body.to_string().as_str().into())]);
    edit.create(&POLICY, &version, None, fields).map_err(super::invalid)?;
    Ok(NewVersion { version, changed })
}

impl Wanted {
    /// Places as the command line gives them: `limits.L5.minutes=45`. A value that is not JSON is a text.
    ///
    /// # Errors
    /// [`Error::Refused`]: there is no `=`.
    pub(crate) fn places(given: &[String]) -> Result<Wanted, Error> {
        let parsed = given.iter().map(|one| {
            let (place, value) = one
                .split_once('=')
                .ok_or_else(|| refused(Message::new("policy-no_value").with("given", one.as_str())))?;
            Ok((place.trim().to_owned(), serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))))
        });
        Ok(Wanted::Places(parsed.collect::<Result<_, Error>>()?))
    }

    /// The policy that is wanted instead of `present`: as JSON, and read.
    fn apply(self, present: Value) -> Result<(Value, Policy), Error> {
        let whole = match self {
            Wanted::Whole(whole) => whole,
            Wanted::Places(places) => {
                let mut whole = present.clone();
                for (place, value) in places {
                    put(&mut whole, &place, value)?;
                }
                whole
            }
        };
        let policy = Policy::parse(&whole.to_string()).map_err(|problem| refused(problem.message()))?;
        let known = known_names(&policy);
        if let Some(place) = stranger(&whole, &known, &present, "") {
            return Err(no_place(&place));
        }
        Ok((whole, policy))
    }
}

/// The policy as JSON, without grades and steps that there are not: its maps take any name.
fn known_names(policy: &Policy) -> Value {
    let (mut known, defaults) = (serde_json::to_value(policy).unwrap_or_default(), Policy::default());
    let named = |map: &str, name: &str| match map {
        "response" => defaults.response.contains_key(name),
        "visits" => defaults.visits.contains_key(name),
        _ => defaults.complaint_steps.contains_key(name),
    };
    for map in ["response", "visits", "complaint_steps"] {
        if let Some(Value::Object(parts)) = known.get_mut(map) {
            parts.retain(|name, _| named(map, name));
        }
    }
    known
}

fn no_place(place: &str) -> Error {
    let limits: Vec<String> = vec!["limits.L5.minutes".to_owned(), "visits.vip".to_owned()];
    refused(Message::new("policy-no_place").with("place", place).with("examples", Arg::Text(limits.join(", "))))
}

/// Puts a value at a place. Parts that are not there are made; a name nobody knows is found out afterwards.
pub(crate) fn put(whole: &mut Value, place: &str, value: Value) -> Result<(), Error> {
    let mut parts: Vec<&str> = place.split('.').collect();
    let Some(last) = parts.pop().filter(|last| !last.is_empty()) else { return Err(no_place(place)) };
    let mut here = whole;
    for part in &parts {
        if here.is_null() {
            *here = Value::Object(Map::new());
        }
        here = match here {
            Value::Object(object) => object.entry(*part).or_insert(Value::Null),
            Value::Array(list) => {
                let found = part.parse::<usize>().ok().and_then(|index| list.get_mut(index));
                found.ok_or_else(|| no_place(place))?
            }
            _ => return Err(no_place(place)),
        };
    }
    // A span is of one sort or the other.
    if matches!(last, "minutes" | "each") && parts.first() == Some(&"limits") {
        *here = Value::Null;
    }
    if here.is_null() {
        *here = Value::Object(Map::new());
    }
    match here {
        Value::Object(object) => {
            object.insert(last.to_owned(), value);
            Ok(())
        }
        Value::Array(list) => match last.parse::<usize>().ok().and_then(|index| list.get_mut(index)) {
            Some(found) => {
                *found = value;
                Ok(())
            }
            None => Err(no_place(place)),
        },
        _ => Err(no_place(place)),
    }
}

/// Adds what `raw` says and `whole` does not.
fn carry_on(whole: &mut Value, raw: Value) {
    if let (Value::Object(whole), Value::Object(raw)) = (whole, raw) {
        let is_span = whole.contains_key("minutes") || whole.contains_key("each");
        for (name, value) in raw {
            match whole.get_mut(&name) {
                Some(known) => carry_on(known, value),
                None if is_span => {}
                None => {
                    whole.insert(name, value);
                }
            }
        }
    }
}

/// The first place of `given` that neither this version nor the policy so far knows.
fn stranger(given: &Value, known: &Value, present: &Value, place: &str) -> Option<String> {
    const NOTHING: &Value = &Value::Null;
    match given {
        Value::Object(parts) => parts.iter().find_map(|(name, value)| {
            let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            let (known, present) = (known.get(name).unwrap_or(NOTHING), present.get(name).unwrap_or(NOTHING));
            let says_nothing = value.is_null() || value == &Value::from("");
            if known.is_null() && present.is_null() && !says_nothing {
                return Some(inner);
            }
            stranger(value, known, present, &inner)
        }),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, value)| {
            let known = known.get(index).unwrap_or(NOTHING);
            stranger(value, known, present.get(index).unwrap_or(NOTHING), &format!("{place}.{index}"))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn defaults() -> Value {
        serde_json::to_value(Policy::default()).unwrap()
    }

    fn set(places: &[&str]) -> Result<(Value, Policy), Error> {
        let given: Vec<String> = places.iter().map(|place| (*place).to_owned()).collect();
        Wanted::places(&given)?.apply(defaults())
    }

    fn why(result: Result<(Value, Policy), Error>) -> String {
        let Err(error) = result else { panic!("it was taken") };
        messages::Catalogue::of(vocab::Lang::En).render(&error.message())
    }

    #[test]
    fn places_are_set_one_by_one_and_a_span_changes_its_sort() {
        let (_, policy) = set(&["limits.L5.minutes=45", "limits.L6.each=day", "visits.potential=1"]).unwrap();
        let places: Vec<_> = Policy::default().differences(&policy).into_iter().map(|found| found.place).collect();
        assert_eq!(places, ["limits.L5", "limits.L6", "visits.potential"]);
        assert_eq!(policy.to_json().matches("\"minutes\":45").count(), 1);
    }

    #[test]
    fn what_is_not_in_a_policy_is_refused_with_its_place() {
        for (given, place) in [
            ("limits.L55.minutes=3", "limits.L55"),
            ("limits.L5.hours=3", "L5"),
            ("visits.gold=3", "visits.gold"),
            ("colour=red", "colour"),
            ("roster.people_min.x=1", "roster.people_min.x"),
            ("limits.L5.minutes=soon", "limits.L5"),
            ("limits.L5.minutes=0", "L5"),
            ("limits.L5.minutes", "limits.L5.minutes"),
            ("response.vip=null", "response"),
        ] {
            let said = why(set(&[given]));
            assert!(said.contains(place), "{given}: {said}");
        }
        let overlap = r#"calendar=[{"from":"2026-10-01","to":"2026-10-07","working":false},{"from":"2026-10-07","to":"2026-10-08","working":true}]"#;
        assert!(why(set(&[overlap])).contains("2026-10-07"));
    }

    #[test]
    fn a_policy_without_a_limit_is_refused() {
        let mut whole = defaults();
        whole["limits"].as_object_mut().unwrap().remove("L9");
        assert!(why(Wanted::Whole(whole).apply(defaults())).contains("L9"));
    }

    #[test]
    fn what_a_newer_version_put_there_is_carried_on() {
        let mut present = defaults();
        present["limits"]["L55"] = json!({ "minutes": 3 });
        present["later"] = json!({ "a": 1 });
        let mut whole = defaults();
        carry_on(&mut whole, present.clone());
        assert_eq!(whole, present);
        let wanted = Wanted::Places(vec![("limits.L5.minutes".to_owned(), 45.into())]);
        let (whole, _) = wanted.apply(present).unwrap();
        assert_eq!((&whole["limits"]["L55"]["minutes"], &whole["later"]["a"]), (&json!(3), &json!(1)));
    }
}
