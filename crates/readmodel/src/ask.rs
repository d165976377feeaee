//! Questions about records.

use records::Kind;
use rusqlite::types::{FromSqlError, Type, Value as SqlValue};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params, params_from_iter};
use store::StoreError;
use vocab::{DocId, RecordId};

use crate::merged::{Leads, leads};
use crate::words;

/// Most rows of one page.
pub const LIST_ROWS_MAX: u32 = 1_000;

/// One record as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its kind.
    pub kind: &'static Kind,
    /// Its id as it is shown.
    pub id: RecordId,
    /// Its id as it stands in its document: another where a document with a smaller id holds the same one.
    pub inner: RecordId,
    /// Its document.
    pub doc: DocId,
    /// Its dossier's customer.
    pub customer: RecordId,
    /// The record as one JSON object, keys sorted: what `--json` and the export print.
    pub json: String,
}

impl Row {
    /// The JSON object, read.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the row does not hold one: rebuild the read model.
    pub fn value(&self) -> Result<serde_json::Value, StoreError> {
        serde_json::from_str(&self.json)
            .map_err(|error| StoreError::Corrupt { what: format!("the row of {}: {error}", self.id) })
    }
}

pub(crate) const ROW: &str =
    "view_record.kind, view_record.id, view_record.doc, view_record.customer, view_record.json, view_record.inner";

pub(crate) fn doc_at(row: &SqlRow<'_>, index: usize) -> rusqlite::Result<DocId> {
    let bytes = row.get_ref(index)?.as_blob()?;
    let bytes = bytes.try_into().map_err(|_| {
        let size = FromSqlError::InvalidBlobSize { expected_size: 16, blob_size: bytes.len() };
        rusqlite::Error::FromSqlConversionFailure(index, Type::Blob, size.into())
    })?;
    Ok(DocId::from_bytes(bytes))
}

pub(crate) fn id_at(row: &SqlRow<'_>, index: usize) -> rusqlite::Result<RecordId> {
    let text = row.get_ref(index)?.as_str()?;
    text.parse()
        .map_err(|error: vocab::ParseError| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, error.into()))
}

pub(crate) fn row(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let code = row.get_ref(0)?.as_str()?;
    let kind = records::kind(code).ok_or_else(|| {
        let what = format!("a kind `{code}` that this version does not know");
        rusqlite::Error::FromSqlConversionFailure(0, Type::Text, what.into())
    })?;
    let (id, inner) = (id_at(row, 1)?, id_at(row, 5)?);
    Ok(Row { kind, id, inner, doc: doc_at(row, 2)?, customer: id_at(row, 3)?, json: row.get(4)? })
}

/// The record that is shown under this id.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn record(conn: &Connection, id: &RecordId) -> Result<Option<Row>, StoreError> {
    let query = format!("SELECT {ROW} FROM view_record WHERE id = ?1 ORDER BY doc LIMIT 1");
    Ok(conn.prepare_cached(&query)?.query_row([id.as_str()], row).optional()?)
}

/// The record that stands in a document under this id.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn record_in(conn: &Connection, doc: DocId, inner: &RecordId) -> Result<Option<Row>, StoreError> {
    for condition in ["id = ?1 AND inner = ?1", "inner = ?1 AND inner <> id"] {
        let query = format!("SELECT {ROW} FROM view_record WHERE {condition} AND doc = ?2");
        let found = conn.prepare_cached(&query)?.query_row(params![inner.as_str(), doc.as_bytes()], row).optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Every record that stands under this id in its document, one for each document that holds one; or the one that is shown
/// under it.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn bearers(conn: &Connection, id: &RecordId) -> Result<Vec<Row>, StoreError> {
    let query = format!("SELECT {ROW} FROM view_record WHERE id = ?1 OR (inner = ?1 AND inner <> id) ORDER BY doc");
    Ok(conn.prepare_cached(&query)?.query_map([id.as_str()], row)?.collect::<Result<_, _>>()?)
}

/// Every record of a document, sorted by id.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn dossier(conn: &Connection, doc: DocId) -> Result<Vec<Row>, StoreError> {
    let mut statement = conn.prepare_cached(&format!("SELECT {ROW} FROM view_record WHERE doc = ?1 ORDER BY id"))?;
    Ok(statement.query_map([doc.as_bytes()], row)?.collect::<Result<_, _>>()?)
}

/// The records of a kind that had this id on paper or in another system, sorted by id; void ones included.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn by_legacy(conn: &Connection, kind: &Kind, legacy_id: &str) -> Result<Vec<Row>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {ROW} FROM view_record WHERE legacy_id = ?1 AND kind = ?2 ORDER BY id, doc"
    ))?;
    Ok(statement.query_map(params![legacy_id, kind.code], row)?.collect::<Result<_, _>>()?)
}

/// Which records to list. What is absent does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The state of their life cycle.
    pub state: Option<String>,
    /// Who answers for them: a task's assignee, an assessment's assessor, otherwise the owner.
    pub assignee: Option<String>,
    /// Their dossier's customer.
    pub customer: Option<RecordId>,
    /// The record they belong to.
    pub parent: Option<RecordId>,
    /// Their urgency; a task's is that of its assessment.
    pub urgency: Option<String>,
    /// A customer's grade.
    pub grade: Option<String>,
    /// What people wrote in them, as [`search`](crate::search) takes it.
    pub text: Option<String>,
    /// Whether void ones are listed.
    pub voided: Voided,
}

/// Whether records that were declared void are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Voided {
    /// They are left out.
    #[default]
    Hidden,
    /// They are listed with the others.
    Shown,
}

/// In which order records are listed; equal ones follow by id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// By id.
    #[default]
    Id,
    /// Lately changed first.
    Updated,
    /// Due first, those without a time last.
    Due,
    /// Most urgent first, then due first.
    Urgency,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many rows to skip.
    pub offset: u32,
    /// How many to return; [`LIST_ROWS_MAX`] at most.
    pub limit: u32,
}

impl Default for Page {
    fn default() -> Self {
        Page { offset: 0, limit: LIST_ROWS_MAX }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The rows of the page.
    pub rows: Vec<Row>,
    /// How many the whole list has.
    pub total: u64,
}

/// The records of a kind that pass `filter`.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn list(conn: &Connection, kind: &Kind, filter: &Filter, order: Order, page: Page) -> Result<Listing, StoreError> {
    let mut wheres = vec!["kind = ?"];
    let mut values: Vec<SqlValue> = vec![kind.code.to_owned().into()];
    let mut restrict = |clause, value: Option<&str>| {
        if let Some(value) = value {
            wheres.push(clause);
            values.push(value.to_owned().into());
        }
    };
    restrict("state = ?", filter.state.as_deref());
    restrict("person = ?", filter.assignee.as_deref());
    // Of customers who were merged one is listed, and what belongs to any of them belongs to that one.
    let listed = kind.code == "customer" && filter.voided == Voided::Hidden;
    let leads = if listed || filter.customer.is_some() { leads(conn)? } else { Leads::default() };
    let ids = |ids: Vec<&str>| serde_json::Value::from(ids).to_string();
    let group = filter.customer.as_ref().map(|id| match leads.group(id) {
        [] => ids(vec![id.as_str()]),
        group => ids(group.iter().map(RecordId::as_str).collect()),
    });
    // Dossier and customer are one, and the dossier has an index.
    let dossiers = "doc IN (SELECT doc FROM view_record WHERE id IN (SELECT value FROM json_each(?)))";
    restrict(dossiers, group.as_deref());
    let moved = (listed && !leads.is_empty()).then(|| ids(leads.moved().map(RecordId::as_str).collect()));
    restrict("id NOT IN (SELECT value FROM json_each(?))", moved.as_deref());
    restrict("parent = ?", filter.parent.as_ref().map(RecordId::as_str));
    restrict("urgency = ?", filter.urgency.as_deref());
    restrict("grade = ?", filter.grade.as_deref());
    if let Some(text) = &filter.text {
        let Some(query) = words::query(text) else {
            return Ok(Listing { rows: Vec::new(), total: 0 });
        };
        restrict("n IN (SELECT rowid FROM view_search WHERE view_search MATCH ?)", Some(&query));
    }
    let wheres = match filter.voided {
        Voided::Hidden => format!("{} AND void = 0", wheres.join(" AND ")),
        Voided::Shown => wheres.join(" AND "),
    };
    let by_state = Filter { state: filter.state.clone(), voided: filter.voided, ..Filter::default() };
    let (counted, what) = if *filter == by_state && moved.is_none() {
        ("view_count", "coalesce(sum(n), 0)")
    } else {
        ("view_record", "count(*)")
    };
    let total: i64 = conn
        .prepare_cached(&format!("SELECT {what} FROM {counted} WHERE {wheres}"))?
        .query_row(params_from_iter(&values), |row| row.get(0))?;
    let order = match order {
        Order::Id => "id, doc",
        Order::Updated => "updated_at_ms DESC, id, doc",
        Order::Due => "due_at_ms IS NULL, due_at_ms, id, doc",
        Order::Urgency => {
            "CASE urgency WHEN 'high' THEN 0 WHEN 'medium' THEN 1 WHEN 'low' THEN 2 ELSE 3 END,
             due_at_ms IS NULL, due_at_ms, id, doc"
        }
    };
    values.push(i64::from(page.limit.min(LIST_ROWS_MAX)).into());
    values.push(i64::from(page.offset).into());
    let rows = conn
        .prepare_cached(&format!("SELECT {ROW} FROM view_record WHERE {wheres} ORDER BY {order} LIMIT ? OFFSET ?"))?
        .query_map(params_from_iter(&values), row)?
        .collect::<Result<_, _>>()?;
    Ok(Listing { rows, total: total.unsigned_abs() })
}

/// How many records of one kind are in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCount {
    /// The kind.
    pub kind: &'static Kind,
    /// The state; absent for kinds without a life cycle.
    pub state: Option<String>,
    /// Whether they were declared void.
    pub void: bool,
    /// How many.
    pub records: u64,
}

/// How much is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Documents of customers.
    pub dossiers: u64,
    /// Documents that were made to break readers; nothing of them is shown.
    pub damaged: u64,
    /// Records of every kind, void ones included.
    pub records: u64,
    /// Open disagreements.
    pub conflicts: u64,
    /// Records by kind and state, sorted by kind (parents first) and state.
    pub states: Vec<StateCount>,
}

/// How much is shown; the time this takes grows with dossiers and conflicts a little, and with records not at all.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn counts(conn: &Connection) -> Result<Counts, StoreError> {
    let (dossiers, damaged): (i64, i64) = conn
        // A board and a policy are documents without a customer.
        .prepare_cached(
            "SELECT coalesce(sum(customer IS NOT NULL OR damaged), 0), coalesce(sum(damaged), 0) FROM view_document",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let conflicts: i64 = conn.prepare_cached("SELECT count(*) FROM view_conflict")?.query_row([], |row| row.get(0))?;
    let mut counts = Counts {
        dossiers: dossiers.unsigned_abs(),
        damaged: damaged.unsigned_abs(),
        conflicts: conflicts.unsigned_abs(),
        ..Counts::default()
    };
    let mut statement =
        conn.prepare_cached("SELECT state, void, n FROM view_count WHERE kind = ?1 AND n > 0 ORDER BY state, void")?;
    for kind in records::ALL_KINDS {
        let states = statement.query_map([kind.code], |row| {
            let (state, records): (String, i64) = (row.get(0)?, row.get(2)?);
            let state = Some(state).filter(|state| !state.is_empty());
            Ok(StateCount { kind, state, void: row.get(1)?, records: records.unsigned_abs() })
        })?;
        for state in states {
            let state = state?;
            counts.records += state.records;
            counts.states.push(state);
        }
    }
    Ok(counts)
}
