//! Secrets a browser holds: the session's token, and the token every form carries.
//!
//! The relay stores only the SHA-256 of a session's token, so a copy of its database opens no session. The form's token is
//! derived from the cookie and never stored: a page of another origin can neither read the cookie nor guess the derivation.

use std::fmt;

use sha2::{Digest, Sha256};
use store::TokenDigest;
use subtle::ConstantTimeEq;

/// Sets what forms carry apart from what the registry knows a session by: both are digests of the one secret.
const FORM_DOMAIN: &[u8] = b"fieldbook pages form v1\0";

/// 32 random bytes in a cookie, as 64 hexadecimal digits.
#[derive(Clone)]
pub(crate) struct Token([u8; 32]);

impl Token {
    /// A new token, or `None` when the system gives no random bytes.
    pub(crate) fn random() -> Result<Token, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Token(bytes))
    }

    /// The token in a cookie's value.
    pub(crate) fn parse(text: &str) -> Option<Token> {
        unhex(text).map(Token)
    }

    /// The cookie's value.
    pub(crate) fn cookie_value(&self) -> String {
        hex(&self.0)
    }

    /// What the registry knows a session by.
    pub(crate) fn stored(&self) -> TokenDigest {
        TokenDigest::of(&self.0)
    }

    /// What every form of this session carries.
    pub(crate) fn form(&self) -> String {
        let digest: [u8; 32] = Sha256::new().chain_update(FORM_DOMAIN).chain_update(self.0).finalize().into();
        hex(&digest)
    }

    /// Whether `sent` is this session's form token, in constant time.
    pub(crate) fn form_matches(&self, sent: &str) -> bool {
        self.form().as_bytes().ct_eq(sent.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(secret)")
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let text = text.as_bytes();
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let digits = (char::from(pair[0]).to_digit(16)?, char::from(pair[1]).to_digit(16)?);
        *byte = u8::try_from(digits.0 * 16 + digits.1).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_from_its_cookie() {
        let token = Token::random().unwrap();
        let read = Token::parse(&token.cookie_value()).unwrap();
        assert_eq!(read.stored(), token.stored());
        for wrong in ["", "00", &"g".repeat(64), &"é".repeat(32)] {
            assert!(Token::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_form_token_fits_its_own_session_only() {
        let (mine, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert!(mine.form_matches(&mine.form()));
        assert!(!mine.form_matches(&other.form()));
        assert!(!mine.form_matches(""));
    }

    #[test]
    fn neither_the_form_token_nor_the_log_tells_the_secret() {
        let token = Token([7; 32]);
        assert_eq!(format!("{token:?}"), "Token(secret)");
        assert_ne!(token.form(), token.cookie_value());
        assert_ne!(hex(token.stored().as_bytes()), token.form());
    }
}
