//! Passwords of the pages: Argon2id, never stored or logged in the clear, compared in constant time.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use thiserror::Error;

/// Shortest password a person may choose, in characters. Length is what protects; there are no rules on kinds of character.
pub(crate) const PASSWORD_CHARS_MIN: usize = 10;

/// Longest password taken, in bytes: hashing must not become a way to keep the relay busy.
pub(crate) const PASSWORD_BYTES_MAX: usize = 256;

/// Letters of a generated password: Crockford's base 32, without those that look alike on paper.
const GENERATED_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Letters of a generated password: 20 of 5 bits are 100 bits.
const GENERATED_CHARS: usize = 20;

/// Letters between two hyphens of a generated password.
const GENERATED_GROUP_CHARS: usize = 5;

/// What a name that does not exist is compared with, so that it takes as long as one that does.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash(&generate().ok()?).ok());

/// Why a password was not made or hashed.
#[derive(Debug, Error)]
pub(crate) enum PasswordError {
    /// Fewer than [`PASSWORD_CHARS_MIN`] characters.
    #[error("the password is too short: use at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    /// More than [`PASSWORD_BYTES_MAX`] bytes.
    #[error("the password is too long: use at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// The hash could not be computed.
    #[error("the password could not be hashed: {0}")]
    Hash(argon2::password_hash::Error),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes: {0}")]
    Random(getrandom::Error),
}

/// A new random password of 100 bits, such as `k3vq2-...`, for somebody to be told once.
///
/// # Errors
/// When the system gives no random bytes.
pub(crate) fn generate() -> Result<String, PasswordError> {
    let mut random = [0; GENERATED_CHARS];
    getrandom::fill(&mut random).map_err(PasswordError::Random)?;
    let letters = random.map(|byte| char::from(GENERATED_ALPHABET[usize::from(byte % 32)]));
    let groups: Vec<String> = letters.chunks(GENERATED_GROUP_CHARS).map(|group| group.iter().collect()).collect();
    Ok(groups.join("-"))
}

/// The PHC string (`$argon2id$v=19$...`) to store for `password`, with a random salt and the parameters OWASP recommends
/// (19 MiB, two passes). Some 20 ms of work on purpose: call it where blocking is allowed.
///
/// # Errors
/// When the password is too short or too long, or cannot be hashed.
pub(crate) fn hash(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(PasswordError::TooShort);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::TooLong);
    }
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Whether `password` is the one behind `stored`. Takes as long when there is no such user (`None`), and is then false.
/// As much work as [`hash`].
#[must_use]
pub(crate) fn verify(password: &str, stored: Option<&str>) -> bool {
    let bytes = password.as_bytes();
    let taken = &bytes[..bytes.len().min(PASSWORD_BYTES_MAX)];
    let Some(against) = stored.or(NOBODY.as_deref()).and_then(|text| PasswordHash::new(text).ok()) else {
        return false;
    };
    let right = Argon2::default().verify_password(taken, &against).is_ok();
    right && taken.len() == bytes.len() && stored.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_password_opens_and_no_other_does() {
        let stored = hash("correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify("correct horse battery", Some(&stored)));
        assert!(!verify("correct horse batterz", Some(&stored)));
        assert!(!verify("correct horse battery", None));
        assert!(!verify("correct horse battery", Some("not a hash")));
    }

    #[test]
    fn equal_passwords_have_different_hashes() {
        assert_ne!(hash("correct horse battery").unwrap(), hash("correct horse battery").unwrap());
    }

    #[test]
    fn passwords_have_bounds() {
        assert!(matches!(hash("short"), Err(PasswordError::TooShort)));
        assert!(matches!(hash(&"x".repeat(257)), Err(PasswordError::TooLong)));
        assert!(hash("一个够长的中文密码短语").is_ok());
        let longest = "x".repeat(256);
        let stored = hash(&longest).unwrap();
        assert!(verify(&longest, Some(&stored)));
        assert!(!verify(&format!("{longest}x"), Some(&stored)), "nothing is cut off silently");
    }

    #[test]
    fn generated_passwords_differ_and_can_be_used() {
        let (first, second) = (generate().unwrap(), generate().unwrap());
        assert_ne!(first, second);
        assert_eq!(first.split('-').count(), 4);
        assert!(hash(&first).is_ok());
    }
}
