//! Rows that figures, funnel, timeline, merges and duplicates are made of.
//!
//! Each belongs to a row of `view_record` by its number, so that a record that is shown under another id takes them along.
//! What a document says of them is compared with what stands: an edit of one task rewrites that task's rows.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use records::facts::{Bar, Fact, Need};
use records::{Bigrams, CUSTOMER, View};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};
use store::StoreError;
use vocab::{DocId, Timestamp};

/// A table of such rows.
struct Table {
    name: &'static str,
    /// Every column, those of the key first.
    columns: &'static [&'static str],
    /// How many columns the key has. The first is `n`.
    keys: usize,
}

const FACTS: Table =
    Table { name: "view_fact", columns: &["n", "fact", "at_ms", "own", "person", "value", "ok"], keys: 3 };
const NEEDS: Table = Table {
    name: "view_need",
    columns: &["n", "raised_ms", "assessed_ms", "executed_ms", "fed_back_ms", "improved_ms"],
    keys: 1,
};
const BARS: Table = Table {
    name: "view_bar",
    columns: &["n", "from_ms", "until_ms", "planned_from_ms", "planned_until_ms", "began_ms", "ended_ms", "estimates"],
    keys: 1,
};
const MERGES: Table = Table { name: "view_merge", columns: &["n", "other"], keys: 2 };
const HISTORIES: Table = Table { name: "view_history", columns: &["n", "channel", "size", "pairs"], keys: 1 };

const TABLES: [Table; 5] = [FACTS, NEEDS, BARS, MERGES, HISTORIES];

/// The numbers of a document's records in `view_record`, by the ids that stand in it.
pub(crate) type Numbers<'v> = BTreeMap<&'v str, i64>;

/// Whether anything of a document was shown before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing: there is nothing to compare with.
    Nothing,
    /// Something, or so it may be.
    Rows,
}

/// Makes the rows of a document what `view` says.
pub(crate) fn apply(
    conn: &Connection,
    doc: DocId,
    view: &View,
    numbers: &Numbers<'_>,
    before: Before,
) -> Result<(), StoreError> {
    let number = |id: &vocab::RecordId| numbers.get(id.as_str()).copied();
    let own = view.customer.as_ref().and_then(number);
    let facts =
        records::facts::facts(view).into_iter().filter_map(|fact| Some(of_fact(number(&fact.record)?, own, fact)));
    let needs = records::facts::needs(view).into_iter().filter_map(|need| Some(of_need(number(&need.record)?, &need)));
    let bars = records::facts::bars(view).into_iter().filter_map(|bar| Some(of_bar(number(&bar.record)?, &bar)));
    let merges =
        view.merges().filter_map(|(own, other)| Some(vec![Sql::Integer(number(&own)?), Sql::Text(other.to_string())]));
    let customers = view.records.iter().filter(|record| record.kind.code == CUSTOMER.code && !record.is_void());
    let histories = customers.filter_map(|customer| {
        let pairs = Bigrams::of(customer.text("history")?);
        let channel = customer.text("channel").unwrap_or_default().to_owned();
        let size = i64::try_from(pairs.len()).unwrap_or(i64::MAX);
        let row = vec![
            Sql::Integer(number(&customer.id)?),
            Sql::Text(channel),
            Sql::Integer(size),
            Sql::Blob(pairs.to_bytes()),
        ];
        (!pairs.is_empty()).then_some(row)
    });
    FACTS.put(conn, doc, facts.collect(), before)?;
    NEEDS.put(conn, doc, needs.collect(), before)?;
    BARS.put(conn, doc, bars.collect(), before)?;
    MERGES.put(conn, doc, merges.collect(), before)?;
    HISTORIES.put(conn, doc, histories.collect(), before)
}

/// Removes the rows of the record with this number.
pub(crate) fn erase(conn: &Connection, n: i64) -> Result<(), StoreError> {
    for table in TABLES {
        conn.prepare_cached(&format!("DELETE FROM {} WHERE n = ?1", table.name))?.execute([n])?;
    }
    Ok(())
}

fn of_fact(n: i64, own: Option<i64>, fact: Fact) -> Vec<Sql> {
    vec![
        Sql::Integer(n),
        Sql::Text(fact.code.code().to_owned()),
        Sql::Integer(fact.at.millis()),
        Sql::Integer(own.unwrap_or(n)),
        fact.person.map_or(Sql::Null, Sql::Text),
        fact.value.map_or(Sql::Null, Sql::Integer),
        fact.ok.map_or(Sql::Null, |ok| Sql::Integer(i64::from(ok))),
    ]
}

fn of_need(n: i64, need: &Need) -> Vec<Sql> {
    let reached = [need.assessed, need.executed, need.fed_back, need.improved];
    [Sql::Integer(n), millis(Some(need.raised))].into_iter().chain(reached.map(millis)).collect()
}

fn of_bar(n: i64, bar: &Bar) -> Vec<Sql> {
    let estimates: Vec<[i64; 2]> =
        bar.estimates.iter().map(|estimate| [estimate.at.millis(), estimate.due.millis()]).collect();
    // Hardly a task is estimated again: then nothing is kept.
    let estimates = serde_json::to_string(&estimates).ok().filter(|_| !estimates.is_empty());
    let (planned_from, planned_until) = bar.planned.unzip();
    let times = [Some(bar.from()), bar.until(), planned_from, planned_until, bar.began, bar.ended];
    let mut row = vec![Sql::Integer(n)];
    row.extend(times.map(millis));
    row.push(estimates.map_or(Sql::Null, Sql::Text));
    row
}

fn millis(time: Option<Timestamp>) -> Sql {
    time.map_or(Sql::Null, |time| Sql::Integer(time.millis()))
}

impl Table {
    fn put(&self, conn: &Connection, doc: DocId, mut after: Vec<Vec<Sql>>, before: Before) -> Result<(), StoreError> {
        after.sort_by(|a, b| by_key(&a[..self.keys], &b[..self.keys]));
        let held = match before {
            Before::Nothing => Vec::new(),
            Before::Rows => self.rows(conn, doc)?,
        };
        // Both are sorted: what one edit changed stands between what is the same before it and after it.
        let same = held.iter().zip(&after).take_while(|(a, b)| a == b).count();
        let (held, after) = (&held[same..], &after[same..]);
        let same = held.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
        let (held, after) = (&held[..held.len() - same], &after[..after.len() - same]);
        if !held.is_empty() {
            let wheres: Vec<String> = self.columns[..self.keys].iter().map(|column| format!("{column} = ?")).collect();
            let mut delete =
                conn.prepare_cached(&format!("DELETE FROM {} WHERE {}", self.name, wheres.join(" AND ")))?;
            for row in held {
                delete.execute(params_from_iter(&row[..self.keys]))?;
            }
        }
        if !after.is_empty() {
            let (columns, places) = (self.columns.join(", "), vec!["?"; self.columns.len()].join(", "));
            let mut insert =
                conn.prepare_cached(&format!("INSERT INTO {} ({columns}) VALUES ({places})", self.name))?;
            for row in after {
                insert.execute(params_from_iter(row))?;
            }
        }
        Ok(())
    }

    /// The rows of a document, by key.
    fn rows(&self, conn: &Connection, doc: DocId) -> Result<Vec<Vec<Sql>>, StoreError> {
        let of = |columns: &[&str]| {
            columns.iter().map(|column| format!("{}.{column}", self.name)).collect::<Vec<_>>().join(", ")
        };
        let (name, columns, keys) = (self.name, of(self.columns), of(&self.columns[..self.keys]));
        let mut statement = conn.prepare_cached(&format!(
            "SELECT {columns} FROM view_record CROSS JOIN {name} ON {name}.n = view_record.n
             WHERE view_record.doc = ?1 ORDER BY {keys}"
        ))?;
        let rows = statement.query_map([doc.as_bytes()], |row| {
            (0..self.columns.len()).map(|column| row.get(column)).collect::<Result<Vec<Sql>, _>>()
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// As SQLite sorts numbers and texts.
fn by_key(a: &[Sql], b: &[Sql]) -> Ordering {
    let mut parts = a.iter().zip(b).map(|(a, b)| match (a, b) {
        (Sql::Integer(a), Sql::Integer(b)) => a.cmp(b),
        (Sql::Text(a), Sql::Text(b)) => a.cmp(b),
        _ => Ordering::Equal,
    });
    parts.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
