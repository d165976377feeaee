//! Branches, invites and devices.

use rusqlite::{Connection, OptionalExtension, Row, params};
use vocab::{BranchId, Cursor, DeviceCode, DeviceKey, Epoch, Role, Staff, Timestamp};

use super::{SqliteRelayStore, branch_row, people};
use crate::columns::{Columns, integer};
use crate::relay::{
    Branch, BranchDraft, Device, DeviceReport, Enrolment, INVITE_KEPT_MS, Invite, Origin, PageSession, Pruned,
    RECOVERED_CODES_MIN, Registry, RegistryError, TokenDigest, User, UserDraft,
};
use crate::{SecretKey, StoreError};

const BRANCH: &str = "SELECT branch, name, epoch, zone, created_at_ms, secret, recovering FROM branch";

/// The highest number of a code that a device may ask for: four letters. Whoever asks for more would use codes up.
const ASKED_CODE_MAX: u32 = 32 * 32 * 32 * 32 - 1;

const DEVICE: &str = "SELECT device.code, device.key, branch.branch, device.name, device.staff, device.role,
    device.enrolled_at_ms, device.revoked_at_ms, device.seen_at_ms, device.base, device.through, device.outbox,
    device.clock_offset_ms, device.app
    FROM device JOIN branch ON branch.id = device.branch";

fn branch(row: &Row<'_>) -> rusqlite::Result<Branch> {
    Ok(Branch {
        id: row.branch_id(0)?,
        name: row.get(1)?,
        epoch: row.epoch(2)?,
        zone: row.get(3)?,
        created_at: row.time(4)?,
        secret: SecretKey::from_bytes(row.fixed(5)?),
        origin: if row.get(6)? { Origin::Recovering } else { Origin::New },
    })
}

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    let report = match row.optional_time(8)? {
        Some(at) => Some(DeviceReport {
            at,
            cursor: Cursor { base: row.position(9)?, through: row.position(10)? },
            outbox: row.number(11)?,
            clock_offset_ms: row.get(12)?,
            app: row.get(13)?,
        }),
        None => None,
    };
    Ok(Device {
        key: row.device_key(1)?,
        branch: row.branch_id(2)?,
        code: row.parsed(0)?,
        name: row.get(3)?,
        staff: row.parsed(4)?,
        role: row.parsed(5)?,
        enrolled_at: row.time(6)?,
        revoked_at: row.optional_time(7)?,
        report,
    })
}

/// What a unique index said, as the error a person understands.
pub(super) fn or_name_taken(error: rusqlite::Error, name: &str) -> RegistryError {
    if is_constraint(&error) { RegistryError::NameTaken { name: name.to_owned() } } else { error.into() }
}

fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

pub(super) fn branch_id(conn: &Connection, branch: BranchId) -> Result<i64, RegistryError> {
    branch_row(conn, branch)?.map(|branch| branch.id).ok_or(RegistryError::UnknownBranch)
}

fn device_with(conn: &Connection, key: DeviceKey) -> Result<Option<Device>, StoreError> {
    let found = conn
        .prepare_cached(&format!("{DEVICE} WHERE device.key = ?1"))?
        .query_row([key.as_bytes()], device)
        .optional()?;
    Ok(found)
}

struct StoredInvite {
    branch: i64,
    role: Role,
    staff: Option<Staff>,
    expires_at: Timestamp,
    used_by: Option<DeviceKey>,
}

fn invite(conn: &Connection, enrolment: &Enrolment) -> Result<Option<StoredInvite>, StoreError> {
    let found = conn
        .prepare_cached(
            "SELECT invite.branch, invite.role, invite.staff, invite.expires_at_ms, device.key
             FROM invite LEFT JOIN device ON device.id = invite.used_by WHERE invite.digest = ?1",
        )?
        .query_row([enrolment.invite.as_bytes()], |row| {
            let used_by: Option<Vec<u8>> = row.get(4)?;
            Ok(StoredInvite {
                branch: row.get(0)?,
                role: row.parsed(1)?,
                staff: row.optional_parsed(2)?,
                expires_at: row.time(3)?,
                used_by: used_by.map(|_| row.device_key(4)).transpose()?,
            })
        })
        .optional()?;
    Ok(found)
}

/// The row id of the device that joins or joins again.
fn admit(conn: &Connection, enrolment: &Enrolment, invite: &StoredInvite) -> Result<i64, RegistryError> {
    let known = conn
        .prepare_cached("SELECT id, branch, revoked_at_ms FROM device WHERE key = ?1")?
        .query_row([enrolment.key.as_bytes()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.optional_time(2)?))
        })
        .optional()?;
    let staff = invite.staff.as_ref().unwrap_or(&enrolment.staff).as_str();
    match known {
        Some((_, _, Some(revoked_at))) => Err(RegistryError::DeviceRevoked { revoked_at }),
        Some((_, branch, None)) if branch != invite.branch => Err(RegistryError::OtherBranch),
        Some((id, _, None)) => {
            conn.prepare_cached("UPDATE device SET name = ?2, staff = ?3, role = ?4, app = ?5 WHERE id = ?1")?
                .execute(params![id, enrolment.name, staff, invite.role.code(), enrolment.app])?;
            Ok(id)
        }
        None => {
            conn.prepare_cached(
                "INSERT INTO device (key, branch, name, staff, role, enrolled_at_ms, app)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                enrolment.key.as_bytes(),
                invite.branch,
                enrolment.name,
                staff,
                invite.role.code(),
                enrolment.at.millis(),
                enrolment.app
            ])
            // The key itself was looked up above, so what is not unique is its beginning.
            .map_err(|error| if is_constraint(&error) { RegistryError::KeyTooAlike } else { error.into() })?;
            let id = conn.last_insert_rowid();
            let code = match free_code(conn, enrolment.code.as_ref())? {
                Some(code) => code,
                None => next_code(conn)?,
            };
            conn.prepare_cached("UPDATE device SET code = ?2 WHERE id = ?1")?.execute(params![id, code.as_str()])?;
            Ok(id)
        }
    }
}

/// The code a device had before, when it may have it again.
fn free_code(conn: &Connection, code: Option<&DeviceCode>) -> Result<Option<DeviceCode>, StoreError> {
    let Some((code, number)) = code.and_then(|code| Some((code, code.number()?))) else {
        return Ok(None);
    };
    if number == 0 || number > ASKED_CODE_MAX {
        return Ok(None);
    }
    let taken: bool = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM device WHERE code = ?1)")?
        .query_row([code.as_str()], |row| row.get(0))?;
    // Taken or not, somebody was given it: it is never made again.
    count_codes_past(conn, number)?;
    Ok((!taken).then(|| code.clone()))
}

/// A code nobody was given.
fn next_code(conn: &Connection) -> Result<DeviceCode, StoreError> {
    let last = conn
        .prepare_cached("UPDATE device_code SET last = last + 1 RETURNING last")?
        .query_row([], |row| row.number(0))?;
    let number = u32::try_from(last).map_err(|_| StoreError::corrupt("there are no device codes left"))?;
    Ok(DeviceCode::enrolled(number))
}

fn count_codes_past(conn: &Connection, number: u32) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE device_code SET last = max(last, ?1)")?.execute([number])?;
    Ok(())
}

impl Registry for SqliteRelayStore {
    fn add_branch(&mut self, draft: &BranchDraft) -> Result<Branch, RegistryError> {
        let tx = self.begin_write()?;
        tx.prepare_cached(
            "INSERT INTO branch (branch, name, epoch, zone, created_at_ms, secret, recovering)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            draft.id.as_bytes(),
            draft.name,
            draft.epoch.as_bytes(),
            draft.zone,
            draft.created_at.millis(),
            draft.secret.as_bytes(),
            draft.origin == Origin::Recovering
        ])
        .map_err(|error| or_name_taken(error, &draft.name))?;
        if draft.origin == Origin::Recovering {
            count_codes_past(&tx, RECOVERED_CODES_MIN)?;
        }
        tx.commit()?;
        self.tidy();
        Ok(Branch {
            id: draft.id,
            name: draft.name.clone(),
            epoch: draft.epoch,
            zone: draft.zone.clone(),
            secret: draft.secret.clone(),
            origin: draft.origin,
            created_at: draft.created_at,
        })
    }

    fn branches(&self) -> Result<Vec<Branch>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{BRANCH} ORDER BY id"))?;
        Ok(statement.query_map([], branch)?.collect::<Result<_, _>>()?)
    }

    fn branch(&self, id: BranchId) -> Result<Option<Branch>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{BRANCH} WHERE branch = ?1"))?;
        Ok(statement.query_row([id.as_bytes()], branch).optional()?)
    }

    fn branch_named(&self, name: &str) -> Result<Option<Branch>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{BRANCH} WHERE name = ?1"))?;
        Ok(statement.query_row([name], branch).optional()?)
    }

    fn set_epoch(&mut self, branch: BranchId, epoch: Epoch) -> Result<(), RegistryError> {
        let tx = self.begin_write()?;
        let id = branch_id(&tx, branch)?;
        tx.prepare_cached("UPDATE branch SET epoch = ?2 WHERE id = ?1")?.execute(params![id, epoch.as_bytes()])?;
        tx.commit()?;
        self.tidy();
        Ok(())
    }

    fn end_recovery(&mut self, branch: BranchId) -> Result<(), RegistryError> {
        let tx = self.begin_write()?;
        let id = branch_id(&tx, branch)?;
        tx.prepare_cached("UPDATE branch SET recovering = 0 WHERE id = ?1")?.execute([id])?;
        tx.commit()?;
        self.tidy();
        Ok(())
    }

    fn add_invite(&mut self, invite: &Invite) -> Result<(), RegistryError> {
        let tx = self.begin_write()?;
        let branch = branch_id(&tx, invite.branch)?;
        tx.prepare_cached(
            "INSERT INTO invite (digest, branch, role, staff, created_at_ms, expires_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            invite.digest.as_bytes(),
            branch,
            invite.role.code(),
            invite.staff.as_ref().map(Staff::as_str),
            invite.created_at.millis(),
            invite.expires_at.millis()
        ])?;
        tx.commit()?;
        self.tidy();
        Ok(())
    }

    fn enrol(&mut self, enrolment: &Enrolment) -> Result<Device, RegistryError> {
        let tx = self.begin_write()?;
        let invite = invite(&tx, enrolment)?.ok_or(RegistryError::InviteUnknown)?;
        match invite.used_by {
            Some(key) if key == enrolment.key => {}
            Some(_) => return Err(RegistryError::InviteUsed),
            None if invite.expires_at <= enrolment.at => {
                return Err(RegistryError::InviteExpired { expired_at: invite.expires_at });
            }
            None => {
                let id = admit(&tx, enrolment, &invite)?;
                tx.prepare_cached("UPDATE invite SET used_by = ?2 WHERE digest = ?1")?
                    .execute(params![enrolment.invite.as_bytes(), id])?;
            }
        }
        let device = device_with(&tx, enrolment.key)?.ok_or(RegistryError::UnknownDevice)?;
        if let Some(revoked_at) = device.revoked_at {
            return Err(RegistryError::DeviceRevoked { revoked_at });
        }
        tx.commit()?;
        self.tidy();
        Ok(device)
    }

    fn devices(&self, branch: Option<BranchId>) -> Result<Vec<Device>, StoreError> {
        let devices = match branch {
            None => self
                .conn
                .prepare_cached(&format!("{DEVICE} ORDER BY device.id"))?
                .query_map([], device)?
                .collect::<Result<_, _>>()?,
            Some(branch) => self
                .conn
                .prepare_cached(&format!("{DEVICE} WHERE branch.branch = ?1 ORDER BY device.id"))?
                .query_map([branch.as_bytes()], device)?
                .collect::<Result<_, _>>()?,
        };
        Ok(devices)
    }

    fn device(&self, key: DeviceKey) -> Result<Option<Device>, StoreError> {
        device_with(&self.conn, key)
    }

    fn device_coded(&self, code: &DeviceCode) -> Result<Option<Device>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{DEVICE} WHERE device.code = ?1"))?;
        Ok(statement.query_row([code.as_str()], device).optional()?)
    }

    fn revoke(&mut self, key: DeviceKey, at: Timestamp) -> Result<Device, RegistryError> {
        let tx = self.begin_write()?;
        tx.prepare_cached("UPDATE device SET revoked_at_ms = coalesce(revoked_at_ms, ?2) WHERE key = ?1")?
            .execute(params![key.as_bytes(), at.millis()])?;
        let device = device_with(&tx, key)?.ok_or(RegistryError::UnknownDevice)?;
        tx.commit()?;
        self.tidy();
        Ok(device)
    }

    fn report(&mut self, reports: &[(DeviceKey, DeviceReport)]) -> Result<(), StoreError> {
        let tx = self.begin_write()?;
        {
            let mut update = tx.prepare_cached(
                "UPDATE device SET seen_at_ms = ?2, base = ?3, through = ?4, outbox = ?5, clock_offset_ms = ?6, app = ?7
                 WHERE key = ?1",
            )?;
            for (key, report) in reports {
                update.execute(params![
                    key.as_bytes(),
                    report.at.millis(),
                    integer(report.cursor.base.get()),
                    integer(report.cursor.through.get()),
                    integer(report.outbox),
                    report.clock_offset_ms,
                    report.app
                ])?;
            }
        }
        tx.commit()?;
        self.tidy();
        Ok(())
    }

    fn add_user(&mut self, draft: &UserDraft) -> Result<User, RegistryError> {
        let tx = self.begin_write()?;
        let user = people::add_user(&tx, draft)?;
        tx.commit()?;
        self.tidy();
        Ok(user)
    }

    fn users(&self) -> Result<Vec<User>, StoreError> {
        people::users(&self.conn)
    }

    fn user_named(&self, name: &str) -> Result<Option<User>, StoreError> {
        people::user_named(&self.conn, name)
    }

    fn set_password(&mut self, user: u64, password: &str) -> Result<(), RegistryError> {
        let tx = self.begin_write()?;
        people::set_password(&tx, user, password)?;
        tx.commit()?;
        self.tidy();
        Ok(())
    }

    fn remove_user(&mut self, user: u64) -> Result<(), RegistryError> {
        let tx = self.begin_write()?;
        people::remove_user(&tx, user)?;
        tx.commit()?;
        self.tidy();
        Ok(())
    }

    fn add_session(&mut self, session: &PageSession) -> Result<(), RegistryError> {
        let tx = self.begin_write()?;
        people::add_session(&tx, session)?;
        tx.commit()?;
        self.tidy();
        Ok(())
    }

    fn session(&self, token: TokenDigest, now: Timestamp) -> Result<Option<(PageSession, User)>, StoreError> {
        people::session(&self.conn, token, now)
    }

    fn end_session(&mut self, token: TokenDigest) -> Result<(), StoreError> {
        let tx = self.begin_write()?;
        tx.prepare_cached("DELETE FROM session WHERE token = ?1")?.execute([token.as_bytes()])?;
        tx.commit()?;
        self.tidy();
        Ok(())
    }

    fn prune(&mut self, now: Timestamp) -> Result<Pruned, StoreError> {
        let tx = self.begin_write()?;
        let sessions =
            tx.prepare_cached("DELETE FROM session WHERE expires_at_ms <= ?1")?.execute([now.millis()])? as u64;
        let invites = tx
            .prepare_cached("DELETE FROM invite WHERE expires_at_ms <= ?1 AND used_by IS NULL")?
            .execute([now.millis().saturating_sub(INVITE_KEPT_MS)])? as u64;
        tx.commit()?;
        self.tidy();
        Ok(Pruned { invites, sessions })
    }
}
