//! The bytes of every frame, as PROTOCOL.md shows them. A change here is a change of the protocol.

use crate::samples::{decode, doc, encode, frames, hex, packing};
use sync::Code;
use sync::wire::{Frame, WireError};
use vocab::{ChangeHash, Sum};

/// What stands in `PROTOCOL.md` between ```` ```KIND NAME ```` and ```` ``` ````, with its names.
fn blocks(kind: &str) -> Vec<(String, Vec<&'static str>)> {
    let text = include_str!("../../PROTOCOL.md");
    let mut blocks = Vec::new();
    let mut open: Option<(String, Vec<&str>)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(rest)) if rest.split(' ').next() == Some(kind) => {
                open = Some((rest[kind.len()..].trim().to_owned(), Vec::new()));
            }
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some((_, lines)), _) => lines.push(line),
            (None, _) => {}
        }
    }
    blocks
}

/// Name and bytes of every frame in `PROTOCOL.md`: hexadecimal digits with comments after `;`.
fn documented() -> Vec<(String, String)> {
    let digits = |line: &str| line.split(';').next().unwrap_or_default().replace(' ', "");
    let bytes = |lines: Vec<&str>| lines.into_iter().map(digits).collect::<String>();
    blocks("golden").into_iter().map(|(name, lines)| (name, bytes(lines))).collect()
}

#[test]
fn sums_come_to_what_the_specification_shows() {
    let of_change = |number| Sum::of_change(doc(number), ChangeHash::from_bytes([5; 32]));
    let tombstone = Sum::of_tombstone(doc(4));
    let actual = [
        ("change 04 05", of_change(4)),
        ("change 06 05", of_change(6)),
        ("book", of_change(4) + of_change(6)),
        ("tombstone 04", tombstone),
        ("04 erased: book", of_change(4) + of_change(6) - of_change(4) + tombstone),
    ];
    let actual: Vec<_> = actual.into_iter().map(|(name, sum)| (name.to_owned(), sum.to_string())).collect();
    let shown = blocks("sums").remove(0).1;
    let shown = shown.into_iter().filter_map(|line| line.split_once('='));
    let shown: Vec<_> = shown.map(|(name, sum)| (name.trim().to_owned(), sum.trim().to_owned())).collect();
    assert_eq!(shown, actual);
}

#[test]
fn every_frame_has_the_bytes_that_the_specification_shows() {
    let documented = documented();
    let actual: Vec<(String, String)> =
        frames().into_iter().map(|(name, frame)| (name.to_owned(), hex(&frame.encode(packing(name))))).collect();
    for (name, bytes) in &actual {
        let shown = documented.iter().find(|(other, _)| other == name).map(|(_, bytes)| bytes.as_str());
        assert_eq!(shown, Some(bytes.as_str()), "PROTOCOL.md shows other bytes for {name}");
    }
    assert_eq!(documented.len(), actual.len(), "PROTOCOL.md shows a frame that no sample makes");
}

#[test]
fn every_frame_reads_back() {
    for (name, frame) in frames() {
        let packing = packing(name);
        assert_eq!(Frame::decode(&frame.encode(packing), packing).unwrap(), frame, "{name}");
    }
}

#[test]
fn every_number_has_a_sample_and_the_next_ones_are_unknown() {
    let numbers: std::collections::BTreeSet<u8> = frames().iter().map(|(_, frame)| encode(frame)[0]).collect();
    assert_eq!(numbers, (0..=19).collect());
    for number in 20..=255 {
        let mut bytes = vec![number, 0xa0];
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        let error = decode(&bytes).unwrap_err();
        assert!(matches!(error, WireError::UnknownFrame { number: other } if other == number));
        assert_eq!(error.code(), Code::Unexpected);
    }
}

#[test]
fn a_key_of_a_later_version_is_skipped_and_a_missing_one_is_not() {
    let with = |body: &[u8]| {
        let mut bytes = vec![10];
        bytes.extend(body);
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        decode(&bytes)
    };
    assert_eq!(with(&[0xa1, 0x00, 0x07]).unwrap(), Frame::Ping(7));
    assert_eq!(with(&[0xa2, 0x00, 0x07, 0x18, 0x63, 0x81, 0xf6]).unwrap(), Frame::Ping(7));
    assert!(matches!(with(&[0xa0]), Err(WireError::Missing { key: 0 })));
    assert!(matches!(with(&[0xa2, 0x00, 0x07, 0x00, 0x08]), Err(WireError::KeyOrder { key: 0 })));
    assert!(matches!(with(&[0xa2, 0x01, 0x07, 0x00, 0x08]), Err(WireError::KeyOrder { key: 0 })));
    assert!(matches!(with(&[0xbf, 0x00, 0x07, 0xff]), Err(WireError::Indefinite)));
    assert!(matches!(with(&[0xa1, 0x00, 0x07, 0x00]), Err(WireError::Trailing)));
}
