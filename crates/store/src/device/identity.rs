//! Who this device is, its clock and its counters.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, params};
use vocab::{Actor, DeviceCode, DeviceKey, Generation, HybridClock, Role, Staff, Timestamp};

use super::{ReadTx, WriteTx};
use crate::StoreError;
use crate::columns::{Columns, integer};

/// The 32 bytes of a device's Ed25519 secret key. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    /// A key from 32 random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        SecretKey(bytes)
    }

    /// The bytes, for signing.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Who a device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Proves to the relay who this is.
    pub secret: SecretKey,
    /// The public half.
    pub key: DeviceKey,
    /// The unbroken life of this store; drawn anew when the store is found to be a restored copy (I5).
    pub generation: Generation,
    /// The code inside the ids of records made here: provisional until enrolled.
    pub code: DeviceCode,
    /// Who uses it.
    pub staff: Staff,
    /// What that person is.
    pub role: Role,
    /// What people call the device.
    pub name: String,
}

impl Identity {
    /// Who writes the automerge changes made here.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::new(&self.key, self.generation)
    }
}

pub(super) fn insert(conn: &Connection, identity: &Identity) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO identity (id, secret, key, generation, code, staff, role, name)
         VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        identity.secret.as_bytes(),
        identity.key.as_bytes(),
        identity.generation.as_bytes(),
        identity.code.as_str(),
        identity.staff.as_str(),
        identity.role.code(),
        identity.name,
    ])?;
    Ok(())
}

impl ReadTx<'_> {
    /// Who this device is.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the row is missing or does not read.
    pub fn identity(&self) -> Result<Identity, StoreError> {
        self.tx
            .prepare_cached("SELECT secret, key, generation, code, staff, role, name FROM identity")?
            .query_row([], |row| {
                Ok(Identity {
                    secret: SecretKey(row.fixed(0)?),
                    key: row.device_key(1)?,
                    generation: row.generation(2)?,
                    code: row.parsed(3)?,
                    staff: row.parsed(4)?,
                    role: row.parsed(5)?,
                    name: row.get(6)?,
                })
            })
            .optional()?
            .ok_or_else(|| StoreError::corrupt("the store does not say whose it is"))
    }

    /// The clock as last kept; a new one when none was.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn clock(&self) -> Result<HybridClock, StoreError> {
        let kept = self
            .tx
            .prepare_cached("SELECT last_ms, offset_ms FROM clock")?
            .query_row([], |row| Ok(HybridClock::new(row.time(0)?, row.get(1)?)))
            .optional()?;
        Ok(kept.unwrap_or(HybridClock::new(Timestamp::EPOCH, 0)))
    }

    /// The last number counted under `name`; zero when none was.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub fn counter(&self, name: &str) -> Result<u64, StoreError> {
        let value = self
            .tx
            .prepare_cached("SELECT value FROM counter WHERE name = ?1")?
            .query_row([name], |row| row.number(0))
            .optional()?;
        Ok(value.unwrap_or(0))
    }
}

impl WriteTx<'_> {
    /// Replaces who this device is: after enrolment, or with a new generation.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn set_identity(&self, identity: &Identity) -> Result<(), StoreError> {
        insert(&self.tx.tx, identity)
    }

    /// Goes on under a new generation: this store was found to be a restored copy (I5). What was acknowledged under the old
    /// actor says nothing of the new one and is forgotten; the outbox keeps what waits, under the actors that wrote it.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn renew_generation(&self, generation: Generation) -> Result<(), StoreError> {
        let tx = &self.tx.tx;
        tx.prepare_cached("UPDATE identity SET generation = ?1")?.execute([generation.as_bytes()])?;
        tx.prepare_cached("UPDATE membership SET acknowledged_seq = NULL, acknowledged_hash = NULL")?.execute([])?;
        Ok(())
    }

    /// Keeps the clock.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn set_clock(&self, clock: &HybridClock) -> Result<(), StoreError> {
        self.tx
            .tx
            .prepare_cached("INSERT OR REPLACE INTO clock (id, last_ms, offset_ms) VALUES (1, ?1, ?2)")?
            .execute(params![clock.last().millis(), clock.offset_ms()])?;
        Ok(())
    }

    /// The next number under `name`, counted from 1; it is given again only if this transaction fails.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn next(&self, name: &str) -> Result<u64, StoreError> {
        let value = self
            .tx
            .tx
            .prepare_cached(
                "INSERT INTO counter (name, value) VALUES (?1, 1)
                 ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            )?
            .query_row([name], |row| row.number(0))?;
        Ok(value)
    }

    /// Makes sure that the next number under `name` is above `value`: for a restored store that learns from the relay what
    /// it had counted before.
    ///
    /// # Errors
    /// Any [`StoreError`] of writing.
    pub fn count_past(&self, name: &str, value: u64) -> Result<(), StoreError> {
        self.tx
            .tx
            .prepare_cached(
                "INSERT INTO counter (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
            )?
            .execute(params![name, integer(value)])?;
        Ok(())
    }
}
