//! The device's end.
mod effect;
pub use effect::{
    AdoptReason, Arrival, DeviceConfig, DeviceEffect, EnrolmentRequest, Form, Mode, OutboxBatch, OutboxEntry, Outcome,
    Start,
};
