//! Values and steps that lost against concurrent ones: none is gone, each says who wrote it, when and where.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use records::{Candidate, Conflict, ConflictKind, Severity};
use serde::Deserialize;

use super::access::{Person, SameSite};
use super::data::{self, ConflictLine, Opened};
use super::frame::Frame;
use super::layout::Tab;
use super::parts::{self, Paging, Sign, Tone, cell, mark, none};
use super::problem::Problem;
use super::request::local_path;
use super::sign_in::go;
use super::values;
use super::words::{Words, grouped};
use vocab::{BranchId, DocId, Role};

use crate::AppState;
use crate::author::{Draft, settle};

/// Conflicts on one page.
const PAGE_CONFLICTS: u32 = 50;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    page: String,
    /// The record about which something was just settled.
    settled: Option<String>,
}

/// What it takes to settle the disagreements of one document from a page.
pub(super) struct Settling {
    /// The token of the forms; none for whoever may not decide.
    form: Option<String>,
    branch: BranchId,
    doc: DocId,
    /// Where to go on.
    back: String,
}

impl Settling {
    /// For what `person` sees of a document.
    pub(super) fn of(person: &Person, branch: BranchId, doc: DocId, back: String) -> Settling {
        Settling { form: (person.role == Role::Supervisor).then(|| person.form()), branch, doc, back }
    }
}

/// `GET /branches/{branch}/conflicts`
pub(super) async fn list(frame: Frame, Query(asked): Query<Asked>) -> Result<Markup, Problem> {
    let Frame { state, words, branch, .. } = &frame;
    let page = Paging::of(&asked.page, PAGE_CONFLICTS);
    let found = data::conflicts(state, branch.id, page.rows()).await?;
    let title = words.text("pages-conflicts");
    let here = Tab::Conflicts.path(branch.id);
    let body = html! {
        div.title { h1 { (title) } span.muted.number { (grouped(found.total)) } }
        p.muted { (words.text("pages-conflicts-lead")) }
        @if let Some(settled) = &asked.settled {
            p.notice role="status" { (words.with("pages-conflict-settled", &[("record", settled.as_str().into())])) }
        }
        section.panel aria-label=(title) {
            @if found.rows.is_empty() {
                p.empty { (words.text("pages-conflicts-empty")) }
            } @else {
                (table(words, branch.id, &found.rows))
            }
        }
        (page.links(words, found.total, |page| format!("{here}?page={page}")))
    };
    Ok(frame.whole(Tab::Conflicts, &title, body))
}

fn table(words: &Words, branch: vocab::BranchId, rows: &[ConflictLine]) -> Markup {
    let columns = [
        "kind-customer",
        "pages-history-record",
        "pages-history-what",
        "pages-conflict-reason",
        "pages-conflict-severity",
        "pages-conflict-since",
    ]
    .map(|key| words.text(key));
    let heads: Vec<(&str, &str)> = columns.iter().map(|label| (label.as_str(), "")).collect();
    html! {
        div.scroll { table.cards role="table" {
            (parts::head(&heads))
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" data-key=(row.id) {
                        th role="rowheader" scope="row" {
                            a href=(format!("{}#{}", document_path(branch, row.doc), anchor(&row.id))) { (row.customer_name) }
                            " " span.id.muted { (row.customer) }
                        }
                        (cell(&columns[1], "", html! { (words.text(row.record_kind.label)) " " span.id.muted { (row.record) } }))
                        (cell(&columns[2], "", html! { (values::label(words, Some(row.record_kind), &row.field)) }))
                        (cell(&columns[3], "", html! { (words.text(&row.reason)) }))
                        (cell(&columns[4], "", severity(words, &row.severity)))
                        (cell(&columns[5], "", row.since.map_or_else(|| none(words), |since| words.time(since))))
                    }
                }
            }
        } }
    }
}

fn severity(words: &Words, code: &str) -> Markup {
    let (tone, shape) = match code {
        "decision" => (Tone::Danger, Sign::Diamond),
        "warning" => (Tone::Warn, Sign::Triangle),
        _ => (Tone::Quiet, Sign::Ring),
    };
    mark(&words.code("severity", code), tone, shape)
}

/// The place of a conflict on its dossier's page.
pub(super) fn anchor(id: &str) -> String {
    format!("conflict-{}", id.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-', "-"))
}

/// One conflict with everything that was written, and a button beside each of it for whoever may decide.
pub(super) fn one(words: &Words, opened: &Opened, conflict: &Conflict, settling: &Settling) -> Markup {
    let kind = opened.view.record(&conflict.record).map(|record| record.kind);
    html! {
        article.conflict id=(anchor(&conflict.id)) {
            header {
                h3 {
                    @if let Some(kind) = kind { (words.text(kind.label)) " · " }
                    (values::label(words, kind, conflict.field))
                }
                a.id.muted href=(format!("#{}", conflict.record)) { (conflict.record) }
                (severity(words, Severity::code(conflict.severity)))
                span.muted.small { (words.text(conflict.reason)) " · " (words.text("pages-conflict-since")) " " (words.time(conflict.since)) }
            }
            ul.candidates {
                @for (place, candidate) in conflict.candidates.iter().enumerate() {
                    li {
                        (option(words, opened, kind, conflict, candidate))
                        @if let Some(form) = settling.form.as_deref().filter(|_| conflict.decidable) {
                            (choose(words, form, settling, conflict, place + 1))
                        }
                    }
                }
            }
            @if !conflict.decidable && conflict.kind != ConflictKind::NoEffect {
                p.muted.small { (words.text("pages-conflict-by_step")) }
            }
        }
    }
}

fn option(
    words: &Words,
    opened: &Opened,
    kind: Option<&'static records::Kind>,
    conflict: &Conflict,
    candidate: &Candidate,
) -> Markup {
    let shown = match &candidate.event {
        Some(_) => html! { (words.code("event", candidate.value.as_text().unwrap_or_default())) },
        None => values::named(words, kind, candidate.field, &candidate.value),
    };
    html! {
            div.value {
                @if candidate.effective {
                    (mark(&words.text("pages-conflict-effective"), Tone::Ok, Sign::Check))
                } @else {
                    (mark(&words.text("pages-conflict-lost"), Tone::Quiet, Sign::Ring))
                }
                " "
                @if candidate.field != conflict.field { span.muted { (values::label(words, kind, candidate.field)) " " } }
                (shown)
            }
            div.muted.small { (words.time_exact(candidate.written.at)) " " (opened.who(words, &candidate.written)) }
    }
}

fn choose(words: &Words, form: &str, settling: &Settling, conflict: &Conflict, take: usize) -> Markup {
    html! {
        form method="post" action=(format!("/branches/{}/conflicts", settling.branch)) {
            input type="hidden" name="form" value=(form);
            input type="hidden" name="doc" value=(settling.doc);
            input type="hidden" name="conflict" value=(conflict.id);
            input type="hidden" name="seen" value=(settle::seen(conflict));
            input type="hidden" name="take" value=(take);
            input type="hidden" name="back" value=(settling.back);
            button type="submit" { (words.text("pages-conflict-take")) }
        }
    }
}

/// Where the disagreements of one document are shown.
fn document_path(branch: BranchId, doc: DocId) -> String {
    format!("/branches/{branch}/conflicts/{doc}")
}

/// `GET /branches/{branch}/conflicts/{doc}`: the disagreements of one document, a dossier's or the board's.
pub(super) async fn document(frame: Frame, Path((_, doc)): Path<(String, String)>) -> Result<Markup, Problem> {
    let Frame { state, words, person, branch, .. } = &frame;
    let doc: DocId = doc.parse().map_err(|_| Problem::NotFound)?;
    let opened = data::document(state, branch.id, doc).await?.ok_or(Problem::NotFound)?;
    let settling = Settling::of(person, branch.id, doc, Tab::Conflicts.path(branch.id));
    let title = words.text("pages-conflicts");
    let customer = opened.view.customer.as_ref().and_then(|id| opened.view.record(id));
    let open = || opened.view.conflicts.iter().filter(|conflict| conflict.kind != ConflictKind::NoEffect);
    let body = html! {
        p.crumbs { a href=(Tab::Conflicts.path(branch.id)) { (title) } }
        div.title {
            @match customer {
                Some(customer) => {
                    h1 { (customer.text("name").unwrap_or(customer.id.as_str())) }
                    a.id href=(data::dossier_path(branch.id, customer.id.as_str())) { (customer.id) }
                }
                None => h1 { (words.text("class-board")) },
            }
        }
        section.panel aria-label=(title) {
            @if open().next().is_none() { p.empty { (words.text("pages-conflicts-empty")) } }
            div.in { @for conflict in open() { (one(words, &opened, conflict, &settling)) } }
        }
    };
    Ok(frame.whole(Tab::Conflicts, &title, body))
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    form: String,
    doc: DocId,
    conflict: String,
    seen: String,
    take: usize,
    #[serde(default)]
    back: String,
}

/// `POST /branches/{branch}/conflicts`: a supervisor takes one of the candidates.
pub(super) async fn settle(
    State(state): State<AppState>,
    Path(id): Path<String>,
    person: Person,
    _: SameSite,
    Form(sent): Form<Choice>,
) -> Result<Response, Problem> {
    person.check_form(&sent.form)?;
    let branch = person.branch(&state, &id).await?;
    let (branch_id, Choice { doc, conflict, seen, take, back, .. }) = (branch.id, sent);
    let draft = Draft { branch, doc, author: person.author() };
    let settled = state.author(draft, move |edit, names| settle::settle(edit, names, &conflict, &seen, take)).await;
    let record = settled.map_err(Problem::of_writing)?;
    data::followed(&state, branch_id).await;
    let list = Tab::Conflicts.path(branch_id);
    let back = local_path(&back);
    Ok(if back == list { go(&format!("{list}?settled={record}"), []) } else { go(back, []) })
}
