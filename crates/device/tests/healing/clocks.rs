//! Clocks that are wrong: what the relay's time and what arrives do to the stamps of what is written next.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use device::{Device, DeviceError, Outside};
use store::OutboxSeq;
use vocab::Timestamp;

use super::relay::{RELAY_TIME_MS, Relay};
use super::{customer, fields};

const MINUTE_MS: i64 = 60_000;

/// A wall clock that somebody sets, and bytes that are never the same.
#[derive(Debug)]
struct Set {
    wall_ms: AtomicI64,
    drawn: AtomicU8,
}

impl Set {
    fn at(number: u8, wall_ms: i64) -> Arc<Set> {
        Arc::new(Set { wall_ms: AtomicI64::new(wall_ms), drawn: AtomicU8::new(number * 100) })
    }

    fn set(&self, wall_ms: i64) {
        self.wall_ms.store(wall_ms, Ordering::Relaxed);
    }
}

impl Outside for Set {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.wall_ms.load(Ordering::Relaxed))
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), DeviceError> {
        bytes.fill(self.drawn.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }
}

/// A device whose clock is right when it joins.
fn joined(relay: &mut Relay, number: u8) -> (Device, Arc<Set>) {
    let clock = Set::at(number, RELAY_TIME_MS);
    let mut device = Device::in_memory(clock.clone(), None, None).unwrap();
    relay.enrol(&mut device, number);
    (device, clock)
}

/// When what was written last is said to have been.
fn last_stamp(device: &mut Device) -> i64 {
    let waiting = device.store_mut().unwrap().read(|tx| tx.outbox(OutboxSeq::START, usize::MAX)).unwrap();
    sync::inspect(&waiting.last().unwrap().bytes).unwrap().time.millis()
}

#[test]
fn every_contact_tells_a_device_by_how_much_its_clock_is_wrong() {
    let mut relay = Relay::new();
    let (mut device, clock) = joined(&mut relay, 1);
    clock.set(RELAY_TIME_MS + 600 * MINUTE_MS);
    customer(&mut device, "张*");
    assert!(last_stamp(&mut device) >= RELAY_TIME_MS + 600 * MINUTE_MS, "nobody has told it yet");

    let (mut device, clock) = joined(&mut relay, 2);
    clock.set(RELAY_TIME_MS + 600 * MINUTE_MS);
    relay.sync(&mut device);
    customer(&mut device, "李*");
    let wrong_by = last_stamp(&mut device) - RELAY_TIME_MS;
    assert!(wrong_by.abs() < MINUTE_MS, "{wrong_by}");
}

#[test]
fn what_is_written_is_stamped_after_whatever_its_author_had_before_them() {
    let mut relay = Relay::new();
    let (mut fast, clock) = joined(&mut relay, 1);
    let (mut slow, _) = joined(&mut relay, 2);
    let dossier = customer(&mut fast, "张*");
    clock.set(RELAY_TIME_MS + 3 * MINUTE_MS);
    fast.edit(&dossier, fields([("preference", "每周")])).unwrap();
    let seen = last_stamp(&mut fast);
    assert!(seen >= RELAY_TIME_MS + 3 * MINUTE_MS);
    relay.sync(&mut fast);
    relay.sync(&mut slow);
    slow.edit(&dossier, fields([("preference", "每月")])).unwrap();
    assert!(last_stamp(&mut slow) > seen, "{} {seen}", last_stamp(&mut slow));
}
