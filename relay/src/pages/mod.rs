//! The pages supervisors read: rendered at the relay, one stylesheet and one small script of our own, nothing from elsewhere.
//!
//! - Who asks is settled first ([`access`]): a session cookie, a branch, and for every form a token. What a person may not see is
//!   answered as what does not exist.
//! - Handlers fetch through [`data`], the one file that knows where things are, and draw with the catalogue's texts.
//! - A page that shows changing things hears of changes by server-sent events ([`live`]); its script fetches the main part again
//!   and brings the document into the same shape. Without script everything works by reloading.
//! - Whatever goes wrong is a page too ([`problem`]).
//!
//! - What is written here (a policy, a decision about a disagreement, a signed check) is written by [`crate::author`], in the name of
//!   who is signed in; it is the same as if a device had sent it.

mod access;
mod assets;
mod branches;
mod complaints;
mod conflicts;
mod customers;
mod daily;
mod data;
mod devices;
mod dossier;
mod due;
mod duplicates;
mod figures;
mod frame;
mod funnel;
mod guard;
mod history;
mod layout;
mod limiter;
mod live;
mod matrix;
mod parts;
pub(crate) mod password;
mod policy;
mod policy_form;
mod problem;
mod request;
mod review;
mod sign_in;
mod timeline;
mod token;
mod values;
mod visits;
mod words;

pub(crate) use self::access::Person;

use axum::Extension;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};

use self::guard::Guard;
use self::problem::Problem;
use self::request::Visit;
use crate::AppState;

/// Largest form taken, in bytes: a name, a password and a path.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// Largest form with a policy, in bytes: a calendar of four hundred days takes 40 KiB when every letter is escaped.
const POLICY_FORM_BYTES_MAX: usize = 128 * 1024;

/// Everything a page may load: this relay's own files and nothing written into the page.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every answer says to the browser beside its content.
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// The routes of the pages.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(branches::all))
        .route("/branches/{branch}", get(branches::one))
        .route("/branches/{branch}/customers", get(customers::list))
        .route("/branches/{branch}/customers/{customer}", get(dossier::page))
        .route("/branches/{branch}/conflicts", get(conflicts::list).post(conflicts::settle))
        .route("/branches/{branch}/conflicts/{doc}", get(conflicts::document))
        .route("/branches/{branch}/devices", get(devices::list))
        .route("/branches/{branch}/review.xlsx", get(review::workbook))
        .route("/branches/{branch}/due", get(due::page))
        .route("/branches/{branch}/daily", get(daily::page).post(daily::sign))
        .route("/branches/{branch}/matrix", get(matrix::page))
        .route("/branches/{branch}/timeline", get(timeline::page))
        .route("/branches/{branch}/funnel", get(funnel::page))
        .route("/branches/{branch}/complaints", get(complaints::page))
        .route("/branches/{branch}/figures", get(figures::page))
        .route("/branches/{branch}/visits", get(visits::page))
        .route("/branches/{branch}/duplicates", get(duplicates::page).post(duplicates::decide))
        .route("/branches/{branch}/policy", get(policy::page))
        .route(
            "/branches/{branch}/policy/edit",
            get(policy::form).post(policy::edit).layer(DefaultBodyLimit::max(POLICY_FORM_BYTES_MAX)),
        )
        .route("/live", get(live::live))
        .route("/sign-in", get(sign_in::form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/preferences", get(sign_in::preferences))
        .route("/assets/{version}/{name}", get(assets::asset))
        .fallback(missing)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(Extension(Guard::new()))
        .layer(middleware::from_fn(finish))
}

async fn missing() -> Problem {
    Problem::NotFound
}

/// The outermost layer: draws what went wrong as a page, and says to the browser what it may do with any page.
async fn finish(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let visit = Visit::of(&parts);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let problem = response.extensions_mut().remove::<Problem>().or_else(|| of_framework(&response));
    if let Some(problem) = problem {
        response = problem.page(&visit);
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.append(VARY, HeaderValue::from_static("Cookie, Accept-Language, Fieldbook-Part"));
    response
}

/// What axum itself refused: its plain texts are for programs.
fn of_framework(response: &Response) -> Option<Problem> {
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => Some(Problem::Method),
        StatusCode::BAD_REQUEST
        | StatusCode::UNPROCESSABLE_ENTITY
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::PAYLOAD_TOO_LARGE => Some(Problem::Malformed),
        _ => None,
    }
}
