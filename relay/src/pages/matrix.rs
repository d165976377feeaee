//! The matrix: how much is open, soon due and overdue at each step of the loop, for one branch or over branches. Each cell has a
//! letter beside its colour.

use axum::extract::{Path, Query, State};
use maud::{Markup, html};
use readmodel::views::{Colour, Matrix, MatrixStep, Stage};
use serde::Deserialize;

use super::access::Person;
use super::data;
use super::frame::{AsOf, Frame};
use super::layout::Tab;
use super::parts::cell;
use super::problem::Problem;
use super::request::Visit;
use super::words::{Words, grouped};
use crate::AppState;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    day: String,
}

/// `GET /branches/{branch}/matrix`
pub(super) async fn page(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    visit: Visit,
    person: Person,
) -> Result<Markup, Problem> {
    let branch = person.branch(&state, &id).await?;
    let words = Words::of(visit.lang).in_zone(&branch.zone);
    let as_of = AsOf::of(&asked.day)?;
    let matrix = state.matrix(&branch, as_of.at).await.map_err(data::broken)?;
    let frame = Frame { visit: &visit, words: &words, person: &person, branch: &branch, tab: Tab::Matrix };
    let here = Tab::Matrix.path(branch.id);
    let due = Tab::Due.path(branch.id);
    let body = html! {
        (as_of.form(&words, &here))
        (as_of.notice(&words))
        section.panel aria-label=(words.text("views-matrix")) { (table(&words, &matrix, |_| Some(due.clone()))) }
        (legend(&words))
    };
    Ok(frame.page(&words.text("views-matrix"), &words.text("views-matrix-lead"), body))
}

/// What the letters mean.
pub(super) fn legend(words: &Words) -> Markup {
    let colours = [Colour::Red, Colour::Amber, Colour::Green, Colour::Grey];
    html! {
        ul.legend { @for colour in colours {
            li { span class=(format!("letter {}", class(colour))) { (colour.letter()) } " " (words.text(&format!("views-matrix-{}", class(colour)))) }
        } }
    }
}

const fn class(colour: Colour) -> &'static str {
    match colour {
        Colour::Red => "red",
        Colour::Amber => "amber",
        Colour::Green => "green",
        Colour::Grey => "grey",
    }
}

/// A row for each branch; `path` leads on from the branch of a row.
pub(super) fn table(words: &Words, matrix: &Matrix, path: impl Fn(usize) -> Option<String>) -> Markup {
    let steps = Stage::ALL.map(|stage| words.text(&format!("views-step-{}", stage.code())));
    html! {
        div.scroll { table.cards.matrix role="table" {
            thead role="rowgroup" { tr role="row" {
                th role="columnheader" scope="col" { (words.text("pages-branch")) }
                @for step in &steps { th role="columnheader" scope="col" { (step) } }
            } }
            tbody role="rowgroup" {
                @for (place, row) in matrix.branches.iter().enumerate() {
                    tr role="row" data-key=(row.branch) {
                        th role="rowheader" scope="row" {
                            @match path(place) { Some(path) => a href=(path) { (row.branch) }, None => (row.branch) }
                        }
                        @for (step, label) in row.steps.iter().zip(&steps) { (cell(label, class(step.colour), shown(words, step))) }
                    }
                }
            }
        } }
    }
}

fn shown(words: &Words, step: &MatrixStep) -> Markup {
    let counts = [("overdue", step.overdue), ("soon", step.soon), ("open", step.open)];
    html! {
        span class=(format!("letter {}", class(step.colour))) title=(words.text(&format!("views-matrix-{}", class(step.colour)))) { (step.letter) }
        span.counts { @for (state, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            span { (words.code("limit_state", state)) " " b { (grouped(count)) } }
        } }
    }
}
