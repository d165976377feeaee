//! Sizes and times of one way to compress.

use std::time::{Duration, Instant};

use sync::wire::{Documents, Frame, Item, ItemForm, Packing};
use tests::payload::Payload;
use vocab::{Cursor, Position};
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::stream::raw::{CParameter, Encoder, InBuffer, Operation, OutBuffer};

pub(crate) type Failed = Box<dyn std::error::Error>;

/// What came out of one way.
pub(crate) struct Cell {
    pub(crate) bytes: usize,
    pub(crate) took: Duration,
}

/// The time this thread has had on a processor where the system tells it (Linux), else time as such.
struct Clock(Instant, Option<Duration>);

impl Clock {
    fn start() -> Clock {
        Clock(Instant::now(), on_processor())
    }

    fn elapsed(&self) -> Duration {
        match (self.1, on_processor()) {
            (Some(start), Some(now)) => now.saturating_sub(start),
            _ => self.0.elapsed(),
        }
    }
}

fn on_processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// A dictionary of `bytes` bytes; of 0 bytes, none.
pub(crate) fn train(samples: &[Vec<u8>], bytes: usize) -> Result<Vec<u8>, Failed> {
    if bytes == 0 { Ok(Vec::new()) } else { Ok(zstd::dict::from_samples(samples, bytes)?) }
}

/// Each section by itself, as short as plain at most.
pub(crate) fn compress(sections: &[Vec<u8>], level: i32, dictionary: &[u8]) -> Result<(Vec<Vec<u8>>, Cell), Failed> {
    let prepared = EncoderDictionary::try_copy(dictionary, level)?;
    let mut compressor =
        if dictionary.is_empty() { Compressor::new(level)? } else { Compressor::with_prepared_dictionary(&prepared)? };
    compressor.set_parameter(zstd::zstd_safe::CParameter::DictIdFlag(false))?;
    let mut packed = Vec::with_capacity(sections.len());
    let clock = Clock::start();
    for section in sections {
        packed.push(compressor.compress(section)?);
    }
    let took = clock.elapsed();
    let bytes = packed.iter().zip(sections).map(|(packed, plain)| packed.len().min(plain.len())).sum();
    Ok((packed, Cell { bytes, took }))
}

/// How long it takes to undo.
pub(crate) fn decompress(packed: &[Vec<u8>], plain: &[Vec<u8>], dictionary: &[u8]) -> Result<Duration, Failed> {
    let prepared = DecoderDictionary::try_copy(dictionary)?;
    let mut decompressor =
        if dictionary.is_empty() { Decompressor::new()? } else { Decompressor::with_prepared_dictionary(&prepared)? };
    let clock = Clock::start();
    for (packed, plain) in packed.iter().zip(plain) {
        if decompressor.decompress(packed, plain.len())?.len() != plain.len() {
            return Err("a section does not unpack to what it was".into());
        }
    }
    Ok(clock.elapsed())
}

/// One stream over all sections, flushed after each; begun again once `cut_bytes` have been sent.
pub(crate) fn window(sections: &[Vec<u8>], level: i32, dictionary: &[u8], cut_bytes: usize) -> Result<Cell, Failed> {
    const WINDOW_LOG: u32 = 20;
    let begin = || -> Result<Encoder<'static>, Failed> {
        let mut encoder = Encoder::with_dictionary(level, dictionary)?;
        encoder.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
        Ok(encoder)
    };
    let mut out = vec![0; 2 << 20];
    let clock = Clock::start();
    let mut encoder = begin()?;
    let (mut bytes, mut sent) = (0, 0);
    for section in sections {
        let mut output = OutBuffer::around(&mut out[..]);
        let mut input = InBuffer::around(section);
        while input.pos < section.len() {
            encoder.run(&mut input, &mut output)?;
        }
        while encoder.flush(&mut output)? > 0 {}
        let len = output.pos();
        bytes += len;
        sent += len;
        if sent >= cut_bytes {
            encoder = begin()?;
            sent = 0;
        }
    }
    Ok(Cell { bytes, took: clock.elapsed() })
}

/// Bytes of memory: of a prepared dictionary, and of a context that has packed this section.
pub(crate) fn memory(section: &[u8], level: i32, dictionary: &[u8]) -> Result<(usize, usize), Failed> {
    let prepared = EncoderDictionary::try_copy(dictionary, level)?;
    let mut compressor =
        if dictionary.is_empty() { Compressor::new(level)? } else { Compressor::with_prepared_dictionary(&prepared)? };
    compressor.compress(section)?;
    let context = compressor.context_mut().sizeof();
    Ok((if dictionary.is_empty() { 0 } else { prepared.as_cdict().sizeof() }, context))
}

/// The frames themselves: saved forms of about `payload_bytes` each, or latest changes.
pub(crate) fn frames(book: &[Payload], payload_bytes: usize, edits: bool, packing: Packing) -> Cell {
    let mut frames = Vec::new();
    let mut items: Vec<Item> = Vec::new();
    let mut len = 0;
    for payload in book {
        let latest = payload.changes.last().map(|change| change.as_slice().into());
        let form = if edits {
            ItemForm::Changes(latest.into_iter().collect())
        } else {
            ItemForm::Saved(payload.saved.as_slice().into())
        };
        if !items.is_empty() && len + payload.saved.len() > payload_bytes {
            frames.push(std::mem::take(&mut items));
            len = 0;
        }
        len += payload.saved.len();
        items.push(Item { doc: payload.doc, form });
    }
    frames.push(items);
    let clock = Clock::start();
    let mut bytes = 0;
    for (place, items) in frames.into_iter().enumerate() {
        let at = Cursor::at(Position::new(1_000 + place as u64));
        let documents = Documents { from: at, after: at, head: at.through, more: true, items, owed: None, sum: None };
        bytes += Frame::Documents(documents).encode(packing).len();
    }
    Cell { bytes, took: clock.elapsed() }
}

/// The same bytes with every Chinese character exchanged for another one, always the same: as many words, other words.
pub(crate) fn other_words(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while at + 3 <= bytes.len() {
        let is_character = matches!(bytes[at], 0xe4..=0xe9)
            && matches!(bytes[at + 1], 0x80..=0xbf)
            && matches!(bytes[at + 2], 0x80..=0xbf);
        if is_character {
            // Odd factors permute the 4,096 characters that share a leading byte.
            let low = (u32::from(bytes[at + 1] & 0x3f) << 6) | u32::from(bytes[at + 2] & 0x3f);
            let other = (low * 2_749 + 1_163) & 0xfff;
            bytes[at + 1] = 0x80 | u8::try_from(other >> 6).unwrap_or_default();
            bytes[at + 2] = 0x80 | u8::try_from(other & 0x3f).unwrap_or_default();
            at += 3;
        } else {
            at += 1;
        }
    }
    bytes
}
