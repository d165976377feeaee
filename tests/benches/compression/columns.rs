//! Saved documents taken apart: what it would give to send each column of all documents of a frame together.

use std::collections::BTreeMap;

/// Batches of about `payload_bytes`.
pub(crate) fn batches(items: &[Vec<u8>], payload_bytes: usize) -> Vec<Vec<&Vec<u8>>> {
    let mut batches = vec![Vec::new()];
    let mut len = 0;
    for item in items {
        if len > 0 && len + item.len() > payload_bytes {
            batches.push(Vec::new());
            len = 0;
        }
        len += item.len();
        if let Some(last) = batches.last_mut() {
            last.push(item);
        }
    }
    batches
}

/// The bytes of these items, those of a kind side by side. Items that hold no saved document stay as they are.
pub(crate) fn by_column(items: &[&Vec<u8>]) -> Vec<u8> {
    let mut streams: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    for item in items {
        let mut add = |kind, bytes: &[u8]| streams.entry(kind).or_default().extend_from_slice(bytes);
        if take_apart(item, &mut add).is_none() {
            add(u64::MAX, item);
        }
    }
    streams.into_values().flatten().collect()
}

/// The magic number of an automerge chunk, and the type of a saved document behind its checksum.
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const DOCUMENT: u8 = 0;

fn take_apart(item: &[u8], add: &mut impl FnMut(u64, &[u8])) -> Option<()> {
    let start = item.windows(4).position(|bytes| bytes == MAGIC)?;
    if item.get(start + 8) != Some(&DOCUMENT) {
        return None;
    }
    let mut pieces = Vec::new();
    let mut rest = item.get(start + 9..)?;
    uint(&mut rest)?;
    let whole = rest;
    for _ in 0..uint(&mut rest)? {
        let len = uint(&mut rest)?;
        take(&mut rest, len)?; // actors
    }
    let actors = &whole[..whole.len() - rest.len()];
    let heads = rest;
    let count = uint(&mut rest)?;
    take(&mut rest, count.checked_mul(32)?)?;
    let heads = &heads[..heads.len() - rest.len()];
    let layout = rest;
    let mut columns = Vec::new();
    for table in 1..=2 {
        for _ in 0..uint(&mut rest)? {
            let spec = uint(&mut rest)?;
            columns.push((table << 32 | spec, uint(&mut rest)?));
        }
    }
    let layout = &layout[..layout.len() - rest.len()];
    for (kind, len) in columns {
        pieces.push((kind, take(&mut rest, len)?));
    }
    pieces.push((4 << 32, rest));
    add(0, &item[..start]);
    add(1, &item[start + 4..start + 8]);
    add(2, actors);
    add(3, heads);
    add(4, layout);
    pieces.into_iter().for_each(|(kind, bytes)| add(kind, bytes));
    Some(())
}

fn take<'b>(rest: &mut &'b [u8], len: u64) -> Option<&'b [u8]> {
    let (taken, left) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    *rest = left;
    Some(taken)
}

fn uint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, left) = rest.split_first()?;
        *rest = left;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
