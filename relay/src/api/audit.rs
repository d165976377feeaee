//! What an auditor asks: what is disputed, who changed what and when that reached the relay, how late devices bring what they
//! wrote.
//!
//! Limits are judged by authored times. How long a change took to reach the relay is told beside that and nowhere else: it says
//! something about links and habits, not about the service.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use records::{Dossier, HistoryEntry};
use serde::Serialize;
use serde_json::{Value, json};
use store::{Device, Documents, FeedChange, Feeds, Registry, StoreError};
use sync::inspect;
use vocab::{BranchId, DeviceCode, DeviceKey, DocId, Position, RecordId, Staff, Timestamp};

use super::ask::Parameters;
use super::{Refused, SignedIn, answer, branch};
use crate::{AppState, Error, author};

/// Conflicts in one answer unless fewer are asked for, and at most.
const CONFLICTS_MAX: u32 = 1_000;

/// Changes that lateness is told of unless told otherwise, and at most: some days of a busy branch, read in moments.
const LATE_CHANGES_DEFAULT: u32 = 1_000;
const LATE_CHANGES_MAX: u32 = 10_000;

/// Bytes of changes read at once.
const READ_BYTES: usize = 4 << 20;

type Asked = Query<BTreeMap<String, String>>;

/// `GET /branches/{branch}/conflicts`
pub(super) async fn conflicts(
    State(state): State<AppState>,
    Path(id): Path<String>,
    person: SignedIn,
    Query(asked): Asked,
) -> Result<Response, Refused> {
    let branch = branch(&state, person, &id).await?;
    let limit = Parameters::of(asked, &["limit"])?.count("limit", CONFLICTS_MAX)?.unwrap_or(CONFLICTS_MAX);
    let read = state.views(branch.id, move |rows| {
        let total = readmodel::counts(rows)?.conflicts;
        let shown = readmodel::conflicts(rows, limit)?.into_iter().map(|found| {
            let mut value: Value =
                serde_json::from_str(&found.json).map_err(|error| StoreError::Corrupt { what: error.to_string() })?;
            if let Some(object) = value.as_object_mut() {
                object.insert("doc".to_owned(), found.doc.to_string().into());
            }
            Ok(value)
        });
        Ok(json!({ "total": total, "conflicts": shown.collect::<Result<Vec<Value>, StoreError>>()? }))
    });
    answer(&read.await?)
}

/// One entry of a history, with what only the relay knows of it.
#[derive(Serialize)]
struct ShownEntry {
    #[serde(flatten)]
    entry: HistoryEntry,
    /// The device that wrote it; `relay` when the relay did.
    device: Option<String>,
    /// When the relay got it.
    received_at: Option<Timestamp>,
    /// How long after it was written.
    late_ms: Option<i64>,
}

/// `GET /branches/{branch}/records/{id}/history`
pub(super) async fn history(
    State(state): State<AppState>,
    Path((id, record)): Path<(String, String)>,
    person: SignedIn,
    Query(asked): Asked,
) -> Result<Response, Refused> {
    let branch = branch(&state, person, &id).await?;
    let until = Parameters::of(asked, &["as_of"])?.instant("as_of")?;
    let record: RecordId = record.parse().map_err(|_| Refused::NotFound)?;
    let found = record.clone();
    let doc = state.views(branch.id, move |rows| Ok(readmodel::record(rows, &found)?.map(|row| row.doc))).await?;
    let doc: DocId = doc.ok_or(Refused::NotFound)?;
    let read = state.read(move |store| {
        let Some(document) = store.document(branch.id, doc)? else { return Ok(None) };
        let receipts = store.receipts(branch.id, doc)?;
        let devices = store.devices(None)?;
        let (dossier, _) = Dossier::receive(&document.bytes).map_err(|corrupt| author::refused(corrupt.message()))?;
        let received: BTreeMap<_, Timestamp> =
            receipts.into_iter().map(|receipt| (receipt.hash, receipt.received_at)).collect();
        let relay = author::key_of(&branch);
        let shown =
            dossier.history(&record).into_iter().filter(|entry| until.is_none_or(|until| entry.written.at <= until));
        let shown = shown.map(|entry| {
            let actor = entry.written.actor;
            let device =
                devices.iter().find(|device| actor.belongs_to(&device.key)).map(|device| device.code.to_string());
            let device = device.or_else(|| actor.belongs_to(&relay).then(|| "relay".to_owned()));
            let received_at = received.get(&entry.change).copied();
            let late_ms = received_at.map(|received| (received.millis() - entry.written.at.millis()).max(0));
            ShownEntry { entry, device, received_at, late_ms }
        });
        Ok(Some(json!({ "record": record, "doc": doc, "entries": shown.collect::<Vec<_>>() })))
    });
    answer(&read.await?.ok_or(Refused::NotFound)?)
}

/// How late something was.
#[derive(Serialize)]
struct Lateness {
    changes: usize,
    median_ms: Option<i64>,
    /// Nine of ten took no longer.
    p90_ms: Option<i64>,
    max_ms: Option<i64>,
}

#[derive(Serialize)]
struct DeviceLateness {
    device: DeviceCode,
    staff: Staff,
    #[serde(flatten)]
    late: Lateness,
}

/// `GET /branches/{branch}/late`: receipt minus authored time of the latest changes.
pub(super) async fn late(
    State(state): State<AppState>,
    Path(id): Path<String>,
    person: SignedIn,
    Query(asked): Asked,
) -> Result<Response, Refused> {
    let branch = branch(&state, person, &id).await?;
    let asked = Parameters::of(asked, &["changes"])?;
    let count = asked.count("changes", LATE_CHANGES_MAX)?.unwrap_or(LATE_CHANGES_DEFAULT);
    answer(&lateness(&state, branch.id, count).await?)
}

async fn lateness(state: &AppState, branch: BranchId, count: u32) -> Result<Value, Error> {
    state
        .read(move |store| {
            let head = store.head(branch)?;
            let mut after = Position::new(head.get().saturating_sub(u64::from(count)));
            let (mut all, mut by_device) = (Vec::new(), BTreeMap::<DeviceKey, Vec<i64>>::new());
            loop {
                let changes = store.changes(branch, after, READ_BYTES)?;
                let Some(last) = changes.last() else { break };
                after = last.position;
                for (device, late) in changes.iter().filter_map(late_by) {
                    all.push(late);
                    by_device.entry(device).or_default().push(late);
                }
            }
            let devices: Vec<Device> = store.devices(Some(branch))?;
            let devices = devices.into_iter().filter_map(|device| {
                let late = Lateness::of(by_device.remove(&device.key)?);
                Some(DeviceLateness { device: device.code, staff: device.staff, late })
            });
            Ok(json!({ "head": head, "all": Lateness::of(all), "devices": devices.collect::<Vec<_>>() }))
        })
        .await
}

/// How long a change took, and who brought it. What the relay wrote and the change that begins every document tell nothing.
fn late_by(change: &FeedChange) -> Option<(DeviceKey, i64)> {
    let device = change.device.filter(|_| change.actor != vocab::GENESIS_ACTOR)?;
    let written = inspect(&change.bytes).ok()?.time;
    Some((device, (change.received_at.millis() - written.millis()).max(0)))
}

impl Lateness {
    fn of(mut all: Vec<i64>) -> Lateness {
        all.sort_unstable();
        let at = |tenths: usize| all.get((all.len() * tenths / 10).min(all.len().saturating_sub(1))).copied();
        Lateness { changes: all.len(), median_ms: at(5), p90_ms: at(9), max_ms: all.last().copied() }
    }
}
