//! A customer as people mean one: whoever was merged is one, by whatever id they are asked for.

use readmodel::{Filter, Order, Page};
use records::{CUSTOMER, POINTS};
use serde_json::Value;
use store::ReadTx;
use vocab::RecordId;

use crate::error::WorkError;
use crate::home::Device;
use crate::{DeviceError, rows};

impl Device {
    /// The record that `id` leads to: of merged customers the one that all their ids lead to, with `merged_ids`; with points
    /// those of all of them, and the `membership` that the policy derives from what was ever earned. Any other record as it is.
    ///
    /// # Errors
    /// As [`Device::record`].
    pub fn record_led(&mut self, id: &str) -> Result<Value, DeviceError> {
        let now = self.now()?;
        self.read(|tx| {
            let row = rows::row(tx, id)?;
            if row.kind != &CUSTOMER {
                return Ok(row.value()?);
            }
            let conn = tx.connection();
            let leads = readmodel::leads(conn)?;
            let lead = leads.lead(&row.id);
            let lead = if *lead == row.id { Some(row.clone()) } else { readmodel::record(conn, lead)? };
            let lead = lead.unwrap_or(row);
            let mut record = lead.value()?;
            let Some(object) = record.as_object_mut() else { return Ok(record) };
            let group = leads.group(&lead.id);
            if !group.is_empty() {
                object.insert("merged_ids".to_owned(), group.iter().map(RecordId::as_str).collect());
            }
            if let Some((balance, earned)) = points(tx, &lead.id)? {
                object.insert("points".to_owned(), balance.into());
                let policies = readmodel::policies(conn)?;
                object.insert("membership".to_owned(), policies.at(now).0.membership.of(earned).into());
            }
            Ok(record)
        })
    }
}

/// The customer that the one called `id` was merged into; nothing when it is none, or is led to itself.
pub(crate) fn led(tx: &ReadTx<'_>, id: &str) -> Result<Option<RecordId>, WorkError> {
    let row = rows::row(tx, id)?;
    if row.kind != &CUSTOMER {
        return Ok(None);
    }
    let lead = readmodel::lead(tx.connection(), &row.id)?;
    Ok((lead != row.id).then_some(lead))
}

/// What all entries of a customer add up to, and what was ever earned; nothing without entries.
fn points(tx: &ReadTx<'_>, customer: &RecordId) -> Result<Option<(i64, i64)>, WorkError> {
    let filter = Filter { customer: Some(customer.clone()), ..Filter::default() };
    let (mut balance, mut earned, mut offset) = (0_i64, 0_i64, 0);
    loop {
        let page = Page { offset, ..Page::default() };
        let listing = readmodel::list(tx.connection(), &POINTS, &filter, Order::Id, page)?;
        if listing.rows.is_empty() {
            return Ok((offset > 0).then_some((balance, earned)));
        }
        for row in &listing.rows {
            let amount = row.value()?["amount"].as_i64().unwrap_or_default();
            balance = balance.saturating_add(amount);
            earned = earned.saturating_add(amount.max(0));
        }
        offset += u32::try_from(listing.rows.len()).unwrap_or(u32::MAX);
    }
}
