//! The relay: an axum server with feeds, access and the supervisor's pages.
