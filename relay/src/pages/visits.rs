//! The visits of the year, customer by customer: those behind first.

use axum::extract::Query;
use maud::{Markup, html};
use readmodel::views::{self, CustomerVisits, VisitsAsk};
use records::limits::VisitState;
use serde::Deserialize;

use super::frame::{AsOf, Frame, Names};
use super::layout::{Tab, in_query};
use super::parts::{self, Paging, Sign, Tone, cell, mark, none};
use super::problem::Problem;
use super::words::Words;

/// Customers on one page.
const PAGE_CUSTOMERS: u32 = 50;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    day: String,
    #[serde(default)]
    staff: String,
    #[serde(default)]
    page: String,
}

/// `GET /branches/{branch}/visits`
pub(super) async fn page(frame: Frame, Query(asked): Query<Asked>) -> Result<Markup, Problem> {
    let words = &frame.words;
    let as_of = AsOf::of(&asked.day)?;
    let staff = Some(asked.staff.trim().to_owned()).filter(|staff| !staff.is_empty());
    let ask = VisitsAsk { as_of: as_of.at, staff };
    let found = frame.rows(move |rows| views::visits(rows, &ask)).await?;
    let paging = Paging::of(&asked.page, PAGE_CUSTOMERS);
    let (skip, take) = (paging.rows().offset as usize, paging.rows().limit as usize);
    let shown: Vec<&CustomerVisits> = found.customers.iter().skip(skip).take(take).collect();
    let names = Names::read(&frame, shown.iter().map(|one| &one.customer)).await?;
    let here = Tab::Visits.path(frame.branch.id);
    let title = words.with("views-visits", &[("year", found.year.to_string().into())]);
    let address = |page: u32| format!("{here}?day={}&staff={}&page={page}", as_of.day(), in_query(&asked.staff));
    let body = html! {
        form.filters method="get" action=(here) {
            div { label for="staff" { (words.text("views-who")) } input #staff name="staff" value=(asked.staff); }
            (as_of.field(words))
            div.go { button type="submit" { (words.text("pages-filter-go")) } }
        }
        (as_of.notice(words))
        section.panel aria-label=(title) {
            @if shown.is_empty() { p.empty { (words.text("pages-customers-empty")) } }
            @else { (table(&frame, &names, &shown)) }
        }
        (paging.links(words, found.customers.len() as u64, address))
    };
    Ok(frame.page(Tab::Visits, &title, "views-visits-lead", body))
}

fn table(frame: &Frame, names: &Names, shown: &[&CustomerVisits]) -> Markup {
    let words = &frame.words;
    let columns =
        ["kind-customer", "customer-grade", "views-who", "views-visits-done", "views-visits-planned", "views-state"];
    let columns = columns.map(|key| words.text(key));
    let heads: Vec<(&str, &str)> = columns.iter().map(|label| (label.as_str(), "")).collect();
    html! {
        div.scroll { table.cards role="table" {
            (parts::head(&heads))
            tbody role="rowgroup" {
                @for one in shown {
                    tr role="row" data-key=(one.customer) {
                        th role="rowheader" scope="row" { (frame.customer(names, Some(&one.customer))) }
                        (cell(&columns[1], "", one.grade.as_ref().map_or_else(|| none(words), |grade| parts::state(words, "grade", grade))))
                        (cell(&columns[2], "", one.staff.as_ref().map_or_else(|| none(words), |staff| html! { (staff) })))
                        (cell(&columns[3], "number", html! {
                            @match one.required {
                                Some(required) => { (one.done) " / " (required) },
                                None => (one.done),
                            }
                        }))
                        (cell(&columns[4], "number", html! { (one.planned) }))
                        (cell(&columns[5], "", standing(words, one)))
                    }
                }
            }
        } }
    }
}

fn standing(words: &Words, one: &CustomerVisits) -> Markup {
    if one.required.is_none() {
        return none(words);
    }
    let (name, tone, shape) = match one.state {
        VisitState::Behind => ("behind", Tone::Danger, Sign::Triangle),
        VisitState::AtRisk => ("at_risk", Tone::Warn, Sign::Half),
        VisitState::OnTrack => ("on_track", Tone::Ok, Sign::Full),
        VisitState::Met => ("met", Tone::Accent, Sign::Check),
    };
    mark(&words.text(&format!("views-visits-{name}")), tone, shape)
}
