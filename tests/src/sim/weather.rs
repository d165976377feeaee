//! What goes wrong in a run. Each seed draws some of the troubles and leaves the others out, since troubles that never
//! stop hide each other.

use super::link::Network;
use super::people::Style;
use crate::generate::Dice;

/// Something that breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// A link is cut, at both ends.
    Cut,
    /// A link takes everything and delivers nothing, in one direction or both.
    HalfOpen,
    /// Frames on their way are damaged, repeated or exchanged.
    Damage,
    /// A device's process dies.
    DeviceCrash,
    /// The relay's process dies.
    RelayCrash,
    /// A device's disk fails or is full, for a while.
    DeviceDisk,
    /// The relay's disk fails or is full, for a while.
    RelayDisk,
    /// A device leaves for where there is no network, and works on.
    Offline,
    /// A device's clock is set, by hours.
    Clock,
    /// A kept copy takes the place of a device's store, and work goes on with it.
    DeviceRestore,
    /// The relay goes on from a backup, by its restore command or by copying files.
    RelayRestore,
    /// The relay loses its disk, backups included.
    RelayLoss,
    /// A document is erased.
    Erase,
}

/// Every trouble, how often it comes among the others, and how many of a thousand runs know it.
const TROUBLES: [(Trouble, u64, u64); 13] = [
    (Trouble::Cut, 4, 500),
    (Trouble::HalfOpen, 2, 300),
    (Trouble::Damage, 4, 400),
    (Trouble::DeviceCrash, 3, 400),
    (Trouble::RelayCrash, 2, 400),
    (Trouble::DeviceDisk, 4, 400),
    (Trouble::RelayDisk, 3, 300),
    (Trouble::Offline, 2, 500),
    (Trouble::Clock, 1, 400),
    (Trouble::DeviceRestore, 3, 300),
    (Trouble::RelayRestore, 2, 250),
    (Trouble::RelayLoss, 1, 200),
    (Trouble::Erase, 3, 350),
];

/// The conditions of one run.
#[derive(Debug)]
pub(super) struct Weather {
    pub(super) devices: usize,
    /// How many steps things break for.
    pub(super) chaos_steps: u64,
    pub(super) network: Network,
    /// Payload of a frame that devices begin with, in bytes; none for their own idea of it.
    pub(super) frame_bytes: Option<u32>,
    /// In how many of a thousand steps something breaks.
    pub(super) per_mille_trouble: u64,
    /// In how many of a thousand steps somebody keeps a copy of a store, where copies are put back.
    pub(super) per_mille_copy: u64,
    /// In how many of a thousand steps somebody edits.
    pub(super) per_mille_edit: u64,
    /// How far a device's clock may be off, either way, in milliseconds.
    pub(super) clock_ms_max: u64,
    pub(super) style: Style,
    troubles: Vec<(u64, Trouble)>,
}

impl Weather {
    pub(super) fn draw(dice: &mut Dice) -> Weather {
        let known = TROUBLES.into_iter().filter(|(_, _, runs)| dice.chance(*runs));
        let troubles: Vec<(u64, Trouble)> = known.map(|(trouble, share, _)| (share, trouble)).collect();
        Weather {
            devices: dice.weighted(&[(5, 2), (5, 3), (3, 4), (1, 6), (1, 9)]),
            chaos_steps: dice.weighted(&[(4, 250), (4, 500), (1, 1_200)]),
            network: Network {
                latency_ms: (1, dice.weighted(&[(2, 5), (2, 100), (1, 900)])),
                bytes_per_s: dice.weighted(&[(3, None), (1, Some(4_000)), (1, Some(40_000))]),
                cut_every_bytes: dice.weighted(&[(5, None), (1, Some(32 * 1024)), (1, Some(16 * 1024))]),
            },
            frame_bytes: dice.weighted(&[(1, Some(2_048)), (1, None)]),
            per_mille_trouble: dice.weighted(&[(1, 0), (4, 20), (3, 50)]),
            per_mille_copy: dice.weighted(&[(1, 5), (1, 20)]),
            per_mille_edit: dice.weighted(&[(3, 40), (2, 15), (1, 100)]),
            clock_ms_max: dice.weighted(&[(2, 1_000), (1, 120_000), (1, 9 * 3_600_000)]),
            style: dice.weighted(&[(5, Style::Terse), (1, Style::Wordy)]),
            troubles,
        }
    }

    /// Nothing breaks, nobody edits by themselves, clocks are right.
    pub(super) fn still(devices: usize, network: Network) -> Weather {
        Weather {
            devices,
            chaos_steps: 0,
            network,
            frame_bytes: None,
            per_mille_trouble: 0,
            per_mille_copy: 0,
            per_mille_edit: 0,
            clock_ms_max: 0,
            style: Style::Terse,
            troubles: Vec::new(),
        }
    }

    pub(super) fn knows(&self, trouble: Trouble) -> bool {
        self.troubles.iter().any(|(_, known)| *known == trouble)
    }

    /// What breaks next, if this run knows any trouble.
    pub(super) fn trouble(&self, dice: &mut Dice) -> Option<Trouble> {
        (!self.troubles.is_empty()).then(|| dice.weighted(&self.troubles))
    }
}
