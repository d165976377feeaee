//! One device's home: opening it, who it is, where it belongs.

use std::path::{Path, PathBuf};

use store::{DeviceStore, Identity, LastSync, ReadTx, SecretKey, WriteTx};
use sync::DeviceSecret;
use vocab::{Cursor, DeviceCode, Epoch, Generation, Role, Staff, Timestamp};

pub use store::Membership;

use crate::error::WorkError;
use crate::exchange::SyncReport;
use crate::{DeviceError, wall};

/// What a person is called on a device until somebody says otherwise: `我*`, "me", masked like every name.
pub const DEFAULT_STAFF: &str = "我*";

/// One device, its store open. Every call is one transaction; several processes may use one home in turn.
#[derive(Debug)]
pub struct Device {
    home: PathBuf,
    store: Option<DeviceStore>,
}

impl Device {
    /// Makes a device in `home`: a key, a store, and a provisional code for its records. Works with no relay at all.
    ///
    /// Somebody who works alone is their own supervisor, so that is the role until a branch gives another.
    ///
    /// # Errors
    /// [`DeviceError::StoreExists`]; [`DeviceError::Store`] when the home cannot be written.
    pub fn init(home: &Path, staff: Option<Staff>, role: Option<Role>) -> Result<Device, DeviceError> {
        let secret = wall::random()?;
        let key = DeviceSecret::from_bytes(&secret).key();
        let identity = Identity {
            secret: SecretKey::from_bytes(secret),
            key,
            generation: Generation::from_bytes(wall::random()?),
            code: DeviceCode::provisional(&key),
            staff: match staff {
                Some(staff) => staff,
                None => DEFAULT_STAFF.parse().map_err(|_| DeviceError::Interrupted)?,
            },
            role: role.unwrap_or(Role::Supervisor),
            name: String::new(),
        };
        let at = |error: store::StoreError| WorkError::Store(error).at(home);
        let mut device =
            Device { home: home.to_path_buf(), store: Some(DeviceStore::create(home, &identity).map_err(at)?) };
        device.write(|tx| {
            readmodel::prepare(tx.connection())?;
            Ok(readmodel::completed(tx.connection())?)
        })?;
        Ok(device)
    }

    /// Opens the device in `home`. Rows of another version of the read model are made anew from the documents.
    ///
    /// # Errors
    /// [`DeviceError::NoStore`]; [`DeviceError::Store`] with what is wrong with the file, which is left as it was.
    pub fn open(home: &Path) -> Result<Device, DeviceError> {
        let store = DeviceStore::open(home).map_err(|error| WorkError::Store(error).at(home))?;
        let mut device = Device { home: home.to_path_buf(), store: Some(store) };
        if !device.read(|tx| Ok(readmodel::is_complete(tx.connection())?))? {
            device.rebuild()?;
        }
        Ok(device)
    }

    /// The home's directory.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Who this device is.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn identity(&mut self) -> Result<Identity, DeviceError> {
        self.read(|tx| Ok(tx.identity()?))
    }

    /// The branch this device joined, if any.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn membership(&mut self) -> Result<Option<Membership>, DeviceError> {
        self.read(|tx| Ok(tx.membership()?))
    }

    /// Runs `work` in one transaction; nothing of it remains when it fails.
    pub(crate) fn write<T>(
        &mut self,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, WorkError>,
    ) -> Result<T, DeviceError> {
        let home = self.home.clone();
        self.store()?.write(work).map_err(|error: WorkError| error.at(&home))
    }

    /// Runs `work` on one unchanging view of the store.
    pub(crate) fn read<T>(&mut self, work: impl FnOnce(&ReadTx<'_>) -> Result<T, WorkError>) -> Result<T, DeviceError> {
        let home = self.home.clone();
        self.store()?.read(work).map_err(|error: WorkError| error.at(&home))
    }

    pub(crate) fn store(&mut self) -> Result<&mut DeviceStore, DeviceError> {
        let store = match self.store.take() {
            Some(store) => store,
            // An exchange was dropped while its thread had the store: the file is all that matters.
            None => DeviceStore::open(&self.home).map_err(|error| WorkError::Store(error).at(&self.home))?,
        };
        Ok(self.store.insert(store))
    }

    pub(crate) fn check(&mut self) -> Result<Vec<String>, DeviceError> {
        let home = self.home.clone();
        self.store()?.check().map_err(|error| WorkError::Store(error).at(&home))
    }

    pub(crate) fn data_version(&mut self) -> Result<u64, DeviceError> {
        let home = self.home.clone();
        self.store()?.data_version().map_err(|error| WorkError::Store(error).at(&home))
    }

    /// Runs `work` on a thread where waiting for the disk holds up nobody.
    pub(crate) async fn blocking<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Device) -> Result<T, DeviceError> + Send + 'static,
    ) -> Result<T, DeviceError> {
        let mut device = Device { home: self.home.clone(), store: self.store.take() };
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&mut device);
            (device.store, result)
        });
        let (store, result) = done.await.map_err(|_| DeviceError::Interrupted)?;
        self.store = store;
        result
    }

    /// Keeps what enrolment gave.
    pub(crate) fn join(
        &mut self,
        relay: &str,
        name: &str,
        given: sync::Membership,
        relay_time: Timestamp,
    ) -> Result<Membership, DeviceError> {
        self.write(|tx| {
            let mut identity = tx.identity()?;
            identity.code = given.code;
            identity.staff = given.staff;
            identity.role = given.role;
            identity.name = name.to_owned();
            tx.set_identity(&identity)?;
            let mut clock = tx.clock()?;
            clock.learn_offset(relay_time, wall::now());
            tx.set_clock(&clock)?;
            let membership = Membership {
                relay: relay.to_owned(),
                branch: given.branch,
                branch_name: given.branch_name,
                epoch: None,
                cursor: Cursor::default(),
                acknowledged: None,
            };
            tx.set_membership(&membership)?;
            Ok(membership)
        })
    }

    /// Keeps what the relay says of this device, where it changed.
    pub(crate) fn admit(&mut self, given: sync::Membership) -> Result<(), DeviceError> {
        let unchanged = self.read(|tx| {
            let identity = tx.identity()?;
            let branch_name = tx.membership()?.map(|membership| membership.branch_name);
            Ok((identity.code, identity.staff, identity.role) == (given.code.clone(), given.staff.clone(), given.role)
                && branch_name.as_deref() == Some(given.branch_name.as_str()))
        })?;
        if unchanged {
            return Ok(());
        }
        self.write(|tx| {
            let mut identity = tx.identity()?;
            identity.code = given.code;
            identity.staff = given.staff;
            identity.role = given.role;
            tx.set_identity(&identity)?;
            if let Some(membership) = tx.membership()? {
                tx.set_membership(&Membership { branch_name: given.branch_name, ..membership })?;
            }
            Ok(())
        })
    }

    /// Takes up another feed from its start. Documents and outbox stay as they are.
    pub(crate) fn adopt_feed(&mut self, epoch: Epoch, cursor: Cursor) -> Result<(), DeviceError> {
        self.write(|tx| {
            if let Some(membership) = tx.membership()? {
                tx.set_membership(&Membership { epoch: Some(epoch), cursor, ..membership })?;
            }
            Ok(())
        })
    }

    pub(crate) fn keep_last_sync(&mut self, report: &SyncReport) -> Result<(), DeviceError> {
        let report = serde_json::to_value(report).map_err(|_| DeviceError::Interrupted)?;
        self.write(|tx| {
            let at = tx.clock()?.corrected(wall::now());
            Ok(tx.set_last_sync(&LastSync { at, report })?)
        })
    }
}
