//! The protocol between a device and its relay: numbered frames, and the two ends as state machines without I/O.
//!
//! `PROTOCOL.md` in this crate is the specification; this crate is one implementation of it. It is schema-blind: it
//! knows documents as bytes and changes by what [`inspect`] reads from their headers. It is storage-blind: what to read and
//! what to commit are *effects*, data that a driver performs. There is no clock and no randomness here: both are arguments.
//!
//! # Driving a device session
//!
//! The driver owns the socket and the store. It performs effects strictly in the order they are polled, and drops the
//! session when one fails: everything committed so far is consistent, and the next session goes on from there.
//!
//! ```text
//! let mut session = DeviceSession::sync(config, secret, start, tick());
//! let outcome = loop {
//!     while let Some(effect) = session.poll_effect() {
//!         match effect {
//!             DeviceEffect::Send(frame) => socket.send(frame).await?,
//!             DeviceEffect::LearnTime { relay_time, round_trip_ms } => store.learn_time(relay_time, round_trip_ms, wall())?,
//!             DeviceEffect::Admitted(membership) => store.put_membership(&membership)?,
//!             DeviceEffect::AdoptFeed { epoch, cursor, ahead, why } => store.put_feed(epoch, cursor, ahead, why)?,
//!             DeviceEffect::Recall(seen) => session.handle_recalled(store.holds(seen.doc, seen.hash)?, tick()),
//!             DeviceEffect::ReadOutbox { after, bytes_max } => session.handle_outbox(store.outbox(after, bytes_max)?, tick()),
//!             DeviceEffect::Commit { arrivals, cursor, owed, ahead } => {
//!                 let (changed, sum) = store.commit(arrivals, cursor, owed, ahead)?; // one transaction
//!                 session.handle_committed(changed, sum, tick());
//!             }
//!             DeviceEffect::Settle { verdicts, cursor, ahead } => {
//!                 session.handle_settled(store.settle(&verdicts, cursor, ahead)?, tick()); // one transaction
//!             }
//!             DeviceEffect::ReadBook => session.handle_book(store.book()?, tick()),
//!             DeviceEffect::ReadHashes { docs, hashes_max } => {
//!                 session.handle_hashes(store.hashes(&docs, hashes_max)?, tick());
//!             }
//!             DeviceEffect::ReadRestore { wants, bytes_max } => {
//!                 let (items, left) = store.restore(wants, bytes_max)?;
//!                 session.handle_restore(items, left, tick());
//!             }
//!             DeviceEffect::SettleRestored { refused, tombstones } => {
//!                 session.handle_settled(store.settle_restored(refused, tombstones)?, tick()); // one transaction
//!             }
//!             DeviceEffect::End(outcome) => { socket.close().await; break outcome }
//!         }
//!     }
//!     select! {
//!         frame = socket.next() => match frame {
//!             Some(Ok(Binary(bytes))) => session.handle_frame(&bytes, tick()),
//!             _ => session.handle_closed(tick()),
//!         },
//!         () = sleep_until(session.poll_timeout()) => session.handle_timeout(tick()),
//!         () = store.outbox_grew() => session.handle_outbox_grew(tick()),
//!         () = interrupted() => session.handle_leave(tick()),
//!     }
//! };
//! let report = session.report();
//! ```
//!
//! # Driving a relay session
//!
//! One task per connection, one thread that owns the store, one queue per connection for what other connections accepted.
//! Answers may come later; the session says with [`RelaySession::poll_effect`] what it can do meanwhile.
//!
//! ```text
//! let mut session = RelaySession::new(config, nonce, tick());
//! loop {
//!     while let Some(effect) = session.poll_effect() {
//!         match effect {
//!             RelayEffect::Send(frame) => { socket.send(frame).await?; session.handle_sent(tick()) }
//!             RelayEffect::Authenticate(claim) => session.handle_admission(registry.admit(&claim).await, tick()),
//!             RelayEffect::Enrol(request) => session.handle_enrolment(registry.enrol(&request).await, tick()),
//!             RelayEffect::Append { branch, submissions, .. } => feed.append(branch, submissions), // answered below, in order
//!             RelayEffect::ReadFeed { branch, after, owed, large_bytes, bytes_max, skip } => {
//!                 session.handle_feed(feed.read(branch, after, owed, large_bytes, bytes_max, skip).await?, tick());
//!             }
//!             RelayEffect::ReadRanges { branch, queries } => {
//!                 session.handle_ranges(feed.ranges(branch, queries).await?, tick());
//!             }
//!             RelayEffect::Compare { branch, asks, bytes_max } => {
//!                 session.handle_compared(feed.compare(branch, asks, bytes_max).await?, tick());
//!             }
//!             RelayEffect::Restore { branch, device, items } => {
//!                 session.handle_restored(feed.restore(branch, device, items).await?, tick()); // once it is durable
//!             }
//!             RelayEffect::ReportProgress(progress) => registry.report(device, progress),
//!             RelayEffect::Close(code) => return socket.close().await,
//!         }
//!     }
//!     select! {
//!         frame = socket.next() => match frame {
//!             Some(Ok(Binary(bytes))) => session.handle_frame(&bytes, tick()),
//!             _ => session.handle_closed(tick()),
//!         },
//!         appended = appended.recv() => session.handle_appended(appended, tick()),
//!         batch = live.recv() => session.handle_live(&batch, tick()),          // every accepted batch of the branch, in feed order
//!         () = sleep_until(session.poll_timeout()) => session.handle_timeout(tick()),
//!         () = shutting_down() => session.shut(Code::Unavailable, tick()),     // also when the store fails, or a device is revoked
//!     }
//! }
//! ```
//!
//! Live batches are best delivered in feed order with the answer to an append at its own place in that order: then no
//! device gets its own changes back. In any other order everything still arrives: a session that cannot continue exactly
//! where its device stands reads the feed instead.

mod backoff;
mod code;
mod device;
mod inspect;
pub mod limits;
mod live;
mod reconcile;
mod relay;
mod report;
mod sign;
mod tick;
mod tombstone;
mod types;
pub mod wire;

pub use backoff::{BACKOFF_MS_MAX, BACKOFF_MS_MIN, backoff_ms};
pub use code::Code;
pub use device::{
    AdoptReason, Arrival, DeviceConfig, DeviceEffect, DeviceSession, EnrolmentRequest, Form, Mode, OutboxBatch,
    OutboxEntry, Outcome, Start,
};
pub use inspect::{Malformed, inspect};
pub use live::{LiveBatch, LiveForm};
pub use reconcile::{Answer, Ask, Known, Wanted, answer_range};
pub use relay::{
    Appended, Compared, FeedBatch, FeedDocument, FeedForm, RelayConfig, RelayCounters, RelayEffect, RelaySession,
    Restoration, RestoreForm, Restored, Submission,
};
pub use report::{ReconcileReport, Report};
pub use sign::{DeviceSecret, Nonce};
pub use tick::Tick;
pub use tombstone::{sign_tombstone, verify_tombstone};
pub use types::{Admission, Claim, EnrolRequest, Membership, Plan, Progress, Seen};
pub use wire::Windows;
