//! One dossier: the customer, everything done for them, who did it, and what lost against a concurrent edit.

use axum::extract::{Path, Query};
use maud::{Markup, html};
use records::{ConflictKind, Field, Kind, Record, Source, Value, View};
use serde::Deserialize;
use vocab::{BranchId, RecordId};

use super::access::Person;
use super::conflicts::{self, Settling, anchor};
use super::data::{self, Opened};
use super::duplicates;
use super::frame::Frame;
use super::history;
use super::layout::Tab;
use super::parts::{self, Sign, Tone, mark, none};
use super::problem::Problem;
use super::values;
use super::words::Words;

/// How deep records may stand inside each other on the page; a chain of references longer than this is cut, not followed.
const DEPTH_MAX: usize = 8;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// `all`: the whole history, not only its latest part.
    #[serde(default)]
    history: String,
}

/// `GET /branches/{branch}/customers/{customer}`
pub(super) async fn page(
    frame: Frame,
    Path((_, customer)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Markup, Problem> {
    let Frame { state, words, person, branch, .. } = &frame;
    let customer: RecordId = customer.parse().map_err(|_| Problem::NotFound)?;
    let opened = data::dossier(state, branch.id, customer.clone()).await?.ok_or(Problem::NotFound)?;
    let view = &opened.view;
    let record = view.record(&customer).ok_or(Problem::NotFound)?;
    let name = record.text("name").unwrap_or(customer.as_str());
    let here = data::dossier_path(branch.id, customer.as_str());
    let settling = Settling::of(person, branch.id, opened.doc, format!("{here}#conflicts"));
    let body = html! {
        p.crumbs { a href=(Tab::Customers.path(branch.id)) { (words.text("pages-tab-customers")) } }
        div.title {
            h1 { (name) }
            span.id.muted { (customer) }
            span.marks {
                @if let Some(grade) = record.text("grade") { (parts::state(words, "grade", grade)) }
                @if record.is_void() { (mark(&words.text("record-void"), Tone::Danger, Sign::Cross)) }
            }
        }
        (disagreements(words, &opened, &settling))
        section.panel aria-labelledby="customer" {
            header { h2 #customer { (words.text("pages-customer-fields")) } (made(words, &opened, record)) }
            div.in id=(customer) { (fields(words, view, record)) (merged(words, person, branch.id, record)) }
        }
        (work(words, &opened, record))
        (without_effect(words, &opened, &settling))
        (history::section(words, &opened, asked.history == "all", &here))
        p.muted.small { (words.text("pages-document")) " " code { (opened.doc) } }
        @if view.unknown > 0 { p.notice { (words.text("pages-unread")) } }
    };
    let title = format!("{name} {customer}");
    Ok(frame.whole(Tab::Customers, &title, body))
}

/// The customers this one was said to be, and a form to take that back.
fn merged(words: &Words, person: &Person, branch: BranchId, record: &Record) -> Markup {
    match record.get("merged_with") {
        Some(Value::Tags(others)) => {
            html! { @for other in others { (duplicates::separate(words, person, branch, &record.id, other)) } }
        }
        _ => html! {},
    }
}

fn disagreements(words: &Words, opened: &Opened, settling: &Settling) -> Markup {
    let open: Vec<_> =
        opened.view.conflicts.iter().filter(|conflict| conflict.kind != ConflictKind::NoEffect).collect();
    if open.is_empty() {
        return html! {};
    }
    html! {
        section.panel #conflicts aria-labelledby="conflicts-title" {
            header {
                h2 #conflicts-title { (words.text("pages-conflicts")) }
                (mark(&open.len().to_string(), Tone::Warn, Sign::Triangle))
                p.muted.small { (words.text("pages-conflicts-lead")) }
            }
            div.in { @for conflict in open { (conflicts::one(words, opened, conflict, settling)) } }
        }
    }
}

fn without_effect(words: &Words, opened: &Opened, settling: &Settling) -> Markup {
    let found: Vec<_> =
        opened.view.conflicts.iter().filter(|conflict| conflict.kind == ConflictKind::NoEffect).collect();
    if found.is_empty() {
        return html! {};
    }
    html! {
        section.panel aria-labelledby="no-effect" {
            header {
                h2 #no-effect { (words.text("pages-no-effect")) }
                p.muted.small { (words.text("pages-no-effect-lead")) }
            }
            div.in { @for conflict in found { (conflicts::one(words, opened, conflict, settling)) } }
        }
    }
}

fn work(words: &Words, opened: &Opened, customer: &Record) -> Markup {
    let view = &opened.view;
    let belongs = |record: &&Record| record.id != customer.id && record.parent() == Some(customer.id.as_str());
    let is_orphan = |record: &&Record| {
        record.id != customer.id
            && record.parent() != Some(customer.id.as_str())
            && !view.records.iter().any(|other| record.parent() == Some(other.id.as_str()))
    };
    let orphans: Vec<_> = view.records.iter().filter(is_orphan).collect();
    let nothing = view.records.len() <= 1;
    html! {
        section.panel aria-labelledby="work" {
            header { h2 #work { (words.text("pages-work")) } }
            @if nothing { p.empty { (words.text("pages-no-work")) } }
            @for record in view.records.iter().filter(belongs) { (entry(words, opened, record, 0)) }
            @if !orphans.is_empty() {
                div.record { h3 { (words.text("pages-unattached")) } }
                @for record in orphans { (entry(words, opened, record, 0)) }
            }
        }
    }
}

/// A record with what belongs to it inside.
fn entry(words: &Words, opened: &Opened, record: &Record, depth: usize) -> Markup {
    let view = &opened.view;
    let children: Vec<_> = view.records.iter().filter(|other| other.parent() == Some(record.id.as_str())).collect();
    let heading = record.text("title").or(record.text("need")).or(record.text("text"));
    html! {
        article.record id=(record.id) aria-label=(format!("{} {}", words.text(record.kind.label), record.id)) {
            header {
                h3 { (words.text(record.kind.label)) }
                span.id.muted { (record.id) }
                span.marks {
                    @if let Some(state) = record.state() { (parts::state(words, data::state_family(record.kind), state)) }
                    @if let Some(urgency) = record.text("urgency") { (parts::state(words, "urgency", urgency)) }
                    @if record.is_void() { (mark(&words.text("record-void"), Tone::Danger, Sign::Cross)) }
                }
                @if let Some(heading) = heading { span.visually-hidden { (heading) } }
                (made(words, opened, record))
            }
            (fields(words, view, record))
            @if !children.is_empty() && depth < DEPTH_MAX {
                div.inner { @for child in children { (entry(words, opened, child, depth + 1)) } }
            }
        }
    }
}

/// Who made a record, when and where.
fn made(words: &Words, opened: &Opened, record: &Record) -> Markup {
    html! { span.end.muted.small { (words.text("pages-created")) " " (words.time(record.created.at)) " " (opened.who(words, &record.created)) } }
}

/// Whether the frame of a record already says what a field would say.
fn told_by_frame(kind: &Kind, field: &Field) -> bool {
    field.source == Source::Id
        || kind.state_field == Some(field.name)
        || field.name == "urgency"
        || field.name == "void"
}

fn fields(words: &Words, view: &View, record: &Record) -> Markup {
    let shown = record.kind.fields.iter().filter(|field| !told_by_frame(record.kind, field)).filter(|field| {
        // What follows from events appears when it has happened; what people fill in shows that it is missing.
        let expected = matches!(field.source, Source::Person | Source::Once) && field.name != "legacy_id";
        record.get(field.name).is_some() || expected
    });
    html! {
        dl.fields {
            @for field in shown {
                div.wide[values::wide(field)] data-key=(field.name) {
                    dt { (words.text(field.label)) }
                    dd {
                        @match record.get(field.name) {
                            Some(found) => (values::value(words, field, found)),
                            None => (none(words)),
                        }
                        (lost(words, view, record, field.name))
                    }
                }
            }
        }
    }
}

/// A hint under a field whose value others wrote at the same time.
fn lost(words: &Words, view: &View, record: &Record, field: &str) -> Markup {
    let found = view.conflicts.iter().find(|conflict| {
        conflict.kind == ConflictKind::Conflict && conflict.record == record.id && conflict.field == field
    });
    let Some(conflict) = found else { return html! {} };
    let others = conflict.candidates.iter().filter(|candidate| !candidate.effective).count();
    html! {
        div.lost { a href=(format!("#{}", anchor(&conflict.id))) { (words.with("pages-conflict-here", &[("count", others.into())])) } }
    }
}
