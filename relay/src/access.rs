//! Who may in: what the registry says of a device that connects or enrols.

use std::net::IpAddr;

use store::{Enrolment, Feeds, InviteDigest, Registry, RegistryError, SqliteRelayStore};
use sync::{Admission, Claim, Code, EnrolRequest, Membership};
use tokio::time::Instant;
use vocab::{DeviceKey, Staff, Timestamp};

use crate::{AppState, Error, ticks};

impl AppState {
    /// The answer to a device that proved its key.
    pub(crate) async fn admit(&self, claim: &Claim) -> Result<Admission, Code> {
        let claim = claim.clone();
        self.read_feeds(move |store| Ok(admission(store, &claim)?))
            .await
            .unwrap_or_else(|error| Err(unavailable(&error)))
    }

    /// The answer to a device that wants to join from `address`.
    pub(crate) async fn enrol(&self, request: EnrolRequest, address: IpAddr) -> Result<(Membership, Timestamp), Code> {
        if !self.admission().may_guess(address, Instant::now()) {
            tracing::warn!(%address, "too many wrong invites from this address");
            return Err(Code::Limit);
        }
        let answer = self.write(move |store| Ok(enrolment(store, &request))).await;
        let answer = answer.unwrap_or_else(|error| Err(unavailable(&error)));
        match &answer {
            Ok((membership, _)) => {
                let Membership { branch, code, role, .. } = membership;
                tracing::info!(%branch, %code, %role, "device enrolled");
                self.announce(membership.branch);
            }
            Err(Code::InviteUnknown) => self.admission().wrong_guess(address, Instant::now()),
            Err(_) => {}
        }
        answer
    }
}

fn admission(store: &SqliteRelayStore, claim: &Claim) -> Result<Result<Admission, Code>, store::StoreError> {
    let Some(device) = store.device(claim.key)? else { return Ok(Err(Code::NotEnrolled)) };
    if device.revoked_at.is_some() {
        return Ok(Err(Code::Revoked));
    }
    let Some(branch) = store.branch(device.branch)?.filter(|branch| branch.id == claim.branch) else {
        return Ok(Err(Code::WrongBranch));
    };
    let seen = store.seen(branch.id, claim.actor)?;
    let head = store.head(branch.id)?;
    let base = claim.cursor.base;
    let sum = if claim.epoch == Some(branch.epoch) && base <= head { store.sum_at(branch.id, base)? } else { None };
    let same_feed = claim.epoch == Some(branch.epoch);
    let brought = if same_feed { store.brought(branch.id, claim.key, claim.actor, base)? } else { Vec::new() };
    Ok(Ok(Admission {
        brought: brought.into_iter().map(|(position, hash)| (position, hash.short())).collect(),
        time: ticks::wall(),
        head,
        sum,
        seen: seen.map(|seen| sync::Seen { seq: seen.seq, doc: seen.doc, hash: seen.hash }),
        epoch: branch.epoch,
        membership: Membership {
            branch: branch.id,
            branch_name: branch.name,
            code: device.code,
            staff: device.staff,
            role: device.role,
        },
    }))
}

fn enrolment(store: &mut SqliteRelayStore, request: &EnrolRequest) -> Result<(Membership, Timestamp), Code> {
    let at = ticks::wall();
    let enrolment = Enrolment {
        invite: InviteDigest::of(&request.invite),
        key: request.key,
        name: request.name.clone(),
        staff: staff_of(&request.name, &request.key).ok_or(Code::Malformed)?,
        app: request.app.clone(),
        code: request.code.clone(),
        at,
    };
    let device = store.enrol(&enrolment).map_err(|error| refusal(&error))?;
    let branch = store.branch(device.branch).map_err(|error| unavailable(&error.into()))?.ok_or(Code::WrongBranch)?;
    let membership = Membership {
        branch: branch.id,
        branch_name: branch.name,
        code: device.code,
        staff: device.staff,
        role: device.role,
    };
    Ok((membership, at))
}

/// Who uses a device when its invite does not say: its name when that is a masked one (`王*`), else a staff number made of its
/// key. An unmasked name is not taken: it would stand in every change the device writes.
fn staff_of(name: &str, key: &DeviceKey) -> Option<Staff> {
    let masked = Some(name).filter(|name| name.contains('*')).and_then(|name| name.parse().ok());
    masked.or_else(|| format!("S-{}", key.to_string().get(..8)?.to_uppercase()).parse().ok())
}

fn refusal(error: &RegistryError) -> Code {
    match error {
        RegistryError::InviteUnknown => Code::InviteUnknown,
        RegistryError::InviteUsed => Code::InviteUsed,
        RegistryError::InviteExpired { .. } => Code::InviteExpired,
        RegistryError::DeviceRevoked { .. } => Code::Revoked,
        RegistryError::OtherBranch | RegistryError::UnknownBranch => Code::WrongBranch,
        RegistryError::KeyTooAlike => Code::Signature,
        RegistryError::UnknownDevice | RegistryError::UnknownUser | RegistryError::NameTaken { .. } => {
            Code::NotEnrolled
        }
        RegistryError::Store(_) => {
            tracing::error!(%error, "a device could not be enrolled");
            Code::Unavailable
        }
    }
}

/// The store failed under somebody's request: the log says how, the peer is asked to come back.
pub(crate) fn unavailable(error: &Error) -> Code {
    tracing::error!(error = error as &dyn std::error::Error, "the store failed under a connection");
    Code::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_masked_names_become_staff() {
        let key = DeviceKey::from_bytes([0xab; 32]);
        assert_eq!(staff_of("王*", &key).unwrap().as_str(), "王*");
        assert_eq!(staff_of("王小明的手机", &key).unwrap().as_str(), "S-ABABABAB");
        assert_eq!(staff_of("", &key).unwrap().as_str(), "S-ABABABAB");
        assert_eq!(staff_of(&"*".repeat(41), &key).unwrap().as_str(), "S-ABABABAB");
    }
}
