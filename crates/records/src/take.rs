//! Taking in changes from elsewhere: what fits is applied, what does not is handed back, and nothing of it stops the rest.
//!
//! A change is applied once everything it rests on is held and its numbers are sound. What cannot be applied is *set aside*:
//! the caller keeps its bytes, counts it as held, and gives it again when more of the document has arrived.
//!
//! Two lines of changes under one actor (a store that was restored from a copy and written to) are healed: the line that
//! arrives keeps its numbers, and `heal` writes the other one's changes again under actors of their own.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, Change};
use sha2::{Digest, Sha256};
use vocab::{Actor, ChangeHash, GENESIS_ACTOR};

use crate::dossier::{Dossier, blank, guarded, unreadable};
use crate::graph::actor_of;
use crate::{fit, heal};

/// How far a change may number its operations past those it rests on, whatever else is held: so everybody decides alike.
/// Honest clients go on exactly there, or, writing at a past state, after all that the document holds; numbers that run away would use up the 32 bits automerge has for them, and freeze the document.
/// A relay takes 16 MiB of changes of one document: too few to get that far in steps of this size.
const OPERATION_GAP_MAX: u64 = 1 << 15;

/// What became of changes that were taken in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Now part of the document, and not before.
    pub applied: Vec<ChangeHash>,
    /// Not part of the document: given and not applied, or replaced without success. Keep the bytes.
    pub set_aside: Vec<SetAside>,
    /// No longer part of the document: their numbers belong to others. What each said is said by another change now.
    pub replaced: Vec<Replaced>,
    /// Written just now in place of those, and part of the document. The same bytes on whatever device writes them.
    pub authored: Vec<Authored>,
}

impl Taken {
    /// Whether the document is what it was before.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.applied.is_empty() && self.replaced.is_empty() && self.authored.is_empty()
    }
}

/// A change that could not be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Its hash; of bytes that are not a change, their SHA-256.
    pub hash: ChangeHash,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Why.
    pub reason: Aside,
}

/// Why a change is not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aside {
    /// It rests on changes that are not there.
    Waiting,
    /// Its actor's number belongs to another change.
    Reused,
    /// Its numbers do not follow from what it rests on.
    Unsound,
    /// automerge cannot apply it to this document.
    Unappliable,
    /// The bytes are not a change.
    Malformed,
}

impl Aside {
    /// Every reason.
    pub const ALL: [Aside; 5] = [Aside::Waiting, Aside::Reused, Aside::Unsound, Aside::Unappliable, Aside::Malformed];

    /// The code in storage and JSON; `aside-<code>` is its explanation in the catalogue.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Aside::Waiting => "waiting",
            Aside::Reused => "reused",
            Aside::Unsound => "unsound",
            Aside::Unappliable => "unappliable",
            Aside::Malformed => "malformed",
        }
    }

    /// The reason with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Aside> {
        Aside::ALL.into_iter().find(|aside| aside.code() == code)
    }

    /// Whether more of the document may make it fit.
    #[must_use]
    pub const fn may_fit_later(self) -> bool {
        matches!(self, Aside::Waiting | Aside::Unappliable)
    }
}

/// A change whose place another has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// The change that was part of the document.
    pub old: ChangeHash,
    /// The change that says the same now.
    pub new: ChangeHash,
}

/// A change written in place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authored {
    /// The change in whose place it stands.
    pub of: ChangeHash,
    /// Its hash.
    pub hash: ChangeHash,
    /// Its actor: of the same device as the other's.
    pub actor: Actor,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What is known of a change that is part of the document.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) hash: automerge::ChangeHash,
    actor: Vec<u8>,
    seq: u64,
    max_op: u64,
    deps: Vec<automerge::ChangeHash>,
}

/// Every change of a document, parents first, and what each actor wrote last.
#[derive(Debug, Clone, Default)]
struct Ledger {
    max_ops: BTreeMap<automerge::ChangeHash, u64>,
    /// By actor: the number of its last change and of that one's last operation.
    last: BTreeMap<Vec<u8>, (u64, u64)>,
}

impl Ledger {
    fn enter(&mut self, known: &Known) {
        self.max_ops.insert(known.hash, known.max_op);
        let last = self.last.entry(known.actor.clone()).or_default();
        *last = (last.0.max(known.seq), last.1.max(known.max_op));
    }

    fn holds(&self, hash: &automerge::ChangeHash) -> bool {
        self.max_ops.contains_key(hash)
    }

    /// Whether a change can follow what is entered; else why not.
    fn admits(&self, change: &Change) -> Result<(), Aside> {
        let mut before = 0;
        for dep in change.deps() {
            before = before.max(*self.max_ops.get(dep).ok_or(Aside::Waiting)?);
        }
        let (seq, own) = self.last.get(change.actor_id().to_bytes()).copied().unwrap_or_default();
        if change.seq() <= seq {
            return Err(Aside::Reused);
        }
        if change.seq() > seq + 1 {
            return Err(Aside::Waiting);
        }
        let start = change.start_op().get();
        let sound = start > before && start > own && start <= before.saturating_add(OPERATION_GAP_MAX);
        if sound { Ok(()) } else { Err(Aside::Unsound) }
    }
}

impl Known {
    pub(crate) fn of(change: &Change) -> Known {
        Known {
            hash: change.hash(),
            actor: change.actor_id().to_bytes().to_vec(),
            seq: change.seq(),
            // A change without operations ends before it starts.
            max_op: change.start_op().get().saturating_sub(1).saturating_add(change.len() as u64),
            deps: change.deps().to_vec(),
        }
    }
}

impl Dossier {
    /// Takes in changes from elsewhere, in any order and any number of times. Each is applied by itself: one that does not
    /// fit is set aside and the others go on. No bytes make this panic.
    ///
    /// Of changes that use one actor's number twice, what is given here wins over what is held: give what a relay accepted.
    /// The genesis change never loses.
    pub fn take(&mut self, changes: &[&[u8]]) -> Taken {
        let mut taken = Taken::default();
        let mut ledger = Ledger::default();
        let held = known(self.doc());
        held.iter().for_each(|known| ledger.enter(known));
        let given = decode(changes, &ledger, &mut taken);
        if given.is_empty() {
            return taken;
        }
        let mut barred = BTreeSet::new();
        loop {
            let Plan { in_turn, aside, losers, winners } = plan(&given, &held, &ledger, changes, &barred);
            let mut outcome = Taken::default();
            if losers.is_empty() {
                apply_each(self, in_turn, &mut outcome);
            } else {
                let before = self.clone();
                heal::replace(self, in_turn, &losers, &mut outcome);
                // Whoever cannot be applied takes nobody's place.
                let failed = winners.iter().filter(|winner| !self.holds(hash_of(**winner))).count();
                if failed > 0 {
                    barred.extend(winners.into_iter().filter(|winner| !self.holds(hash_of(*winner))));
                    *self = before;
                    continue;
                }
            }
            outcome.set_aside.extend(aside.into_iter().map(|(change, reason)| set_aside(&change, reason)));
            outcome.set_aside.append(&mut taken.set_aside);
            return outcome;
        }
    }

    /// The hashes of every change, parents first, genesis included. Cheap: nothing is decoded again.
    #[must_use]
    pub fn change_hashes(&self) -> Vec<ChangeHash> {
        self.doc().get_changes_meta(&[]).iter().map(|meta| hash_of(meta.hash)).collect()
    }

    /// The bytes of those of `hashes` that are part of the document, parents first.
    #[must_use]
    pub fn changes(&self, hashes: &[ChangeHash]) -> Vec<(ChangeHash, Vec<u8>)> {
        let wanted: BTreeSet<&ChangeHash> = hashes.iter().collect();
        let all = guarded(|| Ok(self.doc().get_changes(&[]))).unwrap_or_default();
        all.iter()
            .map(|change| (hash_of(change.hash()), change))
            .filter(|(hash, _)| wanted.contains(hash))
            .map(|(hash, change)| (hash, change.raw_bytes().to_vec()))
            .collect()
    }

    /// Opens bytes as they arrive: a saved form, perhaps followed by changes. What does not fit is set aside instead of
    /// spoiling the rest; the document then holds everything else. Changes are taken in as [`Dossier::take`] does, though
    /// automerge could load all of it at once: whoever gets them one by one must come to the same.
    ///
    /// # Errors
    /// [`crate::Corrupt`] when the bytes do not begin with a document or a change that loads.
    pub fn receive(bytes: &[u8]) -> Result<(Dossier, Vec<SetAside>), crate::Corrupt> {
        let chunks = chunks(bytes).ok_or_else(|| unreadable("they are not chunks of automerge's format"))?;
        let (first, rest) = chunks.split_first().ok_or_else(|| unreadable("there are none"))?;
        let (mut dossier, rest) = if first.get(CHUNK_TYPE) == Some(&CHANGE_CHUNK) {
            (Dossier::create(), &chunks[..])
        } else {
            match Dossier::load(first)? {
                dossier if dossier.missing().is_empty() => (dossier, rest),
                _ => return Err(unreadable("the saved form is not whole")),
            }
        };
        let taken = dossier.take(rest);
        Ok((dossier, taken.set_aside))
    }
}

pub(crate) fn hash_of(hash: automerge::ChangeHash) -> ChangeHash {
    ChangeHash::from_bytes(hash.0)
}

pub(crate) fn set_aside(change: &Change, reason: Aside) -> SetAside {
    SetAside { hash: hash_of(change.hash()), bytes: change.raw_bytes().to_vec(), reason }
}

fn known(doc: &Automerge) -> Vec<Known> {
    let metas = doc.get_changes_meta(&[]);
    metas
        .into_iter()
        .map(|meta| Known {
            hash: meta.hash,
            actor: meta.actor.to_bytes().to_vec(),
            seq: meta.seq,
            max_op: meta.max_op,
            deps: meta.deps,
        })
        .collect()
}

/// The given changes that decode and are not held, each once, in the order given.
fn decode(changes: &[&[u8]], ledger: &Ledger, taken: &mut Taken) -> Vec<Change> {
    let mut seen = BTreeSet::new();
    let mut given = Vec::with_capacity(changes.len());
    for bytes in changes {
        match guarded(|| Change::try_from(*bytes).map_err(unreadable)) {
            Ok(change) if change.seq() > 0 => {
                if !ledger.holds(&change.hash()) && seen.insert(change.hash()) {
                    given.push(change);
                }
            }
            _ => {
                let hash = hash_of_change(bytes);
                if seen.insert(automerge::ChangeHash(*hash.as_bytes())) {
                    taken.set_aside.push(SetAside { hash, bytes: bytes.to_vec(), reason: Aside::Malformed });
                }
            }
        }
    }
    given
}

/// What is to be done with changes that were given.
struct Plan {
    /// Those that can be applied, parents first.
    in_turn: Vec<Change>,
    /// Those that cannot, and why.
    aside: Vec<(Change, Aside)>,
    /// Those held whose numbers the former take, and all that rests on them, parents first.
    losers: Vec<automerge::ChangeHash>,
    /// Those given that take numbers of held ones.
    winners: BTreeSet<automerge::ChangeHash>,
}

fn plan(
    given: &[Change],
    held: &[Known],
    ledger: &Ledger,
    changes: &[&[u8]],
    barred: &BTreeSet<automerge::ChangeHash>,
) -> Plan {
    let mut ledger = ledger.clone();
    // What is held and given again is the relay's too: it never loses.
    let confirmed: BTreeSet<automerge::ChangeHash> =
        if given.iter().any(|change| ledger.admits(change) == Err(Aside::Reused)) {
            changes.iter().map(|bytes| automerge::ChangeHash(*hash_of_change(bytes).as_bytes())).collect()
        } else {
            BTreeSet::new()
        };
    let may_lose = |known: &&Known| known.actor != GENESIS_ACTOR.as_bytes() && !confirmed.contains(&known.hash);
    let mut plan = Plan {
        in_turn: Vec::with_capacity(given.len()),
        aside: Vec::new(),
        losers: Vec::new(),
        winners: BTreeSet::new(),
    };
    let mut rest = given.to_vec();
    loop {
        let mut waiting = Vec::new();
        let before = plan.in_turn.len();
        for change in rest {
            match ledger.admits(&change) {
                Ok(()) => {
                    ledger.enter(&Known::of(&change));
                    plan.in_turn.push(change);
                }
                Err(Aside::Waiting) => waiting.push(change),
                Err(Aside::Reused) if !barred.contains(&change.hash()) => {
                    let losers = lost_to(&change, held, &plan.losers);
                    if losers.is_empty() || !losers.iter().all(may_lose) {
                        plan.aside.push((change, Aside::Reused));
                        continue;
                    }
                    let gone: BTreeSet<_> = losers.iter().map(|known| known.hash).chain(plan.losers.clone()).collect();
                    let mut without = Ledger::default();
                    held.iter().filter(|known| !gone.contains(&known.hash)).for_each(|known| without.enter(known));
                    plan.in_turn.iter().for_each(|change| without.enter(&Known::of(change)));
                    match without.admits(&change) {
                        Ok(()) => {
                            without.enter(&Known::of(&change));
                            ledger = without;
                            plan.losers = gone.into_iter().collect();
                            plan.winners.insert(change.hash());
                            plan.in_turn.push(change);
                        }
                        Err(reason) => plan.aside.push((change, reason)),
                    }
                }
                Err(reason) => plan.aside.push((change, reason)),
            }
        }
        rest = waiting;
        if rest.is_empty() || before == plan.in_turn.len() {
            break;
        }
    }
    plan.aside.extend(rest.into_iter().map(|change| (change, Aside::Waiting)));
    plan
}

/// The held changes that cannot stay when `change` has its number: the one that has it, those its actor wrote after it, and
/// all that rests on them. Nothing when `change` itself rests on one of them.
fn lost_to<'h>(change: &Change, held: &'h [Known], lost: &[automerge::ChangeHash]) -> Vec<&'h Known> {
    let actor = change.actor_id().to_bytes();
    let mut gone: BTreeSet<automerge::ChangeHash> = BTreeSet::new();
    let mut losers = Vec::new();
    for known in held.iter().filter(|known| !lost.contains(&known.hash)) {
        let clashes = known.actor == actor && known.seq >= change.seq();
        if clashes || known.deps.iter().any(|dep| gone.contains(dep)) {
            gone.insert(known.hash);
            losers.push(known);
        }
    }
    if change.deps().iter().any(|dep| gone.contains(dep)) { Vec::new() } else { losers }
}

/// Applies changes that are in causal order, all at once when that works, else in ever smaller parts.
pub(crate) fn apply_each(dossier: &mut Dossier, changes: Vec<Change>, taken: &mut Taken) {
    let mut parts = vec![changes];
    while let Some(mut part) = parts.pop() {
        // A part that was cut off behind one that failed may rest on what is now set aside.
        let held = |hash: &automerge::ChangeHash| dossier.holds(hash_of(*hash));
        let mut within: BTreeSet<automerge::ChangeHash> = BTreeSet::new();
        let mut ready = Vec::with_capacity(part.len());
        for change in part.drain(..) {
            if change.deps().iter().all(|dep| within.contains(dep) || held(dep)) {
                within.insert(change.hash());
                ready.push(change);
            } else {
                taken.set_aside.push(set_aside(&change, Aside::Waiting));
            }
        }
        if ready.is_empty() {
            continue;
        }
        match fit::with(dossier.doc(), &ready) {
            Ok(doc) => {
                dossier.replace_doc(doc);
                taken.applied.extend(ready.iter().map(|change| hash_of(change.hash())));
            }
            Err(_) if ready.len() == 1 => {
                taken.set_aside.extend(ready.iter().map(|change| set_aside(change, Aside::Unappliable)));
            }
            Err(_) => {
                let second = ready.split_off(ready.len() / 2);
                parts.push(second);
                parts.push(ready);
            }
        }
    }
}

/// A document of exactly these changes.
pub(crate) fn rebuilt(changes: Vec<Change>) -> Result<Automerge, crate::Corrupt> {
    let mut doc = blank();
    doc.apply_changes(changes).map_err(unreadable)?;
    Ok(doc)
}

/// The actor of a change that is written in place of `old`: of the same device, and of no other change.
pub(crate) fn actor_after(old: &Change) -> Actor {
    let digest = Sha256::new().chain_update(b"fieldbook/records/in-place-of/1\0").chain_update(old.hash().0).finalize();
    let mut actor = *actor_of(old.actor_id().to_bytes()).as_bytes();
    actor[8..].copy_from_slice(&digest[..8]);
    Actor::from_bytes(actor)
}

const CHUNK_HEADER_MIN: usize = 10;
const CHUNK_TYPE: usize = 8;
const CHANGE_CHUNK: u8 = 1;

/// The hash of a change as automerge reckons it: SHA-256 of all that follows its checksum, which is not looked at here. Of
/// bytes too short to be a change, of them all.
#[must_use]
pub fn hash_of_change(bytes: &[u8]) -> ChangeHash {
    let hashed = if bytes.len() >= CHUNK_HEADER_MIN { &bytes[CHUNK_TYPE..] } else { bytes };
    ChangeHash::from_bytes(Sha256::digest(hashed).into())
}

/// Cuts concatenated chunks apart by the lengths they state.
fn chunks(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = bytes;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let mut len = 0_usize;
        let mut place = CHUNK_TYPE + 1;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = *rest.get(place)?;
            place += 1;
            len |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let (chunk, after) = rest.split_at_checked(place.checked_add(len)?)?;
        chunks.push(chunk);
        rest = after;
    }
    Some(chunks)
}
