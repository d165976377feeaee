//! Values and steps that lost against concurrent ones: none is gone, each says who wrote it, when and where.

use axum::extract::{Path, Query, State};
use maud::{Markup, html};
use records::{Candidate, Conflict, Severity};
use serde::Deserialize;

use super::access::Person;
use super::data::{self, ConflictLine, Opened};
use super::layout::{self, Place, Shell, Tab};
use super::live;
use super::parts::{self, Paging, Sign, Tone, cell, mark, none};
use super::problem::Problem;
use super::request::Visit;
use super::values;
use super::words::{Words, grouped};
use crate::AppState;

/// Conflicts on one page.
const PAGE_CONFLICTS: u32 = 50;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    page: String,
}

/// `GET /branches/{branch}/conflicts`
pub(super) async fn list(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    visit: Visit,
    person: Person,
) -> Result<Markup, Problem> {
    let branch = person.branch(&state, &id).await?;
    let words = Words::of(visit.lang).in_zone(&branch.zone);
    let page = Paging::of(&asked.page, PAGE_CONFLICTS);
    let found = data::conflicts(&state, branch.id, page.rows()).await?;
    let title = words.text("pages-conflicts");
    let here = Tab::Conflicts.path(branch.id);
    let body = html! {
        div.title { h1 { (title) } span.muted.number { (grouped(found.total)) } }
        p.muted { (words.text("pages-conflicts-lead")) }
        section.panel aria-label=(title) {
            @if found.rows.is_empty() {
                p.empty { (words.text("pages-conflicts-empty")) }
            } @else {
                (table(&words, branch.id, &found.rows))
            }
        }
        (page.links(&words, found.total, |page| format!("{here}?page={page}")))
    };
    let shell = Shell {
        visit: &visit,
        words: &words,
        title: &title,
        person: Some(&person),
        place: Some(Place { branch: branch.id, name: &branch.name, tab: Tab::Conflicts }),
        live: Some(live::path(Some(branch.id))),
    };
    Ok(layout::page(&shell, body))
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
                            a href=(format!("{}#conflicts", data::dossier_path(branch, row.customer.as_str()))) { (row.customer_name) }
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
pub(super) fn anchor(conflict: &Conflict) -> String {
    format!("conflict-{}", conflict.id.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-', "-"))
}

/// One conflict with everything that was written.
pub(super) fn one(words: &Words, opened: &Opened, conflict: &Conflict) -> Markup {
    let kind = opened.view.record(&conflict.record).map(|record| record.kind);
    html! {
        article.conflict id=(anchor(conflict)) {
            header {
                h3 {
                    @if let Some(kind) = kind { (words.text(kind.label)) " · " }
                    (values::label(words, kind, conflict.field))
                }
                a.id.muted href=(format!("#{}", conflict.record)) { (conflict.record) }
                (severity(words, Severity::code(conflict.severity)))
                span.muted.small { (words.text(conflict.reason)) " · " (words.text("pages-conflict-since")) " " (words.time(conflict.since)) }
            }
            ul.candidates { @for candidate in &conflict.candidates { (option(words, opened, kind, conflict, candidate)) } }
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
        li {
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
}
