//! Users of the pages and their sessions.

use rusqlite::{Connection, OptionalExtension, Row, params};
use vocab::{Staff, Timestamp};

use super::registry::{branch_id, or_name_taken};
use crate::StoreError;
use crate::columns::{Columns, integer};
use crate::relay::{PageSession, RegistryError, TokenDigest, User, UserDraft};

const USER: &str = "SELECT user.id, user.name, user.password, user.role, branch.branch, user.created_at_ms, user.staff
    FROM user LEFT JOIN branch ON branch.id = user.branch";

fn user_at(row: &Row<'_>, first: usize) -> rusqlite::Result<User> {
    let branch: Option<Vec<u8>> = row.get(first + 4)?;
    Ok(User {
        id: row.number(first)?,
        name: row.get(first + 1)?,
        password: row.get(first + 2)?,
        role: row.parsed(first + 3)?,
        branch: branch.map(|_| row.branch_id(first + 4)).transpose()?,
        created_at: row.time(first + 5)?,
        staff: row.optional_parsed(first + 6)?,
    })
}

pub(super) fn add_user(conn: &Connection, draft: &UserDraft) -> Result<User, RegistryError> {
    let branch = draft.branch.map(|branch| branch_id(conn, branch)).transpose()?;
    conn.prepare_cached(
        "INSERT INTO user (name, password, role, branch, created_at_ms, staff) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        draft.name,
        draft.password,
        draft.role.code(),
        branch,
        draft.created_at.millis(),
        draft.staff.as_ref().map(Staff::as_str)
    ])
    .map_err(|error| or_name_taken(error, &draft.name))?;
    Ok(User {
        id: conn.last_insert_rowid().unsigned_abs(),
        name: draft.name.clone(),
        password: draft.password.clone(),
        role: draft.role,
        staff: draft.staff.clone(),
        branch: draft.branch,
        created_at: draft.created_at,
    })
}

pub(super) fn users(conn: &Connection) -> Result<Vec<User>, StoreError> {
    let mut statement = conn.prepare_cached(&format!("{USER} ORDER BY user.name"))?;
    Ok(statement.query_map([], |row| user_at(row, 0))?.collect::<Result<_, _>>()?)
}

pub(super) fn user_named(conn: &Connection, name: &str) -> Result<Option<User>, StoreError> {
    let mut statement = conn.prepare_cached(&format!("{USER} WHERE user.name = ?1"))?;
    Ok(statement.query_row([name], |row| user_at(row, 0)).optional()?)
}

pub(super) fn set_password(conn: &Connection, user: u64, password: &str) -> Result<(), RegistryError> {
    let user = integer(user);
    let changed =
        conn.prepare_cached("UPDATE user SET password = ?2 WHERE id = ?1")?.execute(params![user, password])?;
    if changed == 0 {
        return Err(RegistryError::UnknownUser);
    }
    conn.prepare_cached("DELETE FROM session WHERE user = ?1")?.execute([user])?;
    Ok(())
}

pub(super) fn remove_user(conn: &Connection, user: u64) -> Result<(), RegistryError> {
    conn.prepare_cached("DELETE FROM session WHERE user = ?1")?.execute([integer(user)])?;
    match conn.prepare_cached("DELETE FROM user WHERE id = ?1")?.execute([integer(user)])? {
        0 => Err(RegistryError::UnknownUser),
        _ => Ok(()),
    }
}

pub(super) fn add_session(conn: &Connection, session: &PageSession) -> Result<(), RegistryError> {
    let known: bool = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM user WHERE id = ?1)")?
        .query_row([integer(session.user)], |row| row.get(0))?;
    if !known {
        return Err(RegistryError::UnknownUser);
    }
    conn.prepare_cached(
        "INSERT INTO session (token, user, csrf, created_at_ms, expires_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        session.token.as_bytes(),
        integer(session.user),
        session.csrf,
        session.created_at.millis(),
        session.expires_at.millis()
    ])?;
    Ok(())
}

pub(super) fn session(
    conn: &Connection,
    token: TokenDigest,
    now: Timestamp,
) -> Result<Option<(PageSession, User)>, StoreError> {
    let found = conn
        .prepare_cached(
            "SELECT session.user, session.csrf, session.created_at_ms, session.expires_at_ms,
                    user.id, user.name, user.password, user.role, branch.branch, user.created_at_ms,
                    user.staff
             FROM session JOIN user ON user.id = session.user LEFT JOIN branch ON branch.id = user.branch
             WHERE session.token = ?1 AND session.expires_at_ms > ?2",
        )?
        .query_row(params![token.as_bytes(), now.millis()], |row| {
            let session = PageSession {
                token,
                user: row.number(0)?,
                csrf: row.get(1)?,
                created_at: row.time(2)?,
                expires_at: row.time(3)?,
            };
            Ok((session, user_at(row, 4)?))
        })
        .optional()?;
    Ok(found)
}
