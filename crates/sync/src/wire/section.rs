//! Sections: the payload of the large frames, compressed as a whole so that documents share what they have in common.

use minicbor::Decoder;

use super::cbor::{item, tuple};
use super::{Packing, WireError};
use crate::limits::SECTION_BYTES_MAX;

/// zstd's own default: measured against others in a later version of this protocol, which may choose freely, since any
/// level reads alike.
const LEVEL: i32 = 3;

/// Below this many bytes zstd's own header costs what it saves.
const COMPRESS_BYTES_MIN: usize = 128;

/// `[length, data]`; the data is zstd when it is shorter than the length, else plain.
pub(super) fn encode(raw: &[u8], _packing: Packing) -> Vec<u8> {
    let compressed = if raw.len() < COMPRESS_BYTES_MIN { None } else { zstd::bulk::compress(raw, LEVEL).ok() };
    let data = compressed.as_deref().filter(|data| data.len() < raw.len()).unwrap_or(raw);
    item(|e| e.array(2)?.u64(raw.len() as u64)?.bytes(data)?.ok())
}

/// The plain bytes. Allocates what the sender states, which is at most [`SECTION_BYTES_MAX`].
pub(super) fn decode(decoder: &mut Decoder<'_>, _packing: Packing) -> Result<Vec<u8>, WireError> {
    tuple(decoder, 2)?;
    let stated = decoder.u64()?;
    let data = decoder.bytes()?;
    let len = usize::try_from(stated).ok().filter(|len| *len <= SECTION_BYTES_MAX).ok_or(WireError::TooMany {
        what: "bytes in a section",
        count: stated,
        max: SECTION_BYTES_MAX as u64,
    })?;
    let raw = match data.len() {
        compressed if compressed < len => {
            zstd::bulk::decompress(data, len).map_err(|source| WireError::Zstd { source })?
        }
        plain if plain == len => data.to_vec(),
        _ => return Err(WireError::SectionLength),
    };
    if raw.len() == len { Ok(raw) } else { Err(WireError::SectionLength) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_section_reads_back(raw in prop::collection::vec(0_u8..4, 0..4_000)) {
            let section = encode(&raw, Packing::PLAIN);
            prop_assert!(section.len() <= raw.len() + 8);
            prop_assert_eq!(decode(&mut Decoder::new(&section), Packing::PLAIN).unwrap(), raw);
        }

        #[test]
        fn arbitrary_bytes_are_a_section_or_an_error(bytes: Vec<u8>) {
            let _ = decode(&mut Decoder::new(&bytes), Packing::PLAIN);
        }
    }

    fn section(stated: usize, data: &[u8]) -> Vec<u8> {
        item(|e| e.array(2)?.u64(stated as u64)?.bytes(data)?.ok())
    }

    #[test]
    fn a_section_that_states_another_length_is_refused() {
        let raw = vec![7; 10_000];
        let data = zstd::bulk::compress(&raw, LEVEL).unwrap();
        assert!(decode(&mut Decoder::new(&section(10_000, &data)), Packing::PLAIN).is_ok());
        for stated in [9_999, 10_001, SECTION_BYTES_MAX, SECTION_BYTES_MAX + 1, usize::MAX, 0] {
            assert!(decode(&mut Decoder::new(&section(stated, &data)), Packing::PLAIN).is_err(), "{stated}");
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        let bomb = zstd::bulk::compress(&vec![0; 64 * 1024 * 1024], LEVEL).unwrap();
        assert!(bomb.len() < 10_000);
        assert!(decode(&mut Decoder::new(&section(SECTION_BYTES_MAX, &bomb)), Packing::PLAIN).is_err());
        assert!(decode(&mut Decoder::new(&section(64 * 1024 * 1024, &bomb)), Packing::PLAIN).is_err());
    }
}
