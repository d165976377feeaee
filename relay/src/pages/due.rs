//! The due list: what is overdue, soon due and open, the most pressing first.

use axum::extract::Query;
use maud::{Markup, html};
use readmodel::views::{self, Due, DueAsk, DueItem};
use records::limits::LimitState;
use serde::Deserialize;
use vocab::Role;

use super::frame::{AsOf, Frame, Names, limit_state};
use super::layout::{Tab, in_query};
use super::parts::{self, Paging, cell, none};
use super::problem::Problem;
use super::words::Words;
use crate::author::words::limit_name;

/// Items on one page.
const PAGE_ITEMS: u32 = 50;

/// Roles that limits fall to.
const ROLES: [Role; 5] = [Role::Engineer, Role::Hotline, Role::Assessor, Role::Supervisor, Role::ProcessManager];

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    day: String,
    #[serde(default)]
    staff: String,
    #[serde(default)]
    role: String,
    /// Anything: what was missed is listed too.
    #[serde(default)]
    missed: String,
    #[serde(default)]
    page: String,
}

/// `GET /branches/{branch}/due`
pub(super) async fn page(frame: Frame, Query(asked): Query<Asked>) -> Result<Markup, Problem> {
    let words = &frame.words;
    let as_of = AsOf::of(&asked.day)?;
    let paging = Paging::of(&asked.page, PAGE_ITEMS);
    let rows = paging.rows();
    let role = Some(asked.role.as_str()).filter(|role| !role.is_empty());
    let mut ask = DueAsk {
        staff: Some(asked.staff.trim().to_owned()).filter(|staff| !staff.is_empty()),
        role: role.map(|role| role.parse().map_err(|_| Problem::Malformed)).transpose()?,
        limit: rows.offset.saturating_add(rows.limit).min(readmodel::LIST_ROWS_MAX),
        ..DueAsk::at(as_of.at)
    };
    if !asked.missed.is_empty() {
        ask.states.insert(LimitState::Missed);
    }
    let due = frame.rows(move |rows| views::due(rows, &ask)).await?;
    let shown = due.items.get(rows.offset as usize..).unwrap_or_default();
    let names = Names::read(&frame, shown.iter().filter_map(|item| item.customer.as_ref())).await?;
    let here = Tab::Due.path(frame.branch.id);
    let address = |page: u32| {
        let (staff, role, missed, day) = (in_query(&asked.staff), &asked.role, &asked.missed, as_of.day());
        format!("{here}?day={day}&staff={staff}&role={role}&missed={missed}&page={page}")
    };
    let title = words.text("views-due");
    let body = html! {
        (form(words, &here, &as_of, &asked))
        (as_of.notice(words))
        section.panel aria-label=(title) {
            @if shown.is_empty() { p.empty { (words.text("views-due-none")) } }
            @else { (table(&frame, &names, &due, shown)) }
        }
        (paging.links(words, due.total, address))
    };
    Ok(frame.page(Tab::Due, &title, "views-due-lead", body))
}

fn form(words: &Words, here: &str, as_of: &AsOf, asked: &Asked) -> Markup {
    html! {
        form.filters method="get" action=(here) {
            div {
                label for="staff" { (words.text("views-who")) }
                input #staff name="staff" value=(asked.staff);
            }
            div {
                label for="role" { (words.text("views-role")) }
                select #role name="role" {
                    option value="" { (words.text("pages-filter-all")) }
                    @for role in ROLES {
                        option value=(role.code()) selected[role.code() == asked.role] { (words.code("role", role.code())) }
                    }
                }
            }
            (as_of.field(words))
            div.ticks { label { input type="checkbox" name="missed" value="yes" checked[!asked.missed.is_empty()]; " " (words.text("views-due-missed")) } }
            div.go { button type="submit" { (words.text("pages-filter-go")) } }
        }
    }
}

fn table(frame: &Frame, names: &Names, due: &Due, items: &[DueItem]) -> Markup {
    let words = &frame.words;
    let columns = [
        "views-state",
        "views-limit",
        "pages-history-record",
        "kind-customer",
        "views-who",
        "views-due_at",
        "views-left",
    ]
    .map(|key| words.text(key));
    let heads: Vec<(&str, &str)> = columns.iter().map(|label| (label.as_str(), "")).collect();
    html! {
        div.scroll { table.cards role="table" {
            (parts::head(&heads))
            tbody role="rowgroup" {
                @for item in items {
                    tr role="row" data-key=(key(item)) {
                        th role="rowheader" scope="row" { (limit_state(words, item.state)) }
                        (cell(&columns[1], "", html! {
                            (limit_name(words.catalogue(), item.code))
                            @if let Some(part) = &item.part { " · " (part_name(words, part)) }
                        }))
                        (cell(&columns[2], "", html! {
                            @match &item.record {
                                Some(record) => { (frame.record(record, item.customer.as_ref())) " " },
                                None => (none(words)),
                            }
                            @if let Some(urgency) = &item.urgency { (parts::state(words, "urgency", urgency)) }
                        }))
                        (cell(&columns[3], "", frame.customer(names, item.customer.as_ref())))
                        (cell(&columns[4], "", who(words, item)))
                        (cell(&columns[5], "", words.time(item.due)))
                        (cell(&columns[6], "", left(words, due, item)))
                    }
                }
            }
        } }
    }
}

fn key(item: &DueItem) -> String {
    let record = item.record.as_ref().map_or("", |record| record.as_str());
    format!("{}-{}-{record}-{}", item.code.code(), item.part.as_deref().unwrap_or_default(), item.from.millis())
}

/// A part of a limit: a step of a complaint, a way of responding, a sort of monthly work.
pub(super) fn part_name(words: &Words, part: &str) -> String {
    let keys =
        [format!("enum-complaint_state-{part}"), format!("policy-response-{part}"), format!("views-part-{part}")];
    keys.iter().find_map(|key| words.known(key)).unwrap_or_else(|| part.to_owned())
}

fn who(words: &Words, item: &DueItem) -> Markup {
    let roles: Vec<String> = item.roles.iter().map(|role| words.code("role", role.code())).collect();
    html! {
        @match &item.staff {
            Some(staff) => (staff),
            None if roles.is_empty() => (none(words)),
            None => span.muted { (roles.join(", ")) },
        }
    }
}

/// How long is left, or how long it is past due.
fn left(words: &Words, due: &Due, item: &DueItem) -> Markup {
    let left = item.due.millis() - due.as_of.millis();
    match item.state {
        LimitState::Met | LimitState::Missed => match item.end {
            Some(end) => words.time(end),
            None => none(words),
        },
        _ if left < 0 => html! { (words.with("views-past_by", &[("span", words.span(left).into())])) },
        _ => html! { (words.with("views-left_for", &[("span", words.span(left).into())])) },
    }
}
