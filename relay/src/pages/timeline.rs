//! The timeline: for every task and training what was planned, how it went, and each new estimate.
//!
//! Bars are drawn beside the times they stand for, which are written out: nothing is told by a picture alone.

use axum::extract::Query;
use maud::{Markup, html};
use readmodel::views::{self, Timeline, TimelineAsk, TimelineRow};
use serde::Deserialize;
use vocab::{Day, Timestamp};

use super::data;
use super::frame::{Frame, Names};
use super::layout::{Tab, in_query};
use super::parts::{self, Paging, none};
use super::problem::Problem;
use super::words::Words;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Days shown unless told otherwise, and the choices there are.
const DAYS: [i64; 4] = [7, 14, 28, 84];
const DAYS_DEFAULT: i64 = 14;

/// Rows on one page.
const PAGE_ROWS: u32 = 50;

/// The width of a bar's picture, in its own units.
const WIDTH: i64 = 1_000;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// The first day.
    #[serde(default)]
    from: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    staff: String,
    #[serde(default)]
    page: String,
}

/// `GET /branches/{branch}/timeline`
pub(super) async fn page(frame: Frame, Query(asked): Query<Asked>) -> Result<Markup, Problem> {
    let words = &frame.words;
    let now = data::now();
    let days = asked.days.parse().ok().filter(|days| DAYS.contains(days)).unwrap_or(DAYS_DEFAULT);
    let first = match asked.from.as_str() {
        "" => now.plus_millis(-DAY_MS * (days / 2)).day(),
        day => day.parse::<Day>().map_err(|_| Problem::Malformed)?,
    };
    let (from, until) = (first.start(), first.start().plus_millis(DAY_MS * days));
    let staff = Some(asked.staff.trim().to_owned()).filter(|staff| !staff.is_empty());
    let ask = TimelineAsk { as_of: now, from, until, staff };
    let found = frame.rows(move |rows| views::timeline(rows, &ask)).await?;
    let paging = Paging::of(&asked.page, PAGE_ROWS);
    let (skip, take) = (paging.rows().offset as usize, paging.rows().limit as usize);
    let shown: Vec<&TimelineRow> = found.rows.iter().skip(skip).take(take).collect();
    let names = Names::read(&frame, shown.iter().filter_map(|row| row.customer.as_ref())).await?;
    let here = Tab::Timeline.path(frame.branch.id);
    let address =
        |from: Day, page: u32| format!("{here}?from={from}&days={days}&staff={}&page={page}", in_query(&asked.staff));
    let title = words.text("views-timeline");
    let body = html! {
        form.filters method="get" action=(here) {
            div { label for="from" { (words.text("views-from")) } input #from name="from" type="date" value=(first); }
            div {
                label for="days" { (words.text("views-days")) }
                select #days name="days" { @for choice in DAYS { option value=(choice) selected[choice == days] { (choice) } } }
            }
            div { label for="staff" { (words.text("views-who")) } input #staff name="staff" value=(asked.staff); }
            div.go { button type="submit" { (words.text("pages-filter-go")) } }
        }
        nav.pager aria-label=(words.text("views-timeline-move")) {
            span.marks {
                a.button href=(address(from.plus_millis(-DAY_MS * days).day(), 1)) { "← " (words.text("views-earlier")) }
                a.button href=(address(until.day(), 1)) { (words.text("views-later")) " →" }
            }
            (legend(words))
        }
        section.panel aria-label=(title) {
            @if shown.is_empty() { p.empty { (words.text("views-timeline-none")) } }
            @else {
                (axis(words, &found))
                ol.gantt { @for row in &shown { (one(&frame, &names, &found, row)) } }
            }
        }
        (paging.links(words, found.rows.len() as u64, |page| address(first, page)))
    };
    Ok(frame.page(Tab::Timeline, &title, "views-timeline-lead", body))
}

fn legend(words: &Words) -> Markup {
    html! {
        span.counts.gantt-legend {
            @for (class, key) in [("planned", "views-planned"), ("actual", "views-actual"), ("estimate", "views-estimate"), ("now", "views-now")] {
                span { svg viewBox="0 0 24 12" aria-hidden="true" {
                    @match class {
                        "estimate" | "now" => rect class=(class) x="11" y="0" width="2" height="12" {},
                        "planned" => rect class=(class) x="1" y="2" width="22" height="8" {},
                        _ => rect class=(class) x="0" y="3" width="24" height="6" {},
                    }
                } " " (words.text(key)) }
            }
        }
    }
}

/// The days at the beginning, the middle and the end.
fn axis(words: &Words, found: &Timeline) -> Markup {
    let half = (found.until.millis() - found.from.millis()) / 2;
    html! {
        div.axis aria-hidden="true" {
            span { (words.minute(found.from)) } span { (words.minute(found.from.plus_millis(half))) } span { (words.minute(found.until)) }
        }
    }
}

/// Where an instant lies in the picture; what lies outside is at its edge.
fn place(found: &Timeline, at: Timestamp) -> i64 {
    let whole = (found.until.millis() - found.from.millis()).max(1);
    let into = at.millis().clamp(found.from.millis(), found.until.millis()) - found.from.millis();
    into * WIDTH / whole
}

fn one(frame: &Frame, names: &Names, found: &Timeline, row: &TimelineRow) -> Markup {
    let words = &frame.words;
    let stretch = |stretch: &views::Stretch| {
        let (from, until) = (place(found, stretch.from), place(found, stretch.until));
        (from, (until - from).max(2))
    };
    let inside = |at: Timestamp| at >= found.from && at < found.until;
    let family = if row.kind == "training" { "training_state" } else { "status" };
    html! {
        li data-key=(row.record) {
            div.what {
                b { (row.title.as_deref().unwrap_or_default()) } " " (frame.record(&row.record, row.customer.as_ref())) " "
                @if let Some(state) = &row.state { (parts::state(words, family, state)) }
                div.muted.small {
                    @match &row.staff { Some(staff) => (staff), None => (none(words)) }
                    @if let Some(customer) = &row.customer { " · " (names.of(customer)) }
                }
            }
            svg.gantt-row viewBox=(format!("0 0 {WIDTH} 24")) preserveAspectRatio="none" aria-hidden="true" {
                @if let Some(planned) = &row.planned {
                    @let (x, width) = stretch(planned);
                    rect.planned x=(x) y="3" width=(width) height="18" vector-effect="non-scaling-stroke" {}
                }
                @if let Some(actual) = &row.actual {
                    @let (x, width) = stretch(actual);
                    rect.actual x=(x) y="8" width=(width) height="8" {}
                }
                @for estimate in row.estimates.iter().filter(|estimate| inside(estimate.due)) {
                    rect.estimate x=(place(found, estimate.due)) y="0" width="4" height="24" {}
                }
                @if inside(found.as_of) { rect.now x=(place(found, found.as_of)) y="0" width="2" height="24" {} }
            }
            div.times.muted.small {
                @if let Some(planned) = &row.planned { span { (words.text("views-planned")) " " (words.time(planned.from)) " – " (words.time(planned.until)) } }
                @if let Some(actual) = &row.actual { span { (words.text("views-actual")) " " (words.time(actual.from)) " – " (words.time(actual.until)) } }
                @for estimate in &row.estimates { span { (words.text("views-estimate")) " " (words.time(estimate.due)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_is_drawn_at_the_edge() {
        let at = Timestamp::from_millis;
        let found = Timeline { as_of: at(0), from: at(1_000), until: at(2_000), rows: Vec::new() };
        assert_eq!([0, 1_000, 1_500, 2_000, 9_000].map(|millis| place(&found, at(millis))), [0, 0, 500, 1_000, 1_000]);
    }
}
