//! Customers that were probably entered twice: for the list from which a supervisor merges them, and for a warning on entry.
//!
//! *Certain*: two customers carry the same number from paper (`legacy_id`). *Probable*: two customers of the branch have the same
//! channel and histories that are alike by at least [`records::ALIKE_PERCENT_MIN`] percent ([`records::Bigrams`]). A masked
//! name alone never matches: thousands share one. Void customers are none, and customers that were merged are one, listed under
//! the id they lead to.
//!
//! The same telephone number or address is not looked for: documents hold no contact data, and the sealed vault in which their
//! digests could be compared, at the relay only, does not exist yet.

use std::collections::{BTreeMap, BTreeSet};

use records::{ALIKE_PERCENT_MIN, Bigrams, Fields, Value};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use store::StoreError;
use vocab::RecordId;

use crate::ask::id_at;
use crate::merged::{Leads, leads};
use crate::views::alike::alike;

/// Most pairs of one list.
pub const DUPLICATES_MAX: usize = 1_000;

/// Up to so many customers whose histories or numbers are the same, each pair is listed; of more, each with the first only:
/// 2,000 customers with one history are 1,999 pairs rather than two million.
const SAME_MAX: usize = 8;

/// Most likely twins of a new customer that are shown.
pub const TWINS_MAX: usize = 5;

/// How sure it is that two customers are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// They carry the same number.
    Certain,
    /// Their histories are alike.
    Probable,
}

impl Certainty {
    /// The code in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Certainty::Certain => "certain",
            Certainty::Probable => "probable",
        }
    }
}

/// Why two customers are taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The same number from paper.
    LegacyId,
    /// The same channel, and histories alike.
    History,
}

impl Why {
    /// The code in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Why::LegacyId => "legacy_id",
            Why::History => "history",
        }
    }
}

/// What is asked of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DuplicatesAsk {
    /// Only pairs that this customer is one of.
    pub customer: Option<RecordId>,
}

/// Customers that are probably one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// The pairs: certain ones first, then those most alike, then by id.
    pub pairs: Vec<Duplicate>,
    /// Whether there are more than these.
    pub more: bool,
}

/// Two customers that are probably one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// The one.
    pub a: RecordId,
    /// The other.
    pub b: RecordId,
    /// How sure it is.
    pub certainty: Certainty,
    /// Why.
    pub why: Vec<Why>,
    /// How alike their histories are, where that is why.
    pub alike_percent: Option<u64>,
}

/// A customer that a new one may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Twin {
    /// The customer: of merged ones the one they lead to.
    pub customer: RecordId,
    /// How sure it is.
    pub certainty: Certainty,
    /// Why.
    pub why: Vec<Why>,
    /// How alike the histories are, where that is why.
    pub alike_percent: Option<u64>,
}

/// What was found about two customers.
#[derive(Default, Clone, Copy)]
struct Found {
    same_number: bool,
    percent: Option<u64>,
}

impl Found {
    fn certainty(&self) -> Certainty {
        if self.same_number { Certainty::Certain } else { Certainty::Probable }
    }

    fn why(&self) -> Vec<Why> {
        let history = self.percent.map(|_| Why::History);
        self.same_number.then_some(Why::LegacyId).into_iter().chain(history).collect()
    }
}

/// Two customers by their places among all, the smaller first, and what was found about them.
type Pair = ((usize, usize), Found);

/// Every two customers of the branch that are probably one, [`DUPLICATES_MAX`] at most.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn duplicates(conn: &Connection, ask: &DuplicatesAsk) -> Result<Duplicates, StoreError> {
    let leads = leads(conn)?;
    let mut book = Book::default();
    let mut pairs: Vec<Pair> = Vec::new();
    for same in book.numbers(conn, &leads)? {
        pairs_within(&same, |a, b| pairs.push(((a, b), Found { same_number: true, percent: None })));
    }
    let is_whole = book.histories(conn, &leads, |a, b, percent| {
        pairs.push(((a.min(b), a.max(b)), Found { same_number: false, percent: Some(percent) }));
    })?;
    // Merged customers bring what was found about any of them.
    pairs.sort_unstable_by_key(|(pair, _)| *pair);
    pairs.dedup_by(|(other, more), (pair, found)| {
        let is_same = other == pair;
        if is_same {
            found.same_number |= more.same_number;
            found.percent = found.percent.max(more.percent);
        }
        is_same
    });
    if let Some(customer) = &ask.customer {
        let wanted = book.places.get(leads.lead(customer)).copied();
        pairs.retain(|((a, b), _)| Some(*a) == wanted || Some(*b) == wanted);
    }
    let more = !is_whole || pairs.len() > DUPLICATES_MAX;
    let rank = |(_, found): &Pair| (found.certainty(), std::cmp::Reverse(found.percent));
    let id = |place: usize| &book.customers[place];
    let order = |one: &Pair, other: &Pair| {
        let ids = |((a, b), _): &Pair| (id(*a).min(id(*b)), id(*a).max(id(*b)));
        rank(one).cmp(&rank(other)).then_with(|| ids(one).cmp(&ids(other)))
    };
    if pairs.len() > DUPLICATES_MAX {
        pairs.select_nth_unstable_by(DUPLICATES_MAX, order);
        pairs.truncate(DUPLICATES_MAX);
    }
    pairs.sort_unstable_by(order);
    let shown = |((a, b), found): Pair| Duplicate {
        // By id, whatever order they were found in.
        a: id(a).min(id(b)).clone(),
        b: id(a).max(id(b)).clone(),
        certainty: found.certainty(),
        why: found.why(),
        alike_percent: found.percent,
    };
    Ok(Duplicates { pairs: pairs.into_iter().map(shown).collect(), more })
}

/// Customers in the book that a new one with these fields may be, the likeliest first, [`TWINS_MAX`] at most: for a warning
/// on entry. Looks at customers with the same number, or the same channel and a history of about the same length, and at no
/// others.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn likely_twins(conn: &Connection, fields: &Fields) -> Result<Vec<Twin>, StoreError> {
    let text = |name: &str| fields.get(name).and_then(Value::as_text).filter(|text| !text.is_empty());
    let leads = leads(conn)?;
    let mut found: BTreeMap<RecordId, Found> = BTreeMap::new();
    if let Some(number) = text("legacy_id") {
        let mut statement =
            conn.prepare_cached("SELECT id FROM view_record WHERE legacy_id = ?1 AND kind = 'customer' AND void = 0")?;
        for id in statement.query_map([number], |row| id_at(row, 0))? {
            found.entry(leads.lead(&id?).clone()).or_default().same_number = true;
        }
    }
    if let (Some(channel), Some(history)) = (text("channel"), text("history").map(Bigrams::of))
        && !history.is_empty()
    {
        let (least, most) = history.sizes_alike();
        let mut statement =
            conn.prepare_cached("SELECT n, pairs FROM view_history WHERE channel = ?1 AND size BETWEEN ?2 AND ?3")?;
        let mut rows = statement.query(params![channel, size(least), size(most)])?;
        while let Some(row) = rows.next()? {
            let percent = pairs_at(row, 1)?.alike_percent(&history);
            if percent < ALIKE_PERCENT_MIN {
                continue;
            }
            if let Some(id) = id_of(conn, row.get(0)?)? {
                let twin = found.entry(leads.lead(&id).clone()).or_default();
                twin.percent = twin.percent.max(Some(percent));
            }
        }
    }
    let mut twins: Vec<Twin> = found
        .into_iter()
        .map(|(customer, found)| Twin {
            customer,
            certainty: found.certainty(),
            why: found.why(),
            alike_percent: found.percent,
        })
        .collect();
    twins.sort_by_key(|twin| (twin.certainty, std::cmp::Reverse(twin.alike_percent), twin.customer.clone()));
    twins.truncate(TWINS_MAX);
    Ok(twins)
}

/// Customers by the places they were first met at.
#[derive(Default)]
struct Book {
    customers: Vec<RecordId>,
    places: BTreeMap<RecordId, usize>,
}

impl Book {
    fn place(&mut self, leads: &Leads, id: &RecordId) -> usize {
        let id = leads.lead(id);
        if let Some(place) = self.places.get(id) {
            return *place;
        }
        self.customers.push(id.clone());
        self.places.insert(id.clone(), self.customers.len() - 1);
        self.customers.len() - 1
    }

    /// Customers that carry the same number, more than one of each.
    fn numbers(&mut self, conn: &Connection, leads: &Leads) -> Result<Vec<Vec<usize>>, StoreError> {
        let mut statement = conn.prepare_cached(
            "SELECT legacy_id, id FROM view_record
             WHERE legacy_id IS NOT NULL AND kind = 'customer' AND void = 0 ORDER BY id",
        )?;
        let mut bearers: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for row in statement.query_map([], |row| Ok((row.get(0)?, id_at(row, 1)?)))? {
            let (number, id) = row?;
            bearers.entry(number).or_default().insert(self.place(leads, &id));
        }
        let same = bearers.into_values().filter(|same| same.len() > 1);
        Ok(same.map(|same| same.into_iter().collect()).collect())
    }

    /// Calls `each` with every two customers of one channel whose histories are alike; returns whether all were looked for.
    fn histories(
        &mut self,
        conn: &Connection,
        leads: &Leads,
        mut each: impl FnMut(usize, usize, u64),
    ) -> Result<bool, StoreError> {
        let mut statement = conn.prepare_cached(
            "SELECT channel, pairs, id FROM view_history CROSS JOIN view_record ON view_record.n = view_history.n
             ORDER BY id",
        )?;
        let mut channels: BTreeMap<String, BTreeMap<Bigrams, BTreeSet<usize>>> = BTreeMap::new();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let same = channels.entry(row.get(0)?).or_default().entry(pairs_at(row, 1)?).or_default();
            same.insert(self.place(leads, &id_at(row, 2)?));
        }
        let mut is_whole = true;
        for same in channels.into_values() {
            let (sets, customers): (Vec<Bigrams>, Vec<Vec<usize>>) =
                same.into_iter().map(|(set, customers)| (set, customers.into_iter().collect())).unzip();
            for customers in &customers {
                pairs_within(customers, |a, b| each(a, b, 100));
            }
            let found = alike(&sets);
            is_whole &= found.is_whole;
            for alike in found.pairs {
                let few = |place: usize| {
                    let same: &[usize] = &customers[place];
                    if same.len() > SAME_MAX { &same[..1] } else { same }
                };
                for a in few(alike.a) {
                    for b in few(alike.b).iter().filter(|b| *b != a) {
                        each(*a, *b, alike.percent);
                    }
                }
            }
        }
        Ok(is_whole)
    }
}

/// Every two of some customers, sorted, that are the same in something; of more than [`SAME_MAX`] each with the first.
fn pairs_within(same: &[usize], mut each: impl FnMut(usize, usize)) {
    let firsts = if same.len() > SAME_MAX { 1 } else { same.len() };
    for (place, a) in same.iter().enumerate().take(firsts) {
        same[place + 1..].iter().for_each(|b| each(*a, *b));
    }
}

fn size(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn pairs_at(row: &rusqlite::Row<'_>, column: usize) -> Result<Bigrams, StoreError> {
    let bytes = row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from)?;
    Bigrams::from_bytes(bytes)
        .ok_or_else(|| StoreError::Corrupt { what: "a row of histories is not what was written there".to_owned() })
}

fn id_of(conn: &Connection, n: i64) -> Result<Option<RecordId>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT id FROM view_record WHERE n = ?1")?;
    Ok(statement.query_row([n], |row| id_at(row, 0)).optional()?)
}
