//! How things break, and how they heal.

use super::Fallible;
use super::check;
use super::disk::Fault;
use super::weather::Trouble;
use super::world::World;
use crate::generate::Dice;

/// How long a broken disk stays broken at most, in milliseconds.
const DISK_MS_MAX: u64 = 3_000;

impl World {
    /// Something breaks.
    pub(super) fn trouble(&mut self) -> Fallible<()> {
        let Some(trouble) = self.weather.trouble(&mut self.dice) else { return Ok(()) };
        self.trace.count(0x100 + trouble as u64);
        match trouble {
            Trouble::Cut => {
                if let Some(connection) = self.some_connection().and_then(|id| self.connections.get_mut(&id)) {
                    self.summary.cuts += 1;
                    connection.cut();
                }
            }
            Trouble::HalfOpen => {
                let which = self.dice.below(3);
                if let Some(connection) = self.some_connection().and_then(|id| self.connections.get_mut(&id)) {
                    self.summary.half_open += 1;
                    if which != 1 {
                        connection.up.silent = true;
                        connection.up.lose();
                    }
                    if which != 0 {
                        connection.down.silent = true;
                        connection.down.lose();
                    }
                }
            }
            Trouble::Damage => {
                if let Some(connection) = self.some_connection().and_then(|id| self.connections.get_mut(&id)) {
                    let direction = if self.dice.chance(500) { &mut connection.up } else { &mut connection.down };
                    self.summary.damaged += u64::from(direction.damage(&mut self.dice));
                }
            }
            Trouble::DeviceCrash => return self.crash_device(),
            Trouble::RelayCrash => return self.crash_relay(),
            Trouble::DeviceDisk => {
                let number = self.some_device();
                let (fault, until_ms) = (fault(&mut self.dice), self.now_ms + self.dice.below(DISK_MS_MAX));
                self.summary.disk_failures += 1;
                return self.devices[number].break_disk(fault, until_ms);
            }
            Trouble::RelayDisk => {
                let (fault, until_ms) = (fault(&mut self.dice), self.now_ms + self.dice.below(DISK_MS_MAX));
                self.summary.disk_failures += 1;
                return self.relay.break_disk(fault, until_ms);
            }
            Trouble::Clock => {
                let number = self.some_device();
                self.summary.clocks_set += 1;
                self.devices[number].set_clock(self.weather.clock_ms_max, &mut self.dice);
            }
        }
        Ok(())
    }

    /// Disks that were broken for long enough are replaced by ones that work, with the same files.
    pub(super) fn mend(&mut self) -> Fallible<()> {
        let now_ms = self.now_ms;
        let due = |at: Option<u64>| at.is_some_and(|at| at <= now_ms);
        for device in self.devices.iter_mut().filter(|device| due(device.mend_at_ms)) {
            device.mend_disk()?;
        }
        if due(self.relay.mend_at_ms) { self.relay.mend_disk() } else { Ok(()) }
    }

    /// From now on nothing breaks any more. Links that went silent stay so until their ends notice.
    pub(super) fn heal(&mut self) -> Fallible<()> {
        self.breaking = false;
        for device in &mut self.devices {
            device.mend_disk()?;
        }
        self.relay.mend_disk()
    }

    fn some_connection(&mut self) -> Option<u64> {
        let index = usize::try_from(self.dice.below(self.connections.len() as u64)).unwrap_or_default();
        self.connections.keys().nth(index).copied()
    }

    fn some_device(&mut self) -> usize {
        usize::try_from(self.dice.below(self.devices.len() as u64)).unwrap_or_default()
    }

    fn crash_device(&mut self) -> Fallible<()> {
        self.summary.crashes += 1;
        let number = self.some_device();
        self.devices[number].crash();
        for connection in self.connections.values_mut().filter(|connection| connection.device == number) {
            connection.device_end = None;
            connection.down.lose();
        }
        self.try_again(number, false);
        self.check_cursor(number)
    }

    fn crash_relay(&mut self) -> Fallible<()> {
        self.summary.crashes += 1;
        self.relay.crash();
        for connection in self.connections.values_mut() {
            connection.relay_end = None;
            connection.mail.clear();
            connection.up.lose();
        }
        if self.relay.disk.is_broken() { Ok(()) } else { check::acknowledged_is_durable(&self.ledger, &self.relay) }
    }
}

fn fault(dice: &mut Dice) -> Fault {
    let looks = u32::try_from(dice.weighted(&[(2, 5), (1, 300)])).unwrap_or_default();
    match dice.below(4) {
        0 => Fault::AtCommit,
        1 => Fault::Full(u32::try_from(dice.below(3)).unwrap_or_default()),
        _ => Fault::After(u32::try_from(dice.below(u64::from(looks) + 1)).unwrap_or_default()),
    }
}
