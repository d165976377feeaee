//! The views of a branch, and the matrix over branches: the same JSON that a device with the same documents prints.
//!
//! Everything on a device is answered from what it holds; here everything counts as shared, and only the relay knows which devices
//! were not seen for a day.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{FromRequestParts, Path, Query, State};
use axum::response::Response;
use readmodel::LIST_ROWS_MAX;
use readmodel::views::{self as views, *};
use records::limits::LimitState;
use rusqlite::Connection;
use store::{Branch, Registry};
use vocab::{BranchId, Month, Timestamp};

use super::ask::Parameters;
use super::{Refused, SignedIn, branch, sent};
use crate::fleet::unseen;
use crate::pages::Person;
use crate::{AppState, Error};

type Asked = Query<BTreeMap<String, String>>;

/// `GET /branches/{branch}/views/{view}`
pub(super) async fn view(
    State(state): State<AppState>,
    Path((id, view)): Path<(String, String)>,
    person: SignedIn,
    Query(asked): Asked,
) -> Result<Response, Refused> {
    let branch = branch(&state, person, &id).await?;
    let asked = |known: &[&str]| Parameters::of(asked, known);
    match view.as_str() {
        "due" => {
            let asked = asked(&["as_of", "staff", "role", "states", "limit"])?;
            let states = asked.text("states").map(|states| limit_states(&states)).transpose()?;
            let limit = asked.count("limit", LIST_ROWS_MAX)?.unwrap_or(LIST_ROWS_MAX);
            let ask =
                DueAsk { staff: asked.text("staff"), role: asked.read("role")?, limit, ..DueAsk::at(asked.as_of()?) };
            let ask = DueAsk { states: states.unwrap_or(ask.states), ..ask };
            read(&state, &branch, move |rows| views::due(rows, &ask)).await
        }
        "daily" => {
            let as_of = asked(&["as_of"])?.as_of()?;
            let ask = daily_ask(&state, &branch, as_of).await?;
            read(&state, &branch, move |rows| views::daily(rows, &ask)).await
        }
        "funnel" => {
            let asked = asked(&["as_of", "month", "months_back"])?;
            let (as_of, month, months_back) = months(&asked, MONTHS_BACK_DEFAULT)?;
            read(&state, &branch, move |rows| views::funnel(rows, &FunnelAsk { as_of, month, months_back })).await
        }
        "figures" => {
            let asked = asked(&["as_of", "month", "months_back"])?;
            let (as_of, month, months_back) = months(&asked, MONTHS_BACK_DEFAULT)?;
            let ask = FiguresAsk { month, months_back, ..FiguresAsk::at(as_of) };
            read(&state, &branch, move |rows| views::figures(rows, &ask)).await
        }
        "review" => {
            let asked = asked(&["as_of", "month", "months_back"])?;
            let (as_of, month, months_back) = months(&asked, REVIEW_MONTHS_BACK)?;
            let ask = ReviewAsk { months_back, ..ReviewAsk::of(month, as_of) };
            read(&state, &branch, move |rows| views::review(rows, &ask)).await
        }
        "timeline" => {
            let asked = asked(&["as_of", "from", "until", "staff"])?;
            let as_of = asked.as_of()?;
            let from = asked.instant("from")?.unwrap_or(as_of.plus_millis(-TIMELINE_AROUND_MS));
            let until = asked.instant("until")?.unwrap_or(as_of.plus_millis(TIMELINE_AROUND_MS));
            if until <= from || until.millis() - from.millis() > TIMELINE_MS_MAX {
                let help = "`until` has to lie after `from`, and 366 days after it at most";
                return Err(Refused::Malformed(help.to_owned()));
            }
            let ask = TimelineAsk { as_of, from, until, staff: asked.text("staff") };
            read(&state, &branch, move |rows| views::timeline(rows, &ask)).await
        }
        "matrix" => {
            let as_of = asked(&["as_of"])?.as_of()?;
            laid_out(&state.matrix(&branch, as_of).await?)
        }
        "complaints" => {
            let ask = ComplaintsAsk { as_of: asked(&["as_of"])?.as_of()? };
            read(&state, &branch, move |rows| views::complaints(rows, &ask)).await
        }
        "visits" => {
            let asked = asked(&["as_of", "staff"])?;
            let ask = VisitsAsk { as_of: asked.as_of()?, staff: asked.text("staff") };
            read(&state, &branch, move |rows| views::visits(rows, &ask)).await
        }
        "duplicates" => {
            let ask = DuplicatesAsk { customer: asked(&["customer"])?.read("customer")? };
            read(&state, &branch, move |rows| views::duplicates(rows, &ask)).await
        }
        _ => Err(Refused::NotFound),
    }
}

/// `GET /matrix`: every branch that somebody may see.
pub(super) async fn matrix(
    State(state): State<AppState>,
    person: Result<Person, <Person as FromRequestParts<AppState>>::Rejection>,
    Query(asked): Asked,
) -> Result<Response, Refused> {
    let person = person.map_err(|_| Refused::SignedOut)?;
    let as_of = Parameters::of(asked, &["as_of"])?.as_of()?;
    laid_out(&over_branches(&state, &person, as_of).await?)
}

/// The matrix over every branch that somebody may see, in the order they were made.
///
/// # Errors
/// [`Error::Store`], [`Error::Views`].
pub(crate) async fn over_branches(state: &AppState, person: &Person, as_of: Timestamp) -> Result<Matrix, Error> {
    let branches = state.read(|store| Ok(store.branches()?)).await?;
    let mut all = Matrix { as_of, branches: Vec::new() };
    for branch in branches.into_iter().filter(|branch| person.may_see(branch.id)) {
        all.branches.extend(state.matrix(&branch, as_of).await?.branches);
    }
    Ok(all)
}

/// The daily check as the relay asks for it.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn daily_ask(state: &AppState, branch: &Branch, as_of: Timestamp) -> Result<DailyAsk, Error> {
    let id: BranchId = branch.id;
    let devices = state.read(move |store| Ok(store.devices(Some(id))?)).await?;
    Ok(DailyAsk { as_of, unshared: BTreeSet::new(), devices_unseen: Some(unseen(devices, as_of)) })
}

async fn read<T: serde::Serialize + Send + 'static>(
    state: &AppState,
    branch: &Branch,
    read: impl FnOnce(&Connection) -> Result<T, store::StoreError> + Send + 'static,
) -> Result<Response, Refused> {
    laid_out(&state.views(branch.id, move |rows| Ok(read(rows)?)).await?)
}

/// A view to the byte as a device prints it: indented, with a line end.
fn laid_out(view: &impl serde::Serialize) -> Result<Response, Refused> {
    let mut body = serde_json::to_vec_pretty(view).map_err(|source| Error::Output(source.into()))?;
    body.push(b'\n');
    Ok(sent(body))
}

/// The instant, the month and how many before it: `back` unless the address says.
fn months(asked: &Parameters, back: u32) -> Result<(Timestamp, Month, u32), Refused> {
    let as_of = asked.as_of()?;
    let month = asked.read("month")?.unwrap_or_else(|| Month::of(as_of));
    Ok((as_of, month, asked.count("months_back", MONTHS_BACK_MAX)?.unwrap_or(back)))
}

fn limit_states(given: &str) -> Result<BTreeSet<LimitState>, Refused> {
    let named = |name: &str| LimitState::ALL.into_iter().find(|state| state.code() == name);
    let read = |name: &str| {
        let known = LimitState::ALL.map(LimitState::code).join(", ");
        named(name).ok_or_else(|| Refused::Malformed(format!("`states`: there is no `{name}`; there are: {known}")))
    };
    given.split(',').map(|name| read(name.trim())).collect()
}
