//! What went wrong with a request, as a page in the visitor's language.
//!
//! A handler returns a [`Problem`]; it travels in the response's extensions to the outermost layer, which knows the language and
//! draws the page. What people are told never names anything inside the relay; the log does.

use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use maud::html;
use messages::Message;

use super::layout::{self, Shell};
use super::request::Visit;
use super::words::Words;

/// Why a page cannot be shown.
#[derive(Debug, Clone)]
pub(crate) enum Problem {
    /// Nobody is signed in, or the session ended.
    SignedOut,
    /// No such page, or none that this person may see: the two are not told apart.
    NotFound,
    /// The form was not ours, or is older than the session.
    ForeignForm,
    /// The form or address could not be understood.
    Malformed,
    /// Too many failed sign-ins.
    TooMany { wait_s: i64 },
    /// Another method is needed.
    Method,
    /// What was to be written breaks a rule, or what it was about has changed meanwhile.
    Refused { why: Box<Message> },
    /// Something broke inside; the log has the details.
    Broken,
}

impl Problem {
    /// A failure inside, written to the log.
    pub(crate) fn broken(error: &dyn std::error::Error) -> Problem {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        tracing::error!(error = text, "a page failed");
        Problem::Broken
    }

    /// What an error of writing is for the person who wrote.
    pub(super) fn of_writing(error: crate::Error) -> Problem {
        match error {
            crate::Error::Refused { why } => Problem::Refused { why },
            error => Problem::broken(&error),
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Problem::SignedOut => StatusCode::UNAUTHORIZED,
            Problem::NotFound => StatusCode::NOT_FOUND,
            Problem::ForeignForm => StatusCode::FORBIDDEN,
            Problem::Malformed => StatusCode::BAD_REQUEST,
            Problem::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Problem::Method => StatusCode::METHOD_NOT_ALLOWED,
            Problem::Refused { .. } => StatusCode::CONFLICT,
            Problem::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn code(&self) -> &'static str {
        match self {
            Problem::SignedOut => "signed-out",
            Problem::NotFound => "not-found",
            Problem::ForeignForm => "foreign-form",
            Problem::Malformed => "malformed",
            Problem::TooMany { .. } => "too-many",
            Problem::Method => "method",
            Problem::Refused { .. } => "refused",
            Problem::Broken => "broken",
        }
    }

    /// The page for `visit`. Whoever is signed out is sent to sign in, except by requests of the script, which reloads.
    pub(super) fn page(&self, visit: &Visit) -> Response {
        if matches!(self, Problem::SignedOut) && !visit.part_only && !visit.path.starts_with("/live") {
            return to_sign_in(visit);
        }
        let words = Words::of(visit.lang);
        let wait = if let Problem::TooMany { wait_s } = self { (*wait_s + 59) / 60 } else { 0 };
        let title = words.text(&format!("pages-problem-{}", self.code()));
        let body = html! {
            section.panel.problem {
                header { h1 { (title) } span.muted.number { (self.status().as_u16()) } }
                div.in {
                    @if let Problem::Refused { why } = self { p role="alert" { (words.catalogue().render(why)) } }
                    p { (words.with(&format!("pages-problem-{}-help", self.code()), &[("minutes", wait.into())])) }
                    p { a.button href="/" { (words.text("pages-problem-home")) } }
                }
            }
        };
        let shell = Shell { visit, words: &words, title: &title, person: None, place: None, live: None };
        let mut response = (self.status(), layout::page(&shell, body)).into_response();
        if let Problem::TooMany { wait_s } = self {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*wait_s));
        }
        response
    }
}

fn to_sign_in(visit: &Visit) -> Response {
    let target = if visit.path == "/" {
        "/sign-in".to_owned()
    } else {
        format!("/sign-in?next={}", layout::in_query(&visit.path))
    };
    match HeaderValue::try_from(target) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::UNAUTHORIZED.into_response(),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
