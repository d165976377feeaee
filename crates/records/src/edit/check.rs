//! What an edit is checked for beyond the shapes of its fields: private data, references, days and times out of order,
//! records in the wrong document, a policy that is not whole.

use automerge::transaction::Transactable;
use vocab::RecordId;

use super::{Edit, refused};
use crate::invalid::{Invalid, Problem};
use crate::kinds;
use crate::policy::Policy;
use crate::privacy::find_private;
use crate::read::reached_key;
use crate::schema::{ANY_KIND, Class, Field, Kind, Milestone, Shape, Source};
use crate::value::{Fields, Value};

/// Refuses phone numbers, addresses and identity numbers in whatever a person may have written.
pub(super) fn private(field: &Field, value: &Value) -> Result<(), Invalid> {
    if matches!(field.shape, Shape::Enum(_) | Shape::Reference(_)) {
        return Ok(());
    }
    let texts: Vec<&str> = match value {
        Value::Text(text) => vec![text],
        Value::Tags(tags) => tags.iter().map(String::as_str).collect(),
        Value::Notes(notes) => notes.iter().map(|note| note.text.as_str()).collect(),
        Value::Signature(signature) => {
            [Some(signature.signer.as_str()), signature.what.as_deref()].into_iter().flatten().collect()
        }
        Value::Integer(_) | Value::Date(_) | Value::Time(_) | Value::Flag(_) => Vec::new(),
    };
    match texts.into_iter().find_map(|text| find_private(text).map(|found| (text, found))) {
        Some((text, (what, place))) => Err(Invalid::private(field, text, what, place)),
        None => Ok(()),
    }
}

/// Refuses a reference to a record of another kind, and one of a record to itself.
pub(super) fn references(own: &RecordId, given: &[(&Field, &Value)]) -> Result<(), Invalid> {
    for (field, value) in given {
        let (Shape::Reference(target), Some(text)) = (field.shape, value.as_text()) else { continue };
        let Ok(id) = text.parse::<RecordId>() else { continue };
        of_kind(target, &id)?;
        if id == *own {
            return Err(Invalid::Itself { id });
        }
    }
    Ok(())
}

fn of_kind(target: &str, id: &RecordId) -> Result<(), Invalid> {
    match kinds::kind(target).filter(|_| target != ANY_KIND) {
        Some(kind) if kind.prefix != id.prefix() => Err(Invalid::WrongKind { id: id.clone(), kind: kind.label }),
        _ => Ok(()),
    }
}

/// Refuses days and times that come in the wrong order. `asked` says which pairs this edit has to answer for: what others
/// wrote, on clocks of their own, is not its author's fault.
pub(super) fn order(kind: &Kind, fields: &Fields, asked: impl Fn(&str, &str) -> bool) -> Result<(), Invalid> {
    for (earlier, later) in kind.order.iter().filter(|(earlier, later)| asked(earlier, later)) {
        let (Some(first), Some(second)) = (fields.get(earlier), fields.get(later)) else { continue };
        let wrong = match (first, second) {
            (Value::Time(first), Value::Time(second)) => first > second,
            (Value::Date(first), Value::Date(second)) => first > second,
            (Value::Time(first), Value::Date(second)) => first.day() > *second,
            (Value::Date(first), Value::Time(second)) => *first > second.day(),
            _ => false,
        };
        if let (true, Some(before), Some(after)) = (wrong, kind.field(earlier), kind.field(later)) {
            return Err(Invalid::out_of_order(before, first, after, second));
        }
    }
    Ok(())
}

impl Kind {
    /// Everything wrong with the values of one record that can be told without its document, each with the field it is about:
    /// private data, days and times out of order, a level that is not the product it is derived as. For tables, whose
    /// faults are told all at once; [`Edit`] checks the same when it writes.
    #[must_use]
    pub fn faults(&self, fields: &Fields) -> Vec<(&'static Field, Invalid)> {
        let mut faults = Vec::new();
        for field in self.fields {
            if let Some(value) = fields.get(field.name)
                && let Err(invalid) = private(field, value)
            {
                faults.push((field, invalid));
            }
        }
        for pair in self.order {
            if let Err(invalid) = order(self, fields, |earlier, later| (earlier, later) == *pair)
                && let Some(field) = self.field(pair.1)
            {
                faults.push((field, invalid));
            }
        }
        let number = |name: &str| fields.get(name).and_then(Value::as_integer);
        if let (Some(field), Some(level)) = (self.field("level"), number("level")) {
            let product = number("probability").zip(number("impact")).map(|(probability, impact)| probability * impact);
            if product != Some(level) {
                faults.push((field, Invalid::value(field, &level.to_string(), Problem::NotTheProduct)));
            }
        }
        faults
    }
}

/// Refuses a policy with something missing or contradictory.
pub(super) fn policy(kind: &Kind, fields: &Fields) -> Result<(), Invalid> {
    if *kind != kinds::POLICY {
        return Ok(());
    }
    let body = fields.get("body").and_then(Value::as_text).unwrap_or_default();
    Policy::parse(body).map(|_| ()).map_err(|problem| Invalid::Policy { problem })
}

impl Milestone {
    /// Whether every field is filled in.
    pub(crate) fn is_reached(&self, fields: &Fields) -> bool {
        let filled = |name: &&str| fields.get(name).is_some_and(|value| *value != Value::Text(String::new()));
        self.fields.iter().all(filled)
    }
}

impl Edit<'_> {
    /// A customer's records, the board and the policy are documents of their own.
    pub(super) fn check_class(&mut self, kind: &'static Kind) -> Result<(), Invalid> {
        match self.reading().view.class() {
            Some(class) if class != kind.class => Err(Invalid::WrongDocument { kind: kind.label, class: kind.class }),
            _ => Ok(()),
        }
    }

    /// Records named beside the parent: of the kind meant and, within a dossier, there and not void. What a board names
    /// stands in other documents, which only their holder can look up.
    pub(super) fn check_links(&mut self, kind: &'static Kind, given: &Fields) -> Result<(), Invalid> {
        for field in kind.fields.iter().filter(|field| field.source != Source::Id) {
            let (Shape::Reference(target), Some(text)) = (field.shape, given.get(field.name).and_then(Value::as_text))
            else {
                continue;
            };
            let Ok(id) = text.parse::<RecordId>() else { continue };
            of_kind(target, &id)?;
            if kind.class != Class::Dossier {
                continue;
            }
            match self.reading().view.record(&id) {
                None => return Err(Invalid::NoRecord { id: id.to_string() }),
                Some(record) if record.is_void() => return Err(Invalid::Void { id }),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// The sets of fields that an edit to `after` fills in for the first time.
    pub(super) fn newly_reached(
        &mut self,
        id: &RecordId,
        kind: &'static Kind,
        after: &Fields,
    ) -> Vec<&'static Milestone> {
        let Some(record) = self.of(id).view.record(id) else { return Vec::new() };
        let new = |milestone: &&Milestone| !record.reached.contains_key(milestone.name) && milestone.is_reached(after);
        kind.milestones.iter().filter(new).collect()
    }

    /// Marks them in the same change.
    pub(super) fn mark_reached(&mut self, id: &RecordId, reached: &[&'static Milestone]) -> Result<(), Invalid> {
        for milestone in reached {
            let object = self.part(id)?.1.object.clone();
            self.forget();
            self.transaction.put(&object, reached_key(milestone.name), true).map_err(refused)?;
        }
        Ok(())
    }
}
