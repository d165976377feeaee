//! Two lines of changes under one actor's numbers, made one again.
//!
//! A store that is restored from a copy and written to gives numbers that the lost life of the device had given before:
//! the same actor, the same sequence, the same operation ids, and other words. A document can hold one of the two lines. The
//! one that the relay accepted stays; every change of the other, and every change that rests on one of them, is written again:
//! the same operations, time and author, under an actor that follows from the hash of the change it stands for.
//!
//! So whoever heals the same two lines writes the same bytes, in whatever order they came, and healing twice changes
//! nothing. Operations keep their numbers, so what stood before what still does.

use std::collections::BTreeMap;

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId};
use automerge::{ActorId, Change, ExpandedChange};

use crate::dossier::{Dossier, guarded};
use crate::take::{self, Aside, Authored, Replaced, Taken, actor_after, apply_each, hash_of, set_aside};

/// Puts `arrived` in place of `losers`, which the document holds, and writes those again.
pub(crate) fn replace(
    dossier: &mut Dossier,
    arrived: Vec<Change>,
    losers: &[automerge::ChangeHash],
    taken: &mut Taken,
) {
    let rebuilt = guarded(|| {
        let (lost, kept) =
            dossier.doc().get_changes(&[]).into_iter().partition::<Vec<_>, _>(|change| losers.contains(&change.hash()));
        Ok((take::rebuilt(kept)?, lost))
    });
    let Ok((doc, lost)) = rebuilt else {
        // The document cannot be taken apart: it stays as it is.
        taken.set_aside.extend(arrived.iter().map(|change| set_aside(change, Aside::Reused)));
        return;
    };
    let winners: Vec<Change> = arrived.clone();
    dossier.replace_doc(doc);
    apply_each(dossier, arrived, taken);
    let mut moved = Moved::default();
    for old in lost {
        match again(dossier, &old, &winners, &mut moved) {
            Some(Again::Said(new)) => taken.replaced.push(Replaced { old: hash_of(old.hash()), new }),
            Some(Again::Wrote(authored)) => {
                taken.replaced.push(Replaced { old: hash_of(old.hash()), new: authored.hash });
                taken.authored.push(authored);
            }
            None => taken.set_aside.push(set_aside(&old, Aside::Reused)),
        }
    }
}

/// Where the operations of replaced changes are found now.
#[derive(Debug, Default)]
struct Moved {
    hashes: BTreeMap<automerge::ChangeHash, automerge::ChangeHash>,
    /// By actor: first and last number, and the actor that has them now.
    operations: BTreeMap<ActorId, Vec<(u64, u64, ActorId)>>,
}

impl Moved {
    fn note(&mut self, old: &Change, new: &Change) {
        self.hashes.insert(old.hash(), new.hash());
        let first = old.start_op().get();
        let last = first.saturating_add(old.len() as u64);
        let actor = new.actor_id().clone();
        self.operations.entry(old.actor_id().clone()).or_default().push((first, last, actor));
    }

    fn id(&self, id: &OpId) -> OpId {
        let ranges = self.operations.get(id.actor()).map(Vec::as_slice).unwrap_or_default();
        let found = ranges.iter().find(|(first, last, _)| (*first..*last).contains(&id.counter()));
        OpId::new(id.counter(), found.map_or(id.actor(), |(_, _, actor)| actor))
    }

    fn operation(&self, operation: Op) -> Op {
        Op {
            obj: match operation.obj {
                ObjectId::Id(id) => ObjectId::Id(self.id(&id)),
                ObjectId::Root => ObjectId::Root,
            },
            key: match operation.key {
                Key::Seq(ElementId::Id(id)) => Key::Seq(ElementId::Id(self.id(&id))),
                other => other,
            },
            pred: operation.pred.iter().map(|id| self.id(id)).collect(),
            ..operation
        }
    }
}

enum Again {
    /// Another change of the same numbers says the same: nothing needs to be written.
    Said(vocab::ChangeHash),
    Wrote(Authored),
}

/// Writes `old` again, unless a winner says the same. Nothing when automerge does not take it.
fn again(dossier: &mut Dossier, old: &Change, winners: &[Change], moved: &mut Moved) -> Option<Again> {
    let written = guarded(|| {
        let mut change = old.decode();
        change.deps = change.deps.iter().map(|dep| moved.hashes.get(dep).copied().unwrap_or(*dep)).collect();
        // The operations of the change itself move with it.
        let own = old.actor_id().clone();
        change.operations = change.operations.into_iter().map(|operation| moved.operation(operation)).collect();
        let same_numbers = |winner: &&Change| winner.actor_id() == old.actor_id() && winner.seq() == old.seq();
        if let Some(winner) = winners.iter().find(same_numbers)
            && says_the_same(&change, winner)
            && dossier.holds(hash_of(winner.hash()))
        {
            return Ok((winner.clone(), true));
        }
        let actor = ActorId::from(actor_after(old).as_bytes());
        let first = old.start_op().get();
        let renamed = Moved {
            hashes: BTreeMap::new(),
            operations: BTreeMap::from([(own, vec![(first, first.saturating_add(old.len() as u64), actor.clone())])]),
        };
        change.operations = change.operations.into_iter().map(|operation| renamed.operation(operation)).collect();
        change.actor_id = actor;
        change.seq = 1;
        change.hash = None;
        Ok((Change::from(change), false))
    });
    let (new, said) = written.ok()?;
    moved.note(old, &new);
    let hash = hash_of(new.hash());
    if said || dossier.holds(hash) {
        return Some(Again::Said(hash));
    }
    let mut outcome = Taken::default();
    let authored = Authored { of: hash_of(old.hash()), hash, actor: actor_after(old), bytes: new.raw_bytes().to_vec() };
    apply_each(dossier, vec![new], &mut outcome);
    (!outcome.applied.is_empty()).then_some(Again::Wrote(authored))
}

/// Whether a change, its references led to where they are found now, differs from `winner` in what it rests on at most.
fn says_the_same(change: &ExpandedChange, winner: &Change) -> bool {
    let winner = winner.decode();
    change.start_op == winner.start_op
        && change.time == winner.time
        && change.message == winner.message
        && change.operations == winner.operations
}
