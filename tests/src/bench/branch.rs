//! A branch of light devices: one that wrote the whole book, and others that hold the same.

use std::net::Ipv4Addr;
use std::ops::Range;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use records::{Dossier, Fields};
use vocab::{Actor, Author, DocId, RecordId, Timestamp};

use super::Failed;
use super::light::{Light, address, connect};
use super::relay::Served;
use super::seed::document_id;
use crate::generate::{Branch, Pen, YEAR_MS, YEAR_START};

/// Devices that enrol at once.
const ENROLLING: usize = 16;

/// Changes that the author pushes in one exchange: all of them would not fit into memory with the largest books.
const CHANGES_AT_ONCE: usize = 40_000;

/// A document as it stood when the book was written, for edits.
#[derive(Debug)]
pub struct Written {
    /// The document.
    pub doc: DocId,
    customer: RecordId,
    saved: Vec<u8>,
}

/// The book of a branch and the device that wrote it.
#[derive(Debug)]
pub struct Office {
    /// The author; holds everything it wrote, acknowledged.
    pub author: Light,
    /// The first documents of the book, as many as were asked for.
    pub written: Arc<Vec<Written>>,
    by: Author,
}

impl Office {
    /// Enrols an author who writes `dossiers` dossiers of `changes_each` changes and genesis and pushes them. The first `kept`
    /// can be edited later.
    ///
    /// # Errors
    /// Those of the relay.
    pub async fn open(relay: &mut Served, dossiers: u64, changes_each: usize, kept: usize) -> Result<Office, Failed> {
        let mut author = Light::new(0);
        let invite = relay.invite(1)?.concat();
        author.enrol(&relay.address, Ipv4Addr::LOCALHOST, invite).await?;
        let membership = author.membership().ok_or("a membership")?;
        let by = Author { staff: membership.staff.clone(), role: membership.role };
        let mut pen = Pen::new(author.actor(), membership.code.clone());
        let mut written = Vec::new();
        for (n, dossier) in (0..).zip(Branch::of_customers(1, dossiers).dossiers()) {
            let doc = document_id(n);
            let (document, _) = pen.write(&dossier, changes_each)?;
            if written.len() < kept {
                let customer = document
                    .read()
                    .records
                    .iter()
                    .find(|record| record.kind == &records::CUSTOMER)
                    .map(|record| record.id.clone());
                written.push(Written { doc, customer: customer.ok_or("a customer")?, saved: document.save() });
            }
            for change in document.changes_since(&[]) {
                author.write(doc, change)?;
            }
            if author.waiting() >= CHANGES_AT_ONCE {
                push(&mut author, relay).await?;
            }
        }
        push(&mut author, relay).await?;
        author.settle_down();
        Ok(Office { author, written: Arc::new(written), by })
    }

    /// Devices of these numbers, from 1 on, enrolled, each holding what the author holds.
    ///
    /// # Errors
    /// Those of the relay.
    pub async fn staff(&self, relay: &mut Served, numbers: Range<u32>) -> Result<Vec<Light>, Failed> {
        let codes = relay.invite(numbers.len())?;
        let served = relay.address.as_str();
        let enrolling = stream::iter(numbers.zip(codes)).map(|(number, code)| async move {
            let mut device = Light::new(number);
            device.enrol(served, address(usize::try_from(number)?), code).await?;
            Ok::<_, Failed>(device.as_far_as(&self.author))
        });
        enrolling.buffered(ENROLLING).try_collect().await
    }

    /// A change of a kept document by a device: one register, as if nothing had been written since the book.
    ///
    /// # Errors
    /// When there is no such document, or the records refuse.
    pub fn edit(&self, place: usize, actor: Actor, nth: u32) -> Result<(DocId, Vec<u8>), Failed> {
        let written = self.written.get(place).ok_or("more dossiers: each is edited once")?;
        let mut document = Dossier::load(&written.saved)?;
        let stamp: Timestamp = YEAR_START.plus_millis(YEAR_MS + i64::from(nth));
        let fields = Fields::from([("preference", format!("第{nth}次，每周一次电话回访").into())]);
        let change = document.edit(&self.by, stamp, &actor, |edit| edit.set(&written.customer, fields))?;
        Ok((written.doc, change.ok_or("an edit that changes something")?))
    }
}

async fn push(author: &mut Light, relay: &Served) -> Result<(), Failed> {
    let mut link = connect(&relay.address, Ipv4Addr::LOCALHOST).await?;
    author.exchange(&mut link).await.map(|_| ())
}
