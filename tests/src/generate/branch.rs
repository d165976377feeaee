//! How many, and who.

use vocab::{Author, Role, Staff, Timestamp};

use super::dice::Dice;
use super::dossier::Dossier;

/// 2025-01-01T00:00:00Z: everything a branch does falls into the year that starts here.
pub const YEAR_START: Timestamp = Timestamp::from_millis(1_735_689_600_000);

/// The length of that year.
pub const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// The loads of section 8 of the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// One branch with 8 engineers, 400 dossiers.
    S,
    /// 6 branches with 15 engineers each, 7,200 dossiers: the default.
    M,
    /// 30 branches with 20 engineers each, 60,000 dossiers.
    L,
}

impl Scale {
    /// The branches of this scale.
    #[must_use]
    pub fn branches(self, seed: u64) -> Vec<Branch> {
        let (branches, engineers, customers) = match self {
            Scale::S => (1, 8, 400),
            Scale::M => (6, 15, 1_200),
            Scale::L => (30, 20, 2_000),
        };
        (1..=branches).map(|number| Branch { seed, number, engineers, customers }).collect()
    }
}

/// A branch and the seed of its year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// Two branches with the same seed and number are equal in every byte.
    pub seed: u64,
    /// The branch's number in the organisation, from 1 to 99; part of its legacy ids.
    pub number: u32,
    /// Engineers, at least 1; the other roles follow from it.
    pub engineers: u64,
    /// Dossiers, duplicates among them.
    pub customers: u64,
}

const SURNAMES: [&str; 24] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗", "梁", "宋", "郑", "谢",
];

impl Branch {
    /// A branch of `customers` dossiers, with the engineers the default scale would give them.
    #[must_use]
    pub fn of_customers(seed: u64, customers: u64) -> Self {
        Branch { seed, number: 1, engineers: (customers / 80).max(1), customers }
    }

    /// Dossier number `index`, counted from 0.
    #[must_use]
    pub fn dossier(&self, index: u64) -> Dossier {
        Dossier::draw(self, index)
    }

    /// Every dossier, drawn one by one.
    pub fn dossiers(&self) -> impl Iterator<Item = Dossier> {
        let branch = *self;
        (0..branch.customers).map(move |index| branch.dossier(index))
    }

    /// How many people of a role the branch has: an assessor for 15 engineers, a hotline agent for 8, one supervisor.
    #[must_use]
    pub fn people(&self, role: Role) -> u64 {
        match role {
            Role::Engineer => self.engineers.max(1),
            Role::Hotline => self.engineers / 8 + 1,
            Role::Assessor => self.engineers / 15 + 1,
            Role::Supervisor | Role::ProcessManager | Role::Auditor | Role::Administrator => 1,
        }
    }

    /// Person number `number` of a role, counted from 0 and around again past the last.
    ///
    /// # Panics
    /// Never: the names are well formed.
    #[must_use]
    pub fn person(&self, role: Role, number: u64) -> Author {
        let number = number % self.people(role);
        let (title, offset) = match role {
            Role::Engineer => ("", 0),
            Role::Hotline => ("客服", 5),
            Role::Assessor => ("分析师", 11),
            Role::Supervisor => ("主管", 17),
            Role::ProcessManager => ("流程", 19),
            Role::Auditor => ("审计", 21),
            Role::Administrator => ("管理", 23),
        };
        let place = (number + offset + u64::from(self.number) * 7) % SURNAMES.len() as u64;
        let surname = SURNAMES[usize::try_from(place).unwrap_or_default()];
        let staff = format!("{title}{surname}*{:02}{:02}", self.number, number + 1);
        Author { staff: staff.parse::<Staff>().expect("a name of few characters"), role }
    }

    pub(super) fn anyone(&self, dice: &mut Dice, role: Role) -> Author {
        self.person(role, dice.below(self.people(role)))
    }
}

pub(super) fn customer_name(dice: &mut Dice) -> String {
    let surname = dice.pick(&SURNAMES);
    match dice.below(6) {
        0 => format!("{surname}*"),
        1 => format!("{surname}**"),
        2 => format!("*{}", dice.pick(&["先生", "女士"])),
        3 => format!("{surname}*{}", dice.pick(&["华", "芳", "伟", "敏", "强", "静", "磊", "婷"])),
        4 => format!("{}*{}", dice.pick(&["仁", "康", "德", "和", "安", "新"]), dice.pick(&["医院", "药房", "诊所"])),
        _ => format!(
            "{}*{}",
            dice.pick(&["东", "城", "育", "光", "宏", "天"]),
            dice.pick(&["小学", "商贸", "物流", "超市"])
        ),
    }
}
