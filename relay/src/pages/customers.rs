//! The customers of a branch: searched, filtered, in pages.

use axum::extract::Query;
use maud::{Markup, html};
use readmodel::CustomerFilter;
use records::{CUSTOMER, Shape};
use serde::Deserialize;

use super::data::{self, CustomerLine};
use super::frame::Frame;
use super::layout::{Tab, in_query};
use super::parts::{self, Paging, Sign, Tone, cell, mark, none};
use super::problem::Problem;
use super::words::{Words, grouped};

/// Customers on one page.
const PAGE_CUSTOMERS: u32 = 50;

/// Longest text searched for, in characters; the rest is left out.
const SEARCH_CHARS_MAX: usize = 100;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    grade: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    page: String,
}

impl Asked {
    /// What is asked for, as far as it makes sense: a code that does not exist filters nothing.
    fn filter(&self) -> CustomerFilter {
        let code =
            |field: &str, asked: &str| codes(field).iter().find(|code| **code == asked).map(|code| (*code).to_owned());
        let text: String = self.q.trim().chars().take(SEARCH_CHARS_MAX).collect();
        CustomerFilter {
            text: Some(text).filter(|text| !text.is_empty()),
            grade: code("grade", &self.grade),
            channel: code("channel", &self.channel),
        }
    }
}

fn codes(field: &str) -> &'static [&'static str] {
    match CUSTOMER.field(field).map(|field| field.shape) {
        Some(Shape::Enum(family)) => family.codes,
        _ => &[],
    }
}

/// `GET /branches/{branch}/customers`
pub(super) async fn list(frame: Frame, Query(asked): Query<Asked>) -> Result<Markup, Problem> {
    let Frame { state, words, branch, .. } = &frame;
    let filter = asked.filter();
    let page = Paging::of(&asked.page, PAGE_CUSTOMERS);
    let found = data::customers(state, branch.id, filter.clone(), page.rows()).await?;
    let title = words.text("pages-customers");
    let here = Tab::Customers.path(branch.id);
    let unfiltered = filter == CustomerFilter::default();
    let address = |page: u32| {
        let grade = filter.grade.as_deref().unwrap_or_default();
        let channel = filter.channel.as_deref().unwrap_or_default();
        format!(
            "{here}?q={}&grade={grade}&channel={channel}&page={page}",
            in_query(filter.text.as_deref().unwrap_or_default())
        )
    };
    let body = html! {
        div.title { h1 { (title) } span.muted.number { (grouped(found.total)) } }
        (form(words, &here, &filter))
        section.panel aria-label=(title) {
            @if found.rows.is_empty() {
                p.empty { (words.text(if unfiltered { "pages-customers-none" } else { "pages-customers-empty" })) }
            } @else {
                (table(words, branch.id, &found.rows))
            }
        }
        (page.links(words, found.total, address))
    };
    Ok(frame.whole(Tab::Customers, &title, body))
}

fn form(words: &Words, here: &str, filter: &CustomerFilter) -> Markup {
    let select = |field: &str, label: &str, chosen: Option<&str>| {
        html! {
            div {
                label for=(field) { (words.text(label)) }
                select id=(field) name=(field) {
                    option value="" { (words.text("pages-filter-all")) }
                    @for code in codes(field) {
                        option value=(code) selected[chosen == Some(*code)] { (words.code(&format!("enum-{field}"), code)) }
                    }
                }
            }
        }
    };
    html! {
        search { form.filters method="get" action=(here) {
            div.text {
                label for="q" { (words.text("pages-search")) }
                input #q name="q" type="search" value=(filter.text.as_deref().unwrap_or_default()) maxlength=(SEARCH_CHARS_MAX) placeholder=(words.text("pages-search-hint"));
            }
            (select("grade", "pages-filter-grade", filter.grade.as_deref()))
            (select("channel", "pages-filter-channel", filter.channel.as_deref()))
            div.go {
                button.main type="submit" { (words.text("pages-filter-go")) }
                @if *filter != CustomerFilter::default() { a.button href=(here) { (words.text("pages-filter-clear")) } }
            }
        } }
    }
}

fn table(words: &Words, branch: vocab::BranchId, rows: &[CustomerLine]) -> Markup {
    let columns = [
        "customer-name",
        "pages-filter-grade",
        "pages-filter-channel",
        "customer-owner",
        "pages-open-tasks",
        "pages-conflicts",
        "pages-changed",
    ]
    .map(|key| words.text(key));
    let classes = ["", "", "", "", "right", "right", "right"];
    let heads: Vec<(&str, &str)> = columns.iter().map(String::as_str).zip(classes).collect();
    let code = |family: &str, code: Option<&str>| match code {
        Some(code) => parts::state(words, family, code),
        None => none(words),
    };
    html! {
        div.scroll { table.cards role="table" {
            (parts::head(&heads))
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" data-key=(row.id) {
                        th role="rowheader" scope="row" { a href=(data::dossier_path(branch, row.id.as_str())) { (row.name) } " " span.id.muted { (row.id) } }
                        (cell(&columns[1], "", code("grade", row.grade.as_deref())))
                        (cell(&columns[2], "", html! { @match &row.channel { Some(channel) => (words.code("enum-channel", channel)), None => (none(words)) } }))
                        (cell(&columns[3], "", html! { @match &row.owner { Some(owner) => (owner), None => (none(words)) } }))
                        (cell(&columns[4], "number right", html! { (row.open_tasks) }))
                        (cell(&columns[5], "number right", html! {
                            @if row.conflicts > 0 { (mark(&row.conflicts.to_string(), Tone::Warn, Sign::Triangle)) } @else { "0" }
                        }))
                        (cell(&columns[6], "right", words.time(row.changed_at)))
                    }
                }
            }
        } }
    }
}
