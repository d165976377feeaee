//! zstd with the protocol's dictionaries.
//!
//! A dictionary holds what documents have in common, so that a frame of one edit is as short as if many had come before
//! it. Each is a file in `dictionaries/`, named by its number, and never changes once a version that knows it has been released:
//! both ends must hold the same bytes. A number that is not known here packs nothing and unpacks nothing.
//!
//! Prepared dictionaries are made once for the process when they are first needed (under a millisecond and a megabyte). Contexts
//! are kept one for each thread, not for each connection: what a connection costs while it is silent does not grow.

use std::cell::RefCell;
use std::io;
use std::sync::OnceLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::CParameter;

/// Measured: a tenth smaller than level 3 for 20 to 30 µs a dossier more; levels above gain a hundredth and cost more than
/// the rest of a first join together.
const LEVEL: i32 = 9;

/// The latest dictionary.
pub(super) const LATEST: u8 = 1;

static DICTIONARIES: [Dictionary; LATEST as usize] = [Dictionary::new(include_bytes!("../../dictionaries/1.zstd"))];

struct Dictionary {
    bytes: &'static [u8],
    encoder: OnceLock<Option<EncoderDictionary<'static>>>,
    decoder: OnceLock<Option<DecoderDictionary<'static>>>,
}

impl Dictionary {
    const fn new(bytes: &'static [u8]) -> Self {
        Dictionary { bytes, encoder: OnceLock::new(), decoder: OnceLock::new() }
    }

    fn find(number: u8) -> Option<&'static Dictionary> {
        DICTIONARIES.get(usize::from(number).checked_sub(1)?)
    }

    fn encoder(&'static self) -> Option<&'static EncoderDictionary<'static>> {
        self.encoder.get_or_init(|| EncoderDictionary::try_copy(self.bytes, LEVEL).ok()).as_ref()
    }

    fn decoder(&'static self) -> Option<&'static DecoderDictionary<'static>> {
        self.decoder.get_or_init(|| DecoderDictionary::try_copy(self.bytes).ok()).as_ref()
    }
}

thread_local! {
    /// The context of this thread and the dictionary it was made for.
    static COMPRESSOR: RefCell<Option<(u8, Compressor<'static>)>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<(u8, Decompressor<'static>)>> = const { RefCell::new(None) };
}

/// `raw` as zstd, whatever its length then is; `None` when that cannot be done here.
pub(super) fn zip(raw: &[u8], dictionary: u8) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        if kept.as_ref().is_none_or(|(number, _)| *number != dictionary) {
            *kept = Some((dictionary, compressor(dictionary)?));
        }
        kept.as_mut()?.1.compress(raw).ok()
    })
}

/// What was zipped; allocates `len_max` bytes at most and is no longer than that.
pub(super) fn unzip(data: &[u8], len_max: usize, dictionary: u8) -> io::Result<Vec<u8>> {
    DECOMPRESSOR.with_borrow_mut(|kept| match kept {
        Some((number, decompressor)) if *number == dictionary => decompressor.decompress(data, len_max),
        _ => kept.insert((dictionary, decompressor(dictionary)?)).1.decompress(data, len_max),
    })
}

/// A dictionary prepared for packing, if it is known here.
pub(super) fn encoder(dictionary: u8) -> Option<&'static EncoderDictionary<'static>> {
    Dictionary::find(dictionary)?.encoder()
}

/// A dictionary prepared for unpacking, if it is known here.
pub(super) fn decoder(dictionary: u8) -> io::Result<&'static DecoderDictionary<'static>> {
    let unknown = || io::Error::new(io::ErrorKind::Unsupported, "a dictionary that is not known here");
    Dictionary::find(dictionary).and_then(Dictionary::decoder).ok_or_else(unknown)
}

fn compressor(dictionary: u8) -> Option<Compressor<'static>> {
    if dictionary == 0 {
        return Compressor::new(LEVEL).ok();
    }
    let mut compressor = Compressor::with_prepared_dictionary(encoder(dictionary)?).ok()?;
    // The connection knows it: four bytes less in each frame.
    compressor.set_parameter(CParameter::DictIdFlag(false)).ok()?;
    Some(compressor)
}

fn decompressor(dictionary: u8) -> io::Result<Decompressor<'static>> {
    if dictionary == 0 { Decompressor::new() } else { Decompressor::with_prepared_dictionary(decoder(dictionary)?) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_released_dictionary_never_changes() {
        let sums: Vec<_> = DICTIONARIES.iter().map(|one| (one.bytes.len(), crc32fast::hash(one.bytes))).collect();
        assert_eq!(sums, [(65_536, 2_081_826_399)]);
    }

    #[test]
    fn every_dictionary_can_be_prepared_and_no_other_is_known() {
        for number in 1..=LATEST {
            let dictionary = Dictionary::find(number).expect("it is in the list");
            assert!(dictionary.encoder().is_some() && dictionary.decoder().is_some());
        }
        for number in [LATEST + 1, u8::MAX] {
            assert!(zip(b"anything at all", number).is_none() && unzip(&[], 100, number).is_err());
        }
    }

    #[test]
    fn contexts_of_a_thread_follow_the_connection() {
        let raw = br#"{"record":"EXEC-04-6","kind":"note","prev":["04-22"],"data":{"text":"a"}}"#;
        let plain = zip(raw, 0).unwrap();
        let short = zip(raw, 1).unwrap();
        assert!(short.len() * 2 < plain.len(), "{} and {}", short.len(), plain.len());
        for (number, data) in [(0, &plain), (1, &short), (0, &plain), (1, &short)] {
            assert_eq!(unzip(data, raw.len(), number).unwrap(), raw);
            assert_eq!(zip(raw, number).as_ref(), Some(data));
        }
        assert!(unzip(&short, raw.len(), 0).is_err_and(|_| true) || unzip(&short, raw.len(), 0).unwrap() != raw);
    }
}
