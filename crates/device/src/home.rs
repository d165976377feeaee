//! One device's home: opening it, who it is, where it belongs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use records::Class;
use store::{DeviceStore, FRAME_BYTES_FIRST, Identity, LastSync, ReadTx, SecretKey, WriteTx};
use sync::DeviceSecret;
use vocab::{Cursor, DeviceCode, Generation, Position, Role, Staff, Timestamp};

pub use store::Membership;

use crate::error::WorkError;
use crate::outside::{Machine, Outside, random};
use crate::report::SyncReport;
use crate::{DeviceError, branch};

/// What a person is called on a device until somebody says otherwise: `我*`, "me", masked like every name.
pub const DEFAULT_STAFF: &str = "我*";

/// What stands for the home of a store in memory.
const MEMORY: &str = ":memory:";

/// One device, its store open. Every call is one transaction; several processes may use one home in turn.
#[derive(Debug)]
pub struct Device {
    home: PathBuf,
    store: Option<DeviceStore>,
    outside: Arc<dyn Outside>,
}

impl Device {
    /// Makes a device in `home`: a key, a store, and a provisional code for its records. Works with no relay at all.
    ///
    /// Somebody who works alone is their own supervisor, so that is the role until a branch gives another.
    ///
    /// # Errors
    /// [`DeviceError::StoreExists`]; [`DeviceError::Store`] when the home cannot be written.
    pub fn init(home: &Path, staff: Option<Staff>, role: Option<Role>) -> Result<Device, DeviceError> {
        let outside: Arc<dyn Outside> = Arc::new(Machine);
        let identity = Device::identity_of(&*outside, staff, role)?;
        let at = |error: store::StoreError| WorkError::Store(error).at(home);
        let store = DeviceStore::create(home, &identity).map_err(at)?;
        let mut device = Device { home: home.to_path_buf(), store: Some(store), outside };
        device.begin_rows()?;
        Ok(device)
    }

    /// Who a new device is: a key, and a provisional code for its records.
    fn identity_of(outside: &dyn Outside, staff: Option<Staff>, role: Option<Role>) -> Result<Identity, DeviceError> {
        let secret = random(outside)?;
        let key = DeviceSecret::from_bytes(&secret).key();
        Ok(Identity {
            secret: SecretKey::from_bytes(secret),
            key,
            generation: Generation::from_bytes(random(outside)?),
            code: DeviceCode::provisional(&key),
            staff: match staff {
                Some(staff) => staff,
                None => DEFAULT_STAFF.parse().map_err(|_| DeviceError::Interrupted)?,
            },
            role: role.unwrap_or(Role::Supervisor),
            name: String::new(),
        })
    }

    /// A new device with its store in memory, for tests and simulation.
    ///
    /// # Errors
    /// [`DeviceError::Store`] when there is no memory.
    pub fn in_memory(
        outside: Arc<dyn Outside>,
        staff: Option<Staff>,
        role: Option<Role>,
    ) -> Result<Device, DeviceError> {
        let identity = Device::identity_of(&*outside, staff, role)?;
        let at = |error: store::StoreError| WorkError::Store(error).at(Path::new(MEMORY));
        let mut device = Device::on(DeviceStore::in_memory(&identity).map_err(at)?, outside);
        device.begin_rows()?;
        Ok(device)
    }

    /// A device on a store that is open already, with time and random bytes from `outside`: for simulation, which copies
    /// stores and puts them back.
    #[must_use]
    pub fn on(store: DeviceStore, outside: Arc<dyn Outside>) -> Device {
        Device { home: PathBuf::from(MEMORY), store: Some(store), outside }
    }

    /// The store, to be copied, or to be made to fail.
    ///
    /// # Errors
    /// [`DeviceError::Store`] when it has to be opened anew and cannot.
    pub fn store_mut(&mut self) -> Result<&mut DeviceStore, DeviceError> {
        self.store()
    }

    fn begin_rows(&mut self) -> Result<(), DeviceError> {
        self.write(|tx| {
            readmodel::prepare(tx.connection())?;
            Ok(readmodel::completed(tx.connection())?)
        })
    }

    /// Opens the device in `home`. Rows of another version of the read model are made anew from the documents.
    ///
    /// # Errors
    /// [`DeviceError::NoStore`]; [`DeviceError::Store`] with what is wrong with the file, which is left as it was.
    pub fn open(home: &Path) -> Result<Device, DeviceError> {
        let store = DeviceStore::open(home).map_err(|error| WorkError::Store(error).at(home))?;
        let mut device = Device { home: home.to_path_buf(), store: Some(store), outside: Arc::new(Machine) };
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

    /// Where time and random bytes come from.
    pub(crate) fn outside(&self) -> Arc<dyn Outside> {
        self.outside.clone()
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
        let mut device = Device { home: self.home.clone(), store: self.store.take(), outside: self.outside.clone() };
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&mut device);
            (device.store, result)
        });
        let (store, result) = done.await.map_err(|_| DeviceError::Interrupted)?;
        self.store = store;
        result
    }

    /// Keeps what enrolment gave. Nothing of the book is lost: what the branch lacks of it goes up at the next exchange, and the
    /// board held so far becomes the branch's.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn join(
        &mut self,
        relay: &str,
        name: &str,
        given: sync::Membership,
        relay_time: Timestamp,
    ) -> Result<Membership, DeviceError> {
        let wall = self.outside.now();
        self.write(|tx| {
            let before = (branch::own(tx)?, tx.membership()?.map(|membership| membership.branch_name));
            let mut identity = tx.identity()?;
            identity.code = given.code;
            identity.staff = given.staff;
            identity.role = given.role;
            identity.name = name.to_owned();
            tx.set_identity(&identity)?;
            let mut clock = tx.clock()?;
            clock.learn_offset(relay_time, wall);
            tx.set_clock(&clock)?;
            let membership = Membership {
                relay: relay.to_owned(),
                branch: given.branch,
                branch_name: given.branch_name,
                epoch: None,
                cursor: Cursor::default(),
                ahead: Position::START,
                owed: Vec::new(),
                suspect: false,
                frame_bytes: FRAME_BYTES_FIRST,
                acknowledged: None,
            };
            tx.set_membership(&membership)?;
            let (former, former_name) = before;
            // A branch of the same name is the one there was, made again.
            let again = former_name.as_deref() == Some(membership.branch_name.as_str());
            let classes: &[Class] = if again { &[Class::Board, Class::Policy] } else { &[Class::Board] };
            branch::carry(tx, &identity.key, classes, former, membership.branch, wall)?;
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

    pub(crate) fn keep_last_sync(&mut self, report: &SyncReport) -> Result<(), DeviceError> {
        let report = serde_json::to_value(report).map_err(|_| DeviceError::Interrupted)?;
        let wall = self.outside.now();
        self.write(|tx| {
            let at = tx.clock()?.corrected(wall);
            Ok(tx.set_last_sync(&LastSync { at, report })?)
        })
    }
}
