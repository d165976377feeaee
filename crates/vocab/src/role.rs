//! Who may do what is decided by role (domain, section 5); the rules stand with the records, the names here.

use std::fmt;
use std::str::FromStr;

use crate::{ParseError, Staff, serde_as_text};

/// What a person is to the organisation, from the front line up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// 工程师, front line.
    Engineer,
    /// 热线, front line.
    Hotline,
    /// 分析师.
    Assessor,
    /// 主管.
    Supervisor,
    /// 流程经理.
    ProcessManager,
    /// 审计员.
    Auditor,
    /// 管理员.
    Administrator,
}

impl Role {
    /// Every role, in the order of the domain's table.
    pub const ALL: [Role; 7] = [
        Role::Engineer,
        Role::Hotline,
        Role::Assessor,
        Role::Supervisor,
        Role::ProcessManager,
        Role::Auditor,
        Role::Administrator,
    ];

    /// The code used in documents, JSON and commands.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Role::Engineer => "engineer",
            Role::Hotline => "hotline",
            Role::Assessor => "assessor",
            Role::Supervisor => "supervisor",
            Role::ProcessManager => "process_manager",
            Role::Auditor => "auditor",
            Role::Administrator => "administrator",
        }
    }

    /// How much a role weighs when two decisions about one record were made apart: front line 1, assessor 2, supervisor 3;
    /// roles that decide nothing about service records 0.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Role::Engineer | Role::Hotline => 1,
            Role::Assessor => 2,
            Role::Supervisor => 3,
            Role::ProcessManager | Role::Auditor | Role::Administrator => 0,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Role {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Role::ALL.into_iter().find(|role| role.code() == text).ok_or_else(|| {
            ParseError::new(
                text,
                "a role: engineer, hotline, assessor, supervisor, process_manager, auditor or administrator",
            )
        })
    }
}

serde_as_text!(Role);

/// Who wrote a change: carried as the change's message, `<role code>:<staff>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Author {
    /// The person.
    pub staff: Staff,
    /// What the person was when writing.
    pub role: Role,
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.role, self.staff)
    }
}

impl FromStr for Author {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new(text, "an author, such as engineer:王*");
        let (role, staff) = text.split_once(':').ok_or_else(error)?;
        Ok(Author { role: role.parse().map_err(|_| error())?, staff: staff.parse().map_err(|_| error())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_reads_back_its_code() {
        for role in Role::ALL {
            assert_eq!(role.code().parse::<Role>().unwrap(), role);
        }
        assert!("boss".parse::<Role>().is_err());
    }

    #[test]
    fn an_author_reads_back_what_it_shows() {
        let author = Author { staff: "王:*".parse().unwrap(), role: Role::Supervisor };
        assert_eq!(author.to_string().parse::<Author>().unwrap(), author);
    }
}
