//! Claims about branches, invites and devices.

use std::collections::BTreeSet;

use vocab::{Cursor, DeviceKey, Position, Role};

use super::world::{add_branch, add_device, at, branch_id, enrolment, epoch, invite, key, ok, there};
use crate::{
    BranchDraft, DEFAULT_ZONE, DeviceReport, Invite, InviteDigest, Origin, RegistryError, RelayStore, SecretKey,
};

pub(super) fn branches_have_unique_names_and_keep_their_feed_id(store: &mut impl RelayStore) {
    let draft = |n, name: &str| BranchDraft {
        id: branch_id(n),
        name: name.to_owned(),
        epoch: epoch(n),
        zone: DEFAULT_ZONE.to_owned(),
        secret: SecretKey::from_bytes([7; 32]),
        origin: Origin::New,
        created_at: at(3),
    };
    let first = ok(store.add_branch(&draft(2, "上海网点")));
    let second = ok(store.add_branch(&draft(1, "北京网点")));
    let twice = store.add_branch(&draft(3, "上海网点"));
    assert!(matches!(twice, Err(RegistryError::NameTaken { name }) if name == "上海网点"));
    assert_eq!(ok(store.branches()), [first.clone(), second]);
    assert_eq!(ok(store.branch_named("上海网点")), Some(first.clone()));
    assert_eq!((ok(store.branch(branch_id(3))), ok(store.branch_named("上海"))), (None, None));
    ok(store.set_epoch(first.id, epoch(9)));
    assert_eq!(there(ok(store.branch(first.id))).epoch, epoch(9));
    assert!(matches!(store.set_epoch(branch_id(3), epoch(9)), Err(RegistryError::UnknownBranch)));
}

pub(super) fn an_invite_lets_one_device_in(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    let digest = invite(store, "7K3M-Q2XP", branch);
    assert_eq!(InviteDigest::of("7k3m q2xp"), digest, "however it is typed");
    let wrong = store.enrol(&enrolment(InviteDigest::of("7K3M-Q2XQ"), key(1)));
    assert!(matches!(wrong, Err(RegistryError::InviteUnknown)));
    let mut late = enrolment(digest, key(1));
    late.at = at(1_000);
    assert!(matches!(store.enrol(&late), Err(RegistryError::InviteExpired { expired_at }) if expired_at == at(1_000)));
    let device = ok(store.enrol(&enrolment(digest, key(1))));
    assert_eq!((device.branch, device.role, device.staff.as_str()), (branch, Role::Engineer, "王*"));
    assert_eq!((device.revoked_at, device.report.clone(), device.enrolled_at), (None, None, at(10)));
    assert!(matches!(store.enrol(&enrolment(digest, key(2))), Err(RegistryError::InviteUsed)));
    assert_eq!(ok(store.device(key(1))), Some(device.clone()));
    assert_eq!(ok(store.device_coded(&device.code)), Some(device.clone()));
    assert_eq!((ok(store.device(key(2))), ok(store.devices(Some(branch)))), (None, vec![device]));
    let nowhere = Invite {
        digest: InviteDigest::of("x"),
        branch: branch_id(9),
        role: Role::Hotline,
        staff: None,
        created_at: at(1),
        expires_at: at(2),
    };
    assert!(matches!(store.add_invite(&nowhere), Err(RegistryError::UnknownBranch)));
    let codes: BTreeSet<_> = (10..60).map(|n| add_device(store, n, branch).code).collect();
    assert_eq!(codes.len(), 50);

    let mut alike = *key(10).as_bytes();
    alike[31] = 0;
    let digest = invite(store, "alike", branch);
    let refused = store.enrol(&enrolment(digest, DeviceKey::from_bytes(alike)));
    assert!(matches!(refused, Err(RegistryError::KeyTooAlike)));
    assert!(store.enrol(&enrolment(digest, key(70))).is_ok(), "a refused enrolment does not use the invite up");
}

pub(super) fn an_invite_answers_the_same_key_again(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    let digest = invite(store, "code", branch);
    let first = ok(store.enrol(&enrolment(digest, key(1))));
    let mut later = enrolment(digest, key(1));
    later.at = at(5_000);
    assert_eq!(ok(store.enrol(&later)), first);
    assert_eq!(ok(store.devices(None)).len(), 1);
}

pub(super) fn a_further_invite_changes_role_and_person_but_not_the_code(store: &mut impl RelayStore) {
    let (branch, other) = (add_branch(store, 1), add_branch(store, 2));
    let first = add_device(store, 1, branch);
    let promotion = Invite {
        digest: InviteDigest::of("promotion"),
        branch,
        role: Role::Supervisor,
        staff: Some(ok("主管*".parse())),
        created_at: at(1),
        expires_at: at(1_000),
    };
    ok(store.add_invite(&promotion));
    let second = ok(store.enrol(&enrolment(promotion.digest, key(1))));
    assert_eq!((second.role, second.staff.as_str()), (Role::Supervisor, "主管*"));
    assert_eq!((second.code, second.enrolled_at), (first.code, first.enrolled_at));
    let digest = invite(store, "elsewhere", other);
    assert!(matches!(store.enrol(&enrolment(digest, key(1))), Err(RegistryError::OtherBranch)));
    assert_eq!(ok(store.enrol(&enrolment(digest, key(2)))).branch, other);
}

pub(super) fn a_revoked_device_stays_out(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    let device = add_device(store, 1, branch);
    assert_eq!(ok(store.revoke(key(1), at(20))).revoked_at, Some(at(20)));
    assert_eq!(ok(store.revoke(key(1), at(30))).revoked_at, Some(at(20)));
    assert!(matches!(store.revoke(key(9), at(30)), Err(RegistryError::UnknownDevice)));
    assert_eq!(there(ok(store.device(key(1)))).code, device.code, "it stays in the list");
    let again = enrolment(InviteDigest::of("code 1"), key(1));
    assert!(matches!(store.enrol(&again), Err(RegistryError::DeviceRevoked { revoked_at }) if revoked_at == at(20)));
    let digest = invite(store, "second", branch);
    assert!(matches!(store.enrol(&enrolment(digest, key(1))), Err(RegistryError::DeviceRevoked { .. })));
}

pub(super) fn devices_are_known_by_what_they_last_said(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    add_device(store, 2, branch);
    let report = |millis| DeviceReport {
        at: at(millis),
        cursor: Cursor { base: Position::new(3), through: Position::new(5) },
        outbox: 7,
        clock_offset_ms: -1_500,
        app: "0.2.0".to_owned(),
    };
    ok(store.report(&[(key(1), report(40)), (key(9), report(41)), (key(1), report(42))]));
    assert_eq!(there(ok(store.device(key(1)))).report, Some(report(42)));
    assert_eq!(there(ok(store.device(key(2)))).report, None);
    ok(store.report(&[]));
}
