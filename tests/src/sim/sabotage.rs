//! Faults between a device's session and its engine, and in its store.

use std::collections::BTreeSet;

use device::{Device, DeviceError, Together};
use store::{OutboxSeq, StoreError};
use sync::{DeviceEffect, Form};
use vocab::{ChangeHash, DocId, HybridClock, Sum, Timestamp, Verdict};

use super::mutation::Mutation;
use crate::generate::Dice;

/// What a faulty driver asks of the engine in place of `what`. What it puts off is left in `deferred`.
pub(super) fn effect(
    mutation: Option<Mutation>,
    what: Together,
    deferred: &mut Option<DeviceEffect>,
    dice: &mut Dice,
) -> Together {
    let Some(mutation) = mutation else { return what };
    let Together { effect, count } = what;
    let effect = match effect {
        DeviceEffect::Commit { mut arrivals, cursor, mut owed, ahead } => {
            match mutation {
                Mutation::OwedNotKept => owed = owed.map(|_| Vec::new()),
                Mutation::TogetherCutShort if count > 1 => drop(arrivals.pop()),
                Mutation::ArrivalDropped if dice.chance(200) => drop(arrivals.pop()),
                Mutation::TombstoneIgnored => arrivals.retain(|arrival| !matches!(arrival.form, Form::Erased(_))),
                Mutation::CursorBeforeData if cursor.is_some() => {
                    let arrivals = std::mem::take(&mut arrivals);
                    *deferred = Some(DeviceEffect::Commit { arrivals, cursor: None, owed: None, ahead });
                }
                _ => {}
            }
            DeviceEffect::Commit { arrivals, cursor, owed, ahead }
        }
        DeviceEffect::Settle { mut verdicts, cursor, ahead } => {
            match mutation {
                Mutation::VerdictsLost => verdicts.clear(),
                Mutation::VerdictsShifted => verdicts.iter_mut().for_each(|(seq, _)| *seq += 1),
                Mutation::RefusedDropped => {
                    for (_, verdict) in &mut verdicts {
                        if matches!(verdict, Verdict::Refused(_)) {
                            *verdict = Verdict::Had(cursor.unwrap_or_default().base);
                        }
                    }
                }
                _ => {}
            }
            DeviceEffect::Settle { verdicts, cursor, ahead }
        }
        effect => effect,
    };
    Together { effect, count }
}

/// What stands in the outbox before an effect.
pub(super) fn outbox(device: &mut Device) -> BTreeSet<(DocId, ChangeHash)> {
    let entries = device.store_mut().map(|store| store.read(|tx| tx.outbox(OutboxSeq::START, usize::MAX)));
    let entries = entries.ok().and_then(Result::ok).unwrap_or_default();
    entries.into_iter().map(|entry| (entry.doc, entry.hash)).collect()
}

/// What a faulty store looks like after a commit.
pub(super) fn after_commit(
    mutation: Option<Mutation>,
    device: &mut Device,
    dice: &mut Dice,
) -> Result<(), DeviceError> {
    let Some(mutation) = mutation else { return Ok(()) };
    match mutation {
        Mutation::CountedTwice if dice.chance(100) => tamper(device, |tx| {
            let twice =
                tx.acknowledged_sum()? + Sum::of_change(DocId::from_bytes([1; 16]), ChangeHash::from_bytes([1; 32]));
            run(tx, "UPDATE acknowledged SET sum = ?1", twice.to_bytes())
        }),
        Mutation::AsideForgotten => tamper(device, |tx| run(tx, "DELETE FROM set_aside WHERE ?1 = ?1", 1)),
        Mutation::TombstoneForgotten => tamper(device, |tx| run(tx, "DELETE FROM erased WHERE ?1 = ?1", 1)),
        Mutation::RowLost if dice.chance(50) => tamper(device, |tx| {
            run(tx, "DELETE FROM view_record WHERE id = (SELECT max(id) FROM view_record) AND ?1 = ?1", 1)
        }),
        _ => Ok(()),
    }
}

/// What a faulty store looks like after an edit.
pub(super) fn after_edit(
    mutation: Option<Mutation>,
    device: &mut Device,
    before: &BTreeSet<(DocId, ChangeHash)>,
    dice: &mut Dice,
) -> Result<(), DeviceError> {
    match mutation {
        Some(Mutation::OutboxForgotten) if dice.chance(100) => {
            let fresh: Vec<_> = outbox(device).into_iter().filter(|entry| !before.contains(entry)).collect();
            tamper(device, |tx| fresh.iter().try_for_each(|(doc, hash)| tx.remove_outbox(*doc, *hash).map(drop)))
        }
        Some(Mutation::ClockBackwards) => {
            tamper(device, |tx| tx.set_clock(&HybridClock::new(Timestamp::EPOCH, tx.clock()?.offset_ms())))
        }
        _ => Ok(()),
    }
}

fn tamper(
    device: &mut Device,
    work: impl FnOnce(&store::WriteTx<'_>) -> Result<(), StoreError>,
) -> Result<(), DeviceError> {
    // A disk that fails here fails whatever comes next.
    let _tampered = device.store_mut()?.write(work);
    Ok(())
}

fn run(tx: &store::WriteTx<'_>, statement: &str, value: impl rusqlite::ToSql) -> Result<(), StoreError> {
    let ran = tx.connection().execute(statement, [value]);
    ran.map(drop).map_err(|error| StoreError::Corrupt { what: error.to_string() })
}
