//! Joining a branch, for the first time or again.
//!
//! A relay that lost its disk does not know its devices any more. Each then enrols again, with a new invite, and brings
//! back what it holds at the next exchange. Nothing on the device is wiped for that: the key, the book, the outbox and the
//! counters stay.

use sync::{DeviceEffect, DeviceSession, Mode, Outcome};

use crate::DeviceError;
use crate::engine::Engine;
use crate::exchange::{PATIENCE, at, lost, send};
use crate::home::{Device, Membership};
use crate::link::Link;
use crate::outside::Stopwatch;

/// Whether a device that belongs to a branch may join one anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejoin {
    /// When the relay it belongs to does not know it any more: it lost its disk.
    WhenForgotten,
    /// In any case: the person said so.
    Always,
}

impl Device {
    /// Joins the branch that `invite` belongs to at `relay`. A device that belongs to a branch already joins anew under the
    /// conditions of `rejoin`; it keeps its book, and the branch gets what it lacks of it.
    ///
    /// # Errors
    /// [`DeviceError::AlreadyEnrolled`], [`DeviceError::Refused`] with the reason, [`DeviceError::Unreachable`].
    pub async fn enrol(
        &mut self,
        relay: &str,
        invite: &str,
        name: &str,
        rejoin: Rejoin,
    ) -> Result<Membership, DeviceError> {
        if let Some(membership) = self.membership()? {
            let same = relay.trim_end_matches('/') == membership.relay.trim_end_matches('/');
            let may = rejoin == Rejoin::Always || (same && self.is_forgotten(relay).await?);
            if !may {
                return Err(DeviceError::AlreadyEnrolled { branch: membership.branch_name, relay: membership.relay });
            }
        }
        let watch = Stopwatch::start();
        let mut link = Link::open(relay).await?;
        let mut session = Engine::enrol(self, invite, name, watch.tick())?;
        let outcome = handshake(&mut link, &mut session, watch, |_| false).await;
        link.close().await;
        match outcome {
            Some(Outcome::Enrolled { membership, relay_time }) => self.join(relay, name, membership, relay_time),
            Some(Outcome::Refused { code, .. } | Outcome::Broken(code)) => {
                Err(DeviceError::Refused { relay: relay.to_owned(), code })
            }
            _ => Err(lost(relay)),
        }
    }

    /// Whether the relay says that it does not know this device.
    async fn is_forgotten(&mut self, relay: &str) -> Result<bool, DeviceError> {
        let watch = Stopwatch::start();
        let mut link = Link::open(relay).await?;
        let (_, mut session) = self.blocking(move |device| Engine::begin(device, Mode::Once, watch.tick())).await?;
        let known = |effect: &DeviceEffect| matches!(effect, DeviceEffect::Admitted(_));
        let outcome = handshake(&mut link, &mut session, watch, known).await;
        link.close().await;
        match outcome {
            Some(Outcome::Refused { code: sync::Code::NotEnrolled, .. }) => Ok(true),
            Some(Outcome::Lost { .. }) => Err(lost(relay)),
            _ => Ok(false),
        }
    }
}

/// Drives a session that asks nothing of the store, until it is over or polls an effect that says `enough`.
async fn handshake(
    link: &mut Link,
    session: &mut DeviceSession,
    watch: Stopwatch,
    enough: impl Fn(&DeviceEffect) -> bool,
) -> Option<Outcome> {
    loop {
        while let Some(effect) = session.poll_effect() {
            match effect {
                DeviceEffect::Send(frame) => send(link, session, frame, watch, PATIENCE, None).await,
                DeviceEffect::End(outcome) => return Some(outcome),
                effect if enough(&effect) => return None,
                _ => {}
            }
        }
        let timeout = session.poll_timeout().map(|tick| watch.instant(tick));
        tokio::select! {
            frame = link.next() => match frame {
                Some(frame) => session.handle_frame(&frame, watch.tick()),
                None => session.handle_closed(watch.tick()),
            },
            () = at(timeout) => session.handle_timeout(watch.tick()),
        }
    }
}
