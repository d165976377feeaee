//! Who plays in the demonstration: two branches, two devices each, and the tables they bring along.
//!
//! The data is in Chinese whatever the language of the narration: it is what such branches really write.

use vocab::Role;

/// A device and the person who holds it.
pub(super) struct Player {
    /// Its place in [`BRANCHES`].
    pub(super) branch: usize,
    /// The person, masked.
    pub(super) staff: &'static str,
    pub(super) role: Role,
    /// What the device is called in the relay's list.
    pub(super) device: &'static str,
    /// The tables, by file name.
    pub(super) tables: &'static [(&'static str, &'static str)],
}

/// The names of the branches.
pub(super) const BRANCHES: [&str; 2] = ["城东网点", "城西网点"];

macro_rules! table {
    ($file:literal) => {
        ($file, include_str!(concat!("data/", $file)))
    };
}

/// The four devices. An engineer may enter customers only, so the second device of the western branch is an assessor's:
/// two people who may both write assessments are needed to show what happens when they do (domain, section 5).
pub(super) static PLAYERS: [Player; 4] = [
    Player {
        branch: 0,
        staff: "李*",
        role: Role::Supervisor,
        device: "office-east",
        tables: &[
            table!("east-customers-office.csv"),
            table!("east-assessments.csv"),
            table!("east-tasks.csv"),
            table!("east-feedback.csv"),
        ],
    },
    Player {
        branch: 0,
        staff: "王*",
        role: Role::Engineer,
        device: "van-east",
        tables: &[table!("east-customers-field.csv")],
    },
    Player {
        branch: 1,
        staff: "赵*",
        role: Role::Supervisor,
        device: "office-west",
        tables: &[
            table!("west-customers-office.csv"),
            table!("west-assessments.csv"),
            table!("west-tasks.csv"),
            table!("west-feedback.csv"),
        ],
    },
    Player {
        branch: 1,
        staff: "周*",
        role: Role::Assessor,
        device: "lab-west",
        tables: &[table!("west-customers-field.csv")],
    },
];
