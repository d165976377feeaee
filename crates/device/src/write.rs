//! What a person records: one command, one transaction, one automerge change.

use messages::{Arg, Message};
use records::{CUSTOMER, Class, Dossier, Edit, Field, Fields, Invalid, Kind, REVIEW, Source};
use serde_json::Value;
use store::{Identity, WriteTx};
use sync::limits::CHANGE_BYTES_MAX;
use vocab::{Author, ChangeHash, DocId, EventId, HybridClock, RecordId, Sum};

use crate::error::WorkError;
use crate::home::Device;
use crate::outside::{self, Outside};
use crate::renew::EVENT_COUNTER;
use crate::{DeviceError, asked, branch, customer, references, rota, rows};

/// What a command saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The record.
    pub id: RecordId,
    /// Its document.
    pub doc: DocId,
    /// The record as it stands now, as `show --json` prints it.
    pub json: Value,
    /// What the person should know besides.
    pub notices: Vec<Message>,
}

impl Device {
    /// Makes a record: a customer with a dossier of its own, what belongs to a customer under `parent`, everything else on the
    /// board of the branch. Fields that follow from a step (a task's assignee) become that step, in the same change.
    ///
    /// # Errors
    /// [`DeviceError::Invalid`] with the field and the fix, [`DeviceError::UnknownRecord`] for a parent that is not in the
    /// book, and those of the store. Nothing is written then.
    pub fn create(&mut self, kind: &'static Kind, parent: Option<&str>, fields: Fields) -> Result<Stored, DeviceError> {
        let outside = self.outside();
        self.write(|tx| {
            let mut desk = Desk::open(tx, &*outside)?;
            let (mut dossier, parent) = match (&kind.parent, parent) {
                (None, _) => (Open::of_class(tx, &*outside, kind.class)?, None),
                (Some(relation), Some(text)) => {
                    let (id, doc) = rows::find(tx, text)?;
                    if id.prefix() != records::kind(relation.kind).map_or("", |kind| kind.prefix) {
                        return Err(wrong_kind(text, relation.kind, &id).into());
                    }
                    (Open::stored(tx, doc)?, Some(id))
                }
                (Some(relation), None) => return Err(DeviceError::ParentMissing { kind: relation.kind }.into()),
            };
            let mut fields = references::named(tx, dossier.doc, fields, |name| kind.field(name))?;
            if kind == &REVIEW
                && !fields.contains_key("figures")
                && let Some(figures) = asked::review_figures(tx, &fields, outside.now())?
            {
                fields.insert("figures", figures.into());
            }
            let twins = if kind == &CUSTOMER { asked::twins(tx, &fields)? } else { Vec::new() };
            let id = desk.record_id(kind, Some(&dossier))?;
            let event = desk.event_id(&dossier)?;
            let (given, stepped): (Fields, Fields) = fields
                .into_iter()
                .partition(|(name, _)| kind.field(name).is_none_or(|field| field.source != Source::Event));
            let rules = rota::rules(tx, kind, outside.now())?;
            let mut told = Vec::new();
            desk.save(&mut dossier, |edit| {
                edit.create(kind, &id, parent.as_ref(), given)?;
                told = rota::judge(edit, &id, rules.as_ref())?;
                if stepped.is_empty() {
                    return Ok(());
                }
                let carries =
                    |name: &&'static str, data: &[records::Field]| data.iter().any(|datum| datum.name == *name);
                let step = kind
                    .events
                    .iter()
                    .find(|step| step.code != "imported" && stepped.keys().all(|name| carries(name, step.data)));
                // Without such a step the record says itself which field nobody fills in directly.
                match step {
                    Some(step) => edit.step(&event, &id, step.code, stepped),
                    None => edit.set(&id, stepped),
                }
            })?;
            let mut stored = desk.stored(id, &dossier)?;
            stored.notices = told;
            for twin in twins {
                let certainty = Arg::Key(format!("device-twin-{}", twin.certainty.code()));
                let percent = twin.alike_percent.unwrap_or(100);
                let notice = Message::new("device-notice-twin").with("id", stored.id.as_str());
                let notice = notice.with("twin", twin.customer.as_str()).with("certainty", certainty);
                stored.notices.push(notice.with("percent", i64::try_from(percent).unwrap_or(100)));
            }
            Ok(stored)
        })
    }

    /// Changes fields of a record. One that was merged into another customer is that customer.
    ///
    /// # Errors
    /// As [`Device::create`].
    pub fn edit(&mut self, id: &str, fields: Fields) -> Result<Stored, DeviceError> {
        let led = self.read(|tx| customer::led(tx, id))?;
        let target = led.as_ref().map_or(id, RecordId::as_str);
        let mut stored =
            self.on_record(target, fields, |kind, name| kind.field(name), |edit, id, _, fields| edit.set(id, fields))?;
        if let Some(lead) = &led {
            stored.notices.push(Message::new("device-notice-merged").with("id", id).with("lead", lead.as_str()));
        }
        Ok(stored)
    }

    /// Takes a step of a record's life cycle.
    ///
    /// # Errors
    /// As [`Device::create`]; a step that the state does not allow says which are.
    pub fn step(&mut self, id: &str, step: &str, data: Fields) -> Result<Stored, DeviceError> {
        let datum = |kind: &'static Kind, name: &str| {
            let data = kind.event(step).map_or(&[][..], |event| event.data);
            data.iter().find(|datum| datum.name == name).or_else(|| kind.field(name))
        };
        self.on_record(id, data, datum, |edit, id, event, data| edit.step(event, id, step, data))
    }

    /// Decides the conflict called `id` by taking its `take`th candidate, counted from 1.
    ///
    /// # Errors
    /// [`DeviceError::UnknownConflict`], [`DeviceError::Invalid`] when the role may not or there is no such candidate.
    pub fn resolve(&mut self, id: &str, take: usize) -> Result<Stored, DeviceError> {
        let record = id.split('/').next().unwrap_or_default().to_owned();
        self.conflict(id)?;
        self.on_record(
            &record,
            Fields::new(),
            |kind, name| kind.field(name),
            |edit, inner, event, _| {
                // The conflict's id begins with its record's, which may be shown otherwise than it stands in the document.
                let conflict = id.strip_prefix(&record).map_or_else(|| id.to_owned(), |rest| format!("{inner}{rest}"));
                edit.resolve(event, &conflict, take)
            },
        )
    }

    fn on_record(
        &mut self,
        id: &str,
        given: Fields,
        field: impl Fn(&'static Kind, &str) -> Option<&'static Field>,
        work: impl FnOnce(&mut Edit<'_>, &RecordId, &EventId, Fields) -> Result<(), Invalid>,
    ) -> Result<Stored, DeviceError> {
        let outside = self.outside();
        self.write(|tx| {
            let (id, doc) = rows::find(tx, id)?;
            let given = match records::kind_of_prefix(id.prefix()) {
                Some(kind) => references::named(tx, doc, given, |name| field(kind, name))?,
                None => given,
            };
            let rules = match records::kind_of_prefix(id.prefix()) {
                Some(kind) => rota::rules(tx, kind, outside.now())?,
                None => None,
            };
            let mut desk = Desk::open(tx, &*outside)?;
            let mut dossier = Open::stored(tx, doc)?;
            let event = desk.event_id(&dossier)?;
            let mut told = Vec::new();
            let saved = desk.save(&mut dossier, |edit| {
                work(edit, &id, &event, given)?;
                told = rota::judge(edit, &id, rules.as_ref())?;
                Ok(())
            })?;
            let mut stored = desk.stored(id, &dossier)?;
            stored.notices = told;
            if saved.is_none() {
                stored.notices.push(Message::new("device-notice-unchanged"));
            }
            Ok(stored)
        })
    }
}

pub(crate) fn wrong_kind(text: &str, wanted: &'static str, id: &RecordId) -> DeviceError {
    let found = records::kind_of_prefix(id.prefix()).map_or_else(String::new, |kind| kind.code.to_owned());
    DeviceError::WrongKind { id: text.to_owned(), wanted, found }
}

/// A dossier being worked on.
pub(crate) struct Open {
    pub(crate) doc: DocId,
    pub(crate) dossier: Dossier,
    /// Whether the store holds it already.
    stored: bool,
}

impl Open {
    /// Where a record without a parent goes: a customer into a dossier of its own, everything else into the one document that
    /// the branch has for it.
    pub(crate) fn of_class(tx: &WriteTx<'_>, outside: &dyn Outside, class: Class) -> Result<Open, WorkError> {
        let Some(doc) = class.document(branch::own(tx)?) else { return Ok(Open::fresh(outside)?) };
        if tx.document(doc)?.is_some() {
            return Open::stored(tx, doc);
        }
        Ok(Open { doc, dossier: Dossier::create(), stored: false })
    }

    /// A new one, under a new id.
    pub(crate) fn fresh(outside: &dyn Outside) -> Result<Open, DeviceError> {
        Ok(Open { doc: DocId::from_random(outside::random(outside)?), dossier: Dossier::create(), stored: false })
    }

    /// The one the store holds as `doc`.
    pub(crate) fn stored(tx: &WriteTx<'_>, doc: DocId) -> Result<Open, WorkError> {
        let stored = tx.document(doc)?.ok_or_else(|| DeviceError::UnknownRecord { id: doc.to_string() })?;
        let dossier = Dossier::load(&stored.bytes).map_err(|source| DeviceError::Document { doc, source })?;
        Ok(Open { doc, dossier, stored: true })
    }
}

/// One transaction's worth of writing: who writes, and the clock that stamps each change.
pub(crate) struct Desk<'a> {
    tx: &'a WriteTx<'a>,
    outside: &'a dyn Outside,
    identity: Identity,
    clock: HybridClock,
}

impl<'a> Desk<'a> {
    pub(crate) fn open(tx: &'a WriteTx<'a>, outside: &'a dyn Outside) -> Result<Desk<'a>, WorkError> {
        Ok(Desk { tx, outside, identity: tx.identity()?, clock: tx.clock()? })
    }

    /// An id for a new record, which is to go into `open` where that is known. Ids that the book shows already are passed over:
    /// a relay that was put back may have given this device a code that another one wrote under.
    pub(crate) fn record_id(&mut self, kind: &Kind, open: Option<&Open>) -> Result<RecordId, WorkError> {
        loop {
            let n = self.tx.next(kind.prefix)?;
            let id = RecordId::new(kind.prefix, &self.identity.code, n);
            let is_taken = open.is_some_and(|open| open.dossier.is_taken(id.as_str()));
            if !is_taken && readmodel::record(self.tx.connection(), &id)?.is_none() {
                return Ok(id);
            }
        }
    }

    /// An id for a new event of `open`.
    pub(crate) fn event_id(&mut self, open: &Open) -> Result<EventId, WorkError> {
        loop {
            let n = self.tx.next(EVENT_COUNTER)?;
            let id = EventId::new(&self.identity.code, n);
            if !open.dossier.is_taken(id.as_str()) {
                return Ok(id);
            }
        }
    }

    /// Makes one change of everything `work` does and writes it with its outbox entry and the document's rows. Returns its
    /// hash, or nothing when it changed nothing.
    pub(crate) fn save(
        &mut self,
        open: &mut Open,
        work: impl FnOnce(&mut Edit<'_>) -> Result<(), Invalid>,
    ) -> Result<Option<ChangeHash>, WorkError> {
        let author = Author { staff: self.identity.staff.clone(), role: self.identity.role };
        let actor = self.identity.actor();
        let stamp = self.clock.stamp(self.outside.now());
        let Some(change) = open.dossier.edit(&author, stamp, &actor, work)? else {
            return Ok(None);
        };
        self.tx.set_clock(&self.clock)?;
        // What the protocol would never carry must not be saved either: it would hold up its dossier for ever.
        let hash = sync::inspect(&change).map_err(|_| DeviceError::TooLarge)?.hash;
        if change.len() > CHANGE_BYTES_MAX {
            return Err(DeviceError::TooLarge.into());
        }
        let heads = open.dossier.heads();
        if open.stored {
            let tail = self.tx.append_change(open.doc, hash, &change, &heads)?;
            if tail.wants_compaction() {
                self.tx.compact(open.doc, &open.dossier.save(), &heads)?;
            }
            self.tx.push_outbox(open.doc, hash, &change)?;
        } else {
            let hashes = open.dossier.change_hashes();
            let sum = hashes.iter().map(|hash| Sum::of_change(open.doc, *hash)).sum();
            self.tx.put_snapshot(open.doc, &open.dossier.save(), &heads, sum)?;
            for bytes in open.dossier.changes_since(&[]) {
                let header = sync::inspect(&bytes).map_err(|_| DeviceError::Interrupted)?;
                self.tx.push_outbox(open.doc, header.hash, &bytes)?;
            }
            open.stored = true;
        }
        rows::write(self.tx, open.doc, &open.dossier.read())?;
        Ok(Some(hash))
    }

    pub(crate) fn stored(&self, id: RecordId, open: &Open) -> Result<Stored, WorkError> {
        let json = rows::record(self.tx, open.doc, &id)?;
        Ok(Stored { id, doc: open.doc, json, notices: Vec::new() })
    }
}
