//! Devices as programs are told of them.

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
            app: report.map(|report| report.app),
        }
    }
}
