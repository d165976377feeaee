//! Writing what a document shows.
//!
//! Only rows that differ are written: an edit of one task in a dossier of thirty records rewrites one row and its words.
//!
//! Plain `INSERT` and `UPDATE` of one row, no `INSERT OR REPLACE` and no upsert beside an index: SQLite runs those inside
//! a savepoint, and at each savepoint FTS5 writes what it has gathered as a segment of its own. A book of thousands of
//! dossiers is to be gathered in memory and written in a few.

use std::collections::BTreeMap;

use records::{Conflict, Record, Shape, Value, View};
use rusqlite::{Connection, OptionalExtension, params};
use store::StoreError;
use vocab::{DocId, RecordId};

use crate::{facts, limits, moments, policies, twins, words};

/// Fields that name who answers for a record (责任人), the first that is there.
pub const PERSON_FIELDS: [&str; 5] = ["assignee", "assessor", "owner", "staff", "supervisor"];

/// What the row of a record says besides its JSON.
#[derive(PartialEq)]
struct Columns {
    state: Option<String>,
    void: bool,
    urgency: Option<String>,
    json: String,
}

/// Makes the rows of `doc` what `view` says.
///
/// # Errors
/// Any [`StoreError`] of writing; the caller's transaction is then to be rolled back.
pub fn apply(conn: &Connection, doc: DocId, view: &View) -> Result<(), StoreError> {
    let mut before = rows_of(conn, doc)?;
    let names = names(conn, doc, view, &before)?;
    let shown = twins::shown(view, &names);
    apply_document(conn, doc, &shown)?;
    let known = if before.is_empty() { facts::Before::Nothing } else { facts::Before::Rows };
    let mut numbers = facts::Numbers::new();
    let mut counts = Counts::default();
    let mut next = None;
    for (record, inner) in shown.records.iter().zip(&view.records) {
        let columns = Columns {
            state: record.state().map(str::to_owned),
            void: record.is_void(),
            urgency: urgency(&shown, record).map(str::to_owned),
            json: record.to_json(doc).to_string(),
        };
        let n = match before.remove(inner.id.as_str()) {
            Some(Held { n, columns: old, .. }) if old == columns => n,
            Some(Held { n, columns: old, .. }) => {
                counts.count(record.kind.code, &old, -1);
                counts.count(record.kind.code, &columns, 1);
                write(conn, UPDATE, n, doc, (record, &inner.id), &columns)?;
                index(conn, REINDEX, n, inner)?;
                n
            }
            None => {
                let n = next.map_or_else(|| first_free(conn), Ok)?;
                next = Some(n + 1);
                counts.count(record.kind.code, &columns, 1);
                write(conn, INSERT, n, doc, (record, &inner.id), &columns)?;
                index(conn, INDEX, n, inner)?;
                n
            }
        };
        numbers.insert(inner.id.as_str(), n);
    }
    for (inner, held) in before {
        erase(conn, doc, &inner, &held, &mut counts)?;
    }
    counts.write(conn)?;
    facts::apply(conn, doc, view, &numbers, known)?;
    policies::apply(conn, doc, view)?;
    limits::apply(conn, doc, &shown)?;
    moments::apply(conn, doc, &shown)?;
    apply_conflicts(conn, doc, &shown.conflicts)
}

/// Removes everything that was shown of `doc`.
///
/// # Errors
/// Any [`StoreError`] of writing; the caller's transaction is then to be rolled back.
pub fn remove(conn: &Connection, doc: DocId) -> Result<(), StoreError> {
    let mut counts = Counts::default();
    for (inner, held) in rows_of(conn, doc)? {
        erase(conn, doc, &inner, &held, &mut counts)?;
    }
    counts.write(conn)?;
    policies::apply(conn, doc, &View::default())?;
    for table in ["view_limit", "view_moment", "view_conflict"] {
        conn.prepare_cached(&format!("DELETE FROM {table} WHERE doc = ?1"))?.execute([doc.as_bytes()])?;
    }
    conn.prepare_cached("DELETE FROM view_document WHERE doc = ?1")?.execute([doc.as_bytes()])?;
    Ok(())
}

/// Takes the words of removed rows out of the search index: until then they stand in it, marked as gone. Rewrites the whole
/// index. What freed pages of the file still hold is the caller's to overwrite.
///
/// # Errors
/// Any [`StoreError`] of writing; the caller's transaction is then to be rolled back.
pub fn forget_words(conn: &Connection) -> Result<(), StoreError> {
    conn.execute("INSERT INTO view_search (view_search) VALUES ('optimize')", [])?;
    Ok(())
}

/// A row as it stands.
struct Held {
    n: i64,
    shown: String,
    columns: Columns,
}

/// The rows of a document, by the ids that stand in it.
fn rows_of(conn: &Connection, doc: DocId) -> Result<BTreeMap<String, Held>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT inner, n, state, void, urgency, json, id FROM view_record WHERE doc = ?1")?;
    let rows = statement.query_map([doc.as_bytes()], |row| {
        let columns = Columns { state: row.get(2)?, void: row.get(3)?, urgency: row.get(4)?, json: row.get(5)? };
        Ok((row.get(0)?, Held { n: row.get(1)?, shown: row.get(6)?, columns }))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How records of the document are shown whose ids other documents hold as well. A document with a greater id gives way.
fn names(
    conn: &Connection,
    doc: DocId,
    view: &View,
    before: &BTreeMap<String, Held>,
) -> Result<twins::Names, StoreError> {
    let mut names = twins::Names::new();
    for inner in view.records.iter().map(|record| record.id.as_str()) {
        match before.get(inner) {
            Some(held) if held.shown == inner => {}
            Some(held) => {
                names.insert(inner.to_owned(), held.shown.clone());
            }
            None => match twins::first_other(conn, inner, doc)? {
                None => {}
                Some(other) if other < doc => {
                    names.insert(inner.to_owned(), twins::marked(inner, doc));
                }
                Some(other) => twins::rename(conn, other, inner, &twins::marked(inner, other))?,
            },
        }
    }
    Ok(names)
}

/// The first number that no record has; those after it are free as well.
fn first_free(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn.prepare_cached("SELECT coalesce(max(n), 0) + 1 FROM view_record")?.query_row([], |row| row.get(0))?)
}

/// A record's own urgency, else that of what it belongs to: a task is as urgent as its assessment.
pub(crate) fn urgency<'v>(view: &'v View, record: &'v Record) -> Option<&'v str> {
    let mut record = record;
    // As many steps as there are kinds: parents come from documents, and may point in circles.
    for _ in 0..records::ALL_KINDS.len() {
        if let Some(urgency) = record.text("urgency") {
            return Some(urgency);
        }
        let parent = record.parent()?;
        record = view.records.iter().find(|other| other.id.as_str() == parent)?;
    }
    None
}

/// What the row of the document itself says, where that changed.
fn apply_document(conn: &Connection, doc: DocId, view: &View) -> Result<(), StoreError> {
    let customer = view.customer.as_ref().map(RecordId::as_str);
    let unknown = i64::try_from(view.unknown).unwrap_or(i64::MAX);
    let changed_at = view.records.iter().map(|record| record.updated.at.millis()).max().unwrap_or_default();
    let began_at = view.records.iter().map(|record| record.created.at.millis()).min();
    let before = conn
        .prepare_cached(
            "SELECT customer, unknown, damaged, changed_at_ms, began_at_ms FROM view_document WHERE doc = ?1",
        )?
        .query_row([doc.as_bytes()], |row| {
            let same = row.get_ref(0)?.as_str_or_null()? == customer
                && (row.get::<_, i64>(1)?, row.get::<_, bool>(2)?, row.get::<_, i64>(3)?)
                    == (unknown, view.damaged, changed_at)
                && row.get::<_, Option<i64>>(4)? == began_at;
            Ok(same)
        })
        .optional()?;
    let statement = match before {
        Some(true) => return Ok(()),
        Some(false) => {
            "UPDATE view_document SET customer = ?2, unknown = ?3, damaged = ?4, changed_at_ms = ?5, began_at_ms = ?6
             WHERE doc = ?1"
        }
        None => {
            "INSERT INTO view_document (doc, customer, unknown, damaged, changed_at_ms, began_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        }
    };
    conn.prepare_cached(statement)?.execute(params![
        doc.as_bytes(),
        customer,
        unknown,
        view.damaged,
        changed_at,
        began_at
    ])?;
    Ok(())
}

const INSERT: &str =
    "INSERT INTO view_record (n, id, doc, kind, customer, parent, state, person, urgency, grade, due_at_ms,
                                              legacy_id, updated_at_ms, void, json, inner, created_at_ms)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";

/// Takes the same parameters; a row's id and document stay what they are.
const UPDATE: &str = "UPDATE view_record
     SET kind = ?4, customer = ?5, parent = ?6, state = ?7, person = ?8, urgency = ?9, grade = ?10, due_at_ms = ?11,
         legacy_id = ?12, updated_at_ms = ?13, void = ?14, json = ?15, created_at_ms = ?17
     WHERE n = ?1 AND id = ?2 AND doc = ?3 AND inner = ?16";

fn write(
    conn: &Connection,
    statement: &str,
    n: i64,
    doc: DocId,
    (record, inner): (&Record, &RecordId),
    columns: &Columns,
) -> Result<(), StoreError> {
    conn.prepare_cached(statement)?.execute(params![
        n,
        record.id.as_str(),
        doc.as_bytes(),
        record.kind.code,
        record.customer.as_str(),
        record.parent(),
        columns.state,
        PERSON_FIELDS.iter().find_map(|field| record.text(field)),
        columns.urgency,
        record.text("grade"),
        record.get("due_at").and_then(Value::as_time).map(|due| due.millis()),
        record.text("legacy_id"),
        record.updated.at.millis(),
        columns.void,
        columns.json,
        inner.as_str(),
        record.created.at.millis()
    ])?;
    Ok(())
}

const INDEX: &str = "INSERT INTO view_search (rowid, words) VALUES (?1, ?2)";
const REINDEX: &str = "INSERT OR REPLACE INTO view_search (rowid, words) VALUES (?1, ?2)";

fn index(conn: &Connection, statement: &str, n: i64, record: &Record) -> Result<(), StoreError> {
    conn.prepare_cached(statement)?.execute(params![n, words::indexed(texts(record))])?;
    Ok(())
}

fn erase(conn: &Connection, doc: DocId, inner: &str, held: &Held, counts: &mut Counts) -> Result<(), StoreError> {
    let Held { n, shown, columns: old } = held;
    facts::erase(conn, *n)?;
    conn.prepare_cached("DELETE FROM view_search WHERE rowid = ?1")?.execute([n])?;
    let kind: Option<String> = conn
        .prepare_cached("DELETE FROM view_record WHERE n = ?1 RETURNING kind")?
        .query_row([n], |row| row.get(0))
        .optional()?;
    if let Some(kind) = kind {
        counts.count(&kind, old, -1);
    }
    // Another document that holds this id has it alone now, or is the first that does.
    match twins::first_other(conn, inner, doc)? {
        Some(other) if shown == inner => twins::rename(conn, other, &twins::marked(inner, other), inner),
        _ => Ok(()),
    }
}

/// How many more or fewer records there are of each kind and state: a document's records are mostly of a few.
#[derive(Default)]
struct Counts(BTreeMap<(String, String, bool), i64>);

impl Counts {
    fn count(&mut self, kind: &str, columns: &Columns, change: i64) {
        let state = columns.state.clone().unwrap_or_default();
        *self.0.entry((kind.to_owned(), state, columns.void)).or_default() += change;
    }

    fn write(self, conn: &Connection) -> Result<(), StoreError> {
        for ((kind, state, void), change) in self.0.into_iter().filter(|(_, change)| *change != 0) {
            let counted = conn
                .prepare_cached("UPDATE view_count SET n = n + ?4 WHERE kind = ?1 AND state = ?2 AND void = ?3")?
                .execute(params![kind, state, void, change])?;
            if counted == 0 {
                conn.prepare_cached("INSERT INTO view_count (kind, state, void, n) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![kind, state, void, change])?;
            }
        }
        Ok(())
    }
}

/// What people wrote in a record, and how they call it.
fn texts(record: &Record) -> Vec<&str> {
    let mut texts = vec![record.id.as_str()];
    for (name, value) in &record.fields {
        let is_searched = match record.kind.field(name).map(|field| field.shape) {
            Some(Shape::Enum(_) | Shape::Reference(_)) | None => false,
            Some(_) => true,
        };
        match value {
            _ if !is_searched => {}
            Value::Text(text) => texts.push(text),
            Value::Tags(tags) => texts.extend(tags.iter().map(String::as_str)),
            Value::Notes(notes) => texts.extend(notes.iter().map(|note| note.text.as_str())),
            Value::Signature(signature) => texts.push(&signature.signer),
            Value::Integer(_) | Value::Date(_) | Value::Time(_) | Value::Flag(_) => {}
        }
    }
    texts
}

fn apply_conflicts(conn: &Connection, doc: DocId, conflicts: &[Conflict]) -> Result<(), StoreError> {
    let held: i64 = conn
        .prepare_cached("SELECT count(*) FROM view_conflict WHERE doc = ?1")?
        .query_row([doc.as_bytes()], |row| row.get(0))?;
    if held > 0 {
        conn.prepare_cached("DELETE FROM view_conflict WHERE doc = ?1")?.execute([doc.as_bytes()])?;
    }
    let mut insert = conn.prepare_cached(
        "INSERT OR REPLACE INTO view_conflict (id, doc, record, severity, since_ms, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for conflict in conflicts {
        let mut json = serde_json::to_value(conflict).map_err(|error| unwritable(&error))?;
        if let Some(object) = json.as_object_mut() {
            object.insert("doc".to_owned(), doc.to_string().into());
        }
        insert.execute(params![
            conflict.id,
            doc.as_bytes(),
            conflict.record.as_str(),
            conflict.severity as i64,
            conflict.since.millis(),
            json.to_string()
        ])?;
    }
    Ok(())
}

fn unwritable(error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt { what: format!("a conflict cannot be written as JSON: {error}") }
}
