//! Frames, sections, signed bodies and changes.

use minicbor::Encoder;
use sync::Nonce;
use sync::wire::{Frame, Packing};
use vocab::ChangeHeader;

use super::bytes::Bytes;
use super::pool;

/// Every packing there is, and one that nobody knows.
fn packing(bytes: &mut Bytes<'_>) -> Packing {
    Packing { dictionary: u8::try_from(bytes.below(usize::from(Packing::LATEST.dictionary) + 2)).unwrap_or_default() }
}

/// A frame: as it came, and with its checksum made true. What was read is written as something that reads the same.
pub(super) fn frame(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let packing = packing(&mut bytes);
    let rest = bytes.rest();
    reads_alike(rest, packing);
    reads_alike(&sealed(rest.to_vec()), packing);
}

fn reads_alike(bytes: &[u8], packing: Packing) {
    if let Ok(frame) = Frame::decode(bytes, packing) {
        let again = Frame::decode(&frame.encode(packing), packing).expect("what was written is a frame");
        assert_eq!(again, frame);
    }
}

fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

/// The frames that have a section, and its key.
const SECTIONS: [(u8, u8); 7] = [(6, 0), (8, 4), (13, 0), (14, 0), (15, 0), (16, 1), (17, 0)];

/// A frame that is in order but for its section.
fn around(number: u8, key: u8, section: &[u8]) -> Vec<u8> {
    let map = |e: &mut Encoder<Vec<u8>>| -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        match (number, key) {
            (8, _) => {
                e.map(5)?.u8(0)?.array(2)?.u8(1)?.u8(1)?.u8(1)?.array(2)?.u8(2)?.u8(2)?;
                e.u8(2)?.u8(9)?.u8(3)?.bool(true)?.u8(4)?;
            }
            (16, _) => {
                e.map(3)?.u8(0)?.u8(1)?.u8(1)?;
            }
            _ => {
                e.map(1)?.u8(key)?;
            }
        }
        Ok(())
    };
    let mut encoder = Encoder::new(vec![number]);
    map(&mut encoder).expect("a vector takes every byte");
    let mut bytes = encoder.into_writer();
    bytes.extend_from_slice(section);
    if number == 16 {
        // The head.
        bytes.extend([2, 9]);
    }
    sealed(bytes)
}

fn packed(len: u64, data: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    encoder.array(2).and_then(|e| e.u64(len)).and_then(|e| e.bytes(data)).expect("a vector takes every byte");
    encoder.into_writer()
}

/// A section that says whatever it likes of its length, with data that may be zstd.
pub(super) fn section(data: &[u8]) {
    const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    let mut bytes = Bytes::new(data);
    let packing = packing(&mut bytes);
    let (number, key) = SECTIONS[bytes.below(SECTIONS.len())];
    let len = u64::from(u32::from_le_bytes(bytes.array()) >> 8);
    let mut data = if bytes.one_in(2) { Vec::new() } else { ZSTD_MAGIC.to_vec() };
    data.extend_from_slice(bytes.rest());
    reads_alike(&around(number, key, &packed(len, &data)), packing);
}

/// A section of plain bytes.
pub(super) fn payload(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let (number, key) = SECTIONS[bytes.below(SECTIONS.len())];
    let rest = bytes.rest();
    reads_alike(&around(number, key, &packed(rest.len() as u64, rest)), Packing::PLAIN);
}

/// The body of a Hello or an Enrol. It is read before its signature can be checked, since it names the key.
pub(super) fn signed(data: &[u8]) {
    let mut encoder = Encoder::new(vec![1 + u8::from(data.len() % 2 == 1)]);
    let body = encoder.map(2).and_then(|e| e.u8(0)).and_then(|e| e.bytes(data)).and_then(|e| e.u8(1));
    body.and_then(|e| e.bytes(&[0; 64])).expect("a vector takes every byte");
    let frame = Frame::decode(&sealed(encoder.into_writer()), Packing::PLAIN);
    if let Ok(Frame::Hello(signed) | Frame::Enrol(signed)) = frame {
        let nonce = Nonce::from_bytes([1; 32]);
        assert!(signed.open_claim(&nonce).is_err(), "nobody signed it");
        assert!(signed.open_enrol(&nonce).is_err(), "nobody signed it");
    }
}

/// A change: as it came, as the contents of a chunk with a true checksum, and as damage to a true change.
pub(super) fn inspect(data: &[u8]) {
    let _ = sync::inspect(data);
    let mut changes = vec![pool::chunk(1, data)];
    let mut bytes = Bytes::new(data);
    let document = &pool::DOCUMENTS[bytes.below(4)];
    let place = bytes.below(document.changes.len());
    changes.push(pool::damaged(&document.changes[place].1, &mut bytes));
    for change in changes {
        if let Ok(ChangeHeader { seq, deps, .. }) = sync::inspect(&change) {
            assert!(seq > 0 && deps.len() <= sync::limits::CHANGE_DEPS_MAX);
            let taken = records::Dossier::create().take(&[&change]);
            assert!(taken.applied.len() + taken.set_aside.len() <= 1, "one change is one change");
        }
    }
}
