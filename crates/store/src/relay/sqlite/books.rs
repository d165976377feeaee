//! Reconciling: ranges from the book in memory, documents by the hashes of their changes.

use std::collections::{BTreeSet, HashMap, HashSet};

use rusqlite::Transaction;
use vocab::{BranchId, Position, RangeAnswer, RangeQuery};

use super::form::{Changed, Least};
use super::index::Index;
use super::{SqliteRelayStore, branch_row, erase, place};
use crate::StoreError;
use crate::columns::Columns;
use crate::relay::{Answer, Ask, Books, FeedForm};

/// What an answer takes besides its changes, in bytes, and each number in it.
const ANSWER_BYTES: usize = 24;
const WANT_BYTES: usize = 3;

impl Books for SqliteRelayStore {
    fn ranges(&self, branch: BranchId, queries: &[RangeQuery]) -> Result<Vec<RangeAnswer>, StoreError> {
        let tx = self.begin_read()?;
        let index = match branch_row(&tx, branch)? {
            Some(row) => self.books.index(&tx, branch, &row)?,
            None => Index::default().into(),
        };
        Ok(queries.iter().map(|query| index.answer(query)).collect())
    }

    fn compare(&self, branch: BranchId, asks: &[Ask], bytes_max: usize) -> Result<Vec<Answer>, StoreError> {
        let tx = self.begin_read()?;
        let branch = branch_row(&tx, branch)?;
        let mut answers = Vec::new();
        let mut bytes = 0_usize;
        for ask in asks {
            let found = match &branch {
                Some(branch) => Changed::find(&tx, branch.id, ask.doc)?,
                None => None,
            };
            let least = if answers.is_empty() { Least::One } else { Least::Nothing };
            let Some(answer) = answer(&tx, found, ask, bytes_max.saturating_sub(bytes), least)? else {
                break;
            };
            bytes = bytes.saturating_add(ANSWER_BYTES + answer.wants.len() * WANT_BYTES);
            bytes = bytes.saturating_add(answer.item.as_ref().map_or(0, item_bytes));
            let complete = answer.complete;
            answers.push(answer);
            if !complete || bytes >= bytes_max {
                break;
            }
        }
        Ok(answers)
    }
}

fn item_bytes(form: &FeedForm) -> usize {
    match form {
        FeedForm::Saved(bytes) => bytes.len(),
        FeedForm::Changes(changes) => changes.iter().map(|(_, bytes)| bytes.len()).sum(),
        FeedForm::Erased(tombstone) => tombstone.why.len(),
    }
}

/// The answer to one ask in `space` bytes; none when nothing of it fits and nothing has to.
fn answer(
    tx: &Transaction<'_>,
    found: Option<Changed>,
    ask: &Ask,
    space: usize,
    least: Least,
) -> Result<Option<Answer>, StoreError> {
    let complete = |item, wants| Ok(Some(Answer { complete: true, item, wants }));
    let all = |held: &[[u8; 16]]| (0..).take(held.len()).collect::<Vec<u32>>();
    let Some(changed) = found else {
        return complete(None, all(&ask.held));
    };
    if changed.is_erased {
        return complete(erase::tombstone(tx, changed.id, changed.doc)?.map(FeedForm::Erased), Vec::new());
    }
    if ask.held.is_empty()
        && let Some(whole) = changed.small_whole(tx, space)?
    {
        return complete(Some(FeedForm::Saved(whole.into())), Vec::new());
    }
    let held: HashSet<&[u8; 16]> = ask.held.iter().collect();
    let here = prefixes(tx, &changed)?;
    let mut lacked: Vec<Position> =
        here.iter().filter(|(prefix, _)| !held.contains(prefix)).map(|(_, position)| *position).collect();
    lacked.sort_unstable();
    let piece = changed.piece(tx, &lacked, &BTreeSet::new(), space, least)?;
    if piece.covered == 0 && !lacked.is_empty() {
        return Ok(None);
    }
    let item = (!piece.changes.is_empty()).then_some(FeedForm::Changes(piece.changes));
    if piece.covered < lacked.len() {
        return Ok(Some(Answer { complete: false, item, wants: Vec::new() }));
    }
    let mut wants = all(&ask.held);
    wants.retain(|index| !ask.held.get(*index as usize).is_some_and(|prefix| here.contains_key(prefix)));
    complete(item, wants)
}

/// The first 16 bytes of the hash of each change of a document, and where it stands. Reads an index only.
fn prefixes(tx: &Transaction<'_>, changed: &Changed) -> Result<HashMap<[u8; 16], Position>, StoreError> {
    let start = place(changed.branch, Position::START)?;
    let mut statement = tx.prepare_cached("SELECT hash, place FROM feed INDEXED BY feed_hash WHERE document = ?1")?;
    let found = statement
        .query_map([changed.id], |row| {
            let hash = row.hash(0)?;
            let mut prefix = [0; 16];
            prefix.copy_from_slice(&hash.as_bytes()[..16]);
            Ok((prefix, Position::new((row.get::<_, i64>(1)? - start).unsigned_abs())))
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
}
