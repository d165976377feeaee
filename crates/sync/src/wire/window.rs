//! One zstd frame over many sections: what a catch-up in small frames says once it does not say again.
//!
//! On a poor link frames are small, and a small frame alone compresses half as well as a large one. A *window* goes on
//! where the last section ended, so that sections of 4 KiB together are as short as one of 128 KiB (measured, see
//! ARCHITECTURE.md). It costs the relay 1.5 MB and the device 0.6 MB, so there is one only while a catch-up in small frames
//! lasts, and a relay opens a bounded number at a time ([`Windows`]).

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use zstd::stream::raw::{CParameter, DParameter, Decoder, Encoder, InBuffer, Operation, OutBuffer};

use super::zip;

/// How far back a window reaches, as a power of two, in bytes: 128 KiB. Twice that gains a hundredth.
const WINDOW_LOG: u32 = 17;

/// How many windows a relay may have open at once, counted over all of its connections. Clones count together.
#[derive(Debug, Clone)]
pub struct Windows(Arc<AtomicUsize>);

impl Windows {
    /// At most `max` at a time, of 1.5 MB each. Connections that find none left send sections that stand alone.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Windows(Arc::new(AtomicUsize::new(max)))
    }

    /// How many may still be opened.
    #[must_use]
    pub fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// A window for sections of this dictionary, if one is left and the dictionary is known.
    #[must_use]
    pub fn open(&self, dictionary: u8) -> Option<Outflow> {
        let encoder = encoder(dictionary)?;
        Some(Outflow { dictionary, parts: 0, encoder: Some(encoder), _place: self.place()? })
    }

    /// The receiver's end of a window of this dictionary, if one is left and the dictionary is known.
    #[must_use]
    pub fn admit(&self, dictionary: u8) -> Option<Inflow> {
        decoder(dictionary).ok()?;
        Some(Inflow { open: None, sealed: false, place: Some(self.place()?) })
    }

    fn place(&self) -> Option<Place> {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).ok()?;
        Some(Place(self.0.clone()))
    }
}

/// One of so many windows. Dropping it gives it back.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The sender's end of a window. Dropping it gives it back.
pub struct Outflow {
    dictionary: u8,
    /// How many parts the present zstd frame has.
    parts: u64,
    encoder: Option<Encoder<'static>>,
    _place: Place,
}

impl Outflow {
    /// The section as the next part of the window, and its number; part 0 begins anew. `None` when that cannot be done:
    /// the section then stands alone, and the next part begins anew.
    pub(super) fn part(&mut self, raw: &[u8]) -> Option<(u64, Vec<u8>)> {
        if self.encoder.is_none() {
            self.parts = 0;
            self.encoder = encoder(self.dictionary);
        }
        let mut encoder = self.encoder.take()?;
        let data = flushed(&mut encoder, raw).ok()?;
        self.encoder = Some(encoder);
        self.parts += 1;
        Some((self.parts - 1, data))
    }
}

impl fmt::Debug for Outflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outflow").field("dictionary", &self.dictionary).field("parts", &self.parts).finish()
    }
}

fn encoder(dictionary: u8) -> Option<Encoder<'static>> {
    let mut encoder = Encoder::with_prepared_dictionary(zip::encoder(dictionary)?).ok()?;
    for parameter in [CParameter::WindowLog(WINDOW_LOG), CParameter::DictIdFlag(false)] {
        encoder.set_parameter(parameter).ok()?;
    }
    Some(encoder)
}

fn flushed(encoder: &mut Encoder<'static>, raw: &[u8]) -> io::Result<Vec<u8>> {
    // What does not compress grows by three bytes for each block of 128 KiB, and by a header once.
    let mut data = Vec::with_capacity(raw.len() + raw.len() / 1_024 + 64);
    let mut input = InBuffer::around(raw);
    let mut output = OutBuffer::around(&mut data);
    while input.pos() < raw.len() {
        let before = (input.pos(), output.pos());
        encoder.run(&mut input, &mut output)?;
        if before == (input.pos(), output.pos()) {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    while encoder.flush(&mut output)? > 0 {
        if output.pos() == output.capacity() {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    Ok(data)
}

/// The receiver's end of a window: one for each connection, empty while none is open.
#[derive(Default)]
pub struct Inflow {
    /// The decoder and the number of the next part, while a window is open.
    open: Option<(u64, Decoder<'static>)>,
    /// None is ever opened.
    sealed: bool,
    place: Option<Place>,
}

impl Inflow {
    /// Takes no part of any window.
    #[must_use]
    pub fn sealed() -> Inflow {
        Inflow { open: None, sealed: true, place: None }
    }

    /// The plain bytes of a part: `len` of them, no more and no less.
    pub(super) fn part(&mut self, number: u64, data: &[u8], len: usize, dictionary: u8) -> io::Result<Vec<u8>> {
        let mut decoder = match self.open.take() {
            _ if self.sealed => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a window that was not granted"));
            }
            _ if number == 0 => decoder(dictionary)?,
            Some((next, decoder)) if next == number => decoder,
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "a part of a window that is not open")),
        };
        let raw = unflushed(&mut decoder, data, len)?;
        self.open = Some((number + 1, decoder));
        Ok(raw)
    }

    /// No part of it follows. One that was admitted is given back, and no other is opened.
    pub fn close(&mut self) {
        self.open = None;
        self.sealed |= self.place.take().is_some();
    }
}

impl fmt::Debug for Inflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflow").field("next", &self.open.as_ref().map(|(next, _)| next)).finish()
    }
}

fn decoder(dictionary: u8) -> io::Result<Decoder<'static>> {
    let mut decoder = Decoder::with_prepared_dictionary(zip::decoder(dictionary)?)?;
    decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG))?;
    Ok(decoder)
}

fn unflushed(decoder: &mut Decoder<'static>, data: &[u8], len: usize) -> io::Result<Vec<u8>> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "a part of a window is not of its length");
    // One byte more, so that what is too long shows.
    let mut raw = Vec::with_capacity(len + 1);
    let mut input = InBuffer::around(data);
    let mut output = OutBuffer::around(&mut raw);
    loop {
        let before = (input.pos(), output.pos());
        decoder.run(&mut input, &mut output)?;
        if before == (input.pos(), output.pos()) {
            break;
        }
    }
    if input.pos() == data.len() && output.pos() == len { Ok(raw) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DICTIONARY: u8 = zip::LATEST;

    fn sections() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let section = prop_oneof![
            prop::collection::vec(0_u8..4, 0..2_000),
            prop::collection::vec(any::<u8>(), 0..2_000),
            Just(vec![7; 300_000]),
        ];
        prop::collection::vec(section, 1..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_part_reads_back_in_its_order_and_in_no_other(sections in sections()) {
            let mut out = Windows::new(1).open(DICTIONARY).unwrap();
            let mut inflow = Inflow::default();
            for (place, raw) in sections.iter().enumerate() {
                let (number, data) = out.part(raw).unwrap();
                prop_assert_eq!(number, place as u64);
                prop_assert!(data.len() <= raw.len() + raw.len() / 1_024 + 64);
                let mut late = Inflow::default();
                prop_assert_eq!(late.part(number, &data, raw.len(), DICTIONARY).is_ok(), number == 0);
                prop_assert_eq!(&inflow.part(number, &data, raw.len(), DICTIONARY).unwrap(), raw);
            }
        }

        #[test]
        fn arbitrary_parts_are_bytes_of_the_stated_length_or_an_error(
            parts in prop::collection::vec((0_u64..3, any::<Vec<u8>>(), 0_usize..3_000), 1..6),
        ) {
            let mut inflow = Inflow::default();
            for (number, data, len) in parts {
                if let Ok(raw) = inflow.part(number, &data, len, DICTIONARY) {
                    prop_assert_eq!(raw.len(), len);
                }
            }
        }
    }

    #[test]
    fn a_part_that_states_another_length_is_refused() {
        let raw = vec![7; 10_000];
        let (number, data) = Windows::new(1).open(DICTIONARY).unwrap().part(&raw).unwrap();
        for (len, is_right) in [(9_999, false), (10_000, true), (10_001, false), (0, false)] {
            assert_eq!(Inflow::default().part(number, &data, len, DICTIONARY).is_ok(), is_right, "{len}");
        }
    }

    #[test]
    fn a_second_part_repeats_nothing_of_the_first() {
        let raw: Vec<u8> = (0..4_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut out = Windows::new(1).open(DICTIONARY).unwrap();
        let first = out.part(&raw).unwrap().1.len();
        let second = out.part(&raw).unwrap().1.len();
        assert!(first > 900 && second < 40, "{first} and {second}");
    }

    #[test]
    fn no_more_windows_are_open_than_there_may_be() {
        let windows = Windows::new(2);
        let open = [windows.open(DICTIONARY), windows.clone().open(DICTIONARY)];
        assert!(open.iter().all(Option::is_some) && windows.open(DICTIONARY).is_none());
        drop(open);
        assert_eq!(windows.left(), 2);
        assert!(windows.open(0).is_none() && windows.open(DICTIONARY + 1).is_none());
        assert_eq!(windows.left(), 2);
    }

    #[test]
    fn a_window_that_reaches_further_back_than_agreed_is_refused() {
        let mut encoder = Encoder::with_prepared_dictionary(zip::encoder(DICTIONARY).unwrap()).unwrap();
        encoder.set_parameter(CParameter::WindowLog(WINDOW_LOG + 3)).unwrap();
        let raw = vec![7; 10_000];
        let data = flushed(&mut encoder, &raw).unwrap();
        assert!(Inflow::default().part(0, &data, raw.len(), DICTIONARY).is_err());
    }
}
