//! Calendars that other programs read (RFC 5545), written to a file: what is due as to-dos, visits as days.
//!
//! Asked again, the same thing has the same UID, so a calendar that takes the file in a second time updates its entry. Times
//! are in UTC, a visit is a whole day on the branch's calendar.

use std::path::Path;

use device::DeviceError;
use device::views::{Due, DueItem};
use icalendar::{Calendar, Component, Event, Property, Todo};
use messages::{Arg, Catalogue};
use serde_json::Value;
use vocab::Timestamp;

use crate::command_error::CommandError;
use crate::due_view;
use crate::record_view::id_of;

/// What UIDs end with.
const DOMAIN: &str = "fieldbook";

/// What is due, a to-do each. `branch` tells the limits of one board from those of another.
pub(crate) fn of_due(texts: &Catalogue, due: &Due, branch: &str) -> Calendar {
    let mut calendar = empty(texts);
    for item in &due.items {
        let summary =
            [due_view::limit(texts, item), item.record.as_ref().map_or_else(String::new, ToString::to_string)];
        let mut todo = Todo::new();
        todo.uid(&uid(item, branch)).summary(summary.join(" ").trim()).description(&described(texts, item));
        todo.add_property("DTSTAMP", stamp(due.as_of)).add_property("DUE", stamp(item.due));
        let priority = match item.urgency.as_deref() {
            Some("high") => 1,
            Some("medium") => 5,
            Some("low") => 9,
            _ => 0,
        };
        todo.priority(priority);
        match item.end {
            Some(end) => todo.add_property("STATUS", "COMPLETED").add_property("COMPLETED", stamp(end)),
            None => todo.add_property("STATUS", "NEEDS-ACTION"),
        };
        calendar.push(todo.done());
    }
    calendar
}

/// A limit of a record has one instant at which it began.
fn uid(item: &DueItem, branch: &str) -> String {
    let record = item.record.as_ref().map_or(branch, |record| record.as_str());
    let part = item.part.as_deref().unwrap_or("all");
    format!("{record}-{}-{part}-{}@{DOMAIN}", item.code.code(), item.from.millis())
}

fn described(texts: &Catalogue, item: &DueItem) -> String {
    let mut lines = vec![texts.text(&format!("limit_state-{}", item.state.code()), &[])];
    lines.push(due_view::whose(texts, item));
    lines.extend(item.customer.as_ref().map(ToString::to_string));
    lines.join("\n")
}

/// Visits, a day each. Cancelled ones are told, so that a calendar that has them takes them out.
pub(crate) fn of_visits(texts: &Catalogue, visits: &[Value], as_of: Timestamp) -> Calendar {
    let mut calendar = empty(texts);
    for visit in visits {
        let Some(day) = visit["done_on"].as_str().or_else(|| visit["planned_on"].as_str()) else { continue };
        let text = |name: &str| visit[name].as_str().unwrap_or_default();
        let kind = texts.text(&format!("enum-visit_kind-{}", text("visit_kind")), &[]);
        let summary = [kind.as_str(), text("purpose"), text("customer_id")];
        let summary: Vec<&str> = summary.into_iter().filter(|part| !part.is_empty()).collect();
        let mut event = Event::new();
        event.uid(&format!("{}@{DOMAIN}", id_of(visit))).summary(&summary.join(" "));
        event.add_property("DTSTAMP", stamp(as_of));
        event.append_property(Property::new("DTSTART", day.replace('-', "")).add_parameter("VALUE", "DATE").done());
        event.add_property("TRANSP", "TRANSPARENT");
        if !text("staff").is_empty() {
            event.description(text("staff"));
        }
        let cancelled = text("state") == "cancelled" || visit["void"] == Value::Bool(true);
        event.add_property("STATUS", if cancelled { "CANCELLED" } else { "CONFIRMED" });
        calendar.push(event.done());
    }
    calendar
}

fn empty(texts: &Catalogue) -> Calendar {
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0"));
    calendar.append_property(("PRODID", "-//Fieldbook//fieldbook//EN"));
    calendar.append_property(("CALSCALE", "GREGORIAN"));
    calendar.append_property(Property::new("X-WR-CALNAME", texts.text("cli-calendar-name", &[])));
    calendar
}

/// `20240502T010000Z`.
fn stamp(time: Timestamp) -> String {
    let text = time.to_string();
    let seconds: String = text.split(['.', 'Z']).next().unwrap_or_default().replace(['-', ':'], "");
    format!("{seconds}Z")
}

/// Writes a calendar; how many entries it has.
pub(crate) fn write(calendar: &Calendar, path: &Path) -> Result<usize, CommandError> {
    std::fs::write(path, calendar.to_string())
        .map_err(|source| DeviceError::File { path: path.to_path_buf(), source })?;
    Ok(calendar.components.len())
}

/// What a written calendar is told with: to people, or as JSON.
pub(crate) fn told(path: &Path, entries: usize) -> (Value, [(&'static str, Arg); 2]) {
    let shown = path.display().to_string();
    let json = serde_json::json!({ "path": shown, "entries": entries });
    (json, [("entries", Arg::from(entries)), ("path", shown.into())])
}
