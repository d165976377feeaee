//! What people and devices were promised, and what no store on earth holds any more.
//!
//! A promise is an edit that a command reported as saved. It binds as long as any store holds it: when a disk is lost, or an
//! old copy takes a store's place, and nobody else holds what it held, nothing can bring it back, and the promise is void. A document that
//! was erased owes its changes to nobody, as long as any store knows of the erasure.

use std::collections::{BTreeMap, BTreeSet};

use vocab::{ChangeHash, DocId};

use super::Fallible;
use super::holdings::Holdings;

/// One saved edit.
#[derive(Debug, Clone)]
pub(super) struct Promise {
    /// Text that stands in this edit and in no other: what a change that was written anew is known by.
    pub(super) mark: String,
    /// Whether the relay said that it has it.
    pub(super) acknowledged: bool,
}

impl Promise {
    /// Whether a store holds the change, or one that says the same.
    fn is_kept_by(&self, store: &Holdings, doc: DocId, hash: ChangeHash) -> bool {
        let again = || store.documents.get(&doc).is_some_and(|content| content.contains(self.mark.as_bytes()));
        store.holds(doc, hash) || again()
    }
}

/// The promises of a run.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    promises: BTreeMap<(DocId, ChangeHash), Promise>,
    /// Edits that were lost with every store that held them.
    pub(super) void: u64,
}

/// What became of the promises.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) as_written: u64,
    pub(super) written_anew: u64,
    pub(super) erased: u64,
}

impl Ledger {
    /// A command said that this is saved.
    pub(super) fn saved(&mut self, doc: DocId, hash: ChangeHash, mark: String) {
        self.promises.insert((doc, hash), Promise { mark, acknowledged: false });
    }

    /// A device learnt that the relay has these.
    pub(super) fn acknowledged(&mut self, changes: impl IntoIterator<Item = (DocId, ChangeHash)>) {
        for change in changes {
            if let Some(promise) = self.promises.get_mut(&change) {
                promise.acknowledged = true;
            }
        }
    }

    /// The relay was put back: what it does not hold now is not acknowledged any more.
    pub(super) fn forget_acknowledgements(&mut self, relay: &Holdings) {
        for ((doc, hash), promise) in &mut self.promises {
            promise.acknowledged &= relay.holds(*doc, *hash) || relay.erased.contains_key(doc);
        }
    }

    /// What was promised and `before` held is void where nobody of `others` holds it.
    pub(super) fn lose(&mut self, before: &Holdings, others: &[Holdings]) {
        let known = self.promises.len();
        self.promises.retain(|(doc, hash), promise| {
            let erased = before.erased.contains_key(doc) || others.iter().any(|other| other.erased.contains_key(doc));
            let held = others.iter().any(|other| promise.is_kept_by(other, *doc, *hash));
            held || erased || !promise.is_kept_by(before, *doc, *hash)
        });
        self.void += (known - self.promises.len()) as u64;
    }

    /// A tombstone that nobody holds any more binds nobody: what some store still holds of its document is promised again, and
    /// the rest is void.
    pub(super) fn forget_erasures(&mut self, docs: &BTreeSet<DocId>, all: &[Holdings]) {
        let known = self.promises.len();
        self.promises.retain(|(doc, hash), promise| {
            !docs.contains(doc) || all.iter().any(|store| promise.is_kept_by(store, *doc, *hash))
        });
        self.void += (known - self.promises.len()) as u64;
    }

    /// Nothing the relay acknowledged is missing from what it holds.
    pub(super) fn check_acknowledged(&self, relay: &Holdings) -> Fallible<()> {
        for ((doc, hash), promise) in &self.promises {
            if promise.acknowledged && !relay.holds(*doc, *hash) && !relay.erased.contains_key(doc) {
                return Err(format!("the relay acknowledged {hash} of {doc} and does not hold it"));
            }
        }
        Ok(())
    }

    /// Every promise is kept by `held`, what all stores hold in the end.
    pub(super) fn check_kept(&self, held: &Holdings) -> Fallible<Kept> {
        let mut kept = Kept::default();
        for ((doc, hash), promise) in &self.promises {
            if held.erased.contains_key(doc) {
                kept.erased += 1;
            } else if held.holds(*doc, *hash) {
                kept.as_written += 1;
            } else if held.documents.get(doc).is_some_and(|content| content.contains(promise.mark.as_bytes())) {
                kept.written_anew += 1;
            } else {
                let acknowledged = if promise.acknowledged { " and acknowledged" } else { "" };
                return Err(format!("{hash} of {doc} ({}) was saved{acknowledged} and is nowhere", promise.mark));
            }
        }
        Ok(kept)
    }
}
