//! Whether changes can become part of a document without harm.
//!
//! automerge checks little of what a well-formed change says. References to operations that are not there are dropped
//! without a word, and the document then saves to bytes that no longer load; keys of the wrong sort end up where lookups do
//! not find them. So what the operations say of themselves is checked before, and afterwards each change must come out of the
//! document again as it went in.

use std::collections::{BTreeMap, BTreeSet};

use automerge::legacy::{Key, ObjectId, Op, OpType};
use automerge::{Automerge, Change, ObjId, ObjType, ReadDoc};

use crate::Corrupt;
use crate::dossier::{guarded, unreadable};

/// A copy of `doc` with `changes`, which are in causal order and rest on nothing else.
///
/// # Errors
/// [`Corrupt`] when automerge gives up on them, or does not hold each of them as it was given.
pub(crate) fn with(doc: &Automerge, changes: &[Change]) -> Result<Automerge, Corrupt> {
    guarded(|| {
        if !keys_fit(doc, changes) {
            return Err(unreadable("an operation does not fit its object"));
        }
        let before = doc.get_heads();
        let mut doc = doc.clone();
        doc.apply_changes(changes.to_vec()).map_err(unreadable)?;
        let held: BTreeSet<automerge::ChangeHash> = doc.get_changes(&before).iter().map(Change::hash).collect();
        if changes.iter().all(|change| held.contains(&change.hash())) {
            Ok(doc)
        } else {
            Err(unreadable("an operation refers to what is not there"))
        }
    })
}

/// Whether every operation names an object that is there by a key of its sort.
fn keys_fit(doc: &Automerge, changes: &[Change]) -> bool {
    let mut made: BTreeMap<(Vec<u8>, u64), ObjType> = BTreeMap::new();
    for change in changes {
        let actor = change.actor_id().to_bytes();
        let mut number = change.start_op().get();
        for operation in change.decode().operations {
            let object = match &operation.obj {
                ObjectId::Root => Some(ObjType::Map),
                ObjectId::Id(id) => made
                    .get(&(id.actor().to_bytes().to_vec(), id.counter()))
                    .copied()
                    .or_else(|| doc.object_type(ObjId::Id(id.counter(), id.actor().clone(), 0)).ok()),
            };
            if !object.is_some_and(|object| key_fits(object, &operation)) {
                return false;
            }
            if let OpType::Make(sort) = operation.action {
                made.insert((actor.to_vec(), number), sort);
            }
            number = number.saturating_add(1);
        }
    }
    true
}

fn key_fits(object: ObjType, operation: &Op) -> bool {
    let by_name = matches!(operation.key, Key::Map(_));
    let brings = !matches!(operation.action, OpType::Delete | OpType::Increment(_));
    match object {
        ObjType::Map | ObjType::Table => by_name && !operation.insert,
        ObjType::List => !by_name && (brings || !operation.insert),
        // automerge itself only ever inserts into a text and deletes from it; where a letter was put in place of another,
        // a later edit of somebody else makes it give up.
        ObjType::Text if operation.insert => !by_name && brings,
        ObjType::Text => !by_name && operation.action == OpType::Delete,
    }
}
