//! What the relay itself writes: a policy, a decision about a disagreement, a signed daily check. Its changes are made of the
//! same checked edits as a device's and go the same way: into the feed, to every device, into documents and rows.
//!
//! - The author is the person who is signed in, or who sits at the relay's machine. Rights are checked by the edit, as they
//!   are on a device.
//! - Every change has an actor of its own: 8 bytes of the branch's public key, as the actors of a device begin with the
//!   device's, and 8 random ones. So none is ever used twice, whichever process writes and whatever backup was put back, and
//!   two people who write at once write apart, as two devices do.
//! - Ids of what it makes are named after the same random bytes (`POLICY-X3M0T7Q2A-1`): nothing is counted that a backup could
//!   count again.
//! - The stamp lies after everything in the document, by the rule of the hybrid clock.

pub(crate) mod check;
pub(crate) mod policy;
pub(crate) mod settle;
pub(crate) mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use messages::{Arg, Message};
use records::{Dossier, Edit, Invalid, Kind, View};
use store::{Branch, Documents, Feeds, Intake, Made, SqliteRelayStore, Writing};
use sync::{DeviceSecret, inspect};
use vocab::{
    Actor, Author, DeviceCode, DeviceKey, DocId, EventId, Generation, HybridClock, RecordId, Refusal, Timestamp,
    Verdict,
};

use crate::admin::random;
use crate::{AppState, Error, ticks};

/// Random bytes of one change's actor.
const RANDOM_BYTES: usize = 8;

/// Names for what one change makes.
pub(crate) struct Names {
    code: DeviceCode,
    events: u64,
    records: BTreeMap<&'static str, u64>,
}

impl Names {
    /// For the next event.
    pub(crate) fn event(&mut self) -> EventId {
        self.events += 1;
        EventId::new(&self.code, self.events)
    }

    /// For the next record of a kind.
    pub(crate) fn record(&mut self, kind: &'static Kind) -> RecordId {
        let number = self.records.entry(kind.prefix).or_default();
        *number += 1;
        RecordId::new(kind.prefix, &self.code, *number)
    }
}

/// The key that stands for the relay in a branch: tombstones are signed with it, and its actors begin with it.
pub(crate) fn key_of(branch: &Branch) -> DeviceKey {
    DeviceSecret::from_bytes(branch.secret.as_bytes()).key()
}

/// Who writes which document, and when.
pub(crate) struct Draft {
    pub(crate) branch: Branch,
    pub(crate) doc: DocId,
    pub(crate) author: Author,
}

/// One change, made and not yet appended. Nothing when `work` changed nothing.
struct Drafted<T> {
    writing: Option<Writing>,
    made: T,
}

impl Draft {
    /// Makes the change on what the store holds of the document.
    fn make<T>(
        &self,
        store: &SqliteRelayStore,
        work: impl FnOnce(&mut Edit<'_>, &mut Names) -> Result<T, Error>,
    ) -> Result<Drafted<T>, Error> {
        let held = store.document(self.branch.id, self.doc)?;
        self.make_on(held.as_ref().map(|held| held.bytes.as_slice()), random()?, ticks::wall(), work)
    }

    fn make_on<T>(
        &self,
        held: Option<&[u8]>,
        random: [u8; RANDOM_BYTES],
        wall: Timestamp,
        work: impl FnOnce(&mut Edit<'_>, &mut Names) -> Result<T, Error>,
    ) -> Result<Drafted<T>, Error> {
        let (mut dossier, before) = match held {
            Some(bytes) => {
                let (dossier, _) = Dossier::receive(bytes).map_err(|corrupt| refused(corrupt.message()))?;
                let heads = dossier.heads();
                (dossier, heads)
            }
            // Genesis is a change like any other, and the same everywhere.
            None => (Dossier::create(), Vec::new()),
        };
        let key = key_of(&self.branch);
        let actor = Actor::new(&key, Generation::from_bytes(random));
        let mut names =
            Names { code: DeviceCode::provisional(&one_change(&key, random)), events: 0, records: BTreeMap::new() };
        let stamp = after_all(&dossier.read(), wall);
        let mut made = None;
        let mut failed = None;
        let edited = dossier.edit(&self.author, stamp, &actor, |edit| match work(edit, &mut names) {
            Ok(done) => {
                made = Some(done);
                Ok(())
            }
            Err(error) => {
                failed = Some(error);
                Err(Invalid::Refused { cause: String::new() })
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        let changed = edited.map_err(invalid)?.is_some();
        let made = made.ok_or(Error::Stopping)?;
        let changes = if changed { dossier.changes_since(&before) } else { Vec::new() };
        let changes = changes.into_iter().map(|bytes| {
            let header = inspect(&bytes).map_err(|error| Error::Output(std::io::Error::other(error.to_string())))?;
            Ok(Made { doc: self.doc, header, bytes: Arc::from(bytes) })
        });
        let writing = Writing { branch: self.branch.id, key, changes: changes.collect::<Result<_, Error>>()? };
        Ok(Drafted { writing: changed.then_some(writing), made })
    }
}

/// The identity behind one change: it begins as the branch's key does and goes on with the random bytes of the actor, so that
/// the code of its ids and its actor name each other.
fn one_change(key: &DeviceKey, random: [u8; RANDOM_BYTES]) -> DeviceKey {
    let mut bytes = *key.as_bytes();
    bytes[8..8 + RANDOM_BYTES].copy_from_slice(&random);
    DeviceKey::from_bytes(bytes)
}

/// A stamp after everything in the document, and not before the wall clock.
fn after_all(view: &View, wall: Timestamp) -> Timestamp {
    let mut clock = HybridClock::new(Timestamp::EPOCH, 0);
    if let Some(latest) = view.records.iter().map(|record| record.updated.at).max() {
        clock.observe(latest, wall);
    }
    clock.stamp(wall)
}

/// What the rules of the records say against an edit.
pub(crate) fn invalid(invalid: Invalid) -> Error {
    refused(invalid.message())
}

/// A refusal, with the words for it.
pub(crate) fn refused(why: Message) -> Error {
    Error::Refused { why: Box::new(why) }
}

fn taken(verdicts: &[Verdict]) -> Result<(), Error> {
    let refusal = verdicts.iter().find_map(|verdict| match verdict {
        Verdict::Refused(refusal) => Some(*refusal),
        Verdict::Accepted(_) | Verdict::Had(_) => None,
    });
    match refusal {
        None => Ok(()),
        Some(Refusal::Erased) => Err(refused(Message::new("author-erased"))),
        Some(refusal) => {
            let reason = Arg::Key(format!("refusal-{}", refusal.code()));
            Err(refused(Message::new("author-not-taken").with("reason", reason)))
        }
    }
}

impl AppState {
    /// Writes one change of a document for somebody on the pages; what `work` made, once it is durable and told to every
    /// device.
    ///
    /// # Errors
    /// What `work` gives; [`Error::Refused`] when the rules of the records or the feed say no. Then nothing was written.
    pub(crate) async fn author<T: Send + 'static>(
        &self,
        draft: Draft,
        work: impl FnOnce(&mut Edit<'_>, &mut Names) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let drafted = self.read(move |store| draft.make(store, work)).await?;
        if let Some(writing) = drafted.writing {
            taken(&self.store_thread().append(writing).await?)?;
        }
        Ok(drafted.made)
    }
}

/// Writes one change of a document beside a relay that may be serving: it notices and tells its devices.
///
/// # Errors
/// Those of [`AppState::author`].
pub(crate) fn write<T>(
    store: &mut SqliteRelayStore,
    draft: &Draft,
    work: impl FnOnce(&mut Edit<'_>, &mut Names) -> Result<T, Error>,
) -> Result<T, Error> {
    let drafted = draft.make(store, work)?;
    if let Some(writing) = drafted.writing {
        let appended = store.take(&[Intake::Write(&writing)], ticks::wall())?;
        taken(&appended.into_iter().flat_map(|appended| appended.verdicts).collect::<Vec<_>>())?;
    }
    Ok(drafted.made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::{Fields, TRAINING, Value};
    use store::{Origin, SecretKey};
    use vocab::{BranchId, Epoch, Role};

    /// What one change of the relay is, written on `held` with these random bytes: its actor, and the id of what it makes.
    fn write(held: Option<&[u8]>, random: u8) -> (Actor, RecordId, Vec<u8>) {
        let branch = Branch {
            id: BranchId::from_bytes([1; 16]),
            name: "上海".to_owned(),
            epoch: Epoch::from_bytes([2; 16]),
            zone: store::DEFAULT_ZONE.to_owned(),
            secret: SecretKey::from_bytes([3; 32]),
            origin: Origin::New,
            created_at: Timestamp::EPOCH,
        };
        let key = key_of(&branch);
        let author = Author { staff: "主管*".parse().unwrap(), role: Role::Supervisor };
        let draft = Draft { branch, doc: DocId::from_bytes([4; 16]), author };
        let drafted =
            draft.make_on(held, [random; RANDOM_BYTES], Timestamp::from_millis(1_700_000_000_000), |edit, names| {
                let id = names.record(&TRAINING);
                let fields =
                    Fields::from([("training_kind", Value::from("skills")), ("topic", Value::from("岗位技能"))]);
                edit.create(&TRAINING, &id, None, fields).map_err(invalid)?;
                Ok(id)
            });
        let Drafted { writing, made } = drafted.unwrap();
        let last = writing.unwrap().changes.pop().unwrap();
        assert!(last.header.actor.belongs_to(&key));
        let mut dossier = held.map_or_else(Dossier::create, |bytes| Dossier::receive(bytes).unwrap().0);
        dossier.take(&[&last.bytes]);
        (last.header.actor, made, dossier.save())
    }

    #[test]
    fn no_two_changes_of_the_relay_share_an_actor_or_an_id() {
        let (first, made_first, held) = write(None, 1);
        let (second, made_second, _) = write(Some(&held), 2);
        // Somebody put the relay back to where it was before the second, or writes at the same moment.
        let (third, made_third, _) = write(Some(&held), 3);
        let actors = std::collections::BTreeSet::from([first, second, third]);
        let ids = std::collections::BTreeSet::from([made_first, made_second, made_third]);
        assert_eq!((actors.len(), ids.len()), (3, 3));
    }
}
