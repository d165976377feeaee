//! The fleet of a branch: which devices there are, when they were last here, and how far they hold the feed.

use maud::{Markup, html};
use store::Device;
use vocab::{Position, Timestamp, Tombstone};

use super::data::{self, Found};
use super::frame::Frame;
use super::layout::Tab;
use super::parts::{self, Sign, Tone, cell, mark, none};
use super::problem::Problem;
use super::words::{Words, grouped};
use crate::fleet::{Marks, silent_before};

/// Erasures shown below the devices; `fieldbook-relay erased` lists all.
const ERASED_SHOWN_MAX: usize = 50;

/// A clock less than this far off is called right: two seconds cannot put two entries of people into the wrong order.
const CLOCK_RIGHT_MS: u64 = 2_000;

/// `GET /branches/{branch}/devices`
pub(super) async fn list(frame: Frame) -> Result<Markup, Problem> {
    let Frame { state, words, branch, .. } = &frame;
    let (devices, head) = data::fleet(state, branch.id).await?;
    let erased = data::erased(state, branch.id, ERASED_SHOWN_MAX).await?;
    let lines: Vec<(Device, Marks)> = devices
        .into_iter()
        .map(|device| {
            let marks = state.fleet().marks(&device.key);
            (device, marks)
        })
        .collect();
    let title = words.text("pages-devices");
    let body = html! {
        div.title {
            h1 { (title) }
            span.muted.number { (lines.len()) }
            span.muted { (words.text("pages-feed-head")) " " span.number { (grouped(head.get())) } }
        }
        section.panel aria-label=(title) {
            @if lines.is_empty() {
                p.empty { (words.text("pages-devices-empty")) }
            } @else {
                (table(words, &lines, head, data::now()))
            }
        }
        (erasures(words, &erased))
    };
    Ok(frame.whole(Tab::Devices, &title, body))
}

fn table(words: &Words, lines: &[(Device, Marks)], head: Position, now: Timestamp) -> Markup {
    let columns = [
        "pages-device",
        "pages-device-staff",
        "pages-device-version",
        "pages-device-seen",
        "pages-device-cursor",
        "pages-device-outbox",
        "pages-device-clock",
        "pages-device-state",
    ]
    .map(|key| words.text(key));
    let classes = ["", "", "", "", "right", "right", "", ""];
    let heads: Vec<(&str, &str)> = columns.iter().map(String::as_str).zip(classes).collect();
    html! {
        div.scroll { table.cards role="table" {
            (parts::head(&heads))
            tbody role="rowgroup" {
                @for (device, marks) in lines {
                    tr role="row" data-key=(device.key) {
                        th role="rowheader" scope="row" { span.id { (device.code) } " " (device.name) }
                        (cell(&columns[1], "", html! { (device.staff) " " span.muted { (words.code("role", device.role.code())) } }))
                        @match &device.report {
                            Some(report) => {
                                (cell(&columns[2], "", html! { (report.app) }))
                                (cell(&columns[3], "", html! { (words.time(report.at)) }))
                                (cell(&columns[4], "number right", html! { (behind(words, head, report.cursor.base)) " " span.muted.small { (grouped(report.cursor.base.get())) } }))
                                (cell(&columns[5], "number right", outbox(report.outbox)))
                                (cell(&columns[6], "", clock(words, report.clock_offset_ms)))
                            }
                            None => {
                                (cell(&columns[2], "", none(words)))
                                (cell(&columns[3], "", html! { span.muted { (words.text("pages-device-never")) } }))
                                (cell(&columns[4], "number right", none(words)))
                                (cell(&columns[5], "number right", none(words)))
                                (cell(&columns[6], "", none(words)))
                            }
                        }
                        (cell(&columns[7], "", html! { (standing(words, device, now)) (comparing(words, marks)) }))
                    }
                }
            }
        } }
    }
}

fn behind(words: &Words, head: Position, base: Position) -> Markup {
    match head.get().saturating_sub(base.get()) {
        0 => html! { span title=(words.text("pages-lag-none")) { "0" } },
        changes => mark(&grouped(changes), Tone::Warn, Sign::Half),
    }
}

fn outbox(waiting: u64) -> Markup {
    if waiting == 0 {
        html! { "0" }
    } else {
        mark(&grouped(waiting), Tone::Warn, Sign::Half)
    }
}

/// `offset_ms` is the relay's time minus the device's: above zero the device's clock is behind.
fn clock(words: &Words, offset_ms: i64) -> Markup {
    if offset_ms.unsigned_abs() < CLOCK_RIGHT_MS {
        return html! { (words.text("pages-device-clock-right")) };
    }
    let key = if offset_ms > 0 { "pages-device-clock-behind" } else { "pages-device-clock-ahead" };
    mark(&words.with(key, &[("span", words.span(offset_ms).into())]), Tone::Warn, Sign::Triangle)
}

fn standing(words: &Words, device: &Device, now: Timestamp) -> Markup {
    if let Some(at) = device.revoked_at {
        return html! { (mark(&words.text("pages-device-revoked"), Tone::Danger, Sign::Cross)) " " span.muted.small { (words.time(at)) } };
    }
    let heard = device.report.as_ref().map_or(device.enrolled_at, |report| report.at);
    if heard < silent_before(now) {
        let span = words.span(now.millis() - heard.millis());
        return mark(&words.with("pages-device-silent", &[("span", span.into())]), Tone::Warn, Sign::Triangle);
    }
    mark(&words.text("pages-device-active"), Tone::Ok, Sign::Full)
}

/// What the device does, or did since the relay started, to find out what differs.
fn comparing(words: &Words, marks: &Marks) -> Markup {
    html! {
        @if marks.reconciling > 0 {
            " " (mark(&words.text("pages-device-reconciling"), Tone::Warn, Sign::Half))
        }
        @if let Some(at) = marks.suspected_at {
            " " span.muted.small { (words.text("pages-device-suspected")) " " (words.time(at)) }
        }
        @if let Some(at) = marks.reconciled_at {
            " " span.muted.small { (words.text("pages-device-reconciled")) " " (words.time(at)) }
        }
        @if marks.brought_back > 0 {
            " " span.muted.small { (words.with("pages-device-brought-back", &[("count", marks.brought_back.into())])) }
        }
    }
}

fn erasures(words: &Words, erased: &Found<Tombstone>) -> Markup {
    let columns = ["pages-erased-at", "pages-document", "pages-erased-why"].map(|key| words.text(key));
    let heads: Vec<(&str, &str)> = columns.iter().map(|column| (column.as_str(), "")).collect();
    html! {
        section.panel aria-labelledby="erased" {
            header { h2 #erased { (words.text("pages-erased")) } span.muted.number { (grouped(erased.total)) } }
            @if erased.rows.is_empty() {
                p.empty { (words.text("pages-erased-none")) }
            } @else {
                div.scroll { table.cards role="table" {
                    (parts::head(&heads))
                    tbody role="rowgroup" {
                        @for tombstone in &erased.rows {
                            tr role="row" data-key=(tombstone.doc) {
                                th role="rowheader" scope="row" { (words.time(tombstone.at)) }
                                (cell(&columns[1], "", html! { span.id { (tombstone.doc) } }))
                                (cell(&columns[2], "", html! { (tombstone.why) }))
                            }
                        }
                    }
                } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocab::Lang;

    #[test]
    fn a_clock_is_judged_from_the_devices_side() {
        let words = Words::of(Lang::En);
        assert_eq!(clock(&words, 1_999).into_string(), "right");
        assert!(clock(&words, 90_000).into_string().contains("1 min 30 s behind"));
        assert!(clock(&words, -90_000).into_string().contains("1 min 30 s ahead"));
    }

    #[test]
    fn a_cursor_never_shows_a_negative_lag() {
        let words = Words::of(Lang::En);
        assert!(behind(&words, Position::new(3), Position::new(5)).into_string().contains('0'));
        assert!(behind(&words, Position::new(5), Position::new(3)).into_string().contains('2'));
    }
}
