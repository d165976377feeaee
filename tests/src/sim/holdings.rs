//! What a store holds, read from the store itself.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use store::{DeviceStore, OutboxSeq, StoreError};
use vocab::{ChangeHash, Cursor, DocId, Epoch, Sum};

use super::library::{Content, Library};
use super::{Fallible, wrong};

/// The documents of one store, what it keeps beside them, and what it knows to be erased.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    /// Documents.
    pub(super) documents: BTreeMap<DocId, Rc<Content>>,
    /// Changes that are kept and could not be applied.
    pub(super) aside: BTreeSet<(DocId, ChangeHash)>,
    /// Erased documents, with how many changes that the relay never had went with them.
    pub(super) erased: BTreeMap<DocId, u64>,
}

impl Holdings {
    /// Whether the change is there, applied or not.
    pub(super) fn holds(&self, doc: DocId, hash: ChangeHash) -> bool {
        self.documents.get(&doc).is_some_and(|content| content.holds(hash)) || self.aside.contains(&(doc, hash))
    }

    /// What everything comes to, counted from the documents themselves.
    pub(super) fn sum(&self) -> Sum {
        let applied = self.documents.iter().flat_map(|(doc, content)| {
            let kept_aside = |hash: &ChangeHash| self.aside.contains(&(*doc, *hash));
            content.changes.keys().filter(move |hash| !kept_aside(hash)).map(|hash| Sum::of_change(*doc, *hash))
        });
        let aside = self.aside.iter().map(|(doc, hash)| Sum::of_change(*doc, *hash));
        applied.chain(aside).chain(self.erased.keys().map(|doc| Sum::of_tombstone(*doc))).sum()
    }
}

/// What a device's store says of itself.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) epoch: Option<Epoch>,
    pub(super) cursor: Cursor,
    /// Documents that the cursor has passed and that are not held whole.
    pub(super) owed: BTreeSet<DocId>,
    pub(super) suspect: bool,
    pub(super) acknowledged_sum: Sum,
    pub(super) waiting: u64,
    pub(super) refused: Vec<String>,
    /// The changes in the outbox, waiting and refused alike.
    pub(super) outbox: BTreeSet<(DocId, ChangeHash)>,
}

/// What a device's store holds.
pub(super) fn of_device(store: &mut DeviceStore, library: &mut Library) -> Fallible<Holdings> {
    let mut stored = Vec::new();
    let (aside, erased) = store
        .read(|tx| {
            tx.each_document(|doc, document| {
                stored.push((doc, document));
                Ok::<_, StoreError>(())
            })?;
            Ok::<_, StoreError>((tx.all_set_aside(u32::MAX)?, tx.erased(u32::MAX)?))
        })
        .map_err(wrong)?;
    let mut holdings = Holdings {
        aside: aside.into_iter().map(|kept| (kept.doc, kept.hash)).collect(),
        erased: erased.into_iter().map(|erased| (erased.tombstone.doc, erased.pending)).collect(),
        documents: BTreeMap::new(),
    };
    for (doc, mut document) in stored {
        document.heads.sort_unstable();
        let content = library.content(&document.bytes)?;
        if content.heads != document.heads {
            return Err(format!("the store's heads of {doc} are not the document's"));
        }
        holdings.documents.insert(doc, content);
    }
    Ok(holdings)
}

/// Where a device's store stands; none before it has joined.
pub(super) fn standing(store: &mut DeviceStore) -> Fallible<Option<Standing>> {
    store
        .read(|tx| {
            let Some(membership) = tx.membership()? else { return Ok(None) };
            let waiting = tx.outbox(OutboxSeq::START, usize::MAX)?;
            let refused = tx.refused(u32::MAX)?;
            let outbox = waiting.iter().map(|entry| (entry.doc, entry.hash));
            Ok(Some(Standing {
                epoch: membership.epoch,
                cursor: membership.cursor,
                owed: membership.owed.iter().map(|owed| owed.doc).collect(),
                suspect: membership.suspect,
                acknowledged_sum: tx.acknowledged_sum()?,
                waiting: tx.outbox_counts()?.waiting,
                refused: refused
                    .iter()
                    .map(|entry| format!("{} of {}: {:?}", entry.hash, entry.doc, entry.reason))
                    .collect(),
                outbox: outbox.chain(refused.iter().map(|entry| (entry.doc, entry.hash))).collect(),
            }))
        })
        .map_err(|error: StoreError| wrong(error))
}
