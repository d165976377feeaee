//! What an exchange did, and what it tells while it goes on.

use serde::Serialize;
use vocab::{Cursor, DocId, Position, Timestamp};

/// What one exchange did and cost; `sync --json` prints it (`shared/commands.md`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// The relay's URL.
    pub relay: String,
    /// The branch's name.
    pub branch: String,
    /// Changes the relay took or had already.
    pub pushed: u64,
    /// Changes and whole documents received.
    pub pulled: u64,
    /// Changes the relay refused in this exchange and that are kept here. Those that went with an erased dossier are told with
    /// it ([`ErasedDossier::dropped`]).
    pub refused: u64,
    /// Documents changed here by what arrived.
    pub documents_changed: u64,
    /// Bytes of frames sent.
    pub bytes_up: u64,
    /// Bytes of frames received.
    pub bytes_down: u64,
    /// How often the device had to wait for an answer.
    pub round_trips: u32,
    /// The position up to which the feed is held.
    pub cursor: Position,
    /// The feed's latest position.
    pub head: Position,
    /// Changes still waiting here.
    pub outbox: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Whether both sides compared what they hold and brought each other what they lacked, since the relay began another
    /// feed, fell behind, or held something else.
    pub reconciled: bool,
    /// What comparing found and did, when it was done.
    pub reconcile: Option<Reconcile>,
    /// This store was found to be an old copy of itself; it went on under a new name towards the relay, and took its own lost
    /// work back from there.
    pub restored: bool,
    /// Changes written again because their numbers belonged to others.
    pub healed: u64,
    /// Changes that could not be applied and are kept aside.
    pub set_aside: u64,
    /// Dossiers that were erased.
    pub erased: Vec<ErasedDossier>,
}

/// What comparing both books found and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Reconcile {
    /// Questions about ranges of documents, each waited for.
    pub rounds: u32,
    /// Documents that were not the same on both sides.
    pub differing: u64,
    /// Of these, documents both sides hold, compared change by change.
    pub compared: u64,
    /// Changes, whole documents and tombstones received.
    pub taken: u64,
    /// Changes and tombstones that the relay lacked and took.
    pub restored: u64,
    /// Changes and tombstones that the relay lacked and refused.
    pub refused: u64,
}

impl From<sync::ReconcileReport> for Reconcile {
    fn from(report: sync::ReconcileReport) -> Self {
        Reconcile {
            rounds: report.rounds,
            differing: report.differing,
            compared: report.compared,
            taken: report.taken,
            restored: report.restored,
            refused: report.refused,
        }
    }
}

/// A dossier that was erased for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErasedDossier {
    /// Its document.
    pub doc: DocId,
    /// When it was erased.
    pub at: Timestamp,
    /// Why, in the words of whoever did it.
    pub why: String,
    /// Changes made here that the relay never had, and that went with it.
    pub dropped: u64,
}

impl From<store::Erased> for ErasedDossier {
    fn from(erased: store::Erased) -> Self {
        let store::Erased { tombstone, pending } = erased;
        ErasedDossier { doc: tombstone.doc, at: tombstone.at, why: tombstone.why, dropped: pending }
    }
}

/// Something worth telling while an exchange goes on; `sync --watch --json` prints one a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SyncEvent {
    /// The relay let this device in.
    Connected {
        /// The branch's name.
        branch: String,
    },
    /// The relay's feed is another one than before, or shorter: it is taken up from its start, nothing is wiped.
    StartedOver,
    /// Both sides compare what they hold.
    Reconciling {
        /// Documents that differ and are done with.
        done: u64,
        /// Those found so far.
        total: u64,
    },
    /// Both sides have brought each other what they lacked.
    Reconciled,
    /// How far the exchange is, in changes and documents.
    Progress {
        /// Done.
        done: u64,
        /// In all, as far as is known.
        total: u64,
    },
    /// What arrived is committed.
    Received {
        /// Documents changed by this batch.
        documents: u64,
        /// How far the feed is held now, when it moved.
        cursor: Option<Cursor>,
    },
    /// The relay's word on pushed changes is committed.
    Settled {
        /// Changes it took or had.
        accepted: u64,
        /// Changes it refused.
        refused: u64,
    },
    /// A dossier was erased for everybody.
    Erased(ErasedDossier),
    /// Changes made here were written again, since their numbers belonged to others.
    Healed {
        /// The document.
        doc: DocId,
        /// How many.
        changes: u64,
    },
    /// Changes could not be applied; they are kept aside.
    SetAside {
        /// The document.
        doc: DocId,
        /// How many.
        changes: u64,
    },
    /// This store is an old copy of itself. It goes on under a new name towards the relay and takes its lost work back.
    Restored,
    /// Both sides hold the same stretch of the feed and not the same changes: the next attempt compares them.
    Unequal,
    /// Everything is exchanged for now.
    CaughtUp {
        /// How far the feed is held.
        cursor: Position,
        /// Changes still waiting here.
        outbox: u64,
    },
    /// Following: the link is gone, another attempt comes.
    Waiting {
        /// Milliseconds until the attempt.
        wait_ms: u64,
    },
}

impl SyncReport {
    /// Adds what one session did to what those before it did.
    pub(crate) fn add(&mut self, session: &sync::Report) {
        self.pushed += session.pushed;
        self.pulled += session.pulled;
        self.documents_changed += session.documents_changed;
        self.bytes_up += session.bytes_up;
        self.bytes_down += session.bytes_down;
        self.round_trips += session.round_trips;
        self.cursor = session.cursor.base;
        self.head = session.head;
        self.outbox = session.outbox;
        self.reconciled |= session.started_over || session.reconcile.is_some();
        if let Some(reconcile) = session.reconcile {
            self.reconcile = Some(reconcile.into());
        }
    }

    /// Notes what was told.
    pub(crate) fn note(&mut self, event: &SyncEvent) {
        match event {
            SyncEvent::Erased(erased) => self.erased.push(erased.clone()),
            SyncEvent::Healed { changes, .. } => self.healed += changes,
            SyncEvent::SetAside { changes, .. } => self.set_aside += changes,
            SyncEvent::Restored => self.restored = true,
            _ => {}
        }
    }
}
