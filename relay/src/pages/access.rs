//! Who is asking, and what they may see.
//!
//! A person signed in is the holder of a session cookie whose digest the registry knows. A person with a branch sees that
//! branch and is told of no other; everyone who can sign in may read. Every form of a session carries a token that is checked
//! before anything is done.

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::header::ORIGIN;
use axum::http::request::Parts;
use store::{Branch, TokenDigest, User};
use vocab::{Author, BranchId, Role, Staff};

use super::data;
use super::problem::Problem;
use super::request::Visit;
use super::token::Token;
use crate::AppState;

/// The cookie of a session.
pub(super) const SESSION_COOKIE: &str = "fieldbook_session";

/// How long a session lasts: a working day, in seconds. It is not prolonged by use: a stolen cookie is worth a day at most.
pub(super) const SESSION_AGE_S: i64 = 12 * 60 * 60;

/// Somebody signed in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// The name they sign in with.
    pub(crate) name: String,
    /// What they are.
    pub(crate) role: Role,
    /// How what they write names them.
    pub(crate) staff: Staff,
    branch: Option<BranchId>,
    token: Token,
}

impl Person {
    /// What every form of this session carries.
    pub(super) fn form(&self) -> String {
        self.token.form()
    }

    /// Refuses a form that does not carry this session's token.
    pub(super) fn check_form(&self, sent: &str) -> Result<(), Problem> {
        if self.token.form_matches(sent) { Ok(()) } else { Err(Problem::ForeignForm) }
    }

    /// Of the session, as the registry knows it.
    pub(super) fn digest(&self) -> TokenDigest {
        self.token.stored()
    }

    /// Who wrote what this person writes here.
    pub(super) fn author(&self) -> Author {
        Author { staff: self.staff.clone(), role: self.role }
    }

    /// Whether this person may see a branch.
    pub(crate) fn may_see(&self, branch: BranchId) -> bool {
        self.branch.is_none_or(|only| only == branch)
    }

    /// The branch with the id in an address, if there is one that this person may see.
    pub(super) async fn branch(&self, state: &AppState, id: &str) -> Result<Branch, Problem> {
        let id: BranchId = id.parse().map_err(|_| Problem::NotFound)?;
        if !self.may_see(id) {
            return Err(Problem::NotFound);
        }
        data::branch(state, id).await?.ok_or(Problem::NotFound)
    }

    /// The person behind a visit's cookie, if the session is known and has not ended.
    pub(super) async fn of(state: &AppState, visit: &Visit) -> Result<Option<Person>, Problem> {
        let Some(token) = visit.cookie(SESSION_COOKIE).and_then(Token::parse) else {
            return Ok(None);
        };
        let found = data::session(state, token.stored()).await?;
        let person = |user: User| {
            let staff = user.staff.or_else(|| masked(&user.name)).ok_or(Problem::NotFound)?;
            Ok(Person { name: user.name, role: user.role, staff, branch: user.branch, token })
        };
        found.map(person).transpose()
    }
}

/// A name as records may hold it: as it is when it is masked, else its first letter and `*`.
fn masked(name: &str) -> Option<Staff> {
    let whole = Some(name).filter(|name| name.contains('*')).and_then(|name| name.parse().ok());
    if whole.is_some() {
        return whole;
    }
    format!("{}*", name.trim().chars().next()?).parse().ok()
}

impl FromRequestParts<AppState> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Person::of(state, &Visit::of(parts)).await?.ok_or(Problem::SignedOut)
    }
}

/// Proof that a request that changes something comes from a page of this relay, by what the browser itself says. The form's
/// token is checked besides: older browsers say nothing.
pub(super) struct SameSite;

impl<S: Sync> FromRequestParts<S> for SameSite {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let site_ok = header("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
        // A proxy may change the host it asks us for, but keeps the browser's in `x-forwarded-host`.
        let host = header("x-forwarded-host").or_else(|| header("host"));
        let origin_ok = match (header(ORIGIN.as_str()), host) {
            (None, _) => true,
            (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, named)| named == host),
            (Some(_), None) => false,
        };
        if parts.method == Method::POST && site_ok && origin_ok { Ok(SameSite) } else { Err(Problem::ForeignForm) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    async fn accepts(headers: &[(&str, &str)]) -> bool {
        let mut request = Request::post("/sign-out").header("host", "relay.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        SameSite::from_request_parts(&mut parts, &()).await.is_ok()
    }

    #[test]
    fn nobody_is_named_in_full_by_what_they_write() {
        assert_eq!(masked("李华").unwrap().as_str(), "李*");
        assert_eq!(masked("lihua").unwrap().as_str(), "l*");
        assert_eq!(masked("李*").unwrap().as_str(), "李*");
    }

    #[tokio::test]
    async fn forms_from_other_sites_are_refused_by_what_the_browser_says() {
        assert!(accepts(&[]).await, "an old browser says nothing");
        assert!(accepts(&[("origin", "https://relay.example"), ("sec-fetch-site", "same-origin")]).await);
        assert!(!accepts(&[("origin", "https://evil.example")]).await);
        assert!(!accepts(&[("origin", "null")]).await);
        assert!(!accepts(&[("sec-fetch-site", "cross-site")]).await);
        assert!(!accepts(&[("sec-fetch-site", "same-site")]).await);
    }
}
