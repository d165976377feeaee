//! Devices as programs are told of them, and what is known of them only while the relay runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use readmodel::views::UnseenDevice;
use serde::Serialize;
use store::Device;
use vocab::{DeviceCode, DeviceKey, Role, Staff, Timestamp};

/// A device as `device list --json` and `/api/v1/branches/{branch}/devices` show it.
#[derive(Serialize)]
pub(crate) struct ShownDevice {
    pub(crate) code: DeviceCode,
    pub(crate) key: DeviceKey,
    pub(crate) name: String,
    pub(crate) branch: String,
    pub(crate) staff: Staff,
    pub(crate) role: Role,
    pub(crate) enrolled_at: Timestamp,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) last_seen_at: Option<Timestamp>,
    pub(crate) app: Option<String>,
    /// Changes of its branch it does not hold, as far as it said.
    pub(crate) lag: Option<u64>,
    /// Changes that wait in its outbox, as it said.
    pub(crate) outbox: Option<u64>,
    /// The relay's time minus its wall clock.
    pub(crate) clock_offset_ms: Option<i64>,
    /// Up to where it holds the feed, as it said.
    pub(crate) position: Option<u64>,
    /// What it did since the relay started; known to that relay only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) marks: Option<Marks>,
}

impl ShownDevice {
    /// A device of the branch named `branch` whose feed's head is `head`.
    pub(crate) fn of(device: Device, branch: String, head: u64) -> Self {
        let report = device.report;
        ShownDevice {
            code: device.code,
            key: device.key,
            name: device.name,
            branch,
            staff: device.staff,
            role: device.role,
            enrolled_at: device.enrolled_at,
            revoked_at: device.revoked_at,
            last_seen_at: report.as_ref().map(|report| report.at),
            lag: report.as_ref().map(|report| head.saturating_sub(report.cursor.base.get())),
            outbox: report.as_ref().map(|report| report.outbox),
            clock_offset_ms: report.as_ref().map(|report| report.clock_offset_ms),
            position: report.as_ref().map(|report| report.cursor.base.get()),
            app: report.map(|report| report.app),
            marks: None,
        }
    }
}

/// A device not heard of for so long is pointed out (domain, section 7: daily check): 24 hours, in milliseconds.
const SILENT_MS: i64 = 24 * 60 * 60 * 1_000;

/// The moment before which a device that was last heard of counts as silent.
pub(crate) fn silent_before(now: Timestamp) -> Timestamp {
    now.plus_millis(-SILENT_MS)
}

/// The devices that were not seen for a day before `as_of`, as far as the relay knows now; those longest silent first.
pub(crate) fn unseen(devices: Vec<Device>, as_of: Timestamp) -> Vec<UnseenDevice> {
    let silent = devices.into_iter().filter(|device| device.revoked_at.is_none() && device.enrolled_at <= as_of);
    let silent = silent.filter_map(|device| {
        let since = device.report.as_ref().map(|report| report.at);
        let heard = since.unwrap_or(device.enrolled_at);
        let name = format!("{} {}", device.code, device.name);
        (heard < silent_before(as_of)).then(|| UnseenDevice {
            device: name.trim_end().to_owned(),
            staff: Some(device.staff.to_string()),
            since,
        })
    });
    let mut silent: Vec<UnseenDevice> = silent.collect();
    silent.sort_by(|a, b| (a.since, &a.device).cmp(&(b.since, &b.device)));
    silent
}

/// What devices did to find out what differs, since the relay started.
#[derive(Default)]
pub(crate) struct Fleet(Mutex<BTreeMap<DeviceKey, Marks>>);

/// What one device did. There is one for each registered device at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Marks {
    /// How many of its connections reconcile now.
    pub(crate) reconciling: u32,
    /// When it last found its sum to be another than the relay's and came to reconcile.
    pub(crate) suspected_at: Option<Timestamp>,
    /// When it last came to the end of reconciling.
    pub(crate) reconciled_at: Option<Timestamp>,
    /// Changes and tombstones it brought back that the relay had lost.
    pub(crate) brought_back: u64,
}

/// A device reconciles; until dropped.
pub(crate) struct Reconciling {
    fleet: Arc<Fleet>,
    device: DeviceKey,
}

impl Fleet {
    /// What `device` did.
    pub(crate) fn marks(&self, device: &DeviceKey) -> Marks {
        self.lock().get(device).copied().unwrap_or_default()
    }

    /// Notes that `device` begins to reconcile.
    pub(crate) fn reconcile(self: &Arc<Self>, device: DeviceKey, suspected_at: Option<Timestamp>) -> Reconciling {
        let mut marks = self.lock();
        let marks = marks.entry(device).or_default();
        marks.reconciling += 1;
        marks.suspected_at = suspected_at.or(marks.suspected_at);
        Reconciling { fleet: Arc::clone(self), device }
    }

    /// Notes that `device` brought `count` changes back.
    pub(crate) fn restored(&self, device: DeviceKey, count: u64) {
        self.lock().entry(device).or_default().brought_back += count;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceKey, Marks>> {
        // Every critical section leaves the marks consistent, so a poisoned lock means nothing here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reconciling {
    /// It came to its end.
    pub(crate) fn done(self, at: Timestamp) {
        self.fleet.lock().entry(self.device).or_default().reconciled_at = Some(at);
    }
}

impl Drop for Reconciling {
    fn drop(&mut self) {
        if let Some(marks) = self.fleet.lock().get_mut(&self.device) {
            marks.reconciling = marks.reconciling.saturating_sub(1);
        }
    }
}
