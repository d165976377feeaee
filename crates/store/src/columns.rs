//! How vocabulary types stand in SQLite columns, and how they are read back without trusting the file.

use rusqlite::Row;
use rusqlite::types::{FromSqlError, Type};
use std::fmt::Display;
use std::str::FromStr;
use vocab::{Actor, BranchId, ChangeHash, DeviceKey, DocId, Epoch, Generation, Position, Refusal, Sum, Timestamp};

fn wrong(index: usize, kind: Type, what: impl Display) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, kind, what.to_string().into())
}

/// A number we count up from zero, as SQLite's signed integer.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The bytes of some hashes, one after the other.
pub(crate) fn join_hashes(hashes: &[ChangeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Reads of typed columns; every failure is a [`rusqlite::Error`] that becomes `Corrupt`.
pub(crate) trait Columns {
    fn fixed<const N: usize>(&self, index: usize) -> rusqlite::Result<[u8; N]>;
    fn optional_fixed<const N: usize>(&self, index: usize) -> rusqlite::Result<Option<[u8; N]>>;
    fn number(&self, index: usize) -> rusqlite::Result<u64>;
    fn optional_number(&self, index: usize) -> rusqlite::Result<Option<u64>>;
    fn parsed<T: FromStr<Err: Display>>(&self, index: usize) -> rusqlite::Result<T>;
    fn optional_parsed<T: FromStr<Err: Display>>(&self, index: usize) -> rusqlite::Result<Option<T>>;
    fn hashes(&self, index: usize) -> rusqlite::Result<Vec<ChangeHash>>;
    fn refusal(&self, index: usize) -> rusqlite::Result<Refusal>;

    fn doc(&self, index: usize) -> rusqlite::Result<DocId> {
        self.fixed(index).map(DocId::from_bytes)
    }
    fn hash(&self, index: usize) -> rusqlite::Result<ChangeHash> {
        self.fixed(index).map(ChangeHash::from_bytes)
    }
    fn actor(&self, index: usize) -> rusqlite::Result<Actor> {
        self.fixed(index).map(Actor::from_bytes)
    }
    fn device_key(&self, index: usize) -> rusqlite::Result<DeviceKey> {
        self.fixed(index).map(DeviceKey::from_bytes)
    }
    fn branch_id(&self, index: usize) -> rusqlite::Result<BranchId> {
        self.fixed(index).map(BranchId::from_bytes)
    }
    fn epoch(&self, index: usize) -> rusqlite::Result<Epoch> {
        self.fixed(index).map(Epoch::from_bytes)
    }
    fn optional_epoch(&self, index: usize) -> rusqlite::Result<Option<Epoch>> {
        Ok(self.optional_fixed(index)?.map(Epoch::from_bytes))
    }
    fn generation(&self, index: usize) -> rusqlite::Result<Generation> {
        self.fixed(index).map(Generation::from_bytes)
    }
    fn position(&self, index: usize) -> rusqlite::Result<Position> {
        self.number(index).map(Position::new)
    }
    fn sum(&self, index: usize) -> rusqlite::Result<Sum> {
        self.fixed(index).map(Sum::from_bytes)
    }
    fn optional_sum(&self, index: usize) -> rusqlite::Result<Option<Sum>> {
        Ok(self.optional_fixed(index)?.map(Sum::from_bytes))
    }
    fn time(&self, index: usize) -> rusqlite::Result<Timestamp> {
        self.number(index).map(|millis| Timestamp::from_millis(integer(millis)))
    }
    fn optional_time(&self, index: usize) -> rusqlite::Result<Option<Timestamp>> {
        Ok(self.optional_number(index)?.map(|millis| Timestamp::from_millis(integer(millis))))
    }
}

impl Columns for Row<'_> {
    fn fixed<const N: usize>(&self, index: usize) -> rusqlite::Result<[u8; N]> {
        let bytes = self.get_ref(index)?.as_blob().map_err(|error| wrong(index, Type::Blob, error))?;
        bytes.try_into().map_err(|_| {
            wrong(index, Type::Blob, FromSqlError::InvalidBlobSize { expected_size: N, blob_size: bytes.len() })
        })
    }

    fn optional_fixed<const N: usize>(&self, index: usize) -> rusqlite::Result<Option<[u8; N]>> {
        match self.get_ref(index)? {
            rusqlite::types::ValueRef::Null => Ok(None),
            _ => self.fixed(index).map(Some),
        }
    }

    fn number(&self, index: usize) -> rusqlite::Result<u64> {
        let value: i64 = self.get(index)?;
        u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, value))
    }

    fn optional_number(&self, index: usize) -> rusqlite::Result<Option<u64>> {
        match self.get_ref(index)? {
            rusqlite::types::ValueRef::Null => Ok(None),
            _ => self.number(index).map(Some),
        }
    }

    fn parsed<T: FromStr<Err: Display>>(&self, index: usize) -> rusqlite::Result<T> {
        let text = self.get_ref(index)?.as_str().map_err(|error| wrong(index, Type::Text, error))?;
        text.parse().map_err(|error| wrong(index, Type::Text, error))
    }

    fn optional_parsed<T: FromStr<Err: Display>>(&self, index: usize) -> rusqlite::Result<Option<T>> {
        match self.get_ref(index)? {
            rusqlite::types::ValueRef::Null => Ok(None),
            _ => self.parsed(index).map(Some),
        }
    }

    fn hashes(&self, index: usize) -> rusqlite::Result<Vec<ChangeHash>> {
        let bytes = self.get_ref(index)?.as_blob().map_err(|error| wrong(index, Type::Blob, error))?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        if rest.is_empty() {
            Ok(hashes.iter().map(|hash| ChangeHash::from_bytes(*hash)).collect())
        } else {
            Err(wrong(index, Type::Blob, "not a whole number of hashes"))
        }
    }

    fn refusal(&self, index: usize) -> rusqlite::Result<Refusal> {
        let number = self.number(index)?;
        u8::try_from(number)
            .ok()
            .and_then(Refusal::from_number)
            .ok_or_else(|| wrong(index, Type::Integer, "a refusal this version does not know"))
    }
}
