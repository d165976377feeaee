//! The pages supervisors read.

pub(crate) mod password;

use axum::Router;

use crate::AppState;

/// The routes of the pages.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
}
