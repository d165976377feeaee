//! Key figures of a month, for the branch and for each person.
//!
//! Every figure is a pair of whole numbers, or a median with how many it was taken from, so that a share of two out of three is
//! never taken for one of two thousand out of three thousand. [`Figures`] says of each what is counted, which instant puts it in a
//! month, and whose it is. Months begin at midnight on the branch's clocks.
//!
//! What happened after the instant asked about is left out; a month that has passed then changes only when somebody writes down
//! what belongs in it. Void records do not count, feedback typed twice counts once, imported rows count by their own dates, and
//! customers that were merged are one.

use std::collections::{BTreeMap, BTreeSet};

use records::facts::FactCode;
use records::limits::Calendar;
use records::{LimitCode, Period};
use rusqlite::{Connection, params};
use serde::Serialize;
use store::StoreError;
use vocab::{DocId, Month, RecordId, Timestamp};

use crate::views::compliance;
use crate::views::count::{Mean, Median, Rate, median_minutes, months};
use crate::views::open::Around;
use crate::views::whose::Whose;

/// What is asked of the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiguresAsk {
    /// The instant.
    pub as_of: Timestamp,
    /// The month.
    pub month: Month,
    /// How many months before it are counted too; [`MONTHS_BACK_MAX`](crate::views::MONTHS_BACK_MAX) at most.
    pub months_back: u32,
    /// On a device, the documents with changes that no relay has: what has to be shared or handed in is not while they wait.
    pub unshared: BTreeSet<DocId>,
}

impl FiguresAsk {
    /// The figures of the month that an instant falls in, so far.
    #[must_use]
    pub fn at(as_of: Timestamp) -> Self {
        FiguresAsk { as_of, month: Month::of(as_of), months_back: 0, unshared: BTreeSet::new() }
    }
}

/// Key figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyFigures {
    /// The instant.
    pub as_of: Timestamp,
    /// The month asked for.
    #[serde(flatten)]
    pub asked: MonthFigures,
    /// The months before it, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub months: Vec<MonthFigures>,
}

/// The figures of one month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MonthFigures {
    /// The month.
    pub month: Month,
    /// Of the branch.
    pub branch: Figures,
    /// Of each person or team that has any, by name.
    pub people: Vec<PersonFigures>,
}

/// The figures of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonFigures {
    /// The person or team.
    pub person: String,
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// What is counted. "In the month" is by the instant given with each; "theirs" is whose figures it counts in besides the
/// branch's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Scores of feedback received in the month (the day of receipt): how many, and their sum. Theirs who did the task.
    pub mean_score: Mean,
    /// Of these scores, those of 4 and 5.
    pub good_scores: Rate,
    /// Inquiries and complaints received in the month that were replied to in time (L12), of those that were replied to or are
    /// past due. Theirs who own them.
    pub first_reply: Rate,
    /// Of those replied to, the median time from receipt to the first reply, in minutes.
    pub first_reply_minutes: Median,
    /// Inquiries and complaints received in the month that are resolved by now (a complaint closed, an inquiry answered and not
    /// passed on), of all received. Theirs who own them.
    pub resolved: Rate,
    /// Complaints received in the month, beside tasks done in it. Theirs who did the task that a complaint names.
    pub complaints: Rate,
    /// Tasks done in the month (`done_at`) by their FIRST estimate, of those done that had one. Theirs who did them.
    pub on_time: Rate,
    /// Of each limit that was due in the month and by now, how many were met: those fulfilled by then. L17, which asks for a while
    /// without change, is counted when the standard was changed. Theirs who are named. Limits that nothing was due of are left out.
    pub limits: BTreeMap<LimitCode, Rate>,
    /// Customers active in the month before and in this one, of those active in the month before; active: a need raised, work
    /// begun or done, a score given, an inquiry or complaint made, an order placed, a visit received. Theirs whose customers
    /// they are.
    pub retention: Rate,
    /// Customers who ordered in the month (when the order was received; cancelled ones are none) and had ordered before, of
    /// those who ordered in it. Theirs who own the orders.
    pub repeat_purchase: Rate,
    /// Visits made from the beginning of the year to the end of the month, each customer's up to as many as the year asks for,
    /// of what the year asks for. Theirs whose customers they are.
    pub visits: Rate,
    /// Needs whose first task on site was done in the month and that no further task on site was made for by now, of all whose
    /// first was done. Theirs who did it.
    pub first_visit_fix: Rate,
}

/// The key figures of a branch and of its people.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn figures(conn: &Connection, ask: &FiguresAsk) -> Result<KeyFigures, StoreError> {
    let begun = |month: &Month| month.start() <= ask.as_of;
    let mut counter = Counter::of(conn, ask, months(ask.month, ask.months_back).filter(begun).collect())?;
    let mut counted = Vec::new();
    for month in months(ask.month, ask.months_back) {
        counted.push(if begun(&month) { counter.count(month)? } else { Sums::default().shown(month) });
    }
    let asked = counted.pop().unwrap_or_else(|| Sums::default().shown(ask.month));
    Ok(KeyFigures { as_of: ask.as_of, asked, months: counted })
}

/// What one person, or the branch, adds up to.
#[derive(Default)]
struct Sum {
    figures: Figures,
    replies_ms: Vec<i64>,
}

/// What everybody adds up to.
#[derive(Default)]
pub(crate) struct Sums {
    branch: Sum,
    people: BTreeMap<String, Sum>,
}

impl Sums {
    fn sum(&mut self, person: Option<&str>, mut count: impl FnMut(&mut Sum)) {
        count(&mut self.branch);
        if let Some(person) = person {
            self.of_person(person, count);
        }
    }

    fn of_person(&mut self, person: &str, mut count: impl FnMut(&mut Sum)) {
        match self.people.get_mut(person) {
            Some(sum) => count(sum),
            None => count(self.people.entry(person.to_owned()).or_default()),
        }
    }

    /// Counts in the branch's figures and in those of the person, if one is named.
    pub(crate) fn count(&mut self, person: Option<&str>, mut count: impl FnMut(&mut Figures)) {
        self.sum(person, |sum| count(&mut sum.figures));
    }

    fn shown(self, month: Month) -> MonthFigures {
        let figures = |sum: Sum| {
            let mut figures = sum.figures;
            figures.first_reply_minutes =
                Median { n: sum.replies_ms.len() as u64, median: median_minutes(sum.replies_ms) };
            figures.limits.retain(|_, rate| rate.of > 0);
            figures
        };
        let people = self.people.into_iter().map(|(person, sum)| PersonFigures { person, figures: figures(sum) });
        let people = people.filter(|person| person.figures != Figures::default()).collect();
        MonthFigures { month, branch: figures(self.branch), people }
    }
}

/// A customer who ordered in the month.
#[derive(Default)]
struct Buyer {
    /// Who own the orders.
    people: BTreeSet<String>,
    /// When the first of them was received.
    first: Option<i64>,
    /// Whether one of them has an earlier one, in its own dossier or among them.
    is_known: bool,
}

/// Customers who were active, by their places, and whose they were; sorted, each pair once.
type Active = Vec<(usize, Option<String>)>;

/// What the months asked about share: read once, however many they are.
struct Counter<'a> {
    conn: &'a Connection,
    ask: &'a FiguresAsk,
    around: Around<'a>,
    whose: Whose<'a>,
    /// Visits made, by when: the place of the customer.
    visits: Vec<(i64, usize)>,
    /// Who was active in the month counted last.
    active: Option<(Month, Active)>,
}

/// The counting of one month.
struct Count<'c, 'a> {
    counter: &'c mut Counter<'a>,
    month: Month,
    /// The month's last instant, or the one asked about where that is earlier.
    last: Timestamp,
    around: Around<'a>,
    sums: Sums,
}

impl<'a> Counter<'a> {
    /// Months that have begun, oldest first.
    fn of(conn: &'a Connection, ask: &'a FiguresAsk, months: Vec<Month>) -> Result<Self, StoreError> {
        let last = |month: &Month| ask.as_of.min(month.end().plus_millis(-1));
        let around = Around::new(conn, months.last().map_or(ask.as_of, last), &ask.unshared)?;
        let since = months.iter().map(|month| Calendar::new(&around.policies, last(month)).since()).min();
        around.look_back(since.unwrap_or(ask.as_of))?;
        let mut whose = Whose::of(conn, &around)?;
        let mut visits = Vec::new();
        if let (Some(first), Some(latest)) = (months.first().map(last), months.last().map(last)) {
            let mut statement = conn.prepare_cached(
                "SELECT at_ms, own FROM view_fact WHERE fact = 'visit' AND at_ms BETWEEN ?1 AND ?2 ORDER BY at_ms",
            )?;
            let mut rows = statement.query([Period::Year.around(first).0.millis(), latest.millis()])?;
            while let Some(row) = rows.next()? {
                visits.push((row.get(0)?, whose.place(row.get(1)?)?));
            }
        }
        Ok(Counter { conn, ask, around, whose, visits, active: None })
    }

    fn count(&mut self, month: Month) -> Result<MonthFigures, StoreError> {
        let last = self.ask.as_of.min(month.end().plus_millis(-1));
        let around = self.around.at(last);
        let mut count = Count { month, last, around, sums: Sums::default(), counter: self };
        count.scores()?;
        count.replies()?;
        count.issues()?;
        count.tasks()?;
        count.retention()?;
        count.orders()?;
        count.visits()?;
        let Count { around, mut sums, .. } = count;
        compliance::count(self.conn, &around, month, (self.ask.as_of, &self.ask.unshared), &mut sums)?;
        Ok(sums.shown(month))
    }

    /// Who was active in a month by the instant asked about.
    fn active(&mut self, month: Month) -> Result<Active, StoreError> {
        if let Some((known, active)) = self.active.take()
            && known == month
        {
            return Ok(active);
        }
        let mut statement = self
            .conn
            .prepare_cached("SELECT own, person FROM view_fact WHERE fact = 'active' AND at_ms BETWEEN ?1 AND ?2")?;
        let last = self.ask.as_of.min(month.end().plus_millis(-1));
        let mut rows = statement.query([month.start().millis(), last.millis()])?;
        let mut active = Vec::new();
        while let Some(row) = rows.next()? {
            active.push((self.whose.place(row.get(0)?)?, row.get(1)?));
        }
        active.sort_unstable();
        active.dedup();
        Ok(active)
    }
}

impl Count<'_, '_> {
    /// Counts each fact of a sort that stands in the month: whose it is, its number, and whether it is so.
    fn facts(
        &mut self,
        code: FactCode,
        mut each: impl FnMut(&mut Sums, Option<&str>, Option<i64>, Option<bool>),
    ) -> Result<(), StoreError> {
        let mut statement = self
            .counter
            .conn
            .prepare_cached("SELECT person, value, ok FROM view_fact WHERE fact = ?1 AND at_ms BETWEEN ?2 AND ?3")?;
        let mut rows = statement.query(params![code.code(), self.month.start().millis(), self.last.millis()])?;
        while let Some(row) = rows.next()? {
            let person = row.get_ref(0)?.as_str_or_null().map_err(rusqlite::Error::from)?;
            each(&mut self.sums, person, row.get(1)?, row.get(2)?);
        }
        Ok(())
    }

    fn scores(&mut self) -> Result<(), StoreError> {
        self.facts(FactCode::Score, |sums, person, value, _| {
            let value = value.unwrap_or_default();
            sums.count(person, |figures| {
                figures.mean_score.count(value);
                figures.good_scores.count(value >= 4);
            });
        })
    }

    fn replies(&mut self) -> Result<(), StoreError> {
        let mut statement = self.counter.conn.prepare_cached(
            "SELECT staff, from_ms, due_ms, end_ms FROM view_limit WHERE code = 'L12' AND from_ms BETWEEN ?1 AND ?2",
        )?;
        let as_of = self.counter.ask.as_of.millis();
        let mut rows = statement.query([self.month.start().millis(), self.last.millis()])?;
        while let Some(row) = rows.next()? {
            let staff = row.get_ref(0)?.as_str_or_null().map_err(rusqlite::Error::from)?;
            let (from, due): (i64, i64) = (row.get(1)?, row.get(2)?);
            let end = row.get::<_, Option<i64>>(3)?.filter(|end| *end <= as_of);
            if end.is_none() && due >= as_of {
                continue;
            }
            self.sums.sum(staff, |sum| {
                sum.figures.first_reply.count(end.is_some_and(|end| end <= due));
                sum.replies_ms.extend(end.map(|end| (end - from).max(0)));
            });
        }
        Ok(())
    }

    fn issues(&mut self) -> Result<(), StoreError> {
        let as_of = self.counter.ask.as_of.millis();
        self.facts(FactCode::Issue, |sums, person, resolved, _| {
            let is_resolved = resolved.is_some_and(|resolved| resolved <= as_of);
            sums.count(person, |figures| figures.resolved.count(is_resolved));
        })
    }

    fn tasks(&mut self) -> Result<(), StoreError> {
        let as_of = self.counter.ask.as_of.millis();
        self.facts(FactCode::Done, |sums, person, _, on_time| {
            sums.count(person, |figures| {
                figures.complaints.of += 1;
                if let Some(on_time) = on_time {
                    figures.on_time.count(on_time);
                }
            });
        })?;
        self.facts(FactCode::Complaint, |sums, person, _, _| {
            sums.count(person, |figures| figures.complaints.n += 1);
        })?;
        self.facts(FactCode::FirstVisit, |sums, person, second, _| {
            let is_fixed = second.is_none_or(|second| second > as_of);
            sums.count(person, |figures| figures.first_visit_fix.count(is_fixed));
        })
    }

    fn retention(&mut self) -> Result<(), StoreError> {
        let earlier = self.counter.active(self.month.back(1))?;
        let now = self.counter.active(self.month)?;
        let is_active = |place: usize| now.binary_search_by_key(&place, |(place, _)| *place).is_ok();
        let mut counted = None;
        for (place, person) in &earlier {
            let stayed = is_active(*place);
            // A merged customer may have two owners: it counts for both, and once for the branch.
            if counted.replace(*place) != Some(*place) {
                self.sums.branch.figures.retention.count(stayed);
            }
            if let Some(person) = person {
                self.sums.of_person(person, |sum| sum.figures.retention.count(stayed));
            }
        }
        self.counter.active = Some((self.month, now));
        Ok(())
    }

    fn orders(&mut self) -> Result<(), StoreError> {
        let mut statement = self.counter.conn.prepare_cached(
            "SELECT own, person, at_ms, ok FROM view_fact WHERE fact = 'order' AND at_ms BETWEEN ?1 AND ?2",
        )?;
        let mut buyers: BTreeMap<usize, Buyer> = BTreeMap::new();
        let mut rows = statement.query([self.month.start().millis(), self.last.millis()])?;
        while let Some(row) = rows.next()? {
            let buyer = buyers.entry(self.counter.whose.place(row.get(0)?)?).or_default();
            let at = row.get(2)?;
            buyer.people.extend(row.get::<_, Option<String>>(1)?);
            // Two in one month: the second has one before it.
            buyer.is_known |= buyer.first.is_some() || row.get::<_, Option<bool>>(3)?.unwrap_or_default();
            buyer.first = Some(buyer.first.map_or(at, |first| at.min(first)));
        }
        for (place, buyer) in buyers {
            let customer = self.counter.whose.customer(place);
            let again = buyer.is_known || self.ordered_before(customer, buyer.first.unwrap_or_default())?;
            self.sums.branch.figures.repeat_purchase.count(again);
            for person in buyer.people {
                self.sums.of_person(&person, |sum| sum.figures.repeat_purchase.count(again));
            }
        }
        Ok(())
    }

    /// Whether any dossier of a merged customer has an order before an instant.
    fn ordered_before(&self, customer: &RecordId, at: i64) -> Result<bool, StoreError> {
        for id in self.around.merged.group(customer) {
            let ordered: bool = self
                .counter
                .conn
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM view_record AS own JOIN view_record AS other ON other.doc = own.doc
                                    JOIN view_fact ON view_fact.n = other.n AND view_fact.fact = 'order'
                                    WHERE own.id = ?1 AND view_fact.at_ms < ?2)",
                )?
                .query_row(params![id.as_str(), at], |row| row.get(0))?;
            if ordered {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn visits(&mut self) -> Result<(), StoreError> {
        let (first, _) = Period::Year.around(self.last);
        let visits = &self.counter.visits;
        let until = |at: Timestamp| visits.partition_point(|(made, _)| *made <= at.millis());
        let mut made: Vec<u64> = Vec::new();
        for (_, place) in &visits[until(first.plus_millis(-1))..until(self.last)] {
            made.resize(made.len().max(place + 1), 0);
            made[*place] += 1;
        }
        let required = &self.around.policies.at(first).0.visits;
        for account in self.around.accounts()? {
            let required = account.grade.as_ref().and_then(|grade| required.get(grade).copied().flatten());
            let Some(required) = required.map(i64::unsigned_abs) else { continue };
            let made = self.counter.whose.known(&account.id).and_then(|place| made.get(place));
            let done = made.copied().unwrap_or_default().min(required);
            self.sums.count(account.owner.as_deref(), |figures| figures.visits.add(done, required));
        }
        Ok(())
    }
}
