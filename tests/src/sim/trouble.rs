//! How things break, and how they heal.

use std::collections::BTreeSet;

use vocab::DocId;

use super::Fallible;
use super::device::invite;
use super::disk::Fault;
use super::holdings::Holdings;
use super::weather::Trouble;
use super::world::World;
use crate::generate::Dice;

/// How long a device is away, in milliseconds.
const OFFLINE_MS_MIN: u64 = 100;
const OFFLINE_MS_MAX: u64 = 3_000;
/// How long a broken disk stays broken at most, in milliseconds.
const DISK_MS_MAX: u64 = 3_000;

impl World {
    /// Something breaks.
    pub(super) fn trouble(&mut self) -> Fallible<()> {
        let Some(trouble) = self.weather.trouble(&mut self.dice) else { return Ok(()) };
        self.trace.count(0x100 + trouble as u64);
        self.story.tell(|| format!("{trouble:?}"));
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
                    self.summary.damaged += u64::from(direction.damage(self.mutation, &mut self.dice));
                }
            }
            Trouble::DeviceCrash => return self.crash_device(),
            Trouble::RelayCrash => return self.crash_relay(),
            Trouble::DeviceDisk => {
                let number = self.some_device();
                let (fault, until_ms) = (fault(&mut self.dice), self.now_ms + self.dice.below(DISK_MS_MAX));
                self.summary.disk_faults += 1;
                return self.devices[number].break_disk(fault, until_ms);
            }
            Trouble::RelayDisk => {
                let (fault, until_ms) = (fault(&mut self.dice), self.now_ms + self.dice.below(DISK_MS_MAX));
                self.summary.disk_faults += 1;
                return self.relay.break_disk(fault, until_ms);
            }
            Trouble::Offline => {
                let number = self.some_device();
                self.summary.offline += 1;
                for connection in self.connections.values_mut().filter(|connection| connection.device == number) {
                    connection.cut();
                }
                let away_ms = self.dice.between(OFFLINE_MS_MIN, OFFLINE_MS_MAX);
                self.devices[number].away_until_ms = self.now_ms + away_ms;
            }
            Trouble::Clock => {
                let number = self.some_device();
                self.summary.clocks_set += 1;
                self.devices[number].set_clock(self.weather.clock_ms_max, &mut self.dice);
            }
            Trouble::DeviceRestore => return self.restore_device(),
            Trouble::RelayRestore => return self.restore_relay(),
            Trouble::RelayLoss => return self.lose_relay(),
            Trouble::Erase => return self.erase(),
        }
        Ok(())
    }

    /// Somebody keeps a copy of a device's store, or backs the relay up.
    pub(super) fn keep_copies(&mut self) -> Fallible<()> {
        if self.weather.knows(Trouble::DeviceRestore) && self.dice.chance(self.weather.per_mille_copy) {
            let number = self.some_device();
            self.devices[number].copy()?;
        }
        if self.weather.knows(Trouble::RelayRestore) && self.dice.chance(self.weather.per_mille_copy) {
            self.relay.back_up()?;
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
        self.mend_all()
    }

    fn mend_all(&mut self) -> Fallible<()> {
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
        self.summary.device_crashes += 1;
        let number = self.some_device();
        self.end_device(number);
        self.devices[number].crash()?;
        self.check_cursor(number)
    }

    /// A device's process is gone, with everything it had not committed.
    fn end_device(&mut self, number: usize) {
        for connection in self.connections.values_mut().filter(|connection| connection.device == number) {
            connection.device_end = None;
            connection.down.lose();
        }
        self.try_again(number, false);
    }

    fn crash_relay(&mut self) -> Fallible<()> {
        self.summary.relay_crashes += 1;
        self.end_relay();
        self.relay.forget_undurable()?;
        if self.relay.disk.is_broken() {
            return Ok(());
        }
        self.ledger.check_acknowledged(&self.relay.holdings(&mut self.library)?)
    }

    /// The relay's process is gone, with everything it had not committed.
    fn end_relay(&mut self) {
        self.relay.crash();
        for connection in self.connections.values_mut() {
            connection.relay_end = None;
            connection.mail.clear();
            connection.up.lose();
        }
    }

    /// The same, and what it said before is not what it holds now.
    fn replace_relay(&mut self) {
        self.end_relay();
        self.connections.values_mut().for_each(|connection| connection.stale = true);
    }

    /// A kept copy takes the place of a device's store.
    fn restore_device(&mut self) -> Fallible<()> {
        let number = self.some_device();
        if !self.devices[number].has_copies() {
            return Ok(());
        }
        self.summary.device_restores += 1;
        self.mend_all()?;
        let before = self.all_holdings()?;
        self.end_device(number);
        self.devices[number].restore(&mut self.dice)?;
        self.account(before, number)?;
        // Work goes on with it, before anybody could notice.
        if self.dice.chance(600) { self.edit_on(number) } else { Ok(()) }
    }

    fn restore_relay(&mut self) -> Fallible<()> {
        let renews = self.dice.chance(500);
        self.mend_all()?;
        let before = self.all_holdings()?;
        if !self.relay.restore(renews, &mut self.dice)? {
            return Ok(());
        }
        if renews {
            self.summary.relay_restores += 1;
        } else {
            self.summary.relay_rewinds += 1;
            self.rewound = true;
        }
        self.replace_relay();
        let relay = self.devices.len();
        self.account(before, relay)
    }

    fn lose_relay(&mut self) -> Fallible<()> {
        self.summary.relay_losses += 1;
        self.mend_all()?;
        let before = self.all_holdings()?;
        self.incarnation += 1;
        let invites: Vec<String> = (0..self.devices.len()).map(|number| invite(number, self.incarnation)).collect();
        self.relay.lose(&mut self.dice, &invites)?;
        self.replace_relay();
        self.devices.iter_mut().for_each(|device| device.is_invited(self.incarnation));
        let relay = self.devices.len();
        self.account(before, relay)
    }

    /// What every device holds, and at last the relay.
    fn all_holdings(&mut self) -> Fallible<Vec<Holdings>> {
        let mut all = Vec::with_capacity(self.devices.len() + 1);
        for device in &mut self.devices {
            all.push(device.holdings(&mut self.library)?);
        }
        all.push(self.relay.holdings(&mut self.library)?);
        Ok(all)
    }

    /// One store was put back, or lost: what nobody holds any more cannot be asked for.
    fn account(&mut self, before: Vec<Holdings>, loser: usize) -> Fallible<()> {
        self.upset = true;
        let after = self.all_holdings()?;
        let erased =
            |all: &[Holdings]| all.iter().flat_map(|held| held.erased.keys().copied()).collect::<BTreeSet<_>>();
        let forgotten = erased(&before).difference(&erased(&after)).copied().collect();
        self.ledger.lose(&before[loser], &after);
        self.ledger.forget_erasures(&forgotten, &after);
        self.ledger.forget_acknowledgements(&after[self.devices.len()]);
        Ok(())
    }

    fn erase(&mut self) -> Fallible<()> {
        if self.relay.disk.is_broken() {
            return Ok(());
        }
        let docs: Vec<DocId> = self.relay.holdings(&mut self.library)?.documents.into_keys().collect();
        if docs.is_empty() {
            return Ok(());
        }
        let doc = docs[usize::try_from(self.dice.below(docs.len() as u64)).unwrap_or_default()];
        if let Some(batch) = self.relay.erase(doc, self.now_ms, self.mutation)? {
            self.summary.erasures += 1;
            self.publish(&batch);
        }
        Ok(())
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
