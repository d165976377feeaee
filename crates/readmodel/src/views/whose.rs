//! Which customer a fact counts for, without reading the row of every record.
//!
//! A fact says the number of its customer's row. Those of customers that stand in the book are read from one index in one go;
//! any other is looked up. Customers that were merged are one.

use std::collections::HashMap;
use std::rc::Rc;

use rusqlite::{Connection, OptionalExtension};
use store::StoreError;
use vocab::RecordId;

use crate::ask::id_at;
use crate::merged::Leads;
use crate::views::open::Around;

/// Customers by the places they were first met at, merged ones at one.
pub(crate) struct Whose<'c> {
    conn: &'c Connection,
    merged: Rc<Leads>,
    customers: Vec<RecordId>,
    by_number: HashMap<i64, usize>,
    by_id: HashMap<RecordId, usize>,
}

impl<'c> Whose<'c> {
    pub(crate) fn of(conn: &'c Connection, around: &Around<'_>) -> Result<Self, StoreError> {
        let accounts = around.every_account()?;
        let mut whose = Whose {
            conn,
            merged: Rc::clone(&around.merged),
            customers: Vec::with_capacity(accounts.len()),
            by_number: HashMap::with_capacity(accounts.len()),
            by_id: HashMap::with_capacity(accounts.len()),
        };
        for account in accounts {
            whose.add(account.n, &account.id);
        }
        Ok(whose)
    }

    fn add(&mut self, n: i64, id: &RecordId) -> usize {
        let lead = self.merged.lead(id);
        let place = match self.by_id.get(lead) {
            Some(place) => *place,
            None => {
                self.customers.push(lead.clone());
                self.by_id.insert(lead.clone(), self.customers.len() - 1);
                self.customers.len() - 1
            }
        };
        self.by_number.insert(n, place);
        place
    }

    /// The place of the customer whose row has this number.
    pub(crate) fn place(&mut self, n: i64) -> Result<usize, StoreError> {
        if let Some(place) = self.by_number.get(&n) {
            return Ok(*place);
        }
        let mut statement = self.conn.prepare_cached("SELECT id FROM view_record WHERE n = ?1")?;
        let id = statement.query_row([n], |row| id_at(row, 0)).optional()?;
        let id = id.ok_or_else(|| StoreError::Corrupt { what: format!("a fact of row {n}, which is not there") })?;
        Ok(self.add(n, &id))
    }

    /// The place of a customer, if any of its facts were asked about or it stands in the book.
    pub(crate) fn known(&self, id: &RecordId) -> Option<usize> {
        self.by_id.get(self.merged.lead(id)).copied()
    }

    /// The customer at a place: of merged ones the one they lead to.
    pub(crate) fn customer(&self, place: usize) -> &RecordId {
        &self.customers[place]
    }
}
