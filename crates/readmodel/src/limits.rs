//! Rows of limits: what a dossier owes and owed, judged by the policy that held when it began.

use records::View;
use records::limits::cases;
use rusqlite::{Connection, Row as SqlRow, params};
use store::StoreError;
use vocab::{DocId, RecordId, Role};

use crate::apply::urgency;
use crate::policies;

/// A row, its number and its document aside. Rows that are equal in all of it are one as good as the other.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row<'a> {
    record: &'a str,
    code: &'a str,
    part: Option<&'a str>,
    from_ms: i64,
    end_ms: Option<i64>,
    soon_ms: i64,
    due_ms: i64,
    roles: i64,
    staff: Option<&'a str>,
    urgency: Option<&'a str>,
    policy: Option<&'a str>,
    customer: &'a str,
}

/// A row as it was read.
struct Held {
    n: i64,
    record: String,
    code: String,
    part: Option<String>,
    numbers: [i64; 4],
    end_ms: Option<i64>,
    staff: Option<String>,
    urgency: Option<String>,
    policy: Option<String>,
    customer: String,
}

impl Held {
    fn read(row: &SqlRow<'_>) -> rusqlite::Result<Held> {
        Ok(Held {
            n: row.get(0)?,
            record: row.get(1)?,
            customer: row.get(2)?,
            code: row.get(3)?,
            part: row.get(4)?,
            numbers: [row.get(5)?, row.get(6)?, row.get(7)?, row.get(9)?],
            end_ms: row.get(8)?,
            staff: row.get(10)?,
            urgency: row.get(11)?,
            policy: row.get(12)?,
        })
    }

    fn row(&self) -> Row<'_> {
        let [from_ms, soon_ms, due_ms, roles] = self.numbers;
        Row {
            record: &self.record,
            code: &self.code,
            part: self.part.as_deref(),
            from_ms,
            end_ms: self.end_ms,
            soon_ms,
            due_ms,
            roles,
            staff: self.staff.as_deref(),
            urgency: self.urgency.as_deref(),
            policy: self.policy.as_deref(),
            customer: &self.customer,
        }
    }
}

/// Makes the rows of `doc` what `view` says; only rows that differ are written.
pub(crate) fn apply(conn: &Connection, doc: DocId, view: &View) -> Result<(), StoreError> {
    let policies = policies::current(conn)?;
    let cases = cases(view);
    let customer = view.customer.as_ref().map_or("", RecordId::as_str);
    // Cases come record by record.
    let mut urgent: Option<(&RecordId, Option<&str>)> = None;
    let mut after: Vec<Row<'_>> = Vec::with_capacity(cases.len());
    for case in &cases {
        let Some(term) = policies.term(case.code, case.part, case.grade, case.from) else { continue };
        let urgency = match urgent {
            Some((record, urgency)) if record == case.record => urgency,
            _ => view.record(case.record).and_then(|record| urgency(view, record)),
        };
        urgent = Some((case.record, urgency));
        after.push(Row {
            record: case.record.as_str(),
            code: case.code.code(),
            part: case.part,
            from_ms: case.from.millis(),
            end_ms: case.end.map(|end| end.millis()),
            soon_ms: term.soon.millis(),
            due_ms: term.due.millis(),
            roles: bits(case.roles),
            staff: case.staff,
            urgency,
            policy: term.policy.map(RecordId::as_str),
            customer,
        });
    }
    let mut statement = conn.prepare_cached(
        "SELECT n, record, customer, code, part, from_ms, soon_ms, due_ms, end_ms, roles, staff, urgency, policy
         FROM view_limit WHERE doc = ?1",
    )?;
    let held = statement.query_map([doc.as_bytes()], Held::read)?.collect::<Result<Vec<_>, _>>()?;
    let mut before: Vec<(Row<'_>, i64)> = held.iter().map(|held| (held.row(), held.n)).collect();
    before.sort_unstable();
    after.sort_unstable();
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    let mut before = before.into_iter().peekable();
    for row in after {
        while let Some((_, n)) = before.next_if(|(old, _)| *old < row) {
            gone.push(n);
        }
        if before.next_if(|(old, _)| *old == row).is_none() {
            new.push(row);
        }
    }
    gone.extend(before.map(|(_, n)| n));
    // A row that changed takes the place of one that is gone.
    let mut gone = gone.into_iter();
    for row in &new {
        match gone.next() {
            Some(n) => write(conn, UPDATE, Some(n), doc, row)?,
            None => write(conn, INSERT, None, doc, row)?,
        }
    }
    for n in gone {
        conn.prepare_cached("DELETE FROM view_limit WHERE n = ?1")?.execute([n])?;
    }
    Ok(())
}

const INSERT: &str =
    "INSERT INTO view_limit (n, doc, record, customer, code, part, from_ms, soon_ms, due_ms, end_ms, roles,
                                              staff, urgency, policy)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// Takes the same parameters; a row's document stays what it is.
const UPDATE: &str = "UPDATE view_limit
     SET record = ?3, customer = ?4, code = ?5, part = ?6, from_ms = ?7, soon_ms = ?8, due_ms = ?9, end_ms = ?10, roles = ?11,
         staff = ?12, urgency = ?13, policy = ?14
     WHERE n = ?1 AND doc = ?2";

fn write(conn: &Connection, statement: &str, n: Option<i64>, doc: DocId, row: &Row<'_>) -> Result<(), StoreError> {
    conn.prepare_cached(statement)?.execute(params![
        n,
        doc.as_bytes(),
        row.record,
        row.customer,
        row.code,
        row.part,
        row.from_ms,
        row.soon_ms,
        row.due_ms,
        row.end_ms,
        row.roles,
        row.staff,
        row.urgency,
        row.policy
    ])?;
    Ok(())
}

/// A bit for each role.
pub(crate) fn bits(roles: &[Role]) -> i64 {
    let bit = |role: &Role| Role::ALL.iter().position(|known| known == role).map_or(0, |place| 1 << place);
    roles.iter().map(bit).fold(0, |bits, bit| bits | bit)
}

/// The roles that these bits stand for.
pub(crate) fn roles(bits: i64) -> Vec<Role> {
    let held = Role::ALL.into_iter().enumerate().filter(|(place, _)| bits & (1 << place) != 0);
    held.map(|(_, role)| role).collect()
}
