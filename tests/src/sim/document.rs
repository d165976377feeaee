//! What the simulated people write: dossiers, by the rules of `records`.

use records::{ASSESSMENT, CUSTOMER, Dossier, Edit, Fields, Invalid, TASK, Value};
use store::{Identity, WriteTx};
use vocab::{Actor, Author, ChangeHash, DeviceCode, DocId, EventId, RecordId, Sum, Timestamp};

use super::device::Interrupted;
use super::{Fallible, wrong};
use crate::generate::Dice;

/// One change that a command saved.
pub(super) struct Saved {
    pub(super) doc: DocId,
    pub(super) hash: ChangeHash,
    /// Text that stands in this change and in no other.
    pub(super) mark: String,
}

/// Who edits, where and when.
pub(super) struct Pen<'a> {
    author: Author,
    actor: Actor,
    code: DeviceCode,
    stamp: Timestamp,
    /// A number that this store has not used before.
    number: u64,
    mark: &'a str,
}

impl<'a> Pen<'a> {
    pub(super) fn of(identity: &Identity, stamp: Timestamp, number: u64, mark: &'a str) -> Pen<'a> {
        let author = Author { staff: identity.staff.clone(), role: identity.role };
        Pen { author, actor: identity.actor(), code: identity.code.clone(), stamp, number, mark }
    }
}

fn broken(error: impl std::fmt::Display) -> Interrupted {
    Interrupted(error.to_string())
}

/// Makes one edit of a document, new or held, and writes it with its outbox entry.
pub(super) fn write(tx: &WriteTx<'_>, doc: DocId, pen: &Pen<'_>, dice: &mut Dice) -> Result<Vec<Saved>, Interrupted> {
    let stored = tx.document(doc)?;
    let mut dossier = match &stored {
        Some(stored) => Dossier::load(&stored.bytes).map_err(broken)?,
        None => Dossier::create(),
    };
    let bytes = change(&mut dossier, pen, dice)?;
    let heads = dossier.heads();
    let header = sync::inspect(&bytes).map_err(broken)?;
    if stored.is_some() {
        let tail = tx.append_change(doc, header.hash, &bytes, &heads)?;
        if tail.wants_compaction() {
            tx.compact(doc, &dossier.save(), &heads)?;
        }
        tx.push_outbox(doc, header.hash, &bytes)?;
    } else {
        let sum: Sum = dossier.change_hashes().into_iter().map(|hash| Sum::of_change(doc, hash)).sum();
        tx.put_snapshot(doc, &dossier.save(), &heads, sum)?;
        for bytes in dossier.changes_since(&[]) {
            tx.push_outbox(doc, sync::inspect(&bytes).map_err(broken)?.hash, &bytes)?;
        }
    }
    let mark = pen.mark.to_owned();
    Ok(vec![Saved { doc, hash: header.hash, mark }])
}

/// One edit of a dossier: what it is about when it is new, else a field, a text or a step. Returns the change.
fn change(dossier: &mut Dossier, pen: &Pen<'_>, dice: &mut Dice) -> Result<Vec<u8>, Interrupted> {
    let view = dossier.read();
    let find = |kind: &str| view.records.iter().find(|record| record.kind.code == kind).map(|record| record.id.clone());
    let Some(customer) = find("customer") else {
        let made = apply(dossier, pen, |edit| begin(edit, pen)).map_err(broken)?;
        return made.ok_or_else(|| broken("a new dossier made no change"));
    };
    if let Some(task) = find("task")
        && dice.chance(400)
    {
        let (step, data) = step(pen, dice);
        let event = EventId::new(&pen.code, pen.number);
        // Not every step is open in every state; who is refused does something else.
        let stepped = apply(dossier, pen, |edit| {
            edit.step(&event, &task, step, data)?;
            edit.set(&customer, texts([("preference", pen.mark)]))
        });
        if let Ok(Some(change)) = stepped {
            return Ok(change);
        }
    }
    let fields = fields(pen, dice);
    let changed = apply(dossier, pen, |edit| edit.set(&customer, fields)).map_err(broken)?;
    changed.ok_or_else(|| broken("an edit made no change"))
}

fn apply(
    dossier: &mut Dossier,
    pen: &Pen<'_>,
    work: impl FnOnce(&mut Edit<'_>) -> Result<(), Invalid>,
) -> Result<Option<Vec<u8>>, Invalid> {
    dossier.edit(&pen.author, pen.stamp, &pen.actor, work)
}

fn texts<const N: usize>(entries: [(&'static str, &str); N]) -> Fields {
    entries.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

fn begin(edit: &mut Edit<'_>, pen: &Pen<'_>) -> Result<(), Invalid> {
    let id = |prefix| RecordId::new(prefix, &pen.code, pen.number);
    let (assessment, task) = (id(ASSESSMENT.prefix), id(TASK.prefix));
    let customer = texts([("name", "*先生"), ("channel", "phone"), ("grade", "normal"), ("preference", pen.mark)]);
    edit.create(&CUSTOMER, &id(CUSTOMER.prefix), None, customer)?;
    edit.create(&ASSESSMENT, &assessment, None, texts([("need", "设备无法开机"), ("plan", "上门检查")]))?;
    let mut fields = texts([("title", "上门维修")]);
    fields.insert("due_at", Value::Time(pen.stamp.plus_millis(3_600_000)));
    edit.create(&TASK, &task, Some(&assessment), fields)
}

fn step(pen: &Pen<'_>, dice: &mut Dice) -> (&'static str, Fields) {
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

/// The mark, alone or with a text.
fn fields(pen: &Pen<'_>, dice: &mut Dice) -> Fields {
    let mut fields = texts([("preference", pen.mark)]);
    if dice.chance(250) {
        let length = if dice.chance(100) { dice.between(300, 1_500) } else { dice.between(1, 30) };
        let words = ["故障", "更换", "电源", "回访", "备件", "客户"];
        let phrase: String = (0..length).map(|_| dice.pick(&words)).collect();
        fields.extend(texts([("history", &phrase)]));
    }
    fields
}

/// A document as the relay keeps it.
pub(super) struct Materialized {
    pub(super) saved: Vec<u8>,
    pub(super) heads: Vec<ChangeHash>,
}

/// What a relay makes of a saved form and the changes after it.
pub(super) fn materialized(bytes: &[u8]) -> Fallible<Materialized> {
    let (dossier, aside) = Dossier::receive(bytes).map_err(wrong)?;
    if let Some(aside) = aside.first() {
        return Err(format!("the relay took {}, which cannot be applied: {}", aside.hash, aside.reason.code()));
    }
    Ok(Materialized { saved: dossier.save(), heads: dossier.heads() })
}
