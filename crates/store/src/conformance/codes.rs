//! Claims about device codes across the loss of a relay.

use std::collections::BTreeSet;

use vocab::{BranchId, DeviceCode};

use super::world::{add_branch, at, branch_id, enrolment, epoch, invite, key, ok, there};
use crate::{BranchDraft, DEFAULT_ZONE, Origin, RECOVERED_CODES_MIN, RegistryError, RelayStore, SecretKey};

fn recovering(store: &mut impl RelayStore, n: u8) -> BranchId {
    let draft = BranchDraft {
        id: branch_id(n),
        name: format!("branch {n}"),
        epoch: epoch(n),
        zone: DEFAULT_ZONE.to_owned(),
        secret: SecretKey::from_bytes([n; 32]),
        origin: Origin::Recovering,
        created_at: at(1),
    };
    ok(store.add_branch(&draft)).id
}

fn enrol(store: &mut impl RelayStore, branch: BranchId, n: u8, code: Option<DeviceCode>) -> DeviceCode {
    let digest = invite(store, &format!("code {n}"), branch);
    let mut enrolment = enrolment(digest, key(n));
    enrolment.code = code;
    ok(store.enrol(&enrolment)).code
}

pub(super) fn a_device_gets_its_code_back_and_nobody_gets_one_twice(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    let mut given = BTreeSet::new();
    let mut fresh = |code: DeviceCode| {
        assert!(given.insert(code.clone()), "{code} was given twice");
        code
    };
    fresh(enrol(store, branch, 1, None));
    let asked = DeviceCode::enrolled(7);
    assert_eq!(fresh(enrol(store, branch, 2, Some(asked.clone()))), asked, "it is free");
    assert_ne!(fresh(enrol(store, branch, 3, Some(asked))), DeviceCode::enrolled(7), "another device has it now");
    for n in 4..60 {
        // Every other device brings one from before, and some bring what no relay gives.
        let code = match n % 4 {
            0 => Some(DeviceCode::enrolled(u32::from(n) + 20)),
            2 => Some(DeviceCode::provisional(&key(n))),
            3 => Some(DeviceCode::enrolled(u32::MAX - u32::from(n))),
            _ => None,
        };
        fresh(enrol(store, branch, n, code));
    }
    assert!(given.iter().all(|code| code.as_str().len() == 2), "nobody used codes up by asking for a high one");
}

pub(super) fn a_relay_that_recovers_gives_codes_past_those_it_may_have_given(store: &mut impl RelayStore) {
    let branch = recovering(store, 1);
    let floor = DeviceCode::enrolled(RECOVERED_CODES_MIN);
    let number = |code: DeviceCode| there(code.number());
    assert!(number(enrol(store, branch, 1, None)) > number(floor.clone()));
    assert_eq!(enrol(store, branch, 2, Some(DeviceCode::enrolled(2))), DeviceCode::enrolled(2));

    let shown = |store: &dyn RelayStore| there(ok(store.branch(branch))).origin;
    assert_eq!(shown(store), Origin::Recovering);
    ok(store.end_recovery(branch));
    assert_eq!(shown(store), Origin::New);
    assert_eq!(there(ok(store.branch(branch))).secret, SecretKey::from_bytes([1; 32]));
    assert!(matches!(store.end_recovery(branch_id(9)), Err(RegistryError::UnknownBranch)));
}
