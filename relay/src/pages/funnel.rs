//! The funnel: of the needs raised in a month, how many reached each step of the loop, and how long each step took.

use maud::{Markup, html};
use readmodel::views::{self, FunnelAsk, FunnelMonth};
use vocab::Month;

use super::frame::{AsOf, Frame, minutes, percent};
use super::layout::Tab;
use super::parts::{self, cell};
use super::problem::Problem;
use super::words::{Words, grouped};

/// Months shown.
const MONTHS_BACK: u32 = 5;

/// `GET /branches/{branch}/funnel`
pub(super) async fn page(frame: Frame, as_of: AsOf) -> Result<Markup, Problem> {
    let words = &frame.words;
    let ask = FunnelAsk { as_of: as_of.at, month: Month::of(as_of.at), months_back: MONTHS_BACK };
    let funnel = frame.rows(move |rows| views::funnel(rows, &ask)).await?;
    let body = html! {
        @for month in funnel.months.iter().rev() { (one(words, month)) }
    };
    Ok(frame.dated(Tab::Funnel, &as_of, &words.text("views-funnel"), "views-funnel-lead", body))
}

fn one(words: &Words, month: &FunnelMonth) -> Markup {
    let medians = &month.median_minutes;
    let steps = [
        ("collect", month.collect, None),
        ("assess", month.assess, medians.assess),
        ("execute", month.execute, medians.execute),
        ("feedback", month.feedback, medians.feedback),
        ("improve", month.improve, medians.improve),
    ];
    let columns = ["views-step", "views-reached", "views-share", "views-median"].map(|key| words.text(key));
    let heads: Vec<(&str, &str)> = columns.iter().map(|label| (label.as_str(), "")).collect();
    let raised = month.collect;
    html! {
        section.panel aria-labelledby=(format!("m{}", month.month)) {
            header { h2 id=(format!("m{}", month.month)) { (month.month) } span.muted { (words.with("views-raised", &[("count", raised.into())])) } }
            @if raised > 0 {
                div.scroll { table.cards.funnel role="table" {
                    (parts::head(&heads))
                    tbody role="rowgroup" {
                        @for (step, count, median) in steps {
                            tr role="row" data-key=(step) {
                                th role="rowheader" scope="row" { (words.text(&format!("views-step-{step}"))) }
                                (cell(&columns[1], "number", html! { (grouped(count)) (parts::bar(&[("reached", count), ("rest", raised.saturating_sub(count))])) }))
                                (cell(&columns[2], "number", html! { (percent(count, raised)) " %" }))
                                (cell(&columns[3], "", match median {
                                    Some(median) => html! { (minutes(words, median)) },
                                    None => parts::none(words),
                                }))
                            }
                        }
                    }
                } }
            }
        }
    }
}
