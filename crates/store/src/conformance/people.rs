//! Claims about users and sessions.

use vocab::Role;

use super::world::{add_branch, at, enrolment, invite, key, ok, there};
use crate::{
    Enrolment, INVITE_KEPT_MS, InviteDigest, PageSession, Pruned, RegistryError, RelayStore, TokenDigest, UserDraft,
};

fn draft(name: &str) -> UserDraft {
    let password = "$argon2id$...".to_owned();
    UserDraft { name: name.to_owned(), password, role: Role::Supervisor, staff: None, branch: None, created_at: at(1) }
}

fn session(user: u64, token: &str, expires_at: i64) -> PageSession {
    let token = TokenDigest::of(token.as_bytes());
    PageSession { token, user, csrf: "csrf".to_owned(), created_at: at(1), expires_at: at(expires_at) }
}

pub(super) fn users_sign_in_until_their_session_ends(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    let everywhere = ok(store.add_user(&draft("主管")));
    let here = ok(store.add_user(&UserDraft { branch: Some(branch), staff: Some(ok("李*".parse())), ..draft("b") }));
    assert!(matches!(store.add_user(&draft("b")), Err(RegistryError::NameTaken { name }) if name == "b"));
    let lost = UserDraft { branch: Some(super::world::branch_id(9)), ..draft("c") };
    assert!(matches!(store.add_user(&lost), Err(RegistryError::UnknownBranch)));
    assert_eq!(ok(store.users()), [here.clone(), everywhere.clone()]);
    assert_eq!(ok(store.user_named("b")), Some(here.clone()));
    assert_eq!(ok(store.user_named("B")), None);

    let open = session(here.id, "token", 100);
    ok(store.add_session(&open));
    ok(store.add_session(&session(everywhere.id, "other", 100)));
    assert!(matches!(store.add_session(&session(999, "third", 100)), Err(RegistryError::UnknownUser)));
    assert_eq!(ok(store.session(open.token, at(99))), Some((open.clone(), here.clone())));
    assert_eq!(ok(store.session(open.token, at(100))), None);
    assert_eq!(ok(store.session(TokenDigest::of(b"tokem"), at(5))), None);
    ok(store.end_session(open.token));
    assert_eq!(ok(store.session(open.token, at(5))), None);

    ok(store.add_session(&open));
    ok(store.set_password(here.id, "$new"));
    assert_eq!(there(ok(store.user_named("b"))).password, "$new");
    assert_eq!(ok(store.session(open.token, at(5))), None, "a new password ends the sessions");
    assert!(matches!(store.set_password(999, "$new"), Err(RegistryError::UnknownUser)));
    ok(store.add_session(&open));
    ok(store.remove_user(here.id));
    assert_eq!((ok(store.session(open.token, at(5))), ok(store.user_named("b"))), (None, None));
    assert!(matches!(store.remove_user(here.id), Err(RegistryError::UnknownUser)));
    assert!(ok(store.session(TokenDigest::of(b"other"), at(5))).is_some(), "the control: another user's session");
    assert_ne!(ok(store.add_user(&draft("b"))).id, here.id, "an id is not given again");
}

pub(super) fn what_has_expired_is_pruned(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    let user = ok(store.add_user(&draft("a")));
    ok(store.add_session(&session(user.id, "early", 50)));
    ok(store.add_session(&session(user.id, "late", 2_000)));
    let used = invite(store, "used", branch);
    invite(store, "unused", branch);
    ok(store.enrol(&enrolment(used, key(1))));
    assert_eq!(ok(store.prune(at(49))), Pruned::default());
    assert_eq!(ok(store.prune(at(1_000))), Pruned { invites: 0, sessions: 1 });
    assert!(ok(store.session(TokenDigest::of(b"late"), at(1_000))).is_some());
    let last = at(1_000 + INVITE_KEPT_MS - 1);
    assert_eq!(ok(store.prune(last)), Pruned { invites: 0, sessions: 1 });
    let late = Enrolment { at: last, ..enrolment(InviteDigest::of("unused"), key(2)) };
    let told = store.enrol(&late);
    assert!(matches!(told, Err(RegistryError::InviteExpired { expired_at }) if expired_at == at(1_000)), "{told:?}");
    assert_eq!(ok(store.prune(at(1_000 + INVITE_KEPT_MS))), Pruned { invites: 1, sessions: 0 });
    assert!(matches!(store.enrol(&late), Err(RegistryError::InviteUnknown)));
    assert!(store.enrol(&enrolment(used, key(1))).is_ok(), "a used invite still answers its device");
}
