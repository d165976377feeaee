//! One customer entered twice. Both dossiers stay as they are; an event in one of them says that the two are one (domain,
//! section 6), and every id of a group leads to the smallest.
//!
//! The event goes into the dossier of the smaller id, so that two people who merge and separate the same pair apart do it in one
//! place, where the rules see both. What was merged the other way round is found in the other dossier.

use messages::Message;
use readmodel::Row;
use records::{CUSTOMER, Fields, Invalid, Merged};
use store::{ReadTx, WriteTx};

use crate::error::WorkError;
use crate::home::Device;
use crate::outside::Outside;
use crate::write::{Desk, Open, Stored};
use crate::{DeviceError, rows};

impl Device {
    /// Says that two customers are one; the customer that both ids lead to from now on.
    ///
    /// # Errors
    /// [`DeviceError::UnknownRecord`], [`DeviceError::WrongKind`]; [`DeviceError::Invalid`] when the role may not, or both are
    /// the same record.
    pub fn merge(&mut self, one: &str, other: &str) -> Result<Stored, DeviceError> {
        let outside = self.outside();
        self.write(|tx| {
            let pair = pair(tx, one, other)?;
            if says_merged(&pair[0], &pair[1]) || says_merged(&pair[1], &pair[0]) {
                let mut stored = stored(tx, &pair[0])?;
                stored.notices.push(Message::new("device-notice-unchanged"));
                return Ok(stored);
            }
            let data = Fields::from([("with", pair[1].id.as_str().into())]);
            step(tx, &*outside, &pair[0], "merged", data)
        })
    }

    /// Says that two customers who were merged are two after all.
    ///
    /// # Errors
    /// As [`Device::merge`]; [`DeviceError::NotMerged`].
    pub fn separate(&mut self, one: &str, other: &str, reason: &str) -> Result<Stored, DeviceError> {
        let outside = self.outside();
        self.write(|tx| {
            let [first, second] = pair(tx, one, other)?;
            let mut done = None;
            for (here, there) in [(&second, &first), (&first, &second)] {
                if says_merged(here, there) {
                    let data = Fields::from([("with", there.id.as_str().into()), ("reason", reason.into())]);
                    done = Some(step(tx, &*outside, here, "separated", data)?);
                }
            }
            done.ok_or_else(|| {
                DeviceError::NotMerged { one: first.id.to_string(), other: second.id.to_string() }.into()
            })
        })
    }
}

/// The two customers, the one with the smaller id first.
fn pair(tx: &ReadTx<'_>, one: &str, other: &str) -> Result<[Row; 2], WorkError> {
    let customer = |text: &str| -> Result<Row, WorkError> {
        let row = rows::row(tx, text)?;
        if row.kind == &CUSTOMER {
            return Ok(row);
        }
        let (wanted, found) = (CUSTOMER.code, row.kind.code.to_owned());
        Err(DeviceError::WrongKind { id: text.to_owned(), wanted, found }.into())
    };
    let (one, other) = (customer(one)?, customer(other)?);
    if one.id == other.id {
        return Err(Invalid::Itself { id: one.id }.into());
    }
    let smaller = Merged::of([(one.id.clone(), other.id.clone())]).lead(&one.id).clone();
    Ok(if smaller == one.id { [one, other] } else { [other, one] })
}

/// Whether the dossier of `here` says that it is one with `there`.
fn says_merged(here: &Row, there: &Row) -> bool {
    let record = here.value().unwrap_or_default();
    let others = record["merged_with"].as_array().map(Vec::as_slice).unwrap_or_default();
    others.iter().any(|other| other.as_str() == Some(there.id.as_str()))
}

fn step(
    tx: &WriteTx<'_>,
    outside: &dyn Outside,
    customer: &Row,
    code: &str,
    data: Fields,
) -> Result<Stored, WorkError> {
    let mut desk = Desk::open(tx, outside)?;
    let mut open = Open::stored(tx, customer.doc)?;
    let event = desk.event_id(&open)?;
    desk.save(&mut open, |edit| edit.step(&event, &customer.inner, code, data))?;
    desk.stored(customer.inner.clone(), &open)
}

fn stored(tx: &ReadTx<'_>, customer: &Row) -> Result<Stored, WorkError> {
    let json = rows::record(tx, customer.doc, &customer.inner)?;
    Ok(Stored { id: customer.inner.clone(), doc: customer.doc, json, notices: Vec::new() })
}
