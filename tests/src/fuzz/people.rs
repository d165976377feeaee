//! What people type and what their spreadsheets hold.

use records::ALL_KINDS;
use tables::FileForm;
use vocab::{Actor, Author, Day, DeviceCode, DocId, EventId, Lang, RecordId, Role, Staff, Timestamp};

use super::bytes::Bytes;

/// A table of text.
pub(super) fn csv(data: &[u8]) {
    read(FileForm::Csv, data);
}

/// A workbook: as it came, or made of parts that came.
pub(super) fn xlsx(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else { return };
    if *mode == 0 {
        read(FileForm::Xlsx, rest);
        return;
    }
    // Parts end at a byte that no XML holds.
    let mut parts = rest.split(|byte| *byte == 0xff);
    let mut part = || parts.next().unwrap_or_default();
    let files = [
        ("[Content_Types].xml", CONTENT_TYPES),
        ("_rels/.rels", ROOT_RELATIONS),
        ("xl/workbook.xml", if mode & 1 == 0 { part() } else { WORKBOOK }),
        ("xl/_rels/workbook.xml.rels", if mode & 2 == 0 { part() } else { RELATIONS }),
        ("xl/worksheets/sheet1.xml", part()),
        ("xl/sharedStrings.xml", part()),
        ("xl/styles.xml", part()),
    ];
    read(FileForm::Xlsx, &archive(&files));
}

fn read(form: FileForm, bytes: &[u8]) {
    match tables::read_bytes(form, bytes) {
        Ok(tables) => {
            for table in tables {
                assert!(table.rows.len() <= tables::ROWS_MAX);
                assert!(table.rows.iter().all(|row| !row.id.is_empty()));
            }
        }
        Err(errors) => assert!(!errors.problems().is_empty(), "a refusal says why"),
    }
}

const CONTENT_TYPES: &[u8] = br#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"#;
const ROOT_RELATIONS: &[u8] = br#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const WORKBOOK: &[u8] = br#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="1" sheetId="1" r:id="r1"/></sheets></workbook>"#;
const RELATIONS: &[u8] = br#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="r3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;

/// A zip archive of these files, not compressed, so that mutating them mutates what is read.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for (name, bytes) in files {
        let at = u32::try_from(archive.len()).unwrap_or_default().to_le_bytes();
        let len = u32::try_from(bytes.len()).unwrap_or_default().to_le_bytes();
        let name_len = u16::try_from(name.len()).unwrap_or_default().to_le_bytes();
        let checksum = crc32fast::hash(bytes).to_le_bytes();
        // Version 2.0, no flags, stored, no time; then both sizes, the name's length and no extra field.
        let common = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &checksum, &len, &len, &name_len, &[0, 0]].concat();
        archive.extend([&b"PK\x03\x04"[..], &common, name.as_bytes(), bytes].concat());
        directory.extend([&b"PK\x01\x02\x14\x00"[..], &common, &[0; 10], &at, name.as_bytes()].concat());
    }
    let count = u16::try_from(files.len()).unwrap_or_default().to_le_bytes();
    let (at, len) = (archive.len(), directory.len());
    archive.extend(directory);
    archive.extend([&b"PK\x05\x06\0\0\0\0"[..], &count, &count].concat());
    for number in [len, at] {
        archive.extend(u32::try_from(number).unwrap_or_default().to_le_bytes());
    }
    archive.extend([0, 0]);
    archive
}

/// Ids, times, names and the values of every field, as a person types them or a cell holds them.
pub(super) fn words(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let (kind, place) = (&ALL_KINDS[bytes.below(ALL_KINDS.len())], usize::from(bytes.byte()));
    let Ok(text) = std::str::from_utf8(bytes.rest()) else { return };
    same_again::<RecordId>(text);
    same_again::<EventId>(text);
    same_again::<DocId>(text);
    same_again::<Actor>(text);
    same_again::<DeviceCode>(text);
    same_again::<Staff>(text);
    same_again::<Author>(text);
    same_again::<Role>(text);
    same_again::<Timestamp>(text);
    same_again::<Day>(text);
    let _ = text.parse::<Lang>();
    if !kind.fields.is_empty() {
        let _ = kind.fields[place % kind.fields.len()].parse(text);
    }
    if !kind.columns.is_empty() {
        let _ = kind.columns[place % kind.columns.len()].parse(kind, text);
    }
}

/// What was read is shown as something that reads the same.
fn same_again<T: std::str::FromStr + ToString + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let shown = value.to_string();
        let again = shown.parse::<T>().ok();
        assert_eq!(again.as_ref(), Some(&value), "{text} is shown as {shown}");
    }
}
