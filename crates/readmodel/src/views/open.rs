//! Limits as they stand at an instant: what the due list, the daily check, the flow of complaints and the matrix are made of.
//!
//! Rows say what dossiers owe. What recurs by the calendar is worked out here, from customers, visits and the board.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use records::limits::{Board, Calendar, LimitState, Recurring, What, of_policy};
use records::{FRONT_LINE, LimitCode, Policies};
use rusqlite::{Connection, Row as SqlRow, params};
use store::StoreError;
use vocab::{DocId, RecordId, Timestamp};

use crate::ask::id_at;
use crate::limits::roles;
use crate::merged::{Leads, leads};
use crate::policies::{self, limit_code};
use crate::views::due::DueItem;

/// How far back the board is read, in milliseconds: the year before last, since a period of the calendar may be a year.
const BOARD_MS_MAX: i64 = 3 * 366 * 86_400_000;

/// How long what was missed is listed, in milliseconds: a month. Figures count all of it.
const MISSED_MS_MAX: i64 = 31 * 86_400_000;

const COLUMNS: &str =
    "code, part, record, customer, from_ms, soon_ms, due_ms, end_ms, roles, staff, urgency, policy, doc";

/// What was not fulfilled at an instant: the index that finds it, and how. No limit is in two of them.
const UNFULFILLED: [(&str, &str); 3] = [
    ("view_limit_open", "end_ms IS NULL"),
    // Fulfilled since: within a week, or after more than that.
    ("view_limit_ended", "end_ms > ?1 AND end_ms <= ?1 + 604800000"),
    ("view_limit_long", "end_ms - from_ms > 604800000 AND end_ms > ?1 + 604800000"),
];

/// What every question about an instant needs.
pub(crate) struct Around<'a> {
    conn: &'a Connection,
    as_of: Timestamp,
    pub(crate) policies: Arc<Policies>,
    pub(crate) merged: Rc<Leads>,
    unshared: &'a BTreeSet<DocId>,
    read: Rc<Read>,
    /// Read once: several views of one instant ask for it.
    accounts: OnceCell<Vec<Rc<Account>>>,
}

/// What does not depend on the instant: read once, however many instants are asked about.
#[derive(Default)]
struct Read {
    accounts: OnceCell<Vec<Rc<Account>>>,
    visits: OnceCell<Visits>,
}

/// Visits made, by customer: everything from an instant until another, both included.
struct Visits {
    from: Timestamp,
    until: Timestamp,
    made: Made,
}

type Made = HashMap<String, Vec<(What, Timestamp)>>;

impl<'a> Around<'a> {
    pub(crate) fn new(
        conn: &'a Connection,
        as_of: Timestamp,
        unshared: &'a BTreeSet<DocId>,
    ) -> Result<Self, StoreError> {
        Ok(Around {
            conn,
            as_of,
            policies: policies::current(conn)?,
            merged: Rc::new(leads(conn)?),
            unshared,
            read: Rc::default(),
            accounts: OnceCell::new(),
        })
    }

    /// The same questions about another instant. What was read already is not read again.
    pub(crate) fn at(&self, as_of: Timestamp) -> Around<'a> {
        Around {
            conn: self.conn,
            as_of,
            policies: Arc::clone(&self.policies),
            merged: Rc::clone(&self.merged),
            unshared: self.unshared,
            read: Rc::clone(&self.read),
            accounts: OnceCell::new(),
        }
    }

    /// The customer that `id` leads to.
    pub(crate) fn lead(&self, id: RecordId) -> RecordId {
        match self.merged.lead(&id) {
            lead if *lead == id => id,
            lead => lead.clone(),
        }
    }

    /// Limits of dossiers that are not fulfilled, of one code or of all.
    pub(crate) fn open(&self, code: Option<LimitCode>) -> Result<Vec<DueItem>, StoreError> {
        let mut found = Vec::new();
        let of_code = if code.is_some() { "code = ?2 AND" } else { "?2 IS NULL AND" };
        let code = code.map(LimitCode::code);
        for (index, unfulfilled) in UNFULFILLED {
            // Of what is open the index holds all there is to know.
            let columns = match index {
                "view_limit_open" => COLUMNS.replace("end_ms", "NULL").replace("doc", "NULL"),
                _ => COLUMNS.to_owned(),
            };
            let query = format!(
                "SELECT {columns} FROM view_limit INDEXED BY {index}
                 WHERE {of_code} {unfulfilled} AND from_ms <= ?1"
            );
            let mut statement = self.conn.prepare_cached(&query)?;
            for item in statement.query_map(params![self.as_of.millis(), code], |row| self.item(row))? {
                found.extend(item?.filter(|item| !self.is_moved(item)));
            }
        }
        found.extend(self.waiting(code)?);
        Ok(found)
    }

    /// What was done and has to be shared or handed in, in documents that no relay has whole.
    fn waiting(&self, code: Option<&str>) -> Result<Vec<DueItem>, StoreError> {
        let mut found = Vec::new();
        let query = format!(
            "SELECT {COLUMNS} FROM view_limit
             WHERE doc = ?2 AND (?3 IS NULL OR code = ?3) AND code IN ('L2', 'L15') AND end_ms <= ?1 AND from_ms <= ?1"
        );
        for doc in self.unshared {
            let mut statement = self.conn.prepare_cached(&query)?;
            let rows = statement.query_map(params![self.as_of.millis(), doc.as_bytes(), code], |row| self.item(row))?;
            for item in rows {
                let Some(item) = item?.filter(|item| !self.is_moved(item)) else { continue };
                let state = LimitState::at(self.as_of, item.soon, item.due, None);
                found.push(DueItem { end: None, state, ..item });
            }
        }
        Ok(found)
    }

    /// What was owed for entering a customer that leads to another, by its dossier alone.
    fn entering(&self, customer: &RecordId) -> Result<Vec<DueItem>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM view_limit
             WHERE doc IN (SELECT doc FROM view_record WHERE id = ?2) AND record = ?2 AND code IN ('L1', 'L2')
               AND (end_ms IS NULL OR end_ms > ?1) AND from_ms <= ?1"
        ))?;
        let rows = statement.query_map(params![self.as_of.millis(), customer.as_str()], |row| self.item(row))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// How many limits of dossiers are not fulfilled, by code: open, soon due, overdue, and overdue with high urgency.
    pub(crate) fn counts(&self) -> Result<BTreeMap<LimitCode, [u64; 4]>, StoreError> {
        let mut counts: BTreeMap<LimitCode, [u64; 4]> = BTreeMap::new();
        for (index, unfulfilled) in UNFULFILLED {
            let mut statement = self.conn.prepare_cached(&format!(
                "SELECT code, count(*), sum(soon_ms <= ?1 AND due_ms >= ?1), sum(due_ms < ?1),
                        sum(due_ms < ?1 AND urgency IS 'high')
                 FROM view_limit INDEXED BY {index} WHERE {unfulfilled} AND from_ms <= ?1 GROUP BY code"
            ))?;
            let mut rows = statement.query([self.as_of.millis()])?;
            while let Some(row) = rows.next()? {
                let Some(code) = limit_code(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?) else { continue };
                let of_code = counts.entry(code).or_default();
                let number = |index| row.get::<_, i64>(index).map(i64::unsigned_abs);
                let (all, soon, overdue) = (number(1)?, number(2)?, number(3)?);
                for (count, more) in of_code.iter_mut().zip([all - soon - overdue, soon, overdue, number(4)?]) {
                    *count += more;
                }
            }
        }
        // What rows alone do not say: customers that lead to others, and what waits to be shared.
        for moved in self.merged.moved() {
            self.entering(moved)?.iter().for_each(|item| tally(&mut counts, item, |count| count.saturating_sub(1)));
        }
        self.waiting(None)?.iter().for_each(|item| tally(&mut counts, item, |count| count + 1));
        Ok(counts)
    }

    /// Limits of dossiers that were fulfilled too late, within the last month.
    pub(crate) fn missed(&self) -> Result<Vec<DueItem>, StoreError> {
        let query = format!(
            "SELECT {COLUMNS} FROM view_limit INDEXED BY view_limit_missed
             WHERE end_ms > due_ms AND end_ms BETWEEN ?2 AND ?1 AND from_ms <= ?1"
        );
        let since = self.as_of.plus_millis(-MISSED_MS_MAX);
        let mut statement = self.conn.prepare_cached(&query)?;
        let mut found = Vec::new();
        for item in statement.query_map([self.as_of.millis(), since.millis()], |row| {
            let doc = crate::ask::doc_at(row, 12)?;
            Ok(self
                .item(row)?
                .filter(|item| !(matches!(item.code, LimitCode::L2 | LimitCode::L15) && self.unshared.contains(&doc))))
        })? {
            found.extend(item?);
        }
        Ok(found)
    }

    /// What recurs by the calendar, in every state.
    pub(crate) fn recurring(&self) -> Result<Vec<DueItem>, StoreError> {
        let mut found = self.branch()?;
        self.calendar(|account, owed| {
            found.push(DueItem {
                code: owed.code,
                part: None,
                kind: Some(records::CUSTOMER.code),
                record: Some(account.id.clone()),
                customer: Some(account.id.clone()),
                from: owed.from,
                soon: owed.term.soon,
                due: owed.term.due,
                end: owed.end,
                state: owed.state,
                roles: FRONT_LINE.to_vec(),
                staff: account.owner.clone(),
                urgency: None,
                policy: owed.term.policy.cloned(),
            });
        })?;
        Ok(found)
    }

    /// Counts what recurs by the calendar and is not fulfilled.
    pub(crate) fn tally_recurring(&self, counts: &mut BTreeMap<LimitCode, [u64; 4]>) -> Result<(), StoreError> {
        self.branch()?.iter().for_each(|item| tally(counts, item, |count| count + 1));
        self.calendar(|_, owed| {
            if let Some(place) = place(owed.state) {
                counts.entry(owed.code).or_default()[place] += 1;
            }
        })
    }

    /// What is owed to every customer by the calendar.
    pub(crate) fn calendar(&self, mut each: impl FnMut(&Account, Recurring<'_>)) -> Result<(), StoreError> {
        let calendar = Calendar::new(&self.policies, self.as_of);
        let visits = self.visits(calendar.since())?;
        for account in self.accounts()? {
            // Some of them may lie outside what this instant asks for: those are not counted.
            let made = visits.get(account.id.as_str()).map_or(&[][..], Vec::as_slice);
            let of = records::limits::Account { grade: account.grade.as_deref(), since: account.since };
            calendar.of(of, made, |owed| each(account, owed));
        }
        Ok(())
    }

    /// What the branch as a whole owes.
    pub(crate) fn branch(&self) -> Result<Vec<DueItem>, StoreError> {
        let began: Option<i64> = self
            .conn
            .prepare_cached("SELECT min(began_at_ms) FROM view_document WHERE began_at_ms IS NOT NULL")?
            .query_row([], |row| row.get(0))?;
        let Some(since) = began.map(Timestamp::from_millis).filter(|since| *since <= self.as_of) else {
            return Ok(Vec::new());
        };
        let mut moments = Vec::new();
        for what in Board::WHATS {
            let mut statement =
                self.conn.prepare_cached("SELECT from_ms, end_ms FROM view_moment WHERE what = ?1 AND from_ms > ?2")?;
            let from = self.as_of.plus_millis(-BOARD_MS_MAX).millis();
            for moment in statement
                .query_map(params![what.code(), from], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?)))?
            {
                let (from, end) = moment?;
                moments.push((what, Timestamp::from_millis(from), end.map(Timestamp::from_millis)));
            }
        }
        let limits = Board::of(moments).limits(&self.policies, since, self.as_of);
        let limits = limits.into_iter().chain(of_policy(&self.policies, self.as_of));
        let item = |limit: records::limits::Limit| DueItem {
            code: limit.code,
            part: limit.part.map(str::to_owned),
            kind: limit.record.as_ref().and_then(kind_of),
            record: limit.record,
            customer: None,
            from: limit.from,
            soon: limit.soon,
            due: limit.due,
            end: limit.end,
            state: limit.state,
            roles: limit.roles.to_vec(),
            staff: limit.staff,
            urgency: None,
            policy: limit.policy,
        };
        Ok(limits.map(item).collect())
    }

    /// Visits made from `since` until now, by customer, and maybe others.
    fn visits(&self, since: Timestamp) -> Result<&Made, StoreError> {
        if self.read.visits.get().is_none() {
            self.look_back(since)?;
        }
        match self.read.visits.get() {
            Some(read) if read.from <= since && read.until >= self.as_of => Ok(&read.made),
            _ => Err(StoreError::Corrupt { what: "visits are asked for outside what was read".to_owned() }),
        }
    }

    /// Reads the visits from `since` until now: for several instants, once, around the last of them.
    pub(crate) fn look_back(&self, since: Timestamp) -> Result<(), StoreError> {
        let mut made = Made::new();
        for what in [What::Visit, What::ReturnVisit, What::DeepContact] {
            let mut statement = self.conn.prepare_cached(
                "SELECT customer, from_ms FROM view_moment WHERE what = ?1 AND from_ms BETWEEN ?2 AND ?3",
            )?;
            let mut rows = statement.query(params![what.code(), since.millis(), self.as_of.millis()])?;
            while let Some(row) = rows.next()? {
                let visit = (what, Timestamp::from_millis(row.get(1)?));
                let customer = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
                if let (true, Some(of_customer)) = (self.merged.is_empty(), made.get_mut(customer)) {
                    of_customer.push(visit);
                    continue;
                }
                let lead =
                    if self.merged.is_empty() { customer.to_owned() } else { self.lead(id_at(row, 0)?).to_string() };
                made.entry(lead).or_default().push(visit);
            }
        }
        let _is_first = self.read.visits.set(Visits { from: since, until: self.as_of, made });
        Ok(())
    }

    /// Every customer that had been entered, by id; of merged ones the one that they lead to, with the highest grade of any and
    /// the day of the first.
    pub(crate) fn accounts(&self) -> Result<&[Rc<Account>], StoreError> {
        let accounts = match self.accounts.get() {
            Some(accounts) => accounts,
            None => {
                let accounts = self.entered(self.every_account()?);
                self.accounts.get_or_init(|| accounts)
            }
        };
        Ok(accounts)
    }

    /// Every customer that stands in the book and is not void, whenever it was entered, by id.
    pub(crate) fn every_account(&self) -> Result<&[Rc<Account>], StoreError> {
        if let Some(accounts) = self.read.accounts.get() {
            return Ok(accounts);
        }
        let mut statement = self.conn.prepare_cached(
            "SELECT id, grade, person, created_at_ms, n FROM view_record INDEXED BY view_record_account
             WHERE kind = 'customer' AND void = 0 AND id = customer",
        )?;
        let accounts = statement.query_map([], |row| {
            let since = Timestamp::from_millis(row.get(3)?);
            Ok(Rc::new(Account { id: id_at(row, 0)?, n: row.get(4)?, grade: row.get(1)?, owner: row.get(2)?, since }))
        })?;
        let mut accounts = accounts.collect::<Result<Vec<_>, _>>()?;
        accounts.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(self.read.accounts.get_or_init(|| accounts))
    }

    /// Of all accounts those that had been entered, merged ones as one.
    fn entered(&self, all: &[Rc<Account>]) -> Vec<Rc<Account>> {
        // With each, whether the lead itself is among those it is made of.
        let mut merged: BTreeMap<&RecordId, (Account, bool)> = BTreeMap::new();
        let mut accounts: Vec<Rc<Account>> = Vec::with_capacity(all.len());
        for account in all.iter().filter(|account| account.since <= self.as_of) {
            let lead = self.merged.lead(&account.id);
            if self.merged.group(lead).is_empty() {
                accounts.push(Rc::clone(account));
                continue;
            }
            let is_lead = *lead == account.id;
            let Some((one, has_lead)) = merged.get_mut(lead) else {
                merged.insert(lead, (Account { id: lead.clone(), ..(**account).clone() }, is_lead));
                continue;
            };
            one.since = one.since.min(account.since);
            if grade_rank(account.grade.as_deref()) < grade_rank(one.grade.as_deref()) {
                one.grade.clone_from(&account.grade);
            }
            // Without the lead itself, whose owner comes first by name: any order of rows gives the same.
            if is_lead || (!*has_lead && account.owner < one.owner) {
                one.owner.clone_from(&account.owner);
            }
            *has_lead |= is_lead;
        }
        accounts.extend(merged.into_values().map(|(account, _)| Rc::new(account)));
        accounts.sort_by(|a, b| a.id.cmp(&b.id));
        accounts
    }

    /// Whether an item is owed for entering a customer that leads to another.
    fn is_moved(&self, item: &DueItem) -> bool {
        matches!(item.code, LimitCode::L1 | LimitCode::L2) && item.record != item.customer
    }

    fn item(&self, row: &SqlRow<'_>) -> rusqlite::Result<Option<DueItem>> {
        let time = |index| row.get::<_, i64>(index).map(Timestamp::from_millis);
        let Some(code) = limit_code(row.get_ref(0)?.as_str()?) else { return Ok(None) };
        let record = id_at(row, 2)?;
        let (soon, due) = (time(5)?, time(6)?);
        let end = row.get::<_, Option<i64>>(7)?.map(Timestamp::from_millis).filter(|end| *end <= self.as_of);
        let policy = row.get_ref(11)?.as_str_or_null()?.and_then(|id| id.parse().ok());
        Ok(Some(DueItem {
            code,
            part: row.get(1)?,
            kind: kind_of(&record),
            record: Some(record),
            customer: Some(self.lead(id_at(row, 3)?)),
            from: time(4)?,
            soon,
            due,
            end,
            state: LimitState::at(self.as_of, soon, due, end),
            roles: roles(row.get(8)?),
            staff: row.get(9)?,
            urgency: row.get(10)?,
            policy,
        }))
    }
}

/// Where a state is counted: open, soon due, overdue.
const fn place(state: LimitState) -> Option<usize> {
    match state {
        LimitState::Open => Some(0),
        LimitState::Soon => Some(1),
        LimitState::Overdue => Some(2),
        LimitState::Missed | LimitState::Met => None,
    }
}

/// Counts an item where it stands.
pub(crate) fn tally(counts: &mut BTreeMap<LimitCode, [u64; 4]>, item: &DueItem, count: impl Fn(u64) -> u64) {
    let Some(place) = place(item.state) else { return };
    let of_code = counts.entry(item.code).or_default();
    of_code[place] = count(of_code[place]);
    if item.state == LimitState::Overdue && item.urgency.as_deref() == Some("high") {
        of_code[3] = count(of_code[3]);
    }
}

/// A customer as its row says.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) id: RecordId,
    /// The number of its row.
    pub(crate) n: i64,
    pub(crate) grade: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) since: Timestamp,
}

/// The highest service grade first.
fn grade_rank(grade: Option<&str>) -> u8 {
    match grade {
        Some("vip") => 0,
        Some("core") => 1,
        Some("potential") => 2,
        Some("normal") => 3,
        _ => 4,
    }
}

/// The kind, as the id tells it.
pub(crate) fn kind_of(record: &RecordId) -> Option<&'static str> {
    let prefix = record.as_str().split('-').next()?;
    records::kind_of_prefix(prefix).map(|kind| kind.code)
}
