//! A few devices and one relay, and everything that happens to them: edits, exchanges that are cut or go on side by side,
//! erasures, a relay that comes back from a backup or with an empty disk. In the end all hold the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sync::{Mode, Outcome, Tick, inspect};
use vocab::{DocId, Epoch, Position, Sum};

use crate::pair::{Conversation, converse};
use crate::relay::Relay;
use crate::samples::doc;
use crate::store::Device;

const DEVICES: usize = 3;
const DOCUMENTS: u8 = 12;

#[derive(Debug, Clone)]
enum Event {
    /// Somebody edits.
    Edit(usize, u8),
    /// A device connects, if it is not connected.
    Connect(usize, Mode, u32),
    /// Everything goes on for so many effects, a device's session at a time.
    GoOn(usize, usize),
    /// A link breaks.
    Cut(usize),
    Erase(u8),
    Backup,
    /// The relay comes back from its last backup.
    Restore,
    /// The relay comes back with nothing.
    Lose,
    /// A device's store loses a change of somebody else and does not know.
    Rot(usize, u8),
}

fn event() -> impl Strategy<Value = Event> {
    let device = || 0..DEVICES;
    let document = || 1..=DOCUMENTS;
    let mode = prop::sample::select(vec![Mode::Once, Mode::Follow]);
    let frame = prop::sample::select(vec![2_048_u32, 262_144]);
    prop_oneof![
        12 => (device(), document()).prop_map(|(device, doc)| Event::Edit(device, doc)),
        12 => (device(), mode, frame).prop_map(|(device, mode, frame)| Event::Connect(device, mode, frame)),
        24 => (device(), 1_usize..30).prop_map(|(device, effects)| Event::GoOn(device, effects)),
        3 => device().prop_map(Event::Cut),
        1 => document().prop_map(Event::Erase),
        2 => Just(Event::Backup),
        1 => Just(Event::Restore),
        1 => Just(Event::Lose),
        1 => (device(), document()).prop_map(|(device, doc)| Event::Rot(device, doc)),
    ]
}

struct World {
    devices: Vec<Device>,
    talks: BTreeMap<usize, Conversation>,
    relay: Relay,
    backup: Relay,
    edits: u32,
    epochs: u8,
    /// Whether the relay came back from anything, or a store lost something: else there is nothing to reconcile.
    disturbed: bool,
    /// Whether something happened that sums find only at the end of an exchange.
    rotten: bool,
}

impl World {
    fn new() -> Self {
        let relay = Relay::new();
        let devices = (0..DEVICES).map(|n| Device::another(20 + n as u8)).collect();
        World {
            devices,
            talks: BTreeMap::new(),
            backup: relay.clone(),
            relay,
            edits: 0,
            epochs: 100,
            disturbed: false,
            rotten: false,
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Edit(device, number) => {
                self.edits += 1;
                let long = if self.edits.is_multiple_of(3) { "x".repeat(900) } else { String::new() };
                if !self.devices[device].erased.contains_key(&doc(number)) {
                    self.devices[device].edit(doc(number), &format!("{} {long}", self.edits));
                }
                if let Some(talk) = self.talks.get_mut(&device) {
                    talk.device.handle_outbox_grew(Tick::default());
                }
            }
            Event::Connect(device, mode, frame_bytes) => {
                if !self.talks.contains_key(&device) {
                    self.devices[device].start.frame_bytes = frame_bytes;
                    let talk = Conversation::new(self.devices[device].session(mode), self.relay.session());
                    self.talks.insert(device, talk);
                }
            }
            Event::GoOn(device, effects) => self.go_on(device, effects),
            Event::Cut(device) => self.cut(device),
            Event::Erase(number) => {
                let document = self.relay.documents.get(&doc(number));
                if document.is_some_and(|document| !document.changes.is_empty()) {
                    let before = self.relay.admission.head;
                    self.relay.erase(doc(number), "按客户要求");
                    self.publish(before, usize::MAX);
                }
            }
            Event::Backup => self.backup = self.relay.clone(),
            Event::Restore => self.comes_back(self.backup.clone()),
            Event::Lose => {
                let empty = Relay { recovering: true, secret: [self.epochs; 32], ..Relay::new() };
                self.backup = empty.clone();
                self.comes_back(empty);
            }
            Event::Rot(device, number) => self.rot(device, doc(number)),
        }
    }

    fn go_on(&mut self, device: usize, effects: usize) {
        for _ in 0..effects {
            let Some(mut talk) = self.talks.remove(&device) else { return };
            let before = self.relay.admission.head;
            let effects = talk.step(&mut self.devices[device], &mut self.relay);
            let over = talk.device.is_over() && talk.relay.is_over();
            assert!(self.disturbed || talk.device.report().reconcile.is_none(), "nothing happened that it could mend");
            if !over {
                self.talks.insert(device, talk);
            }
            self.publish(before, device);
            if !effects {
                return;
            }
        }
    }

    /// Tells every other session what was added to the feed.
    fn publish(&mut self, before: Position, origin: usize) {
        if self.relay.admission.head > before {
            let batch = self.relay.live(before);
            for (_, talk) in self.talks.iter_mut().filter(|(device, _)| **device != origin) {
                talk.relay.handle_live(&batch, Tick::default());
            }
        }
    }

    fn cut(&mut self, device: usize) {
        if let Some(mut talk) = self.talks.remove(&device) {
            talk.frames_left = 0;
            while talk.step(&mut self.devices[device], &mut self.relay) {}
        }
    }

    fn comes_back(&mut self, relay: Relay) {
        (0..DEVICES).for_each(|device| self.cut(device));
        self.epochs += 1;
        self.disturbed = true;
        self.relay = relay;
        self.relay.admission.epoch = Epoch::from_bytes([self.epochs; 16]);
    }

    fn rot(&mut self, device: usize, doc: DocId) {
        self.cut(device);
        let device = &mut self.devices[device];
        let (own, Some(held)) = (device.start.actor, device.held.get_mut(&doc)) else { return };
        // Of its own changes it would find out at once: it looks like a restored copy.
        let of_others = |bytes: &[u8]| inspect(bytes).is_ok_and(|header| header.actor != own);
        let lost = held.iter().find(|(_, bytes)| of_others(bytes)).map(|(hash, _)| hash);
        if let Some(lost) = lost.copied() {
            held.remove(&lost);
            device.start.sum -= Sum::of_change(doc, lost);
            (self.rotten, self.disturbed) = (true, true);
        }
    }

    /// Peace: everybody exchanges until nobody has anything new, and then holds what all hold.
    fn settle(mut self) {
        (0..DEVICES).for_each(|device| self.cut(device));
        for round in 0..4 {
            for device in &mut self.devices {
                let mut attempts = 0;
                loop {
                    let talk = converse(device, &mut self.relay, Mode::Once);
                    attempts += 1;
                    assert!(self.disturbed || talk.device.report().reconcile.is_none(), "nothing to mend");
                    match talk.outcome {
                        Some(Outcome::Done) => break,
                        Some(Outcome::Unequal { .. }) if self.rotten && attempts < 3 => {}
                        outcome => panic!("round {round}: {outcome:?}"),
                    }
                }
                assert_eq!(device.start.sum, self.relay.sum());
            }
        }
        let book = self.relay.book();
        for device in &self.devices {
            assert_eq!((device.book(), device.outbox.len(), device.refused.len()), (book.clone(), 0, 0));
            assert_eq!((device.start.owed.len(), device.start.suspect), (0, false));
        }
        let talk = converse(&mut self.devices[0], &mut self.relay, Mode::Once);
        assert_eq!((talk.outcome, talk.device.report().round_trips), (Some(Outcome::Done), 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_happens_all_hold_the_same_in_the_end(events in prop::collection::vec(event(), 1..160)) {
        let mut world = World::new();
        for event in events {
            world.happens(event);
        }
        world.settle();
    }
}
