//! A device and a relay joined by hand.

use std::sync::Arc;

use sync::{Code, DeviceSession, Mode, Outcome, RelaySession, Tick};

use crate::relay::Relay;
use crate::store::Device;

/// How a conversation ended, and what was said.
pub(crate) struct Conversation {
    pub(crate) device: DeviceSession,
    pub(crate) relay: RelaySession,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) closed: Option<Code>,
    /// Frames from the relay, in order.
    pub(crate) down: Vec<Arc<[u8]>>,
    /// How many more frames the link takes before it breaks.
    pub(crate) frames_left: usize,
}

impl Conversation {
    pub(crate) fn new(device: DeviceSession, relay: RelaySession) -> Self {
        Conversation { device, relay, outcome: None, closed: None, down: Vec::new(), frames_left: usize::MAX }
    }

    /// Performs one effect of either side; whether there was one.
    pub(crate) fn step(&mut self, device: &mut Device, relay: &mut Relay) -> bool {
        let now = Tick::default();
        if let Some(effect) = self.relay.poll_effect() {
            let (frame, closed) = relay.perform(effect, &mut self.relay);
            self.closed = self.closed.or(closed);
            if let Some(frame) = frame.filter(|_| self.carries()) {
                self.device.handle_frame(&frame, now);
                self.down.push(frame);
            }
            return true;
        }
        let (done, total) = self.device.progress();
        assert!(done <= total, "{done} of {total}");
        let Some(effect) = self.device.poll_effect() else { return false };
        let (frame, outcome) = device.perform(effect, &mut self.device);
        self.outcome = self.outcome.take().or(outcome);
        if let Some(frame) = frame.filter(|_| self.carries()) {
            self.relay.handle_frame(&frame, now);
        }
        true
    }

    /// Whether the link takes one more frame; if not, it breaks.
    fn carries(&mut self) -> bool {
        if self.frames_left == 0 {
            self.device.handle_closed(Tick::default());
            self.relay.handle_closed(Tick::default());
            return false;
        }
        self.frames_left -= 1;
        true
    }
}

/// Lets both talk until nobody has anything to say.
pub(crate) fn converse(device: &mut Device, relay: &mut Relay, mode: Mode) -> Conversation {
    let mut talk = Conversation::new(device.session(mode), relay.session());
    go_on(device, relay, &mut talk);
    talk
}

/// Lets both talk over a link that breaks after so many frames.
pub(crate) fn converse_cut(device: &mut Device, relay: &mut Relay, frames: usize) -> Conversation {
    let mut talk = Conversation::new(device.session(Mode::Once), relay.session());
    talk.frames_left = frames;
    go_on(device, relay, &mut talk);
    talk
}

/// Goes on until nobody has anything to say.
pub(crate) fn go_on(device: &mut Device, relay: &mut Relay, talk: &mut Conversation) {
    step(device, relay, talk, usize::MAX);
}

/// Goes on for so many effects.
pub(crate) fn step(device: &mut Device, relay: &mut Relay, talk: &mut Conversation, effects: usize) {
    for _ in 0..effects {
        if !talk.step(device, relay) {
            return;
        }
    }
}
