//! Customers that are probably one. A supervisor says so; both dossiers stay, and both ids lead to the smaller one.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use messages::Message;
use readmodel::views::{self, Certainty, Duplicate, DuplicatesAsk};
use records::{Fields, Merged};
use serde::Deserialize;
use vocab::{RecordId, Role};

use super::access::{Person, SameSite};
use super::data;
use super::frame::{Frame, Names};
use super::layout::Tab;
use super::parts::{self, Sign, Tone, cell, mark, none};
use super::problem::Problem;
use super::request::local_path;
use super::sign_in::go;
use super::words::Words;
use crate::AppState;
use crate::author::{Draft, invalid};

/// `GET /branches/{branch}/duplicates`
pub(super) async fn page(frame: Frame) -> Result<Markup, Problem> {
    let words = &frame.words;
    let found = frame.rows(|rows| views::duplicates(rows, &DuplicatesAsk::default())).await?;
    let names = Names::read(&frame, found.pairs.iter().flat_map(|pair| [&pair.a, &pair.b])).await?;
    let title = words.text("views-duplicates");
    let body = html! {
        section.panel aria-label=(title) {
            @if found.pairs.is_empty() { p.empty { (words.text("views-duplicates-none")) } }
            @else { (table(&frame, &names, &found.pairs)) }
        }
        @if found.more { p.muted { (words.text("views-duplicates-more")) } }
    };
    Ok(frame.page(Tab::Duplicates, &title, "views-duplicates-lead", body))
}

fn table(frame: &Frame, names: &Names, pairs: &[Duplicate]) -> Markup {
    let words = &frame.words;
    let columns = [
        "views-duplicates-pair",
        "views-duplicates-certainty",
        "pages-conflict-reason",
        "views-duplicates-alike",
        "views-duplicates-do",
    ];
    let columns = columns.map(|key| words.text(key));
    let heads: Vec<(&str, &str)> = columns.iter().map(|label| (label.as_str(), "")).collect();
    html! {
        div.scroll { table.cards role="table" {
            (parts::head(&heads))
            tbody role="rowgroup" {
                @for pair in pairs {
                    tr role="row" data-key=(format!("{}-{}", pair.a, pair.b)) {
                        th role="rowheader" scope="row" { div { (frame.customer(names, Some(&pair.a))) } div { (frame.customer(names, Some(&pair.b))) } }
                        (cell(&columns[1], "", certainty(words, pair.certainty)))
                        (cell(&columns[2], "", html! {
                            @for (place, why) in pair.why.iter().enumerate() { @if place > 0 { ", " } (words.text(&format!("views-duplicates-{}", why.code()))) }
                        }))
                        (cell(&columns[3], "number", match pair.alike_percent {
                            Some(percent) => html! { (percent) " %" },
                            None => none(words),
                        }))
                        (cell(&columns[4], "", merge(frame, pair)))
                    }
                }
            }
        } }
    }
}

fn certainty(words: &Words, certainty: Certainty) -> Markup {
    let (tone, shape) = match certainty {
        Certainty::Certain => (Tone::Warn, Sign::Full),
        Certainty::Probable => (Tone::Quiet, Sign::Half),
    };
    mark(&words.text(&format!("views-duplicates-{}", certainty.code())), tone, shape)
}

fn merge(frame: &Frame, pair: &Duplicate) -> Markup {
    if frame.person.role != Role::Supervisor {
        return none(&frame.words);
    }
    html! {
        form method="post" action=(Tab::Duplicates.path(frame.branch.id)) {
            input type="hidden" name="form" value=(frame.person.form());
            input type="hidden" name="one" value=(pair.a);
            input type="hidden" name="other" value=(pair.b);
            button type="submit" { (frame.words.text("views-duplicates-merge")) }
        }
    }
}

/// The form that says that a customer and another, merged before, are two after all.
pub(super) fn separate(
    words: &Words,
    person: &Person,
    branch: vocab::BranchId,
    customer: &RecordId,
    other: &str,
) -> Markup {
    if person.role != Role::Supervisor {
        return html! {};
    }
    html! {
        form.inline method="post" action=(Tab::Duplicates.path(branch)) {
            input type="hidden" name="form" value=(person.form());
            input type="hidden" name="one" value=(customer);
            input type="hidden" name="other" value=(other);
            input type="hidden" name="back" value=(data::dossier_path(branch, customer.as_str()));
            input name="reason" required maxlength=(records::LINE_CHARS_MAX) aria-label=(words.text("views-duplicates-why")) placeholder=(words.text("views-duplicates-why"));
            button type="submit" { (words.with("views-duplicates-separate", &[("other", other.into())])) }
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Pair {
    form: String,
    one: RecordId,
    other: RecordId,
    /// Why they are two after all; without it they are said to be one.
    reason: Option<String>,
    #[serde(default)]
    back: String,
}

/// `POST /branches/{branch}/duplicates`: a supervisor says that two customers are one, or two after all. What says that they are
/// one goes into the dossier of the smaller id, as it does on a device, so that everybody writes it in one place.
pub(super) async fn decide(
    State(state): State<AppState>,
    Path(id): Path<String>,
    person: Person,
    _: SameSite,
    Form(sent): Form<Pair>,
) -> Result<Response, Problem> {
    person.check_form(&sent.form)?;
    let branch = person.branch(&state, &id).await?;
    let Pair { one, other, reason, back, .. } = sent;
    let (here, there) = match &reason {
        Some(_) => (one, other),
        None => {
            let smaller = Merged::of([(one.clone(), other.clone())]).lead(&one).clone();
            if smaller == one { (one, other) } else { (other, one) }
        }
    };
    let (first, second) = (here.clone(), there.clone());
    let read = state.views(branch.id, move |rows| {
        let there = readmodel::record(rows, &second)?.is_some_and(|row| row.kind == &records::CUSTOMER);
        Ok(readmodel::record(rows, &first)?.map(|row| row.doc).filter(|_| there))
    });
    let doc = read.await.map_err(data::broken)?.ok_or(Problem::NotFound)?;
    let (branch_id, draft) = (branch.id, Draft { branch, doc, author: person.author() });
    let decided = state.author(draft, move |edit, names| {
        let mut data = Fields::from([("with", there.as_str().into())]);
        let code = match reason {
            Some(reason) => {
                data.insert("reason", reason.trim().into());
                "separated"
            }
            None => "merged",
        };
        let merged = edit.view().merges().any(|(a, b)| a == here && b == there);
        if merged == (code == "merged") {
            return Err(crate::author::refused(Message::new("author-merge_stands")));
        }
        edit.step(&names.event(), &here, code, data).map_err(invalid)
    });
    decided.await.map_err(Problem::of_writing)?;
    data::followed(&state, branch_id).await;
    let back = if back.is_empty() { Tab::Duplicates.path(branch_id) } else { local_path(&back).to_owned() };
    Ok(go(&back, []))
}
