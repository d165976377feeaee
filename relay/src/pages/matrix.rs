//! The matrix: how much is open, soon due and overdue at each step of the loop, for one branch or over branches. Each cell has a
//! letter beside its colour.

use maud::{Markup, html};
use readmodel::views::{Colour, Matrix, MatrixStep, Stage};

use super::data;
use super::frame::{AsOf, Frame};
use super::layout::Tab;
use super::parts::cell;
use super::problem::Problem;
use super::words::{Words, grouped};

/// `GET /branches/{branch}/matrix`
pub(super) async fn page(frame: Frame, as_of: AsOf) -> Result<Markup, Problem> {
    let words = &frame.words;
    let matrix = frame.state.matrix(&frame.branch, as_of.at).await.map_err(data::broken)?;
    let due = Tab::Due.path(frame.branch.id);
    let body = html! {
        section.panel aria-label=(words.text("views-matrix")) { (table(words, &matrix, |_| Some(due.clone()))) }
        (legend(words))
    };
    Ok(frame.dated(Tab::Matrix, &as_of, &words.text("views-matrix"), "views-matrix-lead", body))
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
