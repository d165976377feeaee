//! What the pages of a branch's views share: the frame, the instant they are asked about, links to records, names.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use maud::{Markup, html};
use records::limits::LimitState;
use rusqlite::Connection;
use serde::Deserialize;
use store::{Branch, StoreError};
use vocab::{Day, RecordId, Timestamp};

use super::access::Person;
use super::data;
use super::layout::{self, Place, Shell, Tab};
use super::live;
use super::parts::{Sign, Tone, mark, none};
use super::problem::Problem;
use super::request::Visit;
use super::words::Words;
use crate::AppState;

/// A day and the instant it stands for: the end of a past day, or now.
pub(super) struct AsOf {
    pub(super) at: Timestamp,
    asked: Option<Day>,
}

#[derive(Debug, Deserialize)]
struct AskedDay {
    #[serde(default)]
    day: String,
}

/// Of a page that is asked nothing but the day.
impl FromRequestParts<AppState> for AsOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let Query(asked) = Query::<AskedDay>::try_from_uri(&parts.uri).map_err(|_| Problem::Malformed)?;
        AsOf::of(&asked.day)
    }
}

impl AsOf {
    /// As an address says; nothing is now.
    pub(super) fn of(day: &str) -> Result<AsOf, Problem> {
        let now = data::now();
        if day.is_empty() {
            return Ok(AsOf { at: now, asked: None });
        }
        let day: Day = day.parse().map_err(|_| Problem::Malformed)?;
        const LAST_MS: i64 = 24 * 60 * 60 * 1_000 - 1;
        let end = day.start().plus_millis(LAST_MS);
        Ok(if end < now { AsOf { at: end, asked: Some(day) } } else { AsOf { at: now, asked: None } })
    }

    /// Whether the page shows the present.
    pub(super) fn is_now(&self) -> bool {
        self.asked.is_none()
    }

    /// The value of the parameter.
    pub(super) fn day(&self) -> String {
        self.asked.map(|day| day.to_string()).unwrap_or_default()
    }

    /// The field in which another day is chosen.
    pub(super) fn field(&self, words: &Words) -> Markup {
        html! {
            div {
                label for="day" { (words.text("views-day")) }
                input #day name="day" type="date" value=(self.day());
            }
        }
    }

    /// The form of a page that is asked nothing but the day.
    pub(super) fn form(&self, words: &Words, here: &str) -> Markup {
        html! {
            form.filters method="get" action=(here) {
                (self.field(words))
                div.go { button type="submit" { (words.text("pages-filter-go")) } }
            }
        }
    }

    /// Says that this is not the present.
    pub(super) fn notice(&self, words: &Words) -> Markup {
        html! { @if !self.is_now() { p.notice.warn { (words.text("views-past")) " " (words.time(self.at)) } } }
    }
}

/// A page of a branch: the branch that an address names, if whoever asks may see it, and how they read.
pub(super) struct Frame {
    pub(super) state: AppState,
    pub(super) visit: Visit,
    pub(super) words: Words,
    pub(super) person: Person,
    pub(super) branch: Branch,
}

impl FromRequestParts<AppState> for Frame {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let person = Person::from_request_parts(parts, state).await?;
        let path = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::NotFound)?;
        let (_, id) = path.iter().find(|(name, _)| *name == "branch").ok_or(Problem::NotFound)?;
        let branch = person.branch(state, id).await?;
        let visit = Visit::of(parts);
        let words = Words::of(visit.lang).in_zone(&branch.zone);
        Ok(Frame { state: state.clone(), visit, words, person, branch })
    }
}

impl Frame {
    /// What `read` finds in the branch's rows.
    pub(super) async fn rows<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.state.views(self.branch.id, move |rows| Ok(read(rows)?)).await.map_err(data::broken)
    }

    /// A page that follows changes as they come: `body` says everything on it.
    pub(super) fn whole(&self, tab: Tab, title: &str, body: Markup) -> Markup {
        let shell = Shell {
            visit: &self.visit,
            words: &self.words,
            title,
            person: Some(&self.person),
            place: Some(Place { branch: self.branch.id, name: &self.branch.name, tab }),
            live: Some(live::path(Some(self.branch.id))),
        };
        layout::page(&shell, body)
    }

    /// The same with its title and what it is for above the body.
    pub(super) fn page(&self, tab: Tab, title: &str, lead: &str, body: Markup) -> Markup {
        let body = html! {
            div.title { h1 { (title) } }
            p.muted { (self.words.text(lead)) }
            (body)
        };
        self.whole(tab, title, body)
    }

    /// The same of a view that is asked nothing but the day.
    pub(super) fn dated(&self, tab: Tab, as_of: &AsOf, title: &str, lead: &str, body: Markup) -> Markup {
        let body = html! {
            (as_of.form(&self.words, &tab.path(self.branch.id)))
            (as_of.notice(&self.words))
            (body)
        };
        self.page(tab, title, lead, body)
    }

    /// A record, as a link to where it is shown.
    pub(super) fn record(&self, record: &RecordId, customer: Option<&RecordId>) -> Markup {
        match customer.filter(|customer| customer.prefix() == records::CUSTOMER.prefix) {
            Some(customer) => {
                let path = data::dossier_path(self.branch.id, customer.as_str());
                html! { a.id href=(format!("{path}#{record}")) { (record) } }
            }
            None => html! { span.id { (record) } },
        }
    }

    /// A customer by name, as a link to the dossier.
    pub(super) fn customer(&self, names: &Names, customer: Option<&RecordId>) -> Markup {
        match customer {
            Some(customer) if customer.prefix() == records::CUSTOMER.prefix => html! {
                a href=(data::dossier_path(self.branch.id, customer.as_str())) { (names.of(customer)) } " " span.id.muted { (customer) }
            },
            _ => none(&self.words),
        }
    }
}

/// Names of customers.
#[derive(Default)]
pub(super) struct Names(BTreeMap<RecordId, String>);

impl Names {
    /// The names of these customers, as the rows have them.
    pub(super) async fn read<'a>(
        frame: &Frame,
        customers: impl Iterator<Item = &'a RecordId>,
    ) -> Result<Names, Problem> {
        let wanted: std::collections::BTreeSet<RecordId> = customers.cloned().collect();
        let read = frame.rows(move |rows| {
            let mut names = BTreeMap::new();
            for customer in wanted {
                let Some(row) = readmodel::record(rows, &customer)? else { continue };
                if let Some(name) = row.value()?.get("name").and_then(|name| name.as_str()) {
                    names.insert(customer, name.to_owned());
                }
            }
            Ok(Names(names))
        });
        read.await
    }

    /// The name, or the id where there is none.
    pub(super) fn of<'a>(&'a self, customer: &'a RecordId) -> &'a str {
        self.0.get(customer).map_or(customer.as_str(), String::as_str)
    }
}

/// The mark of a limit's state.
pub(super) fn limit_state(words: &Words, state: LimitState) -> Markup {
    let (tone, shape) = match state {
        LimitState::Overdue => (Tone::Danger, Sign::Triangle),
        LimitState::Soon => (Tone::Warn, Sign::Half),
        LimitState::Open => (Tone::Quiet, Sign::Ring),
        LimitState::Missed => (Tone::Danger, Sign::Cross),
        LimitState::Met => (Tone::Ok, Sign::Check),
    };
    mark(&words.code("limit_state", state.code()), tone, shape)
}

/// A share with what it is of: `2 of 3 (67 %)`. Nothing where nothing was counted.
pub(super) fn rate(words: &Words, n: u64, of: u64) -> Markup {
    if of == 0 {
        return none(words);
    }
    html! { b.number { (percent(n, of)) " %" } " " span.muted.small { (words.with("views-of", &[("n", n.into()), ("of", of.into())])) } }
}

/// A share in whole percents, rounded down: a hundred only when it is all.
pub(super) fn percent(n: u64, of: u64) -> u64 {
    n.saturating_mul(100).checked_div(of).unwrap_or(0)
}

/// Whole minutes in words, of at most two units.
pub(super) fn minutes(words: &Words, minutes: i64) -> String {
    words.span(minutes.saturating_mul(60_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_past_day_is_shown_at_its_end_and_any_other_now() {
        let past = AsOf::of("2024-05-02").unwrap();
        assert_eq!((past.at.to_string().as_str(), past.is_now()), ("2024-05-02T15:59:59.999Z", false));
        assert!(AsOf::of("").unwrap().is_now() && AsOf::of("9999-01-01").unwrap().is_now());
        assert!(AsOf::of("yesterday").is_err());
    }

    #[test]
    fn a_share_is_a_hundred_only_when_it_is_all() {
        assert_eq!((percent(999, 1_000), percent(1, 1), percent(0, 0)), (99, 100, 0));
    }
}
