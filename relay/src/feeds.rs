//! What a session asks of its branch's feed.

use std::collections::BTreeSet;

use store::Feeds;
use sync::{Code, FeedBatch, FeedDocument, FeedForm};
use vocab::{BranchId, Cursor, Position};

use crate::AppState;
use crate::access::unavailable;
use crate::store_thread::Push;

impl AppState {
    /// Queues a push; the answer goes to its seat.
    pub(crate) async fn push(&self, push: Push) -> Result<(), Code> {
        self.store_thread().push(push).await.map_err(|error| unavailable(&error))
    }

    /// The documents of `branch` changed after `after`, without the changes at the positions in `skip`.
    pub(crate) async fn read_feed(
        &self,
        branch: BranchId,
        after: Cursor,
        bytes_max: usize,
        skip: BTreeSet<Position>,
    ) -> Result<FeedBatch, Code> {
        let read = self.read_feeds(move |store| Ok(store.changed_documents(branch, after, bytes_max, &skip)?));
        let batch = read.await.map_err(|error| unavailable(&error))?;
        let documents = batch.documents.into_iter().map(|document| FeedDocument {
            doc: document.doc,
            last: document.last,
            form: match document.form {
                store::FeedForm::Saved(bytes) => FeedForm::Saved(bytes),
                store::FeedForm::Changes(changes) => FeedForm::Changes(changes),
            },
        });
        Ok(FeedBatch { documents: documents.collect(), cursor: batch.cursor, head: batch.head, more: batch.more })
    }
}
