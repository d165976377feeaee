//! What an edit knows of its document while it writes to it.
//!
//! Reading a document takes as long as the document is large, and an import makes many records in one change. What an edit has
//! made itself is therefore added to what it has read, and records that it took steps of are read again only when somebody asks
//! for them.

use std::collections::BTreeSet;

use automerge::ObjId;
use vocab::{EventId, RecordId};

use super::Edit;
use crate::kinds;
use crate::log::Log;
use crate::read::{self, Part, Reading};
use crate::schema::{EventKind, Kind};
use crate::value::{Fields, Value};
use crate::view::Record;

/// What was written since the document was read.
#[derive(Debug, Default)]
pub(super) struct Since {
    /// Records were made, and stand in the reading as they were given.
    made: bool,
    /// Records that steps were taken of: the reading says how they stood before, but for void ones, that they are there.
    stepped: BTreeSet<RecordId>,
}

impl Edit<'_> {
    /// Which records there are, of which kind, void or not, whose dossier it is, and which events there are.
    pub(super) fn reading(&mut self) -> &Reading {
        self.reading.get_or_insert_with(|| read::read(&self.transaction, &self.graph))
    }

    /// The same, where one record has to be as it stands.
    pub(super) fn of(&mut self, id: &RecordId) -> &Reading {
        if self.since.stepped.contains(id) {
            self.forget();
        }
        self.reading()
    }

    /// The same, where everything has to be as it stands.
    pub(super) fn whole(&mut self) -> &Reading {
        if self.since.made || !self.since.stepped.is_empty() {
            self.forget();
        }
        self.reading()
    }

    /// Lets the document be read again.
    pub(super) fn forget(&mut self) {
        self.reading = None;
        self.since = Since::default();
    }

    /// Adds a record that was made just now, without steps.
    pub(super) fn made(
        &mut self,
        kind: &'static Kind,
        id: &RecordId,
        object: ObjId,
        parent: Option<RecordId>,
        mut fields: Fields,
    ) {
        let written = self.graph.changes().last().map(crate::graph::Change::written);
        let (Some(reading), Some(written)) = (&mut self.reading, written) else { return };
        // Names that stand twice are told apart by reading.
        if !reading.records_twins.is_empty() {
            return self.forget();
        }
        fields.retain(|_, value| *value != Value::Text(String::new()));
        let facts = read::facts(kind, &fields);
        let log = Log::new(kind, Vec::new(), &facts);
        let outcome = log.outcome(kind, &facts);
        fields.extend(outcome.fields.clone());
        fields.insert(kind.id_field, id.as_str().into());
        if let (Some(link), Some(parent)) = (&kind.parent, parent) {
            fields.insert(link.field, parent.as_str().into());
        }
        let view = &mut reading.view;
        if *kind == kinds::CUSTOMER && view.customer.is_none() {
            view.customer = Some(id.clone());
        }
        let customer = view.customer.clone().unwrap_or_else(|| id.clone());
        if kind.field("customer_id").is_some() {
            fields.insert("customer_id", customer.as_str().into());
        }
        let reached = kind.milestones.iter().filter(|milestone| milestone.is_reached(&fields));
        let reached = reached.map(|milestone| (milestone.name, written.at)).collect();
        let place = view.records.partition_point(|record| record.id < *id);
        let record = Record {
            kind,
            id: id.clone(),
            customer,
            fields,
            created: written.clone(),
            updated: written,
            steps: Vec::new(),
            reached,
        };
        view.records.insert(place, record);
        reading.parts.insert(id.clone(), Part { object, log, outcome, digest: facts.digest });
        self.since.made = true;
    }

    /// Notes a step that was taken just now.
    pub(super) fn took(&mut self, event: &EventId, id: &RecordId, step: &EventKind) {
        match &mut self.reading {
            // Whether a record is void is asked of it by others.
            Some(reading) if step.code != "void" => {
                reading.event_ids.insert(event.clone());
                self.since.stepped.insert(id.clone());
            }
            _ => self.forget(),
        }
    }
}
