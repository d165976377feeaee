//! How a device proves its key: it signs the relay's nonce and what it says of itself.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use vocab::DeviceKey;

/// 32 random bytes, drawn by the relay for each connection, so that a recorded signature is worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce([u8; 32]);

impl Nonce {
    /// A nonce from random bytes or the wire.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Nonce(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What a signature is for. A signature for one purpose is never valid for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Hello,
    Enrol,
}

impl Purpose {
    const fn domain(self) -> &'static [u8] {
        match self {
            Purpose::Hello => b"fieldbook/sync/1/hello\0",
            Purpose::Enrol => b"fieldbook/sync/1/enrol\0",
        }
    }

    fn message(self, nonce: &Nonce, body: &[u8]) -> Vec<u8> {
        [self.domain(), &nonce.0, body].concat()
    }
}

/// A device's Ed25519 secret key. Wiped from memory when dropped, never shown.
#[derive(Clone)]
pub struct DeviceSecret(SigningKey);

impl DeviceSecret {
    /// The secret from 32 random bytes, or as the store keeps it.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        DeviceSecret(SigningKey::from_bytes(bytes))
    }

    /// The public key: the device's identity.
    #[must_use]
    pub fn key(&self) -> DeviceKey {
        DeviceKey::from_bytes(self.0.verifying_key().to_bytes())
    }

    pub(crate) fn sign(&self, purpose: Purpose, nonce: &Nonce, body: &[u8]) -> [u8; 64] {
        self.0.sign(&purpose.message(nonce, body)).to_bytes()
    }
}

impl fmt::Debug for DeviceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeviceSecret").field(&self.key()).finish()
    }
}

pub(crate) fn verify(key: &DeviceKey, purpose: Purpose, nonce: &Nonce, body: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(key.as_bytes())
        .is_ok_and(|key| key.verify_strict(&purpose.message(nonce, body), &Signature::from_bytes(signature)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_key_nonce_purpose_and_body_only() {
        let secret = DeviceSecret::from_bytes(&[7; 32]);
        let nonce = Nonce::from_bytes([1; 32]);
        let signature = secret.sign(Purpose::Hello, &nonce, b"body");
        assert!(verify(&secret.key(), Purpose::Hello, &nonce, b"body", &signature));
        let other = DeviceSecret::from_bytes(&[8; 32]);
        assert!(!verify(&other.key(), Purpose::Hello, &nonce, b"body", &signature));
        assert!(!verify(&secret.key(), Purpose::Enrol, &nonce, b"body", &signature));
        assert!(!verify(&secret.key(), Purpose::Hello, &Nonce::from_bytes([2; 32]), b"body", &signature));
        assert!(!verify(&secret.key(), Purpose::Hello, &nonce, b"bodx", &signature));
        assert!(!verify(&DeviceKey::from_bytes([0xff; 32]), Purpose::Hello, &nonce, b"body", &signature));
    }

    #[test]
    fn a_secret_is_never_shown() {
        let shown = format!("{:?}", DeviceSecret::from_bytes(&[7; 32]));
        assert!(!shown.contains("0707") && shown.contains(&DeviceSecret::from_bytes(&[7; 32]).key().to_string()));
    }
}
