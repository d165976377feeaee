//! The key figures of a month: of the branch beside the months before, and of each person; each with how many it was counted from.

use axum::extract::Query;
use maud::{Markup, html};
use readmodel::views::{self, Figures, FiguresAsk, KeyFigures, Mean, Median, MonthFigures, Rate};
use serde::Deserialize;
use vocab::Month;

use super::frame::{AsOf, Frame, minutes, rate};
use super::layout::Tab;
use super::parts::{self, cell, none};
use super::problem::Problem;
use super::words::Words;
use crate::author::words::limit_name;

/// Months before the one asked for that stand beside it.
const MONTHS_BACK: u32 = 3;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    month: String,
}

/// One figure.
enum Figure {
    Rate(Rate),
    Mean(Mean),
    Median(Median),
}

fn all(figures: &Figures) -> [(&'static str, Figure); 11] {
    [
        ("mean_score", Figure::Mean(figures.mean_score)),
        ("good_scores", Figure::Rate(figures.good_scores)),
        ("first_reply", Figure::Rate(figures.first_reply)),
        ("first_reply_minutes", Figure::Median(figures.first_reply_minutes)),
        ("resolved", Figure::Rate(figures.resolved)),
        ("complaints", Figure::Rate(figures.complaints)),
        ("on_time", Figure::Rate(figures.on_time)),
        ("retention", Figure::Rate(figures.retention)),
        ("repeat_purchase", Figure::Rate(figures.repeat_purchase)),
        ("visits", Figure::Rate(figures.visits)),
        ("first_visit_fix", Figure::Rate(figures.first_visit_fix)),
    ]
}

/// What of a person's figures has room in a table.
const OF_PEOPLE: [&str; 5] = ["mean_score", "on_time", "first_reply", "resolved", "first_visit_fix"];

/// `GET /branches/{branch}/figures`
pub(super) async fn page(frame: Frame, Query(asked): Query<Asked>) -> Result<Markup, Problem> {
    let words = &frame.words;
    let as_of = AsOf::of("")?;
    let month = match asked.month.as_str() {
        "" => Month::of(as_of.at),
        month => month.parse().map_err(|_| Problem::Malformed)?,
    };
    let ask = FiguresAsk { month, months_back: MONTHS_BACK, ..FiguresAsk::at(as_of.at) };
    let found = frame.rows(move |rows| views::figures(rows, &ask)).await?;
    let here = Tab::Figures.path(frame.branch.id);
    let body = html! {
        form.filters method="get" action=(here) {
            div { label for="month" { (words.text("views-month")) } input #month name="month" type="month" value=(month) placeholder="2026-10"; }
            div.go { button type="submit" { (words.text("pages-filter-go")) } }
        }
        (of_branch(words, &found))
        (of_people(words, &found.asked))
    };
    Ok(frame.page(Tab::Figures, &words.text("views-figures"), "views-figures-lead", body))
}

fn of_branch(words: &Words, found: &KeyFigures) -> Markup {
    let months: Vec<&MonthFigures> = std::iter::once(&found.asked).chain(found.months.iter().rev()).collect();
    let labels: Vec<String> = months.iter().map(|month| month.month.to_string()).collect();
    let mut heads = vec![(words.text("views-figure"), "")];
    heads.extend(labels.iter().map(|label| (label.clone(), "")));
    let heads: Vec<(&str, &str)> = heads.iter().map(|(label, class)| (label.as_str(), *class)).collect();
    let mut limits: Vec<_> = months.iter().flat_map(|month| month.branch.limits.keys().copied()).collect();
    limits.sort_unstable();
    limits.dedup();
    let columns: Vec<[(&'static str, Figure); 11]> = months.iter().map(|month| all(&month.branch)).collect();
    html! {
        section.panel aria-labelledby="branch" {
            header { h2 #branch { (words.text("pages-branch")) } }
            div.scroll { table.cards role="table" {
                (parts::head(&heads))
                tbody role="rowgroup" {
                    @for (place, (name, _)) in all(&found.asked.branch).iter().enumerate() {
                        tr role="row" data-key=(name) {
                            th role="rowheader" scope="row" { (words.text(&format!("views-figure-{name}"))) }
                            @for (column, label) in columns.iter().zip(&labels) { (cell(label, "", shown(words, &column[place].1))) }
                        }
                    }
                    @for code in limits {
                        tr role="row" data-key=(code.code()) {
                            th role="rowheader" scope="row" { (limit_name(words.catalogue(), code)) }
                            @for (month, label) in months.iter().zip(&labels) {
                                @let kept = month.branch.limits.get(&code).copied().unwrap_or_default();
                                (cell(label, "", rate(words, kept.n, kept.of)))
                            }
                        }
                    }
                }
            } }
        }
    }
}

fn of_people(words: &Words, month: &MonthFigures) -> Markup {
    let labels = of_people_labels(words);
    let person = words.text("views-who");
    let heads: Vec<(&str, &str)> =
        std::iter::once((person.as_str(), "")).chain(labels.iter().map(|label| (label.as_str(), ""))).collect();
    html! {
        section.panel aria-labelledby="people" {
            header { h2 #people { (words.with("views-figures-people", &[("month", month.month.to_string().into())])) } }
            @if month.people.is_empty() { p.empty { (words.text("views-figures-none")) } }
            @else {
                div.scroll { table.cards role="table" {
                    (parts::head(&heads))
                    tbody role="rowgroup" {
                        @for one in &month.people {
                            tr role="row" data-key=(one.person) {
                                th role="rowheader" scope="row" { (one.person) }
                                @for ((_, figure), label) in all(&one.figures).iter().filter(|(name, _)| OF_PEOPLE.contains(name)).zip(&labels) {
                                    (cell(label, "", shown(words, figure)))
                                }
                            }
                        }
                    }
                } }
            }
        }
    }
}

/// The labels of a person's figures, in the order of [`all`].
fn of_people_labels(words: &Words) -> Vec<String> {
    let names = all(&Figures::default()).into_iter().map(|(name, _)| name);
    names.filter(|name| OF_PEOPLE.contains(name)).map(|name| words.text(&format!("views-figure-{name}"))).collect()
}

fn shown(words: &Words, figure: &Figure) -> Markup {
    let count = |n: u64| html! { " " span.muted.small { (words.with("views-n", &[("n", n.into())])) } };
    match figure {
        Figure::Rate(found) => rate(words, found.n, found.of),
        Figure::Mean(found) if found.n == 0 => none(words),
        Figure::Mean(found) => {
            let hundredths = found.sum.saturating_mul(100) / i64::try_from(found.n).unwrap_or(i64::MAX).max(1);
            html! { b.number { (hundredths / 100) "." (format!("{:02}", hundredths % 100)) } (count(found.n)) }
        }
        Figure::Median(found) => match found.median {
            Some(median) => html! { b { (minutes(words, median)) } (count(found.n)) },
            None => none(words),
        },
    }
}
