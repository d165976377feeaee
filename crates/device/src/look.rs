//! What people ask of the book.

use readmodel::{Filter, Listing, Order, Page};
use records::{Dossier, HistoryEntry, Kind, Record};
use serde::Serialize;
use serde_json::Value;
use store::StoreError;
use vocab::{DeviceCode, DeviceKey, Epoch, Position, Timestamp};

use crate::error::WorkError;
use crate::home::Device;
use crate::report::ErasedDossier;
use crate::{DeviceError, rows};

/// Most conflicts that one question returns.
const CONFLICTS_MAX: u32 = 10_000;

/// Most erased dossiers that are told of at once.
const ERASED_TOLD_MAX: u32 = 1_000;

/// Most refused changes that one question returns.
const REFUSED_MAX: u32 = 1_000;

/// How a device stands; `status --json` prints it (`shared/commands.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The code inside the ids made here.
    pub device: DeviceCode,
    /// Its public key.
    pub key: DeviceKey,
    /// Who uses it.
    pub staff: String,
    /// What that person is.
    pub role: vocab::Role,
    /// The branch's name, once enrolled.
    pub branch: Option<String>,
    /// Dossiers in the book.
    pub dossiers: u64,
    /// Records in the book.
    pub records: u64,
    /// Changes that wait for the relay.
    pub outbox: u64,
    /// Changes the relay refused; they are kept.
    pub refused: u64,
    /// Open conflicts.
    pub conflicts: u64,
    /// Documents that came from the relay and do not load; their bytes are kept.
    pub invalid: u64,
    /// Changes that could not be applied; they are kept, and tried again when more of their dossier arrives.
    pub set_aside: u64,
    /// Dossiers that were erased for everybody.
    pub erased: u64,
    /// What is held was found to differ from what the relay holds: the next exchange compares the two.
    pub suspect: bool,
    /// The position up to which the feed is held.
    pub cursor: Position,
    /// The feed that the cursor is a place in.
    pub epoch: Option<Epoch>,
    /// When the last complete exchange ended.
    pub last_sync_at: Option<Timestamp>,
    /// What the last complete exchange did.
    pub last_sync: Option<Value>,
    /// The relay's URL.
    pub relay: Option<String>,
    /// The relay's time minus this device's, in milliseconds, as last learnt.
    pub clock_offset_ms: i64,
}

/// A change the relay refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedChange {
    /// Its document.
    pub doc: vocab::DocId,
    /// Its hash.
    pub change: String,
    /// The code of the reason; `refusal-<code>` in the catalogue.
    pub reason: &'static str,
    /// When the relay said so.
    pub at: Timestamp,
    /// The dossier's customer, when the document shows one.
    pub customer: Option<String>,
}

impl Device {
    /// The record that people call `id`: its own id, or a number from paper that only one record carries.
    ///
    /// # Errors
    /// [`DeviceError::UnknownRecord`], [`DeviceError::AmbiguousRecord`].
    pub fn record(&mut self, id: &str) -> Result<Value, DeviceError> {
        self.read(|tx| Ok(rows::row(tx, id)?.value()?))
    }

    /// Records of a kind.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn list(
        &mut self,
        kind: &'static Kind,
        filter: &Filter,
        order: Order,
        page: Page,
    ) -> Result<Listing, DeviceError> {
        self.read(|tx| Ok(readmodel::list(tx.connection(), kind, filter, order, page)?))
    }

    /// Records of any kind in which every word of `text` occurs, lately changed first.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn search(&mut self, text: &str, limit: u32) -> Result<Vec<Value>, DeviceError> {
        self.read(|tx| {
            let rows = readmodel::search(tx.connection(), text, limit)?;
            Ok(rows.iter().map(readmodel::Row::value).collect::<Result<_, _>>()?)
        })
    }

    /// Every change of a record, oldest first; up to `as_of` when given.
    ///
    /// # Errors
    /// [`DeviceError::UnknownRecord`]; [`DeviceError::Document`].
    pub fn history(&mut self, id: &str, as_of: Option<Timestamp>) -> Result<Vec<HistoryEntry>, DeviceError> {
        let (id, dossier) = self.dossier_of(id, as_of)?;
        Ok(dossier.history(&id))
    }

    /// The record as it stood at `as_of`; nothing when it was not there yet.
    ///
    /// # Errors
    /// [`DeviceError::UnknownRecord`]; [`DeviceError::Document`].
    pub fn record_as_of(&mut self, id: &str, as_of: Timestamp) -> Result<Option<Value>, DeviceError> {
        let doc = self.read(|tx| Ok(rows::find(tx, id)?.1))?;
        let (id, dossier) = self.dossier_of(id, Some(as_of))?;
        Ok(dossier.read().record(&id).map(|record: &Record| record.to_json(doc)))
    }

    fn dossier_of(&mut self, id: &str, as_of: Option<Timestamp>) -> Result<(vocab::RecordId, Dossier), DeviceError> {
        self.read(|tx| {
            let (id, doc) = rows::find(tx, id)?;
            let stored = tx.document(doc)?.ok_or_else(|| DeviceError::UnknownRecord { id: id.to_string() })?;
            let corrupt = |source| DeviceError::Document { doc, source };
            let dossier = Dossier::load(&stored.bytes).map_err(corrupt)?;
            let dossier = match as_of {
                Some(time) => dossier.as_of(time).map_err(corrupt)?,
                None => dossier,
            };
            Ok((id, dossier))
        })
    }

    /// Every open disagreement, those that matter most first.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn conflicts(&mut self) -> Result<Vec<Value>, DeviceError> {
        self.read(|tx| {
            let conflicts = readmodel::conflicts(tx.connection(), CONFLICTS_MAX)?;
            conflicts.iter().map(conflict_json).collect()
        })
    }

    /// The open disagreement with this id.
    ///
    /// # Errors
    /// [`DeviceError::UnknownConflict`].
    pub fn conflict(&mut self, id: &str) -> Result<Value, DeviceError> {
        self.read(|tx| match readmodel::conflict(tx.connection(), id)?.first() {
            Some(conflict) => conflict_json(conflict),
            None => Err(DeviceError::UnknownConflict { id: id.to_owned() }.into()),
        })
    }

    /// What the relay refused, oldest first.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn refused(&mut self) -> Result<Vec<RefusedChange>, DeviceError> {
        self.read(|tx| {
            let mut refused = Vec::new();
            for change in tx.refused(REFUSED_MAX)? {
                let customer =
                    readmodel::dossier(tx.connection(), change.doc)?.first().map(|row| row.customer.to_string());
                refused.push(RefusedChange {
                    doc: change.doc,
                    change: change.hash.to_string(),
                    reason: change.reason.code(),
                    at: change.at,
                    customer,
                });
            }
            Ok(refused)
        })
    }

    /// Dossiers that were erased, latest first, `limit` at most.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn erased(&mut self, limit: u32) -> Result<Vec<ErasedDossier>, DeviceError> {
        self.read(|tx| Ok(tx.erased(limit)?.into_iter().map(ErasedDossier::from).collect()))
    }

    /// Dossiers that were erased and that no person was told of yet; from now on they count as told.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn tell_erased(&mut self) -> Result<Vec<ErasedDossier>, DeviceError> {
        let untold = self.read(|tx| Ok(tx.erased_untold(ERASED_TOLD_MAX)?))?;
        if untold.is_empty() {
            return Ok(Vec::new());
        }
        let docs: Vec<vocab::DocId> = untold.iter().map(|erased| erased.tombstone.doc).collect();
        self.write(|tx| Ok(tx.told_of_erased(&docs)?))?;
        Ok(untold.into_iter().map(ErasedDossier::from).collect())
    }

    /// How this device stands.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn status(&mut self) -> Result<Status, DeviceError> {
        self.read(|tx| {
            let identity = tx.identity()?;
            let membership = tx.membership()?;
            let counts = readmodel::counts(tx.connection())?;
            let outbox = tx.outbox_counts()?;
            let last = tx.last_sync()?;
            Ok(Status {
                device: identity.code,
                key: identity.key,
                staff: identity.staff.to_string(),
                role: identity.role,
                branch: membership.as_ref().map(|membership| membership.branch_name.clone()),
                dossiers: counts.dossiers,
                records: counts.records,
                outbox: outbox.waiting,
                refused: outbox.refused,
                conflicts: counts.conflicts,
                invalid: tx.invalid(CONFLICTS_MAX)?.len() as u64,
                set_aside: tx.set_aside_count()?,
                erased: tx.erased_count()?,
                suspect: membership.as_ref().is_some_and(|membership| membership.suspect),
                cursor: membership.as_ref().map_or(Position::START, |membership| membership.cursor.base),
                epoch: membership.as_ref().and_then(|membership| membership.epoch),
                last_sync_at: last.as_ref().map(|last| last.at),
                last_sync: last.map(|last| last.report),
                relay: membership.map(|membership| membership.relay),
                clock_offset_ms: tx.clock()?.offset_ms(),
            })
        })
    }
}

fn conflict_json(conflict: &readmodel::ConflictRow) -> Result<Value, WorkError> {
    let corrupt = |error| StoreError::Corrupt { what: format!("the row of the conflict {}: {error}", conflict.id) };
    Ok(serde_json::from_str(&conflict.json).map_err(corrupt)?)
}
