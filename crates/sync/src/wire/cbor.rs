//! Reading and writing the integer-keyed CBOR maps that frames are made of.

use std::collections::BTreeMap;
use std::convert::Infallible;

use minicbor::{Decoder, Encoder, encode};

use super::WireError;

/// Most keys in one map. Later versions add keys; nobody needs this many.
const KEYS_MAX: u64 = 64;

/// Writes one CBOR item into a vector.
pub(super) fn item(write: impl FnOnce(&mut Encoder<Vec<u8>>) -> Result<(), encode::Error<Infallible>>) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    write(&mut encoder).expect("a vector takes every byte");
    encoder.into_writer()
}

/// Collects the entries of a map, in ascending order of their keys.
#[derive(Default)]
pub(super) struct Map {
    entries: Vec<(u8, Vec<u8>)>,
}

impl Map {
    pub(super) fn uint(self, key: u8, value: u64) -> Self {
        self.raw(key, item(|e| e.u64(value)?.ok()))
    }

    pub(super) fn bool(self, key: u8, value: bool) -> Self {
        self.raw(key, item(|e| e.bool(value)?.ok()))
    }

    pub(super) fn bytes(self, key: u8, value: &[u8]) -> Self {
        self.raw(key, item(|e| e.bytes(value)?.ok()))
    }

    pub(super) fn text(self, key: u8, value: &str) -> Self {
        self.raw(key, item(|e| e.str(value)?.ok()))
    }

    pub(super) fn uints(self, key: u8, values: &[u64]) -> Self {
        self.raw(
            key,
            item(|e| {
                e.array(values.len() as u64)?;
                values.iter().try_for_each(|value| e.u64(*value)?.ok())
            }),
        )
    }

    pub(super) fn raw(mut self, key: u8, value: Vec<u8>) -> Self {
        debug_assert!(self.entries.last().is_none_or(|(last, _)| *last < key));
        self.entries.push((key, value));
        self
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(item(|e| e.map(self.entries.len() as u64)?.ok()));
        for (key, value) in &self.entries {
            out.extend(item(|e| e.u8(*key)?.ok()));
            out.extend_from_slice(value);
        }
    }
}

/// The entries of a map, each still encoded. Keys this version does not know stay unread.
pub(super) struct Fields<'b> {
    entries: BTreeMap<u64, &'b [u8]>,
}

impl<'b> Fields<'b> {
    /// Reads a map that fills `body` to its end: definite length, keys ascending.
    pub(super) fn read(body: &'b [u8]) -> Result<Self, WireError> {
        let mut decoder = Decoder::new(body);
        let len = decoder.map()?.ok_or(WireError::Indefinite)?;
        if len > KEYS_MAX {
            return Err(WireError::TooMany { what: "keys", count: len, max: KEYS_MAX });
        }
        let mut entries = BTreeMap::new();
        for _ in 0..len {
            let key = decoder.u64()?;
            if entries.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(WireError::KeyOrder { key });
            }
            let start = decoder.position();
            decoder.skip()?;
            entries.insert(key, &body[start..decoder.position()]);
        }
        if decoder.position() != body.len() {
            return Err(WireError::Trailing);
        }
        Ok(Fields { entries })
    }

    pub(super) fn optional<T>(
        &self,
        key: u64,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, WireError>,
    ) -> Result<Option<T>, WireError> {
        self.entries.get(&key).map(|value| read(&mut Decoder::new(value))).transpose()
    }

    pub(super) fn required<T>(
        &self,
        key: u64,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, WireError>,
    ) -> Result<T, WireError> {
        self.optional(key, read)?.ok_or(WireError::Missing { key })
    }
}

/// A number below 2^63, so that every language and SQLite can hold it.
pub(super) fn uint(decoder: &mut Decoder<'_>) -> Result<u64, WireError> {
    let number = decoder.u64()?;
    if i64::try_from(number).is_err() { Err(WireError::Value { expected: "a number below 2^63" }) } else { Ok(number) }
}

pub(super) fn bool(decoder: &mut Decoder<'_>) -> Result<bool, WireError> {
    Ok(decoder.bool()?)
}

pub(super) fn array<const N: usize>(decoder: &mut Decoder<'_>) -> Result<[u8; N], WireError> {
    let bytes = decoder.bytes()?;
    bytes.try_into().map_err(|_| WireError::Value { expected: "a byte string of the stated length" })
}

pub(super) fn text(max: usize) -> impl Fn(&mut Decoder<'_>) -> Result<String, WireError> {
    move |decoder| {
        let text = decoder.str()?;
        if text.len() > max {
            return Err(WireError::TooMany { what: "bytes of text", count: text.len() as u64, max: max as u64 });
        }
        Ok(text.to_owned())
    }
}

/// The first 16 bytes of hashes, one after the other, at most `max` of them.
pub(super) fn hashes16(
    what: &'static str,
    max: usize,
) -> impl Fn(&mut Decoder<'_>) -> Result<Vec<[u8; 16]>, WireError> {
    move |decoder| {
        let (hashes, rest) = decoder.bytes()?.as_chunks::<16>();
        if !rest.is_empty() {
            return Err(WireError::Value { expected: "hashes of 16 bytes each" });
        }
        if hashes.len() > max {
            return Err(WireError::TooMany { what, count: hashes.len() as u64, max: max as u64 });
        }
        Ok(hashes.to_vec())
    }
}

/// The head of an array of exactly `len` items.
pub(super) fn tuple(decoder: &mut Decoder<'_>, len: u64) -> Result<(), WireError> {
    match decoder.array()? {
        Some(found) if found == len => Ok(()),
        Some(_) => Err(WireError::Value { expected: "an array of the stated length" }),
        None => Err(WireError::Indefinite),
    }
}

/// The head of an array of at most `max` items.
pub(super) fn list(decoder: &mut Decoder<'_>, what: &'static str, max: u64) -> Result<u64, WireError> {
    let count = decoder.array()?.ok_or(WireError::Indefinite)?;
    if count > max { Err(WireError::TooMany { what, count, max }) } else { Ok(count) }
}
