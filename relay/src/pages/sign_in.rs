//! Signing in and out, and the choices of language and theme.

use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use store::PageSession;
use vocab::Lang;

use super::access::{Person, SESSION_AGE_S, SESSION_COOKIE, SameSite};
use super::layout::{self, Shell};
use super::problem::Problem;
use super::request::{LANG_COOKIE, THEME_COOKIE, Theme, Visit, local_path};
use super::token::Token;
use super::words::Words;
use super::{Guard, data};
use crate::AppState;

/// The cookie that ties the sign-in form to the browser it was shown in, before there is a session.
const FORM_COOKIE: &str = "fieldbook_form";

/// How long a sign-in form may stand open: an hour, in seconds.
const FORM_AGE_S: i64 = 60 * 60;

/// Longest name somebody may try, in bytes: names are remembered while they fail.
const NAME_BYTES_MAX: usize = 200;

#[derive(Debug, Deserialize)]
pub(super) struct Target {
    #[serde(default)]
    next: String,
    #[serde(default)]
    ended: Option<String>,
}

/// `GET /sign-in`
pub(super) async fn form(
    State(state): State<AppState>,
    visit: Visit,
    Query(target): Query<Target>,
) -> Result<Response, Problem> {
    if Person::of(&state, &visit).await?.is_some() {
        return Ok(go(local_path(&target.next), []));
    }
    let words = Words::of(visit.lang);
    let said = target.ended.map(|_| html! { p.notice role="status" { (words.text("pages-sign-in-ended")) } });
    show(&visit, &words, &target.next, "", said, StatusCode::OK)
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    form: String,
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`. A wrong name and a wrong password are one answer, and take the same time.
pub(super) async fn sign_in(
    State(state): State<AppState>,
    guard: Guard,
    visit: Visit,
    _: SameSite,
    Form(sent): Form<Credentials>,
) -> Result<Response, Problem> {
    let before = visit.cookie(FORM_COOKIE).and_then(Token::parse).ok_or(Problem::ForeignForm)?;
    if !before.form_matches(&sent.form) {
        return Err(Problem::ForeignForm);
    }
    let name = sent.name.trim();
    if name.len() > NAME_BYTES_MAX {
        return Err(Problem::Malformed);
    }
    let now = data::now();
    if let Some(wait_s) = guard.limiter.wait_s(name, visit.address, now) {
        return Err(Problem::TooMany { wait_s });
    }
    guard.limiter.count(name, visit.address, now);
    let user = data::user_named(&state, name.to_owned()).await?;
    let stored = user.as_ref().map(|user| user.password.clone());
    let right = guard.verify(sent.password, stored).await?;
    let Some(user) = user.filter(|_| right) else {
        tracing::info!(address = %visit.address, "a sign-in failed");
        let words = Words::of(visit.lang);
        let said = html! { p.notice.danger role="alert" { (words.text("pages-sign-in-wrong")) } };
        return show(&visit, &words, &sent.next, name, Some(said), StatusCode::UNAUTHORIZED);
    };
    guard.limiter.forgive(name, visit.address);
    let token = Token::random().map_err(|error| Problem::broken(&error))?;
    let session = PageSession {
        token: token.stored(),
        user: user.id,
        csrf: token.form(),
        created_at: now,
        expires_at: now.plus_millis(SESSION_AGE_S * 1_000),
    };
    data::add_session(&state, session).await?;
    tracing::info!(user = user.name, address = %visit.address, "signed in");
    let cookies =
        [visit.secret(SESSION_COOKIE, &token.cookie_value(), SESSION_AGE_S), visit.secret(FORM_COOKIE, "", 0)];
    Ok(go(local_path(&sent.next), cookies.into_iter().flatten()))
}

#[derive(Deserialize)]
pub(super) struct Leave {
    form: String,
}

/// `POST /sign-out`
pub(super) async fn sign_out(
    State(state): State<AppState>,
    visit: Visit,
    person: Person,
    _: SameSite,
    Form(sent): Form<Leave>,
) -> Result<Response, Problem> {
    person.check_form(&sent.form)?;
    data::end_session(&state, person.digest()).await?;
    Ok(go("/sign-in?ended=1", visit.secret(SESSION_COOKIE, "", 0)))
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    lang: Option<Lang>,
    theme: Option<String>,
    #[serde(default)]
    next: String,
}

/// `GET /preferences`: remembers a language or a theme in a cookie and goes back. It changes nothing at the relay.
pub(super) async fn preferences(visit: Visit, Query(choice): Query<Choice>) -> Response {
    let lang = choice.lang.and_then(|lang| visit.choice(LANG_COOKIE, lang.tag()));
    let theme =
        choice.theme.as_deref().and_then(Theme::of_code).and_then(|theme| visit.choice(THEME_COOKIE, theme.code()));
    go(local_path(&choice.next), lang.into_iter().chain(theme))
}

fn show(
    visit: &Visit,
    words: &Words,
    next: &str,
    name: &str,
    said: Option<Markup>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let token = Token::random().map_err(|error| Problem::broken(&error))?;
    let title = words.text("pages-sign-in");
    let body = html! {
        section.panel.sign-in {
            header { h1 { (title) } }
            div.in {
                p.muted { (words.text("pages-sign-in-lead")) }
                @if let Some(said) = said { (said) }
                form method="post" action="/sign-in" {
                    input type="hidden" name="form" value=(token.form());
                    input type="hidden" name="next" value=(local_path(next));
                    div.field {
                        label for="name" { (words.text("pages-sign-in-name")) }
                        input #name name="name" value=(name) autocomplete="username" autocapitalize="none" spellcheck="false"
                            maxlength=(NAME_BYTES_MAX) required autofocus[name.is_empty()];
                    }
                    div.field {
                        label for="password" { (words.text("pages-sign-in-password")) }
                        input #password name="password" type="password" autocomplete="current-password" required
                            autofocus[!name.is_empty()];
                    }
                    button.main type="submit" { (title) }
                }
            }
        }
    };
    // A choice of language leads back to this form, not to where it was sent.
    let here = visit.clone().at(format!("/sign-in?next={}", layout::in_query(local_path(next))));
    let shell = Shell { visit: &here, words, title: &title, person: None, place: None, live: None };
    let mut response = (status, layout::page(&shell, body)).into_response();
    if let Some(cookie) = visit.secret(FORM_COOKIE, &token.cookie_value(), FORM_AGE_S) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Sends the browser on, with cookies to keep.
pub(super) fn go(path: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
