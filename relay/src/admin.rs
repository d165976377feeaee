//! What an administrator does to a relay's data: branches, invites, devices, users.
//!
//! It works on the database itself, whether a relay serves from it at the moment or not. A serving relay notices within
//! [`limits::REGISTRY_POLL`].

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use store::{
    Branch, BranchDraft, DEFAULT_ZONE, Device, Feeds, Invite, InviteDigest, Origin, Registry, RegistryError,
    RelayStore, SecretKey, SqliteRelayStore, StoreError, UserDraft,
};
use vocab::{BranchId, DeviceCode, DeviceKey, Epoch, Position, Role, Staff, Timestamp};

use crate::erase::{Erased, Erasing, erase};
use crate::pages::password;
use crate::{Error, Settings, limits, ticks};

/// Random bytes of an invite's code: 80 bits, sixteen letters in four groups. Guessing one at the rate the relay allows takes
/// longer than the world has had.
const INVITE_RANDOM_BYTES: usize = 10;

/// What invite codes are spelled with: Crockford's base 32, without letters that are mistaken for digits.
const INVITE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A relay's data, to be administered.
pub struct Admin {
    store: SqliteRelayStore,
    settings: Settings,
}

/// An invite that was made. The code is kept nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// What the person types.
    pub code: String,
    /// Until when.
    pub expires_at: Timestamp,
    /// The branch's name.
    pub branch: String,
    /// What the person will be.
    pub role: Role,
}

/// A user of the pages who was added. The password is kept nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AddedUser {
    /// The name to sign in with.
    pub name: String,
    /// The password.
    pub password: String,
    /// What the person may see.
    pub role: Role,
    /// The only branch the person may see, if it is only one.
    pub branch: Option<String>,
}

impl Admin {
    /// Opens the data of an existing relay.
    ///
    /// # Errors
    /// [`Error::Store`]: absent, unreadable, corrupt, of a newer version.
    pub fn open(settings: &Settings) -> Result<Self, Error> {
        Ok(Admin { store: SqliteRelayStore::open(&settings.database())?, settings: settings.clone() })
    }

    /// Opens a relay's data, made when absent.
    ///
    /// # Errors
    /// [`Error::Store`] for anything but absence.
    pub fn open_or_create(settings: &Settings) -> Result<Self, Error> {
        Ok(Admin { store: SqliteRelayStore::open_or_create(&settings.database())?, settings: settings.clone() })
    }

    /// The store, for what is written to a branch.
    pub(crate) fn store_mut(&mut self) -> &mut SqliteRelayStore {
        &mut self.store
    }

    /// The store, for what is only read.
    pub(crate) fn store(&self) -> &SqliteRelayStore {
        &self.store
    }

    /// Adds a branch with an empty feed.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::BranchExists`].
    pub fn add_branch(&mut self, name: &str) -> Result<Branch, Error> {
        self.add_branch_of(name, Origin::New)
    }

    /// Adds a branch in the place of one that was lost with the relay's disk: its devices bring back what they hold, and
    /// what they say was erased stays erased.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::BranchExists`].
    pub fn recover_branch(&mut self, name: &str) -> Result<Branch, Error> {
        self.add_branch_of(name, Origin::Recovering)
    }

    fn add_branch_of(&mut self, name: &str, origin: Origin) -> Result<Branch, Error> {
        check_name(name)?;
        let draft = BranchDraft {
            id: BranchId::from_bytes(random()?),
            name: name.to_owned(),
            epoch: Epoch::from_bytes(random()?),
            zone: DEFAULT_ZONE.to_owned(),
            secret: SecretKey::from_bytes(random()?),
            origin,
            created_at: ticks::wall(),
        };
        self.store.add_branch(&draft).map_err(|error| match error {
            RegistryError::NameTaken { name } => Error::BranchExists { name },
            error => error.into(),
        })
    }

    /// Ends a branch's recovery: its devices have brought back what they held.
    ///
    /// # Errors
    /// [`Error::NoBranch`].
    pub fn end_recovery(&mut self, name: &str) -> Result<Branch, Error> {
        let branch = self.branch(name)?;
        self.store.end_recovery(branch.id)?;
        self.branch(&branch.id.to_string())
    }

    /// Every branch, in the order they were made.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn branches(&self) -> Result<Vec<Branch>, Error> {
        Ok(self.store.branches()?)
    }

    /// The branch with this name or id.
    ///
    /// # Errors
    /// [`Error::NoBranch`].
    pub fn branch(&self, name: &str) -> Result<Branch, Error> {
        let named = self.store.branch_named(name)?;
        let found = match (named, name.parse()) {
            (None, Ok(id)) => self.store.branch(id)?,
            (named, _) => named,
        };
        found.ok_or_else(|| Error::NoBranch { name: name.to_owned() })
    }

    /// Makes an invite for one device.
    ///
    /// # Errors
    /// [`Error::NoBranch`].
    pub fn invite(
        &mut self,
        branch: &str,
        role: Role,
        staff: Option<Staff>,
        lifetime: Duration,
    ) -> Result<Issued, Error> {
        let branch = self.branch(branch)?;
        let code = invite_code(random()?);
        let created_at = ticks::wall();
        let expires_at = created_at.plus_millis(i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX));
        let digest = InviteDigest::of(&code);
        self.store.add_invite(&Invite { digest, branch: branch.id, role, staff, created_at, expires_at })?;
        Ok(Issued { code, expires_at, branch: branch.name, role })
    }

    /// The devices of one branch or of all, in the order they joined.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn devices(&self, branch: Option<BranchId>) -> Result<Vec<Device>, Error> {
        Ok(self.store.devices(branch)?)
    }

    /// Shuts out the device with this code or key, for good.
    ///
    /// # Errors
    /// [`Error::NoDevice`].
    pub fn revoke(&mut self, id: &str) -> Result<Device, Error> {
        let device = match (id.parse::<DeviceKey>(), id.to_uppercase().parse::<DeviceCode>()) {
            (Ok(key), _) => self.store.device(key)?,
            (_, Ok(code)) => self.store.device_coded(&code)?,
            _ => None,
        };
        let device = device.ok_or_else(|| Error::NoDevice { id: id.to_owned() })?;
        Ok(self.store.revoke(device.key, ticks::wall())?)
    }

    /// Erases a dossier, named by its document, the id of a record in it, or that record's id on paper; its bytes are gone from
    /// every file of the relay when this returns. With a `branch` only that one is searched.
    ///
    /// # Errors
    /// [`Error::NoDossier`], [`Error::AmbiguousDossier`], [`Error::RowsBehind`], [`Error::BadReason`], [`Error::NoBranch`];
    /// [`Error::NotScrubbed`]: it is erased and its bytes are not gone yet.
    pub fn erase(&mut self, dossier: &str, branch: Option<&str>, why: &str) -> Result<Erasing, Error> {
        let branches = self.some_branches(branch)?;
        erase(&mut self.store, &self.settings, branches, dossier, why)
    }

    /// What was erased in one branch or in all, in the order it was.
    ///
    /// # Errors
    /// [`Error::NoBranch`], [`Error::Store`].
    pub fn erased(&self, branch: Option<&str>) -> Result<Vec<Erased>, Error> {
        let mut erased = Vec::new();
        for branch in self.some_branches(branch)? {
            let found = self.store.erasures(branch.id, Position::START, u32::MAX)?;
            let shown = |(position, tombstone)| Erased::of(&branch, tombstone, Some(position));
            erased.extend(found.into_iter().map(shown));
        }
        Ok(erased)
    }

    fn some_branches(&self, only: Option<&str>) -> Result<Vec<Branch>, Error> {
        match only {
            Some(name) => Ok(vec![self.branch(name)?]),
            None => self.branches(),
        }
    }

    /// Writes the converged records of a branch as `{"branch":..,"records":[..]}`, the same bytes as every device that holds the
    /// same heads; how many records there were.
    ///
    /// # Errors
    /// [`Error::NoBranch`], [`Error::Store`].
    pub fn export(&self, branch: &str, out: &mut dyn std::io::Write) -> Result<u64, Error> {
        crate::export::export(&self.store, &self.branch(branch)?, out)
    }

    /// Writes everything that cannot be derived into the new file `path`, while others go on.
    ///
    /// # Errors
    /// [`Error::FileExists`], [`Error::Store`]: no space, ...
    pub fn backup(&self, path: &Path) -> Result<(), Error> {
        self.store.backup(path).map_err(|error| match error {
            StoreError::Exists { path } => Error::FileExists { path },
            error => error.into(),
        })
    }

    /// Adds a user of the pages, who sees one branch or all. What they write there names them as `staff`, or as the first letter
    /// of their name and a `*`.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::UserExists`], [`Error::NoBranch`].
    pub fn add_user(
        &mut self,
        name: &str,
        role: Role,
        branch: Option<&str>,
        staff: Option<Staff>,
    ) -> Result<AddedUser, Error> {
        check_name(name)?;
        let branch = branch.map(|branch| self.branch(branch)).transpose()?;
        let password = password::generate()?;
        let draft = UserDraft {
            name: name.to_owned(),
            password: password::hash(&password)?,
            role,
            staff,
            branch: branch.as_ref().map(|branch| branch.id),
            created_at: ticks::wall(),
        };
        self.store.add_user(&draft).map_err(|error| match error {
            RegistryError::NameTaken { name } => Error::UserExists { name },
            error => error.into(),
        })?;
        Ok(AddedUser { name: draft.name, password, role, branch: branch.map(|branch| branch.name) })
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let chars = name.chars().count();
    let bad = chars == 0 || chars > limits::NAME_CHARS_MAX || name.trim() != name || name.chars().any(char::is_control);
    if bad { Err(Error::BadName { name: name.chars().take(limits::NAME_CHARS_MAX).collect() }) } else { Ok(()) }
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::Randomness)?;
    Ok(bytes)
}

fn invite_code(random: [u8; INVITE_RANDOM_BYTES]) -> String {
    let mut code = String::with_capacity(19);
    for (index, five) in random.chunks(5).enumerate() {
        let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            if (index > 0 && place == 7) || place == 3 {
                code.push('-');
            }
            let digit = usize::try_from(bits >> (place * 5) & 31).unwrap_or_default();
            code.push(char::from(INVITE_ALPHABET[digit]));
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admin() -> (tempfile::TempDir, Admin) {
        let home = tempfile::tempdir().unwrap();
        let admin = Admin::open_or_create(&Settings::new(home.path())).unwrap();
        (home, admin)
    }

    #[test]
    fn invite_codes_are_four_groups_of_four() {
        assert_eq!(invite_code([0; 10]), "0000-0000-0000-0000");
        assert_eq!(invite_code([0xff; 10]), "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
        assert_eq!(invite_code([0, 0, 0, 0, 1, 0, 0, 0, 0, 2]), "0000-0001-0000-0002");
    }

    #[test]
    fn a_branch_is_found_by_its_name_and_its_id_and_by_nothing_else() {
        let (_home, mut admin) = admin();
        let branch = admin.add_branch("上海").unwrap();
        assert_eq!(admin.branch("上海").unwrap(), branch);
        assert_eq!(admin.branch(&branch.id.to_string()).unwrap(), branch);
        assert!(matches!(admin.branch("北京"), Err(Error::NoBranch { .. })));
        assert!(matches!(admin.add_branch("上海"), Err(Error::BranchExists { .. })));
    }

    #[test]
    fn names_have_bounds() {
        let (_home, mut admin) = admin();
        assert!(admin.add_branch(&"上".repeat(limits::NAME_CHARS_MAX)).is_ok());
        for wrong in ["", " 上海", "上\n海", &"上".repeat(limits::NAME_CHARS_MAX + 1)] {
            assert!(matches!(admin.add_branch(wrong), Err(Error::BadName { .. })), "{wrong:?}");
        }
    }

    #[test]
    fn a_user_is_added_once_and_with_a_password_that_only_the_caller_learns() {
        let (_home, mut admin) = admin();
        let added = admin.add_user("li", Role::Supervisor, None, None).unwrap();
        let kept = admin.store.user_named("li").unwrap().unwrap();
        assert!(!kept.password.contains(&added.password));
        assert!(password::verify(&added.password, Some(&kept.password)));
        assert!(matches!(admin.add_user("li", Role::Auditor, None, None), Err(Error::UserExists { .. })));
        assert!(matches!(admin.add_user("wang", Role::Auditor, Some("上海"), None), Err(Error::NoBranch { .. })));
    }
}
