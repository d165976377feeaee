//! Sections: the payload of the large frames, compressed as a whole so that documents share what they have in common, and
//! with a dictionary of what all documents have in common.

use minicbor::Decoder;

use super::cbor::{item, list, uint};
use super::window::{Inflow, Outflow};
use super::{Packing, WireError, zip};
use crate::limits::SECTION_BYTES_MAX;

/// Below this many bytes zstd's own header costs what it saves.
const COMPRESS_BYTES_MIN: usize = 64;

/// `[length, data]`; the data is zstd when it is shorter than the length, else plain.
pub(super) fn encode(raw: &[u8], packing: Packing) -> Vec<u8> {
    let compressed = if raw.len() < COMPRESS_BYTES_MIN { None } else { zip::zip(raw, packing.dictionary) };
    let data = compressed.as_deref().filter(|data| data.len() < raw.len()).unwrap_or(raw);
    item(|e| e.array(2)?.u64(raw.len() as u64)?.bytes(data)?.ok())
}

/// `[length, data, part]`: the next part of a window.
pub(super) fn encode_part(raw: &[u8], packing: Packing, window: &mut Outflow) -> Vec<u8> {
    match window.part(raw) {
        Some((part, data)) => item(|e| e.array(3)?.u64(raw.len() as u64)?.bytes(&data)?.u64(part)?.ok()),
        None => encode(raw, packing),
    }
}

/// The plain bytes of a section that stands alone. Allocates what the sender states, which is at most
/// [`SECTION_BYTES_MAX`].
pub(super) fn decode(decoder: &mut Decoder<'_>, packing: Packing) -> Result<Vec<u8>, WireError> {
    decode_any(decoder, packing, None)
}

/// The plain bytes of a section that stands alone or is a part of this window.
pub(super) fn decode_part(
    decoder: &mut Decoder<'_>,
    packing: Packing,
    window: &mut Inflow,
) -> Result<Vec<u8>, WireError> {
    decode_any(decoder, packing, Some(window))
}

fn decode_any(decoder: &mut Decoder<'_>, packing: Packing, window: Option<&mut Inflow>) -> Result<Vec<u8>, WireError> {
    let fields = list(decoder, "fields of a section", 3)?;
    let stated = decoder.u64()?;
    let data = decoder.bytes()?;
    let len = usize::try_from(stated).ok().filter(|len| *len <= SECTION_BYTES_MAX).ok_or(WireError::TooMany {
        what: "bytes in a section",
        count: stated,
        max: SECTION_BYTES_MAX as u64,
    })?;
    if let (3, Some(window)) = (fields, window) {
        let part = uint(decoder)?;
        return window.part(part, data, len, packing.dictionary).map_err(|source| WireError::Zstd { source });
    }
    if fields != 2 {
        return Err(WireError::Value { expected: "a section that stands alone" });
    }
    let raw = match data.len() {
        compressed if compressed < len => {
            zip::unzip(data, len, packing.dictionary).map_err(|source| WireError::Zstd { source })?
        }
        plain if plain == len => data.to_vec(),
        _ => return Err(WireError::SectionLength),
    };
    if raw.len() == len { Ok(raw) } else { Err(WireError::SectionLength) }
}

#[cfg(test)]
mod tests {
    use super::super::window::Windows;
    use super::*;
    use proptest::prelude::*;

    /// Every packing there is, and one that this version does not know.
    fn packings() -> impl Iterator<Item = Packing> {
        (0..=Packing::LATEST.dictionary + 1).map(|dictionary| Packing { dictionary })
    }

    proptest! {
        #[test]
        fn a_section_reads_back(raw in prop::collection::vec(0_u8..4, 0..4_000)) {
            for packing in packings() {
                let section = encode(&raw, packing);
                prop_assert!(section.len() <= raw.len() + 8);
                prop_assert_eq!(&decode(&mut Decoder::new(&section), packing).unwrap(), &raw);
            }
        }

        #[test]
        fn arbitrary_bytes_are_a_section_or_an_error(bytes: Vec<u8>, stated in 0_usize..2_000) {
            for packing in packings() {
                let _ = decode(&mut Decoder::new(&bytes), packing);
                let _ = decode(&mut Decoder::new(&section(stated, &bytes)), packing);
            }
        }

        #[test]
        fn a_damaged_section_is_another_section_or_an_error(at: prop::sample::Index, flip in 1_u8..) {
            let raw = br#"{"record":"REQ-04-6","kind":"approved","data":{"digest":"f12577271378dbfaa485e7a7d14cd023"}}"#;
            for packing in packings() {
                let mut section = encode(raw, packing);
                prop_assert_eq!(decode(&mut Decoder::new(&section), packing).unwrap(), raw);
                let at = at.index(section.len());
                section[at] ^= flip;
                if let Ok(other) = decode(&mut Decoder::new(&section), packing) {
                    prop_assert!(other.len() <= SECTION_BYTES_MAX);
                }
            }
        }
    }

    fn section(stated: usize, data: &[u8]) -> Vec<u8> {
        item(|e| e.array(2)?.u64(stated as u64)?.bytes(data)?.ok())
    }

    #[test]
    fn a_section_that_states_another_length_is_refused() {
        let raw = vec![7; 10_000];
        for packing in [Packing::PLAIN, Packing::LATEST] {
            let data = zip::zip(&raw, packing.dictionary).unwrap();
            assert!(decode(&mut Decoder::new(&section(10_000, &data)), packing).is_ok());
            for stated in [9_999, 10_001, SECTION_BYTES_MAX, SECTION_BYTES_MAX + 1, usize::MAX, 0] {
                assert!(decode(&mut Decoder::new(&section(stated, &data)), packing).is_err(), "{stated}");
            }
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        for packing in [Packing::PLAIN, Packing::LATEST] {
            let bomb = zip::zip(&vec![0; 64 * 1024 * 1024], packing.dictionary).unwrap();
            assert!(bomb.len() < 10_000);
            assert!(decode(&mut Decoder::new(&section(SECTION_BYTES_MAX, &bomb)), packing).is_err());
            assert!(decode(&mut Decoder::new(&section(64 * 1024 * 1024, &bomb)), packing).is_err());
        }
    }

    #[test]
    fn a_dictionary_that_is_not_known_leaves_sections_plain() {
        let raw = vec![7; 10_000];
        let unknown = Packing { dictionary: Packing::LATEST.dictionary + 1 };
        assert_eq!(encode(&raw, unknown), section(raw.len(), &raw));
        assert!(decode(&mut Decoder::new(&encode(&raw, Packing::LATEST)), unknown).is_err());
        assert!(decode(&mut Decoder::new(&encode(&raw, Packing::LATEST)), Packing::LATEST).is_ok());
    }

    #[test]
    fn a_part_of_a_window_is_read_where_windows_are_and_nowhere_else() {
        let raw = vec![7; 10_000];
        let windows = Windows::new(1);
        let mut out = windows.open(Packing::LATEST.dictionary).unwrap();
        let part = encode_part(&raw, Packing::LATEST, &mut out);
        let mut window = Inflow::default();
        assert_eq!(decode_part(&mut Decoder::new(&part), Packing::LATEST, &mut window).unwrap(), raw);
        let alone = encode(&raw, Packing::LATEST);
        assert_eq!(decode_part(&mut Decoder::new(&alone), Packing::LATEST, &mut window).unwrap(), raw);
        let next = encode_part(&raw, Packing::LATEST, &mut out);
        assert!(decode(&mut Decoder::new(&next), Packing::LATEST).is_err());
        assert_eq!(decode_part(&mut Decoder::new(&next), Packing::LATEST, &mut window).unwrap(), raw);
        let too_large = item(|e| e.array(3)?.u64(SECTION_BYTES_MAX as u64 + 1)?.bytes(&[])?.u8(0)?.ok());
        assert!(decode_part(&mut Decoder::new(&too_large), Packing::LATEST, &mut window).is_err());
    }
}
