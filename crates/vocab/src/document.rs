//! Names of automerge documents, their changes and the actors that write them.

use std::fmt;
use std::str::FromStr;

use crate::identity::hex;
use crate::{DeviceKey, ParseError, serde_as_text};

/// A document: 16 random bytes (UUIDv4), shown as an automerge URL, `automerge:` + base58check,
/// which is what automerge-repo peers understand.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocId([u8; 16]);

impl DocId {
    /// A new id from 16 random bytes; the six fixed bits of UUIDv4 are set here.
    #[must_use]
    pub fn from_random(mut random: [u8; 16]) -> Self {
        random[6] = (random[6] & 0x0f) | 0x40;
        random[8] = (random[8] & 0x3f) | 0x80;
        DocId(random)
    }

    /// An id as it stands in storage or on the wire.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        DocId(bytes)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "automerge:{}", bs58::encode(self.0).with_check().into_string())
    }
}

impl fmt::Debug for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DocId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new(text, "a document, such as automerge:4NMNnkMhL8jXrdJ9jamS58PAVdXu");
        let encoded = text.strip_prefix("automerge:").ok_or_else(error)?;
        let bytes = bs58::decode(encoded).with_check(None).into_vec().map_err(|_| error())?;
        Ok(DocId(bytes.try_into().map_err(|_| error())?))
    }
}

serde_as_text!(DocId);

/// The SHA-256 of one automerge change. It names a change within one document only: the genesis
/// change has the same hash in every dossier, so a change is identified by (document, hash).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeHash([u8; 32]);

impl ChangeHash {
    /// A hash as it stands in storage or on the wire.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        ChangeHash(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its first 16 bytes, by which frames name it where nobody gains by a collision.
    #[must_use]
    pub fn short(&self) -> [u8; 16] {
        let (short, _) = self.0.split_first_chunk().unwrap_or((&[0; 16], &[]));
        *short
    }
}

impl fmt::Display for ChangeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for ChangeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One unbroken life of a device's store: 8 random bytes drawn when the store is made and again whenever it is found to
/// be a restored copy. Random and not counted: two copies of one backup must not pick the same next generation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation([u8; 8]);

impl Generation {
    /// A generation from 8 random bytes, or as it stands in storage.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Generation(bytes)
    }

    /// The 8 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

/// Who writes automerge changes: 8 bytes of the device's public key, then 8 bytes of its store's generation.
/// Shown as 32 hexadecimal digits, as automerge does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor([u8; 16]);

/// The actor of every document's deterministic first change.
pub const GENESIS_ACTOR: Actor = Actor([0; 16]);

impl Actor {
    /// The actor of one generation of one device's store.
    #[must_use]
    pub fn new(key: &DeviceKey, generation: Generation) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&key.as_bytes()[..8]);
        bytes[8..].copy_from_slice(&generation.0);
        Actor(bytes)
    }

    /// An actor as it stands in a change.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Actor(bytes)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Whether this actor is some generation of the device with `key`.
    #[must_use]
    pub fn belongs_to(&self, key: &DeviceKey) -> bool {
        self.0[..8] == key.as_bytes()[..8]
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Actor {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        crate::identity::unhex(text)
            .map(Actor)
            .ok_or_else(|| ParseError::new(text, "an actor of 32 hexadecimal digits"))
    }
}

serde_as_text!(Actor);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_document_id_reads_back_what_it_shows(random: [u8; 16]) {
            let id = DocId::from_random(random);
            prop_assert_eq!(id.to_string().parse::<DocId>().unwrap(), id);
        }
    }

    #[test]
    fn a_document_id_with_one_wrong_letter_is_refused() {
        let shown = DocId::from_random([7; 16]).to_string();
        assert!(shown.parse::<DocId>().is_ok());
        let last = if shown.ends_with('1') { '2' } else { '1' };
        let wrong = format!("{}{last}", &shown[..shown.len() - 1]);
        assert!(wrong.parse::<DocId>().is_err());
    }

    #[test]
    fn an_actor_belongs_to_the_device_whose_key_it_starts_with() {
        let key = DeviceKey::from_bytes([3; 32]);
        let actor = Actor::new(&key, Generation::from_bytes([9; 8]));
        assert!(actor.belongs_to(&key));
        assert!(!actor.belongs_to(&DeviceKey::from_bytes([4; 32])));
        assert_eq!(actor.to_string().parse::<Actor>().unwrap(), actor);
    }
}
