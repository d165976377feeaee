//! What a row of a table says that the book does not say yet.

use records::{Dossier, Entry, Fields, Kind, Source, Value, View};
use tables::TableRow;
use vocab::RecordId;

/// What a row says that its record has never said.
pub(super) struct News {
    pub(super) own: Fields,
    pub(super) stated: Fields,
    /// What it says otherwise of what is filled in only once: it is not taken, and told.
    pub(super) kept: Fields,
}

impl News {
    /// `given` is what the row fills in, with the records it names by their ids; `view` is what the dossier says.
    pub(super) fn of(
        (dossier, view): (&Dossier, &View),
        kind: &'static Kind,
        id: &RecordId,
        given: &Fields,
        row: &TableRow,
    ) -> News {
        let record = view.record(id);
        let stands = |name: &str, value: &Value| record.and_then(|record| record.get(name)) == Some(value);
        let mut own: Fields = given.clone();
        own.retain(|name, value| {
            !stands(name, value) && kind.field(name).is_some_and(|field| field.source == Source::Person)
        });
        let mut kept: Fields = given.clone();
        kept.retain(|name, value| {
            let once = |field: &records::Field| matches!(field.source, Source::Once | Source::Auto);
            !stands(name, value) && kind.field(name).is_some_and(once)
        });
        let mut stated: Fields = row.snapshot.clone();
        let all_stand =
            stated.iter().all(|(name, value)| same_state(record.and_then(|record| record.get(name)), value));
        if all_stand {
            stated.clear();
        }
        // Notes are added to those that stand.
        stated.retain(|name, value| {
            let (Value::Notes(notes), Some(Value::Notes(stand))) = (value, record.and_then(|record| record.get(name)))
            else {
                return true;
            };
            notes.retain(|note| stand.iter().all(|known| known.text != note.text));
            !notes.is_empty()
        });
        if !own.is_empty() || !stated.is_empty() || !kept.is_empty() {
            for entry in dossier.history(id) {
                match entry.entry {
                    Entry::Field { field, after: Some(after), .. } => {
                        own.retain(|name, value| *name != field || *value != after);
                        kept.retain(|name, value| *name != field || *value != after);
                    }
                    Entry::Event { event, data, .. } => {
                        let is_said = |name: &str, value: &Value| data.get(name) == Some(&value.to_json());
                        kept.retain(|name, value| !is_said(name, value));
                        if event == "imported" && stated.iter().all(|(name, value)| is_said(name, value)) {
                            stated.clear();
                        }
                    }
                    Entry::Field { .. } => {}
                }
            }
        }
        News { own, stated, kept }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.stated.is_empty()
    }
}

/// Whether a record's folded value is what a row states. Notes and signatures stand in the record with author and time, in
/// a row without.
fn same_state(stands: Option<&Value>, stated: &Value) -> bool {
    match (stands, stated) {
        (Some(Value::Notes(stand)), Value::Notes(stated)) => {
            stand.iter().map(|note| &note.text).eq(stated.iter().map(|note| &note.text))
        }
        (Some(Value::Signature(stands)), Value::Signature(stated)) => stands.signer == stated.signer,
        (stands, stated) => stands == Some(stated),
    }
}
