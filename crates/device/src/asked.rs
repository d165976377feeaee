//! The views of the whole service process, asked of the rows of this device: what is due, the daily check, figures, duplicates.
//! The same heads give the same bytes at the relay.

use std::collections::BTreeSet;

use readmodel::views::{
    self, DailyAsk, DueAsk, DuplicatesAsk, FiguresAsk, MatrixAsk, ReviewAsk, TWINS_MAX, TimelineAsk, Twin, VisitsAsk,
};
use records::{DAILY_CHECK, Fields};
use store::ReadTx;
use vocab::{DocId, Month, RecordId, Timestamp};

use crate::DeviceError;
use crate::error::WorkError;
use crate::home::Device;
use crate::write::Stored;

/// What a signed check says of what was seen: how much there was of each.
const FIGURES_SAID: [&str; 7] =
    ["delayed", "past_due", "silent", "unreviewed", "without_task", "critical_complaints", "new_notes"];

impl Device {
    /// The time, as far as this device knows it: its clock, corrected by what the relay said.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn now(&mut self) -> Result<Timestamp, DeviceError> {
        let wall = self.outside().now();
        self.read(|tx| Ok(tx.clock()?.corrected(wall)))
    }

    /// What is due.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn due(&mut self, ask: DueAsk) -> Result<views::Due, DeviceError> {
        self.read(|tx| Ok(views::due(tx.connection(), &DueAsk { unshared: unshared(tx)?, ..ask })?))
    }

    /// What a supervisor looks at before signing the day of `as_of`.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn daily(&mut self, as_of: Timestamp) -> Result<views::Daily, DeviceError> {
        self.read(|tx| daily(tx, as_of))
    }

    /// Signs the check of the day of `as_of`: a record with what was seen, and the state of the book it was seen in.
    ///
    /// # Errors
    /// [`DeviceError::CheckSigned`] when the day's check is signed already; as [`Device::create`] otherwise.
    pub fn sign_daily(&mut self, as_of: Timestamp, remarks: &str) -> Result<Stored, DeviceError> {
        let (daily, heads, staff) = self.read(|tx| Ok((daily(tx, as_of)?, heads(tx)?, tx.identity()?.staff)))?;
        if let Some(signed) = daily.signed {
            return Err(DeviceError::CheckSigned { day: daily.day, record: signed.record });
        }
        let counts = serde_json::to_value(&daily.counts).map_err(|_| DeviceError::Interrupted)?;
        let figures: Vec<String> = FIGURES_SAID.iter().map(|name| format!("{name}={}", counts[*name])).collect();
        let mut fields = Fields::from([
            ("day", records::Value::Date(daily.day)),
            ("supervisor", staff.as_str().into()),
            ("heads", heads.into()),
            ("figures", figures.join(" ").into()),
        ]);
        if !remarks.trim().is_empty() {
            fields.insert("remarks", remarks.into());
        }
        self.create(&DAILY_CHECK, None, fields)
    }

    /// The matrix of this branch alone: a device knows no other.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn matrix(&mut self, as_of: Timestamp) -> Result<views::Matrix, DeviceError> {
        self.read(|tx| {
            let branch = tx.membership()?.map(|membership| membership.branch_name).unwrap_or_default();
            Ok(views::matrix(tx.connection(), &MatrixAsk { as_of, branch, unshared: unshared(tx)? })?)
        })
    }

    /// The flow of complaints.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn complaints(&mut self, as_of: Timestamp) -> Result<views::Complaints, DeviceError> {
        self.read(|tx| Ok(views::complaints(tx.connection(), &views::ComplaintsAsk { as_of })?))
    }

    /// How assessments went on, by month.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn funnel(&mut self, ask: &views::FunnelAsk) -> Result<views::Funnel, DeviceError> {
        self.read(|tx| Ok(views::funnel(tx.connection(), ask)?))
    }

    /// Tasks and trainings as bars.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn timeline(&mut self, ask: &TimelineAsk) -> Result<views::Timeline, DeviceError> {
        self.read(|tx| Ok(views::timeline(tx.connection(), ask)?))
    }

    /// The key figures of a month.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn figures(&mut self, ask: FiguresAsk) -> Result<views::KeyFigures, DeviceError> {
        self.read(|tx| Ok(views::figures(tx.connection(), &FiguresAsk { unshared: unshared(tx)?, ..ask })?))
    }

    /// Everything a monthly review looks at.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn review(&mut self, ask: ReviewAsk) -> Result<views::Review, DeviceError> {
        self.read(|tx| Ok(views::review(tx.connection(), &ReviewAsk { unshared: unshared(tx)?, ..ask })?))
    }

    /// The visits of each customer in the year.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub fn visits(&mut self, ask: &VisitsAsk) -> Result<views::Visits, DeviceError> {
        self.read(|tx| Ok(views::visits(tx.connection(), ask)?))
    }

    /// Customers that may have been entered twice: all of them, or those like `customer`.
    ///
    /// # Errors
    /// [`DeviceError::UnknownRecord`]; [`DeviceError::Store`].
    pub fn duplicates(&mut self, customer: Option<&str>) -> Result<views::Duplicates, DeviceError> {
        self.read(|tx| {
            let customer = customer.map(|id| Ok::<RecordId, WorkError>(crate::rows::row(tx, id)?.id)).transpose()?;
            Ok(views::duplicates(tx.connection(), &DuplicatesAsk { customer })?)
        })
    }
}

/// The customers that one just made is likely to be, the likeliest first.
pub(crate) fn twins(tx: &ReadTx<'_>, fields: &Fields) -> Result<Vec<Twin>, WorkError> {
    let mut twins = views::likely_twins(tx.connection(), fields)?;
    twins.truncate(TWINS_MAX);
    Ok(twins)
}

/// The figures that a review looks at: those of the month in which its period ends, as they stand now.
pub(crate) fn review_figures(tx: &ReadTx<'_>, fields: &Fields, now: Timestamp) -> Result<Option<String>, WorkError> {
    let Some(records::Value::Date(until)) = fields.get("period_to") else { return Ok(None) };
    let ask = FiguresAsk { month: Month::of(until.start()), unshared: unshared(tx)?, ..FiguresAsk::at(now) };
    let figures = views::figures(tx.connection(), &ask)?;
    let branch = serde_json::to_value(&figures.asked.branch).map_err(|_| DeviceError::Interrupted)?;
    let mut said = vec![figures.asked.month.to_string()];
    say(&branch, &mut said);
    Ok(Some(said.join(" ")))
}

/// `on_time=28/30`, `mean_score=126/30`, `first_reply_minutes=35(12)`: what there is, what it rests on.
fn say(figures: &serde_json::Value, said: &mut Vec<String>) {
    for (name, figure) in figures.as_object().into_iter().flatten() {
        let number = |part: &str| figure[part].as_i64();
        match (number("n"), number("of"), number("sum"), number("median")) {
            (Some(n), Some(of), ..) => said.push(format!("{name}={n}/{of}")),
            (Some(n), _, Some(sum), _) => said.push(format!("{name}={sum}/{n}")),
            (Some(n), .., Some(median)) => said.push(format!("{name}={median}({n})")),
            (Some(n), ..) => said.push(format!("{name}=-({n})")),
            (None, ..) => say(figure, said),
        }
    }
}

fn daily(tx: &ReadTx<'_>, as_of: Timestamp) -> Result<views::Daily, WorkError> {
    let ask = DailyAsk { as_of, unshared: unshared(tx)?, devices_unseen: None };
    Ok(views::daily(tx.connection(), &ask)?)
}

/// The documents with changes that no relay has. A device that belongs to no branch has nobody to share with: there what is
/// done is handed in.
fn unshared(tx: &ReadTx<'_>) -> Result<BTreeSet<DocId>, WorkError> {
    if tx.membership()?.is_none() {
        return Ok(BTreeSet::new());
    }
    Ok(tx.outbox_documents()?)
}

/// Which state of the book somebody looked at: how far the feed was held, what everything the relay has comes to, and how many
/// changes of this device it did not have yet. The sum is spelled in letters (a for 0 to p for 15), since sixteen digits in a
/// text may look like somebody's number.
fn heads(tx: &ReadTx<'_>) -> Result<String, WorkError> {
    let place = tx.membership()?.map_or(0, |membership| membership.cursor.base.get());
    let sum = tx.acknowledged_sum()?.to_string();
    let letter =
        |digit: char| digit.to_digit(16).and_then(|value| char::from_u32(u32::from('a') + value)).unwrap_or('-');
    let sum: String = sum.chars().map(letter).collect();
    Ok(format!("@{place} {sum} +{}", tx.outbox_counts()?.waiting))
}
