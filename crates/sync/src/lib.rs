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
//!             DeviceEffect::AdoptFeed { epoch, cursor, why } => store.put_feed(epoch, cursor)?,
//!             DeviceEffect::Recall(seen) => session.handle_recalled(store.holds(seen.doc, seen.hash)?, tick()),
//!             DeviceEffect::ReadOutbox { after, bytes_max } => session.handle_outbox(store.outbox(after, bytes_max)?, tick()),
//!             DeviceEffect::Commit { arrivals, cursor } => session.handle_committed(store.commit(arrivals, cursor)?, tick()),
//!             DeviceEffect::Settle { verdicts, cursor } => store.settle(&verdicts, cursor)?, // one transaction
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
//!             RelayEffect::ReadFeed { branch, after, bytes_max, skip } => {
//!                 session.handle_feed(feed.read(branch, after, bytes_max, skip).await?, tick());
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
//!         verdicts = appended.recv() => session.handle_appended(verdicts, tick()),
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
mod relay;
mod report;
mod sign;
mod tick;
mod types;
pub mod wire;

pub use backoff::{BACKOFF_MS_MAX, BACKOFF_MS_MIN, backoff_ms};
pub use code::Code;
pub use device::{
    AdoptReason, Arrival, DeviceConfig, DeviceEffect, DeviceSession, EnrolmentRequest, Form, Mode, OutboxBatch,
    OutboxEntry, Outcome, Start,
};
pub use inspect::{Malformed, inspect};
pub use live::LiveBatch;
pub use relay::{FeedBatch, FeedDocument, FeedForm, RelayConfig, RelayCounters, RelayEffect, RelaySession, Submission};
pub use report::Report;
pub use sign::{DeviceSecret, Nonce};
pub use tick::Tick;
pub use types::{Admission, Claim, EnrolRequest, Membership, Progress, Seen};
