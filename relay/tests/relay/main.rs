//! A relay on a real socket, and devices whose other half is real too.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod api;
mod commands;
mod derived;
mod device;
mod erasing;
mod exchange;
mod hostile;
mod limits;
mod openapi;
mod policy;
mod process;
mod reconciling;
mod review;
mod running;
