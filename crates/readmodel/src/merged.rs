//! Customers that were entered twice and merged. Both dossiers stay; every id of the customer leads to one.

use std::collections::BTreeMap;

use records::Merged;
use rusqlite::{Connection, OptionalExtension};
use store::StoreError;
use vocab::RecordId;

use crate::ask::id_at;

/// Which customer each merged id leads to: the smallest that stands in the book and is not void; where all are void, the
/// smallest that stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leads {
    /// Every id that leads to another.
    moved: BTreeMap<RecordId, RecordId>,
    /// By the id they lead to: every id of the customer that stands in the book, that one included.
    groups: BTreeMap<RecordId, Vec<RecordId>>,
}

impl Leads {
    /// The customer that `id` leads to: itself, unless it was merged.
    #[must_use]
    pub fn lead<'a>(&'a self, id: &'a RecordId) -> &'a RecordId {
        self.moved.get(id).unwrap_or(id)
    }

    /// Every id of the customer that `id` is one of, where it was merged: the one they lead to first, then the others.
    #[must_use]
    pub fn group(&self, id: &RecordId) -> &[RecordId] {
        self.groups.get(self.lead(id)).map_or(&[], Vec::as_slice)
    }

    /// Every id that leads to another.
    pub(crate) fn moved(&self) -> impl Iterator<Item = &RecordId> {
        self.moved.keys()
    }

    /// Whether nobody merged anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.moved.is_empty()
    }
}

/// Which customers lead to which. Reads the pairs that were merged and nothing else.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn leads(conn: &Connection) -> Result<Leads, StoreError> {
    let pairs = conn
        .prepare_cached(
            "SELECT view_record.id, view_merge.other FROM view_merge CROSS JOIN view_record ON view_record.n = view_merge.n",
        )?
        .query_map([], |row| Ok((id_at(row, 0)?, id_at(row, 1)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    let mut leads = Leads::default();
    for group in Merged::of(pairs).groups() {
        let mut standing: Vec<(bool, &RecordId)> = Vec::new();
        for id in group {
            let void: Option<bool> = conn
                .prepare_cached("SELECT void FROM view_record WHERE id = ?1 AND +kind = 'customer'")?
                .query_row([id.as_str()], |row| row.get(0))
                .optional()?;
            standing.extend(void.map(|void| (void, id)));
        }
        // Stable: those that are not void in their order, then the others.
        standing.sort_by_key(|(void, _)| *void);
        let Some((_, lead)) = standing.first().copied() else { continue };
        leads.moved.extend(group.iter().filter(|id| *id != lead).map(|id| (id.clone(), lead.clone())));
        leads.groups.insert(lead.clone(), standing.into_iter().map(|(_, id)| id.clone()).collect());
    }
    Ok(leads)
}

/// The customer that `id` leads to: itself, unless it was merged.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn lead(conn: &Connection, id: &RecordId) -> Result<RecordId, StoreError> {
    Ok(leads(conn)?.lead(id).clone())
}
