//! The flow of complaints: how many stand at each step, whose they are, how old, and how the limit of the step stands.

use maud::{Markup, html};
use readmodel::views::{self, ComplaintStep, ComplaintsAsk};

use super::frame::{AsOf, Frame, Names, limit_state, minutes};
use super::layout::Tab;
use super::parts::{self, Sign, Tone, cell, mark, none};
use super::problem::Problem;
use super::words::{Words, grouped};

/// `GET /branches/{branch}/complaints`
pub(super) async fn page(frame: Frame, as_of: AsOf) -> Result<Markup, Problem> {
    let words = &frame.words;
    let ask = ComplaintsAsk { as_of: as_of.at };
    let flow = frame.rows(move |rows| views::complaints(rows, &ask)).await?;
    let customers = flow.steps.iter().flat_map(|step| &step.items).filter_map(|item| item.customer.as_ref());
    let names = Names::read(&frame, customers).await?;
    let body = html! {
        ol.flow { @for step in &flow.steps {
            li { span.muted { (words.code("enum-complaint_state", step.step)) } b.number { (grouped(step.count)) } }
        } }
        @for step in flow.steps.iter().filter(|step| step.count > 0) { (one(&frame, &names, step)) }
    };
    Ok(frame.dated(Tab::Complaints, &as_of, &words.text("views-complaints"), "views-complaints-lead", body))
}

fn one(frame: &Frame, names: &Names, step: &ComplaintStep) -> Markup {
    let words = &frame.words;
    let columns = ["kind-complaint", "kind-customer", "views-owner", "views-since", "views-age", "views-state"];
    let columns = columns.map(|key| words.text(key));
    let heads: Vec<(&str, &str)> = columns.iter().map(|label| (label.as_str(), "")).collect();
    html! {
        section.panel aria-labelledby=(step.step) {
            header {
                h2 id=(step.step) { (words.code("enum-complaint_state", step.step)) }
                span.muted.number { (grouped(step.count)) }
                span.counts { @for owner in &step.owners {
                    span { (owner.owner.clone().unwrap_or_else(|| words.text("views-nobody"))) " " b { (grouped(owner.count)) } }
                } }
            }
            div.scroll { table.cards role="table" {
                (parts::head(&heads))
                tbody role="rowgroup" {
                    @for item in &step.items {
                        tr role="row" data-key=(item.record) {
                            th role="rowheader" scope="row" { (frame.record(&item.record, item.customer.as_ref())) " " (severity(words, item.severity.as_deref())) }
                            (cell(&columns[1], "", frame.customer(names, item.customer.as_ref())))
                            (cell(&columns[2], "", item.owner.as_ref().map_or_else(|| none(words), |owner| html! { (owner) })))
                            (cell(&columns[3], "", words.time(item.since)))
                            (cell(&columns[4], "", html! { (minutes(words, item.age_minutes)) }))
                            (cell(&columns[5], "", limit_state(words, item.state)))
                        }
                    }
                }
            } }
        }
    }
}

fn severity(words: &Words, code: Option<&str>) -> Markup {
    let Some(code) = code else { return html! {} };
    let (tone, shape) = match code {
        "critical" => (Tone::Danger, Sign::Diamond),
        "major" => (Tone::Warn, Sign::Triangle),
        _ => (Tone::Quiet, Sign::Ring),
    };
    mark(&words.code("enum-severity", code), tone, shape)
}
