//! The document: bytes in, bytes out, and one place where automerge is driven.
//!
//! automerge's constructors draw a random actor; [`blank`] is the only caller and replaces it at once, since a change may
//! only be written under an actor that the store handed out.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, LoadOptions, ObjId, ObjType, ROOT, ReadDoc, SaveOptions, TextEncoding};
use messages::Message;
use thiserror::Error;
use vocab::{Actor, Author, ChangeHash, DeviceCode, DeviceKey, GENESIS_ACTOR, RecordId, Timestamp};

use crate::edit::Edit;
use crate::graph::{Graph, actor_of};
use crate::invalid::Invalid;
use crate::read;
use crate::view::{HistoryEntry, View};

/// The map of records, by id.
pub(crate) const RECORDS: &str = "records";
/// The map of events, by id.
pub(crate) const EVENTS: &str = "events";

/// One dossier (服务档案): the automerge document of one customer and everything done for them.
///
/// It is read and edited whole; the bytes it saves are what the store keeps and the wire carries.
#[derive(Debug, Clone)]
pub struct Dossier {
    doc: Automerge,
}

/// Why bytes are not a dossier.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Corrupt {
    /// The bytes cannot be decoded.
    #[error("the dossier's bytes are damaged: {cause}")]
    Unreadable {
        /// automerge's words.
        cause: String,
    },
    /// An automerge document, but not one with our genesis.
    #[error("this is not a dossier")]
    NotADossier,
}

impl Corrupt {
    /// The message to show.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Corrupt::Unreadable { cause } => Message::new("corrupt-unreadable").with("cause", cause.as_str()),
            Corrupt::NotADossier => Message::new("corrupt-not_a_dossier"),
        }
    }
}

pub(crate) fn blank() -> Automerge {
    Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint).with_actor(ActorId::from(GENESIS_ACTOR.as_bytes()))
}

/// The deterministic first change, the same in every dossier on every device, makes the two containers. If devices made
/// them, one whole subtree would vanish from view where two did.
static GENESIS: LazyLock<Automerge> = LazyLock::new(|| {
    let mut doc = blank();
    let mut transaction = doc.transaction();
    for container in [RECORDS, EVENTS] {
        // Cannot fail: the root is a map. A document without containers would be refused by every load.
        let made = transaction.put_object(ROOT, container, ObjType::Map);
        debug_assert!(made.is_ok());
    }
    transaction.commit_with(CommitOptions::default().with_time(0));
    doc
});

pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Corrupt>) -> Result<T, Corrupt> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Corrupt::Unreadable { cause: "automerge gave up on them".to_owned() }))
}

pub(crate) fn unreadable(cause: impl std::fmt::Display) -> Corrupt {
    Corrupt::Unreadable { cause: cause.to_string() }
}

impl Dossier {
    /// A new dossier: genesis and nothing else.
    #[must_use]
    pub fn create() -> Dossier {
        Dossier { doc: GENESIS.clone() }
    }

    /// A dossier from its saved form, its changes, or the former followed by the latter, concatenated.
    ///
    /// # Errors
    /// [`Corrupt`]; no bytes make this panic. Changes whose dependencies are missing wait inside; see [`Dossier::missing`].
    pub fn load(bytes: &[u8]) -> Result<Dossier, Corrupt> {
        guarded(|| {
            let options = LoadOptions::new().text_encoding(TextEncoding::UnicodeCodePoint);
            let doc = Automerge::load_with_options(bytes, options).map_err(unreadable)?;
            let dossier = Dossier { doc };
            match (dossier.container(RECORDS), dossier.container(EVENTS)) {
                (Some(_), Some(_)) => Ok(dossier),
                _ => Err(Corrupt::NotADossier),
            }
        })
    }

    /// Takes in changes from elsewhere, in any order and any number of times. Either all are taken or none.
    ///
    /// # Errors
    /// [`Corrupt`] when one of them cannot be decoded or contradicts what is held; no bytes make this panic.
    pub fn apply(&mut self, changes: &[&[u8]]) -> Result<(), Corrupt> {
        let doc = guarded(|| {
            let decoded: Result<Vec<_>, _> =
                changes.iter().map(|bytes| automerge::Change::from_bytes(bytes.to_vec())).collect();
            let mut doc = self.doc.clone();
            doc.apply_changes(decoded.map_err(unreadable)?).map_err(unreadable)?;
            Ok(doc)
        })?;
        self.doc = doc;
        Ok(())
    }

    /// Changes that others wait for. Empty in a complete dossier.
    #[must_use]
    pub fn missing(&self) -> Vec<ChangeHash> {
        self.doc.get_missing_deps(&[]).into_iter().map(|hash| ChangeHash::from_bytes(hash.0)).collect()
    }

    /// The saved form. Not deflated: compressing many documents together, outside, does better. Changes that wait for others
    /// are not in it; [`Dossier::take`] lets none wait inside.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        self.doc.save_with_options(SaveOptions { deflate: false, retain_orphans: false })
    }

    /// The changes no other change of the document depends on, sorted.
    #[must_use]
    pub fn heads(&self) -> Vec<ChangeHash> {
        self.doc.get_heads().into_iter().map(|hash| ChangeHash::from_bytes(hash.0)).collect()
    }

    /// Whether the change is part of the document.
    #[must_use]
    pub fn holds(&self, hash: ChangeHash) -> bool {
        self.doc.get_change_meta_by_hash(&automerge::ChangeHash(*hash.as_bytes())).is_some()
    }

    /// Every change that the holder of `heads` lacks, as bytes, parents first.
    #[must_use]
    pub fn changes_since(&self, heads: &[ChangeHash]) -> Vec<Vec<u8>> {
        let heads: Vec<_> = heads.iter().map(|hash| automerge::ChangeHash(*hash.as_bytes())).collect();
        self.doc.get_changes(&heads).iter().map(|change| change.raw_bytes().to_vec()).collect()
    }

    /// How many changes it consists of, genesis included.
    #[must_use]
    pub fn change_count(&self) -> usize {
        self.doc.get_changes_meta(&[]).len()
    }

    /// The dossier as it was at `time`, by authored time: every change stamped until then whose dependencies were too.
    ///
    /// # Errors
    /// [`Corrupt`] when the document does not decode change by change.
    pub fn as_of(&self, time: Timestamp) -> Result<Dossier, Corrupt> {
        guarded(|| {
            let mut held = std::collections::BTreeSet::new();
            let mut kept = Vec::new();
            for change in self.doc.get_changes(&[]) {
                let in_time = Timestamp::from_millis(change.timestamp()) <= time;
                if in_time && change.deps().iter().all(|dep| held.contains(dep)) {
                    held.insert(change.hash());
                    kept.push(change);
                }
            }
            let mut doc = blank();
            doc.apply_changes(kept).map_err(unreadable)?;
            Ok(Dossier { doc })
        })
    }

    /// The highest number that the device with `key` gave to records under its `code`, by prefix, and to its events (0 when
    /// there is none): where it goes on counting.
    #[must_use]
    pub fn last_numbers(&self, key: &DeviceKey, code: &DeviceCode) -> (BTreeMap<String, u64>, u64) {
        let mut records: BTreeMap<String, u64> = BTreeMap::new();
        let mut events = 0;
        for container in [RECORDS, EVENTS] {
            let Some(container) = self.container(container) else { continue };
            for item in self.doc.map_range(&container, ..) {
                // Others may write any number: it is theirs to go on from.
                let own = matches!(item.id(), ObjId::Id(_, actor, _) if actor_of(actor.to_bytes()).belongs_to(key));
                let mut parts = item.key.rsplit('-');
                let (number, found) = (parts.next().and_then(|number| number.parse::<u64>().ok()), parts.next());
                let (Some(number), true) = (number, own && found == Some(code.as_str())) else { continue };
                let last = match parts.next() {
                    Some(prefix) => records.entry(prefix.to_owned()).or_default(),
                    None => &mut events,
                };
                *last = number.max(*last);
            }
        }
        (records, events)
    }

    /// Whether a record or an event stands in it under this id, whoever put it there and whether or not it takes effect.
    #[must_use]
    pub fn is_taken(&self, id: &str) -> bool {
        let mut containers = [RECORDS, EVENTS].into_iter().filter_map(|name| self.container(name));
        containers.any(|container| self.doc.get(&container, id).is_ok_and(|found| found.is_some()))
    }

    /// How many changes of the document an actor wrote.
    #[must_use]
    pub fn change_count_of(&self, actor: &Actor) -> usize {
        let metas = self.doc.get_changes_meta(&[]);
        metas.iter().filter(|meta| meta.actor.to_bytes() == actor.as_bytes()).count()
    }

    /// What the dossier says. A pure function of its changes: the same on every device that holds them.
    #[must_use]
    pub fn read(&self) -> View {
        catch_unwind(AssertUnwindSafe(|| read::read(&self.doc, &Graph::of(&self.doc)).view))
            .unwrap_or_else(|_| View { damaged: true, ..View::default() })
    }

    /// Everything that happened to a record, oldest first by authored time.
    #[must_use]
    pub fn history(&self, id: &RecordId) -> Vec<HistoryEntry> {
        catch_unwind(AssertUnwindSafe(|| crate::history::of(&self.doc, id))).unwrap_or_default()
    }

    /// Makes one automerge change of everything `work` does; its bytes, or nothing when nothing changed.
    ///
    /// `stamp` is the change's authored time and `actor` the writing device's; neither may be used twice by the caller for
    /// different contents.
    ///
    /// # Errors
    /// [`Invalid`]; then nothing of it remains in the dossier.
    pub fn edit(
        &mut self,
        author: &Author,
        stamp: Timestamp,
        actor: &Actor,
        work: impl FnOnce(&mut Edit<'_>) -> Result<(), Invalid>,
    ) -> Result<Option<Vec<u8>>, Invalid> {
        let graph = Graph::of(&self.doc).with_pending(actor, author, stamp);
        let mut doc = self.doc.clone();
        doc.set_actor(ActorId::from(actor.as_bytes()));
        let transaction = doc.transaction();
        let mut edit = Edit::new(transaction, graph, author.clone(), stamp);
        let outcome = work(&mut edit);
        let transaction = edit.into_transaction();
        if let Err(invalid) = outcome {
            transaction.rollback();
            return Err(invalid);
        }
        if transaction.pending_ops() == 0 {
            transaction.rollback();
            return Ok(None);
        }
        let options = CommitOptions::default().with_message(author.to_string()).with_time(stamp.millis());
        let (hash, _) = transaction.commit_with(options);
        let change = hash.and_then(|hash| doc.get_change_by_hash(&hash));
        self.doc = doc;
        Ok(change.map(|change| change.raw_bytes().to_vec()))
    }

    fn container(&self, name: &str) -> Option<ObjId> {
        container(&self.doc, name)
    }

    pub(crate) fn doc(&self) -> &Automerge {
        &self.doc
    }

    pub(crate) fn replace_doc(&mut self, doc: Automerge) {
        self.doc = doc;
    }
}

/// The container that genesis made; one of the same name that anybody made later is not it.
pub(crate) fn container(doc: &impl ReadDoc, name: &str) -> Option<ObjId> {
    doc.get_all(ROOT, name)
        .ok()?
        .into_iter()
        .map(|(_, id)| id)
        .find(|id| matches!(id, ObjId::Id(1 | 2, actor, _) if actor.to_bytes() == GENESIS_ACTOR.as_bytes()))
}
