//! What the relay counts, as Prometheus reads it.
//!
//! Branches are labelled by id and never by name: `/metrics` asks nobody to sign in.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use store::{Branch, Documents, Registry};
use vocab::{BranchId, Position, Verdict};

use crate::{AppState, Error, ticks};

/// A number that only grows.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts since the relay started.
#[derive(Default)]
pub(crate) struct Metrics {
    /// Connections that were opened.
    pub(crate) connections_opened: Counter,
    /// Connections refused before or during the handshake, or for breaking the protocol.
    pub(crate) connections_refused: Counter,
    /// Connections that came over a limit and were turned away at the door.
    pub(crate) connections_turned_away: Counter,
    /// Times that a connection was not read for a while because it sent too fast.
    pub(crate) reads_paused: Counter,
    /// Changes taken into a feed.
    pub(crate) changes_accepted: Counter,
    /// Changes that were in the feed already.
    pub(crate) changes_had: Counter,
    /// Changes refused.
    pub(crate) changes_refused: Counter,
    /// Changes and tombstones that devices brought back.
    pub(crate) changes_restored: Counter,
    /// Bytes of frames received.
    pub(crate) bytes_received: Counter,
    /// Bytes of frames sent.
    pub(crate) bytes_sent: Counter,
    /// Transactions that committed pushes.
    pub(crate) commits: Counter,
    /// Live batches encoded.
    pub(crate) batches_encoded: Counter,
    /// Sessions that fell behind the live batches and went back to reading the feed.
    pub(crate) sessions_lagged: Counter,
}

/// `GET /metrics`.
pub(crate) async fn show(State(state): State<AppState>) -> Response {
    let hub = Arc::clone(state.hub());
    let gauges = state.read_feeds(move |store| {
        let now = ticks::wall();
        let gauge = |branch: Branch| -> Result<BranchGauge, Error> {
            let counts = store.counts(branch.id)?;
            let devices = store.devices(Some(branch.id))?;
            let cursors = devices.iter().filter(|device| device.revoked_at.is_none());
            Ok(BranchGauge {
                branch: branch.id,
                head: counts.head,
                behind: counts.behind,
                lag_ms: counts
                    .behind_since
                    .map_or(0, |since| u64::try_from(now.millis() - since.millis()).unwrap_or(0)),
                quarantined: counts.quarantined,
                connected: hub.devices(branch.id).len(),
                slowest_cursor: cursors
                    .map(|device| device.report.as_ref().map_or(Position::START, |report| report.cursor.base))
                    .min(),
            })
        };
        store.branches()?.into_iter().map(gauge).collect::<Result<Vec<_>, _>>()
    });
    match gauges.await {
        Ok(gauges) => {
            let page = state.metrics().render(state.admission().crowd().len(), &gauges);
            ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page).into_response()
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the metrics cannot be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Where one branch stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BranchGauge {
    pub(crate) branch: BranchId,
    /// The feed's head.
    pub(crate) head: Position,
    /// Documents whose saved form and rows are behind the feed.
    pub(crate) behind: u64,
    /// For how long the oldest of them has been, in milliseconds.
    pub(crate) lag_ms: u64,
    /// Documents set aside because they cannot be applied.
    pub(crate) quarantined: u64,
    /// Devices connected.
    pub(crate) connected: usize,
    /// The least advanced cursor among its devices that are not revoked, when it has any.
    pub(crate) slowest_cursor: Option<Position>,
}

impl Metrics {
    /// Counts what became of one pushed change.
    pub(crate) fn verdict(&self, verdict: Verdict) {
        match verdict {
            Verdict::Accepted(_) => self.changes_accepted.add(1),
            Verdict::Had(_) => self.changes_had.add(1),
            Verdict::Refused(_) => self.changes_refused.add(1),
        }
    }

    /// Everything in Prometheus' text format.
    pub(crate) fn render(&self, connections: usize, branches: &[BranchGauge]) -> String {
        let mut page = Page::default();
        page.one("connections", "gauge", "Connections open now", as_number(connections));
        let counters = [
            ("connections_opened_total", "Connections opened", &self.connections_opened),
            ("connections_refused_total", "Connections refused with a reason", &self.connections_refused),
            ("connections_turned_away_total", "Connections over a limit", &self.connections_turned_away),
            ("reads_paused_total", "Rests of connections that sent too fast", &self.reads_paused),
            ("bytes_received_total", "Bytes of frames received", &self.bytes_received),
            ("bytes_sent_total", "Bytes of frames sent", &self.bytes_sent),
            ("changes_restored_total", "Changes and tombstones that devices brought back", &self.changes_restored),
            ("commits_total", "Transactions that committed pushes", &self.commits),
            ("batches_encoded_total", "Live batches encoded", &self.batches_encoded),
            ("sessions_lagged_total", "Sessions that fell behind the live batches", &self.sessions_lagged),
        ];
        for (name, help, counter) in counters {
            page.one(name, "counter", help, counter.get());
        }
        page.head("changes_total", "counter", "Pushed changes by verdict");
        for (verdict, counter) in
            [("accepted", &self.changes_accepted), ("had", &self.changes_had), ("refused", &self.changes_refused)]
        {
            page.line("changes_total", "verdict", verdict, counter.get());
        }
        let gauges: [Gauge; 6] = [
            ("feed_head", "Position of the latest change", |gauge| gauge.head.get()),
            ("feed_lag_max", "Changes the slowest device lacks", |gauge| {
                gauge.slowest_cursor.map_or(0, |cursor| gauge.head.get().saturating_sub(cursor.get()))
            }),
            ("materializer_behind", "Documents whose rows are behind the feed", |gauge| gauge.behind),
            ("materializer_lag_ms", "For how long the oldest of them has been, in milliseconds", |gauge| gauge.lag_ms),
            ("documents_quarantined", "Documents set aside", |gauge| gauge.quarantined),
            ("devices_connected", "Devices connected", |gauge| as_number(gauge.connected)),
        ];
        for (name, help, value) in gauges {
            page.head(name, "gauge", help);
            for gauge in branches {
                page.line(name, "branch", &gauge.branch.to_string(), value(gauge));
            }
        }
        page.0
    }
}

/// Name, help and value of a figure that each branch has.
type Gauge = (&'static str, &'static str, fn(&BranchGauge) -> u64);

fn as_number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ok = write!(self.0, "# HELP fieldbook_relay_{name} {help}.\n# TYPE fieldbook_relay_{name} {kind}\n");
    }

    fn line(&mut self, name: &str, label: &str, value: &str, number: u64) {
        let _ok = writeln!(self.0, "fieldbook_relay_{name}{{{label}=\"{value}\"}} {number}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, number: u64) {
        self.head(name, kind, help);
        let _ok = writeln!(self.0, "fieldbook_relay_{name} {number}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_head_and_lag_of_each_branch() {
        let metrics = Metrics::default();
        metrics.verdict(Verdict::Accepted(Position::new(1)));
        let branch = BranchId::from_bytes([7; 16]);
        let page = metrics.render(
            3,
            &[BranchGauge {
                branch,
                head: Position::new(10),
                behind: 2,
                lag_ms: 30,
                quarantined: 0,
                connected: 2,
                slowest_cursor: Some(Position::new(4)),
            }],
        );
        for line in [
            "fieldbook_relay_connections 3".to_owned(),
            "fieldbook_relay_changes_total{verdict=\"accepted\"} 1".to_owned(),
            format!("fieldbook_relay_feed_head{{branch=\"{branch}\"}} 10"),
            format!("fieldbook_relay_materializer_behind{{branch=\"{branch}\"}} 2"),
            format!("fieldbook_relay_feed_lag_max{{branch=\"{branch}\"}} 6"),
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
    }
}
