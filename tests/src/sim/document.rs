//! What the simulated people write: dossiers, by the rules of `records`.

use std::collections::BTreeSet;

use records::{ASSESSMENT, CUSTOMER, Dossier, Edit, Fields, Invalid, TASK, Value};
use vocab::{Actor, Author, ChangeHash, DeviceCode, EventId, RecordId, Timestamp};

use super::{Fallible, wrong};
use crate::generate::Dice;

/// One change as it goes into an outbox.
pub(super) struct Written {
    pub(super) hash: ChangeHash,
    pub(super) bytes: Vec<u8>,
}

/// Who edits, where and when.
pub(super) struct Pen {
    pub(super) author: Author,
    pub(super) actor: Actor,
    pub(super) code: DeviceCode,
    pub(super) stamp: Timestamp,
    /// A number that this device has not used before.
    pub(super) number: u64,
}

fn written(bytes: Vec<u8>) -> Fallible<Written> {
    Ok(Written { hash: sync::inspect(&bytes).map_err(wrong)?.hash, bytes })
}

/// The first change of every document.
pub(super) fn genesis() -> Fallible<Written> {
    written(Dossier::create().changes_since(&[]).pop().ok_or("a new dossier has no first change")?)
}

/// One edit of a dossier: what it is about when it is new, else some field or step. Returns the change, and the heads after it.
pub(super) fn edit(bytes: &[u8], pen: &Pen, dice: &mut Dice) -> Fallible<(Written, Vec<ChangeHash>)> {
    let mut dossier = Dossier::load(bytes).map_err(wrong)?;
    let view = dossier.read();
    let find = |kind: &str| view.records.iter().find(|record| record.kind.code == kind).map(|record| record.id.clone());
    let mut change = None;
    if let Some(task) = find("task")
        && dice.chance(500)
    {
        let (step, data) = step(pen, dice);
        let event = EventId::new(&pen.code, pen.number);
        // Not every step is open in every state; who is refused does something else.
        change = apply(&mut dossier, pen, |edit| edit.step(&event, &task, step, data)).unwrap_or_default();
    }
    if change.is_none() {
        change = match find("customer") {
            None => apply(&mut dossier, pen, |edit| begin(edit, pen)).map_err(wrong)?,
            Some(customer) => {
                let fields = fields(pen, dice);
                apply(&mut dossier, pen, |edit| edit.set(&customer, fields)).map_err(wrong)?
            }
        };
    }
    let change = written(change.ok_or("an edit made no change")?)?;
    Ok((change, dossier.heads()))
}

fn apply(
    dossier: &mut Dossier,
    pen: &Pen,
    work: impl FnOnce(&mut Edit<'_>) -> Result<(), Invalid>,
) -> Result<Option<Vec<u8>>, Invalid> {
    dossier.edit(&pen.author, pen.stamp, &pen.actor, work)
}

fn texts<const N: usize>(entries: [(&'static str, &str); N]) -> Fields {
    entries.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

fn begin(edit: &mut Edit<'_>, pen: &Pen) -> Result<(), Invalid> {
    let id = |prefix| RecordId::new(prefix, &pen.code, pen.number);
    let (assessment, task) = (id(ASSESSMENT.prefix), id(TASK.prefix));
    edit.create(
        &CUSTOMER,
        &id(CUSTOMER.prefix),
        None,
        texts([("name", "*先生"), ("channel", "phone"), ("grade", "normal")]),
    )?;
    edit.create(&ASSESSMENT, &assessment, None, texts([("need", "设备无法开机"), ("plan", "上门检查")]))?;
    let mut fields = texts([("title", "上门维修")]);
    fields.insert("due_at", Value::Time(pen.stamp.plus_millis(3_600_000)));
    edit.create(&TASK, &task, Some(&assessment), fields)
}

fn step(pen: &Pen, dice: &mut Dice) -> (&'static str, Fields) {
    match dice.below(5) {
        0 => ("assigned", texts([("assignee", "王*")])),
        1 => ("started", Fields::new()),
        2 => {
            let later = pen.stamp.plus_millis(7_200_000);
            ("delayed", Fields::from([("due_at", Value::Time(later))]))
        }
        3 => ("done", Fields::new()),
        _ => ("reviewed", Fields::new()),
    }
}

/// A field and a value that did not stand before: every edit is one.
fn fields(pen: &Pen, dice: &mut Dice) -> Fields {
    let length = if dice.chance(60) { dice.between(300, 1_500) } else { dice.between(1, 30) };
    let phrase: String = (0..length).map(|_| dice.pick(&["故障", "更换", "电源", "回访", "备件", "客户"])).collect();
    let stamp = pen.stamp.millis();
    match dice.below(3) {
        0 => texts([("history", &format!("{phrase}{stamp}{}", pen.code))]),
        1 => texts([("name", &format!("{stamp}{}*", pen.code))]),
        _ => texts([("preference", &format!("每周一次{stamp}{}", pen.code))]),
    }
}

/// A document that several pieces were put into.
pub(super) struct Merged {
    pub(super) saved: Vec<u8>,
    pub(super) heads: Vec<ChangeHash>,
    /// Whether anything was new.
    pub(super) changed: bool,
}

/// Puts what arrived, in any order and any number of times, into a document.
pub(super) fn merge(held: Option<&[u8]>, pieces: &[&[u8]]) -> Fallible<Merged> {
    let before = match held {
        Some(bytes) => Dossier::load(bytes).map_err(wrong)?.heads(),
        None => Vec::new(),
    };
    let whole = [held.unwrap_or_default(), &pieces.concat()].concat();
    let dossier = Dossier::load(&whole).map_err(wrong)?;
    let missing = dossier.missing();
    if !missing.is_empty() {
        return Err(format!("a change arrived before what it depends on: {missing:?}"));
    }
    let heads = dossier.heads();
    Ok(Merged { saved: dossier.save(), changed: heads != before, heads })
}

/// A document as somebody holds it.
pub(super) struct Held(Dossier);

impl Held {
    /// The document in these bytes.
    pub(super) fn load(bytes: &[u8]) -> Fallible<Self> {
        Dossier::load(bytes).map(Held).map_err(wrong)
    }

    pub(super) fn holds(&self, hash: ChangeHash) -> bool {
        self.0.holds(hash)
    }

    pub(super) fn heads(&self) -> Vec<ChangeHash> {
        self.0.heads()
    }

    /// The hashes of all its changes.
    pub(super) fn changes(&self) -> Fallible<BTreeSet<ChangeHash>> {
        let hash = |bytes: &Vec<u8>| sync::inspect(bytes).map(|header| header.hash).map_err(wrong);
        self.0.changes_since(&[]).iter().map(hash).collect()
    }

    pub(super) fn change_count(&self) -> usize {
        self.0.change_count()
    }

    /// Everything the document shows to people.
    pub(super) fn shown(&self) -> String {
        format!("{:?}", self.0.read())
    }
}
