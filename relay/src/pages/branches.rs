//! The branches and their counts, and the overview of one branch.

use axum::extract::State;
use maud::{Markup, html};
use readmodel::{CustomerFilter, Page};
use records::Kind;
use vocab::{Month, Timestamp};

use super::access::Person;
use super::data::{self, BranchFigures};
use super::frame::Frame;
use super::layout::{self, Shell, Tab};
use super::live;
use super::matrix;
use super::parts::{self, Sign, Tone, cell, mark};
use super::problem::Problem;
use super::request::Visit;
use super::review;
use super::words::{Words, grouped};
use crate::AppState;
use crate::api::views::over_branches;
use crate::fleet::silent_before;

/// How many customers the overview of a branch lists: those that changed last.
const LATEST_CUSTOMERS: Page = Page { offset: 0, limit: 8 };

/// `GET /`
pub(super) async fn all(State(state): State<AppState>, visit: Visit, person: Person) -> Result<Markup, Problem> {
    let words = Words::of(visit.lang);
    let branches = data::branches(&state, |branch| person.may_see(branch)).await?;
    let mut figures = Vec::with_capacity(branches.len());
    for branch in branches {
        figures.push(data::figures(&state, branch).await?);
    }
    let now = data::now();
    let matrix = over_branches(&state, &person, now).await.map_err(data::broken)?;
    let due: Vec<String> = figures.iter().map(|figures| Tab::Matrix.path(figures.branch.id)).collect();
    let title = words.text("pages-branches");
    let body = html! {
        div.title { h1 { (title) } span.muted.number { (figures.len()) } }
        section.panel aria-label=(title) {
            @if figures.is_empty() {
                p.empty { (words.text("pages-branches-empty")) }
            } @else {
                (table(&words, &figures, now))
            }
        }
        @if !figures.is_empty() {
            section.panel aria-labelledby="matrix" {
                header { h2 #matrix { (words.text("views-matrix")) } p.muted.small { (words.text("views-matrix-lead")) } }
                (matrix::table(&words, &matrix, |place| due.get(place).cloned()))
            }
            (matrix::legend(&words))
        }
    };
    let shell = Shell {
        visit: &visit,
        words: &words,
        title: &title,
        person: Some(&person),
        place: None,
        live: Some(live::path(None)),
    };
    Ok(layout::page(&shell, body))
}

fn table(words: &Words, figures: &[BranchFigures], now: Timestamp) -> Markup {
    let label = |key: &str| words.text(key);
    let columns = [
        "pages-branch",
        "pages-customers",
        "pages-assessments",
        "pages-tasks",
        "pages-feedback",
        "pages-conflicts",
        "pages-devices",
        "pages-feed-head",
        "pages-lag",
    ]
    .map(label);
    let classes = ["", "right", "right", "", "right", "right", "right", "right", ""];
    let heads: Vec<(&str, &str)> = columns.iter().map(String::as_str).zip(classes).collect();
    html! {
        div.scroll { table.cards role="table" {
            (parts::head(&heads))
            tbody role="rowgroup" {
                @for branch in figures {
                    tr role="row" data-key=(branch.branch.id) {
                        th role="rowheader" scope="row" { a href=(Tab::Overview.path(branch.branch.id)) { (branch.branch.name) } }
                        (cell(&columns[1], "number right", html! { (grouped(branch.of(&records::CUSTOMER))) }))
                        (cell(&columns[2], "number right", html! { (grouped(branch.of(&records::ASSESSMENT))) }))
                        (cell(&columns[3], "tasks", tasks(words, branch)))
                        (cell(&columns[4], "number right", html! { (grouped(branch.of(&records::FEEDBACK))) }))
                        (cell(&columns[5], "number right", conflicts(branch)))
                        (cell(&columns[6], "number right", html! {
                            (branch.active_devices()) " "
                            span.muted.small { (words.with("pages-seen-recently", &[("count", branch.seen_since(silent_before(now)).into())])) }
                        }))
                        (cell(&columns[7], "number right", html! { (grouped(branch.store.head.get())) }))
                        (cell(&columns[8], "", lag(words, branch, now)))
                    }
                }
            }
        } }
    }
}

fn tasks(words: &Words, branch: &BranchFigures) -> Markup {
    let states = branch.states(&records::TASK);
    html! {
        b.number { (grouped(branch.of(&records::TASK))) }
        (parts::bar(&states))
        span.counts {
            @for (code, count) in states.iter().filter(|(_, count)| *count > 0) {
                span { (words.code("enum-status", code)) " " b { (grouped(*count)) } }
            }
        }
    }
}

fn conflicts(branch: &BranchFigures) -> Markup {
    if branch.conflicts() == 0 {
        return html! { "0" };
    }
    html! { a href=(Tab::Conflicts.path(branch.branch.id)) { (mark(&grouped(branch.conflicts()), Tone::Warn, Sign::Triangle)) } }
}

/// How far the rows that pages show are behind what devices sent.
fn lag(words: &Words, branch: &BranchFigures, now: Timestamp) -> Markup {
    let behind = branch.store.behind;
    if behind == 0 {
        return mark(&words.text("pages-lag-none"), Tone::Ok, Sign::Full);
    }
    let text = words.with("pages-lag-some", &[("documents", behind.into())]);
    html! {
        (mark(&text, Tone::Warn, Sign::Triangle))
        @if let Some(since) = branch.store.behind_since { " " span.muted.small { (words.span(now.millis() - since.millis())) } }
    }
}

/// `GET /branches/{branch}`
pub(super) async fn one(frame: Frame) -> Result<Markup, Problem> {
    let Frame { state, words, branch, .. } = &frame;
    let figures = data::figures(state, branch.clone()).await?;
    let latest = data::customers(state, figures.branch.id, CustomerFilter::default(), LATEST_CUSTOMERS).await?.rows;
    let now = data::now();
    let matrix = state.matrix(branch, now).await.map_err(data::broken)?;
    let tile = |key: &str, value: Markup, beside: Markup| {
        html! { div { dt { (words.text(key)) } dd { (value) @if !beside.0.is_empty() { " " small { (beside) } } } } }
    };
    let number = |kind: &Kind| html! { (grouped(figures.of(kind))) };
    let open = figures.open_tasks();
    let body = html! {
        div.title { h1 { (branch.name) } }
        @if figures.store.quarantined > 0 {
            p.notice.warn role="alert" { (words.with("pages-set-aside", &[("count", figures.store.quarantined.into())])) }
        }
        dl.figures {
            (tile("pages-customers", number(&records::CUSTOMER), html! {}))
            (tile("pages-assessments", number(&records::ASSESSMENT), html! {}))
            (tile("pages-tasks", number(&records::TASK), html! { (words.with("pages-open", &[("count", grouped(open).into())])) }))
            (tile("pages-feedback", number(&records::FEEDBACK), html! {}))
            (tile("pages-conflicts", conflicts(&figures), html! {}))
            (tile("pages-devices", html! { (figures.active_devices()) }, html! { (words.with("pages-seen-recently", &[("count", figures.seen_since(silent_before(now)).into())])) }))
            (tile("pages-feed-head", html! { (grouped(figures.store.head.get())) }, html! {}))
            (tile("pages-lag", lag(words, &figures, now), html! {}))
        }
        // The month that a review looks back on, and the one that goes on.
        @let month = Month::of(now);
        p { (review::link(words, branch.id, month.back(1))) " · " (review::link(words, branch.id, month)) }
        section.panel aria-labelledby="matrix" {
            header { h2 #matrix { (words.text("views-matrix")) } p.muted.small { (words.text("views-matrix-lead")) } }
            (matrix::table(words, &matrix, |_| Some(Tab::Due.path(branch.id))))
        }
        div.columns {
            (states(words, &figures, &records::TASK, "pages-tasks-by-status"))
            (states(words, &figures, &records::ASSESSMENT, "pages-assessments-by-state"))
            (states(words, &figures, &records::FEEDBACK, "pages-feedback-by-state"))
            section.panel aria-labelledby="latest" {
                header { h2 #latest { (words.text("pages-latest-customers")) } a.end href=(Tab::Customers.path(branch.id)) { (words.text("pages-tab-customers")) } }
                @if latest.is_empty() {
                    p.empty { (words.text("pages-customers-none")) }
                } @else {
                    table { tbody {
                        @for row in &latest {
                            tr data-key=(row.id) {
                                th scope="row" { a href=(data::dossier_path(branch.id, row.id.as_str())) { (row.name) } " " span.id.muted { (row.id) } }
                                td.right { span.muted { (words.time(row.changed_at)) } }
                            }
                        }
                    } }
                }
            }
        }
    };
    Ok(frame.whole(Tab::Overview, &branch.name, body))
}

fn states(words: &Words, figures: &BranchFigures, kind: &Kind, title: &str) -> Markup {
    let family = data::state_family(kind);
    html! {
        section.panel aria-labelledby=(title) {
            header { h2 id=(title) { (words.text(title)) } }
            div.in { (parts::shares(words, family, &figures.states(kind))) }
        }
    }
}
