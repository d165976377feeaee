//! The pages supervisors read.

use axum::Router;

use crate::AppState;

/// The routes of the pages.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
}
