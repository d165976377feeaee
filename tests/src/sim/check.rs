//! What must hold: while things break, and once everything has healed.

use std::collections::{BTreeMap, BTreeSet};

use vocab::{Actor, ChangeHash, Cursor, DocId, Position, Sum};

use super::Fallible;
use super::device::Device;
use super::holdings::Holdings;
use super::ledger::{Kept, Ledger};
use super::library::Library;
use super::relay::Relay;

/// Whether a cursor speaks of this position.
fn covers(cursor: Cursor, position: Position, last_of_document: Position) -> bool {
    position <= cursor.base || last_of_document <= cursor.through
}

/// No store's cursor promises what the store does not hold, and a store's own account of itself is right.
/// `relay` is left out while cursors may speak of another feed than its present one.
pub(super) fn cursor_is_true(
    number: usize,
    device: &mut Device,
    relay: Option<&Relay>,
    library: &mut Library,
) -> Fallible<()> {
    let Some(standing) = device.standing()? else { return Ok(()) };
    let held = device.holdings(library)?;
    let own = held.sum() - standing.outbox.iter().map(|(doc, hash)| Sum::of_change(*doc, *hash)).sum();
    if own != standing.acknowledged_sum {
        let said = standing.acknowledged_sum;
        return Err(format!("device {number} says that what the relay has comes to {said}, and it comes to {own}"));
    }
    let Some(relay) = relay else { return Ok(()) };
    if standing.epoch != Some(relay.epoch()?) || standing.suspect {
        return Ok(());
    }
    let (head, _) = relay.head()?;
    if standing.cursor.through > head {
        return Ok(());
    }
    let feed = relay.feed()?;
    let mut last: BTreeMap<DocId, Position> = BTreeMap::new();
    for (position, doc, _) in &feed {
        last.insert(*doc, *position);
    }
    for (position, doc, hash) in feed {
        let spoken_of = covers(standing.cursor, position, last[&doc]) && !standing.owed.contains(&doc);
        if spoken_of && !held.holds(doc, hash) && !held.erased.contains_key(&doc) {
            let cursor = standing.cursor;
            return Err(format!("device {number} stands at {cursor:?} but lacks {hash} of {doc} at {position}"));
        }
    }
    Ok(())
}

/// Everybody holds everything, and says so.
pub(super) fn converged(
    devices: &mut [Device],
    relay: &Relay,
    ledger: &Ledger,
    library: &mut Library,
) -> Fallible<Kept> {
    let there = relay.holdings(library)?;
    relay_is_sound(relay, &there)?;
    let (_, sum) = relay.head()?;
    let shown = relay.export()?;
    for (number, device) in devices.iter_mut().enumerate() {
        let standing = device.standing()?.ok_or_else(|| format!("device {number} never joined"))?;
        if standing.waiting > 0 || !standing.refused.is_empty() {
            let (waiting, refused) = (standing.waiting, standing.refused.join("; "));
            return Err(format!("device {number} has {waiting} changes waiting, and refused: {refused}"));
        }
        let here = device.holdings(library)?;
        equal(number, &here, &there)?;
        if device.export()? != shown {
            return Err(format!("device {number} shows other things than the relay's documents say"));
        }
        if standing.acknowledged_sum != sum {
            return Err(format!("device {number} comes to {}, the relay to {sum}", standing.acknowledged_sum));
        }
        if standing.suspect || !standing.owed.is_empty() {
            return Err(format!("device {number} is not done: {standing:?}"));
        }
    }
    ledger.check_acknowledged(&there)?;
    ledger.check_kept(&there)
}

fn equal(number: usize, here: &Holdings, there: &Holdings) -> Fallible<()> {
    if here.erased.keys().ne(there.erased.keys()) {
        let (mine, theirs) = (here.erased.len(), there.erased.len());
        return Err(format!("device {number} knows of {mine} erasures and the relay of {theirs}, or of others"));
    }
    if let Some((doc, hash)) = here.aside.iter().next() {
        return Err(format!("device {number} still has {hash} of {doc} set aside"));
    }
    for doc in there.documents.keys().chain(here.documents.keys()).collect::<BTreeSet<_>>() {
        let (Some(here), Some(there)) = (here.documents.get(doc), there.documents.get(doc)) else {
            return Err(format!("{doc} is either on device {number} or at the relay only"));
        };
        let (mine, theirs) = (here.changes.len(), there.changes.len());
        if here.heads != there.heads || !here.changes.keys().eq(there.changes.keys()) {
            return Err(format!(
                "{doc} has {mine} changes on device {number} and {theirs} at the relay, or other heads"
            ));
        }
    }
    Ok(())
}

/// The relay's sum is what it holds, no erased document has changes, no actor's number stands for two changes.
fn relay_is_sound(relay: &Relay, there: &Holdings) -> Fallible<()> {
    let (_, sum) = relay.head()?;
    if there.sum() != sum {
        return Err(format!("the relay's feed says {sum}, its documents come to {}", there.sum()));
    }
    if let Some(doc) = there.erased.keys().find(|doc| there.documents.contains_key(doc)) {
        return Err(format!("{doc} was erased and is at the relay"));
    }
    let mut used: BTreeMap<(DocId, Actor, u64), ChangeHash> = BTreeMap::new();
    for (doc, content) in &there.documents {
        for (hash, change) in &content.changes {
            if let Some(other) = used.insert((*doc, change.actor, change.seq), *hash) {
                let (actor, seq) = (change.actor, change.seq);
                return Err(format!("{actor} wrote both {hash} and {other} of {doc} as its change {seq}"));
            }
        }
    }
    let in_feed: BTreeSet<(DocId, ChangeHash)> = relay.feed()?.into_iter().map(|(_, doc, hash)| (doc, hash)).collect();
    let in_documents =
        there.documents.iter().flat_map(|(doc, content)| content.changes.keys().map(|hash| (*doc, *hash))).collect();
    if in_feed != in_documents {
        return Err("the relay's documents are not its feed".to_owned());
    }
    Ok(())
}
