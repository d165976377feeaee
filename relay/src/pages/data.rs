//! What the pages read and write, and the one place that knows where it is: the registry, the feeds, the documents, the rows.

use std::time::Duration;

use maud::{Markup, html};
use readmodel::{ConflictRow, Counts, CustomerFilter, CustomerRow, Page, StateCount};
use records::{Dossier, Kind, Shape, View, Written};
use rusqlite::Connection;
use serde_json::Value as Json;
use store::{Branch, BranchCounts, Device, Documents, Feeds, PageSession, Registry, TokenDigest, User};
use vocab::{Actor, BranchId, DeviceKey, DocId, Position, RecordId, Timestamp, Tombstone};

use super::history::{self, Step};
use super::parts::none;
use super::problem::Problem;
use super::words::Words;
use crate::{AppState, Error, author, ticks};

/// How long an answer to a form waits for the rows to follow.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(2);

/// Now, by the relay's clock.
pub(super) fn now() -> Timestamp {
    ticks::wall()
}

pub(super) fn broken(error: Error) -> Problem {
    Problem::broken(&error)
}

/// Where the dossier of a customer is shown.
pub(super) fn dossier_path(branch: BranchId, customer: &str) -> String {
    format!("/branches/{branch}/customers/{customer}")
}

/// The user with this name.
pub(super) async fn user_named(state: &AppState, name: String) -> Result<Option<User>, Problem> {
    state.read(move |store| Ok(store.user_named(&name)?)).await.map_err(broken)
}

/// The user of a session that has not ended.
pub(super) async fn session(state: &AppState, token: TokenDigest) -> Result<Option<User>, Problem> {
    let now = now();
    let found = state.read(move |store| Ok(store.session(token, now)?)).await.map_err(broken)?;
    Ok(found.map(|(_, user)| user))
}

/// Begins a session.
pub(super) async fn add_session(state: &AppState, session: PageSession) -> Result<(), Problem> {
    state.write(move |store| Ok(store.add_session(&session)?)).await.map_err(broken)
}

/// Ends a session.
pub(super) async fn end_session(state: &AppState, token: TokenDigest) -> Result<(), Problem> {
    state.write(move |store| Ok(store.end_session(token)?)).await.map_err(broken)
}

/// One branch.
pub(super) async fn branch(state: &AppState, id: BranchId) -> Result<Option<Branch>, Problem> {
    state.read(move |store| Ok(store.branch(id)?)).await.map_err(broken)
}

/// The branches somebody may see, in the order they were made.
pub(super) async fn branches(state: &AppState, may_see: impl Fn(BranchId) -> bool) -> Result<Vec<Branch>, Problem> {
    let mut branches = state.read(|store| Ok(store.branches()?)).await.map_err(broken)?;
    branches.retain(|branch| may_see(branch.id));
    Ok(branches)
}

/// A branch in numbers.
pub(super) struct BranchFigures {
    pub(super) branch: Branch,
    pub(super) store: BranchCounts,
    counts: Counts,
    devices: Vec<Device>,
}

impl BranchFigures {
    /// Records of a kind; void ones do not count.
    pub(super) fn of(&self, kind: &Kind) -> u64 {
        self.counted(kind).map(|count| count.records).sum()
    }

    /// Records of a kind by state, in the order of its life, with zeroes.
    pub(super) fn states(&self, kind: &Kind) -> Vec<(&'static str, u64)> {
        let count = |code: &str| {
            let found = self.counted(kind).filter(|count| count.state.as_deref() == Some(code));
            found.map(|count| count.records).sum()
        };
        state_codes(kind).iter().map(|code| (*code, count(code))).collect()
    }

    fn counted(&self, kind: &Kind) -> impl Iterator<Item = &StateCount> {
        self.counts.states.iter().filter(move |count| count.kind == kind && !count.void)
    }

    /// Open disagreements.
    pub(super) fn conflicts(&self) -> u64 {
        self.counts.conflicts
    }

    /// Tasks that still wait for somebody.
    pub(super) fn open_tasks(&self) -> u64 {
        let states = self.states(&records::TASK);
        states.iter().filter(|(code, _)| OPEN_TASK_STATES.contains(code)).map(|(_, count)| count).sum()
    }

    /// Devices that were not revoked.
    pub(super) fn active_devices(&self) -> usize {
        self.devices.iter().filter(|device| device.revoked_at.is_none()).count()
    }

    /// Of those, the ones heard of since `moment`.
    pub(super) fn seen_since(&self, moment: Timestamp) -> usize {
        let active = self.devices.iter().filter(|device| device.revoked_at.is_none());
        active.filter(|device| device.report.as_ref().is_some_and(|report| report.at >= moment)).count()
    }
}

/// States of a task in which something is still to be done.
const OPEN_TASK_STATES: [&str; 3] = ["assigned", "in_progress", "delayed"];

/// The states of a kind's life, in order.
fn state_codes(kind: &Kind) -> &'static [&'static str] {
    match kind.state_field.and_then(|name| kind.field(name)).map(|field| field.shape) {
        Some(Shape::Enum(family)) => family.codes,
        _ => &[],
    }
}

/// The family of labels of a kind's states.
pub(super) fn state_family(kind: &Kind) -> &'static str {
    match kind.state_field.and_then(|name| kind.field(name)).map(|field| field.shape) {
        Some(Shape::Enum(family)) => family.name,
        _ => "state",
    }
}

/// The numbers of a branch.
pub(super) async fn figures(state: &AppState, branch: Branch) -> Result<BranchFigures, Problem> {
    let id = branch.id;
    let read = state.read(move |store| Ok((store.counts(id)?, store.devices(Some(id))?)));
    let (store, devices) = read.await.map_err(broken)?;
    let counts = state.views(id, |rows| Ok(readmodel::counts(rows)?)).await.map_err(broken)?;
    Ok(BranchFigures { branch, store, counts, devices })
}

/// The devices of a branch in the order they joined, and the head of its feed.
pub(super) async fn fleet(state: &AppState, branch: BranchId) -> Result<(Vec<Device>, Position), Problem> {
    state.read(move |store| Ok((store.devices(Some(branch))?, store.head(branch)?))).await.map_err(broken)
}

/// What was erased in a branch, the latest first, `limit` at most; and how much there was in all.
pub(super) async fn erased(state: &AppState, branch: BranchId, limit: usize) -> Result<Found<Tombstone>, Problem> {
    let read = state.read(move |store| {
        let found = store.erasures(branch, Position::START, u32::MAX)?;
        let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
        Ok(Found { rows: found.into_iter().rev().take(limit).map(|(_, tombstone)| tombstone).collect(), total })
    });
    read.await.map_err(broken)
}

/// A part of a list.
pub(super) struct Found<T> {
    pub(super) rows: Vec<T>,
    pub(super) total: u64,
}

/// A customer in a list.
pub(super) struct CustomerLine {
    pub(super) id: RecordId,
    pub(super) name: String,
    pub(super) grade: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) open_tasks: u64,
    pub(super) conflicts: u64,
    pub(super) changed_at: Timestamp,
}

impl CustomerLine {
    fn of(found: &CustomerRow) -> Result<CustomerLine, Error> {
        let value = found.row.value()?;
        let field = |name: &str| value.get(name).and_then(|field| field.as_str()).map(str::to_owned);
        Ok(CustomerLine {
            id: found.row.id.clone(),
            name: field("name").unwrap_or_else(|| found.row.id.to_string()),
            grade: field("grade"),
            channel: field("channel"),
            owner: field("owner"),
            open_tasks: found.open_tasks,
            conflicts: found.conflicts,
            changed_at: found.changed_at,
        })
    }
}

/// The customers that pass `filter`, those whose dossiers changed last first.
pub(super) async fn customers(
    state: &AppState,
    branch: BranchId,
    filter: CustomerFilter,
    page: Page,
) -> Result<Found<CustomerLine>, Problem> {
    let found =
        state.views(branch, move |rows| Ok(readmodel::customers(rows, &filter, page)?)).await.map_err(broken)?;
    let rows: Result<_, Error> = found.rows.iter().map(CustomerLine::of).collect();
    Ok(Found { rows: rows.map_err(broken)?, total: found.total })
}

/// A conflict in a list.
pub(super) struct ConflictLine {
    pub(super) id: String,
    pub(super) doc: DocId,
    pub(super) customer: RecordId,
    pub(super) customer_name: String,
    pub(super) record: RecordId,
    pub(super) record_kind: &'static Kind,
    pub(super) field: String,
    pub(super) reason: String,
    pub(super) severity: String,
    pub(super) since: Option<Timestamp>,
}

impl ConflictLine {
    fn of(rows: &Connection, found: &ConflictRow) -> Result<Option<ConflictLine>, Error> {
        let Some(record) = readmodel::record(rows, &found.record)? else { return Ok(None) };
        let customer = readmodel::record(rows, &record.customer)?.map(|row| row.value()).transpose()?;
        let name = customer.as_ref().and_then(|customer| customer.get("name")?.as_str());
        let value: Json = serde_json::from_str(&found.json).unwrap_or_default();
        let field = |name: &str| value.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        Ok(Some(ConflictLine {
            id: found.id.clone(),
            doc: found.doc,
            customer_name: name.unwrap_or(record.customer.as_str()).to_owned(),
            customer: record.customer,
            record: found.record.clone(),
            record_kind: record.kind,
            field: field("field"),
            reason: field("reason"),
            severity: field("severity"),
            since: field("since").parse().ok(),
        }))
    }
}

/// The disagreements of a branch, those that matter most first.
pub(super) async fn conflicts(state: &AppState, branch: BranchId, page: Page) -> Result<Found<ConflictLine>, Problem> {
    let read = state.views(branch, move |rows| {
        let total = readmodel::counts(rows)?.conflicts;
        let found = readmodel::conflicts(rows, page.offset.saturating_add(page.limit))?;
        let skipped = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let lines: Result<Vec<_>, Error> =
            found.iter().skip(skipped).map(|found| ConflictLine::of(rows, found)).collect();
        Ok(Found { rows: lines?.into_iter().flatten().collect(), total })
    });
    read.await.map_err(broken)
}

/// A dossier, read.
pub(super) struct Opened {
    pub(super) doc: DocId,
    pub(super) view: View,
    /// Everything that was done, the newest first.
    pub(super) steps: Vec<Step>,
    devices: Vec<Device>,
    /// What the relay's own actors begin with.
    relay: DeviceKey,
}

impl Opened {
    /// The device an actor is.
    pub(super) fn device(&self, words: &Words, actor: Actor) -> Markup {
        match self.devices.iter().find(|device| actor.belongs_to(&device.key)) {
            Some(device) => html! { span.id title=(device.name) { (device.code) } },
            None if actor.belongs_to(&self.relay) => html! { (words.text("pages-device-relay")) },
            None => {
                html! { span.id.muted title=(words.text("pages-device-unknown")) { (actor.to_string().chars().take(8).collect::<String>()) } }
            }
        }
    }

    /// Who wrote something, and on which device.
    pub(super) fn who(&self, words: &Words, written: &Written) -> Markup {
        html! {
            @match &written.author {
                Some(author) => (words.with("pages-conflict-by", &[("by", author.staff.as_str().into()), ("role", words.code("role", author.role.code()).into())])),
                None => (none(words)),
            }
            " · " (words.text("pages-device")) " " (self.device(words, written.actor))
        }
    }
}

/// The dossier of a customer, read from its document: what the rows do not hold (history, candidates) is in there.
pub(super) async fn dossier(state: &AppState, branch: BranchId, customer: RecordId) -> Result<Option<Opened>, Problem> {
    let doc = state.views(branch, move |rows| Ok(readmodel::record(rows, &customer)?.map(|row| row.doc))).await;
    match doc.map_err(broken)? {
        Some(doc) => document(state, branch, doc).await,
        None => Ok(None),
    }
}

/// A document of a branch, read.
pub(super) async fn document(state: &AppState, branch: BranchId, doc: DocId) -> Result<Option<Opened>, Problem> {
    let read = state.read(move |store| {
        let (Some(document), Some(branch)) = (store.document(branch, doc)?, store.branch(branch)?) else {
            return Ok(None);
        };
        // Every device of the organisation: a customer may have been served by another branch's.
        Ok(Some((document.bytes, store.devices(None)?, author::key_of(&branch))))
    });
    let Some((bytes, devices, relay)) = read.await.map_err(broken)? else { return Ok(None) };
    let opened = tokio::task::spawn_blocking(move || open(doc, &bytes, devices, relay)).await;
    opened.map_err(|error| Problem::broken(&error))?
}

/// Waits until what was just written is in the rows that pages show, for a moment at most: a page without script would show
/// what was before.
pub(super) async fn followed(state: &AppState, branch: BranchId) {
    let mut changes = state.changes();
    let follow = async {
        while state.read(move |store| Ok(store.counts(branch)?)).await.is_ok_and(|counts| counts.behind > 0) {
            // One that was missed is one more reason to look.
            let _missed = changes.recv().await;
        }
    };
    // The page says how far behind its rows are; it is shown all the same.
    let _late = tokio::time::timeout(FOLLOWED_WITHIN, follow).await;
}

fn open(doc: DocId, bytes: &[u8], devices: Vec<Device>, relay: DeviceKey) -> Result<Option<Opened>, Problem> {
    let (dossier, _) = Dossier::receive(bytes).map_err(|error| Problem::broken(&error))?;
    let view = dossier.read();
    let steps = view.records.iter().flat_map(|record| history::steps(record, dossier.history(&record.id)));
    let steps = history::newest_first(steps.collect());
    Ok(Some(Opened { doc, view, steps, devices, relay }))
}
