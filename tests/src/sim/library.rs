//! Documents that were loaded before. Loading is most of what a run costs, and stores hold the same bytes again and again.

use std::collections::BTreeMap;
use std::rc::Rc;

use records::Dossier;
use vocab::{Actor, ChangeHash};

use super::{Fallible, wrong};

/// A change, as far as the checks ask.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) actor: Actor,
    pub(super) seq: u64,
    pub(super) bytes: Vec<u8>,
}

/// What a document holds.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Its heads, sorted.
    pub(super) heads: Vec<ChangeHash>,
    /// Its changes.
    pub(super) changes: BTreeMap<ChangeHash, Written>,
}

impl Content {
    pub(super) fn holds(&self, hash: ChangeHash) -> bool {
        self.changes.contains_key(&hash)
    }

    /// Whether any change holds this text.
    pub(super) fn contains(&self, text: &[u8]) -> bool {
        self.changes.values().any(|change| change.bytes.windows(text.len()).any(|window| window == text))
    }
}

/// Contents by the bytes that hold them.
#[derive(Debug, Default)]
pub(super) struct Library {
    known: BTreeMap<Vec<u8>, Rc<Content>>,
}

impl Library {
    /// What is in these bytes of a document.
    pub(super) fn content(&mut self, bytes: &[u8]) -> Fallible<Rc<Content>> {
        if let Some(content) = self.known.get(bytes) {
            return Ok(Rc::clone(content));
        }
        let dossier = Dossier::load(bytes).map_err(wrong)?;
        let mut content = Content { heads: dossier.heads(), changes: BTreeMap::new() };
        content.heads.sort_unstable();
        for bytes in dossier.changes_since(&[]) {
            let header = sync::inspect(&bytes).map_err(wrong)?;
            content.changes.insert(header.hash, Written { actor: header.actor, seq: header.seq, bytes });
        }
        let content = Rc::new(content);
        self.known.insert(bytes.to_vec(), Rc::clone(&content));
        Ok(content)
    }
}
