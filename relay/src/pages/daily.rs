//! The daily check of a branch, which a supervisor signs.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use readmodel::views::{self, Daily, DailyItem, UnseenDevice};
use records::Class;
use serde::Deserialize;
use store::{Branch, Feeds};
use vocab::{RecordId, Role};

use super::access::{Person, SameSite};
use super::data;
use super::frame::{AsOf, Frame, Names};
use super::layout::Tab;
use super::parts::{self, Sign, Tone, cell, mark, none};
use super::problem::Problem;
use super::sign_in::go;
use super::words::{Words, grouped};
use crate::api::views::daily_ask;
use crate::author::{Draft, check};
use crate::{AppState, Error};

async fn read(state: &AppState, branch: &Branch, as_of: &AsOf) -> Result<Daily, Problem> {
    let ask = daily_ask(state, branch, as_of.at).await.map_err(data::broken)?;
    state.views(branch.id, move |rows| Ok(views::daily(rows, &ask)?)).await.map_err(data::broken)
}

/// `GET /branches/{branch}/daily`
pub(super) async fn page(frame: Frame, as_of: AsOf) -> Result<Markup, Problem> {
    let words = &frame.words;
    let daily = read(&frame.state, &frame.branch, &as_of).await?;
    let customers = lists(&daily).into_iter().flat_map(|(_, _, items)| items).filter_map(|item| item.customer.as_ref());
    let noted = daily.new_notes.iter().filter_map(|note| note.item.customer.as_ref());
    let names = Names::read(&frame, customers.chain(noted)).await?;
    let here = Tab::Daily.path(frame.branch.id);
    let title = words.with("views-daily", &[("day", daily.day.to_string().into())]);
    let body = html! {
        (signature(&frame, &here, &as_of, &daily))
        (summary(words, &daily))
        @for (name, count, items) in lists(&daily) {
            @if count > 0 { (section(words, name, count, items_table(&frame, &names, items))) }
        }
        @if daily.counts.new_notes > 0 { (section(words, "new_notes", daily.counts.new_notes, notes(&frame, &names, &daily))) }
        @if let Some(devices) = daily.devices_unseen.as_ref().filter(|devices| !devices.is_empty()) {
            (section(words, "devices_unseen", devices.len() as u64, unseen(words, devices)))
        }
    };
    Ok(frame.dated(Tab::Daily, &as_of, &title, "views-daily-lead", body))
}

/// The lists of the check, each with its name and how many there are.
fn lists(daily: &Daily) -> [(&'static str, u64, &[DailyItem]); 6] {
    let counts = &daily.counts;
    [
        ("past_due", counts.past_due, &daily.past_due),
        ("silent", counts.silent, &daily.silent),
        ("delayed", counts.delayed, &daily.delayed),
        ("unreviewed", counts.unreviewed, &daily.unreviewed),
        ("without_task", counts.without_task, &daily.without_task),
        ("critical_complaints", counts.critical_complaints, &daily.critical_complaints),
    ]
}

/// All counts at a glance; each leads to its list.
fn summary(words: &Words, daily: &Daily) -> Markup {
    let lists = lists(daily).map(|(name, count, _)| (name, count));
    let devices = daily.devices_unseen.as_ref().map_or(0, |devices| devices.len() as u64);
    let all = lists.into_iter().chain([("new_notes", daily.counts.new_notes), ("devices_unseen", devices)]);
    html! {
        dl.figures { @for (name, count) in all {
            div { dt { (words.text(&format!("views-daily-{name}"))) } dd {
                @if count > 0 { a href=(format!("#{name}")) { (grouped(count)) } } @else { "0" }
            } }
        } }
    }
}

fn section(words: &Words, name: &str, count: u64, table: Markup) -> Markup {
    html! {
        section.panel id=(name) aria-labelledby=(format!("{name}-title")) {
            header { h2 id=(format!("{name}-title")) { (words.text(&format!("views-daily-{name}"))) } span.muted.number { (grouped(count)) } }
            (table)
        }
    }
}

fn items_table(frame: &Frame, names: &Names, items: &[DailyItem]) -> Markup {
    let words = &frame.words;
    let columns = ["pages-history-record", "kind-customer", "views-who", "views-since"].map(|key| words.text(key));
    let heads: Vec<(&str, &str)> = columns.iter().map(|label| (label.as_str(), "")).collect();
    html! {
        div.scroll { table.cards role="table" {
            (parts::head(&heads))
            tbody role="rowgroup" {
                @for item in items {
                    tr role="row" data-key=(item.record) {
                        th role="rowheader" scope="row" { (item.title.as_deref().unwrap_or_default()) " " (frame.record(&item.record, item.customer.as_ref())) }
                        (cell(&columns[1], "", frame.customer(names, item.customer.as_ref())))
                        (cell(&columns[2], "", staff(words, item.staff.as_deref())))
                        (cell(&columns[3], "", words.time(item.since)))
                    }
                }
            }
        } }
    }
}

fn staff(words: &Words, staff: Option<&str>) -> Markup {
    staff.map_or_else(|| none(words), |staff| html! { (staff) })
}

fn notes(frame: &Frame, names: &Names, daily: &Daily) -> Markup {
    let words = &frame.words;
    html! {
        ul.entries { @for note in &daily.new_notes {
            li {
                p { (note.text) }
                p.muted.small {
                    (words.time(note.item.since)) " · " (staff(words, note.item.staff.as_deref())) " · "
                    (frame.record(&note.item.record, note.item.customer.as_ref())) " · " (frame.customer(names, note.item.customer.as_ref()))
                }
            }
        } }
    }
}

fn unseen(words: &Words, devices: &[UnseenDevice]) -> Markup {
    html! {
        ul.entries { @for device in devices {
            li {
                b { (device.device) } " " (staff(words, device.staff.as_deref())) " "
                span.muted.small { @match device.since { Some(since) => (words.time(since)), None => (words.text("pages-device-never")) } }
            }
        } }
    }
}

/// Who signed, or the form to sign it in.
fn signature(frame: &Frame, here: &str, as_of: &AsOf, daily: &Daily) -> Markup {
    let words = &frame.words;
    html! {
        section.panel aria-label=(words.text("views-daily-signature")) { div.in {
            @match &daily.signed {
                Some(signed) => p {
                    (mark(&words.text("views-daily-signed"), Tone::Ok, Sign::Check)) " "
                    (staff(words, signed.by.as_deref())) " · " (words.time(signed.at)) " · " span.id.muted { (signed.record) }
                },
                None => {
                    p { (mark(&words.text("views-daily-unsigned"), Tone::Warn, Sign::Ring)) }
                    @if frame.person.role == Role::Supervisor && as_of.is_now() {
                        form.sign method="post" action=(here) {
                            input type="hidden" name="form" value=(frame.person.form());
                            div.field {
                                label for="remarks" { (words.text("views-daily-remarks")) }
                                textarea #remarks name="remarks" rows="2" maxlength=(records::TEXT_CHARS_MAX) {}
                            }
                            button.main type="submit" { (words.text("views-daily-sign")) }
                        }
                    }
                }
            }
        } }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Signing {
    form: String,
    #[serde(default)]
    remarks: String,
}

/// `POST /branches/{branch}/daily`: a supervisor signs the check of the day.
pub(super) async fn sign(
    State(state): State<AppState>,
    Path(id): Path<String>,
    person: Person,
    _: SameSite,
    Form(sent): Form<Signing>,
) -> Result<Response, Problem> {
    person.check_form(&sent.form)?;
    let branch = person.branch(&state, &id).await?;
    write(&state, &person, &branch, sent.remarks).await?;
    data::followed(&state, branch.id).await;
    Ok(go(&Tab::Daily.path(branch.id), []))
}

async fn write(state: &AppState, person: &Person, branch: &Branch, remarks: String) -> Result<RecordId, Problem> {
    let daily = read(state, branch, &AsOf::of("")?).await?;
    let id = branch.id;
    let read = state.read(move |store| {
        let head = store.head(id)?;
        Ok((head, store.sum_at(id, head)?.unwrap_or_default()))
    });
    let (head, sum) = read.await.map_err(data::broken)?;
    let counts = serde_json::to_value(&daily.counts).map_err(|error| data::broken(Error::Output(error.into())))?;
    let seen = check::Seen { day: daily.day, heads: check::heads(head, sum), figures: check::figures(&counts) };
    let doc = Class::Board.document(branch.id).ok_or(Problem::NotFound)?;
    let draft = Draft { branch: branch.clone(), doc, author: person.author() };
    let staff = person.staff.clone();
    let signed = state.author(draft, move |edit, names| check::sign(edit, names, &seen, &staff, remarks.trim())).await;
    signed.map_err(Problem::of_writing)
}
