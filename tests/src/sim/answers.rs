//! What the relay's store says, as a session takes it; and the lies that a faulty driver tells in between.

use std::sync::Arc;

use store::{Branch, Restoring};
use sync::wire::{Item, ItemForm};
use sync::{FeedBatch, FeedDocument, FeedForm, RestoreForm};
use vocab::{ChangeHash, DocId, Position, Verdict};

use super::mutation::Mutation;
use crate::generate::Dice;

/// What became of a push.
pub(super) fn appended(appended: &store::Appended) -> sync::Appended {
    let verdicts = appended.verdicts.clone();
    let accepted = verdicts.iter().any(|verdict| matches!(verdict, Verdict::Accepted(_)));
    sync::Appended { verdicts, sum: accepted.then_some(appended.sum) }
}

/// What a device brings back, as the store takes it. A tombstone is taken when the branch signed it; while the branch is
/// recovering, another key's is signed anew.
pub(super) fn restoring(branch: &Branch, items: Vec<sync::Restoration>, mutation: Option<Mutation>) -> Vec<Restoring> {
    let own = |secret: &[u8; 32], doc: DocId| sync::sign_tombstone(secret, branch.id, doc, branch.created_at, "").key;
    let mut restoring = Vec::new();
    for sync::Restoration { doc, form } in items {
        match form {
            RestoreForm::Changes(changes) => {
                restoring.extend(changes.into_iter().map(|(header, bytes)| Restoring::Change { doc, header, bytes }))
            }
            RestoreForm::Erased(_) if mutation == Some(Mutation::TombstoneNotRestored) => {}
            RestoreForm::Erased(tombstone) => {
                let verifies = sync::verify_tombstone(branch.id, &tombstone);
                if verifies && tombstone.key == own(branch.secret.as_bytes(), doc) {
                    restoring.push(Restoring::Erased(tombstone));
                } else if verifies && branch.origin == store::Origin::Recovering {
                    let (at, why) = (tombstone.at, &tombstone.why);
                    let anew = sync::sign_tombstone(branch.secret.as_bytes(), branch.id, doc, at, why);
                    restoring.push(Restoring::Erased(anew));
                }
            }
        }
    }
    if mutation == Some(Mutation::RestoredNotStored) {
        restoring.pop();
    }
    restoring
}

/// What became of what a device brought back.
pub(super) fn restored(restoration: &store::Restoration, appended: &store::Appended) -> sync::Restored {
    let refused = restoration.items.iter().zip(&appended.verdicts).filter_map(|(item, verdict)| {
        let Verdict::Refused(refusal) = *verdict else { return None };
        let (doc, hash): (DocId, Option<ChangeHash>) = match item {
            Restoring::Change { doc, header, .. } => (*doc, Some(header.hash)),
            Restoring::Erased(tombstone) => (tombstone.doc, None),
        };
        Some(sync::wire::RestoreRefusal { doc, hash, refusal })
    });
    let accepted = appended.verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Accepted(_))).count() as u64;
    let last = Position::new(appended.after.get() + accepted);
    sync::Restored {
        refused: refused.collect(),
        tombstones: appended.tombstones.clone(),
        span: (accepted > 0).then_some((appended.after, last)),
        head: appended.head,
    }
}

/// A stretch of the feed.
pub(super) fn feed(batch: store::FeedBatch, mutation: Option<Mutation>, dice: &mut Dice) -> FeedBatch {
    let mut documents: Vec<FeedDocument> = batch
        .documents
        .into_iter()
        .map(|document| FeedDocument { doc: document.doc, last: document.last, form: feed_form(document.form) })
        .collect();
    if mutation == Some(Mutation::TombstoneNotSent) {
        documents.retain(|document| !matches!(document.form, FeedForm::Erased(_)));
    }
    if mutation == Some(Mutation::FeedSkipsDocument) && dice.chance(100) {
        documents.pop();
    }
    let mut cursor = batch.cursor;
    if mutation == Some(Mutation::CursorPastDocument) && batch.more {
        cursor.through = cursor.through.next();
    }
    let mut owed = batch.owed;
    if mutation == Some(Mutation::OwedForgotten) {
        owed.clear();
    }
    FeedBatch { documents, cursor, head: batch.head, more: batch.more, owed, sum: batch.sum }
}

fn feed_form(form: store::FeedForm) -> FeedForm {
    match form {
        store::FeedForm::Saved(bytes) => FeedForm::Saved(bytes),
        store::FeedForm::Changes(changes) => FeedForm::Changes(changes),
        store::FeedForm::Erased(tombstone) => FeedForm::Erased(tombstone),
    }
}

/// What either side lacks of documents.
pub(super) fn compared(
    asks: &[store::Ask],
    found: Vec<store::Answer>,
    mutation: Option<Mutation>,
) -> Vec<sync::Answer> {
    let answer = |(ask, answer): (&store::Ask, store::Answer)| {
        let mut wants = answer.wants;
        if mutation == Some(Mutation::WantForgotten) {
            wants.pop();
        }
        let item = answer.item.filter(|_| mutation != Some(Mutation::ItemForgotten));
        let form = item.map(|form| match form {
            store::FeedForm::Saved(bytes) => ItemForm::Saved(bytes),
            store::FeedForm::Changes(changes) => {
                ItemForm::Changes(changes.into_iter().map(|(_, bytes): (Position, Arc<[u8]>)| bytes).collect())
            }
            store::FeedForm::Erased(tombstone) => ItemForm::Erased(tombstone),
        });
        sync::Answer {
            complete: answer.complete || mutation == Some(Mutation::ItemForgotten),
            item: form.map(|form| Item { doc: ask.doc, form }),
            wants,
        }
    };
    asks.iter().zip(found).map(answer).collect()
}
