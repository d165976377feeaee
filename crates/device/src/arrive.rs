//! What arrives from the relay: loaded and read on every core, then committed with its rows and the cursor in one
//! transaction.
//!
//! - Applying anything twice changes nothing.
//! - A change that does not fit is set aside with its bytes and never holds up the others; it is tried again when more of its
//!   document arrives. So is a whole document that does not load.
//! - Of two lines of changes under one actor the arriving one keeps its numbers; this store's own are written again, and
//!   stand in the outbox anew.
//! - A tombstone drops the document and everything of it. What arrives of it later is ignored (I7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use records::{Aside, Authored, Dossier, SetAside, Taken, View};
use store::{ReadTx, StoredDocument, WriteTx};
use sync::{Arrival, Form};
use vocab::{ChangeHash, Cursor, DocId, Epoch, Owed, Position, Refusal, Sum, Timestamp, Tombstone};

use crate::error::WorkError;
use crate::home::Device;
use crate::outside::Outside;
use crate::renew::{self, Own};
use crate::report::SyncEvent;
use crate::{DeviceError, rows};

/// Most changes of one document that are tried again when more of it arrives. A hostile device may leave any number.
const TRIED_AGAIN_MAX: usize = 64;

/// What is to be committed.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) arrivals: Vec<Arrival>,
    /// The feed that the cursor is a place in.
    pub(crate) feed: Option<Epoch>,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) owed: Option<Vec<Owed>>,
    pub(crate) ahead: Position,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) documents: u64,
    /// What the acknowledged changes come to now.
    pub(crate) sum: Sum,
    pub(crate) events: Vec<SyncEvent>,
    /// Changes were written anew and wait in the outbox.
    pub(crate) authored: bool,
    /// A change of this store's own actor arrived that it did not hold: it goes on under another.
    pub(crate) renewed: bool,
}

/// Everything that arrived of one document, and what the device held of it.
struct Incoming {
    doc: DocId,
    forms: Vec<Form>,
    stored: Option<StoredDocument>,
    aside: Vec<(ChangeHash, Vec<u8>)>,
    outbox: Vec<ChangeHash>,
}

/// One document, ready to be written.
struct Prepared {
    doc: DocId,
    /// What the relay holds: these leave the outbox.
    held: Vec<ChangeHash>,
    what: What,
}

enum What {
    /// Nothing new.
    Unchanged,
    /// The document as it stands after what arrived.
    Changed(Box<Changed>),
    /// Nothing of it can be applied yet.
    Kept(Vec<SetAside>),
    /// Bytes that are not a document, and what is wrong with them.
    Invalid {
        bytes: Vec<u8>,
        reason: String,
    },
    Erased(Tombstone),
}

struct Changed {
    bytes: Arc<[u8]>,
    heads: Vec<ChangeHash>,
    sum: Sum,
    latest: Timestamp,
    view: View,
    /// Set aside before, and applied now.
    taken_back: Vec<ChangeHash>,
    aside: Vec<SetAside>,
    replaced: Vec<ChangeHash>,
    authored: Vec<Authored>,
    numbers: Vec<(&'static str, u64)>,
    /// Changes of this store's own actor that it did not hold.
    unknown_own: bool,
    /// The stored bytes, when they no longer load and what arrived takes their place.
    damaged: Option<Vec<u8>>,
}

/// Commits what arrived.
pub(crate) fn commit(device: &mut Device, batch: Batch) -> Result<Committed, DeviceError> {
    let outside = device.outside();
    device.write(|tx| {
        let own = Own::of(&tx.identity()?);
        let incoming = gather(tx, batch.arrivals)?;
        let pending: Vec<DocId> =
            incoming.iter().filter(|incoming| !incoming.outbox.is_empty()).map(|incoming| incoming.doc).collect();
        let mut committed = write(tx, prepare_all(incoming, &own)?, &own, &*outside)?;
        committed.authored |= push_again(tx, &pending, &own)?;
        if let Some(owed) = &batch.owed {
            tx.set_owed(owed)?;
        }
        if tx.membership()?.is_some_and(|membership| membership.ahead != batch.ahead) {
            tx.set_ahead(batch.ahead)?;
        }
        if let Some(cursor) = batch.cursor {
            move_cursor(tx, batch.feed, cursor)?;
        }
        committed.sum = tx.acknowledged_sum()?;
        Ok(committed)
    })
}

/// Lets what the relay refused for want of another change wait again, now that it has shown more of these documents: another
/// device may have brought what was missing. It goes to the end of the outbox, with whatever of its document waits, since that
/// rests on it. Says whether there was any.
fn push_again(tx: &WriteTx<'_>, docs: &[DocId], own: &Own) -> Result<bool, WorkError> {
    let mut again = false;
    let refused = if docs.is_empty() { Vec::new() } else { tx.refused(u32::MAX)? };
    for doc in docs {
        let of_it: Vec<_> = refused.iter().filter(|refused| refused.doc == *doc).collect();
        if !of_it.iter().any(|refused| refused.reason == Refusal::MissingDependency) {
            continue;
        }
        let stays = |hash| of_it.iter().any(|other| other.hash == hash && other.reason != Refusal::MissingDependency);
        for (hash, bytes) in tx.outbox_of(*doc)?.into_iter().filter(|(hash, _)| !stays(*hash)) {
            if sync::inspect(&bytes).is_ok_and(|header| header.actor.belongs_to(&own.key)) {
                again |= tx.push_again(*doc, hash)?;
            }
        }
    }
    Ok(again)
}

/// Tries what is set aside again, document by document, and counts how many changes fit now.
pub(crate) fn try_again(tx: &WriteTx<'_>, outside: &dyn Outside) -> Result<u64, WorkError> {
    let own = Own::of(&tx.identity()?);
    let before = tx.set_aside_count()?;
    let docs: BTreeSet<DocId> = tx.all_set_aside(u32::MAX)?.into_iter().map(|aside| aside.doc).collect();
    for doc in docs {
        let nothing = vec![Arrival { doc, form: Form::Changes(Vec::new()) }];
        write(tx, prepare_all(gather(tx, nothing)?, &own)?, &own, outside)?;
    }
    Ok(before.saturating_sub(tx.set_aside_count()?))
}

/// Moves the cursor, which is a place in the feed `feed`. Another process of this home may have taken up another feed since
/// this exchange began; then nothing of the transaction is kept and the next exchange goes on from there.
pub(crate) fn move_cursor(tx: &WriteTx<'_>, feed: Option<Epoch>, cursor: Cursor) -> Result<(), WorkError> {
    if tx.membership()?.and_then(|membership| membership.epoch) != feed {
        return Err(DeviceError::FeedChanged.into());
    }
    Ok(tx.set_cursor(cursor)?)
}

fn write(tx: &WriteTx<'_>, prepared: Vec<Prepared>, own: &Own, outside: &dyn Outside) -> Result<Committed, WorkError> {
    let wall = outside.now();
    let mut clock = tx.clock()?;
    let mut committed = Committed { documents: 0, sum: Sum::ZERO, events: Vec::new(), authored: false, renewed: false };
    let mut renews = false;
    for Prepared { doc, held, what } in &prepared {
        for hash in held {
            tx.remove_outbox(*doc, *hash)?;
        }
        match what {
            What::Unchanged => {}
            What::Changed(document) => {
                clock.observe(document.latest, wall);
                change(tx, *doc, document, own, wall)?;
                renews |= document.unknown_own;
                committed.authored |= !document.authored.is_empty();
                committed.documents += 1;
                let healed = document.replaced.len() as u64;
                if healed > 0 {
                    committed.events.push(SyncEvent::Healed { doc: *doc, changes: healed });
                }
                note_aside(*doc, &document.aside, &mut committed.events);
            }
            What::Kept(aside) => {
                keep_aside(tx, *doc, aside, wall)?;
                note_aside(*doc, aside, &mut committed.events);
            }
            What::Invalid { bytes, reason } => tx.note_invalid(*doc, reason, bytes, wall)?,
            What::Erased(tombstone) => {
                if let Some(erased) = erase(tx, tombstone)? {
                    committed.documents += 1;
                    committed.events.push(SyncEvent::Erased(erased.into()));
                }
            }
        }
    }
    // After all the snapshots: whatever SQLite wraps into a savepoint makes the index of words write a segment.
    for Prepared { doc, what, .. } in &prepared {
        if let What::Changed(document) = what {
            rows::write(tx, *doc, &document.view)?;
        }
    }
    if prepared.iter().any(|prepared| matches!(prepared.what, What::Erased(_))) {
        readmodel::forget_words(tx.connection())?;
    }
    if renews {
        renew::renew(tx, outside)?;
        committed.renewed = true;
    }
    tx.set_clock(&clock)?;
    Ok(committed)
}

/// Puts a tombstone in the place of a document, its rows included. Words it left in the index are gone after
/// [`readmodel::forget_words`].
pub(crate) fn erase(tx: &WriteTx<'_>, tombstone: &Tombstone) -> Result<Option<store::Erased>, WorkError> {
    readmodel::remove(tx.connection(), tombstone.doc)?;
    Ok(tx.erase(tombstone)?)
}

fn change(tx: &WriteTx<'_>, doc: DocId, document: &Changed, own: &Own, wall: Timestamp) -> Result<(), WorkError> {
    if let Some(damaged) = &document.damaged {
        tx.note_invalid(doc, "it no longer loaded here; what the relay holds took its place", damaged, wall)?;
    }
    tx.put_snapshot(doc, &document.bytes, &document.heads, document.sum)?;
    for hash in &document.taken_back {
        tx.take_back(doc, *hash)?;
    }
    keep_aside(tx, doc, &document.aside, wall)?;
    for old in &document.replaced {
        tx.remove_outbox(doc, *old)?;
    }
    for authored in &document.authored {
        // What stands for another device's change is not this one's to send: reconciling brings it back.
        if authored.actor.belongs_to(&own.key) {
            tx.push_outbox(doc, authored.hash, &authored.bytes)?;
        }
    }
    renew::count_past(tx, &document.numbers)
}

fn keep_aside(tx: &WriteTx<'_>, doc: DocId, aside: &[SetAside], wall: Timestamp) -> Result<(), WorkError> {
    for SetAside { hash, bytes, reason } in aside {
        tx.set_aside(doc, *hash, bytes, reason.code(), wall)?;
    }
    Ok(())
}

fn note_aside(doc: DocId, aside: &[SetAside], events: &mut Vec<SyncEvent>) {
    if !aside.is_empty() {
        events.push(SyncEvent::SetAside { doc, changes: aside.len() as u64 });
    }
}

fn gather(tx: &ReadTx<'_>, arrivals: Vec<Arrival>) -> Result<Vec<Incoming>, WorkError> {
    let mut by_doc: BTreeMap<DocId, Vec<Form>> = BTreeMap::new();
    for arrival in arrivals {
        by_doc.entry(arrival.doc).or_default().push(arrival.form);
    }
    let branch = tx.membership()?.map(|membership| membership.branch);
    let mut incoming = Vec::with_capacity(by_doc.len());
    for (doc, mut forms) in by_doc {
        if tx.tombstone(doc)?.is_some() {
            continue;
        }
        // A tombstone that its own key did not sign says nothing.
        forms.retain(|form| match form {
            Form::Erased(tombstone) => branch.is_some_and(|branch| sync::verify_tombstone(branch, tombstone)),
            _ => true,
        });
        let outbox = tx.outbox_of(doc)?.into_iter().map(|(hash, _)| hash).collect();
        incoming.push(Incoming { doc, forms, stored: tx.document(doc)?, aside: tx.set_aside_of(doc)?, outbox });
    }
    Ok(incoming)
}

/// Loading and reading dominate a first join, and documents are independent: share them among the cores.
fn prepare_all(incoming: Vec<Incoming>, own: &Own) -> Result<Vec<Prepared>, WorkError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(incoming.len().div_ceil(16)).max(1);
    if threads == 1 {
        return Ok(incoming.into_iter().map(|incoming| prepare(incoming, own)).collect());
    }
    let share = incoming.len().div_ceil(threads);
    let mut rest = incoming;
    let mut shares = Vec::with_capacity(threads);
    while !rest.is_empty() {
        let tail = rest.split_off(share.min(rest.len()));
        shares.push(std::mem::replace(&mut rest, tail));
    }
    std::thread::scope(|scope| {
        let workers: Vec<_> = shares
            .into_iter()
            .map(|share| {
                scope.spawn(move || share.into_iter().map(|incoming| prepare(incoming, own)).collect::<Vec<_>>())
            })
            .collect();
        let mut prepared = Vec::new();
        for worker in workers {
            prepared.extend(worker.join().map_err(|_| DeviceError::Interrupted)?);
        }
        Ok(prepared)
    })
}

fn prepare(incoming: Incoming, own: &Own) -> Prepared {
    let Incoming { doc, forms, stored, aside, outbox } = incoming;
    if let Some(Form::Erased(tombstone)) = forms.iter().find(|form| matches!(form, Form::Erased(_))) {
        return Prepared { doc, held: Vec::new(), what: What::Erased(tombstone.clone()) };
    }
    let mut came = Came { outbox: outbox.into_iter().collect(), held: Vec::new() };
    let what = match came.merge(doc, &forms, stored, aside, own) {
        Ok(what) => what,
        Err(corrupt) => What::Invalid { bytes: raw(forms), reason: corrupt.to_string() },
    };
    Prepared { doc, held: came.held, what }
}

/// What of the outbox turned out to be held by the relay.
struct Came {
    outbox: BTreeSet<ChangeHash>,
    held: Vec<ChangeHash>,
}

impl Came {
    fn came(&mut self, hash: ChangeHash) {
        if self.outbox.remove(&hash) {
            self.held.push(hash);
        }
    }

    fn merge(
        &mut self,
        doc: DocId,
        forms: &[Form],
        stored: Option<StoredDocument>,
        aside: Vec<(ChangeHash, Vec<u8>)>,
        own: &Own,
    ) -> Result<What, records::Corrupt> {
        if let (None, [Form::Saved(bytes)], true) = (&stored, forms, aside.is_empty()) {
            let (dossier, set_aside) = Dossier::receive(bytes)?;
            let hashes = dossier.change_hashes();
            let sum = hashes.iter().map(|hash| Sum::of_change(doc, *hash)).sum();
            hashes.iter().for_each(|hash| self.came(*hash));
            let bytes = set_aside.is_empty().then(|| bytes.clone());
            let taken = Taken { set_aside, ..Taken::default() };
            let unknown_own = dossier.change_count_of(&own.actor) > 0;
            return Ok(changed(&dossier, bytes, sum, taken, &BTreeSet::new(), own, unknown_own));
        }
        let mut given = self.given(forms)?;
        let known_aside: BTreeSet<ChangeHash> = aside.iter().map(|(hash, _)| *hash).collect();
        given.extend(aside.into_iter().map(|(_, bytes)| bytes).take(TRIED_AGAIN_MAX));
        if given.is_empty() {
            return Ok(What::Unchanged);
        }
        let given: Vec<&[u8]> = given.iter().map(Vec::as_slice).collect();
        let loaded = stored.as_ref().map(|stored| (Dossier::load(&stored.bytes), stored.sum));
        let (mut dossier, known_sum) = match loaded {
            Some((Ok(dossier), sum)) => (dossier, sum),
            // What is new here, or no longer loads here, is made whole by what arrives.
            Some((Err(_), _)) | None => {
                let dossier = Dossier::create();
                let genesis = dossier.heads();
                if !given.iter().any(|bytes| genesis.contains(&records::hash_of_change(bytes))) {
                    return Ok(What::Kept(unfit(dossier, &given, &known_aside)));
                }
                (dossier, None)
            }
        };
        let damaged = known_sum.is_none().then_some(stored).flatten().map(|stored| stored.bytes);
        let own_before = dossier.change_count_of(&own.actor);
        let taken = dossier.take(&given);
        let news = taken.set_aside.iter().any(|aside| !known_aside.contains(&aside.hash));
        if taken.is_unchanged() && !news && damaged.is_none() && known_sum.is_some() {
            return Ok(What::Unchanged);
        }
        // What was written anew is this store's own, and no sign of another life.
        let rewritten = taken.authored.iter().filter(|authored| authored.actor == own.actor).count();
        let unknown_own = dossier.change_count_of(&own.actor) > own_before + rewritten;
        let sum = sum_after(doc, &dossier, known_sum, &taken);
        match changed(&dossier, None, sum, taken, &known_aside, own, unknown_own) {
            What::Changed(mut document) => {
                document.damaged = damaged;
                Ok(What::Changed(document))
            }
            other => Ok(other),
        }
    }

    /// Every change in what arrived.
    fn given(&mut self, forms: &[Form]) -> Result<Vec<Vec<u8>>, records::Corrupt> {
        let mut given = Vec::new();
        for form in forms {
            match form {
                Form::Saved(bytes) => {
                    let (arrived, aside) = Dossier::receive(bytes)?;
                    given.extend(arrived.changes_since(&[]));
                    given.extend(aside.into_iter().map(|aside| aside.bytes));
                }
                Form::Changes(changes) => given.extend(changes.iter().map(|change| change.to_vec())),
                Form::Held(hashes) => hashes.iter().for_each(|hash| self.came(*hash)),
                Form::Erased(_) => {}
            }
        }
        if !self.outbox.is_empty() {
            given.iter().for_each(|bytes| self.came(records::hash_of_change(bytes)));
        }
        Ok(given)
    }
}

/// Without the document's first change nothing else can be part of it.
fn unfit(mut nothing: Dossier, given: &[&[u8]], known: &BTreeSet<ChangeHash>) -> Vec<SetAside> {
    let set_aside = nothing.take(given).set_aside.into_iter();
    let malformed: BTreeSet<ChangeHash> =
        set_aside.filter(|aside| aside.reason == Aside::Malformed).map(|aside| aside.hash).collect();
    let reason = |hash: &ChangeHash| if malformed.contains(hash) { Aside::Malformed } else { Aside::Waiting };
    given
        .iter()
        .map(|bytes| (records::hash_of_change(bytes), bytes))
        .filter(|(hash, _)| !known.contains(hash))
        .map(|(hash, bytes)| SetAside { hash, bytes: bytes.to_vec(), reason: reason(&hash) })
        .collect()
}

fn sum_after(doc: DocId, dossier: &Dossier, before: Option<Sum>, taken: &Taken) -> Sum {
    let of = |hash: &ChangeHash| Sum::of_change(doc, *hash);
    match before {
        Some(before) if taken.replaced.is_empty() && taken.authored.is_empty() && taken.set_aside.is_empty() => {
            before + taken.applied.iter().map(of).sum()
        }
        _ => dossier.change_hashes().iter().map(of).sum(),
    }
}

fn changed(
    dossier: &Dossier,
    bytes: Option<Arc<[u8]>>,
    sum: Sum,
    taken: Taken,
    known_aside: &BTreeSet<ChangeHash>,
    own: &Own,
    unknown_own: bool,
) -> What {
    let view = dossier.read();
    let latest = view.records.iter().map(|record| record.updated.at).max().unwrap_or(Timestamp::EPOCH);
    What::Changed(Box::new(Changed {
        bytes: bytes.unwrap_or_else(|| dossier.save().into()),
        heads: dossier.heads(),
        sum,
        latest,
        view,
        taken_back: taken.applied.into_iter().filter(|hash| known_aside.contains(hash)).collect(),
        aside: taken.set_aside.into_iter().filter(|aside| !known_aside.contains(&aside.hash)).collect(),
        replaced: taken.replaced.into_iter().map(|replaced| replaced.old).collect(),
        authored: taken.authored,
        numbers: own.numbers(dossier),
        unknown_own,
        damaged: None,
    }))
}

/// Everything that arrived of a document that does not load, to be kept.
fn raw(forms: Vec<Form>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for form in forms {
        match form {
            Form::Saved(saved) => bytes.extend_from_slice(&saved),
            Form::Changes(changes) => changes.iter().for_each(|change| bytes.extend_from_slice(change)),
            Form::Erased(_) | Form::Held(_) => {}
        }
    }
    bytes
}
