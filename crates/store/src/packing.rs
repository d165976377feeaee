//! Compression of document bytes at rest, only where it pays.
//!
//! Packed bytes start with zstd's magic number exactly when they are compressed; plain bytes that happen to start with it
//! are always compressed. automerge's own chunks start with another magic number, so nothing else tells the two apart.

use std::borrow::Cow;

use crate::StoreError;

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Level 3 gains nothing on documents of a few KiB and costs twice the time (measured: see ARCHITECTURE.md).
const ZSTD_LEVEL: i32 = 1;
/// Below this many bytes nothing is tried: a dossier of a few changes shrinks by less than SQLite's rounding.
const PACK_BYTES_MIN: usize = 1_024;
/// The largest document a store reads, in bytes, unpacked. A dossier-year of a busy customer is about 100 KiB.
pub const DOCUMENT_BYTES_MAX: usize = 64 << 20;

/// `bytes` as they are stored: compressed when that saves an eighth at least.
pub(crate) fn pack(bytes: &[u8]) -> Result<Cow<'_, [u8]>, StoreError> {
    let forced = bytes.starts_with(&ZSTD_MAGIC);
    if bytes.len() < PACK_BYTES_MIN && !forced {
        return Ok(Cow::Borrowed(bytes));
    }
    let packed =
        zstd::bulk::compress(bytes, ZSTD_LEVEL).map_err(|source| StoreError::Disk { source: source.into() })?;
    if forced || packed.len() <= bytes.len() - bytes.len() / 8 {
        Ok(Cow::Owned(packed))
    } else {
        Ok(Cow::Borrowed(bytes))
    }
}

/// What [`pack`] was given.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Cow<'_, [u8]>, StoreError> {
    if !bytes.starts_with(&ZSTD_MAGIC) {
        return Ok(Cow::Borrowed(bytes));
    }
    zstd::bulk::decompress(bytes, DOCUMENT_BYTES_MAX)
        .map(Cow::Owned)
        .map_err(|error| StoreError::corrupt(format!("a document does not unpack: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_packed_unpacks(bytes in prop::collection::vec(0..4_u8, 0..4_000), magic: bool) {
            let bytes = if magic { [&ZSTD_MAGIC[..], &bytes].concat() } else { bytes };
            let packed = pack(&bytes).unwrap();
            prop_assert!(packed.len() <= bytes.len() + 64);
            prop_assert_eq!(&*unpack(&packed).unwrap(), &bytes[..]);
        }
    }

    #[test]
    fn damaged_packed_bytes_are_corrupt() {
        let packed = pack(&[7; 4_000]).unwrap().into_owned();
        assert!(packed.len() < 100 && unpack(&packed).is_ok());
        assert!(matches!(unpack(&packed[..packed.len() - 3]), Err(StoreError::Corrupt { .. })));
    }
}
