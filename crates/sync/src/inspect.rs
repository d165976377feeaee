//! What a change says of itself, read from its bytes without knowing any schema.
//!
//! Relay and device run this on every change a peer sends, before anything is stored. It checks what would make automerge
//! refuse, loop or panic later: the checksum, that every operation decodes, and how many there are.

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::Change;
use thiserror::Error;
use vocab::{Actor, ChangeHash, ChangeHeader, Timestamp};

use crate::limits::{CHANGE_BYTES_MAX, CHANGE_DEPS_MAX, CHANGE_OPS_MAX};

/// Bytes that are not one well-formed, uncompressed automerge change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Malformed {
    /// More than [`CHANGE_BYTES_MAX`].
    #[error("the change has {len} bytes; at most {CHANGE_BYTES_MAX} are allowed")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// Not a change chunk; deflated changes and saved documents are not changes here.
    #[error("the bytes are not an uncompressed automerge change")]
    NotAChange,
    /// The checksum, or what automerge found on reading.
    #[error("the change is damaged")]
    Damaged,
    /// An actor that is not 16 bytes long.
    #[error("the change's actor is not 16 bytes long")]
    Actor,
    /// A sequence number of 0, or one that SQLite cannot hold.
    #[error("the change's sequence number is out of range")]
    Sequence,
    /// More than [`CHANGE_DEPS_MAX`] dependencies.
    #[error("the change has more dependencies than allowed")]
    Dependencies,
    /// More than [`CHANGE_OPS_MAX`] operations.
    #[error("the change has more operations than allowed")]
    Operations,
}

/// Reads a change's header and checks the rest. Never panics; memory is bounded by a small multiple of the bytes.
///
/// # Errors
/// [`Malformed`] when the bytes are not exactly one well-formed, uncompressed automerge change within the limits.
pub fn inspect(bytes: &[u8]) -> Result<ChangeHeader, Malformed> {
    if bytes.len() > CHANGE_BYTES_MAX {
        return Err(Malformed::TooLong { len: bytes.len() });
    }
    count_operations(bytes)?;
    let change = catch_unwind(AssertUnwindSafe(|| Change::try_from(bytes)))
        .map_err(|_| Malformed::Damaged)?
        .map_err(|_| Malformed::Damaged)?;
    let hash = change.hash().0;
    if bytes[CHECKSUM] != hash[..4] {
        return Err(Malformed::Damaged);
    }
    let actor = change.actor_id().to_bytes().try_into().map_err(|_| Malformed::Actor)?;
    if change.seq() == 0 || i64::try_from(change.seq()).is_err() {
        return Err(Malformed::Sequence);
    }
    if change.deps().len() > CHANGE_DEPS_MAX {
        return Err(Malformed::Dependencies);
    }
    Ok(ChangeHeader {
        hash: ChangeHash::from_bytes(hash),
        actor: Actor::from_bytes(actor),
        seq: change.seq(),
        deps: change.deps().iter().map(|dep| ChangeHash::from_bytes(dep.0)).collect(),
        time: Timestamp::from_millis(change.timestamp()),
    })
}

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const CHECKSUM: std::ops::Range<usize> = 4..8;
const CHANGE_CHUNK: u8 = 1;

/// The columns whose rows are counted: the low four bits are the type, the rest the id (automerge's storage format).
const ACTION_COLUMN: u64 = 4 << 4 | 2;
const PRED_GROUP_COLUMN: u64 = 7 << 4;

/// Counts what the run-length encoded columns claim, before automerge unpacks them: a few bytes may claim any number of
/// operations, or any number of predecessors of one operation.
fn count_operations(bytes: &[u8]) -> Result<(), Malformed> {
    let mut input = Input(bytes);
    if input.take(4)? != MAGIC {
        return Err(Malformed::NotAChange);
    }
    input.take(4)?;
    if input.take(1)? != [CHANGE_CHUNK] {
        return Err(Malformed::NotAChange);
    }
    if input.len()? != input.0.len() {
        return Err(Malformed::NotAChange);
    }
    let deps = input.len()?;
    if deps > CHANGE_DEPS_MAX {
        return Err(Malformed::Dependencies);
    }
    input.take(deps * 32)?;
    input.prefixed()?; // actor
    input.uint()?; // sequence
    input.uint()?; // first operation
    input.int()?; // time
    input.prefixed()?; // message
    for _ in 0..input.uint()? {
        input.prefixed()?; // other actors
    }
    let mut columns = Vec::new();
    for _ in 0..input.uint()? {
        columns.push((input.uint()?, input.len()?));
    }
    for (spec, len) in columns {
        let column = input.take(len)?;
        match spec {
            ACTION_COLUMN => rows(column, |_| 1)?,
            PRED_GROUP_COLUMN => rows(column, |value| value)?,
            _ => {}
        }
    }
    Ok(())
}

/// Sums `weight` over the rows of a run-length encoded column of unsigned numbers.
fn rows(column: &[u8], weight: impl Fn(u64) -> u64) -> Result<(), Malformed> {
    let mut input = Input(column);
    let mut sum = 0_u64;
    let mut add = |count: u64, value: u64| {
        sum = sum.saturating_add(count.saturating_mul(weight(value)));
        if sum > CHANGE_OPS_MAX { Err(Malformed::Operations) } else { Ok(()) }
    };
    while !input.0.is_empty() {
        match input.int()? {
            0 => add(input.uint()?, 0)?,
            run if run > 0 => add(run.unsigned_abs(), input.uint()?)?,
            literal => {
                for _ in 0..literal.unsigned_abs() {
                    add(1, input.uint()?)?;
                }
            }
        }
    }
    Ok(())
}

/// What is left to read; every read is bounded by it.
struct Input<'b>(&'b [u8]);

impl<'b> Input<'b> {
    fn take(&mut self, len: usize) -> Result<&'b [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Malformed::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        let (byte, rest) = self.0.split_first().ok_or(Malformed::Damaged)?;
        self.0 = rest;
        Ok(*byte)
    }

    /// An unsigned LEB128 number of at most 64 bits.
    fn uint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Malformed::Damaged);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed::Damaged)
    }

    /// A signed LEB128 number of at most 64 bits.
    fn int(&mut self) -> Result<i64, Malformed> {
        let mut value = 0_i64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let unused = 64 - (shift + 7).min(64);
                return Ok(value << unused >> unused);
            }
        }
        Err(Malformed::Damaged)
    }

    fn len(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.uint()?).map_err(|_| Malformed::Damaged)
    }

    fn prefixed(&mut self) -> Result<&'b [u8], Malformed> {
        let len = self.len()?;
        self.take(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automerge::transaction::{CommitOptions, Transactable};
    use automerge::{ActorId, AutoCommit, ObjType, ROOT};
    use proptest::prelude::*;

    fn document() -> AutoCommit {
        AutoCommit::new().with_actor(ActorId::from([7_u8; 16]))
    }

    fn change(text: &str) -> Vec<u8> {
        let mut doc = document();
        let object = doc.put_object(ROOT, "text", ObjType::Text).unwrap();
        doc.splice_text(&object, 0, 0, text).unwrap();
        doc.commit_with(CommitOptions::default().with_time(1_714_000_000_123));
        doc.splice_text(&object, 0, text.chars().count() as isize, "").unwrap();
        doc.put(ROOT, "a", 1).unwrap();
        doc.commit_with(CommitOptions::default().with_message("engineer:王*").with_time(1_714_000_000_456));
        doc.get_last_local_change().unwrap().raw_bytes().to_vec()
    }

    #[test]
    fn a_header_says_what_automerge_says() {
        let bytes = change("开机");
        let read = Change::try_from(&bytes[..]).unwrap();
        let header = inspect(&bytes).unwrap();
        assert_eq!(header.hash.as_bytes(), &read.hash().0);
        assert_eq!(header.actor, Actor::from_bytes([7; 16]));
        assert_eq!((header.seq, header.deps.len()), (2, 1));
        assert_eq!(header.time, Timestamp::from_millis(1_714_000_000_456));
    }

    #[test]
    fn a_saved_document_a_deflated_change_and_trailing_bytes_are_not_a_change() {
        let long = "设备".repeat(400);
        assert!(inspect(&change(&long)).is_ok());
        let mut deflated = Change::try_from(&change_of_text(&long)[..]).unwrap();
        assert!(inspect(&change_of_text(&long)).is_ok());
        assert_eq!(inspect(&deflated.bytes()), Err(Malformed::NotAChange));
        assert_eq!(inspect(&document().save()), Err(Malformed::NotAChange));
        assert_eq!(inspect(&[change("a"), vec![0]].concat()), Err(Malformed::NotAChange));
        assert_eq!(inspect(&[]), Err(Malformed::Damaged));
        assert_eq!(inspect(&vec![0; CHANGE_BYTES_MAX + 1]), Err(Malformed::TooLong { len: CHANGE_BYTES_MAX + 1 }));
    }

    fn change_of_text(text: &str) -> Vec<u8> {
        let mut doc = document();
        let object = doc.put_object(ROOT, "text", ObjType::Text).unwrap();
        doc.splice_text(&object, 0, 0, text).unwrap();
        doc.commit();
        doc.get_last_local_change().unwrap().raw_bytes().to_vec()
    }

    #[test]
    fn a_column_that_claims_more_operations_than_allowed_is_refused_unread() {
        let leb = |mut value: u64| {
            let mut bytes = Vec::new();
            while value > 0x7f {
                bytes.push((value & 0x7f) as u8 | 0x80);
                value >>= 7;
            }
            bytes.push(value as u8);
            bytes
        };
        let claims = |run: u64| [leb(run), vec![1]].concat();
        assert_eq!(rows(&claims(CHANGE_OPS_MAX), |_| 1), Ok(()));
        assert_eq!(rows(&claims(CHANGE_OPS_MAX + 1), |_| 1), Err(Malformed::Operations));
        assert_eq!(rows(&claims(1 << 60), |_| 1), Err(Malformed::Operations));
        let group = [vec![1], leb(1 << 50)].concat();
        assert_eq!(rows(&group, |value| value), Err(Malformed::Operations));
        assert_eq!(rows(&group, |_| 1), Ok(()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            prop_assert!(inspect(&bytes).is_err());
        }

        #[test]
        fn one_wrong_byte_anywhere_is_noticed(text in "[a-z开机]{0,40}", at: prop::sample::Index, flip in 1_u8..) {
            let mut bytes = change(&text);
            prop_assert!(inspect(&bytes).is_ok());
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert!(inspect(&bytes).is_err());
        }

        #[test]
        fn a_damaged_body_with_a_true_checksum_never_panics(text in "[a-z开机]{0,40}", at: prop::sample::Index, flip in 1_u8..) {
            let mut bytes = change(&text);
            let at = 11 + at.index(bytes.len() - 11);
            bytes[at] ^= flip;
            if let Ok(Ok(damaged)) = catch_unwind(|| Change::try_from(&bytes[..])) {
                bytes[CHECKSUM].copy_from_slice(&damaged.hash().0[..4]);
                let _ = inspect(&bytes);
            }
        }
    }
}
