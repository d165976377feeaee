//! Two documents that hold a record of one id.
//!
//! Ids are unique by their making, but a device whose store was restored from a copy may give a number twice, in different
//! dossiers. Both records are shown: the one in the document with the smaller id under the plain id, each other one under the
//! id, `~` and the first characters of its document's name. So what is shown is a function of the set of documents, whatever
//! the order they came in; a row that loses or wins the plain id is written anew.

use std::borrow::Cow;
use std::collections::BTreeMap;

use records::{Kind, Shape, Value, View};
use rusqlite::{Connection, params};
use serde_json::Value as Json;
use store::StoreError;
use vocab::{DocId, RecordId};

use crate::ask::doc_at;

/// How many characters of a document's name mark its records.
const MARK_CHARS: usize = 4;

/// The ids of one document's records that are shown otherwise than they stand in it.
pub(crate) type Names = BTreeMap<String, String>;

/// The id as it is shown where another document has the plain one.
pub(crate) fn marked(id: &str, doc: DocId) -> String {
    let name = doc.to_string();
    let mark: String = name.trim_start_matches("automerge:").chars().take(MARK_CHARS).collect();
    // An id that stands twice in its own document bears a mark already.
    let between = if id.contains('~') { "" } else { "~" };
    format!("{id}{between}{mark}")
}

/// The first of the other documents that hold a record of this id.
pub(crate) fn first_other(conn: &Connection, inner: &str, doc: DocId) -> Result<Option<DocId>, StoreError> {
    // The one that is shown under the plain id is the first, where it is not this document.
    for query in [
        "SELECT doc FROM view_record WHERE id = ?1 AND inner = ?1 AND doc <> ?2 ORDER BY doc LIMIT 1",
        "SELECT doc FROM view_record WHERE inner = ?1 AND inner <> id AND doc <> ?2 ORDER BY doc LIMIT 1",
    ] {
        let mut statement = conn.prepare_cached(query)?;
        let mut rows = statement.query(params![inner, doc.as_bytes()])?;
        if let Some(row) = rows.next()? {
            return Ok(Some(doc_at(row, 0)?));
        }
    }
    Ok(None)
}

/// The view with ids as they are shown.
pub(crate) fn shown<'v>(view: &'v View, names: &Names) -> Cow<'v, View> {
    if names.is_empty() {
        return Cow::Borrowed(view);
    }
    let rename = |id: &mut RecordId| {
        if let Some(Ok(shown)) = names.get(id.as_str()).map(|shown| shown.parse()) {
            *id = shown;
        }
    };
    let mut view = view.clone();
    view.customer.iter_mut().for_each(rename);
    for record in &mut view.records {
        rename(&mut record.id);
        rename(&mut record.customer);
        for name in references(record.kind) {
            if let Some(Value::Text(id)) = record.fields.get_mut(name)
                && let Some(shown) = names.get(id)
            {
                id.clone_from(shown);
            }
        }
    }
    for conflict in &mut view.conflicts {
        if let Some(shown) = names.get(conflict.record.as_str()) {
            conflict.id = renamed(&conflict.id, conflict.record.as_str(), shown);
        }
        rename(&mut conflict.record);
    }
    Cow::Owned(view)
}

/// Shows the record `from` of `doc` as `to`, everywhere.
pub(crate) fn rename(conn: &Connection, doc: DocId, from: &str, to: &str) -> Result<(), StoreError> {
    let other = |id: String| if id == from { to.to_owned() } else { id };
    let rows = conn
        .prepare_cached("SELECT n, kind, id, customer, parent, json FROM view_record WHERE doc = ?1")?
        .query_map([doc.as_bytes()], |row| {
            let (n, kind, id): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (customer, parent, json): (String, Option<String>, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
            Ok((n, kind, id, customer, parent, json))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for (n, kind, id, customer, parent, json) in rows {
        if ![Some(&id), Some(&customer), parent.as_ref()].contains(&Some(&from.to_owned())) && !json.contains(from) {
            continue;
        }
        let names = records::kind(&kind).map(references).into_iter().flatten();
        let json = edited(&json, |object| {
            for name in names.chain(["id"]) {
                if let Some(Json::String(id)) = object.get_mut(name)
                    && id == from
                {
                    to.clone_into(id);
                }
            }
        })?;
        conn.prepare_cached("UPDATE view_record SET id = ?2, customer = ?3, parent = ?4, json = ?5 WHERE n = ?1")?
            .execute(params![n, other(id), other(customer), parent.map(other), json])?;
    }
    conn.prepare_cached("UPDATE view_document SET customer = ?3 WHERE doc = ?1 AND customer = ?2")?
        .execute(params![doc.as_bytes(), from, to])?;
    for table in ["view_limit", "view_moment"] {
        for column in ["record", "customer"] {
            let update = format!("UPDATE {table} SET {column} = ?3 WHERE doc = ?1 AND {column} = ?2");
            conn.prepare_cached(&update)?.execute(params![doc.as_bytes(), from, to])?;
        }
    }
    let conflicts = conn
        .prepare_cached("SELECT id, json FROM view_conflict WHERE doc = ?1 AND record = ?2")?
        .query_map(params![doc.as_bytes(), from], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    for (id, json) in conflicts {
        let shown = renamed(&id, from, to);
        let json = edited(&json, |object| {
            object.insert("id".to_owned(), shown.as_str().into());
            object.insert("record".to_owned(), to.into());
        })?;
        conn.prepare_cached("UPDATE view_conflict SET id = ?3, record = ?4, json = ?5 WHERE doc = ?1 AND id = ?2")?
            .execute(params![doc.as_bytes(), id, shown, to, json])?;
    }
    Ok(())
}

/// A conflict's id begins with its record's.
fn renamed(conflict: &str, from: &str, to: &str) -> String {
    conflict.strip_prefix(from).map_or_else(|| conflict.to_owned(), |rest| format!("{to}{rest}"))
}

fn references(kind: &'static Kind) -> impl Iterator<Item = &'static str> {
    kind.fields.iter().filter(|field| matches!(field.shape, Shape::Reference(_))).map(|field| field.name)
}

fn edited(json: &str, edit: impl FnOnce(&mut serde_json::Map<String, Json>)) -> Result<String, StoreError> {
    let corrupt = |error: serde_json::Error| StoreError::Corrupt { what: format!("a row's JSON: {error}") };
    let mut object: serde_json::Map<String, Json> = serde_json::from_str(json).map_err(corrupt)?;
    edit(&mut object);
    Ok(Json::Object(object).to_string())
}
