//! What must hold: while things break, and once everything has healed.

use std::collections::{BTreeMap, BTreeSet};

use vocab::{ChangeHash, DocId, Position};

use super::Fallible;
use super::device::{Device, covers};
use super::library::Library;
use super::relay::Relay;

/// What devices told their people and what the relay told devices.
#[derive(Default)]
pub(super) struct Ledger {
    /// Printed as saved (I1).
    pub(super) saved: BTreeSet<(DocId, ChangeHash)>,
    /// Acknowledged by the relay (I1).
    pub(super) acknowledged: BTreeSet<(DocId, ChangeHash)>,
}

/// No store's cursor promises what the store does not hold.
pub(super) fn cursor_is_true(number: usize, device: &mut Device, relay: &Relay, library: &mut Library) -> Fallible<()> {
    let Some((Some(epoch), cursor)) = device.cursor()? else { return Ok(()) };
    if epoch != relay.epoch()? {
        return Ok(());
    }
    let feed = relay.feed()?;
    let mut last: BTreeMap<DocId, Position> = BTreeMap::new();
    for (position, doc, _) in &feed {
        last.insert(*doc, *position);
    }
    let held = device.documents(library)?;
    for (position, doc, hash) in feed {
        if covers(cursor, position, last[&doc]) && !held.get(&doc).is_some_and(|held| held.holds(hash)) {
            return Err(format!("device {number} stands at {cursor:?} but lacks {hash} of {doc} at {position}"));
        }
    }
    Ok(())
}

/// Nothing the relay acknowledged is missing from its feed.
pub(super) fn acknowledged_is_durable(ledger: &Ledger, relay: &Relay) -> Fallible<()> {
    let feed: BTreeSet<(DocId, ChangeHash)> = relay.feed()?.into_iter().map(|(_, doc, hash)| (doc, hash)).collect();
    match ledger.acknowledged.difference(&feed).next() {
        Some((doc, hash)) => Err(format!("the relay acknowledged {hash} of {doc} and does not hold it")),
        None => Ok(()),
    }
}

/// Everybody holds everything.
pub(super) fn converged(devices: &mut [Device], relay: &Relay, ledger: &Ledger, library: &mut Library) -> Fallible<()> {
    let at_relay = relay.documents(library)?;
    for (number, device) in devices.iter_mut().enumerate() {
        let (waiting, refused) = device.outbox()?;
        if waiting + refused > 0 {
            return Err(format!("device {number} has {waiting} changes waiting and {refused} refused"));
        }
        let held = device.documents(library)?;
        for doc in at_relay.keys().chain(held.keys()).collect::<BTreeSet<_>>() {
            let (Some(here), Some(there)) = (held.get(doc), at_relay.get(doc)) else {
                return Err(format!("{doc} is either on device {number} or at the relay only"));
            };
            let (mine, theirs) = (here.changes.len(), there.changes.len());
            if here.heads != there.heads || !here.changes.keys().eq(there.changes.keys()) {
                return Err(format!(
                    "{doc} has {mine} changes on device {number} and {theirs} at the relay, or other heads"
                ));
            }
        }
        cursor_is_true(number, device, relay, library)?;
    }
    acknowledged_is_durable(ledger, relay)?;
    for (doc, hash) in &ledger.saved {
        if !at_relay.get(doc).is_some_and(|held| held.holds(*hash)) {
            return Err(format!("{hash} of {doc} was saved and is nowhere"));
        }
    }
    Ok(())
}
