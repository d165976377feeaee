//! What a session asks of its branch's feed, and what it brings to it.
//!
//! Reads go to connections of their own, never to the thread that writes; so does whatever has to be checked before
//! something is written.

use std::sync::Arc;

use store::{Books, Branch, FeedAsk, Feeds, Origin, Pushed, Registry, Restoring};
use sync::wire::{Item, ItemForm, RestoreRefusal};
use sync::{
    Answer, Ask, Code, Compared, FeedBatch, FeedDocument, FeedForm, RestoreForm, sign_tombstone, verify_tombstone,
};
use vocab::{Actor, BranchId, Cursor, DeviceKey, DocId, Owed, Position, RangeAnswer, RangeQuery, Refusal, Tombstone};

use crate::AppState;
use crate::access::unavailable;
use crate::hub::SeatId;
use crate::store_thread::{Brought, Load, Reply};

/// Which part of a feed a session wants.
pub(crate) struct Wish {
    pub(crate) after: Cursor,
    pub(crate) owed: Vec<Owed>,
    pub(crate) large_bytes: usize,
    pub(crate) bytes_max: usize,
    pub(crate) skip: std::collections::BTreeSet<Position>,
}

/// Who brings something.
#[derive(Clone, Copy)]
pub(crate) struct Bearer {
    pub(crate) branch: BranchId,
    pub(crate) device: DeviceKey,
    pub(crate) seat: SeatId,
}

impl AppState {
    /// Queues a push; the answer goes to its seat.
    pub(crate) async fn push(
        &self,
        bearer: Bearer,
        actor: Actor,
        submissions: Vec<sync::Submission>,
    ) -> Result<(), Code> {
        let pushed = |sync::Submission { seq, doc, header, bytes }| Pushed { seq, doc, header, bytes };
        let changes = submissions.into_iter().map(pushed).collect();
        let submission = store::Submission { branch: bearer.branch, device: bearer.device, actor, changes };
        self.take(Brought { reply: Reply::Seat(bearer.seat), load: Load::Push(submission) }).await
    }

    /// Queues what a device brings back; the answer goes to its seat.
    pub(crate) async fn restore(&self, bearer: Bearer, items: Vec<sync::Restoration>) -> Result<(), Code> {
        let Bearer { branch, device, seat } = bearer;
        let prepared = if items.iter().any(|item| matches!(item.form, RestoreForm::Erased(_))) {
            let read =
                self.read_feeds(move |store| Ok(store.branch(branch)?.map(|branch| prepare(items, Some(&branch)))));
            read.await.map_err(|error| unavailable(&error))?.ok_or(Code::WrongBranch)?
        } else {
            prepare(items, None)
        };
        let (items, refused) = prepared;
        let restoration = store::Restoration { branch, device, items };
        self.take(Brought { reply: Reply::Seat(seat), load: Load::Restore(restoration, refused) }).await
    }

    async fn take(&self, brought: Brought) -> Result<(), Code> {
        self.store_thread().take(brought).await.map_err(|error| unavailable(&error))
    }

    /// The documents of `branch` that a device lacks.
    pub(crate) async fn read_feed(&self, branch: BranchId, wish: Wish) -> Result<FeedBatch, Code> {
        let read = self.read_feeds(move |store| {
            let Wish { after, owed, large_bytes, bytes_max, skip } = &wish;
            let (after, bytes_max, large_bytes) = (*after, *bytes_max, *large_bytes);
            Ok(store.changed_documents(branch, &FeedAsk { after, owed, bytes_max, large_bytes, skip })?)
        });
        let store::FeedBatch { documents, cursor, owed, head, sum, more } =
            read.await.map_err(|error| unavailable(&error))?;
        let documents = documents
            .into_iter()
            .map(|store::FeedDocument { doc, last, form }| FeedDocument { doc, last, form: feed_form(form) })
            .collect();
        Ok(FeedBatch { documents, cursor, head, more, owed, sum })
    }

    /// How the ranges of a device's book compare with those of `branch`.
    pub(crate) async fn read_ranges(
        &self,
        branch: BranchId,
        queries: Vec<RangeQuery>,
    ) -> Result<Vec<RangeAnswer>, Code> {
        let read = self.read_feeds(move |store| Ok(store.ranges(branch, &queries)?));
        read.await.map_err(|error| unavailable(&error))
    }

    /// What a device and `branch` lack of each other's changes of some documents.
    pub(crate) async fn compare(&self, branch: BranchId, asks: Vec<Ask>, bytes_max: usize) -> Result<Compared, Code> {
        let read = self.read_feeds(move |store| {
            let docs: Vec<DocId> = asks.iter().map(|ask| ask.doc).collect();
            let asks: Vec<_> = asks.into_iter().map(|Ask { doc, hashes }| store::Ask { doc, held: hashes }).collect();
            let answers = store.compare(branch, &asks, bytes_max)?;
            // Read after them: nothing that was answered stands beyond it.
            let head = store.head(branch)?;
            Ok(Compared {
                answers: docs.into_iter().zip(answers).map(|(doc, found)| answer(doc, found)).collect(),
                head,
            })
        });
        read.await.map_err(|error| unavailable(&error))
    }
}

fn feed_form(form: store::FeedForm) -> FeedForm {
    match form {
        store::FeedForm::Saved(bytes) => FeedForm::Saved(bytes),
        store::FeedForm::Changes(changes) => FeedForm::Changes(changes),
        store::FeedForm::Erased(tombstone) => FeedForm::Erased(tombstone),
    }
}

fn answer(doc: DocId, found: store::Answer) -> Answer {
    let form = |form| match form {
        store::FeedForm::Saved(bytes) => ItemForm::Saved(bytes),
        store::FeedForm::Changes(changes) => ItemForm::Changes(changes.into_iter().map(|(_, bytes)| bytes).collect()),
        store::FeedForm::Erased(tombstone) => ItemForm::Erased(tombstone),
    };
    Answer {
        complete: found.complete,
        item: found.item.map(|found| Item { doc, form: form(found) }),
        wants: found.wants,
    }
}

/// What is brought back, as the store takes it, and what cannot be given to it. Without a branch there are no tombstones.
fn prepare(items: Vec<sync::Restoration>, branch: Option<&Branch>) -> (Vec<Restoring>, Vec<RestoreRefusal>) {
    let (mut taken, mut refused) = (Vec::with_capacity(items.len()), Vec::new());
    for sync::Restoration { doc, form } in items {
        match form {
            RestoreForm::Changes(changes) => {
                let restoring = |(header, bytes): (_, Arc<[u8]>)| Restoring::Change { doc, header, bytes };
                taken.extend(changes.into_iter().map(restoring));
            }
            RestoreForm::Erased(tombstone) => match branch.and_then(|branch| acknowledged(branch, tombstone)) {
                Some(tombstone) => taken.push(Restoring::Erased(tombstone)),
                None => refused.push(RestoreRefusal { doc, hash: None, refusal: Refusal::NotAuthorised }),
            },
        }
    }
    (taken, refused)
}

/// A tombstone that a device brings back, if the branch stands by it: it has signed it, or lost its key with its disk and
/// signs anew whatever its devices say was erased.
fn acknowledged(branch: &Branch, tombstone: Tombstone) -> Option<Tombstone> {
    let secret = branch.secret.as_bytes();
    let again = sign_tombstone(secret, branch.id, tombstone.doc, tombstone.at, &tombstone.why);
    if again.key == tombstone.key && verify_tombstone(branch.id, &tombstone) {
        return Some(tombstone);
    }
    match branch.origin {
        Origin::Recovering => Some(again),
        Origin::New => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::SecretKey;
    use vocab::{Epoch, Timestamp};

    fn branch(secret: u8, origin: Origin) -> Branch {
        Branch {
            id: BranchId::from_bytes([1; 16]),
            name: "上海".to_owned(),
            epoch: Epoch::from_bytes([2; 16]),
            zone: "Asia/Shanghai".to_owned(),
            secret: SecretKey::from_bytes([secret; 32]),
            origin,
            created_at: Timestamp::from_millis(0),
        }
    }

    fn tombstone(secret: u8) -> Tombstone {
        let doc = DocId::from_random([7; 16]);
        sign_tombstone(&[secret; 32], BranchId::from_bytes([1; 16]), doc, Timestamp::from_millis(5), "按客户要求")
    }

    #[test]
    fn a_branch_stands_by_the_tombstones_it_signed_and_by_no_others() {
        let own = branch(3, Origin::New);
        assert_eq!(acknowledged(&own, tombstone(3)), Some(tombstone(3)));
        assert_eq!(acknowledged(&own, tombstone(4)), None);
        let forged = Tombstone { doc: DocId::from_random([8; 16]), ..tombstone(3) };
        assert_eq!(acknowledged(&own, forged), None);
    }

    #[test]
    fn a_branch_that_lost_its_key_signs_anew_what_its_devices_say_was_erased() {
        let signed = acknowledged(&branch(3, Origin::Recovering), tombstone(4)).unwrap();
        assert_eq!(signed, tombstone(3));
    }
}
