//! The policy of a branch: what holds, in words, and every version with who wrote it, when, why and what it changed. An
//! administrator writes a further one.

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use records::Policy;
use serde::Deserialize;
use store::Branch;
use vocab::{RecordId, Role};

use super::access::{Person, SameSite};
use super::data;
use super::frame::Frame;
use super::layout::{self, Place, Shell, Tab};
use super::policy_form::{self, Values};
use super::problem::Problem;
use super::request::Visit;
use super::sign_in::go;
use super::words::Words;
use crate::author::policy::{self, NewVersion, ShownVersion, Standing, Wanted};
use crate::author::{Draft, words as said};
use crate::{AppState, Error};

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// An earlier version.
    version: Option<String>,
    /// A version that was just written.
    written: Option<String>,
}

/// `GET /branches/{branch}/policy`
pub(super) async fn page(frame: Frame, Query(asked): Query<Asked>) -> Result<Markup, Problem> {
    let Frame { state, words, person, branch, .. } = &frame;
    let standing = standing(state, branch).await?;
    let (shown, policy) = standing.shown(asked.version.as_deref()).map_err(|_| Problem::NotFound)?;
    let here = Tab::Policy.path(branch.id);
    let title = words.text("pages-policy");
    let is_present = shown.version.as_ref() == standing.present().1;
    let body = html! {
        div.title {
            h1 { (title) }
            @if person.role == Role::Administrator && is_present {
                a.button href=(format!("{here}/edit")) { (words.text("pages-policy-edit")) }
            }
        }
        @if let Some(written) = &asked.written {
            p.notice role="status" { (words.with("pages-policy-written", &[("version", written.as_str().into())])) }
        }
        p.muted { (words.text("pages-policy-lead")) }
        @if !is_present {
            p.notice.warn { (words.text("pages-policy-earlier")) " " a href=(here) { (words.text("pages-policy-present")) } }
        }
        section.panel aria-labelledby="says" {
            header { h2 #says { (words.text(if is_present { "pages-policy-holds" } else { "pages-policy-held" })) } (heading(words, &shown)) }
            div.in { (sections(words, &policy)) }
        }
        (versions(words, &here, &standing))
    };
    Ok(frame.whole(Tab::Policy, &title, body))
}

async fn standing(state: &AppState, branch: &Branch) -> Result<Standing, Problem> {
    let branch = branch.clone();
    state.read(move |store| policy::read(store, &branch)).await.map_err(|error| Problem::broken(&error))
}

fn heading(words: &Words, shown: &ShownVersion) -> Markup {
    html! {
        span.muted.small {
            @match (&shown.version, shown.made_at) {
                (Some(version), Some(at)) => {
                    span.id { (version) } " · " (words.time(at)) " · "
                    @if let Some(by) = &shown.by { (by) " " }
                    @if let Some(role) = shown.role { "(" (words.code("role", role.code())) ")" }
                }
                _ => (words.text("policy-heading-defaults")),
            }
        }
    }
}

fn sections(words: &Words, policy: &Policy) -> Markup {
    html! {
        div.columns {
            @for section in said::sections(words.catalogue(), policy) {
                div {
                    h3 { (section.title) }
                    dl.lines { @for (label, text) in section.rows { div { dt { (label) } dd { (text) } } } }
                }
            }
        }
    }
}

fn versions(words: &Words, here: &str, standing: &Standing) -> Markup {
    let versions = standing.versions();
    html! {
        section.panel aria-labelledby="versions" {
            header { h2 #versions { (words.text("pages-policy-versions")) } span.muted.number { (versions.len()) } }
            @if versions.is_empty() { p.empty { (words.text("policy-heading-defaults")) } }
            @for version in versions.iter().rev() {
                @let id = version.version.as_ref().map(RecordId::as_str).unwrap_or_default();
                article.record data-key=(id) {
                    header {
                        h3 { a href=(format!("{here}?version={id}")) { (version.reason.as_deref().unwrap_or_default()) } }
                        (heading(words, version))
                    }
                    ul.changes {
                        @for change in &version.changed {
                            @let change = said::shown(words.catalogue(), change);
                            li {
                                b { (change.what) } ": "
                                del { (change.before.unwrap_or_else(|| words.text("policy-nothing"))) }
                                span aria-hidden="true" { " → " }
                                ins { (change.after.unwrap_or_else(|| words.text("policy-nothing"))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// `GET /branches/{branch}/policy/edit`
pub(super) async fn form(
    State(state): State<AppState>,
    Path(id): Path<String>,
    visit: Visit,
    person: Person,
) -> Result<Response, Problem> {
    let branch = administered(&state, &person, &id).await?;
    let standing = standing(&state, &branch).await?;
    let (policy, version) = standing.present();
    let values = policy_form::values(policy, version);
    Ok(draw(&visit, &person, &branch, &values, None).into_response())
}

/// The branch, for somebody who may write its policy. To others the form does not exist.
async fn administered(state: &AppState, person: &Person, id: &str) -> Result<Branch, Problem> {
    if person.role != Role::Administrator {
        return Err(Problem::NotFound);
    }
    person.branch(state, id).await
}

fn draw(visit: &Visit, person: &Person, branch: &Branch, values: &Values, wrong: Option<String>) -> Markup {
    let words = Words::of(visit.lang).in_zone(&branch.zone);
    let here = Tab::Policy.path(branch.id);
    let title = words.text("pages-policy-edit");
    let body = html! {
        p.crumbs { a href=(here) { (words.text("pages-policy")) } }
        div.title { h1 { (title) } }
        @if let Some(wrong) = wrong {
            p.notice.danger role="alert" { (wrong) }
        }
        p.muted { (words.text("pages-policy-edit-lead")) }
        form.policy method="post" action=(format!("{here}/edit")) {
            input type="hidden" name="form" value=(person.form());
            (policy_form::fields(&words, values))
        }
    };
    // A choice of language leads back to the form as it was first shown.
    let visit = visit.clone().at(format!("{here}/edit"));
    let shell = Shell {
        visit: &visit,
        words: &words,
        title: &title,
        person: Some(person),
        place: Some(Place { branch: branch.id, name: &branch.name, tab: Tab::Policy }),
        live: None,
    };
    layout::page(&shell, body)
}

/// `POST /branches/{branch}/policy/edit`
pub(super) async fn edit(
    State(state): State<AppState>,
    Path(id): Path<String>,
    visit: Visit,
    person: Person,
    _: SameSite,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let mut values: Values = BTreeMap::new();
    for (name, value) in sent {
        values.entry(name).or_default().push(value);
    }
    person.check_form(values.get("form").and_then(|sent| sent.first()).map_or("", String::as_str))?;
    let branch = administered(&state, &person, &id).await?;
    match write(&state, &person, &branch, &values).await {
        Ok(written) => Ok(go(&format!("{}?written={}", Tab::Policy.path(branch.id), written.version), [])),
        Err(Error::Refused { why }) => {
            let wrong = Words::of(visit.lang).catalogue().render(&why);
            // Not 400: that is how axum refuses a form that cannot be read at all, and gets a page of its own.
            Ok((StatusCode::CONFLICT, draw(&visit, &person, &branch, &values, Some(wrong))).into_response())
        }
        Err(error) => Err(data::broken(error)),
    }
}

async fn write(state: &AppState, person: &Person, branch: &Branch, values: &Values) -> Result<NewVersion, Error> {
    let wanted = Wanted::Places(policy_form::places(values)?);
    let reason = policy_form::reason(values).to_owned();
    let seen = policy_form::seen(values);
    let draft = Draft { branch: branch.clone(), doc: policy::document(branch)?, author: person.author() };
    state.author(draft, move |edit, names| policy::write(edit, names, wanted, &reason, Some(seen))).await
}
