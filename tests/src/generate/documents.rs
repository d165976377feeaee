//! Dossiers as automerge documents, written operation by operation as a device would.

use std::collections::BTreeMap;

use records::{Invalid, kind};
use vocab::{Actor, DeviceCode, EventId, RecordId, Timestamp};

use super::dossier::Dossier;
use super::operations::{Operation, Subject};

/// A device's counters and clock, and the hand that writes.
#[derive(Debug, Clone)]
pub struct Pen {
    actor: Actor,
    code: DeviceCode,
    records: BTreeMap<&'static str, u64>,
    events: u64,
}

impl Pen {
    /// A pen of the device with this actor and code that has written nothing yet.
    #[must_use]
    pub fn new(actor: Actor, code: DeviceCode) -> Pen {
        Pen { actor, code, records: BTreeMap::new(), events: 0 }
    }

    /// The document of `dossier` after its first `operations_max` operations, with its changes after genesis, oldest first.
    ///
    /// # Errors
    /// What [`records::Dossier::edit`] refuses. A drawn dossier holds nothing that it would.
    pub fn write(
        &mut self,
        dossier: &Dossier,
        operations_max: usize,
    ) -> Result<(records::Dossier, Vec<Vec<u8>>), Invalid> {
        let mut operations = dossier.operations();
        operations.truncate(operations_max);
        self.document(operations)
    }

    /// The document that these operations write, with its changes after genesis, oldest first.
    ///
    /// # Errors
    /// What [`records::Dossier::edit`] refuses.
    pub fn document(&mut self, operations: Vec<Operation>) -> Result<(records::Dossier, Vec<Vec<u8>>), Invalid> {
        let mut document = records::Dossier::create();
        let mut changes = Vec::new();
        let mut ids = BTreeMap::new();
        let mut stamp = Timestamp::EPOCH;
        for operation in operations {
            // One device's stamps never repeat; people's operations may fall into one minute.
            stamp = operation.at().max(stamp.plus_millis(1));
            changes.extend(self.one(&mut document, &mut ids, operation, stamp)?);
        }
        Ok((document, changes))
    }

    fn one(
        &mut self,
        document: &mut records::Dossier,
        ids: &mut BTreeMap<Subject, RecordId>,
        operation: Operation,
        stamp: Timestamp,
    ) -> Result<Option<Vec<u8>>, Invalid> {
        let author = operation.by().clone();
        match operation {
            Operation::Create { subject, parent, legacy_id, mut fields, .. } => {
                let kind = kind(subject.kind).ok_or_else(|| unknown(&subject))?;
                let count = self.records.entry(kind.prefix).or_default();
                *count += 1;
                let id = RecordId::new(kind.prefix, &self.code, *count);
                fields.insert("legacy_id", legacy_id.into());
                let parent = parent.and_then(|parent| ids.get(&parent).cloned());
                ids.insert(subject, id.clone());
                document.edit(&author, stamp, &self.actor, |edit| edit.create(kind, &id, parent.as_ref(), fields))
            }
            Operation::Step { subject, code, data, .. } => {
                self.events += 1;
                let event = EventId::new(&self.code, self.events);
                let id = ids.get(&subject).ok_or_else(|| unknown(&subject))?;
                document.edit(&author, stamp, &self.actor, |edit| edit.step(&event, id, code, data))
            }
        }
    }
}

fn unknown(subject: &Subject) -> Invalid {
    Invalid::NoRecord { id: format!("{} {}", subject.kind, subject.place) }
}

#[cfg(test)]
mod tests {
    use super::super::{Act, Branch};
    use super::*;
    use records::{FEEDBACK, TASK};

    fn pen() -> Pen {
        Pen::new(Actor::from_bytes([7; 16]), DeviceCode::enrolled(7))
    }

    #[test]
    fn every_operation_is_accepted_and_takes_effect() {
        let mut pen = pen();
        for dossier in Branch::of_customers(11, 60).dossiers() {
            let operations = dossier.operations().len();
            let (document, changes) = pen.write(&dossier, usize::MAX).unwrap_or_else(|invalid| panic!("{invalid}"));
            assert_eq!(changes.len(), operations, "each operation is one change");
            let view = document.read();
            assert_eq!((view.conflicts.as_slice(), view.unknown), (&[][..], 0));
            let of = |kind| view.records.iter().filter(|record| record.kind == kind).collect::<Vec<_>>();
            let state = |act: fn(&Act) -> bool| {
                dossier.tasks.iter().filter(|task| task.steps.iter().any(|step| act(&step.act))).count()
            };
            let tasks = of(&TASK);
            assert_eq!(tasks.len(), dossier.tasks.len());
            let with = |code| tasks.iter().filter(|task| task.state() == Some(code)).count();
            assert_eq!(with("reviewed"), state(|act| *act == Act::Review));
            assert_eq!(with("cancelled"), state(|act| matches!(act, Act::Cancel(_))));
            assert_eq!(of(&FEEDBACK).len(), dossier.feedback.len());
        }
    }

    #[test]
    fn a_dossier_can_be_written_in_part() {
        let dossier = Branch::of_customers(11, 60).dossier(5);
        let (document, changes) = pen().write(&dossier, 3).unwrap_or_else(|invalid| panic!("{invalid}"));
        assert_eq!(changes.len(), 3);
        assert_eq!(document.change_count(), 4, "genesis and three");
    }
}
