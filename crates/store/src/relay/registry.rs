//! The registry: branches, invites, devices, users and their sessions.
//!
//! Secrets never stand here in the clear: invites and session tokens as SHA-256 (both are random and long), passwords as
//! argon2 strings, which are opaque to the store.

use std::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;
use vocab::{BranchId, Cursor, DeviceCode, DeviceKey, Epoch, Role, Staff, Timestamp};

use crate::{SecretKey, StoreError};

/// The time zone of a branch unless told otherwise, as the IANA names it.
pub const DEFAULT_ZONE: &str = "Asia/Shanghai";

/// The number of the last code that a relay with a recovering branch leaves to devices that had one.
pub const RECOVERED_CODES_MIN: u32 = 32 * 32 - 1;

/// Why the registry did not do what it was asked.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// Another branch or user has this name.
    #[error("the name `{name}` is taken")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// There is no such branch.
    #[error("there is no such branch")]
    UnknownBranch,
    /// There is no such device.
    #[error("there is no such device")]
    UnknownDevice,
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// Nobody was invited with this code.
    #[error("nobody was invited with this code")]
    InviteUnknown,
    /// Another device has used this invite.
    #[error("this invite was used by another device")]
    InviteUsed,
    /// The invite has expired.
    #[error("this invite expired at {expired_at}")]
    InviteExpired {
        /// When.
        expired_at: Timestamp,
    },
    /// The device was revoked; its key is not taken again.
    #[error("this device was revoked at {revoked_at}")]
    DeviceRevoked {
        /// When.
        revoked_at: Timestamp,
    },
    /// The device belongs to another branch: its store holds that branch's book.
    #[error("this device belongs to another branch")]
    OtherBranch,
    /// Another device's key begins with the same 8 bytes, so that their actors could not be told apart.
    #[error("this key cannot be told from another device's")]
    KeyTooAlike,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for RegistryError {
    fn from(error: rusqlite::Error) -> Self {
        RegistryError::Store(error.into())
    }
}

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// A digest as it stands in storage.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                $name(bytes)
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

digest!(
    /// The SHA-256 of an invite's code.
    InviteDigest
);
digest!(
    /// The SHA-256 of a page session's token.
    TokenDigest
);

impl InviteDigest {
    /// The digest of a code as a person typed it: letters count alike in either case, spaces and hyphens not at all.
    #[must_use]
    pub fn of(code: &str) -> Self {
        let typed: String = code
            .chars()
            .filter(|letter| !letter.is_whitespace() && *letter != '-')
            .map(|letter| letter.to_ascii_uppercase())
            .collect();
        InviteDigest(Sha256::digest(typed.as_bytes()).into())
    }
}

impl TokenDigest {
    /// The digest of a token.
    #[must_use]
    pub fn of(token: &[u8]) -> Self {
        TokenDigest(Sha256::digest(token).into())
    }
}

/// A branch to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchDraft {
    /// 16 random bytes.
    pub id: BranchId,
    /// Its name, unique at the relay.
    pub name: String,
    /// 16 random bytes: the id of its feed.
    pub epoch: Epoch,
    /// Its IANA time zone: [`DEFAULT_ZONE`] unless told otherwise.
    pub zone: String,
    /// 32 random bytes: the key that signs its tombstones.
    pub secret: SecretKey,
    /// Whether it takes the place of one that was lost.
    pub origin: Origin,
    /// Now.
    pub created_at: Timestamp,
}

/// Where a branch's book comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From the branch's devices, from the beginning.
    New,
    /// It was lost with the relay's disk, and devices bring it back: their tombstones are taken though another key signed
    /// them, until [`Registry::end_recovery`].
    Recovering,
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its id.
    pub id: BranchId,
    /// Its name.
    pub name: String,
    /// The id of its feed.
    pub epoch: Epoch,
    /// Its IANA time zone.
    pub zone: String,
    /// The key that signs its tombstones; backups hold it.
    pub secret: SecretKey,
    /// Whether it takes the place of one that was lost.
    pub origin: Origin,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An invitation of one device to a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Of its code.
    pub digest: InviteDigest,
    /// The branch.
    pub branch: BranchId,
    /// What the person will be.
    pub role: Role,
    /// Who the person is, if the invite says.
    pub staff: Option<Staff>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ceases to be valid.
    pub expires_at: Timestamp,
}

/// A device that wants to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Of the invite's code.
    pub invite: InviteDigest,
    /// Its key, which has signed the request.
    pub key: DeviceKey,
    /// What people call it.
    pub name: String,
    /// Who uses it, when the invite does not say.
    pub staff: Staff,
    /// The version of its software.
    pub app: String,
    /// The code that a relay gave it before, which the ids of its records hold.
    pub code: Option<DeviceCode>,
    /// Now.
    pub at: Timestamp,
}

/// A registered device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its key.
    pub key: DeviceKey,
    /// Its branch.
    pub branch: BranchId,
    /// Its code, unique in the organisation; never changes.
    pub code: DeviceCode,
    /// What people call it.
    pub name: String,
    /// Who uses it.
    pub staff: Staff,
    /// What that person is.
    pub role: Role,
    /// When it joined.
    pub enrolled_at: Timestamp,
    /// When it was shut out, if it was.
    pub revoked_at: Option<Timestamp>,
    /// What it last said of itself; nothing before its first session.
    pub report: Option<DeviceReport>,
}

/// What a device says of itself while connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceReport {
    /// When it said so, by the relay's clock.
    pub at: Timestamp,
    /// How far it holds the feed.
    pub cursor: Cursor,
    /// How many changes wait in its outbox.
    pub outbox: u64,
    /// The relay's time minus the device's wall clock, in milliseconds.
    pub clock_offset_ms: i64,
    /// The version of its software.
    pub app: String,
}

/// A user of the pages to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserDraft {
    /// The name to sign in with, unique at the relay.
    pub name: String,
    /// An argon2 string.
    pub password: String,
    /// What the person may see.
    pub role: Role,
    /// How what the person writes on the pages names them; made of the name when absent.
    pub staff: Option<Staff>,
    /// The only branch the person may see; every branch when absent.
    pub branch: Option<BranchId>,
    /// Now.
    pub created_at: Timestamp,
}

/// A user of the pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Given by the store, never reused.
    pub id: u64,
    /// The name to sign in with.
    pub name: String,
    /// An argon2 string.
    pub password: String,
    /// What the person may see.
    pub role: Role,
    /// How what the person writes on the pages names them; made of the name when absent.
    pub staff: Option<Staff>,
    /// The only branch the person may see; every branch when absent.
    pub branch: Option<BranchId>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A user signed in to the pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSession {
    /// Of the cookie's token.
    pub token: TokenDigest,
    /// [`User::id`].
    pub user: u64,
    /// What forms must send along.
    pub csrf: String,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When the user has to sign in again.
    pub expires_at: Timestamp,
}

/// How long the relay remembers an invite that expired unused, in milliseconds: 30 days. Whoever comes back from holidays with
/// one is told that it has expired and asks for another, rather than that there never was such an invite.
pub const INVITE_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// What [`Registry::prune`] removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Invites that had expired unused long ago.
    pub invites: u64,
    /// Sessions that expired.
    pub sessions: u64,
}

/// Who and what the relay knows.
pub trait Registry {
    /// Makes a branch.
    ///
    /// # Errors
    /// [`RegistryError::NameTaken`].
    fn add_branch(&mut self, draft: &BranchDraft) -> Result<Branch, RegistryError>;
    /// Every branch, in the order they were made.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn branches(&self) -> Result<Vec<Branch>, StoreError>;
    /// One branch.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn branch(&self, id: BranchId) -> Result<Option<Branch>, StoreError>;
    /// The branch with this name.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn branch_named(&self, name: &str) -> Result<Option<Branch>, StoreError>;
    /// Says that the branch's feed is not the one it was: the relay was restored from a backup.
    ///
    /// # Errors
    /// [`RegistryError::UnknownBranch`].
    fn set_epoch(&mut self, branch: BranchId, epoch: Epoch) -> Result<(), RegistryError>;

    /// Says that the devices have brought back what was lost.
    ///
    /// # Errors
    /// [`RegistryError::UnknownBranch`].
    fn end_recovery(&mut self, branch: BranchId) -> Result<(), RegistryError>;

    /// Keeps an invite.
    ///
    /// # Errors
    /// [`RegistryError::UnknownBranch`].
    fn add_invite(&mut self, invite: &Invite) -> Result<(), RegistryError>;
    /// Registers a device and uses up its invite, in one transaction. Asked again with the same invite and key it answers
    /// the same: the first answer may have been lost. A registered device that brings a further invite to its own branch
    /// takes over that invite's role and person and keeps its code.
    ///
    /// A new device gets the code it had before when it is one a relay gives and no other device has it; else one that is
    /// higher than every code given so far, here or before. A relay that recovers a branch cannot know what it gave before
    /// it lost its disk: it counts on from [`RECOVERED_CODES_MIN`], past what all but the largest organisations used.
    ///
    /// # Errors
    /// [`RegistryError::InviteUnknown`], [`RegistryError::InviteUsed`], [`RegistryError::InviteExpired`],
    /// [`RegistryError::DeviceRevoked`], [`RegistryError::OtherBranch`], [`RegistryError::KeyTooAlike`].
    fn enrol(&mut self, enrolment: &Enrolment) -> Result<Device, RegistryError>;

    /// The devices of one branch or of all, in the order they joined.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn devices(&self, branch: Option<BranchId>) -> Result<Vec<Device>, StoreError>;
    /// One device.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn device(&self, key: DeviceKey) -> Result<Option<Device>, StoreError>;
    /// The device with this code.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn device_coded(&self, code: &DeviceCode) -> Result<Option<Device>, StoreError>;
    /// Shuts a device out for good. Done twice, the first time counts.
    ///
    /// # Errors
    /// [`RegistryError::UnknownDevice`].
    fn revoke(&mut self, key: DeviceKey, at: Timestamp) -> Result<Device, RegistryError>;
    /// Keeps what devices last said of themselves, in one transaction. Unknown devices are ignored.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    fn report(&mut self, reports: &[(DeviceKey, DeviceReport)]) -> Result<(), StoreError>;

    /// Makes a user of the pages.
    ///
    /// # Errors
    /// [`RegistryError::NameTaken`], [`RegistryError::UnknownBranch`].
    fn add_user(&mut self, draft: &UserDraft) -> Result<User, RegistryError>;
    /// Every user, by name.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn users(&self) -> Result<Vec<User>, StoreError>;
    /// The user with this name.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn user_named(&self, name: &str) -> Result<Option<User>, StoreError>;
    /// Replaces a user's password and ends the user's sessions.
    ///
    /// # Errors
    /// [`RegistryError::UnknownUser`].
    fn set_password(&mut self, user: u64, password: &str) -> Result<(), RegistryError>;
    /// Removes a user and the user's sessions.
    ///
    /// # Errors
    /// [`RegistryError::UnknownUser`].
    fn remove_user(&mut self, user: u64) -> Result<(), RegistryError>;

    /// Keeps a session.
    ///
    /// # Errors
    /// [`RegistryError::UnknownUser`].
    fn add_session(&mut self, session: &PageSession) -> Result<(), RegistryError>;
    /// The session with this token and its user, unless it has expired at `now`.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    fn session(&self, token: TokenDigest, now: Timestamp) -> Result<Option<(PageSession, User)>, StoreError>;
    /// Ends a session, if there is one.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    fn end_session(&mut self, token: TokenDigest) -> Result<(), StoreError>;
    /// Removes sessions that have expired at `now`, and unused invites that expired [`INVITE_KEPT_MS`] before.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    fn prune(&mut self, now: Timestamp) -> Result<Pruned, StoreError>;
}
