//! The review of a month as a workbook with charts: what a process manager sends on to those who have no account here.

use axum::extract::{Path, Query, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use readmodel::views::{self, ReviewAsk};
use serde::Deserialize;
use vocab::{BranchId, Month};

use super::access::Person;
use super::data;
use super::problem::Problem;
use super::request::Visit;
use super::words::Words;
use crate::AppState;

const WORKBOOK: HeaderValue =
    HeaderValue::from_static("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    month: String,
}

/// A link to the workbook of a month.
pub(super) fn link(words: &Words, branch: BranchId, month: Month) -> Markup {
    html! {
        a href=(format!("/branches/{branch}/review.xlsx?month={month}")) download {
            (words.with("review-download", &[("month", month.to_string().into())]))
        }
    }
}

/// `GET /branches/{branch}/review.xlsx`: of the month asked for, or of this one so far.
pub(super) async fn workbook(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    visit: Visit,
    person: Person,
) -> Result<Response, Problem> {
    let branch = person.branch(&state, &id).await?;
    let as_of = data::now();
    let month = match asked.month.as_str() {
        "" => Month::of(as_of),
        month => month.parse().map_err(|_| Problem::Malformed)?,
    };
    let (name, lang) = (branch.name.clone(), visit.lang);
    // Made where the rows are read, on a thread that may take its time.
    let made = state.views(branch.id, move |rows| {
        let json = serde_json::to_value(views::review(rows, &ReviewAsk::of(month, as_of))?).unwrap_or_default();
        Ok(tables::review(&name, &json, lang))
    });
    let bytes = made.await.map_err(data::broken)?.map_err(|error| Problem::broken(&error))?;
    let disposition = format!("attachment; filename=\"fieldbook-review-{month}.xlsx\"");
    let disposition = HeaderValue::from_str(&disposition).map_err(|error| Problem::broken(&error))?;
    Ok(([(CONTENT_TYPE, WORKBOOK), (CONTENT_DISPOSITION, disposition)], bytes).into_response())
}
