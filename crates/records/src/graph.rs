//! The changes of a document: who wrote each, when, and having seen what.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use automerge::{Automerge, ObjId};
use vocab::{Actor, Author, ChangeHash, Timestamp};

use crate::view::Written;

/// One change, or the one being written.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) hash: ChangeHash,
    pub(crate) actor: Actor,
    pub(crate) at: Timestamp,
    pub(crate) author: Option<Author>,
    /// Indices of the changes it depends on directly.
    pub(crate) deps: Vec<usize>,
    start_op: u64,
    max_op: u64,
}

impl Change {
    pub(crate) fn written(&self) -> Written {
        Written { at: self.at, actor: self.actor, author: self.author.clone() }
    }
}

/// Every change of a document, parents first.
#[derive(Debug)]
pub(crate) struct Graph {
    changes: Vec<Change>,
    /// For each actor of the document its changes in order.
    by_actor: Vec<(Vec<u8>, Vec<usize>)>,
    /// No two changes are concurrent.
    linear: bool,
    ancestors: OnceCell<Vec<Vec<u64>>>,
}

/// Most changes of a document for which concurrency is worked out; past it nothing is reported as parallel and rewrites are
/// shown merged. A busy dossier sees 409 changes a year.
const GRAPH_CHANGES_MAX: usize = 8_192;

impl Graph {
    pub(crate) fn of(doc: &Automerge) -> Graph {
        let metas = doc.get_changes_meta(&[]);
        let mut graph = Graph {
            changes: Vec::with_capacity(metas.len() + 1),
            by_actor: Vec::new(),
            linear: true,
            ancestors: OnceCell::new(),
        };
        let mut index: BTreeMap<[u8; 32], usize> = BTreeMap::new();
        let mut last: Option<[u8; 32]> = None;
        for meta in metas {
            let place = graph.changes.len();
            let follows = match (last, meta.deps.as_slice()) {
                (None, []) => true,
                (Some(last), [only]) => only.0 == last,
                _ => false,
            };
            graph.linear &= follows;
            let deps = if follows {
                place.checked_sub(1).into_iter().collect()
            } else {
                meta.deps.iter().filter_map(|dep| index.get(&dep.0).copied()).collect()
            };
            index.insert(meta.hash.0, place);
            last = Some(meta.hash.0);
            graph.push(
                meta.actor.to_bytes(),
                Change {
                    hash: ChangeHash::from_bytes(meta.hash.0),
                    actor: actor_of(meta.actor.to_bytes()),
                    at: Timestamp::from_millis(meta.timestamp),
                    author: meta.message.and_then(|message| message.parse().ok()),
                    deps,
                    start_op: meta.start_op,
                    max_op: meta.max_op,
                },
            );
        }
        graph
    }

    /// The same graph with the change that is being written.
    pub(crate) fn with_pending(mut self, actor: &Actor, author: &Author, at: Timestamp) -> Graph {
        let change = Change {
            hash: ChangeHash::from_bytes([0; 32]),
            actor: *actor,
            at,
            author: Some(author.clone()),
            deps: self.heads(),
            // automerge numbers a change's operations after every one its author has seen.
            start_op: self.changes.iter().map(|change| change.max_op).max().unwrap_or(0) + 1,
            max_op: u64::MAX,
        };
        self.push(actor.as_bytes(), change);
        self
    }

    fn push(&mut self, actor: &[u8], change: Change) {
        let place = self.changes.len();
        self.changes.push(change);
        match self.by_actor.iter_mut().find(|(known, _)| known == actor) {
            Some((_, places)) => places.push(place),
            None => self.by_actor.push((actor.to_vec(), vec![place])),
        }
    }

    fn heads(&self) -> Vec<usize> {
        let mut heads = vec![true; self.changes.len()];
        self.changes.iter().flat_map(|change| &change.deps).for_each(|dep| heads[*dep] = false);
        (0..self.changes.len()).filter(|place| heads[*place]).collect()
    }

    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The change that wrote an operation, and the operation's number.
    pub(crate) fn of_op(&self, id: &ObjId) -> Option<(usize, u64)> {
        let ObjId::Id(counter, actor, _) = id else { return None };
        let (_, places) = self.by_actor.iter().find(|(known, _)| known == actor.to_bytes())?;
        let after = places.partition_point(|place| self.changes[*place].start_op <= *counter);
        Some((*places.get(after.checked_sub(1)?)?, *counter))
    }

    /// Whether concurrency is worked out for this document; see [`GRAPH_CHANGES_MAX`].
    pub(crate) fn is_tractable(&self) -> bool {
        self.changes.len() <= GRAPH_CHANGES_MAX
    }

    /// Whether neither of two changes had seen the other.
    pub(crate) fn concurrent(&self, a: usize, b: usize) -> bool {
        self.is_tractable() && a != b && !self.descends(a, b) && !self.descends(b, a)
    }

    /// Whether the author of `later` had seen `earlier`.
    pub(crate) fn descends(&self, later: usize, earlier: usize) -> bool {
        if self.linear || !self.is_tractable() {
            return later > earlier;
        }
        self.ancestors()[later][earlier / 64] >> (earlier % 64) & 1 == 1
    }

    fn ancestors(&self) -> &Vec<Vec<u64>> {
        self.ancestors.get_or_init(|| {
            let words = self.changes.len().div_ceil(64);
            let mut ancestors: Vec<Vec<u64>> = Vec::with_capacity(self.changes.len());
            for change in &self.changes {
                let mut bits = vec![0_u64; words];
                for dep in &change.deps {
                    bits[dep / 64] |= 1 << (dep % 64);
                    if let Some(beyond) = ancestors.get(*dep) {
                        bits.iter_mut().zip(beyond).for_each(|(word, beyond)| *word |= beyond);
                    }
                }
                ancestors.push(bits);
            }
            ancestors
        })
    }

    /// The heads of everything that does not descend from any of `without`, nor is one of them.
    pub(crate) fn heads_without(&self, without: &[usize]) -> Vec<automerge::ChangeHash> {
        let out = |place: usize| without.iter().any(|gone| *gone == place || self.descends(place, *gone));
        let kept: Vec<usize> = (0..self.changes.len()).filter(|place| !out(*place)).collect();
        let mut head = vec![true; self.changes.len()];
        kept.iter().flat_map(|place| &self.changes[*place].deps).for_each(|dep| head[*dep] = false);
        kept.into_iter().filter(|place| head[*place]).map(|place| self.hash(place)).collect()
    }

    /// What the author of a change had seen.
    pub(crate) fn deps(&self, place: usize) -> Vec<automerge::ChangeHash> {
        self.changes[place].deps.iter().map(|dep| self.hash(*dep)).collect()
    }

    pub(crate) fn hash(&self, place: usize) -> automerge::ChangeHash {
        automerge::ChangeHash(*self.changes[place].hash.as_bytes())
    }
}

/// Actors of other lengths than ours are foreign clients'; they are shown cut or filled with zeros.
pub(crate) fn actor_of(bytes: &[u8]) -> Actor {
    let mut actor = [0; 16];
    actor.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    Actor::from_bytes(actor)
}
