//! `/api/v1`: what the pages show, as JSON for programs. Read-only, behind the same sign-in as the pages; what somebody may not
//! see is answered as what does not exist.
//!
//! - `GET /branches`
//! - `GET /branches/{branch}/devices`
//! - `GET /branches/{branch}/records?kind=customer&q=&state=&offset=&limit=` -> `{"total","records"}`
//! - `GET /branches/{branch}/records/{id}` -> one record with `conflicts`
//! - `GET /branches/{branch}/records/{id}/history?as_of=` -> `{"record","doc","entries"}`, each with `received_at`, `late_ms`
//! - `GET /branches/{branch}/conflicts?limit=` -> `{"total","conflicts"}`
//! - `GET /branches/{branch}/late?changes=`: receipt minus authored time
//! - `GET /branches/{branch}/policy`, `GET /branches/{branch}/policy/versions`
//! - `GET /branches/{branch}/views/{view}?as_of=&...`: due, daily, funnel, timeline, matrix, complaints, figures, review, visits,
//!   duplicates; to the byte what a device with the same documents prints with `--json`
//! - `GET /matrix?as_of=`: over branches
//! - `GET /openapi.json`: all of this, for programs that make programs; a test holds every answer against it

mod ask;
mod audit;
pub(crate) mod views;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use readmodel::{Filter, Order, Page};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Branch, Documents, Feeds, Registry, StoreError};
use vocab::{BranchId, Epoch, RecordId};

use crate::fleet::ShownDevice;
use crate::pages::Person;
use crate::{AppState, Error, author};

/// Records in one answer unless fewer are asked for.
const RECORDS_DEFAULT: u32 = 100;

/// The routes below `/api/v1`.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/branches", get(branches))
        .route("/branches/{branch}/devices", get(devices))
        .route("/branches/{branch}/records", get(records))
        .route("/branches/{branch}/records/{id}", get(record))
        .route("/branches/{branch}/records/{id}/history", get(audit::history))
        .route("/branches/{branch}/conflicts", get(audit::conflicts))
        .route("/branches/{branch}/late", get(audit::late))
        .route("/branches/{branch}/policy", get(policy))
        .route("/branches/{branch}/policy/versions", get(versions))
        .route("/branches/{branch}/views/{view}", get(views::view))
        .route("/matrix", get(views::matrix))
        .route("/openapi.json", get(openapi))
        .fallback(async || Refused::NotFound)
}

type SignedIn = Result<Person, <Person as FromRequestParts<AppState>>::Rejection>;

/// Why there is no answer.
enum Refused {
    SignedOut,
    NotFound,
    Malformed(String),
    Broken,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a request to the API failed");
        Refused::Broken
    }
}

impl From<QueryRejection> for Refused {
    fn from(rejection: QueryRejection) -> Self {
        Refused::Malformed(rejection.body_text())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, error, help) = match self {
            Refused::SignedOut => {
                (StatusCode::UNAUTHORIZED, "signed_out", "sign in at /sign-in and send the cookie".to_owned())
            }
            Refused::NotFound => {
                (StatusCode::NOT_FOUND, "not_found", "see /api/v1/branches for what there is".to_owned())
            }
            Refused::Malformed(what) => (StatusCode::BAD_REQUEST, "malformed", what),
            Refused::Broken => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "try again; the relay's log says why".to_owned())
            }
        };
        (status, [(CACHE_CONTROL, "no-store")], Json(json!({ "error": error, "help": help }))).into_response()
    }
}

fn answer(value: &impl Serialize) -> Result<Response, Refused> {
    Ok(sent(serde_json::to_vec(value).map_err(|source| Error::Output(source.into()))?))
}

fn sent(body: Vec<u8>) -> Response {
    ([(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "application/json")], body).into_response()
}

/// The branch named in an address, if there is one and `person` may see it.
async fn branch(state: &AppState, person: SignedIn, id: &str) -> Result<Branch, Refused> {
    let person = person.map_err(|_| Refused::SignedOut)?;
    let id: BranchId = id.parse().map_err(|_| Refused::NotFound)?;
    if !person.may_see(id) {
        return Err(Refused::NotFound);
    }
    state.read(move |store| Ok(store.branch(id)?)).await?.ok_or(Refused::NotFound)
}

/// `GET /openapi.json`: it says nothing of what anybody may not know.
async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], include_str!("api/openapi.json")).into_response()
}

/// `GET /branches/{branch}/policy`
async fn policy(State(state): State<AppState>, Path(id): Path<String>, person: SignedIn) -> Result<Response, Refused> {
    let branch = branch(&state, person, &id).await?;
    let read = state.read(move |store| author::policy::read(store, &branch)?.shown(None));
    let (version, policy) = read.await?;
    let mut shown = serde_json::to_value(&version).map_err(|source| Error::Output(source.into()))?;
    shown["policy"] = serde_json::to_value(&policy).map_err(|source| Error::Output(source.into()))?;
    answer(&shown)
}

/// `GET /branches/{branch}/policy/versions`
async fn versions(
    State(state): State<AppState>,
    Path(id): Path<String>,
    person: SignedIn,
) -> Result<Response, Refused> {
    let branch = branch(&state, person, &id).await?;
    let read = state.read(move |store| Ok(author::policy::read(store, &branch)?.versions()));
    answer(&read.await?)
}

#[derive(Serialize)]
struct ShownBranch {
    id: BranchId,
    name: String,
    zone: String,
    epoch: Epoch,
    head: u64,
    dossiers: u64,
    /// Documents whose rows are behind the feed.
    behind: u64,
    quarantined: u64,
    devices: usize,
    connected: usize,
}

async fn branches(State(state): State<AppState>, person: SignedIn) -> Result<Response, Refused> {
    let person = person.map_err(|_| Refused::SignedOut)?;
    let read = state.read(move |store| {
        let seen = store.branches()?.into_iter().filter(|branch| person.may_see(branch.id));
        let shown = |branch: Branch| {
            let counts = store.counts(branch.id)?;
            let devices = store.devices(Some(branch.id))?;
            Ok(ShownBranch {
                id: branch.id,
                name: branch.name,
                zone: branch.zone,
                epoch: branch.epoch,
                head: counts.head.get(),
                dossiers: counts.documents,
                behind: counts.behind,
                quarantined: counts.quarantined,
                devices: devices.iter().filter(|device| device.revoked_at.is_none()).count(),
                connected: 0,
            })
        };
        Ok(seen.map(shown).collect::<Result<Vec<_>, StoreError>>()?)
    });
    let mut shown = read.await?;
    for branch in &mut shown {
        branch.connected = state.connected(branch.id).len();
    }
    answer(&shown)
}

async fn devices(State(state): State<AppState>, Path(id): Path<String>, person: SignedIn) -> Result<Response, Refused> {
    let branch = branch(&state, person, &id).await?;
    let read = state.read(move |store| {
        let head = store.head(branch.id)?.get();
        let devices = store.devices(Some(branch.id))?;
        Ok(devices.into_iter().map(|device| ShownDevice::of(device, branch.name.clone(), head)).collect::<Vec<_>>())
    });
    let mut devices = read.await?;
    for device in &mut devices {
        device.marks = Some(state.fleet().marks(&device.key));
    }
    answer(&devices)
}

#[derive(Deserialize)]
struct Asked {
    kind: String,
    q: Option<String>,
    state: Option<String>,
    offset: Option<u32>,
    limit: Option<u32>,
}

async fn records(
    State(state): State<AppState>,
    Path(id): Path<String>,
    person: SignedIn,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refused> {
    let branch = branch(&state, person, &id).await?;
    let Query(asked) = asked?;
    let Some(kind) = ::records::kind(&asked.kind) else {
        return Err(Refused::Malformed(format!("there is no kind `{}` of record", asked.kind)));
    };
    let filter = Filter { text: asked.q, state: asked.state, ..Filter::default() };
    let page = Page { offset: asked.offset.unwrap_or(0), limit: asked.limit.unwrap_or(RECORDS_DEFAULT) };
    let read = state.views(branch.id, move |rows| {
        let listing = readmodel::list(rows, kind, &filter, Order::Id, page)?;
        let records = listing.rows.iter().map(readmodel::Row::value).collect::<Result<Vec<Value>, _>>()?;
        Ok(json!({ "total": listing.total, "records": records }))
    });
    answer(&read.await?)
}

async fn record(
    State(state): State<AppState>,
    Path((id, record)): Path<(String, String)>,
    person: SignedIn,
) -> Result<Response, Refused> {
    let branch = branch(&state, person, &id).await?;
    let record: RecordId = record.parse().map_err(|_| Refused::NotFound)?;
    let read = state.views(branch.id, move |rows| {
        let Some(row) = readmodel::record(rows, &record)? else { return Ok(None) };
        let mut value = row.value()?;
        let conflicts =
            readmodel::conflicts_of(rows, row.doc)?.into_iter().filter(|conflict| conflict.record == record);
        let conflicts =
            conflicts.map(|conflict| serde_json::from_str(&conflict.json)).collect::<Result<Vec<Value>, _>>();
        let conflicts = conflicts.map_err(|error| StoreError::Corrupt { what: error.to_string() })?;
        if let Some(object) = value.as_object_mut() {
            object.insert("conflicts".to_owned(), conflicts.into());
        }
        Ok(Some(value))
    });
    answer(&read.await?.ok_or(Refused::NotFound)?)
}
