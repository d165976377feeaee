//! Hands on what was committed: each batch, encoded once, to the sessions of its branch, and the answers to those who pushed.
//!
//! It is a thread of its own so that compressing one group overlaps with committing the next. The order is the feed's.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use sync::LiveBatch;
use vocab::BranchId;

use crate::Error;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::store_thread::{Committed, Reply};

/// Starts the thread. It ends when the store thread does. `grew` is told of every branch whose feed has grown.
pub(crate) fn start(
    committed: Receiver<Committed>,
    hub: Arc<Hub>,
    metrics: Arc<Metrics>,
    grew: impl Fn(BranchId) + Send + 'static,
) -> Result<JoinHandle<()>, Error> {
    let run = move || {
        for Committed { branch, reply, answer, after, entries, sum } in committed {
            let seat = reply.seat();
            let grown = !entries.is_empty();
            if grown && hub.has_others(branch, seat) {
                let batch = LiveBatch::new(after, entries, sum);
                metrics.batches_encoded.add(1);
                let lagging = hub.publish(branch, seat, &batch);
                metrics.sessions_lagged.add(u64::try_from(lagging).unwrap_or(u64::MAX));
            }
            match reply {
                Reply::Seat(seat) => hub.answer(branch, seat, answer),
                Reply::Caller(caller) => {
                    // Whoever asked may have gone meanwhile; what was written stands all the same.
                    let _gone = caller.send(answer);
                }
                Reply::Nobody => {}
            }
            if grown {
                grew(branch);
            }
        }
    };
    std::thread::Builder::new().name("publisher".to_owned()).spawn(run).map_err(Error::Runtime)
}
