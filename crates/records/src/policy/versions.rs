//! The versions of a policy and which of them holds when.

use vocab::{RecordId, Timestamp};

use crate::policy::Policy;
use crate::value::Value;
use crate::view::{View, Written};

/// One version as an administrator wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Its record.
    pub id: RecordId,
    /// By whom, when and where.
    pub written: Written,
    /// Why it was made.
    pub reason: String,
    /// What it says.
    pub policy: Policy,
}

impl PolicyVersion {
    /// A version from its parts; nothing when this version of Fieldbook cannot read the body.
    #[must_use]
    pub fn read(id: RecordId, written: Written, reason: &str, body: &str) -> Option<PolicyVersion> {
        Some(PolicyVersion { id, written, reason: reason.to_owned(), policy: Policy::read(body)? })
    }
}

/// Every version of a branch's policy. policy ∥ policy: the later authored holds, and all are kept, so that limits stay
/// reproducible.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policies {
    versions: Vec<PolicyVersion>,
    defaults: Policy,
}

impl Policies {
    /// The versions in a policy document, oldest first. Void ones and such as this version of Fieldbook cannot read do not
    /// hold; they stay visible as records.
    #[must_use]
    pub fn of(view: &View) -> Policies {
        let held = view.records.iter().filter(|record| record.kind.code == "policy" && !record.is_void());
        Policies::from_versions(held.filter_map(|record| {
            let body = record.get("body").and_then(Value::as_text)?;
            let reason = record.text("reason").unwrap_or_default();
            PolicyVersion::read(record.id.clone(), record.created.clone(), reason, body)
        }))
    }

    /// The policies that these versions, in any order, make up.
    pub fn from_versions(versions: impl IntoIterator<Item = PolicyVersion>) -> Policies {
        let mut versions: Vec<PolicyVersion> = versions.into_iter().collect();
        versions.sort_by(|a, b| (&a.written, &a.id).cmp(&(&b.written, &b.id)));
        Policies { versions, defaults: Policy::default() }
    }

    /// The instant up to which these policies and others say the same of everything that began before; nothing when they never
    /// differ.
    #[must_use]
    pub fn differ_from(&self, other: &Policies) -> Option<Timestamp> {
        let said = |version: &PolicyVersion| (version.written.at, version.id.clone(), version.policy.clone());
        let same = self.versions.iter().zip(&other.versions).take_while(|(a, b)| said(a) == said(b)).count();
        let next = |policies: &Policies| policies.versions.get(same).map(|version| version.written.at);
        [next(self), next(other)].into_iter().flatten().min()
    }

    /// The version that held at an instant and its id; the domain's defaults, which have no id, before the first.
    #[must_use]
    pub fn at(&self, time: Timestamp) -> (&Policy, Option<&RecordId>) {
        let after = self.versions.partition_point(|version| version.written.at <= time);
        match after.checked_sub(1).and_then(|place| self.versions.get(place)) {
            Some(version) => (&version.policy, Some(&version.id)),
            None => (&self.defaults, None),
        }
    }

    /// Every version, oldest first.
    #[must_use]
    pub fn versions(&self) -> &[PolicyVersion] {
        &self.versions
    }
}
